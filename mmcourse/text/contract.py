"""What both halves of skip-gram must do. Words repeat, so that gradients have to add up."""

import numpy as np

from mmcourse.agree import Contract


def _examples(rng, V, D, B, K, scale=1.0):
    return {
        "in_vectors": scale * rng.standard_normal((V, D)),
        "out_vectors": scale * rng.standard_normal((V, D)),
        "words": rng.integers(0, V, B),
        "contexts": rng.integers(0, V, B),
        "negatives": rng.integers(0, V, (B, K)),
    }


def _rotated(f, a, rng):
    turn, _ = np.linalg.qr(rng.standard_normal((a["in_vectors"].shape[1],) * 2))
    return np.isclose(f(**a | {n: a[n] @ turn for n in ("in_vectors", "out_vectors")}), f(**a))


def _shuffled(f, a, rng):
    order = rng.permutation(len(a["words"]))
    return np.isclose(f(**a | {n: a[n][order] for n in ("words", "contexts", "negatives")}), f(**a))


# the word scores log 3 with its neighbour (σ = 3/4) and 0 with each of two negatives (σ = 1/2)
_BY_HAND = {
    "in_vectors": np.array([[np.log(3.0), 0.0], [9.0, 9.0]]),
    "out_vectors": np.array([[0.0, 7.0], [1.0, 5.0]]),
    "words": np.array([0]),
    "contexts": np.array([1]),
    "negatives": np.array([[0, 0]]),
}

SKIP_GRAM = Contract(
    "skip_gram",
    cases={
        "plain": lambda rng: _examples(rng, 7, 3, 11, 5),
        "few words, often repeated": lambda rng: _examples(rng, 2, 5, 13, 3),
        "one example": lambda rng: _examples(rng, 5, 2, 1, 1),
        "no negatives": lambda rng: _examples(rng, 5, 2, 3, 0),
        "large scores": lambda rng: _examples(rng, 7, 3, 11, 5, scale=4.0),
    },
    gradients=("in_vectors", "out_vectors"),
    known={
        "three quarters, a half and a half": (_BY_HAND, np.log(16 / 3)),
        "the same example twice has the same mean": (
            _BY_HAND | {n: np.repeat(_BY_HAND[n], 2, axis=0) for n in ("words", "contexts", "negatives")},
            np.log(16 / 3),
        ),
        "scores of a million": (_BY_HAND | {"in_vectors": np.array([[-1e6, 0.0], [0.0, 0.0]])}, 1e6 + np.log(4)),
    },
    invariants={"turning all vectors changes nothing": _rotated, "the order of examples does not matter": _shuffled},
)

CONTRACTS = (SKIP_GRAM,)
