"""A small course for the tests of the command: a chapter and an exercise, all committed."""

import subprocess

import jupytext
import nbformat
from typer.testing import CliRunner

from mmcourse import cli, restore

TEXT = '# %% [markdown]\n# # Attention\n#\n# Words.\n\n# %%\nprint("a")\n'


def mmcourse(*arguments):
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).invoke(cli.app, list(arguments))


def git(course, *arguments):
    who = ["-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run(["git", *who, *arguments], cwd=course, check=True, capture_output=True)


def executed():
    """The notebook of TEXT with an output, as bytes."""
    notebook = jupytext.reads(TEXT, fmt="py:percent")
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="a\n")]
    return nbformat.writes(notebook).encode()


CHAPTER = executed()


def make(folder, monkeypatch):
    """Write the course into the folder, and send the command there."""
    files = {
        "notebooks/src/03_attention.py": TEXT.encode(),
        "notebooks/03_attention.ipynb": CHAPTER,
        "exercises/03_attention/attention.ipynb": b'{"released": 1}',
        "exercises/03_attention/more.ipynb": b'{"released": 2}',
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "course")
    monkeypatch.setattr(restore, "course_folder", lambda: folder)
    monkeypatch.setattr(cli, "course_folder", lambda: folder)
    return folder
