"""Find the notebooks of a folder, and take from each what may be run; refuse what is no honest notebook."""

import hashlib
import json
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mmcourse.grading import questions

MOST_CODE = 4 << 20  # characters of all code cells together
MOST_CELLS = 2000  # the course's longest notebook has about a hundred
MOST_PARTS = 10_000_000  # brackets and commas: each outside a text is an object, and 100 MiB of them fill the memory
LARGEST = 100 << 20  # bytes; pictures and sounds that a notebook keeps are large, but not that large
PLACES = ("*.ipynb", "*/*.ipynb", "*/*/*.ipynb")  # the last is how nbgrader collects


class Refused(Exception):
    """The file is no submission that can be graded; the message says why, and what to do."""


@dataclass(frozen=True)
class Submission:
    """Where it lies (relative to the folder), whose it is, the number of its assignment, its digest, its code cells."""

    file: str
    student: str
    assignment: str
    digest: str
    cells: tuple[str, ...]


def find(folder: Path) -> list[str]:
    """Paths of notebooks below `folder`, relative to it: STUDENT/ASSIGNMENT.ipynb, or NAME.ipynb. Links are listed."""
    found = {path.relative_to(folder) for pattern in PLACES for path in folder.glob(pattern)}
    return sorted(path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts))


def student_of(file: str) -> str:
    """The first folder of the path; the name of the notebook if there is none."""
    return Path(file).parts[0] if len(Path(file).parts) > 1 else Path(file).stem


def read(folder: Path, file: str) -> Submission:
    """Raises Refused."""
    data = _bytes(folder, file)
    notebook = _parse(data)
    _check_form(notebook)
    cells = notebook["cells"]
    _check_ids(cells)
    code = tuple("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code" and not _is_test(cell))
    if sum(map(len, code)) > MOST_CODE:
        raise Refused(f"It has more than {MOST_CODE} characters of code, which nobody wrote by hand.")
    return Submission(file, student_of(file), _assignment(file, cells), hashlib.sha256(data).hexdigest(), code)


def _bytes(folder: Path, file: str) -> bytes:
    place = folder
    for part in Path(file).parts:
        place = place / part
        if place.is_symlink():
            shown = place.relative_to(folder).as_posix()
            raise Refused(f"{shown!r} is a symbolic link, which could point to anybody's work.")
    try:
        with open(place, "rb", opener=_without_links_or_waiting) as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Refused("It is no ordinary file.")
            if status.st_size > LARGEST:
                raise Refused(f"It has {status.st_size >> 20} MiB, more than {LARGEST >> 20}. Clear its outputs.")
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise Refused(f"It cannot be read: {error.strerror}.") from None


def _without_links_or_waiting(path, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _parse(data: bytes):
    if not data.strip():
        raise Refused("The file is empty.")
    if sum(map(data.count, (b"[", b"{", b","))) > MOST_PARTS:
        raise Refused(f"It has more than {MOST_PARTS} brackets and commas. Clear its outputs.")
    try:
        return json.loads(data)
    except RecursionError:
        raise Refused("It is no notebook: brackets within brackets without end.") from None
    except ValueError as error:  # a UnicodeDecodeError is one, too
        raise Refused(f"It is no notebook: not valid JSON ({str(error)[:200]}). Was it cut off on its way?") from None


def _check_form(notebook) -> None:
    if not isinstance(notebook, dict) or type(notebook.get("nbformat")) is not int:
        raise Refused("It is no notebook: it names no nbformat.")
    if notebook["nbformat"] != 4:
        found = str(notebook["nbformat"])[:20]
        raise Refused(f"It is a notebook of format {found}; 4 is expected. Open it in JupyterLab and save it.")
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise Refused("It is no notebook of format 4: its cells are not as they should be.")
    if len(cells) > MOST_CELLS:
        raise Refused(f"It has {len(cells)} cells; at most {MOST_CELLS} are run.")


def _is_cell(cell) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("metadata"), dict):
        return False
    if not isinstance(cell.get("id"), str | None):
        return False
    source = cell.get("source")
    text = isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source))
    return text and cell.get("cell_type") in ("code", "markdown", "raw")


def _check_ids(cells) -> None:
    for what, ids in (("id", [cell.get("id") for cell in cells]), ("grade_id", list(map(_grade_id, cells)))):
        ((most, times),) = Counter(i for i in ids if i is not None).most_common(1) or [("", 0)]
        if times > 1:
            raise Refused(f"{times} cells have the {what} {most[:80]!r}. Start again from the released notebook.")


def _grade_id(cell):
    mark = cell["metadata"].get("nbgrader")
    name = mark.get("grade_id") if isinstance(mark, dict) else None
    return name if isinstance(name, str) else None


def _is_test(cell) -> bool:
    """A cell with check(...), which the grader asks in its own way. Whatever its metadata claim, nothing is lost."""
    source = "".join(cell["source"]).strip()
    return re.fullmatch(r"check\([^\n]*\)(\.points)?", source) is not None


def _assignment(file: str, cells) -> str:
    """Two digits: from the file's name, from its folder's, or from the ids in the notebook."""
    known = {question.id[:2] for question in questions()}
    ids = [str(_grade_id(cell)) for cell in cells]
    for name in (Path(file).stem, Path(file).parent.name, *ids):
        if re.match(r"\d\d([_-]|$)", name) and name[:2] in known:
            return name[:2]
    raise Refused("It is not clear which assignment this is. Name the file after one, such as 03_attention.ipynb.")
