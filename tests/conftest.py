"""Fixtures that several test files share."""

import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def run_python():
    """Run a line of Python in a fresh interpreter; fail with its stderr if it fails. Returns its stdout."""

    def run(code, **options):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def kind():
    """What isolates submissions here; where nothing does, the test is skipped."""
    from mmcourse.classroom import sandbox

    try:
        return sandbox.isolation()
    except sandbox.NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def _one_class(tmp_path_factory):
    from small_class import make

    return make(tmp_path_factory.mktemp("class") / "class")


@pytest.fixture
def class_folder(_one_class, tmp_path):
    """A class of four students in which assignment 03 is released (see `small_class`)."""
    return shutil.copytree(_one_class, tmp_path / "class")
