"""nbgrader's gradebook, written by one process at a time: what a submission earned, and never a score beyond that.

A score that a person gave in formgrader stays what it is; it is only marked for another look when the grader changed
its mind about the same answer.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from .course import WAIT, ClassError, settings
from .roster import Student

TIMESTAMP = "timestamp.txt"  # beside a submission: when it came in


@contextmanager
def opened(folder: Path) -> Iterator:
    """nbgrader's Gradebook of the class, for us alone. Raises ClassError if somebody else does not let go of it.

    Nothing is written before `gradebook.db.commit()`, save by those methods of nbgrader that say so.
    """
    config = settings(folder)
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory
    from sqlalchemy.exc import DatabaseError

    course = CourseDirectory(config=config)
    url = course.db_url + (f"?timeout={WAIT}" if course.db_url.startswith("sqlite:") else "")
    try:
        with FileLock(folder / ".gradebook.lock", timeout=WAIT), _alembic():
            gradebook = Gradebook(url, course.course_id)
            try:
                yield gradebook
            finally:
                gradebook.close()
    except Timeout:
        raise ClassError(f"Another command is writing the gradebook of {folder}. Wait until it is done.") from None
    except DatabaseError as error:
        raise ClassError(
            f"The gradebook of {folder} cannot be used: {error.orig}. Nothing was written. If it is locked, close "
            "formgrader or what else holds it; if the disk is full, make room; if it is damaged, take it from your "
            "backup; then try again."
        ) from error


@contextmanager
def _alembic():
    """nbgrader starts the program alembic when it makes a database, and looks for it only on the path."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def enrol(folder: Path, students: Iterable[Student]) -> int:
    """Add the students, or what is new about them; how many are in the class then. Nobody is removed."""
    with opened(folder) as gradebook:
        from nbgrader import api

        known = {student.id: student for student in gradebook.students}
        for student in students:
            row = known.get(student.id) or api.Student(id=student.id)
            for name, value in vars(student).items():
                if value:
                    setattr(row, name, value)
            gradebook.db.add(row)
        gradebook.db.commit()
        return len(gradebook.students)


def roster(folder: Path) -> list[Student]:
    """Everybody in the class, by id."""
    with opened(folder) as gradebook:
        return [
            Student(**{name: getattr(row, name) or "" for name in Student.__dataclass_fields__})
            for row in sorted(gradebook.students, key=lambda row: row.id)
        ]


def record(folder: Path, lines: list[dict]) -> None:
    """Write the lines of `batch.grade_folder` into the gradebook, all in one transaction. Repeating changes nothing.

    Lines are of submitted/STUDENT/NAME/NAME.ipynb, NAME is released. Raises ClassError, and then nothing is written.
    """
    config = settings(folder)
    with opened(folder) as gradebook:
        penalties = _penalties(config)
        for line in lines:
            submission = _submission(gradebook, line)
            submission.timestamp = when(folder / "submitted" / line["file"])
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    _score(grade, line)
            gradebook.db.flush()
            _penalize(gradebook, submission, penalties)
        gradebook.db.commit()


def _submission(gradebook, line: dict):
    """The rows of a submission: new if there are none, and with those of cells that came with a later release."""
    from nbgrader import api

    db, (_, name, _) = gradebook.db, Path(line["file"]).parts
    try:
        assignment = gradebook.find_assignment(name)
    except api.MissingEntry:
        raise ClassError(f"{name} is not in the gradebook. First: mmcourse class release {name[:2]}.") from None
    student = db.get(api.Student, line["student"]) or _added(db, api.Student(id=line["student"]))
    whose = {"assignment_id": assignment.id, "student_id": student.id}
    submission = db.query(api.SubmittedAssignment).filter_by(**whose).one_or_none()
    submission = submission or _added(db, api.SubmittedAssignment(**whose))
    mirrors = {mirror.notebook_id: mirror for mirror in submission.notebooks}
    for notebook in assignment.notebooks:
        new = api.SubmittedNotebook(notebook_id=notebook.id, assignment_id=submission.id)
        _mirror(db, notebook, mirrors.get(notebook.id) or _added(db, new))
    db.expire(submission, ["notebooks"])
    return submission


def _mirror(db, notebook, mirror) -> None:
    """Have a grade for every graded cell, and a comment for every answer."""
    from nbgrader import api

    graded, said = {grade.cell_id for grade in mirror.grades}, {comment.cell_id for comment in mirror.comments}
    for cell in (*notebook.grade_cells, *notebook.task_cells):
        if cell.id not in graded:
            db.add(api.Grade(cell_id=cell.id, notebook_id=mirror.id))
    for cell in (*notebook.solution_cells, *notebook.task_cells):
        if cell.id not in said:
            db.add(api.Comment(cell_id=cell.id, notebook_id=mirror.id))
    db.flush()
    db.expire(mirror, ["grades", "comments"])


