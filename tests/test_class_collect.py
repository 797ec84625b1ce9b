"""Collecting downloads: whose a submission is, which one counts, and that no link is followed."""

import json
import os
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_class import NAME, collect, put, solved, states, stub, submitted
from small_course import mmcourse

from mmcourse.classroom import course, gradebook
from mmcourse.classroom.roster import Student


@pytest.fixture
def folder(class_folder):
    return class_folder


@pytest.fixture
def downloads(tmp_path):
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads"


def dated(path, when):
    os.utime(path, (when.timestamp(), when.timestamp()))


# ---- downloads


@pytest.mark.parametrize(
    ("place", "student"),
    [
        ("ada/03_attention.ipynb", "ada"),
        ("ada/03_attention/03_attention.ipynb", "ada"),
        ("ada.ipynb", "ada"),
        ("Ada.ipynb", "ada"),
        ("ada_03_attention.ipynb", "ada"),
        ("小明/任务.ipynb", "小明"),
        ("Ada Birch_12345_assignsubmission_file_/my work.ipynb", "ada"),
        ("Birch Ada_12345_assignsubmission_file_03_attention.ipynb", "ada"),
        ("birchada_4711_99_03_attention.ipynb", "ada"),
        ("birchada_LATE_4711_99_03_attention-2.ipynb", "ada"),
        ("anothername_4711_99_x.ipynb", "ada"),
        ("birchada_5_99_x.ipynb", "ada"),
        ("王小明_7_assignsubmission_file_/x.ipynb", "小明"),
        ("=1+1/x.ipynb", "=1+1"),
    ],
)
def test_a_download_finds_its_student(folder, downloads, place, student):
    put(downloads / place, solved())
    assert states(collect(folder, downloads)) == {place: "collected"}
    assert submitted(folder) == [f"{student}/{NAME}/{NAME}.ipynb"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mallory/03_attention.ipynb", "'mallory' is not in the class"),
        ("Mallory_5_assignsubmission_file_Ada Birch_6_assignsubmission_file_x.ipynb", "is called 'Mallory'"),
        ("mallory_5_99_ada_03_attention.ipynb", "nobody in the class is called 'mallory'"),
        ("03_attention.ipynb", "nobody in the class is called '03_attention'"),
        ("adam_03_attention.ipynb", "nobody in the class is called 'adam_03_attention'"),
    ],
)
def test_a_stranger_is_refused_by_name(folder, downloads, place, said):
    put(downloads / place, solved())
    (outcome,) = collect(folder, downloads).values()
    assert outcome.state == "refused"
    assert said in outcome.words
    assert submitted(folder) == []


def test_a_disk_that_writes_accents_apart_still_names_the_student(folder, downloads):
    gradebook.enrol(folder, [Student("josé", "García", "José")])
    for place in ("josé/x.ipynb", "García José_1_assignsubmission_file_/x.ipynb"):
        put(downloads / unicodedata.normalize("NFD", place), solved())
    assert sorted(states(collect(folder, downloads)).values()) == ["collected", "older"]
    assert submitted(folder) == [f"josé/{NAME}/{NAME}.ipynb"]


def test_two_students_of_one_name_are_not_guessed_between(folder, downloads):
    gradebook.enrol(folder, [Student("ada2", "Birch", "Ada")])
    put(downloads / "Ada Birch_1_assignsubmission_file_" / "x.ipynb", solved())
    (outcome,) = collect(folder, downloads).values()
    assert outcome.words == "'Ada Birch' could be any of 'ada', 'ada2'."
    put(downloads / "birchada_4711_1_x.ipynb", solved())
    assert "collected" in states(collect(folder, downloads)).values(), "but by their number"


def test_the_newest_counts_and_what_was_there_is_kept(folder, downloads):
    old, new = put(downloads / "ada" / "first.ipynb", stub()), put(downloads / "ada" / "second.ipynb", solved())
    dated(old, datetime(2026, 3, 1, tzinfo=UTC))
    dated(new, datetime(2026, 3, 2, tzinfo=UTC))
    assert states(collect(folder, downloads)) == {"ada/second.ipynb": "collected", "ada/first.ipynb": "older"}
    place = folder / "submitted" / "ada" / NAME / f"{NAME}.ipynb"
    assert json.loads(place.read_text()) == solved()
    assert gradebook.when(place) == datetime(2026, 3, 2)
    assert states(collect(folder, downloads))["ada/second.ipynb"] == "unchanged"
    new.write_text(json.dumps(cell_added(solved())))
    dated(new, datetime(2026, 3, 3, tzinfo=UTC))
    assert states(collect(folder, downloads))["ada/second.ipynb"] == "updated"
    (kept,) = folder.glob(f"older/ada/{NAME}/*/{NAME}.ipynb")
    assert json.loads(kept.read_text()) == solved()
    new.unlink()
    assert states(collect(folder, downloads)) == {"ada/first.ipynb": "older"}
    assert json.loads(place.read_text()) == cell_added(solved())


