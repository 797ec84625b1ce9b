"""Where the course lies on this computer."""

from pathlib import Path


class CourseNotFound(Exception):
    """The package is installed apart from its notebooks."""


def course_folder() -> Path:
    """The folder with notebooks/, exercises/ and pyproject.toml. Raises CourseNotFound."""
    folder = Path(__file__).resolve().parents[1]
    if not (folder / "notebooks").is_dir():
        raise CourseNotFound(
            f"expected the folder notebooks beside the package, in {folder}; mmcourse is installed without it. "
            'Clone the course and install it there: pip install -c constraints.txt -e ".[test]"'
        )
    return folder
