"""The bundle for a room without internet: made of a tiny course, installed without an index, broken in every part."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections import namedtuple
from types import SimpleNamespace

import pytest
from notebook_tools import ROOT
from typer.testing import CliRunner

from mmcourse.cli import app
from mmcourse.workshops import bundle
from mmcourse.workshops.bundle import CannotBundle, Target

HERE = Target(bundle.this_python())
PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "mmcourse"
version = "0.0.1"
dependencies = ["tiny==1.0"]
[project.optional-dependencies]
test = []
classroom = ["grader>=2"]
[tool.setuptools]
packages = ["mmcourse", "mmcourse.data"]
[project.scripts]
mmcourse = "mmcourse:main"
"""
CACHE = "import os, pathlib\ndef folder():\n    return pathlib.Path(os.environ['MMCOURSE_CACHE'])\n"


def wheel(folder, name, version, files):
    """Write a wheel of pure Python, as pip reads it."""
    about = f"{name}-{version}.dist-info"
    metadata = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as made:
        for path, text in files.items():
            made.writestr(path, text)
        for path, text in metadata.items():
            made.writestr(f"{about}/{path}", text)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of a few files, with something in its cache and something that git would not take along."""
    folder = tmp_path / "course"
    texts = {
        "pyproject.toml": PROJECT,
        "constraints.txt": "tiny==1.0\n",
        "mmcourse/__init__.py": "def main():\n    print('READY')\n",
        "mmcourse/data/__init__.py": "",
        "mmcourse/data/cache.py": CACHE,
        "notebooks/01_one.ipynb": "released",
        ".venv/secret": "x",
        "workshops/slides/01_one.html": "slides",
    }
    for installer in (ROOT / bundle.INSTALLERS).glob("install.*"):
        texts[f"workshops/bundled/{installer.name}"] = installer.read_bytes().decode()
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "speech").mkdir(parents=True)
    (tmp_path / "cache" / "speech" / "a-1.npz").write_bytes(b"numbers")
    (tmp_path / "cache" / "rehearsal.json").write_text("{}")
    return folder


@pytest.fixture
def packages(monkeypatch):
    """In place of the package index: a download that succeeds, and remembers what it was asked for."""
    asked = []

    def download(command):
        asked.append(command)
        folder = bundle.Path(command[command.index("-d") + 1])
        wheel(folder, "tiny", "1.0", {"tiny.py": "x = 1\n"})
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(bundle.download, "__defaults__", (download,))
    return asked


def installer(folder):
    """The bundle's own install.py, as a module."""
    spec = importlib.util.spec_from_file_location("bundled_install", folder / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_bundle_holds_the_course_its_cache_and_the_sums_of_all(course, packages, tmp_path):
    folder = tmp_path / "bundle"
    size = bundle.make(course, folder, HERE, [], tell=lambda text: None)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert names == {
        *("bundle.json", "cache.zip", "course.zip", "install.bat", "install.py", "install.sh", "requirements.txt"),
        "wheels/tiny-1.0-py3-none-any.whl",
    }
    about = json.loads((folder / "bundle.json").read_text())
    assert set(about["sha256"]) == names - {"bundle.json"}
    assert size == sum((folder / name).stat().st_size for name in about["sha256"])
    with zipfile.ZipFile(folder / "course.zip") as archive:
        inside = set(archive.namelist())
    assert {"notebooks/01_one.ipynb", "constraints.txt", "workshops/slides/01_one.html"} < inside
    assert ".venv/secret" not in inside
    assert zipfile.ZipFile(folder / "cache.zip").namelist() == ["speech/a-1.npz"]
    assert (folder / "requirements.txt").read_text().split() == ["tiny==1.0", *bundle.BUILDING]


def test_git_decides_what_belongs_to_the_course(course):
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "-C", str(course)]
    (course / ".gitignore").write_text("*.log\n.venv/\n")
    (course / "mine.log").write_text("x")
    subprocess.run([*git, "init", "-q"], check=True)
    os.symlink("/etc/hostname", course / "link")
    names = {path.relative_to(course).as_posix() for path in bundle.course_files(course)}
    assert {"pyproject.toml", "notebooks/01_one.ipynb"} < names
    assert not {"mine.log", ".venv/secret", "link"} & names


