"""A linear-chain conditional random field by hand, in NumPy. The letters and papers stand in the room's `__init__`.

The score of tags y_0 … y_{n-1} for one sequence is

    s(y) = start[y_0] + Σ_t emissions[t, y_t] + Σ_t transitions[y_{t-1}, y_t] + end[y_{n-1}]

and their probability is e^s(y) over the sum of e^s of all K^n ways to tag it. The sum is never written down: tag by tag
it is carried on, n K² sums instead of K^n (Rabiner 1989, eqs 19 to 21), here of logarithms.

A sequence without a step can be tagged in one way: it costs 0 and its score is 0. Behind its length nothing counts.
"""

import numpy as np


def crf_loss(emissions, transitions, start, end, tags, lengths):
    """-log p(tags | emissions) of each sequence, and what is needed on the way back.

    emissions (B, T, K), transitions (K, K) from a tag to the next, start (K,), end (K,): float, finite; to forbid a
    transition give it -1e4.   tags (B, T): int, 0 to K - 1 up to the length, anything behind.
    lengths (B,): int, 0 to T.
    Returns the loss (B,) and the cache. Raises ValueError for shapes, tags, lengths or numbers that do not fit.
    """
    _check(emissions, transitions, start, end, lengths)
    tags, lengths = _checked_tags(tags, emissions, lengths), np.asarray(lengths)
    alpha, came = _forward(emissions, transitions, start, lengths)
    log_z, last = _log_sum(alpha + end)
    score = _score(emissions, transitions, start, end, tags, lengths)
    loss = np.where(lengths > 0, log_z - score, 0).astype(emissions.dtype)
    if np.isnan(loss).any():
        raise ValueError("crf_loss: emissions hold NaN. Try: the last checkpoint before the loss became NaN")
    return loss, (emissions.shape, came, last, tags, lengths)


def crf_loss_backward(dy, cache):
    """dy (B,) to (demissions, dtransitions, dstart, dend): how often each is expected minus how often it was there.

    The expectations are Rabiner's γ and ξ (eqs 27 and 37). γ of the last step is known when the forward pass ends, and
    ξ_t(i, j) = p(y_{t-1} = i | y_t = j, all up to t) γ_t(j), with a first factor that the forward pass has left.
    """
    (B, T, K), came, last, tags, lengths = cache
    demissions, dtransitions = np.zeros((B, T, K), last.dtype), np.zeros((K, K), last.dtype)
    gamma = last * np.where(lengths > 0, dy, 0)[:, None]  # times dy, from here on
    dend = gamma.sum(0)
    for t in reversed(range(T)):
        live = (lengths > t)[:, None]
        demissions[:, t] = gamma * live
        if t:
            xi = came[t - 1] * demissions[:, t, None]
            dtransitions += xi.sum(0)
            gamma = np.where(live, xi.sum(2), gamma)
    dstart = gamma.sum(0)
    _take_counts(dy, tags, lengths, demissions, dtransitions, dstart, dend)
    return demissions, dtransitions, dstart, dend


def viterbi(emissions, transitions, start, end, lengths):
    """The tags with the highest score of each sequence, and that score (Rabiner 1989, eqs 32 to 35).

    Arguments as in `crf_loss`; transitions, start and end may be -inf.
    Returns tags (B, T) int64, -1 behind the length, and scores (B,). Of equals the tag with the lower number wins.
    """
    _check(emissions, transitions, start, end, lengths, finite=False)
    B, T, K = emissions.shape
    lengths = np.asarray(lengths)
    best, before = np.zeros((B, K), emissions.dtype), np.zeros((T, B, K), np.int64)
    for t in range(T):
        if t == 0:
            reached = start + np.zeros_like(best)
        else:
            paths = best[:, :, None] + transitions
            before[t] = paths.argmax(1)
            reached = np.take_along_axis(paths, before[t][:, None], 1)[:, 0]
        best = np.where((lengths > t)[:, None], reached + emissions[:, t], best)
    best = best + end
    tags = np.full((B, T), -1)
    tag, rows = best.argmax(1), np.arange(B)
    for t in reversed(range(T)):
        live = lengths > t
        tags[live, t] = tag[live]
        tag = np.where(live, before[t, rows, tag], tag)
    return tags, np.where(lengths > 0, best.max(1), 0).astype(emissions.dtype)


