"""What each frame of a film has to offer: how much moves, how loud it is, how it looks.

    seen = observe(frames, sound)               # all of them
    energy = smooth(change(frames), 12)         # (T,), highest in the middle of an event of twelve frames
    loud = smooth(loudness(sound, len(frames)), 12)
    x = smooth(looks(frames), 12)               # (T, D), near each other where moments look alike

Frames (T, H, W, 3) uint8, at least one; sound (L,) float, of any length, as long as the film; None is silent.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch

from mmcourse.motion.pytorch import lucas_kanade
from mmcourse.summaries.scratch import histograms, shot_boundaries

GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
SIDE = 6  # squares of a frame's looks, each way
BANDS = 8  # of a frame's sound


class Signals(NamedTuple):
    """What `observe` finds in T frames: the functions below say what each is."""

    cuts: np.ndarray
    change: np.ndarray
    speed: np.ndarray
    loudness: np.ndarray
    pitches: np.ndarray
    looks: np.ndarray

    def __len__(self):
        return len(self.change)


def observe(frames, sound=None, boundaries=None):
    """All `Signals` of a film.   boundaries: the first frames of its shots but for the first; None: they are found."""
    found, T = cuts(frames) if boundaries is None else np.asarray(boundaries, np.int64), len(frames)
    movement = change(frames, found), speed(flow(frames, found))
    return Signals(found, *movement, loudness(sound, T), pitches(sound, T), looks(frames))


def change(frames, cuts=()):
    """The mean absolute difference of each frame from the one before, 0 to 1, (T,); 0 for the first, and at cuts.

    The difference of the medians is taken off first, so that a light that goes on or off does not count.
    """
    grey = _grey(frames)
    if len(grey) == 1:
        return np.zeros(1, np.float32)
    difference = np.diff(grey, axis=0)
    difference -= np.median(difference, axis=(1, 2), keepdims=True)
    return _without(cuts, np.abs(difference).mean((1, 2)))


def flow(frames, cuts=()):
    """The optical flow into each frame from the one before, (T, H, W, 2) float32; 0 for the first and at cuts."""
    grey = torch.from_numpy(_grey(frames))
    if len(grey) == 1:
        return np.zeros((*frames.shape[:3], 2), np.float32)
    return _without(cuts, lucas_kanade(grey[:-1], grey[1:]).numpy())


def speed(field):
    """The mean length of the flow in pixels, (T,).   field (T, H, W, 2)."""
    return np.sqrt(np.square(field).sum(-1)).mean((1, 2))


def loudness(sound, T):
    """The root mean square of the sound during each frame, (T,)."""
    if sound is None or not len(sound):
        return np.zeros(T)
    return np.array([np.sqrt(np.mean(np.square(part, dtype=float))) for part in _parts(sound, T)])


def pitches(sound, T):
    """How strong each of `BANDS` octave-like bands sounds during each frame, (T, BANDS), as amplitudes."""
    if sound is None or not len(sound):
        return np.zeros((T, BANDS))
    spectra = [np.abs(np.fft.rfft(part)) / len(part) for part in _parts(sound, T)]
    edges = [np.unique(np.geomspace(1, len(s), BANDS + 1).astype(int)) for s in spectra]
    rows = [np.array([np.sqrt(np.square(s[a:b]).sum()) for a, b in pairwise(e)])
            for s, e in zip(spectra, edges, strict=True)]  # fmt: skip
    return np.stack([np.pad(row, (0, BANDS - len(row))) for row in rows])


def looks(frames):
    """What lies where before which background: (T, 3 · 36 + 3) float64, squares less background, and background.

    A brighter light changes the last three only. Averaged over a moment (`smooth`), a replay of it lies at once nearby.
    """
    plain = background(frames) / 255
    bands = np.array_split(frames, SIDE, 1)
    squares = [square.mean((1, 2)) / 255 - plain for band in bands for square in np.array_split(band, SIDE, 2)]
    return np.concatenate([*squares, plain], 1)


def background(frames):
    """The median colour of each frame's rim, (T, 3) float64, 0 to 255."""
    rim = [frames[:, 0], frames[:, -1], frames[:, :, 0], frames[:, :, -1]]
    return np.median(np.concatenate(rim, 1), 1)


def around(x, window):
    """Of a signal (T,): its mean, least and greatest within a window round each frame, and its mean before and after.

    (T, 5); before and after are the neighbouring windows' halves, as far as there are some.
    """
    T, before = len(x), (window - 1) // 2
    padded = np.pad(x, (before, window - 1 - before), mode="edge")
    inside = np.lib.stride_tricks.sliding_window_view(padded, window)
    half = smooth(x, window // 2)
    away = window * 3 // 4
    t = np.arange(T)
    sides = half[(t - away).clip(0)], half[(t + away).clip(max=T - 1)]
    return np.stack([inside.mean(1), inside.min(1), inside.max(1), *sides], 1)


def smooth(x, window):
    """The mean over `window` frames around each, as far as there are some.   x (T, ...)."""
    before = (window - 1) // 2
    total = np.concatenate([np.zeros_like(x[:1], float), np.cumsum(x, 0, dtype=float)])
    t = np.arange(len(x))
    start, stop = (t - before).clip(0), (t - before + window).clip(max=len(x))
    return (total[stop] - total[start]) / (stop - start).reshape(-1, *[1] * (x.ndim - 1))


def cuts(frames):
    """The first frames of new shots, as `shot_boundaries` finds them in colours."""
    return shot_boundaries(histograms(frames))


def _grey(frames):
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"signals: expected frames (T, H, W, 3) uint8, came {frames.shape} {frames.dtype}")
    return frames @ (GREY / 255)


def _without(cuts, changes):
    """Changes into frames 1, 2, ... with one for frame 0, and none into the first frames of shots."""
    changes = np.concatenate([np.zeros_like(changes[:1]), changes])
    changes[list(cuts)] = 0
    return changes


def _parts(sound, T):
    """The sound of each frame; at least one sample each."""
    edges = np.linspace(0, len(sound), T + 1).astype(int)
    return [sound[a : max(b, a + 1)] if a < len(sound) else np.zeros(1) for a, b in pairwise(edges)]
