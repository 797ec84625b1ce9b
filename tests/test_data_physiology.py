"""A real pulse wave: the pinned one, its beats, and one clear error where it is missing."""

import importlib.util

import numpy as np
import pytest

from mmcourse.data import physiology
from mmcourse.data.physiology import RATE, PhysiologyError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("heartpy") is None, reason="not installed: pip install --no-deps heartpy==1.2.7"
)


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))


@needs_package
def test_the_heart_beats_near_once_a_second_and_not_like_a_clock():
    wave = physiology.pulse()
    assert (wave.shape, wave.dtype) == ((2483,), np.float32)
    assert (wave.min(), wave.max()) == (359, 854)
    tops = physiology.tops(wave)
    seconds = np.diff(tops) / RATE
    assert len(tops) == 24
    assert seconds.mean() == pytest.approx(1.02, abs=0.01)
    assert 0.03 < seconds.std() < 0.1


@needs_package
def test_nothing_of_the_package_is_imported(run_python):
    run_python(
        "import sys; from mmcourse.data import physiology; physiology.pulse();"
        "assert not {'torch', 'matplotlib', 'heartpy'} & set(sys.modules)"
    )


def test_tops_and_mean_beat_by_hand():
    """Triangles of 50 and 100 samples, one top each: stretched, both are the same triangle."""
    short, long = (np.interp(np.arange(n), [0, n / 2, n], [1.0, 0.0, 1.0]) for n in (50, 100))
    wave = np.concatenate([np.zeros(20), short, long, short, [1.0], np.zeros(20)])
    tops = physiology.tops(wave)
    assert tops.tolist() == [20, 70, 170, 220]
    np.testing.assert_allclose(physiology.mean_beat(wave, tops, 4), [1, 0.5, 0, 0.5], atol=1e-9)


def test_what_cannot_be_is_told(monkeypatch):
    for wrong in (np.zeros((2, 300)), np.zeros(99), np.full(300, np.nan)):
        with pytest.raises(ValueError, match=r"expected a finite wave \(T,\) of at least 100 samples"):
            physiology.tops(wrong)
    with pytest.raises(ValueError, match="expected at least two tops, came 1"):
        physiology.mean_beat(np.zeros(300), np.array([7]), 5)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PhysiologyError, match=r"heartpy==1\.2\.7: it is not installed here.*or physiology\.fetch\(\)"):
        physiology.pulse()
