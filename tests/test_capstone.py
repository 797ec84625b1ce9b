"""The capstone's checks find each fault and nothing else; its rubric, its template and its example are whole."""

import copy
import re

import jupytext
import nbformat
import notebook_checks as checks
import numpy as np
import pytest
from notebook_tools import ROOT

from mmcourse.grading import capstone

FOLDER = ROOT / "capstone"
NOTEBOOKS = ("capstone", "example")


@pytest.fixture
def report():
    """A small report without fault."""
    result = {"score": 0.7, "low": 0.65, "high": 0.76, "parameters": 70, "seconds": 0.4}
    kinds = {"sound": "single", "lips": "single", "side by side": "fusion", "gate": "fusion"}
    return {
        "question": "Do lips help sound?",
        "hypothesis": "Side by side is better than sound alone.",
        "data": {"source": "my own", "licence": "CC0", "examples": 700, "groups": "people", "left out": "nothing"},
        "results": {name: {"kind": kind, **result} for name, kind in kinds.items()},
        "stress": {name: {"without lips": 0.6, "noisy sound, 1": 0.5} for name in ("side by side", "gate")},
        "comparison": {
            **{"a": "side by side", "b": "sound", "gap": 0.05, "low": 0.03, "high": 0.08, "margin": 0.02},
            "verdict": "better",
        },
        "errors": [{"example": i, "why": "the mouth is covered"} for i in range(10)],
        "not for": ["courts", "exams", "hospitals"],
        "defence": "word " * 80,
    }


def test_a_good_report_has_no_fault(report):
    checked = capstone.check_report(report)
    assert checked
    assert checked.faults == ()
    assert "nothing is missing" in repr(checked)


BROKEN = {
    "no question": (lambda r: r.pop("question"), "lacks question"),
    "a question to be filled in": (lambda r: r.update(question=...), "lacks question"),
    "a short defence": (lambda r: r.update(defence="Believe me."), "2 words"),
    "no licence": (lambda r: r["data"].pop("licence"), "lacks licence"),
    "one modality": (lambda r: r["results"].pop("lips"), '"single", came 1'),
    "one fusion": (lambda r: r["results"].pop("gate"), '"fusion", came 1'),
    "no cost": (lambda r: r["results"]["gate"].pop("seconds"), "gate lacks seconds"),
    "outside its interval": (lambda r: r["results"]["gate"].update(score=0.9), "low ≤ score ≤ high"),
    "no width": (lambda r: r["results"]["gate"].update(low=0.7, high=0.7), "no width"),
    "nothing taken away": (lambda r: r["stress"]["gate"].pop("without lips"), "taken away"),
    "nothing noisy": (lambda r: r["stress"]["gate"].pop("noisy sound, 1"), "noisy modality"),
    "no verdict": (lambda r: r["comparison"].pop("verdict"), "lacks verdict"),
    "a verdict too many": (lambda r: r["comparison"].update(low=-0.01), 'follows "open"'),
    "a small gap called better": (lambda r: r["comparison"].update(margin=0.08), 'follows "same"'),
    "a gap outside": (lambda r: r["comparison"].update(gap=0.3), "low ≤ gap ≤ high"),
    "a method of another report": (lambda r: r["comparison"].update(b="smell"), "smell, which has no result"),
    "nine errors": (lambda r: r["errors"].pop(), "came 9"),
    "an error without a cause": (lambda r: r["errors"][3].update(why=""), "came 9"),
    "an error twice": (lambda r: r["errors"][3].update(example=5), "twice"),
    "two limits": (lambda r: r["not for"].pop(), "came 2"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_of_a_report_is_found_alone(name, report):
    harm, expected = BROKEN[name]
    broken = copy.deepcopy(report)
    harm(broken)
    checked = capstone.check_report(broken)
    assert not checked
    assert len(checked.faults) == 1, repr(checked)
    assert expected in checked.faults[0]


def test_nothing_at_all_is_told_and_does_not_stop():
    assert len(capstone.check_report({}).faults) >= 7


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.03, 0.08, "better"),
        (0.001, 0.02, "same"),
        (-0.02, 0.02, "same"),
        (-0.01, 0.03, "open"),
        (-0.1, -0.03, "worse"),
    ],
)
def test_a_verdict_follows_from_both_bounds(low, high, expected):
    assert capstone.verdict(low, high, 0.02) == expected


def test_groups_on_both_sides_are_named():
    assert capstone.check_split(train=np.array([1, 2, 2]), validation=["3"], test=[4, 5])
    (fault,) = capstone.check_split(train=["ann", "bo"], test=["bo", "cy"]).faults
    assert "1 groups stand in train and in test, for example bo" in fault
    (fault,) = capstone.check_split(train=[[1, 7], [2, 8]], validation=[[3, 9]], test=[[4, 8]]).faults
    assert "kind 1 stand in train and in test, for example 8" in fault
    assert capstone.check_split(train=[[1, 7]], test=[[7, 1]])  # person 7 is not scene 7


