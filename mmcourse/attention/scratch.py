"""Attention by hand, in NumPy. The axis letters and the papers stand in the room's `__init__`.

The formula is four lines; what else stands here buys speed without changing a value, and says so:
a few heads at a time (their scores stay in the processor's cache), in-place steps, and no subtraction of a row's
maximum where the row's sum shows that no score was large.
"""

import math

import numpy as np

from mmcourse.layers.scratch import linear, linear_backward

SAFE = math.exp(-20), math.exp(20)  # row sums of exp that are far from float32's limits
BLOCK = 2**17  # scores handled at once: more spill out of the cache, fewer pay for Python more often


def scaled_dot_product_attention(q, k, v, mask=None):
    """softmax(q kᵀ / √D) v: average the values, each query weighting them by how well it matches their keys.

    q (..., Q, D), k (..., K, D), v (..., K, E): float32 or float64, equal leading axes.
    mask: bool, broadcastable to (..., Q, K); True = may look. A query that may look nowhere gets y = 0.
    Returns y (..., Q, E), in the inputs' dtype, and the cache for the backward pass.
    A masked score is not read, but a masked value still is: 0 · NaN is NaN, so padding must hold numbers.
    (Vaswani et al. 2017, eq. 1.)
    """
    (q, k, v, mask), lead = _as_heads(q, k, v, mask)
    (N, H, Q, D), K, E = q.shape, k.shape[2], v.shape[3]
    scale = q.dtype.type(D**-0.5) if D else q.dtype.type(1)  # keeps the variance of a score near 1
    p = np.empty((N, H, Q, K), q.dtype)
    y = np.empty_like(q, shape=(N, H, Q, E))  # laid out as q is, so that merging split heads moves nothing
    for b in _blocks(N, H, Q * K):
        _softmax_of_scores(q[b] * scale, k[b], mask if mask is None else mask[b], out=p[b])
        np.matmul(p[b], v[b], out=y[b])
    return y.reshape(*lead, Q, E), (q, k, v, y, p, scale, lead)


def scaled_dot_product_attention_backward(dy, cache, out=None):
    """Carry dL/dy (..., Q, E) back to (dq, dk, dv), each shaped like its input; out: three arrays to write them into.

    The softmax's way back is ds = p (dp - δ), where dp = dy vᵀ and δ is the row sum of dp p. That sum equals the row
    sum of dy y, which is shorter; and one more column subtracts it inside the product: [dy, -δ] [v, 1]ᵀ = dy vᵀ - δ.
    """
    q, k, v, y, p, scale, lead = cache
    if out is None:
        out = np.empty_like(q), np.empty_like(k), np.empty_like(v)
    dq, dk, dv = (o.reshape(*p.shape[:2], *o.shape[-2:]) for o in out)
    dy = dy.reshape(y.shape)
    N, H, Q, K = p.shape
    for b in _blocks(N, H, Q * K):
        np.matmul(p[b].mT, dy[b], out=dv[b])
        ds = _append(dy[b], -np.vecdot(dy[b], y[b])) @ _append(v[b] * scale, scale).mT
        ds *= p[b]
        np.matmul(ds, k[b], out=dq[b])
        np.matmul(ds.mT, q[b], out=dk[b])
    return dq.reshape(*lead, *q.shape[2:]), dk.reshape(*lead, *k.shape[2:]), dv.reshape(*lead, *v.shape[2:])


def attention_weights(q, k, mask=None):
    """The weights softmax(q kᵀ / √D) themselves, (..., Q, K), for looking at; arguments as above."""
    v = np.empty((*k.shape[:-1], 0), k.dtype)
    _, (*_, p, _, lead) = scaled_dot_product_attention(q, k, v, mask)
    return p.reshape(*lead, *p.shape[2:])


