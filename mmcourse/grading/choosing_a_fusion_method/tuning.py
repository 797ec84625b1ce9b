"""13-tuning: what n configurations bring on average, on validation data and then on the test.

The expected best of n as a function of the budget as in Dodge et al. 2019 ("Show your work: improved reporting of
experimental results", EMNLP, arXiv:1909.03004), who draw with replacement. Here no configuration is tried twice, and
what is reported is the test score of the configuration that was chosen.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(validation, test, floor):
    return _with()(validation, test, floor)


def _without_replacement(F, B):
    """The chance that all of n = 1 … B configurations drawn are among the F worst, (B, 1) for each F."""
    drawn = np.arange(B)[:, None]
    return np.cumprod(np.maximum(F - drawn, 0) / (B - drawn), 0)


def _all_alike(v, t):
    return t.mean()


def _cost_a_place(v, t, floor):
    """(validation, test) of what may be chosen, and the number of failures."""
    failed = np.isnan(v)
    return v[~failed], t[~failed], failed.sum()


def _by_validation(v, t):
    return v


def _with(
    chance=_without_replacement, tie=_all_alike, failures=_cost_a_place, key=_by_validation, told=lambda v, t: (v, t),
    budget=lambda n: n,
):  # fmt: skip
    """Both curves with another chance of being the best, other ties or other failures."""

    def of_one(validation, test, floor):
        v, t, failed = failures(validation, test, floor)
        by, B = key(v, t), len(v) + failed
        kinds, place = np.unique(by, return_inverse=True)
        worst = np.concatenate([[0, failed], failed + np.cumsum(np.bincount(place))])  # after nothing, failures, kinds
        weights = np.diff(chance(worst, B), axis=1)
        rows = np.clip([budget(n) for n in range(1, len(validation) + 1)], 1, B) - 1
        return [
            weights[rows] @ [floor, *(tie(by[place == k], x[place == k]) for k in range(len(kinds)))] for x in (v, t)
        ]

    def curves(validation, test, floor):
        pairs = zip(validation.T.astype(float), test.T.astype(float), strict=True)
        both = np.stack([told(*of_one(v, t, floor)) for v, t in pairs], -1)
        return tuple(both.astype(validation.dtype))

    return curves


def draw(rng):
    yield _case(rng, "5 configurations of 3 methods", 5, 3)
    yield _case(rng, "29 configurations", 29, 2)
    yield _case(rng, "configurations that are equal", 13, 3, decimals=1)
    yield _case(rng, "configurations that failed", 11, 3, failed=0.4)
    yield _case(rng, "scores below zero", 11, 2, failed=0.3, shift=-2.0)
    yield _case(rng, "all but one failed", 7, 2, failed=1.0, spared=1)
    yield _case(rng, "all of them failed", 5, 2, failed=1.0)
    yield _case(rng, "one configuration", 1, 3)
    yield _case(rng, "one method", 17, 1, decimals=1)
    yield _case(rng, "validation that says nothing", 13, 2, lean=0.0)
    yield _case(rng, "float32", 13, 3, failed=0.2, decimals=1, dtype=np.float32)


def _case(rng, name, B, M, decimals=6, failed=0.0, spared=0, shift=0.0, lean=0.7, floor=0.125, dtype=np.float64):
    """lean: how much of a validation score is seen on the test again. floor: what one gets without any model."""
    v = rng.uniform(0.3, 0.95, (B, M))
    t = lean * v + (1 - lean) * rng.uniform(0.3, 0.95, (B, M)) - 0.02
    v, t = np.round(v + shift, decimals), t + shift
    gone = rng.random((B, M)) < failed
    gone[:spared] = False
    v, t = np.where(gone, np.nan, v), np.where(gone, np.nan, t)
    order = rng.permutation(B)
    return Case(name, (v[order].astype(dtype), t[order].astype(dtype), floor))


def _with_replacement(F, B):
    return (F / B) ** np.arange(1, B + 1)[:, None]


def _the_worst(F, B):
    return 1 - _without_replacement(B - F, B)


def _any_of_them(F, B):
    return np.tile(F / B, (B, 1))


def _left_out(v, t, floor):
    known = ~np.isnan(v)
    return (v[known], t[known], 0) if known.any() else (np.zeros(0), np.zeros(0), 1)


def _worth_the_floor(v, t, floor):
    failed = np.isnan(v)
    return np.where(failed, floor, v), np.where(failed, floor, t), 0


def _worth_nothing(v, t, floor):
    return np.nan_to_num(v), np.nan_to_num(t), 0


def failures_spread(validation, test, floor):
    """A NaN is larger than everything for a sort."""
    failed = np.isnan(validation)
    high = _with()(np.where(failed, 9e9, validation), np.where(failed, 9e9, test), floor)
    return tuple(np.where(failed.any(0), np.nan, x).astype(x.dtype) for x in high)


def in_the_order_they_came(validation, test, floor):
    """One search, as it happened to run, and what it had found after n steps."""
    seen = np.where(np.isnan(validation), -np.inf, validation)
    best = np.array([seen[: n + 1].argmax(0) for n in range(len(seen))])
    both = (np.take_along_axis(x, best, 0) for x in (validation, test))
    return tuple(np.where(np.isnan(x), floor, x).astype(x.dtype) for x in both)


def one_choice_for_all(validation, test, floor):
    """The configuration that is best for the first method."""
    found = [np.zeros_like(validation), np.zeros_like(validation)]
    first = np.where(np.isnan(validation[:, 0]), np.nan, validation[:, 0])
    for m in range(validation.shape[1]):
        for j, x in enumerate((validation, test)):
            of_m = np.where(np.isnan(x[:, m]), floor, x[:, m])
            found[j][:, m] = _with()(first[:, None], of_m[:, None], floor)[1][:, 0]
    return tuple(found)


def backwards(validation, test, floor):
    return tuple(x[::-1].copy() for x in reference(validation, test, floor))


def best_tests(validation, test, floor):
    return reference(validation, test, floor)[0], reference(test, test, floor)[0]


def _first_of_them(v, t):
    return t[0]


WRONG = (
    WrongAnswer(
        "with replacement",
        _with(chance=_with_replacement),
        "You draw with replacement, as in the paper. Nobody tries a configuration twice: count the ways to draw n "
        "different ones of B.",
    ),
    WrongAnswer(
        "one search as it ran",
        in_the_order_they_came,
        "You follow the search in the order in which it ran. That order was luck: take the mean over all ways to draw "
        "n configurations.",
    ),
    WrongAnswer(
        "the worst of n",
        _with(chance=_the_worst),
        "You follow the worst of n configurations. One chooses the best: as n grows, the curve rises.",
    ),
    WrongAnswer(
        "no choice",
        _with(chance=_any_of_them),
        "You take the mean over the configurations, whatever the budget. Of n that were tried the best is kept.",
    ),
    WrongAnswer(
        "all were tried",
        _with(budget=lambda n: 9999),
        "Your curves do not depend on n. Row n − 1 is about n configurations, not about all of them.",
    ),
    WrongAnswer(
        "one too few",
        _with(budget=lambda n: n - 1),
        "You are one configuration behind: the first row stands for n = 1, the last one for n = B.",
    ),
    WrongAnswer(
        "one too many",
        _with(budget=lambda n: n + 1),
        "You are one configuration ahead: the first row stands for n = 1, where nothing can be chosen.",
    ),
    WrongAnswer(
        "the budget backwards",
        backwards,
        "Your rows run from the largest budget to the smallest. The first one stands for n = 1.",
    ),
    WrongAnswer(
        "chosen on the test",
        _with(key=lambda v, t: t),
        "You choose on the test, and it is no test any more. Validation chooses; the test only says what came of it.",
    ),
    WrongAnswer(
        "the best test score",
        best_tests,
        "The validation curve is right. Your other one is the best test score of n, which nobody could have chosen. "
        "Follow the configuration that validation picks.",
    ),
    WrongAnswer(
        "validation twice",
        _with(told=lambda v, t: (v, v)),
        "You return the validation curve twice. The second one is the test score of what was chosen.",
    ),
    WrongAnswer(
        "the curves exchanged",
        _with(told=lambda v, t: (t, v)),
        "You exchanged the two curves: validation comes first.",
    ),
    WrongAnswer(
        "the optimism",
        _with(told=lambda v, t: (v, v - t)),
        "The validation curve is right. You return how far the test lies below it. Asked is the test score itself.",
    ),
    WrongAnswer(
        "failures left out",
        _with(failures=_left_out),
        "You leave out what failed, as if it had cost nothing. A run that fails uses up one of the n.",
    ),
    WrongAnswer(
        "a failure competes at the floor",
        _with(failures=_worth_the_floor),
        "You let a failed run compete with the score of the floor, and where scores are low it wins. It is chosen "
        "only if there is nothing else.",
    ),
    WrongAnswer(
        "a failure is worth 0",
        _with(failures=_worth_nothing),
        "You put 0 for what failed. It is not a score: another run is chosen, or the floor counts if all have failed.",
    ),
    WrongAnswer(
        "failures spread",
        failures_spread,
        "All right until a run fails: its NaN takes the whole column with it. It costs a place and is not chosen.",
    ),
    WrongAnswer(
        "the first among equals",
        _with(tie=_first_of_them),
        "Of configurations that are equal on validation you take the first. Any of them may be chosen: take the mean "
        "of their test scores.",
    ),
    WrongAnswer(
        "the luckiest among equals",
        _with(tie=lambda v, t: t.max()),
        "Of configurations that are equal on validation you take the one that is best on the test. Nobody knows which "
        "it is: take their mean.",
    ),
    WrongAnswer(
        "the unluckiest among equals",
        _with(tie=lambda v, t: t.min()),
        "Of configurations that are equal on validation you take the one that is worst on the test. Any of them may be "
        "chosen: take their mean.",
    ),
    WrongAnswer(
        "one choice for all methods",
        one_choice_for_all,
        "You choose the configuration that suits the first method, for all of them. Equal budgets mean that each "
        "method chooses its own.",
    ),
)

QUESTION = Question(
    id="13-tuning",
    title="The best of how many?",
    points=15,
    name="best_of",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the validation curves", "the test curves"),
)
