"""A class graded elsewhere: on a cluster of two processes, one of which dies; and what a person sees of a run."""

import io
import os
import signal
import sys
import threading
import time

import hostile
import psutil
import pytest
from small_course import mmcourse
from small_folder import put, without_times

from mmcourse.classroom import batch, containers, executors, progress, sandbox
from mmcourse.classroom.opened import PACKAGE


@pytest.fixture
def cluster():
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, silence_logs=50) as cluster:
        yield cluster


@pytest.fixture
def folder(tmp_path):
    for i in range(8):
        put(tmp_path, f"s{i}/03_attention.ipynb", *hostile.HONEST[: 1 + i % 3], "time.sleep(0.4)")
    put(tmp_path, "eve/03_attention.ipynb", *hostile.LAZY, hostile.CHEATS["the question's own reference"])
    put(tmp_path, "torn/03_attention.ipynb")
    (tmp_path / "torn/03_attention.ipynb").write_text("{")
    return tmp_path


def grade(folder, kind, tell=lambda line: None, **options):
    return batch.grade_folder(folder, batch.Settings(kind, seed=11, jobs=2), tell, **options)


@pytest.mark.slow
def test_a_cluster_gives_the_same_lines_though_a_worker_dies(kind, folder, cluster):
    here = grade(folder, kind)
    (folder / "grades.jsonl").unlink()
    workers = [worker.pid for worker in cluster.workers.values()]
    seen, orphans, killed = [], [], threading.Event()

    def kill_one(line):
        seen.append(line["file"])
        if len(seen) == 2 and not killed.is_set():
            killed.set()
            orphans.extend(_sandboxes(workers[0]))
            os.kill(workers[0], signal.SIGKILL)

    with executors.cluster(cluster.scheduler_address) as executor:
        there = grade(folder, kind, kill_one, executor=executor)
    assert orphans
    assert not psutil.wait_procs(orphans, timeout=10)[1]
    assert without_times(there) == without_times(here)
    assert sorted(seen) == sorted(line["file"] for line in there if line["state"] == "graded")
    assert len((folder / "grades.jsonl").read_text().splitlines()) == len(here)


def _sandboxes(above: int) -> list[psutil.Process]:
    return [p for p in psutil.Process(above).children(recursive=True) if p.name() == "bwrap"]


class Empty:
    """A cluster's client, as far as the watch asks it."""

    def __init__(self, cores):
        self.cores = cores

    def ncores(self):
        return self.cores() if callable(self.cores) else self.cores


@pytest.mark.parametrize(
    ("cores", "said"), [({}, "has no workers left"), (lambda: 1 / 0, "does not answer"), ({"tcp://a": 1}, "")]
)
def test_a_run_that_waits_for_workers_says_so(cores, said, monkeypatch, capsys):
    monkeypatch.setattr(executors, "LOOK_AGAIN", 0.01)
    over = threading.Event()
    threading.Timer(0.2, over.set).start()
    executors._tell_when_alone(Empty(cores), "tcp://here", over)
    told = capsys.readouterr().err
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.slow
def test_no_sandbox_outlives_its_cluster(kind, folder, cluster):
    with executors.cluster(cluster.scheduler_address) as executor:
        grade(folder, kind, executor=executor)
    below = _sandboxes(os.getpid())
    assert below
    cluster.close()
    assert not psutil.wait_procs(below, timeout=10)[1]