def tiled_attention(q, k, v, mask=None, tile=256):
    """The same function without ever holding all scores: tile by tile, with an online softmax.

    Arguments and y as in `scaled_dot_product_attention`; tile: queries and keys in one tile, at least 1.
    Extra memory grows with tile² and not with Q K.   (Dao et al. 2022, algorithm 1; Milakov & Gimelshein 2018, alg. 3.)
    """
    if tile < 1:
        raise ValueError(f"tiled_attention: tile must be at least 1, came {tile}")
    (q, k, v, mask), lead = _as_heads(q, k, v, mask)
    (N, H, Q, _), E = q.shape, v.shape[3]
    y = np.empty((N, H, Q, E), q.dtype)
    log_total = np.empty((N, H, Q, 1), q.dtype)  # log Σ exp(scores): all that the way back needs of them
    for n in np.ndindex(N, H):
        for rows in _tiles(Q, tile):
            top = np.full((rows.stop - rows.start, 1), np.finfo(q.dtype).min, q.dtype)
            total, answer = np.zeros_like(top), np.zeros((len(top), E), q.dtype)
            for cols in _tiles(k.shape[2], tile):
                s = _tile_scores(q, k, mask, n, rows, cols)
                new_top = np.maximum(top, s.max(-1, keepdims=True))
                old = np.exp(top - new_top)  # what came before was measured from a lower top
                e = np.exp(s - new_top)
                total = old * total + e.sum(-1, keepdims=True)
                answer = old * answer + e @ v[*n, cols]
                top = new_top
            empty = total == 0
            total[empty] = 1
            y[*n, rows] = answer / total
            log_total[*n, rows] = np.where(empty, 0, top + np.log(total))
    return y.reshape(*lead, Q, E), (q, k, v, mask, y, log_total, lead, tile)


def tiled_attention_backward(dy, cache):
    """Carry dL/dy back to (dq, dk, dv), each tile's weights made anew from log_total (Dao et al. 2022, algorithm 4)."""
    q, k, v, mask, y, log_total, lead, tile = cache
    (N, H, Q, D), K = q.shape, k.shape[2]
    scale = q.dtype.type(D**-0.5) if D else q.dtype.type(1)
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    dy = dy.reshape(y.shape)
    delta = np.vecdot(dy, y)[..., None]
    for n in np.ndindex(N, H):
        for rows in _tiles(Q, tile):
            for cols in _tiles(K, tile):
                p = np.exp(_tile_scores(q, k, mask, n, rows, cols) - log_total[*n, rows])
                dv[*n, cols] += p.T @ dy[*n, rows]
                ds = p * (dy[*n, rows] @ v[*n, cols].T - delta[*n, rows]) * scale
                dq[*n, rows] += ds @ k[*n, cols]
                dk[*n, cols] += ds.T @ q[*n, rows]
    return dq.reshape(*lead, Q, D), dk.reshape(*lead, K, D), dv.reshape(*lead, *v.shape[2:])


def multi_head_attention(x, context, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o, heads, mask=None):
    """Several small attentions side by side, each in its own projection; x asks, the context is looked at.

    x (..., Q, X), context (..., K, C): the same array for self-attention, another modality for cross-attention.
    w_q (D, X), w_k (D, C), w_v (E, C), w_o (O, E) and biases b_q (D,), b_k (D,), b_v (E,), b_o (O,), as in `linear`.
    heads: how many; D and E must be multiples of it. mask: broadcastable to (..., Q, K), one for all heads.
    Returns y (..., Q, O) and the cache.   (Vaswani et al. 2017, section 3.2.2; W_i^Q is a slice of rows of w_q.)
    """
    (q, c_q), (k, c_k), (v, c_v) = linear(x, w_q, b_q), linear(context, w_k, b_k), linear(context, w_v, b_v)
    if mask is not None and mask.ndim > 2:
        mask = np.expand_dims(mask, -3)  # every head sees the same mask
    split = [split_heads(a, heads) for a in (q, k, v)]
    answers, c_a = scaled_dot_product_attention(*split, mask)
    y, c_o = linear(merge_heads(answers), w_o, b_o)
    return y, (c_q, c_k, c_v, c_a, c_o, heads)


def multi_head_attention_backward(dy, cache):
    """dy (..., Q, O) to gradients of (x, context, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o).

    In self-attention x and the context are one array: its gradient is the sum of the first two.
    """
    c_q, c_k, c_v, c_a, c_o, heads = cache
    d_merged, dw_o, db_o = linear_backward(dy, c_o)
    dq, dk, dv = scaled_dot_product_attention_backward(split_heads(d_merged, heads), c_a)
    dx, dw_q, db_q = linear_backward(merge_heads(dq), c_q)
    dc_k, dw_k, db_k = linear_backward(merge_heads(dk), c_k)
    dc_v, dw_v, db_v = linear_backward(merge_heads(dv), c_v)
    return dx, dc_k + dc_v, dw_q, db_q, dw_k, db_k, dw_v, db_v, dw_o, db_o


