"""The hub's exchange: who may put and look, and that nothing which lies there already is believed."""

import os
import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "deploy"))
if os.name == "nt":
    pytest.skip("a hub runs on Linux and macOS", allow_module_level=True)
import hub


def test_the_exchange_lets_everybody_put_and_nobody_look(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "AS_ROOT", False)
    hub.make_exchange({"folder": tmp_path, "teacher": "somebody", "course": "autumn"})
    modes = {str(path.relative_to(tmp_path)): oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.rglob("*")}
    assert modes == {
        "exchange": "0o1777",
        "exchange/autumn": "0o755",
        "exchange/autumn/outbound": "0o755",
        "exchange/autumn/inbound": "0o1733",
        "exchange/autumn/feedback": "0o711",
    }


def test_a_students_link_in_the_exchange_opens_no_other_folder(tmp_path, monkeypatch):
    """Everybody may write into the exchange: also the name that the course will have one day."""
    monkeypatch.setattr(hub, "AS_ROOT", False)
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (tmp_path / "exchange").mkdir()
    (tmp_path / "exchange" / "autumn").symlink_to(private)
    with pytest.raises(hub.Problem, match="autumn is none"):
        hub.make_exchange({"folder": tmp_path, "teacher": "somebody", "course": "autumn"})
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not list(private.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another's folder")
def test_a_students_folder_in_the_exchange_does_not_become_the_courses(tmp_path):
    made = tmp_path / "autumn"
    made.mkdir()
    os.chown(made, 65534, 65534)
    with pytest.raises(hub.Problem, match="belongs to somebody else"):
        hub.make_folder(made, 0o755, "root")
    assert made.stat().st_uid == 65534
