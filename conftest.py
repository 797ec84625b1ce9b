"""Makes `pytest --nbval` compare notebooks strictly, and lets the tests import the scripts."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]

pytest_plugins = ["nbval_plugin"]
