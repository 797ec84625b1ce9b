"""Hostile and broken submissions: each gets what it earned, harms nobody, and leaves nothing behind."""

import platform
import re
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import hostile
import psutil
import pytest

from mmcourse.classroom import marking, sandbox, seccomp
from mmcourse.grading import questions

pytestmark = pytest.mark.slow
SEED = 20260301
LIMITS = sandbox.Limits(memory=2048, processes=48, seconds=30)
HELD_WITHOUT = [
    "a process that stops itself",
    "a loop",
    "a loop that ignores interrupts",
    "os._exit",
    "a daemon",
    "a closed channel",
]
ASKED = [replace(question, seconds=2.0) for question in questions("03")[:2]]  # softmax 10 points, attention 20


@pytest.fixture(scope="module")
def walls():
    """The sandbox; without walls nobody promises what is asked of it."""
    try:
        sandbox.isolation()
    except sandbox.NoSandbox as error:
        pytest.skip(str(error))
    with sandbox.Sandbox("bubblewrap", LIMITS) as walls:
        yield walls


@pytest.fixture(scope="module", params=["bubblewrap", "process"])
def jail(request):
    if request.param == "bubblewrap":
        yield request.getfixturevalue("walls")
        return
    with sandbox.Sandbox("process", LIMITS) as jail:
        yield jail


@pytest.fixture(autouse=True)
def short_cells(monkeypatch):
    monkeypatch.setattr(marking, "CELL", 2.0)
    monkeypatch.setattr(marking, "GRACE", 1.0)


def mark(jail, cells, asked=ASKED):
    """And nothing stays open here."""
    before = _open_descriptors()
    marked = marking.mark(jail, cells, asked, SEED, limit=60)
    assert _open_descriptors() == before
    return marked


def _open_descriptors():
    return psutil.Process().num_fds()


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
    pythons = sandbox._pythons()  # somebody's lies in their home
    bare = [p for p in ("/etc/passwd", "/home", "/var", "/mnt") if not any(root.startswith(p) for root in pythons)]
    looks = (
        f"import pathlib\nplaces = {[str(tmp_path), str(sandbox.PACKAGE / 'grading'), str(sandbox.PACKAGE.parent)]!r}\n"
        "seen = [p for p in places if os.path.exists(p) and set(os.listdir(p)) - {'.venv'}]\n"
        "seen += [str(p) for p in pathlib.Path('/course').rglob('*') if p.name in ('grading', 'attention', 'layers')]\n"
        f"seen += [p for p in {bare} if os.path.exists(p)]\n"
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
    assert len(marked.notes) == (1 if sandbox._places()["/tmp"] else 2)  # read-only, if Python lies below it
    assert "Read-only file system" in marked.notes[-1]
    assert (tmp_path / "grades.jsonl").read_text() == "precious"
    assert (sandbox.PACKAGE / "classroom/worker.py").exists()


def test_one_submission_leaves_no_file_for_the_next(walls, monkeypatch):
    """Every folder that can be written to, wherever it is."""
    monkeypatch.setattr(marking, "CELL", 60.0)
    places = "places = [f for f, *_ in os.walk('/') if not f.startswith('/proc') and os.access(f, os.W_OK)]\n"
    writes = "for p in places:\n    try: open(f'{p}/note', 'w')\n    except OSError: pass\nraise Exception(places)"
    (wrote,) = mark(walls, [*hostile.HONEST, places + writes]).notes
    fresh = [place for place, fresh in sandbox._places().items() if fresh]
    assert {"/sandbox", "/dev/shm"} <= set(fresh)
    assert all(place in wrote for place in fresh)
    reads = "left = [p for p in places if os.path.exists(f'{p}/note')]\nassert not left, left"
    assert mark(walls, [*hostile.HONEST, places + reads]).notes == []


def test_nothing_is_told_but_what_the_sandbox_needs(walls, monkeypatch):
    monkeypatch.setenv("SECRET", "42")
    with sandbox.Sandbox("bubblewrap", LIMITS) as fresh:
        marked = mark(fresh, [*hostile.HONEST, "raise Exception(sorted(os.environ))"])
    assert "SECRET" not in marked.notes[0]
    assert "MPLBACKEND" in marked.notes[0]


def test_privileges_are_gone(walls):
    cell = (
        "import ctypes\nsystem = ctypes.CDLL(None, use_errno=True)\n"
        "assert system.unshare(0x10000000) != 0 and system.umount(b'/tmp') != 0 and os.getuid() == 65534\n"
        "assert system.mount(b'tmpfs', b'/usr', b'tmpfs', 0, None) != 0"
    )
    assert mark(walls, [*hostile.HONEST, cell]).notes == []


def test_system_calls_that_reach_past_the_walls_are_refused(walls):
    """With arguments that a kernel without the filter takes, or refuses with another error."""
    numbers = {name: pair[seccomp.MACHINES[platform.machine()][0]] for name, pair in seccomp.DENIED.items()}
    cell = (
        f"import ctypes, socket\nsystem = ctypes.CDLL(None, use_errno=True)\nlet = []\n"
        f"for name, number in {numbers}.items():\n"
        "    if system.syscall(number, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != 1: let.append(name)\n"
        "for family in (16, 38, 40):  # netlink, the kernel's ciphers, virtual machines\n"
        "    try: socket.socket(family, socket.SOCK_STREAM); let.append(family)\n"
        "    except OSError as error: let += [family] * (error.errno != 97)\n"
        "assert not let, let\nsocket.socket(), socket.socket(socket.AF_UNIX)"
    )
    assert mark(walls, [*hostile.HONEST, cell]).notes == []


def test_the_list_in_the_documentation_is_this_one():
    text = (Path(__file__).parents[1] / "docs/sandbox.md").read_text(encoding="utf-8")
    assert hostile.table() in text, "put the table that `python tests/hostile.py` prints into docs/sandbox.md"


def test_too_many_deadly_cells_end_the_notebook_with_a_reason(jail):
    marked = mark(jail, [*hostile.HONEST, *["os._exit(0)"] * 5])
    assert marked.points == 0
    assert "4 cells end Python or never stop" in text_of(marked)


def test_many_cells_do_not_stretch_the_time_of_the_notebook(jail):
    start = time.monotonic()
    marked = marking.mark(jail, [*hostile.HONEST, *["time.sleep(0.3)"] * 40], ASKED, SEED, limit=1.5)
    assert time.monotonic() - start < 6
    assert marked.points == 0
    assert "the time for the whole notebook is used up" in text_of(marked)


@pytest.mark.parametrize("torch", [False, True])
def test_torch_can_be_had_in_any_sandbox_and_is_ready_in_one(torch, monkeypatch):
    monkeypatch.setattr(marking, "CELL", 60.0)
    with sandbox.Sandbox("process", LIMITS, torch) as jail:
        ready, usable = f"assert ('torch' in sys.modules) is {torch}", "import torch; assert torch.ones(3).sum() == 3"
        assert mark(jail, [*hostile.HONEST, ready, usable]).notes == []


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
