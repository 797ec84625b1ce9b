"""A class graded: seconds per submission beside stock nbgrader's, and three hundred with a twentieth broken.

    python -m benchmarks.classroom pairs [rounds]     # both on one core, the same intact submissions, in turn
    python -m benchmarks.classroom class [students]   # ours on two cores; says what became of the broken ones

Needs Linux, root (for a control group), bubblewrap and nbgrader. The pairs start both programs as a teacher does, once
for one submission and once for several, so that the time of starting can be told apart.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
NAME = "03_attention"
GROUP = Path("/sys/fs/cgroup", "cpuacct" if Path("/sys/fs/cgroup/cpuacct").exists() else "", "mmcourse-benchmark")
SEVERAL = 21  # submissions of the longer run
CONFIG = f"c = get_config()\nc.CourseDirectory.course_id = {NAME!r}\nc.ExecutePreprocessor.timeout = 60\n"
BROKEN_CELLS = (
    *("a loop", "a loop that ignores interrupts", "os._exit", "a fork bomb", "a memory bomb", "kill of everybody"),
    *("a daemon", "junk on the channel", "a full disk", "a crash"),
)
BROKEN_FILES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "ancient": lambda data: data.replace(b'"nbformat": 4', b'"nbformat": 3'),
    "no_json": lambda data: b"\xff" * 1000,
    "doubled": lambda data: _with_cells(data, lambda cells: cells + cells),
}


def main(what="pairs", number="0"):
    {"pairs": pairs, "class": whole_class}[what](int(number))


def pairs(rounds: int) -> None:
    """Print what each program needs and their ratios, with and without the time of starting."""
    rounds = rounds or 5
    with tempfile.TemporaryDirectory(prefix="mmcourse-") as folder:
        runs = {"nbgrader": Stock(Path(folder, "stock")), "mmcourse": Ours(Path(folder, "ours"))}
        took = np.array([[[run.seconds(n) for run in runs.values()] for n in (1, SEVERAL)] for _ in range(rounds)])
    one, several = took[:, 0], took[:, 1]  # (rounds, programs, seconds of the clock and of the processor)
    each = (several - one) / (SEVERAL - 1)
    print(f"{NAME}, {SEVERAL} intact submissions, held to one core, {rounds} rounds in turn, medians")
    for i, name in enumerate(runs):
        wall, core = np.median(each[:, i], 0)
        start = np.median(one[:, i] - each[:, i], 0)[1]
        print(f"  {name:8s} {core:6.3f} s of the core a submission, {wall:6.3f} s by the clock; {start:.1f} s to start")
    for what, seconds in (("without starting", each), ("with starting", several)):
        wall, core = np.median(seconds[:, 0] / seconds[:, 1], 0)
        print(f"  nbgrader / mmcourse {what:16s} {core:5.1f} by the core, {wall:5.1f} by the clock   goal >= 10.0")


class Stock:
    """nbgrader as it comes, on the course's own source and a folder of submissions."""

    def __init__(self, folder: Path):
        self.folder = folder
        shutil.copytree(ROOT / "solutions" / NAME, folder / "source" / NAME)
        (folder / "nbgrader_config.py").write_text(CONFIG)
        _run(["nbgrader", "generate_assignment", NAME], folder)
        for i in range(SEVERAL):
            _submit(folder / f"submitted/s{i}" / NAME)

    def seconds(self, students: int) -> tuple[float, float]:
        shutil.rmtree(self.folder / "autograded", ignore_errors=True)
        pattern = "s0" if students == 1 else "s*"
        took = _run(["nbgrader", "autograde", NAME, "--force", f"--student={pattern}"], self.folder)
        assert len(list(self.folder.glob("autograded/*/*/*.ipynb"))) == students
        return took


class Ours:
    """`mmcourse grade` on the same notebooks."""

    def __init__(self, folder: Path):
        self.folders = {1: folder / "one", SEVERAL: folder / "several"}
        for students, place in self.folders.items():
            for i in range(students):
                _submit(place / f"s{i}")

    def seconds(self, students: int) -> tuple[float, float]:
        grades = self.folders[students] / "grades.jsonl"
        grades.unlink(missing_ok=True)
        took = _run(["mmcourse", "grade", str(self.folders[students]), "--jobs", "1"], ROOT)
        lines = [json.loads(line) for line in grades.read_text().splitlines()]
        assert [line["points"] for line in lines] == [100] * students
        return took


