"""Bring a notebook back as it was released, and keep the learner's copy.

The learner's notebook is moved to a dated name beside it, never overwritten. The new text is written out in full
before anything moves, so that a full disk or a power cut loses nothing.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mmcourse.places import course_folder

RELEASED = re.compile(r"\d\d_\w+")  # a copy that was put aside has a dot in its name, and so is never taken for one
SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"  # build_exercises, the course's own release step
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class CannotRestore(Exception):
    """What was expected, what came, what to try."""


@dataclass(frozen=True)
class Restored:
    """One restored notebook; `kept` is where the learner's copy is now, None if there was nothing to keep."""

    path: Path
    kept: Path | None


def restore_chapter(name: str) -> list[Restored]:
    """Restore the chapter whose name begins with `name` ("03" or "03_attention"). Raises CannotRestore."""
    notebooks = course_folder() / "notebooks"
    chapters = {path.stem for path in [*notebooks.glob("*.ipynb"), *notebooks.glob("src/*.py")]}
    chapter = the_one(name, chapters, "chapter")
    return [put_back(notebooks / f"{chapter}.ipynb", pristine_chapter(notebooks, chapter))]


def restore_exercise(name: str) -> list[Restored]:
    """Restore every notebook of the assignment whose name begins with `name`. Raises CannotRestore."""
    course = course_folder()
    folders = [*course.glob("exercises/*/"), *course.glob("solutions/*/")]
    assignment = the_one(name, {path.name for path in folders}, "assignment")
    texts = from_git_folder(course, f"exercises/{assignment}") or from_solutions(course, assignment)
    return [put_back(course / "exercises" / assignment / file, text) for file, text in sorted(texts.items())]


def the_one(name, names, kind):
    """The one of `names` that `name` means: itself, or the only one that begins with it; a path and "3" do, too."""
    names = sorted(n for n in names if RELEASED.fullmatch(n))
    stem = Path(name).stem
    stem = stem.zfill(2) if stem.isdigit() else stem
    found = [n for n in names if n == stem] or [n for n in names if n.startswith(stem)]
    if len(found) == 1:
        return found[0]
    listing = ", ".join(found or names) or "none yet"
    if found:
        raise CannotRestore(f"{name!r} could be any of: {listing}. Write a little more of the name.")
    raise CannotRestore(f"There is no {kind} {name!r}. There are: {listing}.")


def pristine_chapter(notebooks, chapter):
    """The chapter's bytes: as committed, with outputs, if they belong to the text; else the text, without outputs."""
    source = notebooks / "src" / f"{chapter}.py"
    committed = from_git(notebooks.parent, f"notebooks/{chapter}.ipynb")
    if not source.exists():
        if committed is None:
            raise CannotRestore(
                f"Neither git nor notebooks/src has the released text of {chapter}. "
                f"Nothing was changed. Clone the course again beside this one and copy {chapter}.ipynb over."
            )
        return committed
    import jupytext
    import nbformat

    text = jupytext.read(source)
    if committed is not None and cells(nbformat.reads(committed.decode(), as_version=4)) == cells(text):
        return committed
    text.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    return (nbformat.writes(text) + "\n").encode()


def cells(notebook):
    """What two versions of a notebook must share to be the same text."""
    return [(cell.cell_type, cell.source.rstrip()) for cell in notebook.cells]


def from_git(course, path):
    """The bytes of `path` at git's HEAD; None without git, a repository, a commit or that file."""
    try:
        show = subprocess.run(["git", "show", f"HEAD:./{path}"], cwd=course, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return show.stdout if show.returncode == 0 else None


def from_git_folder(course, folder):
    """The notebooks in `folder` at git's HEAD as {file name: bytes}; empty if git has none."""
    listing = from_git(course, folder)  # of a folder, git shows a heading, a blank line and the names
    names = listing.decode().splitlines() if listing else []
    return {name: from_git(course, f"{folder}/{name}") for name in names if name.endswith(".ipynb")}


def from_solutions(course, assignment):
    """The assignment's notebooks as {file name: bytes}, released from solutions/ into a spare folder."""
    release = "import sys, build_exercises as b; b.release(b.Path(sys.argv[1]), b.Path(sys.argv[2]))"
    with tempfile.TemporaryDirectory(prefix="mmcourse-") as spare:
        made = subprocess.run(
            [sys.executable, "-c", release, str(course), spare],
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
            capture_output=True,
            text=True,
        )
        texts = {path.name: path.read_bytes() for path in Path(spare, assignment).glob("*.ipynb")}
    if texts:
        return texts
    said = (made.stderr.strip().splitlines() or ["it has no such notebooks"])[-1]
    raise CannotRestore(
        f"git does not have the released exercises of {assignment}, and releasing them from solutions/ failed "
        f"({said}). Nothing was changed. Run `make setup`, which installs nbgrader, then try again."
    )


def put_back(path, text):
    """Write `text` (bytes) to `path`; the copy that was there is kept under a new name."""
    if path.exists() and path.read_bytes() == text:
        return Restored(path, None)
    try:
        half = write_beside(path, text)
    except OSError as error:
        raise CannotRestore(
            f"{path.name} could not be written: {error.strerror or error}. Your copy is as it was. "
            f"See that there is space on the disk and that {path.parent} may be written, then try again."
        ) from None
    kept = free_name(path) if path.exists() else None
    if kept:
        path.rename(kept)
    os.replace(half, path)
    return Restored(path, kept)


def write_beside(path, text):
    """Write `text` to a hidden file beside `path`, all of it or no file at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    try:
        with open(half, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            half.unlink()
        raise
    return half


def free_name(path):
    """A name beside `path` that says whose it is and from when, and that no file has."""
    name = f"{path.stem}.yours-{date.today()}"
    numbers = ["", *(f"-{n}" for n in range(2, 1000))]
    return next(p for n in numbers if not (p := path.with_name(f"{name}{n}.ipynb")).exists())
