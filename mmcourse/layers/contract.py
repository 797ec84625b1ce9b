"""What both halves of the layers must do. All sizes differ and are prime, so that no mixed-up axis can hide."""

import numpy as np

from mmcourse.agree import Contract


def _normal(rng, *shape):
    return rng.standard_normal(shape)


def _away_from_zero(rng, *shape):
    """Normal numbers with a gap round 0, where relu has a corner and a finite difference would straddle it."""
    x = rng.standard_normal(shape)
    return x + np.sign(x) * 1e-3


def _elementwise(function, known, invariants=None, draw=_normal):
    return Contract(
        function,
        cases={"matrix": lambda rng: {"x": draw(rng, 3, 5)}, "cube": lambda rng: {"x": 3 * draw(rng, 2, 7, 3)}},
        gradients=("x",),
        known={name: ({"x": np.array(x)}, np.array(y)) for name, (x, y) in known.items()},
        invariants=invariants or {},
    )


def _linear(rng, *lead, bias=True):
    return {
        "x": _normal(rng, *lead, 5),
        "weight": _normal(rng, 7, 5),
        "bias": _normal(rng, 7) if bias else None,
    }


LINEAR = Contract(
    "linear",
    cases={
        "vector": lambda rng: _linear(rng),
        "matrix": lambda rng: _linear(rng, 3),
        "two leading axes, no bias": lambda rng: _linear(rng, 2, 3, bias=False),
        "no rows": lambda rng: _linear(rng, 0),
    },
    gradients=("x", "weight", "bias"),
    known={
        "by hand": (
            {"x": np.array([[1.0, 2.0]]), "weight": np.array([[3.0, 4.0], [5.0, 6.0], [0.0, 1.0]]), "bias": np.ones(3)},
            [[12.0, 18.0, 3.0]],
        )
    },
    invariants={
        "twice x without bias is twice y": lambda f, a, rng: np.allclose(
            f(**a | {"x": 2 * a["x"], "bias": None}), 2 * f(**a | {"bias": None})
        )
    },
)

SOFTMAX = Contract(
    "softmax",
    cases={
        "last axis": lambda rng: {"x": _normal(rng, 3, 5), "axis": -1},
        "middle axis": lambda rng: {"x": _normal(rng, 3, 7, 2), "axis": 1},
        "one entry": lambda rng: {"x": _normal(rng, 3, 1), "axis": -1},
    },
    gradients=("x",),
    known={
        "thirds": ({"x": np.zeros((1, 3))}, [[1 / 3, 1 / 3, 1 / 3]]),
        "1 to 3": ({"x": np.array([0.0, np.log(3.0)])}, [0.25, 0.75]),
        "huge": ({"x": np.array([1e4, 1e4 - np.log(4.0)])}, [0.8, 0.2]),
        "far apart": ({"x": np.array([1e4, 0.0])}, [1.0, 0.0]),
        "rows on different scales": ({"x": np.array([[1e4, 1e4], [0.0, 0.0]])}, [[0.5, 0.5], [0.5, 0.5]]),
    },
    invariants={
        "it sums to one": lambda f, a, rng: np.allclose(f(**a).sum(a["axis"]), 1),
        "a common shift changes nothing": lambda f, a, rng: np.allclose(f(**a | {"x": a["x"] + 5}), f(**a)),
    },
)

LAYER_NORM = Contract(
    "layer_norm",
    cases={
        "matrix": lambda rng: {"x": _normal(rng, 3, 5), "weight": _normal(rng, 5), "bias": _normal(rng, 5)},
        "cube": lambda rng: {"x": 4 + 3 * _normal(rng, 2, 3, 7), "weight": _normal(rng, 7), "bias": _normal(rng, 7)},
    },
    gradients=("x", "weight", "bias"),
    known={
        "two numbers": (
            {"x": np.array([3.0, 5.0]), "weight": np.array([2.0, 2.0]), "bias": np.array([0.0, 1.0]), "eps": 0.0},
            [-2.0, 3.0],
        ),
        "two numbers far from zero": (
            {"x": np.array([1e8 + 3.0, 1e8 + 5.0]), "weight": np.ones(2), "bias": np.zeros(2), "eps": 0.0},
            [-1.0, 1.0],
        ),
    },
    invariants={
        "shift and scale of a row change nothing": lambda f, a, rng: np.allclose(
            f(**a | {"x": 7 + 3 * a["x"], "eps": 0.0}), f(**a | {"eps": 0.0})
        )
    },
)

