"""Progress: kept, best state first, and never in the learner's way."""

import json
import subprocess
import sys
from datetime import datetime

import pytest

from mmcourse.grading import check, progress, questions
from mmcourse.grading.result import Result

SOFTMAX = questions("03-softmax")[0]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "not yet there"
    monkeypatch.setenv("MMCOURSE_HOME", str(folder))
    return folder


def result(state, question_id="03-softmax"):
    return Result(question_id, "a title", 10, state=state, points=10 if state == "right" else 0)


def test_nothing_yet():
    assert progress.load() == {}
    assert progress.summary("03").points == 0


def test_check_keeps_what_it_found(capsys):
    check("03-softmax", SOFTMAX.reference)
    entry = progress.load()["03-softmax"]
    assert datetime.fromisoformat(entry.pop("when")).tzinfo
    assert entry == {"state": "right", "points": 10, "max": 10}


def test_the_best_state_stays(capsys):
    states = ("not attempted", "error", "wrong", "right")
    for state in states:
        assert progress.record(result(state)) == ""
        assert progress.load()["03-softmax"]["state"] == state
    for state in states[:3]:
        assert progress.record(result(state)) == "Your earlier right answer stays in your progress."
    assert progress.load()["03-softmax"]["points"] == 10


def test_a_later_wrong_answer_says_that_the_right_one_stays(capsys):
    check("03-softmax", SOFTMAX.reference)
    later = check("03-softmax", SOFTMAX.wrong_answers[0].function)
    assert (later.state, later.points) == ("wrong", 0)
    assert "earlier right answer stays" in capsys.readouterr().out
    assert "earlier right answer stays" in later._repr_html_()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"\xff\xfe",
        b'{"03-softmax": 3}',
        b'{"03-softmax": {"state": "great"}}',
        b"[" * 100_000,
        b'{"03-softmax": ' * 100_000,
    ],
    ids=lambda damage: repr(damage[:24]),
)
def test_a_damaged_file_is_moved_aside(home, capsys, damage):
    home.mkdir()
    (home / "progress.json").write_bytes(damage)
    note = progress.record(result("right"))
    assert "was damaged" in note
    assert "progress.damaged-1.json" in note
    assert (home / "progress.damaged-1.json").read_bytes() == damage
    assert progress.load()["03-softmax"]["state"] == "right"

    (home / "progress.json").write_bytes(damage)
    assert progress.load() == {}
    assert "progress.damaged-2.json" in capsys.readouterr().out


def test_a_tilde_stands_for_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))  # its name on Windows
    monkeypatch.setenv("MMCOURSE_HOME", "~/course")
    assert progress.record(result("right")) == ""
    assert (tmp_path / "course" / "progress.json").exists()


def test_a_tilde_of_nobody_breaks_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMCOURSE_HOME", "~nobody-of-this-name/course")
    assert progress.record(result("right")) == ""


def test_a_folder_that_cannot_be_written_breaks_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MMCOURSE_HOME", str(tmp_path / "file" / "home"))
    found = check("03-softmax", SOFTMAX.reference)
    assert found
    assert found.note.startswith("Your result counts, but your progress could not be kept in")
    assert "MMCOURSE_HOME" in found.note
    assert capsys.readouterr().out.count("could not be kept") == 1
    assert progress.load() == {}
    assert progress.summary().points == 0


def test_a_full_disk_leaves_the_old_file(home, monkeypatch):
    progress.record(result("right"))
    before = (home / "progress.json").read_bytes()

    def half(self, text, encoding):
        with self.open("w") as file:
            file.write(text[:10])
        raise OSError("No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", half)
    assert "No space left" in progress.record(result("right", "03-attention"))
    assert (home / "progress.json").read_bytes() == before


def test_two_processes_lose_nothing(home):
    code = (
        "import sys\n"
        "from mmcourse.grading import progress\n"
        "from mmcourse.grading.result import Result\n"
        "for i in range(60):\n"
        "    assert progress.record(Result(f'{sys.argv[1]}-{i}', 'a title', 1, state='right', points=1)) == ''\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    entries = json.loads((home / "progress.json").read_text())
    assert len(entries) == 120


def test_the_summary_counts_points_and_shows_every_question():
    progress.record(result("right"))
    progress.record(result("wrong", "03-attention"))
    table = progress.summary("03")
    assert (table.points, table.max_points, len(table.rows)) == (10, 100, len(questions("03")))
    assert str(table).endswith("10 of 100 points")
    assert "not right yet" in str(table)
    assert all(question.id in table._repr_html_() for question in questions("03"))
    assert progress.summary("03-mask").max_points == 15


def test_grading_imports_neither_torch_nor_matplotlib():
    code = "import sys, mmcourse.grading as g; g.questions(); print({'torch', 'matplotlib'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
