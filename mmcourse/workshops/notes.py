"""Notes for the teacher, one page for each assignment: what each question asks, and what goes wrong in it.

They come from the text that learners see and from the known wrong answers; never from a reference or a solution.
"""

import re
from pathlib import Path

from mmcourse.grading import Question, questions

from .reading import assignment_minutes

HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
MADE = "*Made by `python scripts/build_workshops.py` from the questions; edit those, not this file.*"
INTRODUCTION = """\
**How to bring a mistake up.** Wait for it: `check()` shows the first case that fails, and often the hint below. Ask \
the pair to say in their own words what that case is and what their function made of it. If nobody stumbles, show the \
mistake's name and ask which input would tell it from the right answer; whoever finds one has understood the question. \
The hints ask and do not tell, so they may be read aloud."""


def pages(course: Path) -> dict[str, str]:
    """The notes of every assignment: {file name: text}."""
    import nbformat

    found = {}
    for path in sorted((course / "exercises").glob("*/*.ipynb")):
        found[f"{path.stem}.md"] = page(path.stem, nbformat.read(path, as_version=4))
    return found


def page(name, notebook) -> str:
    """The notes of one assignment."""
    asked = questions(name[:2])
    texts = texts_of(notebook)
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    mistakes = sum(len(q.wrong_answers) for q in asked)
    lines = [
        f"# Notes for the teacher: {title}",
        "",
        f"Chapter: [{name}](../../notebooks/{name}.ipynb). Assignment: [{name}](../../exercises/{name}/{name}.ipynb), "
        f"{len(asked)} questions, {sum(q.points for q in asked)} points, about {assignment_minutes(notebook)} minutes. "
        f"Known mistakes: {mistakes}.",
        "",
        INTRODUCTION,
        "",
        *(line for q in asked for line in about(q, texts[q.id], assignment_minutes(notebook))),
        MADE,
        "",
    ]
    return "\n".join(lines)


def texts_of(notebook) -> dict[str, str]:
    """What each question's text cell says, by the question's id."""
    named = {cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell.source for cell in notebook.cells}
    return {name.removesuffix("-text"): text for name, text in named.items() if name.endswith("-text")}


def about(question: Question, text: str, minutes: int) -> list[str]:
    """One question: its task as the learner reads it, the cases that test it, and its known mistakes."""
    heading = HEADING.search(text)[1]
    task = text.split("\n", 1)[1].strip()
    lines = [
        f"## {heading}",
        "",
        f"`{question.id}`, `{question.signature}`, about {minutes * question.points / 100:.0f} minutes.",
        "",
        *(f"> {line}".rstrip() for line in task.splitlines()),
        "",
        f"Tried on: {'; '.join(unique(case.name for case in question.cases()))}.",
        "",
        "| the mistake | what to ask or say |",
        "|---|---|",
        *(f"| {cell(wrong.name)} | {cell(wrong.hint)} |" for wrong in question.wrong_answers),
        "",
    ]
    return lines


def unique(names):
    """The names, each once, in their order."""
    return dict.fromkeys(names)


def cell(text: str) -> str:
    """Text that stays in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
