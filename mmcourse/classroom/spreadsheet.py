"""Tables that a spreadsheet opens. It takes text that begins with = for a formula, and students choose names."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from .course import write as write_whole

# At the beginning, or after what separates cells in some countries and programs. The last four are as wide as Chinese.
FORMULA = re.compile(r"(^|[;\t\r\n|])([ \n]*)(?=[=+\-@\t\r＝＋－＠])")


def write(path: Path, rows: Iterable[Iterable]) -> None:
    """The rows as CSV in UTF-8, whole or not at all. None is an empty cell. Raises ClassError."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(value) for value in row] for row in rows)
    write_whole(path, text.getvalue().encode("utf-8", "backslashreplace"))


def safe(value):
    """The value, with an apostrophe before text that would be a formula: the spreadsheet then shows it as it is."""
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value
