"""How long a person takes for a part of a chapter or an assignment: a stated rule for reading, a measurement for
running, and the assignment's own word for exercises."""

import re
from dataclasses import dataclass

WIDGET = "Interactive: run this cell to see it."  # what a built notebook shows in a widget's place
DISPLAYED = re.compile(r"\$\$.+?\$\$", re.DOTALL)
QUANTITIES = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
PROMISE = re.compile(r"100 points, about (\w+)( and a half)? hours?( and a half)?")


@dataclass(frozen=True)
class Rates:
    """The rule for reading, from workshops/plans.toml, which names its sources."""

    words_per_minute: float
    minutes_per_formula: float
    minutes_per_figure: float
    minutes_per_widget: float
    seconds_per_line_of_code: float


@dataclass(frozen=True)
class Amount:
    """What there is to read in some cells."""

    words: int
    formulas: int
    figures: int
    widgets: int
    lines: int

    def minutes(self, rates: Rates) -> float:
        return (
            self.words / rates.words_per_minute
            + self.formulas * rates.minutes_per_formula
            + self.figures * rates.minutes_per_figure
            + self.widgets * rates.minutes_per_widget
            + self.lines * rates.seconds_per_line_of_code / 60
        )


def amount(cells) -> Amount:
    """Count words, displayed formulas, figures, widgets and lines of code."""
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [cell for cell in cells if cell.cell_type == "code"]
    shown = [output.get("data", {}) for cell in code for output in cell.outputs]
    return Amount(
        words=len(DISPLAYED.sub("", text).split()),
        formulas=len(DISPLAYED.findall(text)),
        figures=sum("image/png" in data or "data:image/" in str(data.get("text/html")) for data in shown),
        widgets=sum(data.get("text/plain") == WIDGET for data in shown),
        lines=sum(bool(line.strip()) for cell in code for line in cell.source.splitlines()),
    )


def assignment_minutes(notebook) -> int:
    """How long an assignment says that it takes: "about two hours and a half" is 150. Raises ValueError."""
    said = PROMISE.search(notebook.cells[0].source)
    if said is None or said[1] not in QUANTITIES:
        raise ValueError(
            "expected an assignment that begins with, for example, “Seven questions, 100 points, about two hours”; "
            f"got {notebook.cells[0].source[:120]!r}"
        )
    return 60 * QUANTITIES[said[1]] + (30 if said[2] or said[3] else 0)
