"""Measure what the chapters take to run, for the plans of workshops: workshops/timings.json.

    python scripts/measure_chapters.py                 every chapter, from an empty cache: about 25 minutes
    python scripts/measure_chapters.py 03_attention    one chapter; the others' numbers stay

Each chapter runs as on a learner's laptop that was just set up: its own kernel, one thread for each library, the
network cut, nothing cached but what chapters before it have made. The file is written after each chapter.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

import nbformat
import psutil
from build_notebooks import chosen
from nbclient import NotebookClient
from notebook_tools import CELL_SECONDS, QUIET_KERNEL, ROOT, chapters, kernel_environment
from traitlets.config import Config

from mmcourse.data import cache
from mmcourse.workshops.sections import sections

TIMINGS = ROOT / "workshops" / "timings.json"
# appended to each chapter: the most memory that its kernel held, in MB (Linux counts kilobytes, macOS bytes)
MOST_MEMORY = """import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e3 if sys.platform == "linux" else 1e6))"""


def cached_files(folder):
    """The files of a cache with their sizes, named without the stamp, so that a new version is the same file."""
    files = [path for path in folder.rglob("*.npz") if path.is_file()]
    return {path.relative_to(folder).as_posix().rsplit("-", 1)[0]: path.stat().st_size for path in files}


def run(path, environment):
    """Execute a copy of a chapter; return it with each cell's timing, and the memory of its kernel in MB."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(MOST_MEMORY))
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS * 3,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=True,
        config=Config(QUIET_KERNEL),
    ).execute(env=environment)
    memory = float(notebook.cells.pop().outputs[0].text)
    return notebook, memory


def cell_seconds(cell):
    """How long a cell ran, by the kernel's own messages; 0 for text."""
    stamps = cell.metadata.get("execution", {})
    if "shell.execute_reply" not in stamps:
        return 0.0
    begin, end = (datetime.fromisoformat(stamps[key]) for key in ("iopub.execute_input", "shell.execute_reply"))
    return (end - begin).total_seconds()


def measure(path, environment):
    """What one chapter takes: seconds of each section, its slowest cell, memory, and what it leaves in the cache."""
    folder = Path(environment["MMCOURSE_CACHE"])
    before = cached_files(folder)
    start = time.perf_counter()
    notebook, memory = run(path, environment)
    new = {name: size for name, size in cached_files(folder).items() if name not in before}
    return {
        "wall_seconds": round(time.perf_counter() - start, 1),
        "memory_mb": round(memory),
        "slowest_cell_seconds": round(max(map(cell_seconds, notebook.cells)), 1),
        "section_seconds": {s.title: round(sum(map(cell_seconds, s.cells)), 2) for s in sections(notebook)},
        "cached_mb": round(sum(new.values()) / 1e6, 1),
        "cached_files": len(new),
        "cached": sorted({name.split("/")[0] for name in new}),
        "load_average": round(os.getloadavg()[0], 1),
    }


def machine():
    """What the numbers were measured on."""
    memory = psutil.virtual_memory().total / 1e9
    return {
        "date": date.today().isoformat(),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "how": "each chapter once, one after the other in a fresh kernel with OMP_NUM_THREADS=1, at low priority "
        "(nice), the cache empty before the first chapter; other work ran on the machine (load_average, after each "
        "chapter, counts it), so these are upper bounds",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="for example 03_attention; all if none is given")
    names = parser.parse_args().names

    found = json.loads(TIMINGS.read_text(encoding="utf-8")) if TIMINGS.exists() else {"chapters": {}}
    os.environ["MMCOURSE_OWN_INSTRUCTIONS"] = "1"  # learners' kernels use what their processors have
    with tempfile.TemporaryDirectory(prefix="mmcourse-cache-") as empty, kernel_environment() as environment:
        kept = str(cache.folder()) if names else empty  # one chapter alone finds what is there
        for path in chosen(names, chapters()):
            measured = measure(path, environment | {"MMCOURSE_CACHE": kept})
            found["measured_on"] = machine()
            found["chapters"] = dict(sorted((found["chapters"] | {path.stem: measured}).items()))
            TIMINGS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            print(f"{path.stem}  {measured['wall_seconds']} s, {measured['memory_mb']} MB", flush=True)


if __name__ == "__main__":
    main()
