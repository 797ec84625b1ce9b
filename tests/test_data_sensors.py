"""Real recordings of sensors: the pinned ones, split by people, and one clear error where they are missing."""

import importlib
import importlib.util
import io
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from mmcourse.data import sensors
from mmcourse.data.sensors import EXERCISES, SPLITS, SensorsError

needs_packages = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("seglearn", "pywt")),
    reason='the extra is not installed: pip install -c constraints.txt -e ".[sensors]"',
)


@pytest.fixture(scope="module")
def motion():
    return {split: sensors.load(split) for split in SPLITS}


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))


@needs_packages
def test_every_person_does_every_exercise_with_both_arms_in_one_split_only(motion):
    seen = []
    for split, people in SPLITS.items():
        records = motion[split].records
        assert {record.person for record in records} == set(people)
        seen += [(record.person, record.exercise, record.side) for record in records]
    assert len(seen) == len(set(seen)) == 10 * 7 * 2


@needs_packages
def test_the_series_are_motion_at_fifty_hertz(motion):
    pulls = []
    for split in SPLITS:
        for series, record in motion[split]:
            assert series.dtype == np.float32
            assert series.shape[1:] == (6,)
            assert 15 < len(series) / sensors.RATE < 60
            assert record.exercise in EXERCISES
            pulls.append(np.median(np.linalg.norm(series[:, sensors.SENSORS["accelerometer"]], axis=1)))
    assert 1 < np.median(pulls) < 1.2  # in g: an arm feels gravity above all
    assert min(pulls) > 0.9


@needs_packages
def test_what_is_known_of_the_exercises_shows_in_the_motion(motion):
    """In a pendulum the arm hangs; in an abduction and an elevation the watch turns through most of a half circle."""

    def swing(exercise):
        pulls = [s[:, :3] for s, record in motion["train"] if record.exercise == exercise]
        return np.mean([np.ptp(np.percentile(pull, (5, 95), axis=0), axis=0).max() for pull in pulls])

    assert swing("pendulum") < 0.8 * min(swing("abduction"), swing("forward elevation"))


@needs_packages
def test_windows_are_pieces_of_their_recordings(motion):
    data = motion["validation"]
    x, y, people = data.windows(101, 53)
    assert x.shape == (len(y), 101, 6)
    assert len(people) == len(y)
    start = 0
    for series, record in data:
        count = (len(series) - 101) // 53 + 1
        for k in (0, count - 1):
            np.testing.assert_array_equal(x[start + k], series[53 * k : 53 * k + 101])
        assert set(y[start : start + count]) == {EXERCISES.index(record.exercise)}
        assert set(people[start : start + count]) == {record.person}
        start += count
    assert start == len(x)


@needs_packages
def test_the_heart_beats_three_times():
    heart = sensors.heart()
    assert heart.shape == (1024,)
    assert heart.dtype == np.float32
    above = heart > 0.6 * heart.max()
    starts = np.flatnonzero(above[1:] & ~above[:-1])
    assert len(starts) == 3
    np.testing.assert_allclose(np.diff(starts), (328, 330), atol=4)


@needs_packages
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((0, 5), "expected length to be a whole number of samples from 1, got 0"),
        ((5, 2.5), r"expected step to be a whole number of samples from 1, got 2\.5"),
        ((10_000, 5), "expected length to be at most that of the shortest recording, 1283, got 10000"),
    ],
)
def test_windows_that_cannot_be_are_told(motion, wrong, said):
    with pytest.raises(ValueError, match=said):
        motion["validation"].windows(*wrong)


def test_an_unknown_split_is_told():
    with pytest.raises(ValueError, match=r"expected one of the splits \('train', 'validation', 'test'\), got 'dev'"):
        sensors.load("dev")


ASK = [(lambda: sensors.load("test"), "seglearn", "seglearn==1.2.5"), (sensors.heart, "pywt", "PyWavelets==1.9.0")]


@pytest.mark.parametrize(("ask", "_", "requirement"), ASK)
def test_a_missing_package_is_told(monkeypatch, ask, _, requirement):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said = rf"{requirement}: it is not installed here.*pip install .*{requirement}; or sensors\.fetch\(\)"
    with pytest.raises(SensorsError, match=said):
        ask()


@pytest.mark.parametrize(("ask", "package", "requirement"), ASK)
@pytest.mark.parametrize("content", [None, b"another release"])
def test_a_package_with_other_data_is_told(monkeypatch, tmp_path, ask, package, requirement, content):
    (tmp_path / package / "data").mkdir(parents=True)
    (tmp_path / package / "__init__.py").write_text("raise RuntimeError('nothing here is to be imported')")
    if content:
        for file in ("watch_dataset.npy", "ecg.npz"):
            (tmp_path / package / "data" / file).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, package, raising=False)
    importlib.invalidate_caches()
    said = "has the sha256 .*…, expected was" if content else "lacks this file"
    with pytest.raises(SensorsError, match=rf"{requirement}: .*{said}.*Try: "):
        ask()


def test_the_unpickler_builds_arrays_and_runs_nothing():
    array = np.arange(6.0).reshape(2, 3)
    content = pickle.dumps({"a": array}, 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    np.testing.assert_array_equal(sensors._Unpickler(io.BytesIO(content)).load()["a"], array)
    for danger in (subprocess.Popen, print, Path):
        with pytest.raises(pickle.UnpicklingError, match="expected arrays, got "):
            sensors._Unpickler(io.BytesIO(pickle.dumps(danger))).load()


@needs_packages
def test_the_sensors_need_neither_torch_nor_their_packages(run_python):
    run_python(
        "import sys; from mmcourse.data import sensors; sensors.load('test'); sensors.heart();"
        "assert not {'torch', 'matplotlib', 'seglearn', 'pywt', 'sklearn'} & set(sys.modules)"
    )


def test_the_extra_has_the_pinned_packages():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["optional-dependencies"]["sensors"]) == {"seglearn==1.2.5", "PyWavelets==1.9.0"}
