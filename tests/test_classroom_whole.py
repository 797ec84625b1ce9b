"""Whole folders through the real sandbox: the course's own solutions and exercises, and a run that is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import hostile
import pytest
from small_folder import fill, put, without_times

from mmcourse.classroom import batch, sandbox
from mmcourse.grading import questions
from mmcourse.places import course_folder


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
        assert line["notes"] == []


@pytest.mark.slow
def test_killed_and_resumed_is_as_if_nothing_had_happened(kind, tmp_path):
    folder = fill(tmp_path)
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
