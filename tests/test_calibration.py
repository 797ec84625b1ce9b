"""What the contract of the calibration room does not say: the best temperature, the policy, and messages."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from mmcourse.calibration import pytorch, scratch

N, K = 401, 5


def answers(seed=0, true=2.5, n=N):
    """Logits that are `true` times as sure as they should be: labels are drawn from softmax(logits / true)."""
    rng = np.random.default_rng(seed)
    logits = 4 * rng.standard_normal((n, K))
    p = softmax(logits / true, -1).cumsum(-1)
    return logits, (rng.random((n, 1)) > p).sum(-1).clip(0, K - 1)


@pytest.mark.parametrize("true", [0.4, 1.0, 2.5])
def test_the_temperature_is_the_best_and_near_the_true_one(true):
    logits, labels = answers(3, true, 5003)
    found = scratch.fit_temperature(logits, labels)
    best = minimize_scalar(
        lambda t: scratch.temperature_loss(logits, labels, 1 / t)[0], bounds=(0.1, 10), method="bounded",
        options={"xatol": 1e-9},
    ).x  # fmt: skip
    assert found == pytest.approx(best, rel=1e-5)
    assert found == pytest.approx(true, rel=0.08)


def test_the_twin_finds_the_same():
    logits, labels = answers()
    theirs = pytorch.fit_temperature(torch.tensor(logits), torch.tensor(labels))
    assert scratch.fit_temperature(logits, labels) == pytest.approx(theirs, rel=1e-4)


def test_it_stops_where_the_best_lies_at_infinity():
    logits = np.array([[3.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    surest = scratch.fit_temperature(logits, np.array([0, 1]))  # all are right
    assert 1 / scratch.MOST <= surest < 0.05
    assert scratch.temperature_loss(logits, np.array([0, 1]), 1 / surest)[0] < 1e-12
    assert scratch.fit_temperature(logits, np.array([1, 0])) == pytest.approx(scratch.MOST)  # the surest are wrong
    assert scratch.fit_temperature(np.zeros((3, 2)), np.array([0, 1, 0])) > 0  # it does not matter


def test_no_answer_changes():
    logits, labels = answers()
    cooled = logits / scratch.fit_temperature(logits, labels)
    np.testing.assert_array_equal(cooled.argmax(-1), logits.argmax(-1))


def test_the_policy_is_the_cheapest():
    rng = np.random.default_rng(1)
    p = softmax(2 * rng.standard_normal((997, K)), -1)
    for cost in (0.0, 0.13, 0.4, 0.8, 1.0):
        chosen = scratch.route(p, cost)
        asked = chosen == scratch.ASK_BACK
        each = np.where(asked, cost, 1 - p[np.arange(len(p)), chosen])
        np.testing.assert_allclose(each, np.minimum(cost, 1 - p.max(-1)))
        np.testing.assert_array_equal(chosen, pytorch.route(torch.tensor(p), cost))
        assert 0 < asked.sum() < len(p) or cost in (0.0, 0.8, 1.0)


def test_bad_input_is_told():
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(2,\)"):
        scratch.temperature_loss(np.zeros((3, 2)), np.array([0, 1]), 1.0)
    with pytest.raises(ValueError, match="labels from 0 to 1, came 0 to 2"):
        scratch.temperature_loss(np.zeros((2, 2)), np.array([0, 2]), 1.0)
    with pytest.raises(ValueError, match="softmax"):
        scratch.route(np.array([[2.0, 1.0]]), 0.1)
    with pytest.raises(ValueError, match="cost from 0 to 1"):
        scratch.route(np.array([[0.5, 0.5]]), 2)
