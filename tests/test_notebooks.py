"""The committed notebooks agree with their text and are fit to be read; and the checks that say so can fail."""

import copy

import jupytext
import nbformat
import notebook_checks as checks
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_tools import (
    KERNELSPEC,
    ROOT,
    WIDGET_TEXT,
    WIDGET_VIEW,
    chapters,
    clean,
    execute,
    kernel_environment,
    name_cells,
    solutions,
    write,
)

CHAPTERS = chapters()
TEXTS = sorted((ROOT / "notebooks" / "src").glob("*.py"))
SOLUTIONS = solutions()
MOST_IGNORED = 0.05


def read(path):
    return nbformat.read(path, as_version=4)


def test_every_text_has_its_notebook_and_every_notebook_its_text():
    assert [path.stem for path in CHAPTERS] == [path.stem for path in TEXTS]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter(path):
    notebook, text = read(path), jupytext.read(ROOT / "notebooks" / "src" / f"{path.stem}.py")
    faults = list(checks.same_text(notebook, text)) + list(checks.short_cells(notebook))
    faults += [fault for check in checks.EVERYWHERE for fault in check(notebook)]
    assert not faults, "\n".join(faults)
    assert path.stat().st_size < checks.LARGEST_FILE


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_solution(path):
    notebook = read(path)
    faults = [fault for check in checks.EVERYWHERE for fault in check(notebook)]
    assert not faults, "\n".join(faults)
    assert path.stat().st_size < checks.LARGEST_FILE


@pytest.mark.parametrize("path", CHAPTERS + SOLUTIONS, ids=lambda path: path.stem)
def test_notebook_is_as_the_build_leaves_it(path):
    """A save from JupyterLab, with new ids and metadata, is told from a build."""
    notebook = name_cells(read(path)) if path in CHAPTERS else read(path)
    expected = nbformat.writes(clean(notebook)).rstrip("\n") + "\n"
    assert path.read_text(encoding="utf-8") == expected, "build it again: scripts/build_notebooks.py"


def test_few_cells_are_left_out_of_the_comparison(capsys):
    cells = [(path, cell) for path in CHAPTERS + SOLUTIONS for cell in checks.code_cells(read(path))]
    ignored = [(path, cell) for path, cell in cells if checks.is_ignored(cell)]
    with capsys.disabled():
        print(f"\nnbval ignores {len(ignored)} of {len(cells)} code cells")
        for path, cell in ignored:
            print(f"  {path.name} {checks.where(cell)}: {cell.metadata.get('ignore_reason')}")
    assert len(ignored) <= MOST_IGNORED * len(cells)


ALT = "two curves cross at the origin and part again"
PICTURE = f'<img src="data:," alt="{ALT}">'


