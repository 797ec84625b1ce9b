"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back.

`scaled_dot_product_attention` is the formula as one reads it; `tiled_attention` is PyTorch's fused kernel, which works
in tiles as our NumPy one does.
"""

import torch
from torch.nn import functional as F

from mmcourse.attention.scratch import merge_heads
from mmcourse.layers.pytorch import linear


def scaled_dot_product_attention(q, k, v, mask=None):
    """q (..., Q, D), k (..., K, D), v (..., K, E); mask bool, broadcastable to (..., Q, K), True = may look."""
    return attention_weights(q, k, mask) @ v


def attention_weights(q, k, mask=None):
    """softmax(q kᵀ / √D), (..., Q, K); rows that may look nowhere hold zeros."""
    scores = q @ k.mT * max(q.shape[-1], 1) ** -0.5
    if mask is None:
        return scores.softmax(-1)
    lowest = torch.finfo(scores.dtype).min  # finite, so that an empty row gives no NaN on the way back
    return scores.masked_fill(~mask, lowest).softmax(-1).masked_fill(~mask, 0)


def tiled_attention(q, k, v, mask=None, tile=256):
    """The fused kernel chooses its own tiles; `tile` stands here so that both twins take the same arguments."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def multi_head_attention(x, context, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o, heads, mask=None):
    """Arguments as in the NumPy twin; the attention itself is the fused kernel."""
    if mask is not None and mask.ndim > 2:
        mask = mask.unsqueeze(-3)
    projected = linear(x, w_q, b_q), linear(context, w_k, b_k), linear(context, w_v, b_v)
    q, k, v = (split_heads(a, heads) for a in projected)
    return linear(merge_heads(tiled_attention(q, k, v, mask)), w_o, b_o)


def split_heads(x, heads):
    """(..., T, H·D) to (..., H, T, D)."""
    return x.unflatten(-1, (heads, -1)).transpose(-2, -3)
