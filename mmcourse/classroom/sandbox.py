"""Where strangers' code runs: bubblewrap with limits, or a process of its own that only limits hold.

A Sandbox starts once and then gives one Session after another; each is a fresh process, and none is left of it when
the session closes.
"""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from mmcourse.places import CourseNotFound, course_folder

from . import containers
from .cgroup import Group
from .channel import Channel, ChannelError
from .opened import PACKAGE, view
from .session import START, GraderFault, Limits, Session, environment, last_words

PRIVATE = ("/sandbox", "/tmp", "/dev/shm")  # each submission gets them fresh, or read-only if Python lies in one
EXCHANGE = Path("/usr/local/share/nbgrader")  # nbgrader's own, unless another is named: what others handed in is there
ENTER = "import sys; sys.path.insert(0, sys.argv[1]); from mmcourse.classroom.worker import main; main({}, {}, {})"
PROBE = "import sys; sys.path.insert(0, sys.argv[1]); from mmcourse.classroom.worker import try_walls; try_walls({})"
_numbers = itertools.count()


class NoSandbox(Exception):
    """This computer cannot hold a stranger's code; the message says what to do."""


def isolation(trust: bool = False) -> str:
    """What will hold the submissions: "bubblewrap", a container's engine, or "process" if `trust`.

    Raises NoSandbox with the remedy.
    """
    trouble = _trouble()
    if not trouble:
        return "bubblewrap"
    engine, no_container = containers.engine()
    if engine:
        return engine
    if trust:
        return "process"
    raise NoSandbox(
        f"There is no sandbox for other people's code: {trouble} Nor is there a container: {no_container} "
        "If you trust every submission, as you trust your own, --trust-submissions runs each in a process of its own, "
        "which can read and delete your files and use the network."
    )


def sandbox_of(kind: str, limits: Limits, torch: bool):
    """A sandbox of that kind; not started yet."""
    return (containers.Containers if kind in containers.ENGINES else Sandbox)(kind, limits, torch)


def _trouble() -> str:
    """Why bubblewrap cannot be used here, and what to try; empty if it can."""
    if not shutil.which("bwrap"):
        return "the program bwrap was not found. On Debian and Ubuntu: apt-get install bubblewrap. It needs Linux."
    command = _bubblewrap([sys.executable, "-I", "-B", "-c", PROBE.format(_places()), "/course"])
    tried = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    if tried.returncode:
        said = tried.stderr.strip().splitlines() or [f"status {tried.returncode}"]
        return (
            f"bwrap does not start here ({said[-1][:200]}). On Ubuntu 24.04 its AppArmor profile "
            "bwrap-userns-restrict must be loaded; in Docker, user namespaces must be allowed by its seccomp profile."
        )
    if os.geteuid() == 0:
        try:
            Group("probe", 8, 1 << 30).close()
        except OSError as error:
            return (
                f"you are root, whom no limit of processes binds, and {error}. Grade as an ordinary user, who may "
                "read the course and its Python."
            )
    return ""


def check_hidden(folder: Path, kind: str) -> None:
    """Raises NoSandbox if submissions in such a sandbox could read the folder."""
    open_to_them = ["/usr", *_pythons()] if kind == "bubblewrap" else []
    seen = next((root for root in open_to_them if _below(folder.resolve(), root)), None)
    if seen:
        raise NoSandbox(
            f"{folder.resolve()} lies in {seen}, where Python and its packages are: every submission can read that, "
            "and so what others wrote. Move the folder elsewhere."
        )


