"""From a picture of sound back to sound: find the phases that were dropped, and the powers that bands blurred.

Letters as in the room's `__init__`. Nothing here is learned and nothing has a way back; `scratch.istft` does.

Papers:
    Griffin & Lim 1984, "Signal estimation from modified short-time Fourier transform", IEEE Trans. ASSP 32, section
        III: `griffin_lim` with momentum 0.
    Perraudin, Balazs & Søndergaard 2013, "A fast Griffin-Lim algorithm", WASPAA, algorithm 2: its momentum.
    Lee & Seung 2001, "Algorithms for non-negative matrix factorization", NIPS 13, theorem 2: `mel_to_power`.
"""

import numpy as np

from mmcourse.speech.scratch import istft, stft

LEAST_COVER = 0.05  # 3.9 ms at each end of a sound, with a Hann window of 25 ms and a hop of 10 ms


def griffin_lim(magnitude, window, hop, iterations=60, momentum=0.99, phase=None, rng=None):
    """A sound whose STFT has nearly the magnitudes asked for: the last one of `griffin_lim_steps`.   x (..., T)."""
    *_, (x, _) = griffin_lim_steps(magnitude, window, hop, iterations, momentum, phase, rng)
    return x


def griffin_lim_steps(magnitude, window, hop, iterations=60, momentum=0.99, phase=None, rng=None):
    """Yield (x, inconsistency) for each iteration: a sound (..., T), and how far from the magnitudes it is (...).

    magnitude (..., F, N): not negative; the square root of power.   phase (..., F, N): radians at the beginning; drawn
    from rng, a np.random.Generator, unless given. The ends, where the window only fades in, stay silent.

    Each iteration makes the sound nearest to the spectrum (`istft`), takes that sound's own spectrum, keeps its phases
    and puts the magnitudes back. With momentum, phases come from where the spectrum is heading; 0 is the algorithm of
    1984, under which inconsistency never rises. Raises ValueError for a wrong shape, negative numbers, NaN or no rng.
    """
    phase = _first_phase(magnitude, phase, rng)
    _check_iterations(iterations, momentum)
    spectrum = magnitude * np.array([np.cos(phase), np.sin(phase)])  # (2, ..., F, N)
    before = 0
    for _ in range(iterations):
        x, _ = istft(spectrum, window, hop, least_cover=LEAST_COVER)
        own = np.array(stft(x, window, hop)[0])
        yield x, inconsistency(own, magnitude, len(window))
        ahead = own + momentum * (own - before)
        phase = np.arctan2(ahead[1], ahead[0])
        spectrum = magnitude * np.array([np.cos(phase), np.sin(phase)])
        before = own


def inconsistency(spectrum, magnitude, length):
    """|| |spectrum| - magnitude || / || magnitude ||, called spectral convergence too: 0 is perfect.   (...)

    spectrum (2, ..., F, N), magnitude (..., F, N), length: L. All L frequencies count, so those which have a mirror
    image count twice: in this norm `istft` is nearest, and without it the theorem of 1984 fails. Silence gives 0.
    """
    twice = np.full((magnitude.shape[-2], 1), 2, magnitude.dtype)
    twice[0] = 1
    twice[(length + 1) // 2 :] = 1  # the highest frequency, where L is even
    gap = np.sum(twice * (np.hypot(*spectrum) - magnitude) ** 2, (-2, -1))
    whole = np.sum(twice * magnitude**2, (-2, -1))
    return np.sqrt(gap / np.where(whole > 0, whole, 1))


def mel_to_power(mel, bank, iterations=50):
    """Powers that are not negative and whose mel spectrogram comes near to mel, without the logarithm.   (..., F, N)

    mel (..., M, N): not negative.   bank (M, F). F is larger than M, so many answers fit; the updates begin with each
    band spread over its triangle, and multiply, so that what is 0 stays 0. They never raise the divergence
    Σ mel log(mel / bank p) - mel + bank p (Lee & Seung 2001, theorem 2), which forgets soft bands less than squares do.
    Frequencies in no band get 0. Raises ValueError for a wrong shape, negative numbers or NaN.
    """
    _check_mel(mel, bank, iterations)
    total = bank.sum(0)[:, None]  # (F, 1)
    share = np.divide(bank.T, total, out=np.zeros_like(bank.T), where=total > 0)  # (F, M)
    power = share @ (mel / bank.sum(1)[:, None])
    for _ in range(iterations):
        blurred = bank @ power
        power = power * (share @ np.divide(mel, blurred, out=np.zeros_like(mel), where=blurred > 0))
    return power


def log_mel_to_sound(log_mel, window, hop, bank, floor=1e-6, iterations=60, momentum=0.99, rng=None):
    """A sound with nearly this log-mel spectrogram, (..., M, N): the way back from `scratch.log_mel_spectrogram`.

    floor: as it was on the way there; bands at it are taken as silent.   x (..., T), which may reach beyond ±1.
    Raises ValueError for a wrong shape, NaN or logarithms too large to be natural ones of power.
    """
    with np.errstate(over="ignore"):
        mel = np.exp(log_mel)
    if not np.all(np.isfinite(mel)):
        raise ValueError(
            f"log_mel_to_sound: expected natural logarithms of power, came one of {np.max(log_mel):g}. "
            "Try: undo the standardisation first"
        )
    mel = np.where(mel > 1.001 * floor, mel, 0)  # what stands at the floor was rounded
    return griffin_lim(np.sqrt(mel_to_power(mel, bank)), window, hop, iterations, momentum, rng=rng)


def _first_phase(magnitude, phase, rng):
    if magnitude.ndim < 2 or not np.all(np.isfinite(magnitude)) or np.any(magnitude < 0):
        raise ValueError(
            f"griffin_lim: expected finite magnitudes (..., F, N), not negative, came {magnitude.shape} with "
            f"{int(np.sum(~(magnitude >= 0)))} negative or NaN. Try: np.sqrt of a power, not a logarithm"
        )
    if phase is not None:
        if phase.shape != magnitude.shape:
            raise ValueError(f"griffin_lim: magnitude is {magnitude.shape}, phase {phase.shape}")
        return phase.astype(magnitude.dtype)
    if rng is None:
        raise ValueError("griffin_lim: expected phases to begin with. Try: rng=np.random.default_rng(0)")
    return rng.uniform(-np.pi, np.pi, magnitude.shape).astype(magnitude.dtype)


def _check_iterations(iterations, momentum):
    if iterations < 1 or not 0 <= momentum < 2:
        raise ValueError(
            f"griffin_lim: expected 1 iteration or more and 0 ≤ momentum < 2, came {iterations} and {momentum:g}"
        )


def _check_mel(mel, bank, iterations):
    if bank.ndim != 2 or mel.ndim < 2 or mel.shape[-2] != len(bank):
        turned = " Try: .mT, bands before frames" if mel.shape[-1:] == (len(bank),) else ""
        raise ValueError(f"mel_to_power: bank {bank.shape} needs mel (..., {len(bank)}, N), came {mel.shape}.{turned}")
    if not np.all(np.isfinite(mel)) or np.any(mel < 0):
        raise ValueError("mel_to_power: expected finite powers, not negative. Try: np.exp of a log-mel spectrogram")
    if iterations < 0:
        raise ValueError(f"mel_to_power: expected 0 iterations or more, came {iterations}")
