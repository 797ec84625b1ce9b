"""Take in what students submitted: the newest of each that can be graded. What lay there before is kept in older/."""

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import submission
from .course import ClassError, exchange_of, released, settings, workplace
from .gradebook import TIMESTAMP, enrol, roster, when
from .incoming import SECRET, Incoming, content, in_downloads, in_exchange, secret
from .roster import Student, why_not
from .submission import Refused


@dataclass(frozen=True)
class Outcome:
    """What became of a notebook: "collected", "updated", "unchanged", "older", "another" assignment's, "refused"."""

    state: str
    student: str
    place: str
    words: str = ""


def incoming(folder: Path, name: str, source: Path | None, trust_names: bool) -> list[Incoming]:
    """All that came in, from the folder `source` or from the exchange. Raises ClassError."""
    config = settings(folder)
    released(folder, name)
    if source:
        return in_downloads(source, roster(folder))
    exchange = exchange_of(config)
    if not exchange:
        raise ClassError(
            "This class has no exchange. Name the folder with the downloads, --from FOLDER, or set c.Exchange.root in "
            f"{folder / 'nbgrader_config.py'}."
        )
    return in_exchange(Path(exchange, config.CourseDirectory.course_id, "inbound"), name, trust_names)


def collect(
    folder: Path,
    name: str,
    found: list[Incoming],
    new_students: bool = False,
    dry_run: bool = False,
    tell: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Take in `found`, the newest of each student first; an Outcome for every one.

    Whoever is not in the class is refused, or enrolled with `new_students`.
    """
    known, outcomes, taken = {student.id for student in roster(folder)}, [], set()
    for one in sorted(found, key=lambda one: (one.when, one.place), reverse=True):
        try:
            _check_student(one, known, new_students)
            newer = one.student in taken
            outcome = _outcome(one, "older", "a newer one was taken") if newer else _take(folder, name, one, dry_run)
        except Refused as why:
            outcome = _outcome(one, "refused", str(why))
        except OSError as error:
            raise ClassError(
                f"{one.shown} cannot be kept: {error.strerror}. What was there is kept; try again."
            ) from error
        if outcome.state not in ("refused", "another"):
            taken.add(one.student)
        outcomes.append(outcome)
        tell(outcome)
    if not dry_run:
        enrol(folder, [Student(student) for student in sorted(taken - known)])
    return outcomes


def _outcome(one: Incoming, state: str, words: str = "") -> Outcome:
    return Outcome(state, one.student, one.shown, "; ".join(filter(None, (words, one.note))))


def _check_student(one: Incoming, known: set[str], new_students: bool) -> None:
    if one.trouble:
        raise Refused(one.trouble + ".")
    unfit = why_not(one.student)
    if unfit:
        raise Refused(f"{one.student[:80]!r} cannot be the id of a student: {unfit}.")
    if one.student not in known and not new_students:
        raise Refused(
            f"{one.student!r} is not in the class. Add them with class new --students, or anybody with --new-students."
        )


def _take(folder: Path, name: str, one: Incoming, dry_run: bool) -> Outcome:
    """Put it in place, whole or not at all. Raises Refused."""
    place = folder / "submitted" / one.student / name
    with workplace(folder) as made:
        half = made / name
        half.mkdir()
        data = content(one)
        (half / f"{name}.ipynb").write_bytes(data)
        read = submission.read(half, f"{name}.ipynb")
        others = _assignments(data)
        if others and name[:2] not in others:
            return _outcome(one, "another", f"it is of assignment {', '.join(sorted(others))}")
        if not others and not re.search(rf"(?<!\d){name[:2]}[_-]", "/".join(one.place)):
            raise Refused(f"Neither its name nor its cells say that it is {name}. Rename it to {name}.ipynb, if it is.")
        state = _compare(place, name, read.digest, one.when)
        if not dry_run and state in ("collected", "updated"):
            (half / TIMESTAMP).write_text(f"{one.when.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC")
            (half / SECRET).write_text(secret(one) or secrets.token_hex(64))
            _keep_older(folder, place)
            place.parent.mkdir(parents=True, exist_ok=True)
            half.rename(place)
    return _outcome(one, state)


def _assignments(data: bytes) -> set[str]:
    """The numbers of the assignments whose questions a notebook holds, by its grade ids."""
    ids = set()
    for cell in json.loads(data)["cells"]:
        with suppress(AttributeError, TypeError):  # metadata that are none
            ids.add(cell["metadata"].get("nbgrader", {}).get("grade_id"))
    return {i[:2] for i in ids if isinstance(i, str) and i[:2].isdigit() and i[2:3] == "-"}


def _compare(place: Path, name: str, digest: str, came: datetime) -> str:
    """What taking it would be, beside what lies there."""
    there = place / f"{name}.ipynb"
    if not there.exists():
        return "collected"
    before = when(there)
    if before and came.astimezone(UTC).replace(tzinfo=None) < before:
        return "older"
    same = hashlib.sha256(there.read_bytes()).hexdigest() == digest
    return "unchanged" if same and before == came.astimezone(UTC).replace(tzinfo=None) else "updated"


def _keep_older(folder: Path, place: Path) -> None:
    """Move what lies there aside, under the time at which that happens: nothing is ever written over."""
    if place.exists():
        kept = folder / "older" / place.parent.name / place.name / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S-%f}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        place.rename(kept)
