"""Which things, and where: what the pieces of a detector do, and what the words add that say which one is meant.

    python -m mmcourse.studies.detection             runs what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.detection --again     runs everything anew, and says how many lines came out the same

Detectors are trained in a third of a minute each, all but the settings alike, and tried on the 600 held-out scenes.
That is 100 steps, 6,400 images: less than one pass over 8,000 scenes, and twenty over 300. So their table compares how
fast they learn, not how good they get: the one that ships had five times the steps. Finders see what that one sees, and
are asked about the same scenes. One run is one line of results/detection.jsonl, a function of task, setting and seed
but for its CPU-seconds.

What ships is told by the cards of its checkpoints: how good it is on the scenes that its settings were chosen by, and
on fresh ones that were looked at once (`shipped_as_text`); and what it takes for there (`false_alarms_as_text`).
"""

import functools
import time

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.checkpoints import detector as checkpoint
from mmcourse.data import prompts, scenes
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.prompts import Prompt, Question
from mmcourse.detection import fitting, prompted_fitting
from mmcourse.detection.detector import LEAST
from mmcourse.detection.prompted import Finding
from mmcourse.metrics import over_seeds, wilson_interval
from mmcourse.metrics.detection import average_precision
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("detection.jsonl")
NAMES = ("task", "setting", "seed")
SEEDS = range(3)
STEPS = {"detector": 100, "finder": 400}
SCENES = {"detector": 8000, "finder": 2000}
FEW = 300
DETECTORS = {
    "focal loss, GIoU": {},
    "cross-entropy, GIoU": {"focal": False},
    "focal loss, L1": {"giou": False},
    f"{FEW} scenes": {"scenes": FEW},
}
FINDERS = {"words in order": {}, "bag of words": {"ordered": False}}
SHIPPED = {"standard": checkpoint.HELD_OUT, "fresh": checkpoint.FRESH}  # scenes, and the entry of the cards
UNTRAINED = ("no text", "names alone")  # which answer with the shipped detector, so that there is one seed
RUNS = [("finder", setting, 0) for setting in UNTRAINED] + [
    (task, setting, seed)
    for seed in SEEDS
    for task, settings in (("detector", DETECTORS), ("finder", FINDERS))
    for setting in settings
]


def detector(setting, seed=0, steps=None, progress=True):
    """(a `Detector` trained in a setting of DETECTORS, its CPU-seconds)."""
    options = dict(DETECTORS[setting])
    N = options.pop("scenes", SCENES["detector"])
    train, started = scenes.load("train"), time.process_time()
    steps = steps or STEPS["detector"]
    found = fitting.fit(train.images[:N], train.records[:N], steps, seed=seed, progress=progress, **options)
    return found, round(time.process_time() - started, 1)


def detected(detector):
    """What is measured of a detector: AP and AP50 on the held-out scenes, also where nothing is suppressed."""
    test = scenes.load("test")
    truths = detector.truths(test.records)
    line = {}
    for name, overlap in (("suppressed", {}), ("all points", {"overlap": None})):
        found = average_precision(detector(test.images, LEAST, **overlap), truths)
        line[name] = {"ap": round(found.ap, 4), "ap50": round(found.ap50, 4)}
    return line


@functools.cache
def questions():
    """What finders are asked about the held-out scenes: `prompts.ask`, then each true order with nouns exchanged."""
    asked = prompts.ask(scenes.load("test").records, np.random.default_rng(0))
    orders = [q for q in asked if q.prompt.kind == "order" and q.answer is not None]
    return asked + [Question(q.scene, Prompt(q.prompt.landmark, q.prompt.word, q.prompt.noun), None, "exchanged")
                    for q in orders]  # fmt: skip


def finder(setting, seed=0, steps=None, language="en", progress=True):
    """(a `Finder` trained in a setting of FINDERS, its CPU-seconds)."""
    train, started = scenes.load("train"), time.process_time()
    images, records = train.images[: SCENES["finder"]], train.records[: SCENES["finder"]]
    steps = steps or STEPS["finder"]
    found = prompted_fitting.fit(checkpoint.load(), images, records, language, steps, seed=seed, progress=progress,
                                 **FINDERS[setting])  # fmt: skip
    return found, round(time.process_time() - started, 1)