class Sandbox:
    """A place for submissions, one at a time. A context manager; start() and close() may be repeated."""

    def __init__(self, kind: str, limits: Limits | None = None, torch: bool = True):
        """`kind` is what isolation() returned; `torch`: whether it has torch ready."""
        self.kind, self.limits, self.torch = kind, limits or Limits(), torch
        self.process = self.control = self.group = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def start(self) -> None:
        """Begin a fresh sandbox. It gets ready by itself; the first session waits for it."""
        self.close()
        limits = asdict(self.limits)
        prefix = []
        if self.kind == "bubblewrap":
            enter = ENTER.format(limits, _places(), self.torch)
            command = _bubblewrap([sys.executable, "-I", "-B", "-c", enter, "/course"])
            if os.geteuid() == 0:
                memory = self.limits.memory << 20
                self.group = Group(str(next(_numbers)), self.limits.processes, memory)
                joins = "".join(f"echo $$ > {file} && " for file in self.group.members)
                prefix = ["/bin/sh", "-c", joins + 'exec "$@"', "sh"]
        else:
            command = [sys.executable, "-B", "-c", ENTER.format(limits, None, self.torch), str(PACKAGE.parent)]
        self.control, inside = socket.socketpair()
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115  close() closes it
        self.process = subprocess.Popen(
            [*prefix, *command],
            stdin=inside,
            stdout=subprocess.DEVNULL,
            stderr=self.complaints,
            env=environment(),
            start_new_session=True,
            cwd="/",
        )
        inside.close()

    def session(self) -> "Session":
        """A fresh process with nobody's code in it yet. Raises GraderFault."""
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise GraderFault(f"no socket for a submission: {error}") from error
        try:
            self.control.settimeout(START)
            if self.control.recv(1) != b".":
                raise GraderFault(f"the sandbox ended: {self._said()}")
            socket.send_fds(self.control, [b"+"], [theirs.fileno()])
            word, descriptors, *_ = socket.recv_fds(self.control, 8, 1)
            if len(word) != 8:
                raise GraderFault(f"the sandbox gave no process: {self._said()}")
            group = None if self.kind == "bubblewrap" else int.from_bytes(word, "little")
            session = Session(Channel(ours), group, *descriptors)
        except OSError as error:
            ours.close()
            raise GraderFault(f"the sandbox does not answer ({error}): {self._said()}") from error
        finally:
            theirs.close()
        try:
            hello, _ = session.channel.receive(time.monotonic() + START)
        except ChannelError as error:
            session.close()
            raise GraderFault(f"a process in the sandbox did not start: {error}") from error
        if hello.get("hello") is not True:
            raise GraderFault("a process in the sandbox started with the wrong word")
        return session

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def close(self) -> None:
        """End it and everything in it."""
        if self.process is None:
            return
        self.control.close()
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.complaints.close()
        if self.group:
            self.group.close()
        self.process = self.group = None

    def _said(self) -> str:
        return last_words(self.process, self.complaints) or f"status {self.process.poll()}"


def _walls() -> list[str]:
    """CAP_SYS_ADMIN stays for the process that listens, which needs it to give each submission its own namespaces."""
    return [
        *("--unshare-user", "--disable-userns", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        *("--unshare-cgroup-try", "--die-with-parent", "--new-session", "--uid", "65534", "--gid", "65534"),
        *("--hostname", "sandbox", "--cap-drop", "ALL", "--cap-add", "CAP_SYS_ADMIN"),
    ]


def _bubblewrap(command: list[str]) -> list[str]:
    """The command in a file system that holds the system's programs, Python, and the open parts of the course."""
    system = []
    for folder in map(Path, ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")):
        if folder.is_symlink():
            system += ["--symlink", os.readlink(folder), str(folder)]
        elif folder.is_dir():
            system += ["--ro-bind", str(folder), str(folder)]
    system += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    roots = [Path("/usr"), *map(Path, _pythons())]
    hidden = [PACKAGE, *filter(Path.is_dir, [EXCHANGE])]
    with contextlib.suppress(CourseNotFound):
        hidden.append(course_folder())
    masks = [str(h) for h in hidden if any(_below(h, root) for root in roots)]
    return [
        *("bwrap", *_walls(), *system, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--dir", "/sandbox"),
        *(word for root in _pythons() for word in ("--ro-bind", root, root)),
        *(word for mask in masks for word in ("--tmpfs", mask)),
        *(word for inside, outside in view() for word in ("--ro-bind", outside, inside)),
        *("--remount-ro", "/", "--remount-ro", "/dev", "--chdir", "/", "--", *command),
    ]


def _places() -> dict[str, bool]:
    """The folders that can be written to in a sandbox, and whether each submission can have them fresh."""
    return {place: not any(_below(root, place) for root in _pythons()) for place in PRIVATE}


def _pythons() -> list[str]:
    """The folders of this interpreter outside /usr, shortest first."""
    paths = {os.path.abspath(p) for p in (sys.prefix, sys.base_prefix)}
    paths |= {os.path.realpath(p) for p in paths}
    return sorted((p for p in paths if not _below(p, "/usr")), key=len)


def _below(path, folder) -> bool:
    return Path(path).is_relative_to(folder)
