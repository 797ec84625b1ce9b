"""What a line of grades.jsonl holds about a question: plain and bounded, for it is kept, sent and read again."""

import hashlib
import math

import numpy as np

from mmcourse.grading.comparing import differences
from mmcourse.grading.picture import cut
from mmcourse.grading.result import Result

LONGEST = 2000  # characters of a text; some of it is the student's
DIGITS = 5  # of a number in a picture


def entry(result: Result) -> dict:
    """The result as JSON holds it, with the numbers that a picture needs. Nothing is drawn here: that takes time."""
    told = {"id": result.question_id, "title": result.title, "points": result.points, "max": result.max_points}
    texts = ("state", "case", "arguments", "message", "hint", "note")
    told |= {name: getattr(result, name)[:LONGEST] for name in texts}
    drawn = result.expected is not None and result.got is not None
    return told | {"picture": _numbers(result.expected, result.got) if drawn else None}


def code_digest(cells) -> str:
    """The same for notebooks whose code differs in spaces and lines of comment only."""
    lines = [line.strip() for cell in cells for line in cell.splitlines()]
    code = "\n".join("".join(line.split()) for line in lines if line and not line.startswith("#"))
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _numbers(expected: np.ndarray, got: np.ndarray) -> dict:
    """Both arrays around their largest difference: `at` is its place in the whole array, `spot` the one in the cut."""
    at = np.unravel_index(differences(*map(_real, (expected, got))).argmax(), expected.shape)
    expected, got, _, spot = cut(expected, got, at)
    return {"at": list(map(int, at)), "spot": list(spot), "expected": _rows(expected), "got": _rows(got)}


def _real(array: np.ndarray) -> np.ndarray:
    return np.abs(array) if array.dtype.kind == "c" else array


def _rows(matrix: np.ndarray) -> list[list[float | str]]:
    """Floats; what JSON has no number for is the text that float() reads: nan, inf, -inf."""
    rows = _real(matrix).astype(float).tolist()
    return [[float(f"{x:.{DIGITS}g}") if math.isfinite(x) else str(x) for x in row] for row in rows]
