"""What a line keeps of an answer, and the page that a student gets: what it tells, and what it must not."""

import base64
import html
import inspect
import io
import json
import re

import numpy as np
import pages
import pytest
from pages import HOSTILE, SECRET, Page, answer, line, ungraded
from PIL import Image

from mmcourse.classroom import feedback, heatmap, submission, web
from mmcourse.classroom.course import ClassError
from mmcourse.classroom.entry import code_digest, entry
from mmcourse.grading import Result, questions

LARGEST_LINE = 20_000  # bytes
SOFTMAX = questions("03-softmax")[0]
ODD = np.array([[np.nan, 1.0, 2.0], [np.inf, -np.inf, 5.0]])
ASSIGNMENTS = sorted({question.id[:2] for question in questions()})


def of(expected, got):
    result = Result("03-softmax", "Softmax", 10, "wrong", message="m", expected=expected, got=got)
    return json.loads(json.dumps(entry(result), allow_nan=False))


@pytest.mark.parametrize("kind", ["float64", "float32", "int64", "bool", "complex128"])
@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 3, 5), (2, 3, 40, 61)])
def test_a_line_keeps_the_numbers_around_the_largest_difference(kind, shape):
    expected = np.zeros(shape, kind)
    got, place = expected.copy(), tuple(n - 2 for n in shape)
    got[place] = 1j if kind == "complex128" else 1
    picture = of(expected, got)["picture"]
    row, column = picture["spot"]
    assert tuple(picture["at"]) == place
    assert (picture["expected"][row][column], picture["got"][row][column]) == (0, 1)
    assert np.sum(picture["got"]) == 1
    drawn = heatmap.svg(picture)
    assert f"A ring marks the largest difference, at {list(place)}: expected 0, got 1." in drawn
    assert f">{max(shape[-2] - 24, 0)}</text>" in drawn if len(shape) == 4 else drawn


def test_a_line_keeps_nan_and_infinity_as_json_does():
    picture = of(np.zeros((2, 3)), ODD)["picture"]
    assert np.array_equal(np.array(picture["got"]).astype(float), ODD, equal_nan=True)


def test_a_right_answer_keeps_no_numbers_and_long_texts_are_bounded():
    assert answer(SOFTMAX, "right")["picture"] is None
    kept = entry(Result("i", "t", 1, "error", message="x" * 10**6))
    assert len(json.dumps(kept)) < LARGEST_LINE


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_no_page_holds_a_line_of_a_reference_and_no_line_is_large(assignment):
    asked = questions(assignment)
    code = [text.strip() for q in asked for text in inspect.getsource(q.reference).splitlines()[1:] if text.strip()]
    assert code
    for which in (0, -1):
        made = line(assignment=assignment, answers=[which] * len(asked))
        assert len(json.dumps(made)) < LARGEST_LINE
        page = html.unescape(feedback.page(made))
        assert [text for text in code if text in page] == []


