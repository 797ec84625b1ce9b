"""The workshop kit: plans follow from the data, notes from the questions, and what does not fit is refused."""

import copy
import itertools
import json
import re
from dataclasses import replace

import build_workshops
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_tools import ROOT, chapters

from mmcourse.grading import questions
from mmcourse.workshops import material, notes, plan_pages, plans
from mmcourse.workshops.reading import WIDGET, Amount, Rates, amount, assignment_minutes
from mmcourse.workshops.sections import sections

RATES = Rates(100, 2.0, 1.0, 4.0, 30.0)
DATA = plans.read(ROOT / "workshops" / "plans.toml")
TIMINGS = json.loads((ROOT / "workshops" / "timings.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def course():
    return material.gather(ROOT)


def part(words, seconds=0.0):
    return material.Part(Amount(words, 0, 0, 0, 0), seconds)


SMALL = material.Material(
    parts={"01_one": {"First": part(1000, 30.0), "Second": part(500, 90.0)}, "02_two": {"Only": part(3000, 60.0)}},
    tasks={"01-a": material.Task("A", 12.0), "01-b": material.Task("B", 40.0), "02-a": material.Task("C", 50.0)},
    promised={"01_one": 1.0, "02_two": 0.1},
    assignment_minutes={"01_one": 60, "02_two": 60},
)
RULES = {
    "reading": {"words_per_minute": 100, "minutes_per_formula": 2.0, "minutes_per_figure": 1.0,
                "minutes_per_widget": 4.0, "seconds_per_line_of_code": 30.0},
    "rules": {"round_to_minutes": 5, "longest_stretch": 60, "smallest_reserve": 0.05, "largest_reserve": 0.2,
              "most_hours_at_home": 3.0},
    "semester": {"session_minutes": 90, "talk_minutes": 45, "lab_minutes": 50, "weeks": [["01_one"], ["02_two"]]},
}  # fmt: skip
DAY = {
    "name": "Day", "begins": "09:00", "ends": "11:00",
    "blocks": [
        {"kind": "read", "chapter": "01_one", "sections": ["Second"]},
        {"kind": "exercise", "questions": ["01-a", "01-b"]},
        {"kind": "break", "minutes": 15},
        {"kind": "other", "minutes": 20, "what": "Talk"},
    ],
}  # fmt: skip


def day_with(**changes):
    return copy.deepcopy(DAY) | changes


def test_pages_are_what_the_course_makes_of_them_now():
    assert build_workshops.stale(ROOT) == [], "run `python scripts/build_workshops.py`"


def test_what_is_counted_in_cells():
    picture = new_output("display_data", data={"text/html": '<img alt="x" src="data:image/png;base64,AA">'})
    widget = new_output("display_data", data={"text/plain": WIDGET})
    cells = [
        new_markdown_cell("three words here\n\n$$a\n+ b$$\n\n$$c$$ and $d$"),
        new_code_cell("x = 1\n\ny = 2", outputs=[picture, widget]),
    ]
    assert amount(cells) == Amount(words=5, formulas=2, figures=1, widgets=1, lines=2)
    assert amount(cells).minutes(RATES) == pytest.approx(5 / 100 + 2 * 2 + 1 + 4 + 2 * 0.5)


def test_sections_begin_at_headings_of_two_levels_and_hold_every_cell():
    cells = [new_markdown_cell(t) for t in ("# One\n\ntext", "more", "## Two", "### Three", "## Four")]
    found = sections(new_notebook(cells=cells))
    assert [(s.title, len(s.cells)) for s in found] == [("One", 2), ("Two", 2), ("Four", 1)]
    for path in chapters():
        notebook = nbformat.read(path, as_version=4)
        assert [c for s in sections(notebook) for c in s.cells] == notebook.cells


@pytest.mark.parametrize(
    ("said", "minutes"), [("two hours", 120), ("two hours and a half", 150), ("two and a half hours", 150)]
)
def test_an_assignment_says_how_long_it_takes(said, minutes):
    text = f"# Assignment\n\nSeven questions, 100 points, about {said}. You need"
    assert assignment_minutes(new_notebook(cells=[new_markdown_cell(text)])) == minutes
    with pytest.raises(ValueError, match="about two hours"):
        assignment_minutes(new_notebook(cells=[new_markdown_cell("# Assignment, some time")]))


def test_a_day_by_hand():
    """500 words at 100 a minute are 5 minutes; running both sections 2 more; 12 + 40 minutes of questions."""
    slots = plans.schedule(DAY, SMALL, RULES)
    assert [(plans.as_clock(s.begins), plans.as_clock(s.ends), s.kind) for s in slots] == [
        ("09:00", "09:10", "read"),
        ("09:10", "10:05", "exercise"),
        ("10:05", "10:20", "break"),
        ("10:20", "10:40", "other"),
        ("10:40", "11:00", "reserve"),
    ]
    assert slots[0].why == "5 min to read, 120 s to run"
    assert plans.faults(DAY, SMALL, RULES) == ["Day: 65 minutes without a break until 10:05: " + slots[1].what]


def test_a_day_that_holds_has_no_faults():
    blocks = [
        DAY["blocks"][0],
        DAY["blocks"][2],
        *DAY["blocks"][1:2],
        DAY["blocks"][2],
        {"kind": "other", "minutes": 10},
    ]
    assert plans.faults(day_with(blocks=blocks), SMALL, RULES) == []


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"kind": "read", "chapter": "09_none"}, "there is no chapter 09_none"),
        ({"kind": "read", "chapter": "01_one", "sections": ["Third"]}, "01_one has no section 'Third'"),
        ({"kind": "exercise", "questions": ["01-z"]}, "there is no question 01-z"),
    ],
)
def test_a_plan_that_names_what_is_not_there(block, fault):
    assert plans.faults(day_with(blocks=[block]), SMALL, RULES) == [fault]


