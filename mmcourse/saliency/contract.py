"""What both halves of the saliency room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import TOLERANCE, Contract
from mmcourse.saliency.scratch import Head


def _weights(rng, C, K, V, eps=1e-3):
    """A head that lets most of what is drawn through, and cuts some off at 0 and some at 6."""
    return Head(rng.standard_normal((K, C)) * C**-0.5, 2 * rng.standard_normal(K), 1 + rng.standard_normal(K),
                rng.standard_normal(K), 0.5 + rng.random(K), eps, rng.standard_normal((V, K)) * K**-0.5,
                rng.standard_normal(V))  # fmt: skip


def _head(rng, B, C, H, W, K, V):
    return {"x": 2 * rng.standard_normal((B, C, H, W)), "weights": _weights(rng, C, K, V)}


def _one_path(gamma, beta, mean, variance):
    """One channel all the way, and a linear layer that doubles and adds 1."""
    a = [np.array([v]) for v in (gamma, beta, mean, variance)]
    return Head(np.array([[3.0]]), *a, 0.0, np.array([[2.0]]), np.array([1.0]))


HEAD = Contract(
    "head",
    cases={
        "a batch": lambda rng: _head(rng, 2, 3, 5, 7, 11, 13),
        "one place": lambda rng: _head(rng, 3, 5, 1, 1, 7, 2),
        "one class": lambda rng: _head(rng, 1, 2, 3, 5, 7, 1),
    },
    gradients=("x",),
    known={
        # 3 x, less 2, halved (a variance of 4), times 4, plus 1: 6 x - 3; cut to 0, 3, 6; mean 3; 2 · 3 + 1
        "cut below, as it is, cut above": (
            {"x": np.array([[[[0.0, 1.0, 5.0]]]]), "weights": _one_path(4.0, 1.0, 2.0, 4.0)}, [[7.0]]
        ),
    },
    invariants={
        "where in the picture something stands does not matter": lambda f, a, rng: np.allclose(
            f(**a | {"x": a["x"][:, :, ::-1, ::-1]}), f(**a)
        ),
        "a picture alone says what it says in a batch": lambda f, a, rng: np.allclose(
            f(**a | {"x": a["x"][-1:]}), f(**a)[-1:]
        ),
    },
    tolerance=TOLERANCE | {"bfloat16": 5e-2},  # five steps, each rounded
)  # fmt: skip


def _norm(rng, B, K, H, W):
    K4 = (rng.standard_normal(K), rng.standard_normal(K), rng.standard_normal(K), 0.5 + rng.random(K))
    names = ("gamma", "beta", "mean", "variance")
    return {"x": 2 * rng.standard_normal((B, K, H, W))} | dict(zip(names, K4, strict=True)) | {"eps": 1e-3}


def _unit(mean, variance):
    return {"gamma": np.ones(1), "beta": np.zeros(1), "mean": np.array([mean]), "variance": np.array([variance])}


INFERENCE_BATCH_NORM = Contract(
    "inference_batch_norm",
    cases={"a batch": lambda rng: _norm(rng, 2, 3, 5, 7), "one pixel": lambda rng: _norm(rng, 3, 5, 1, 1)},
    gradients=("x", "gamma", "beta"),
    known={
        "three, less one, halved": (
            {"x": np.full((1, 1, 1, 1), 3.0), **_unit(1.0, 4.0), "eps": 0.0}, np.full((1, 1, 1, 1), 1.0)
        ),
    },
    invariants={
        "no picture hears of another": lambda f, a, rng: np.allclose(f(**a | {"x": a["x"][:1]}), f(**a)[:1]),
    },
)  # fmt: skip

RELU6 = Contract(
    "relu6",
    cases={
        "all three parts": lambda rng: {"x": 3 + 5 * rng.standard_normal((3, 5, 7))},
        "one number": lambda rng: {"x": 1 + rng.random(1)},
    },
    gradients=("x",),
    known={"by hand": ({"x": np.array([-1.0, 0.0, 2.5, 6.0, 9.0])}, [0.0, 0.0, 2.5, 6.0, 6.0])},
    invariants={"mirrored about 3": lambda f, a, rng: np.allclose(f(x=6 - a["x"]), 6 - f(**a))},
)

GLOBAL_AVERAGE_POOL = Contract(
    "global_average_pool",
    cases={
        "a batch": lambda rng: {"x": rng.standard_normal((2, 3, 5, 7))},
        "one place": lambda rng: {"x": rng.standard_normal((3, 2, 1, 1))},
    },
    gradients=("x",),
    known={"four places": ({"x": np.array([[[[1.0, 2.0], [3.0, 6.0]]]])}, [[3.0]])},
    invariants={"places may change seats": lambda f, a, rng: np.allclose(f(x=np.flip(a["x"], (2, 3))), f(**a))},
)

CONTRACTS = (HEAD, INFERENCE_BATCH_NORM, RELU6, GLOBAL_AVERAGE_POOL)