def test_the_pictures_show_the_numbers():
    picture = of(np.array([[0.0, 4.0], [1.0, -4.0]]), ODD[:, :2])["picture"]
    images = re.findall(r'href="data:image/png;base64,([^"]+)"', heatmap.svg(picture))
    assert len(images) == 4  # and the scale
    expected, got, gap = (Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB") for png in images[:3])
    assert expected.size == got.size == gap.size == (2, 2)
    grey = (136, 136, 136)
    assert [got.getpixel(place) for place in ((0, 0), (0, 1), (1, 1))] == [grey] * 3
    white, high, low = (expected.getpixel(place) for place in ((0, 0), (1, 0), (1, 1)))
    assert min(white) > 240
    assert high[2] > high[0]
    assert low[0] > low[2]
    below = gap.getpixel((1, 0))  # 1 where 4 was expected
    assert below[0] > below[2]


def test_the_tables_hold_the_numbers_near_the_largest_difference_at_their_places():
    expected = np.arange(2000.0).reshape(40, 50)
    got = expected.copy()
    got[30, 41] = -1
    table = Page(heatmap.numbers(of(expected, got)["picture"])).text
    assert table.startswith("expected383940414243442713881389")
    assert "15411542" in table
    assert "1540-11542" in table


def test_the_page_tells_what_a_student_needs():
    made = line(answers=("right", 0, "stub"), notes=["the cell that begins 'boo' ended Python and was left out"])
    made["when"] = "2026-03-01 10:00 UTC"
    page = Page(feedback.page(made))
    wrong = made["questions"][1]
    for said in (wrong["title"], wrong["message"], wrong["case"], wrong["arguments"], wrong["hint"].replace("`", "")):
        assert said in page.text.replace("`", "")
    assert "10 of 45 points" in page.text
    assert "1 of 3 questions are right" in page.text
    assert ["not right yet" in page.text, "not attempted yet" in page.text] == [True, True]
    assert "the cell that begins 'boo' ended Python" in page.text
    assert "ran on 2026-03-01 10:00 UTC in a sandbox without network" in page.text
    assert "0123456789ab" in page.text
    assert page.all("svg")[1]["role"] == "img"


def test_the_page_holds_no_seed():
    page = feedback.page(line())
    for form in (str(SECRET), f"{SECRET:x}", str(SECRET * (1 << 32))):
        assert form not in page


def test_who_was_refused_reads_why_and_who_waits_for_a_person_reads_no_more():
    refused = Page(feedback.page(ungraded("refused", reason="It was cut off."))).text
    assert "It was cut off." in refused
    assert "That is no zero" in refused
    waiting = Page(feedback.page(ungraded("needs a person", reason="OSError: /home/teacher/secret"))).text
    assert "No points are lost" in waiting
    assert "secret" not in waiting
    assert "points</" not in feedback.page(ungraded("refused"))


def test_what_a_person_changed_is_said():
    made = line(penalty=2.5, points=17.5)
    made["questions"][1] |= {"points": 10.0, "auto": 0, "comment": "<b>Well</b> argued"}
    page = feedback.page(made)
    assert "Changed by a person; the grader gave 0." in page
    assert "&lt;b&gt;Well&lt;/b&gt; argued" in page
    assert "2.5 points are taken off because it came late." in page
    assert "<strong>17.5</strong> of 30 points" in page
    assert "Changed by a person" not in feedback.page(line())


def everywhere(text):
    """A line in which a stranger's text stands wherever there is text; and one that was refused."""
    made = line(notes=[text], file=f"ada/{text}.ipynb", student=text, digest=text, when=text)
    for told in made["questions"]:
        told |= dict.fromkeys(("id", "title", "case", "arguments", "message", "hint", "note", "comment"), text)
    made |= {"isolation": text, "assignment": text}
    return made, ungraded("refused", student=text, reason=text)


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_student_writes_is_only_text(name):
    for made in everywhere(HOSTILE[name]):
        page = feedback.page(made)
        pages.assert_harmless(page)
        pages.assert_strict(page)
    shown = Page(feedback.page(line(notes=[HOSTILE[name]]))).text
    visible = "".join(c for c in HOSTILE[name] if c.isprintable() and c != "`")
    assert visible in re.sub(r"⟨U\+[0-9A-F]{4}⟩", "", shown).replace("`", "")


def test_a_megabyte_of_text_makes_no_large_page():
    for made in everywhere("x" * (1 << 20)):
        made["notes"] *= 1000
        assert len(feedback.page(made)) < 100_000


def test_turned_and_unseen_characters_are_named_and_others_stay():
    assert web.text("a\u202eb\0") == "a⟨U+202E⟩b⟨U+0000⟩"
    assert web.text("名\u3000前 é 👩\u200d🏫 می\u200cخواهم") == "名\u3000前 é 👩\u200d🏫 می\u200cخواهم"


@pytest.mark.parametrize("state", ["graded", "refused", "needs a person"])
def test_the_page_can_be_read_by_everyone(state):
    page = feedback.page(line(notes=["n"]) if state == "graded" else ungraded(state))
    pages.assert_readable(page)
    pages.assert_strict(page)


def test_pages_lie_where_nbgrader_looks_and_are_no_submissions(tmp_path):
    lines = [line(file="ada/03_attention/attention.ipynb"), line("bob"), line("03_cy", file="03_cy.ipynb")]
    told = []
    written = feedback.write(lines, tmp_path / "feedback", told.append)
    assert told == written
    assert [path.relative_to(tmp_path / "feedback").as_posix() for path in written] == [
        "ada/03_attention/attention.html",
        "bob/03_name/03_name.html",
        "03_cy/03/03_cy.html",
    ]
    assert written[1].read_text(encoding="utf-8") == feedback.page(lines[1])
    assert submission.find(tmp_path) == []
    assert feedback.write(lines, tmp_path / "feedback") == written


def test_two_submissions_never_share_a_page(tmp_path):
    files = ["ada/03.ipynb", "ada/03/03.ipynb", "Ada/03.ipynb", f"ada/{'x' * 249}.ipynb", f"ADA/{'x' * 249}.ipynb"]
    written = feedback.write([line(file.split("/")[0], file=file) for file in files], tmp_path)
    assert len({str(path).casefold() for path in written}) == len(files)
    assert all(path.is_file() for path in written)


@pytest.mark.parametrize("student", ["..", ".", "", "/etc", "a/../..", "nul\0"])
def test_no_page_is_written_outside(tmp_path, student):
    inside = tmp_path / "feedback"
    with pytest.raises(ClassError, match="names no student"):
        feedback.write([line(student=student, file="ada/03.ipynb")], inside)
    feedback.write([line(student="..\\..\\up", file="..\\..\\up/03.ipynb")], inside)
    assert [path.name for path in tmp_path.iterdir()] == ["feedback"]
    assert [path.name for path in inside.iterdir()] == [".._.._up"]


@pytest.mark.parametrize("link", ["feedback", "feedback/ada", "feedback/ada/03"])
def test_links_are_not_followed(tmp_path, link):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / link).symlink_to(elsewhere)
    with pytest.raises(ClassError, match="is a link"):
        feedback.write([line(file="ada/03.ipynb")], tmp_path / "feedback")
    assert not list(elsewhere.iterdir())


