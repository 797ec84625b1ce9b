"""What every chapter that hears or speaks shares: one rate, one window, one log-mel, and a look at sound from outside.

    sound = front_end.checked(samples, rate)     # float32 (T,) at RATE, or a ValueError that says what to do
    log_mel = front_end.log_mel(sound)           # float32 (N, BANDS)
    sound = front_end.to_sound(log_mel, rng)     # float32 (T,), with phases that fit
"""

import math

import numpy as np

from mmcourse.speech import scratch
from mmcourse.speech.inversion import log_mel_to_sound

RATE = 8000  # samples a second: the telephone's
WINDOW = 200  # samples of a frame: 25 ms, over which speech hardly changes
HOP = 80  # samples from one frame to the next: 10 ms
BANDS = 40
FLOOR = 1e-4  # of power in a band: near what white noise 60 dB below full scale has there

HANN = scratch.hann_window(WINDOW).astype(np.float32)  # (L,)
BANK = scratch.mel_filter_bank(RATE, WINDOW, BANDS).astype(np.float32)  # (M, F)

QUIET = 1e-3  # half the way between the lowest and the highest sample, below which a clip counts as silence
FULL_SCALE = 32767 / 32768  # the largest 16-bit sample, as a float
CLIPPED = 0.01  # the share of samples at full scale that a clip may have


def log_mel(sound):
    """Natural logarithm of the power in each mel band, not below FLOOR.

    sound (..., T): float at RATE in [−1, 1]; y (..., N, M) float32, time first, as recurrent networks read it.
    Raises TypeError for integers, ValueError for less than one frame.
    """
    sound = np.asarray(sound)
    y, _ = scratch.log_mel_spectrogram(sound, HANN, HOP, BANK, FLOOR)
    return np.ascontiguousarray(y.mT, np.float32)


def to_sound(log_mel, rng, iterations=60):
    """A sound with nearly this log-mel spectrogram, by `inversion.log_mel_to_sound`; turned down where beyond ±1.

    log_mel (..., N, M): as `log_mel` gives it; x (..., T) float32, T = (N - 1) · HOP + WINDOW.
    rng: a np.random.Generator, which draws the first phases.   Raises ValueError for NaN and for a wrong shape.
    """
    bands_first = np.asarray(log_mel, np.float32).mT
    x = log_mel_to_sound(bands_first, HANN, HOP, BANK, FLOOR, iterations, rng=rng)
    return x / np.maximum(1, np.abs(x).max(-1, keepdims=True))


def checked(sound, rate):
    """One channel of speech as float32 (T,), looked over once at the border.   sound (T,): float in [−1, 1].

    Raises ValueError, each with what to try, for: integers, more than one channel, an empty clip or one shorter than a
    frame, NaN and infinity, another rate than RATE, samples beyond ±1, silence (see QUIET) and clipping (see CLIPPED).
    Clipping is an error since what was cut off cannot be had back; who wants it anyway scales the clip by 0.9 first.
    """
    sound = np.asarray(sound)
    _check_array(sound)
    _check_rate(rate)
    _check_loudness(sound)
    return sound.astype(np.float32)


def _check_array(sound):
    if sound.dtype.kind in "iu":
        info = np.iinfo(sound.dtype)
        half = (info.max + 1) // 2 if info.min == 0 else info.max + 1
        scaled = f"sound / {half}" if info.min else f"(sound - {half}.0) / {half}"
        raise ValueError(f"sound: expected floats in [-1, 1], came {sound.dtype}. Try: {scaled}")
    if sound.dtype.kind != "f":
        raise ValueError(f"sound: expected floats in [-1, 1], came {sound.dtype}")
    if sound.ndim != 1:
        advice = f"sound.mean({np.argmin(sound.shape)})" if sound.ndim == 2 else "one clip at a time"
        raise ValueError(f"sound: expected one channel (T,), came {sound.shape}. Try: {advice}")
    if not sound.size:
        raise ValueError("sound: expected samples, came an empty clip. Try: see if the file or recording is empty")
    if wrong := int(np.sum(~np.isfinite(sound))):
        raise ValueError(f"sound: expected finite samples, {wrong} of {sound.size} are not. Try: np.nan_to_num(sound)")


def _check_rate(rate):
    if rate == RATE:
        return
    if not isinstance(rate, int | float | np.number) or not np.isfinite(rate):
        raise ValueError(f"sound: expected {RATE:,} samples a second, came {rate!r}. Try: the rate that the file names")
    came = f"sound: expected {RATE:,} samples a second, came {rate:,}"
    if rate <= 0 or rate != int(rate):
        raise ValueError(f"{came}. Try: the rate that the file or recorder names")
    common = math.gcd(RATE, int(rate))
    raise ValueError(f"{came}. Try: scipy.signal.resample_poly(sound, {RATE // common}, {int(rate) // common})")


def _check_loudness(sound):
    if len(sound) < WINDOW:
        raise ValueError(
            f"sound: expected at least one frame of {WINDOW} samples ({1000 * WINDOW // RATE} ms), came {len(sound)}. "
            "Try: a longer recording, or np.pad"
        )
    if (peak := np.abs(sound).max()) > 1:
        advice = "sound / 32768" if peak > 256 else "sound / np.abs(sound).max()"
        raise ValueError(f"sound: expected samples in [-1, 1], came one of {peak:.6g}. Try: {advice}")
    if (swing := np.ptp(sound) / 2) < QUIET:
        raise ValueError(
            f"sound: expected speech, came silence: it swings by ±{swing:.2g}, under ±{QUIET:g}. "
            "Try: another microphone, or a higher gain"
        )
    if (share := np.mean(np.abs(sound) >= FULL_SCALE)) > CLIPPED:
        raise ValueError(
            f"sound: {share:.1%} of the samples are at full scale, more than {CLIPPED:.0%}: it is clipped. "
            "Try: record with less gain; 0.9 * sound if it must be this one"
        )
