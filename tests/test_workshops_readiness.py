"""`mmcourse doctor --class`: each thing is broken in turn, and the line for the teacher must say so."""

import json
import socket
from collections import namedtuple
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from mmcourse import doctor
from mmcourse.classroom import sandbox
from mmcourse.cli import app
from mmcourse.doctor import Check
from mmcourse.workshops import readiness, rehearsal

KERNEL = "#   kernelspec:\n#     display_name: Python 3\n#     language: python\n#     name: python3\n"
HEADER = f"# ---\n# jupyter:\n{KERNEL}# ---\n\n"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two small chapters, with an empty cache."""
    folder = tmp_path / "course"
    chapter(folder, "01_one", "import math\nmath.pi")
    chapter(folder, "02_two", "from pathlib import Path\nPath('ran').write_text('yes')")
    offline = readiness.course_folder() / "tests" / "offline" / "sitecustomize.py"
    (folder / "tests" / "offline").mkdir(parents=True)
    (folder / "tests" / "offline" / "sitecustomize.py").write_text(offline.read_text())
    (folder / "workshops").mkdir()
    told = {"01_one": {"memory_mb": 400, "cached_mb": 1000.0}, "02_two": {"memory_mb": 1200, "cached_mb": 500.0}}
    (folder / "workshops" / "timings.json").write_text(json.dumps({"chapters": told}))
    monkeypatch.setattr(readiness, "course_folder", lambda: folder)
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))
    return folder


def chapter(folder, name, code):
    path = folder / "notebooks" / "src" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}# %% [markdown]\n# # {name}\n\n# %%\n{code}\n")


def report(name):
    return readiness.checks(teacher=True)[name](name)


def test_a_class_asks_for_all_that_a_learner_needs_and_a_teacher_for_more():
    assert list(readiness.checks())[: len(doctor.CHECKS)] == list(doctor.CHECKS)
    assert set(readiness.checks(teacher=True)) - set(readiness.checks()) == set(readiness.FOR_TEACHERS)


def test_imports_are_the_statements_at_the_top_of_cells():
    text = HEADER + "# %% [markdown]\n# import nothing\n\n# %%\nimport a.b as c\nx = 1\n\n# %%\nfrom d import e\n"
    assert readiness.imports(text) == "import a.b as c\nfrom d import e"


def test_imports_that_work(course):
    check = report("Chapters' imports")
    assert (check.state, check.found) == ("ok", "of all 2 chapters work, offline")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_package", "02_two (ModuleNotFoundError: No module named 'no_such_package')"),
        ("from math import no_such_name", "02_two (ImportError: cannot import name 'no_such_name'"),
    ],
)
def test_a_chapter_that_imports_what_is_missing(course, code, said):
    chapter(course, "02_two", code)
    check = report("Chapters' imports")
    assert check.state == "problem"
    assert said in check.found
    assert "01_one" not in check.found
    assert "make setup" in check.advice


def test_an_import_that_wants_the_network(course, tmp_path):
    (course / "notebooks" / "leaves.py").write_text("import socket\nsocket.create_connection(('192.0.2.1', 9), 5)\n")
    chapter(course, "02_two", "import leaves")
    check = report("Chapters' imports")
    assert check.state == "problem"
    assert "02_two (OfflineError" in check.found


def test_an_import_that_ends_python(course):
    (course / "notebooks" / "ends.py").write_text("import os\nos._exit(3)\n")
    chapter(course, "02_two", "import ends")
    check = report("Chapters' imports")
    assert (check.state, check.found) == ("problem", "end the Python that tries them (it said nothing)")


@pytest.mark.parametrize(("free", "state"), [(1.0e9, "problem"), (1.5e9, "note"), (4e9, "ok")])
def test_memory_for_the_largest_chapter(course, monkeypatch, free, state):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free, total=8e9))
    check = report("Largest chapter")
    assert check.state == state
    assert "02_two takes 1.2 GB" in check.found
    assert bool(check.advice) == (state != "ok")


@pytest.mark.parametrize(("free", "state"), [(1.4e9, "problem"), (1.6e9, "ok")])
def test_room_for_what_chapters_cache(course, monkeypatch, free, state):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda path: usage(1e12, 0, free))
    check = report("Room for the cache")
    assert check.state == state
    assert "keep 1.5 GB" in check.found
    assert ("MMCOURSE_CACHE" in check.advice) == (state == "problem")


def test_a_rehearsal_runs_each_chapter_once_and_is_remembered(course):
    assert report("Rehearsal").found == "0 of 2 chapters ran here"
    outcomes = list(rehearsal.rehearse(course, ["01_one"]))
    assert [(o.chapter, o.error) for o in outcomes] == [("01_one", "")]
    check = report("Rehearsal")
    assert (check.state, check.found) == ("note", "1 of 2 chapters ran here; not 02")
    assert "--warm" in check.advice
    outcomes = list(rehearsal.rehearse(course, rehearsal.chapters(course)))
    assert [o.chapter for o in outcomes] == ["02_two"], "the first is not run again"
    assert (course / "notebooks" / "ran").read_text() == "yes"
    assert report("Rehearsal").state == "ok"


def test_a_chapter_that_fails_is_told_and_not_counted(course):
    chapter(course, "01_one", "1 / 0")
    (outcome,) = rehearsal.rehearse(course, ["01_one"])
    assert outcome.error == "ZeroDivisionError: division by zero"
    assert rehearsal.rehearsed() == {}


def test_a_chapter_that_wants_the_network_fails_its_rehearsal(course):
    chapter(course, "01_one", "import socket\nsocket.create_connection(('192.0.2.1', 9), 5)")
    (outcome,) = rehearsal.rehearse(course, ["01_one"])
    assert outcome.error.startswith("OfflineError")


def test_a_rehearsal_of_an_older_course_counts_for_nothing(course, monkeypatch):
    rehearsal.keep({"01_one": 1.0})
    assert rehearsal.rehearsed() == {"01_one": 1.0}
    monkeypatch.setattr(rehearsal, "course_stamp", lambda: "another")
    assert rehearsal.rehearsed() == {}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"course": 1}', '{"chapters": {}}', "null"])
def test_a_damaged_record_is_made_anew(course, content):
    rehearsal.keep({})
    rehearsal.record().write_text(content)
    assert rehearsal.rehearsed() == {}


def test_no_sandbox(monkeypatch):
    def none():
        raise sandbox.NoSandbox("the program bwrap was not found. On Debian: apt-get install bubblewrap.")

    monkeypatch.setattr(sandbox, "isolation", none)
    check = report("Sandbox for grading")
    assert check.state == "problem"
    assert "apt-get install bubblewrap" in check.advice


def test_no_nbgrader(monkeypatch):
    find = readiness.importlib.util.find_spec
    monkeypatch.setattr(readiness.importlib.util, "find_spec", lambda name: None if name == "nbgrader" else find(name))
    check = report("nbgrader")
    assert (check.state, check.found) == ("problem", "not installed")
    assert "[classroom]" in check.advice


def test_a_port_in_use(monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setattr(readiness, "PORTS", (port,))
        check = report("Free ports")
        assert (check.state, check.found) == ("note", f"{port} in use")
    assert report("Free ports").state == "ok"


def test_the_line_for_the_teacher():
    sound, problem, note = Check("Art", "ok", ""), Check("Memory", "problem", ""), Check("Rehearsal", "note", "")
    assert readiness.line([sound]).startswith("READY · mmcourse ")
    assert readiness.line([sound, note]).startswith("READY (look at: Rehearsal) · ")
    assert readiness.line([problem, note]).startswith("NOT READY: Memory (look at: Rehearsal) · ")
    assert "/" not in readiness.line([sound, problem, note]), "no folder, which may hold a name"


@pytest.mark.parametrize(("state", "status", "begin"), [("ok", 0, "READY"), ("problem", 1, "NOT READY: Thing")])
def test_the_command_ends_with_the_line_and_its_status(monkeypatch, state, status, begin):
    monkeypatch.setattr(readiness, "checks", lambda teacher: {"Thing": lambda name: Check(name, state, "", "")})
    result = CliRunner().invoke(app, ["doctor", "--class"])
    assert result.exit_code == status
    assert result.output.strip().splitlines()[-1].startswith(begin)


def test_chapters_without_warm_are_not_ignored():
    result = CliRunner().invoke(app, ["doctor", "--class", "--chapter", "02"])
    assert (result.exit_code, "add --warm" in result.output) == (1, True)


def test_warming_says_how_each_chapter_went(course, monkeypatch):
    monkeypatch.setattr("mmcourse.cli.course_folder", lambda: course)
    monkeypatch.setattr(readiness, "checks", lambda teacher: {})
    chapter(course, "02_two", "1 / 0")
    result = CliRunner().invoke(app, ["doctor", "--warm"])
    assert "01_one" in result.output
    assert "ZeroDivisionError: division by zero" in result.output
    result = CliRunner().invoke(app, ["doctor", "--warm", "--chapter", "7"])
    assert result.exit_code == 1
    assert "There is no chapter '7'" in result.output
