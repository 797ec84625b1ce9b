"""Bring a notebook back as it was released, and keep the learner's copy.

The learner's notebook is moved to a dated name beside it, never overwritten. The new text is written out in full
before anything moves, so that a full disk or a power cut loses nothing.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mmcourse.places import course_folder, the_one

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"  # build_exercises, the course's own release step
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}

AS_RELEASED = "is as released."
WITHOUT_OUTPUTS = "is as released. Its outputs return when you run it."
AS_COMMITTED = "is as in git's last commit, which holds your own work if you committed any."


class CannotRestore(Exception):
    """What was expected, what came, what to try."""


class CannotRelease(Exception):
    """Why solutions/ gives no exercise, in a few words."""


@dataclass(frozen=True)
class Restored:
    """One restored notebook; `kept` is where the learner's copy is now, None if there was nothing to keep.

    said: what the notebook is now, as the rest of a sentence that begins with its name.
    """

    path: Path
    kept: Path | None
    said: str


def restore_chapter(name: str) -> list[Restored]:
    """Restore the chapter that `name` means ("03" or "03_attention"). Raises CannotRestore or NoSuchName."""
    notebooks = course_folder() / "notebooks"
    chapters = {path.stem for path in [*notebooks.glob("*.ipynb"), *notebooks.glob("src/*.py")]}
    chapter = the_one(name, chapters, "chapter")
    return [put_back(notebooks / f"{chapter}.ipynb", *pristine_chapter(notebooks, chapter))]


def restore_exercise(name: str) -> list[Restored]:
    """Restore every notebook of the assignment that `name` means. Raises CannotRestore or NoSuchName."""
    course = course_folder()
    folders = [*course.glob("exercises/*/"), *course.glob("solutions/*/")]
    assignment = the_one(name, {path.name for path in folders}, "assignment")
    texts, said = pristine_exercise(course, assignment)
    return [put_back(course / "exercises" / assignment / file, text, said) for file, text in sorted(texts.items())]


def pristine_chapter(notebooks, chapter):
    """The chapter's bytes, and what to say of them.

    As committed, with outputs, if these cells are those of the text; else the text, without outputs.
    """
    source = notebooks / "src" / f"{chapter}.py"
    committed = from_git(notebooks.parent, f"notebooks/{chapter}.ipynb")
    if not source.exists():
        if committed is None:
            raise CannotRestore(
                f"Neither git nor notebooks/src has the released text of {chapter}. "
                f"Nothing was changed. Clone the course again beside this one and copy {chapter}.ipynb over."
            )
        return committed, AS_COMMITTED
    import jupytext
    import nbformat

    text = jupytext.read(source)
    if committed is not None and cells_of(committed) == cells(text):
        return committed, AS_RELEASED
    text.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    return (nbformat.writes(text) + "\n").encode(), WITHOUT_OUTPUTS


def cells(notebook):
    """What two versions of a notebook must share to be the same text."""
    return [(cell.cell_type, cell.source.rstrip()) for cell in notebook.cells]


def cells_of(content):
    """The cells of a notebook given as bytes; None if they are no notebook."""
    import nbformat

    try:
        return cells(nbformat.reads(content.decode(), as_version=4))
    except Exception:  # what a commit holds may be broken in any way
        return None


def pristine_exercise(course, assignment):
    """The notebooks of an assignment as {file name: bytes}, released anew, else as committed; and what to say of them.

    Git comes second: whoever commits their answers has them at HEAD, while solutions/ stays as it came.
    """
    try:
        return from_solutions(course, assignment), WITHOUT_OUTPUTS
    except CannotRelease as error:
        texts = from_git_folder(course, f"exercises/{assignment}")
        if texts:
            return texts, f"{AS_COMMITTED} It could not be released anew ({error})."
        raise CannotRestore(
            f"Releasing the exercises of {assignment} from solutions/ failed ({error}), and git does not have them. "
            f"Nothing was changed. Run `make setup`, which installs nbgrader, then try again."
        ) from None


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
    """The assignment's notebooks as {file name: bytes}, released from solutions/ alone. Raises CannotRelease."""
    release = "import sys, build_exercises as b; b.release(b.Path(sys.argv[1]), b.Path(sys.argv[2]))"
    with tempfile.TemporaryDirectory(prefix="mmcourse-") as spare:
        try:
            shutil.copytree(course / "solutions" / assignment, Path(spare, "solutions", assignment))
        except OSError:
            raise CannotRelease(f"solutions/{assignment} is missing or cannot be read") from None
        made = subprocess.run(
            [sys.executable, "-c", release, spare, f"{spare}/made"],
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
            capture_output=True,
            text=True,
        )
        texts = {path.name: path.read_bytes() for path in Path(spare, "made", assignment).glob("*.ipynb")}
    if not texts:
        raise CannotRelease((made.stderr.strip().splitlines() or ["it has no notebooks"])[-1])
    return texts


def put_back(path, text, said):
    """Write `text` (bytes) to `path`; the copy that was there is kept under a new name. Raises CannotRestore."""
    try:
        if path.exists() and path.read_bytes() == text:
            return Restored(path, None, said)
        return Restored(path, swap(write_beside(path, text), path), said)
    except OSError as error:
        raise CannotRestore(
            f"{path.name} could not be read or replaced: {error.strerror or error}. Your copy is as it was. See that "
            f"there is space on the disk, that {path} is a file that you may read, and that no other program holds it."
        ) from None


def swap(half, path):
    """Move `half` to `path`. Returns where the file that was there is kept, None if none was; a failure undoes all."""
    kept = free_name(path) if path.exists() else None
    try:
        if kept:
            path.rename(kept)
        os.replace(half, path)
    except OSError:
        half.unlink(missing_ok=True)
        if kept and kept.exists():
            kept.rename(path)
        raise
    return kept


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
