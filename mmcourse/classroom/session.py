"""One submission's process, wherever it runs; its limits, and the environment that it sees."""

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

from .channel import Channel, ChannelError

START = 120  # seconds that the first session may take: torch is imported in them


class GraderFault(Exception):
    """The grader failed, not the submission."""


@dataclass(frozen=True)
class Limits:
    """MiB of memory a process and all together, processes, MiB a file, seconds of processor time a process."""

    memory: int = 4096
    processes: int = 64
    file: int = 64
    seconds: int = 300


class Session:
    """One process that runs one submission."""

    def __init__(self, channel: Channel, group: int | None, descriptor: int | None = None):
        """`group` is a process group to end, `descriptor` one of the process; each may be missing."""
        self.channel, self.group, self.descriptor = channel, group, descriptor

    def ask(self, request: dict, arrays=(), seconds: float = 10.0):
        """The reply and its arrays. After a ChannelError the session is over."""
        deadline, key = time.monotonic() + seconds, secrets.token_hex(8)
        try:
            self.channel.send(request | {"id": key}, arrays, deadline)
            reply, came = self.channel.receive(deadline)
            if reply.get("id") != key:
                raise ChannelError("the answer belongs to another question")
        except BaseException:
            self.close()
            raise
        return reply, came

    def close(self) -> None:
        """End the process, and in bubblewrap all that came from it; returns when they are gone."""
        self.channel.close()
        if self.group is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.group, signal.SIGKILL)
        if self.descriptor is not None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)
            select.select([self.descriptor], [], [], 20)
            os.close(self.descriptor)
        self.group = self.descriptor = None


def last_words(process: subprocess.Popen, complaints) -> str:
    """The end of what a process wrote to the file `complaints`; it gets a moment to end."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(2)
    complaints.seek(0)
    return complaints.read()[-500:].decode(errors="replace").strip()


def environment() -> dict[str, str]:
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    home = {"HOME": "/tmp", "TMPDIR": "/tmp", "IPYTHONDIR": "/tmp/ipython", "MPLCONFIGDIR": "/tmp/matplotlib"}
    path = f"{os.path.abspath(sys.prefix)}/bin:/usr/bin:/bin"
    return one | home | {"PATH": path, "LANG": "C.UTF-8", "MPLBACKEND": "template", "MMCOURSE_HOME": "/tmp/mmcourse"}
