"""Making a class and releasing to it: nothing is lost by repeating, and what students get is the course's exercise."""

import json
import stat
from datetime import datetime

import pytest
from small_class import NAME, RIGHT, line, make, put
from small_course import mmcourse
from traitlets.config import PyFileConfigLoader

from mmcourse.classroom import course, gradebook, releasing, roster
from mmcourse.places import course_folder


@pytest.fixture
def folder(class_folder):
    return class_folder


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- new


def test_a_class_is_readable_for_its_owner_alone(tmp_path):
    assert course.new(tmp_path / "class")
    assert stat.S_IMODE((tmp_path / "class").stat().st_mode) == 0o700


def test_making_it_again_keeps_everything(folder):
    config = folder / course.CONFIG
    config.write_text(config.read_text() + "\nc.Exchange.timezone = 'Asia/Shanghai'\n")
    gradebook.record(folder, [line("ada", RIGHT)])
    before = files(folder)
    assert not course.new(folder)
    assert files(folder) == before


def test_making_it_again_adds_students_and_what_is_new_about_them(folder):
    new = [roster.Student("zoë"), roster.Student("bob", "Builder", "Bob"), roster.Student("ada")]
    assert gradebook.enrol(folder, new) == 5
    found = {student.id: student for student in gradebook.roster(folder)}
    assert found["bob"].last_name == "Builder"
    assert found["ada"].email == "ada@example.org", "an empty field is not news"


def test_another_exchange_is_no_silent_change(folder, tmp_path):
    with pytest.raises(course.ClassError, match=r"is a class with the exchange None. To change it, edit"):
        course.new(folder, exchange=tmp_path)
    with pytest.raises(course.ClassError, match=r"the course id 'mmcourse'"):
        course.new(folder, course_id="physics")


def test_names_from_the_command_line_stay_text_in_the_configuration(tmp_path):
    course.new(tmp_path / "class", 'x"\nraise SystemExit #', tmp_path / "an 'odd' place")
    config = course.settings(tmp_path / "class")
    assert config.CourseDirectory.course_id == 'x"\nraise SystemExit #'
    assert course.exchange_of(config) == str(tmp_path / "an 'odd' place")


def test_the_class_stubs_answers_as_the_course_does(folder):
    ours = PyFileConfigLoader("nbgrader_config.py", str(course_folder())).load_config()
    assert course.settings(folder).ClearSolutions.code_stub == ours.ClearSolutions.code_stub


def test_a_class_that_was_moved_is_found_where_it_is(folder, tmp_path):
    folder.rename(tmp_path / "moved")
    assert course.settings(tmp_path / "moved").CourseDirectory.root == str(tmp_path / "moved")


def test_what_is_no_class_is_told_so(tmp_path):
    with pytest.raises(course.ClassError, match=r"Expected the folder of a class.*mmcourse class new"):
        course.settings(tmp_path)


def test_a_broken_configuration_is_named(folder):
    (folder / course.CONFIG).write_text("c = get_config(\n")
    with pytest.raises(course.ClassError, match=r"nbgrader_config.py cannot be read: SyntaxError"):
        course.settings(folder)


def test_without_nbgrader_the_commands_say_what_to_install_and_the_rest_works(run_python, tmp_path):
    put(tmp_path / "ada" / "03_attention.ipynb", {"cells": "none"})
    said = run_python(
        f"""
import sys
sys.modules["nbgrader"] = None
from typer.testing import CliRunner
from mmcourse.cli import app
for arguments in (["--help"], ["class", "--help"], ["class", "grade", "--help"], ["grade", {str(tmp_path)!r}]):
    assert CliRunner().invoke(app, arguments).exit_code == 0, arguments
for command in ("release", "collect", "grade", "feedback", "gradebook", "report"):
    done = CliRunner().invoke(app, ["class", command, "03"])
    assert done.exit_code == 1, command
    assert 'pip install "mmcourse[classroom]"' in done.output, (command, done.output)
done = CliRunner().invoke(app, ["class", "new", {str(tmp_path / "class")!r}])
assert done.exit_code == 1 and 'pip install "mmcourse[classroom]"' in done.output
print("seen")
"""
    )
    assert said == "seen\n"
    assert not (tmp_path / "class").exists()