@pytest.fixture
def good():
    """A small notebook without fault."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell(f"# Title\n\n```\n# a comment, not a heading\n```\n![{ALT}](a.png)"),
            new_markdown_cell("## Part\n### Detail"),
            new_code_cell("show()", execution_count=1, outputs=[html(PICTURE)]),
            new_code_cell(
                "clock()",
                execution_count=2,
                metadata={"tags": [checks.IGNORED], "ignore_reason": "tells the time of day"},
            ),
            new_markdown_cell("## Another part"),
        ]
    )
    return clean(notebook)


def html(text):
    return new_output("display_data", data={"text/html": text, "text/plain": ALT})


def test_a_good_notebook_has_no_fault(good):
    found = [fault for check in [*checks.EVERYWHERE, checks.short_cells] for fault in check(good)]
    assert not found
    assert not list(checks.same_text(good, copy.deepcopy(good)))


BROKEN = {
    "count missing": (checks.run_once_from_the_top, lambda n: n.cells[2].update(execution_count=None)),
    "run out of order": (checks.run_once_from_the_top, lambda n: n.cells[2].update(execution_count=3)),
    "error": (
        checks.run_once_from_the_top,
        lambda n: n.cells[2].outputs.append(new_output("error", ename="E", evalue="v", traceback=[])),
    ),
    "stderr": (
        checks.run_once_from_the_top,
        lambda n: n.cells[2].outputs.append(new_output("stream", name="stderr", text="careful")),
    ),
    "widget state": (checks.clean_metadata, lambda n: n.metadata.update(widgets={})),
    "another kernel": (checks.clean_metadata, lambda n: n.metadata.update(kernelspec=KERNELSPEC | {"name": "mine"})),
    "timing": (checks.clean_metadata, lambda n: n.cells[2].metadata.update(execution={"iopub.status.busy": "noon"})),
    "live widget": (checks.clean_metadata, lambda n: n.cells[2].outputs[0].data.update({WIDGET_VIEW: {}})),
    "path in text": (checks.clean_metadata, lambda n: n.cells[1].update(source="see /home/someone/notes")),
    "path of the build": (checks.clean_metadata, lambda n: n.cells[2].outputs.append(html(f"<b>{ROOT}/x</b>"))),
    "no title": (checks.headings_in_order, lambda n: n.cells[0].update(source="## Title")),
    "two titles": (checks.headings_in_order, lambda n: n.cells[4].update(source="# Another")),
    "a part before the title": (checks.headings_in_order, lambda n: n.cells.insert(0, new_markdown_cell("## Early"))),
    "a jump": (checks.headings_in_order, lambda n: n.cells[4].update(source="## Part\n#### Detail")),
    "a long cell": (checks.short_cells, lambda n: n.cells[2].update(source="x\n" * 16)),
    "image without words": (checks.alternative_texts, lambda n: n.cells[4].update(source="![](a.png)")),
    "tag without words": (checks.alternative_texts, lambda n: n.cells[4].update(source='<img src="a.png">')),
    "bare figure": (
        checks.alternative_texts,
        lambda n: n.cells[2].outputs.append(new_output("display_data", data={"image/png": "iVBOR"})),
    ),
    "figure with few words": (checks.alternative_texts, lambda n: n.cells[2].outputs.append(html('<img alt="plot">'))),
    "drawing without words": (checks.alternative_texts, lambda n: n.cells[2].outputs.append(html("<svg></svg>"))),
    "ignored, no reason": (checks.ignored_with_reason, lambda n: n.cells[3].metadata.pop("ignore_reason")),
    "ignored by a comment": (checks.ignored_with_reason, lambda n: n.cells[2].update(source="# NBVAL_SKIP\nx")),
    "skipped": (checks.ignored_with_reason, lambda n: n.cells[2].metadata.update(tags=["nbval-skip"])),
    "error expected": (checks.ignored_with_reason, lambda n: n.cells[2].metadata.update(tags=["raises-exception"])),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_found(name, good):
    check, harm = BROKEN[name]
    harm(good)
    assert len(list(check(good))) == 1


@pytest.mark.parametrize(
    "harm",
    [
        lambda n: n.cells[2].update(source="show(2)"),
        lambda n: n.cells[1].update(source="## Part"),
        lambda n: n.cells[2].metadata.update(tags=[checks.IGNORED]),
        lambda n: n.cells.pop(),
    ],
    ids=["code", "text", "tag", "cell gone"],
)
def test_a_notebook_behind_its_text_is_found(harm, good):
    text = copy.deepcopy(good)
    harm(text)
    assert list(checks.same_text(good, text))
    assert list(checks.same_text(text, good))


TEXT = '''# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A chapter

# %%
from matplotlib import pyplot as plt
import ipywidgets
from mmcourse.show.figure import figure

# %% tags=["nbval-ignore-output"] ignore_reason="tells the time of day"
print({"red", "green", "blue"})

# %%
print("a", flush=True)
print("b")
figure(plt.figure(figsize=(2, 1)), alt="an empty sheet, waiting for a drawing")

# %%
ipywidgets.VBox([ipywidgets.FloatSlider(), ipywidgets.Output()])
'''


def test_building_twice_gives_the_same_bytes_and_no_fault(tmp_path):
    built = []
    with kernel_environment() as environment:
        for name in ("first.ipynb", "second.ipynb"):
            notebook = name_cells(jupytext.reads(TEXT, fmt="py:percent"))
            execute(notebook, tmp_path, environment)
            write(clean(notebook), tmp_path / name)
            built.append((tmp_path / name).read_bytes())
    assert built[0] == built[1]
    notebook = nbformat.reads(built[0].decode(), as_version=4)
    nbformat.validate(notebook)
    assert not [fault for check in checks.EVERYWHERE for fault in check(notebook)]
    assert not list(checks.same_text(notebook, jupytext.reads(TEXT, fmt="py:percent")))
    assert [output.output_type for output in notebook.cells[3].outputs] == ["stream", "display_data"]
    assert notebook.cells[-1].outputs[0].data["text/plain"] == WIDGET_TEXT


def test_editing_one_cell_renames_no_other():
    cells = ["a", "b", "a", "c"]
    before, after = (
        [cell.id for cell in name_cells(new_notebook(cells=[new_code_cell(source) for source in sources])).cells]
        for sources in (cells, ["a", "edited", "a", "c"])
    )
    assert len(set(before)) == 4
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True]
