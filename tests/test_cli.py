"""The `mmcourse` command: what it says, what it starts, what it restores, and that it loses nothing."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import jupytext
import nbformat
import pytest
from typer.testing import CliRunner

from mmcourse import __version__, cli, doctor, restore
from mmcourse.doctor import Check

TEXT = '# %% [markdown]\n# # Attention\n#\n# Words.\n\n# %%\nprint("a")\n'
MINE = "my own work"
ASIDE = f"03_attention.yours-{date.today()}"


def mmcourse(*arguments):
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).invoke(cli.app, list(arguments))


def git(course, *arguments):
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *who, *arguments], cwd=course, check=True, capture_output=True)


def executed():
    """The notebook of TEXT with an output, as bytes."""
    notebook = jupytext.reads(TEXT, fmt="py:percent")
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="a\n")]
    return nbformat.writes(notebook).encode()


CHAPTER = executed()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course with a chapter, an exercise and its solution, all committed."""
    files = {
        "notebooks/src/03_attention.py": TEXT.encode(),
        "notebooks/03_attention.ipynb": CHAPTER,
        "exercises/03_attention/attention.ipynb": b'{"released": 1}',
        "exercises/03_attention/more.ipynb": b'{"released": 2}',
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "course")
    monkeypatch.setattr(restore, "course_folder", lambda: tmp_path)
    monkeypatch.setattr(cli, "course_folder", lambda: tmp_path)
    return tmp_path


# ---- help


def test_help_answers_well_under_a_second_because_it_imports_nothing_heavy():
    code = "import sys, mmcourse.cli; print([m for m in ('numpy', 'torch', 'jupytext', 'IPython') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_version():
    assert mmcourse("--version").output == f"mmcourse {__version__}\n"


def test_help_names_every_command():
    output = mmcourse("--help").output
    commands = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert commands == {"lab", "doctor", "check", "reset"}
    assert all(f" {command} " in output for command in commands)


@pytest.mark.parametrize("command", ["lab", "doctor", "check", "reset"])
def test_help_of_each_command_has_an_example(command):
    result = mmcourse(command, "--help")
    assert result.exit_code == 0
    assert f"mmcourse {command}" in result.output.partition("Example")[2]


# ---- lab


def test_lab_opens_the_first_chapter_for_a_learner(course, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    (course / cli.START).write_text("{}")
    command, environment = cli.lab_command(course, browser=False, port=9000, extra=["--debug"])
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={course}" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command
    assert {"--no-browser", "--port=9000"} < {*command}
    assert command[-1] == "--debug"
    assert environment["JUPYTER_CONFIG_PATH"] == f"{cli.LAB_CONFIG}{os.pathsep}mine"
    assert environment["OMP_NUM_THREADS"]


def test_lab_without_the_first_chapter_opens_the_launcher(course):
    command, _ = cli.lab_command(course, browser=True, port=None, extra=[])
    assert "--LabApp.default_url=/lab" in command
    assert not any(part.startswith(("--no-browser", "--port")) for part in command)


def test_lab_passes_unknown_options_on(course, monkeypatch):
    started = []
    monkeypatch.setattr(cli.os, "execve", lambda path, command, environment: started.append(command))
    assert mmcourse("lab", "--no-browser", "--IdentityProvider.token=mine").exit_code == 0
    assert started[0][-1] == "--IdentityProvider.token=mine"


def test_jupyter_takes_the_settings_for_learners(monkeypatch, tmp_path):
    """No news, no teacher's tools: asked of JupyterLab's own reader of settings."""
    from jupyter_server.extension.config import ExtensionConfigManager
    from jupyterlab_server.config import get_page_config
    from jupyterlab_server.settings_utils import _get_overrides

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(cli.LAB_CONFIG))
    assert "@jupyter/nbgrader" in get_page_config([])["disabledExtensions"]
    overrides, error = _get_overrides(str(tmp_path))
    notification = overrides["@jupyterlab/apputils-extension:notification"]
    assert (error, notification) == ("", {"fetchNews": "false", "checkForUpdates": False})
    manager = ExtensionConfigManager(read_config_path=[str(cli.LAB_CONFIG)])
    assert not any(manager.get_jpserver_extensions().values())


# ---- doctor


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("problem", 1)])
def test_doctor_prints_the_advice_and_fails_on_a_problem(monkeypatch, state, code):
    monkeypatch.setattr(doctor, "running", lambda: iter([Check("Disk", state, "[bold] 0.1 GB", "Free some")]))
    result = mmcourse("doctor")
    assert result.exit_code == code
    assert "[bold] 0.1 GB" in result.output
    assert "Free some." in result.output


# ---- check


def test_check_shows_the_points_of_what_was_answered(monkeypatch, tmp_path):
    from mmcourse.grading import questions

    question = questions("03")[0]
    monkeypatch.setenv("MMCOURSE_HOME", str(tmp_path))
    entry = {"state": "right", "points": question.points, "max": question.points, "when": "2026-01-01T00:00:00+00:00"}
    (tmp_path / "progress.json").write_text(json.dumps({question.id: entry}))
    result = mmcourse("check", "03_attention")
    assert f"{question.points} of {sum(q.points for q in questions('03'))} points" in result.output
    row = next(line for line in result.output.splitlines() if question.id in line)
    assert "right" in row
    assert f"{question.points} of {question.points}" in row


def test_check_of_an_unknown_assignment_lists_what_there_is():
    result = mmcourse("check", "99")
    assert result.exit_code == 1
    assert "no assignment '99'" in result.output
    assert "03" in result.output


