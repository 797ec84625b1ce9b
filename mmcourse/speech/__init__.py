"""Speech: from pressure over time to a picture of which pitches sound when.

Axis letters: T samples, L samples of a frame (and of the window), N frames, F frequencies (L // 2 + 1), M mel bands;
`...` any number of leading axes (sounds, channels).

A frame starts every `hop` samples and only whole frames count, N = (T - L) // hop + 1: nothing is padded. To get the
frames of `torch.stft` with its default center=True, reflect the sound at both ends first, by L // 2 samples.
Spectrograms are (..., F, N), low frequencies first, as in SciPy and PyTorch.

Papers:
    Allen & Rabiner 1977, "A unified approach to short-time Fourier analysis and synthesis", Proc. IEEE 65: `stft`.
    Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented sequence data with recurrent
        neural networks", ICML: `ctc_loss`, whose letters stand in `ctc`; beam search over prefixes in `decoding`.
    Harris 1978, "On the use of windows for harmonic analysis with the discrete Fourier transform", Proc. IEEE 66:
        `hann_window`, in the periodic form.
    Davis & Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition", IEEE
        Trans. ASSP 28: triangular filters on the mel scale, `mel_filter_bank`.
    Griffin & Lim 1984, "Signal estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32: `istft`
        (eq. 6) and `inversion.griffin_lim`.
    O'Shaughnessy 1987, "Speech communication", Addison-Wesley: the formula of the mel scale, `hz_to_mel`.
"""
