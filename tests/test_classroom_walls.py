"""What lies around a submission: the machine's own devices, and folders that stand where Python does."""

import hostile
import pytest

from mmcourse.classroom import batch, marking, sandbox
from mmcourse.grading import questions

ASKED = questions("03")[:2]


@pytest.fixture(scope="module")
def walls(kind):
    if kind != "bubblewrap":
        pytest.skip(f"{kind} has walls of its own")
    with sandbox.Sandbox("bubblewrap", torch=False) as walls:
        yield walls


def notes(walls, *cells):
    marked = marking.mark(walls, [*hostile.HONEST, *cells], ASKED, 1, limit=60)
    assert marked.points == 30
    return marked.notes


def test_nothing_of_the_machine_can_be_changed_not_even_by_roots_submissions(walls):
    """For root's files, a submission that root grades is their owner: only a place that is read-only says no."""
    cell = (
        f"own = {(*sandbox.PRIVATE,)!r}\n"
        "places = ['/', '/usr', '/proc', sys.prefix, *(f'/dev/{name}' for name in os.listdir('/dev'))]\n"
        "let = []\n"
        "for place in {os.path.realpath(p) for p in places if os.path.exists(p)} - set(own):\n"
        "    try:\n        os.chmod(place, os.stat(place).st_mode & 0o7777)\n        let.append(place)\n"
        "    except OSError: pass\n"
        "assert not let, let"
    )
    usable = "open('/dev/null', 'w').write('x'); open('/dev/urandom', 'rb').read(3)\nos.close(os.openpty()[1])"
    assert notes(walls, cell, usable) == []


def test_the_kernels_settings_cannot_be_written(walls):
    """Their owner is root, whatever namespace root is in."""
    cell = (
        "places = ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/self/oom_score_adj')\n"
        "let = [place for place in places if os.access(place, os.W_OK)]\nassert not let, let"
    )
    assert notes(walls, cell) == []


def test_nbgraders_own_exchange_is_hidden(tmp_path, monkeypatch):
    """It lies below /usr, where the sandbox looks for libraries."""
    monkeypatch.setattr(sandbox, "_pythons", lambda: [str(tmp_path)])
    monkeypatch.setattr(sandbox, "EXCHANGE", tmp_path / "nbgrader")
    assert str(tmp_path / "nbgrader") not in sandbox._bubblewrap([])
    (tmp_path / "nbgrader").mkdir()
    command = sandbox._bubblewrap([])
    place = command.index(str(tmp_path / "nbgrader"))
    assert command[place - 1] == "--tmpfs"
    assert place > command.index(str(tmp_path)), "later than what it lies in"


def test_a_class_beside_python_is_not_graded_for_all_of_it_could_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "_pythons", lambda: [str(tmp_path.resolve())])
    (tmp_path / "class").mkdir()
    with pytest.raises(sandbox.NoSandbox, match="every submission can read"):
        batch.grade_folder(tmp_path / "class", batch.Settings("bubblewrap"))
    assert not list((tmp_path / "class").iterdir())
    assert batch.grade_folder(tmp_path / "class", batch.Settings("podman")) == []


def test_a_computer_that_allows_bubblewrap_but_not_the_walls_is_told_before_anything_runs(walls, monkeypatch):
    monkeypatch.setattr(sandbox, "_places", lambda: {"/sandbox": True, "/nowhere": True})
    monkeypatch.setattr(sandbox.containers, "engine", lambda: ("", "none."))
    with pytest.raises(sandbox.NoSandbox, match=r"does not start here \(.*cannot mount a tmpfs"):
        sandbox.isolation()
