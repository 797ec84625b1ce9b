"""Tables that a spreadsheet opens. It takes text that begins with = for a formula, and students choose names."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from .course import write as write_whole

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(path: Path, rows: Iterable[Iterable]) -> None:
    """The rows as CSV in UTF-8, whole or not at all. None is an empty cell. Raises ClassError."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(value) for value in row] for row in rows)
    write_whole(path, text.getvalue().encode("utf-8", "backslashreplace"))


def safe(value):
    """The value, with an apostrophe before text that would be a formula: the spreadsheet then shows it as it is."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \n").startswith(FORMULA) else value
