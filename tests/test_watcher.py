"""The watcher that ships: what its card says is true, and what it does with clips that lack something."""

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse import checkpoints
from mmcourse.checkpoints import watcher as shipped
from mmcourse.data import clips
from mmcourse.metrics import wilson_interval

torch.set_num_threads(1)
FOLDER = checkpoints.resources.files("mmcourse.checkpoints")
COUNT = 150


@pytest.fixture(scope="module")
def watcher():
    return shipped.load()


@pytest.fixture(scope="module")
def test():
    return clips.load("test")


@pytest.fixture(scope="module")
def sounds(test):
    return [clip.sound() for clip in test.records[:COUNT]]


def share(watcher, test, *given):
    return np.mean(watcher(*given).argmax(1) == test.labels[: len(given[0])])


def test_it_tells_what_happens_as_its_card_says(watcher, test, sounds):
    card = checkpoints.load("watcher")[1]
    said = card["scores on held-out clips"]
    frames = test.frames[:COUNT]
    for name, given in {
        "frames and sound": (frames, sounds),
        "frames": (frames,),
        "half of the frames": (frames[:, 3:9],),
        "one frame and sound": (frames[:, 5:6], sounds),
    }.items():
        hits, n = said[name]
        low, high = wilson_interval(hits, n)
        assert low - 0.05 <= share(watcher, test, *given) <= high + 0.05, name
        assert said["95 % intervals"][name] == pytest.approx((low, high), abs=1e-4)
    assert said["frames"][0] / n > 0.95
    assert said["frames and sound"][0] / n > 0.95
    assert said["one frame"][0] / n < 0.5, "one frame does not tell what happens"


def test_its_names_are_those_of_the_world(watcher, test):
    told = watcher.actions(test.frames[:COUNT])
    right = [a == clip.action for a, clip in zip(told, test.records[:COUNT], strict=True)]
    assert np.mean(right) > 0.95


def test_its_scores_are_log_probabilities(watcher, test, sounds):
    found = watcher(test.frames[:7], sounds[:7])
    assert found.shape == (7, 10)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.exp(found).sum(1), 1, atol=1e-5)


def test_its_file_is_small_and_its_card_tells_how_it_was_made():
    assert (FOLDER / "watcher.npz").stat().st_size < 1_000_000
    card = checkpoints.load("watcher")[1]
    assert card["command"] == "python -m mmcourse.checkpoints.watcher"
    assert card["CPU-seconds"] <= 60


# ---- clips that lack something


def test_one_frame_is_a_guess_from_looks_and_motion_abstains(watcher, test):
    one = test.frames[:7, 5:6]
    scores, present = watcher.told(one)
    np.testing.assert_array_equal(present, [[True, False, False]] * 7)
    assert np.isfinite(scores).all()
    assert None not in watcher.actions(one)


def test_a_still_clip_has_no_action_unless_it_is_heard(watcher, test, sounds):
    still = test.frames[:7, 5:6].repeat(12, 1)
    assert watcher.actions(still) == [None] * 7
    np.testing.assert_allclose(watcher(still), watcher(still[:, :1]), atol=1e-5)
    heard = watcher.actions(still, [sounds[0], None, *sounds[2:7]])
    assert heard[1] is None
    assert None not in heard[:1] + heard[2:]
    mixed = still.copy()
    mixed[3] = test.frames[3]
    assert [a is None for a in watcher.actions(mixed)] == [True] * 3 + [False] + [True] * 3


def test_silence_and_no_sound_are_the_same(watcher, test, sounds):
    frames = test.frames[:3]
    none = watcher(frames)
    np.testing.assert_array_equal(watcher(frames, [None, np.zeros(12000), np.full(4000, 0.3)]), none)
    assert np.abs(watcher(frames, sounds[:3]) - none).max() > 1e-3


def test_a_clip_is_answered_alone_as_among_others(watcher, test, sounds):
    frames = test.frames[:5]
    some = [sounds[0], None, sounds[2][:9000], sounds[3], None]
    both = watcher(frames, some)
    for i in range(5):
        np.testing.assert_allclose(watcher(frames[i : i + 1], some[i : i + 1])[0], both[i], atol=1e-4)


