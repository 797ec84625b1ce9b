"""Limits on a whole family of processes, which hold for root too. Linux's control groups, version 1 or 2."""

import contextlib
import os
import time
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
LIMIT = {"pids": ("pids.max",), "memory": ("memory.max", "memory.limit_in_bytes")}


class Group:
    """Limits for the processes whose ids are written to the files in `members`. Raises OSError if none can be made."""

    def __init__(self, name: str, pids: int, memory: int):
        """At most so many processes; at most so many bytes together, where the system allows that limit as well."""
        self.folders = [_limited("pids", name, pids)]
        with contextlib.suppress(OSError):
            self.folders.append(_limited("memory", name, memory))
        self.folders = list(dict.fromkeys(self.folders))

    @property
    def members(self) -> list[str]:
        return [str(folder / "cgroup.procs") for folder in self.folders]

    def close(self) -> None:
        """Remove the group. Its processes must have ended; the kernel needs a moment to notice."""
        for folder in self.folders:
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.02)


def _limited(controller: str, name: str, most: int) -> Path:
    """A new group in which `controller` holds its members to `most`."""
    for above in _places(controller):
        _sweep(above)
        folder = above / f"mmcourse-{os.getpid()}-{name}"
        try:
            folder.mkdir(exist_ok=True)
            if not any((folder / file).exists() for file in LIMIT[controller]):
                (above / "cgroup.subtree_control").write_text(f"+{controller}")
            file = next(folder / file for file in LIMIT[controller] if (folder / file).exists())
            file.write_text(str(most))
            return folder
        except (OSError, StopIteration):
            with contextlib.suppress(OSError):
                folder.rmdir()
    raise OSError(f"no control group for {controller} can be made below {ROOT}")


def _places(controller: str) -> list[Path]:
    """The group of this process, and the topmost one."""
    places = []
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(",") or not controllers:
                base = ROOT / controller if controllers else ROOT
                places += [base / path.strip("/"), base]
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _sweep(above: Path) -> None:
    """Remove the groups of graders that were killed."""
    for folder in above.glob("mmcourse-*-*"):
        if not Path("/proc", folder.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
