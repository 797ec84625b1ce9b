"""Simulated pulses: a row a moment, arousal and nothing else, people who differ, and waves of the right shape."""

import importlib.util

import numpy as np
import pytest

from mmcourse.data import emotions, physiology, pulses
from mmcourse.data.emotions import EMOTIONS
from mmcourse.data.pulses import AROUSAL, MOMENT, RATE, Body

COUNT = 400
BODY = Body(rate=66.0, sway=0.0, breaths=0.25, strength=1.3, level=5.0, response=0.5, noise=0.0)
BEFORE = slice(0, int(MOMENT * RATE))


@pytest.fixture(scope="module")
def data():
    return emotions.load("train", COUNT, seed=5), pulses.load("train", COUNT, seed=5)


def test_windows_belong_to_moments_and_a_seed_gives_the_same(data):
    moments, windows = data
    assert (windows.shape, windows.dtype) == ((len(moments), 320, 2), np.float32)
    assert np.isfinite(windows).all()
    assert (windows[..., 1] > 0).all()
    np.testing.assert_array_equal(pulses.load("train", 11, seed=5), windows[:11])
    for other in (pulses.load("train", 11, seed=6), pulses.load("test", 11, seed=5)):
        assert not np.isclose(other, windows[:11]).all(1).any()


def test_what_is_felt_decides_and_not_what_is_shown(data):
    """The skin answers in those who are sad behind a glad face as in those who are sad, not as in the glad."""
    moments, windows = data
    rise = windows[:, 160:, 1].max(1) - windows[:, BEFORE, 1].mean(1)
    of = {felt: np.mean([r for r, m in zip(rise, moments.records, strict=True) if m.felt == felt]) for felt in EMOTIONS}
    assert min(of[felt] for felt in EMOTIONS if AROUSAL[felt] == 1) > max(of["calm"], of["sadness"]) + 0.05
    hidden = [r for r, m in zip(rise, moments.records, strict=True) if m.kind == "mask" and m.felt == "sadness"]
    assert np.mean(hidden) < of["joy"] - 0.05


def test_emotions_of_one_arousal_give_the_same_window():
    assert set(AROUSAL) == set(EMOTIONS)
    drawn = {emotion: pulses.draw(np.random.default_rng(7), emotion) for emotion in EMOTIONS}
    for emotion in ("anger", "fear", "surprise"):
        np.testing.assert_array_equal(drawn[emotion], drawn["joy"])
    assert not np.array_equal(drawn["sadness"], drawn["joy"])


def test_nothing_shows_before_the_moment():
    low, high = (pulses.window(BODY, arousal, np.random.default_rng(3)) for arousal in (-0.5, 1.0))
    np.testing.assert_array_equal(low[BEFORE], high[BEFORE])
    assert np.abs(low - high)[160:].max(0).min() > 0.05


def test_a_moment_by_hand():
    """Four seconds after it the change is 1 − e⁻² of the whole: 66 + 7 · 0.8647 beats a minute."""
    at = int((MOMENT + 4) * RATE)
    onset = 1 - np.exp(-2)
    assert pulses.heart_rate(BODY, 1.0)[at] == pytest.approx(66 + 7 * onset)
    assert pulses.heart_rate(BODY, -0.5)[at] == pytest.approx(66 - 3.5 * onset)
    assert pulses.pulse_strength(BODY, 1.0)[at] == pytest.approx(1.3 * np.exp(-0.15 * onset))
    breathing = BODY._replace(sway=3.0)
    swings = [np.ptp(pulses.heart_rate(breathing, a)[192:] - pulses.heart_rate(BODY, a)[192:]) for a in (0.0, 1.0)]
    assert swings[1] < 0.75 * swings[0]


