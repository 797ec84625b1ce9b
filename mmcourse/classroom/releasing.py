"""From a solution to what students get: nbgrader makes it, and it goes to the exchange or lies there to hand out."""

import copy
import filecmp
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .course import ClassError, exchange_of, settings, solutions, workplace
from .gradebook import opened

UNWANTED = shutil.ignore_patterns("__pycache__", ".*")


@dataclass(frozen=True)
class Release:
    """What students get, whether it went to an exchange, and what the teacher should know."""

    folder: Path
    exchange: str | None
    notes: tuple[str, ...]


def release(folder: Path, name: str, due: datetime | None = None, fresh: bool = False) -> Release:
    """Release the assignment, or release it again: grades, submissions and the due date stay.

    `due` is in UTC. A solution that the teacher changed in source/ is kept; `fresh` takes the course's, and puts
    theirs aside. Raises ClassError, with nbgrader's log; then students still get what they got before.
    """
    config = settings(folder)
    with workplace(folder) as place, opened(folder) as gradebook:  # for its lock: nbgrader opens it by itself
        notes = _fill_source(folder, name, fresh, place)
        _generate(config, folder, place, name)
        _swap(place / "release" / name, folder / "release" / name)
        if due:
            gradebook.find_assignment(name).duedate = due
            gradebook.db.commit()
    exchange = exchange_of(config)
    if exchange:
        _to_exchange(config, name)
    return Release(folder / "release" / name, exchange, tuple(notes))


def _fill_source(folder: Path, name: str, fresh: bool, place: Path) -> list[str]:
    """Have the solution in source/; what is to be said about it."""
    source, course = folder / "source" / name, solutions().get(name)
    if not course:
        return []
    if not source.exists():
        _copy(course, source, place)
        return []
    if not _differ(course, source):
        return []
    if not fresh:
        return [f"source/{name} is not the course's; it is kept. The course's instead: --fresh."]
    kept = folder / "older" / "source" / f"{name}-{datetime.now():%Y-%m-%dT%H-%M-%S-%f}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    source.rename(kept)
    _copy(course, source, place)
    return [f"Your source/{name} is now {kept.relative_to(folder)}."]


def _copy(course: Path, source: Path, place: Path) -> None:
    shutil.copytree(course, place / "copied", ignore=UNWANTED)
    (place / "copied").rename(source)


def _differ(course: Path, source: Path) -> bool:
    files = [path.relative_to(course) for path in course.rglob("*") if path.is_file()]
    wanted = [str(file) for file in files if not any(p.startswith((".", "__pycache__")) for p in file.parts)]
    _, different, missing = filecmp.cmpfiles(course, source, wanted, shallow=False)
    return bool(different or missing)


def _generate(config, folder: Path, place: Path, name: str) -> None:
    """nbgrader removes what was released before it knows that it can release again, so it works in `place`."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    shutil.copytree(folder / "source" / name, place / "source" / name, ignore=UNWANTED)
    there = copy.deepcopy(config)
    there.CourseDirectory.db_url = CourseDirectory(config=config).db_url
    there.CourseDirectory.root = str(place)
    must_succeed(NbGraderAPI(config=there).generate_assignment(name, force=True, create=True), f"release {name}")


def _swap(made: Path, place: Path) -> None:
    """The old folder goes and the new one comes; a killed run leaves one of them, and a second run mends it."""
    if place.exists():
        place.rename(made.with_name("before"))
    place.parent.mkdir(exist_ok=True)
    made.rename(place)


def _to_exchange(config, name: str) -> None:
    from nbgrader.apps import NbGraderAPI

    there = copy.deepcopy(config)
    there.ExchangeReleaseAssignment.force = True
    must_succeed(NbGraderAPI(config=there).release_assignment(name), f"hand {name} to the exchange")


def must_succeed(result: dict, what: str) -> None:
    """Raises ClassError with what nbgrader said, if it failed."""
    if not result["success"]:
        log = (result.get("log") or result.get("error") or "").strip()
        raise ClassError(f"nbgrader could not {what}. It says:\n{log}")
