"""What the course needs stands in pyproject.toml; everything else that says it must agree."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import setup_environment
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from mmcourse import doctor

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NEEDED = [Requirement(text) for texts in [PROJECT["dependencies"], *EXTRAS.values()] for text in texts]
PINS = [
    Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def pins_of(name):
    return [pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(name)]


def pinned_version(pin):
    (specifier,) = pin.specifier
    return specifier.version


# ---- the pins


@pytest.mark.parametrize("pin", PINS, ids=str)
def test_every_constraint_is_one_exact_version(pin):
    assert [(s.operator, "*" in s.version) for s in pin.specifier] == [("==", False)]


@pytest.mark.parametrize("requirement", NEEDED, ids=str)
def test_every_dependency_is_pinned_within_its_range(requirement):
    pins = pins_of(requirement.name)
    assert pins, f"{requirement.name} is in pyproject.toml, but constraints.txt does not pin it"
    outside = [str(pin) for pin in pins if not requirement.specifier.contains(pinned_version(pin), prereleases=True)]
    assert outside == []


@pytest.mark.parametrize("python", ["3.11.7", "3.12.1", "3.13.0"])
@pytest.mark.parametrize("requirement", NEEDED, ids=str)
def test_every_supported_python_gets_exactly_one_pin(requirement, python):
    place = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    pins = [pin for pin in pins_of(requirement.name) if pin.marker is None or pin.marker.evaluate(place)]
    assert len(pins) == 1


def test_torch_is_pinned_exactly_and_alike():
    (needed,) = [r for r in NEEDED if r.name == "torch"]
    assert str(needed.specifier) == "==2.13.0"
    assert [str(pin) for pin in pins_of("torch")] == ["torch==2.13.0"]


# ---- other ways in


def test_environment_yml_asks_for_what_pyproject_asks_for_and_nothing_else():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["name"]
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    python, pip, from_pip = environment["dependencies"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert pip == "pip"
    assert from_pip == {"pip": ["-c constraints.txt", "-e .[test]"]}
    assert "test" in EXTRAS


def test_no_binder_folder_hides_environment_yml():
    assert not (ROOT / ".binder").exists()
    assert not (ROOT / "binder").exists()


def test_the_dev_container_has_a_supported_python_and_uses_the_set_up_script():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert SpecifierSet(PROJECT["requires-python"]).contains(container["image"].removeprefix("python:"))
    assert container["postCreateCommand"] == "python scripts/setup_environment.py"


@pytest.mark.parametrize("minor", range(9, 17))
def test_everyone_means_the_same_pythons(monkeypatch, minor):
    supported = SpecifierSet(PROJECT["requires-python"]).contains(f"3.{minor}.1")

    try:
        setup_environment.check_python((3, minor, 1), windows=False)
        accepted = True
    except setup_environment.Problem:
        accepted = False
    assert accepted == supported

    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, minor, 1)))
    assert (doctor.check_python("Python").state == "ok") == supported

    (condition,) = re.findall(r"sys\.exit\(not (.*)\)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert eval(condition, {"sys": SimpleNamespace(version_info=(3, minor, 1))}) == supported


# ---- nothing of the machine it was made on

# Each pattern is written so that it does not match itself.
FOREIGN = {
    "a package registry": re.compile(
        r"pypi[.]org|pythonhosted[.]org|npmjs[.](org|com)|download[.]pytorch|deb[.]debian|repo[.]anaconda"
        r"|conda[.]anaconda|proxy[.]golang"
    ),
    "a path of one machine": re.compile(r"(?<![\w.}~])/(?:work|root|opt)/\w"),
}


def texts():
    """Every text file that is, or would be, in the repository: (name, text)."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content[:8000]:
            yield name, content.decode("utf-8")


def foreign(text, pattern):
    return [line.strip()[:100] for line in text.splitlines() if pattern.search(line)]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_names(what):
    found = {name: lines for name, text in texts() if (lines := foreign(text, FOREIGN[what]))}
    assert found == {}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package registry", "pip install --index-url https://{}/simple".format("pypi" + ".org")),
        ("a package registry", "https://{}.org/whl/cpu".format("download" + ".pytorch")),
        ("a path of one machine", "see /{}/main/x.py".format("work")),
        ("a path of one machine", 'open("/{}/wheels/x")'.format("opt")),
    ],
)
def test_the_search_finds_what_it_looks_for(what, text):
    assert foreign(text, FOREIGN[what])


@pytest.mark.parametrize("text", ["exercises/work/a", "https://example.org/work/x", "~/root/x", "n/opt/x"])
def test_the_search_leaves_other_paths_alone(text):
    assert not foreign(text, FOREIGN["a path of one machine"])
