"""Reliability, calibration error, Brier score and risk against answers known by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from mmcourse.metrics import brier_score, expected_calibration_error, reliability, risk_coverage, wilson_interval


def draw(rng, n=997, gap=0.2):
    confidence = rng.random(n)
    return confidence, rng.random(n) < np.clip(confidence - gap, 0, 1)


def test_bins_are_those_of_scikit_learn():
    confidence, right = draw(np.random.default_rng(0))
    ours = reliability(confidence, right, 7)
    share, mean = calibration_curve(right, confidence, n_bins=7)
    np.testing.assert_allclose([b.confidence for b in ours], mean)
    np.testing.assert_allclose([b.right for b in ours], share)
    assert sum(b.count for b in ours) == 997
    b = ours[3]
    assert (b.low, b.high) == wilson_interval(round(b.right * b.count), b.count)


def test_the_calibration_error_by_hand():
    # two answers at .9 of which one is right, two at .3 of which none is: (|.9 - .5| + |.3 - 0|) / 2
    error = expected_calibration_error([0.9, 0.9, 0.3, 0.3], np.array([True, False, False, False]))
    assert error == pytest.approx(0.35)
    # one bin for all: |.6 - .25|
    assert expected_calibration_error([0.9, 0.9, 0.3, 0.3], np.array([True, False, False, False]), 1) == pytest.approx(
        0.35
    )
    assert expected_calibration_error([1.0, 0.0], np.array([True, False])) == 0


def test_a_gap_is_found_and_none_is_not():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1, 20_011)
    assert expected_calibration_error(confidence, rng.random(20_011) < confidence) < 0.015
    assert expected_calibration_error(confidence, rng.random(20_011) < confidence - 0.2) == pytest.approx(
        0.2, abs=0.015
    )


def test_the_brier_score_of_two_classes_is_twice_scikit_learns():
    rng = np.random.default_rng(2)
    p, labels = rng.random(101), rng.integers(0, 2, 101)
    ours = brier_score(np.stack([1 - p, p], -1), labels)
    assert ours == pytest.approx(2 * brier_score_loss(labels, p))
    assert brier_score(np.array([[0.0, 1.0, 0.0]]), np.array([0])) == 2


def test_risk_by_hand_and_ties_come_in_together():
    coverage, risk = risk_coverage([0.5, 0.9, 0.7, 0.7], np.array([False, True, True, False]))
    np.testing.assert_allclose(coverage, [1 / 4, 3 / 4, 3 / 4, 1])
    np.testing.assert_allclose(risk, [0, 1 / 3, 1 / 3, 1 / 2])


def test_the_order_of_the_examples_does_not_matter():
    rng = np.random.default_rng(3)
    confidence, right = draw(rng)
    confidence = confidence.round(1)
    order = rng.permutation(len(right))
    for one, other in zip(
        risk_coverage(confidence, right), risk_coverage(confidence[order], right[order]), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("confidence", "right"),
    [
        ([], np.zeros(0, bool)),
        ([0.5, 1.2], np.array([True, False])),
        ([0.5, np.nan], np.array([True, False])),
        ([0.5], np.array([True, False])),
        ([0.5, 0.7], np.array([1, 0])),
    ],
)
@pytest.mark.parametrize("metric", [reliability, expected_calibration_error, risk_coverage])
def test_bad_input_is_told(metric, confidence, right):
    with pytest.raises(ValueError, match="expected"):
        metric(confidence, right)


def test_probabilities_and_labels_must_fit():
    with pytest.raises(ValueError, match=r"\(3,\) and \(3,\)"):
        brier_score(np.ones(3), np.zeros(3, int))
