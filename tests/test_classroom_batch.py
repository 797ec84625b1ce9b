"""A folder graded: who gets what, what is written, and that nothing is lost, doubled or turned into a zero."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import hostile
import pytest
from small_course import mmcourse

from mmcourse.classroom import batch, report, sandbox
from mmcourse.classroom.marking import Marking
from mmcourse.grading import Result, questions
from mmcourse.places import course_folder

ADA, BOB, CUT = "ada/03_attention.ipynb", "bob/03_attention.ipynb", "cut/03_attention.ipynb"


def put(folder, file, *cells):
    made = [{"cell_type": "code", "metadata": {}, "source": source} for source in cells]
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))


@pytest.fixture
def folder(tmp_path):
    put(tmp_path, ADA, *hostile.HONEST)
    put(tmp_path, BOB, *hostile.LAZY)
    put(tmp_path, CUT)
    (tmp_path / CUT).write_text('{"cells": [')
    return tmp_path


class Quiet:
    """A sandbox that starts nothing; mark() is replaced beside it."""

    def __init__(self, kind, limits):
        self.started = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def start(self):
        self.started += 1


@pytest.fixture
def marks(monkeypatch):
    """What mark() does, a function of (sandbox, cells, questions, seed); and the calls that it got."""
    calls = []

    def mark(sandbox, cells, asked, seed, limit):
        calls.append((sandbox, cells, seed))
        return mark.does(sandbox, cells, asked, seed)

    def by_length(sandbox, cells, asked, seed):
        return Marking([Result(q.id, q.title, q.points, "right", q.points * ("keepdims" in cells[1])) for q in asked])

    mark.does, mark.calls = by_length, calls
    monkeypatch.setattr(batch, "mark", mark)
    monkeypatch.setattr(batch, "Sandbox", Quiet)
    return mark


def grade(folder, **settings):
    return batch.grade_folder(folder, batch.Settings("bubblewrap", **settings))


def without_times(lines):
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def test_one_line_a_submission_and_a_refused_one_has_no_score(folder, marks):
    lines = grade(folder, seed=5)
    assert [(line["file"], line["state"]) for line in lines] == [(ADA, "graded"), (BOB, "graded"), (CUT, "refused")]
    assert lines[2]["points"] is None
    assert "cut off" in lines[2]["reason"]
    assert [json.loads(text) for text in (folder / "grades.jsonl").read_text().splitlines()] == lines


def test_a_second_run_grades_only_what_is_new_or_changed(folder, marks):
    first = grade(folder)
    marks.calls.clear()
    assert grade(folder) == first
    assert not marks.calls
    put(folder, BOB, *hostile.HONEST)
    put(folder, "eve/03_attention.ipynb", *hostile.LAZY)
    second = {line["file"]: line for line in grade(folder)}
    assert len(marks.calls) == 2
    assert second[ADA] == first[0]
    assert second[BOB]["digest"] != first[1]["digest"]


def test_the_seed_is_secret_kept_over_a_run_and_different_for_everyone(folder, marks):
    lines = grade(folder)
    assert len({seed for *_, seed in marks.calls}) == 2
    put(folder, "eve/03_attention.ipynb", *hostile.LAZY)
    assert {line["seed"] for line in grade(folder)} == {lines[0]["seed"]}
    (folder / "grades.jsonl").unlink()
    assert grade(folder)[0]["seed"] != lines[0]["seed"]


def test_another_seed_grades_everyone_again(folder, marks):
    grade(folder, seed=1)
    marks.calls.clear()
    assert {line["seed"] for line in grade(folder, seed=2)} == {2}
    assert len(marks.calls) == 2


def test_a_fault_of_the_grader_is_tried_again_and_never_a_zero(folder, marks):
    before = marks.does

    def fails(sandbox, cells, asked, seed):
        raise (OSError if "keepdims" in cells[1] else RuntimeError)("no more of it")

    marks.does = fails
    lines = grade(folder)
    assert len(marks.calls) == 4
    assert [(line["state"], line["points"]) for line in lines[:2]] == [("needs a person", None)] * 2
    assert "The grader failed, not the submission: no more of it" in lines[0]["reason"]
    marks.does = before
    assert [line["state"] for line in grade(folder)] == ["graded", "graded", "refused"]


def test_a_fault_that_passes_leaves_no_trace(folder, marks):
    honest = marks.does

    def fails_once(sandbox, cells, asked, seed):
        if not sandbox.started:
            raise sandbox_fault
        return honest(sandbox, cells, asked, seed)

    sandbox_fault, marks.does = sandbox.GraderFault("hiccup"), fails_once
    assert [(line["state"], line["reason"]) for line in grade(folder)[:2]] == [("graded", "")] * 2


@pytest.mark.parametrize("torn", ["", '{"file": "ada', "[]\nnull\n{}\n"])
def test_a_torn_last_line_is_graded_again(folder, marks, torn):
    whole = grade(folder, seed=3)
    path = folder / "grades.jsonl"
    path.write_text(path.read_text().splitlines()[0] + "\n" + torn)
    assert without_times(grade(folder, seed=3)) == without_times(whole)


def test_two_graders_do_not_write_into_one_folder(folder, marks):
    def again(*_):
        with pytest.raises(batch.Busy):
            grade(folder)
        return Marking([])

    marks.does = again
    assert all(line["state"] == "graded" for line in grade(folder)[:2])


def test_the_table_leaves_unknown_scores_empty_and_holds_no_formulas(folder, marks):
    put(folder, "=cmd()/03_attention.ipynb", *hostile.LAZY)
    report.write_table(grade(folder), folder / "grades.csv")
    rows = {row["file"]: row for row in csv.DictReader((folder / "grades.csv").open())}
    assert rows[ADA]["points"] == "100"
    assert rows[BOB]["points"] == "0"
    assert rows[CUT]["points"] == ""
    assert [row["student"] for row in rows.values() if "cmd" in row["student"]] == ["'=cmd()"]


def test_the_summary_names_the_range_the_mistakes_and_the_refused(folder, marks):
    def hinted(sandbox, cells, asked, seed):
        return Marking([Result(asked[0].id, "", 10, "wrong", 4 * len(cells[1]) % 7, hint="mind the scale")])

    marks.does = hinted
    said = report.summary(grade(folder))
    assert "3 submissions: 2 graded, 1 refused" in said
    assert "2 × 03-softmax: mind the scale" in said
    assert re.search(r"refused: 'cut/03_attention.ipynb': It is no notebook", said)
    assert "isolation: bubblewrap" in said


# ---- the command


def test_a_dry_run_says_what_would_happen_and_writes_nothing(folder):
    before = sorted(folder.rglob("*"))
    result = mmcourse("grade", str(folder), "--dry-run")
    assert f"to grade: '{ADA}', assignment 03 of 'ada'" in result.output
    assert f"refused: '{CUT}'" in result.output
    assert sorted(folder.rglob("*")) == before


def test_no_folder_is_an_error(tmp_path):
    result = mmcourse("grade", str(tmp_path / "none"))
    assert result.exit_code == 1
    assert "Expected a folder" in result.output


def test_without_a_sandbox_nothing_runs_unless_it_is_trusted(folder, marks, monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    result = mmcourse("grade", str(folder))
    assert result.exit_code == 1
    assert "apt-get install bubblewrap" in result.output
    assert not marks.calls
    result = mmcourse("grade", str(folder), "--trust-submissions")
    assert result.exit_code == 0
    assert "No sandbox is in force" in result.output
    assert "isolation: process" in result.output


def test_root_does_not_grade_without_a_limit_of_processes_that_holds(monkeypatch):
    if not sandbox.shutil.which("bwrap"):
        pytest.skip("needs bubblewrap")

    def none_can_be_made(*_):
        raise OSError("no control group can be made")

    monkeypatch.setattr(sandbox, "Group", none_can_be_made)
    monkeypatch.setattr(sandbox.os, "geteuid", lambda: 0)
    with pytest.raises(sandbox.NoSandbox, match="you are root"):
        sandbox.isolation()


def test_the_exit_status_is_3_when_the_grader_failed(folder, marks, monkeypatch):
    monkeypatch.setattr("mmcourse.classroom.command.isolation", lambda trust: "bubblewrap")
    assert mmcourse("grade", str(folder)).exit_code == 0

    def fails(*_):
        raise sandbox.GraderFault("no")

    marks.does = fails
    assert mmcourse("grade", str(folder), "--seed", "9").exit_code == 3


# ---- with everything in place


@pytest.fixture(scope="module")
def kind():
    try:
        return sandbox.isolation()
    except sandbox.NoSandbox as error:
        pytest.skip(str(error))


@pytest.mark.slow
def test_every_solution_gets_full_marks_and_every_released_exercise_none(kind, tmp_path):
    for role, place in (("honest", "solutions"), ("stub", "exercises")):
        (tmp_path / role).mkdir()
        for path in course_folder().glob(f"{place}/*/*.ipynb"):
            (tmp_path / role / path.name).write_bytes(path.read_bytes())
    lines = batch.grade_folder(tmp_path, batch.Settings(kind))
    assert len(lines) == 2 * len({question.id[:2] for question in questions()})
    for line in lines:
        assert line["points"] == (100 if line["student"] == "honest" else 0), line
        # a cell to try things in may call what is not written yet, or look at what is absent while grading
        assert not [n for n in line["notes"] if "NotImplementedError" not in n and "Absence" not in n], line


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_nothing_had_happened(kind, folder):
    for i in range(4):
        put(folder, f"s{i}/03_attention.ipynb", *hostile.HONEST[: 1 + i % 3], "time.sleep(0.3)")
    command = [sys.executable, "-c", "from mmcourse.cli import app; app()", "grade", str(folder), "--seed", "7"]
    environment = os.environ | {"PYTHONPATH": str(Path(sandbox.PACKAGE).parent)}
    for lines_before_the_kill in (0, 2):
        run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + 60
        path = folder / "grades.jsonl"
        while time.monotonic() < end and (not path.exists() or len(batch.load(path)) < 1 + lines_before_the_kill):
            time.sleep(0.01)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    resumed = batch.grade_folder(folder, batch.Settings(kind, seed=7))
    path.unlink()
    assert without_times(resumed) == without_times(batch.grade_folder(folder, batch.Settings(kind, seed=7)))
    assert sum(line["state"] == "graded" for line in resumed) == 6
