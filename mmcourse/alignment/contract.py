"""What both halves of the alignment room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import TOLERANCE, Contract

B, K, D = 5, 7, 3
LOG2 = np.log(2.0)


def _unit(rng, *shape):
    x = rng.standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _pairs(rng, B=B, K=B, D=D, scale=3.0, **more):
    return {"u": _unit(rng, B, D), "v": _unit(rng, K, D), "log_scale": np.array(np.log(scale)), **more}


NORMALISE = Contract(
    "normalise",
    cases={
        "a batch": lambda rng: {"x": 3 * rng.standard_normal((B, D))},
        "two leading axes": lambda rng: {"x": rng.standard_normal((2, 3, 11))},
        "one vector": lambda rng: {"x": rng.standard_normal(7)},
    },
    gradients=("x",),
    known={
        "three, four, five": ({"x": np.array([[3.0, -4.0], [0.0, 2.0]])}, [[0.6, -0.8], [0.0, 1.0]]),
        "nothing stays nothing": ({"x": np.zeros((1, 3))}, np.zeros((1, 3))),
    },
    invariants={
        "rows have length 1": lambda f, a, rng: np.allclose(np.linalg.norm(f(**a), axis=-1), 1),
        "the length does not matter": lambda f, a, rng: np.allclose(f(x=7 * a["x"]), f(**a)),
    },
)


def _order(a, images, texts):
    """The arguments with images (and their texts) in another order, and the further texts in another."""
    texts = np.concatenate([images, texts])
    same = a.get("same")
    return (
        a | {"u": a["u"][images], "v": a["v"][texts]} | ({} if same is None else {"same": same[np.ix_(images, texts)]})
    )


def _order_does_not_matter(f, a, rng):
    b, k = len(a["u"]), len(a["v"])
    return np.isclose(f(**_order(a, rng.permutation(b), b + rng.permutation(k - b))), f(**a))


def _masked_texts_change_nothing(f, a, rng):
    """A text that is right for every image may lie anywhere."""
    if a.get("same") is None or not a["same"][:, -1].all():
        return True
    return np.isclose(f(**a | {"v": np.concatenate([a["v"][:-1], _unit(rng, 1, a["v"].shape[1])])}), f(**a))


def _same(rng):
    same = rng.random((B, K)) < 0.3
    same[:, -1] = True
    return same


INFO_NCE = Contract(
    "info_nce",
    cases={
        "a batch": lambda rng: _pairs(rng),
        "further texts": lambda rng: _pairs(rng, K=K, scale=5.0),
        "some are no negatives": lambda rng: _pairs(rng, K=K, same=_same(rng)),
        "one pair and another text": lambda rng: _pairs(rng, B=1, K=2, D=11, scale=0.7),
    },
    gradients=("u", "v", "log_scale"),
    tolerance=TOLERANCE | {"float32": 2e-6},  # a mean over a batch has small gradients, below the scale of 1
    known={
        # scores (log 2) · I: a right one of 2 / (2 + 1) each way
        "two pairs at right angles": (
            {"u": np.eye(2), "v": np.eye(2), "log_scale": np.array(np.log(LOG2))}, np.log(3 / 2)
        ),
        # and a third text at the first image: 2 / (2 + 1 + 2) for it, 2 / (2 + 1 + 1) for the other image
        "a third text": (
            {"u": np.eye(2), "v": np.eye(2)[[0, 1, 0]], "log_scale": np.array(np.log(LOG2))},
            (np.log(5 / 2) + np.log(2)) / 4 + np.log(3 / 2) / 2,
        ),
        "the third text is right too": (
            {
                "u": np.eye(2), "v": np.eye(2)[[0, 1, 0]], "log_scale": np.array(np.log(LOG2)),
                "same": np.array([[True, False, True], [False, False, False]]),
            },
            (np.log(3 / 2) + np.log(2)) / 4 + np.log(3 / 2) / 2,
        ),
        "no idea": ({"u": np.ones((4, 1)), "v": np.ones((4, 1)), "log_scale": np.array(2.0)}, np.log(4.0)),
        "all wrong, and very sure": (
            {"u": np.eye(2), "v": np.eye(2)[::-1].copy(), "log_scale": np.array(np.log(1e4))}, 1e4
        ),
        "nothing else to choose": (
            {"u": np.ones((2, 1)), "v": np.ones((2, 1)), "log_scale": np.array(3.0), "same": np.ones((2, 2), bool)},
            0.0,
        ),
    },
    invariants={
        "the order of the pairs does not matter": _order_does_not_matter,
        "what is no negative may lie anywhere": _masked_texts_change_nothing,
        "without further texts both sides are alike": lambda f, a, rng: (
            len(a["u"]) != len(a["v"]) or np.isclose(f(**a | {"u": a["v"], "v": a["u"]}), f(**a))
        ),
    },
)  # fmt: skip

CONTRACTS = (NORMALISE, INFO_NCE)
