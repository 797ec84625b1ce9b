"""What both halves of the Transformer room must do. Sizes are prime and differ, save that heads must share a width."""

import numpy as np

from mmcourse.agree import TOLERANCE, Contract
from mmcourse.transformer.parameters import decoder_shapes, draw, encoder_shapes

D, E, M, C = 7, 6, 11, 13
DEEP = TOLERANCE | {"bfloat16": 5e-2}  # a dozen steps, each rounded


def _parameters(rng, shapes):
    """As first drawn, but no bias is 0 and no norm is 1."""
    drawn = draw(rng, shapes, float)
    return {n: a + 0.3 * rng.standard_normal(a.shape) if a.ndim == 1 else a for n, a in drawn.items()}


def _encoder(rng, B=2, T=5, heads=3, mask=None):
    return {
        "x": rng.standard_normal((B, T, D)),
        **_parameters(rng, encoder_shapes(D, M, E)),
        "heads": heads,
        "mask": mask,
    }


def _decoder(rng, B=2, T=5, S=3, heads=3, mask=None):
    x, memory = rng.standard_normal((B, T, D)), rng.standard_normal((B, S, C))
    return {"x": x, "memory": memory, **_parameters(rng, decoder_shapes(D, M, E, C)), "heads": heads, "mask": mask}


def _only(T, *seen):
    """A mask under which every token may look at these alone."""
    return np.isin(np.arange(T), seen)[None]


def _some(rng, *shape):
    """A random mask whose token 1 may look nowhere."""
    mask = rng.random(shape) < 0.6
    mask[..., 1, :] = False
    return mask


MASKS = {
    "plain": lambda rng: {},
    "one token": lambda rng: {"T": 1},
    "one head": lambda rng: {"heads": 1},
    "causal": lambda rng: {"mask": np.tri(5, dtype=bool)},
    "all masked but one": lambda rng: {"mask": _only(5, 3)},
    "each sees itself alone": lambda rng: {"mask": np.eye(5, dtype=bool)},
    "a modality absent in the second example": lambda rng: {"mask": np.stack([_only(5, *range(5)), _only(5, 0, 1)])},
    "masks of each example, one token sees nothing": lambda rng: {"mask": _some(rng, 2, 5, 5)},
}


def _moved(f, a, name, value):
    """Which tokens' answers change with one argument, (B, T)."""
    return np.abs(f(**a | {name: value}) - f(**a)).max(-1) > 1e-9


def _sees_what_it_may(f, a, rng):
    """Change one token: those that may look at it answer differently, and so does it; no other answer changes."""
    B, T, _ = a["x"].shape
    mask = np.broadcast_to(True if a["mask"] is None else a["mask"], (B, T, T))
    j = rng.integers(T)
    x = a["x"].copy()
    x[:, j] += rng.standard_normal(D)
    return np.array_equal(_moved(f, a, "x", x), mask[:, :, j] | (np.arange(T) == j))


def _shuffled(f, a, rng):
    B, T, _ = a["x"].shape
    order = rng.permutation(T)
    mask = np.broadcast_to(True if a["mask"] is None else a["mask"], (B, T, T))[:, order][:, :, order]
    return np.allclose(f(**a | {"x": a["x"][:, order], "mask": mask}), f(**a)[:, order])


INVARIANTS = {
    "a token is seen by those that may look at it and by no other": _sees_what_it_may,
    "shuffled tokens give shuffled answers": _shuffled,
    "an example answers as if it were alone": lambda f, a, rng: np.allclose(
        f(**a | {n: a[n][:1] for n in ("x", "memory") if n in a} | {"mask": _first(a["mask"])}), f(**a)[:1]
    ),
}


def _first(mask):
    return mask if mask is None or mask.ndim < 3 else mask[:1]


R = (1 + 1e-5) ** -0.5  # what normalising makes of a pair (1, -1): its variance is 1, and eps is added


