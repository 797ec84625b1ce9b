"""The course in one folder, for a room without internet: `mmcourse bundle FOLDER`.

wheels/            everything that pip needs, for one Python on one kind of computer
course.zip         the course as it is here: what git knows, and nothing that is ignored
cache.zip          what chapters would compute the first time
install.py .sh .bat    install all that without a network
bundle.json        for what it was made, and the sha256 of every file

A bundle that was stopped goes on: pip downloads only what is missing, and a file is written whole or not at all.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mmcourse import __version__
from mmcourse.data import cache

NEEDED_GB = 2.0  # wheels with the CPU build of PyTorch take 0.6, what chapters cache 0.2; the rest is room to work in
INSTALLERS = Path("workshops", "bundled")  # in the course
PYTHONS = ("3.11", "3.12", "3.13")
ALWAYS = ("test",)  # what `make setup` installs too: chapters compare themselves with packages of it
BUILDING = ("pip", "setuptools>=77", "wheel")  # the course itself is built in the room
# system: uv's name of it, and the wheels that pip takes for it. Others can be named by anybody who has one to try
SYSTEMS = {
    "windows": ("x86_64-pc-windows-msvc", ("win_amd64",)),
    "macos": ("aarch64-apple-darwin", ("macosx_14_0_arm64",)),
    "linux": ("x86_64-manylinux_2_28", tuple(f"manylinux_2_{n}_x86_64" for n in (28, 27, 26, 24, 17, 12, 5))),
}
SKIPPED = {".git", ".venv", "build", "dist", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache"}


class CannotBundle(Exception):
    """The bundle could not be made; the message says why and what to do."""


@dataclass(frozen=True)
class Target:
    """The computers of the room: Python's version ("3.12"), and their system if it is not this one's."""

    python: str
    system: str = ""

    @property
    def is_here(self) -> bool:
        return not self.system and self.python == this_python()

    def options(self) -> list[str]:
        """What `pip download` must be told about them."""
        platforms = SYSTEMS[self.system][1] if self.system else ()
        return [] if self.is_here else ["--python-version", self.python, *(f"--platform={name}" for name in platforms)]


def this_python() -> str:
    return "{}.{}".format(*sys.version_info)


def check_target(target: Target):
    if target.system not in ("", *SYSTEMS):
        raise CannotBundle(f"expected a system among {', '.join(SYSTEMS)}; got {target.system!r}")
    if target.python not in PYTHONS:
        raise CannotBundle(f"expected a Python among {', '.join(PYTHONS)}; got {target.python!r}")


def requirements(course: Path, extras: list[str]) -> list[str]:
    """What the room needs, as pip's requirements. Raises CannotBundle for an unknown extra."""
    project = tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project.get("optional-dependencies", {})
    if unknown := sorted(set(extras) - set(known)):
        raise CannotBundle(f"expected extras among {', '.join(sorted(known))}; got {', '.join(unknown)}")
    more = [line for extra in dict.fromkeys([*ALWAYS, *extras]) for line in known[extra]]
    return [*project["dependencies"], *more, *BUILDING]


