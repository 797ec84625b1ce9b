"""Build notebooks/NN_name.ipynb, executed, from their text in notebooks/src/NN_name.py.

    python scripts/build_notebooks.py                   every chapter
    python scripts/build_notebooks.py 03_attention      one chapter
    python scripts/build_notebooks.py --solutions       the solutions, in place (name some to build only those)

A notebook that fails is left as it was; the others are built, and the exit status is 1.
"""

import argparse
import sys
import time

import jupytext
import nbformat
from nbclient.exceptions import CellExecutionError
from notebook_tools import ROOT, clean, draw_the_world, execute, kernel_environment, name_cells, solutions, write


def chosen(names, sources):
    """The paths among `sources` that bear these names, or all of them if no name is given."""
    by_name = {path.stem: path for path in sources}
    if unknown := set(names) - set(by_name):
        sys.exit(f"expected names among {', '.join(by_name) or '(none yet)'}; got {', '.join(sorted(unknown))}")
    return [by_name[name] for name in names or by_name]


def build(source, target, environment):
    """Execute the text `source` (.py or .ipynb) from top to bottom and write it, clean, to `target`."""
    is_text = source.suffix == ".py"
    notebook = name_cells(jupytext.read(source)) if is_text else nbformat.read(source, as_version=4)
    execute(notebook, target.parent, environment)
    write(clean(notebook), target)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="for example 03_attention; all if none is given")
    parser.add_argument("--solutions", action="store_true", help="execute solutions instead of chapters")
    options = parser.parse_args()

    if options.solutions:
        work = [(path, path) for path in chosen(options.names, solutions())]
    else:
        texts = chosen(options.names, sorted((ROOT / "notebooks" / "src").glob("*.py")))
        work = [(path, ROOT / "notebooks" / f"{path.stem}.ipynb") for path in texts]

    failed = False
    draw_the_world()
    with kernel_environment() as environment:
        for source, target in work:
            start = time.perf_counter()
            try:
                build(source, target, environment)
                print(f"{target.relative_to(ROOT)}  {time.perf_counter() - start:.1f} s", flush=True)
            except CellExecutionError as error:
                failed = True
                print(f"{source.relative_to(ROOT)} stopped, its notebook is left as it was:\n{error}", file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