@pytest.mark.parametrize("factor", [2, 3])
def test_larger_frames_are_seen_as_small_ones(watcher, test, factor):
    frames = test.frames[:11]
    large = frames.repeat(factor, 2).repeat(factor, 3)
    np.testing.assert_allclose(watcher(large), watcher(frames), atol=1e-2)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (np.zeros((12, 48, 48, 3), np.uint8), r"expected frames \(B, T, H, W, 3\) uint8, .* Try: frames\[None\]"),
        (np.zeros((1, 12, 48, 48, 3)), r"expected frames \(B, T, H, W, 3\) uint8, .* came .* float64"),
        (np.zeros((1, 0, 48, 48, 3), np.uint8), "T at least 1"),
        (np.zeros((1, 12, 48, 64, 3), np.uint8), "expected square frames of at least 24 pixels, came 48 × 64. Try"),
        (np.zeros((1, 12, 16, 16, 3), np.uint8), "expected square frames of at least 24 pixels, came 16 × 16"),
    ],
)
def test_frames_of_another_form_are_told(watcher, frames, said):
    with pytest.raises(ValueError, match=f"^watcher: .*{said}"):
        watcher(frames)


@pytest.mark.parametrize(
    ("sounds", "said"),
    [
        ([np.ones(12000)], "^watcher: expected a sound or None for each of 2 clips, came 1"),
        ([None, np.ones(12000, np.int16)], r"^sound: expected floats in \[-1, 1\], came int16"),
        ([None, np.ones((2, 12000))], "^sound: expected one channel"),
        ([None, np.ones(100)], "^sound: expected at least one frame"),
        ([None, np.where(np.arange(12000) % 2, np.nan, 0.5)], "^sound: expected finite samples"),
    ],
)
def test_sound_that_does_not_fit_is_told(watcher, test, sounds, said):
    with pytest.raises(ValueError, match=said):
        watcher(test.frames[:2], sounds)


# ---- a long film


def test_a_film_is_told_window_by_window(watcher, test):
    film = np.concatenate([test.frames[i] for i in range(4)])
    starts, along = watcher.along(film, step=5)
    np.testing.assert_array_equal(starts, [0, 5, 10, 15, 20, 25, 30, 35])
    windows = np.stack([film[s : s + 12] for s in starts])
    np.testing.assert_allclose(along, watcher(windows), atol=1e-4)
    starts, whole = watcher.along(film, step=12)
    np.testing.assert_allclose(whole, watcher(test.frames[:4]), atol=1e-4)


def test_a_film_may_be_short_or_stand_still(watcher, test):
    film = test.frames[0]
    starts, along = watcher.along(film[:5])
    assert starts.tolist() == [0]
    np.testing.assert_allclose(along, watcher(film[None, :5]), atol=1e-4)
    starts, along = watcher.along(film[:1])
    np.testing.assert_allclose(along, watcher(film[None, :1]), atol=1e-4)
    still = film[:1].repeat(14, 0)
    np.testing.assert_allclose(watcher.along(still)[1], watcher(np.stack([still[:12]] * 3)), atol=1e-4)


@pytest.mark.parametrize("changes", [{"length": 0}, {"step": 0}, {"film": np.zeros((2, 12, 48, 48, 3), np.uint8)}])
def test_a_film_of_another_form_is_told(watcher, test, changes):
    with pytest.raises(ValueError, match=r"^along: expected one film"):
        watcher.along(**{"film": test.frames[0]} | changes)


# ---- the file


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the checkpoint that may be damaged."""
    for end in ("npz", "json"):
        (tmp_path / f"watcher.{end}").write_bytes((FOLDER / f"watcher.{end}").read_bytes())
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    return tmp_path


def test_a_damaged_file_is_refused(copied):
    path = copied / "watcher.npz"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint watcher\.npz is damaged: .* make it anew with"):
        shipped.load()


@pytest.mark.parametrize("change", ["an action more", "an array less"])
def test_another_model_is_refused(copied, change):
    with np.load(copied / "watcher.npz") as arrays:
        kept = dict(arrays)
    card = json.loads((copied / "watcher.json").read_text(encoding="utf8"))
    if change == "an action more":
        card["actions"].append("hover")
    else:
        del kept["flow.head.bias"]
    np.savez(copied / "watcher.npz", **kept)
    card["sha256"] = hashlib.sha256((copied / "watcher.npz").read_bytes()).hexdigest()
    (copied / "watcher.json").write_text(json.dumps(card), encoding="utf8")
    with pytest.raises(ValueError, match=r"^checkpoint watcher holds another model: .* Try: python -m mmcourse"):
        shipped.load()