def _by_hand(x, decoder=False, **changes):
    """Width 2, one head, no scores, values and projections as they come, an MLP that says 0."""
    eye, no, zero = np.eye(2), np.zeros((2, 2)), np.zeros(2)
    look = {"w_q": no, "b_q": zero, "w_k": eye, "b_k": zero, "w_v": eye, "b_v": zero, "w_o": eye, "b_o": zero}
    norms = {f"norm{i}_{n}": np.full(2, n == "weight", float) for i in (1, 2) for n in ("weight", "bias")}
    mlp = {"w_in": eye, "b_in": zero, "w_out": no, "b_out": zero}
    cross = {"cross_" + n: a for n, a in look.items()} | {
        f"cross_norm_{n}": norms["norm1_" + n] for n in ("weight", "bias")
    }
    return {"x": np.array(x), **look, **norms, **mlp, **(cross if decoder else {}), "heads": 1, **changes}


ENCODER_KNOWN = {
    "a token alone adds what it is, normalised": (_by_hand([[[1.0, -1.0]]]), [[[1 + R, -1 - R]]]),
    "two opposite tokens average to nothing": (
        _by_hand([[[1.0, -1.0], [-1.0, 1.0]]]),
        [[[1.0, -1.0], [-1.0, 1.0]]],
    ),
    "but the first does not see the second": (
        _by_hand([[[1.0, -1.0], [-1.0, 1.0]]], mask=np.tri(2, dtype=bool)),
        [[[1 + R, -1 - R], [-1.0, 1.0]]],
    ),
    "who may look nowhere finds the bias alone, and the MLP adds its own": (
        _by_hand([[[1.0, -1.0]]], mask=np.array([[False]]), b_o=np.array([4.0, 5.0]), b_out=np.array([-0.5, 0.25])),
        [[[4.5, 4.25]]],
    ),
    "the MLP reads what the second norm says, and GELU lets the large part through": (
        _by_hand([[[1.0, -1.0]]], w_o=np.zeros((2, 2)), norm2_weight=np.full(2, 1e4 / R), w_out=np.eye(2) / 1e4),
        [[[2.0, -1.0]]],
    ),
}

DECODER_KNOWN = {
    "the mean of the memory is added": (
        _by_hand([[[1.0, -1.0]]], decoder=True, memory=np.array([[[10.0, 0.0], [20.0, 7.0]]])),
        [[[16 + R, 2.5 - R]]],
    ),
}

FEED_FORWARD = Contract(
    "feed_forward",
    cases={
        "tokens": lambda rng: _feed_forward(rng, 2, 3),
        "one": lambda rng: _feed_forward(rng, 1),
        "more than a block": lambda rng: _feed_forward(rng, 17, 97),
    },
    gradients=("x", "w_in", "b_in", "w_out", "b_out"),
    known={
        "far from 0, GELU is x or nothing": (
            {
                "x": np.array([[2.0]]),
                "w_in": np.array([[100.0], [-100.0]]),
                "b_in": np.array([0.0, 50.0]),
                "w_out": np.array([[0.25, 7.0]]),
                "b_out": np.array([3.0]),
            },
            [[53.0]],
        )
    },
    invariants={
        "every token is alone": lambda f, a, rng: np.allclose(f(**a | {"x": a["x"][-1:]}), f(**a)[-1:]),
    },
)


def _feed_forward(rng, *lead):
    shapes = {"w_in": (211, D), "b_in": (211,), "w_out": (5, 211), "b_out": (5,)}
    return {"x": rng.standard_normal((*lead, D)), **_parameters(rng, shapes)}


