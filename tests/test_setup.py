"""`make setup` under the faults people meet: each gets one clear sentence, and a second try works."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "setup_environment.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins for Python are shell scripts")

# What pip 23.2 and pip 26.3 print, with the package's name changed.
PIP_FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
PIP_OFFLINE = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'NameResolutionError("HTTPSConnection(host='x', port=443): Failed to resolve 'x' ([Errno -2] Name or service not \
known)")': /simple/numpy/
ERROR: Could not find a version that satisfies the requirement numpy>=2.2 (from versions: none)
ERROR: No matching distribution found for numpy>=2.2"""
PIP_NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: 2.2.2)
ERROR: No matching distribution found for torch==2.13.0"""
PIP_CERTIFICATE = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by \
'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:992)'))'
ERROR: No matching distribution found for numpy"""


@pytest.fixture
def script(tmp_path):
    """The set-up script, loaded from a course folder of its own."""
    (tmp_path / "scripts").mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    spec = importlib.util.spec_from_file_location("set_up_in_a_spare_folder", shutil.copy(SCRIPT, tmp_path / "scripts"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stand_in_venv(script, prints="", status=0):
    """A .venv whose Python does nothing, except that installing the course prints `prints` and ends with `status`."""
    script.venv_python().parent.mkdir(parents=True)
    script.venv_python().write_text(
        f"#!{sys.executable}\nimport sys\nif '-e' in sys.argv:\n    print({prints!r})\n    sys.exit({status})\n"
    )
    script.venv_python().chmod(0o755)


@pytest.fixture
def made(script, monkeypatch):
    """Let the script make stand-in environments; the list says how often it did."""
    made = []
    run = subprocess.run

    def run_or_stand_in(command, **options):
        if command[1:3] != ["-m", "venv"]:
            return run(command, **options)
        made.append(command)
        stand_in_venv(script)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(script.subprocess, "run", run_or_stand_in)
    return made


def sentences(capsys):
    """What was printed last, after the empty line that sets an explanation apart."""
    return capsys.readouterr().out.strip().rpartition("\n\n")[2]


def test_first_run_makes_the_environment_and_the_second_has_nothing_to_do(script, made, capsys):
    assert script.main([]) == 0
    assert "Done in" in capsys.readouterr().out
    assert script.main([]) == 0
    assert capsys.readouterr().out == "The environment in .venv is up to date.\n"
    assert len(made) == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed_into_the_same_environment(script, made, capsys, name):
    script.main([])
    with (script.ROOT / name).open("a") as file:
        file.write("# changed\n")
    script.main([])
    assert capsys.readouterr().out.count("Done in") == 2
    assert len(made) == 1


def test_extras_are_added_and_stay(script, made):
    script.main([])
    assert not script.up_to_date(["test", "browser"])
    script.main(["--extra", "browser"])
    assert script.up_to_date(["test", "browser"])
    (script.ROOT / "constraints.txt").write_text("changed")
    script.main([])
    assert json.loads(script.stamp().read_text())["extras"] == ["browser", "test"]


def test_the_script_parses_on_python_3_6():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14), (4, 0)])
def test_a_wrong_python_is_told_which_one_to_get(script, version):
    with pytest.raises(script.Problem, match=rf"3\.11, 3\.12 or 3\.13, and this is Python {version[0]}\.{version[1]}"):
        script.check_python(version, windows=False)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_right_python_is_accepted(script, version):
    assert script.check_python(version, windows=False) is None


def test_windows_gets_the_command_for_windows(script):
    with pytest.raises(script.Problem, match=r"py -3\.13 scripts\\setup_environment\.py"):
        script.check_python((3, 14), windows=True)


def test_a_wrong_python_makes_nothing(script, made, monkeypatch, capsys):
    monkeypatch.setattr(script, "OLDEST", (3, 99))
    assert script.main([]) == 1
    assert "this is Python" in sentences(capsys)
    assert made == []


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_names_the_debian_package(script, made, monkeypatch, capsys, module):
    find = importlib.util.find_spec
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda name: None if name == module else find(name))
    assert script.main([]) == 1
    assert f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in sentences(capsys)
    assert made == []


def test_too_little_space_is_noticed_before_anything_is_made(script, made, monkeypatch, capsys):
    monkeypatch.setattr(script.shutil, "disk_usage", lambda path: SimpleNamespace(free=1.5e9))
    assert script.main([]) == 1
    assert "Only 1.5 GB are free" in sentences(capsys)
    assert made == []


def test_a_disk_that_fills_up_is_named_and_the_second_try_starts_afresh(script, made, capsys):
    stand_in_venv(script, "Installing collected packages: torch\n" + PIP_FULL, status=1)
    assert script.main([]) == 1
    assert sentences(capsys).startswith("The disk is full")
    assert script.main([]) == 0
    assert len(made) == 1


