"""Tags of sentences to draw, and logarithms of sums that do not overflow."""

import numpy as np


def log_sum(scores, axis=-1):
    """log Σ e^x; of nothing but −∞ it is −∞."""
    top = scores.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return (np.log(np.exp(scores - top).sum(axis, keepdims=True)) + top).squeeze(axis)


def softmax(scores, axis=-1):
    """−∞ is a chance of 0, and nothing else but −∞ gives zeros."""
    top = scores.max(axis, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis, keepdims=True)
    return e / np.where(total > 0, total, 1)


def slots_of(rng, B, T, K):
    """Tags (B, T) of sentences with slots of K kinds: 0 is O, 2k + 1 begins a slot of kind k, 2k + 2 continues it."""
    tags = np.zeros((B, T), int)
    for row in tags:
        t = rng.integers(0, 3)
        while t < T:
            kind, length = rng.integers(K), rng.integers(1, 4)
            row[t : t + length] = 2 * kind + 2
            row[t] = 2 * kind + 1
            t += length + rng.integers(0, 3)
    return tags
