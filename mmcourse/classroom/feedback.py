"""What a student gets to read: a page for each submission, made from its line of grades.jsonl alone.

The page tells which case failed, what was expected there and what came, and the hint. It holds no seed, from which
inputs could be drawn before a second try, and no line of a reference's code.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from mmcourse.grading.result import LOOKS

from . import heatmap
from .course import ClassError
from .course import write as write_whole
from .web import STATES, document, prose, tag, text

LONGEST_NAME = 200  # bytes of the name of a page; a disk takes 255, and a file that is half written needs some
KIND = {
    "refused": (
        "This notebook was not graded",
        "That is no zero: nothing in it was judged. Mend what the sentence below names, and hand it in again; "
        "if you do not know how, show this page to your teacher.",
    ),
    "needs a person": (
        "A person will look at this",
        "Something went wrong on the grader's side, not on yours. No points are lost, and there is nothing "
        "that you have to do: your teacher has been told.",
    ),
}
ISOLATION = {
    "bubblewrap": "in a sandbox without network",
    "podman": "in a container without network",
    "docker": "in a container without network",
    "process": "in a process of its own with limits, without a sandbox",
}


def page(line: dict) -> str:
    """The whole page, which needs no other file."""
    graded, by_hand = line["state"] == "graded", line["state"] == "graded by hand"
    name = f"Assignment {line['assignment']}" if line["assignment"] else "Your submission"
    parts = [f"<h1>{text(name, 80)}</h1>", _who(line)]
    parts.append(_score(line) if graded or by_hand else _not_graded(line))
    if by_hand:
        parts.append(_by_hand(line))
    if graded:
        parts += ["<h2>Question by question</h2>", *map(_question, line["questions"])]
    if line["notes"]:
        parts += ["<h2>What happened while your notebook ran</h2>", _notes(line["notes"])]
    return document(f"{name}: feedback", "\n".join([*parts, _footer(line)]))


def write(lines: list[dict], folder: Path, tell: Callable[[Path], None] = lambda path: None) -> list[Path]:
    """Write a page for each line below `folder`, each whole or not at all. `tell` hears of each. Raises ClassError."""
    pages = []
    for line, place in zip(lines, places(lines), strict=True):
        path = folder / place
        _no_links(folder, place)
        write_whole(path, page(line).encode())
        pages.append(path)
        tell(path)
    return pages


def places(lines: list[dict]) -> list[PurePosixPath]:
    """Where the pages go, in the order of the lines: STUDENT/ASSIGNMENT/NOTEBOOK.html, as nbgrader looks for them.

    Two submissions never share a page, not even where capital and small letters are the same to a disk.
    """
    found, taken = [], set()
    for line in lines:
        place = _place(line)
        if str(place).casefold() in taken or len(os.fsencode(place.name)) > LONGEST_NAME:
            place = place.with_stem(hashlib.sha256(line["file"].encode(errors="surrogatepass")).hexdigest()[:16])
        taken.add(str(place).casefold())
        found.append(place)
    return found


def _place(line: dict) -> PurePosixPath:
    file = PurePosixPath(line["file"])
    inside = file.parts[1:-1] or (file.stem if len(file.parts) > 1 else line["assignment"] or file.stem,)
    parts = [part.replace("\\", "_") for part in (line["student"], *inside, f"{file.stem}.html")]
    if len(parts) != 3 or not all(map(_is_name, parts)):
        raise ClassError(f"{line['file']!r} names no student and assignment. Grade the folder again.")
    return PurePosixPath(*parts)


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and not set(part) & set("/\0")


def _no_links(folder: Path, place: PurePosixPath) -> None:
    """A link among the folders would send pages to wherever it points."""
    for path in (folder, *(folder / parent for parent in place.parents)):
        if path.is_symlink():
            raise ClassError(f"Expected a folder, but {path} is a link. Remove it, and try again.")


def _who(line: dict) -> str:
    return tag("p", f"For <bdi>{text(line['student'], 120)}</bdi> · <bdi>{text(line['file'], 200)}</bdi>", class_="who")


def _score(line: dict) -> str:
    right = sum(entry["state"] == "right" for entry in line["questions"])
    share = 100 * line["points"] / line["max"] if line["max"] else 0
    bar = (
        f'<rect width="100" height="12" class="ground"/><rect width="{min(share, 100):.1f}" height="12" class="right"/>'
    )
    parts = [
        tag("div", f"<strong>{_points(line['points'])}</strong> of {_points(line['max'])} points", class_="score"),
        f'<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>',
    ]
    if line["questions"]:
        parts.append(tag("p", f"{right} of {len(line['questions'])} questions are right."))
    if line.get("penalty"):
        parts.append(tag("p", f"{_points(line['penalty'])} points are taken off because it came late."))
    return tag("section", "".join(parts), class_="card")


def _by_hand(line: dict) -> str:
    """`by_hand` holds the gradebook's cells: what a person gave and said, where the grader could say nothing."""
    words = "The grader could not judge this notebook, so a person read it and gave the points."
    cells = (f"{text(c.id, 80)}: {_points(c.points)} points. <bdi>{text(c.comment)}</bdi>" for c in line["by_hand"])
    told = tag("ul", "".join(tag("li", cell, class_="said", dir="auto") for cell in cells))
    return tag("section", f"<h2>A person graded this</h2>{tag('p', words)}{told}", class_="card calm")