def test_no_network_is_named_and_leaves_the_environment_alone(script, made, capsys):
    stand_in_venv(script, PIP_OFFLINE, status=1)
    kept = script.venv_python().read_text()
    assert script.main([]) == 1
    assert sentences(capsys).startswith("pip could not reach the package index.")
    assert script.venv_python().read_text() == kept
    assert made == []


@pytest.mark.slow
def test_real_pip_without_a_network(script, monkeypatch, capsys):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the port that discards: nobody listens
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setattr(script.shutil, "disk_usage", lambda path: SimpleNamespace(free=99e9))
    assert script.main([]) == 1
    assert sentences(capsys).startswith("pip could not reach the package index.")


def test_an_interrupted_installation_is_made_anew(script, made, monkeypatch, capsys):
    show = script.Progress.show

    def interrupt(self, text):
        if text.startswith("installing"):
            raise KeyboardInterrupt
        show(self, text)

    stand_in_venv(script, "Installing collected packages: numpy, torch")
    with monkeypatch.context() as patch:
        patch.setattr(script.Progress, "show", interrupt)
        assert script.main([]) == 130
    assert sentences(capsys).startswith("Interrupted.")
    assert not script.up_to_date(["test"])
    assert script.main([]) == 0
    assert len(made) == 1
    assert script.up_to_date(["test"])


def test_what_was_interrupted_is_not_up_to_date_though_its_stamp_says_so(script, made):
    script.main([])
    script.unfinished().write_text("")
    assert not script.up_to_date(["test"])


@pytest.mark.parametrize("damage", ["no Python", "a Python that is gone", "a file"])
def test_a_broken_environment_is_made_anew(script, made, damage):
    if damage == "a file":
        script.VENV.write_text("")
    else:
        script.venv_python().parent.mkdir(parents=True)
    if damage == "a Python that is gone":
        script.venv_python().symlink_to("python-that-was-removed")
    assert script.main([]) == 0
    assert len(made) == 1


def test_an_environment_that_was_moved_is_installed_again(script, made):
    script.main([])
    saved = json.loads(script.stamp().read_text())
    script.stamp().write_text(json.dumps(saved | {"fingerprint": "of another folder"}))
    assert not script.up_to_date(["test"])


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (PIP_FULL, "The disk is full"),
        ("[WinError 112] There is not enough space on the disk", "The disk is full"),
        (PIP_OFFLINE, "could not reach the package index"),
        ("ERROR: HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /y.whl", "could not reach"),
        ("ReadTimeoutError: HTTPSConnectionPool(host='x', port=443): Read timed out.", "could not reach"),
        (PIP_CERTIFICATE, "does not show a trusted certificate"),
        (PIP_NO_WHEEL, "has no torch for this Python"),
        ("ERROR: [WinError 5] Access is denied: 'zmq.pyd'", "Close JupyterLab"),
        ("ERROR: something new\nmore", "Installing failed: ERROR: something new"),
        ("", "it printed nothing"),
    ],
)
def test_what_pip_prints_becomes_one_sentence(script, printed, expected):
    assert expected in script.diagnose(printed.splitlines())


# ---- the Makefile's choice of a Python


def stub(folder, name, supported, said="chosen"):
    """A Python in `folder` that answers the Makefile's question, and says its name when it is given a script."""
    path = folder / name
    answer = 0 if supported else 1
    path.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then exit {answer}; fi\necho "{said} {name}: $*"\n')
    path.chmod(0o755)
    return path


def make(folder, *arguments):
    """`make setup` where only the Pythons in `folder` can be found."""
    command = [shutil.which("make"), "-f", str(ROOT / "Makefile"), "setup", *arguments]
    return subprocess.run(command, cwd=folder, env={"PATH": str(folder)}, capture_output=True, text=True)


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@needs_make
@pytest.mark.parametrize(
    ("pythons", "chosen"),
    [
        ({"python3": True, "python3.13": True}, "python3"),
        ({"python3": False, "python3.13": True, "python3.11": True}, "python3.13"),
        ({"python3": False, "python3.13": False, "python3.11": True}, "python3.11"),
        ({"python": True}, "python"),
        ({"python3": False}, "python3"),  # unsupported, but able to say what is wrong
    ],
)
def test_make_takes_the_first_supported_python(tmp_path, pythons, chosen):
    for name, supported in pythons.items():
        stub(tmp_path, name, supported)
    said = make(tmp_path).stdout.splitlines()[-1]
    assert Path(said.split()[1]).name == f"{chosen}:"
    assert said.endswith("scripts/setup_environment.py")


@needs_make
def test_make_honours_the_python_it_is_given(tmp_path):
    stub(tmp_path, "python3", supported=True)
    mine = stub(tmp_path, "mine", supported=True)
    assert "chosen mine:" in make(tmp_path, f"PYTHON={mine}").stdout


@needs_make
def test_make_without_any_python_says_so(tmp_path):
    result = make(tmp_path)
    assert result.returncode != 0
    assert "No Python was found. Install Python 3.11, 3.12 or 3.13" in result.stdout
