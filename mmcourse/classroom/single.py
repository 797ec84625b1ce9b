"""Grade one submission: what a worker of an executor does, a thread here or a process on another computer.

Each process keeps its sandboxes for the submissions that follow, because one takes seconds to start.
"""

import atexit
import functools
import hashlib
import queue
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from mmcourse.grading import questions

from .entry import code_digest, entry
from .marking import mark
from .sandbox import Limits, sandbox_of
from .submission import Submission

TRIES = 2  # of a submission, when the grader itself fails


@dataclass(frozen=True)
class Settings:
    """How to grade: what isolates, the seed (None: a secret one), submissions at once, seconds for each of them."""

    kind: str
    seed: int | None = None
    jobs: int = 1
    limit: float = 120.0
    limits: Limits = field(default_factory=Limits)


def grade_one(submission: Submission, seed: int, settings: Settings) -> dict:
    """Its line. A fault of the grader is tried once more in a new sandbox, and is never a zero."""
    line = blank(submission.file, submission.student, submission.assignment, submission.digest, seed, settings.kind)
    asked, start = questions(submission.assignment), time.monotonic()
    torch = any("torch" in cell for cell in submission.cells)
    for _ in range(TRIES):
        try:
            with warm(settings.kind, settings.limits).lend(torch) as sandbox:
                done = mark(sandbox, submission.cells, asked, _seed_of(seed, submission), settings.limit)
        except Exception as fault:  # a GraderFault, or what nobody thought of: the others are graded all the same
            line |= failed(fault)
            continue
        line |= {"state": "graded", "reason": "", "points": done.points, "max": sum(q.points for q in asked)}
        line |= {"questions": list(map(entry, done.results)), "notes": done.notes}
        line["code"] = code_digest(submission.cells)
        break
    line["when"] = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return line | {"seconds": round(time.monotonic() - start, 3)}


def failed(fault: Exception) -> dict:
    """What a line says when it was the grader that failed."""
    return {"state": "needs a person", "reason": f"The grader failed, not the submission: {fault}"}


def blank(file: str, student: str, assignment: str, digest: str, seed: int, kind: str) -> dict:
    """A line without a score, for the others to fill in."""
    known = {"file": file, "student": student, "assignment": assignment, "digest": digest, "seed": seed}
    return known | {"isolation": kind, "points": None, "max": None, "questions": [], "notes": []}


def _seed_of(seed: int, submission: Submission) -> int:
    """Every file gets inputs of its own, the same ones when the seed is given again.

    Numbers that a student saw on a page of feedback are of no use in the next file that they send: a digest of 32 bits
    could be aimed at, and then the next file would get the same numbers.
    """
    whose = f"{seed}/{submission.student}/{submission.assignment}/{submission.digest}"
    return int.from_bytes(hashlib.sha256(whose.encode(errors="backslashreplace")).digest())


class Warm:
    """Sandboxes that are running and wait for a submission."""

    def __init__(self, kind: str, limits: Limits):
        self.kind, self.limits = kind, limits
        self.idle = {torch: queue.SimpleQueue() for torch in (False, True)}

    @contextmanager
    def lend(self, torch: bool):
        """One of them, with torch ready or not, or a new one. It is kept unless something was wrong with it."""
        try:
            sandbox = self.idle[torch].get_nowait()
        except queue.Empty:
            sandbox = sandbox_of(self.kind, self.limits, torch)
        if not sandbox.alive():  # it ends with the thread that started it
            sandbox.start()
        try:
            yield sandbox
        except BaseException:
            sandbox.close()
            raise
        self.idle[torch].put(sandbox)

    def close(self) -> None:
        """End those that wait. More can be lent afterwards."""
        for idle in self.idle.values():
            while not idle.empty():
                idle.get_nowait().close()


@functools.cache
def warm(kind: str, limits: Limits) -> Warm:
    """Those of this process: a task that came over the network finds no others."""
    kept = Warm(kind, limits)
    atexit.register(kept.close)
    return kept
