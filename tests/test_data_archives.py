"""Real data sets: tiny archives of the same layout, fetched from a server on this machine, faults included."""

import gzip
import hashlib
import http.server
import io
import json
import struct
import tarfile
import threading
import wave
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmcourse.data import archives, coco, fsdd, mnist
from mmcourse.data.archives import ArchiveError, Source
from mmcourse.data.download import DownloadError

TRUE_RECORDINGS = Path(__file__).parents[2] / "shared" / "data"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def home(tmp_path):
    """A folder that a server on this machine serves, with its address."""
    folder = tmp_path / "home"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def publish(home, name, content):
    """Put a file on the server; returns its Source."""
    folder, url = home
    (folder / name).write_bytes(content)
    return Source(f"{url}/{name}", hashlib.sha256(content).hexdigest(), name)


# Spoken digits: four recordings with the samples 100 k + 0, 1, 2, …, of which takes 0 and 4 are for testing.
TAKES = {(3, "ann", 0): 5, (3, "ann", 11): 7, (0, "bob", 4): 3, (3, "ann", 5): 2}


def samples(key):
    return 100 * list(TAKES).index(key) + np.arange(TAKES[key], dtype="<i2")


def recording(key):
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, fsdd.RATE, 0, "NONE", ""))
        file.writeframes(samples(key).tobytes())
    return buffer.getvalue()


def name_of(key):
    return "{}_{}_{}.wav".format(*key)


