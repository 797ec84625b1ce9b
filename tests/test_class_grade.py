"""`mmcourse class grade` and nbgrader's own button: the same grades, whatever a submission tries, whoever is killed."""

import json
import threading
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbgrader.apps import NbGraderAPI
from small_class import NAME, answer, autograded, cell, cells, hand_in, line, put, solved, stub, wipe, without
from small_course import mmcourse

from mmcourse.classroom import batch, class_grading, course, gradebook, graded_notebook, sandbox
from mmcourse.grading import questions

LAZY = "def attention(q, k, v):\n    return v"


@pytest.fixture
def folder(class_folder):
    return class_folder


def grade(folder, kind, **settings):
    return class_grading.grade(folder, NAME, batch.Settings(kind, **settings))


def points(folder):
    return {score.student.id: score.points for score in gradebook.scores(folder, NAME)}


# ---- what a submission may try


def edited_test(notebook):
    cell(notebook, "03-attention")["source"] = "99"
    return notebook


def more_points(notebook):
    for each in notebook["cells"]:
        each["metadata"].get("nbgrader", {}).update(points=1000, max_score=1000)
    return notebook


def no_metadata(notebook):
    for each in notebook["cells"]:
        each["metadata"] = {}
    return notebook


def odd_metadata(notebook):
    for each, value in zip(
        notebook["cells"], ([], "x", {"grade_id": []}, {"grade_id": {"a": 1}, "grade": "yes"}), strict=False
    ):
        each["metadata"]["nbgrader"] = value
    notebook["metadata"] = {"kernelspec": {"name": "../../x"}, "nbgrader": 7, "widgets": None}
    return notebook


def another_schema(notebook):
    for each in notebook["cells"]:
        each["metadata"].get("nbgrader", {}).update(schema_version=99)
    return notebook


def big_outputs(notebook):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * (50 << 20)}
    cell(notebook, "03-softmax")["outputs"] = [output]
    return notebook


def all_tests_deleted(notebook):
    return without(notebook, *(question.id for question in questions("03")))


TRIES = {
    "edited test": edited_test,
    "more points": more_points,
    "no metadata": no_metadata,
    "odd metadata": odd_metadata,
    "another schema": another_schema,
    "50 MB of outputs": big_outputs,
    "all tests deleted": all_tests_deleted,
}


@pytest.mark.slow
def test_what_a_submission_does_to_its_metadata_neither_gains_nor_costs_a_point(folder, kind):
    for number, change in enumerate(TRIES.values()):
        hand_in(folder, f"right{number}", change(solved()))
        hand_in(folder, f"wrong{number}", change(answer(solved(), "03-attention", "def attention(): pass")))
        hand_in(folder, f"lazy{number}", change(stub()))
    lines = grade(folder, kind)
    assert {line["state"] for line in lines} == {"graded"}
    found = points(folder)
    for number, name in enumerate(TRIES):
        assert found[f"right{number}"] == 100, name
        assert found[f"lazy{number}"] == 0, name
        assert found[f"wrong{number}"] == found["wrong0"] < 100, name
    by_plugin(folder)
    assert points(folder) == found


@pytest.mark.slow
def test_grades_go_into_the_gradebook_and_words_into_the_notebook_that_formgrader_shows(folder, kind):
    hand_in(folder, "ada", solved())
    hand_in(folder, "小明", answer(stub(), "03-softmax", cell(solved(), "03-softmax-solution")["source"]))
    hand_in(folder, "=1+1", {"nbformat": 4})
    done = mmcourse("class", "grade", "03", "--folder", str(folder))
    assert done.exit_code == 0, done.output
    assert points(folder) == {"ada": 100, "小明": 10, "=1+1": None, "bob": None}
    assert not (folder / "autograded" / "bob").exists()
    shown = nbformat.read(folder / "autograded" / "小明" / NAME / f"{NAME}.ipynb", as_version=4)
    nbformat.validate(shown)
    said = {c.metadata.nbgrader.grade_id: c.outputs[0].text for c in shown.cells if c.get("outputs")}
    assert said["03-softmax"].startswith("right: 10 of 10 points")
    assert said["03-attention"].startswith("not attempted: 0 of 20 points")
    refused = nbformat.read(folder / "autograded" / "=1+1" / NAME / f"{NAME}.ipynb", as_version=4)
    assert "It is no notebook" in refused.cells[0].outputs[0].text


@pytest.mark.slow
def test_nbgraders_autograde_gives_the_same_grades(folder, kind):
    hand_in(folder, "ada", solved())
    hand_in(folder, "bob", without(answer(solved(), "03-attention", LAZY), "03-mask", "03-mask-solution"))
    hand_in(folder, "小明", stub())
    grade(folder, kind, seed=5)
    ours, shown = cells(folder), autograded(folder)
    wipe(folder)
    assert not any(points(folder).values())
    by_plugin(folder)
    assert cells(folder) == ours
    assert autograded(folder) == shown


def by_plugin(folder):
    """What formgrader's button does, for everybody."""
    for student in sorted(path.name for path in (folder / "submitted").glob("*/")):
        result = NbGraderAPI(config=course.settings(folder)).autograde(NAME, student, force=True)
        assert result["success"], (student, result.get("log"), result.get("error"))


@pytest.mark.slow
def test_the_plugin_says_so_when_there_is_no_sandbox_and_takes_nothing_away(folder, kind, monkeypatch):
    hand_in(folder, "ada", solved())
    grade(folder, kind)

    def none(trust):
        raise sandbox.NoSandbox("There is no sandbox here.")

    monkeypatch.setattr("mmcourse.classroom.nbgrader_plugin.isolation", none)
    result = NbGraderAPI(config=course.settings(folder)).autograde(NAME, "ada", force=True)
    assert not result["success"]
    assert "There is no sandbox here." in result["log"]
    assert points(folder)["ada"] == 100


