"""The comparison of notebooks is itself compared: what must pass passes, and every planted difference is caught.

One notebook holds a cell for each case. It is executed once; then one thing in each cell's code or stored output is
changed, `scripts/test_notebooks.py` runs over it, and its verdict on every cell is compared with the expected one.
"""

import base64
import io
import re
import subprocess
import sys
from typing import NamedTuple
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from nbval_plugin import about_as_large, numbers_agree, picture_difference, text_difference
from notebook_tools import ROOT, execute, kernel_environment, write
from PIL import Image

DRAW = """
import base64, io
import numpy as np
from IPython.display import HTML, Audio, display
from matplotlib import pyplot as plt

x = np.linspace(0, 6, 100)

def draw(height, colour="tab:blue", title="A wave"):
    plt.plot(x, height * np.sin(x), color=colour)
    plt.ylim(-1.2, 1.2)
    plt.title(title)

def heat(weight):
    plt.imshow([[0, 0.5], [1, weight]])

def embed(height):
    draw(height)
    png = io.BytesIO()
    plt.savefig(png)
    plt.close()
    display(HTML(f'<img alt="w" src="data:image/png;base64,{base64.b64encode(png.getvalue()).decode()}"> 0.500'))

def play(samples, rate=8000):
    display(HTML(Audio(samples, rate=rate, normalize=False)._repr_html_()))

tone = 0.3 * np.sin(np.arange(4000) / 3)
"""

OFFLINE = """
import socket, subprocess, sys, urllib.request
for ask in (
    lambda: urllib.request.urlopen("http://192.0.2.1"),
    lambda: urllib.request.urlopen("https://example.org"),
    lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", ("192.0.2.1", 53)),
):
    try:
        ask()
    except OSError as error:
        assert "run without a network" in str(error), error
    else:
        raise AssertionError("the network is open")
with socket.create_server(("127.0.0.1", 0)) as server:
    socket.create_connection(server.getsockname()).close()
child = "import socket; socket.create_connection(('192.0.2.1', 80))"
answer = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True)
assert "run without a network" in answer.stderr
"""

SETTING = """
import os, tempfile
assert os.environ["PYTHONHASHSEED"] == "0" and os.environ["OMP_NUM_THREADS"] == "1"
assert os.environ["MMCOURSE_HOME"].startswith(tempfile.gettempdir())
"""


class Case(NamedTuple):
    name: str
    passes: bool
    code: str
    new_code: str | None = None  # what the learner's kernel runs, where it differs from what was committed
    edit: callable = None  # a change of the committed cell


def no_count(cell):
    cell.execution_count = None
    cell.outputs = []


def no_outputs(cell):
    cell.outputs = []


