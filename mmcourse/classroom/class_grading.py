"""Grade a class: mark what is not marked yet, then write all of it into the gradebook, at once, and for formgrader."""

from dataclasses import replace
from pathlib import Path

from . import batch
from .course import ClassError, released, settings
from .gradebook import record
from .graded_notebook import write_all
from .submission import find


def grade(
    folder: Path,
    name: str,
    how: batch.Settings,
    student: str | None = None,
    **watched,
) -> list[dict]:
    """The lines of the assignment, or of one student's. Killed at any moment, a second run ends as the first would.

    `watched` goes on to `batch.grade_folder`: tell, begin, executor. Raises ClassError, or Busy if somebody grades this
    class already.
    """
    settings(folder)
    released(folder, name)
    files = set(submissions(folder, name, student))
    if how.seed is None:  # the one with which this assignment was graded so far, whatever other assignments had
        how = replace(how, seed=next((line["seed"] for line in kept(folder, name)), None))
    lines = batch.grade_folder(folder / "submitted", how, wanted=files.__contains__, **watched)
    record(folder, lines)
    write_all(folder, name, lines)
    return lines


def submissions(folder: Path, name: str, student: str | None = None) -> list[str]:
    """The notebooks of an assignment that were collected, relative to submitted/."""
    parts = [(file, file.split("/")) for file in find(folder / "submitted")]
    return [file for file, (who, *rest) in parts if rest == [name, f"{name}.ipynb"] and student in (None, who)]


def graded(folder: Path, name: str) -> list[dict]:
    """The lines of an earlier run. Raises ClassError if there are none."""
    lines = kept(folder, name)
    if not lines:
        raise ClassError(f"Nothing of {name} is graded yet. First: mmcourse class grade {name[:2]}.")
    return lines


def kept(folder: Path, name: str) -> list[dict]:
    """The lines of an earlier run, if there was one."""
    settings(folder)
    lines = batch.load(folder / "submitted" / batch.GRADES)
    return [lines[file] for file in submissions(folder, name) if file in lines]
