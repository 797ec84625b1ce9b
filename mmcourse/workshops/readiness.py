"""Is this computer ready for a class? `mmcourse doctor --class`, and `--teacher` for the one who grades.

Everything of `mmcourse doctor`, and what only a room notices: chapters that import something that is missing, memory
for the largest of them, first runs that take minutes. At the end stands a line to send to the teacher.
"""

import ast
import importlib.util
import json
import platform
import shutil
import socket
import subprocess
import sys

from mmcourse import __version__, doctor
from mmcourse.data import cache
from mmcourse.doctor import GB, SET_UP, Check
from mmcourse.places import course_folder

from . import rehearsal

IMPORT_SECONDS = 300
REHEARSE = "Run `mmcourse doctor --class --warm` before the class; it takes as long as the chapters do, once"
# reads {chapter: code}, and prints which of them failed and how; in one process, since PyTorch takes a second to load
IMPORT_ALL = """import json, sys
failed = {}
for chapter, code in json.load(sys.stdin).items():
    try:
        exec(code, {})
    except Exception as error:
        failed[chapter] = f"{type(error).__name__}: {error}"
print("\\n" + json.dumps(failed))"""
PORTS = (8888, 8000)  # JupyterLab's and JupyterHub's


def measured() -> dict:
    """What each chapter took when it was measured: workshops/timings.json."""
    return json.loads((course_folder() / "workshops" / "timings.json").read_text(encoding="utf-8"))["chapters"]


def imports(text: str) -> str:
    """The import statements that a chapter makes at its top level, as code."""
    import jupytext

    code = (cell.source for cell in jupytext.reads(text, fmt="py:percent").cells if cell.cell_type == "code")
    nodes = (node for source in code for node in ast.parse(source).body)
    return "\n".join(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def check_imports(name):
    """Import what each chapter imports, in a Python of its own that cannot reach a network."""
    course = course_folder()
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (course / "notebooks" / "src").glob("*.py")}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        input=json.dumps({chapter: imports(text) for chapter, text in sorted(texts.items())}),
        env=rehearsal.offline(course), cwd=course / "notebooks", capture_output=True, text=True,
        timeout=IMPORT_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        return Check(name, "problem", f"end the Python that tries them ({last_line(done.stderr)})", SET_UP)
    if failed := json.loads(done.stdout.splitlines()[-1]):
        told = "; ".join(f"{chapter} ({error[:120]})" for chapter, error in failed.items())
        return Check(name, "problem", f"do not work offline in {told}", SET_UP)
    return Check(name, "ok", f"of all {len(texts)} chapters work, offline")


def last_line(text: str) -> str:
    return next(iter(text.strip().splitlines()[-1:]), "it said nothing")[:120]


def check_chapter_memory(name):
    import psutil

    chapter, most = max(((key, told["memory_mb"] / 1e3) for key, told in measured().items()), key=lambda pair: pair[1])
    free = psutil.virtual_memory().available / GB
    found = f"{chapter} takes {most:.1f} GB, and {free:.1f} are free"
    if free < most:
        return Check(name, "problem", found, "Close other programs, or share a computer in this chapter")
    if free < most + 1:  # JupyterLab and a browser
        return Check(name, "note", found, "Enough with one notebook open at a time")
    return Check(name, "ok", found)


def check_chapter_disk(name):
    """Room for what the chapters cache, in the folder of the cache, which may lie on another disk than the course."""
    needed = sum(told["cached_mb"] for told in measured().values()) / 1e3
    folder = cache.folder()
    nearest = next(path for path in [folder, *folder.parents] if path.exists())
    free = shutil.disk_usage(nearest).free / GB
    found = f"the chapters keep {needed:.1f} GB, and {free:.1f} are free"
    if free < needed:
        return Check(name, "problem", found, "Free some space, or set MMCOURSE_CACHE to a folder on another disk")
    return Check(name, "ok", found)


def check_rehearsal(name):
    names, done = rehearsal.chapters(course_folder()), rehearsal.rehearsed()
    missing = [chapter for chapter in names if chapter not in done]
    if not missing:
        return Check(name, "ok", f"all {len(names)} chapters ran here, and what they make is cached")
    told = f"; not {', '.join(chapter[:2] for chapter in missing)}" if done else ""
    found = f"{len(names) - len(missing)} of {len(names)} chapters ran here{told}"
    return Check(name, "note", found, REHEARSE)


def check_sandbox(name):
    from mmcourse.classroom.sandbox import NoSandbox, isolation

    try:
        return Check(name, "ok", f"submissions run in {isolation()}")
    except NoSandbox as error:
        return Check(name, "problem", "none for other people's code", str(error).rstrip("."))


def check_nbgrader(name):
    if importlib.util.find_spec("nbgrader") is None:
        return Check(name, "problem", "not installed", 'Run `pip install -c constraints.txt -e ".[classroom]"`')
    return Check(name, "ok", doctor.version("nbgrader"))


def check_ports(name):
    taken = [port for port in PORTS if not is_free(port)]
    if not taken:
        return Check(name, "ok", " and ".join(map(str, PORTS)))
    told = " and ".join(map(str, taken))
    return Check(name, "note", f"{told} in use", "Stop what runs there, or choose another with `--port`")


def is_free(port: int) -> bool:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was closed a moment ago is free
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


FOR_CLASS = {
    "Chapters' imports": check_imports,
    "Largest chapter": check_chapter_memory,
    "Room for the cache": check_chapter_disk,
    "Rehearsal": check_rehearsal,
}
FOR_TEACHERS = {"Sandbox for grading": check_sandbox, "nbgrader": check_nbgrader, "Free ports": check_ports}


def checks(teacher: bool = False) -> dict:
    """Every check of a class, in the order of the report."""
    return doctor.CHECKS | FOR_CLASS | (FOR_TEACHERS if teacher else {})


def line(done: list[Check]) -> str:
    """One line for the teacher: ready or not, what is missing, and what computer it is; no name and no folder."""
    problems = [check.name for check in done if check.state == "problem"]
    notes = [check.name for check in done if check.state == "note"]
    verdict = f"NOT READY: {', '.join(problems)}" if problems else "READY"
    told = f" (look at: {', '.join(notes)})" if notes else ""
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{verdict}{told} · mmcourse {__version__} · {machine}"
