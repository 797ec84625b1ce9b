"""Who is in the class: a CSV of students, and which names are fit to be folders."""

import csv
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from .course import ClassError

COLUMNS = ("id", "last_name", "first_name", "email", "lms_user_id")
FORBIDDEN = set('/\\:*?"<>|[]{}')  # no folder on some system, or a pattern to nbgrader
LONGEST = 64


@dataclass(frozen=True)
class Student:
    """`lms_user_id` is the number by which Canvas knows them; downloads from there bear it."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_user_id: str = ""


def why_not(student: str) -> str:
    """Why this cannot be the id of a student, which names folders and files; empty if it can."""
    if not student or student != student.strip():
        return "it is empty, or begins or ends with a space"
    if student[0] in ".-":
        return f"it begins with {student[0]!r}"
    if len(student.encode(errors="replace")) > LONGEST:
        return f"it is longer than {LONGEST} bytes"
    bad = sorted({c for c in student if c in FORBIDDEN or unicodedata.category(c)[0] == "C"})
    return f"it holds {bad[0]!r}" if bad else ""


def read(path: Path) -> list[Student]:
    """The students of a CSV file, whose first line names its columns; only `id` must be there. Raises ClassError."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            # A spreadsheet writes semicolons where the comma stands in decimal numbers.
            rows = list(csv.DictReader(file, delimiter="," if "," in first else ";"))
    except OSError as error:
        raise ClassError(f"{path}, the CSV file with the students, cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ClassError(
            f"Expected a CSV file in UTF-8 with students, but {path} is none: {error}. Save it as CSV UTF-8."
        ) from None
    students, lines = [], {}
    for number, row in enumerate(rows, 2):
        fields = {(name or "").strip().lower(): value for name, value in row.items() if isinstance(value, str)}
        if "id" not in fields:
            found = ", ".join(str(name) for name in row if name) or "nothing"
            raise ClassError(
                f"{path} names no column id. Its first line says: {found}. Known are: {', '.join(COLUMNS)}."
            )
        student = Student(**{name: unicodedata.normalize("NFC", fields.get(name, "").strip()) for name in COLUMNS})
        trouble = why_not(student.id)
        if not trouble and student.id.casefold() in lines:
            trouble = f"line {lines[student.id.casefold()]} has it, too"
        if trouble:
            raise ClassError(f"{path}, line {number}: {student.id!r} cannot be the id of a student: {trouble}.")
        lines[student.id.casefold()] = number
        students.append(student)
    if not students:
        raise ClassError(f"{path} holds no students. Expected a first line such as id,last_name,first_name,email.")
    return students
