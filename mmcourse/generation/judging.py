"""Three measures of drawn pictures that an eye cannot be fooled by; NumPy in, numbers out.

A judge that learned from real pictures says whether the right thing was drawn (`judge.score`); here stand how far the
drawn pictures lie from real ones as a cloud, and how near single ones come to training pictures.
"""

import numpy as np

from mmcourse.metrics import frechet_distance


def nearest(images, training):
    """For each of N pictures the distance to the nearest of M training pictures, and which: (N,) float, (N,) int.

    The distance is the root mean square over pixels and channels, in steps of 0 to 255.
    """
    x, y = (np.asarray(a, np.float64).reshape(len(a), -1) for a in (images, training))
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"nearest: expected pictures of one size, got {images.shape[1:]} and {training.shape[1:]}")
    squares = (x * x).sum(1)[:, None] - 2 * x @ y.T + (y * y).sum(1)
    which = squares.argmin(1)
    return np.sqrt(((x - y[which]) ** 2).mean(1)), which


def memorising(drawn, real, training):
    """Median distance of drawn pictures to their nearest training picture, over that of real ones.

    drawn, real: of captions that training never showed, so that no training picture may be right. Near 0 the drawn are
    copies of training pictures; from 1 on they are no nearer to them than real ones are.
    """
    return float(np.median(nearest(drawn, training)[0]) / np.median(nearest(real, training)[0]))


def frechet(features, drawn, real, other_real):
    """Fréchet distance of drawn to real pictures, and, for scale, of other real pictures to real ones.

    features: images to (N, D). All three of the same size, for the distance depends on it.
    """
    drawn, real, other = (features(images) for images in (drawn, real, other_real))
    return frechet_distance(drawn, real), frechet_distance(other, real)
