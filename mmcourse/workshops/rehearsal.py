"""Run the chapters once on this computer before a class: offline, unseen, and kept in mind.

What a chapter computes only the first time (scenes drawn, features of pictures) is cached afterwards, so that no class
waits for it, and a chapter that does not run here is found in time. A rehearsal that was stopped goes on with the next
chapter; one of an older course counts for nothing.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mmcourse
from mmcourse.data import cache

CELL_SECONDS = 1800  # a slow laptop takes minutes for what took seconds here


@dataclass(frozen=True)
class Outcome:
    """A chapter that was rehearsed; `error` is empty if all its cells ran."""

    chapter: str
    seconds: float
    error: str = ""


def course_stamp() -> str:
    """A fingerprint of the package's code, which decides what is cached."""
    package = Path(mmcourse.__file__).parent
    return cache.fingerprint(*(path.read_bytes() for path in sorted(package.rglob("*.py"))))


def record() -> Path:
    return cache.folder() / "rehearsal.json"


def rehearsed() -> dict[str, float]:
    """The chapters that ran here with the course as it is now, and their seconds."""
    try:
        kept = json.loads(record().read_text(encoding="utf-8"))
        return dict(kept["chapters"]) if kept["course"] == course_stamp() else {}
    except (OSError, ValueError, KeyError, TypeError):  # none yet, or damaged: then it is made anew
        return {}


def chapters(course: Path) -> list[str]:
    return sorted(path.stem for path in (course / "notebooks" / "src").glob("*.py"))


def rehearse(course: Path, names: list[str]) -> Iterator[Outcome]:
    """Run the text of each of these chapters that has not run yet, and yield how it went."""
    for name in names:
        if name in rehearsed():
            continue
        begin = time.perf_counter()
        error = run(course, name)
        outcome = Outcome(name, round(time.perf_counter() - begin, 1), error)
        if not error:
            keep(rehearsed() | {name: outcome.seconds})
        yield outcome


def run(course: Path, name: str) -> str:
    """Run one chapter in a kernel of its own; returns the error's last line, empty if there was none."""
    import jupytext
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from traitlets.config import Config

    notebook = jupytext.read(course / "notebooks" / "src" / f"{name}.py")
    place = {"metadata": {"path": str(course / "notebooks")}}
    quiet = Config({"KernelManager": {"transport_encryption": "auto"}})  # or every kernel logs a warning
    client = NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", resources=place, config=quiet)
    try:
        client.execute(env=offline(course))
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    except (CellTimeoutError, DeadKernelError) as error:
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    return ""


def offline(course: Path) -> dict[str, str]:
    """The environment of a kernel that cannot reach a network, and that leaves the learner's progress alone."""
    cut = [str(course / "tests" / "offline"), os.environ.get("PYTHONPATH", "")]
    progress = str(cache.folder() / "rehearsal-progress")
    own = {"PYTHONPATH": os.pathsep.join(filter(None, cut)), "MMCOURSE_HOME": progress, "MPLBACKEND": "agg"}
    return {"OMP_NUM_THREADS": "1"} | os.environ | own


def keep(seconds: dict[str, float]):
    """Write which chapters ran, whole or not at all."""
    path = record()
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    half.write_text(json.dumps({"course": course_stamp(), "chapters": seconds}), encoding="utf-8")
    os.replace(half, path)
