"""Hostile and broken submissions: each gets what it earned, harms nobody, and leaves nothing behind."""

import re
import socket
import threading
import time
from dataclasses import replace

import hostile
import psutil
import pytest

from mmcourse.classroom import marking, sandbox
from mmcourse.grading import questions

pytestmark = pytest.mark.slow
SEED = 20260301
HELD_WITHOUT = ["a loop", "a loop that ignores interrupts", "os._exit", "a daemon", "a closed channel"]
ASKED = [replace(question, seconds=2.0) for question in questions("03")[:2]]  # softmax 10 points, attention 20


@pytest.fixture(scope="module", params=["bubblewrap", "process"])
def jail(request):
    if request.param == "bubblewrap":
        try:
            sandbox.isolation()
        except sandbox.NoSandbox as error:
            pytest.skip(str(error))
    with sandbox.Sandbox(request.param, sandbox.Limits(memory=2048, processes=48, seconds=30)) as jail:
        yield jail


@pytest.fixture(autouse=True)
def short_cells(monkeypatch):
    monkeypatch.setattr(marking, "CELL", 2.0)
    monkeypatch.setattr(marking, "GRACE", 1.0)


@pytest.fixture
def walls(jail):
    """The sandbox, where it has walls; without them nobody promises these things."""
    if jail.kind != "bubblewrap":
        pytest.skip("needs bubblewrap")
    return jail


def mark(jail, cells, asked=ASKED):
    return marking.mark(jail, cells, asked, SEED, limit=60)


def text_of(marked):
    return "\n".join([*marked.notes, *(result.message for result in marked.results)])


def assert_nothing_is_left(jail):
    """Neither a process of the submission, nor harm to the next one."""
    end = time.monotonic() + 5
    while len(left := _processes(jail)) > (2 if jail.kind == "bubblewrap" else 0) and time.monotonic() < end:
        time.sleep(0.02)
    assert len(left) == (2 if jail.kind == "bubblewrap" else 0), left
    assert mark(jail, hostile.HONEST).points == 30


def _processes(jail):
    """Below bubblewrap: its own first process, and the worker that listens. Daemons may have found another parent."""
    daemons = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "98765"]]
    return psutil.Process(jail.process.pid).children(recursive=True) + daemons


def test_honest_answers_get_all_points_and_stubs_none(jail):
    assert mark(jail, hostile.HONEST).points == 30
    stub = "def stable_softmax(x, axis):\n    # Write your answer here\n    raise NotImplementedError()"
    marked = mark(jail, [hostile.IMPORTS, stub, stub.replace("stable_softmax(x, axis)", "attention(q, k, v)")])
    assert [(result.state, result.points) for result in marked.results] == [("not attempted", 0)] * 2


def test_half_right_gets_half_and_the_hint_of_the_known_mistake(jail):
    no_scale = "def attention(q, k, v):\n    return stable_softmax(q @ k.mT, -1) @ v"
    marked = mark(jail, [hostile.IMPORTS, hostile.SOFTMAX, no_scale])
    assert marked.points == 10
    assert marked.results[1].hint in {wrong.hint for wrong in ASKED[1].wrong_answers}


@pytest.mark.parametrize("name", hostile.HONEST_BUT_BROKEN)
def test_right_answers_keep_their_points_beside_a_cell_that_breaks(walls, name):
    cell, said = hostile.HONEST_BUT_BROKEN[name]
    marked = mark(walls, [hostile.IMPORTS, cell, *hostile.HONEST[1:]])
    assert marked.points == 30, text_of(marked)
    assert re.search(said, "\n".join(marked.notes)), marked.notes
    assert_nothing_is_left(walls)


@pytest.mark.parametrize("name", HELD_WITHOUT)
def test_some_of_it_holds_without_a_sandbox(jail, name):
    cell, _ = hostile.HONEST_BUT_BROKEN[name]
    marked = mark(jail, [hostile.IMPORTS, cell, *hostile.HONEST[1:]])
    assert marked.points == 30, text_of(marked)
    assert_nothing_is_left(jail)


@pytest.mark.parametrize("name", hostile.CHEATS)
def test_no_cheat_is_paid(walls, name):
    marked = mark(walls, [*hostile.LAZY, hostile.CHEATS[name]])
    assert marked.points == 0, text_of(marked)
    assert all(result.message for result in marked.results)
    assert_nothing_is_left(walls)


@pytest.mark.parametrize("name", [name for name in hostile.CHEATS if "without" not in name])
def test_no_cheat_but_one_is_paid_without_a_sandbox(jail, name):
    assert mark(jail, [*hostile.LAZY, hostile.CHEATS[name]]).points == 0


