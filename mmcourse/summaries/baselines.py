"""Summaries that any other must beat: frames at equal distances, any frames, the middles of clusters or of shots."""

import numpy as np


def uniform(T, budget):
    """The middles of `budget` equal parts of T frames, rising: (at most budget,) int64."""
    budget = min(budget, T)
    return ((np.arange(budget) + 0.5) * T / max(budget, 1)).astype(np.int64)


def anywhere(T, budget, rng):
    """Any frames, all different, rising."""
    return np.sort(rng.choice(T, min(budget, T), replace=False)).astype(np.int64)


def cluster_centres(x, budget, rng, rounds=20):
    """The frames nearest to the middles of `budget` clusters (Lloyd 1982), rising.

    x (T, D) float. It begins with frames that are drawn in proportion to their squared distance from those already
    there (k-means++: Arthur & Vassilvitskii 2007).
    """
    if budget < 1:
        return np.zeros(0, np.int64)
    middles = x[[rng.integers(len(x))]]
    while len(middles) < min(budget, len(x)):
        away = _distances(x, middles).min(1)
        if not away.any():
            break  # fewer different frames than clusters
        middles = np.concatenate([middles, x[[rng.choice(len(x), p=away / away.sum())]]])
    for _ in range(rounds):
        nearest = _distances(x, middles).argmin(1)
        middles = np.stack([x[nearest == k].mean(0) if (nearest == k).any() else m for k, m in enumerate(middles)])
    return np.unique(_distances(x, middles).argmin(0))


def shot_middles(boundaries, T, budget=None):
    """The middle frames of the shots, of the `budget` longest (of equals the first), rising."""
    edges = np.r_[0, boundaries, T].astype(np.int64)
    longest = np.argsort(-np.diff(edges), kind="stable")[:budget]
    return np.sort((edges[longest] + edges[longest + 1]) // 2)


def _distances(x, middles):
    """Squared distances, (T, clusters)."""
    return np.stack([np.square(x - middle).sum(1) for middle in middles], 1)
