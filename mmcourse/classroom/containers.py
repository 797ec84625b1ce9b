"""Where bubblewrap is missing: a container for each submission, by podman or docker.

The image holds Python and the course's libraries, but not the course; its open parts are mounted. A container takes
seconds to start, so that one is always getting ready while another works.
"""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import asdict

from .channel import Channel, ChannelError
from .opened import view
from .session import START, GraderFault, Limits, Session, environment, last_words

ENGINES = ("podman", "docker")
IMAGE = "mmcourse-grader"
ENTER = "import sys; sys.path.insert(0, '/course'); from mmcourse.classroom.worker import alone; alone({}, {})"
ANY = 1 << 20  # the engine limits the processes of a container; in it, the limit would count those of all containers
_numbers = itertools.count()


def engine() -> tuple[str, str]:
    """The one that works and has the image; or "" and why there is none, with what to try."""
    troubles = []
    for name in filter(shutil.which, ENGINES):
        tried = subprocess.run([name, "image", "inspect", IMAGE], capture_output=True, text=True, check=False)
        if not tried.returncode:
            return name, ""
        troubles.append(
            f"{name} has no image {IMAGE} ({tried.stderr.strip()[:200]}). In the course's folder: "
            f"{name} build -t {IMAGE} -f deploy/grader.Dockerfile ."
        )
    return "", " ".join(troubles) or "neither podman nor docker was found."


def command(engine: str, name: str, limits: Limits, torch: bool) -> list[str]:
    """The command that runs one submission, and speaks with us over its standard input and output."""
    fresh = [f"type=tmpfs,target={place},tmpfs-size=128m,tmpfs-mode=1777" for place in ("/tmp", "/sandbox")]
    return [
        *(engine, "run", "--rm", "--interactive", "--name", name, "--pull", "never", "--log-driver", "none"),
        *("--network", "none", "--read-only", "--user", "65534:65534", "--hostname", "sandbox"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--pids-limit", str(limits.processes), "--memory", f"{limits.memory}m", "--memory-swap", f"{limits.memory}m"),
        *("--ulimit", "core=0", "--ulimit", "nofile=256:256", "--ulimit", "nproc=4096:4096"),
        *("--workdir", "/sandbox"),
        *(word for pair in _environment() for word in ("--env", pair)),
        *(word for mount in [*fresh, *_mounts()] for word in ("--mount", mount)),
        *(IMAGE, "python3", "-I", "-B", "-c", ENTER.format(asdict(limits) | {"processes": ANY}, torch)),
    ]


def _environment() -> list[str]:
    return [f"{name}={value}" for name, value in environment().items() if name != "PATH"]


def _mounts() -> list[str]:
    return [f"type=bind,source={outside},target={inside},readonly" for inside, outside in view()]


class Containers:
    """What a Sandbox is, with a container for each submission. A context manager; start() may be repeated."""

    def __init__(self, kind: str, limits: Limits | None = None, torch: bool = True):
        """`kind` is what engine() returned; `torch`: whether they have torch ready."""
        self.kind, self.limits, self.torch, self.next = kind, limits or Limits(), torch, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    def start(self) -> None:
        self.close()
        self.next = self._launch()

    def session(self) -> Session:
        """The container that got ready; the one after it begins to. Raises GraderFault."""
        session, self.next = self.next or self._launch(), self._launch()
        try:
            hello, _ = session.channel.receive(time.monotonic() + START)
        except ChannelError as error:
            said = last_words(session.process, session.complaints)
            session.close()
            raise GraderFault(f"a container did not start ({error}): {said}") from error
        if hello.get("hello") is not True:
            raise GraderFault("a container started with the wrong word")
        return session

    def alive(self) -> bool:
        """Whether the engine still runs what it was told to."""
        return self.next is not None and self.next.process.poll() is None

    def close(self) -> None:
        if self.next:
            self.next.close()
        self.next = None

    def _launch(self) -> "Container":
        return Container(self.kind, f"mmcourse-{os.getpid()}-{next(_numbers)}", self.limits, self.torch)


class Container(Session):
    """One submission's container."""

    def __init__(self, engine: str, name: str, limits: Limits, torch: bool):
        self.engine, self.name = engine, name
        ours, theirs = socket.socketpair()
        self.complaints = tempfile.TemporaryFile()  # noqa: SIM115  close() closes it
        with theirs:
            self.process = subprocess.Popen(
                command(engine, name, limits, torch),
                stdin=theirs,
                stdout=theirs,
                stderr=self.complaints,
                start_new_session=True,
            )
        super().__init__(Channel(ours), None)

    def close(self) -> None:
        """End the container; to end the engine's command alone would leave it running."""
        super().close()
        if not self.complaints.closed:
            for order in (["kill"], ["rm", "--force"]):  # without the first, podman waits ten seconds
                subprocess.run([self.engine, *order, self.name], capture_output=True, check=False)
            self.process.kill()
            self.process.wait()
            self.complaints.close()