CASES = [
    Case("set-up", True, DRAW),
    Case("network cut", True, OFFLINE),
    Case("fixed seeds, own progress folder", True, SETTING),
    Case("same figure", True, "draw(1)"),
    Case("a curve moved by a hundredth of a percent", True, "draw(1)", "draw(1.0001)"),
    Case("semicolon hides the value", True, "draw(1);\n1 + 1;"),
    Case("Out and _ exist", True, "41 + 1\n_"),
    Case("a float within tolerance", True, "print('loss', 0.91234)", "print('loss', 0.91301)"),
    Case("an array within tolerance", True, "np.array([1.0, -0.52])", "np.array([0.9999, -0.5201])"),
    Case("an address", True, "object()"),
    Case("a duration", True, "print('took 1.23 s')", "print('took 45 ms')"),
    Case("a widget", True, "import ipywidgets\nipywidgets.VBox([ipywidgets.FloatSlider()])"),
    Case("HTML within tolerance", True, "HTML('<b>0.5000</b>')", "HTML('<b>0.5003</b>')"),
    Case("same embedded figure", True, "embed(1)"),
    Case("a sound", True, "play(tone)"),
    Case("a sound with other roundings", True, "play(tone)", "play(tone + 1e-4 * np.cos(x.size * tone))"),
    Case("silence", True, "play(0 * tone)"),
    Case("a sound one sample later", False, "play(tone)", "play(np.roll(tone, 1))"),
    Case("a sound louder by a hundredth", False, "play(tone)", "play(1.01 * tone)"),
    Case("a click in a sound", False, "play(tone)", "play(np.where(np.arange(4000) == 99, 0.9, tone))"),
    Case("a whisper in silence", False, "play(0 * tone)", "play(0.001 * tone)"),
    Case("a shorter sound", False, "play(tone)", "play(tone[:-1])"),
    Case("a sound at another rate", False, "play(tone)", "play(tone, 8001)"),
    Case("a changed digit", False, "print('loss', 0.91234)", "print('loss', 0.92234)"),
    Case("a changed integer", False, "print(4495, 'drawings')", "print(4496, 'drawings')"),
    Case("a changed integer at the end of a sentence", False, "print('We see 4495.')", "print('We see 4496.')"),
    Case("a changed learning rate", False, "print('SGD(lr=0.01)')", "print('SGD(lr=0.02)')"),
    Case("a changed word", False, "print('right')", "print('wrong')"),
    Case("a changed value", False, "'right'", "'wrong'"),
    Case("a curve moved by 5 %", False, "draw(1)", "draw(1.05)"),
    Case("one attention weight moved by 0.05", False, "heat(0.30)", "heat(0.35)"),
    Case("another colour of the same grey", False, "draw(1, '#ff0000')", "draw(1, '#008200')"),
    Case("one letter of a title", False, "draw(1)", "draw(1, title='A ware')"),
    Case("a smaller figure", False, "draw(1)", "plt.figure(figsize=(5, 4))\ndraw(1)"),
    Case("a figure that is gone", False, "draw(1)", "pass"),
    Case("a figure too many", False, "pass", "draw(1)"),
    Case("an embedded curve moved by 5 %", False, "embed(1)", "embed(1.05)"),
    Case("an embedded figure gone", False, "embed(1)", "HTML(' 0.500')"),
    Case("HTML outside tolerance", False, "HTML('<b>0.5000</b>')", "HTML('<b>0.5100</b>')"),
    Case("a widget that is gone", False, "ipywidgets.FloatSlider()", "pass"),
    Case("an error", False, "pass", "1 / 0"),
    Case("an error where the network is needed", False, "pass", "urllib.request.urlopen('http://192.0.2.1')"),
    Case("extra stderr", False, "print(1)", "print(1); print('careful', file=sys.stderr)"),
    Case("stderr for stdout", False, "print(1)", "print(1, file=sys.stderr)"),
    Case("outputs cleared, count kept", False, "print(1)", edit=no_outputs),
    Case("never run", False, "print(1)", edit=no_count),
    Case("never run, and nothing to show", False, "y = 1", edit=no_count),
    Case("the end: the kernel still lives", True, "print(x.size)"),
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Map each case's name to (passed, message)."""
    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(case.code.strip()) for case in CASES])
    with kernel_environment() as environment:
        execute(notebook, folder, environment)
    for case, cell in zip(CASES, notebook.cells, strict=True):
        cell.source = case.new_code or cell.source
        if case.edit:
            case.edit(cell)
    write(notebook, folder / "cases.ipynb")
    report = folder / "report.xml"
    command = [sys.executable, ROOT / "scripts" / "test_notebooks.py", folder / "cases.ipynb", f"--junitxml={report}"]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)  # its status is 1: many cells fail on purpose
    cells = {int(re.search(r"\d+$", item.get("name"))[0]): item for item in ElementTree.parse(report).iter("testcase")}
    assert sorted(cells) == list(range(len(CASES))), "nbval reports on every cell"
    return {case.name: (len(cells[i]) == 0, "".join(cells[i].itertext())) for i, case in enumerate(CASES)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdict(case, verdicts):
    passed, message = verdicts[case.name]
    assert passed == case.passes, message or "it passed"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a changed digit", r"0\.91234 became 0\.92234"),
        ("a curve moved by 5 %", r"image/png: 1\.\d+% of the figure's pixels differ"),
        ("a smaller figure", r"expected a figure of \d+ x \d+ pixels"),
        ("never run", "no execution count"),
        ("extra stderr", "expected 1 outputs, got 2: stdout, stderr"),
        ("an error where the network is needed", r"asked for '192\.0\.2\.1'"),
    ],
)
def test_the_report_says_why(name, reason, verdicts):
    assert re.search(reason, verdicts[name][1])


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("0.5", "0.5004"),
        ("1.", "0.9999"),
        ("1e-05", "1.0004e-05"),
        ("1.23e-05", "1.24e-05"),
        ("-0.00", "0.00"),
        ("2.2e-16", "8.9e-16"),
        ("1000.0", "1000.9"),
    ],
)
def test_numbers_that_agree(expected, got):
    assert numbers_agree(expected, got)
    assert numbers_agree(got, expected)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("7", "8"),
        ("1000000", "1000001"),
        ("7", "7.0001"),
        ("1000.", "1001."),
        ("0.5", "-0.5"),
        ("0.001", "0.002"),
        ("1e-3", "2e-3"),
        ("0.95", "0.97"),
        ("3e-07", "1e-06"),
        ("1000.0", "1002.0"),
    ],
)
def test_numbers_that_do_not(expected, got):
    assert not numbers_agree(expected, got)
    assert not numbers_agree(got, expected)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("torch 2.13.0", "torch 2.14.0"),
        ("figure1.15png", "figure1.16png"),
        ("a\nb", "a b"),
        ("1.0 2.0", "1.0"),
        ("1.0", "nan"),
        ("x = 1.0", "y = 1.0"),
    ],
)
def test_text_that_looks_like_a_number_is_compared_exactly(expected, got):
    assert text_difference(expected, got)


def test_padding_that_follows_from_a_number_does_not_count():
    assert text_difference("[[ 1.   -0.52]]  ok", "[[ 0.9999 -0.52  ]] ok") is None


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("18 of 200 right", "27 of 200 right", True),
        ("18 of 200 right", "30 of 200 right", False),
        ("1.3% (0.6% to 2.2%)", "1.0% (0.4% to 1.8%)", True),
        ("AP 0.33", "AP 0.52", True),
        ("AP 0.33", "AP 0.59", False),
        ("87.2% right", "70.1% right", True),
        ("87.2% right", "61.1% right", False),
        ("loss 1.5", "loss nan", False),
        ("best: GAN 0.9", "best: VAE 0.9", False),
    ],
)
def test_numbers_of_a_training_are_held_loosely_and_words_are_not(expected, got, same):
    assert text_difference(expected, got)  # without the tag
    assert (text_difference(expected, got, about_as_large) is None) == same


def test_figures_of_a_training_are_held_loosely_but_held():
    painted = np.random.default_rng(0).integers(60, 190, (40, 50, 3), np.uint8)
    near, far = (encoded(painted + np.uint8(levels)) for levels in (14, 20))
    assert picture_difference(encoded(painted), near)  # without the tag
    assert picture_difference(encoded(painted), near, trained=True) is None
    assert "20.0 levels" in picture_difference(encoded(painted), far, trained=True)
    assert picture_difference(encoded(painted), encoded(np.full_like(painted, 255)), trained=True)  # an empty one
    assert "50 x 40" in picture_difference(encoded(painted), encoded(painted[:30]), trained=True)


def encoded(pixels):
    """Pixels as a base64 PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return base64.b64encode(file.getvalue()).decode()
