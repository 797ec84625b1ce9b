"""The gradebook: what a line becomes in it, what a person gave stays, and what others import is right and harmless."""

import csv
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from small_class import NAME, RIGHT, hand_in, line, stub

from mmcourse.classroom import course, gradebook, gradebook_export, spreadsheet

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def folder(class_folder):
    return class_folder


def scores(folder):
    return {score.student.id: score for score in gradebook.scores(folder, NAME)}


def grades(folder, student):
    """All that the database holds of a student's grades, by cell."""
    with gradebook.opened(folder) as book:
        (notebook,) = book.find_submission(NAME, student).notebooks
        return {g.name: (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade) for g in notebook.grades}


def by_hand(folder, student, cell, **given):
    """What formgrader does when a teacher gives points."""
    with gradebook.opened(folder) as book:
        grade = book.find_grade(cell, NAME, NAME, student)
        for name, value in ({"needs_manual_grade": False} | given).items():
            setattr(grade, name, value)
        book.find_comment(f"{cell}-solution", NAME, NAME, student).manual_comment = "nearly"
        book.db.commit()


def due(folder, when, penalty):
    with gradebook.opened(folder) as book:
        book.find_assignment(NAME).duedate = when.replace(tzinfo=None)
        book.db.commit()
    path = folder / course.CONFIG
    path.write_text(path.read_text().replace('penalty_method = "none"', f'penalty_method = "{penalty}"'))


def test_points_are_those_of_the_line_and_who_handed_nothing_in_has_none(folder):
    gradebook.record(folder, [line("ada", RIGHT), line("bob", {"03-softmax": 1, "03-mask": 0.4})])
    found = scores(folder)
    assert found["ada"].points == found["ada"].most == 100
    assert found["bob"].points == 16
    assert {cell.id: cell.points for cell in found["bob"].cells}["03-mask"] == 6
    assert not found["小明"].submitted
    assert found["小明"].points is None


def test_every_graded_cell_of_the_release_has_a_row_whatever_the_submission_held(folder):
    gradebook.record(folder, [line("ada", RIGHT)])
    assert set(grades(folder, "ada")) == set(RIGHT)


def test_scores_of_an_earlier_run_do_not_survive(folder):
    gradebook.record(folder, [line("ada", RIGHT)])
    gradebook.record(folder, [line("ada", {"03-softmax": 1})])
    assert scores(folder)["ada"].points == 10


@pytest.mark.parametrize("state", ["needs a person", "refused"])
def test_what_could_not_be_graded_has_no_score_and_waits_for_a_person(folder, state):
    gradebook.record(folder, [line("ada", RIGHT)])
    gradebook.record(folder, [line("ada", {}, state)])
    assert set(grades(folder, "ada").values()) == {(None, None, None, True)}
    found = scores(folder)["ada"]
    assert (found.points, found.waiting, found.submitted) == (None, True, True)
    assert gradebook_export.plain([found], NAME)[1][4:6] == ["needs a person", None]


def test_points_given_by_hand_survive_and_are_looked_at_again_only_if_the_grader_changed_its_mind(folder):
    gradebook.record(folder, [line("ada", {"03-softmax": 1})])
    by_hand(folder, "ada", "03-attention", manual_score=13.5, extra_credit=1.0)
    gradebook.record(folder, [line("ada", {"03-softmax": 1})])
    assert grades(folder, "ada")["03-attention"] == (0, 13.5, 1.0, False)
    assert scores(folder)["ada"].points == 24.5
    gradebook.record(folder, [line("ada", RIGHT)])
    assert grades(folder, "ada")["03-attention"] == (20, 13.5, 1.0, True)
    assert scores(folder)["ada"].points == 94.5
    assert {cell.id: cell.comment for cell in scores(folder)["ada"].cells}["03-attention"] == "nearly"


def test_a_person_can_settle_what_the_grader_could_not(folder):
    gradebook.record(folder, [line("ada", {}, "needs a person")])
    for question in RIGHT:
        by_hand(folder, "ada", question, manual_score=2.0)
    gradebook.record(folder, [line("ada", {}, "needs a person")])
    found = scores(folder)["ada"]
    assert (found.points, found.waiting) == (14, False)


def test_recording_again_changes_nothing(folder):
    def rows():
        with sqlite3.connect(folder / "gradebook.db") as connection:
            tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            return {table: sorted(map(repr, connection.execute(f"select * from {table}"))) for table in tables}

    lines = [line("ada", RIGHT), line("bob", {}, "needs a person")]
    gradebook.record(folder, lines)
    before = rows()
    gradebook.record(folder, lines)
    assert rows() == before
    assert len(before["submitted_assignment"]) == 2


def test_one_line_that_cannot_be_recorded_keeps_all_others_out(folder):
    with pytest.raises(course.ClassError, match=r"04_gan is not in the gradebook"):
        gradebook.record(folder, [line("ada", RIGHT), line("bob", RIGHT) | {"file": "bob/04_gan/04_gan.ipynb"}])
    assert not scores(folder)["ada"].submitted


@pytest.mark.parametrize(("penalty", "points"), [("none", 100), ("zero", 0)])
def test_the_penalty_for_lateness_is_the_one_that_the_class_configures(folder, penalty, points):
    due(folder, DUE, penalty)
    hand_in(folder, "ada", stub(), DUE + timedelta(hours=3))
    hand_in(folder, "bob", stub(), DUE - timedelta(hours=3))
    gradebook.record(folder, [line("ada", RIGHT), line("bob", RIGHT)])
    found = scores(folder)
    assert (found["ada"].points, found["ada"].penalty, found["ada"].seconds_late) == (points, 100 - points, 3 * 3600)
    assert (found["bob"].points, found["bob"].penalty, found["bob"].seconds_late) == (100, 0, 0)


