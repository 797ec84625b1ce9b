"""How high and how loud a voice is, frame by frame: the contours in which moods are heard.

    hertz, voiced = pitch(sound, 8000)              # (N,) each
    decibels = loudness(sound, 8000)                # (N,), of the same frames
    seconds = frame_times(len(hertz), 8000)         # their middles

The fundamental frequency by YIN (de Cheveigné & Kawahara 2002, "YIN, a fundamental frequency estimator for speech and
music", Journal of the Acoustical Society of America 111, whose steps are named below). A periodic sound is the same a
period later, so the lag at which it differs least from itself is its period; but so are all multiples of that.

T samples   N frames   K lags up to a period of the lowest pitch   W samples that are compared   L = W + K of a frame
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

LOWEST, HIGHEST = 60.0, 500.0  # Hz: most voices, when they speak
THRESHOLD = 0.3  # the paper has 0.1; in noise the first dip is not that deep, and a later one would be taken for it
WINDOW, HOP = 0.025, 0.010  # seconds, as in `front_end`


def pitch(sound, rate, lowest=LOWEST, highest=HIGHEST, threshold=THRESHOLD):
    """The fundamental frequency of each frame by YIN.

    sound (T,): float; rate: samples a second; lowest, highest: of the pitches looked for, in Hz.
    Returns hertz (N,) float64 and voiced (N,) bool, which says where the sound repeats itself well enough: where the
    normalised difference comes below the threshold. Elsewhere hertz is the best guess; NaN where nothing sounds at all.
    Raises ValueError for a sound shorter than one frame, and for pitches that this rate cannot show.
    """
    frames, window, most = _frames(sound, rate, lowest, highest)
    least = max(int(rate / highest), 2)
    d = difference(frames, window)  # (N, K + 1)
    normalised = cumulative_mean_normalised(d)
    lag = _first_dip(normalised, least, most, threshold)
    rows = np.arange(len(d))
    before, here, after = d[rows, lag - 1], d[rows, lag], d[rows, np.minimum(lag + 1, most)]
    bend = before - 2 * here + after
    shift = np.divide(before - after, 2 * bend, out=np.zeros(len(d)), where=bend > 0)  # step 5: a parabola's lowest
    hertz = rate / (lag + shift.clip(-1, 1))
    silent = np.ptp(frames, -1) == 0
    return np.where(silent, np.nan, hertz), (normalised[rows, lag] < threshold) & ~silent


def difference(frames, window):
    """d(τ) = Σ_{j < W} (x_j − x_{j+τ})², how much each frame differs from itself τ samples later (step 2, eq. 6).

    frames (N, L), window: W; returns (N, L − W + 1), float64.
    """
    frames = np.asarray(frames, np.float64)
    first, lags = frames[:, :window], frames.shape[1] - window
    return np.stack([((first - frames[:, t : t + window]) ** 2).sum(1) for t in range(lags + 1)], 1)


def cumulative_mean_normalised(d):
    """d′(τ) = d(τ) over the mean of d(1) to d(τ), and 1 at τ = 0 (step 3, eq. 8): no longer small just for short lags.

    d (N, K + 1); where nothing has differed so far, it is 1.
    """
    total = np.cumsum(d[:, 1:], 1)
    count = np.arange(1, d.shape[1])
    normalised = np.ones_like(d)
    np.divide(d[:, 1:] * count, total, out=normalised[:, 1:], where=total > 0)
    return normalised


def loudness(sound, rate, lowest=LOWEST, floor=-80.0):
    """The level of each frame of `pitch`, (N,) in dB of its root mean square below full scale; not below floor."""
    frames, _, _ = _frames(sound, rate, lowest, HIGHEST)
    power = (np.asarray(frames, np.float64) ** 2).mean(1)
    return 10 * np.log10(np.maximum(power, 10 ** (floor / 10)))


def frame_times(count, rate, lowest=LOWEST):
    """The middles of the first `count` frames of `pitch`, (count,) in seconds."""
    window, most, hop = _sizes(rate, lowest)
    return (np.arange(count) * hop + (window + most) / 2) / rate


def cents(hertz, reference):
    """How far apart two pitches are, in hundredths of a semitone: 1200 is an octave."""
    return 1200 * np.log2(np.asarray(hertz) / reference)


def _first_dip(normalised, least, most, threshold):
    """Step 4: the first lag with a dip below the threshold, at its bottom; where there is none, the lowest of all."""
    inside = normalised[:, least : most + 1]
    falls = np.diff(inside, axis=1) < 0  # from each lag to the next
    bottom = np.concatenate([~falls, np.ones((len(inside), 1), bool)], 1) & (inside < threshold)
    return least + np.where(bottom.any(1), bottom.argmax(1), inside.argmin(1))


def _sizes(rate, lowest):
    return round(WINDOW * rate), int(np.ceil(rate / lowest)), round(HOP * rate)


def _frames(sound, rate, lowest, highest):
    """Frames (N, L), W and K of a sound that has been looked over."""
    sound = np.asarray(sound)
    if sound.ndim != 1 or sound.dtype.kind != "f":
        raise ValueError(f"pitch: expected one channel of floats (T,), came {sound.shape} {sound.dtype}")
    if not np.isfinite(sound).all():
        raise ValueError("pitch: expected finite samples. Try: np.nan_to_num(sound)")
    if not 0 < lowest < highest <= rate / 4:
        raise ValueError(
            f"pitch: expected 0 < lowest < highest <= {rate / 4:g} Hz, a quarter of the rate, "
            f"came {lowest} and {highest}"
        )
    window, most, hop = _sizes(rate, lowest)
    if len(sound) < window + most:
        raise ValueError(
            f"pitch: expected at least one frame of {window + most} samples ({1000 * (window + most) / rate:.0f} ms), "
            f"came {len(sound)}. Try: a longer sound, or a higher lowest pitch"
        )
    return sliding_window_view(sound, window + most)[::hop], window, most
