"""Digits, seen and heard: the same everywhere, no leak between splits, and each knob does what it says alone."""

import hashlib
import warnings
from itertools import combinations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmcourse.data import digit_tasks, digits, spoken_digits

SPLITS = tuple(digits.DEFAULT_COUNTS)
CLEAN = {"image_noise": 0, "audio_noise": 0}
FIELDS = ("images", "sounds", "present", "labels", "digits", "handwritten", "clips")


def checksum(data):
    return hashlib.sha256(b"".join(getattr(data, name).tobytes() for name in FIELDS)).hexdigest()


def same(here, there, names=FIELDS):
    for name in names:
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name), strict=True)


# The examples


@pytest.mark.parametrize(
    ("split", "options", "expected"),
    [
        ("train", {}, "5e958bd423ff81c962a97b75b01be60cba27fca9cc4a4111c16f180b57e969a0"),
        (
            "test",
            {"task": {"xor": 1, "same half": 1}, "language": "zh", "missing_audio": 0.5, "seed": 3},
            "9ba1710f2b179eba23352ea4b985410822d52673a5ad57ad940f88e85889e3e1",
        ),
    ],
)
def test_the_first_sixteen_examples_are_pinned(split, options, expected):
    assert checksum(digits.load(split, 16, **options)) == expected


def test_shapes_types_and_ranges():
    data = digits.load("train", 300)
    assert len(data) == 300
    assert data.images.shape == (300, 8, 8)
    assert data.sounds.shape == (300, digits.LENGTH)
    assert data.images.dtype == data.sounds.dtype == np.float32
    assert data.images.min() == 0
    assert data.images.max() == 1
    assert data.present.all()
    assert data.labels.dtype == np.int64
    image, sound, label = data[7]
    np.testing.assert_array_equal(image, data.images[7])
    np.testing.assert_array_equal(sound, data.sounds[7])
    assert label == data.labels[7]


@pytest.mark.parametrize("task", ["same digit", "sum", {"xor": 1, "same half": 2}])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_noise_the_content_is_that_of_the_sources(task, language):
    data = digits.load("validation", 200, seed=2, task=task, language=language, **CLEAN)
    ink, written = load_digits(return_X_y=True)
    np.testing.assert_array_equal(data.images.reshape(200, 64) * 16, ink[data.handwritten])
    np.testing.assert_array_equal(data.digits[:, 0], written[data.handwritten])
    clips = spoken_digits.load()
    np.testing.assert_array_equal(data.digits[:, 1], clips.digits[data.clips])
    for sound, clip in zip(data.sounds, data.clips, strict=True):
        spoken = clips.sound(clip)[: clips.lengths[clip]] / np.float32(spoken_digits.LOUDNESS)
        first = np.flatnonzero(sound)[0] - np.flatnonzero(spoken)[0]
        np.testing.assert_array_equal(sound[first : first + len(spoken)], spoken)
        assert np.count_nonzero(sound) == np.count_nonzero(spoken)
    table = digit_tasks.table(task)
    assert (table[data.digits[:, 0], data.digits[:, 1], data.labels] > 0).all()


def test_all_handwriting_voices_and_places_are_used_evenly():
    data = digits.load("test", 20_000, seed=1, task="sum", **CLEAN)
    for drawn, size in ((data.handwritten, 360), (data.clips, 160)):
        numbers, counts = np.unique(drawn, return_counts=True)
        assert len(numbers) == size
        assert counts.max() < 2.5 * counts.min()
    starts = (data.sounds != 0).argmax(1) / (digits.LENGTH - spoken_digits.load().lengths[data.clips])
    assert np.quantile(starts, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


# No leak


def test_no_handwritten_digit_is_in_two_splits_and_all_are_in_one():
    used = {split: set(digits.load(split, 12_000, task="unique audio", **CLEAN).handwritten) for split in SPLITS}
    assert all(used[a].isdisjoint(used[b]) for a, b in combinations(SPLITS, 2))
    assert set().union(*used.values()) == set(range(1797))
    ink, _ = load_digits(return_X_y=True)
    pictures = {split: {ink[number].tobytes() for number in used[split]} for split in SPLITS}
    assert all(pictures[a].isdisjoint(pictures[b]) for a, b in combinations(SPLITS, 2))


def test_no_voice_is_in_two_splits_in_either_language():
    timbres = {split: set() for split in SPLITS}
    voices = {split: set() for split in SPLITS}
    for split in SPLITS:
        for language in ("en", "zh"):
            names = digits.load(split, 2500, language=language, **CLEAN).voices
            voices[split] |= set(names)
            timbres[split] |= {name.split(" ")[0].partition("+")[2] for name in names}
    assert [len(timbres[split]) for split in SPLITS] == [12, 4, 4]
    assert [len(voices[split]) for split in SPLITS] == [36, 12, 12]
    assert all(timbres[a].isdisjoint(timbres[b]) for a, b in combinations(SPLITS, 2))


# The knobs


def test_another_count_gives_the_same_examples():
    options = {"task": "sum", "missing_image": 0.3, "missing_audio": 0.3}
    few, many = digits.load("test", 300, **options), digits.load("test", 700, **options)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(few, name), getattr(many, name)[:300])


def test_another_seed_or_split_gives_others():
    sums = {checksum(digits.load(split, 20, seed)) for split in SPLITS for seed in range(3)}
    assert len(sums) == 9
    noises = [noise(split, seed) for split in SPLITS for seed in range(3)]
    assert np.abs(np.triu(np.corrcoef(noises), 1)).max() < 0.02  # 48,000 samples: four deviations


def noise(split, seed):
    """The noise in the sounds of the first ten examples."""
    noisy, clean = (digits.load(split, 10, seed, audio_noise=level).sounds for level in (1, 0))
    return (noisy - clean).ravel()


