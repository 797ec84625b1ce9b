"""Transformer blocks by hand, in NumPy, made of the layers and the attention of the other rooms.

Blocks normalise first: what a sublayer finds is added to x, and x itself runs through untouched, so that gradients
reach the first block as they left the last (Xiong et al. 2020). The axis letters stand in the room's `__init__`.
"""

import math

import numpy as np

from mmcourse.attention.scratch import (
    merge_heads,
    multi_head_attention,
    multi_head_attention_backward,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
    split_heads,
)
from mmcourse.layers.scratch import BLOCK, gelu, layer_norm, layer_norm_backward, linear, linear_backward


def encoder_block(
    x, norm1_weight, norm1_bias, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o,
    norm2_weight, norm2_bias, w_in, b_in, w_out, b_out, heads, mask=None,
):  # fmt: skip
    """x + attention(norm(x)), then the same with the MLP: tokens look at each other, then each thinks for itself.

    x (B, T, D): float. norm1_*, norm2_* (D,). w_q, w_k, w_v (E, D), w_o (D, E) and biases b_q, b_k, b_v (E,), b_o (D,)
    as in `multi_head_attention`; w_in (M, D), b_in (M,), w_out (D, M), b_out (D,) as in `feed_forward`.
    heads: how many; E must be a multiple of it. mask: bool, broadcastable to (B, T, T); True = may look.
    Returns y (B, T, D) and the cache.   (Vaswani et al. 2017, section 3.1; Xiong et al. 2020: normalised first.)
    """
    projections = w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o
    y, c_self = _self_attention(x, norm1_weight, norm1_bias, projections, heads, mask)
    y, c_mlp = _mlp(y, norm2_weight, norm2_bias, (w_in, b_in, w_out, b_out))
    return y, (c_self, c_mlp)


def encoder_block_backward(dy, cache):
    """dy (B, T, D) to gradients of x and of the sixteen parameters, in their order."""
    c_self, c_mlp = cache
    dy, *d_mlp = _mlp_backward(dy, c_mlp)
    dx, *d_self = _self_attention_backward(dy, c_self)
    return dx, *d_self, *d_mlp


def decoder_block(
    x, memory, norm1_weight, norm1_bias, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o,
    cross_norm_weight, cross_norm_bias, cross_w_q, cross_b_q, cross_w_k, cross_b_k, cross_w_v, cross_b_v,
    cross_w_o, cross_b_o, norm2_weight, norm2_bias, w_in, b_in, w_out, b_out, heads, mask=None,
):  # fmt: skip
    """An encoder block with one more look between its halves: x + attention(norm(x) at the memory).

    x (B, T, D), memory (B, S, C): float, the memory normalised by whoever made it. The parameters are those of
    `encoder_block`, and cross_*: a norm (D,) and projections, of which cross_w_k and cross_w_v (E, C) read the memory.
    mask: bool, broadcastable to (B, T, T); True = may look. `np.tri(T, dtype=bool)` lets no token see a later one.
    Returns y (B, T, D) and the cache.   (Vaswani et al. 2017, section 3.1.)
    """
    projections = w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o
    y, c_self = _self_attention(x, norm1_weight, norm1_bias, projections, heads, mask)
    unit, c_norm = layer_norm(y, cross_norm_weight, cross_norm_bias)
    found, c_cross = multi_head_attention(
        unit, memory, cross_w_q, cross_b_q, cross_w_k, cross_b_k, cross_w_v, cross_b_v, cross_w_o, cross_b_o, heads
    )
    y, c_mlp = _mlp(y + found, norm2_weight, norm2_bias, (w_in, b_in, w_out, b_out))
    return y, (c_self, c_norm, c_cross, c_mlp)


def decoder_block_backward(dy, cache):
    """dy (B, T, D) to gradients of x, of the memory and of the twenty-six parameters, in their order."""
    c_self, c_norm, c_cross, c_mlp = cache
    dy, *d_mlp = _mlp_backward(dy, c_mlp)
    d_unit, d_memory, *d_cross = multi_head_attention_backward(dy, c_cross)
    d_unit, *d_norm = layer_norm_backward(d_unit, c_norm)
    dx, *d_self = _self_attention_backward(dy + d_unit, c_self)
    return dx, d_memory, *d_self, *d_norm, *d_cross, *d_mlp


