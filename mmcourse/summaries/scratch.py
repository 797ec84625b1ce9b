"""Summaries by hand. The letters are declared in `mmcourse.summaries`."""

import numpy as np


def histograms(frames, bins=16):
    """How often each colour occurs in each frame: (T, bins³) float64, rows sum to 1.

    frames (T, H, W, 3) uint8.   bins: a channel's 256 values fall into so many, 2 to 256.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"histograms: expected frames (T, H, W, 3) uint8, came {frames.shape} {frames.dtype}")
    if not 2 <= bins <= 256:
        raise ValueError(f"histograms: expected 2 to 256 bins, came {bins}")
    T, C = len(frames), bins**3
    r, g, b = np.moveaxis(frames.astype(np.int64) * bins // 256, -1, 0)
    colour = ((r * bins + g) * bins + b).reshape(T, -1)
    counts = np.bincount((colour + C * np.arange(T)[:, None]).ravel(), minlength=T * C).reshape(T, C)
    return counts / colour.shape[1]


def shot_boundaries(h, window=6, ratio=4.0, least=0.05, flash=3):
    """The first frames of new shots, rising: (N,) int64. A cut is a leap of the histogram, against its neighbourhood.

    h (T, C): float, rows sum to 1; two rows differ by half the sum of absolute differences, 0 to 1.
    A frame begins a shot if it differs from the one before by more than least + ratio · the mean of the other leaps up
    to window frames away, if none nearby is greater, and if the change lasts: `flash` frames later the picture still
    differs so much from each of the `flash` before the leap. A dissolve is many small leaps, and is missed.
    """
    _check_rows(h, "shot_boundaries")
    T = len(h)
    leap = np.zeros(T, h.dtype)
    leap[1:] = np.abs(np.diff(h, axis=0)).sum(1) / 2
    found = []
    for t in range(1, T):
        near = np.r_[leap[max(1, t - window) : t], leap[t + 1 : t + 1 + window]]
        threshold = least + ratio * (near.mean() if len(near) else 0)
        lasts = np.abs(h[min(t + flash, T - 1)] - h[max(0, t - flash) : t]).sum(1).min() / 2
        greatest = leap[t] >= leap[max(1, t - flash) : t + flash + 1].max()
        if min(leap[t], lasts) > threshold and greatest and not (found and t - found[-1] <= flash):
            found.append(t)
    return np.array(found, np.int64)


def rbf(x, bandwidth):
    """How alike frames are: exp(-|x_i - x_j|² / (2 · bandwidth²)), (T, T), from 1 down to 0.   x (T, D) float."""
    _check_rows(x, "rbf")
    if not bandwidth > 0:
        raise ValueError(f"rbf: expected a bandwidth above 0, came {bandwidth}")
    squares = np.vecdot(x, x)
    distance = np.maximum(squares[:, None] + squares - 2 * (x @ x.T), 0)
    y = np.exp(distance / (-2 * bandwidth**2))
    return y, (x, y, bandwidth)


def rbf_backward(dy, cache):
    x, y, bandwidth = cache
    d = (dy + dy.T) * y / bandwidth**2  # a pair stands in y twice
    return d @ x - d.sum(1)[:, None] * x


def facility_location(similarity, weights, chosen):
    """What a set is worth: each frame is served by the chosen one that is most like it.   Σ_t w_t max_{s in S} K_ts

    similarity (T, T): float, at least 0.   weights (T,): what it is worth to serve a frame.   chosen (S,): int.
    Returns the value () and the cache; no set serves nobody: 0. It never falls when a frame joins, and the more are
    there, the less another adds (it is submodular).
    """
    _check_similarity(similarity, weights, "facility_location")
    served, chosen = np.zeros_like(weights), np.asarray(chosen, int)
    by = chosen[similarity[:, chosen].argmax(1)] if len(chosen) else None
    if by is not None:
        served = similarity[np.arange(len(weights)), by]
    return weights @ served, (weights, served, by)


def facility_location_backward(dy, cache):
    """dy () to (dsimilarity, dweights): only the one who serves a frame feels it."""
    weights, served, by = cache
    d = np.zeros((len(weights), len(weights)), weights.dtype)
    if by is not None:
        d[np.arange(len(weights)), by] = dy * weights
    return d, dy * served


def log_probability(kernel, chosen):
    """log P(S) = log det L_S - log det(L + I): how probable a set is under a determinantal point process.

    kernel (T, T): float, positive semidefinite, L.   chosen (S,): int, all different. Like frames make the determinant
    small: they repel each other. Returns the value () and the cache; -inf for a set that cannot be.
    """
    _check_square(kernel, "log_probability")
    chosen = np.asarray(chosen, int)
    part, whole = kernel[np.ix_(chosen, chosen)], kernel + np.eye(len(kernel), dtype=kernel.dtype)
    sign, value = np.linalg.slogdet(part)
    value = value if sign > 0 else kernel.dtype.type(-np.inf)
    return value - np.linalg.slogdet(whole)[1], (part, whole, chosen)


def log_probability_backward(dy, cache):
    """dy () to dkernel: d log det A = A^-T, in the block of the chosen for the first of the two."""
    part, whole, chosen = cache
    d = -np.linalg.inv(whole).T
    if len(chosen):
        d[np.ix_(chosen, chosen)] += np.linalg.inv(part).T
    return dy * d


def maximal_marginal_relevance(relevance, similarity, budget, trade_off=0.5, least=-np.inf):
    """The most relevant frames that are unlike those already chosen (Carbonell & Goldstein 1998).

    Next comes the frame with the largest trade_off · relevance - (1 - trade_off) · (similarity to the most similar
    chosen one, 0 for the first), until `budget` are chosen or none has more than `least`.
    relevance (T,), similarity (T, T): float.   trade_off: 1 is relevance alone, 0 diversity alone.
    Returns indices in the order of choice, (at most budget,) int64. Of equals the earliest is taken.
    """
    _check_similarity(similarity, relevance, "maximal_marginal_relevance")
    _check_budget(budget, "maximal_marginal_relevance")
    chosen, nearest, free = [], np.zeros_like(relevance), np.ones(len(relevance), bool)
    while len(chosen) < min(budget, len(relevance)):
        value = np.where(free, trade_off * relevance - (1 - trade_off) * nearest, -np.inf)
        best = int(value.argmax())
        if value[best] <= least:
            break
        nearest = np.maximum(nearest, similarity[best]) if chosen else similarity[best].copy()
        free[best] = False
        chosen.append(best)
    return np.array(chosen, np.int64)


def greedy_facility_location(similarity, weights, budget, least=0.0):
    """The frames that together serve all others best, each time the one that adds most.

    At least 1 - 1/e = 0.63 of what the best set of this size is worth (Nemhauser et al. 1978, for weights and
    similarities of at least 0). Stops at `budget`, or when no frame adds more than `least`.
    similarity (T, T), weights (T,): float. Returns indices in the order of choice, (at most budget,) int64.
    """
    _check_similarity(similarity, weights, "greedy_facility_location")
    _check_budget(budget, "greedy_facility_location")
    chosen, served = [], np.zeros_like(weights)
    while len(chosen) < min(budget, len(weights)):
        gain = weights @ np.maximum(similarity - served[:, None], 0)  # of each candidate
        gain[chosen] = -np.inf
        best = int(gain.argmax())
        if gain[best] <= least:
            break
        served = np.maximum(served, similarity[:, best])
        chosen.append(best)
    return np.array(chosen, np.int64)


def greedy_dpp(kernel, budget, least=0.0):
    """A probable set of a determinantal point process: each time the frame that multiplies det L_S by most.

    kernel (T, T): float, positive semidefinite.   Stops at `budget`, or when no frame multiplies by more than `least`:
    1.0 stops where the determinant would fall. Each step costs T · S, by one more row of a Cholesky factor (Chen et
    al. 2018, algorithm 1). Returns indices in the order of choice, (at most budget,) int64.
    """
    _check_square(kernel, "greedy_dpp")
    _check_budget(budget, "greedy_dpp")
    T, chosen = len(kernel), []
    rows, left = np.zeros((min(budget, T), T), kernel.dtype), kernel.diagonal().copy()
    tiny = T * np.finfo(kernel.dtype).eps * max(left.max(initial=0), 0)  # below it there is rounding only
    while len(chosen) < min(budget, T):
        best = int(left.argmax())
        if left[best] <= max(least, tiny):
            break
        k = len(chosen)
        rows[k] = (kernel[best] - rows[:k, best] @ rows[:k]) / np.sqrt(left[best])
        left = left - rows[k] ** 2  # what of each frame the chosen ones do not explain
        chosen.append(best)
        left[chosen] = -np.inf
    return np.array(chosen, np.int64)


def peaks(relevance, apart, budget=None, least=-np.inf):
    """The most relevant frames that are more than `apart` frames from each other: non-maximum suppression in time.

    relevance (T,) float.   budget: at most so many; None: as many as there are above `least`.
    Returns indices, the most relevant first, int64.
    """
    if relevance.ndim != 1:
        raise ValueError(f"peaks: expected relevance (T,), came {relevance.shape}")
    _check_budget(len(relevance) if budget is None else budget, "peaks")
    left, chosen = relevance.copy(), []
    while len(chosen) < (len(left) if budget is None else budget) and (left > least).any():
        best = int(left.argmax())
        chosen.append(best)
        left[max(0, best - apart) : best + apart + 1] = -np.inf
    return np.array(chosen, np.int64)


def farthest_first(x, budget):
    """Diversity alone: first the frame nearest to the mean, then always the one farthest from all chosen.

    x (T, D) float. At most twice the radius of the best choice (Gonzalez 1985). Returns (at most budget,) int64.
    """
    _check_rows(x, "farthest_first")
    _check_budget(budget, "farthest_first")
    first = int(np.square(x - x.mean(0)).sum(1).argmin())
    chosen, away = [first], np.square(x - x[first]).sum(1)
    while len(chosen) < min(budget, len(x)):
        chosen.append(int(away.argmax()))
        away = np.minimum(away, np.square(x - x[chosen[-1]]).sum(1))
    return np.array(chosen[:budget], np.int64)


def _check_rows(x, name):
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{name}: expected rows (T, D), at least one, came {x.shape}")


def _check_square(kernel, name):
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not kernel.size:
        raise ValueError(f"{name}: expected a kernel (T, T), came {kernel.shape}. Try: rbf(features, bandwidth)")


def _check_similarity(similarity, rows, name):
    if rows.ndim != 1 or not rows.size or similarity.shape != (len(rows), len(rows)):
        raise ValueError(f"{name}: expected similarity (T, T) and a number for each of T frames, "
                         f"came {similarity.shape} and {rows.shape}")  # fmt: skip


def _check_budget(budget, name):
    if not isinstance(budget, int | np.integer) or budget < 0:
        raise ValueError(f"{name}: expected budget to be a whole number from 0, came {budget!r}")
