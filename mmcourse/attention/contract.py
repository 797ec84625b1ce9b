"""What both halves of the attention room must do. All sizes differ and are prime; every mask has an empty row."""

import numpy as np

from mmcourse.agree import Contract


def _qkv(rng, *lead, Q=5, K=7, D=3, E=2):
    return {
        "q": rng.standard_normal((*lead, Q, D)),
        "k": rng.standard_normal((*lead, K, D)),
        "v": rng.standard_normal((*lead, K, E)),
    }


def _mask(rng, *shape):
    """A random mask whose row 1 may look nowhere, and whose other rows may look somewhere."""
    mask = rng.random(shape) < 0.6
    mask[..., 0] = True
    mask[..., 1, :] = False
    return mask


ATTENTION_CASES = {
    "plain": lambda rng: _qkv(rng),
    "wide values, two leading axes": lambda rng: _qkv(rng, 2, 3, E=11),
    "masked": lambda rng: _qkv(rng, 2) | {"mask": _mask(rng, 2, 5, 7)},
    "one mask for all": lambda rng: _qkv(rng, 2, 3) | {"mask": _mask(rng, 5, 7)},
    "padding, one row of mask a batch": lambda rng: (
        _qkv(rng, 2, 3) | {"mask": np.arange(7) < np.array([3, 7])[:, None, None, None]}
    ),
    "as many queries as keys": lambda rng: _qkv(rng, Q=5, K=5, D=5, E=5) | {"mask": np.tril(np.ones((5, 5), bool))},
    "one key": lambda rng: _qkv(rng, K=1),
    "large scores": lambda rng: _qkv(rng, 2) | {"q": 30 * rng.standard_normal((2, 5, 3))},
    "many small heads": lambda rng: _qkv(rng, 13, 11, Q=2),
    "longer than a tile": lambda rng: _qkv(rng, Q=41, K=37) | {"mask": _mask(rng, 41, 37)},
}

# one query [1], two keys whose scores differ by log 3: weights 1/4 and 3/4
_BY_HAND = {
    "q": np.array([[1.0, 0.0, 0.0, 0.0]]),
    "k": np.array([[0.0, 5.0, 5.0, 5.0], [2 * np.log(3.0), 0.0, 0.0, 0.0]]),  # √4 = 2 divides the score
    "v": np.array([[4.0, 0.0], [0.0, 8.0]]),
}

ATTENTION_KNOWN = {
    "a quarter and three quarters": (_BY_HAND, [[1.0, 6.0]]),
    "masked down to the first key": (_BY_HAND | {"mask": np.array([[True, False]])}, [[4.0, 0.0]]),
    "may look nowhere": (_BY_HAND | {"mask": np.array([[False, False]])}, [[0.0, 0.0]]),
    "scores of 1e4": (_BY_HAND | {"q": 1e4 * _BY_HAND["q"]}, [[0.0, 8.0]]),
    "two queries on very different scales": (
        _BY_HAND | {"q": np.array([1e4, -1e4])[:, None] * _BY_HAND["q"]},
        [[0.0, 8.0], [4.0, 0.0]],
    ),
    "all scores far below zero": (_BY_HAND | {"q": -1e5 * _BY_HAND["q"]}, [[4.0, 0.0]]),
    "all scores far below zero, and close together": (
        {"q": np.array([[-1.0]]), "k": np.array([[3e4 + np.log(3.0)], [3e4]]), "v": np.array([[4.0], [8.0]])},
        [[7.0]],
    ),
    "no keys at all": ({"q": np.ones((2, 3)), "k": np.ones((0, 3)), "v": np.ones((0, 5))}, np.zeros((2, 5))),
}


def _permuted(a, rng):
    order = rng.permutation(a["k"].shape[-2])
    mask = a.get("mask")
    shuffled = {"k": a["k"][..., order, :], "v": a["v"][..., order, :]}
    return a | shuffled | ({} if mask is None else {"mask": mask[..., order]})


ATTENTION_INVARIANTS = {
    "shuffling keys with their values changes nothing": lambda f, a, rng: np.allclose(f(**_permuted(a, rng)), f(**a)),
    "weights sum to one, or to zero where nothing may be looked at": lambda f, a, rng: bool(
        np.all(np.isin(np.round(f(**a | {"v": np.ones_like(a["v"])}), 9), (0, 1)))
    ),
    "a masked key's content changes nothing": lambda f, a, rng: (
        "mask" not in a or np.allclose(f(**_poisoned(a)), f(**a))
    ),
}


def _poisoned(a):
    """Change every key that no query may look at, and its value."""
    seen = np.broadcast_to(a["mask"], (*a["q"].shape[:-1], a["k"].shape[-2])).any(-2)[..., None]
    return a | {"k": np.where(seen, a["k"], 50.0), "v": np.where(seen, a["v"], -50.0)}


def _attention(function, **options):
    return Contract(
        function,
        cases={n: (lambda rng, c=c: c(rng) | options) for n, c in ATTENTION_CASES.items()},
        gradients=("q", "k", "v"),
        known={n: (a | options, y) for n, (a, y) in ATTENTION_KNOWN.items()},
        invariants=ATTENTION_INVARIANTS,
    )


def _multi_head(rng, *lead, Q=5, K=7, heads=3, mask=None, same=False):
    X, C, D, E, O = (11, 11, 6, 9, 2) if same else (11, 13, 6, 9, 2)
    x = rng.standard_normal((*lead, Q, X))
    sizes = {"q": (D, X), "k": (D, C), "v": (E, C), "o": (O, E)}
    weights = {}
    for name, (rows, columns) in sizes.items():
        weights["w_" + name] = rng.standard_normal((rows, columns)) * columns**-0.5
        weights["b_" + name] = rng.standard_normal(rows)
    context = x if same else rng.standard_normal((*lead, K, C))
    return {"x": x, "context": context, **weights, "heads": heads, "mask": mask}


MULTI_HEAD = Contract(
    "multi_head_attention",
    cases={
        "cross": lambda rng: _multi_head(rng),
        "cross, a batch, masked": lambda rng: _multi_head(rng, 2, mask=_mask(rng, 2, 5, 7)),
        "cross, two leading axes, masked": lambda rng: _multi_head(rng, 2, 3, mask=_mask(rng, 2, 3, 5, 7)),
        "one head": lambda rng: _multi_head(rng, 2, heads=1, mask=_mask(rng, 5, 7)),
        "self, causal": lambda rng: _multi_head(rng, 2, same=True, mask=np.tril(np.ones((5, 5), bool))),
    },
    gradients=("x", "context", "w_q", "b_q", "w_k", "b_k", "w_v", "b_v", "w_o", "b_o"),
    invariants={
        "a head whose output weights are zero does not matter": lambda f, a, rng: _head_is_alone(f, a),
    },
)


def _head_is_alone(f, a):
    """With the first head's part of w_o at zero, whatever its queries and keys are changes nothing."""
    width, value_width = a["w_q"].shape[0] // a["heads"], a["w_o"].shape[1] // a["heads"]
    w_o, w_q = a["w_o"].copy(), a["w_q"].copy()
    w_o[:, :value_width] = 0
    w_q[:width] *= -3
    return np.allclose(f(**a | {"w_o": w_o}), f(**a | {"w_o": w_o, "w_q": w_q}))


CONTRACTS = (
    _attention("scaled_dot_product_attention"),
    _attention("tiled_attention", tile=3),
    MULTI_HEAD,
)