def _added(db, row):
    db.add(row)
    db.flush()
    return row


def _score(grade, line: dict) -> None:
    """What the grader says of one cell: None, and a person is asked, where it says nothing. Never a zero for that."""
    earned = {entry["id"]: entry["points"] / entry["max"] for entry in line["questions"] if entry["max"]}
    known = line["state"] == "graded" and grade.cell.name in earned
    score = grade.cell.max_score * earned[grade.cell.name] if known else None
    changed, grade.auto_score = grade.auto_score != score, score
    if grade.manual_score is None:
        grade.needs_manual_grade = score is None
    elif changed:
        grade.needs_manual_grade = True


def when(submission: Path) -> datetime | None:
    """When a submission came in, in UTC and without a time zone as nbgrader keeps it; None if nobody wrote it down."""
    from nbgrader.utils import parse_utc

    try:
        return parse_utc((submission.parent / TIMESTAMP).read_text().strip())
    except (OSError, ValueError, OverflowError):
        return None


def _penalties(config):
    """nbgrader's, with the plug-in that the class may have configured."""
    from nbgrader.preprocessors import AssignLatePenalties

    penalties = AssignLatePenalties(config=config)
    penalties.init_plugin()
    return penalties


def _penalize(gradebook, submission, penalties) -> None:
    late = submission.total_seconds_late
    for notebook in submission.notebooks:
        notebook.late_submission_penalty = None
        if late > 0:
            gradebook.db.refresh(notebook, ["score"])
            taken = penalties.plugin_inst.late_submission_penalty(submission.student.id, notebook.score, late)
            if taken is not None:
                notebook.late_submission_penalty = min(max(taken, 0), notebook.score)


@dataclass(frozen=True)
class Cell:
    """One graded cell of one student. `points` counts, with extra credit; None if nobody knows it yet."""

    id: str
    points: float | None
    auto: float | None
    comment: str


@dataclass(frozen=True)
class Score:
    """One student's row. `points` is None without a submission, or while a person must look at it."""

    student: Student
    most: float
    submitted: bool = False
    points: float | None = None
    penalty: float = 0.0
    seconds_late: float = 0.0
    waiting: bool = False
    cells: tuple[Cell, ...] = field(default=())


def scores(folder: Path, name: str) -> list[Score]:
    """A row for everybody in the class, by id. Raises ClassError if the assignment is not released."""
    with opened(folder) as gradebook:
        from nbgrader import api

        try:
            assignment = gradebook.find_assignment(name)
        except api.MissingEntry:
            raise ClassError(f"{name} is not in the gradebook. First: mmcourse class release {name[:2]}.") from None
        done = {submission.student.id: submission for submission in assignment.submissions}
        most = sum(cell.max_score for notebook in assignment.notebooks for cell in _graded(notebook))
        rows = sorted(gradebook.students, key=lambda row: row.id)
        return [_of(row, done.get(row.id), most) for row in rows]


def _graded(notebook) -> list:
    return [*notebook.grade_cells, *notebook.task_cells]


def _of(row, submission, most: float) -> Score:
    student = Student(**{name: getattr(row, name) or "" for name in Student.__dataclass_fields__})
    if submission is None:
        return Score(student, most)
    notebooks = submission.notebooks
    cells = [_cell(grade, notebook) for notebook in notebooks for grade in notebook.grades]
    penalty = sum(notebook.late_submission_penalty or 0.0 for notebook in notebooks)
    unknown = not cells or any(cell.points is None for cell in cells)
    points = None if unknown else max(sum(cell.points for cell in cells) - penalty, 0.0)
    waiting = unknown or any(grade.needs_manual_grade for notebook in notebooks for grade in notebook.grades)
    return Score(student, most, True, points, penalty, submission.total_seconds_late, waiting, tuple(cells))


def _cell(grade, notebook) -> Cell:
    base = grade.manual_score if grade.manual_score is not None else grade.auto_score
    points = None if base is None else base + (grade.extra_credit or 0.0)
    return Cell(grade.cell.name, points, grade.auto_score, _comment(grade.cell.name, notebook))


def _comment(name: str, notebook) -> str:
    """What a person wrote at the cell, or at the answer above it: that one is named after it, with -solution."""
    said = {comment.cell.name: comment.manual_comment for comment in notebook.comments}
    return said.get(name) or said.get(f"{name}-solution") or ""
