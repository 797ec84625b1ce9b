"""Run the notebooks offline and compare every output with the committed one.

    python scripts/test_notebooks.py                               all chapters and solutions
    python scripts/test_notebooks.py notebooks/03_attention.ipynb  one of them
"""

import os
import sys

import pytest
from notebook_tools import CELL_SECONDS, ROOT, chapters, draw_the_world, kernel_environment, solutions


def main(arguments):
    """Run pytest with nbval over the notebooks; options of pytest's own may stand among the paths."""
    paths = [argument for argument in arguments if not argument.startswith("-")]
    options = [argument for argument in arguments if argument.startswith("-")]
    paths = paths or [str(path) for path in [*chapters(), *solutions()]]
    if (os.cpu_count() or 1) > 1 and len(paths) > 1:
        options += ["-n", "2", "--dist", "loadfile"]  # loadfile: all cells of a notebook share one kernel
    sys.path.insert(0, str(ROOT / "tests"))  # where nbval_plugin is; the workers of xdist take over sys.path
    draw_the_world()
    with kernel_environment() as environment:
        os.environ.update(environment)
        return pytest.main(
            [
                *paths,
                *options,
                "-p",
                "nbval_plugin",
                "--nbval",
                "--nbval-current-env",
                f"--nbval-cell-timeout={CELL_SECONDS}",
                f"--nbval-sanitize-with={ROOT / 'nbval_sanitize.cfg'}",
            ]
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
