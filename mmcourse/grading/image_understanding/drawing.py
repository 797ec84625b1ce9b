"""Boxes to draw, and a softmax that does not overflow."""

import numpy as np


def boxes(rng, *shape, room=8.0, least=1.0, most=6.0):
    """Corners x0, y0, x1, y1 (*shape, 4): middles anywhere in a room, both sides of a length from least to most."""
    middle, half = rng.uniform(0, room, (*shape, 2)), rng.uniform(least, most, (*shape, 2)) / 2
    return np.concatenate([middle - half, middle + half], -1)


def softmax(scores):
    """Over the last axis; −∞ is a chance of 0, and a row of nothing else is NaN."""
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
