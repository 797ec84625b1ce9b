"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back.

PyTorch's Fourier transform knows no bfloat16: there the sound is widened first, and the answer narrowed at the end.
"""

import torch

from mmcourse.speech import scratch
from mmcourse.speech.scratch import hz_to_mel, mel_to_hz  # noqa: F401  one formula serves both halves


def frame(x, length, hop):
    return x.unfold(-1, length, hop)


def hann_window(length):
    return torch.hann_window(length, dtype=torch.float64)


def stft(x, window, hop):
    spectrum = _stft(x, window, hop)
    return spectrum.real.to(x.dtype), spectrum.imag.to(x.dtype)


def power_spectrogram(x, window, hop):
    return _stft(x, window, hop).abs().square().to(x.dtype)


def mel_filter_bank(rate, length, bands, low=0.0, high=None):
    return torch.from_numpy(scratch.mel_filter_bank(rate, length, bands, low, high))


def mel_spectrogram(x, window, hop, bank):
    return _mel(x, window, hop, bank).to(x.dtype)


def log_mel_spectrogram(x, window, hop, bank, floor=1e-6):
    return _mel(x, window, hop, bank).clamp(min=floor).log().to(x.dtype)


def _mel(x, window, hop, bank):
    return _wide(bank) @ _stft(x, window, hop).abs().square()


def _stft(x, window, hop):
    sounds = _wide(x).reshape(-1, x.shape[-1])  # torch.stft takes one leading axis
    spectrum = torch.stft(sounds, len(window), hop, window=_wide(window), center=False, return_complex=True)
    return spectrum.reshape(*x.shape[:-1], *spectrum.shape[-2:])


def _wide(x):
    return x.float() if x.dtype == torch.bfloat16 else x
