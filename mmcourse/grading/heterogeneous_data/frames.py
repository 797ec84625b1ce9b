"""01-frames: the power spectrum of frames that are centred on their samples, free of the window's own power.

Frame n is centred on sample n · hop, the convention of `torch.stft` with center=True, here with silence around the
sound. The division by Σ w² makes the level of noise independent of the window (Harris 1978, section IV).
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..question import Case, Question, WrongAnswer


def reference(x, window, hop):
    spectrum = np.fft.rfft(_frames(x, len(window), hop) * window)
    return (spectrum.real**2 + spectrum.imag**2) / (window**2).sum()


def _frames(x, length, hop, before=None, after=None, **padding):
    """(..., N, L); silence in front and behind unless told otherwise."""
    before = length // 2 if before is None else before
    after = length // 2 if after is None else after
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(before, after)], **padding)
    return sliding_window_view(padded, length, axis=-1)[..., ::hop, :]


def draw(rng):
    for name, shape, length, hop in (
        ("37 samples, frames of 8", (37,), 8, 3),
        ("frames of 7", (41,), 7, 5),
        ("two sounds", (2, 31), 10, 7),
        ("two leading axes", (2, 3, 29), 6, 5),
        ("hop 1", (17,), 4, 1),
        ("a hop longer than a frame", (43,), 6, 11),
        ("a sound shorter than a frame", (5,), 14, 2),
        ("one sample", (1,), 6, 2),
        ("frames of one sample", (5,), 1, 2),
    ):
        yield _case(rng, name, rng.standard_normal(shape), length, hop)
    yield _case(rng, "a sound that does not swing about zero", 3 + rng.standard_normal(23), 8, 3)
    yield _case(rng, "silence", np.zeros((2, 23)), 8, 3)
    yield _case(rng, "a sound stored backwards", rng.standard_normal((29, 2)).T, 10, 7)
    yield _case(rng, "float32", rng.standard_normal((2, 31)), 8, 5, np.float32)


def _case(rng, name, x, length, hop, dtype=np.float64):
    window = rng.uniform(0.2, 1, length)  # lopsided, so that its direction matters
    return Case(name, (x.astype(dtype), window.astype(dtype), hop))


def _framed(**options):
    """The reference with frames cut elsewhere; options may be functions of L."""

    def power(x, window, hop):
        length = len(window)
        cut = {name: value(length) if callable(value) else value for name, value in options.items()}
        return _power(_frames(x, length, hop, **cut), window)

    return power


def _power(frames, window):
    return np.abs(np.fft.rfft(frames * window)) ** 2 / (window**2).sum()


def _scaled(function):
    """Another scale: function(window) divides the squared magnitudes."""
    return lambda x, window, hop: reference(x, window, hop) * (window**2).sum() / function(window)


def _spectrum(function):
    """Another summary of the complex spectrum, divided by Σ w²."""

    def power(x, window, hop):
        return function(np.fft.rfft(_frames(x, len(window), hop) * window)) / (window**2).sum()

    return power


def no_window(x, window, hop):
    return _power(_frames(x, len(window), hop), np.ones_like(window))


def no_window_but_its_power(x, window, hop):
    return np.abs(np.fft.rfft(_frames(x, len(window), hop))) ** 2 / (window**2).sum()


def hop_ignored(x, window, hop):
    return reference(x, window, len(window))


def all_frequencies(x, window, hop):
    return np.abs(np.fft.fft(_frames(x, len(window), hop) * window)) ** 2 / (window**2).sum()


def frequencies_first(x, window, hop):
    return reference(x, window, hop).mT


def one_sided(x, window, hop):
    power = reference(x, window, hop)
    mirrored = (np.arange(power.shape[-1]) > 0) & (2 * np.arange(power.shape[-1]) != len(window))
    return power * np.where(mirrored, 2, 1)


def mean_removed(x, window, hop):
    frames = _frames(x, len(window), hop)
    return _power(frames - frames.mean(-1, keepdims=True), window)


def last_frequency_lost(x, window, hop):
    return reference(x, window, hop)[..., : len(window) // 2]


WRONG = (
    WrongAnswer(
        "nothing in front or behind",
        _framed(before=0, after=0),
        "Your frame 0 begins at sample 0. It should be centred there, so that half of it looks at the silence before "
        "the sound; and likewise at the end.",
    ),
    WrongAnswer(
        "reflected ends",
        _framed(mode="reflect"),
        "You reflect the sound at its ends, as PyTorch does unless it is told otherwise. Here there is silence before "
        "and after.",
    ),
    WrongAnswer(
        "edge values repeated",
        _framed(mode="edge"),
        "You repeat the first and the last sample. Here there is silence before and after the sound: which number is "
        "silence?",
    ),
    WrongAnswer(
        "silence in front only",
        _framed(after=0),
        "You put silence in front of the sound, and none behind. The last frames are centred near the last sample and "
        "look beyond it as well.",
    ),
    WrongAnswer(
        "silence behind only",
        _framed(before=0, after=lambda length: 2 * (length // 2)),
        "All your silence stands behind the sound, so that frames begin where they should be centred.",
    ),
    WrongAnswer(
        "a whole frame of silence",
        _framed(before=lambda length: length, after=lambda length: length),
        "You put a whole frame of silence at each end. To centre frame 0 on sample 0, half a frame is enough.",
    ),
    WrongAnswer(
        "no window",
        no_window,
        "The frames are cut out and not faded: the window does not appear in your answer at all.",
    ),
    WrongAnswer(
        "window only in the scale",
        no_window_but_its_power,
        "The window appears in what you divide by and is missing where it acts: each frame is multiplied by it before "
        "the transform.",
    ),
    WrongAnswer(
        "magnitude instead of power",
        _spectrum(np.abs),
        "You give magnitudes. Power is their square.",
    ),
    WrongAnswer(
        "real part only",
        _spectrum(lambda spectrum: spectrum.real**2),
        "You square the real part alone, so the result depends on the phase: a sine would have no power where a cosine "
        "has. What else does a complex number hold?",
    ),
    WrongAnswer(
        "square of the complex number",
        _spectrum(lambda spectrum: (spectrum**2).real),
        "You square complex numbers, and that squares their phase as well: some of your powers are negative. The power "
        "is the square of the distance from zero.",
    ),
    WrongAnswer(
        "not divided",
        _scaled(lambda window: 1),
        "The power of the window is still in the result: a window twice as high would make the same sound four times "
        "as loud. Divide by Σ w².",
    ),
    WrongAnswer(
        "divided by the square of the sum",
        _scaled(lambda window: window.sum() ** 2),
        "You divide by (Σ w)², which makes the height of a pure tone right. This question divides by Σ w²: square "
        "first, then add.",
    ),
    WrongAnswer(
        "divided by the length",
        _scaled(len),
        "You divide by the number of samples in a frame, which is right for a window of ones. Other windows let less "
        "of the sound through: how much?",
    ),
    WrongAnswer(
        "mirror images added",
        one_sided,
        "You double every frequency that has a mirror image, as `scipy.signal.welch` does. Here each frequency keeps "
        "its own power and no more.",
    ),
    WrongAnswer(
        "mean removed",
        mean_removed,
        "You take the mean off every frame, as `scipy.signal.welch` does by itself. Here frequency 0 keeps what it "
        "has.",
    ),
    WrongAnswer(
        "mirror image kept",
        all_frequencies,
        "You keep all L frequencies. Of a real sound the upper half is the mirror image of the lower: L // 2 + 1 of "
        "them tell everything.",
    ),
    WrongAnswer(
        "last frequency lost",
        last_frequency_lost,
        "You keep L // 2 frequencies and lose the last one. From 0 to L // 2, both included: how many are there?",
    ),
    WrongAnswer(
        "hop ignored",
        hop_ignored,
        "Your frames stand side by side, each beginning where the last one ended. The next frame begins `hop` samples "
        "after the one before.",
    ),
    WrongAnswer(
        "frequencies first",
        frequencies_first,
        "The numbers are right, and the axes are those of the chapter's picture: frequencies, then frames. This "
        "question wants a row for each frame.",
    ),
)

QUESTION = Question(
    id="01-frames",
    title="The power of centred frames",
    points=20,
    name="centred_power",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the power",),
)
