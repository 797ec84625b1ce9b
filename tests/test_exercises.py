"""The assignments: exercises/ follows from solutions/, a solution scores full marks, an untouched exercise nothing."""

import json

import nbformat
import pytest
from build_exercises import ReleaseFailed, release
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.utils import determine_grade
from notebook_tools import ROOT, clean, execute, kernel_environment, solutions, write

from mmcourse.grading import questions

ASSIGNMENTS = [path.parent.name for path in solutions()]
FULL_MARKS = 100

# Runs before an assignment's first cell: remembers what check() said, for the cell that runs after its last.
WATCH = """
import mmcourse.grading as _grading
_said, _check = {}, _grading.check
def _watched(question_id, *rest, **named):
    result = _check(question_id, *rest, **named)
    _said[question_id] = result.state
    return result
_grading.check = _watched
"""
TELL = "import json as _json\nprint(_json.dumps(_said))"


def run(path):
    """Execute an assignment. Returns {grade_id: (points, max points)} as nbgrader scores it, and check()'s states."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [new_code_cell(WATCH), *notebook.cells, new_code_cell(TELL)]
    with kernel_environment() as environment:
        execute(notebook, path.parent, environment, allow_errors=True)
    states = json.loads(notebook.cells[-1].outputs[0].text)
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    return {cell.metadata.nbgrader.grade_id: determine_grade(cell) for cell in graded}, states


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_assignment_has_its_folder():
    assert ASSIGNMENTS, "there is at least one"
    names = [path.relative_to(ROOT / "solutions").as_posix() for path in solutions()]
    assert names == [f"{name}/{name}.ipynb" for name in ASSIGNMENTS]


def test_exercises_follow_from_solutions(tmp_path):
    release(ROOT, tmp_path)
    expected, got = files(tmp_path), files(ROOT / "exercises")
    assert got.keys() == expected.keys()
    stale = [name for name in expected if got[name] != expected[name]]
    assert not stale, "made from an older solution: run `python scripts/build_exercises.py`"


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_solution_scores_full_marks_on_every_question(name):
    scores, states = run(ROOT / "solutions" / name / f"{name}.ipynb")
    expected = {question.id: question.points for question in questions(name[:2])}
    assert scores == {question: (points, points) for question, points in expected.items()}
    assert states == dict.fromkeys(expected, "right")
    assert sum(expected.values()) == FULL_MARKS


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_an_untouched_exercise_scores_nothing_and_says_so(name):
    scores, states = run(ROOT / "exercises" / name / f"{name}.ipynb")
    expected = {question.id: question.points for question in questions(name[:2])}
    assert scores == {question: (0, points) for question, points in expected.items()}
    assert states == dict.fromkeys(expected, "not attempted")


def nbgrader(name, **kind):
    metadata = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3} | kind
    return {"nbgrader": metadata | {"grade_id": name}}


@pytest.fixture
def course(tmp_path):
    """A course with one assignment of one question, solved wrongly and executed."""
    solution = "def answer():\n    ### BEGIN SOLUTION\n    return 41\n    ### END SOLUTION"
    check = 'from mmcourse.grading import check\ncheck("03-softmax", answer).points'
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Sample", metadata=nbgrader("text", locked=True)),
            new_code_cell(solution, metadata=nbgrader("03-softmax-solution", solution=True)),
            new_code_cell(check, metadata=nbgrader("03-softmax", grade=True, locked=True, points=10)),
        ]
    )
    path = tmp_path / "solutions" / "03_sample" / "03_sample.ipynb"
    path.parent.mkdir(parents=True)
    with kernel_environment() as environment:
        execute(notebook, path.parent, environment)
    write(clean(notebook), path)
    (path.parent / "data.csv").write_text("1,2\n")
    return tmp_path


def test_a_release_leaves_the_solution_out_and_is_repeatable(course):
    release(course, course / "first")
    release(course, course / "second")
    assert files(course / "first") == files(course / "second")
    assert set(files(course / "first")) == {"03_sample/03_sample.ipynb", "03_sample/data.csv"}
    notebook = nbformat.read(course / "first" / "03_sample" / "03_sample.ipynb", as_version=4)
    stub = notebook.cells[1].source
    assert "41" not in stub
    assert stub.endswith("raise NotImplementedError()")
    assert not notebook.cells[2].outputs


def test_a_stale_exercise_is_told_apart(course):
    release(course, course / "before")
    path = course / "solutions" / "03_sample" / "03_sample.ipynb"
    path.write_text(path.read_text().replace("# Sample", "# A better sample"))
    release(course, course / "after")
    assert files(course / "before") != files(course / "after")


def test_a_wrong_solution_does_not_score(course):
    scores, states = run(course / "solutions" / "03_sample" / "03_sample.ipynb")
    assert scores == {"03-softmax": (0, 10)}
    assert states["03-softmax"] not in {"right", "not attempted"}


def test_a_broken_assignment_is_refused_and_leaves_the_release_alone(course):
    release(course, course / "released")
    before = files(course / "released")
    path = course / "solutions" / "03_sample" / "03_sample.ipynb"
    path.write_text(path.read_text().replace("### END SOLUTION", "### THE END"))
    with pytest.raises(ReleaseFailed, match="03_sample"):
        release(course, course / "released")
    assert files(course / "released") == before
