"""What every notebook of the course must be: each check takes a notebook and yields one sentence for each fault."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise, zip_longest

from notebook_tools import KEPT_CELL_METADATA, KERNELSPEC, ROOT, WIDGET_VIEW

LONGEST_CELL = 15
SHORTEST_ALT = 20
LARGEST_FILE = 1_500_000
IGNORED = "nbval-ignore-output"
FENCE = re.compile(r"^(```|~~~).*?^\1`*~*[ \t]*$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+)$", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]*)\]\(")
HOME = re.compile(r"/(?:home|Users|root|tmp)/[\w.-]+|[A-Z]:\\+Users\\")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    """Yield (cell, output) for every output."""
    return ((cell, output) for cell in code_cells(notebook) for output in cell.outputs)


def where(cell):
    first = next(iter(cell.source.splitlines()), "(empty)")
    return f"cell {cell.get('id')} ({first[:50]})"


def run_once_from_the_top(notebook):
    """Execution counts are 1 to n, no output is an error, none went to stderr."""
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    if counts != list(range(1, len(counts) + 1)):
        yield f"expected the execution counts 1 to {len(counts)}, got {counts}"
    for cell, output in outputs(notebook):
        if output.output_type == "error":
            yield f"{where(cell)} ended in {output.ename}: {output.evalue}"
        if output.get("name") == "stderr":
            yield f"{where(cell)} wrote to stderr: {output.text[:200]}"


def clean_metadata(notebook):
    """Nothing that depends on the machine, the moment or a kernel that is gone."""
    if notebook.metadata != {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}:
        yield f"the notebook's metadata should be the kernelspec and the language alone, got {notebook.metadata}"
    for cell in notebook.cells:
        if extra := set(cell.metadata) - KEPT_CELL_METADATA:
            yield f"{where(cell)} keeps the metadata {sorted(extra)}"
    for cell, output in outputs(notebook):
        if WIDGET_VIEW in output.get("data", {}):
            yield f"{where(cell)} keeps a live widget"
    everything = re.sub(r"base64,[\w+/=]+", "", json.dumps(notebook)).replace(str(ROOT), "/home/course")
    if path := HOME.search(everything):
        yield f"a path of one machine is in it: {path[0]}"


def headings_in_order(notebook):
    """One H1, first; no level is skipped on the way down."""
    levels = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            levels += [(len(marks), text) for marks, text in HEADING.findall(FENCE.sub("", cell.source))]
    tops = [text for level, text in levels if level == 1]
    if len(tops) != 1 or levels[0][0] != 1:
        yield f"expected one heading of level 1, at the top; got {tops}"
    for (above, _), (level, text) in pairwise(levels):
        if level > above + 1:
            yield f"the heading {text!r} jumps from level {above} to {level}"


def short_cells(notebook):
    """Every code cell fits into a glance."""
    for cell in code_cells(notebook):
        if (lines := len(cell.source.splitlines())) > LONGEST_CELL:
            yield f"{where(cell)} has {lines} lines, more than {LONGEST_CELL}"


class AltTexts(HTMLParser):
    """Collects what stands for each picture in a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        names = {"img": "alt", "svg": "aria-label", "canvas": "aria-label"}
        if tag in names:
            self.found.append(dict(attributes).get(names[tag]) or "")


def alternative_texts(notebook):
    """Every picture says in words what it shows."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = FENCE.sub("", cell.source)
            found += [(cell, alt) for alt in IMAGE.findall(text) + AltTexts(text).found]
    for cell, output in outputs(notebook):
        data = output.get("data", {})
        found += [(cell, alt) for kind in ("text/html", "text/markdown") for alt in AltTexts(data.get(kind, "")).found]
        if any(kind.startswith("image/") for kind in data):
            yield f"{where(cell)} shows a figure without alternative text: use mmcourse.show.figure(fig, alt=...)"
    for cell, alt in found:
        if len(alt) < SHORTEST_ALT:
            yield f"{where(cell)} has a picture that says only {alt!r}: at least {SHORTEST_ALT} characters"


def ignored_with_reason(notebook):
    """No cell is hidden from the comparison, save by the tag for it, with a reason in the metadata."""
    for cell in code_cells(notebook):
        tags = set(cell.metadata.get("tags", [])) - {IGNORED}
        others = {tag for tag in tags if "nbval" in tag or tag == "raises-exception"}
        if others or re.search(r"NBVAL_|PYTEST_VALIDATE", cell.source):
            yield f"{where(cell)} steers nbval by a comment or {sorted(others)}: only the tag {IGNORED} may"
        if is_ignored(cell) and len(cell.metadata.get("ignore_reason", "").split()) < 3:
            yield f"{where(cell)} is ignored without a reason: give ignore_reason in its metadata, in a few words"


def is_ignored(cell):
    return IGNORED in cell.metadata.get("tags", [])


def same_text(notebook, text):
    """The notebook says what its text (another notebook) says: types, sources and tags of all cells."""
    for number, (cell, expected) in enumerate(zip_longest(map(said, notebook.cells), map(said, text.cells))):
        if cell != expected:
            yield f"the notebook and its text differ from cell {number} on: build it again"
            return


def said(cell):
    return cell.cell_type, cell.source, cell.metadata.get("tags", []), cell.metadata.get("ignore_reason")


EVERYWHERE = [run_once_from_the_top, clean_metadata, headings_in_order, alternative_texts, ignored_with_reason]