def test_without_git_no_environment_of_any_name_is_taken_along(course, monkeypatch):
    monkeypatch.setattr(bundle.subprocess, "run", lambda *_, **__: (_ for _ in ()).throw(OSError))
    (course / ".venv-people" / "lib").mkdir(parents=True)
    (course / ".venv-people" / "pyvenv.cfg").touch()
    (course / ".venv-people" / "lib" / "large").touch()
    names = {path.relative_to(course).parts[0] for path in bundle.course_files(course)}
    assert {"pyproject.toml", "notebooks"} < names
    assert ".venv-people" not in names


def test_another_room_is_resolved_by_uv_and_fetched_by_pip(course, tmp_path, monkeypatch):
    asked = []

    def run(command, **options):
        asked.append(" ".join(map(str, command)))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(bundle.download, "__defaults__", (run,))
    monkeypatch.setattr(bundle.importlib.util, "find_spec", lambda name: object())
    bundle.make(course, tmp_path / "bundle", Target("3.12", "windows"), ["classroom"], tell=lambda text: None)
    assert "grader>=2" in (tmp_path / "bundle" / "requirements.txt").read_text().split()
    resolve, fetch = asked
    assert " uv pip compile " in resolve
    assert "--python-version 3.12 --python-platform x86_64-pc-windows-msvc" in resolve
    assert " --python-version 3.12 --platform=win_amd64 --no-deps -r " in fetch
    assert HERE.options() == []


def test_pins_that_differ_between_patch_releases_are_both_fetched(tmp_path):
    pins = "a==1 ; python_full_version < '3.11.5'\na==2 ; python_full_version >= '3.11.5'\nb==1\n"
    (tmp_path / "constraints.txt").write_text(pins + "c==1 ; python_full_version < '3.11.5'\n")
    wheel(tmp_path / "wheels", "a", "2", {})
    wheel(tmp_path / "wheels", "b", "1", {})
    found = bundle.other_pins(tmp_path / "constraints.txt", "3.11", tmp_path / "wheels")
    assert found == ["a==1", "a==2"], "c is not needed, b has one pin"
    assert bundle.other_pins(tmp_path / "constraints.txt", "3.12", tmp_path / "wheels") == []


def test_another_room_without_uv(course, packages, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotBundle, match="pip install uv"):
        bundle.make(course, tmp_path / "bundle", Target("3.12", "windows"), [], tell=lambda text: None)
    assert not (tmp_path / "bundle" / "bundle.json").exists()


@pytest.mark.parametrize(
    ("target", "said"), [(Target("3.12", "amiga"), "windows, macos"), (Target("3.9"), "3.11, 3.1")]
)
def test_a_room_that_nobody_has(target, said):
    with pytest.raises(CannotBundle, match=said):
        bundle.check_target(target)


def test_an_unknown_extra(course, tmp_path):
    with pytest.raises(CannotBundle, match="expected extras among classroom, test; got clasroom"):
        bundle.make(course, tmp_path / "bundle", HERE, ["clasroom"])
    assert not (tmp_path / "bundle").exists()


def test_a_bundle_inside_the_course(course):
    with pytest.raises(CannotBundle, match="name a folder outside it"):
        bundle.make(course, course / "bundle", HERE, [])