PATCHES = Contract(
    "patches",
    cases={
        "a picture": lambda rng: {"x": rng.standard_normal((2, 3, 10, 14)), "size": 2},
        "a series": lambda rng: {"x": rng.standard_normal((2, 5, 21)), "size": 7},
        "a film": lambda rng: {"x": rng.standard_normal((3, 2, 6, 9, 15)), "size": 3},
        "single pixels": lambda rng: {"x": rng.standard_normal((2, 3, 5, 7)), "size": 1},
        "one patch": lambda rng: {"x": rng.standard_normal((2, 3, 5, 5)), "size": 5},
    },
    gradients=("x",),
    known={
        "a picture of two rows of squares": (
            {"x": np.arange(16.0).reshape(1, 1, 4, 4), "size": 2},
            [[[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]],
        ),
        "the channel varies slowest": (
            {"x": np.arange(8.0).reshape(1, 2, 4), "size": 2},
            [[[0, 1, 4, 5], [2, 3, 6, 7]]],
        ),
    },
    invariants={
        "every number is there once": lambda f, a, rng: np.array_equal(np.sort(f(**a), None), np.sort(a["x"], None)),
        "a token holds one channel after the other": lambda f, a, rng: np.array_equal(
            f(**a), np.concatenate([f(**a | {"x": a["x"][:, c : c + 1]}) for c in range(a["x"].shape[1])], -1)
        ),
    },
)

PLACE_TOKENS = Contract(
    "place_tokens",
    cases={
        "as many tokens as places": lambda rng: _placed(rng, 5),
        "fewer": lambda rng: _placed(rng, 3),
        "one": lambda rng: _placed(rng, 1),
    },
    gradients=("x", "position", "modality"),
    known={
        "units, tens and hundreds": (
            {
                "x": np.array([[[1.0], [2.0]], [[3.0], [4.0]]]),
                "position": np.array([[10.0], [20.0], [30.0]]),
                "modality": np.array([100.0]),
            },
            [[[111.0], [122.0]], [[113.0], [124.0]]],
        )
    },
)


def _placed(rng, T):
    normal = rng.standard_normal
    return {"x": normal((2, T, D)), "position": normal((5, D)), "modality": normal(D)}


MASKED_MSE = Contract(
    "masked_mse_loss",
    cases={
        "some hidden": lambda rng: _hidden(rng, rng.random((2, 5)) < 0.5),
        "one": lambda rng: _hidden(rng, np.arange(10).reshape(2, 5) == 7),
        "all": lambda rng: _hidden(rng, np.ones((2, 5), bool)),
        "none": lambda rng: _hidden(rng, np.zeros((2, 5), bool)),
    },
    gradients=("predicted",),
    known={
        "two of three": (
            {
                "predicted": np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]),
                "target": np.array([[[0.0, 0.0], [9.0, 9.0], [5.0, 3.0]]]),
                "hidden": np.array([[True, False, True]]),
            },
            3.5,  # (1 + 4 + 0 + 9) / 4
        )
    },
    invariants={
        "what was seen does not count": lambda f, a, rng: np.array_equal(
            f(**a | {"predicted": np.where(a["hidden"][..., None], a["predicted"], np.nan)}), f(**a)
        ),
    },
)


def _hidden(rng, hidden):
    return {"predicted": rng.standard_normal((2, 5, 3)), "target": rng.standard_normal((2, 5, 3)), "hidden": hidden}


CONTRACTS = (
    Contract(
        "encoder_block",
        cases={n: (lambda rng, m=m: _encoder(rng, **m(rng))) for n, m in MASKS.items()},
        gradients=("x", *encoder_shapes(D, M, E)),
        known=ENCODER_KNOWN,
        invariants=INVARIANTS,
        tolerance=DEEP,
    ),
    Contract(
        "decoder_block",
        cases={n: (lambda rng, m=m: _decoder(rng, **m(rng))) for n, m in MASKS.items()}
        | {"one thing to look at": lambda rng: _decoder(rng, S=1)},
        gradients=("x", "memory", *decoder_shapes(D, M, E, C)),
        known=DECODER_KNOWN,
        invariants=INVARIANTS
        | {
            "the order of the memory does not matter": lambda f, a, rng: np.allclose(
                f(**a | {"memory": a["memory"][:, ::-1]}), f(**a)
            ),
            "every token sees the memory of its example": lambda f, a, rng: bool(
                _moved(f, a, "memory", a["memory"] + rng.standard_normal(C)).all()
            ),
        },
        tolerance=DEEP,
    ),
    FEED_FORWARD,
    PATCHES,
    PLACE_TOKENS,
    MASKED_MSE,
)