def test_a_full_disk_leaves_a_file_as_it_was(run_python, tmp_path):
    path = tmp_path / "page.html"
    course.write(path, b"before")
    run_python(
        f"""
import resource
from pathlib import Path
from mmcourse.classroom import course
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    course.write(Path({str(path)!r}), bytes(5000))
except course.ClassError as error:
    assert "cannot be written: File too large. What was there is as it was; try again." in str(error)
else:
    raise SystemExit("it fitted")
"""
    )
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
    course.write(path, b"after")
    assert path.read_bytes() == b"after"


def test_a_link_in_the_way_of_a_file_is_not_followed(tmp_path):
    for name in ("page.html", ".page.html.half"):
        (tmp_path / f"victim of {name}").write_bytes(b"theirs")
        (tmp_path / name).symlink_to(tmp_path / f"victim of {name}")
    course.write(tmp_path / "page.html", b"ours")
    assert {path.read_bytes() for path in tmp_path.glob("victim*")} == {b"theirs"}
    assert (tmp_path / "page.html").read_bytes() == b"ours"
    assert not (tmp_path / "page.html").is_symlink()


# ---- the roster


def written(tmp_path, text, encoding="utf-8"):
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    return tmp_path / "roster.csv"


def test_only_the_id_must_be_there_and_spreadsheets_may_mark_the_file(tmp_path):
    path = written(tmp_path, "ID,Last_Name,colour\nada,Birch,red\n 小明 ,,\n", "utf-8-sig")
    assert roster.read(path) == [roster.Student("ada", "Birch"), roster.Student("小明")]


def test_a_spreadsheet_may_write_semicolons(tmp_path):
    path = written(tmp_path, "id;last_name;email\nada;Birch, dr;a@example.org\n")
    assert roster.read(path) == [roster.Student("ada", "Birch, dr", email="a@example.org")]


def test_a_roster_that_is_not_there_is_named(tmp_path):
    with pytest.raises(course.ClassError, match=r"no\.csv, the CSV file with the students, .* No such file"):
        roster.read(tmp_path / "no.csv")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nada\n", "names no column id. Its first line says: name"),
        ("id\n", "holds no students"),
        ("", "holds no students"),
        ("id\nada\n../x\n", r"line 3: '../x' cannot be the id of a student: it begins with '.'"),
        ("id\na/b\n", "it holds '/'"),
        ("id\n-rf\n", "it begins with '-'"),
        ("id\na*\n", r"it holds '\*'"),
        ('id\n"a\nb"\n', r"it holds '\\n'"),
        ("id\na\u202eb\n", "it holds '\\\\u202e'"),
        ("id\nada\nADA\n", "line 3: 'ADA' .* line 2 has it, too"),
        (f"id\n{'x' * 65}\n", "longer than 64 bytes"),
        ("id,email\n,x@y\n", "it is empty"),
    ],
)
def test_a_roster_that_cannot_be_used_is_refused_whole_with_its_line(tmp_path, text, said):
    with pytest.raises(course.ClassError, match=said):
        roster.read(written(tmp_path, text))


def test_a_roster_in_another_encoding_is_no_riddle(tmp_path):
    with pytest.raises(course.ClassError, match=r"Expected a CSV file in UTF-8"):
        roster.read(written(tmp_path, "id\nzoë\n", "latin-1"))


@pytest.mark.parametrize("good", ["ada", "小明", "=1+1", "Ada Birch", "a.b@c.d", "a+b", "O'Neil", "4711"])
def test_ids_that_folders_can_bear_are_welcome(good):
    assert roster.why_not(good) == ""


# ---- release


def test_students_get_the_exercise_of_the_course(folder):
    released, exercise = folder / "release" / NAME, course_folder() / "exercises" / NAME
    assert files(released) == files(exercise)