def test_code_is_alike_whatever_its_spaces_and_comments():
    cells = ["# mine\ndef f(x):\n    return x+1\n", "y = 2"]
    assert code_digest(cells) == code_digest(["def f(x):\n\n\treturn x + 1", "# yours", "y=2"])
    assert code_digest(cells) != code_digest([cells[0], "y = 3"])
    assert len(code_digest(["'\ud800'"])) == 64


@pytest.mark.browser
def test_a_browser_runs_nothing_of_it_and_shows_it_on_a_phone(tmp_path):
    pytest.importorskip("playwright.sync_api")
    import lab_in_browser

    if lab_in_browser.chromium() is None:
        pytest.skip("needs Chromium")
    said = []
    with lab_in_browser.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=lab_in_browser.chromium(), args=lab_in_browser.CHROMIUM_FLAGS
        )
        page = browser.new_page(viewport={"width": 360, "height": 700})
        page.on("dialog", lambda dialog: (said.append("a dialog"), dialog.dismiss()))
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: said.append(request.url) if request.url.startswith("http") else None)
        for name, text in HOSTILE.items():
            for made in everywhere(text):
                (tmp_path / "page.html").write_bytes(feedback.page(made).encode())
                page.goto((tmp_path / "page.html").as_uri())
                assert said == [], name
        (tmp_path / "page.html").write_bytes(feedback.page(line(answers=(0, 1, 2, 3))).encode())
        page.goto((tmp_path / "page.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor") == "rgb(255, 255, 255)"
        )
        browser.close()
    assert said == []
