"""Grade a folder. One process writes the grades, a line each as it is known, so that a killed run loses none."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from .sandbox import check_hidden
from .single import Settings, blank, failed, grade_one, warm
from .submission import Refused, Submission, find, read, student_of

__all__ = ["GRADES", "Busy", "Settings", "grade_folder", "load", "plan"]
GRADES = "grades.jsonl"


class Busy(Exception):
    """Somebody else grades this folder."""


def grade_folder(
    folder: Path,
    settings: Settings,
    tell: Callable[[dict], None] = lambda line: None,
    wanted: Callable[[str], bool] = lambda file: True,
    executor: Executor | None = None,
    begin: Callable[[int], None] = lambda total: None,
) -> list[dict]:
    """Grade what is not graded yet, and return the lines of all wanted submissions, sorted by file.

    A line is kept while its file stays the same; one that needs a person because the grader failed is tried again.
    `begin` gets how many will run, `tell` each new line. `wanted` says of a file, as find() names it, whether it takes
    part; lines of others stay as they are. `executor` runs `single.grade_one` where it likes; threads here if left
    out. Raises Busy, or NoSandbox if submissions could read the folder.
    """
    check_hidden(folder, settings.kind)
    path = folder / GRADES
    with _alone(folder):
        kept = load(path)
        seed = settings.seed
        if seed is None:
            seed = next((line["seed"] for line in kept.values()), secrets.randbits(62))
        others = [line for file, line in kept.items() if not wanted(file)]
        lines, todo = plan(folder, kept, seed, settings.kind, wanted)
        _write(path, others + lines)  # without the torn last line of a run that was killed
        begin(len(todo))
        for line in _graded(todo, seed, settings, executor):
            _append(path, line)
            lines.append(line)
            tell(line)
        lines.sort(key=lambda line: line["file"])
        _write(path, sorted(others + lines, key=lambda line: line["file"]))
    return lines


def load(path: Path) -> dict[str, dict]:
    """The lines of a file of grades by submission; the last one counts, and one that is torn or damaged does not."""
    lines = {}
    with suppress(FileNotFoundError):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                line = json.loads(text)
                if type(line["seed"]) is int:
                    lines[line["file"]] = line
    return lines


def plan(
    folder: Path, kept: dict[str, dict], seed: int, kind: str, wanted: Callable[[str], bool] = lambda file: True
) -> tuple[list[dict], list[Submission]]:
    """The lines that are known without running anything, and the submissions that must run."""
    lines, todo = [], []
    for file in filter(wanted, find(folder)):
        nothing = blank(file, student_of(file), "", "", seed, kind)
        try:
            submission = read(folder, file)
        except Refused as why:
            lines.append(nothing | {"state": "refused", "reason": str(why)})
            continue
        except Exception as fault:  # one file that nobody thought of does not hold up the class
            lines.append(nothing | failed(fault))
            continue
        before = kept.get(file, {})
        same = before.get("digest") == submission.digest and before.get("seed") == seed
        if same and before.get("state") == "graded":
            lines.append(before)
        else:
            todo.append(submission)
    return lines, todo


def _graded(todo: list[Submission], seed: int, settings: Settings, executor: Executor | None) -> Iterator[dict]:
    """The lines of the submissions, in the order in which they are done."""
    with _threads(settings) if executor is None else nullcontext(executor) as pool:
        futures = {pool.submit(grade_one, submission, seed, settings): submission for submission in todo}
        try:
            for future in as_completed(futures):
                yield _line_of(future, futures[future], seed, settings)
        finally:
            for future in futures:
                future.cancel()


def _line_of(future, submission: Submission, seed: int, settings: Settings) -> dict:
    """What came of it; a fault if its worker died and no other could be found."""
    try:
        return future.result()
    except Exception as fault:
        s = submission
        return blank(s.file, s.student, s.assignment, s.digest, seed, settings.kind) | failed(fault) | {"seconds": 0.0}


@contextmanager
def _threads(settings: Settings):
    """Each thread drives a sandbox of its own, so that threads are enough."""
    pool = ThreadPoolExecutor(settings.jobs)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        warm(settings.kind, settings.limits).close()


def _append(path: Path, line: dict) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _write(path: Path, lines: list[dict]) -> None:
    """All or nothing, for the grader's eyes: the seed is in it. A link that somebody put in the way is not followed."""
    beside = path.with_suffix(".tmp")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
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