def split_heads(x, heads):
    """(..., T, H·D) to (..., H, T, D): head h owns columns h·D to (h + 1)·D."""
    *lead, T, width = x.shape
    if heads < 1 or width % heads:
        raise ValueError(f"split_heads: a width of {width} cannot be shared by {heads} heads")
    return x.reshape(*lead, T, heads, width // heads).swapaxes(-2, -3)


def merge_heads(x):
    """(..., H, T, D) to (..., T, H·D): the way back of `split_heads`."""
    *lead, H, T, D = x.shape
    return x.swapaxes(-2, -3).reshape(*lead, T, H * D)


def _softmax_of_scores(q, k, mask, out, shift=False):
    """softmax(q kᵀ) into `out`, all steps in place; zeros for a row that may look nowhere.

    Softmax does not mind a common shift of a row. Subtracting the row's maximum makes every score safe but costs two
    passes, so the first try goes without, and its row sums tell whether all was well: for inf, NaN, empty rows and
    large scores they are not in SAFE, and the second try shifts.
    """
    s = np.matmul(q, k.mT, out=out)
    if mask is not None:
        np.copyto(s, -np.inf, where=~mask)
    if shift:
        s -= s.max(-1, keepdims=True, initial=np.finfo(s.dtype).min)
    with np.errstate(over="ignore"):
        e = np.exp(s, out=s)
    total = e @ np.ones((e.shape[-1], 1), e.dtype)  # the quickest sum of rows
    if not shift and not (SAFE[0] < total.min(initial=1) and total.max(initial=1) < SAFE[1]):
        return _softmax_of_scores(q, k, mask, out, shift=True)
    total[total == 0] = 1
    e *= 1 / total
    return e


def _append(a, column):
    """a (..., T, D) with one more column: (..., T, D + 1)."""
    wide = np.empty((*a.shape[:-1], a.shape[-1] + 1), a.dtype)
    wide[..., :-1], wide[..., -1] = a, column
    return wide


def _tile_scores(q, k, mask, n, rows, cols):
    """Scores of one tile, -inf where the mask is False."""
    s = q[*n, rows] @ k[*n, cols].T
    s *= q.dtype.type(q.shape[-1] ** -0.5) if q.shape[-1] else q.dtype.type(1)
    if mask is not None:
        np.copyto(s, -np.inf, where=~mask[*n, rows, cols])
    return s


def _tiles(length, tile):
    return [slice(i, min(i + tile, length)) for i in range(0, length, tile)]


def _blocks(N, H, scores):
    """Slices (n, h) of a batch of heads, about BLOCK scores in each; scores: how many a head has."""
    heads = max(1, BLOCK // max(1, scores))
    return [(n, h) for n in _tiles(N, max(1, heads // max(1, H))) for h in _tiles(H, heads)]


def _as_heads(q, k, v, mask):
    """Check shapes and dtypes; view q, k and v as (N, H, items, width) and the mask as (N, H, Q, K), copying nothing.

    The last of several leading axes is H: heads that `split_heads` made lie between one another in memory.
    """
    for name, a in (("q", q), ("k", k), ("v", v)):
        if a.ndim < 2:
            raise ValueError(f"attention: {name} needs at least two axes (items, width), came {a.shape}")
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(f"attention: a query and a key need one width, came q {q.shape} and k {k.shape}")
    if k.shape[-2] != v.shape[-2]:
        raise ValueError(f"attention: every key needs its value, came k {k.shape} and v {v.shape}")
    lead = q.shape[:-2]
    if not lead == k.shape[:-2] == v.shape[:-2]:
        raise ValueError(f"attention: leading axes must agree, came q {q.shape}, k {k.shape} and v {v.shape}")
    dtype = np.result_type(q, k, v)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"attention: expected float32 or float64, came {q.dtype}, {k.dtype} and {v.dtype}")
    H = lead[-1] if len(lead) > 1 else 1
    N = math.prod(lead[:-1] if len(lead) > 1 else lead)
    q, k, v = (a.astype(dtype, copy=False).reshape(N, H, *a.shape[-2:]) for a in (q, k, v))
    return (q, k, v, _as_head_mask(mask, lead, (N, H, q.shape[2], k.shape[2]))), lead


def _as_head_mask(mask, lead, shape):
    if mask is None:
        return None
    if mask.dtype != bool:
        raise TypeError(f"attention: a mask is bool, True = may look; came {mask.dtype}. Try mask.astype(bool)")
    N, H, Q, K = shape
    try:
        if mask.ndim > 2:  # only the leading axes are written out, a short last axis stays short
            mask = np.broadcast_to(mask, lead + mask.shape[-2:]).reshape(N, H, *mask.shape[-2:])
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"attention: mask {mask.shape} does not broadcast to {(*lead, Q, K)}") from None