def test_the_command_says_what_is_missing(folder, monkeypatch):
    monkeypatch.setattr("mmcourse.classroom.command.isolation", lambda trust: "bubblewrap")
    monkeypatch.setattr(executors, "PATIENCE", 0.5)
    pytest.importorskip("distributed")
    result = mmcourse("grade", str(folder), "--dask", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert "No Dask scheduler answers at 'tcp://127.0.0.1:9'" in result.output
    monkeypatch.setitem(sys.modules, "distributed", None)
    result = mmcourse("grade", str(folder), "--dask", "tcp://127.0.0.1:9")
    assert result.exit_code == 1
    assert 'pip install "mmcourse[classroom]"' in result.output
    assert not (folder / "grades.jsonl").exists()


GRADED = {"file": "ada.ipynb", "state": "graded", "points": 7, "max": 10, "seconds": 0.5}
FAILED = {"file": "[red]\x1b[2Jbob.ipynb", "state": "needs a person", "seconds": 1.0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_a_bar_and_a_file_gets_lines(monkeypatch, capsys):
    with progress.shown("grading") as watch:
        watch.begin(2)
        watch.tell(GRADED)
    assert capsys.readouterr().out == "'ada.ipynb': 7 of 10, 0.5 s\n"
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress.shown("grading") as watch:
        watch.begin(2)
        watch.tell(GRADED)
        watch.tell(FAILED)
        time.sleep(0.2)
    drawn = sys.stderr.getvalue()
    assert "2/2" in drawn
    assert r"'[red]\x1b[2Jbob.ipynb': needs a person" in drawn
    assert "ada" not in drawn
    assert capsys.readouterr().out == ""


# ---- containers, where bubblewrap is missing


ENGINE = """#!{python}
# An engine that runs the command of a container right here. It holds nobody.
import os, sys
if sys.argv[1] == "image":
    sys.exit({missing} and "no such image")
if sys.argv[1] == "run":
    end = sys.argv.index("mmcourse-grader")
    enter = sys.argv[-1].replace("/course", {course!r})
    os.environ |= dict(word.split("=", 1) for before, word in zip(sys.argv, sys.argv[1:end]) if before == "--env")
    os.execv({python!r}, [{python!r}, *sys.argv[end + 2 : -1], enter])
open({orders!r}, "a").write(" ".join(sys.argv[1:]) + "\\n")
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """Make "docker" such an engine, and bwrap missing; returns the file with its orders to end containers."""

    def make(missing=False):
        orders = tmp_path / "orders"
        values = {"python": sys.executable, "course": str(PACKAGE.parent), "orders": str(orders), "missing": missing}
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/docker").write_text(ENGINE.format(**values))
        (tmp_path / "bin/docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        return orders

    return make


def test_a_container_is_shut_off_and_holds_the_open_parts_only():
    command = containers.command("podman", "one", sandbox.Limits(memory=1024, processes=32), torch=True)
    said = " ".join(command)
    for words in (
        *("--network none", "--read-only", "--cap-drop ALL", "--security-opt no-new-privileges", "--user 65534:65534"),
        *("--pids-limit 32", "--memory 1024m", "--memory-swap 1024m", "--pull never", "--rm", "--name one"),
    ):
        assert words in said
    assert not {"--privileged", "--volume", "-v"} & set(command)
    binds = [word for word in command if word.startswith("type=bind")]
    assert binds
    assert all(word.endswith(",readonly") for word in binds)
    assert not [word for word in binds if "/grading" in word or "solutions" in word]
    assert command[command.index(containers.IMAGE) + 1] == "python3"


@pytest.mark.slow
def test_submissions_are_graded_in_containers_where_bubblewrap_is_missing(engine, folder):
    orders = engine()
    assert sandbox.isolation() == "docker"
    for i in range(8):
        (folder / f"s{i}/03_attention.ipynb").unlink()
    put(folder, "ada/03_attention.ipynb", *hostile.HONEST, "os._exit(0)")
    lines = {line["student"]: line for line in grade(folder, "docker")}
    assert lines["ada"]["points"] > 0
    assert "ended Python" in lines["ada"]["notes"][0]
    assert (lines["eve"]["points"], lines["eve"]["isolation"]) == (0, "docker")
    ended = {order.split()[-1] for order in orders.read_text().splitlines() if order.startswith("rm --force")}
    assert len(ended) >= 4  # ada's, ada's without that cell, eve's, and those that got ready in vain
    assert not [p for p in psutil.Process().children() if "alone" in " ".join(p.cmdline())]


def test_an_engine_without_the_image_says_how_to_build_it(engine):
    engine(missing=True)
    with pytest.raises(sandbox.NoSandbox) as caught:
        sandbox.isolation()
    assert "docker build -t mmcourse-grader -f deploy/grader.Dockerfile ." in str(caught.value)
    assert "apt-get install bubblewrap" in str(caught.value)
    assert sandbox.isolation(trust=True) == "process"


def test_a_container_that_does_not_start_is_a_fault_of_the_grader(tmp_path, monkeypatch):
    (tmp_path / "docker").write_text("#!/bin/sh\necho 'no space left' >&2\nexit 125\n")
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        containers.Containers("docker") as sandbox_of_docker,
        pytest.raises(sandbox.GraderFault, match="no space left"),
    ):
        sandbox_of_docker.session()
