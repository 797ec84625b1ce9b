"""Describe your data, and get a fusion method with the experiments that speak for it: no rule is typed in.

    advise(modalities=2, disagree=True, missing=False, examples=3000, budget=None)     # the choices, the best first
    print(advice_as_text(missing=True))
    chart()                                                                            # the decision chart

An experiment fits a description if it is like it in four respects. Where none is like it in all, the last respects are
let go, in the order of `RESPECTS` from its end, and the advice says so. Advised is the cheapest method that is
within `NEAR` of the best one's mean over the experiments that fit, and that none of them tells apart from it: a wide
interval alone makes no equal. What is advised is
what tiny towers on small sets did; it is where to begin, and the study says how to try it on other data.
"""

import functools
from itertools import product
from typing import NamedTuple

import numpy as np

from mmcourse.metrics import over_seeds
from mmcourse.studies import choosing_knobs as knobs
from mmcourse.studies import choosing_tables as tables
from mmcourse.studies.choosing_models import METHODS
from mmcourse.studies.choosing_tasks import MODALITIES

FEW = 1000  # examples: below, only experiments with fewer fit, and from here on only those with as many
NEAR = 0.01  # share of right answers
DISAGREE = ("image + wrong texts", "speech + text", "face + voice + words", "xor")  # by what their worlds do
RESPECTS = ("missing", "examples", "disagree", "modalities")  # the most important first


class Experiment(NamedTuple):
    """Shares right, {method: (S,) a number a seed}, and what the data were like.

    missing: whether one modality is away at the test.   few: whether there were fewer than FEW examples to learn from.
    disagree: whether the modalities contradict each other, or tell only together.   task: whose test examples were
    kept one by one, or None.
    """

    name: str
    missing: bool
    few: bool
    disagree: bool
    modalities: int
    shares: dict
    task: str | None = None


class Evidence(NamedTuple):
    """An experiment: the share right of a choice, who comes next, by how much the choice is better, and the interval
    of 95 %: over seeds, and where examples were kept the wider of both."""

    experiment: str
    share: float
    rival: str
    difference: float
    low: float
    high: float


class Advice(NamedTuple):
    """A method, why, its mean share over the experiments that fit, its FLOPs beside concatenation, the experiments."""

    choice: str
    why: str
    share: float
    flops: float
    experiments: tuple[Evidence, ...]


@functools.cache
def experiments():
    """All experiments: of each task the test and the tests without a modality, and the digits' knobs."""
    found = []
    for task, names in MODALITIES.items():
        like = {"few": False, "disagree": task in DISAGREE, "modalities": len(names)}
        plain = {m: tables.share(task, m) for m in METHODS}
        found.append(Experiment(task, missing=False, shares=plain, task=task, **like))
        away = {m: tables.away(task, m) for m in METHODS}
        found.append(Experiment(f"{task}, one away", missing=True, shares=away, **like))
    for task, n in product(knobs.TASKS, knobs.EXAMPLES):
        like = {"few": n < FEW, "disagree": task in DISAGREE, "modalities": 2}
        plain = {m: knobs.share(task, n, m) for m in knobs.METHODS}
        found.append(Experiment(f"{task}, {n:,d} examples", missing=False, shares=plain, **like))
    for n in knobs.EXAMPLES:
        away = {m: knobs.missing_share("same digit", n, m, knobs.DROPPED) for m in knobs.METHODS}
        name = f"same digit, {n:,d} examples, one away, trained for it"
        found.append(Experiment(name, True, n < FEW, False, 2, away))
    return tuple(found)


def fitting(missing=False, examples=4000, disagree=False, modalities=2):
    """(the experiments like a description, the respects in which they are not, a tuple); None is like anything."""
    wanted = {"missing": missing, "few": examples < FEW, "disagree": disagree, "modalities": modalities}
    for kept in range(len(wanted), 0, -1):
        asked = {name: value for name, value in list(wanted.items())[:kept] if value is not None}
        found = [e for e in experiments() if all(getattr(e, name) == value for name, value in asked.items())]
        if found:
            return found, RESPECTS[kept:]
    raise ValueError(f"advise: no experiment is like {wanted}")


@functools.lru_cache(4096)
def _compared(name, a, b):
    """(difference, low, high) of an experiment, a minus b."""
    experiment = next(e for e in experiments() if e.name == name)
    difference, low, high = over_seeds(experiment.shares[a] - experiment.shares[b])
    if experiment.task:
        _, examples, _ = tables.gain(experiment.task, a, b)
        low, high = min(low, examples[0]), max(high, examples[1])
    return difference, low, high


