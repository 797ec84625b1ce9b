"""`mmcourse class feedback` and `report`: the points that count, to the student they belong to, and nobody else."""

import json
import os

import pytest
from nbgrader.utils import notebook_hash
from small_class import NAME, RIGHT, hand_in, line, solved
from small_course import mmcourse

from mmcourse.classroom import batch, class_feedback, class_grading, course, gradebook, incoming

SECRETS = {"ada": "a" * 128, "bob": "b" * 128}


@pytest.fixture
def folder(class_folder):
    """A class in which two are graded, and one could not be."""
    folder = class_folder
    lines = [line("ada", RIGHT), line("bob", {"03-softmax": 1}), line("小明", {}, "needs a person")]
    for each in lines:
        path = folder / "submitted" / hand_in(folder, each["student"], solved())
        if each["student"] in SECRETS:
            path.with_name(incoming.SECRET).write_text(SECRETS[each["student"]])
    (folder / "submitted" / batch.GRADES).write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    gradebook.record(folder, lines)
    return folder


def page(folder, student):
    return (folder / "feedback" / student / NAME / f"{NAME}.html").read_text()


def feedback(folder):
    return class_feedback.write(folder, NAME, class_feedback.lines(folder, NAME))


def test_everybody_who_was_graded_gets_a_page(folder):
    done = mmcourse("class", "feedback", "03", "--folder", str(folder))
    assert done.exit_code == 0, done.output
    assert "3 pages below" in done.output
    assert "<strong>100</strong> of 100 points" in page(folder, "ada")
    assert "<strong>10</strong> of 100 points" in page(folder, "bob")
    assert "A person will look at this" in page(folder, "小明")
    assert not (folder / "feedback" / "=1+1").exists()


def test_what_a_person_gave_and_said_is_what_the_student_reads(folder):
    with gradebook.opened(folder) as book:
        book.find_grade("03-attention", NAME, NAME, "bob").manual_score = 12.5
        book.find_comment("03-attention-solution", NAME, NAME, "bob").manual_comment = "<b>nearly</b>"
        book.db.commit()
    feedback(folder)
    assert "<strong>22.5</strong> of 100 points" in page(folder, "bob")
    assert "Changed by a person; the grader gave 0." in page(folder, "bob")
    assert "&lt;b&gt;nearly&lt;/b&gt;" in page(folder, "bob")
    assert "Changed by a person" not in page(folder, "ada")


def test_while_a_person_must_look_the_page_says_what_the_grader_found(folder):
    with gradebook.opened(folder) as book:
        book.find_grade("03-attention", NAME, NAME, "bob").auto_score = None
        book.db.commit()
    feedback(folder)
    assert "<strong>10</strong> of 100 points" in page(folder, "bob")


def test_whom_a_person_graded_because_the_grader_could_not_reads_their_points_and_words(folder):
    with gradebook.opened(folder) as book:
        for grade in book.find_submission(NAME, "小明").notebooks[0].grades:
            grade.manual_score, grade.needs_manual_grade = grade.cell.max_score / 2, False
        book.find_comment("03-attention-solution", NAME, NAME, "小明").manual_comment = "<b>nearly</b>"
        book.db.commit()
    feedback(folder)
    read = page(folder, "小明")
    assert "A person graded this" in read
    assert "<strong>50</strong> of 100 points" in read
    assert "03-attention: 10 points. <bdi>&lt;b&gt;nearly&lt;/b&gt;</bdi>" in read
    assert "A person will look" not in read
    assert "of 0 questions" not in read


def test_a_dry_run_and_no_grades_write_nothing(folder):
    mmcourse("class", "feedback", "03", "--folder", str(folder), "--dry-run")
    mmcourse("class", "report", "03", "--folder", str(folder), "--dry-run")
    assert not list(folder.glob("feedback/*")) + list(folder.glob("*.html"))
    (folder / "submitted" / batch.GRADES).unlink()
    for command in ("feedback", "report"):
        done = mmcourse("class", command, "03", "--folder", str(folder))
        assert done.exit_code == 1
        assert f"Nothing of {NAME} is graded yet. First: mmcourse class grade 03." in done.output


def test_the_report_is_about_the_class(folder):
    done = mmcourse("class", "report", "03", "--folder", str(folder))
    assert "2 graded" in done.output
    assert "<html" in (folder / f"{NAME}-report.html").read_text()
    assert [each["student"] for each in class_grading.graded(folder, NAME)] == ["ada", "bob", "小明"]


# ---- through the exchange


@pytest.fixture
def exchange(folder, tmp_path):
    path = folder / course.CONFIG
    path.write_text(path.read_text() + f"\nc.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    (tmp_path / "exchange" / "mmcourse").mkdir(parents=True)
    (tmp_path / "exchange").chmod(0o777)
    return tmp_path / "exchange" / "mmcourse" / "feedback"


def test_a_page_is_where_nbgrader_looks_for_it_with_the_students_secret(folder, exchange):
    before = os.umask(0o077)  # a careful teacher's
    feedback(folder)
    os.umask(before)
    for student, secret in SECRETS.items():
        place = exchange / f"{notebook_hash(secret=secret, notebook_id=NAME)}.html"
        assert place.read_text() == page(folder, student)
        assert place.stat().st_mode & 0o004, "the student can read it"


def test_a_submission_without_a_secret_stops_nobody_and_is_found_by_nobody(folder, exchange):
    feedback(folder)
    feedback(folder)
    known = {notebook_hash(secret=secret, notebook_id=NAME) for secret in SECRETS.values()}
    others = {path.stem for path in exchange.glob("*.html")} - known
    assert len(others) == 1
    assert known <= {path.stem for path in exchange.glob("*.html")}
