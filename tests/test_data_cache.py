"""The cache can only help: whatever is wrong with it, the content is right, and the reader is told once."""

import errno
import io
import json
import os
import subprocess
import sys
import time
import warnings
import zipfile

import numpy as np
import pytest

from mmcourse.data import cache, scenes, stickers

CONTENT = {"a": np.arange(7, dtype=np.int16).reshape(7, 1), "b": np.array([1.5, -2.0])}, {"words": ["猫", 3]}


class Maker:
    """Makes CONTENT and counts how often."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return CONTENT


def check(arrays, notes):
    if arrays["a"].shape != (7, 1) or arrays["a"].dtype != np.int16 or arrays["b"].shape != (2,):
        raise ValueError("other shapes")
    if len(notes["words"]) != 2:
        raise ValueError("other notes")


def assert_right(content):
    arrays, notes = content
    assert set(arrays) == {"a", "b"}
    for name, array in CONTENT[0].items():
        np.testing.assert_array_equal(arrays[name], array, strict=True)
    assert notes == CONTENT[1]


def ask(make=None):
    return cache.cached("thing", "0123", make or Maker(), check)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def file(folder):
    ask()
    return folder / "thing-0123.npz"


def test_what_is_cached_is_not_made_again(file):
    make = Maker()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_right(ask(make))
    assert make.calls == 0
    assert [f.name for f in file.parent.iterdir()] == ["thing-0123.npz"]


def test_numpy_can_read_the_file_itself(file):
    np.testing.assert_array_equal(np.load(file)["b"], CONTENT[0]["b"])


def test_a_file_cut_short_anywhere_is_noticed_and_made_again(file):
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        make = Maker()
        with pytest.warns(UserWarning, match=r"thing-0123\.npz is damaged .* made again"):
            assert_right(ask(make))
        assert make.calls == 1
        assert file.read_bytes()[:4] == whole[:4]
        check(*cache._unpack(file.read_bytes()))


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_a_changed_byte_anywhere_never_changes_the_content(file, mask):
    whole = file.read_bytes()
    remade = 0
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
        make = Maker()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert_right(ask(make))
        assert len(caught) == make.calls
        remade += make.calls
    assert remade > len(whole) / 2  # the rest are dates and other things that the content does not depend on


def test_content_that_does_not_fit_is_made_again(file):
    file.write_bytes(cache._pack({"a": np.zeros((6, 1), np.int16), "b": np.zeros(2)}, CONTENT[1], True))
    with pytest.warns(UserWarning, match=r"damaged \(other shapes\)"):
        assert_right(ask())


def test_an_array_with_something_behind_it_is_made_again(file):
    arrays, notes = CONTENT
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("notes.json", json.dumps(notes))
        for name, array in arrays.items():
            npy = io.BytesIO()
            np.save(npy, array)
            archive.writestr(f"{name}.npy", npy.getvalue() + b"\0")
    with pytest.warns(UserWarning, match="longer than its array"):
        assert_right(ask())


def test_nothing_that_could_run_code_is_read(file):
    objects = np.array([{"a": 1}], dtype=object)
    np.savez(file, a=objects, b=objects)
    with pytest.warns(UserWarning, match="damaged"):
        assert_right(ask())


def unwritable(tmp_path, case):
    if case == "a file stands in its place":
        (tmp_path / "cache").write_text("not a folder")
        return tmp_path / "cache" / "deeper"
    (tmp_path / "cache").mkdir(mode=0o500)
    if os.access(tmp_path / "cache", os.W_OK):
        pytest.skip("this user may write everywhere")
    return tmp_path / "cache"


@pytest.mark.parametrize("case", ["a file stands in its place", "read-only"])
def test_an_unwritable_folder_costs_a_warning_only(tmp_path, monkeypatch, case):
    monkeypatch.setenv("MMCOURSE_CACHE", str(unwritable(tmp_path, case)))
    with pytest.warns(UserWarning, match=r"cannot keep a copy in the cache folder .* Try: .*MMCOURSE_CACHE") as caught:
        assert_right(ask())
    assert len(caught) == 1


def full_disk_on_write(self, data):
    with open(self, "wb") as half:
        half.write(data[: len(data) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_disk_on_replace(source, target):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("where", "name", "fault"),
    [(cache.Path, "write_bytes", full_disk_on_write), (cache.os, "replace", full_disk_on_replace)],
)
def test_a_full_disk_costs_a_warning_and_leaves_nothing_behind(folder, monkeypatch, where, name, fault):
    with monkeypatch.context() as full:
        full.setattr(where, name, fault)
        with pytest.warns(UserWarning, match="No space left") as caught:
            assert_right(ask())
    assert len(caught) == 1
    assert list(folder.iterdir()) == []


def test_scenes_survive_a_full_disk_and_point_at_the_caller(folder, monkeypatch):
    monkeypatch.setattr(cache.Path, "write_bytes", full_disk_on_write)
    with pytest.warns(UserWarning, match="No space left") as caught:
        assert len(scenes.load("test", 3)) == 3
    assert [w.filename for w in caught] == [__file__]


def test_temporary_files_of_stopped_writers_go_and_those_at_work_stay(folder):
    folder.mkdir()
    left, at_work = folder / "thing-0123.left.tmp", folder / "thing-0123.work.tmp"
    for file in (left, at_work):
        file.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 86400
    os.utime(left, (two_days_ago, two_days_ago))
    assert_right(ask())
    assert sorted(f.name for f in folder.iterdir()) == ["thing-0123.npz", "thing-0123.work.tmp"]


@pytest.mark.parametrize("name", ["thing", "in/folders/thing"])
def test_another_version_is_made_anew_and_the_old_one_goes(folder, name):
    make = Maker()
    assert_right(cache.cached(f"{name}s", "0123", make, check))  # a neighbour, to be left alone
    for stamp in ("0123", "4567"):
        assert_right(cache.cached(name, stamp, make, check))
    assert make.calls == 3
    assert sorted(f.name for f in (folder / name).parent.iterdir()) == ["thing-4567.npz", "things-0123.npz"]


def test_a_writer_overtaken_by_another_does_no_harm(folder, monkeypatch):
    replace = os.replace

    def overtaken(source, target):
        monkeypatch.setattr(cache.os, "replace", replace)
        assert_right(ask())  # another writer, from beginning to end
        replace(source, target)

    monkeypatch.setattr(cache.os, "replace", overtaken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_right(ask())
        assert_right(ask())
    assert [f.name for f in folder.iterdir()] == ["thing-0123.npz"]


def test_two_processes_at_once_do_no_harm(folder):
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from mmcourse.data import scenes\n"
        "import hashlib; print(hashlib.sha256(scenes.load('test', 40).images.tobytes()).hexdigest())"
    )
    racers = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(4)]
    printed = {racer.communicate()[0] for racer in racers}
    assert [racer.returncode for racer in racers] == [0] * 4
    assert len(printed) == 1
    assert [f.suffix for f in folder.iterdir()] == [".npz"]
    cache._unpack(next(folder.iterdir()).read_bytes())


def test_a_flipped_byte_in_real_scenes_is_repaired(folder):
    before = scenes.load("test", 5)
    file = next(folder.iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x10
    file.write_bytes(data)
    with pytest.warns(UserWarning, match="made again"):
        after = scenes.load("test", 5)
    np.testing.assert_array_equal(after.images, before.images)
    assert after.records == before.records


@pytest.mark.parametrize("change", ["art", "renderer", "source"])
def test_a_changed_input_of_the_scenes_changes_the_stamp(monkeypatch, tmp_path, change):
    before = scenes._stamp()
    if change == "art":
        monkeypatch.setattr(stickers, "ART_SHA256", "another")
    elif change == "renderer":
        monkeypatch.setattr(stickers, "renderer", lambda: ("resvg-py 9.9",))
    else:
        here = scenes.importlib.resources.files("mmcourse.data")
        for name in scenes._SOURCES:
            (tmp_path / name).write_bytes((here / name).read_bytes())
        monkeypatch.setattr(scenes.importlib.resources, "files", lambda package: tmp_path)
        assert scenes._stamp() == before
        (tmp_path / "concepts.py").write_bytes((here / "concepts.py").read_bytes() + b"\n")
    assert scenes._stamp() != before


def test_the_stamp_covers_every_module_that_makes_scenes():
    code = "import sys, mmcourse.data.scenes; print(*(m for m in sys.modules if m.startswith('mmcourse.data.')))"
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    carriers = {"cache.py", "archives.py", "download.py"}  # they bring files that are checked, and draw nothing
    assert {m.removeprefix("mmcourse.data.") + ".py" for m in imported} - carriers == set(scenes._SOURCES)


def test_fingerprints_keep_parts_apart():
    prints = {cache.fingerprint(*parts) for parts in (("ab", "c"), ("a", "bc"), ("c", "ab"), ("abc",), ("ab", "c", ""))}
    assert len(prints) == 5
    assert cache.fingerprint("猫") == cache.fingerprint("猫".encode())


def test_the_folder_is_the_users_choice_or_the_systems(monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", "~/elsewhere")
    assert cache.folder() == cache.Path.home() / "elsewhere"
    monkeypatch.setenv("MMCOURSE_CACHE", "")
    assert cache.folder().is_absolute()
    assert "mmcourse" in cache.folder().parts
