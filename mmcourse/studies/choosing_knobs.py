"""Where does the best fusion change? Digits with one knob turned at a time; longer training, and other heads.

    python -m mmcourse.studies.choosing_knobs             runs what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.choosing_knobs --again     runs everything anew, and says how many lines are the same

The knobs: what the two tell (the same, or only both together), how many examples there are to learn from, and whether
training takes a modality away now and then. There all methods have the same `UNTUNED` settings. And a check of two
tasks of `mmcourse.studies.choosing`, with the settings chosen there: with four times its steps, for a budget of steps
favours who learns fast; and with the other kind of head, since streams have linear ones and joints deep ones. The
exclusive or is asked with four times the steps, too. One line of results/choosing_knobs.jsonl is one training: how many
of the test examples come out right.
"""

import functools

import numpy as np
import torch

from mmcourse.data import digit_tasks
from mmcourse.metrics import over_seeds
from mmcourse.studies import choosing, choosing_tables, choosing_tasks, kept
from mmcourse.studies.choosing import STEPS, Settings, asked, fit, log_chances, noisy
from mmcourse.studies.choosing_tasks import digit_parts
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.studies.digits import TASKS as KNOBS

RESULTS = DIGITS.with_name("choosing_knobs.jsonl")
NAMES = ("task", "number", "dropped", "method", "seed")  # number: of examples, or of steps for a task of CHECKED
TASKS = {"same digit": "both tell the same", "xor": "only both together tell"}
EXAMPLES = (100, 4000)
DROPPED = 0.5  # the share of training examples that lose a modality, where that knob is turned
ALONE = ("image alone", "sound alone")
METHODS = ("concatenation", "tensor", "attention", "cross-attention", "two streams")
UNTUNED = Settings(rate=4e-3, D=32, dropout=0.1, decay=0.05)
SEEDS = range(3)
TESTS = 2000
CHECKED, LONG = ("image + text", "speech + text"), 4 * STEPS
LONG_METHODS = ("concatenation", "low-rank tensor", "cross-attention", "two streams")
HEADS = {
    "concatenation, linear head": ("concatenation", False), "cross-attention, linear head": ("cross-attention", False),
    "two streams, deep heads": ("two streams", True), "best alone, linear head": ("best alone", False),
}  # fmt: skip
LONGER = {f"{method}, {LONG} steps": method for method in ("concatenation", "two streams")}  # on xor, all examples
RUNS = [
    (task, number, 0.0, method, seed)
    for task in CHECKED
    for number, methods in ((STEPS, HEADS), (LONG, LONG_METHODS))
    for method in methods
    for seed in choosing.SEEDS
] + [("xor", max(EXAMPLES), 0.0, method, seed) for method in LONGER for seed in SEEDS] + [
    (task, examples, dropped, method, seed)
    for task in TASKS
    for examples in EXAMPLES
    for dropped in ((0.0, DROPPED) if task == "same digit" else (0.0,))
    for method in (METHODS if dropped else (*ALONE, *METHODS))
    for seed in SEEDS
]


@functools.lru_cache(2)
def tests(task):
    """The examples to learn from, 4,000 of them, and {case: (Data, number of the modality that is away or None)}."""
    parts = digit_parts({"validation": 1, "test": TESTS}, task=task, **KNOBS[task][0])
    train, test = parts["train"], parts["test"]
    spread = [x.flatten(0, 1).std(0) for x in train.tokens]
    cases = {"test": (test, None), "without image": (test, 0), "without sound": (test, 1)}
    return train, cases | {
        f"noisy {name}": (noisy(test, m, spread[m]), None) for m, name in enumerate(("image", "sound"))
    }


def run(task, number, dropped, method, seed):
    """Train once and test; returns the line of results."""
    key = dict(zip(NAMES, (task, number, dropped, method, seed), strict=True))
    if task in CHECKED:
        return key | {"test": checked(task, number, method, seed)}
    train, cases = tests(task)
    what = ALONE.index(method) if method in ALONE else LONGER.get(method, method)
    steps = LONG if method in LONGER else STEPS
    model = fit(what, train.first(number), digit_tasks.labels(task), UNTUNED, seed, steps, dropped=dropped)
    right = {case: asked(log_chances(model, data, gone), data.labels)[0] for case, (data, gone) in cases.items()}
    return key | {case: int(found.sum()) for case, found in right.items()}


def checked(task, steps, method, seed):
    """How many test examples of a task of `choosing` come out right after so many steps, with a head of `HEADS`."""
    base, deep = HEADS.get(method, (method, None))
    parts = choosing_tasks.load(task)
    if base == "best alone":
        base = choosing_tables.best_alone(task)
    what = choosing.methods(task).index(base) if base.endswith(" alone") else base
    settings = choosing.SETTINGS[choosing_tables.line(task, base)["chosen"]]
    model = fit(what, parts["train"], choosing_tasks.CLASSES[task], settings, seed, steps, deep=deep)
    return int(asked(log_chances(model, parts["test"]), parts["test"].labels)[0].sum())


def results():
    """The lines kept so far, by their `NAMES`."""
    return kept.read(RESULTS, *NAMES)


def share(task, number, method, case="test", dropped=0.0):
    """The share of the test examples that comes out right, a number a seed."""
    lines, N = results(), choosing_tasks.TESTS.get(task, TESTS)
    seeds = choosing.SEEDS if task in CHECKED else SEEDS
    return np.array([lines[task, number, dropped, method, seed][case] for seed in seeds]) / N


def missing_share(task, number, method, dropped=0.0):
    """The same with one modality away: the mean of without the image and without the sound."""
    return np.mean([share(task, number, method, f"without {m}", dropped) for m in ("image", "sound")], 0)


def as_text():
    """Means and 95 % intervals over the seeds: the check, then the knobs, a column a number of examples."""
    rows = [f"{'':34s}{f'{STEPS} steps':>20s}{f'{LONG} steps':>20s}"]
    for task in CHECKED:
        rows.append(task)
        for method in LONG_METHODS:
            rows.append(_row(f"  {method}", [choosing_tables.share(task, method), share(task, LONG, method)]))
        rows += [_row(f"  {method}", [share(task, STEPS, method)]) for method in HEADS]
    for task, says in TASKS.items():
        rows.append(f"{says:34s}" + "".join(f"{n:>20,d} examples"[-20:] for n in EXAMPLES))
        for method in (*ALONE, *METHODS):
            rows.append(_row(f"  {method}", [share(task, n, method) for n in EXAMPLES]))
    rows += [_row(f"  {method}", [share("xor", max(EXAMPLES), method)], skip=1) for method in LONGER]
    rows.append(f"{'both tell the same, one is away':34s}" + "".join(f"{n:>20,d} examples"[-20:] for n in EXAMPLES))
    for dropped in (0.0, DROPPED):
        for method in METHODS:
            title = f"  {method}" + (", trained for it" if dropped else "")
            rows.append(_row(title, [missing_share("same digit", n, method, dropped) for n in EXAMPLES]))
    return "\n".join(rows)


def _row(title, cells, skip=0):
    found = (over_seeds(cell) for cell in cells)
    texts = "".join(f"{f'{mean:.3f} ± {high - mean:.3f}':>20s}" for mean, _, high in found)
    return f"{title:34s}" + " " * 20 * skip + texts


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "knobs")
    print(as_text())


if __name__ == "__main__":
    main()
