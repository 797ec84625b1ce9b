"""What came in for an assignment: from nbgrader's exchange, whose folders students can write, or as downloads.

Nothing here is copied or believed yet: each Incoming says who it claims to be from, and how to read it.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .course import ClassError
from .roster import Student
from .submission import LARGEST, Refused

SECRET = "submission_secret.txt"  # by which nbgrader finds a student's feedback again
LEAP = timedelta(minutes=10)  # between the time that a submission claims and that of its file
MOODLE = re.compile(r"(?P<who>.+?)_\d+_assignsubmission_file_?.*")
CANVAS = re.compile(r"(?P<who>[^_]+)_(?:LATE_)?(?P<user>\d+)_\d+_.*")


@dataclass(frozen=True)
class Incoming:
    """A notebook `place` below `root`; `trouble` says why it cannot be taken, `note` what to know if it is."""

    root: Path
    place: tuple[str, ...]
    student: str
    when: datetime
    trouble: str = ""
    note: str = ""
    owner: int | None = None

    @property
    def shown(self) -> str:
        return repr("/".join(self.place))


def in_exchange(inbound: Path, name: str, trust_names: bool) -> list[Incoming]:
    """The submissions in an exchange. Without `trust_names`, folder and file must belong to the student they name."""
    form = re.compile(rf"(?P<student>.+)\+{re.escape(name)}\+(?P<when>\d{{4}}-\d\d-\d\d [\d:.]+ UTC)(\+[\w=-]+)?")
    try:
        folders = sorted(entry.name for entry in os.scandir(inbound))
    except OSError as error:
        raise ClassError(f"The exchange's folder {inbound} cannot be read: {error.strerror}.") from None
    found = []
    for folder in folders:
        said = form.fullmatch(folder)
        if said:
            found.append(_claimed(inbound, (folder, f"{name}.ipynb"), said["student"], said["when"], trust_names))
        elif f"+{name}+" in folder:
            found.append(Incoming(inbound, (folder,), "", _now(), "its name is not as nbgrader names submissions"))
    return found


def _claimed(inbound: Path, place: tuple[str, ...], student: str, when: str, trust_names: bool) -> Incoming:
    try:
        claimed = datetime.fromisoformat(when.removesuffix(" UTC")).replace(tzinfo=UTC)
    except ValueError:
        return Incoming(inbound, place, student, _now(), f"its time {when!r} is none")
    incoming = Incoming(inbound, place, student, claimed)
    if trust_names:
        return incoming
    import pwd  # an exchange is nowhere without it

    try:
        incoming = replace(incoming, owner=pwd.getpwnam(student).pw_uid)
        changed = datetime.fromtimestamp(_status(incoming).st_ctime, UTC)
    except KeyError:
        return replace(incoming, trouble=f"this computer has no user {student!r} whose it could be")
    except Refused as error:
        return replace(incoming, trouble=str(error))
    if changed > claimed + LEAP:
        note = f"it claims {claimed:%Y-%m-%d %H:%M} UTC, but was changed at {changed:%Y-%m-%d %H:%M}, which counts"
        return replace(incoming, when=changed, note=note)
    return incoming


def _status(incoming: Incoming) -> os.stat_result:
    with _opened(incoming, incoming.place) as file:
        return os.fstat(file.fileno())


def content(incoming: Incoming) -> bytes:
    """The notebook as it is. Raises Refused: for a link, another's file, one too large, or none."""
    with _opened(incoming, incoming.place) as file:
        return _bounded(file, LARGEST)


def secret(incoming: Incoming) -> str:
    """nbgrader's word for this submission, or nothing: a student may have put anything in its place."""
    try:
        with _opened(incoming, (*incoming.place[:-1], SECRET)) as file:
            text = _bounded(file, 200).decode("ascii", "replace").strip()
    except Refused:
        return ""
    return text if re.fullmatch(r"[0-9a-f]{128}", text) else ""


def _bounded(file, most: int) -> bytes:
    size = os.fstat(file.fileno()).st_size
    if size > most:
        raise Refused(f"It has {size >> 20} MiB, more than {most >> 20}. Clear its outputs.")
    return file.read(most)