def tar(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def tiny_recordings():
    files = {f"fsdd-26eb/recordings/{name_of(key)}": recording(key) for key in TAKES}
    return {"fsdd-26eb/README.md": b"six people", **files, "fsdd-26eb/utils/3_ann_1.wav": b"not a recording"}


@pytest.fixture
def spoken(home, monkeypatch):
    source = publish(home, "fsdd.tar.gz", tar(tiny_recordings()))
    monkeypatch.setattr(fsdd, "SOURCE", source._replace(sha256=None))
    monkeypatch.setattr(fsdd, "MANIFEST", fsdd.manifest({name_of(key): recording(key) for key in TAKES}))
    return home[0] / "fsdd.tar.gz"


def test_spoken_digits_come_in_order_and_in_their_split(spoken, cache_folder):
    train, test = fsdd.load("train"), fsdd.load("test")
    assert [(int(d), w, int(t)) for d, w, t in zip(test.digits, test.speakers, test.takes, strict=True)] == [
        (0, "bob", 4),
        (3, "ann", 0),
    ]
    assert train.takes.tolist() == [5, 11]
    for i, key in enumerate(((3, "ann", 5), (3, "ann", 11))):
        sound, digit = train[i]
        assert digit == 3
        np.testing.assert_array_equal(sound * 32768, samples(key))
        assert sound.dtype == np.float32
    assert len(train) == len(test) == 2
    assert (cache_folder / "fsdd.tar.gz").exists()


def test_the_manifest_knows_every_name_and_byte_and_no_order():
    files = {"a.wav": b"1", "b.wav": b"2"}
    same = fsdd.manifest(dict(reversed(files.items())))
    others = [{"a.wav": b"1"}, {"a.wav": b"1", "c.wav": b"2"}, {"a.wav": b"2", "b.wav": b"1"}]
    assert fsdd.manifest(files) == same
    assert same not in [fsdd.manifest(other) for other in others]
    by_hand = f"{hashlib.sha256(b'1').hexdigest()}  a.wav\n{hashlib.sha256(b'2').hexdigest()}  b.wav\n"
    assert same == hashlib.sha256(by_hand.encode()).hexdigest()


def test_an_archive_packed_anew_is_as_good(spoken):
    spoken.write_bytes(tar(dict(reversed(tiny_recordings().items()))))
    assert len(fsdd.load("test")) == 2


@pytest.mark.parametrize("change", ["one sample", "one missing", "one more", "none left"])
def test_other_recordings_are_refused_and_not_kept(spoken, cache_folder, change):
    files, first = tiny_recordings(), f"fsdd-26eb/recordings/{name_of((3, 'ann', 0))}"
    if change == "one sample":
        files[first] = files[first][:-1] + b"\x01"
    elif change == "one missing":
        del files[first]
    elif change == "one more":
        files["fsdd-26eb/recordings/9_eve_0.wav"] = files[first]
    else:
        files = {}
    spoken.write_bytes(tar(files))
    with pytest.raises(DownloadError, match=r"not the right one: .* does not hold the pinned recordings: expected the"):
        fsdd.load("test")
    assert not list(cache_folder.glob("fsdd.tar.gz*[!k]"))  # nothing but the lock


@pytest.mark.parametrize("damage", ["cut short", "a byte changed"])
def test_damage_anywhere_is_one_clear_error_or_harmless(spoken, damage):
    whole = spoken.read_bytes()
    before = fsdd.load("test", folder=spoken.parent)
    refused = 0
    for place in range(0, len(whole), 3):
        rest = b"" if damage == "cut short" else bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        spoken.write_bytes(whole[:place] + rest)
        try:
            after = fsdd.load("test", folder=spoken.parent)
        except ArchiveError:
            refused += 1
        else:  # dates, and the zeros that fill up the end
            assert all(map(np.array_equal, after.waves, before.waves))
    assert refused > len(whole) / 3 * 0.7


@pytest.mark.parametrize("name", ["../../outside/recordings/1_eve_0.wav", "/outside/recordings/1_eve_0.wav"])
def test_nothing_is_ever_written_where_an_archive_points(spoken, tmp_path, name):
    files = tiny_recordings() | {name: recording((3, "ann", 0))}
    link = tarfile.TarInfo("fsdd-26eb/recordings/2_eve_0.wav")
    link.type, link.linkname = tarfile.SYMTYPE, "../../../secret"
    buffer = io.BytesIO(gzip.decompress(tar(files)))
    with tarfile.open(fileobj=buffer, mode="a") as archive:
        archive.addfile(link)
    spoken.write_bytes(gzip.compress(buffer.getvalue()))
    before = {file for file in tmp_path.rglob("*") if "cache" not in file.parts}
    assert len(fsdd.load("test")) == 2  # neither the link nor the path outside counts as a recording
    assert {file for file in tmp_path.rglob("*") if "cache" not in file.parts} == before
    assert sorted(f.name for f in (tmp_path / "cache").iterdir()) == ["fsdd.tar.gz", "fsdd.tar.gz.lock"]
    assert not Path("/outside").exists()


def test_a_member_of_enormous_size_is_refused(spoken, monkeypatch):
    monkeypatch.setattr(fsdd, "_MOST_BYTES", 50)
    with pytest.raises(ArchiveError, match=r"expected .* to have at most 50 bytes"):
        fsdd.load("test", folder=spoken.parent)


@pytest.mark.skipif(
    not (TRUE_RECORDINGS / fsdd.SOURCE.name).exists(),
    reason=f"the true recordings are not beside the repository, as ../shared/data/{fsdd.SOURCE.name}",
)
def test_the_true_recordings_have_the_pinned_content():
    train, test = (fsdd.load(split, folder=TRUE_RECORDINGS) for split in ("train", "test"))
    assert (len(train), len(test)) == (2700, 300)
    for data, takes in ((train, 45), (test, 5)):
        assert np.bincount(data.digits).tolist() == [6 * takes] * 10
        assert all(data.speakers.count(who) == 10 * takes for who in set(data.speakers))
        assert len(set(data.speakers)) == 6
    assert set(test.takes) == set(range(5))
    for sound in test.waves:
        assert sound.dtype == np.float32
        assert 0.1 < len(sound) / fsdd.RATE < 3
        assert 0 < np.abs(sound).max() <= 1


# MNIST: files of the idx format with three training and two test digits.
def idx(array, code=8):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


WRITTEN = {
    "train": (np.arange(3 * 28 * 28).reshape(3, 28, 28).astype(np.uint8), np.array([7, 0, 2], np.uint8)),
    "t10k": (np.arange(2 * 28 * 28)[::-1].reshape(2, 28, 28).astype(np.uint8), np.array([9, 4], np.uint8)),
}


@pytest.fixture
def written(home, monkeypatch):
    for part, (images, digits) in WRITTEN.items():
        for kind, array in (("images-idx3", images), ("labels-idx1", digits)):
            name = f"{part}-{kind}-ubyte.gz"
            monkeypatch.setitem(mnist.SOURCES, name, publish(home, name, gzip.compress(idx(array))))
    return home


@pytest.mark.parametrize(("split", "part"), [("train", "train"), ("test", "t10k")])
def test_written_digits_come_as_they_were(written, split, part):
    data = mnist.load(split)
    images, digits = WRITTEN[part]
    np.testing.assert_array_equal(data.images, images, strict=True)
    np.testing.assert_array_equal(data.digits, digits.astype(np.int64), strict=True)
    assert len(data) == len(digits)
    assert data[1][1] == digits[1]
    np.testing.assert_array_equal(data[1][0], images[1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>log in first</html>", r"t10k-images-idx3-ubyte\.gz is damaged or is another one"),
        (gzip.compress(idx(WRITTEN["t10k"][0]))[:-20], "is damaged or is another one"),
        (gzip.compress(idx(WRITTEN["t10k"][0])[:-1]), r"is damaged: expected \(2, 28, 28\) values, came 1,567"),
        (gzip.compress(idx(WRITTEN["t10k"][1])), "expected an idx file of uint8 with 3 dimensions"),
        (gzip.compress(idx(WRITTEN["t10k"][0], code=13)), "expected an idx file of uint8 with 3 dimensions"),
        (gzip.compress(b"\0\0\x08\x03"), "expected an idx file of uint8 with 3 dimensions"),
        (gzip.compress(idx(WRITTEN["train"][0])), "expected as many labels as images .*: 2, 3"),
    ],
    ids=["a page", "cut off", "one value short", "labels", "another type", "a bare head", "one image more"],
)
def test_a_wrong_file_of_written_digits_is_told(written, monkeypatch, content, said):
    name = "t10k-images-idx3-ubyte.gz"
    monkeypatch.setitem(mnist.SOURCES, name, publish(written, name, content))
    with pytest.raises(ArchiveError, match=said):
        mnist.load("test")


def test_the_pinned_files_are_named_by_the_splits():
    assert all(len(source.sha256) == 64 and source.url.endswith(name) for name, source in mnist.SOURCES.items())
    assert {name.split("-")[0] for name in mnist.SOURCES} == set(mnist.SPLITS.values())


# COCO: two photographs, one of them grey, listed out of order.
NOTES = {
    "licenses": [{"id": 4, "name": "Attribution License", "url": "http://by.example/"}],
    "images": [
        {"id": 30, "file_name": "000030.jpg", "height": 6, "width": 11, "license": 4},
        {"id": 2, "file_name": "000002.jpg", "height": 5, "width": 7, "license": 4},
    ],
    "annotations": [
        {"id": 9, "image_id": 2, "caption": "A second  one.\n"},
        {"id": 8, "image_id": 2, "caption": "A red wall."},
        {"id": 7, "image_id": 30, "caption": "Fog"},
    ],
}


def jpeg(mode, size, colour):
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def packed(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


PICTURES = {"val2017/000002.jpg": jpeg("RGB", (7, 5), (200, 10, 10)), "val2017/000030.jpg": jpeg("L", (11, 6), 128)}


@pytest.fixture
def photos(home, monkeypatch):
    def publish_photos(notes=NOTES, pictures=PICTURES):
        notes = notes if isinstance(notes, bytes) else json.dumps(notes).encode()
        captions = packed({"annotations/captions_val2017.json": notes})
        monkeypatch.setattr(coco, "CAPTIONS", publish(home, "annotations.zip", captions))
        monkeypatch.setattr(coco, "PHOTOS", publish(home, "val2017.zip", packed(pictures)))

    publish_photos()
    return publish_photos


def test_photographs_come_with_their_captions_in_the_order_of_ids(photos):
    data = coco.load("val")
    assert [record.id for record in data.records] == [2, 30]
    image, record = data[0]
    assert record.captions == ("A red wall.", "A second one.")
    assert (record.licence, record.licence_url) == ("Attribution License", "http://by.example/")
    assert image.shape == (record.height, record.width, 3) == (5, 7, 3)
    np.testing.assert_allclose(image.reshape(-1, 3).mean(0), (200, 10, 10), atol=4)
    grey, _ = data[1]
    np.testing.assert_array_equal(grey, np.full((6, 11, 3), 128, np.uint8))
    assert len(list(data)) == len(data) == 2


@pytest.mark.parametrize("notes", [b"{", b"[]", {"images": []}, NOTES | {"licenses": []}])
def test_captions_of_another_form_are_told(photos, notes):
    photos(notes=notes)
    with pytest.raises(ArchiveError, match="is another archive: expected COCO's captions as JSON"):
        coco.load("val")


def test_a_photograph_that_is_missing_or_none_is_told(photos):
    photos(pictures={"val2017/000002.jpg": b"no picture"})
    data = coco.load("val")
    with pytest.raises(ArchiveError, match=r"000002\.jpg in .* is no picture"):
        data[0]
    with pytest.raises(ArchiveError, match=r"val2017\.zip is damaged or is another one .*000030\.jpg"):
        data[1]


# All three.
LOADERS = [(fsdd, "train', 'test"), (mnist, "train', 'test"), (coco, "val")]


@pytest.mark.parametrize(("loader", "splits"), LOADERS)
def test_an_unknown_split_is_told_before_anything_is_fetched(loader, splits, cache_folder):
    with pytest.raises(ValueError, match=f"expected one of the splits .*'{splits}'.* got 'dev'"):
        loader.load("dev")
    assert not cache_folder.exists()


@pytest.mark.parametrize(("loader", "split"), [(fsdd, "test"), (mnist, "test"), (coco, "val")])
def test_a_folder_without_the_files_is_told(loader, split, tmp_path, cache_folder):
    with pytest.raises(FileNotFoundError, match=r"expected the file .* it is not there\. Try: .* fetched from http"):
        loader.load(split, folder=tmp_path)
    assert not cache_folder.exists()


def test_a_folder_with_the_files_needs_no_network(spoken, written, photos, home, monkeypatch, cache_folder):
    monkeypatch.setattr(archives, "fetch", None)
    assert len(fsdd.load("test", home[0])) == 2
    assert len(mnist.load("test", str(home[0]))) == 2
    assert len(coco.load("val", home[0])) == 2
    assert not cache_folder.exists()


def test_a_file_in_a_folder_is_checked_as_a_fetched_one_is(written):
    file = written[0] / "t10k-labels-idx1-ubyte.gz"
    file.write_bytes(gzip.compress(idx(np.array([1, 4], np.uint8))))
    with pytest.raises(ArchiveError, match=r"is not the file that was expected: sha256 .*…, came .*…\. Try: fetch"):
        mnist.load("test", written[0])


def test_the_loaders_need_neither_torch_nor_figures(run_python):
    run_python(
        "import sys; from mmcourse.data import fsdd, mnist, coco; assert not {'torch', 'matplotlib'} & set(sys.modules)"
    )
