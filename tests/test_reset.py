"""`mmcourse reset`: it restores what was released, says what that is, and loses nothing."""

import shutil
from datetime import date
from pathlib import Path

import nbformat
import pytest
import small_course
from small_course import CHAPTER, TEXT, git, mmcourse

from mmcourse import places, restore

MINE = "my own work"
ASIDE = f"03_attention.yours-{date.today()}"


@pytest.fixture
def course(tmp_path, monkeypatch):
    return small_course.make(tmp_path, monkeypatch)


def test_reset_restores_the_committed_chapter_and_keeps_the_learners(course):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)
    result = mmcourse("reset", "03")
    assert result.exit_code == 0
    assert chapter.read_bytes() == CHAPTER
    assert (course / f"notebooks/{ASIDE}.ipynb").read_text() == MINE
    assert f"Your copy is {ASIDE}.ipynb" in result.output


def test_a_second_reset_on_the_same_day_overwrites_no_copy(course):
    chapter = course / "notebooks/03_attention.ipynb"
    for work in ("first", "second", "third"):
        chapter.write_text(work)
        restore.restore_chapter("03")
    names = [ASIDE, f"{ASIDE}-2", f"{ASIDE}-3"]
    assert [(course / f"notebooks/{n}.ipynb").read_text() for n in names] == ["first", "second", "third"]


def test_reset_of_an_untouched_chapter_changes_nothing(course):
    assert "Your copy" not in mmcourse("reset", "03").output
    assert [p.name for p in (course / "notebooks").glob("*.ipynb")] == ["03_attention.ipynb"]


def test_reset_of_a_deleted_chapter_brings_it_back(course):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.unlink()
    restored = restore.restore_chapter("03_attention")
    assert [(r.path, r.kept) for r in restored] == [(chapter, None)]
    assert chapter.read_bytes() == CHAPTER


@pytest.mark.parametrize("reason", ["text is newer", "no git"])
def test_reset_rebuilds_a_chapter_from_its_text(course, monkeypatch, reason):
    if reason == "no git":
        monkeypatch.setenv("PATH", "")
    else:
        (course / "notebooks/src/03_attention.py").write_text(TEXT.replace('"a"', '"b"'))
    output = mmcourse("reset", "03").output
    notebook = nbformat.read(course / "notebooks/03_attention.ipynb", as_version=4)
    assert notebook.cells[-1].source == ('print("a")' if reason == "no git" else 'print("b")')
    assert notebook.cells[-1].outputs == []
    assert notebook.metadata.kernelspec.name == "python3"
    assert "Its outputs return when you run it." in output


def test_reset_without_git_and_text_says_what_to_do(course, monkeypatch):
    (course / "notebooks/src/03_attention.py").unlink()
    monkeypatch.setenv("PATH", "")
    result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "Nothing was changed. Clone the course again" in result.output
    assert (course / "notebooks/03_attention.ipynb").exists()


@pytest.mark.parametrize("name", ["3", "03", "03_att", "03_attention", "notebooks/03_attention.ipynb"])
def test_ways_to_name_a_chapter(name):
    assert places.the_one(name, {"00_start_here", "03_attention", ASIDE}, "chapter") == "03_attention"


@pytest.mark.parametrize("name", ["07", "", "attention", "3x"])
def test_an_unknown_or_ambiguous_name_lists_what_there_is(name):
    with pytest.raises(places.NoSuchName, match=r"00_start_here, 03_attention\."):
        places.the_one(name, {"00_start_here", "03_attention", ASIDE}, "chapter")


def test_an_ambiguous_name_lists_only_what_it_could_be():
    with pytest.raises(places.NoSuchName, match=r"any of: 03_a, 03_b\. Write a little more"):
        places.the_one("03", {"03_a", "03_b", "04_c"}, "chapter")


def test_reset_exercise_restores_every_notebook_of_the_assignment(course):
    folder = course / "exercises/03_attention"
    folder.joinpath("attention.ipynb").write_text(MINE)
    folder.joinpath("more.ipynb").unlink()
    assert mmcourse("reset", "03", "--exercise").exit_code == 0
    assert folder.joinpath("attention.ipynb").read_text() == '{"released": 1}'
    assert folder.joinpath("more.ipynb").read_text() == '{"released": 2}'
    assert folder.joinpath(f"attention.yours-{date.today()}.ipynb").read_text() == MINE


