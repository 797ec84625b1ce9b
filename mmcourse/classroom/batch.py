"""Grade a folder. One process writes the grades, a line each as it is known, so that a killed run loses none."""

import json
import os
import queue
import secrets
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from mmcourse.grading import questions
from mmcourse.grading.result import Result

from .marking import mark
from .sandbox import Limits, Sandbox
from .submission import Refused, Submission, find, read, student_of

GRADES = "grades.jsonl"
TRIES = 2  # of a submission, when the grader itself fails


class Busy(Exception):
    """Somebody else grades this folder."""


@dataclass(frozen=True)
class Settings:
    """How to grade: what isolates, the seed (None: a secret one), submissions at once, seconds for each of them."""

    kind: str
    seed: int | None = None
    jobs: int = 1
    limit: float = 120.0
    limits: Limits = field(default_factory=Limits)


def grade_folder(folder: Path, settings: Settings, tell: Callable[[dict], None] = lambda line: None) -> list[dict]:
    """Grade what is not graded yet, and return the lines of all submissions, sorted by file.

    A line is kept while its file stays the same; one that needs a person because the grader failed is tried again.
    `tell` gets each new line. Raises Busy.
    """
    path = folder / GRADES
    with _alone(folder):
        kept = load(path)
        seed = settings.seed
        if seed is None:
            seed = next((line["seed"] for line in kept.values()), secrets.randbits(62))
        lines, todo = plan(folder, kept, seed, settings.kind)
        _write(path, lines)  # without the torn last line of a run that was killed
        for line in _graded(todo, seed, settings):
            _append(path, line)
            lines.append(line)
            tell(line)
        lines.sort(key=lambda line: line["file"])
        _write(path, lines)
    return lines


def load(path: Path) -> dict[str, dict]:
    """The lines of a file of grades by submission; the last one counts, and one that was torn does not."""
    lines = {}
    with suppress(FileNotFoundError):
        for text in path.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                line = json.loads(text)
                lines[line["file"]] = line
    return lines


def plan(folder: Path, kept: dict[str, dict], seed: int, kind: str) -> tuple[list[dict], list[Submission]]:
    """The lines that are known without running anything, and the submissions that must run."""
    lines, todo = [], []
    for file in find(folder):
        try:
            submission = read(folder, file)
        except Refused as why:
            lines.append(_line(file, student_of(file), "", "", seed, kind) | {"state": "refused", "reason": str(why)})
            continue
        before = kept.get(file, {})
        same = before.get("digest") == submission.digest and before.get("seed") == seed
        if same and before.get("state") == "graded":
            lines.append(before)
        else:
            todo.append(submission)
    return lines, todo


def _graded(todo: list[Submission], seed: int, settings: Settings) -> Iterator[dict]:
    """The lines of the submissions, in the order in which they are done."""
    sandboxes = queue.SimpleQueue()
    with ExitStack() as stack:
        for _ in range(min(settings.jobs, len(todo))):
            sandboxes.put(stack.enter_context(Sandbox(settings.kind, settings.limits)))
        pool = ThreadPoolExecutor(max(1, settings.jobs))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        futures = [pool.submit(_grade, submission, sandboxes, seed, settings) for submission in todo]
        for future in as_completed(futures):
            yield future.result()


def _grade(submission: Submission, sandboxes: queue.SimpleQueue, seed: int, settings: Settings) -> dict:
    """One line. A fault of the grader is tried once more in a new sandbox, and is never a zero."""
    line = _line(submission.file, submission.student, submission.assignment, submission.digest, seed, settings.kind)
    asked, start = questions(submission.assignment), time.monotonic()
    sandbox = sandboxes.get()
    try:
        for attempt in range(TRIES):
            try:
                if attempt:
                    sandbox.start()
                done = mark(sandbox, submission.cells, asked, _seed_of(seed, submission), settings.limit)
            except Exception as fault:  # a GraderFault, or what nobody thought of: the others are graded all the same
                line |= {"state": "needs a person", "reason": f"The grader failed, not the submission: {fault}"}
                continue
            line |= {"state": "graded", "reason": "", "points": done.points, "max": sum(q.points for q in asked)}
            line |= {"questions": list(map(_entry, done.results)), "notes": done.notes}
            break
    finally:
        sandboxes.put(sandbox)
    return line | {"seconds": round(time.monotonic() - start, 3)}


def _seed_of(seed: int, submission: Submission) -> int:
    """Everyone gets inputs of their own, the same ones when the seed is given again."""
    whose = f"{submission.student}/{submission.assignment}".encode(errors="backslashreplace")
    return seed * (1 << 32) + zlib.crc32(whose)


def _line(file, student, assignment, digest, seed, kind) -> dict:
    """A line without a score, for the others to fill in."""
    known = {"file": file, "student": student, "assignment": assignment, "digest": digest, "seed": seed}
    return known | {"isolation": kind, "points": None, "max": None, "questions": [], "notes": []}


def _entry(result: Result) -> dict:
    return {
        "id": result.question_id,
        "points": result.points,
        "max": result.max_points,
        "state": result.state,
        "case": result.case,
        "message": result.message,
        "hint": result.hint,
    }


def _append(path: Path, line: dict) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, lines: list[dict]) -> None:
    """All or nothing."""
    beside = path.with_suffix(".tmp")
    with beside.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def _alone(folder: Path):
    try:
        with FileLock(folder / ".grades.lock", timeout=0):
            yield
    except Timeout:
        raise Busy(f"Somebody grades {folder} already. Wait until they are done.") from None
