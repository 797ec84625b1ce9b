"""Killed at random moments: afterwards a class is as if nothing had happened."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_class import answer, autograded, cells, hand_in, make, solved, stub, wipe

from mmcourse.classroom import sandbox


@pytest.fixture
def folder(tmp_path):
    try:
        sandbox.isolation()
    except sandbox.NoSandbox as error:
        pytest.skip(str(error))
    return make(tmp_path / "class")


@pytest.mark.slow
def test_killed_twenty_times_at_random_moments_the_gradebook_is_as_if_nothing_had_happened(folder, tmp_path):
    """Bounded: the moments are drawn from how long an undisturbed run takes."""
    for number in range(4):
        hand_in(folder, f"s{number}", stub() if number == 3 else answer(solved(), "03-mask", f"x = {number}"))
    undisturbed = shutil.copytree(folder, tmp_path / "undisturbed")
    start = time.monotonic()
    assert run(undisturbed).wait(120) == 0
    whole = time.monotonic() - start
    rng, finished = random.Random(3), 0
    for _ in range(20):
        grader = run(folder)
        try:
            grader.wait(rng.uniform(0, 1.1 * whole))
            assert grader.returncode == 0, (folder / "said").read_text()
            finished += 1
            forget(folder)
        except subprocess.TimeoutExpired:
            os.kill(grader.pid, signal.SIGKILL)
            grader.wait()
    assert finished < 20, "nobody was killed"
    assert run(folder).wait(120) == 0
    assert cells(folder) == cells(undisturbed)
    assert len(cells(folder)) == 4 * 7
    assert autograded(folder) == autograded(undisturbed)
    assert not list(folder.rglob(".*.half"))


def run(folder):
    command = [sys.executable, "-c", "from mmcourse.cli import app; app()", "class", "grade", "03", "--seed", "7"]
    environment = os.environ | {"PYTHONPATH": str(Path(sandbox.PACKAGE).parent)}
    with (folder / "said").open("w") as said:
        return subprocess.Popen([*command, "--folder", str(folder)], env=environment, stdout=said, stderr=said)


def forget(folder):
    """After a run that was not killed: have something to do for the next one."""
    wipe(folder)
    shutil.rmtree(folder / "autograded")