def without_finder(setting):
    """The `Finding`s for `questions` of a detector alone: its surest box, or that of the thing that is named first."""
    shown, found = checkpoint.load(), []
    detections = shown(scenes.load("test").images)
    for scene, (noun, _, landmark), *_ in questions():
        boxes, scores, labels = detections[scene]
        named = noun if noun != prompts.THING else landmark
        fits = [i for i, k in enumerate(labels) if setting == "no text" or shown.classes[k] == named]
        found.append(Finding(boxes[fits[0]], float(scores[fits[0]])) if fits else Finding(None, 0.0))
    return found


def answered(found):
    """What is measured of `Finding`s for `questions`, each [how often, of how many].

    boxes: true prompts with a box that is right (IoU at least 0.5), of all and by kind.   false alarms: a box where
    there is no answer.   order pairs: a right box for "the cat to the left of the dog", and none once its nouns are
    exchanged.
    """
    asked, records = questions(), scenes.load("test").records
    right = prompted_fitting.correct(found, asked, records)
    there = np.array([q.answer is not None for q in asked])
    exchanged = np.array([q.change == "exchanged" for q in asked])
    kinds = np.array([q.prompt.kind for q in asked])
    both = right[there & (kinds == "order")] & right[exchanged]
    line = {"boxes": _share(right[there])}
    line |= {kind: _share(right[there & (kinds == kind)]) for kind in prompts.KINDS}
    return line | {"false alarms": _share(~right[~there & ~exchanged]), "order pairs": _share(both)}


def _share(hits):
    return [int(hits.sum()), len(hits)]


def run(task, setting, seed):
    line = {"task": task, "setting": setting, "seed": seed}
    if setting in UNTRAINED:
        return line | {"CPU-seconds": 0.0} | answered(without_finder(setting))
    if task == "detector":
        found, seconds = detector(setting, seed, progress=False)
        return line | {"CPU-seconds": seconds} | detected(found)
    found, seconds = finder(setting, seed, progress=False)
    asked, images = questions(), scenes.load("test").images
    texts = prompted_fitting.texts(asked, found)
    return line | {"CPU-seconds": seconds} | answered(found.find(images[[q.scene for q in asked]], texts))


def results():
    """The lines kept so far, by (task, setting, seed)."""
    return kept.read(RESULTS, *NAMES)


def lines(task, setting):
    """The lines of one setting, one a seed."""
    return [line for key, line in results().items() if key[:2] == (task, setting)]


def precision(setting, name="ap50", chosen="suppressed"):
    """(mean, low, high) of "ap" or "ap50" over the seeds (Student's t).   chosen: or "all points"."""
    return over_seeds([line[chosen][name] for line in lines("detector", setting)])


def share(setting, name):
    """Over the seeds of a finder: (share, (low, high)), 95 % over the questions (Wilson, of one seed's many).

    name: "boxes", one of `prompts.KINDS`, "false alarms" or "order pairs". Seeds answer the same questions, so three of
    them are no three times as many. Of how one training differs from the next the interval says nothing: `by_seed`.
    """
    pairs = [line[name] for line in lines("finder", setting)]
    n = pairs[0][1]
    mean = sum(hits for hits, _ in pairs) / len(pairs)
    return mean / n, wilson_interval(mean, n)


def by_seed(setting, name):
    """The shares of a finder's seeds, a list; name as in `share`."""
    return [hits / n for hits, n in (line[name] for line in lines("finder", setting))]


def detectors_as_text():
    """A row a setting: AP and AP50 after few steps, mean and 95 % interval over the seeds; last the first without
    suppression.
    """
    rows = [f"{'after ' + str(STEPS['detector']) + ' steps, mean of seeds':32s}{'AP':>22s}{'AP50':>22s}"]
    for setting in DETECTORS:
        rows.append(_row(setting, [precision(setting, name) for name in ("ap", "ap50")]))
    first = next(iter(DETECTORS))
    rows.append(
        _row("the first, nothing suppressed", [precision(first, name, "all points") for name in ("ap", "ap50")])
    )
    return "\n".join(rows)


