"""Metrics against answers that a person can compute, or that another library gives."""

import numpy as np
import pytest

from mmcourse import metrics
from mmcourse.metrics.pointing import regions_inside


def test_regions_of_a_2_by_4_map():
    """Middles stand at y = 16, 48 and x = 8, 24, 40, 56."""
    expected = [[False, True, True, False], [False, False, False, True]]
    np.testing.assert_array_equal(regions_inside((2, 4), [(20, 10, 41, 17), (50, 40, 64, 64)]), expected)


def test_a_box_holds_its_left_edge_and_not_its_right():
    assert regions_inside((1, 4), [(8, 0, 24, 64)]).tolist() == [[True, False, False, False]]


def test_pointing_and_share():
    weights = np.array([[0.1, 0.2], [0.3, 0.4]])
    bottom_right, top = (32, 32, 64, 64), (0, 0, 64, 32)
    assert metrics.points_inside(weights, [bottom_right])
    assert not metrics.points_inside(weights, [top])
    assert metrics.share_inside(weights, [top]) == pytest.approx(0.3)
    assert metrics.share_inside(2 * weights, [top, bottom_right]) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(8, 10, 0.490, 0.943), (0, 20, 0.0, 0.161), (20, 20, 0.839, 1.0)]
)
def test_wilson_interval(hits, n, low, high):
    """Values from published tables, to three places."""
    assert metrics.wilson_interval(hits, n) == pytest.approx((low, high), abs=6e-4)


def test_wilson_interval_holds_the_truth_as_often_as_it_says():
    share, n = 0.9, 40
    draws = np.random.default_rng(0).binomial(n, share, 4000)
    inside = [low <= share <= high for low, high in (metrics.wilson_interval(int(h), n) for h in draws)]
    assert 0.92 < np.mean(inside) < 0.98


@pytest.mark.parametrize(("hits", "n"), [(3, 2), (-1, 2), (0, 0)])
def test_wilson_interval_refuses(hits, n):
    with pytest.raises(ValueError, match=f"came hits {hits}, n {n}"):
        metrics.wilson_interval(hits, n)
