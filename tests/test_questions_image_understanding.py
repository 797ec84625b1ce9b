"""The references of 08_image_understanding against answers by hand, by brute force, and the rooms."""

import numpy as np
import pytest

from mmcourse.detection.scratch import focal_loss, focal_loss_backward, iou, non_maximum_suppression
from mmcourse.grading import questions
from mmcourse.metrics.detection import Detections, Truths, precision_recall
from mmcourse.saliency.scratch import Head, grad_cam, head, head_backward
from mmcourse.studies.posts import product_of_experts

BY_ID = {question.id: question for question in questions("08")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


def test_overlaps_that_one_can_compute():
    """A box of 4 × 2, half of which lies in the other of 2 × 2: 2 / (8 + 4 - 2 - 2 of it) as a thing, ¼ as a crowd."""
    a, b = np.array([[[2.0, 1, 4, 2], [0, 0, 0, 0], [1, 1, -2, -2]]]), np.array([[[4.0, 1, 2, 2], [4, 1, 2, 2]]])
    expected = [[2 / 10, 2 / 8], [0, 0], [0, 0]]
    np.testing.assert_allclose(reference("08-overlap")(a, b, np.array([[False, True]])), [expected])


def test_without_crowds_it_is_the_iou_of_the_room():
    a, b, crowd = case("08-overlap", "no crowds")
    corners = [np.concatenate([x[..., :2] - x[..., 2:] / 2, x[..., :2] + x[..., 2:] / 2], -1) for x in (a, b)]
    expected = [iou(*pair) for pair in zip(*corners, strict=True)]
    np.testing.assert_allclose(reference("08-overlap")(a, b, crowd), expected, atol=1e-15)
    assert np.max(expected) > 0.2


def test_two_who_contradict_each_other_leave_the_picture_to_decide():
    """Three things alike for the picture: 0.6 · 0.2 for what either names, 0.2 · 0.2 for the third. Then 2 : 1 : 1."""
    told, r = np.array([[0, 1, -1]]), np.array([0.6, 0.6, 0.9])
    chances, trust = reference("08-trust")(np.zeros((1, 3)), told, r)
    np.testing.assert_allclose(chances, [[3 / 7, 3 / 7, 1 / 7]])
    np.testing.assert_allclose(trust, [[3 / 7, 3 / 7, np.nan]])
    chances, _ = reference("08-trust")(np.log([[2.0, 1, 1]]), told, r)
    np.testing.assert_allclose(chances, [[6 / 10, 3 / 10, 1 / 10]])


def test_trust_is_how_often_a_text_is_right():
    """Posts drawn as the question says: among the texts that are trusted by a half, a half is right, and so on."""
    rng = np.random.default_rng(8)
    N, K, r = 40000, 5, np.array([0.75, 0.4])
    thing = rng.integers(0, K, N)
    right = rng.random((N, 2)) < r
    told = np.where(right, thing[:, None], (thing[:, None] + rng.integers(1, K, (N, 2))) % K)
    signal = rng.standard_normal((N, K)) + np.eye(K)[thing]  # whose logits are the signal itself
    chances, trust = reference("08-trust")(signal, told, r)
    for t in range(2):
        for low in np.arange(0, 1, 0.2):
            which = (trust[:, t] >= low) & (trust[:, t] < low + 0.2)
            slack = 4 * (0.25 / which.sum()) ** 0.5
            assert trust[which, t].mean() == pytest.approx(right[which, t].mean(), abs=slack)
    assert (chances.argmax(1) == thing).mean() > max((signal.argmax(1) == thing).mean(), 0.75) + 0.02


def test_one_text_is_the_product_of_two_experts():
    logits, told, r = case("08-trust", "one text")
    K = logits.shape[1]
    text = np.where(told == np.arange(K), r, (1 - r) / (K - 1))
    text[told[:, 0] < 0] = 1 / K
    expected = np.exp(product_of_experts(logits, np.log(text)))
    np.testing.assert_allclose(reference("08-trust")(logits, told, r)[0], expected)


def test_a_map_that_one_can_compute():
    """Two places with 0 and log 3 at a sharpness of 1: ¼ and ¾ of a slope of 2 · 5. The bias keeps the first one on."""
    grid = np.array([[[[0.0, np.log(3)]]]])
    arguments = grid, np.array([[2.0]]), np.array([1.0]), np.array([[5.0], [3]]), np.array([0]), np.array([-1]), 0.5
    slope, seen = reference("08-maps")(*arguments)
    np.testing.assert_allclose(slope, [[[[2.5, 7.5]]]])
    np.testing.assert_allclose(seen, [[[0, 7.5 * np.log(3)]]])
    slope, seen = reference("08-maps")(*arguments[:4], np.array([1]), np.array([0]), 0.5)
    np.testing.assert_allclose(slope, [[[[-1, -3]]]])
    assert (seen == 0).all()


def test_a_dull_pool_is_the_head_of_the_room():
    """A mean over the places, a batch norm that does nothing, and no hidden value above six."""
    grid, layer, bias, last, named, _, _ = case("08-maps", "3 grids")
    one = np.ones(len(layer))
    weights = Head(layer / 4, one, bias / 4, 0 * one, one, 0.0, last, np.zeros(len(last)))
    _, cache = head(grid, weights)
    expected = head_backward(np.eye(len(last))[named], cache)
    slope, seen = reference("08-maps")(grid, layer / 4, bias / 4, last, named, np.full(len(grid), -1), 1e-9)
    np.testing.assert_allclose(slope, expected, atol=1e-9)
    assert not np.allclose(seen, grad_cam(grid, expected), atol=1e-3)


def test_a_loss_that_one_can_compute():
    """Chances of ½ and targets ¾ and 0: the weights are 1/16 and ¼. One point answers, one is empty, one unknown."""
    logits, quality = np.zeros((3, 2)), np.array([0.75, 0.9, 0.9])
    losses, dlogits = reference("08-quality")(logits, np.array([1, -1, -2]), quality, 2.0)
    np.testing.assert_allclose(losses, [np.log(2) * (1 / 4 + 1 / 16), np.log(2) / 2, 0])
    no, yes = 0.25 * np.log(2) + 0.125, -2 * 0.25 * 0.25 * np.log(2) - 0.25 / 16
    np.testing.assert_allclose(dlogits, [[no, yes], [no, no], [0, 0]])


def test_where_nothing_is_it_is_the_focal_loss_of_the_room():
    logits, labels, quality, beta = case("08-quality", "nothing in the picture")
    expected, cache = focal_loss(logits, np.zeros(logits.shape, bool), alpha=0.0, gamma=beta)
    losses, dlogits = reference("08-quality")(logits, labels, quality, beta)
    np.testing.assert_allclose(losses, expected.sum(1))
    np.testing.assert_allclose(dlogits, focal_loss_backward(np.ones_like(logits), cache), atol=1e-15)


def test_boxes_apart_whose_loss_one_can_compute():
    """A unit square at 0, a target of 1 × 3 at 2: a hull of 3 × 3, a diagonal² of 18, and middles 2 apart.

    The right edge pulls the middle, 2 · 2 · ½ / 18. The left edge does too, and holds the hull: 4 · 2 · 3 / 18² more.
    Up and down nothing moves: no area is shared, the target is higher than the square, and the middles are level.
    """
    point, target = np.array([[0.5, 0.5]]), np.array([[2.0, -1, 3, 2]])
    losses, dcodes = reference("08-distance")(np.full((1, 4), np.log(0.25)), point, target, 2.0)
    np.testing.assert_allclose(losses, [1 + 4 / 18])
    np.testing.assert_allclose(dcodes, [[0.5 * (2 / 18 - 24 / 18**2), 0, 0.5 * -2 / 18, 0]], atol=1e-15)


@pytest.mark.parametrize("name", ["7 points", "touch nowhere", "inside their targets", "inside the predictions"])
def test_the_slope_of_the_distance_loss_is_that_of_small_steps(name):
    codes, *rest = case("08-distance", name)
    loss = reference("08-distance")
    step = np.random.default_rng(8).standard_normal(codes.shape)
    there, back = (loss(codes + t * step, *rest)[0] for t in (1e-6, -1e-6))
    along = (loss(codes, *rest)[1] * step).sum(1)
    np.testing.assert_allclose(along, (there - back) / 2e-6, rtol=1e-6, atol=1e-8)


def test_a_box_far_away_grows_on_both_sides():
    """As the text says: its far side moves away from the target, because the diagonal of the hull grows with it."""
    loss, dcodes = reference("08-distance")(np.zeros((1, 4)), np.ones((1, 2)), np.array([[7.0, 0.5, 9, 1.5]]), 1.0)
    assert loss[0] > 1
    assert dcodes[0, 0] < 0
    assert dcodes[0, 2] < 0


def test_a_suppression_that_one_can_follow():
    """Box 1 overlaps with box 0 by ⅓ and falls below box 2, far away; box 3 lies upon box 0 in another class."""
    boxes = np.array([[0.0, 0, 2, 2], [1, 0, 3, 2], [9, 9, 11, 11], [0, 0, 2, 2]])
    kept, scores = reference("08-suppression")(boxes, np.array([0.9, 0.8, 0.75, 0.3]), np.array([4, 4, 4, 5]), 0.5, 0.3)
    np.testing.assert_array_equal(kept, [0, 2, 1, 3])
    np.testing.assert_allclose(scores, [0.9, 0.75, 0.8 * np.exp(-2 / 9), 0.3])


@pytest.mark.parametrize("name", ["13 boxes", "one class", "a hundred boxes"])
def test_the_fastest_decay_is_the_suppression_of_the_room(name):
    boxes, scores, labels, _, _ = case("08-suppression", name)
    kept, left = reference("08-suppression")(boxes, scores, labels, 1e-12, 1e-6)
    np.testing.assert_array_equal(kept, non_maximum_suppression(boxes, scores, 0.0, labels))
    np.testing.assert_array_equal(left, scores[kept])


def test_verdicts_that_one_can_follow():
    """Thing 1 is difficult. The surest box has thing 0; the next comes too late, though thing 2 would be free."""
    overlaps = np.array([[0.6, 0.0, 0.55], [0.7, 0.1, 0.2], [0, 0.9, 0.8], [0.1, 0.6, 0], [0.3, 0, 0.5], [0.4, 0, 0.4]])
    scores = np.array([0.8, 0.9, 0.7, 0.95, 0.6, 0.5])
    verdicts, precisions = reference("08-precision")(scores, overlaps, np.array([False, True, False]), 0.5)
    np.testing.assert_array_equal(verdicts, [0, 1, np.nan, np.nan, 1, 0])
    np.testing.assert_allclose(precisions, [1] * 6 + [2 / 3] * 5)


def test_where_each_box_has_one_thing_it_is_the_curve_of_the_room():
    """Things far apart, boxes near one of them or none: nobody has a second choice, and both rules agree."""
    rng = np.random.default_rng(8)
    things = np.array([0.0, 0, 4, 4]) + 20 * np.arange(7)[:, None]
    near = rng.integers(0, 7, 31)
    boxes, scores = things[near] + rng.uniform(-2, 2, (31, 1)), rng.random(31)
    label = np.zeros(31, int)
    curve = precision_recall([Detections(boxes, scores, label)], [Truths(things, label[:7])], label=0)
    _, precisions = reference("08-precision")(scores, iou(boxes, things), np.zeros(7, bool), 0.5)
    expected = [curve.envelope[curve.recall >= r].max(initial=0) for r in np.linspace(0, 1, 11)]
    np.testing.assert_allclose(precisions, expected)
    assert 0 < precisions[5] < 1


@pytest.mark.parametrize("seed", range(20))
def test_no_precision_hangs_on_rounding(seed):
    """A recall of 0.3 is 3/10 or 0.1 + 0.1 + 0.1, which differ: none of the cases may come to one."""
    for c in BY_ID["08-precision"].cases(seed):
        _, overlaps, difficult, threshold = c.arguments
        recalls = np.arange(1, (~difficult).sum()) / (~difficult).sum()
        assert np.abs(recalls[:, None] - np.linspace(0, 1, 11)).min(initial=1) > 1e-3, c.name
        assert (np.abs(overlaps - threshold)[overlaps != threshold]).min(initial=1) > 1e-9


@pytest.mark.parametrize("name", ["23 pictures", "a miss costs most", "the wrong thing costs most", "one thing"])
def test_no_other_answer_costs_less(name):
    """By brute force: the expected cost of every answer, from a table of what each answer costs for each truth."""
    logits, thing, costs = case("08-nowhere", name)
    p, G = np.exp(logits) / np.exp(logits).sum(1, keepdims=True), thing.max() + 1
    truths = np.append(thing, G)[None]  # G: nowhere
    table = np.full((G + 1, G + 1), costs[0])  # by answer, by truth
    table[:, G], table[G] = costs[1], costs[2]
    np.fill_diagonal(table, 0)
    expected = np.stack([(p * row[truths]).sum(1) for row in table], 1)
    answers, cheapest = reference("08-nowhere")(logits, thing, costs)
    np.testing.assert_allclose(cheapest, expected.min(1))
    np.testing.assert_array_equal(np.where(answers < 0, G, answers), expected.argmin(1))
    assert len(set(answers.tolist())) > 1


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_hangs_on_rounding(seed):
    """Which of two answers is given would be a matter of luck if they cost the same but for the last digit."""
    for c in BY_ID["08-nowhere"].cases(seed):
        logits, thing, costs = (x.astype(float) for x in c.arguments)
        p = np.exp(logits - logits.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        best = np.sort(np.stack([p[:, :-1] @ (thing == g) for g in range(int(thing.max()) + 1)], 1))[:, ::-1]
        point = costs[0] * (1 - p[:, -1] - best[:, 0]) + costs[1] * p[:, -1]
        assert np.abs(point - costs[2] * (1 - p[:, -1])).min() > 1e-6, c.name
        assert best.shape[1] == 1 or (best[:, 0] - best[:, 1]).min() > 1e-6, c.name
