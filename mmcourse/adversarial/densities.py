"""The game where both densities can be written down.

p is the density of the data, q that of the generator, d what the discriminator says (the chance of "real"), all
(..., N) at the N points of a grid whose points are `width` apart. With width 1 they are probabilities of N outcomes.
"""

import numpy as np

LOWEST = -100.0


def optimal_discriminator(p, q):
    """p / (p + q), the d that makes `game_value` largest; 1/2 where neither has any.  (Goodfellow et al., eq. 2.)"""
    total = p + q
    return np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)


def game_value(d, p, q, width=1.0):
    """V(D, G) = E_p log d + E_q log(1 - d), (...).  (Eq. 1.)

    No logarithm counts less than `LOWEST`, as in PyTorch's `binary_cross_entropy`: a d that rounds to 1 far out, where
    q is 1e-20 and not 0, would otherwise make the whole game worth -∞.
    """
    if np.any((d < 0) | (d > 1)):
        raise ValueError(f"game_value: d must hold chances in [0, 1], came {np.min(d):.3g}..{np.max(d):.3g}")
    return (_times_log(p, d, LOWEST) + _times_log(q, 1 - d, LOWEST)).sum(-1) * width


def kullback_leibler_divergence(p, q, width=1.0):
    """KL(p ‖ q) = E_p log(p / q) in nats, (...): ∞ where q misses something that p has."""
    return (_times_log(p, p) - _times_log(p, q)).sum(-1) * width


def jensen_shannon_divergence(p, q, width=1.0):
    """The mean of KL(p ‖ m) and KL(q ‖ m) with m = (p + q) / 2, in nats: 0 for equal, log 2 for disjoint.

    The best discriminator makes the game worth -log 4 + 2 JSD(p, q).  (Eqs 5 and 6.)
    """
    m = (p + q) / 2
    return (kullback_leibler_divergence(p, m, width) + kullback_leibler_divergence(q, m, width)) / 2


def _times_log(a, b, lowest=-np.inf):
    """a log b, which is 0 where a is, whatever b is."""
    with np.errstate(divide="ignore"):
        return a * np.maximum(np.log(np.where(a > 0, b, 1)), lowest)
