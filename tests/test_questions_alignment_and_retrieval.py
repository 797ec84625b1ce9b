"""The references of 07_alignment_and_retrieval against answers by hand, PyTorch, SciPy, scikit-learn and the rooms."""

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.covariance import shrunk_covariance
from sklearn.metrics import average_precision_score
from torch.nn import functional as F

from mmcourse.alignment.scratch import cca, modality_gap
from mmcourse.grading import questions
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.retrieval import ranks, recall_at_k

BY_ID = {question.id: question for question in questions("07")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


def test_chances_that_one_can_compute():
    """Class 0 points along (1, 1), class 2 along (0, 1), class 1 is mute; the image has cosines √½ and 0."""
    prompts, label = np.array([[5.0, 0], [0, 3], [0, 0.1]]), np.array([2, 0, 0])
    p = reference("07-prompts")(np.array([[0.0, 2.0], [0, 0]]), prompts[[1, 0, 2]], label[[0, 2, 1]], 3, 0.5**0.5)
    np.testing.assert_allclose(p[0], [np.e**1 / (np.e + np.e**2**0.5), 0, np.e**2**0.5 / (np.e + np.e**2**0.5)])
    np.testing.assert_allclose(p[1], [0.5, 0, 0.5])


def test_a_single_sentence_for_each_class_is_the_softmax_of_cosines():
    images, prompts, label, classes, temperature = case("07-prompts", "one sentence for each class")
    cosines = F.cosine_similarity(torch.from_numpy(images)[:, None], torch.from_numpy(prompts[np.argsort(label)]), -1)
    expected = (cosines / temperature).softmax(-1).numpy()
    np.testing.assert_allclose(reference("07-prompts")(images, prompts, label, classes, temperature), expected)


def test_two_vectors_at_a_right_angle_meet_in_the_middle():
    u, v, lengths = reference("07-gap")(np.array([[3.0, 0]]), np.array([[0, 0.5]]), 1.0)
    np.testing.assert_allclose(np.concatenate([u, v]), [[0.5**0.5] * 2] * 2)
    np.testing.assert_allclose(lengths, [2**0.5, 0], atol=1e-15)


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_the_lengths_of_the_gap_are_those_of_the_room(share):
    u, v, _ = case("07-gap", "5 images and 7 texts")
    moved_u, moved_v, lengths = reference("07-gap")(u, v, share)
    np.testing.assert_allclose(lengths, [modality_gap(u, v), modality_gap(moved_u, moved_v)])
    np.testing.assert_allclose(np.linalg.norm(moved_u, axis=1), 1)
    assert share == 0 or lengths[1] < lengths[0]


def test_any_of_many_is_that_of_pytorch():
    cosines, right, log_scale = case("07-positives", "5 images, 7 texts")
    c, s = (
        torch.from_numpy(cosines).requires_grad_(),
        torch.full((5,), log_scale, dtype=torch.float64, requires_grad=True),
    )
    scores = c * s.exp()[:, None]
    losses = scores.logsumexp(1) - scores.masked_fill(~torch.from_numpy(right), -torch.inf).logsumexp(1)
    losses.sum().backward()
    expected = losses.detach(), c.grad, s.grad
    for got, want in zip(reference("07-positives")(cosines, right, log_scale), expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), atol=1e-12)


def test_with_one_right_text_it_is_the_cross_entropy():
    cosines, right, log_scale = case("07-positives", "one right text each")
    expected = F.cross_entropy(torch.from_numpy(cosines * np.exp(log_scale)), torch.from_numpy(right.argmax(1)))
    assert reference("07-positives")(cosines, right, log_scale)[0].mean() == pytest.approx(expected.item())


