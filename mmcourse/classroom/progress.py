"""How far a run is: a bar on stderr where a person looks, else a line for each submission."""

import signal
import sys
from contextlib import contextmanager


class Lines:
    """A line for each submission, on standard output."""

    def begin(self, total: int) -> None:
        pass

    def tell(self, line: dict) -> None:
        print(f"{line['file']!r}: {said(line)}, {line['seconds']:.1f} s", flush=True)


class Bar:
    """A bar; what needs a person is printed above it."""

    def __init__(self, progress, what: str):
        self.progress, self.task = progress, progress.add_task(what, total=None)

    def begin(self, total: int) -> None:
        self.progress.update(self.task, total=total)

    def tell(self, line: dict) -> None:
        if line["state"] != "graded":
            self.progress.console.print(f"{line['file']!r}: {said(line)}", markup=False, highlight=False)
        self.progress.advance(self.task)


def said(line: dict) -> str:
    """The score, or why there is none."""
    return f"{line['points']} of {line['max']}" if line["state"] == "graded" else line["state"]


@contextmanager
def shown(what: str):
    """`begin(total)` and `tell(line)` for `batch.grade_folder`. Says what Ctrl-C does, which takes a while."""
    before = signal.signal(signal.SIGINT, _stop)
    try:
        with _watch(what) as watch:
            yield watch
    except KeyboardInterrupt:
        print("Stopped. What is graded is kept: the same command goes on from there.", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(*_) -> None:
    print("Stopping, as soon as the submissions that run now are done ...", file=sys.stderr, flush=True)
    raise KeyboardInterrupt


@contextmanager
def _watch(what: str):
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress, what)