def cell_added(notebook):
    notebook["cells"].append(
        {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None}
    )
    return notebook


def test_where_the_newest_cannot_be_graded_the_one_before_is(folder, downloads):
    dated(put(downloads / "ada" / "first.ipynb", solved()), datetime(2026, 3, 1, tzinfo=UTC))
    (downloads / "ada" / "second.ipynb").write_text('{"cells": [')
    assert states(collect(folder, downloads)) == {"ada/second.ipynb": "refused", "ada/first.ipynb": "collected"}


def test_another_assignment_is_left_alone_whatever_it_is_called(folder, downloads):
    other = json.loads(next(Path(course.solutions()["02_fusion"]).glob("*.ipynb")).read_text())
    put(downloads / "ada" / "03_attention.ipynb", other)
    outcome = collect(folder, downloads)["ada/03_attention.ipynb"]
    assert (outcome.state, outcome.words) == ("another", "it is of assignment 02")
    assert submitted(folder) == []


def test_a_notebook_that_says_nowhere_what_it_is_is_not_guessed_at(folder, downloads):
    bare = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    put(downloads / "ada" / "homework.ipynb", bare)
    assert "Neither its name nor its cells say" in collect(folder, downloads)["ada/homework.ipynb"].words
    put(downloads / "ada" / "03_attention.ipynb", bare)
    assert states(collect(folder, downloads))["ada/03_attention.ipynb"] == "collected"


def test_links_in_downloads_are_never_followed(folder, downloads, tmp_path):
    put(tmp_path / "secret" / "x.ipynb", solved())
    (downloads / "ada").symlink_to(tmp_path / "secret")
    (downloads / "bob").mkdir()
    (downloads / "bob" / "x.ipynb").symlink_to(tmp_path / "secret" / "x.ipynb")
    outcomes = collect(folder, downloads)
    assert states(outcomes) == {"ada": "refused", "bob/x.ipynb": "refused"}
    assert all("symbolic link" in outcome.words for outcome in outcomes.values())


def test_a_pipe_in_downloads_does_not_hold_up_the_class(folder, downloads):
    (downloads / "ada").mkdir()
    os.mkfifo(downloads / "ada" / "x.ipynb")
    assert "no ordinary file" in collect(folder, downloads)["ada/x.ipynb"].words


def test_new_students_are_enrolled_only_when_asked_for_and_fit(folder, downloads):
    for student in ("zoë", "-rf", "a*b"):
        put(downloads / student / "x.ipynb", solved())
    assert set(states(collect(folder, downloads)).values()) == {"refused"}
    assert "zoë" not in {student.id for student in gradebook.roster(folder)}
    outcomes = states(collect(folder, downloads, new_students=True))
    assert outcomes == {"zoë/x.ipynb": "collected", "-rf/x.ipynb": "refused", "a*b/x.ipynb": "refused"}
    assert "zoë" in {student.id for student in gradebook.roster(folder)}


def test_a_dry_run_says_the_same_and_does_nothing(folder, downloads):
    put(downloads / "ada" / "x.ipynb", solved())
    assert states(collect(folder, downloads, dry_run=True)) == {"ada/x.ipynb": "collected"}
    assert submitted(folder) == []
    done = mmcourse("class", "collect", "03", "--folder", str(folder), "--from", str(downloads), "--dry-run")
    assert "collected: 'ada/x.ipynb': of 'ada'\n" in done.output
    assert "would be 1 collected" in done.output


def test_a_full_disk_loses_nothing(folder, downloads, monkeypatch):
    put(downloads / "ada" / "x.ipynb", stub())
    collect(folder, downloads)
    before = (folder / "submitted" / "ada" / NAME / f"{NAME}.ipynb").read_bytes()
    put(downloads / "ada" / "x.ipynb", solved())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(course.ClassError, match=r"'ada/x.ipynb' cannot be kept: No space left on device"):
            collect(folder, downloads)
    assert (folder / "submitted" / "ada" / NAME / f"{NAME}.ipynb").read_bytes() == before
    assert not list(folder.glob(".work-*"))
    assert states(collect(folder, downloads)) == {"ada/x.ipynb": "updated"}


def test_no_exchange_and_no_folder_is_told_what_to_do(folder, tmp_path):
    with pytest.raises(course.ClassError, match=r"This class has no exchange. Name the folder with the downloads"):
        collect(folder)
    with pytest.raises(course.ClassError, match=r"Unpack the archive first"):
        collect(folder, tmp_path / "nowhere.zip")
