"""The gradebook as CSV: plain, or as Canvas and Moodle import it. A score that nobody knows is an empty cell."""

from .gradebook import Score

Row = list


def plain(scores: list[Score], name: str) -> list[Row]:
    """Everything there is to say, a column for each question at the end."""
    ids = list(dict.fromkeys(cell.id for score in scores for cell in score.cells))
    header = ["student", "last_name", "first_name", "email", "state", "points", "max", "penalty", "hours_late", *ids]
    return [header, *(_plain_row(score, ids) for score in scores)]


def _plain_row(score: Score, ids: list[str]) -> Row:
    student, points = score.student, {cell.id: number(cell.points) for cell in score.cells}
    state = "missing" if not score.submitted else "needs a person" if score.waiting else "graded"
    hours = round(score.seconds_late / 3600, 2) or None
    who = [student.id, student.last_name, student.first_name, student.email]
    what = [state, number(score.points), number(score.most), number(score.penalty or None), hours]
    return who + what + [points.get(i) for i in ids]


def canvas(scores: list[Score], name: str) -> list[Row]:
    """Canvas asks for these five columns, and then for one an assignment; a second line holds the points possible.

    It knows a student by ID, or where that is empty by the login.
    """
    header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    possible = ["    Points Possible", None, None, None, None, number(scores[0].most) if scores else None]
    rows = []
    for score in scores:
        student = score.student
        who = ", ".join(filter(None, (student.last_name, student.first_name))) or student.id
        rows.append([who, student.lms_user_id or None, None, student.id, None, number(score.points)])
    return [header, possible, *rows]


def moodle(scores: list[Score], name: str) -> list[Row]:
    """Moodle lets the teacher map columns: "Email address" to useremail, or "ID number" to useridnumber."""
    rows = []
    for score in scores:
        student = score.student
        rows.append([student.first_name, student.last_name, student.id, student.email, number(score.points)])
    return [["First name", "Last name", "ID number", "Email address", name], *rows]


def number(value: float | None) -> float | int | None:
    """7 for 7.0, and two digits at most: as a person writes points."""
    if value is None:
        return None
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


FORMATS = {"plain": plain, "canvas": canvas, "moodle": moodle}