def test_a_loss_that_one_can_compute():
    """Scores 0, 0, log 2 at a scale of 2: half of the weight is right, ¼ and ¼ of ½; nothing to find in the second."""
    cosines, right = np.array([[0, 0, np.log(2) / 2]] * 2), np.array([[True, True, False], [False] * 3])
    losses, dcosines, dlog_scale = reference("07-positives")(cosines, right, np.log(2.0))
    np.testing.assert_allclose(losses, [np.log(2), 0])
    np.testing.assert_allclose(dcosines, [[-0.5, -0.5, 1], [0, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(dlog_scale, [np.log(2) / 2, 0])


def test_without_shrinkage_the_correlations_are_those_of_the_room():
    x, y, weights, _ = case("07-canonical", "no shrinkage")
    got = reference("07-canonical")(x, y, np.full_like(weights, 3), 0.0)[1]
    np.testing.assert_allclose(got, cca(x, y, 3).correlations, rtol=1e-9)


def test_a_weight_of_two_is_an_example_that_stands_there_twice():
    x, y, *_ = case("07-canonical", "views of one width")
    times = np.random.default_rng(3).integers(0, 4, len(x))
    weighted = reference("07-canonical")(x, y, times * 0.1, 0.3)
    repeated = reference("07-canonical")(np.repeat(x, times, 0), np.repeat(y, times, 0), np.ones(times.sum()), 0.3)
    for got, want in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["43 examples", "the first view wider", "fewer examples", "nothing but"])
def test_the_whitened_covariance_is_that_of_scikit_learn_and_scipy(name):
    x, y, weights, shrinkage = case("07-canonical", name)
    c = np.cov(np.hstack([x, y]).T, aweights=weights, bias=True)
    P = x.shape[1]
    roots = [scipy.linalg.sqrtm(shrunk_covariance(part, shrinkage=shrinkage)) for part in (c[:P, :P], c[P:, P:])]
    expected = np.linalg.solve(roots[0], c[:P, P:]) @ np.linalg.inv(roots[1])
    T, correlations = reference("07-canonical")(x, y, weights, shrinkage)
    np.testing.assert_allclose(T, expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(correlations, scipy.linalg.svdvals(expected), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", ["5 images, 7 texts", "one dimension", "nothing is known", "vectors as long"])
def test_the_sigmoid_loss_is_that_of_pytorch(name):
    u, v, verdict, knobs = case("07-sigmoid", name)
    a, b, k = (torch.from_numpy(x).requires_grad_() for x in (u, v, knobs))
    logits = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T * k[0].exp() + k[1]
    z = torch.from_numpy(verdict)
    losses = -(F.logsigmoid(z * logits) * z.abs()).sum(1)
    losses.mean().backward()
    expected = losses.detach(), a.grad, b.grad, k.grad
    for got, want in zip(reference("07-sigmoid")(u, v, verdict, knobs), expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-9, atol=1e-12)


def test_a_pair_that_one_can_compute():
    """At a right angle and without a threshold the logit is 0: log 2 and a slope of −½, over lengths of 2 and 4."""
    u, v, verdict = np.array([[2.0, 0]]), np.array([[0, 4.0]]), np.ones((1, 1), int)
    losses, du, dv, dknobs = reference("07-sigmoid")(u, v, verdict, np.zeros(2))
    np.testing.assert_allclose([losses[0], *du[0], *dv[0], *dknobs], [np.log(2), 0, -0.25, -0.125, 0, 0, -0.5])


def test_a_search_that_one_can_follow():
    """Places of the right images: 2 and 4 for text 0, since the tie at 3 goes to a wrong one; none for text 1; 1."""
    scores = np.array([[3.0, 1, 9], [2, 2, 1], [1, 3, 1], [1, 4, 1]])
    right = np.array([[False, False, True], [True, False, False], [True, False, False], [False, False, False]])
    recalls, precisions = reference("07-retrieval")(scores, right, np.array([2, 1]))
    np.testing.assert_allclose(recalls, [1, 0.5])
    np.testing.assert_allclose(precisions, [0.5, np.nan, 1])


def test_a_model_that_finds_all_alike_finds_nothing():
    right = np.arange(11)[:, None] == [[4]]
    recalls, precisions = reference("07-retrieval")(np.ones((11, 1)), right, np.array([10, 11]))
    assert (recalls.tolist(), precisions[0]) == ([0, 1], pytest.approx(1 / 11))


@pytest.mark.parametrize("name", ["11 images", "many ties", "a hundred images", "every image is right"])
def test_recall_is_that_of_the_room(name):
    scores, right, ks = case("07-retrieval", name)
    expected = [recall_at_k(ranks(scores.T, right.T), k) for k in ks]
    np.testing.assert_allclose(reference("07-retrieval")(scores, right, ks)[0], expected)


def test_precision_is_that_of_scikit_learn_where_nothing_ties():
    scores, right, ks = case("07-retrieval", "11 images")
    expected = [average_precision_score(*pair) for pair in zip(right.T, scores.T, strict=True)]
    np.testing.assert_allclose(reference("07-retrieval")(scores, right, ks)[1], expected)


def test_swaps_that_one_can_count():
    """Kind 0: won, lost by a tie, not asked. Kind 1: the last alone is won, with one caption missing."""
    swapped = np.array([[0.0, 2, 0], [1, 3, 2], [np.nan, 0, np.nan]])
    table = reference("07-reading")(np.ones(3), swapped, np.array([0, 1, 1]), 1.96)
    np.testing.assert_allclose(table[0], [1 / 2, *wilson_interval(1, 2), 1 / 2, 0])
    np.testing.assert_allclose(table[1], [1 / 3, *wilson_interval(1, 3), (1 / 3 + 1 / 3 + 1 / 2) / 3, 0])


@pytest.mark.parametrize("seed", range(20))
def test_no_verdict_hangs_on_rounding(seed):
    """An end of an interval that met chance would be 1 on one computer and 0 on another."""
    seen = set()
    for c in BY_ID["07-reading"].cases(seed):
        _, low, high, chance, verdict = reference("07-reading")(*c.arguments).astype(float).T
        assert np.abs(np.concatenate([low - chance, high - chance])).min() > 1e-5, c.name
        seen |= set(verdict)
    assert seen == {-1, 0, 1}
