"""A real pulse wave: light through a finger, 25 seconds of one person.

    pulse = physiology.pulse()                        # (2483,) float32 at 100 Hz
    tops = physiology.tops(pulse)                     # (24,) the sample of each beat's top
    physiology.mean_beat(pulse, tops, 64)             # (64,) the mean beat, from top to top

It comes with the package `heartpy`, of which only this file is read and nothing is imported. Where the package is not
to be had, `fetch()` brings the same file from its public home. The heart's electrocardiogram is in `sensors.heart`.
"""

import io
from itertools import pairwise

import numpy as np
from scipy.io import loadmat
from scipy.signal import find_peaks

from mmcourse.data import packaged

RATE = 100  # samples a second
PULSE = packaged.Part(
    "heartpy==1.2.7",
    "heartpy",
    "data/data.mat",
    "c1885af3fa3a19cd505e4fdf4eea74d0057e70973cf0e60588da75e55e67bb81",
    "https://raw.githubusercontent.com/paulvangentcom/heartrate_analysis_python/"
    "6f8305c43511af621ba4fc8a79063f2959d96e32/heartpy/data/data.mat",
)
_SHORTEST = 0.4  # seconds from beat to beat: 150 a minute


class PhysiologyError(RuntimeError):
    """The recording is missing, or is not the one that the course is pinned to."""


def pulse():
    """The pulse wave, (2483,) float32 in the steps of a 10-bit converter at `RATE`: 24 beats.

    Raises PhysiologyError if it is missing or changed.
    """
    content = packaged.read(PULSE, PhysiologyError, "physiology.fetch()")
    return loadmat(io.BytesIO(content))["hr"].ravel().astype(np.float32)


def fetch():
    """Bring the file from its public home (3 kB), for `pulse` to find without the package.

    Raises mmcourse.data.download.DownloadError.
    """
    packaged.fetch(PULSE)


def tops(signal, rate=RATE):
    """The sample of each beat's top in a pulse wave (T,): what rises above half of the wave's height, int64.

    Made for clean waves: a sensor that moves gives tops that are none. Raises ValueError for a wave that is no finite
    1-D array, or shorter than a second.
    """
    signal = np.asarray(signal)
    if signal.ndim != 1 or len(signal) < rate or not np.isfinite(signal).all():
        raise ValueError(f"tops: expected a finite wave (T,) of at least {rate} samples, came shape {signal.shape}")
    half = (signal.min() + signal.max()) / 2
    return find_peaks(signal, height=half, distance=int(_SHORTEST * rate))[0]


def mean_beat(signal, tops, count):
    """The mean beat of a wave (T,) from top to top, each stretched to `count` samples: (count,) float64."""
    if len(tops) < 2:
        raise ValueError(f"mean_beat: expected at least two tops, came {len(tops)}")
    share = np.arange(count) / count
    samples = np.arange(len(signal))
    return np.mean([np.interp(a + (b - a) * share, samples, signal) for a, b in pairwise(tops)], 0)
