"""Tones: what is asked for is what sounds, by measures that know nothing of how it was made."""

import numpy as np
import pytest
from scipy.signal import periodogram

from mmcourse.data import tones
from mmcourse.data.tones import RATE, TONES, Tone, Voice

SOMEBODY = Voice(120.0, 1.0, 40.0, 0.2)
FLAT = Tone(0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)


def level(sound):
    return 10 * np.log10((sound.astype(float) ** 2).mean())


def test_a_sound_is_a_function_of_its_tone_voice_and_generator():
    once, again, other = (tones.sound(FLAT, SOMEBODY, np.random.default_rng(s)) for s in (3, 3, 4))
    assert once.shape == (int(RATE * tones.SECONDS),)
    assert once.dtype == np.float32
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert np.abs(once).max() <= 1


@pytest.mark.parametrize("semitones", [-4.0, 0.0, 7.0])
def test_a_flat_tone_has_power_at_multiples_of_its_pitch_alone(semitones):
    hertz = 120 * 2 ** (semitones / 12)
    f, power = periodogram(tones.sound(FLAT._replace(pitch=semitones), SOMEBODY), RATE, "hann")
    near = np.abs(f / hertz - np.round(f / hertz)) * hertz < 12  # syllables, ten a second at most, blur the lines
    assert power[near & (f > 40)].sum() > 0.97 * power.sum()
    assert near.mean() < 0.35


def test_pitch_follows_range_slope_and_tremor():
    def semitones(**changed):
        return 12 * np.log2(tones.pitch(FLAT._replace(**changed), SOMEBODY) / 120)

    assert np.ptp(semitones(range=4.0)) == pytest.approx(4, abs=0.01)
    rising = semitones(slope=6.0)
    assert rising[-1] - rising[0] == pytest.approx(6, abs=0.01)
    assert np.ptp(semitones(tremor=1.0)) == pytest.approx(2, abs=0.01)
    assert semitones(pitch=3.0) == pytest.approx(3)


def test_loudness_is_in_decibels_and_tilt_takes_from_the_high_ones():
    plain = tones.sound(FLAT, SOMEBODY)
    assert level(tones.sound(FLAT._replace(loudness=6.0), SOMEBODY)) - level(plain) == pytest.approx(6, abs=0.1)

    def centre(sound):
        f, power = periodogram(sound, RATE)
        return (f * power).sum() / power.sum()

    dark, bright = (centre(tones.sound(FLAT._replace(tilt=t), SOMEBODY)) for t in (6.0, -6.0))
    assert dark < 0.8 * centre(plain) < 0.8 * bright * 0.9


def test_noise_is_what_the_generator_adds():
    clean, noisy = tones.sound(FLAT, SOMEBODY), tones.sound(FLAT, SOMEBODY, np.random.default_rng(0))
    assert level(noisy - clean) == pytest.approx(-40 + 20 * np.log10(0.3), abs=0.3)


def test_speed_counts_syllables():
    """The envelope's strongest rhythm, between 2 and 8 Hz, is three syllables in 0.8 s at speed 1."""
    for speed in (0.8, 1.0, 1.6):
        sound = tones.sound(FLAT._replace(speed=speed), SOMEBODY)
        envelope = np.convolve(sound.astype(float) ** 2, np.ones(160) / 160, "same")
        f, power = periodogram(envelope, RATE, nfft=1 << 16)
        inside = (f > 2) & (f < 8)
        assert f[inside][power[inside].argmax()] == pytest.approx(3 * speed / tones.SECONDS, rel=0.12)


def test_each_emotion_is_heard_as_the_docstring_says():
    heard = {e: tones.sound(tones.tone(e, 1), SOMEBODY) for e in TONES}
    assert max(heard, key=lambda e: level(heard[e])) == "anger"
    assert min(heard, key=lambda e: level(heard[e])) == "sadness"
    high = {e: np.median(tones.pitch(tones.tone(e, 1), SOMEBODY)) for e in TONES}
    assert (max(high, key=high.get), min(high, key=high.get)) == ("fear", "sadness")


def test_intensity_goes_from_calm_to_full_and_looseness_scatters():
    np.testing.assert_allclose(tones.tone("fear", 0), TONES["calm"])
    np.testing.assert_allclose(tones.tone("fear", 1), TONES["fear"])
    rng = np.random.default_rng(2)
    drawn = np.array([tones.tone("joy", 0.5, rng, 0.6) for _ in range(500)])
    np.testing.assert_allclose(drawn.std(0), 0.6 * np.std(list(TONES.values()), 0), rtol=0.12)


def test_an_unknown_emotion_is_told():
    with pytest.raises(ValueError, match=r"expected an emotion of .*'joy'.* came 'envy'"):
        tones.tone("envy", 1)
