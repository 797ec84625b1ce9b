"""A block with a normalisation and a branch, in eight versions, and the four copies that the assignment shows.

x (N, D)   w1 (D, F)   b1 (F,)   w2 (F, D)   b2, gain, shift (D,)
"""

import math

import numpy as np

from ..attention.drawing import normal

EPS = 1e-5, 1e-3


def normalised(x, gain, shift, eps):
    """Layer normalisation, over the last axis."""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * gain + shift


def by_erf(x):
    return x * (1 + np.vectorize(math.erf)(x / 2**0.5)) / 2


def by_tanh(x, cubic=0.044715):
    return x * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + cubic * x**3))) / 2


def before(x, norm, branch):
    return x + branch(norm(x))


def behind(x, norm, branch):
    return norm(x + branch(x))


PLACES, GELUS = (before, behind), (by_erf, by_tanh)


def output(x, w1, b1, w2, b2, gain, shift, switches):
    """What the block gives, in float64: switches (place, GELU, eps), 0 or 1 each, or None for a copy with ReLU."""
    x, w1, b1, w2, b2, gain, shift = (a.astype(float) for a in (x, w1, b1, w2, b2, gain, shift))
    place, gelu, small = switches or (0, 0, 0)
    activation = GELUS[gelu] if switches else lambda v: np.maximum(v, 0)
    return PLACES[place](
        x, lambda v: normalised(v, gain, shift, EPS[small]), lambda v: activation(v @ w1 + b1) @ w2 + b2
    )


def four_copies(loud=1.0):
    """What `explain` takes: a block, its input `loud` times as large as usual, outputs of four copies, a tolerance.

    Learners get it from `mmcourse.tools.copies`, where it is kept as numbers.
    """
    rng = np.random.default_rng(11)
    x, *weights = normal(rng, (13, 7), (7, 11), (11,), (11, 7), (7,), (7,), (7,))
    copies = [output(loud * x, *weights, switches) for switches in ((0, 0, 0), (0, 1, 0), (0, 0, 1), None)]
    return loud * x, *weights, np.round(copies, 5), 1e-4
