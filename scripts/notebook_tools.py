"""What the scripts share: run a notebook repeatably and offline, clean it so that a rebuild gives the same bytes."""

import hashlib
import os
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from mmcourse.data import clips, scenes

ROOT = Path(__file__).resolve().parents[1]
CELL_SECONDS = 300
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_TEXT = "Interactive: run this cell to see it."
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KEPT_CELL_METADATA = {"tags", "ignore_reason", "nbgrader", "slideshow", "editable", "deletable"}
# ipykernel logs "running over TCP without encryption" for every kernel unless it may encrypt
QUIET_KERNEL = {"KernelManager": {"transport_encryption": "auto"}}


def chapters():
    """The built chapters. What `mmcourse reset` put aside, 03_attention.yours-2026-01-31.ipynb, is none."""
    return sorted(path for path in (ROOT / "notebooks").glob("*.ipynb") if "." not in path.stem)


def solutions():
    """The assignments with their solutions."""
    return sorted((ROOT / "solutions").glob("*/*.ipynb"))


def draw_the_world():
    """Draw the scenes that chapters load into the cache: a first drawing would show its progress bar as an output."""
    for split, count in (("test", None), ("train", 2000)):
        scenes.load(split, count)
    clips.load("train", 40)


# Wider registers add up in another order, and a few hundred steps of training make a visible difference of it. So that
# one processor's outputs are another's, all libraries use AVX2, which x86 processors have had since 2013; Intel's own
# chooses by maker too, and agrees with itself elsewhere only in its slowest mode. A learner's kernel is not held back.
# Sizes of caches still decide how convolutions are cut up, so cells that show what was just trained bear the tag
# "trained" (see tests/nbval_plugin.py). MMCOURSE_OWN_INSTRUCTIONS=1 runs without all this, and finds such cells.
SAME_INSTRUCTIONS = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}


@contextmanager
def kernel_environment():
    """Yield the environment variables under which notebooks are built and tested.

    Hashes, threads and instructions are fixed, the network is cut (`tests/offline`), and the learner's progress and
    settings are out of reach: what a notebook writes about its reader goes to a folder that is deleted afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="mmcourse-") as home:
        offline = [str(ROOT / "tests" / "offline"), os.environ.get("PYTHONPATH", "")]
        yield os.environ | {
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            **({} if os.environ.get("MMCOURSE_OWN_INSTRUCTIONS") else SAME_INSTRUCTIONS),
            "PYTHONPATH": os.pathsep.join(filter(None, offline)),
            "MMCOURSE_HOME": str(Path(home, "progress")),
            "IPYTHONDIR": str(Path(home, "ipython")),
            "MPLCONFIGDIR": str(ROOT / "build" / "matplotlib"),  # kept: a new one costs seconds of font search
        }


def execute(notebook, folder, environment, allow_errors=False):
    """Run every cell of the notebook in place, in a new kernel whose working directory is `folder`."""
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        coalesce_streams=True,
        allow_errors=allow_errors,
        config=Config(QUIET_KERNEL),
    )
    client.execute(env=environment)


def clean(notebook):
    """Remove from the notebook, in place, all that differs between two runs of the same text; return it."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in KEPT_CELL_METADATA})
        if cell.cell_type == "code":
            cell.outputs = [clean_output(output) for output in cell.outputs]
    return notebook


def name_cells(notebook):
    """Name each cell after its text, so that a rebuild renames none and an edit renames one; return the notebook."""
    seen = Counter()
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return notebook


def clean_output(output):
    """Replace a live widget, whose model is gone with the kernel, by a line that says how to bring it back."""
    if WIDGET_VIEW in output.get("data", {}):
        return nbformat.v4.new_output("display_data", data={"text/plain": WIDGET_TEXT})
    return output


def write(notebook, path):
    """Write the notebook whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    half.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")
    os.replace(half, path)
