"""From a sound to its log-mel spectrogram by hand, in NumPy. The letters and papers stand in the room's `__init__`.

The window and the filter bank are fixed, not learned: gradients go to the sound alone.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import fft  # as np.fft, but several frames at a time: thrice as fast

from mmcourse.speech.ctc import ctc_loss, ctc_loss_backward  # noqa: F401  too long to stand here


def frame(x, length, hop):
    """Cut a sound into frames that overlap where hop < length.   x (..., T); y (..., N, L), a copy."""
    return _frames(x, length, hop).copy(), (x.shape, hop)


def frame_backward(dy, cache):
    """dy (..., N, L) to dx (..., T): a sample that stood in several frames gets the sum (overlap-add)."""
    shape, hop = cache
    dx = np.zeros(shape, dy.dtype)
    length = dy.shape[-1]
    for n in range(dy.shape[-2]):
        dx[..., n * hop : n * hop + length] += dy[..., n, :]
    return dx


def hann_window(length):
    """(L,) float64: one period of a raised cosine, 0 at its start and 1 in its middle."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


def stft(x, window, hop):
    """How much of each frequency is in each frame, and in which phase: the short-time Fourier transform.

    x (..., T), window (L,); y is a pair (real, imaginary) of arrays (..., F, N), since gradients are real numbers.
    Row f stands for f · rate / L Hz. Phases count from the start of the frame, as in `torch.stft`.
    """
    frames = _frames(x, len(window), hop) * window
    spectrum = fft.rfft(frames.mT, axis=-2)  # (..., F, N): Σ_l w[l] x[l] exp(-2πi f l / L), fast
    return (spectrum.real, spectrum.imag), (x.shape, hop, window)


