"""What the plans count: every section of every chapter, every question of every assignment, and how long each takes."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from .reading import Amount, amount, assignment_minutes
from .sections import sections

PROMISE = re.compile(r"\*\*Time\*\*: (.+?) (minutes|hours)\b")
HOURS = {"two": 2, "two and a half": 2.5, "three": 3, "four": 4, "two to three": 3}


@dataclass(frozen=True)
class Part:
    """A section of a chapter: what there is to read, and the measured seconds that its cells run."""

    amount: Amount
    seconds: float


@dataclass(frozen=True)
class Task:
    """A question of an assignment: its share of the assignment's time is its share of the points."""

    title: str
    minutes: float


@dataclass(frozen=True)
class Material:
    """The course as a planner sees it: parts[chapter][section], tasks[question], promised[chapter] in hours."""

    parts: dict[str, dict[str, Part]]
    tasks: dict[str, Task]
    promised: dict[str, float]
    assignment_minutes: dict[str, int]


class NotMeasured(Exception):
    """The timings do not fit the chapters; the message says which, and how to measure them again."""


def gather(course: Path) -> Material:
    """Read the course in this folder, and workshops/timings.json. Raises NotMeasured."""
    import nbformat

    from mmcourse.grading import questions

    timings = json.loads((course / "workshops" / "timings.json").read_text(encoding="utf-8"))["chapters"]
    parts, promised, minutes, tasks = {}, {}, {}, {}
    for path in sorted((course / "notebooks").glob("*.ipynb")):
        if "." in path.stem:
            continue  # a copy that `mmcourse reset` put aside
        notebook = nbformat.read(path, as_version=4)
        parts[path.stem] = measured_parts(path.stem, notebook, timings)
        promised[path.stem] = promise(notebook)
    for path in sorted((course / "exercises").glob("*/*.ipynb")):
        minutes[path.stem] = assignment_minutes(nbformat.read(path, as_version=4))
        for q in questions(path.stem[:2]):
            tasks[q.id] = Task(q.title, minutes[path.stem] * q.points / 100)
    return Material(parts, tasks, promised, minutes)


def measured_parts(name, notebook, timings) -> dict[str, Part]:
    """The sections of one chapter with their timings. Raises NotMeasured where the headings are other ones."""
    seconds = timings.get(name, {}).get("section_seconds", {})
    found = sections(notebook)
    if [s.title for s in found] != list(seconds):
        raise NotMeasured(
            f"expected timings of the sections of {name} as they are now; workshops/timings.json has "
            f"{', '.join(seconds) or 'none'}. Run `python scripts/measure_chapters.py {name}`."
        )
    return {s.title: Part(amount(s.cells), seconds[s.title]) for s in found}


def promise(notebook) -> float:
    """The hours of reading and running that a chapter's first page says it takes. Raises ValueError."""
    text = " ".join(cell.source for cell in notebook.cells[:2])
    said = PROMISE.search(text)
    if said and said[2] == "minutes":
        return 1 / 6 if said[1] == "ten" else int(said[1]) / 60
    if said and said[1] in HOURS:
        return HOURS[said[1]]
    raise ValueError(f"expected a chapter that says **Time**: two hours of reading; got {text[:200]!r}")
