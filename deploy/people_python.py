"""A Python with the course that every account of this computer may run.

The environment .venv is often made with a Python below somebody's home, root's say, which nobody else may enter. Then
the environment is laid out once more for the system's Python: by hard links, so it takes no room.
"""

import os
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
NAME = f"python{sys.version_info.major}.{sys.version_info.minor}"


class CannotShare(Exception):
    """Why others cannot run the course here, and what to do."""


def python_for_people(twin: Path) -> Path:
    """This environment's Python, or if others cannot run that, the one of its twin. Raises CannotShare."""
    for place, what in ((ROOT, "course"), (Path(sys.prefix), "environment")):
        if not open_to_all(place):
            raise CannotShare(f"Only its owner may enter the {what}, {place}. Move the course to /srv, for example.")
    if open_to_all(Path(sys.base_prefix)):
        return Path(sys.executable)
    python, made_from = twin / "bin" / "python", twin / "made-from"
    if not made_from.exists() or made_from.read_text() != state_of_environment():
        base = systems_python()
        lay_out_again(twin, base)
        exchange_pins(python)
        made_from.write_text(state_of_environment())
    return python


def open_to_all(place: Path) -> bool:
    """Whether everybody may enter `place` and all folders above it."""
    place = place.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (place, *place.parents))


def state_of_environment() -> str:
    """Changes whenever a package comes or goes."""
    return str(os.stat(sysconfig.get_path("purelib")).st_mtime_ns)


def systems_python() -> Path:
    """The system's own Python of this version, for which the environment's packages are built too."""
    for base in (Path("/usr/bin") / NAME, Path("/usr/local/bin") / NAME):
        if base.exists() and open_to_all(base.parent):
            return base
    raise CannotShare(
        f"The environment's Python lies in {sys.base_prefix}, where only its owner may go, and the system has no "
        f"{NAME} of its own. Install one (apt-get install {NAME}), or make .venv with a Python that all may run: "
        "remove .venv, then make setup PYTHON=/usr/bin/python3."
    )


def lay_out_again(twin: Path, base: Path) -> None:
    """Make `twin`, anew if it is there: the files of this environment, run by `base`."""
    shutil.rmtree(twin, ignore_errors=True)
    shutil.copytree(sys.prefix, twin, symlinks=True, copy_function=link_or_copy)
    for file in (twin / "bin").iterdir():
        name_the_twin(file, twin)
    for name in ("python", "python3", NAME):
        (twin / "bin" / name).unlink(missing_ok=True)
        (twin / "bin" / name).symlink_to(base)
    settings = twin / "pyvenv.cfg"
    settings.unlink()  # until here it is the same file as the environment's own
    settings.write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n", encoding="utf-8")


def link_or_copy(source, destination):
    try:
        os.link(source, destination, follow_symlinks=False)
    except OSError:  # another file system
        shutil.copy2(source, destination, follow_symlinks=False)


def name_the_twin(file: Path, twin: Path) -> None:
    """A script says in its first line which Python runs it: let that be the twin's."""
    if file.is_symlink() or not file.read_bytes().startswith(f"#!{sys.prefix}/".encode()):
        return
    text, mode = file.read_text(encoding="utf-8"), file.stat().st_mode
    file.unlink()
    file.write_text(text.replace(sys.prefix, str(twin)), encoding="utf-8")
    file.chmod(mode)


def exchange_pins(python: Path) -> None:
    """The pins differ between 3.11.2 and 3.11.7, say: install the few that this Python needs otherwise."""
    asked = [python, "-c", "import platform; print(platform.python_version())"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    wanted = list(other_pins(version, (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()))
    if not wanted:
        return
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--no-deps", *wanted], capture_output=True, text=True
    )
    if done.returncode:
        raise CannotShare(f"pip could not install {', '.join(wanted)} for {python}: {done.stderr.strip()[-300:]}")


def other_pins(version: str, lines: list[str]) -> Iterator[str]:
    """The pins that hold for this version of Python, and not for the one that runs."""
    for pin in map(Requirement, filter(None, lines)):
        if pin.marker and pin.marker.evaluate({"python_full_version": version}) and not pin.marker.evaluate():
            yield f"{pin.name}{pin.specifier}"