# ---- reset


def test_reset_restores_the_committed_chapter_and_keeps_the_learners(course):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)
    result = mmcourse("reset", "03")
    assert result.exit_code == 0
    assert chapter.read_bytes() == CHAPTER
    assert (course / f"notebooks/{ASIDE}.ipynb").read_text() == MINE
    assert f"Your copy is {ASIDE}.ipynb" in result.output


def test_a_second_reset_on_the_same_day_overwrites_no_copy(course):
    chapter = course / "notebooks/03_attention.ipynb"
    for work in ("first", "second", "third"):
        chapter.write_text(work)
        restore.restore_chapter("03")
    names = [ASIDE, f"{ASIDE}-2", f"{ASIDE}-3"]
    assert [(course / f"notebooks/{n}.ipynb").read_text() for n in names] == ["first", "second", "third"]


def test_reset_of_an_untouched_chapter_changes_nothing(course):
    assert "Your copy" not in mmcourse("reset", "03").output
    assert [p.name for p in (course / "notebooks").glob("*.ipynb")] == ["03_attention.ipynb"]


def test_reset_of_a_deleted_chapter_brings_it_back(course):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.unlink()
    assert restore.restore_chapter("03_attention") == [restore.Restored(chapter, None)]
    assert chapter.read_bytes() == CHAPTER


@pytest.mark.parametrize("reason", ["text is newer", "no git"])
def test_reset_rebuilds_a_chapter_from_its_text(course, monkeypatch, reason):
    if reason == "no git":
        monkeypatch.setenv("PATH", "")
    else:
        (course / "notebooks/src/03_attention.py").write_text(TEXT.replace('"a"', '"b"'))
    restore.restore_chapter("03")
    notebook = nbformat.read(course / "notebooks/03_attention.ipynb", as_version=4)
    assert notebook.cells[-1].source == ('print("a")' if reason == "no git" else 'print("b")')
    assert notebook.cells[-1].outputs == []
    assert notebook.metadata.kernelspec.name == "python3"


def test_reset_without_git_and_text_says_what_to_do(course, monkeypatch):
    (course / "notebooks/src/03_attention.py").unlink()
    monkeypatch.setenv("PATH", "")
    result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "Nothing was changed. Clone the course again" in result.output
    assert (course / "notebooks/03_attention.ipynb").exists()


@pytest.mark.parametrize("name", ["3", "03", "03_att", "03_attention", "notebooks/03_attention.ipynb"])
def test_ways_to_name_a_chapter(name):
    assert restore.the_one(name, {"00_start_here", "03_attention", ASIDE}, "chapter") == "03_attention"


@pytest.mark.parametrize("name", ["07", "", "attention", "3x"])
def test_an_unknown_or_ambiguous_name_lists_what_there_is(name):
    with pytest.raises(restore.CannotRestore, match=r"00_start_here, 03_attention\."):
        restore.the_one(name, {"00_start_here", "03_attention", ASIDE}, "chapter")


def test_an_ambiguous_name_lists_only_what_it_could_be():
    with pytest.raises(restore.CannotRestore, match=r"any of: 03_a, 03_b\. Write a little more"):
        restore.the_one("03", {"03_a", "03_b", "04_c"}, "chapter")


def test_reset_exercise_restores_every_notebook_of_the_assignment(course):
    folder = course / "exercises/03_attention"
    folder.joinpath("attention.ipynb").write_text(MINE)
    folder.joinpath("more.ipynb").unlink()
    assert mmcourse("reset", "03", "--exercise").exit_code == 0
    assert folder.joinpath("attention.ipynb").read_text() == '{"released": 1}'
    assert folder.joinpath("more.ipynb").read_text() == '{"released": 2}'
    assert folder.joinpath(f"attention.yours-{date.today()}.ipynb").read_text() == MINE


def solution(course):
    """A solution notebook with nbgrader's marks."""
    marks = {"grade": False, "grade_id": "q", "locked": False, "schema_version": 3, "solution": True, "task": False}
    cell = nbformat.v4.new_code_cell("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION")
    cell.metadata["nbgrader"] = marks
    kernel = {"kernelspec": restore.KERNELSPEC}
    path = course / "solutions/03_attention/attention.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), path)


@pytest.mark.slow
def test_reset_exercise_without_git_generates_it_from_the_solution(course, monkeypatch):
    solution(course)
    exercise = course / "exercises/03_attention/attention.ipynb"
    exercise.write_text(MINE)
    monkeypatch.setattr(restore, "from_git", lambda course, path: None)
    restore.restore_exercise("03")
    source = nbformat.read(exercise, as_version=4).cells[0].source
    assert "return 1" not in source
    assert "raise NotImplementedError" in source
    assert exercise.with_name(f"attention.yours-{date.today()}.ipynb").read_text() == MINE


def test_reset_exercise_without_git_and_solution_says_what_to_do(course, monkeypatch):
    monkeypatch.setattr(restore, "from_git", lambda course, path: None)
    result = mmcourse("reset", "03", "--exercise")
    assert result.exit_code == 1
    assert "Nothing was changed. Run `make setup`" in result.output


def test_a_full_disk_loses_nothing(course, monkeypatch):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore.os, "fsync", full)
    result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "No space left on device. Your copy is as it was." in result.output
    assert chapter.read_text() == MINE
    assert [p.name for p in Path(chapter.parent).iterdir() if p.is_file()] == ["03_attention.ipynb"]