def _not_graded(line: dict) -> str:
    title, comfort = KIND[line["state"]]
    # What the grader says of its own failure is for the teacher: it may name files of theirs.
    said = tag("p", text(line["reason"]), class_="said", dir="auto") if line["state"] == "refused" else ""
    return tag("section", f"<h2>{title}</h2>{tag('p', comfort)}{said}", class_="card calm")


def _question(entry: dict) -> str:
    sign, word, _ = LOOKS[entry["state"]]
    state = tag("span", f'<span aria-hidden="true">{sign}</span> {word}', class_="state")
    parts = [
        tag("h3", f"{text(entry['id'], 80)} · {text(entry.get('title', ''), 200)}"),
        tag("p", f"{state} · {_points(entry['points'])} of {_points(entry['max'])} points"),
        _by_a_person(entry),
        tag("p", prose(entry["message"]), class_="said", dir="auto"),
    ]
    if entry["case"]:
        called = f" Called with {text(entry['arguments'])}." if entry.get("arguments") else ""
        parts.append(tag("p", f"Case: {text(entry['case'])}.{called}", class_="case"))
    if entry["hint"]:
        parts.append(tag("p", f"<strong>Hint.</strong> {prose(entry['hint'])}", class_="hint"))
    if entry.get("picture"):
        parts.append(_picture(entry["picture"]))
    return tag("section", "\n".join(parts), class_=f"card question {STATES[entry['state']]}")


def _by_a_person(entry: dict) -> str:
    """What a teacher said or changed by hand."""
    said = []
    if entry.get("auto", entry["points"]) != entry["points"]:
        said.append(f"Changed by a person; the grader gave {_points(entry['auto'])}.")
    if entry.get("comment"):
        said.append(f"<strong>Your teacher says:</strong> <bdi>{text(entry['comment'])}</bdi>")
    return tag("p", " ".join(said), class_="teacher said") if said else ""


def _picture(picture: dict) -> str:
    caption = (
        f"One scale for all three{heatmap.leading(picture)}. "
        "The ring marks the largest difference; grey is NaN or infinite."
    )
    more = tag("details", f"<summary>The numbers around it</summary>{heatmap.numbers(picture)}")
    return tag("figure", heatmap.svg(picture) + tag("figcaption", caption)) + more


def _notes(notes: list[str]) -> str:
    """Cells that failed cost nothing by themselves; the student learns which they were."""
    told = "".join(tag("li", text(note, 400), class_="said", dir="auto") for note in notes[:50])
    words = "A cell that fails costs no points by itself, but what it should have defined is missing further down."
    return tag("section", tag("p", words) + tag("ul", told), class_="card")


def _footer(line: dict) -> str:
    said = ["Do you think that something here is wrong? Show this page to your teacher."]
    if line["state"] == "graded":
        ran = ISOLATION.get(line["isolation"], f"with {text(line['isolation'], 80)} around it")
        when = f" on {text(line['when'], 40)}" if line.get("when") else ""
        said = [
            f"Your notebook ran{when} {ran}; what it returned was compared outside.",
            "The inputs are drawn anew for every notebook, so the numbers differ from those that you see at home.",
            *said,
            "The same inputs can be drawn again.",
        ]
    if line["digest"]:
        said.append(f"It is about the file whose SHA-256 begins with {text(line['digest'][:12])}.")
    return tag("footer", tag("p", " ".join(said)))


def _points(points: float) -> str:
    return f"{points:g}"
