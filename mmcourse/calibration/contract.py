"""What both halves of the calibration room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract

N, K = 7, 5


def _draw(rng, N=N, K=K, scale=2.0, beta=0.7):
    return {
        "logits": scale * rng.standard_normal((N, K)),
        "labels": rng.integers(0, K, N),
        "beta": np.array(beta),
    }


def _shift(f, a, rng):
    return np.isclose(f(**a | {"logits": a["logits"] + rng.standard_normal((len(a["logits"]), 1))}), f(**a))


def _only_the_product_counts(f, a, rng):
    return np.isclose(f(**a | {"logits": 3 * a["logits"], "beta": a["beta"] / 3}), f(**a))


TEMPERATURE_LOSS = Contract(
    "temperature_loss",
    cases={
        "a batch": _draw,
        "hot": lambda rng: _draw(rng, 11, 3, beta=0.03),
        "cold, and one example": lambda rng: _draw(rng, 1, 2, scale=5.0, beta=3.0),
    },
    gradients=("logits", "beta"),
    known={
        # beta times log 3 is log 9: 9 of 9 + 1 + 1
        "nine to two": (
            {"logits": np.log([[3.0, 1.0, 1.0]]), "labels": np.array([0]), "beta": np.array(2.0)}, np.log(11 / 9)
        ),
        "huge logits do not overflow": (
            {"logits": np.array([[1e4, 0.0]]), "labels": np.array([1]), "beta": np.array(2.0)}, 2e4
        ),
    },
    invariants={
        "a number added to a row changes nothing": _shift,
        "only beta times the logits counts": _only_the_product_counts,
    },
)  # fmt: skip

CONTRACTS = [TEMPERATURE_LOSS]