@pytest.mark.parametrize("name", hostile.WRONG)
def test_wrong_answers_are_told_what_is_wrong(jail, name):
    body, said = hostile.WRONG[name]
    marked = mark(jail, hostile.wrong(body), ASKED[:1])
    assert marked.points == 0
    assert re.search(said, text_of(marked)), text_of(marked)
    assert_nothing_is_left(jail)


def test_a_function_that_ends_python_costs_its_own_question_only(jail):
    deadly = "def stable_softmax(x, axis):\n    os._exit(3)"
    spared = [cell.replace("stable_softmax", "weights") for cell in hostile.HONEST[1:]]
    marked = mark(jail, [hostile.IMPORTS, deadly, *spared])
    assert [result.points for result in marked.results] == [0, 20]


def test_calling_the_course_is_told_to_write_it_oneself(jail):
    marked = mark(jail, [*hostile.LAZY, hostile.CHEATS["a room of the course"]])
    assert "mmcourse.layers.scratch.softmax is not there while your notebook is graded" in text_of(marked)


def test_the_sandbox_holds_no_course_no_home_and_no_neighbour(walls, tmp_path):
    (tmp_path / "neighbour.ipynb").write_text("{}")
    looks = (
        f"import pathlib\nplaces = {[str(tmp_path), str(sandbox.PACKAGE / 'grading'), str(sandbox.PACKAGE.parent)]!r}\n"
        "seen = [p for p in places if os.path.exists(p) and set(os.listdir(p)) - {'.venv'}]\n"
        "seen += [str(p) for p in pathlib.Path('/course').rglob('*') if p.name in ('grading', 'attention', 'layers')]\n"
        "seen += [p for p in ('/etc/passwd', '/home', '/var', '/mnt') if os.path.exists(p)]\n"
        "assert not seen, seen"
    )
    assert mark(walls, [*hostile.HONEST, looks]).notes == []


def test_the_sandbox_has_no_network(walls):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(3)
        came = []
        listener = threading.Thread(target=lambda: came.append(_accepts(server)))
        listener.start()
        port = server.getsockname()[1]
        cell = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=1)"
        marked = mark(walls, [*hostile.HONEST, cell])
        listener.join()
    assert came == [False]
    assert "Refused" in marked.notes[0]


def _accepts(server) -> bool:
    try:
        server.accept()
    except TimeoutError:
        return False
    return True


def test_nothing_outside_can_be_deleted_or_written(walls, tmp_path):
    (tmp_path / "grades.jsonl").write_text("precious")
    cell = (
        f"import shutil\nfor place in ({str(tmp_path)!r}, '/course/mmcourse/classroom'): shutil.rmtree(place, True)\n"
        f"os.makedirs({str(tmp_path)!r}); open({str(tmp_path / 'grades.jsonl')!r}, 'w').write('mine')"
    )
    into = "open('/course/mmcourse/numpy.py', 'w')"
    marked = mark(walls, [*hostile.HONEST, cell, into])
    assert marked.points == 30
    assert len(marked.notes) == 1
    assert "Read-only file system" in marked.notes[0]
    assert (tmp_path / "grades.jsonl").read_text() == "precious"
    assert (sandbox.PACKAGE / "classroom/worker.py").exists()


def test_one_submission_leaves_no_file_for_the_next(walls):
    mark(walls, [*hostile.HONEST, "[open(f'{p}/note', 'w').write('the answer') for p in ('/tmp', '/sandbox')]"])
    assert mark(walls, [*hostile.HONEST, "assert not os.listdir('/tmp') + os.listdir('/sandbox')"]).notes == []


def test_privileges_are_gone(walls):
    cell = (
        "import ctypes\nsystem = ctypes.CDLL(None, use_errno=True)\n"
        "assert system.unshare(0x10000000) != 0 and system.umount(b'/tmp') != 0 and os.getuid() == 65534\n"
        "assert system.mount(b'tmpfs', b'/usr', b'tmpfs', 0, None) != 0"
    )
    assert mark(walls, [*hostile.HONEST, cell]).notes == []


def test_too_many_deadly_cells_end_the_notebook_with_a_reason(jail):
    marked = mark(jail, [*hostile.HONEST, *["os._exit(0)"] * 5])
    assert marked.points == 0
    assert "4 cells end Python or never stop" in text_of(marked)


def test_a_sandbox_that_ends_is_a_fault_of_the_grader(walls):
    def draw(rng):
        walls.process.kill()
        return ASKED[0].draw(rng)

    try:
        with pytest.raises(sandbox.GraderFault, match="ended while a submission ran"):
            mark(walls, hostile.HONEST, [replace(ASKED[0], draw=draw)])
        with pytest.raises(sandbox.GraderFault, match="sandbox"):
            mark(walls, hostile.HONEST)
    finally:
        walls.start()
    assert mark(walls, hostile.HONEST).points == 30
