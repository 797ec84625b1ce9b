"""docs/teaching.md: a teacher who types what it says gets what it says. Its commands run here, one after the other."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from small_class import answer, put, solved, stub

from mmcourse.classroom import sandbox
from mmcourse.classroom.class_commands import app

PAGE = Path(__file__).parents[1] / "docs" / "teaching.md"


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def commands():
    return [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]


@pytest.mark.slow
def test_the_page_leads_from_nothing_to_grades(tmp_path):
    try:
        sandbox.isolation()
    except sandbox.NoSandbox as error:
        pytest.skip(str(error))
    (tmp_path / "students.csv").write_text(*blocks("csv"))
    put(tmp_path / "downloads" / "birchada_4711_9001_03_attention.ipynb", solved())
    put(tmp_path / "downloads" / "王小明_LATE_4713_9002_03_attention.ipynb", answer(stub(), "03-softmax", "x = 1"))
    put(tmp_path / "downloads" / "somebodyelse_1_9003_03_attention.ipynb", solved())
    here, said = tmp_path, {}
    for command in commands():
        words = shlex.split(command)
        if words[0] == "cd":
            here /= words[1]
            continue
        assert words[0] == "mmcourse"
        done = subprocess.run(
            [sys.executable, "-c", "from mmcourse.cli import app; app()", *words[1:]],
            cwd=here,
            env=os.environ | {"PYTHONPATH": str(sandbox.PACKAGE.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said[command] = done.stdout
    assert "nobody in the class is called 'somebodyelse'" in said["mmcourse class collect 03 --from ../downloads"]
    canvas = (here / "03_attention-canvas.csv").read_text().splitlines()
    assert canvas[2:] == [
        '"Birch, Ada",4711,,ada,,100',
        '"Stone, Grace",4712,,grace,,',
        '"王, 小明",4713,,xiaoming,,0',
    ]
    assert "xiaoming@example.org,0" in (here / "03_attention-moodle.csv").read_text()
    assert "graded,100,100" in (here / "03_attention-plain.csv").read_text()
    pages = {path.parts[-3] for path in (here / "feedback").glob("*/03_attention/03_attention.html")}
    assert pages == {"ada", "xiaoming"}
    assert "<html" in (here / "03_attention-report.html").read_text()


def test_every_command_that_there_is_stands_on_the_page():
    there = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert there == {words.split()[2] for words in commands() if words.startswith("mmcourse class ")}
