"""The references of 13_choosing_a_fusion_method against answers by hand, by trying all, SciPy and the metrics."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mmcourse.grading import questions
from mmcourse.metrics import over_seeds

BY_ID = {question.id: question for question in questions("13")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


def cases(question, seed=1):
    return [(c.name, c.arguments) for c in BY_ID[question].cases(seed)]


# ---- 13-split


def test_a_chain_that_one_can_follow():
    """1 and 4 share a scene, 4 and 3 a person. 0 and 2 know nothing of anybody: groups of 1, 3 and 1 examples."""
    people, scenes = np.array([-1, 2, -1, 5, 5]), np.array([-1, 3, 5, -1, 3])
    groups, parts, reached = reference("13-split")(people, scenes, np.array([0.5, 0.5]))
    assert groups.tolist() == [0, 1, 2, 1, 1]
    assert parts.tolist() == [1, 0, 1, 0, 0]
    np.testing.assert_allclose(reached, [0.6, 0.4])


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_the_connected_components_of_scipy(seed):
    for name, (people, scenes, shares) in cases("13-split", seed):
        N, rows, columns = len(people), [], []
        for ids, first in ((people, N), (scenes, N + people.max() + 1)):  # a node for each person and each scene
            known = np.flatnonzero(ids >= 0)
            rows, columns = [*rows, *known], [*columns, *(first + ids[known])]
        n = 1 + max([N, *columns])
        _, expected = connected_components(coo_array((np.ones(len(rows)), (rows, columns)), (n, n)), directed=False)
        groups, parts, reached = reference("13-split")(people, scenes, shares)
        pairs = set(zip(groups.tolist(), expected[:N].tolist(), strict=True))
        assert len(pairs) == len(set(groups.tolist())) == len(set(expected[:N].tolist())), name
        for ids in (people, scenes):
            for i in set(ids[ids >= 0].tolist()):
                assert len(set(parts[ids == i].tolist())) == 1, name
        np.testing.assert_allclose(reached, [(parts == s).mean() for s in range(len(shares))], rtol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_no_part_hangs_on_rounding(seed):
    nudge = np.random.default_rng(seed)
    for name, (people, scenes, shares) in cases("13-split", seed):
        if name != "equal parts":  # there all ties are exact
            near = (shares * nudge.uniform(1 - 1e-6, 1 + 1e-6, shares.shape)).astype(shares.dtype)
            parts = [reference("13-split")(people, scenes, s)[1] for s in (shares, near)]
            np.testing.assert_array_equal(*parts, err_msg=name)


# ---- 13-people


def test_a_resample_that_one_can_compute():
    """d = 1, 1, 1 of one person and 0 of the other; what was measured for one method only does not count."""
    a, b = np.array([1.0, 1, np.nan, 1, 1, 0]), np.array([0.0, 0, 0, 0, 1, np.nan])
    people, draws = np.array([0, 0, 1, 0, 1, 1]), np.array([[0, 1], [1, 1], [0, 0]])
    resamples, interval, ratio = reference("13-people")(a, b, people, draws, 0.5)
    np.testing.assert_allclose(resamples, [0.75, 0, 1])
    np.testing.assert_allclose(interval, [0.75, 0.375, 0.875])
    np.testing.assert_allclose(ratio, np.std([0.75, 0, 1]) / (3**0.5 / 8))


def test_with_one_example_each_it_is_the_usual_bootstrap():
    a, b, people, draws, level = case("13-people", "every person an example")
    order = np.argsort(people)
    d = (a - b)[order]
    resamples, interval, _ = reference("13-people")(a, b, people, draws, level)
    np.testing.assert_allclose(resamples, d[draws].mean(1))
    np.testing.assert_allclose(interval, [d.mean(), *np.quantile(resamples, [0.05, 0.95])])


def test_habits_of_people_make_the_truth_wider_and_the_interval_knows():
    """Twenty people of fifty examples, all differences a matter of the person: √50 times wider."""
    rng = np.random.default_rng(3)
    habit = rng.standard_normal(20)
    people, draws = np.repeat(np.arange(20), 50), rng.integers(0, 20, (4000, 20))
    _, _, ratio = reference("13-people")(habit[people], np.zeros(1000), people, draws, 0.9)
    assert ratio[0] == pytest.approx(50**0.5, rel=0.05)


# ---- 13-many


@pytest.mark.parametrize("name", ["3 tasks", "7 tasks", "one task", "equal", "never compared", "float32"])
def test_discoveries_are_those_of_scipy_and_holm_is_its_closed_test(name):
    """Holm is what Bonferroni over all sets that hold a comparison cannot accept; in small tables, by trying all."""
    p, level = case("13-many", name)
    holm, discoveries, counts = reference("13-many")(p, level)
    known = ~np.isnan(p)
    expected = stats.false_discovery_control(p[known].astype(float))
    np.testing.assert_allclose(discoveries[known], expected, rtol=1e-5)
    assert np.isnan(holm[~known]).all()
    assert counts.tolist() == [(x[known] <= level).sum() for x in (p, holm, discoveries)]
    few = p[known].astype(float)[:7]
    sets = [list(c) for n in range(1, len(few) + 1) for c in combinations(range(len(few)), n)]
    closed = [max(min(1, len(c) * few[c].min()) for c in sets if i in c) for i in range(len(few))]
    np.testing.assert_allclose(reference("13-many")(few[None], level)[0][0], closed)


@pytest.mark.parametrize("seed", range(20))
def test_no_count_hangs_on_rounding(seed):
    for name, (p, level) in cases("13-many", seed):
        if name != "at the level itself":
            counts = [reference("13-many")(p, level * nudge)[2] for nudge in (1 - 1e-6, 1, 1 + 1e-6)]
            assert counts[0].tolist() == counts[1].tolist() == counts[2].tolist(), name


# ---- 13-tuning


@pytest.mark.parametrize("name", ["5 configurations", "that failed", "below zero", "all but one", "all of them", "one"])
def test_what_is_kept_is_the_mean_over_all_ways_to_draw(name):
    validation, test, floor = case("13-tuning", name)
    validation, test = validation[:9], test[:9]
    B, M = validation.shape
    expected = np.zeros((2, B, M))
    for m in range(M):
        for n in range(1, B + 1):
            kept = []
            for drawn in combinations(range(B), n):
                live = [i for i in drawn if not np.isnan(validation[i, m])]
                top = max((validation[i, m] for i in live), default=None)
                best = [i for i in live if validation[i, m] == top]
                kept.append((top, test[best, m].mean()) if best else (floor, floor))
            expected[:, n - 1, m] = np.mean(kept, 0)
    np.testing.assert_allclose(reference("13-tuning")(validation, test, floor), expected, rtol=1e-12)


def test_more_tuning_may_cost_on_the_test():
    v, t = np.array([[0.9], [0.8], [0.6]]), np.array([[0.7], [0.8], [0.6]])
    curves = reference("13-tuning")(v, t, 0.1)
    np.testing.assert_allclose(np.hstack(curves), [[2.3 / 3, 0.7], [2.6 / 3, 2.2 / 3], [0.9, 0.7]])


def test_equal_configurations_share_the_test():
    v, t = np.array([[0.5], [0.9], [0.9], [np.nan]]), np.array([[0.1], [0.2], [0.6], [np.nan]])
    best, tested = reference("13-tuning")(v, t, 0.0)
    np.testing.assert_allclose(best[:, 0], [2.3 / 4, (5 * 0.9 + 0.5) / 6, 0.9, 0.9])
    np.testing.assert_allclose(tested[:, 0], [0.9 / 4, (5 * 0.4 + 0.1) / 6, 0.4, 0.4])


# ---- 13-ranks


@pytest.mark.parametrize("name", ["7 tasks", "23 tasks", "equal", "errors beside", "far apart", "float32"])
def test_ranks_and_statistic_are_those_of_scipy(name):
    scores, sign, q = case("13-ranks", name)
    mean, statistic, distance, pairs = reference("13-ranks")(scores, sign, q)
    x = scores.astype(float) * sign[:, None]
    np.testing.assert_allclose(mean, stats.rankdata(-x, axis=1).mean(0), rtol=1e-6)
    np.testing.assert_allclose(statistic, [stats.friedmanchisquare(*x.T).statistic], rtol=1e-5)
    assert pairs.tolist() == [[int(abs(a - b) < distance[0]) for a in mean] for b in mean]


@pytest.mark.parametrize("methods", [2, 3, 5, 7])
def test_the_critical_difference_is_the_table_of_the_paper(methods):
    """Its q are the quantiles of the studentised range at 0.95 over the root of 2, and CD follows at T = 14."""
    *_, q = case("13-ranks", {2: "two methods", 3: "23 tasks", 5: "7 tasks, 5", 7: "far apart"}[methods])
    assert q == pytest.approx(stats.studentized_range.ppf(0.95, methods, np.inf) / 2**0.5, abs=1e-3)
    distance = reference("13-ranks")(np.random.default_rng(0).random((14, methods)), np.ones(14, int), q)[2]
    np.testing.assert_allclose(distance, q * (methods * (methods + 1) / 84) ** 0.5)


def test_places_that_one_can_share():
    """1.5, 1.5, 3, 4 and, of errors, 2, 2, 2, 4 → a tie of two and one of three: C = (6 + 24) / 120."""
    scores, sign = np.array([[0.9, 0.9, 0.7, 0.1], [0.1, 0.1, 0.1, 0.3]]), np.array([1, -1])
    mean, statistic, distance, pairs = reference("13-ranks")(scores, sign, 3.0)
    np.testing.assert_allclose(mean, [1.75, 1.75, 2.5, 4])
    np.testing.assert_allclose(statistic, [1.2 * (2 * 0.75**2 + 1.5**2) / 0.75])
    np.testing.assert_allclose(distance, [3 * (20 / 12) ** 0.5])
    assert pairs.all()


# ---- 13-front


def test_a_choice_that_one_can_make():
    """1 is ahead; 0 is 0.01 behind, seed by seed; 2 costs least and is 0.1 behind; 3 costs more than 0 for less."""
    seeds = np.array([0.0, 0.2, -0.1])
    scores = seeds[:, None] + np.array([0.79, 0.8, 0.7, 0.78])
    scores[:, 0] += (0.01, -0.02, 0.01)
    costs = np.array([2.0, 9, 1, 3])
    gaps, errors, front, choice = reference("13-front")(scores - [[1e-9, 0, 0, 0]], costs)
    np.testing.assert_allclose(gaps, [0.01, 0, 0.1, 0.02], atol=1e-8)
    np.testing.assert_allclose(errors, [0.01, 0, 0, 0], atol=1e-8)
    assert (front.tolist(), choice.tolist()) == ([1, 1, 1, 0], [1])  # 0 is just more than one error behind
    scores[:, 0] += 1e-9
    assert reference("13-front")(scores, costs)[3].tolist() == [0]


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_hangs_on_rounding_and_the_front_is_that_of_trying_all(seed):
    for name, (scores, costs) in cases("13-front", seed):
        gaps, errors, front, choice = reference("13-front")(scores, costs)
        assert (np.abs(gaps - errors)[(gaps > 0) | (errors > 0)] > 1e-7).all(), name
        mean = scores.astype(float).mean(0)
        points = list(zip(-mean, costs, strict=True))
        beaten = [any(a <= x and b <= y and (a, b) != (x, y) for a, b in points) for x, y in points]
        assert front.tolist() == [1 - b for b in beaten], name
        assert gaps[choice[0]] <= errors[choice[0]]
        assert not ((gaps <= errors) & (costs < costs[choice[0]])).any()


# ---- 13-noise


def test_a_lead_that_one_can_read():
    levels = np.array([0.0, 1, 3])
    scores = np.array([[0.6, 0.9, 0.5], [0.6, 0.7, 0.7], [0.6, 0.3, 0.7]])
    kept, ends, ahead = reference("13-noise")(levels, scores, 0.1)
    np.testing.assert_allclose(kept, [1, 0.625, 1.7 / 1.2])
    np.testing.assert_allclose(ends, [0, 1.5, 0])
    np.testing.assert_allclose(ahead, [0, 0.5, 2.5 / 3])


@pytest.mark.parametrize("name", ["7 levels", "double", "won again", "never behind", "never ahead", "on a level"])
def test_what_is_kept_and_for_how_long_on_a_fine_grid(name):
    levels, scores, chance = case("13-noise", name)
    kept, ends, ahead = reference("13-noise")(levels, scores, chance)
    fine = np.union1d(np.linspace(levels[0], levels[-1], 400_001), levels)
    rival = np.interp(fine, levels, scores[:, 0])
    for m, column in enumerate(scores.T):
        y = np.interp(fine, levels, column)
        assert kept[m] == pytest.approx(max(0, (y - chance).mean() / (column[0] - chance)), abs=1e-4)
        lead = y - rival > 1e-9
        assert ahead[m] == pytest.approx(lead.mean(), abs=1e-4)
        first = levels[0] if not lead[0] else fine[~lead][0] if not lead.all() else np.inf
        assert ends[m] == pytest.approx(first, abs=1e-4)


# ---- 13-reading


def test_verdicts_that_one_can_read():
    """Two seeds d ± e: the half-width is t · e. Margin 0.02, t = 1."""
    gaps, halves = np.array([0.05, 0.01, 0.01, -0.05, 0.0]), np.array([0.03, 0.005, 0.04, 0.03, 0.02])
    first = np.array([0.8, 0.6])[:, None]
    scores = np.stack([first + 0 * gaps, first - gaps - np.array([[1], [-1]]) * halves], -1)  # (2, 5, 2)
    gap, half, verdicts, advice = reference("13-reading")(scores, np.zeros(5, int), 0.0200001, 1.0)
    np.testing.assert_allclose(gap[:, 1], gaps, atol=1e-12)
    np.testing.assert_allclose(half[:, 1], halves)
    assert verdicts.tolist() == [[0, 1], [0, 0], [0, 2], [0, -1], [0, 0]]
    assert advice.tolist() == [1, 0, 2, -1, 0]


def test_advice_from_several_rivals():
    """Seeds agree, so all halves are 0, save for the last method, which is open against everybody."""
    one = np.array([[0.8, 0.7, 0.8, 0.8], [0.8, 0.7, 0.9, 0.8], [0.8, 0.7, 0.6, 0.8], [0.8, 0.8, 0.8, 0.8]])
    scores = np.stack([one, one])
    scores[:, [0, 1], 3] += np.array([[0.2], [-0.2]])
    advice = reference("13-reading")(scores, np.array([0, 0, 0, 1]), 0.01, 2.0)[3]
    assert advice.tolist() == [2, -1, 1, 0]
    assert reference("13-reading")(scores, np.array([1, 2, 2, 1]), 0.01, 2.0)[3].tolist() == [-1, 2, -1, 0]


@pytest.mark.parametrize("name", ["5 seeds", "all methods alike", "few seeds"])
def test_intervals_are_those_over_seeds(name):
    scores, advised, margin, t = case("13-reading", name)
    gaps, halves, *_ = reference("13-reading")(scores, advised, margin, t)
    for task, m in np.ndindex(gaps.shape):
        if m != advised[task]:
            mean, low, high = over_seeds(scores[:, task, advised[task]] - scores[:, task, m])
            assert gaps[task, m] == pytest.approx(mean)
            assert halves[task, m] == pytest.approx((high - low) / 2, rel=3e-4)  # t has four digits


@pytest.mark.parametrize("seed", range(20))
def test_no_verdict_hangs_on_rounding_and_all_of_them_occur(seed):
    seen = set()
    for name, (scores, advised, margin, t) in cases("13-reading", seed):
        gaps, halves, verdicts, advice = reference("13-reading")(scores, advised, margin, t)
        others = np.arange(scores.shape[2]) != advised[:, None]
        if name != "methods that do the same":
            bounds = np.stack([gaps - halves, gaps + halves])[:, others]
            assert min(np.abs(bounds - x).min() for x in (-margin, 0, margin)) > 1e-7, name
        seen |= {("verdict", v) for v in verdicts.ravel().tolist()} | {("advice", v) for v in advice.tolist()}
    assert seen == {(kind, v) for kind in ("verdict", "advice") for v in (-1, 0, 1, 2)}
