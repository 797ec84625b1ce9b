"""Fixtures that several test files share."""

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
