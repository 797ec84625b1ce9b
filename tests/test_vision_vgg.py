"""VGG-16: the published counts and torchvision's names, the layers by hand, and files that hold something else."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.convolution import scratch
from mmcourse.layers.scratch import linear
from mmcourse.pretrained import PretrainedError
from mmcourse.vision import vgg

CHANNELS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256} | dict.fromkeys((17, 19, 21, 24, 26, 28), 512)
WITH_NORM = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)  # where vgg16_bn has its convolutions


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.fixture
def narrow(generator):
    return vgg.vgg16(1 / 8, classes=7, generator=generator).eval()


def whole(**options):
    """The network with shapes but no numbers: half a gigabyte less."""
    with torch.device("meta"):
        return vgg.vgg16(**options)


def shapes(model):
    return {name: tuple(t.shape) for name, t in model.state_dict().items()}


def images(n, height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)


def test_it_has_the_published_number_of_parameters():
    model = whole()
    assert sum(p.numel() for p in model.parameters()) == 138_357_544
    assert sum(p.numel() for p in model.features.parameters()) == 14_714_688
    assert sum(p.numel() for p in whole(batch_norm=True).parameters()) == 138_365_992


def test_names_and_shapes_are_torchvisions():
    expected, c_in = {}, 3
    for i, c in CHANNELS.items():
        expected |= {f"features.{i}.weight": (c, c_in, 3, 3), f"features.{i}.bias": (c,)}
        c_in = c
    for i, (o, c) in {0: (4096, 25088), 3: (4096, 4096), 6: (1000, 4096)}.items():
        expected |= {f"classifier.{i}.weight": (o, c), f"classifier.{i}.bias": (o,)}
    assert shapes(whole()) == expected
    assert list(whole().state_dict()) == list(expected), "torchvision's order, too"


def test_names_with_batch_norm_are_torchvisions():
    found = shapes(whole(batch_norm=True))
    for i, channels in zip(WITH_NORM, CHANNELS.values(), strict=True):
        assert found[f"features.{i}.weight"][0] == channels
        assert found[f"features.{i + 1}.running_var"] == (channels,)
    assert len([name for name in found if name.startswith("features")]) == 7 * len(WITH_NORM)


def test_a_narrow_one_has_an_eighth_of_the_channels():
    found = shapes(whole(width=1 / 8, classes=60))
    assert [found[f"features.{i}.weight"][0] * 8 for i in CHANNELS] == list(CHANNELS.values())
    assert found["classifier.0.weight"] == (512, 64 * 49)
    assert found["classifier.6.weight"] == (60, 512)


def test_the_first_block_is_the_one_by_hand(narrow):
    """Convolution, ReLU, twice, and pooling, in NumPy; then the way back to the first weights."""
    block = narrow.features[:5].double()
    x = np.random.default_rng(1).standard_normal((2, 3, 6, 10))
    weights = [p.detach().numpy() for p in block.parameters()]
    one, cache_one = scratch.conv2d(x, weights[0], weights[1], padding=1)
    two, cache_two = scratch.conv2d(np.maximum(one, 0), weights[2], weights[3], padding=1)
    y, cache_pool = scratch.max_pool2d(np.maximum(two, 0), 2)
    out = block(torch.from_numpy(x))
    np.testing.assert_allclose(out.detach().numpy(), y, atol=1e-12)

    dy = np.random.default_rng(2).standard_normal(y.shape)
    out.backward(torch.from_numpy(dy))
    dtwo = scratch.max_pool2d_backward(dy, cache_pool) * (two > 0)
    done = scratch.conv2d_backward(dtwo, cache_two)[0] * (one > 0)
    _, dweight, dbias = scratch.conv2d_backward(done, cache_one)
    np.testing.assert_allclose(block[0].weight.grad.numpy(), dweight, atol=1e-12)
    np.testing.assert_allclose(block[0].bias.grad.numpy(), dbias, atol=1e-12)


def test_the_classifier_reads_the_grid_row_by_row_and_repeats_the_cells_of_a_small_one(narrow):
    x = vgg.pixels(images(2, 64, 64))
    grid = narrow.features(x).detach().numpy()  # (2, 64, 2, 2)
    i = np.arange(7)
    first, last = i * 2 // 7, -(-(i + 1) * 2 // 7)  # cells of the window of place i, last excluded
    across = np.array([[(a <= c < b) / (b - a) for c in (0, 1)] for a, b in zip(first, last, strict=True)])
    h = (across @ grid @ across.T).reshape(2, -1).astype(np.float32)
    layers = [narrow.classifier[i] for i in (0, 3, 6)]
    for layer in layers:
        h, _ = linear(h, layer.weight.detach().numpy(), layer.bias.detach().numpy())
        h = h if layer is layers[-1] else np.maximum(h, 0)
    np.testing.assert_allclose(narrow(x).detach().numpy(), h, rtol=1e-3, atol=1e-4)


def test_regions_are_the_cells_of_the_grid_row_by_row(narrow):
    pictures = images(19, 64, 96)
    before = pictures.copy()
    seen = vgg.regions(narrow, pictures)
    assert seen.shape == (19, 2 * 3, 64)
    assert seen.dtype == np.float32
    grid = narrow.features(vgg.pixels(pictures[17:])).detach().numpy()
    np.testing.assert_allclose(seen[17:, 3 * 1 + 2], grid[:, :, 1, 2], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(pictures, before)


@pytest.mark.parametrize(("side", "R"), [(64, 4), (224, 49)])
def test_the_sizes_of_the_course_and_of_imagenet(narrow, side, R):
    assert vgg.regions(narrow, images(1, side, side)).shape == (1, R, 64)


def test_regions_leave_batch_norm_as_it_is(generator):
    model = vgg.vgg16(1 / 16, 3, batch_norm=True, generator=generator).train()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    one, both = vgg.regions(model, images(1, 32, 32)), vgg.regions(model, images(2, 32, 32))
    np.testing.assert_allclose(one, both[:1], rtol=1e-4, atol=1e-5)
    assert model.training
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_pixels_are_standardised_channel_by_channel():
    image = np.empty((1, 2, 3, 3), np.uint8)
    image[:] = (255, 0, 51)
    x = vgg.pixels(image)
    assert x.shape == (1, 3, 2, 3)
    red, green, blue = (1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225
    torch.testing.assert_close(x[0, :, 1, 2], torch.tensor([red, green, blue]))


def test_a_signal_keeps_its_size_and_every_weight_is_reached(generator):
    model = vgg.vgg16(1 / 8, 5, generator=generator).eval()
    y = model(torch.randn(4, 3, 64, 64, generator=generator))
    assert 0.05 < y.std() < 20, "with PyTorch's own first weights it is below 0.001 of that"
    y.square().sum().backward()
    assert [name for name, p in model.named_parameters() if not p.grad.any()] == []


def test_the_generator_decides_the_weights():
    a, b, c = (vgg.vgg16(1 / 16, 3, generator=torch.Generator().manual_seed(s)).state_dict() for s in (1, 1, 2))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["features.0.weight"], c["features.0.weight"])


def weights_of_torchvision(**options):
    """As in torchvision's file, in whole, but every tensor is one number repeated: some kilobytes."""
    return {
        name: torch.full((1,) * t.ndim, i, dtype=t.dtype).expand(t.shape)
        for i, (name, t) in enumerate(whole(**options).state_dict().items())
    }