def test_the_rate_is_in_the_wave():
    """A quiet heart of 66 beats a minute: its spectrum is highest near 1.1 Hz."""
    wave = pulses.window(BODY, 0.0, np.random.default_rng(1))[:, 0]
    spectrum = np.abs(np.fft.rfft(wave - wave.mean(), 8 * len(wave)))
    frequency = np.fft.rfftfreq(8 * len(wave), 1 / RATE)
    first = (frequency > 0.5) & (frequency < 1.6)
    assert frequency[first][spectrum[first].argmax()] == pytest.approx(1.1, abs=0.1)


def test_people_differ_by_more_than_a_moment_changes_them():
    bodies = [pulses.body(np.random.default_rng(i)) for i in range(200)]
    assert np.std([b.rate for b in bodies]) > pulses.FASTER
    assert np.std(np.log([b.level for b in bodies])) == pytest.approx(0.5, abs=0.1)
    assert np.std(np.log([b.strength for b in bodies])) > pulses.NARROWER


def test_a_beat_has_no_mean_repeats_and_has_an_echo():
    phase = np.linspace(0, 1, 1000, endpoint=False)
    beat = pulses.beat(phase)
    assert beat.mean() == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(pulses.beat(phase + 3), beat, atol=1e-9)
    tops = np.flatnonzero((beat > np.roll(beat, 1)) & (beat > np.roll(beat, -1)))
    assert phase[tops].tolist() == pytest.approx([0, 0.36], abs=0.002)


@pytest.mark.skipif(importlib.util.find_spec("heartpy") is None, reason="heartpy, of which a file is read, is not here")
def test_a_beat_has_the_shape_of_a_real_one():
    wave = physiology.pulse()
    real = physiology.mean_beat(wave, physiology.tops(wave), 64)
    assert np.corrcoef(real, pulses.beat(np.arange(64) / 64))[0, 1] > 0.95


def test_a_skin_response_rises_faster_than_it_falls():
    t = np.arange(-2000, 20000) / 1000
    y = pulses.skin_response(t)
    assert (y[t <= 0] == 0).all()
    assert y.max() == pytest.approx(1, abs=1e-6)
    top = t[y.argmax()]
    assert top == pytest.approx(np.log(4), abs=2e-3)  # log(3 / 0.75) / (1 / 0.75 − 1 / 3) = log 4
    half = t[y > 0.5]
    assert half[-1] - top > 2 * (top - half[0])


def test_relative_takes_away_what_a_person_brings_along(data):
    windows = data[1]
    relative = pulses.relative(windows)
    assert (relative.shape, relative.dtype) == (windows.shape, np.float32)
    np.testing.assert_allclose(relative[:, BEFORE].mean(1), 0, atol=1e-4)
    np.testing.assert_allclose(relative[:, BEFORE, 0].std(1), 1, rtol=1e-4)
    other = windows * np.float32([3, 1]) + np.float32([-2, 4])
    np.testing.assert_allclose(pulses.relative(other), relative, atol=1e-4)
    np.testing.assert_allclose(np.ptp(relative[..., 1], 1), np.ptp(windows[..., 1], 1), atol=1e-4)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: pulses.load("all"), "expected a split of"),
        (lambda: pulses.load("train", 0), "expected count to be a whole number from 1"),
        (lambda: pulses.draw(np.random.default_rng(0), "pride"), "expected an emotion of .* came 'pride'"),
        (lambda: pulses.window(BODY, 1.5, np.random.default_rng(0)), "expected an arousal from −1 to 1, came 1.5"),
        (lambda: pulses.window(BODY, float("nan"), np.random.default_rng(0)), "came nan"),
        (lambda: pulses.relative(np.ones((320, 2))), r"expected windows \(N, 320, 2\), came \(320, 2\)"),
        (lambda: pulses.relative(np.ones((3, 320, 2))), "came one that is flat or NaN"),
        (lambda: pulses.relative(np.full((3, 320, 2), np.nan)), "came one that is flat or NaN"),
    ],
)
def test_bad_arguments_are_told(ask, said):
    with pytest.raises(ValueError, match=said):
        ask()
