"""Mark one submission: its functions run in the sandbox, on inputs drawn out here, and out here they are compared."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmcourse.grading import Question, Result, grade
from mmcourse.grading.running import OutOfTime

from .channel import ChannelError, TooSlow, pack, unpack
from .sandbox import GraderFault, Sandbox

CELL = 20.0  # seconds that one cell of the notebook may take
GRACE = 2.0  # seconds between the stop that the sandbox asks for and the one that is forced
MOST_NOTES = 20
MOST_LEFT_OUT = 3  # cells that may end the process or refuse to stop, before the notebook is given up


OVER = "the time for the whole notebook is used up"


class Ended(Exception):
    """The submission's process is no more."""


@dataclass
class Marking:
    """One Result a question, and what happened on the way, in words."""

    results: list[Result]
    notes: list[str] = field(default_factory=list)

    @property
    def points(self) -> int:
        return sum(result.points for result in self.results)


def mark(sandbox: Sandbox, cells: Sequence[str], questions: Sequence[Question], seed: int, limit: float) -> Marking:
    """Run the cells and try the function of each question. `limit` is in seconds, for the whole submission.

    Raises GraderFault if the grader failed; whatever the submission does, it gets a Marking.
    """
    notebook = Notebook(sandbox, cells, limit)
    try:
        results = [_mark(notebook, question, seed) for question in questions]
    finally:
        notebook.close()
    return Marking(results, notebook.notes)


def _mark(notebook, question, seed) -> Result:
    notebook.make_ready()
    try:
        result = grade(question, _Remote(notebook, question), seed)
    except GraderFault:
        raise
    except Exception as error:  # grade() promises to raise nothing
        raise GraderFault(f"{question.id}: {type(error).__name__}: {error}") from error
    if notebook.fault:
        raise notebook.fault
    return result


class Notebook:
    """The submission's notebook, run in a session; run again in a new one when a function ended the first."""

    def __init__(self, sandbox: Sandbox, cells: Sequence[str], limit: float):
        self.sandbox, self.cells, self.notes = sandbox, cells, []
        self.session = self.fault = None
        self.left, self.left_out, self.given_up = limit, set(), ""

    def make_ready(self) -> None:
        """Have the cells run, before the clock of a question ticks; in a new session if there is none, or no more."""
        while self.session is None and not self.given_up:
            if self.left <= 0:
                self.given_up = OVER
            else:
                self._open()

    def call(self, question: Question, arguments: tuple, seconds: float):
        """What the function of a question gives: the reply and its arrays. Raises Ended or TooSlow."""
        tree, arrays = pack(arguments)
        if "other" in str(tree):
            raise GraderFault(f"{question.id} calls its function with more than numbers, arrays, tuples and lists")
        request = {"do": "call", "name": question.name, "arguments": tree}
        if self.session is None:
            raise Ended(self.given_up)
        try:
            return self._ask(request, arrays, seconds)
        except TooSlow:
            raise
        except ChannelError as error:
            raise Ended(f"your function ended Python, or sent back what cannot be read: {error}") from None

    def close(self) -> None:
        if self.session:
            self.session.close()
        self.session = None

    def _open(self) -> None:
        """Run the cells in a new session; without one that broke it, next time."""

        self.session = self.sandbox.session()
        for i, source in enumerate(self.cells):
            if i in self.left_out:
                continue
            if self.left <= 0:
                self.given_up = OVER
                return self.close()
            try:
                reply, _ = self._ask({"do": "cell"}, [_as_bytes(source)], CELL)
            except ChannelError as error:
                self._leave_out(i, "did not stop" if isinstance(error, TooSlow) else f"ended Python ({error})")
                return
            if isinstance(reply.get("error"), dict):
                self._note(f"{self._name(i)}: {_text(reply['error'], 'type')}: {_text(reply['error'], 'text')}"[:300])

    def _leave_out(self, i: int, why: str) -> None:
        self.left_out.add(i)
        self._note(f"{self._name(i)} {why} and was left out")
        if len(self.left_out) > MOST_LEFT_OUT:
            self.given_up = f"{len(self.left_out)} cells end Python or never stop, such as {self._name(i)}"

    def _name(self, i: int) -> str:
        """A cell as a person finds it in the notebook, where the cells with check(...) count as well."""
        first, *_ = self.cells[i].strip().splitlines() or [""]
        return f"the cell that begins {first[:40]!r}"

    def _note(self, text: str) -> None:
        if text not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(text)

    def _ask(self, request, arrays, seconds):
        seconds, start = min(seconds, max(self.left, 0.1)), time.monotonic()
        try:
            return self.session.ask(request | {"seconds": seconds}, arrays, seconds + GRACE)
        except ChannelError:
            self.session = None
            if not self.sandbox.alive():
                raise GraderFault("the sandbox itself ended while a submission ran in it") from None
            raise
        except BaseException:  # a time limit of grade(), or Ctrl-C, struck in the middle of a frame
            self.session = None
            raise
        finally:
            self.left -= time.monotonic() - start


class _Remote:
    """The learner's function, as grade() calls it: it raises and returns what the one in the sandbox did."""

    def __init__(self, notebook: Notebook, question: Question):
        self.notebook, self.question = notebook, question
        self.left, self.trouble = question.seconds, None

    def __call__(self, *arguments):
        if self.trouble:
            raise self.trouble
        start = time.monotonic()
        try:
            reply, arrays = self.notebook.call(self.question, arguments, self.left)
            value, error, late = _understand(reply, arrays)
        except TooSlow:
            self.trouble = OutOfTime()
            raise self.trouble from None
        except (Ended, ChannelError) as trouble:
            self.trouble = Ended(str(trouble))
            raise self.trouble from None
        except Exception as error:  # grade() would take it for the learner's
            self.trouble = self.notebook.fault = GraderFault(f"{type(error).__name__}: {error}")
            raise self.trouble from error
        finally:
            self.left -= time.monotonic() - start
        if late:
            raise OutOfTime
        if error and error.get("stub") is True:
            raise NotImplementedError  # here and no deeper: that is how grade() knows a stub
        if error:
            raise _named(error)
        _spoil(arguments, reply.get("changed"))
        return value


def _as_bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _understand(reply: dict, arrays):
    error = reply.get("error")
    if isinstance(error, dict):
        return None, error, reply.get("late") is True
    return unpack(reply.get("value"), arrays), None, False


def _named(error: dict) -> Exception:
    """An exception that prints like the one in the sandbox."""
    text, where = _text(error, "text"), _text(error, "where")
    name = _text(error, "type").replace("\0", "") or "Error"
    return type(name, (Exception,), {})(text + (f"\nIt happened at {where}" if where else ""))


def _text(error: dict, key: str) -> str:
    said = error.get(key)
    return said.encode("utf-8", "replace").decode()[:1200] if isinstance(said, str) else ""


def _spoil(arguments, changed) -> None:
    """Change the arrays that the function changed in the sandbox, so that grade() sees it here."""
    arrays = pack(arguments)[1]
    for i in changed if isinstance(changed, list) else []:
        if type(i) is int and 0 <= i < len(arrays):
            arrays[i][...] = np.equal(arrays[i], 0)
