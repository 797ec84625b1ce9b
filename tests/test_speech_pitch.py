"""Pitch by YIN: known pitches come out, octaves are not mistaken, noise and silence are not voiced."""

import numpy as np
import pytest

from mmcourse.data import tones
from mmcourse.speech import pitch as P

RATE = 8000


def hum(hertz, seconds=0.4, harmonics=8, rate=RATE):
    """A sum of harmonics, each weaker by its number."""
    t = np.arange(int(seconds * rate)) / rate
    return sum(np.cos(2 * np.pi * k * hertz * t + k) / k for k in range(1, harmonics + 1)) * 0.2


@pytest.mark.parametrize("hertz", [73.0, 127.0, 211.0, 353.0, 487.0])
def test_a_steady_hum_has_its_pitch_in_every_frame(hertz):
    found, voiced = P.pitch(hum(hertz, harmonics=min(8, int(3500 // hertz))), RATE)
    assert voiced.all()
    assert np.abs(P.cents(found, hertz)).max() < 5  # a semitone has a hundred


def test_the_fundamental_may_be_missing():
    """The period of 600, 800 and 1000 Hz together is that of 200, where there is no power."""
    t = np.arange(3000) / RATE
    sound = sum(np.cos(2 * np.pi * f * t) for f in (600, 800, 1000)) / 5
    found, voiced = P.pitch(sound, RATE)
    assert voiced.all()
    assert np.abs(P.cents(found, 200)).max() < 5


def test_differences_by_hand():
    x = np.array([[1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0]])  # period 4
    d = P.difference(x, 2)
    np.testing.assert_allclose(d, [[0, 2, 4, 2, 0, 2]])
    np.testing.assert_allclose(P.cumulative_mean_normalised(d), [[1, 1, 4 / 3, 2 * 3 / 8, 0, 2 * 5 / 10]])


def test_step_two_alone_takes_multiples_of_the_period_and_step_four_does_not():
    """The raw difference is as small two periods later; noise decides which is smallest."""
    rng = np.random.default_rng(0)
    sound = hum(250.0) + 0.002 * rng.standard_normal(int(0.4 * RATE))
    frames, window, most = P._frames(sound, RATE, P.LOWEST, P.HIGHEST)
    lag = 16 + P.difference(frames, window)[:, 16 : most + 1].argmin(1)
    raw = np.abs(P.cents(RATE / lag, 250)) > 600
    found, voiced = P.pitch(sound, RATE)
    assert raw.mean() > 0.3
    assert voiced.all()
    assert not (np.abs(P.cents(found, 250)) > 50).any()


def heard(emotion, threshold=P.THRESHOLD, count=10):
    """(errors in cents of the voiced frames, the share of voiced frames) of tones in noise."""
    rng, errors, voiced = np.random.default_rng(3), [], []
    for _ in range(count):
        tone, voice = tones.tone(emotion, rng.uniform(0.35, 1), rng, 0.6), tones.voice(rng)
        hertz, sounds = P.pitch(tones.sound(tone, voice, rng), tones.RATE, threshold=threshold)
        middles = (P.frame_times(len(hertz), tones.RATE) * tones.RATE).astype(int)
        errors.append(P.cents(hertz, tones.pitch(tone, voice)[middles])[sounds])
        voiced.append(sounds.mean())
    return np.concatenate(errors), np.mean(voiced)


@pytest.mark.parametrize("emotion", tones.TONES)
def test_tones_of_voice_have_the_pitch_that_they_were_made_with(emotion):
    errors, voiced = heard(emotion)
    assert voiced > 0.6
    assert np.median(np.abs(errors)) < 20
    assert np.mean(np.abs(errors) > 600) < 0.015


def test_in_noise_a_strict_threshold_passes_the_first_dip_and_falls_an_octave():
    (strict, few), (ours, many) = (heard("anger", threshold, 20) for threshold in (0.1, P.THRESHOLD))
    assert np.mean(strict < -600) > np.mean(ours < -600) + 0.05
    assert few < many - 0.3
    assert np.mean(strict > 600) == np.mean(ours > 600) == 0


def test_frames_are_where_they_say():
    """A jump of pitch in the middle of the sound is found there."""
    sound = np.concatenate([hum(110.0), hum(190.0)]).astype(np.float32)
    hertz, _ = P.pitch(sound, RATE)
    seconds = P.frame_times(len(hertz), RATE)
    assert seconds[np.argmax(hertz > 145)] == pytest.approx(0.4, abs=0.03)
    assert np.diff(seconds) == pytest.approx(P.HOP)


def test_noise_and_silence_are_not_voiced():
    noise = 0.1 * np.random.default_rng(0).standard_normal(6400)
    hertz, voiced = P.pitch(noise, RATE)
    assert voiced.mean() < 0.05
    assert np.isfinite(hertz).all()
    hertz, voiced = P.pitch(np.zeros(1000), RATE)
    assert not voiced.any()
    assert np.isnan(hertz).all()


def test_louder_is_not_higher_and_the_sampling_rate_changes_nothing():
    once, _ = P.pitch(hum(150.0), RATE)
    np.testing.assert_allclose(P.pitch(hum(150.0) * 3, RATE)[0], once)
    finer, _ = P.pitch(hum(150.0, rate=16000), 16000)
    assert len(finer) == len(once)
    assert np.abs(P.cents(finer, 150)).max() < 3


def test_loudness_is_in_decibels_of_the_same_frames():
    sound = np.concatenate([hum(200.0), 0.1 * hum(200.0), np.zeros(1000)])
    level, (hertz, _) = P.loudness(sound, RATE), P.pitch(sound, RATE)
    assert level.shape == hertz.shape
    assert level[5] - level[45] == pytest.approx(20, abs=0.1)
    assert level[-1] == -80
    assert P.loudness(np.full(800, 0.1), RATE) == pytest.approx(-20)


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (np.zeros((2, 900)), "one channel"),
        (np.zeros(900, np.int16), "floats"),
        (np.full(900, np.nan), "finite"),
        (np.zeros(300), "at least one frame of 334 samples .* came 300"),
    ],
)
def test_bad_sounds_are_told(sound, told):
    for function in (P.pitch, P.loudness):
        with pytest.raises(ValueError, match=told):
            function(sound, RATE)


@pytest.mark.parametrize(("lowest", "highest"), [(0, 400), (300, 200), (60, 2500)])
def test_pitches_that_cannot_be_found_are_told(lowest, highest):
    with pytest.raises(ValueError, match="expected 0 < lowest < highest <= 2000 Hz"):
        P.pitch(hum(100.0), RATE, lowest, highest)