def test_a_second_release_is_safe_when_there_are_submissions(folder):
    gradebook.record(folder, [line("ada", RIGHT)])
    before = files(folder / "release")
    releasing.release(folder, NAME)
    assert files(folder / "release") == before
    assert {s.student.id: s.points for s in gradebook.scores(folder, NAME)}["ada"] == 100


def test_a_changed_solution_is_kept_and_fresh_puts_it_aside(folder):
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("Assignment 03", "My assignment 03"))
    done = releasing.release(folder, NAME)
    assert "is not the course's; it is kept" in done.notes[0]
    assert "My assignment 03" in (folder / "release" / NAME / f"{NAME}.ipynb").read_text()
    done = releasing.release(folder, NAME, fresh=True)
    assert files(folder / "release" / NAME) == files(course_folder() / "exercises" / NAME)
    (kept,) = (folder / "older" / "source").glob(f"{NAME}-*/{NAME}.ipynb")
    assert "My assignment 03" in kept.read_text()


def test_a_release_that_fails_leaves_what_students_got(folder):
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    before = files(folder / "release")
    path.write_text(path.read_text().replace("### END SOLUTION", "### THE END"))
    with pytest.raises(course.ClassError, match=rf"nbgrader could not release {NAME}"):
        releasing.release(folder, NAME)
    assert files(folder / "release") == before
    assert not list(folder.glob(".work-*"))


def test_a_graded_cell_does_not_vanish_under_submissions(folder):
    gradebook.record(folder, [line("ada", RIGHT)])
    path = folder / "source" / NAME / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"] = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") != "03-mask"]
    path.write_text(json.dumps(notebook))
    with pytest.raises(course.ClassError, match=r"Cannot add or remove cells"):
        releasing.release(folder, NAME)
    assert {s.student.id: s.points for s in gradebook.scores(folder, NAME)}["ada"] == 100


def test_a_due_date_is_kept_by_the_next_release(folder):
    releasing.release(folder, NAME, due=datetime(2026, 3, 1, 12))
    releasing.release(folder, NAME)
    with gradebook.opened(folder) as book:
        assert book.find_assignment(NAME).duedate == datetime(2026, 3, 1, 12)


def test_a_due_date_is_said_back_and_a_day_without_an_hour_is_not_guessed_at(folder):
    said = mmcourse("class", "release", "03", "--folder", str(folder), "--due", "2030-03-01 18:00")
    assert "Due 2030-03-01 18:00." in said.output
    said = mmcourse("class", "release", "03", "--folder", str(folder), "--due", "2030-03-01")
    assert (said.exit_code, "does not match the formats" in said.output) == (2, True)


def test_an_exchange_gets_it_and_gets_it_again(tmp_path):
    folder = make(tmp_path / "class", tmp_path / "exchange")
    out = tmp_path / "exchange" / "mmcourse" / "outbound" / NAME
    assert files(out) == files(folder / "release" / NAME)
    (out / f"{NAME}.ipynb").unlink()
    releasing.release(folder, NAME)
    assert files(out) == files(folder / "release" / NAME)


def test_an_unknown_assignment_lists_those_there_are(folder):
    done = mmcourse("class", "release", "99", "--folder", str(folder))
    assert done.exit_code == 1
    assert "There is no assignment '99'. There are: 01_heterogeneous_data, 02_fusion" in done.output


def test_a_dry_run_does_nothing(folder, tmp_path):
    before = files(folder)
    assert mmcourse("class", "new", str(tmp_path / "other"), "--dry-run").exit_code == 0
    assert not (tmp_path / "other").exists()
    done = mmcourse("class", "release", "02", "--folder", str(folder), "--dry-run")
    assert "would release 02_fusion" in done.output
    assert files(folder) == before


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(class_folder):
    (class_folder / ".gradebook.lock").unlink(missing_ok=True)
    (class_folder / ".gradebook.lock").mkdir()  # holds root back, too
    done = mmcourse("class", "gradebook", "03", "--folder", str(class_folder))
    assert done.exit_code == 1
    assert "See that it is yours and the disk is not full; try again." in done.output
    (class_folder / ".gradebook.lock").rmdir()
    assert mmcourse("class", "gradebook", "03", "--folder", str(class_folder)).exit_code == 0
