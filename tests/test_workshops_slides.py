"""What becomes a slide, and a deck in a real browser: nothing leaves the computer, nothing sticks out of a slide."""

import nbformat
import pytest
from build_slides import PARTS, NoParts, build, wheel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_tools import chapters

from mmcourse.workshops.slides import FULL, as_notebook, slides

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FIGURE = new_output("display_data", data={"text/html": f'<img alt="one pixel" src="data:image/png;base64,{PIXEL}">'})


def deck(*cells):
    """The slides of a notebook of these cells: text, or (code, figures)."""
    made = [new_markdown_cell(c) if isinstance(c, str) else new_code_cell(c[0], outputs=[FIGURE] * c[1]) for c in cells]
    return slides(new_notebook(cells=made))


def test_prose_goes_to_the_notes_and_its_first_words_to_the_slide():
    long = "This sentence is rather long, so that two of it are more than fit. " * 4
    (slide,) = deck(f"# Title\n\n{long.strip()}\n\nMore that is only said.")
    assert slide.heading == "Title"
    assert long.startswith(slide.pieces[0])
    assert len(slide.pieces[0]) < len(long) / 1.2
    assert slide.notes == [long.strip(), "More that is only said."]


def test_formulas_lists_and_tables_are_shown():
    (slide,) = deck("## A\n\nFirst:\n\n$$x = 1$$\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert slide.pieces == ["First:", "$$x = 1$$", "- one", "- two", "| a | b |\n|---|---|\n| 1 | 2 |"]


def test_a_formula_inside_a_paragraph_is_shown_without_the_words_round_it():
    (slide,) = deck("## A\n\nLead.\n\nwhere\n$$y$$\nholds.")
    assert slide.pieces == ["Lead.", "$$y$$"]
    assert slide.notes[-1] == "where\n … \nholds."


def test_what_does_not_fit_goes_on_below():
    first, *more = deck("## A\n\n" + "\n".join(f"- item {i}" for i in range(30)))
    assert more
    assert all(slide.lines <= FULL for slide in [first, *more])
    assert [slide.level for slide in more] == [3] * len(more)
    assert sum(len(slide.pieces) for slide in [first, *more]) == 30


@pytest.mark.parametrize("title", ["References", "Exercise, and the capstone", "Quiz"])
def test_what_is_worked_on_is_not_shown(title):
    shown = deck("# One\n\nLead.", f"## {title}\n\nText.\n\n### Below\n\n- item", ("x", 1), "## Next\n\nLead.")
    assert [slide.heading for slide in shown] == ["One", "Next"]


def test_of_code_only_short_functions_are_shown_and_every_figure():
    drawing = "def draw(ax):\n    ax.plot()"
    long = "def f():\n" + "    x = 1\n" * 20
    shown = deck("## A\n\nLead.", ("x = 1", 0), ("def f():\n    return 1\n\n\nf()", 0), (drawing, 1), (long, 0))
    text = "\n".join(piece for slide in shown for piece in slide.pieces)
    assert "```python\ndef f():\n    return 1\n```" in text
    assert "x = 1" not in text
    assert "ax.plot" not in text
    assert text.count("<img ") == 1


def test_a_caption_cannot_smuggle_html():
    output = new_output(
        "display_data", data={"text/html": '<img alt="a &lt;b&gt; c" src="data:image/png;base64,AA==">'}
    )
    cells = [new_markdown_cell("## A\n\nLead."), new_code_cell("x", outputs=[output])]
    assert '<p class="caption">a &lt;b&gt; c</p>' in slides(new_notebook(cells=cells))[0].pieces
    script = new_output("display_data", data={"text/html": "<script>alert(1)</script>"})
    cells[1] = new_code_cell("x", outputs=[script])
    assert slides(new_notebook(cells=cells))[0].pieces == ["Lead."]


def test_a_chapter_may_leave_a_cell_out():
    cells = [new_markdown_cell("# A\n\nLead."), new_markdown_cell("## B\n\nText.")]
    cells[1].metadata["slideshow"] = {"slide_type": "skip"}
    assert [slide.heading for slide in slides(new_notebook(cells=cells))] == ["A"]


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_every_chapter_has_slides_with_its_figures(path):
    notebook = nbformat.read(path, as_version=4)
    made = as_notebook(notebook)
    kinds = [cell.metadata["slideshow"]["slide_type"] for cell in made.cells]
    assert kinds[0] == "slide"
    assert set(kinds) <= {"slide", "subslide", "notes"}
    told = [str(o.get("data", {}).get("text/html", "")) for c in notebook.cells for o in c.get("outputs", [])]
    figures = sum(text.startswith("<img alt=") for text in told)
    assert sum(cell.source.count("<img alt=") for cell in made.cells) == figures


def test_parts_that_cannot_be_had_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr("build_slides.KEPT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    package, sha256, _ = PARTS[0]
    with pytest.raises(NoParts, match="Connect to the internet"):
        wheel(package, sha256)


def test_a_part_with_other_content_is_thrown_away(monkeypatch, tmp_path):
    monkeypatch.setattr("build_slides.KEPT", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    package, sha256, _ = PARTS[0]
    false = tmp_path / "sphinx_revealjs-3.2.1-py3-none-any.whl"
    false.write_bytes(b"something else")
    with pytest.raises(NoParts):
        wheel(package, sha256)
    assert not false.exists()


@pytest.fixture(scope="module")
def in_browser():
    pytest.importorskip("playwright.sync_api", reason='needs Playwright: pip install -e ".[browser]"')
    import lab_in_browser
    import slides_in_browser

    if lab_in_browser.chromium() is None:
        pytest.skip("needs Chromium: install it, or give its path in CHROMIUM")
    return slides_in_browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("slides")


def built(path, folder):
    try:
        return build(path, folder)
    except NoParts as error:
        pytest.skip(f"reveal.js and MathJax could not be had: {error}")


@pytest.mark.browser
def test_a_deck_shows_without_a_network_and_nothing_sticks_out(in_browser, folder):
    path = built(next(path for path in chapters() if path.stem == "03_attention"), folder)
    with in_browser.deck(path) as (page, left):
        found = in_browser.walk(page)
        formulas = page.evaluate("document.querySelectorAll('mjx-container svg').length")
    assert left == []
    assert len(found) > 20
    assert [slide for slide in found if slide["over"] > 1 or slide["broken"]] == []
    assert formulas > 30, "MathJax has set the formulas"


@pytest.mark.browser
def test_the_browser_notices_what_is_too_large_what_is_broken_and_what_leaves(in_browser, folder):
    cells = [
        new_markdown_cell("# Deck\n\nLead."),
        new_markdown_cell("## Tall\n\n- " + "<br>line" * 40),
        new_markdown_cell("## Broken\n\n$$\\frac{1}$$"),
        new_markdown_cell('## Leaves\n\n- <img src="https://example.org/x.png">'),
    ]
    source = folder / "bad.ipynb"
    nbformat.write(new_notebook(cells=cells), source)
    with in_browser.deck(built(source, folder)) as (page, left):
        found = {slide["title"].rstrip("¶"): slide for slide in in_browser.walk(page)}
    assert left == ["https://example.org/x.png"]
    assert found["Tall"]["over"] > 100
    assert found["Broken"]["broken"]
    assert found["Deck"]["over"] <= 1
