"""A notebook cut at its headings: what plans, slides and notes speak of."""

import re
from dataclasses import dataclass, field

HEADING = re.compile(r"^(#{1,2}) +(.+?)\s*$", re.MULTILINE)


@dataclass
class Section:
    """A heading of the first or second level, and the cells under it."""

    title: str
    cells: list = field(default_factory=list)


def sections(notebook) -> list[Section]:
    """The sections of a notebook, in order; the first bears the notebook's own title."""
    found = []
    for cell in notebook.cells:
        heading = HEADING.search(cell.source) if cell.cell_type == "markdown" else None
        if heading or not found:
            found.append(Section(heading[2] if heading else ""))
        found[-1].cells.append(cell)
    return found
