"""Does a map of weights lie where the thing is?

A map cuts a square picture into R × C regions; a region counts as inside a box where its middle is.
The pointing game is that of Zhang et al. 2018, "Top-down neural attention by excitation backprop", section 4.
"""

import numpy as np


def regions_inside(shape, boxes, side=64):
    """(R, C) bool: True where the middle of a region lies in one of the boxes (x0, y0, x1, y1), pixels of `side`."""
    R, C = shape
    y, x = (np.arange(R)[:, None] + 0.5) * side / R, (np.arange(C) + 0.5) * side / C
    inside = np.zeros(shape, bool)
    for x0, y0, x1, y1 in boxes:
        inside |= (x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)
    return inside


def points_inside(weights, boxes, side=64):
    """The pointing game: True if the region with the largest weight, of weights (R, C), lies in a box."""
    return bool(regions_inside(weights.shape, boxes, side).flat[weights.argmax()])


def share_inside(weights, boxes, side=64):
    """The share of the weights (R, C) that lies in the boxes: between 0 and 1."""
    return float(weights[regions_inside(weights.shape, boxes, side)].sum() / weights.sum())
