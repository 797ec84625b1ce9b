"""A small class for the tests of `mmcourse class`: assignment 03, its solution, and ways to change a submission."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from mmcourse.classroom import batch, collecting, course, gradebook, releasing
from mmcourse.classroom.entry import entry
from mmcourse.classroom.roster import Student
from mmcourse.classroom.single import blank
from mmcourse.grading import Result, questions
from mmcourse.places import course_folder

NAME = "03_attention"
STUDENTS = (
    Student("ada", "Birch", "Ada", "ada@example.org", "4711"),
    Student("bob"),
    Student("小明", "王", "小明"),
    Student("=1+1", "=cmd", "@x"),
)


def make(folder: Path, exchange: Path | None = None) -> Path:
    """A class with four students, in which 03 is released."""
    course.new(folder, exchange=exchange)
    gradebook.enrol(folder, STUDENTS)
    releasing.release(folder, NAME)
    return folder


def solved() -> dict:
    """A notebook with the right answers, as a student hands it in."""
    return json.loads((course_folder() / "solutions" / NAME / f"{NAME}.ipynb").read_text())


def stub() -> dict:
    """The notebook as it is released."""
    return json.loads((course_folder() / "exercises" / NAME / f"{NAME}.ipynb").read_text())


def cell(notebook: dict, grade_id: str) -> dict:
    return next(cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def answer(notebook: dict, question: str, source: str) -> dict:
    """The notebook with another answer to one question."""
    cell(notebook, f"{question}-solution")["source"] = source
    return notebook


def without(notebook: dict, *grade_ids: str) -> dict:
    """The notebook with these cells deleted."""
    gone = [cell(notebook, grade_id) for grade_id in grade_ids]
    notebook["cells"] = [cell for cell in notebook["cells"] if cell not in gone]
    return notebook


def put(path: Path, notebook: dict) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))
    return path


def hand_in(folder: Path, student: str, notebook: dict, when: datetime | None = None) -> str:
    """Put a submission where collecting would; its path below submitted/."""
    file = f"{student}/{NAME}/{NAME}.ipynb"
    path = put(folder / "submitted" / file, notebook)
    if when:
        path.with_name(gradebook.TIMESTAMP).write_text(f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")
    return file


def line(student: str, shares: dict[str, float], state: str = "graded") -> dict:
    """A line as `batch` writes it, for a submission that earned these shares (0 to 1) of its questions' points."""
    file, known = f"{student}/{NAME}/{NAME}.ipynb", state == "graded"
    entries = [entry(_result(question, shares.get(question.id, 0.0))) for question in questions("03") if known]
    said = {"state": state, "reason": "" if known else "why", "questions": entries}
    earned = {"points": sum(e["points"] for e in entries), "max": sum(e["max"] for e in entries)} if known else {}
    return blank(file, student, "03", "", 0, "bubblewrap") | said | earned


def _result(question, share: float) -> Result:
    state = "right" if share == 1 else "wrong"
    return Result(question.id, question.title, question.points, state, question.points * share, message="m")


def collect(folder, source=None, trust_names=False, **options):
    """Collect 03; the outcomes by where the notebooks lay."""
    found = collecting.incoming(folder, NAME, source, trust_names)
    return {outcome.place.strip("'"): outcome for outcome in collecting.collect(folder, NAME, found, **options)}


def states(outcomes):
    return {place: outcome.state for place, outcome in outcomes.items()}


def submitted(folder):
    """What lies in submitted/."""
    return sorted(path.relative_to(folder / "submitted").as_posix() for path in folder.glob("submitted/*/*/*.ipynb"))


def cells(folder):
    """Every score that the gradebook holds, by student and cell."""
    found = gradebook.scores(folder, NAME)
    return {(score.student.id, cell.id): (cell.points, cell.auto) for score in found for cell in score.cells}


def autograded(folder):
    """The notebooks that formgrader shows, by student."""
    return {path.parts[-3]: path.read_text().strip() for path in folder.glob(f"autograded/*/{NAME}/{NAME}.ipynb")}


def wipe(folder):
    """Forget all grades, as if nobody had graded."""
    (folder / "submitted" / batch.GRADES).unlink()
    with sqlite3.connect(folder / "gradebook.db") as database:
        database.execute("update grade set auto_score = null, needs_manual_grade = 1")


RIGHT = {question.id: 1.0 for question in questions("03")}
