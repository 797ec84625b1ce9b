"""A recording changed as voices, rooms, microphones and noise would change it: more speakers than there are.

    louder = augmented(sound, np.random.default_rng(0))

All chance comes from the NumPy Generator passed in. sound (T,): float32 at 8,000 samples a second.
"""

import numpy as np
from scipy import fft

RESAMPLED = 0.12  # of the logarithm: up to an eighth faster and higher, or slower and lower
GAIN = 8.0  # decibels, up or down, that the equaliser gives each of BENDS frequencies
BENDS = 8
ECHO = (0.0, 0.3)  # loudness of a room's echo beside the sound itself
DECAY = (40, 400)  # samples in which it falls to 1 / e
NOISE = (-5.5, -2.5)  # power of ten, beside the loudest sample
MASKS = {"bands": (2, 6), "frames": (2, 6)}  # how many stripes, and how wide each may be


def augmented(sound, rng, strength=1.0):
    """Another voice in another room: resampled, echoing, its frequencies reweighted, over noise.   (T',) float32.

    strength: of the equaliser, the echo and the noise; 0 leaves the other voice alone.
    """
    sound = resampled(sound, np.exp(rng.uniform(-RESAMPLED, RESAMPLED)))
    return noisy(filtered(sound, rng, strength), rng, strength)


def resampled(sound, factor):
    """`factor` times as fast and as high, like a record at another speed; the vocal tract seems as much shorter."""
    there = np.arange(0, len(sound) - 1, factor)
    return np.interp(there, np.arange(len(sound)), sound).astype(np.float32)


def filtered(sound, rng, strength=1.0):
    """Through an equaliser with random gains, and into a room that echoes."""
    T, echo = len(sound), 4 * DECAY[1]
    response = rng.standard_normal(echo, np.float32) * np.exp(-np.arange(echo) / rng.uniform(*DECAY))
    response *= strength * rng.uniform(*ECHO)
    response[0] = 1
    size = fft.next_fast_len(T + echo, real=True)
    spectrum = fft.rfft(sound, size) * fft.rfft(response.astype(np.float32), size)
    frequencies = np.linspace(0, 1, len(spectrum), dtype=np.float32)
    decibels = np.interp(frequencies, np.linspace(0, 1, BENDS), strength * rng.uniform(-GAIN, GAIN, BENDS))
    return fft.irfft(spectrum * (10 ** (decibels / 20)).astype(np.float32), size)[:T]


def noisy(sound, rng, strength=1.0):
    """Over white noise, some silence before and behind, as loud as anything."""
    before, behind = rng.integers(0, 1200, 2)
    sound = np.pad(sound, (before, behind)) / np.abs(sound).max()
    level = np.float32(strength * 10 ** rng.uniform(*NOISE))
    sound = sound + level * rng.standard_normal(len(sound), np.float32)
    return (sound * rng.uniform(0.1, 0.9) / np.abs(sound).max()).astype(np.float32)


def masked(y, rng):
    """Features (N, M) with some stripes of bands and of frames set to their mean, 0 (SpecAugment).

    Park et al. 2019, "SpecAugment", arXiv:1904.08779, section 2, without the time warping.
    """
    y = y.copy()
    for along, (stripes, widest) in ((y, MASKS["frames"]), (y.T, MASKS["bands"])):  # views of one array
        for start in rng.integers(len(along), size=stripes):
            along[start : start + rng.integers(widest + 1)] = 0
    return y