def test_noise_changes_nothing_else():
    clean, noisy = digits.load("train", 500, **CLEAN), digits.load("train", 500, image_noise=0.1, audio_noise=0.5)
    same(clean, noisy, ("present", "labels", "digits", "handwritten", "clips"))
    noise = noisy.sounds - clean.sounds
    assert noise.std() == pytest.approx(0.5, rel=0.01)
    assert abs(noise.mean()) < 0.002
    assert abs(np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]) < 0.01
    assert (np.abs(noise) > 1).mean() == pytest.approx(0.0455, abs=0.005)  # two deviations of a normal distribution
    grey = clean.images == 0.5  # five deviations from white and from black
    assert (noisy.images - clean.images)[grey].std() == pytest.approx(0.1, rel=0.05)
    assert noisy.images[clean.images == 0].mean() == pytest.approx(0.1 / np.sqrt(2 * np.pi), rel=0.05)


def test_a_words_root_mean_square_is_one():
    data = digits.load("train", 200, **CLEAN)
    lengths = spoken_digits.load().lengths[data.clips]
    loudness = np.sqrt((data.sounds**2).sum(1) / lengths)
    assert loudness == pytest.approx(np.ones(200), rel=0.02)


def test_missing_is_all_zeros_and_nested_and_changes_nothing_else():
    whole = digits.load("train", 3000)
    some = digits.load("train", 3000, missing_image=0.3, missing_audio=0.6)
    more = digits.load("train", 3000, missing_image=0.5, missing_audio=0.6)
    same(whole, some, ("labels", "digits", "handwritten", "clips"))
    image, audio = some.present.T
    assert image.mean() == pytest.approx(0.7, abs=0.03)
    assert audio.mean() == pytest.approx(0.4, abs=0.03)
    assert (image & audio).mean() == pytest.approx(0.28, abs=0.03)  # drawn independently
    assert not more.present[~some.present].any()
    np.testing.assert_array_equal(some.images[image], whole.images[image])
    np.testing.assert_array_equal(some.sounds[audio], whole.sounds[audio])
    assert not some.images[~image].any()
    assert not some.sounds[~audio].any()
    none = digits.load("train", 50, missing_image=1, missing_audio=1.0)
    assert not none.present.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "dev"}, r"expected one of the splits \('train', 'validation', 'test'\), got 'dev'"),
        ({"count": 0}, "expected count to be a whole number from 1, got 0"),
        ({"count": 2.5}, "expected count"),
        ({"seed": -1}, "expected seed to be a whole number from 0, got -1"),
        ({"language": "de"}, r"expected one of the languages \('en', 'zh'\), got 'de'"),
        ({"task": "add"}, "expected one of the tasks"),
        ({"image_noise": -0.1}, "expected image_noise to be a number from 0 to 100, got -0.1"),
        ({"audio_noise": float("nan")}, "expected audio_noise .* got nan"),
        ({"audio_noise": "loud"}, "expected audio_noise .* got 'loud'"),
        ({"missing_image": 1.1}, "expected missing_image to be a number from 0 to 1, got 1.1"),
        ({"missing_audio": None}, "expected missing_audio"),
    ],
)
def test_what_makes_no_sense_is_told_the_choices(change, message):
    with pytest.raises(ValueError, match=message):
        digits.load(**({"split": "test", "count": 2} | change))


def test_changed_handwritten_digits_are_told(monkeypatch):
    monkeypatch.setattr(digits, "_HANDWRITTEN_SHA256", "0" * 64)
    digits._scikit_learn_digits.cache_clear()
    with pytest.raises(digits.DigitsError, match=r"sha256 0000.* Try: pip install .* scikit-learn"):
        digits.load("test", 1)


# How hard it is


def features(data):
    """Pixels (N, 64), and log energies of sound in frames and equal bands (N, bands · frames)."""
    frames = np.lib.stride_tricks.sliding_window_view(data.sounds, 256, 1)[:, ::160] * np.hanning(256)
    power = np.abs(np.fft.rfft(frames)[..., 1:121]) ** 2
    energy = np.log(power.reshape(*power.shape[:2], 20, 6).mean(-1) + 1)
    return data.images.reshape(len(data), -1), energy.reshape(len(data), -1)


def right(train, test, labels=None, views=("image", "sound", "both")):
    """Which test examples logistic regression gets right from each view."""
    found = {}
    seen, unseen = features(train), features(test)
    for view in views:
        x, z = (np.hstack(f) if view == "both" else f[view == "sound"] for f in (seen, unseen))
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=60))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found[view] = model.fit(x, train.labels).predict(z) == test.labels
    return found


def test_by_default_each_alone_is_good_and_both_are_better():
    found = right(digits.load("train", 3000), digits.load("test", 1500))
    accuracy = {view: hits.mean() for view, hits in found.items()}
    assert 0.7 < accuracy["image"] < 0.9
    assert 0.65 < accuracy["sound"] < 0.9
    for alone in ("image", "sound"):
        gain = found["both"].astype(float) - found[alone]
        assert gain.mean() - 1.96 * gain.std() / np.sqrt(len(gain)) > 0.03


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_noise_unseen_hands_and_voices_are_recognised(language):
    found = right(*(digits.load(s, 1500, language=language, **CLEAN) for s in ("train", "test")))
    assert found["image"].mean() > 0.9
    assert found["sound"].mean() > 0.75
    assert found["both"].mean() > 0.95


def test_one_modality_alone_is_at_chance_on_xor():
    found = right(*(digits.load(s, 1500, task="xor", **CLEAN) for s in ("train", "test")), views=("image", "sound"))
    for hits in found.values():
        assert abs(hits.mean() - 0.5) < 4 * 0.5 / np.sqrt(1500)
