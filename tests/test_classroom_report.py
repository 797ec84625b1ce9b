"""What a class adds up to, and the page about it: figures counted by hand, nothing of a stranger's but text."""

import re
import signal
from pathlib import Path
from urllib.parse import unquote

import pages
import pytest
from pages import HOSTILE, Page, line, ungraded

from mmcourse.classroom import absence, command, progress, report
from mmcourse.classroom import report_figures as figures
from mmcourse.classroom.course import ClassError
from mmcourse.grading import questions

SOFTMAX, ATTENTION = questions("03")[:2]
BORROWED = (
    "the cell that begins 'x': NotWhileGrading: mmcourse.layers is not there while your notebook is graded: write"
)


def crowd():
    """Ten submissions of the first two questions, 10 and 20 points."""
    answers = [("right", "right")] * 3 + [(0, "right")] * 2 + [("right", 1)] * 3 + [("stub", "stub")] * 2
    return [line(f"student{i}", answer, code=f"{i}") for i, answer in enumerate(answers)]


def test_states_are_counted_for_each_question():
    counted = figures.states(crowd())
    assert counted[SOFTMAX.id, SOFTMAX.title, 10] == {"right": 6, "wrong": 2, "not attempted": 2}
    assert counted[ATTENTION.id, ATTENTION.title, 20]["right"] == 5


def test_mistakes_are_told_apart_counted_and_named():
    first, second = figures.mistakes(crowd())
    assert (first.question, first.count, first.points) == (ATTENTION.id, 3, 60)
    assert (second.question, second.count, second.points) == (SOFTMAX.id, 2, 20)
    assert first.hint == ATTENTION.wrong_answers[1].hint
    assert first.known_as == ATTENTION.wrong_answers[1].name
    assert second.known_as == SOFTMAX.wrong_answers[0].name


def test_the_topics_are_what_cost_most_and_what_is_blank_is_said_once():
    topics = figures.topics(crowd())
    assert [(topic.question, topic.state, topic.count) for topic in topics] == [
        (ATTENTION.id, "wrong", 3),
        (ATTENTION.id, "not attempted", 2),
        (SOFTMAX.id, "wrong", 2),
    ]
    assert figures.topics([crowd()[3]]) == []


def test_of_two_that_cost_the_same_the_known_mistake_is_told_first():
    lines = [line(f"s{i}", ("right", answer), code=f"{i}") for i, answer in enumerate(("stub", "stub", 1, 1))]
    assert [topic.state for topic in figures.topics(lines)] == ["wrong", "not attempted"]


def test_who_wrote_nothing_at_all_is_named_to_the_teacher():
    lines = [line("ada", ("stub", "right")), line("bob", ("stub", "stub")), ungraded("refused")]
    assert [one["student"] for one in figures.untouched(lines)] == ["bob"]
    assert "Nothing written" in Page(report.html(lines)).text
    assert "Nothing written" not in Page(report.html(lines[:1])).text


def test_a_mistake_that_nobody_knows_is_told_by_the_case_that_fails_most_often():
    lines = [line(f"s{i}", (0,)) for i in range(3)]
    for made, case in zip(lines, ("one", "two", "two"), strict=True):
        made["questions"][0] |= {"hint": "", "case": case}
    assert figures.topics(lines)[0].case == "two"
    assert "No known mistake explains it. The case that fails most often is “two”." in Page(report.html(lines)).text


def test_an_error_and_a_wrong_value_are_two_causes_unless_one_mistake_explains_both():
    lines = [line(f"s{i}", (0,)) for i in range(4)]
    for made, state in zip(lines, ("wrong", "error", "error", "wrong"), strict=True):
        made["questions"][0]["state"] = state
    assert [cause.count for cause in figures.causes(lines)] == [4]
    for made in lines[:3]:
        made["questions"][0]["hint"] = ""
    assert [(cause.state, cause.count) for cause in figures.causes(lines)] == [("error", 2), ("wrong", 1), ("wrong", 1)]


