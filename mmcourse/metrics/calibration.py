"""Do probabilities mean what they say, and what does asking back buy?

N examples   K classes
"""

from typing import NamedTuple

import numpy as np

from mmcourse.metrics.intervals import wilson_interval


class Bin(NamedTuple):
    """The answers whose confidence lies in one bin: their mean confidence, the share that is right with its 95 %
    interval, and how many they are."""

    confidence: float
    right: float
    low: float
    high: float
    count: int


def reliability(confidence, right, bins=10):
    """The occupied ones of `bins` equal bins, from unsure to sure: a list of `Bin`.

    confidence (N,): in [0, 1]; the last bin includes 1.   right (N,): bool.
    Raises ValueError for anything else (Niculescu-Mizil & Caruana 2005, figure 1: the reliability diagram).
    """
    confidence, right = _checked(confidence, right)
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    found = []
    for b in np.unique(which):
        here = which == b
        hits, n = int(right[here].sum()), int(here.sum())
        found.append(Bin(float(confidence[here].mean()), hits / n, *wilson_interval(hits, n), n))
    return found


def expected_calibration_error(confidence, right, bins=10):
    """Mean distance between confidence and share of right answers, each bin weighing as many as are in it.

    confidence (N,), right (N,), bins: as for `reliability`.   (Guo et al. 2017, eq. 3.)
    """
    found = reliability(confidence, right, bins)
    return sum(b.count * abs(b.confidence - b.right) for b in found) / sum(b.count for b in found)


def brier_score(probabilities, labels):
    """Mean squared distance of probabilities (N, K) from the one-hot labels (N,): from 0 to 2 (Brier 1950)."""
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            f"brier_score: expected probabilities (N, K) and labels (N,), came {probabilities.shape} and {labels.shape}"
        )
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(-1).mean())


def risk_coverage(confidence, right):
    """The share of wrong answers among the surest, for every number of them: (coverage, risk), two (N,) arrays.

    coverage: the share that is answered, rising to 1.   Equally sure answers come in together, so that no order among
    them is made up: each of them has the risk of all.   (El-Yaniv & Wiener 2010.)
    """
    confidence, right = _checked(confidence, right)
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(right) + 1)
    risk = np.cumsum(~right[order]) / answered
    last = np.searchsorted(-confidence[order], -confidence[order], side="right") - 1  # of those equally sure
    return (last + 1) / len(right), risk[last]


def _checked(confidence, right):
    confidence, right = np.asarray(confidence, float), np.asarray(right)
    if confidence.ndim != 1 or confidence.shape != right.shape or not len(right) or right.dtype != bool:
        raise ValueError(
            f"expected confidence (N,) and right (N,) bool, N at least 1, came {confidence.shape} and {right.shape} "
            f"{right.dtype}"
        )
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("expected confidences from 0 to 1, came others or NaN. Try: a softmax's largest probability")
    return confidence, right
