"""The course in a real browser: Debian's Chromium, driven by Playwright, on a JupyterLab of its own."""

import shutil

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebook_tools import KERNELSPEC, ROOT, clean, execute, kernel_environment, write

from mmcourse.show.quiz import questions

pytestmark = pytest.mark.browser
expect = pytest.importorskip("playwright.sync_api", reason='needs Playwright: pip install -e ".[browser]"').expect
import lab_in_browser  # noqa: E402  it needs Playwright

if lab_in_browser.chromium() is None:
    pytest.skip("needs Chromium: install it, or give its path in CHROMIUM", allow_module_level=True)

ALT = "one bar, as tall as the chosen height"
FIGURE = f"""
from matplotlib import pyplot as plt
from mmcourse.show.figure import figure
fig, ax = plt.subplots(figsize=(3, 2))
ax.bar([0], [1])
figure(fig, alt="{ALT}")
"""
WIDGET = """
import numpy as np
from mmcourse.show import explorer, quiz
scene = np.random.default_rng(0).random((64, 64, 3))
def look(word, head, mask, temperature):
    scores = np.random.default_rng(sum(map(ord, word + head + mask))).random((4, 4))
    weights = scores ** (1 / temperature)
    return weights / weights.sum(), f"{word} looks with {head}, {mask}, at temperature {temperature:.2f}"
explorer(scene, look, words=["cat", "dog"], heads=["head 1", "head 2"], masks=["no mask", "left half"])
"""
QUIZ = """
quiz("03_attention", 2)
"""
LEAVE = """
from IPython.display import HTML
HTML('<img src="https://example.org/tracker.png" alt="a picture from far away">')
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the chapters, with a small notebook beside them."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    cells = [new_code_cell(code.strip()) for code in (FIGURE, WIDGET, QUIZ, LEAVE)]
    cells.insert(1, new_markdown_cell("# Sample\n\n" + "As long as a chapter.\n\n" * 100))
    sample = new_notebook(cells=cells, metadata={"kernelspec": KERNELSPEC})
    with kernel_environment() as environment:
        execute(sample, folder, environment)
    write(clean(sample), folder / "sample.ipynb")
    return folder


@pytest.fixture(scope="module")
def address(course, tmp_path_factory):
    with lab_in_browser.running_lab(course, tmp_path_factory.mktemp("jupyter")) as address:
        yield address


@pytest.fixture(scope="module")
def outside():
    """The requests that tried to leave the machine since the test began."""
    return []


@pytest.fixture(scope="module")
def page(outside):
    with lab_in_browser.browser_page(outside) as page:
        yield page


def try_the_widget(notebook, choices):
    """Every control changes the picture and the sentence under it."""
    area = notebook.widget("temperature")
    picture = area.locator("img")
    for control in ("temperature", *choices):
        drawn, said = picture.get_attribute("src"), picture.get_attribute("alt")
        if control == "temperature":
            notebook.press(area, control, "ArrowRight")
        else:
            notebook.select(area, control, choices[control])
        expect(picture).not_to_have_attribute("alt", said)
        expect(area).to_contain_text(picture.get_attribute("alt"))
        assert picture.get_attribute("src") != drawn


def try_the_quiz(notebook, number):
    """Every choice brings an explanation of its own, and one of them is right. Returns {choice: explanation}."""
    answers = notebook.answers(notebook.quiz(number))
    assert len(answers) >= 2
    assert len(set(answers.values())) == len(answers)
    assert sum("✓ Right." in text for text in answers.values()) == 1
    assert sum("✗ Not this one." in text for text in answers.values()) == len(answers) - 1
    return answers


def test_the_gestures_on_a_small_notebook(page, address, outside):
    outside.clear()
    notebook = lab_in_browser.Notebook(page, address, "sample.ipynb")

    # as cloned: not run, not trusted; the figure is there all the same, with its text
    image = page.get_by_alt_text(ALT)
    expect(image).to_be_visible()
    assert image.evaluate("image => image.naturalWidth") > 100
    expect(page.get_by_text("Interactive: run this cell to see it.")).to_have_count(2)

    notebook.run_all()
    try_the_widget(notebook, choices={"word": "dog", "head": "head 2", "mask": "left half"})
    assert "dog looks with head 2, left half" in notebook.widget("temperature").inner_text()
    answers = try_the_quiz(notebook, 0)
    assert answers.keys() == questions("03_attention")[1]["choices"].keys()

    expect(page.get_by_alt_text("a picture from far away")).to_have_count(1)
    assert outside, "a picture from another host is noticed"
    assert all(url == "https://example.org/tracker.png" for url in outside)


CHAPTER = "notebooks/03_attention.ipynb"


def test_the_attention_chapter(page, address, outside):
    outside.clear()
    notebook = lab_in_browser.Notebook(page, address, CHAPTER)
    notebook.run_all()

    notebook.widget("temperature")
    try_the_widget(notebook, choices={})
    assert notebook.quizzes()
    for number in range(notebook.quizzes()):
        try_the_quiz(notebook, number)

    assert not outside
