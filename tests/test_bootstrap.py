"""Intervals against answers known without the code, against SciPy, and against the truth in simulations."""

import math

import numpy as np
import pytest
from scipy import stats

from mmcourse.metrics import bootstrap_interval, over_seeds, paired_interval


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_equal_values_leave_no_doubt(rng):
    assert bootstrap_interval([3.0] * 7, rng=rng) == (3.0, 3.0)


@pytest.mark.parametrize(("level", "interval"), [(0.4, (0.5, 0.5)), (0.6, (0.0, 1.0)), (0.95, (0.0, 1.0))])
def test_two_values(rng, level, interval):
    """The mean of two draws from {0, 1} is 0, 1/2 or 1 with chance 1/4, 1/2, 1/4: its quantiles are known."""
    assert bootstrap_interval([0, 1], rng=rng, level=level) == interval


@pytest.mark.parametrize(("hits", "n"), [(30, 50), (97, 101), (1, 23)])
@pytest.mark.parametrize("level", [0.5, 0.95])
def test_a_resampled_share_is_binomial(rng, hits, n, level):
    values = np.arange(n) < hits
    ends = stats.binom.ppf([(1 - level) / 2, (1 + level) / 2], n, hits / n) / n
    assert bootstrap_interval(values, rng=rng, level=level) == pytest.approx(tuple(ends), abs=1.01 / n)


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
def test_scipy_agrees(rng, statistic):
    values = rng.gamma(2.0, size=41)
    theirs = stats.bootstrap(
        (values,), statistic, n_resamples=4000, method="percentile", confidence_level=0.9, rng=np.random.default_rng(7)
    ).confidence_interval
    ours = bootstrap_interval(values, statistic, rng=rng, resamples=4000, level=0.9)
    assert ours == pytest.approx(tuple(theirs), abs=0.05 * (theirs.high - theirs.low))


def test_units_do_not_matter(rng):
    values = rng.standard_normal(31)
    low, high = bootstrap_interval(values, rng=np.random.default_rng(1))
    other = bootstrap_interval(1000 * values + 20, rng=np.random.default_rng(1))
    assert other == pytest.approx((1000 * low + 20, 1000 * high + 20))


def test_rows_stay_together(rng):
    """The correlation of a line with itself is 1 in every resample that keeps (x, y) together."""
    x = rng.standard_normal(29)
    rows = np.stack([x, 3 * x + 1], 1)
    interval = bootstrap_interval(rows, lambda r: np.corrcoef(r.T)[0, 1], rng=rng, resamples=50)
    assert interval == pytest.approx((1, 1))


def test_the_seed_decides(rng):
    values = rng.standard_normal(31)
    first, again, other = (bootstrap_interval(values, rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == again != other


def covered(interval, truth, draws):
    return np.mean([low <= truth <= high for low, high in map(interval, draws)])


def test_the_truth_lies_in_as_many_intervals_as_the_docstring_says(rng):
    """Normal means. Standard error of a share near 0.9 of 500 draws: 0.013."""
    for N, share in ((10, 0.90), (50, 0.94)):
        draws = rng.normal(2, 3, (500, N))
        measured = covered(lambda v: bootstrap_interval(v, rng=rng, resamples=200), 2, draws)
        assert measured == pytest.approx(share, abs=0.03)


def test_a_lower_level_covers_less(rng):
    draws = rng.normal(0, 1, (400, 50))
    share = covered(lambda v: bootstrap_interval(v, rng=rng, resamples=200, level=0.5), 0, draws)
    assert share == pytest.approx(0.5, abs=0.08)


def test_paired_differences_of_twins(rng):
    a = rng.standard_normal(37)
    assert paired_interval(a, a, rng=rng) == (0, 0)
    assert paired_interval(a + 0.25, a, rng=rng) == pytest.approx((0.25, 0.25))


def test_paired_takes_each_example_for_both(rng):
    """Hard for both methods: b is a, worse by 0.1 ± 0.05. Unpaired, the spread of a alone would hide it."""
    a = rng.normal(0, 1, 200)
    b = a - rng.normal(0.1, 0.05, 200)
    low, high = paired_interval(a, b, rng=rng)
    assert 0.085 < low < 0.1 < high < 0.115


def test_paired_statistic_is_the_one_that_is_asked_for(rng):
    """One outlier moves the mean, and next to never the median."""
    a, b = np.zeros(37), np.zeros(37)
    a[0] = 37.0
    assert paired_interval(a, b, np.median, rng=rng) == (0, 0)
    assert paired_interval(a, b, rng=rng) == (0, 3)  # the outlier comes 0 to 3 times in 95 % of resamples


def test_paired_is_the_interval_of_the_differences(rng):
    a, b = rng.standard_normal((2, 43))
    ours = paired_interval(a, b, rng=np.random.default_rng(3))
    assert ours == pytest.approx(bootstrap_interval(a - b, rng=np.random.default_rng(3)))
    low, high = paired_interval(b, a, rng=np.random.default_rng(3))
    assert ours == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("values", "level", "half"),
    [
        ([1, 3], 0.95, math.tan(0.475 * math.pi)),  # t with 1 degree of freedom is Cauchy; s/√n = √2/√2
        ([1, 2, 3], 0.95, 0.95 / math.sqrt(2 * 0.975 * 0.025) / math.sqrt(3)),  # with 2 it has this closed form; s = 1
        ([1, 2, 3], 0.8, 0.8 / math.sqrt(2 * 0.9 * 0.1) / math.sqrt(3)),
        ([5.0, 5.0, 5.0, 5.0], 0.95, 0.0),
    ],
)
def test_t_interval_by_hand(values, level, half):
    mean = sum(values) / len(values)
    assert over_seeds(values, level) == pytest.approx((mean, mean - half, mean + half))


@pytest.mark.parametrize("seeds", [3, 5])
def test_t_interval_covers_the_truth_exactly_for_normal_numbers(rng, seeds):
    share = covered(lambda v: over_seeds(v)[1:], 0.8, rng.normal(0.8, 0.01, (6000, seeds)))
    assert share == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: bootstrap_interval([], rng=rng), r"bootstrap_interval: .* at least two .* came shape \(0,\)"),
        (lambda rng: bootstrap_interval([1], rng=rng), r"came shape \(1,\)"),
        (lambda rng: bootstrap_interval(3.0, rng=rng), r"came shape \(\)"),
        (lambda rng: bootstrap_interval([1, np.nan, np.inf], rng=rng), "expected finite numbers, came 2 that are not"),
        (lambda rng: bootstrap_interval([1, 2], rng=rng, level=95), "expected 0 < level < 1, came 95. Try: 0.95"),
        (lambda rng: bootstrap_interval([1, 2], rng=rng, resamples=0), "expected resamples >= 1, came 0"),
        (lambda rng: paired_interval([1, 2], [1, 2, 3], rng=rng), r"paired_interval: .* came \(2,\) and \(3,\)"),
        (lambda rng: paired_interval([1, np.nan], [1, 2], rng=rng), "paired_interval: expected finite numbers"),
        (lambda rng: over_seeds([0.5]), "over_seeds: expected at least two"),
        (lambda rng: over_seeds([[1, 2], [3, 4]]), r"over_seeds: expected one number a seed, came shape \(2, 2\)"),
        (lambda rng: over_seeds([1, 2], level=1), "over_seeds: expected 0 < level < 1, came 1"),
    ],
)
def test_what_does_not_fit_is_named(rng, call, message):
    with pytest.raises(ValueError, match=message):
        call(rng)
