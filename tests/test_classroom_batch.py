"""A folder graded: who gets what, what is written, and that nothing is lost, doubled or turned into a zero."""

import csv
import json
import re

import hostile
import pytest
import small_folder
from small_course import mmcourse
from small_folder import ADA, BOB, CUT, put, without_times

from mmcourse.classroom import batch, report, sandbox, single, submission
from mmcourse.classroom.marking import Marking
from mmcourse.grading import Result

NO_SEED, ODD_SEED = b'{"file": "bob"}', b'{"file": "bob", "seed": "abc"}'


@pytest.fixture
def folder(tmp_path):
    return small_folder.fill(tmp_path)


class Quiet:
    """A sandbox that starts nothing; mark() is replaced beside it."""

    def __init__(self, kind, limits, torch):
        self.open, self.torch = False, torch

    def start(self):
        self.open = True

    def alive(self):
        return self.open

    def close(self):
        self.open = False


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
    monkeypatch.setattr(single, "mark", mark)
    monkeypatch.setattr(single, "sandbox_of", Quiet)
    return mark


def grade(folder, **settings):
    return batch.grade_folder(folder, batch.Settings("bubblewrap", **settings))


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


def test_a_second_file_gets_other_inputs_and_the_first_one_the_same_again(folder, marks):
    grade(folder, seed=6)
    put(folder, ADA, *hostile.HONEST, "# a second try")
    grade(folder, seed=6)
    put(folder, ADA, *hostile.HONEST)
    grade(folder, seed=6)
    first, second, third = (seed for _, cells, seed in marks.calls if "keepdims" in cells[1])
    assert first == third != second
    assert min(first, second) > 1 << 128, "else a file could be made that gets the inputs of another"


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

    def fails_in_the_first(jail, cells, asked, seed):
        if jail is marks.calls[0][0]:
            raise sandbox.GraderFault("hiccup")
        return honest(jail, cells, asked, seed)

    marks.does = fails_in_the_first
    assert [(line["state"], line["reason"]) for line in grade(folder)[:2]] == [("graded", "")] * 2
    assert len({jail for jail, *_ in marks.calls}) == 2
    assert not any(jail.open for jail, *_ in marks.calls)


@pytest.mark.parametrize("torn", [b"", b'{"file": "ada', b"[]\nnull\n{}\n", b'{"file": "ada\xff\0', NO_SEED, ODD_SEED])
def test_a_torn_last_line_is_graded_again(folder, marks, torn):
    whole = grade(folder, seed=3)
    path = folder / "grades.jsonl"
    path.write_bytes(path.read_bytes().splitlines()[0] + b"\n" + torn)
    assert without_times(grade(folder, seed=3)) == without_times(whole)
    path.write_bytes(torn)  # nothing but damage: a new seed, and everybody is graded
    assert [line["state"] for line in grade(folder)] == [line["state"] for line in whole]


def test_a_file_that_nobody_thought_of_does_not_stop_the_others(folder, marks, monkeypatch):
    def reads(data):
        raise MemoryError("all of it")

    parse = submission._parse
    monkeypatch.setattr(submission, "_parse", lambda data: reads(data) if len(data) < 20 else parse(data))
    assert [line["state"] for line in grade(folder)] == ["graded", "graded", "needs a person"]


def test_only_what_is_wanted_is_graded_and_the_rest_stays(folder, marks):
    first = grade(folder, seed=4)
    put(folder, ADA, *hostile.LAZY)
    put(folder, BOB, *hostile.HONEST)
    marks.calls.clear()
    wanted = batch.grade_folder(folder, batch.Settings("bubblewrap", seed=4), wanted=BOB.__eq__)
    assert [(line["file"], line["points"]) for line in wanted] == [(BOB, 100)]
    assert len(marks.calls) == 1
    assert without_times(batch.load(folder / "grades.jsonl").values()) == without_times([first[0], *wanted, first[2]])
    (folder / BOB).unlink()
    assert batch.grade_folder(folder, batch.Settings("bubblewrap", seed=4), wanted=BOB.__eq__) == []
    assert list(batch.load(folder / "grades.jsonl")) == [ADA, CUT]


def test_torch_is_ready_for_those_who_name_it(folder, marks):
    put(folder, BOB, *hostile.LAZY, "from torch import nn")
    grade(folder)
    assert {"torch" in "".join(cells): jail.torch for jail, cells, _ in marks.calls} == {False: False, True: True}


def test_grades_are_for_the_grader_alone_and_follow_no_link(folder, marks, tmp_path):
    (tmp_path / "precious").write_text("mine")
    (folder / "grades.tmp").symlink_to(tmp_path / "precious")
    grade(folder)
    assert (tmp_path / "precious").read_text() == "mine"
    assert (folder / "grades.jsonl").stat().st_mode & 0o777 == 0o600
    assert not (folder / "grades.tmp").is_symlink()


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
    if trouble := sandbox._trouble():
        pytest.skip(trouble)

    def none_can_be_made(*_):
        raise OSError("no control group can be made")

    monkeypatch.setattr(sandbox, "Group", none_can_be_made)
    monkeypatch.setattr(sandbox.containers, "engine", lambda: ("", "neither podman nor docker was found."))
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
