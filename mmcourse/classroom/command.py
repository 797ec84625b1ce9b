"""What `mmcourse grade` does between its options and its exit status."""

import sys
from contextlib import nullcontext
from pathlib import Path

from . import batch, report
from .course import ClassError
from .executors import NoCluster, cluster
from .progress import shown
from .sandbox import Limits, NoSandbox, isolation

NOTHING = "{} holds no notebooks. Expected STUDENT/03_attention.ipynb each, or notebooks alone."


def grade(folder: Path, seed: int | None, dry_run: bool, jobs: int, limit: float, trust: bool, dask: str = "") -> int:
    """Grade, print, and return the exit status."""
    if not folder.is_dir():
        return _stop(f"Expected a folder with notebooks, but {folder} is none.")
    if dry_run:
        return _say_what_would_happen(folder, seed)
    try:
        kind = isolation(trust)
        if kind == "process":
            print("No sandbox is in force: submissions can reach your files and the network.", file=sys.stderr)
        settings = batch.Settings(kind, seed, jobs, limit, Limits(seconds=int(limit) + 60))
        with cluster(dask) if dask else nullcontext() as executor, shown("grading") as watch:
            lines = batch.grade_folder(folder, settings, watch.tell, executor=executor, begin=watch.begin)
        if not lines:
            return _stop(NOTHING.format(folder))
        report.write_table(lines, folder / "grades.csv")
        report.write_pages(lines, folder)
    except (NoSandbox, NoCluster, batch.Busy, ClassError) as error:
        return _stop(error)
    except OSError as error:
        return _stop(f"{error}. See that it is yours and the disk is not full; then run the same command again.")
    print(report.summary(lines))
    print(f"Wrote {folder / 'grades.csv'}, {folder / 'report.html'}, and a page for each submission below feedback/.")
    return 3 if any(line["state"] == "needs a person" for line in lines) else 0


def _say_what_would_happen(folder: Path, seed: int | None) -> int:
    kept = batch.load(folder / batch.GRADES)
    seed = seed if seed is not None else next((line["seed"] for line in kept.values()), 0)
    lines, todo = batch.plan(folder, kept, seed, "none")
    if not lines and not todo:
        return _stop(NOTHING.format(folder))
    for submission in todo:
        print(f"to grade: {submission.file!r}, assignment {submission.assignment} of {submission.student!r}")
    for line in lines:
        print(f"{line['state']}: {line['file']!r} {line['reason']}".rstrip())
    return 0


def _stop(error) -> int:
    print(error, file=sys.stderr)
    return 1
