"""What both halves of the convolution room must do. Height and width differ, and so do the kernel's."""

import numpy as np

from mmcourse.agree import Contract


def _conv(rng, B, C, H, W, O, R, S, bias=True, **options):
    return {
        "x": rng.standard_normal((B, C, H, W)),
        "weight": rng.standard_normal((O, C, R, S)) * (C * R * S) ** -0.5,
        "bias": rng.standard_normal(O) if bias else None,
    } | options


def _picture(rng, *shape):
    """Numbers far apart, so that no small step changes which of them is the largest."""
    return rng.permutation(np.prod(shape)).reshape(shape) / 7.0


CONV2D = Contract(
    "conv2d",
    cases={
        "plain": lambda rng: _conv(rng, 2, 3, 7, 5, 11, 3, 2),
        "padded, no bias": lambda rng: _conv(rng, 1, 2, 5, 7, 3, 3, 5, bias=False, padding=2),
        "every second place": lambda rng: _conv(rng, 3, 2, 11, 7, 5, 3, 3, stride=2, padding=1),
        "a last column left over": lambda rng: _conv(rng, 2, 1, 8, 6, 2, 3, 3, stride=2),
        "kernel of the picture's size": lambda rng: _conv(rng, 2, 3, 5, 7, 2, 5, 7),
    },
    gradients=("x", "weight", "bias"),
    known={
        "a difference to the right": (
            {"x": np.array([[[[1.0, 4.0, 9.0]]]]), "weight": np.array([[[[-1.0, 1.0]]]]), "bias": np.array([10.0])},
            [[[[13.0, 15.0]]]],
        ),
        "the kernel is not flipped": (
            {"x": np.array([[[[0.0, 1.0, 0.0]]]]), "weight": np.array([[[[2.0, 3.0, 5.0]]]]), "padding": 0},
            [[[[3.0]]]],
        ),
    },
    invariants={
        "a picture alone says what it says in a batch": lambda f, a, rng: np.allclose(
            f(**a | {"x": a["x"][-1:]}), f(**a)[-1:]
        ),
        "twice the picture, without bias, twice the answer": lambda f, a, rng: np.allclose(
            f(**a | {"x": 2 * a["x"], "bias": None}), 2 * f(**a | {"bias": None})
        ),
    },
)


def _pool(function, known, invariant):
    return Contract(
        function,
        cases={
            "side by side": lambda rng: {"x": _picture(rng, 2, 3, 6, 8), "size": 2},
            "overlapping": lambda rng: {"x": _picture(rng, 1, 2, 7, 5), "size": 3, "stride": 2},
            "an edge left over": lambda rng: {"x": _picture(rng, 2, 1, 7, 5), "size": 2},
        },
        gradients=("x",),
        known={"two by two": ({"x": np.array([[[[1.0, 2.0], [3.0, 6.0]]]]), "size": 2}, [[[[known]]]])},
        invariants=invariant,
    )


BATCH_NORM = Contract(
    "batch_norm",
    cases={
        "a batch": lambda rng: {
            "x": 4 + 3 * rng.standard_normal((5, 3, 2, 7)),
            "weight": rng.standard_normal(3),
            "bias": rng.standard_normal(3),
        },
    },
    gradients=("x", "weight", "bias"),
    known={
        "two pictures of one pixel": (
            {
                "x": np.array([3.0, 5.0]).reshape(2, 1, 1, 1),
                "weight": np.array([2.0]),
                "bias": np.array([1.0]),
                "eps": 0.0,
            },
            np.array([-1.0, 3.0]).reshape(2, 1, 1, 1),
        )
    },
    invariants={
        "shift and scale of a channel change nothing": lambda f, a, rng: np.allclose(
            f(**a | {"x": 7 + 3 * a["x"], "eps": 0.0}), f(**a | {"eps": 0.0})
        )
    },
)

CONTRACTS = (
    CONV2D,
    _pool(
        "max_pool2d",
        6.0,
        {"growing numbers keep their order": lambda f, a, rng: np.allclose(f(**a | {"x": a["x"] ** 3}), f(**a) ** 3)},
    ),
    _pool(
        "avg_pool2d",
        3.0,
        {"a shift passes through": lambda f, a, rng: np.allclose(f(**a | {"x": a["x"] + 5}), f(**a) + 5)},
    ),
    BATCH_NORM,
)