def feed_forward(x, w_in, b_in, w_out, b_out):
    """gelu(x W_inᵀ + b_in) W_outᵀ + b_out: the same small network for every token.

    x (..., D), w_in (M, D), b_in (M,), w_out (O, M), b_out (O,); returns y (..., O) and the cache.
    (Vaswani et al. 2017, section 3.3, with GELU in place of ReLU.)
    """
    hidden, c_in = linear(x.reshape(-1, x.shape[-1]), w_in)
    slope = np.empty_like(hidden)
    block = max(1, BLOCK // len(w_in))
    for start in range(0, len(hidden), block):
        rows = hidden[start : start + block]
        rows += b_in
        gelu(rows, out=(rows, slope[start : start + block]))
    y, c_out = linear(hidden, w_out, b_out)
    return y.reshape(*x.shape[:-1], len(w_out)), (x.shape, c_in, slope, c_out)


def feed_forward_backward(dy, cache):
    """dy (..., O) to gradients of (x, w_in, b_in, w_out, b_out)."""
    shape, c_in, slope, c_out = cache
    d_hidden, dw_out, db_out = linear_backward(dy.reshape(-1, dy.shape[-1]), c_out)
    d_hidden *= slope  # `gelu_backward` in place
    dx, dw_in, _ = linear_backward(d_hidden, c_in)
    return dx.reshape(shape), dw_in, np.ones(len(d_hidden), d_hidden.dtype) @ d_hidden, dw_out, db_out


def _self_attention(x, gain, shift, projections, heads, mask):
    """x + multi_head_attention(norm(x), norm(x)), where one large product makes q, k and v: quicker than three."""
    w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o = projections
    weight, bias = np.concatenate([w_q, w_k, w_v]), np.concatenate([b_q, b_k, b_v])
    unit, c_norm = layer_norm(x, None, None)
    together, c_in = linear(unit, *_fold(gain, shift, weight, bias))
    q, k, v = _heads_of_three(together, heads)
    if mask is not None and mask.ndim > 2:
        mask = np.expand_dims(mask, -3)  # every head sees the same mask
    answers, c_attention = scaled_dot_product_attention(q, k, v, mask)
    found, c_out = linear(merge_heads(answers), w_o, b_o)
    found += x
    return found, (c_norm, (gain, shift, weight), c_in, c_attention, c_out, heads)


def _self_attention_backward(dy, cache):
    c_norm, c_fold, c_in, c_attention, c_out, heads = cache
    d_answers, dw_o, db_o = linear_backward(dy, c_out)
    d_together = np.empty((*dy.shape[:-1], 3 * d_answers.shape[-1]), dy.dtype)
    d_qkv = _heads_of_three(d_together, heads)
    scaled_dot_product_attention_backward(split_heads(d_answers, heads), c_attention, out=d_qkv)
    d_unit, dw, db = linear_backward(d_together, c_in)
    dx, _, _ = layer_norm_backward(d_unit, c_norm)
    dx += dy
    d_gain, d_shift, dw = _fold_backward(dw, db, c_fold)
    (dw_q, dw_k, dw_v), (db_q, db_k, db_v) = np.split(dw, 3), np.split(db, 3)
    return dx, d_gain, d_shift, dw_q, db_q, dw_k, db_k, dw_v, db_v, dw_o, db_o


def _heads_of_three(together, heads):
    """Views of q, k and v, (B, heads, T, D), in (B, T, 3 · heads · D)."""
    return [split_heads(part, heads) for part in np.split(together, 3, -1)]


def _mlp(x, gain, shift, layers):
    w_in, b_in, w_out, b_out = layers
    unit, c_norm = layer_norm(x, None, None)
    y, c_layers = feed_forward(unit, *_fold(gain, shift, w_in, b_in), w_out, b_out)
    y += x
    return y, (c_norm, (gain, shift, w_in), c_layers)


def _mlp_backward(dy, cache):
    c_norm, c_fold, c_layers = cache
    d_unit, dw_in, db_in, dw_out, db_out = feed_forward_backward(dy, c_layers)
    dx, _, _ = layer_norm_backward(d_unit, c_norm)
    dx += dy
    d_gain, d_shift, dw_in = _fold_backward(dw_in, db_in, c_fold)
    return dx, d_gain, d_shift, dw_in, db_in, dw_out, db_out


def _fold(gain, shift, weight, bias):
    """A norm's gain g and shift s inside the linear layer behind it: W (g u + s) + b = (W g) u + (W s + b).

    Weights are far fewer than tokens, so stretching and shifting them is quicker.
    """
    return weight * gain, weight @ shift + bias


def _fold_backward(dweight, dbias, cache):
    """Gradients of what `_fold` returned to (d_gain, d_shift, dweight); dbias stays as it is."""
    gain, shift, weight = cache
    d_gain = np.einsum("oi,oi->i", dweight, weight)
    dweight = dweight * gain
    dweight += np.outer(dbias, shift)
    return d_gain, dbias @ weight, dweight


def patches(x, size):
    """Cut pictures into squares, a series into windows, a film into cubes: each becomes one token.

    x (B, C, *sides): a picture has sides H, W, a series T, a film T, H, W; each must be a multiple of `size`.
    Returns tokens (B, P, C · size^n) for n sides, row by row, and the cache. Within a token the channel varies slowest,
    as in a convolution's weight, so a linear layer on patches is a convolution with stride `size`.
    (Dosovitskiy et al. 2021, section 3.1.)
    """
    B, C, *sides = x.shape
    if size < 1 or not sides or any(side % size for side in sides):
        raise ValueError(f"patches: sides must be multiples of the size, came sides {tuple(sides)} and size {size}")
    cut = x.reshape(B, C, *(n for side in sides for n in (side // size, size)))
    which, within = range(2, cut.ndim, 2), range(3, cut.ndim, 2)
    cut = cut.transpose(0, *which, 1, *within)
    tokens = cut.reshape(B, math.prod(side // size for side in sides), C * size ** len(sides))
    return tokens, (x.shape, cut.shape)


def patches_backward(dy, cache):
    """dx, (B, C, *sides): every number goes back to where it came from."""
    shape, cut = cache
    n = len(shape) - 2
    pairs = (axis for i in range(n) for axis in (1 + i, 2 + n + i))
    return dy.reshape(cut).transpose(0, 1 + n, *pairs).reshape(shape)


def place_tokens(x, position, modality):
    """Tell each token where it stands in its sequence, and of which modality it is: x + position + modality.

    x (B, T, D); position (L, D), of which the first T are used; modality (D,). Returns y (B, T, D) and the cache.
    Attention itself knows neither.   (Xu et al. 2023.)
    """
    if x.shape[1] > len(position):
        raise ValueError(
            f"place_tokens: expected at most {len(position)} tokens, came {x.shape[1]}. Try: a longer position table"
        )
    return x + (position[: x.shape[1]] + modality), position.shape


def place_tokens_backward(dy, cache):
    """dy (B, T, D) to gradients of (x, position, modality); positions that were not used get zeros."""
    d_position = np.zeros(cache, dy.dtype)
    d_position[: dy.shape[1]] = dy.sum(0)
    return dy.copy(), d_position, d_position.sum(0)


def join_modalities(sequences, seen=None):
    """One sequence of all modalities' tokens, and the mask that hides those that are not there.

    sequences: M arrays (B, T_m, D). seen: M bool arrays, each (B, T_m), or (B, 1) for a modality that is there or not
    as a whole (`np.split(present, M, 1)`); None if all are there.
    Returns x (B, ΣT, D) and the mask (B, 1, ΣT) for attention, or None. What is hidden must still hold numbers.
    (Xu et al. 2023: early concatenation.)
    """
    if len({(s.shape[0], s.shape[2]) for s in sequences}) != 1:
        shapes = [s.shape for s in sequences]
        raise ValueError(f"join_modalities: expected one batch size and one width, came {shapes}")
    x = np.concatenate(sequences, 1)
    if seen is None:
        return x, None
    parts = [np.broadcast_to(there, s.shape[:2]) for s, there in zip(sequences, seen, strict=True)]
    return x, np.concatenate(parts, 1)[:, None]


def split_modalities(x, lengths):
    """x (B, ΣT, D) to M arrays (B, T_m, D): the way back of `join_modalities`, for tokens and for gradients."""
    if sum(lengths) != x.shape[1]:
        raise ValueError(f"split_modalities: lengths {list(lengths)} must add up to {x.shape[1]}, the tokens of x")
    return np.split(x, np.cumsum(lengths)[:-1], 1)


def masked_mse_loss(predicted, target, hidden):
    """Mean squared error over the hidden tokens alone; those that were seen are too easy to count.

    predicted, target (..., T, W): float; hidden (..., T): bool. Without a hidden token the loss is 0.
    (He et al. 2022, section 3, "Reconstruction target".)
    """
    if predicted.shape != target.shape or predicted.shape[:-1] != hidden.shape:
        raise ValueError(
            "masked_mse_loss: predicted and target must agree and hidden lack only their last axis, "
            f"came {predicted.shape}, {target.shape} and {hidden.shape}"
        )
    gap = predicted[hidden] - target[hidden]
    return (gap * gap).sum() / gap.dtype.type(max(gap.size, 1)), (gap, hidden)


def masked_mse_loss_backward(dy, cache):
    """dpredicted; the target gets none.   dy: a scalar."""
    gap, hidden = cache
    d = np.zeros((*hidden.shape, gap.shape[-1]), gap.dtype)
    d[hidden] = gap * (2 * dy / max(gap.size, 1))
    return d