def stft_backward(dy, cache):
    """dy = (dreal, dimaginary), each (..., F, N), to dx (..., T)."""
    shape, hop, window = cache
    L = len(window)
    d = np.empty(dy[0].mT.shape, np.result_type(dy[0], 1j))  # (..., N, F)
    d.real, d.imag = dy[0].mT, dy[1].mT
    d[..., 1 : (L + 1) // 2] *= 0.5  # irfft adds the mirror image of each frequency that has one
    frames = fft.irfft(d, L, norm="forward")  # the sum alone, not over L
    frames *= window
    return frame_backward(frames, (shape, hop))


def istft(spectrum, window, hop, length=None, least_cover=0.0):
    """The sound whose STFT is nearest to a spectrum: frames overlap and add, each sample over its squared windows.

    spectrum: real and imaginary part, a pair of (..., F, N) as `stft` gives it, or one array (2, ..., F, N).
    length: T of the answer, cut or filled with 0; (N - 1) · hop + L unless told otherwise.   x (..., T).
    Nearest in squares over all L frequencies (Griffin & Lim 1984, eq. 6), so `stft` undone to rounding. A sample that
    no window covers is 0: between frames with hop > L, and the first one under `hann_window`, which begins with 0. The
    same holds for samples whose squared windows sum to least_cover, or less, of the greatest such sum: where a window
    only fades in, dividing by it makes clicks of what frames do not agree on.
    """
    real, imaginary = spectrum
    L = len(window)
    _check_spectrum(real, imaginary, window, hop, length)
    y = np.empty(real.mT.shape, np.result_type(real, 1j))  # (..., N, F)
    y.real, y.imag = real.mT, imaginary.mT
    frames = fft.irfft(y, L) * window
    N = frames.shape[-2]
    T = (N - 1) * hop + L
    cover = frame_backward(np.broadcast_to(window**2, (N, L)), ((T,), hop))
    heard = cover > least_cover * cover.max()
    weight = np.divide(1, cover, out=np.zeros_like(cover), where=heard)
    x = frame_backward(frames, ((*frames.shape[:-2], T), hop)) * weight
    return _resized(x, T if length is None else length), (T, window, hop, weight)


def istft_backward(dx, cache):
    """dx (..., T) to dspectrum (2, ..., F, N): each frequency that has a mirror image counts twice."""
    T, window, hop, weight = cache
    L = len(window)
    dspectrum = np.stack(stft(_resized(dx, T) * weight, window, hop)[0]) / L
    dspectrum[..., 1 : (L + 1) // 2, :] *= 2
    return dspectrum


def power_spectrogram(x, window, hop):
    """Squared magnitude of the STFT; the phase is dropped.   x (..., T), window (L,); y (..., F, N)."""
    (real, imaginary), cache = stft(x, window, hop)
    return real**2 + imaginary**2, (real, imaginary, cache)


def power_spectrogram_backward(dy, cache):
    """dy (..., F, N) to dx (..., T)."""
    real, imaginary, stft_cache = cache
    twice = 2 * dy
    return stft_backward((real * twice, imaginary * twice), stft_cache)


def hz_to_mel(hz):
    """Pitch as it is heard: near enough linear below 1000 Hz, logarithmic above; 1000 Hz are 1000 mel."""
    return 2595 * np.log10(1 + np.asarray(hz) / 700)


def mel_to_hz(mel):
    """The inverse of `hz_to_mel`."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)


def mel_filter_bank(rate, length, bands, low=0.0, high=None):
    """Triangles, equally wide on the mel scale, each reaching its neighbours' peaks.   (M, F) float64, peaks at 1.

    rate: samples a second.   length: L.   low, high: the ends in Hz; high is rate / 2 unless told otherwise.
    Raises ValueError where a triangle would fall between two frequencies and stay empty.
    """
    high = rate / 2 if high is None else high
    if not 0 <= low < high <= rate / 2:
        raise ValueError(f"mel_filter_bank: expected 0 ≤ low < high ≤ {rate / 2:g} Hz, came {low:g} and {high:g}")
    corners = mel_to_hz(np.linspace(hz_to_mel(low), hz_to_mel(high), bands + 2))
    left, peak, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    f = np.arange(length // 2 + 1) * (rate / length)
    bank = np.maximum(0, np.minimum((f - left) / (peak - left), (right - f) / (right - peak)))
    if empty := int((bank.sum(1) == 0).sum()):
        raise ValueError(
            f"mel_filter_bank: {empty} of {bands} bands lie between two frequencies of {rate / length:g} Hz distance. "
            "Try: fewer bands, or longer frames"
        )
    return bank


def mel_spectrogram(x, window, hop, bank):
    """The power in each band of a filter bank.   x (..., T), window (L,), bank (M, F); y (..., M, N)."""
    _check_bank(window, bank)
    power, cache = power_spectrogram(x, window, hop)
    return bank @ power, (bank, cache)


def mel_spectrogram_backward(dy, cache):
    """dy (..., M, N) to dx (..., T)."""
    bank, power_cache = cache
    return power_spectrogram_backward(bank.T @ dy, power_cache)


def log_mel_spectrogram(x, window, hop, bank, floor=1e-6):
    """Natural logarithm of the mel spectrogram, of which nothing counts as less than `floor`.   y (..., M, N)."""
    mel, cache = mel_spectrogram(x, window, hop, bank)
    heard = np.maximum(mel, mel.dtype.type(floor))
    return np.log(heard), (mel >= floor, heard, cache)


def log_mel_spectrogram_backward(dy, cache):
    """dy (..., M, N) to dx (..., T): where the floor stands in for silence, no gradient passes."""
    above, heard, mel_cache = cache
    return mel_spectrogram_backward(dy / heard * above, mel_cache)


def _frames(x, length, hop):
    """The frames (..., N, L) as a view of the sound."""
    _check_frames(x, length, hop)
    return sliding_window_view(x, length, axis=-1)[..., ::hop, :]


def _resized(x, length):
    """The first samples of x (..., T), with 0 after the last where it has too few."""
    short = np.zeros((*x.shape[:-1], max(0, length - x.shape[-1])), x.dtype)
    return np.concatenate([x[..., :length], short], -1)


def _check_frames(x, length, hop):
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"frame: expected float32 or float64 samples, came {x.dtype}. Try: x.astype(np.float32)")
    if hop < 1 or length < 1:
        raise ValueError(f"frame: length and hop are at least 1 sample, came {length} and {hop}")
    if x.ndim < 1 or x.shape[-1] < length:
        raise ValueError(
            f"frame: a sound {x.shape} is shorter than one frame of {length} samples. "
            "Try: a shorter window, or np.pad"
        )


def _check_spectrum(real, imaginary, window, hop, length):
    expected = len(window) // 2 + 1
    if real.shape != imaginary.shape or real.ndim < 2 or real.shape[-2] != expected or not real.shape[-1]:
        raise ValueError(
            f"istft: a window of {len(window)} needs real and imaginary parts (..., {expected}, N), N at least 1, "
            f"came {real.shape} and {imaginary.shape}. Try: the window that made the spectrum"
        )
    if hop < 1 or not np.any(window):
        raise ValueError(f"istft: expected a hop of 1 or more and a window that is not all 0, came a hop of {hop}")
    if length is not None and length < 1:
        raise ValueError(f"istft: expected a length of at least 1 sample, came {length}")


def _check_bank(window, bank):
    expected = len(window) // 2 + 1
    if bank.ndim != 2 or bank.shape[1] != expected:
        raise ValueError(
            f"mel_spectrogram: a window of {len(window)} needs a bank (M, {expected}), came {bank.shape}. "
            f"Try: mel_filter_bank(rate, {len(window)}, bands)"
        )
