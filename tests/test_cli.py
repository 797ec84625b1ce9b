"""The `mmcourse` command: what it says and what it starts. What `reset` restores is in test_reset."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_course
from small_course import mmcourse

from mmcourse import __version__, cli, doctor, places
from mmcourse.doctor import Check


@pytest.fixture
def course(tmp_path, monkeypatch):
    return small_course.make(tmp_path, monkeypatch)


# ---- help


def test_help_answers_well_under_a_second_because_it_imports_nothing_heavy():
    code = "import sys, mmcourse.cli; print([m for m in ('numpy', 'torch', 'jupytext', 'IPython') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_version():
    assert mmcourse("--version").output == f"mmcourse {__version__}\n"


def test_help_names_every_command():
    output = mmcourse("--help").output
    commands = {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert commands == {"lab", "doctor", "check", "reset", "grade", "bundle"}
    assert all(f" {command} " in output for command in commands)


@pytest.mark.parametrize("command", ["lab", "doctor", "check", "reset", "grade", "bundle"])
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


@pytest.mark.parametrize("name", ["3", "03", "03_att", "03_attention", "exercises/03_attention/03_attention.ipynb"])
def test_check_and_reset_take_the_same_names(course, name):
    shown = mmcourse("check", name)
    assert "03-softmax" in shown.output
    assert shown.exit_code == mmcourse("reset", name).exit_code == 0


@pytest.mark.parametrize("name", ["17", "03_wrong", "attention", "3x"])
def test_check_and_reset_refuse_the_same_names(course, name):
    shown = mmcourse("check", name)
    assert shown.exit_code == mmcourse("reset", name).exit_code == 1
    assert f"no assignment {name!r}" in shown.output
    assert "03_attention" in shown.output


def test_check_of_a_question_shows_it_alone(course):
    output = mmcourse("check", "03-softmax").output
    assert "0 of 10 points" in output
    assert "03-softmax" in output
    assert "03-attention" not in output


def test_check_of_an_unknown_question_suggests_the_nearest(course):
    result = mmcourse("check", "03-sofmax")
    assert result.exit_code == 1
    assert 'Did you mean "03-softmax"' in result.output


def test_check_works_without_the_course_folder(monkeypatch):
    def nowhere():
        raise places.CourseNotFound(Path("nowhere"))

    monkeypatch.setattr(cli, "course_folder", nowhere)
    assert "03-softmax" in mmcourse("check", "3").output
    assert "03-softmax" in mmcourse("check").output
    assert mmcourse("check", "99").exit_code == 1


def test_check_of_an_unknown_assignment_lists_what_there_is():
    result = mmcourse("check", "99")
    assert result.exit_code == 1
    assert "no assignment '99'" in result.output
    assert "03" in result.output
