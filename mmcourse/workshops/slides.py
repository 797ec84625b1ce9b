"""Which parts of a chapter become slides, and which the speaker's notes: the rules, all in this file.

A heading begins a slide; one of the second level goes right, one of the third down. On a slide stand the first words
under its heading, displayed formulas, lists and tables. A figure stands under these first words or on a slide of its
own, with its text under it; of code only short functions are shown. All prose goes to the notes (press S). What does
not fit goes on below.
A chapter can say otherwise: nbconvert's own `slideshow` metadata on a cell, where it is set, wins.
"""

import html
import re
from dataclasses import dataclass, field

SKIPPED = ("References", "Exercise", "Quiz")  # sections that begin so: they are worked on, not shown
FULL = 14.0  # lines that a slide holds under its heading; weights below are lines, measured in a browser
LONGEST_CODE = 15
WIDEST_CODE = 100  # characters
PLOTTING = re.compile(r"\b(ax|axes|fig|plt|show)\.")
WIDTH = 80  # characters of a line of text
MOST_FIRST_WORDS = 240
SHORT = 90  # characters of a bold line that is no paragraph but a list's title
LONGEST_CAPTION = 110
ROOM_ABOVE_FIGURE = 3.5
FIGURE = re.compile(r'^<img alt="([^"]*)" src="data:image/png;base64,[A-Za-z0-9+/=\s]*">\s*$')
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
ITEM = re.compile(r"^(?:[-*]|\d+\.) ", re.MULTILINE)


@dataclass
class Slide:
    """What one slide shows (pieces of Markdown or code), and what the speaker reads."""

    heading: str
    level: int
    pieces: list[str] = field(default_factory=list)
    lines: float = 0.0
    notes: list[str] = field(default_factory=list)

    def add(self, piece: str, lines: float):
        self.pieces.append(piece)
        self.lines += lines


def slides(notebook) -> list[Slide]:
    """The slides of a chapter, in order."""
    deck, skipping = [], False
    for cell in notebook.cells:
        if cell.metadata.get("slideshow", {}).get("slide_type") == "skip":
            continue
        if cell.cell_type == "markdown":
            for block in blocks(cell.source):
                if heading := re.match(r"(#{1,3}) +(.+)", block):
                    if len(heading[1]) < 3:  # what is skipped, is skipped with all below it
                        skipping = heading[2].startswith(SKIPPED)
                    if not skipping:
                        deck.append(Slide(heading[2], len(heading[1])))
                elif not skipping:
                    place(deck, block)
        elif not skipping:
            place_code(deck, cell)
    return [slide for slide in deck if slide.pieces or slide.level == 1]


def blocks(text: str) -> list[str]:
    """The paragraphs, lists, tables and formulas of a Markdown cell."""
    parts = re.split(r"\n\s*\n", text.strip())
    return [line for part in parts for line in split_heading(part.strip())]


def split_heading(part: str) -> list[str]:
    """A heading need not have an empty line after it."""
    first, _, rest = part.partition("\n")
    return [first, rest.strip()] if first.startswith("#") and rest else [part]


def place(deck: list[Slide], block: str):
    """Put a block of text on the current slide, on one below it, or into its notes."""
    if "$$" in block:
        for piece in re.findall(r"\$\$.+?\$\$", block, re.DOTALL):
            put(deck, piece, 3 + 1.5 * piece.count("\\\\"))
        rest = re.sub(r"\$\$.+?\$\$", " … ", block, flags=re.DOTALL)
        deck[-1].notes.append(rest)
    elif block.startswith("|"):
        place_table(deck, block.splitlines())
    elif ITEM.match(block):
        for item in re.split(r"\n(?=(?:[-*]|\d+\.) )", block):
            put(deck, item, height(item))
    else:
        if not deck[-1].pieces and not deck[-1].notes:
            put(deck, first_words(block), height(first_words(block)))
        elif block.startswith("**") and len(block) < SHORT:  # what the list below it is about
            put(deck, block, height(block))
        deck[-1].notes.append(block)


def first_words(text: str) -> str:
    """The first sentence of a paragraph, and more of them as long as they stay short together."""
    said, *more = SENTENCE_END.split(text)
    for sentence in more:
        if len(said) + len(sentence) > MOST_FIRST_WORDS:
            break
        said += f" {sentence}"
    return said


def place_table(deck, rows):
    """A table, cut where the slide ends; its head is repeated."""
    head, body, here = rows[:2], rows[2:], []
    for row in body:
        if sum(map(row_height, [*here, row])) + 1.5 > FULL - 2:
            put(deck, "\n".join([*head, *here]), FULL)
            here = []
        here.append(row)
    put(deck, "\n".join([*head, *here]), 1.5 + sum(map(row_height, here)))


def row_height(row: str) -> float:
    """A row of a table is as high as its text is long, since columns share the width."""
    return 1.1 * max(1, -(-len(row) // 95))


def height(text: str) -> float:
    """How many lines a paragraph or an item of a list takes."""
    return -(-len(text) // WIDTH) * 1.1


def put(deck: list[Slide], piece: str, lines: float):
    """Add a piece to the last slide, or to a new one below it if the last is full."""
    if deck[-1].pieces and deck[-1].lines + lines > FULL:
        deck.append(Slide(deck[-1].heading, 3))
    deck[-1].add(piece, lines)


def place_code(deck: list[Slide], cell):
    """A short function that is written by hand, and every figure."""
    source = cell.source.strip().split("\n\n\n")[0]  # ruff sets two empty lines after a function
    lines = sum(-(-len(line) // WIDEST_CODE) or 1 for line in source.splitlines())
    if source.startswith("def ") and lines <= LONGEST_CODE and not PLOTTING.search(source):
        put(deck, f"```python\n{source}\n```", 1 + 0.75 * lines)
    for output in cell.outputs:
        if found := FIGURE.match(output.get("data", {}).get("text/html", "")):
            alt = html.unescape(found[1])  # a longer text is for those who cannot see; it stays with the picture
            caption = f'<p class="caption">{html.escape(alt)}</p>' if len(alt) <= LONGEST_CAPTION else ""
            if len(deck[-1].pieces) != 1 or deck[-1].lines > ROOM_ABOVE_FIGURE:
                deck.append(Slide(deck[-1].heading, 3))
            deck[-1].add(found[0].strip(), FULL - 1)
            deck[-1].add(caption, 1)


def as_notebook(notebook):
    """The slides as a notebook with nbconvert's metadata, ready for its slides exporter."""
    from nbformat.v4 import new_markdown_cell, new_notebook

    cells = []
    for slide in slides(notebook):
        kind = "slide" if slide.level < 3 else "subslide"
        text = "\n\n".join([f"{'#' * slide.level} {slide.heading}", *joined(slide.pieces)])
        cells.append(new_markdown_cell(text, metadata={"slideshow": {"slide_type": kind}}))
        if slide.notes:
            notes = "\n\n".join(slide.notes)
            cells.append(new_markdown_cell(notes, metadata={"slideshow": {"slide_type": "notes"}}))
    return new_notebook(cells=cells)


def joined(pieces):
    """The pieces with items of one list kept together, or each would begin a list of its own."""
    together = []
    for piece in pieces:
        if together and ITEM.match(piece) and ITEM.match(together[-1]):
            together[-1] += f"\n{piece}"
        else:
            together.append(piece)
    return together