EMBEDDING = Contract(
    "embedding",
    cases={
        "a sentence": lambda rng: {"ids": rng.integers(0, 7, 5), "table": _normal(rng, 7, 3)},
        "no words": lambda rng: {"ids": np.zeros((2, 0), int), "table": _normal(rng, 3, 2)},
        "the same word twice": lambda rng: {"ids": np.array([[2, 2, 4], [0, 2, 1]]), "table": _normal(rng, 5, 2)},
    },
    gradients=("table",),
    known={"by hand": ({"ids": np.array([1, 0]), "table": np.array([[1.0], [2.0]])}, [[2.0], [1.0]])},
)

DROPOUT = Contract(
    "dropout",
    cases={
        "a third": lambda rng: {"x": _normal(rng, 5, 7), "rate": 1 / 3},
        "nothing dropped": lambda rng: {"x": _normal(rng, 2, 3), "rate": 0.0},
    },
    gradients=("x",),
    invariants={
        "what stays is divided by 1 - rate": lambda f, a, rng: np.allclose(
            y := f(**a), np.where(y == 0, 0, a["x"] / (1 - a["rate"]))
        ),
        "about the rate is dropped": lambda f, a, rng: (
            abs(np.mean(f(**a | {"x": np.ones((97, 103))}) == 0) - a["rate"]) < 0.02
        ),
    },
    settings=lambda: {"rng": np.random.default_rng(11)},
)

CROSS_ENTROPY = Contract(
    "cross_entropy",
    cases={
        "a batch": lambda rng: {"logits": _normal(rng, 3, 5), "targets": rng.integers(0, 5, 3)},
        "a sentence": lambda rng: {"logits": _normal(rng, 2, 3, 7), "targets": rng.integers(0, 7, (2, 3))},
    },
    gradients=("logits",),
    known={
        "no idea": ({"logits": np.zeros((1, 4)), "targets": np.array([2])}, np.log(4.0)),
        "huge": ({"logits": np.array([[1e4, 0.0]]), "targets": np.array([1])}, 1e4),
        "rows on different scales": (
            {"logits": np.array([[1e4, 0.0], [0.0, 0.0]]), "targets": np.array([0, 1])},
            np.log(2.0) / 2,
        ),
    },
)

BINARY_CROSS_ENTROPY = Contract(
    "binary_cross_entropy",
    cases={"a batch": lambda rng: {"logits": 3 * _normal(rng, 3, 5), "targets": rng.random((3, 5))}},
    gradients=("logits",),
    known={
        "no idea": ({"logits": np.zeros(3), "targets": np.array([0.0, 1.0, 0.0])}, np.log(2.0)),
        "huge": ({"logits": np.array([1e4, -1e4]), "targets": np.array([0.0, 0.0])}, 5e3),
    },
)

MSE_LOSS = Contract(
    "mse_loss",
    cases={"a batch": lambda rng: {"x": _normal(rng, 3, 5), "target": _normal(rng, 3, 5)}},
    gradients=("x",),
    known={"by hand": ({"x": np.array([1.0, 2.0]), "target": np.array([3.0, 2.0])}, 2.0)},
)

CONTRACTS = (
    LINEAR,
    SOFTMAX,
    LAYER_NORM,
    EMBEDDING,
    _elementwise("relu", {"by hand": ([-1.0, 0.0, 2.0], [0.0, 0.0, 2.0])}, draw=_away_from_zero),
    _elementwise(
        "sigmoid",
        {"by hand": ([0.0, np.log(3.0)], [0.5, 0.75]), "huge": ([-1e4, 1e4], [0.0, 1.0])},
        {"σ(-x) = 1 - σ(x)": lambda f, a, rng: np.allclose(f(x=-a["x"]), 1 - f(x=a["x"]))},
    ),
    _elementwise(
        "tanh",
        {"by hand": ([0.0, np.log(2.0)], [0.0, 0.6])},
        {"tanh is odd": lambda f, a, rng: np.allclose(f(x=-a["x"]), -f(x=a["x"]))},
    ),
    _elementwise(
        "gelu",
        {"ends": ([0.0, 30.0, -30.0], [0.0, 30.0, 0.0])},
        {"gelu(x) - gelu(-x) = x": lambda f, a, rng: np.allclose(f(x=a["x"]) - f(x=-a["x"]), a["x"])},
    ),
    DROPOUT,
    CROSS_ENTROPY,
    BINARY_CROSS_ENTROPY,
    MSE_LOSS,
)
