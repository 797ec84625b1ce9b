"""Medicine, a watch at physiotherapy: which exercise is it, on people whom nobody has seen before?

Windows of two seconds that do not overlap, from `mmcourse.data.sensors`: ten people, seven exercises, both arms. The
caveats are measured: how much a random split of windows flatters, how well a window tells its person, and what is
learned where the exercise and the arm go together in training: one arm a person and exercise, either which one by
chance ("mixed"), or the left in four exercises and the right in three ("confounded"). Both are asked about the usual
arm of an exercise and about the other.
"""

import functools

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from mmcourse.data import sensors
from mmcourse.metrics import over_seeds

VIEWS = ("accelerometer", "gyroscope", "concatenation", "late sum")
SPLITS = ("people", "windows")
ARMS = ("mixed", "confounded")
FOLDS = 5
LENGTH = 100  # samples of a window, and from one to the next
_LEFT = 4  # the first four exercises, where exercise and arm go together, are the left arm's


@functools.cache
def windows():
    """Features {sensor: (N, 12)}, exercise and person (N,) int64, and left (N,) bool, of all ten people.

    The features of an axis: mean, standard deviation, lowest and highest.
    """
    parts = [sensors.load(split) for split in sensors.SPLITS]
    x, exercise, person = (np.concatenate(v) for v in zip(*(p.windows(LENGTH, LENGTH) for p in parts), strict=True))
    counts = [(len(series) - LENGTH) // LENGTH + 1 for part in parts for series in part.series]
    left = np.repeat([record.side == "left" for part in parts for record in part.records], counts)
    features = {
        name: np.concatenate([f(x[..., axes], 1) for f in (np.mean, np.std, np.min, np.max)], 1)
        for name, axes in sensors.SENSORS.items()
    }
    return features, exercise, person - 1, left


def answers(labels, train, test, seed):
    """What the forests of all views say of the windows `test`, trained on `train`: {view: (T,) labels}.

    train, test: bools or indices. The late sum adds the log probabilities of both sensors' forests.
    """
    features = windows()[0]
    seen = {**features, "concatenation": np.concatenate(list(features.values()), 1)}
    chances = {}
    for view, x in seen.items():
        forest = ExtraTreesClassifier(100, min_samples_leaf=2, random_state=seed).fit(x[train], labels[train])
        chances[view] = np.log(forest.predict_proba(x[test]) + 1e-3)
    chances["late sum"] = sum(chances[sensor] for sensor in features)
    return {view: forest.classes_[chances[view].argmax(1)] for view in VIEWS}


def folds(split, seed):
    """(N,) numbers from 0 to FOLDS − 1: two people each, or windows at random."""
    rng, person = np.random.default_rng(seed), windows()[2]
    if split == "people":
        return (rng.permutation(10) % FOLDS)[person]
    return rng.permutation(len(person)) % FOLDS


def right(labels, fold, seed, chosen=True):
    """Which windows are told right, out of fold, of models that learn from the `chosen` ones: {view: (N,) bool}."""
    found = {view: np.empty(len(labels), bool) for view in VIEWS}
    for f in range(FOLDS):
        for view, said in answers(labels, (fold != f) & chosen, fold == f, seed).items():
            found[view][fold == f] = said == labels[fold == f]
    return found


def run(seed):
    """All that is measured with a seed: {"view, case": accuracy of each of the ten people}, 4 decimals."""
    _, exercise, person, left = windows()
    line = {}

    def note(case, right, which=True):
        for view, told in right.items():
            line[f"{view}, {case}"] = [round(float(told[(person == p) & which].mean()), 4) for p in range(10)]

    for split in SPLITS:
        note(split, right(exercise, folds(split, seed), seed))
    note("who", right(person, folds("windows", seed), seed))
    usual = left == (exercise < _LEFT)
    coins = np.random.default_rng([seed, 1]).random((10, len(sensors.EXERCISES))) < 0.5
    for arms, chosen in zip(ARMS, (left == coins[person, exercise], usual), strict=True):
        found = right(exercise, folds("people", seed), seed, chosen)
        note(f"{arms}, usual", found, usual)
        note(f"{arms}, other", found, ~usual)
    return line


def accuracy(lines, case):
    """Mean accuracy and its 95 % interval over people, each the mean of the seeds: (mean, low, high)."""
    return over_seeds(np.mean([line[case] for line in lines], 0))


def difference(lines, case, other):
    """By how much more is right in a case than in another: (mean, low, high), paired by person."""
    return over_seeds(np.mean([np.subtract(line[case], line[other]) for line in lines], 0))


def as_text(lines):
    """Accuracy by view: unseen people, random windows, and what the second flatters by."""
    rows = [f"{'exercises':16s}{'unseen people':>22s}{'random windows':>22s}{'flattered by':>22s}"]
    for view in VIEWS:
        cells = [accuracy(lines, f"{view}, {split}") for split in SPLITS]
        cells.append(difference(lines, f"{view}, windows", f"{view}, people"))
        rows.append(f"{view:16s}" + "".join(f"{m:9.3f} [{a:.2f}, {b:.2f}]" for m, a, b in cells))
    who = ", ".join(f"{view} {accuracy(lines, f'{view}, who')[0]:.3f}" for view in VIEWS)
    rows.append(f"who it is, of ten people, from random windows: {who}")
    gain = difference(lines, "concatenation, people", "accelerometer, people")
    return "\n".join([*rows, "both more than the accelerometer: {:+.3f} [{:+.3f}, {:+.3f}]".format(*gain)])


def arms_as_text(lines):
    """Accuracy where training had one arm a person and exercise: by chance, or the same arm in all people."""
    rows = [f"{'':16s}" + "".join(f"{f'{arms}, {case} arm':>24s}" for arms in ARMS for case in ("usual", "other"))]
    for view in VIEWS:
        found = [accuracy(lines, f"{view}, {arms}, {case}")[0] for arms in ARMS for case in ("usual", "other")]
        rows.append(f"{view:16s}" + "".join(f"{v:24.3f}" for v in found))
    return "\n".join(rows)
