"""13-ranks: methods ranked on many tasks, and how far apart mean ranks must lie.

Friedman's test and the critical difference as in Demšar 2006 ("Statistical comparisons of classifiers over multiple
data sets", JMLR 7, section 3.2.2), with the correction for ties that is usual for Friedman's statistic.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(scores, sign, q):
    return _with()(scores, sign, q)


def _shared(row):
    """Ranks of one task, 1 for the largest; equal scores share the mean of their places."""
    return (row[:, None] < row).sum(1) + ((row[:, None] == row).sum(1) + 1) / 2


def _each_task(rank, x):
    return np.stack([rank(row) for row in x])


def _corrected(ranks, x):
    T, M = ranks.shape
    spread = 12 * T / (M * (M + 1)) * ((ranks.mean(0) - (M + 1) / 2) ** 2).sum()
    ties = sum(((row[:, None] == row).sum(1) ** 2 - 1).sum() for row in x) / (T * (M**3 - M))
    return spread / (1 - ties) if ties < 1 else 0.0


def _critical(q, T, M):
    return q * (M * (M + 1) / (6 * T)) ** 0.5


def _nearer(mean, distance):
    return np.abs(mean[:, None] - mean) < distance


def _with(
    rank=_shared, rows=_each_task, mean=lambda ranks: ranks.mean(0), friedman=_corrected, critical=_critical,
    near=_nearer, turn=lambda x, sign: x * sign[:, None],
):  # fmt: skip
    """Ranks and their distance with other ties or another formula."""

    def ranked(scores, sign, q):
        T, M = scores.shape
        x = turn(scores, sign)
        ranks = rows(rank, x)
        average = mean(ranks)
        distance = critical(q, T, M)
        with np.errstate(all="ignore"):
            results = average, [friedman(ranks, x)], [distance]
        together = near(average, distance).astype(np.int64)
        return *(np.array(part, scores.dtype) for part in results), together

    return ranked


def draw(rng):
    yield _case(rng, "7 tasks, 5 methods", 7, 5)
    yield _case(rng, "23 tasks, 3 methods", 23, 3, lead=0.5)
    yield _case(rng, "scores that are equal", 11, 7, decimals=1)
    yield _case(rng, "errors beside accuracies", 13, 5, lead=0.5, errors=0.5)
    yield _case(rng, "one task", 1, 5)
    yield _case(rng, "two methods", 11, 2, decimals=1)
    yield _case(rng, "nobody is better", 5, 3, decimals=-1)
    yield _case(rng, "far apart", 29, 7, lead=3.0)
    yield _case(rng, "as many tasks as methods", 7, 7, decimals=1, errors=0.3)
    yield _case(rng, "float32", 11, 5, decimals=1, errors=0.4, dtype=np.float32)


Q = {2: 1.96, 3: 2.343, 5: 2.728, 7: 2.949}  # the quantiles of the studentised range at 0.95, over the root of 2


def _case(rng, name, T, M, decimals=6, lead=0.2, errors=0.0, dtype=np.float64):
    skill = rng.permutation(lead * np.arange(M) / M)
    scores = rng.random((T, 1)) + skill + 0.4 * rng.random((T, M))
    sign = np.where(rng.random(T) < errors, -1, 1)
    scores = np.round(scores * sign[:, None], decimals) + 0.0
    return Case(name, (scores.astype(dtype), sign, Q[M]))


def _as_sorted(row):
    """Equal scores get ranks in the order in which they stand."""
    ranks = np.empty(len(row))
    ranks[np.argsort(-row, kind="stable")] = np.arange(1, len(row) + 1)
    return ranks


def _order_for_ranks(row):
    return np.argsort(-row, kind="stable") + 1.0


def _best_place(row):
    return (row[:, None] < row).sum(1) + 1.0


def _last_place(row):
    return (row[:, None] <= row).sum(1) * 1.0


def _without_gaps(row):
    return np.searchsorted(np.unique(-row), -row) + 1.0


def _over_the_tasks(rank, x):
    return _each_task(rank, x.T).T


def _of_the_mean(rank, x):
    return np.tile(rank(x.mean(0)), (len(x), 1))


def _ties_left(ranks, x):
    T, M = ranks.shape
    return 12 * T / (M * (M + 1)) * ((ranks.mean(0) - (M + 1) / 2) ** 2).sum()


def _ties_multiplied(ranks, x):
    plain, right = _ties_left(ranks, x), _corrected(ranks, x)
    return plain**2 / right if right else 0.0


def _iman_davenport(ranks, x):
    T, M = ranks.shape
    chi = _corrected(ranks, x)
    return (T - 1) * chi / (T * (M - 1) - chi)


def _without_tasks(ranks, x):
    return _corrected(ranks, x) / len(x)


def _all_tied(ranks, x):
    T, M = ranks.shape
    ties = sum(((row[:, None] == row).sum(1) ** 2 - 1).sum() for row in x) / (T * (M**3 - M))
    return _ties_left(ranks, x) / (1 - ties)


def _to_the_best(mean, distance):
    best = mean - mean.min() < distance
    return best[:, None] & best | np.eye(len(mean), dtype=bool)


def _chained(mean, distance):
    near = _nearer(mean, distance)
    for _ in mean:
        near = near @ near
    return near


WRONG = (
    WrongAnswer(
        "the worst is first",
        _with(turn=lambda x, sign: -x * sign[:, None]),
        "Your ranks stand on their head. Rank 1 is the best: the largest score where `sign` is 1.",
    ),
    WrongAnswer(
        "errors taken for accuracies",
        _with(turn=lambda x, sign: x),
        "You ignore `sign`. On tasks with −1 the scores are errors, and the smallest is the best.",
    ),
    WrongAnswer(
        "equal scores in the order they stand",
        _with(rank=_as_sorted),
        "Of equal scores you put the one first that stands first. They share the mean of their places: two at the top "
        "get 1.5 each.",
    ),
    WrongAnswer(
        "equal scores share the best place",
        _with(rank=_best_place),
        "You give equal scores the best of their places. They share the mean: two at the top get 1.5 each, not 1.",
    ),
    WrongAnswer(
        "equal scores share the last place",
        _with(rank=_last_place),
        "You give equal scores the last of their places. They share the mean: two at the top get 1.5 each, not 2.",
    ),
    WrongAnswer(
        "ranks without gaps",
        _with(rank=_without_gaps),
        "After two that share a place you go on with the next number. They took two places: after 1.5 and 1.5 comes 3.",
    ),
    WrongAnswer(
        "the order for the ranks",
        _with(rank=_order_for_ranks),
        "You return who stands on each place. Asked is the place on which each one stands: argsort is not a rank.",
    ),
    WrongAnswer(
        "tasks ranked",
        _with(rows=_over_the_tasks),
        "You rank the tasks for each method. The methods are ranked, on each task by itself.",
    ),
    WrongAnswer(
        "ranks of the mean score",
        _with(rows=_of_the_mean),
        "You average the scores first and rank the means, so one task with large differences decides. Rank on each "
        "task, then average.",
    ),
    WrongAnswer(
        "ranks from 0",
        _with(mean=lambda ranks: ranks.mean(0) - 1),
        "You count places from 0. The best rank is 1.",
    ),
    WrongAnswer(
        "the middle rank",
        _with(mean=lambda ranks: np.median(ranks, 0)),
        "You take the median of the ranks. Asked is their mean.",
    ),
    WrongAnswer(
        "the sum of ranks",
        _with(mean=lambda ranks: ranks.sum(0)),
        "You add up the ranks. The critical difference is one of mean ranks.",
    ),
    WrongAnswer(
        "ties not corrected for",
        _with(friedman=_ties_left),
        "The ranks are right. Equal scores make ranks less spread than the formula expects: divide by 1 − the ties' "
        "share.",
    ),
    WrongAnswer(
        "corrected the wrong way",
        _with(friedman=_ties_multiplied),
        "The ranks are right. You multiply by the correction for ties. Divide: with equal scores the same spread says "
        "more.",
    ),
    WrongAnswer(
        "Iman and Davenport",
        _with(friedman=_iman_davenport),
        "The ranks are right. Your statistic is the F of Iman and Davenport. Asked is Friedman's, before that step.",
    ),
    WrongAnswer(
        "a statistic without its number of tasks",
        _with(friedman=_without_tasks),
        "The ranks are right. Your statistic does not grow with the number of tasks. The same mean ranks say more "
        "over more tasks: multiply by T.",
    ),
    WrongAnswer(
        "0 / 0",
        _with(friedman=_all_tied),
        "All right but for tasks on which everybody is equal: 0 / 0 is NaN. Nothing speaks for a difference, so the "
        "statistic is 0.",
    ),
    WrongAnswer(
        "tasks for methods",
        _with(critical=lambda q, T, M: _critical(q, M, T)),
        "In your critical difference tasks and methods have changed places. More tasks make it smaller, more methods "
        "larger.",
    ),
    WrongAnswer(
        "divided by the root of 2 again",
        _with(critical=lambda q, T, M: _critical(q, T, M) / 2**0.5),
        "Your critical difference is too small by √2. The `q` that you get has been divided by it already.",
    ),
    WrongAnswer(
        "apart for together",
        _with(near=lambda mean, d: ~_nearer(mean, d)),
        "The numbers are right. Your table says who can be told apart. 1 stands for pairs that cannot.",
    ),
    WrongAnswer(
        "as good as the best",
        _with(near=_to_the_best),
        "The numbers are right. You compare with the best method alone. Each pair has an answer of its own.",
    ),
    WrongAnswer(
        "chains",
        _with(near=_chained),
        "The numbers are right. If A is near B and B near C, you say that A is near C. It need not be: compare each "
        "pair.",
    ),
)

QUESTION = Question(
    id="13-ranks",
    title="First, second, second",
    points=10,
    name="rank_methods",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the mean ranks", "the statistic", "the critical difference", "the pairs"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