def advise(modalities=2, disagree=False, missing=False, examples=4000, budget=None):
    """What to try, as a list of `Advice`, the advised one first and then the others by their mean share.

    modalities: how many, 2 or 3, or None for either.   disagree: whether they contradict each other, or tell only
    together; None for either.   missing: whether one may be away at the test.   examples: to learn from.   budget: at
    most so many times the FLOPs of concatenation, None for any.   Raises ValueError for anything else, and if nothing
    is that cheap.
    """
    _check(modalities, examples, budget)
    found, ignored = fitting(missing, examples, disagree, modalities)
    price = {method: float(flops) for method, (_, flops, _) in tables.costs().items()}
    able = [m for m in METHODS if all(m in e.shares for e in found) and (budget is None or price[m] <= budget)]
    if not able:
        raise ValueError(
            f"advise: nothing costs at most {budget} times concatenation. Try: budget={min(price.values()):.2f}"
        )
    mean = {m: float(np.mean([e.shares[m].mean() for e in found])) for m in able}
    order = sorted(able, key=lambda m: -mean[m])
    top = order[0]
    near = [m for m in able if mean[top] - mean[m] <= NEAR]
    equal = [m for m in near if not any(_compared(e.name, top, m)[1] > 0 for e in found)]
    first = min(equal, key=lambda m: (round(price[m], 3), -mean[m]))
    return [
        Advice(m, _why(m, top, first, equal, found, ignored), mean[m], price[m], _evidence(m, order, found))
        for m in (first, *(m for m in order if m != first))
    ]


def _why(method, top, first, equal, found, ignored):
    count = f"{len(found)} experiment{'s' if len(found) > 1 else ''}"
    but = f" (which are not like your data in: {', '.join(ignored)})" if ignored else ""
    if method == first == top:
        return f"best on average in {count}{but}, and nothing cheaper is its equal"
    if method == first:
        return f"the cheapest of {len(equal)} methods that {count}{but} cannot tell apart from the best, {top}"
    if method == top:
        return f"best on average in {count}{but}, but dearer than {first}"
    if method in equal:
        return f"not told apart from the best, {top}, by {count}{but}, but dearer than what is advised"
    worse = [e.name for e in found if _compared(e.name, top, method)[1] > 0]
    names = f": {', '.join(worse)}" if worse else ", but lower on average"
    return f"worse than {top} in {len(worse)} of {count}{but}{names}"


def _evidence(method, order, found):
    """Beside the best other one."""
    rival = next((m for m in order if m != method), method)
    return tuple(
        Evidence(e.name, float(e.shares[method].mean()), rival, *_compared(e.name, method, rival)) for e in found
    )


QUESTIONS = (  # the decision chart: asked in turn, and answered at the first yes
    ("Are there fewer than a thousand examples?", {"examples": 100, "disagree": None}),
    ("May a modality be missing, or fail?", {"missing": True, "disagree": None, "modalities": None}),
    ("Are there three modalities that may disagree?", {"modalities": 3, "disagree": True}),
    ("May two contradict each other, or tell only together?", {"disagree": True}),
    ("Otherwise: each tells something, and they agree", {}),
)


class Leaf(NamedTuple):
    """A question of the decision chart, what is advised after a yes, and what else is not told apart from the best."""

    question: str
    advice: Advice
    others: tuple[str, ...]


def chart():
    """The decision chart, a list of `Leaf`, computed from the results."""
    leaves = []
    for question, described in QUESTIONS:
        first, *rest = advise(**described)
        others = tuple(a.choice for a in rest if a.why.endswith(("than what is advised", f"than {first.choice}")))
        leaves.append(Leaf(question, first, others))
    return leaves


def advice_as_text(count=3, **described):
    """What `advise` says to a description, the first so many choices with their experiments."""
    rows = []
    for advice in advise(**described)[:count]:
        rows.append(f"{advice.choice}: {advice.why}")
        rows += [
            f"    {e.experiment:40s} right {e.share:.3f}   minus {e.rival} {e.difference:+.3f} "
            f"({e.low:+.3f} to {e.high:+.3f})"
            for e in advice.experiments
        ]
    return "\n".join(rows)


def chart_as_text():
    """The decision chart as rules, each with how many experiments it rests on."""
    rows = []
    for question, advice, others in chart():
        rows.append(f"{question}\n    {advice.choice}: {advice.why}")
        if others:
            rows.append(f"    as good, and dearer: {', '.join(others)}")
    return "\n".join(rows)


def _check(modalities, examples, budget):
    if modalities not in (2, 3, None):
        raise ValueError(f"advise: expected modalities to be 2, 3, or None for either, came {modalities!r}")
    if isinstance(examples, bool) or not isinstance(examples, int | np.integer) or examples < 1:
        raise ValueError(f"advise: expected examples to be a whole number from 1, came {examples!r}")
    if budget is not None and not budget > 0:
        raise ValueError(f"advise: expected a budget above 0, or None for any, came {budget!r}")
