"""The Fréchet distance against scipy's root of a matrix, and against Gaussians whose distance is known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from mmcourse.metrics import frechet_distance


def by_root(x, y):
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(s + t - 2 * sqrtm(s @ t).real)


def draw(rng, n, d):
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + rng.standard_normal(d)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 31, 7), (200, 300, 23), (11, 13, 2)])
def test_it_is_the_formula_with_the_root_of_a_matrix(n, m, d):
    rng = np.random.default_rng(d)
    x, y = draw(rng, n, d), draw(rng, m, d)
    assert frechet_distance(x, y) == pytest.approx(by_root(x, y), rel=1e-9)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x))


def test_a_shifted_cloud_is_as_far_as_the_shift():
    x = draw(np.random.default_rng(0), 40, 5)
    shift = np.array([3.0, 0.0, -4.0, 0.0, 0.0])
    assert frechet_distance(x, x + shift) == pytest.approx(25)
    assert frechet_distance(x, x[::-1]) == pytest.approx(0, abs=1e-12)


def test_one_dimension_by_hand():
    """Means 1 and 5, standard deviations √2 and √18: 16 + (√18 - √2)² = 24."""
    assert frechet_distance([[0.0], [2.0]], [[2.0], [8.0]]) == pytest.approx(24)


def test_stretched_axes():
    """Covariances that commute: the squared differences of the standard deviations add up."""
    x = draw(np.random.default_rng(1), 60, 3)
    unit = (x - x.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False))).T
    assert frechet_distance(unit * [1.0, 2.0, 3.0], unit * [4.0, 2.0, 1.0]) == pytest.approx(9 + 0 + 4)


def test_fewer_rows_than_columns():
    """Rank-deficient covariances, where a root of their product turns complex. Two points on different axes of 5."""
    x, y = np.zeros((2, 5)), np.zeros((2, 5))
    x[:, 0], y[:, 1] = [-1, 1], [-2, 2]
    assert frechet_distance(x, y) == pytest.approx(2 + 8)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 4)), r"expected features of one width, came x \(3, 2\) and y \(3, 4\)"),
        (np.ones((1, 2)), np.ones((3, 2)), r"expected x \(N, D\) with at least two rows, came \(1, 2\)"),
        (np.ones((3, 2)), np.ones(3), r"expected y \(N, D\) with at least two rows, came \(3,\)"),
        (np.ones((3, 2)), [[1.0, np.nan], [np.inf, 0.0]], "expected finite features, y has 2 that are not"),
    ],
)
def test_what_does_not_fit_is_named(x, y, message):
    with pytest.raises(ValueError, match=f"^frechet_distance: {message}"):
        frechet_distance(x, y)