def _forward(emissions, transitions, start, lengths):
    """alpha (B, K) of each sequence's last step, and came (T - 1, B, K, K).

    alpha_t(j): the log-sum over all ways to tag the steps up to t that end in j.
    came[t - 1, b, i, j]: how probable it is that tag i stood before, if j stands at t, knowing the steps up to t.
    """
    B, T, K = emissions.shape
    came = np.empty((max(T - 1, 0), B, K, K), emissions.dtype)
    alpha = start + emissions[:, 0] if T else np.zeros((B, K), emissions.dtype)
    for t in range(1, T):
        paths = came[t - 1]
        np.add(alpha[:, :, None], transitions, out=paths)
        top = paths.max(1)
        paths -= top[:, None]
        np.exp(paths, out=paths)
        total = paths.sum(1)  # at least 1, of the largest
        paths /= total[:, None]
        reached = np.log(total) + top + emissions[:, t]
        alpha = np.where((lengths > t)[:, None], reached, alpha)
    return alpha, came


def _log_sum(x):
    """log Σ e^x over the last axis, and the softmax that belongs to it."""
    top = x.max(-1, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(-1, keepdims=True)
    return (np.log(total) + top)[..., 0], e / total


def _score(emissions, transitions, start, end, tags, lengths):
    """s(tags) of each sequence, (B,); anything where there is no step."""
    if not tags.shape[1]:
        return np.zeros(len(tags), emissions.dtype)
    live = np.arange(tags.shape[1]) < lengths[:, None]
    emitted = np.take_along_axis(emissions, tags[..., None], 2)[..., 0]
    moved = transitions[tags[:, :-1], tags[:, 1:]]
    last = np.take_along_axis(tags, np.maximum(lengths - 1, 0)[:, None], 1)[:, 0]
    return (
        np.where(live, emitted, 0).sum(1) + np.where(live[:, 1:], moved, 0).sum(1) + start[tags[:, 0]] + end[last]
    )  # fmt: skip


def _take_counts(dy, tags, lengths, demissions, dtransitions, dstart, dend):
    """Subtract dy wherever the true tags have been, in place."""
    K = len(dstart)
    live = np.arange(tags.shape[1]) < lengths[:, None]
    weight = np.broadcast_to(dy[:, None], live.shape)
    b, t = np.nonzero(live)
    demissions[b, t, tags[b, t]] -= weight[b, t]  # each place once
    b, t = np.nonzero(live[:, 1:])
    moves = np.bincount(tags[b, t] * K + tags[b, t + 1], weight[b, t], K * K)
    dtransitions -= moves.reshape(K, K).astype(dy.dtype)
    rows = np.flatnonzero(lengths > 0)
    for gradient, place in ((dstart, np.zeros_like(rows)), (dend, lengths[rows] - 1)):
        gradient -= np.bincount(tags[rows, place], dy[rows], K).astype(dy.dtype)


def _check(emissions, transitions, start, end, lengths, finite=True):
    if emissions.ndim != 3 or not (len(emissions) and emissions.shape[2]):
        raise ValueError(
            f"crf: expected emissions (B sequences, T steps, K tags), came {emissions.shape}. "
            "Try: emissions[None] for a single sequence"
        )
    B, T, K = emissions.shape
    for name, a, shape in (("transitions", transitions, (K, K)), ("start", start, (K,)), ("end", end, (K,))):
        if a.shape != shape:
            raise ValueError(f"crf: for emissions {emissions.shape}, {name} must be {shape}, came {a.shape}")
    lengths = np.asarray(lengths)
    if lengths.shape != (B,) or lengths.dtype.kind not in "iu" or (lengths < 0).any() or (lengths > T).any():
        raise ValueError(f"crf: expected {B} whole lengths from 0 to {T}, came {lengths!r}")
    for name, a in (("transitions", transitions), ("start", start), ("end", end)):
        if finite and not np.isfinite(a).all():
            raise ValueError(f"crf_loss: expected finite {name}. Try: -1e4 for what is forbidden")


def _checked_tags(tags, emissions, lengths):
    """tags (B, T) with 0 behind the lengths."""
    (B, T, K), tags = emissions.shape, np.asarray(tags)
    if tags.shape != (B, T) or tags.dtype.kind not in "iu":
        raise ValueError(f"crf_loss: expected whole tags ({B}, {T}), came {tags.dtype} {tags.shape}")
    tags = np.where(np.arange(T) < np.asarray(lengths)[:, None], tags, 0)
    if tags.size and (tags.min() < 0 or tags.max() >= K):
        raise ValueError(f"crf_loss: expected tags from 0 to {K - 1}, came {tags.min()} to {tags.max()}")
    return tags