def test_what_cannot_be_a_split_is_told():
    assert [re.sub(r"\d", "n", f) for f in capstone.check_split(train=[1, -1, np.nan], test=[-1]).faults] == [
        "n of n examples in train have no known group: find it out, or leave them out",
        "n of n examples in test have no known group: find it out, or leave them out",
    ]
    assert "the part test is empty" in capstone.check_split(train=[1], test=[]).faults
    assert "at least two parts" in capstone.check_split(train=[1]).faults[0]
    assert "as many kinds" in capstone.check_split(train=[1], test=[[2, 3]]).faults[0]
    with pytest.raises(ValueError, match=r"\(N,\) or \(N, G\)"):
        capstone.check_split(train=3, test=[1])


def test_budgets_are_equal_and_numbers():
    assert capstone.check_budgets({"a": [0.1, 0.2, 0.3], "b": [0.3, 0.2, 0.1]})
    for tried, expected in (
        ({"a": [0.1] * 3, "b": [0.1] * 5}, "equal budgets"),
        ({"a": [0.1] * 2, "b": [0.1] * 2}, "at least 3"),
        ({"a": [0.1] * 3, "b": [0.1, np.nan, 0.2]}, "no numbers"),
        ({}, "at least 3"),
    ):
        (fault,) = capstone.check_budgets(tried).faults
        assert expected in fault


def test_a_score_is_that_of_its_predictions():
    labels = np.array([0, 1, 2, 1])
    predictions = {"a": np.array([0, 1, 2, 0])}
    assert capstone.check_scores(labels, predictions, {"a": {"score": 0.75}})
    assert "give 0.7500" in capstone.check_scores(labels, predictions, {"a": {"score": 0.8}}).faults[0]
    assert "came (0,)" in capstone.check_scores(labels, predictions, {"b": {"score": 0.75}}).faults[0]
    assert "no result" in capstone.check_scores(labels, predictions, {}).faults[0]


# ---- the rubric


def test_the_rubric_has_100_points_and_four_rising_levels():
    criteria = capstone.rubric()
    assert sum(c["points"][-1] for c in criteria) == 100
    assert len({c["name"] for c in criteria}) == len(criteria)
    for c in criteria:
        assert len(c["points"]) == len(c["levels"]) == 4
        assert c["points"][0] == 0
        assert (np.diff(c["points"]) > 0).all()
        assert all(len(text.split()) >= 1 and text.endswith(".") for text in c["levels"])


def test_levels_make_points():
    most = {c["name"]: 3 for c in capstone.rubric()}
    assert capstone.total(most) == 100
    assert capstone.total(most | {"question": 1, "limits": 0}) == 100 - (8 - 3) - 4
    for wrong in ({}, most | {"question": 4}, most | {"beauty": 3}):
        with pytest.raises(ValueError, match="a level from 0 to 3"):
            capstone.total(wrong)


# ---- the notebooks


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebooks_are_fit_to_be_read(name):
    notebook = read(name)
    faults = [fault for check in (*checks.EVERYWHERE, checks.short_cells) for fault in check(notebook)]
    assert not faults, "\n".join(faults)


def said(notebook, check):
    """What the cell that ends with a check printed."""
    (cell,) = [c for c in checks.code_cells(notebook) if c.source.splitlines()[-1].startswith(f"capstone.{check}")]
    return cell.outputs[-1].data["text/plain"]


def test_the_template_shows_the_rubric_as_it_is_and_asks_for_everything():
    template = read("capstone")
    assert any(capstone.rubric_as_text() in cell.source for cell in template.cells)
    for check in ("check_split", "check_budgets", "check_scores", "check_report"):
        assert said(template, check).startswith("✗")
    sections = [cell.source.splitlines()[0] for cell in template.cells if cell.source.startswith("## ")]
    example = "\n".join(cell.source for cell in read("example").cells)
    assert sections[:-1] == re.findall(r"^## \d+\..*", example, re.MULTILINE)
    assert len(sections) - 1 == len(capstone.rubric())


def test_the_example_passes_every_check():
    for check in ("check_split", "check_budgets", "check_scores", "check_report"):
        assert said(read("example"), check).startswith("✓"), check


def test_the_template_runs_as_text():
    """Its code cells, one after the other, without a kernel."""
    code = "\n".join(cell.source for cell in checks.code_cells(jupytext.read(FOLDER / "capstone.ipynb")))
    space = {}
    exec(compile(code, "capstone.ipynb", "exec"), space)
    assert not capstone.check_report(space["report"])
