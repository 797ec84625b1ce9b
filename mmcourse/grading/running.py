"""Run a learner's function so that whatever it does comes back as an Outcome, and nothing leaks."""

import copy
import linecache
import pathlib
import signal
import sysconfig
import threading
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import mmcourse

from .question import Case, Question

STRIKE_AGAIN = 0.5  # seconds after which a stop that was swallowed is tried once more


class OutOfTime(BaseException):
    """The time limit struck. A BaseException, so that a learner's `except Exception` does not swallow it."""


@dataclass(frozen=True)
class Outcome:
    """What one call gave: a value as it was returned, or an error; and an argument that it changed, if any."""

    value: Any = None
    error: BaseException | None = None
    changed: str | None = None


def run(question: Question, function, case: Case) -> Outcome:
    """Call function on copies of the case's arguments. KeyboardInterrupt passes through."""
    arguments = copy.deepcopy(case.arguments)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader takes any text on stderr for a failure
            value = _snapshot(function(*arguments))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever else is thrown, sys.exit() too, is the function's own affair
        return Outcome(error=error)
    pairs = zip(question.parameters, case.arguments, arguments, strict=True)
    changed = next((name for name, before, after in pairs if not _unchanged(before, after)), None)
    return Outcome(value, changed=changed)


def run_all(question: Question, function, cases: list[Case]) -> list[Outcome]:
    """One outcome a case; the time limit covers all of them, and a case that passes it is the last.

    The clock is asked after each case as well: a bare `except:` swallows the stop, and threads and Windows have none.
    """
    outcomes, end = [], time.monotonic() + question.seconds
    try:
        with _time_limit(question.seconds):
            for case in cases:
                outcomes.append(run(question, function, case))
                if time.monotonic() > end:
                    outcomes[-1] = Outcome(error=OutOfTime())
                if isinstance(outcomes[-1].error, OutOfTime):
                    break
    except OutOfTime as error:  # it struck between two calls
        outcomes.append(Outcome(error=error))
    return outcomes[: len(cases)]


def is_stub(error: BaseException | None) -> bool:
    """Whether the learner's function itself raised NotImplementedError, rather than something that it calls."""
    if not isinstance(error, NotImplementedError):
        return False
    deepest = error.__traceback__.tb_next  # the first frame is run(), the next one the learner's function
    return deepest is None or deepest.tb_next is None


def text_of(thing) -> str:
    """str(thing), even where a learner's class throws at that."""
    try:
        return str(thing)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return "(its message cannot be shown)"


def where(error: BaseException) -> str:
    """The learner's own line that raised, as text; empty if the error came from elsewhere."""
    libraries = {sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    ours = [pathlib.Path(mmcourse.__file__).parent, *map(pathlib.Path, libraries)]
    place, trace = "", error.__traceback__
    while trace is not None:
        code, line = trace.tb_frame.f_code, trace.tb_lineno
        if not any(pathlib.Path(code.co_filename).is_relative_to(folder) for folder in ours):
            text = linecache.getline(code.co_filename, line).strip()
            place = f"line {line}, in {code.co_name}" + (f":\n    {text}" if text else "")
        trace = trace.tb_next
    return place


@contextmanager
def _time_limit(seconds: float):
    """Raise OutOfTime after so many seconds, again and again, where there is SIGALRM and we are in the main thread."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def strike(signum, frame):
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, seconds, STRIKE_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _snapshot(value):
    """The value with copies of its arrays: a function may write into them again at its next call."""
    if type(value) is np.ndarray:
        return value.copy()
    if isinstance(value, tuple | list):
        parts = [part.copy() if type(part) is np.ndarray else part for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value


def _unchanged(before, after) -> bool:
    if isinstance(before, np.ndarray):
        same = before.shape == after.shape and before.dtype == after.dtype
        return same and np.array_equal(before, after, equal_nan=before.dtype.kind == "f")
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(_unchanged, before, after))
    return before == after
