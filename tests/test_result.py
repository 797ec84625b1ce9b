"""What a Result looks like: text, panel and picture, in plain Python and in IPython."""

import base64
import inspect
import io
import re
import sys

import numpy as np
import pytest
from PIL import Image

from mmcourse.grading import check, grade, questions
from mmcourse.grading.picture import cut

SOFTMAX = questions("03-softmax")[0]


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_HOME", str(tmp_path / "home"))


def without_exp(x, axis):
    return x / x.sum(axis, keepdims=True)


def test_text_and_repr():
    result = grade(SOFTMAX, without_exp)
    assert repr(result) == "<03-softmax: wrong, 0 of 10 points>"
    text = str(result)
    assert text.startswith("✗ 03-softmax · Softmax that cannot overflow: not right yet (0 of 10 points)")
    assert "Case: a matrix, last axis. Called with x (5, 7) float64, axis = -1" in text
    assert text.endswith(f"Hint: {result.hint}")
    assert result.hint


def test_the_panel_holds_a_picture_with_words():
    panel = grade(SOFTMAX, without_exp)._repr_html_()
    alt, png = re.search(r'<img alt="([^"]+)"[^>]*src="data:image/png;base64,([^"]+)"', panel).groups()
    assert "5 rows and 7 columns" in alt
    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        assert picture.width > 2 * picture.height
        assert len(picture.convert("RGB").getcolors(1_000_000)) > 10  # not an empty canvas
    assert "not right yet" in panel  # a word, so that nothing hangs on colour
    assert "<img" not in grade(SOFTMAX, SOFTMAX.reference)._repr_html_()


def test_the_panel_escapes_what_comes_from_the_learner():
    def evil(x, axis):
        raise ValueError("<script>alert(1)</script>")

    panel = grade(SOFTMAX, evil)._repr_html_()
    assert "<script" not in panel
    assert "&lt;script&gt;alert(1)" in panel


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_nothing_shown_holds_the_reference(question):
    body = inspect.getsource(question.reference).splitlines()[1:]
    for wrong in question.wrong_answers:
        result = grade(question, wrong.function)
        shown = str(result) + result._repr_html_() if wrong is question.wrong_answers[0] else str(result)
        assert not [line for line in body if line.strip() in shown]


@pytest.mark.parametrize("shape", [(), (7,), (3, 5), (2, 3, 5), (2, 3, 40, 60)])
def test_the_picture_is_cut_around_the_largest_difference(shape):
    expected = np.arange(np.prod(shape), dtype=float).reshape(shape)
    got = expected.copy()
    place = tuple(n - 1 for n in shape)
    got[place] += 100
    matrix, other, leading, spot = cut(expected, got, place)
    assert matrix.ndim == 2
    assert max(matrix.shape) <= 24
    assert (matrix[spot], other[spot]) == (expected[place], got[place])
    assert leading == place[:-2]


def test_plain_python_prints_the_result_once(capsys):
    result = check("03-softmax", SOFTMAX.reference)
    assert capsys.readouterr().out == f"{result}\n"
    assert result.points == SOFTMAX.points


def test_check_hands_on_its_seed(capsys):
    wrong = without_exp
    a, b, c = (check("03-softmax", wrong, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(a.got, b.got)
    assert not np.array_equal(a.got, c.got)


def test_a_console_without_the_signs_still_gets_the_text(monkeypatch):
    console = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", console)
    check("03-softmax", SOFTMAX.reference)
    console.seek(0)
    assert console.read().startswith("? 03-softmax")


@pytest.mark.parametrize(
    ("cell", "panels", "values"),
    [("check('03-softmax', f)", 1, 0), ("check('03-softmax', f).points", 1, 1), ("r = check('03-softmax', f)", 1, 0)],
)
def test_a_notebook_cell_shows_the_panel_once(cell, panels, values):
    shell_class = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    from IPython.utils.capture import capture_output

    shell = shell_class.instance()
    try:
        shell.user_ns.update(check=check, f=SOFTMAX.reference)
        with capture_output() as seen:
            shell.run_cell(cell, store_history=True)
            shell.run_cell("1 + 1", store_history=True)
        assert ["text/html" in output.data for output in seen.outputs] == [True] * panels
        assert re.findall(r"Out\[\d+\]: (\d+)", seen.stdout) == ["10"] * values + ["2"]
        assert "03-softmax" not in seen.stdout
        shell.run_cell("r = check('03-softmax', f)", store_history=True)
        with capture_output() as again:
            shell.run_cell("r", store_history=True)
        assert "right (10 of 10 points)" in again.stdout  # asked for in a later cell, it shows again
    finally:
        shell_class.clear_instance()