@pytest.mark.parametrize(("ends", "left"), [("10:30", "-10 minutes are left"), ("14:00", "200 minutes are left")])
def test_a_day_too_full_or_too_empty(ends, left):
    assert any(left in fault for fault in plans.faults(day_with(ends=ends), SMALL, RULES))


def test_a_week_by_hand():
    """Chapter one promises an hour, more than the rule's 17 minutes: 60 − 45 together + 60 − 12 in the lab."""
    week = plans.week(["01_one"], SMALL, RULES)
    assert (week.lab, week.at_home) == (["01-a"], pytest.approx(60 - 45 + 60 - 12))
    assert plans.week(["02_two"], SMALL, RULES).at_home == pytest.approx(31 - 45 + 60 - 50)
    assert plans.semester_faults(SMALL, RULES) == []


def test_a_semester_that_does_not_hold():
    short = RULES | {"rules": RULES["rules"] | {"most_hours_at_home": 1.0}}
    assert plans.semester_faults(SMALL, short) == ["week 1: 1.1 hours at home, expected at most 1.0"]
    rushed = RULES | {"semester": RULES["semester"] | {"lab_minutes": 10}}
    assert "week 2: no question fits into the lab" in plans.semester_faults(SMALL, rushed)
    less = RULES | {"semester": RULES["semester"] | {"weeks": [["01_one"]]}}
    assert "expected the chapters 01_one, 02_two" in plans.semester_faults(SMALL, less)[0]


def test_slower_chapters_make_a_longer_day(course):
    """The page's numbers follow from the timings: ten minutes more in a chapter move all that comes after it."""
    before = plan_pages.pages(course, DATA, TIMINGS)["half_day.md"]
    parts = course.parts["02_fusion"]
    slow = parts | {"The picture first": replace(parts["The picture first"], seconds=600.0)}
    after = plan_pages.pages(replace(course, parts=course.parts | {"02_fusion": slow}), DATA, TIMINGS)["half_day.md"]
    first, second = (re.findall(r"^\| (\d\d:\d\d) ", page, re.MULTILINE) for page in (before, after))
    assert first[:3] == second[:3]
    assert [plans.clock(b) - plans.clock(a) for a, b in zip(first[3:], second[3:], strict=True)] == [10] * len(
        first[3:]
    )


def test_every_day_of_the_plans_adds_up(course):
    for name in plans.DAYS:
        for day in DATA[name]["days"]:
            slots = plans.schedule(day, course, DATA)
            assert slots[0].begins == plans.clock(day["begins"])
            assert slots[-1].ends == plans.clock(day["ends"])
            assert all(a.ends == b.begins for a, b in itertools.pairwise(slots))
            said = plan_pages.sums(slots)
            *kinds, together = map(int, re.findall(r"\d+", said))
            assert sum(kinds) == together == slots[-1].ends - slots[0].begins, said


def test_timings_of_other_sections_are_refused():
    notebook = new_notebook(cells=[new_markdown_cell("# New"), new_code_cell("1")])
    with pytest.raises(material.NotMeasured, match=r"measure_chapters.py 01_one"):
        material.measured_parts("01_one", notebook, {"01_one": {"section_seconds": {"Old": 1.0}}})


def test_no_chapter_asks_for_a_gpu():
    """workshops/README.md says so."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "notebooks" / "src").glob("*.py")}
    assert not [name for name, text in texts.items() if re.search(r"cuda|\bmps\b|device *=", text)]


def test_notes_name_every_question_and_every_known_mistake_and_no_answer():
    pages = notes.pages(ROOT)
    for name, page in pages.items():
        for question in questions(name[:2]):
            assert f"`{question.id}`, `{question.signature}`" in page
            for wrong in question.wrong_answers:
                assert f"| {notes.cell(wrong.name)} | {notes.cell(wrong.hint)} |" in page
        assert not re.search(r"^\s*(def|return|import) ", page, re.MULTILINE), name
    assert len(pages) == 13


def test_notes_keep_tables_whole():
    assert notes.cell("a | b\nc") == "a \\| b c"


def test_links_of_the_kit_lead_somewhere():
    folder = ROOT / "workshops"
    for page in [*folder.glob("*.md"), *folder.glob("notes/*.md")]:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name} links to {link}"