def test_a_full_disk_is_told_before_anything_is_fetched(course, packages, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(bundle.shutil, "disk_usage", lambda path: usage(1e12, 0, 1.5e9))
    with pytest.raises(CannotBundle, match=r"has 1.5 GB free, and a bundle needs 2"):
        bundle.make(course, tmp_path / "bundle", HERE, [])
    assert packages == []


def test_a_download_that_fails_leaves_no_whole_bundle_and_a_second_try_works(course, packages, tmp_path, monkeypatch):
    folder, works = tmp_path / "bundle", bundle.download.__defaults__
    bundle.make(course, folder, HERE, [], tell=lambda text: None)
    monkeypatch.setattr(bundle.download, "__defaults__", (lambda command: SimpleNamespace(returncode=1),))
    with pytest.raises(CannotBundle, match="run the same command again"):
        bundle.make(course, folder, HERE, [], tell=lambda text: None)
    assert not (folder / "bundle.json").exists()
    install = installer(folder)
    with pytest.raises(install.Problem, match="unfinished"):
        install.about_bundle()
    monkeypatch.setattr(bundle.download, "__defaults__", works)
    bundle.make(course, folder, HERE, [], tell=lambda text: None)
    assert (folder / "bundle.json").exists()


@pytest.fixture
def made(course, packages, tmp_path):
    folder = tmp_path / "bundle"
    bundle.make(course, folder, HERE, [], tell=lambda text: None)
    return folder, installer(folder), tmp_path / "room"


def test_another_python_is_refused(made):
    _, install, _ = made
    with pytest.raises(install.Problem, match=r"made for Python 3.9, and this is Python 3.1"):
        install.check_python("3.9")


@pytest.mark.parametrize(("harm", "said"), [("cut", "course.zip is damaged"), ("gone", "course.zip is missing")])
def test_a_bundle_that_was_copied_in_part(made, harm, said):
    folder, install, room = made
    if harm == "cut":
        (folder / "course.zip").write_bytes((folder / "course.zip").read_bytes()[:-1])
    else:
        (folder / "course.zip").unlink()
    with pytest.raises(install.Problem, match=said):
        install.install(room)
    assert not room.exists()


def test_a_name_that_leaves_the_folder_is_refused(made, tmp_path):
    _, install, room = made
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        bad.writestr("../outside.txt", "x")
    with pytest.raises(install.Problem, match="would leave"):
        install.unpack(tmp_path / "bad.zip", room)
    assert not (tmp_path / "outside.txt").exists()


def test_a_room_with_too_little_disk(made, monkeypatch):
    _, install, room = made
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(install.shutil, "disk_usage", lambda path: usage(1e12, 0, 1e9))
    with pytest.raises(install.Problem, match=r"needs 4 GB .* 1.0 are free"):
        install.install(room)


def test_unpacking_again_leaves_a_learners_notebooks_and_mends_the_rest(made):
    folder, install, room = made
    install.unpack(folder / "course.zip", room, keep=("notebooks",))
    (room / "notebooks" / "01_one.ipynb").write_text("mine")
    (room / "constraints.txt").write_text("broken")
    install.unpack(folder / "course.zip", room, keep=("notebooks",))
    assert (room / "notebooks" / "01_one.ipynb").read_text() == "mine"
    assert (room / "constraints.txt").read_text() == "tiny==1.0\n"


@pytest.mark.slow
def test_the_room_installs_without_an_index_and_again_after_a_cut(made, course, tmp_path):
    """The whole of install.py in a Python of its own, whose pip is told of an index that does not exist."""
    folder, _, room = made
    pip = [sys.executable, "-m", "pip", "download", "-q", "-d", str(folder / "wheels")]
    fetched = subprocess.run([*pip, "pip", "setuptools", "wheel"], capture_output=True, text=True)
    if fetched.returncode:
        pytest.skip("pip, setuptools and wheel could not be fetched for the tiny bundle: no package index")
    bundle.seal(folder, HERE)
    environment = os.environ | {"PIP_INDEX_URL": "http://127.0.0.1:9/", "MMCOURSE_CACHE": str(tmp_path / "theirs")}

    def run():
        command = [sys.executable, str(folder / "install.py"), str(room)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "READY" in done.stdout
    assert (tmp_path / "theirs" / "speech" / "a-1.npz").read_bytes() == b"numbers"
    (room / ".mmcourse-unfinished").touch()  # as if it had been cut off while pip worked
    (room / ".venv" / "left-behind").touch()
    (folder / "wheels" / "tiny-1.0-py3-none-any.whl").unlink()
    bundle.seal(folder, HERE)
    again = run()
    assert again.returncode == 1
    assert "pip could not install from the bundle" in again.stderr
    assert not (room / ".venv" / "left-behind").exists(), "the environment was made anew"


def test_the_command_says_what_it_would_gather_and_what_is_wrong(tmp_path):
    result = CliRunner().invoke(app, ["bundle", str(tmp_path / "b"), "--dry-run"])
    assert result.exit_code == 0
    assert "torch==2.13.0" in result.output
    assert f"for Python {bundle.this_python()} on a system like this" in result.output
    assert not (tmp_path / "b").exists()
    result = CliRunner().invoke(app, ["bundle", str(tmp_path / "b"), "--extra", "no-such-extra", "--dry-run"])
    assert result.exit_code == 1
    assert "got no-such-extra" in result.output