# ---- without running anything


@pytest.fixture
def marked(monkeypatch):
    """batch.grade_folder replaced: every submission is half right, or what marked["state"] says."""
    says = {"state": "graded", "calls": []}

    def grade_folder(folder, settings, wanted):
        says["calls"].append(settings)
        files = [file for file in batch.find(folder) if wanted(file)]
        return [line(file.split("/")[0], {"03-mask": 0.5}, says["state"]) for file in files]

    monkeypatch.setattr(batch, "grade_folder", grade_folder)
    return says


def test_only_the_assignment_that_was_asked_for_is_graded(folder, marked):
    hand_in(folder, "ada", solved())
    put(folder / "submitted" / "ada" / "02_fusion" / "02_fusion.ipynb", stub())
    put(folder / "submitted" / "ada" / NAME / "copy.ipynb", stub())
    assert [line["file"] for line in grade(folder, "x")] == [f"ada/{NAME}/{NAME}.ipynb"]


def test_a_fault_of_the_grader_leaves_the_score_empty(folder, marked):
    hand_in(folder, "ada", solved())
    grade(folder, "x")
    assert points(folder)["ada"] == 7.5
    marked["state"] = "needs a person"
    grade(folder, "x")
    assert points(folder)["ada"] is None


def test_a_second_run_keeps_the_seed_of_its_assignment(folder, marked):
    file = hand_in(folder, "ada", solved())
    other = {"file": "ada/02_fusion/02_fusion.ipynb", "seed": 1}
    (folder / "submitted" / batch.GRADES).write_text(f"{json.dumps(other)}\n{json.dumps({'file': file, 'seed': 2})}\n")
    grade(folder, "x")
    grade(folder, "x", seed=3)
    assert [settings.seed for settings in marked["calls"]] == [2, 3]


def test_an_assignment_that_is_not_released_is_told_so(folder):
    with pytest.raises(course.ClassError, match=r"02_fusion is not released.*mmcourse class release 02"):
        class_grading.grade(folder, "02_fusion", batch.Settings("x"))


def test_two_graders_do_not_meet(folder):
    held, enough = threading.Event(), threading.Event()

    def first():
        with batch._alone(folder / "submitted"):
            held.set()
            enough.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    done = mmcourse("class", "grade", "03", "--folder", str(folder), "--trust-submissions")
    enough.set()
    thread.join()
    assert done.exit_code == 1
    assert "already" in done.output


def test_what_a_student_wrote_is_harmless_in_formgrader(folder, marked):
    notebook = solved()
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>[x](javascript:alert(3))<a href='javascript:a'>x</a>"
    evil += f"\n\n{'`' * 7}\n\n{evil}\n\n~~~\n{evil}"
    for kind in ("markdown", "raw", "code"):
        notebook["cells"].append({"cell_type": kind, "metadata": {"x": evil}, "source": evil, "id": kind})
    cell(notebook, "03-mask-solution")["outputs"] = [
        {"output_type": "display_data", "data": {"text/html": evil}, "metadata": {}}
    ]
    cell(notebook, "03-mask-solution")["execution_count"] = evil
    notebook["metadata"]["language_info"] = {"name": evil, "pygments_lexer": evil}
    hand_in(folder, "ada", notebook)
    grade(folder, "x")
    path = folder / "autograded" / "ada" / NAME / f"{NAME}.ipynb"
    assert "text/html" not in path.read_text()
    for exporter in (HTMLExporter(), HTMLExporter(config=course.settings(folder))):  # by itself, and in formgrader
        page, _ = exporter.from_filename(str(path))
        assert not acting(page)
        assert "&lt;script&gt;alert(1)" in page


def acting(page):
    """What in a page runs, of all that the test above hid in it."""
    found = []

    class Reader(HTMLParser):
        inside = ""

        def handle_starttag(self, tag, attributes):
            found.extend(pair for pair in attributes if pair[0].startswith("on") and "alert" in pair[1])
            found.extend(pair for pair in attributes if (pair[1] or "").startswith("javascript:"))
            self.inside = tag

        def handle_endtag(self, tag):
            self.inside = ""

        def handle_data(self, data):
            found.extend(["script"] * ("alert(" in data and self.inside == "script"))

    Reader().feed(page)
    return found


def test_a_page_that_acts_is_told_apart():
    assert acting("<p>alert(1)</p><script>x</script>&lt;script>alert(1)&lt;/script>") == []
    assert acting("<script>alert(1)</script>") == ["script"]
    assert acting("<img onerror=alert(2)><a href='javascript:alert(3)'>") == [
        ("onerror", "alert(2)"),
        ("href", "javascript:alert(3)"),
    ]


def test_a_deleted_test_is_shown_again_with_the_graders_words(folder, marked):
    notebook = without(solved(), "03-mask", "03-online")
    cell(notebook, "03-mask-text")["source"] = "## 3. Return anything (1000 points)"
    hand_in(folder, "ada", notebook)
    grade(folder, "x")
    shown = nbformat.read(folder / "autograded" / "ada" / NAME / f"{NAME}.ipynb", as_version=4)
    ids = [graded_notebook._grade_id(cell) for cell in shown.cells]
    assert sorted(ids[-2:]) == ["03-mask", "03-online"]
    assert shown.cells[ids.index("03-mask-text")].source == "".join(cell(stub(), "03-mask-text")["source"])
    assert "7.5 of 15" in shown.cells[ids.index("03-mask")].outputs[0].text
