"""Two flows against each other, by hand."""

import numpy as np
import pytest

from mmcourse.metrics import angular_error, end_point_error


def vectors(*pairs):
    return np.array(pairs, float)[None]


def test_end_point_error_by_hand():
    flow, truth = vectors((3, 0), (1, 1), (0, 0)), vectors((0, -4), (1, 1), (0, 1))
    assert end_point_error(flow, truth) == pytest.approx((5 + 0 + 1) / 3)
    assert end_point_error(flow, truth, np.array([[True, False, True]])) == pytest.approx(3)


def test_angular_error_by_hand():
    flow, truth = vectors((1, 0), (0, 2), (0, np.sqrt(3))), vectors((0, 0), (0, 2), (0, -np.sqrt(3)))
    assert angular_error(flow, truth) == pytest.approx((45 + 0 + 120) / 3)
    assert angular_error(flow, truth, np.array([[False, False, True]])) == pytest.approx(120)


def test_the_same_miss_turns_a_long_motion_less():
    short, long = (angular_error(vectors((n + 1, 0)), vectors((n, 0))) for n in (0, 5))
    assert long < 0.1 * short


def test_tiny_angles_are_not_lost():
    truth = vectors((0.3, -0.2)).astype(np.float32)
    assert angular_error(truth, truth) == 0
    assert angular_error(vectors((1e-9, 0)), vectors((0, 0))) == pytest.approx(np.rad2deg(1e-9))


def test_flow_and_truth_may_change_places_and_turn_together():
    rng = np.random.default_rng(0)
    flow, truth = rng.standard_normal((2, 3, 5, 7, 2))
    for error in (end_point_error, angular_error):
        assert error(flow, truth) == pytest.approx(error(truth, flow))
        assert error(flow @ [[0.6, 0.8], [-0.8, 0.6]], truth @ [[0.6, 0.8], [-0.8, 0.6]]) == pytest.approx(
            error(flow, truth)
        )
        assert np.isnan(error(flow, truth, np.zeros((3, 5, 7), bool)))
        parts = [error(f, t) for f, t in zip(flow, truth, strict=True)]
        assert error(flow, truth) == pytest.approx(np.mean(parts))


@pytest.mark.parametrize("error", [end_point_error, angular_error])
def test_what_does_not_fit(error):
    name = error.__name__
    with pytest.raises(ValueError, match=rf"{name}: expected flow and truth .*came \(3, 5, 2\) and \(3, 7, 2\)"):
        error(np.zeros((3, 5, 2)), np.zeros((3, 7, 2)))
    with pytest.raises(ValueError, match=rf"{name}: expected flow and truth .*came \(3, 5\) and \(3, 5\)"):
        error(np.zeros((3, 5)), np.zeros((3, 5)))
    with pytest.raises(ValueError, match=rf"{name}: expected where \(3, 5\) of bool, came \(3, 5\) of int64"):
        error(np.zeros((3, 5, 2)), np.zeros((3, 5, 2)), np.ones((3, 5), np.int64))
