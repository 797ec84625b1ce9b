"""How a class did: a table for a spreadsheet, a summary to read at once, and pages."""

import os
import statistics
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from . import feedback, spreadsheet
from . import report_figures as figures
from .course import write
from .report_page import html

__all__ = ["html", "summary", "write_pages", "write_table"]
COLUMNS = ("student", "assignment", "points", "max", "state", "reason", "file", "isolation")
MISTAKES = 5  # that the summary tells of each assignment


def write_table(lines: list[dict], path: Path) -> None:
    """One row a submission. A score that is not known stays empty. Raises ClassError."""
    spreadsheet.write(path, [COLUMNS, *([line[column] for column in COLUMNS] for line in lines)])


def write_pages(lines: list[dict], folder: Path) -> list[Path]:
    """FOLDER/report.html, and a page for each submission below FOLDER/feedback. Raises ClassError."""
    pages = feedback.write(lines, folder / "feedback")
    links = {
        line["file"]: quote(os.fsencode(f"feedback/{place}"))
        for line, place in zip(lines, feedback.places(lines), strict=True)
    }
    write(folder / "report.html", html(lines, links).encode())
    return [folder / "report.html", *pages]


def summary(lines: list[dict]) -> str:
    """States, the distribution of each assignment, the mistakes seen most, the slowest, and who needs a person."""
    states = Counter(line["state"] for line in lines)
    count = f"{len(lines)} submission{'s' * (len(lines) != 1)}"
    parts = [f"{count}: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items()))]
    for assignment, graded in figures.by_assignment(lines).items():
        points, most = sorted(line["points"] for line in graded), graded[0]["max"]
        middle = statistics.median(points)
        parts.append(f"{assignment}: {points[0]:g} to {points[-1]:g} of {most:g} points, median {middle:g}")
        parts += [f"    {c.count} × {c.question}: {c.hint}" for c in figures.mistakes(graded)[:MISTAKES]]
    parts += [f"slow: {line['file']!r}, {line['seconds']:.0f} s" for line in figures.slowest(lines)]
    parts += [f"{line['state']}: {line['file']!r}: {line['reason']}" for line in lines if line["state"] != "graded"]
    kinds = sorted({line["isolation"] for line in lines})
    return "\n".join([*parts, f"isolation: {', '.join(kinds) or 'none was needed'}"])