@pytest.mark.parametrize(("batch_norm", "tensors"), [(False, 2 * 16), (True, 2 * 16 + 5 * 13)])
def test_a_file_of_torchvision_loads(tmp_path, batch_norm, tensors):
    torch.save(weights_of_torchvision(batch_norm=batch_norm), tmp_path / "vgg16.pth")
    model = vgg.load_torchvision(tmp_path / "vgg16.pth")
    assert [t.flatten()[-1].item() for t in model.state_dict().values()] == list(range(tensors))
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in model.modules()) == batch_norm
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


def test_half_precision_is_widened(tmp_path):
    torch.save({n: t.half() for n, t in weights_of_torchvision().items()}, tmp_path / "half.pth")
    model = vgg.load_torchvision(tmp_path / "half.pth")
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_numbers_only_are_read(tmp_path):
    class Code:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"features.0.weight": Code()}, tmp_path / "code.pth")
    with pytest.raises(PretrainedError, match=r"code\.pth is damaged or holds more than numbers .*Try: the file that"):
        vgg.load_torchvision(tmp_path / "code.pth")
    assert not (tmp_path / "ran").exists()


def refused(tmp_path, content, match, **options):
    torch.save(content, tmp_path / "other.pth")
    with pytest.raises(PretrainedError, match=match):
        vgg.load_torchvision(tmp_path / "other.pth", **options)


def test_other_networks_are_refused_with_what_differs(tmp_path):
    tensors = weights_of_torchvision()
    refused(tmp_path, tensors, r"other\.pth holds another .*classifier\.6\.weight: expected \(10, 4096\), came \(1000, "
            r"4096\); classifier\.6\.bias: expected \(10,\), came \(1000,\)\. Try", classes=10)  # fmt: skip
    less = {name: t for name, t in tensors.items() if name != "features.28.bias"}
    refused(tmp_path, less, r"features\.28\.bias: expected \(512,\), came none\. Try")
    refused(tmp_path, tensors | {"extra": torch.zeros(3)}, r"extra: expected none, came \(3,\)\. Try")
    refused(tmp_path, {}, r"features\.0\.weight: expected \(64, 3, 3, 3\), came none; .*; and 29 more\. Try")


def test_files_that_hold_no_tensors_are_told(tmp_path):
    refused(tmp_path, {"state_dict": {}, "epoch": 3}, r"tensors by name .* came a mapping with 'state_dict', 'epoch'")
    refused(tmp_path, torch.zeros(3), r"expected tensors by name in other\.pth, came Tensor")
    with pytest.raises(PretrainedError, match=r"cannot read .*absent\.pth"):
        vgg.load_torchvision(tmp_path / "absent.pth")
    for damage in (b"", b"no weights", b"PK\x03\x04 cut"):
        (tmp_path / "bad.pth").write_bytes(damage)
        with pytest.raises(PretrainedError, match=r"bad\.pth is damaged"):
            vgg.load_torchvision(tmp_path / "bad.pth")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (np.zeros((2, 31, 64, 3), np.uint8), "at least 32 × 32 pixels, came 31 × 64. Try: enlarge"),
        (np.zeros((64, 64, 3), np.uint8), r"got uint8 \(64, 64, 3\); try images\[None\]"),
        (np.zeros((2, 64, 64, 3)), "got float64"),
        (np.zeros((0, 64, 64, 3), np.uint8), "at least one image"),
    ],
)
def test_images_of_another_form_are_told(narrow, wrong, said):
    with pytest.raises(ValueError, match=said):
        vgg.regions(narrow, wrong)


@pytest.mark.parametrize("options", [{"width": 0}, {"width": float("nan")}, {"classes": 0}])
def test_impossible_sizes_are_told(options):
    with pytest.raises(ValueError, match="expected width > 0 and classes >= 1, came"):
        vgg.vgg16(**options)
