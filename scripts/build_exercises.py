"""Make exercises/ from solutions/ by nbgrader's own release step, in a copy of the course and without a database.

    python scripts/build_exercises.py
"""

import shutil
import tempfile
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from notebook_tools import ROOT, clean, write
from traitlets.config import PyFileConfigLoader


class ReleaseFailed(Exception):
    """nbgrader would not release an assignment; the message is its log."""


def release(course, target):
    """Write what learners get for each assignment in the folder `course`/solutions into the folder `target`.

    Other files of an assignment (data, pictures) are copied along. Raises ReleaseFailed with nbgrader's log; `target`
    is then as it was.
    """
    with tempfile.TemporaryDirectory(prefix="mmcourse-release-") as folder:
        copy = Path(folder)
        unwanted = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(course / "solutions", copy / "solutions", ignore=unwanted)
        config = PyFileConfigLoader("nbgrader_config.py", str(ROOT)).load_config()
        config.CourseDirectory.root = folder
        config.GenerateAssignment.no_database = True
        config.SaveCells.enabled = False
        config.Application.log_level = "WARN"
        api = NbGraderAPI(config=config)
        for assignment in sorted(path.name for path in (copy / "solutions").iterdir() if path.is_dir()):
            result = api.generate_assignment(assignment, force=True)
            if not result["success"]:
                raise ReleaseFailed(f"nbgrader did not release {assignment}:\n{result['log']}")
        for path in (copy / "exercises").rglob("*.ipynb"):
            write(clean(nbformat.read(path, as_version=4)), path)
        shutil.copytree(copy / "exercises", target, dirs_exist_ok=True)


if __name__ == "__main__":
    release(ROOT, ROOT / "exercises")
    for path in sorted((ROOT / "exercises").glob("*/*.ipynb")):
        print(path.relative_to(ROOT))
