"""The questions on choosing a fusion method: right answers in other styles pass, and calls of SciPy and of the metrics
do not.
"""

from math import comb

import numpy as np
import pytest
from scipy import stats

from mmcourse.grading import grade, questions
from mmcourse.metrics import bootstrap_interval, over_seeds, paired_interval

BY_ID = {question.id: question for question in questions("13")}
SEEDS = range(5)


def split_by_a_matrix(people, scenes, shares):
    """Who reaches whom: powers of the matrix of neighbours."""
    near = np.eye(len(people), dtype=bool)
    for ids in (people, scenes):
        near |= (ids[:, None] == ids) & (ids >= 0)
    while not np.array_equal(further := near @ near, near):
        near = further
    groups, parts = np.full(len(people), -1), np.zeros(len(people), np.int64)
    for i in range(len(people)):
        if groups[i] < 0:
            groups[near[i]] = groups.max() + 1
    counts = np.zeros(len(shares))
    for size, g in sorted(((groups == g).sum(), -g) for g in set(groups.tolist()))[::-1]:
        lack = [share * len(people) - count for share, count in zip(shares.tolist(), counts, strict=True)]
        part = lack.index(max(lack))
        counts[part] += size
        parts[groups == -g] = part
    return groups, parts, (counts / len(people)).astype(shares.dtype)


def people_by_weights(a, b, people, draws, level):
    """How often each example was drawn, and weighted means."""
    P = draws.shape[1]
    times = (draws[:, :, None] == np.arange(P)).sum(1)  # (R, P)
    known = (a == a) & (b == b)
    weights = np.where(known, times[:, people], 0)
    d = np.where(known, a.astype(float) - b, 0)
    resamples = np.einsum("rn,n->r", weights, d) / weights.sum(1)
    n = known.sum()
    middle = d.sum() / n
    low, high = np.percentile(resamples, [50 * (1 - level), 50 * (1 + level)])
    alone = (((d - middle) ** 2)[known].sum() / n / n) ** 0.5
    ratio = ((resamples - resamples.mean()) ** 2).mean() ** 0.5 / alone if alone else 1.0
    return tuple(np.asarray(x).astype(a.dtype) for x in (resamples, [middle, low, high], [ratio]))


def many_by_comparing_all(p, level):
    """Each value looks at all others, without any sorting."""
    holm, discoveries = np.full_like(p, np.nan), np.full_like(p, np.nan)
    known = p[~np.isnan(p)].astype(float)
    n = len(known)
    left = np.array([(known >= q).sum() for q in known])
    rank = np.array([(known <= q).sum() for q in known])
    for place in np.argwhere(~np.isnan(p)):
        q = p[tuple(place)]
        holm[tuple(place)] = min(1, (left * known)[known <= q].max())
        discoveries[tuple(place)] = (n / rank * known)[known >= q].min()
    return holm, discoveries, np.array([np.sum(x <= level) for x in (p, holm, discoveries)])


def tuning_by_counting(validation, test, floor):
    B, M = validation.shape
    curves = np.zeros((2, B, M))
    for m in range(M):
        live = [(v, t) for v, t in zip(validation[:, m].tolist(), test[:, m].tolist(), strict=True) if v == v]
        for n in range(1, B + 1):
            left, total = comb(B - len(live), n), comb(B, n)
            best = tested = left * floor
            for v in sorted({v for v, _ in live}):
                equal = [t for u, t in live if u == v]
                ways = comb(B - len([u for u, _ in live if u > v]), n) - left
                left += ways
                best, tested = best + ways * v, tested + ways * sum(equal) / len(equal)
            curves[:, n - 1, m] = best / total, tested / total
    return curves[0].astype(validation.dtype), curves[1].astype(validation.dtype)


def ranks_by_pairs(scores, sign, q):
    """A half for a draw; the variance of the ranks as they are takes care of ties."""
    x = scores * sign[:, None].astype(scores.dtype)
    T, M = x.shape
    ranks = 0.5 + (x[:, None] > x[:, :, None]).sum(2) + 0.5 * (x[:, None] == x[:, :, None]).sum(2)
    variance = ranks.var(1, ddof=1).sum()
    spread = ((ranks.sum(0) - T * (M + 1) / 2) ** 2).sum()
    statistic = spread / variance if variance else 0.0
    distance = q * np.sqrt(M * (M + 1) / 6 / T)
    mean = ranks.mean(0)
    pairs = np.array([[abs(i - j) < distance for i in mean] for j in mean], int)
    return *(np.array(x, scores.dtype) for x in (mean, [statistic], [distance])), pairs


def front_by_sorting(scores, costs):
    x = scores.astype(float)
    S, M = x.shape
    mean = x.mean(0)
    best = sorted(range(M), key=lambda m: (-mean[m], costs[m], m))[0]
    front, highest = np.zeros(M, int), -np.inf
    for price in sorted(set(costs.tolist())):
        top = mean[costs == price].max()
        if top > highest:
            front[(costs == price) & (mean == top)] = 1
            highest = top
    gaps, errors = np.zeros(M), np.zeros(M)
    for m in range(M):
        d = [x[s, best] - x[s, m] for s in range(S)]
        gaps[m] = sum(d) / S
        errors[m] = (sum((e - gaps[m]) ** 2 for e in d) / (S - 1) / S) ** 0.5 if S > 1 else 0
    behind = [(costs[m], -mean[m], m) for m in range(M) if gaps[m] <= errors[m] + 1e-12]
    return gaps.astype(scores.dtype), errors.astype(scores.dtype), front, np.array([min(behind)[2]])


