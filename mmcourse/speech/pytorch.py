"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back.

PyTorch's Fourier transform knows no bfloat16: there the sound is widened first, and the answer narrowed at the end.
"""

import numpy as np
import torch

from mmcourse.speech import inversion, scratch
from mmcourse.speech.scratch import hz_to_mel, mel_to_hz  # noqa: F401  one formula serves both halves


def frame(x, length, hop):
    return x.unfold(-1, length, hop)


def hann_window(length):
    return torch.hann_window(length, dtype=torch.float64)


def stft(x, window, hop):
    spectrum = _stft(x, window, hop)
    return spectrum.real.to(x.dtype), spectrum.imag.to(x.dtype)


def istft(spectrum, window, hop, length=None, least_cover=0.0):
    real, imaginary = (_wide(part) for part in spectrum)
    weights = _wide(window)
    frames = torch.fft.irfft(torch.complex(real, imaginary), len(window), dim=-2) * weights[:, None]
    cover = _overlap_add(weights.square()[:, None].expand(frames.shape[-2:]), hop)
    heard = cover > least_cover * cover.max()
    x = _overlap_add(frames, hop) * torch.where(heard, 1 / cover, 0)
    missing = 0 if length is None else length - x.shape[-1]
    return torch.nn.functional.pad(x, (0, missing)).to(spectrum[0].dtype)  # a negative one cuts


def power_spectrogram(x, window, hop):
    return _stft(x, window, hop).abs().square().to(x.dtype)


def mel_filter_bank(rate, length, bands, low=0.0, high=None):
    return torch.from_numpy(scratch.mel_filter_bank(rate, length, bands, low, high))


def mel_spectrogram(x, window, hop, bank):
    return _mel(x, window, hop, bank).to(x.dtype)


def log_mel_spectrogram(x, window, hop, bank, floor=1e-6):
    return _mel(x, window, hop, bank).clamp(min=floor).log().to(x.dtype)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0):
    arguments = _wide(log_probs), targets, input_lengths, target_lengths, blank
    loss = torch.nn.functional.ctc_loss(*arguments, reduction="none", zero_infinity=True)  # where infinite, no slope
    if not loss.all():
        with torch.no_grad():  # 0 stands for certain as well as for impossible
            infinite = torch.nn.functional.ctc_loss(*arguments, reduction="none").isinf()
        loss = loss.masked_fill(infinite, torch.inf)
    return loss.to(log_probs.dtype)


def griffin_lim(magnitude, window, hop, iterations=60, momentum=0.99, phase=None, rng=None):
    if phase is None:
        phase = torch.as_tensor(rng.uniform(-np.pi, np.pi, magnitude.shape)).to(magnitude)
    spectrum = torch.polar(magnitude, phase)
    before = 0
    for _ in range(iterations):
        x = istft((spectrum.real, spectrum.imag), window, hop, least_cover=inversion.LEAST_COVER)
        own = torch.complex(*stft(x, window, hop))
        spectrum = torch.polar(magnitude, (own + momentum * (own - before)).angle())
        before = own
    return x


def mel_to_power(mel, bank, iterations=50):
    total = bank.sum(0)[:, None]
    share = torch.where(total > 0, bank.T / total, 0)
    power = share @ (mel / bank.sum(1)[:, None])
    for _ in range(iterations):
        blurred = bank @ power
        power = power * (share @ torch.where(blurred > 0, mel / blurred, 0))
    return power


def _mel(x, window, hop, bank):
    return _wide(bank) @ _stft(x, window, hop).abs().square()


def _stft(x, window, hop):
    sounds = _wide(x).reshape(-1, x.shape[-1])  # torch.stft takes one leading axis
    spectrum = torch.stft(sounds, len(window), hop, window=_wide(window), center=False, return_complex=True)
    return spectrum.reshape(*x.shape[:-1], *spectrum.shape[-2:])


def _overlap_add(frames, hop):
    """(..., L, N) to (..., T)."""
    *leading, L, N = frames.shape
    T = (N - 1) * hop + L
    x = torch.nn.functional.fold(frames.reshape(-1, L, N), (1, T), (1, L), stride=(1, hop))
    return x.reshape(*leading, T)


def _wide(x):
    return x.float() if x.dtype == torch.bfloat16 else x
