"""What both halves of the speech room must do. Some samples at the end fill no frame; lengths are even and odd."""

import numpy as np

from mmcourse.agree import Contract
from mmcourse.speech.contract_ctc import CTC


def _sound(rng, *shape):
    return {"x": rng.standard_normal(shape)}


def _window(rng, length):
    return {"window": rng.uniform(0.2, 1, length)}  # of no symmetry, which would hide a reversed one


def _bank(rng, M, L):
    return {"bank": rng.uniform(0, 1, (M, L // 2 + 1))}


def _windowed(rng, *shape, L, hop):
    return _sound(rng, *shape) | _window(rng, L) | {"hop": hop}


def _spectrum(rng, *leading, L, hop, N, **more):
    """Of no sound: frames that overlap do not agree."""
    return {"spectrum": rng.standard_normal((2, *leading, L // 2 + 1, N))} | _window(rng, L) | {"hop": hop} | more


STFT_CASES = {
    "overlapping, even frames": lambda rng: _windowed(rng, 41, L=8, hop=3),
    "odd frames, two leading axes": lambda rng: _windowed(rng, 2, 3, 29, L=7, hop=2),
    "side by side": lambda rng: _windowed(rng, 2, 23, L=5, hop=5),
    "gaps between frames": lambda rng: _windowed(rng, 31, L=4, hop=7),
    "one frame": lambda rng: _windowed(rng, 3, 11, L=11, hop=2),
}

# one period of a cosine, and of a sine, in four samples: exp(-2πi l / 4) is 1, -i, -1, i
_COSINE = {"x": np.array([1.0, 0.0, -1.0, 0.0]), "window": np.ones(4), "hop": 1}
_SINE = _COSINE | {"x": np.array([0.0, 1.0, 0.0, -1.0])}
_COLUMN = np.array([[0.0], [2.0], [0.0]])
_COSINE_SPECTRUM = {"spectrum": np.stack([_COLUMN, 0 * _COLUMN]), "window": np.ones(4), "hop": 1}
_TWO_BANDS = np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]])


def _linear(f, a, rng):
    both = [f(**a | {"x": x}) for x in (a["x"], a["x"][..., ::-1], a["x"] + 3 * a["x"][..., ::-1])]
    return all(np.allclose(once + 3 * twice, sum_) for once, twice, sum_ in zip(*both, strict=True))


def _sum_of_spectra(f, a, rng):
    other = rng.standard_normal(a["spectrum"].shape)
    both = [f(**a | {"spectrum": s}) for s in (a["spectrum"], other, a["spectrum"] + 3 * other)]
    return np.allclose(both[0] + 3 * both[1], both[2])


def _late(f, a, rng):
    """One hop more of anything at the start moves every later frame on by one place."""
    before = rng.standard_normal((*a["x"].shape[:-1], a["hop"]))
    moved = f(**a | {"x": np.concatenate([before, a["x"]], -1)})
    return np.allclose(moved[..., 1:], f(**a))


def _louder(f, a, rng):
    """Three times the pressure adds log 9 everywhere, when the floor rises as much."""
    floor = a.get("floor", 1e-6)
    return np.allclose(f(**a | {"x": 3 * a["x"], "floor": 9 * floor}), f(**a) + np.log(9))


def _half_whispered(rng):
    """Frames far above the floor of 0.1, and frames far below it (not at 0, where every gradient vanishes)."""
    a = _windowed(rng, 2, 43, L=8, hop=3)
    return a | {"x": a["x"] * np.where(np.arange(43) < 20, 9, 0.01), "floor": 0.1}


def _with_bank(M):
    return {n: lambda rng, c=c: _filtered(c(rng), rng, M) for n, c in STFT_CASES.items()}


def _filtered(arguments, rng, M):
    return arguments | _bank(rng, M, len(arguments["window"]))


FRAME = Contract(
    "frame",
    cases={
        "overlapping": lambda rng: _sound(rng, 2, 3, 23) | {"length": 7, "hop": 3},
        "gaps": lambda rng: _sound(rng, 29) | {"length": 3, "hop": 5},
        "the whole sound": lambda rng: _sound(rng, 2, 11) | {"length": 11, "hop": 4},
    },
    gradients=("x",),
    known={
        "the last sample fills no frame": (
            {"x": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), "length": 3, "hop": 2},
            [[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]],
        )
    },
    invariants={
        "every frame is a piece of the sound": lambda f, a, rng: all(
            np.array_equal(f(**a)[..., n, :], a["x"][..., n * a["hop"] : n * a["hop"] + a["length"]])
            for n in range((a["x"].shape[-1] - a["length"]) // a["hop"] + 1)
        )
    },
)

STFT = Contract(
    "stft",
    cases=STFT_CASES,
    gradients=("x",),
    known={
        "a cosine is real": (_COSINE, (_COLUMN, 0 * _COLUMN)),
        "a sine is imaginary, and negative": (_SINE, (0 * _COLUMN, -_COLUMN)),
        "the window weighs": (
            _COSINE | {"window": np.array([3.0, 5.0, 1.0, 7.0])},
            ([[2.0], [4.0], [2.0]], [[0.0], [0.0], [0.0]]),
        ),
    },
    invariants={"the transform of a sum is the sum of the transforms": _linear},
)

ISTFT = Contract(
    "istft",
    cases={
        "overlapping, even frames": lambda rng: _spectrum(rng, L=8, hop=3, N=11),
        "odd frames, two leading axes": lambda rng: _spectrum(rng, 2, 3, L=7, hop=2, N=5),
        "side by side": lambda rng: _spectrum(rng, 2, L=5, hop=5, N=3),
        "gaps between frames": lambda rng: _spectrum(rng, L=4, hop=7, N=5),
        "one frame": lambda rng: _spectrum(rng, 3, L=11, hop=2, N=1),
        "cut": lambda rng: _spectrum(rng, 2, L=6, hop=5, N=7, length=29),
        "filled with silence": lambda rng: _spectrum(rng, 2, L=6, hop=4, N=3, length=17),
        "without its ends": lambda rng: _spectrum(rng, L=9, hop=2, N=13, least_cover=0.5),
    },
    gradients=("spectrum",),
    known={
        "a cosine": (_COSINE_SPECTRUM, [1.0, 0.0, -1.0, 0.0]),
        # frames [1, 3] and [2, 0] under the window [1, 2]: 1·1 / 1², (2·3 + 1·2) / (2² + 1²), 2·0 / 2²
        "frames that disagree meet by their windows": (
            {"spectrum": np.array([[[4.0, 2.0], [-2.0, 2.0]], np.zeros((2, 2))]), "window": np.array([1.0, 2.0])}
            | {"hop": 1},
            [1.0, 1.6, 0.0],
        ),
        "what no window covers is 0": (
            _COSINE_SPECTRUM | {"window": np.array([0.0, 1.0, 1.0, 1.0]), "length": 5},
            [0.0, 0.0, -1.0, 0.0, 0.0],
        ),
    },
    invariants={"the sound of a sum is the sum of the sounds": _sum_of_spectra},
)

POWER = Contract(
    "power_spectrogram",
    cases=STFT_CASES,
    gradients=("x",),
    known={"the phase is dropped": (_SINE, [[0.0], [4.0], [0.0]])},
    invariants={
        "a sound and its negative look alike": lambda f, a, rng: np.allclose(f(**a | {"x": -a["x"]}), f(**a)),
        "a delay by a hop is a shift by a frame": _late,
    },
)

MEL = Contract(
    "mel_spectrogram",
    cases=_with_bank(3),
    gradients=("x",),
    known={"both bands hear the middle": (_COSINE | {"bank": _TWO_BANDS}, [[2.0], [2.0]])},
    invariants={
        "three times the pressure, nine times the power": lambda f, a, rng: np.allclose(
            f(**a | {"x": 3 * a["x"]}), 9 * f(**a)
        ),
        "a delay by a hop is a shift by a frame": _late,
    },
)

LOG_MEL = Contract(
    "log_mel_spectrogram",
    cases=_with_bank(2) | {"half of it whispered": lambda rng: _filtered(_half_whispered(rng), rng, 2)},
    gradients=("x",),
    known={
        "both bands hear the middle": (_COSINE | {"bank": _TWO_BANDS}, np.log([[2.0], [2.0]])),
        "silence is the floor": (
            _COSINE | {"x": np.zeros(4), "bank": _TWO_BANDS, "floor": 0.5},
            np.log([[0.5], [0.5]]),
        ),
    },
    invariants={
        "loudness is a shift": _louder,
        "nothing is below the floor": lambda f, a, rng: bool(np.all(np.exp(f(**a | {"floor": 2.0})) >= 2 - 1e-12)),
    },
)

CONTRACTS = (FRAME, STFT, ISTFT, POWER, MEL, LOG_MEL, CTC)