def solution(course, text="return 1"):
    """A solution notebook with nbgrader's marks."""
    marks = {"grade": False, "grade_id": "q", "locked": False, "schema_version": 3, "solution": True, "task": False}
    cell = nbformat.v4.new_code_cell(f"def f():\n    ### BEGIN SOLUTION\n    {text}\n    ### END SOLUTION")
    cell.metadata["nbgrader"] = marks
    kernel = {"kernelspec": restore.KERNELSPEC}
    path = course / "solutions/03_attention/attention.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), path)


@pytest.mark.slow
@pytest.mark.parametrize("committed", [True, False])
def test_reset_exercise_releases_it_anew_even_where_your_own_copy_is_committed(course, committed):
    solution(course)
    exercise = course / "exercises/03_attention/attention.ipynb"
    exercise.write_text(MINE)
    if committed:
        git(course, "commit", "-q", "-a", "-m", "my work")
    else:
        shutil.rmtree(course / ".git")
    result = mmcourse("reset", "03", "--exercise")
    source = nbformat.read(exercise, as_version=4).cells[0].source
    assert "return 1" not in source
    assert "raise NotImplementedError" in source
    assert exercise.with_name(f"attention.yours-{date.today()}.ipynb").read_text() == MINE
    assert "attention.ipynb is as released." in result.output
    assert "Its outputs return when you run it." in result.output


@pytest.mark.slow
def test_a_second_reset_of_an_exercise_changes_nothing(course):
    solution(course)
    restore.restore_exercise("03")
    assert [restored.kept for restored in restore.restore_exercise("03")] == [None]


@pytest.mark.slow
def test_another_assignment_that_cannot_be_released_is_not_in_the_way(course):
    solution(course)
    other = course / "solutions/04_gan/04_gan.ipynb"
    other.parent.mkdir()
    other.write_text("no notebook")
    restore.restore_exercise("03")
    assert "NotImplementedError" in (course / "exercises/03_attention/attention.ipynb").read_text()


def test_reset_exercise_from_git_says_that_it_may_hold_your_own_work(course):
    exercise = course / "exercises/03_attention/attention.ipynb"
    exercise.write_text(MINE)
    git(course, "commit", "-q", "-a", "-m", "my work")
    output = mmcourse("reset", "03", "--exercise").output
    assert "as released" not in output
    assert "attention.ipynb is as in git's last commit" in output


def test_reset_exercise_without_git_and_solution_says_what_to_do(course):
    shutil.rmtree(course / ".git")
    result = mmcourse("reset", "03", "--exercise")
    assert result.exit_code == 1
    assert "Nothing was changed. Run `make setup`" in result.output


def test_a_full_disk_loses_nothing(course, monkeypatch):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(restore.os, "fsync", full)
    result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "No space left on device. Your copy is as it was." in result.output
    assert chapter.read_text() == MINE
    assert [p.name for p in Path(chapter.parent).iterdir() if p.is_file()] == ["03_attention.ipynb"]


def test_a_notebook_that_cannot_be_read_stays_where_it_is(course, monkeypatch):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)
    read = Path.read_bytes

    def refuse(path):
        if path == chapter:
            raise PermissionError(13, "Permission denied")
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refuse)
        result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "03_attention.ipynb could not be read or replaced: Permission denied" in result.output
    assert "Your copy is as it was." in result.output
    assert chapter.read_text() == MINE
    assert [p.name for p in Path(chapter.parent).iterdir() if p.is_file()] == ["03_attention.ipynb"]


@pytest.mark.parametrize("fails", ["rename", "replace"])
def test_a_step_that_fails_half_way_is_taken_back(course, monkeypatch, fails):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_text(MINE)

    def locked(*paths):
        raise PermissionError(13, "used by another program")

    with monkeypatch.context() as patch:
        patch.setattr(*((Path, "rename") if fails == "rename" else (restore.os, "replace")), locked)
        result = mmcourse("reset", "03")
    assert result.exit_code == 1
    assert "used by another program. Your copy is as it was." in result.output
    assert chapter.read_text() == MINE
    assert [p.name for p in Path(chapter.parent).iterdir() if p.is_file()] == ["03_attention.ipynb"]


@pytest.mark.parametrize("damage", [b"{", b"\xff\xfe", b"[1]", b"{}"])
def test_a_committed_chapter_that_is_no_notebook_is_built_from_its_text(course, damage):
    chapter = course / "notebooks/03_attention.ipynb"
    chapter.write_bytes(damage)
    git(course, "commit", "-q", "-a", "-m", "damaged")
    assert mmcourse("reset", "03").exit_code == 0
    assert nbformat.read(chapter, as_version=4).cells[-1].source == 'print("a")'
    assert (course / f"notebooks/{ASIDE}.ipynb").read_bytes() == damage