def test_alike_is_code_that_students_share_and_not_the_stub_that_all_were_given():
    shared = [line(name, (0, "right"), code="same") for name in ("ada", "bob")]
    own = line("cy", (0, "right"), code="own")
    stubs = [line(name, ("stub", "stub"), code="stub") for name in ("eve", "fay")]
    twice = [line("gus", (0, 0), code="gus"), line("gus", (0, 0), code="gus", file="gus/03_again.ipynb")]
    without = [line("hal", (0, 0)), line("ina", (0, 0))]
    assert figures.alike([*shared, own, *stubs, *twice, *without]) == [shared]
    assert figures.several([*shared, own, *twice]) == [twice]


def test_who_calls_the_courses_own_answer_is_found_in_notes_and_in_messages():
    noted, told, honest = line("ada", notes=[BORROWED]), line("bob"), line("cy")
    told["questions"][1]["message"] = BORROWED
    assert figures.borrowed([noted, told, honest]) == [noted, told]
    with pytest.raises(absence.NotWhileGrading, match=figures.BORROWED):
        absence.Absence("mmcourse.layers.scratch.softmax")()


def test_the_slowest_come_first_and_the_quick_are_not_named():
    lines = [line(f"s{i}", seconds=float(i)) for i in range(12)]
    assert [made["seconds"] for made in figures.slowest([*lines, ungraded("refused")])] == [11, 10, 9, 8, 7]
    assert figures.slowest(lines[:5]) == []


def test_the_histogram_counts_everybody_once():
    points = [0, 9.9, 10, 55, 99, 100, 100]
    lines = [line(f"s{i}", ()) | {"points": value, "max": 100} for i, value in enumerate(points)]
    page = report.html(lines)
    assert "0 to 10: 2; 10 to 20: 1; 20 to 30: 0;" in page
    assert "50 to 60: 1;" in page
    assert "90 to 100: 3." in page
    counts = re.findall(r'class="count">(\d+)<', page)
    assert sum(map(int, counts)) == len(points)
    heights = [float(height) for height in re.findall(r'height="([\d.]+)" class="column"', page)]
    assert heights[0] == pytest.approx(heights[-1] * 2 / 3, abs=0.1)


@pytest.mark.parametrize("lines", [[], [line(answers=())], [ungraded("refused")], [line(points=-3)]])
def test_odd_classes_have_a_report(lines):
    page = report.html(lines)
    pages.assert_readable(page)
    assert f"{len(lines)} submissions" in Page(page).text
    assert report.summary(lines)


def whole_class():
    said = "the cell that begins 'boo' ended Python and was left out"
    return [
        *crowd(),
        line("nora", (0, 0), code="1", notes=[BORROWED], seconds=44.0),
        line("zoe7", (0, 0), code="1", notes=[said]),
        line("zoe7", (0, 0), file="zoe7/03_more.ipynb"),
        ungraded("refused", "pia", reason="It was cut off.", assignment=""),
        ungraded("needs a person", "quin", reason="The grader failed: hiccup"),
    ]


def test_the_page_tells_a_teacher_all_of_it():
    page = report.html(whole_class())
    seen = Page(page).text
    for said in (
        "15 submissions: 13 graded, 1 needs a person, 1 refused.",
        "Three things to talk about",
        "From 0 to 30 of 30 points; the median is 10.",
        "pia/03_name.ipynb: It was cut off.",
        "quin/03_name.ipynb: The grader failed: hiccup",
        "nora/03_name.ipynb: 44 s",
        "That is a reason to talk, not a proof",
        "nora/03_name.ipynb, zoe7/03_name.ipynb",
        "zoe7/03_name.ipynb, zoe7/03_more.ipynb",
        "zoe7/03_name.ipynb: the cell that begins 'boo' ended Python and was left out",
        "Isolation in force: bubblewrap.",
        ATTENTION.wrong_answers[1].name,
    ):
        assert said in seen
    pages.assert_readable(page)
    pages.assert_strict(page)


