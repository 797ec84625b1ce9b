"""What students get to read: a page for each, with the points that count, wherever a person changed them."""

import secrets
from collections.abc import Callable
from pathlib import Path

from . import feedback
from .class_grading import graded
from .course import exchange_of, settings
from .course import write as write_whole
from .gradebook import TIMESTAMP, Score, scores
from .gradebook_export import number
from .incoming import SECRET
from .releasing import must_succeed


def lines(folder: Path, name: str) -> list[dict]:
    """The lines of everybody graded, with the points that the gradebook counts where it knows the student."""
    by_student = {score.student.id: score for score in scores(folder, name)}
    return [_as_it_counts(line, by_student.get(line["student"])) for line in graded(folder, name)]


def _as_it_counts(line: dict, score: Score | None) -> dict:
    """The line with what a person changed; without that, and while one must still look, it is as the grader left it."""
    if score is None:
        return line
    if line["state"] != "graded" and score.points is not None and not score.waiting:
        return line | {"state": "graded by hand", "max": number(score.most)} | _whole(score) | {"by_hand": score.cells}
    cells = {cell.id: cell for cell in score.cells if cell.points is not None}
    questions = []
    for entry in line["questions"]:
        cell = cells.get(entry["id"])
        said = {"points": number(cell.points), "auto": entry["points"], "comment": cell.comment} if cell else {}
        questions.append(entry | said)
    return line | {"questions": questions} | (_whole(score) if score.points is not None else {})


def _whole(score: Score) -> dict:
    return {"points": number(score.points), "penalty": number(score.penalty)}


def write(
    folder: Path, name: str, lines: list[dict], tell: Callable[[Path], None] = lambda page: None
) -> tuple[list[Path], str | None]:
    """The pages that were written, and the exchange that they went to. `tell` hears of each. Raises ClassError."""
    config = settings(folder)
    pages = feedback.write(lines, folder / "feedback", tell)
    exchange = exchange_of(config)
    if exchange and pages:
        for page in pages:
            page.chmod(0o644)  # nbgrader copies it as it is, and the student must be able to read it
            _accompany(folder, page)
        _to_exchange(config, name)
    return pages, exchange


def _accompany(folder: Path, page: Path) -> None:
    """What nbgrader finds a page's student by. A submission without it gets a secret that nobody knows, once."""
    came = folder / "submitted" / page.parent.relative_to(folder / "feedback")
    for file, otherwise in ((TIMESTAMP, ""), (SECRET, secrets.token_hex(64))):
        there, here = came / file, page.parent / file
        if there.is_file():
            write_whole(here, there.read_bytes())
        elif not here.exists():
            write_whole(here, otherwise.encode())


def _to_exchange(config, name: str) -> None:
    from nbgrader.apps import NbGraderAPI

    must_succeed(NbGraderAPI(config=config).release_feedback(name), f"put the feedback of {name} into the exchange")