def _row(name, cells, width=32):
    return f"{name:{width}s}" + "".join(f"{m:8.3f} [{max(low, 0):.3f}, {min(high, 1):.3f}]" for m, low, high in cells)


def finders_as_text():
    """A row a setting: shares of right boxes by kind, of false alarms, and of order pairs with its 95 % interval.

    Under what was trained stand the lowest and the highest seed: after so few steps some have not yet learned to look
    beside a landmark, and the interval over questions does not tell.
    """
    head = (*prompts.KINDS, "false alarms", "order pairs")
    rows = [f"{'mean over the seeds':20s}" + "".join(f"{name:>14s}" for name in head)]
    for setting in (*UNTRAINED, *FINDERS):
        cells = [share(setting, name) for name in head]
        low, high = cells[-1][1]
        rows.append(_shares(setting, [cell for cell, _ in cells]) + f"  [{low:.3f}, {high:.3f}]")
        if setting in FINDERS:
            rows += [_shares(f"  {end.__name__} of the seeds", [end(by_seed(setting, n)) for n in head])
                     for end in (min, max)]  # fmt: skip
    return "\n".join(rows)


def _shares(name, cells):
    return f"{name:20s}" + "".join(f"{cell:14.3f}" for cell in cells)


def shipped_scores(name, data="standard"):
    """What the card of "detector", "finder_en" or "finder_zh" says of it.   data: the scenes, a key of SHIPPED."""
    return checkpoints.load(name)[1][SHIPPED[data]]


def shipped_as_text():
    """A row for each of what ships and each of SHIPPED: what is right, with 95 % intervals."""
    rows = [f"{'shipped':12s}{'scenes':10s}{'AP':>22s}{'AP50':>22s}"]
    for data in SHIPPED:
        scores = shipped_scores("detector", data)
        cells = ((scores[name]["value"], *scores[name]["95 % interval"]) for name in ("ap", "ap50"))
        rows.append(_row(f"{'detector':12s}{data}", cells, 22))
    rows += ["", f"{'shipped':12s}{'scenes':10s}{'right boxes':>22s}" + "".join(f"{k:>10s}" for k in prompts.KINDS)]
    for language in LANGUAGES:
        for data in SHIPPED:
            scores = shipped_scores(f"finder_{language}", data)
            all_of = [(scores["boxes"][0] / scores["boxes"][1], *scores["95 % interval"])]
            kinds = "".join(f"{hits / asked:10.3f}" for hits, asked in scores["by kind"].values())
            rows.append(_row(f"{'finder ' + language:12s}{data}", all_of, 22) + kinds)
    return "\n".join(rows)


def false_alarms(language, change, data="standard"):
    """Of the shipped finder: (share, (low, high)) of the prompts without an answer that got a box.

    change: what is wrong in the prompt, one of `prompts.CHANGES`: "landmark" is the horse that is not there in "the
    thing to the left of the horse".   data: the scenes, a key of SHIPPED.
    """
    hits, asked = shipped_scores(f"finder_{language}", data)["false alarms by change"][change]
    return hits / asked, wilson_interval(hits, asked)


def false_alarms_as_text():
    """A row for each shipped finder and each of SHIPPED: false alarms by what is wrong, with 95 % intervals."""
    wrong = {"noun": "noun absent", "landmark": "landmark absent", "word": "elsewhere", "order": "exchanged"}
    rows = [f"{'false alarms':14s}{'scenes':8s}" + "".join(f"{wrong[change]:>22s}" for change in prompts.CHANGES)]
    for language in LANGUAGES:
        for data in SHIPPED:
            cells = ((s, *ends) for s, ends in (false_alarms(language, c, data) for c in prompts.CHANGES))
            rows.append(_row(f"{'finder ' + language:12s}{data}", cells, 22))
    return "\n".join(rows)


def same(old, new):
    return all(value == new[name] for name, value in old.items() if name != "CPU-seconds")


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "detectors and finders", same)
    print(detectors_as_text(), finders_as_text(), shipped_as_text(), false_alarms_as_text(), sep="\n\n")


if __name__ == "__main__":
    main()
