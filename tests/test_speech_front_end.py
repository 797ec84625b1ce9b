"""The front end that chapters share, and the answers it gives to sound that is none."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from mmcourse.speech import front_end, scratch

RATE, WINDOW = front_end.RATE, front_end.WINDOW


def speech(samples=4000, seed=0):
    """Like a vowel: harmonics of 120 Hz that fade with frequency, in a little noise."""
    t = np.arange(samples)[:, None] / RATE
    k = np.arange(1, 30)
    tone = (np.sin(2 * np.pi * 120 * k * t) / k).sum(1)
    return 0.3 * tone + 0.003 * np.random.default_rng(seed).standard_normal(samples)


def test_log_mel_has_time_first_and_the_rooms_numbers():
    sound = speech().astype(np.float32)
    y = front_end.log_mel(sound)
    assert y.shape == ((4000 - 200) // 80 + 1, 40)
    assert y.dtype == np.float32
    assert y.flags.c_contiguous
    bank = scratch.mel_filter_bank(8000, 200, 40)
    expected, _ = scratch.log_mel_spectrogram(sound.astype(float), scratch.hann_window(200), 80, bank, 1e-4)
    np.testing.assert_allclose(y, expected.T, atol=1e-3)
    assert front_end.log_mel(np.stack([sound, -sound])).shape == (2, *y.shape)


def test_the_floor_is_noise_of_minus_60_decibels():
    noise = front_end.log_mel(1e-3 * np.random.default_rng(1).standard_normal(40000))
    mean = np.exp(noise).mean(0)
    assert np.all(mean > front_end.FLOOR)
    assert np.all(mean < 5 * front_end.FLOOR)
    assert np.all(front_end.log_mel(np.zeros(500)) == np.log(np.float32(front_end.FLOOR)))


def test_the_banks_triangles_are_those_of_the_published_formula():
    """HTK's mel scale and triangles with peaks of 1, as in librosa.filters.mel(htk=True, norm=None), from the words:

    corners at equal steps of 2595 log10(1 + f / 700); up in a straight line from one corner to the next, then down.
    """
    top = 2595 * np.log10(1 + 4000 / 700)
    corners = [700 * (10 ** (top * i / 41 / 2595) - 1) for i in range(42)]
    bank = [np.interp(np.arange(101) * 40.0, corners[b : b + 3], [0, 1, 0], 0, 0) for b in range(40)]
    np.testing.assert_allclose(front_end.BANK, bank, atol=1e-6)


@pytest.mark.parametrize("loudness", [1, 0.02])
def test_to_sound_says_the_same(loudness):
    log_mel = front_end.log_mel(loudness * speech())
    sound = front_end.to_sound(log_mel, np.random.default_rng(2))
    assert sound.dtype == np.float32
    assert len(sound) == 47 * 80 + 200
    gap = np.abs(front_end.log_mel(sound) - log_mel)[1:-1]
    assert gap.mean() < 0.3 < 1 < log_mel.std()
    assert np.array_equal(sound, front_end.to_sound(log_mel, np.random.default_rng(2)))


def test_to_sound_is_turned_down_to_full_scale():
    loud = front_end.to_sound(front_end.log_mel(speech()) + 5, np.random.default_rng(2), iterations=3)
    assert np.abs(loud).max() == pytest.approx(1)


def test_good_sound_passes_unchanged():
    for sound in (speech(), speech(WINDOW), speech().astype(np.float32), 0.004 * speech()):
        got = front_end.checked(sound, 8000)
        assert got.dtype == np.float32
        assert np.array_equal(got, sound.astype(np.float32))
    sine = np.sin(2 * np.pi * 440 / RATE * np.arange(8000))
    front_end.checked(sine / np.abs(sine).max(), 8000.0)  # its crests are full scale, but it is not cut


CLIPPED = np.clip(5 * speech(), -1, 1)


@pytest.mark.parametrize(
    ("sound", "rate", "message"),
    [
        (np.zeros(0), 8000, "came an empty clip"),
        (speech(WINDOW - 1), 8000, r"one frame of 200 samples \(25 ms\), came 199"),
        (np.where(np.arange(4000) == 7, np.nan, speech()), 8000, "1 of 4000 are not"),
        (np.where(np.arange(4000) < 9, np.inf, speech()), 8000, "9 of 4000 are not"),
        (np.stack([speech(), speech()]), 8000, r"came \(2, 4000\)\. Try: sound\.mean\(0\)"),
        (np.stack([speech(), speech()], 1), 8000, r"came \(4000, 2\)\. Try: sound\.mean\(1\)"),
        (np.zeros((2, 3, 4)), 8000, "one clip at a time"),
        (np.float64(0.5), 8000, r"one channel \(T,\), came \(\)"),
        ((32767 * speech()).astype(np.int16), 8000, "came int16. Try: sound / 32768"),
        (np.full(500, 128, np.uint8), 8000, r"came uint8. Try: \(sound - 128\.0\) / 128"),
        (np.zeros(500, np.int32), 8000, "Try: sound / 2147483648"),
        (speech() * 1j, 8000, "came complex128"),
        (32768 * speech(), 8000, "Try: sound / 32768"),
        (30 * speech(), 8000, r"Try: sound / np\.abs\(sound\)\.max\(\)"),
        (speech(), 22050, r"expected 8,000 samples a second, came 22,050.*resample_poly\(sound, 160, 441\)"),
        (speech(), 16000, r"resample_poly\(sound, 1, 2\)"),
        (speech(), 11025, r"resample_poly\(sound, 320, 441\)"),
        (speech(), 0, "the file or recorder names"),
        (speech(), 8000.5, "the file or recorder names"),
        (np.zeros(4000), 8000, "came silence: it swings by ±0"),
        (np.full(4000, 0.4), 8000, "came silence"),
        (0.0005 * speech(), 8000, "came silence"),
        (CLIPPED, 8000, r"% of the samples are at full scale, more than 1%: it is clipped"),
    ],
)
def test_messages(sound, rate, message):
    with pytest.raises(ValueError, match=message):
        front_end.checked(sound, rate)


def test_what_the_messages_advise_helps():
    t = np.arange(22050) / 22050
    at_another_rate = 0.3 * np.sin(2 * np.pi * 440 * t)
    with pytest.raises(ValueError, match="22,050"):
        front_end.checked(at_another_rate, 22050)
    right = front_end.checked(resample_poly(at_another_rate, 160, 441), 8000)
    assert len(right) == 8000
    spectrum = np.abs(np.fft.rfft(right))
    assert spectrum.argmax() == 440
    front_end.checked((32767 * speech()).astype(np.int16) / 32768, 8000)
    front_end.checked(0.9 * CLIPPED, 8000)


@pytest.mark.parametrize(("sound", "error"), [(np.ones(500, np.int16), TypeError), (np.ones(100), ValueError)])
def test_log_mel_refuses_too(sound, error):
    with pytest.raises(error):
        front_end.log_mel(sound)


@pytest.mark.parametrize("rate", [None, "8000", float("nan"), float("inf"), 0, -8000, 8000.5])
def test_what_is_no_rate_is_told(rate):
    sound = np.sin(np.arange(400, dtype=np.float32))
    with pytest.raises(ValueError, match=r"sound: expected 8,000 samples a second, came .*Try: the rate"):
        front_end.checked(sound, rate)
