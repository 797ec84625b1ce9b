"""13-many: which of many comparisons stand, if one in twenty seems to stand by luck.

Holm 1979 ("A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6) and
Benjamini & Hochberg 1995 ("Controlling the false discovery rate", JRSS B 57), both as p-values that were corrected.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(p, level):
    return _with()(p, level)


def _holm(p):
    """Of sorted p-values."""
    n = len(p)
    return np.minimum(np.maximum.accumulate((n - np.arange(n)) * p), 1)


def _benjamini_hochberg(p):
    n = len(p)
    return np.minimum.accumulate((n / np.arange(1, n + 1) * p)[::-1])[::-1]


def _in_order(rule, p):
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = rule(p[order])
    return corrected


def _one_family(correct, p):
    corrected = np.full_like(p, np.nan)
    known = ~np.isnan(p)
    corrected[known] = correct(p[known])
    return corrected


def _up_to(p, level, n):
    return (p <= level).sum()


def _with(
    holm=_holm, discoveries=_benjamini_hochberg, sort=_in_order, family=_one_family, count=_up_to,
):  # fmt: skip
    """The table with other factors, another order or another family."""

    def correct(p, level):
        x = p.astype(float)
        tables = [family(lambda known, rule=rule: sort(rule, known), x) for rule in (holm, discoveries)]
        counts = [count(table.astype(p.dtype), level, (~np.isnan(p)).sum()) for table in (x, *tables)]
        return *(table.astype(p.dtype) for table in tables), np.array(counts, np.int64)

    return correct


def draw(rng):
    yield _case(rng, "3 tasks, 5 methods", 3, 5)
    yield _case(rng, "7 tasks, 11 methods", 7, 11, good=0.5)
    yield _case(rng, "one task", 1, 7)
    yield _case(rng, "one comparison", 1, 1)
    yield _case(rng, "p-values that are equal", 5, 7, decimals=2)
    yield _case(rng, "what was never compared", 5, 7, missing=0.4)
    yield _case(rng, "nothing was compared", 2, 3, missing=1.0)
    yield _case(rng, "nothing stands", 3, 7, good=0.0)
    yield _case(rng, "everything stands", 3, 5, good=1.0)
    yield _case(rng, "at the level itself", 3, 5, exact=True)
    yield _case(rng, "float32", 5, 7, missing=0.2, dtype=np.float32)


def _case(rng, name, T, M, good=0.4, decimals=9, missing=0.0, exact=False, level=0.0625, dtype=np.float64):
    """good: the share of small p-values. The level is a power of two, so that "at the level" is no matter of rounding.

    Next to the level itself nothing lies near it, corrected or not.
    """
    n = T * M
    p = np.where(rng.random((T, M)) < good, 10 ** rng.uniform(-4, -1.25, (T, M)), rng.uniform(0.07, 1, (T, M)))
    if n > 5 and decimals > 2:  # a step down that would fall without being held
        p.flat[:3] = np.array([0.9, 0.95, 1.0]) * (0.5 * level / n) if good else (0.97, 0.98, 0.99)
    if exact:
        p.flat[3:5] = level, 1e-5
    p = rng.permutation(np.round(p, decimals).ravel()).reshape(T, M)
    p[rng.random((T, M)) < missing] = np.nan
    return Case(name, (p.astype(dtype), level))


def _every(factor):
    return lambda p: np.minimum(factor(len(p)) * p, 1)


def _falling_back(p):
    return np.minimum((len(p) - np.arange(len(p))) * p, 1)


def _rising_factors(p):
    return np.minimum(np.maximum.accumulate(np.arange(1, len(p) + 1) * p), 1)


def _hochberg(p):
    return np.minimum(np.minimum.accumulate(((len(p) - np.arange(len(p))) * p)[::-1])[::-1], 1)


def _one_less(p):
    return np.minimum(np.maximum.accumulate((len(p) - 1 - np.arange(len(p))) * p), 1)


def _beyond_one(p):
    return np.maximum.accumulate((len(p) - np.arange(len(p))) * p)


def _sidak(p):
    return np.maximum.accumulate(1 - (1 - p) ** (len(p) - np.arange(len(p))))


def _not_held(p):
    return np.minimum(len(p) / np.arange(1, len(p) + 1) * p, 1)


def _held_from_the_start(p):
    return np.minimum(np.maximum.accumulate(len(p) / np.arange(1, len(p) + 1) * p), 1)


def _factors_turned_round(p):
    n = len(p)
    return np.minimum(np.maximum.accumulate(n / np.arange(n, 0, -1) * p), 1)


def _yekutieli(p):
    return np.minimum(_benjamini_hochberg(p) * (1 / np.arange(1, len(p) + 1)).sum(), 1)


def _left_sorted(rule, p):
    return rule(np.sort(p))


def _sorted_twice(rule, p):
    order = np.argsort(p, kind="stable")
    return rule(p[order])[order]


def _not_sorted(rule, p):
    return rule(p)


def _with_the_gaps(correct, p):
    """What was never compared is a comparison that failed."""
    return np.where(np.isnan(p), np.nan, correct(np.where(np.isnan(p), 1, p).ravel()).reshape(p.shape))


def _gaps_are_one(correct, p):
    return np.nan_to_num(_one_family(correct, p), nan=1.0)


def _row_by_row(correct, p):
    return np.stack([_one_family(correct, row) for row in p])


def _column_by_column(correct, p):
    return _row_by_row(correct, p.T).T


WRONG = (
    WrongAnswer(
        "Bonferroni",
        _with(holm=_every(lambda n: n)),
        "You multiply every p-value by the number of comparisons: Bonferroni. Holm gives the same safety and keeps "
        "more: the factor falls by one with each step.",
    ),
    WrongAnswer(
        "Holm that falls back",
        _with(holm=_falling_back),
        "Your Holm lets a larger p-value end below a smaller one. Once a comparison has failed, all behind it fail: "
        "no corrected value is below one before it.",
    ),
    WrongAnswer(
        "rising factors",
        _with(holm=_rising_factors),
        "Your Holm's factors rise. The smallest p-value has the largest factor, n, since it is the luckiest of n.",
    ),
    WrongAnswer(
        "Hochberg",
        _with(holm=_hochberg),
        "You walk from the largest p-value down: Hochberg's way, which needs more than Holm does. Walk from the "
        "smallest up.",
    ),
    WrongAnswer(
        "one too few",
        _with(holm=_one_less),
        "Your Holm's factors run from n − 1 to 0. They run from n to 1: the last comparison still counts.",
    ),
    WrongAnswer(
        "chances above one",
        _with(holm=_beyond_one),
        "All right but for Holm's values above 1. No chance is larger than that.",
    ),
    WrongAnswer(
        "Šidák",
        _with(holm=_sidak),
        "You raise 1 − p to a power, as if the comparisons were independent. Methods on one test set are not: "
        "multiply.",
    ),
    WrongAnswer(
        "discoveries not held",
        _with(discoveries=_not_held),
        "Holm is right. Your Benjamini–Hochberg lets a smaller p-value end above a larger one: no corrected value is "
        "above one behind it.",
    ),
    WrongAnswer(
        "discoveries held from the wrong end",
        _with(discoveries=_held_from_the_start),
        "Holm is right. You hold Benjamini–Hochberg from the smallest p-value on. It steps up: begin at the largest "
        "and let values only fall.",
    ),
    WrongAnswer(
        "ranks turned round",
        _with(discoveries=_factors_turned_round),
        "Holm is right. Your Benjamini–Hochberg counts ranks from the largest p-value. The smallest has rank 1 and "
        "the factor n.",
    ),
    WrongAnswer(
        "Benjamini–Yekutieli",
        _with(discoveries=_yekutieli),
        "Holm is right. You multiply by the sum of 1 / i as well, which is Benjamini–Yekutieli. Asked is n / rank "
        "alone.",
    ),
    WrongAnswer(
        "discoveries by Bonferroni",
        _with(discoveries=_every(lambda n: n)),
        "Holm is right. For the discoveries you multiply by n alone. Divide by the rank: among many that stand, a "
        "few may be luck.",
    ),
    WrongAnswer(
        "the two exchanged",
        _with(holm=_benjamini_hochberg, discoveries=_holm),
        "You exchanged the two tables. Holm is the strict one, and comes first.",
    ),
    WrongAnswer(
        "left in order",
        _with(sort=_left_sorted),
        "You leave the values sorted. Each belongs to its own comparison: put them back where they came from.",
    ),
    WrongAnswer(
        "sorted twice",
        _with(sort=_sorted_twice),
        "You apply the order a second time in place of undoing it. Write into the places: `out[order] = …`.",
    ),
    WrongAnswer(
        "never sorted",
        _with(sort=_not_sorted),
        "You take the p-values in the order in which they stand. The steps go from the smallest to the largest.",
    ),
    WrongAnswer(
        "comparisons that were never made",
        _with(family=_with_the_gaps),
        "You count comparisons that were never made. They gave luck no chance: n is the number of p-values that are "
        "there.",
    ),
    WrongAnswer(
        "gaps become 1",
        _with(family=_gaps_are_one),
        "All right but for what was never compared: it stays NaN. A 1 would say that it was compared and failed.",
    ),
    WrongAnswer(
        "task by task",
        _with(family=_row_by_row),
        "You correct each row by itself, and luck gets its chance in every row anew. The whole table is one family.",
    ),
    WrongAnswer(
        "method by method",
        _with(family=_column_by_column),
        "You correct each column by itself, and luck gets its chance in every column anew. The whole table is one "
        "family.",
    ),
    WrongAnswer(
        "strictly below",
        _with(count=lambda p, level, n: (p < level).sum()),
        "The tables are right. A p-value that equals the level stands: up to it, not below it.",
    ),
    WrongAnswer(
        "corrected twice",
        _with(count=lambda p, level, n: (p <= level / max(n, 1)).sum()),
        "The tables are right. You divide the level by n and compare it with values that were corrected already. One "
        "of the two is enough.",
    ),
)

QUESTION = Question(
    id="13-many",
    title="One in twenty by luck",
    points=10,
    name="correct_for_many",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("Holm's values", "the discoveries", "the counts"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