def _opened(incoming: Incoming, place: tuple[str, ...]):
    """Open step by step from the root, so that nobody can put a link in between. Raises Refused."""
    if not hasattr(os, "O_NOFOLLOW"):
        return _opened_in_one_go(incoming.root.joinpath(*place))
    here = os.open(incoming.root, os.O_RDONLY)
    try:
        for part in place:
            inside = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
            os.close(here)
            here = inside
            owner = os.fstat(here).st_uid
            if incoming.owner is not None and owner != incoming.owner:
                raise Refused(f"{part!r} claims to be from {incoming.student!r}, but belongs to {_user(owner)}.")
        if not stat.S_ISREG(os.fstat(here).st_mode):
            raise Refused(f"{place[-1]!r} is no ordinary file.")
        return os.fdopen(here, "rb")
    except OSError as error:
        os.close(here)
        raise Refused(_why(error, part)) from None
    except Refused:
        os.close(here)
        raise


def _why(error: OSError, part: str) -> str:
    import errno

    if error.errno in (errno.ELOOP, errno.EMLINK):
        return f"{part!r} is a symbolic link, which could point to anybody's work."
    return f"{part!r} cannot be read: {error.strerror}."


def _opened_in_one_go(path: Path):
    try:
        if path.is_symlink() or not path.is_file():
            raise Refused(f"{path.name!r} is no ordinary file.")
        return path.open("rb")
    except OSError as error:
        raise Refused(f"{path.name!r} cannot be read: {error.strerror}.") from None


def _user(number: int) -> str:
    import pwd

    try:
        return repr(pwd.getpwuid(number).pw_name)
    except KeyError:
        return f"user {number}"


def _now() -> datetime:
    return datetime.now(UTC)


def in_downloads(source: Path, students: Iterable[Student]) -> list[Incoming]:
    """The notebooks of a folder that was downloaded; who wrote each follows from its folder, or its own name.

    STUDENT/anything.ipynb, STUDENT.ipynb, STUDENT_anything.ipynb, and as Moodle and Canvas name downloads. The time
    is that of the file. Links are listed, and then refused.
    """
    if not source.is_dir():
        raise ClassError(
            f"Expected a folder with downloaded notebooks, but {source} is none. Unpack the archive first."
        )
    names, found = _Names(students), []
    for place in sorted(_notebooks(source, ())):
        student, trouble = names.student(place[0].removesuffix(".ipynb"), len(place) > 1)
        when = datetime.fromtimestamp(os.lstat(source.joinpath(*place)).st_mtime, UTC)
        found.append(Incoming(source, place, student, when, trouble))
    return found


def _notebooks(folder: Path, place: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    for entry in os.scandir(folder):
        inside = (*place, entry.name)
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir(follow_symlinks=False) and len(inside) < 4:
            yield from _notebooks(folder / entry.name, inside)
        elif entry.name.endswith(".ipynb") or (entry.is_symlink() and not place):
            yield inside


class _Names:
    """Finds a student by what a download is called."""

    def __init__(self, students: Iterable[Student]):
        self.ids, self.numbers, self.full = {}, {}, {}
        for student in students:
            self.ids[student.id.casefold()] = student.id
            if student.lms_user_id:
                self.numbers[student.lms_user_id] = student.id
            for order in ((student.first_name, student.last_name), (student.last_name, student.first_name)):
                if any(order):
                    self.full.setdefault(_plain("".join(order)), set()).add(student.id)

    def student(self, called: str, is_folder: bool) -> tuple[str, str]:
        """Their id and no trouble, or what was found and why it is nobody's.

        A folder's name is the whole id, perhaps of somebody who is not in the class yet. A disk may write é as two
        characters; the roster has one.
        """
        called = unicodedata.normalize("NFC", called)
        whole = self.ids.get(called.casefold())
        if whole:
            return whole, ""
        by_system = MOODLE.fullmatch(called) or CANVAS.fullmatch(called)
        number = by_system.groupdict().get("user") if by_system else None
        if number in self.numbers:
            return self.numbers[number], ""
        who = by_system["who"] if by_system else called
        found = {self.ids[who.casefold()]} if who.casefold() in self.ids else self.full.get(_plain(who), set())
        if not found and not by_system:
            begins = [called[:i].casefold() for i, c in enumerate(called) if c == "_"]
            found = {self.ids[begin] for begin in begins if begin in self.ids}
        if len(found) == 1:
            return found.pop(), ""
        if found:
            return who, f"{who!r} could be any of {', '.join(map(repr, sorted(found)))}"
        return who, "" if is_folder and not by_system else f"nobody in the class is called {who!r}"


def _plain(name: str) -> str:
    """As Canvas writes names: small letters, nothing between them."""
    return "".join(c for c in name.casefold() if c.isalnum())
