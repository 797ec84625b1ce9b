"""02-backward: the gradients of y = (w_a a) ⊙ σ(w_b b), in which one modality opens the gate for the other.

A gated linear unit (Dauphin et al. 2017, arXiv:1612.08083, eq. 1) whose two halves read different modalities.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(dy, a, b, w_a, w_b):
    return _with()(dy, a, b, w_a, w_b)


def _sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def _sum_over_examples(d, x):
    """Σ over all leading axes of d xᵀ."""
    return d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1])


def _with(
    to_p=lambda dy, p, z: dy * z,
    to_g=lambda dy, p, z: dy * p * z * (1 - z),
    over_examples=_sum_over_examples,
    sigmoid=_sigmoid,
):
    """The way back, with another gradient of p = w_a a or g = w_b b, or of the weights, or another sigmoid."""

    def backward(dy, a, b, w_a, w_b):
        p, z = a @ w_a.T, sigmoid(b @ w_b.T)
        dp, dg = to_p(dy, p, z), to_g(dy, p, z)
        return dp @ w_a, dg @ w_b, over_examples(dp, a), over_examples(dg, b)

    return backward


def draw(rng):
    yield _case(rng, "11 examples", (11,), 5, 3, 7)
    yield _case(rng, "two leading axes", (2, 3), 5, 7, 11)
    yield _case(rng, "one example, no leading axis", (), 5, 3, 7)
    yield _case(rng, "all widths alike", (3,), 5, 5, 5)
    yield _case(rng, "one entry", (7,), 5, 3, 1)
    yield _case(rng, "no examples", (0,), 5, 3, 7)
    yield _case(rng, "gates wide open or shut", (7,), 5, 3, 11, gate_scale=1e4)
    yield _case(rng, "float32", (2, 5), 7, 3, 5, dtype=np.float32)


def _case(rng, name, lead, A, B, O, gate_scale=1.0, dtype=np.float64):
    dy, a, b = normal(rng, (*lead, O), (*lead, A), (*lead, B), dtype=dtype)
    w_a, w_b = (w * w.shape[1] ** -0.5 for w in normal(rng, (O, A), (O, B), dtype=dtype))
    return Case(name, (dy, a, b, w_a, w_b * gate_scale))


def _reordered(order):
    return lambda *arguments: tuple(reference(*arguments)[i] for i in order)


def _mean_over_examples(d, x):
    return _sum_over_examples(d, x) / max(d[..., 0].size, 1)


def _second_sigmoid(dy, p, z):
    again = _sigmoid(z)
    return dy * p * again * (1 - again)


def _overflowing(x):
    return np.exp(x) / (1 + np.exp(x))


def weights_transposed(dy, a, b, w_a, w_b):
    da, db, dw_a, dw_b = reference(dy, a, b, w_a, w_b)
    return da, db, dw_a.T, dw_b.T


def inputs_with_transposed_weights(dy, a, b, w_a, w_b):
    p, z = a @ w_a.T, _sigmoid(b @ w_b.T)
    _, _, dw_a, dw_b = reference(dy, a, b, w_a, w_b)
    return (dy * z) @ w_a.T, (dy * p * z * (1 - z)) @ w_b.T, dw_a, dw_b


def _negated_gate(dy, p, z):
    return -dy * p * z * (1 - z)


WRONG = (
    WrongAnswer(
        "σ has no derivative",
        _with(to_g=lambda dy, p, z: dy * p),
        "da and dw_a are right. On the way to b the gradient has to pass σ, and takes σ's slope along.",
    ),
    WrongAnswer(
        "half of σ's derivative: z",
        _with(to_g=lambda dy, p, z: dy * p * z),
        "The slope that you use for σ is z alone, which is largest for an open gate. An open gate is flat: the slope "
        "must vanish at both ends.",
    ),
    WrongAnswer(
        "half of σ's derivative: 1 − z",
        _with(to_g=lambda dy, p, z: dy * p * (1 - z)),
        "The slope that you use for σ is 1 − z alone, which is largest for a shut gate. A shut gate is flat: the slope "
        "must vanish at both ends.",
    ),
    WrongAnswer(
        "derivative of tanh",
        _with(to_g=lambda dy, p, z: dy * p * (1 - z * z)),
        "1 − z² is the slope of tanh. This gate is a σ.",
    ),
    WrongAnswer(
        "σ twice",
        _with(to_g=_second_sigmoid),
        "You take σ of z to compute its slope, but z is already σ of something. Written with z itself, the slope needs "
        "no new exponential.",
    ),
    WrongAnswer(
        "the gate's way without p",
        _with(to_g=lambda dy, p, z: dy * z * (1 - z)),
        "da and dw_a are right. In a product each factor's gradient is multiplied by the other factor; on the way to "
        "the gate the other factor is missing.",
    ),
    WrongAnswer(
        "the way to a without the gate",
        _with(to_p=lambda dy, p, z: dy),
        "db and dw_b are right. The gradient reaches a as if every gate stood wide open.",
    ),
    WrongAnswer(
        "factors confused",
        _with(lambda dy, p, z: dy * p, lambda dy, p, z: dy * z * z * (1 - z)),
        "In a product p z, the gradient of p is multiplied by z and that of z by p. You multiply each by itself.",
    ),
    WrongAnswer(
        "the gate taken for a constant",
        _with(to_g=lambda dy, p, z: 0 * dy),
        "No gradient reaches b: you treat the gate as a constant. It is computed from b, and it learns.",
    ),
    WrongAnswer(
        "wrong sign on the way to the gate",
        _with(to_g=_negated_gate),
        "db and dw_b have the right size and the opposite sign. σ rises everywhere: its slope is never negative.",
    ),
    WrongAnswer(
        "weights averaged over the examples",
        _with(over_examples=_mean_over_examples),
        "You average the weights' gradients over the examples. Every example adds its part; if the loss is a mean, dy "
        "already knows it.",
    ),
    WrongAnswer(
        "one axis of examples taken for granted",
        _with(over_examples=lambda d, x: d.T @ x),
        "Right where the examples lie along exactly one axis. There may be two such axes, or none: flatten them to one "
        "before the product.",
    ),
    WrongAnswer(
        "not stable",
        _with(sigmoid=_overflowing),
        "The formulas are right, but eˣ / (1 + eˣ) becomes ∞ / ∞ for a large x. There is another way to write σ, in "
        "which an overflow does no harm.",
    ),
    WrongAnswer(
        "weights' gradients transposed",
        weights_transposed,
        "The numbers are right, but dw_a and dw_b lie on their sides. A gradient has the shape of what it belongs to.",
    ),
    WrongAnswer(
        "weights transposed on the way to the inputs",
        inputs_with_transposed_weights,
        "The way there multiplies by w transposed (`a @ w_a.T`), so the way back to a and b does not transpose it a "
        "second time.",
    ),
    WrongAnswer(
        "da and db swapped",
        _reordered((1, 0, 2, 3)),
        "The numbers are right, but da and db have changed places.",
    ),
    WrongAnswer(
        "weights first",
        _reordered((2, 3, 0, 1)),
        "The numbers are right, with the weights' gradients in front. They are wanted in the order of the arguments.",
    ),
)

QUESTION = Question(
    id="02-backward",
    title="The way back through an opened gate",
    points=20,
    name="open_gate_backward",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("da", "db", "dw_a", "dw_b"),
)
