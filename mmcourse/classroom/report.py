"""How a class did: a table for a spreadsheet, and a summary to read."""

import csv
import statistics
from collections import Counter
from pathlib import Path

COLUMNS = ("student", "assignment", "points", "max", "state", "reason", "file", "isolation")
SLOWEST = 3


def write_table(lines: list[dict], path: Path) -> None:
    """One row a submission. A score that is not known stays empty."""
    beside = path.with_suffix(".csv.tmp")
    with beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([_cell(line[column]) for column in COLUMNS] for line in lines)
    beside.replace(path)


def _cell(value):
    """A spreadsheet takes text that begins with = for a formula, and a student chooses the name of a file."""
    dangerous = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r")
    return f"'{value}" if dangerous else value


def summary(lines: list[dict]) -> str:
    """States, the distribution of each assignment, the mistakes seen most, the slowest, and who needs a person."""
    states = Counter(line["state"] for line in lines)
    parts = [f"{len(lines)} submissions: " + ", ".join(f"{n} {state}" for state, n in sorted(states.items()))]
    for assignment in sorted({line["assignment"] for line in lines if line["state"] == "graded"}):
        graded = [line for line in lines if line["state"] == "graded" and line["assignment"] == assignment]
        points = sorted(line["points"] for line in graded)
        middle = statistics.median(points)
        parts.append(f"{assignment}: {points[0]} to {points[-1]} of {graded[0]['max']} points, median {middle:g}")
        parts += [f"    {n} × {question}: {hint}" for (question, hint), n in _mistakes(graded)]
    slow = sorted((line for line in lines if line.get("seconds", 0) > 5), key=lambda line: -line["seconds"])
    parts += [f"slow: {line['file']!r}, {line['seconds']:.0f} s" for line in slow[:SLOWEST]]
    parts += [f"{line['state']}: {line['file']!r}: {line['reason']}" for line in lines if line["state"] != "graded"]
    kinds = sorted({line["isolation"] for line in lines})
    return "\n".join([*parts, f"isolation: {', '.join(kinds) or 'none was needed'}"])


def _mistakes(graded: list[dict]):
    """The hints that were given, the most frequent first."""
    hints = Counter((q["id"], q["hint"]) for line in graded for q in line["questions"] if q["hint"])
    return hints.most_common(5)
