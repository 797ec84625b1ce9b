"""The notebook that formgrader shows: what the student wrote, made harmless, with the grader's words at the tests."""

import json
import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from .course import released, write
from .gradebook import TIMESTAMP
from .submission import Refused, read

LONGEST = 200_000  # characters of one cell that are shown
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def write_all(folder: Path, name: str, lines: list[dict]) -> None:
    """autograded/STUDENT/NAME/NAME.ipynb for each line. Raises ClassError."""
    template = nbformat.read(released(folder, name), as_version=4)
    for line in lines:
        student, *_ = Path(line["file"]).parts
        place = folder / "autograded" / student / name
        write(place / f"{name}.ipynb", nbformat.writes(graded_notebook(folder, template, line)).encode())
        came = folder / "submitted" / student / name / TIMESTAMP
        if came.is_file():
            write(place / TIMESTAMP, came.read_bytes())


def graded_notebook(folder: Path, template, line: dict):
    """The notebook of one line, built anew: only text of the submission goes into it, no outputs, no metadata.

    Cells that nbgrader locked are those of `template`, the released notebook; missing ones come at the end.
    """
    known = {_grade_id(cell): cell for cell in template.cells if _grade_id(cell)}
    cells, seen = [], set()
    for kind, source, grade_id in _submitted(folder, line["file"]):
        original = known.get(grade_id) if grade_id not in seen else None
        seen.add(grade_id)
        cells.append(_cell(original, kind, source))
    missing = [cell for grade_id, cell in known.items() if grade_id not in seen]
    cells += [_cell(cell, cell.cell_type, cell.source) for cell in missing]
    _say(cells, line)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


def _submitted(folder: Path, file: str) -> list[tuple[str, str, str | None]]:
    """Type, source and grade id of its cells; none if it is no submission that can be read."""
    try:
        read(folder / "submitted", file)
    except Refused:
        return []
    cells = json.loads((folder / "submitted" / file).read_bytes())["cells"]
    return [(cell["cell_type"], _printable("".join(cell["source"])), _grade_id(cell)) for cell in cells]


def _printable(text: str) -> str:
    cut = text[:LONGEST] + ("\n# ... and more, which is not shown" if len(text) > LONGEST else "")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "�", cut.encode("utf-8", "replace").decode())


def _grade_id(cell) -> str | None:
    mark = cell["metadata"].get("nbgrader")
    found = mark.get("grade_id") if isinstance(mark, dict) else None
    return found if isinstance(found, str) else None


def _cell(original, kind: str, source: str):
    """One cell. `original` is the released one with the same grade id, if there is one.

    Words of a student are shown as text: formgrader would run what hides in them, with the teacher's rights.
    """
    mark = original.metadata.nbgrader if original is not None else {}
    kind = original.cell_type if original is not None else kind
    if mark.get("locked") or mark.get("grade"):
        source = original.source
    elif kind != "code":
        source = _as_text(source)
    cell = new_code_cell(source) if kind == "code" else new_markdown_cell(source)
    cell.metadata = nbformat.from_dict(original.metadata if original is not None else {})
    return cell


def _as_text(source: str) -> str:
    """Markdown that shows `source` as it is; more backticks than there are in it begin and end it."""
    fence = "`" * (3 + max(map(len, re.findall("`+", source)), default=0))
    return f"{fence}text\n{source}\n{fence}"


def _say(cells, line: dict) -> None:
    """The grader's words: at each test its question's, and before everything what holds for the whole notebook."""
    said = {entry["id"]: entry for entry in line["questions"]}
    for cell in cells:
        entry = said.get(_grade_id(cell))
        if entry and cell.cell_type == "code":
            words = [f"{entry['state']}: {entry['points']} of {entry['max']} points", entry["message"], entry["hint"]]
            cell.outputs = [new_output("stream", name="stdout", text="\n".join(filter(None, words)) + "\n")]
    words = [line["reason"], *line["notes"]]
    if any(words):
        note = new_code_cell("# What the grader says of the whole notebook")
        note.outputs = [new_output("stream", name="stdout", text="\n".join(filter(None, words)) + "\n")]
        cells.insert(0, note)
