"""How a voice is taken apart and put together again: log-mel frames for speaking, by `mmcourse.speech`, in NumPy.

A recogniser wants to follow what changes: 25 ms every 10 ms (`mmcourse.speech.front_end`). Griffin-Lim wants frames
that overlap much, and windows that tell the harmonics of a low voice apart: 50 ms every 12.5 ms, and more bands.
"""

import numpy as np

from mmcourse.speech import scratch
from mmcourse.speech.front_end import RATE
from mmcourse.speech.inversion import log_mel_to_sound

WINDOW = 400  # samples of a frame: 50 ms, five periods of a voice at 100 Hz
HOP = 100  # 12.5 ms: each sample lies in four frames
BANDS = 48
LOWEST = 60.0  # Hz, below which no voice has anything to say
FLOOR = 1e-5  # of power in a band

HANN = scratch.hann_window(WINDOW).astype(np.float32)  # (L,)
BANK = scratch.mel_filter_bank(RATE, WINDOW, BANDS, LOWEST).astype(np.float32)  # (M, F)


def log_mel(sound):
    """The frames of a sound (samples,) at RATE: float32 (N, M), time first."""
    y, _ = scratch.log_mel_spectrogram(sound.astype(np.float32), HANN, HOP, BANK, FLOOR)
    return np.ascontiguousarray(y.T)


def to_sound(frames, rng, iterations=40):
    """A sound, float32 (samples,) in [-1, 1], with nearly these log-mel frames (N, M).

    rng: draws the phases that Griffin-Lim begins with.
    """
    x = log_mel_to_sound(frames.T, HANN, HOP, BANK, FLOOR, iterations, rng=rng).astype(np.float32)
    return x / max(1, np.abs(x).max())
