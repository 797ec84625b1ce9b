"""What check() found out, as plain text, as a panel in the notebook, and for programs."""

import html
import sys
from dataclasses import dataclass, field

import numpy as np

# Colours of Okabe and Ito, which stay apart for colour-blind eyes; each comes with a sign and a word as well.
LOOKS = {
    "not attempted": ("○", "not attempted yet", "#56B4E9"),
    "error": ("!", "stopped by an error", "#CC79A7"),
    "wrong": ("✗", "not right yet", "#D55E00"),
    "right": ("✓", "right", "#009E73"),
}


@dataclass
class Result:
    """The outcome of one check. True if the answer is right."""

    question_id: str
    title: str
    max_points: int
    state: str = "not attempted"
    points: int = 0
    message: str = ""
    hint: str = ""
    case: str = ""
    arguments: str = ""
    note: str = ""
    expected: np.ndarray | None = None
    got: np.ndarray | None = None
    _shown_in: int | None = field(default=None, repr=False, compare=False)

    def __bool__(self):
        return self.state == "right"

    def __repr__(self):
        return f"<{self.question_id}: {self.state}, {self.points} of {self.max_points} points>"

    def __str__(self):
        sign, word, _ = LOOKS[self.state]
        lines = [f"{sign} {self._heading()}: {word} ({self._score()})", self.message]
        lines += [f"Case: {self.case}. Called with {self.arguments}"] if self.case else []
        lines += [f"Hint: {self.hint}"] if self.hint else []
        lines += [self.note] if self.note else []
        return "\n".join(lines)

    def _repr_pretty_(self, printer, cycle):
        printer.text(str(self))

    def _repr_html_(self):
        sign, word, colour = LOOKS[self.state]
        rows = [f"<strong><span style='color:{colour}'>{sign}</span> {word}</strong> · "]
        rows[0] += f"{html.escape(self._heading())} · {self._score()}"
        rows.append(html.escape(self.message))
        if self.case:
            rows.append(f"<small>Case: {html.escape(self.case)}. Called with {html.escape(self.arguments)}</small>")
        if self.hint:
            rows.append(f"<strong>Hint.</strong> {html.escape(self.hint)}")
        if self.expected is not None:
            from .picture import img_tag

            rows.append(img_tag(self.expected, self.got))
        if self.note:
            rows.append(f"<small>{html.escape(self.note)}</small>")
        body = "".join(f"<div style='margin:.35em 0; white-space:pre-wrap'>{row}</div>" for row in rows)
        return f"<div style='border-left:5px solid {colour}; padding:.1em .9em; max-width:52em'>{body}</div>"

    def _ipython_display_(self):
        """Show nothing where check() has just shown it: a cell that ends with check(...) would show it twice."""
        if self._shown_in is None or self._shown_in != _cell_number():
            raise NotImplementedError  # IPython then takes the forms above

    def _heading(self):
        return f"{self.question_id} · {self.title}"

    def _score(self):
        return f"{self.points} of {self.max_points} points"


def show(result: Result) -> None:
    """Display a result where there is IPython, print it elsewhere."""
    if _cell_number() is None:
        _print(str(result))
        return
    from IPython.display import display

    display(result)
    result._shown_in = _cell_number()


def _cell_number() -> int | None:
    """The number of the running IPython cell; None outside IPython."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return None if shell is None else shell.execution_count


def _print(text: str) -> None:
    try:
        print(text)
    except UnicodeEncodeError:  # a console that knows no ✓ must not turn a result into a crash
        encoding = sys.stdout.encoding
        print(text.encode(encoding, "replace").decode(encoding))