def check_disk(folder: Path):
    nearest = next(path for path in [folder.resolve(), *folder.resolve().parents] if path.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    if free < NEEDED_GB:
        raise CannotBundle(
            f"{nearest} has {free:.1f} GB free, and a bundle needs {NEEDED_GB:.0f} (about 6 with PyTorch for CUDA). "
            "Free some space or name a folder on another disk, then run the same command again."
        )


def download(course: Path, folder: Path, target: Target, run=subprocess.run):
    """Put the wheels into folder/wheels. Raises CannotBundle."""
    command = [sys.executable, "-m", "pip", "download", "--only-binary", ":all:", "-d", str(folder / "wheels")]
    command += target.options()
    whole = ["-c", str(course / "constraints.txt"), "-r", str(folder / "requirements.txt")]
    if not target.is_here:
        whole = ["--no-deps", "-r", str(resolved(course, folder, target, run))]
    failed = run([*command, *whole]).returncode
    for pin in [] if failed else other_pins(course / "constraints.txt", target.python, folder / "wheels"):
        failed = failed or run([*command, "--no-deps", pin]).returncode  # one by one: pip takes no two of a package
    if failed:
        raise CannotBundle(
            "pip could not get every package; its last lines say which. Connect to the internet, or free some space, "
            "and run the same command again: what is downloaded stays."
        )


def resolved(course: Path, folder: Path, target: Target, run) -> Path:
    """A file of exact pins for another computer. pip would ask this one which packages are only for some systems."""
    if importlib.util.find_spec("uv") is None:
        raise CannotBundle(
            "For another system or Python, uv must find out what it needs: run `pip install uv`, then this again. "
            "Or make the bundle on a computer like those in the room."
        )
    pins = folder / "pins.txt"
    system = ["--python-platform", SYSTEMS[target.system][0]] if target.system else []
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--no-annotate", "--no-header"]
    command += ["--python-version", target.python, *system, "-c", str(course / "constraints.txt"), "-o", str(pins)]
    least = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # PyTorch has no wheels for an older one
    if run([*command, str(folder / "requirements.txt")], env=least).returncode:
        raise CannotBundle(f"uv found no set of packages for Python {target.python} there; its last lines say why.")
    return pins


def other_pins(constraints: Path, python: str, wheels: Path) -> list[str]:
    """Pins of the packages in `wheels` for other patch releases of this Python: the room may have 3.11.2, we 3.11.7."""
    from packaging.requirements import Requirement
    from packaging.utils import parse_wheel_filename

    there = {parse_wheel_filename(path.name)[0] for path in wheels.glob("*.whl")}
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    patches = [{"python_version": python, "python_full_version": f"{python}.{patch}"} for patch in (0, 99)]
    found = []
    for pin in pins:
        if pin.name in there and pin.marker and len({pin.marker.evaluate(patch) for patch in patches}) == 2:
            found.append(f"{pin.name}{pin.specifier}")
    return found


def course_files(course: Path) -> list[Path]:
    """The course's files: what git would take along, or all but caches where there is no git; and slides, if built."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=course, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [course / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        skipped = SKIPPED | {path.parent.name for path in course.glob("*/pyvenv.cfg")}
        paths = [p for p in course.rglob("*") if not skipped & set(p.relative_to(course).parts)]
    paths += (course / "workshops" / "slides").rglob("*")
    return sorted(path for path in set(paths) if path.is_file() and not path.is_symlink())


def archive(path: Path, root: Path, files: list[Path], method: int):
    """Write the files into a zip, under their names below `root`, whole or not at all."""
    half = path.with_suffix(".half")
    with zipfile.ZipFile(half, "w", method) as made:
        for file in files:
            made.write(file, file.relative_to(root).as_posix())
    os.replace(half, path)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(course: Path, folder: Path, target: Target, extras: list[str], tell: Callable[[str], None] = print) -> int:
    """Make the bundle in `folder`, which may hold an unfinished one; returns its bytes. Raises CannotBundle."""
    if folder.resolve().is_relative_to(course.resolve()):
        raise CannotBundle(f"{folder} lies in the course, which would then hold itself: name a folder outside it.")
    wanted = requirements(course, extras)
    check_disk(folder)
    (folder / "wheels").mkdir(parents=True, exist_ok=True)
    (folder / "bundle.json").unlink(missing_ok=True)  # the mark of a whole bundle
    (folder / "requirements.txt").write_text("\n".join(wanted) + "\n", encoding="utf-8")
    tell("1 of 3  packages ...")
    download(course, folder, target)
    tell("2 of 3  the course and what its chapters keep ...")
    archive(folder / "course.zip", course, course_files(course), zipfile.ZIP_DEFLATED)
    archive(folder / "cache.zip", cache.folder(), sorted(cache.folder().rglob("*.npz")), zipfile.ZIP_STORED)
    for path in sorted((course / INSTALLERS).glob("install.*")):
        shutil.copy(path, folder / path.name)
    tell("3 of 3  sums ...")
    return seal(folder, target)


def seal(folder: Path, target: Target) -> int:
    """Write bundle.json, last of all, so that only a whole bundle has one; returns the bytes of the bundle."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".half" and p != folder / "bundle.json")
    about = {
        "mmcourse": __version__,
        "python": target.python,
        "system": target.system or f"like {sys.platform}",
        "sha256": {path.relative_to(folder).as_posix(): sha256(path) for path in files},
    }
    (folder / "bundle.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return sum(path.stat().st_size for path in files)
