"""Pooling over time and late fusion by hand, in NumPy. The axis letters and papers stand in the room's `__init__`."""

import numpy as np

from mmcourse.attention.scratch import scaled_dot_product_attention, scaled_dot_product_attention_backward


def mean_pool(x, mask=None):
    """The mean over the frames of a clip: the same in whatever order they come.

    x (..., T, D), mask bool (..., T), True = belongs to the clip; y (..., D). A clip without frames gives zeros.
    """
    _check("mean_pool", x, mask)
    weight = np.ones(x.shape[:-1], x.dtype) if mask is None else mask.astype(x.dtype)
    weight = (weight / np.maximum(weight.sum(-1, keepdims=True), 1))[..., None]  # (..., T, 1), sums to 1 or to 0
    return (_only(x, mask) * weight).sum(-2), weight


def mean_pool_backward(dy, cache):
    """dy (..., D) to dx (..., T, D): every frame gets the same share."""
    return dy[..., None, :] * cache


def max_pool(x, mask=None):
    """The largest value of each feature over the frames of a clip: whether something was seen at all, not when.

    Arguments and a clip without frames as in `mean_pool`. Equal largest values share the gradient.
    """
    _check("max_pool", x, mask)
    lowest = x if mask is None else np.where(mask[..., None], x, -np.inf).astype(x.dtype)
    y = lowest.max(-2, initial=-np.inf, keepdims=True)  # (..., 1, D)
    at = (lowest == y) & (y > -np.inf)
    return np.where(y > -np.inf, y, 0)[..., 0, :].astype(x.dtype), at


def max_pool_backward(dy, cache):
    """dy (..., D) to dx (..., T, D): all of it to the frame that was the largest."""
    share = cache / np.maximum(cache.sum(-2, keepdims=True), 1)
    return dy[..., None, :] * share.astype(dy.dtype)


def attention_pool(x, w, mask=None):
    """H weighted means over the frames; each of H learned queries weighs them by how well they match it.

    x (..., T, D), w (H, D), mask as in `mean_pool`; y (..., H, D), zeros for a clip without frames. Queries of 0 give
    the mean. A query matches what a frame holds, not when it came: who wants the order adds positions to x.
    (Vaswani et al. 2017, eq. 1, with keys and values x.)
    """
    _check("attention_pool", x, mask)
    if w.ndim != 2 or w.shape[1] != x.shape[-1]:
        raise ValueError(f"attention_pool: expected queries w (H, {x.shape[-1]}) for x {x.shape}, came {w.shape}")
    seen = _only(x, mask)
    queries = np.broadcast_to(w, (*x.shape[:-2], *w.shape))
    y, cache = scaled_dot_product_attention(queries, seen, seen, None if mask is None else mask[..., None, :])
    return y, (cache, mask)


def attention_pool_backward(dy, cache):
    """dy (..., H, D) to gradients of (x, w): a frame is key and value, and one query serves all clips."""
    cache, mask = cache
    dq, dk, dv = scaled_dot_product_attention_backward(dy, cache)
    return _only(dk + dv, mask), dq.reshape(-1, *dq.shape[-2:]).sum(0)


def fuse_scores(scores, weights=None, present=None):
    """Late fusion: the weighted average of what the streams say, over those that say something.

    scores (..., M, V): of each stream, all of one kind (probabilities, or logarithms of them).   weights (M,): how much
    a stream counts, 0 or more; alike unless told otherwise.   present: bool (..., M), False = this stream abstains.
    y (..., V); zeros where all abstain or count 0.   (Simonyan & Zisserman 2014, section 2: averaging.)
    """
    M = scores.shape[-2]
    if weights is None:
        weights = np.ones(M, scores.dtype)
    if weights.shape != (M,):
        raise ValueError(f"fuse_scores: {M} streams need weights ({M},), came {weights.shape}")
    if present is not None and present.shape != scores.shape[:-1]:
        raise ValueError(f"fuse_scores: present must be {scores.shape[:-1]}, came {present.shape}")
    counts = np.broadcast_to(weights, scores.shape[:-1])
    scores, counts = _only(scores, present), counts if present is None else np.where(present, counts, 0)
    total = counts.sum(-1, keepdims=True)
    p = counts / np.where(total == 0, 1, total)  # (..., M), sums to 1 or is 0
    y = (p[..., None, :] @ scores)[..., 0, :]
    return y, (scores, p, total, y, present)


def fuse_scores_backward(dy, cache):
    """dy (..., V) to gradients of (scores, weights); the weights serve all examples."""
    scores, p, total, y, present = cache
    dscores = p[..., None] * dy[..., None, :]
    apart = ((scores - y[..., None, :]) * dy[..., None, :]).sum(-1)  # what a stream says beyond the average
    dweights = apart / np.where(total == 0, 1, total)
    dweights = np.where(total == 0, 0, dweights) if present is None else np.where(present & (total != 0), dweights, 0)
    return dscores, dweights.reshape(-1, dweights.shape[-1]).sum(0).astype(dy.dtype)


def _only(x, mask):
    """x (..., T, D) with zeros where the mask is False: what stands there may be anything, NaN too."""
    return x if mask is None else np.where(mask[..., None], x, 0).astype(x.dtype, copy=False)


def _check(name, x, mask):
    if x.ndim < 2:
        raise ValueError(f"{name}: expected features of frames (..., T, D), came {x.shape}. Try: x[None] for one frame")
    if mask is not None and (mask.shape != x.shape[:-1] or mask.dtype != bool):
        raise ValueError(f"{name}: expected a bool mask {x.shape[:-1]} for x {x.shape}, came {mask.dtype} {mask.shape}")
