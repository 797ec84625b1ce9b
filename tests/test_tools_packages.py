"""Which tools are here, and a note in place of a traceback; the room itself imports none of them."""

import sys
from importlib.metadata import version

import pytest

from mmcourse import tools
from mmcourse.tools import packages


def test_versions_of_what_is_here_and_advice_for_what_is_not(monkeypatch):
    monkeypatch.setitem(packages.PACKAGES, "crystal", "crystal-ball")
    rows = dict(tools.available())
    assert rows["numpy"] == version("numpy")
    assert rows["crystal"] == "pip install -c constraints.txt crystal-ball"
    assert list(rows) == list(packages.PACKAGES)


def test_optional_gives_the_module_and_says_nothing(capsys):
    assert tools.optional("json") is sys.modules["json"]
    assert capsys.readouterr() == ("", "")


def test_optional_says_how_to_get_what_is_missing(capsys, monkeypatch):
    """Under a name that no package has, and with one that is installed made to look missing."""
    monkeypatch.setitem(sys.modules, "keras", None)
    for name in ("crystal", "keras"):
        assert tools.optional(name) is None
        out, err = capsys.readouterr()
        assert out.strip() == (
            f"{name} is not installed here, so this cell has nothing to show. "
            f"To have it: pip install -c constraints.txt {name}"
        )
        assert err == ""


def test_a_package_that_is_there_but_broken_is_not_hidden(tmp_path, monkeypatch):
    (tmp_path / "halfway.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        tools.optional("halfway")


def test_the_room_imports_no_tool(run_python):
    heavy = set(packages.PACKAGES) | {"onnxruntime", "tokenizers"}
    run_python(f"import mmcourse.tools, sys; assert not {heavy!r} & set(sys.modules)")


def test_the_numpy_half_runs_without_any_other_tool(run_python):
    heavy = set(packages.PACKAGES) - {"numpy"}
    run_python(f"import mmcourse.tools.scratch, sys; found = {heavy!r} & set(sys.modules); assert not found, found")
