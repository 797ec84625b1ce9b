"""The folder of a class, which is an nbgrader course: made here, and found again by every `mmcourse class` command.

nbgrader_config.py   source/NAME/NAME.ipynb   release/NAME/NAME.ipynb   gradebook.db
submitted/STUDENT/NAME/NAME.ipynb   older/STUDENT/NAME/...   autograded/...   feedback/STUDENT/NAME/NAME.html
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mmcourse.places import CourseNotFound, course_folder, the_one

CONFIG = "nbgrader_config.py"
WORK = ".work-"  # how folders begin in which something is being made
WAIT = 30  # seconds for another command
SETTINGS = '''\
"""nbgrader's settings for this class. `mmcourse class new` made them; add what you like, it is never overwritten."""

from pathlib import Path

c = get_config()  # noqa: F821  nbgrader puts it here

c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.course_id = {course_id!r}
{exchange}
# Submissions run in a sandbox, and what they earn is found outside of it: as by `mmcourse class grade`.
c.Autograde.sanitize_preprocessors = []
c.Autograde.autograde_preprocessors = ["mmcourse.classroom.nbgrader_plugin.TrustedGrades"]
# Where someone goes back to nbgrader's own preprocessors: a deleted test must not keep the score of an earlier run.
c.OverwriteCells.add_missing_cells = True

# The button in formgrader, too, refuses a submission in another student's name.
c.ExchangeFactory.collect = "mmcourse.classroom.nbgrader_collect.CheckedCollect"

# What stands where a solution stood. check() takes NotImplementedError to mean "not attempted".
STUB = "# Write your answer here, and take out the next line.\\nraise NotImplementedError()"
c.ClearSolutions.code_stub = {{"python": STUB}}

# Late submissions lose nothing; "zero" takes all their points. A plug-in of your own: AssignLatePenalties.plugin_class
c.LateSubmissionPlugin.penalty_method = "none"

# Formgrader shows what students wrote: as text, never as a page that acts.
c.HTMLExporter.sanitize_html = True
'''
NO_EXCHANGE = """\
# No exchange: `class release` makes a folder to hand out, and `class collect --from` takes downloads. To have one:
# c.Exchange.root = "/srv/nbgrader/exchange"
"""


class ClassError(Exception):
    """What the teacher asked for cannot be done; the message says why, and what to try."""


def new(folder: Path, course_id: str = "mmcourse", exchange: Path | None = None) -> bool:
    """Make the folder, for its owner's eyes only; whether there was none before. What is there already stays.

    Raises ClassError, if the class exists with another exchange.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not hasattr(os, "geteuid") or folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)
    for name in ("source", "release", "submitted", "autograded", "feedback"):
        (folder / name).mkdir(exist_ok=True)
    path = folder / CONFIG
    if path.exists():
        _check_same(folder, course_id, exchange)
        return False
    where = f"c.Exchange.root = {str(exchange.resolve())!r}\n" if exchange else NO_EXCHANGE
    write(path, SETTINGS.format(course_id=course_id, exchange=where).encode())
    return True


def _check_same(folder: Path, course_id: str, exchange: Path | None) -> None:
    has = settings(folder)
    for what, wanted, there in (
        ("exchange", str(exchange.resolve()) if exchange else None, exchange_of(has)),
        ("course id", course_id if course_id != "mmcourse" else None, has.CourseDirectory.course_id),
    ):
        if wanted and wanted != there:
            raise ClassError(f"{folder} is a class with the {what} {there!r}. To change it, edit {folder / CONFIG}.")


def settings(folder: Path):
    """nbgrader's configuration of the class. Raises ClassError if the folder is none, or if that is broken."""
    require_nbgrader()
    from traitlets.config import PyFileConfigLoader

    if not (folder / CONFIG).is_file():
        raise ClassError(
            f"Expected the folder of a class, but {folder.resolve()} holds no {CONFIG}. Go to the folder, name it with "
            "--folder, or make it: mmcourse class new FOLDER."
        )
    try:
        config = PyFileConfigLoader(CONFIG, str(folder.resolve())).load_config()
    except Exception as error:
        raise ClassError(f"{folder / CONFIG} cannot be read: {type(error).__name__}: {error}") from error
    config.CourseDirectory.root = str(folder.resolve())
    config.Application.log_level = "WARN"
    return config


def require_nbgrader() -> None:
    """Raises ClassError, in place of an ImportError that says less."""
    try:
        import nbgrader  # noqa: F401
    except ImportError:
        raise ClassError('This needs nbgrader, which is not installed: pip install "mmcourse[classroom]"') from None


def exchange_of(config) -> str | None:
    """The folder through which notebooks come and go, if the class has one."""
    root = config.get("Exchange", {}).get("root")
    return root if isinstance(root, str) and root else None


def assignment(folder: Path, name: str) -> str:
    """The whole name of the assignment that "3", "03" or "03_attention" means. Raises NoSuchName."""
    return the_one(name, set(solutions()) | {path.name for path in (folder / "source").glob("*/")}, "assignment")


def released(folder: Path, name: str) -> Path:
    """The notebook that students got. Raises ClassError if they got none yet."""
    path = folder / "release" / name / f"{name}.ipynb"
    if not path.is_file():
        raise ClassError(f"{name} is not released in {folder.resolve()}. First: mmcourse class release {name[:2]}.")
    return path


def solutions() -> dict[str, Path]:
    """The course's assignments, by name."""
    try:
        return {path.name: path for path in (course_folder() / "solutions").glob("*/")}
    except CourseNotFound:
        return {}


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """A fresh folder inside the class to make things in, before they are moved into place; gone afterwards.

    One command at a time has it, and removes what killed ones left. Raises ClassError.
    """
    try:
        with FileLock(folder / ".work.lock", timeout=WAIT):
            for left in folder.glob(f"{WORK}*"):
                shutil.rmtree(left, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=WORK, dir=folder) as place:
                yield Path(place)
    except Timeout:
        raise ClassError(f"Another command is at work in {folder}. Wait until it is done.") from None


def write(path: Path, data: bytes) -> None:
    """All or nothing, also when the disk is full: then the file is as it was. Raises ClassError.

    A link that somebody put in the way is replaced, never followed.
    """
    half = path.with_name(f".{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.unlink(missing_ok=True)
        with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise ClassError(
            f"{path} cannot be written: {error.strerror}. What was there is as it was; try again."
        ) from error
