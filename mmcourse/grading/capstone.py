"""The capstone: what can be checked about a project of one's own, and the rubric for what only a person can judge.

    from mmcourse.grading import capstone
    capstone.check_split(train=people_of_train, test=people_of_test)
    capstone.check_report(report)          # each returns a Checked: true if nothing was found, and it says what was
    capstone.rubric()                      # the criteria, 100 points, four levels each
    capstone.total({"question": 3, ...})   # points from levels

What a check demands is the least that a reader needs. That it passes says that nothing is missing, not that it is good.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

VERDICTS = ("better", "same", "worse", "open")
DATA_CARD = ("source", "licence", "examples", "groups", "left out")
UNKNOWN = ("-1", "-1.0", "nan", "")
STRESS = {"without": "with a modality taken away", "noisy": "with a noisy modality"}
FEWEST_TRIED, FEWEST_ERRORS, FEWEST_LIMITS, FEWEST_WORDS = 3, 10, 3, 80


@dataclass(frozen=True)
class Checked:
    """The faults that a check found, a sentence each. True if there are none."""

    name: str
    faults: tuple[str, ...]

    def __bool__(self):
        return not self.faults

    def __repr__(self):
        if self:
            return f"✓ {self.name}: nothing is missing"
        return "\n".join([f"✗ {self.name}: {len(self.faults)} to mend", *(f"  - {fault}" for fault in self.faults)])


def check_split(**parts) -> Checked:
    """Whether no group (a person, a recording, a picture) stands in two parts of the split.

    parts: for each part of the split, named as you like, the group of each example: (N,) numbers or names, or (N, G)
    if there are several kinds of groups. −1, NaN and "" mean that nobody knows, which is a fault: it may be anybody.
    """
    arrays = {name: _as_columns(groups).astype(str) for name, groups in parts.items()}
    faults = [f"the part {name} is empty" for name, a in arrays.items() if not len(a)]
    if len(arrays) < 2:
        faults.append(f"expected at least two parts, such as train=… and test=…; came {len(arrays)}")
    if len({a.shape[1] for a in arrays.values()}) > 1:
        shapes = {name: a.shape for name, a in arrays.items()}
        return Checked("split", (*faults, f"expected as many kinds of groups in every part, came {shapes}"))
    for name, a in arrays.items():
        unknown = int(np.isin(a, UNKNOWN).any(1).sum())
        if unknown:
            faults.append(
                f"{unknown} of {len(a)} examples in {name} have no known group: find it out, or leave them out"
            )
    names = list(arrays)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for kind, columns in enumerate(zip(arrays[first].T, arrays[second].T, strict=True)):
                shared = np.setdiff1d(np.intersect1d(*columns), UNKNOWN)
                if len(shared):
                    which = f"{len(shared)} groups" + (f" of kind {kind}" if arrays[first].shape[1] > 1 else "")
                    some = ", ".join(shared[:3].tolist())
                    faults.append(f"{which} stand in {first} and in {second}, for example {some}: split by group")
    return Checked("split", tuple(faults))


def check_budgets(tried: Mapping[str, Sequence[float]]) -> Checked:
    """Whether all methods were tuned alike. tried: for each method the validation score of each configuration."""
    faults, counts = [], {name: len(scores) for name, scores in tried.items()}
    if not counts or min(counts.values()) < FEWEST_TRIED:
        faults.append(f"expected at least {FEWEST_TRIED} configurations of each method, came {counts}")
    if len(set(counts.values())) > 1:
        faults.append(f"expected equal budgets, came {counts}: whoever is tuned longer is better for that alone")
    for name, scores in tried.items():
        if not np.isfinite(np.asarray(scores, float)).all():
            faults.append(
                f"{name} has validation scores that are no numbers; a run that failed gets what guessing gets"
            )
    return Checked("budgets", tuple(faults))


def check_scores(labels, predictions: Mapping, results: Mapping, tolerance=5e-4) -> Checked:
    """Whether the accuracies in the report are those of the predictions on the test.

    labels (N,). predictions: (N,) for each method. results: as in `check_report`. tolerance: what rounding may take.
    """
    faults = [] if results else ["there is no result yet"]
    labels = np.asarray(labels)
    for name, result in results.items():
        answers = np.asarray(predictions.get(name, []))
        if answers.shape != labels.shape:
            faults.append(f"expected {labels.shape} predictions of {name}, came {answers.shape}")
        elif abs((answers == labels).mean() - result["score"]) > tolerance:
            got = (answers == labels).mean()
            faults.append(f"the report says {result['score']:.4f} for {name}; its predictions give {got:.4f}")
    return Checked("scores", tuple(faults))


def check_report(report: Mapping) -> Checked:
    """Whether the report has all that a reader needs, and whether its verdict follows from its interval.

    report: a dict with "question", "hypothesis", "defence" (texts), "data" (a dict with `DATA_CARD`), "results" (for
    each method "kind": "single" or "fusion", "score", "low", "high", "parameters", "seconds"), "stress" (for each
    fusion its scores, under keys that begin with "without" and with "noisy"), "comparison" ("a", "b", "gap", "low",
    "high", "margin", "verdict"), "errors" (dicts with "example" and "why"), and "not for" (texts).
    """
    sections = (_texts, _data, _results, _stress, _comparison, _errors, _limits)
    return Checked("report", tuple(fault for section in sections for fault in section(report)))


def verdict(low: float, high: float, margin: float) -> str:
    """What an interval of a difference a − b says: one of `VERDICTS`. Within ± margin it is too small to matter."""
    if -margin <= low and high <= margin:
        return "same"
    return "better" if low > 0 else "worse" if high < 0 else "open"


def rubric() -> tuple[dict, ...]:
    """The criteria: dicts with "name", "title", "points" (of each of the four levels), "levels" (what one sees)."""
    return tuple(tomllib.loads(files(__package__).joinpath("capstone.toml").read_text(encoding="utf-8"))["criterion"])


def rubric_as_text() -> str:
    """The rubric as a table in Markdown."""
    rows = ["| criterion | 0: missing | 1: begun | 2: sound | 3: convincing |", "|---|---|---|---|---|"]
    for c in rubric():
        cells = [f"{text} **({points})**" for text, points in zip(c["levels"], c["points"], strict=True)]
        rows.append(f"| **{c['title']}** | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def total(levels: Mapping[str, int]) -> int:
    """The points, of 100, of a level (0 to 3) for every criterion. Raises ValueError if one is missing or unknown."""
    criteria = {c["name"]: c["points"] for c in rubric()}
    if set(levels) != set(criteria) or not set(levels.values()) <= {0, 1, 2, 3}:
        raise ValueError(f"expected a level from 0 to 3 for each of {sorted(criteria)}, came {dict(levels)}")
    return sum(criteria[name][level] for name, level in levels.items())


def _as_columns(groups):
    groups = np.asarray(groups)
    if groups.ndim not in (1, 2):
        raise ValueError(f"check_split: expected the groups of the examples, (N,) or (N, G), came shape {groups.shape}")
    return groups[:, None] if groups.ndim == 1 else groups


def _lacks(where, mapping, keys):
    gone = [key for key in keys if mapping.get(key) in (None, "", ...)]
    return [f"{where} lacks {', '.join(gone)}"] if gone else []


def _texts(report):
    yield from _lacks("the report", report, ("question", "hypothesis", "defence"))
    words = len(str(report.get("defence") or "").split())
    if 1 < words < FEWEST_WORDS:
        yield f"the defence has {words} words; say in {FEWEST_WORDS} or more why a reader should believe you"


def _data(report):
    yield from _lacks("the data card", report.get("data") or {}, DATA_CARD)


def _results(report):
    results = report.get("results") or {}
    for kind, least in (("single", 2), ("fusion", 2)):
        count = sum(r.get("kind") == kind for r in results.values())
        if count < least:
            yield f'expected results of at least {least} methods of the kind "{kind}", came {count}'
    for name, r in results.items():
        gone = _lacks(f"the result of {name}", r, ("score", "low", "high", "parameters", "seconds"))
        yield from gone
        if not gone and not r["low"] <= r["score"] <= r["high"]:
            yield f"{name}: expected low ≤ score ≤ high, came {r['low']}, {r['score']}, {r['high']}"
        elif not gone and r["low"] == r["high"]:
            yield f"{name}: the interval has no width; draw groups again, not examples, and at least 1000 times"


def _stress(report):
    fusions = [name for name, r in (report.get("results") or {}).items() if r.get("kind") == "fusion"]
    for name in fusions:
        scores = (report.get("stress") or {}).get(name) or {}
        for condition, words in STRESS.items():
            if not any(key.startswith(condition) for key in scores):
                yield f'{name} was not tested {words}: expected a score under "{condition} …"'


def _comparison(report):
    c = report.get("comparison") or {}
    gone = _lacks("the comparison", c, ("a", "b", "gap", "low", "high", "margin", "verdict"))
    yield from gone
    if gone:
        return
    if missing := [c[side] for side in "ab" if c[side] not in (report.get("results") or {})]:
        yield f"the comparison is about {', '.join(map(str, missing))}, which has no result"
    if not c["low"] <= c["gap"] <= c["high"]:
        yield f"the comparison: expected low ≤ gap ≤ high, came {c['low']}, {c['gap']}, {c['high']}"
    elif c["verdict"] != (follows := verdict(c["low"], c["high"], c["margin"])):
        yield (
            f'the verdict is "{c["verdict"]}"; from {c["low"]} to {c["high"]}, with a margin of {c["margin"]}, '
            f'follows "{follows}"'
        )


def _errors(report):
    errors = report.get("errors") or []
    told = sum(bool(e.get("why")) and e.get("example") is not None for e in errors)
    if told < FEWEST_ERRORS:
        yield f'expected at least {FEWEST_ERRORS} errors, each with "example" and "why"; came {told}'
    elif len({e["example"] for e in errors}) < len(errors):
        yield "the same example stands among the errors twice"


def _limits(report):
    limits = [text for text in report.get("not for") or [] if text not in ("", ...)]
    if len(limits) < FEWEST_LIMITS:
        yield f"expected at least {FEWEST_LIMITS} things that it must not be used for, came {len(limits)}"
