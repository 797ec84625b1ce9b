"""Where the course lies on this computer, and what names its chapters and assignments answer to."""

import re
from pathlib import Path

RELEASED = re.compile(r"\d\d(_\w+)?")  # a copy that was put aside has a dot in its name, and so is never taken for one


class CourseNotFound(Exception):
    """The package is installed apart from its notebooks: `found` says so, and `advice` what to do."""

    advice = 'Clone the course and run there `pip install -c constraints.txt -e ".[test]"`'

    def __init__(self, folder):
        self.found = f"expected the folder notebooks beside the package, in {folder}, but there is none"
        super().__init__(f"{self.found}. {self.advice}.")


class NoSuchName(LookupError):
    """No chapter or assignment has this name, or several do; the message lists them."""


def course_folder() -> Path:
    """The folder with notebooks/, exercises/ and pyproject.toml. Raises CourseNotFound."""
    folder = Path(__file__).resolve().parents[1]
    if not (folder / "notebooks").is_dir():
        raise CourseNotFound(folder)
    return folder


def the_one(name: str, names, kind: str) -> str:
    """The one of `names` that `name` means: itself, or the only one that begins with it; a path and "3" do, too.

    Raises NoSuchName.
    """
    names = sorted(n for n in names if RELEASED.fullmatch(n))
    stem = Path(name).stem
    stem = stem.zfill(2) if stem.isdigit() else stem
    found = [n for n in names if n == stem] or [n for n in names if n.startswith(stem)]
    if len(found) == 1:
        return found[0]
    listing = ", ".join(found or names) or "none yet"
    if found:
        raise NoSuchName(f"{name!r} could be any of: {listing}. Write a little more of the name.")
    raise NoSuchName(f"There is no {kind} {name!r}. There are: {listing}.")