def whole_class(students: int) -> None:
    """Grade a class, a twentieth of which is broken, and print what became of it."""
    students = students or 300
    with tempfile.TemporaryDirectory(prefix="mmcourse-") as place:
        folder = Path(place)
        broken = _make_class(folder, students)
        took, core = _run(["mmcourse", "grade", place, "--jobs", "2"], ROOT, cores=(0, 1))
        lines = {line["student"]: line for line in map(json.loads, (folder / "grades.jsonl").read_text().splitlines())}
        assert set(lines) == {f"s{i:03d}" for i in range(students)}, "a submission was lost"
        assert not (GROUP / "cgroup.procs").read_text(), "a process was left"
    intact = [line for student, line in lines.items() if student not in broken]
    seconds = [line["seconds"] for line in intact]
    print(f"{NAME}, {students} submissions, {len(broken)} of them broken, two cores: none lost")
    print(
        f"  {took:.0f} s by the clock, {core:.0f} s of the cores; an intact one {np.median(seconds):.2f} s by the clock"
    )
    print(f"  points of the intact ones: {dict(sorted(Counter(line['points'] for line in intact).items()))}")
    for student, kind in broken.items():
        line = lines[student]
        said, took = line["reason"] or "; ".join(line["notes"]), line.get("seconds", 0.0)
        print(f"  {kind:32s} {line['state']:8s} {line['points']!s:>5s}  {took:5.1f} s  {said[:70]}")


def _make_class(folder: Path, students: int) -> dict[str, str]:
    """Write the submissions: solved, half solved and untouched ones. Returns which are broken, and how."""
    sys.path.insert(0, str(ROOT / "tests"))
    import hostile

    solved, untouched = _released(solved=True), _released(solved=False)
    kinds = [*BROKEN_FILES, *BROKEN_CELLS]
    broken = {f"s{i:03d}": kinds[i // 20 % len(kinds)] for i in range(7, students, 20)}
    for i in range(students):
        student = f"s{i:03d}"
        kind, data = broken.get(student), untouched if i % 10 == 9 else solved
        if kind in BROKEN_FILES:
            data = BROKEN_FILES[kind](solved)
        elif kind:
            bad, _ = hostile.HONEST_BUT_BROKEN[kind]
            data = _with_cells(solved, lambda cells, bad=bad: [_cell(hostile.IMPORTS), _cell(bad), *cells])
        (folder / student).mkdir()
        (folder / student / f"{NAME}.ipynb").write_bytes(data)
    return broken


def _released(solved: bool) -> bytes:
    return (ROOT / ("solutions" if solved else "exercises") / NAME / f"{NAME}.ipynb").read_bytes()


def _submit(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_bytes(_released(solved=True))


def _with_cells(data: bytes, change) -> bytes:
    notebook = json.loads(data)
    return json.dumps(notebook | {"cells": change(notebook["cells"])}).encode()


def _cell(source: str) -> dict:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def _run(command: list[str], folder: Path, cores: tuple[int, ...] = (0,)) -> tuple[float, float]:
    """Seconds of a command by the clock, and of the processor; held to some cores.

    A control group counts the processor's, since nobody waits for the processes in a sandbox.
    """
    here = Path(sys.executable).parent
    program = [str(here / command[0]), *command[1:]]
    GROUP.mkdir(exist_ok=True)
    start, before = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        program,
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: _enter(cores),
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - start, _processor_seconds() - before


def _enter(cores) -> None:
    (GROUP / "cgroup.procs").write_text(str(os.getpid()))
    os.sched_setaffinity(0, cores)


def _processor_seconds() -> float:
    """Of all processes that ever were in the group."""
    if (GROUP / "cpuacct.usage").exists():
        return int((GROUP / "cpuacct.usage").read_text()) / 1e9
    return int((GROUP / "cpu.stat").read_text().split()[1]) / 1e6


if __name__ == "__main__":
    main(*sys.argv[1:])
