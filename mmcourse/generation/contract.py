"""What both halves of the generation room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract

LOG4 = np.log(4.0)


def _normal(rng, **shapes):
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def _arrays(**numbers):
    return {n: np.array(v) for n, v in numbers.items()}


def _twice(f, a, rng):
    double = {n: np.concatenate([x, x]) if isinstance(x, np.ndarray) else x for n, x in a.items()}
    return np.isclose(f(**double), f(**a))


TWICE = {"twice the same examples have the same mean": _twice}

KL = Contract(
    "gaussian_kl",
    cases={
        "a batch": lambda rng: _normal(rng, mean=(5, 3), log_variance=(5, 3)),
        "one latent": lambda rng: _normal(rng, mean=(7, 1), log_variance=(7, 1)),
    },
    gradients=("mean", "log_variance"),
    known={
        "N(0, 1) costs nothing": (_arrays(mean=[[0.0, 0.0]], log_variance=[[0.0, 0.0]]), 0.0),
        "a mean of 2 costs 2": (_arrays(mean=[[2.0], [0.0]], log_variance=[[0.0], [0.0]]), 1.0),
        "twice as wide": (_arrays(mean=[[0.0, 0.0]], log_variance=[[LOG4, LOG4]]), 3 - LOG4),
    },
    invariants=TWICE | {
        "never negative": lambda f, a, rng: f(**a) >= 0,
        "the sign of the mean does not matter": lambda f, a, rng: np.isclose(f(**a | {"mean": -a["mean"]}), f(**a)),
    },
)  # fmt: skip

REPARAMETRISE = Contract(
    "reparametrise",
    cases={"a batch": lambda rng: _normal(rng, mean=(5, 3), log_variance=(5, 3), noise=(5, 3))},
    gradients=("mean", "log_variance", "noise"),
    known={
        "σ = 2": (_arrays(mean=[[1.0, 1.0]], log_variance=[[LOG4, LOG4]], noise=[[0.0, -3.0]]), [[1.0, -5.0]]),
    },
    invariants={"no noise, no move": lambda f, a, rng: np.array_equal(f(**a | {"noise": 0 * a["noise"]}), a["mean"])},
)

RECONSTRUCTION = Contract(
    "gaussian_reconstruction",
    cases={
        "pictures": lambda rng: _normal(rng, drawn=(5, 3, 2, 7), x=(5, 3, 2, 7)),
        "vectors, another sigma": lambda rng: _normal(rng, drawn=(3, 2), x=(3, 2)) | {"sigma": 0.7},
    },
    gradients=("drawn", "x"),
    known={
        "by hand": (_arrays(drawn=[[1.0, 2.0], [0.0, 0.0]], x=[[0.0, 0.0], [0.0, 3.0]]) | {"sigma": 0.5}, 14.0),
        "σ is a tenth": (_arrays(drawn=[[0.1]], x=[[0.0]]), 0.5),
    },
    invariants=TWICE | {"a shift of both changes nothing": lambda f, a, rng: np.isclose(
        f(**a | {n: a[n] + 3 for n in ("drawn", "x")}), f(**a))},
)  # fmt: skip


def _path(rng, *shape):
    return _normal(rng, x=shape, noise=shape) | {"t": rng.random(shape[0])}


def _ends(f, a, rng):
    start, end = (f(**a | {"t": np.full(len(a["x"]), t)})[0] for t in (0.0, 1.0))
    return np.allclose(start, a["noise"]) and np.allclose(end, a["x"])


PATH = Contract(
    "straight_path",
    cases={"pictures": lambda rng: _path(rng, 5, 3, 2, 7), "vectors": lambda rng: _path(rng, 3, 2)},
    gradients=("x", "noise", "t"),
    known={"a quarter of the way": (_arrays(x=[[4.0]], noise=[[0.0]], t=[0.25]), ([[1.0]], [[4.0]]))},
    invariants={"it leads from noise to picture": _ends},
)


def _towards(rng, *shape):
    return _normal(rng, x=shape, x_t=shape) | {"t": 0.85 * rng.random(shape[0])}


def _arrives(f, a, rng):
    left = (1 - a["t"]).reshape(-1, *[1] * (a["x"].ndim - 1))
    return np.allclose(a["x_t"] + left * f(**a), a["x"]) if (a["t"] < 0.9).all() else True


TOWARDS = Contract(
    "velocity_towards",
    cases={
        "pictures": lambda rng: _towards(rng, 5, 3, 2, 7),
        "vectors": lambda rng: _towards(rng, 3, 2),
        "nearly there": lambda rng: _towards(rng, 2, 5) | {"t": np.array([0.97, 1.0])},
    },
    gradients=("x", "x_t"),
    known={
        "half the time is left": (_arrays(x=[[3.0]], x_t=[[1.0]], t=[0.5]), [[4.0]]),
        "none is left": (_arrays(x=[[3.0]], x_t=[[1.0]], t=[1.0]), [[20.0]]),
    },
    invariants={"it arrives": _arrives},
)


def _logits(rng, *shapes):
    """Random logits with a gap round the corners at ±1, which a finite difference would straddle."""
    x, y = (3 * rng.standard_normal(s) for s in shapes)
    return {"real": 1 + x + 0.05 * np.sign(x), "fake": -1 + y + 0.05 * np.sign(y)}


HINGE = Contract(
    "hinge_discriminator_loss",
    cases={
        "a batch": lambda rng: _logits(rng, (7,), (5,)),
        "patches of pictures": lambda rng: _logits(rng, (3, 2), (2, 5)),
    },
    gradients=("real", "fake"),
    known={
        "no idea is 2": (_arrays(real=[0.0], fake=[0.0, 0.0]), 2.0),
        "sure and right": (_arrays(real=[1.0, 9.0], fake=[-1.0]), 0.0),
        "sure and wrong": (_arrays(real=[-3.0, 2.0], fake=[4.0]), 7.0),
    },
    invariants=TWICE | {
        "real and fake are mirrored": lambda f, a, rng: np.isclose(f(real=-a["fake"], fake=-a["real"]), f(**a)),
    },
)  # fmt: skip

CONTRACTS = (KL, REPARAMETRISE, RECONSTRUCTION, PATH, TOWARDS, HINGE)