def test_what_may_be_shown_in_class_names_nobody_and_no_seed_is_told():
    page = report.html(whole_class())
    public, private = page.split("For the teacher only")
    names = {made["student"] for made in whole_class()}
    assert [name for name in names if name in public] == []
    assert [name for name in names if name not in private] == []
    assert str(pages.SECRET) not in page


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_student_writes_is_only_text(name):
    text = HOSTILE[name]
    made = [line(text, (0, 0), code="a", notes=[f"{text} was left out"], seconds=9.0) for _ in range(3)]
    for told in (told for one in made for told in one["questions"]):
        told |= dict.fromkeys(("id", "title", "case", "message", "hint"), text)
    for i, one in enumerate(made):
        one |= {"assignment": text, "isolation": text, "student": text + "x" * i}
    lost = [ungraded(state, text, reason=text) for state in ("refused", "needs a person")]
    page = report.html([*made, *lost])
    pages.assert_harmless(page)
    pages.assert_strict(page)
    pages.assert_readable(page)


def test_pages_are_written_beside_each_other_and_the_links_lead_there(tmp_path):
    names = ["ada", "javascript:alert(1)", "a b%20c#d?e", "<b>", "名前", "half\udcff"]
    written = report.write_pages([line(name) for name in names], tmp_path)
    assert written[0] == tmp_path / "report.html"
    page = written[0].read_text(encoding="utf-8")
    links = [a["href"] for a in Page(page).all("a")]
    assert [tmp_path / unquote(link, errors="surrogateescape") for link in links] == written[1:]
    assert all(path.is_file() for path in written)
    assert report.write_pages([line(name) for name in names], tmp_path) == written


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "feedback").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ClassError, match="is a link"):
        report.write_pages([line()], tmp_path)
    assert not list(Path(tmp_path / "elsewhere").iterdir())


def test_the_command_writes_table_report_and_pages(tmp_path, monkeypatch, capsys):
    lines = whole_class()
    monkeypatch.setattr(command, "isolation", lambda trust: "bubblewrap")
    monkeypatch.setattr(command.batch, "grade_folder", lambda *_, **__: lines)
    assert command.grade(tmp_path, None, False, 1, 60.0, False) == 3
    said = capsys.readouterr().out
    assert "15 submissions: 13 graded" in said
    assert f"Wrote {tmp_path / 'grades.csv'}, {tmp_path / 'report.html'}" in said
    assert len(list(tmp_path.glob("feedback/*/*/*.html"))) == len(lines)
    assert (tmp_path / "grades.csv").is_file()
    (tmp_path / "feedback").rename(tmp_path / "moved")
    (tmp_path / "feedback").symlink_to(tmp_path / "moved")
    assert command.grade(tmp_path, None, False, 1, 60.0, False) == 1
    assert "is a link. Remove it" in capsys.readouterr().err


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_folder_without_notebooks_is_told_so_and_gets_no_report(tmp_path, monkeypatch, capsys, dry_run):
    (tmp_path / "letter.txt").touch()
    monkeypatch.setattr(command, "isolation", lambda trust: "bubblewrap")
    assert command.grade(tmp_path, None, dry_run, 1, 60.0, False) == 1
    assert "holds no notebooks. Expected STUDENT/03_attention.ipynb" in capsys.readouterr().err
    assert not [*tmp_path.glob("report*"), *tmp_path.glob("*.csv")]


def test_one_submission_is_not_many():
    assert report.summary([line("ada", ("right",))]).startswith("1 submission: 1 graded\n")


def test_ctrl_c_is_answered_at_once_and_says_that_nothing_is_lost(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), progress.shown("grading"):
        signal.raise_signal(signal.SIGINT)
    assert re.fullmatch(r"Stopping, as soon as .*\nStopped\. What is graded is kept.*\n", capsys.readouterr().err)
    assert signal.getsignal(signal.SIGINT) == before
