"""What the contracts of the detection room do not say of its losses: where they lead, and where they have no slope."""

import numpy as np
import pytest

from mmcourse.detection import scratch

N, M = 13, 7


# ---- the slopes of boxes


def descend(step, box, steps=1000, rate=10.0):
    for _ in range(steps):
        box = box - rate * step(box)
    return box


def test_boxes_that_do_not_touch_find_each_other():
    target = np.array([[40.0, 10, 52, 30]])
    start = np.array([[0.0, 0, 6, 9]])

    def generalised(box):
        return scratch.giou_loss_backward(np.ones(1), scratch.giou_loss(box, target)[1])

    def plain(box, h=1e-5):
        moved = [scratch.iou(box + h * u, target) - scratch.iou(box - h * u, target) for u in np.eye(4)[:, None]]
        return -np.array([m[0, 0] for m in moved])[None] / (2 * h)

    np.testing.assert_array_equal(descend(plain, start), start)
    assert scratch.iou(descend(generalised, start), target)[0, 0] > 0.9
    half_way = descend(generalised, start, 300)
    width, height = (half_way[0, 2:] - half_way[0, :2]).tolist()
    assert width > 2 * 12, "it grows beyond the target before it shrinks: that is the way to reach it"
    assert height > 20


def test_a_box_turned_inside_out_stays_so():
    """Too large a step; that is why detectors predict distances that cannot be negative."""
    target, inside_out = np.array([[40.0, 10, 52, 30]]), np.array([[47.5, 12, 44.5, 27]])
    loss, cache = scratch.giou_loss(inside_out, target)
    assert loss == 1
    np.testing.assert_array_equal(scratch.giou_loss_backward(np.ones(1), cache)[0], 0)


def test_equal_boxes_stay_where_they_are():
    """A kink: whichever way an edge moves, the loss grows as fast, and the mean of the slopes is none."""
    corner, size = np.random.default_rng(4).uniform(1, 30, (2, N, 2))
    b = np.hstack([corner, corner + size])
    loss, cache = scratch.giou_loss(b, b)
    np.testing.assert_allclose(loss, 0, atol=1e-12)
    np.testing.assert_allclose(scratch.giou_loss_backward(np.ones(N), cache), 0, atol=1e-12)


@pytest.mark.parametrize("predicted", [[2, 2, 2, 2], [9, 9, 9, 9], [3, 9, 1, 5]])
def test_empty_predictions_have_finite_slopes_in_both_halves(predicted):
    torch = pytest.importorskip("torch")
    from mmcourse.detection import pytorch

    predicted = np.array([predicted] * 2, float)
    target = np.array([[1.0, 1, 4, 5], [2, 2, 2, 2]])  # a box, and an empty one
    loss, cache = scratch.giou_loss(predicted, target)
    slopes = scratch.giou_loss_backward(np.ones(2), cache)
    leaf = torch.from_numpy(predicted.copy()).requires_grad_()
    theirs = pytorch.giou_loss(leaf, torch.from_numpy(target))
    theirs.sum().backward()
    assert loss[1] == 2
    np.testing.assert_allclose(theirs.detach().numpy(), loss)
    assert np.isfinite(slopes).all()
    np.testing.assert_array_equal(slopes[1], 0)
    np.testing.assert_allclose(leaf.grad.numpy(), slopes, atol=1e-12)


# ---- the focal loss


def test_without_focus_it_is_half_the_cross_entropy():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    logits, targets = 5 * rng.standard_normal((N, M)), rng.random((N, M)) < 0.4
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    theirs = loss(torch.from_numpy(logits), torch.from_numpy(targets).double(), reduction="none")
    np.testing.assert_allclose(scratch.focal_loss(logits, targets, 0.5, 0.0)[0], theirs.numpy() / 2, atol=1e-12)


def test_many_easy_questions_no_longer_drown_one_hard_one():
    """A thousand points of background at p = 0.99 against one thing at p = 0.1, each alike weighted."""
    logits = np.concatenate([np.full(1000, -np.log(99)), [-np.log(9)]])
    targets = np.arange(1001) == 1000
    for gamma, drowned in ((0.0, True), (2.0, False)):
        loss = scratch.focal_loss(logits, targets, 0.5, gamma)[0]
        assert (loss[:-1].sum() > loss[-1]) == drowned


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_logit_is_too_large(dtype):
    logits = np.array([1e30, -1e30, 1e30, -1e30], dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, cache = scratch.focal_loss(logits, np.array([True, True, False, False]))
        slope = scratch.focal_loss_backward(np.ones(4, dtype), cache)
    np.testing.assert_allclose(loss, np.array([0, 0.25e30, 0.75e30, 0]), rtol=1e-6)
    np.testing.assert_allclose(slope, [0, -0.25, 0.75, 0], rtol=1e-6)