def noise_on_a_finer_grid(levels, scores, chance):
    """The crossings as further levels; between them no sign changes."""
    x, y = levels.astype(float), scores.astype(float)
    results = []
    for column in y.T:
        lead = column - y[:, 0]
        turns = [
            x[i] - lead[i] * (x[i + 1] - x[i]) / (lead[i + 1] - lead[i])
            for i in range(len(x) - 1)
            if lead[i] * lead[i + 1] < 0
        ]
        grid = np.sort(np.concatenate([x, turns]))
        middles = np.interp((grid[1:] + grid[:-1]) / 2, x, lead)
        ahead = np.diff(grid)[middles > 0].sum() / (x[-1] - x[0])
        zeros = sorted([*turns, *x[lead <= 0]])
        end = x[0] if lead[0] <= 0 else zeros[0] if zeros else np.inf
        clean = column[0] - chance
        kept = np.trapezoid(column - chance, x) / (clean * (x[-1] - x[0])) if clean > 0 else 0
        results.append((kept, end, ahead))
    kept, ends, ahead = np.array(results, scores.dtype).T
    return kept.copy(), ends.copy(), ahead.copy()


def conclusions_in_arrays(scores, advised, margin, t):
    S, T, M = scores.shape
    x = scores.astype(float)
    d = np.take_along_axis(x, np.broadcast_to(advised[None, :, None], (S, T, 1)), 2) - x
    gaps = np.einsum("stm->tm", d) / S
    halves = t * np.sqrt(((d - gaps) ** 2).sum(0) / (S * (S - 1)))
    sure = np.where(np.abs(gaps) > halves, np.sign(gaps), 2).astype(int)
    verdicts = np.where(np.abs(gaps) + halves <= margin, 0, sure)
    other = np.arange(M) != advised[:, None]
    advice = np.where(((verdicts == 1) & other).any(1), 1, 0)
    advice = np.where(((verdicts == 2) & other).any(1), 2, advice)
    advice = np.where(((verdicts == -1) & other).any(1), -1, advice)
    return gaps.astype(scores.dtype), halves.astype(scores.dtype), verdicts, advice


RIGHT = {
    "13-split": split_by_a_matrix,
    "13-people": people_by_weights,
    "13-many": many_by_comparing_all,
    "13-tuning": tuning_by_counting,
    "13-ranks": ranks_by_pairs,
    "13-front": front_by_sorting,
    "13-noise": noise_on_a_finer_grid,
    "13-reading": conclusions_in_arrays,
}


@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id):
    for seed in SEEDS:
        result = grade(BY_ID[question_id], RIGHT[question_id], seed)
        assert result, str(result)


# ---- calling what exists does not answer a question


def people_by_the_metrics(a, b, people, draws, level):
    d = np.nan_to_num(a), np.nan_to_num(b)
    interval = paired_interval(*d, rng=np.random.default_rng(0), resamples=len(draws), level=level)
    return np.zeros(len(draws), a.dtype), np.array([(d[0] - d[1]).mean(), *interval], a.dtype), np.ones(1, a.dtype)


def many_by_scipy(p, level):
    found = stats.false_discovery_control(np.nan_to_num(p, nan=1), axis=None)
    return np.minimum(1, p.size * p), found.astype(p.dtype), np.array([(x <= level).sum() for x in (p, p, found)])


def tuning_by_the_metrics(validation, test, floor):
    running = np.maximum.accumulate(np.nan_to_num(validation, nan=floor))
    interval = bootstrap_interval(running, rng=np.random.default_rng(0), resamples=7)
    return running, running * 0 + np.asarray(interval[0], running.dtype)


def ranks_by_scipy(scores, sign, q):
    ranks = stats.rankdata(-scores, axis=1).mean(0)
    statistic = stats.friedmanchisquare(*scores.T).statistic if scores.shape[1] > 2 else 0
    return *(np.array(x, scores.dtype) for x in (ranks, [statistic], [q])), np.eye(len(ranks), dtype=int)


def conclusions_by_the_metrics(scores, advised, margin, t):
    """Intervals at 95 %, whatever t is asked for, and two verdicts where there are four."""
    x = scores.astype(float)
    gaps, halves = np.zeros((2, *x.shape[1:]))
    for task, m in np.ndindex(gaps.shape):
        mean, _, high = over_seeds(x[:, task, advised[task]] - x[:, task, m])
        gaps[task, m], halves[task, m] = mean, high - mean
    found = np.where(np.abs(gaps) > halves, np.sign(gaps), 0).astype(int)
    return gaps.astype(scores.dtype), halves.astype(scores.dtype), found, found.min(1)


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [
        ("13-people", people_by_the_metrics),
        ("13-many", many_by_scipy),
        ("13-tuning", tuning_by_the_metrics),
        ("13-ranks", ranks_by_scipy),
        ("13-reading", conclusions_by_the_metrics),
    ],
)
def test_the_functions_that_exist_do_not_answer_a_question(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)
