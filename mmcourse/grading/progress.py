"""The learner's progress: one JSON file on their own machine, the best state of each question."""

import json
import os
import pathlib
from dataclasses import dataclass
from datetime import UTC, datetime

from filelock import FileLock
from platformdirs import user_data_dir

from .registry import questions
from .result import LOOKS, Result

STATES = tuple(LOOKS)  # from the least to the best


def home() -> pathlib.Path:
    """The folder of the file: MMCOURSE_HOME, "~" allowed, or the place that the operating system has for such data."""
    chosen = os.path.expanduser(os.environ.get("MMCOURSE_HOME", ""))  # leaves a "~nobody" as it is
    return pathlib.Path(chosen or user_data_dir("mmcourse", appauthor=False))


def path() -> pathlib.Path:
    """The progress file."""
    return home() / "progress.json"


def load() -> dict[str, dict]:
    """{question id: {"state", "points", "max", "when"}}; empty if there is nothing yet.

    A file that cannot be read as progress is moved aside, and a line is printed that says so.
    """
    try:
        entries, notice = _read()
    except OSError as error:
        entries, notice = {}, _trouble(error)
    if notice:
        print(notice)
    return entries


def record(result: Result) -> str:
    """Keep a result if it is better than what is there. Returns a note for the learner, often empty; never raises."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        with FileLock(home() / "progress.lock", timeout=5):
            entries, notice = _read()
            before = entries.get(result.question_id, {}).get("state", "")
            if not before or STATES.index(result.state) > STATES.index(before):
                entries[result.question_id] = _entry(result)
                _write(entries)
    except (OSError, NotImplementedError) as error:  # NotImplementedError: a file system without locks
        return _trouble(error)
    if before == "right" and not result:
        return "Your earlier right answer stays in your progress."
    return notice


@dataclass(frozen=True)
class Summary:
    """A table of questions: (id, title, state, points, max points) each."""

    rows: tuple[tuple, ...]

    @property
    def points(self) -> int:
        return sum(row[3] for row in self.rows)

    @property
    def max_points(self) -> int:
        return sum(row[4] for row in self.rows)

    def __str__(self):
        lines = [f"{LOOKS[s][0]} {i:<14} {t:<44} {p:>3} of {m:>3}   {LOOKS[s][1]}" for i, t, s, p, m in self.rows]
        return "\n".join([*lines, f"{self.points} of {self.max_points} points"])

    __repr__ = __str__

    def _repr_html_(self):
        rows = "".join(
            f"<tr><td style='color:{LOOKS[s][2]}'><strong>{LOOKS[s][0]}</strong></td><td>{i}</td>"
            f"<td style='text-align:left'>{t}</td><td>{LOOKS[s][1]}</td><td>{p} of {m}</td></tr>"
            for i, t, s, p, m in self.rows
        )
        head = "<tr><th></th><th>question</th><th style='text-align:left'>what</th><th>state</th><th>points</th></tr>"
        caption = f"<caption>Your progress: {self.points} of {self.max_points} points</caption>"
        return f"<table>{caption}<thead>{head}</thead><tbody>{rows}</tbody></table>"


def summary(prefix: str | None = None) -> Summary:
    """How far you are, over all questions or those whose id starts with `prefix`."""
    entries = load()
    states = {q.id: entries.get(q.id, {}).get("state", "not attempted") for q in questions(prefix)}
    return Summary(
        tuple(
            (q.id, q.title, states[q.id], q.points if states[q.id] == "right" else 0, q.points)
            for q in questions(prefix)
        )
    )


def _entry(result: Result) -> dict:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    return {"state": result.state, "points": result.points, "max": result.max_points, "when": when}


def _read() -> tuple[dict, str]:
    """The entries, and a notice if a damaged file had to be moved aside."""
    try:
        entries = json.loads(path().read_text(encoding="utf-8"))
        if all(set(e) >= {"points", "max", "when"} and e["state"] in STATES for e in entries.values()):
            return entries, ""
    except FileNotFoundError:
        return {}, ""
    except (ValueError, AttributeError, TypeError, RecursionError):  # the last from brackets within brackets
        pass
    aside = next(p for n in range(1, 1000) if not (p := home() / f"progress.damaged-{n}.json").exists())
    path().rename(aside)
    return {}, f"Your progress file was damaged. It now lies at {aside}, and a fresh one starts."


def _write(entries: dict) -> None:
    """All or nothing: written beside the file, then renamed over it."""
    beside = path().with_suffix(".tmp")
    beside.write_text(json.dumps(entries, indent=1, sort_keys=True), encoding="utf-8")
    beside.replace(path())


def _trouble(error: Exception) -> str:
    return (
        f"Your result counts, but your progress could not be kept in {home()} ({error}). "
        "Set the environment variable MMCOURSE_HOME to a folder that you can write to."
    )