def test_a_penalty_goes_when_the_due_date_is_moved(folder):
    due(folder, DUE, "zero")
    hand_in(folder, "ada", stub(), DUE + timedelta(hours=3))
    gradebook.record(folder, [line("ada", RIGHT)])
    due(folder, DUE + timedelta(days=1), "zero")
    gradebook.record(folder, [line("ada", RIGHT)])
    assert scores(folder)["ada"].points == 100


# ---- another program, a full disk


def test_a_locked_gradebook_is_waited_for(folder):
    other = sqlite3.connect(folder / "gradebook.db", check_same_thread=False, isolation_level=None)
    other.execute("begin immediate")
    release = threading.Timer(1.0, lambda: other.execute("rollback"))
    release.start()
    gradebook.record(folder, [line("ada", RIGHT)])
    release.join()
    assert scores(folder)["ada"].points == 100


def test_a_gradebook_that_stays_locked_is_an_error_that_says_what_to_do(folder, monkeypatch):
    monkeypatch.setattr(gradebook, "WAIT", 0.3)
    other = sqlite3.connect(folder / "gradebook.db", isolation_level=None)
    other.execute("begin exclusive")
    start = time.monotonic()
    with pytest.raises(course.ClassError, match=r"locked.*Nothing was written.*close formgrader"):
        gradebook.record(folder, [line("ada", RIGHT)])
    assert time.monotonic() - start < 4, "it waits as long as it says, not as long as SQLite likes"
    other.execute("rollback")
    gradebook.record(folder, [line("ada", RIGHT)])
    assert scores(folder)["ada"].points == 100


def test_two_writers_take_turns(folder, monkeypatch):
    monkeypatch.setattr(gradebook, "WAIT", 0.2)
    with gradebook.opened(folder), pytest.raises(course.ClassError, match=r"Another command is writing the gradebook"):
        gradebook.record(folder, [line("ada", RIGHT)])


def test_a_full_disk_leaves_the_gradebook_as_it_was(folder, run_python):
    gradebook.record(folder, [line("ada", {"03-softmax": 1})])
    run_python(
        f"""
import resource, sys
from pathlib import Path
sys.path.insert(0, "tests")
from small_class import RIGHT, line
from mmcourse.classroom import course, gradebook
folder = Path({str(folder)!r})
most = (folder / "gradebook.db").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try:
    gradebook.record(folder, [line(f"student-{{i}}", RIGHT) for i in range(200)])
except course.ClassError as error:
    assert "Nothing was written" in str(error), error
else:
    raise SystemExit("it fitted")
"""
    )
    found = scores(folder)
    assert len(found) == 4
    assert found["ada"].points == 10
    gradebook.record(folder, [line("ada", RIGHT)])
    assert scores(folder)["ada"].points == 100


# ---- what others import


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.fixture
def exported(folder, tmp_path):
    gradebook.record(folder, [line("ada", RIGHT), line("=1+1", {"03-mask": 0.5}), line("bob", {}, "refused")])

    def export(form):
        spreadsheet.write(tmp_path / "out.csv", gradebook_export.FORMATS[form](gradebook.scores(folder, NAME), NAME))
        return rows(tmp_path / "out.csv")

    return export


def test_canvas_gets_its_columns_and_the_points_possible(exported):
    assert exported("canvas") == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME],
        ["    Points Possible", "", "", "", "", "100"],
        ["'=cmd, @x", "", "", "'=1+1", "", "7.5"],
        ["Birch, Ada", "4711", "", "ada", "", "100"],
        ["bob", "", "", "bob", "", ""],
        ["王, 小明", "", "", "小明", "", ""],
    ]


def test_moodle_gets_what_it_finds_a_student_by(exported):
    assert exported("moodle")[0] == ["First name", "Last name", "ID number", "Email address", NAME]
    assert exported("moodle")[2] == ["Ada", "Birch", "ada", "ada@example.org", "100"]
    assert exported("moodle")[1] == ["'@x", "'=cmd", "'=1+1", "", "7.5"]


def test_plain_says_everything(exported):
    header, formula, ada, bob, missing = exported("plain")
    assert dict(zip(header, ada, strict=True))["03-mask"] == "15"
    assert dict(zip(header, formula, strict=True))["points"] == "7.5"
    assert bob[4:7] == ["needs a person", "", "100"]
    assert missing[4:7] == ["missing", "", "100"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "＝1"])
def test_no_cell_begins_a_formula(text):
    assert spreadsheet.safe(text).startswith(f"'{text[0]}")


@pytest.mark.parametrize(
    ("text", "harmless"),
    [("a;=1", "a;'=1"), ("a; =1", "a;' =1"), ("a\t@x", "a\t'@x"), ('a";-1', "a\";'-1"), ("a|+1", "a|'+1")],
)
def test_nor_does_it_where_another_sign_than_the_comma_separates_cells(text, harmless):
    assert spreadsheet.safe(text) == harmless


@pytest.mark.parametrize("value", ["ada", "", "a=b", -1.5, 0, None, "    Points Possible"])
def test_other_cells_stay_as_they_are(value):
    assert spreadsheet.safe(value) is value


@pytest.mark.parametrize(("value", "written"), [(7.0, "7"), (7.5, "7.5"), (2 / 3, "0.67"), (0.0, "0"), (None, "None")])
def test_numbers_are_written_as_people_do(value, written):
    assert str(gradebook_export.number(value)) == written
