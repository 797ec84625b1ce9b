"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

import torch

from mmcourse.attention.pytorch import multi_head_attention
from mmcourse.layers.pytorch import gelu, layer_norm, linear, mse_loss


def encoder_block(
    x, norm1_weight, norm1_bias, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o,
    norm2_weight, norm2_bias, w_in, b_in, w_out, b_out, heads, mask=None,
):  # fmt: skip
    unit = layer_norm(x, norm1_weight, norm1_bias)
    x = x + multi_head_attention(unit, unit, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o, heads, mask)
    return x + feed_forward(layer_norm(x, norm2_weight, norm2_bias), w_in, b_in, w_out, b_out)


def decoder_block(
    x, memory, norm1_weight, norm1_bias, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o,
    cross_norm_weight, cross_norm_bias, cross_w_q, cross_b_q, cross_w_k, cross_b_k, cross_w_v, cross_b_v,
    cross_w_o, cross_b_o, norm2_weight, norm2_bias, w_in, b_in, w_out, b_out, heads, mask=None,
):  # fmt: skip
    unit = layer_norm(x, norm1_weight, norm1_bias)
    x = x + multi_head_attention(unit, unit, w_q, b_q, w_k, b_k, w_v, b_v, w_o, b_o, heads, mask)
    x = x + multi_head_attention(
        layer_norm(x, cross_norm_weight, cross_norm_bias), memory,
        cross_w_q, cross_b_q, cross_w_k, cross_b_k, cross_w_v, cross_b_v, cross_w_o, cross_b_o, heads,
    )  # fmt: skip
    return x + feed_forward(layer_norm(x, norm2_weight, norm2_bias), w_in, b_in, w_out, b_out)


def feed_forward(x, w_in, b_in, w_out, b_out):
    return linear(gelu(linear(x, w_in, b_in)), w_out, b_out)


def patches(x, size):
    n = x.ndim - 2
    for axis in range(2, 2 + n):
        x = x.unfold(axis, size, size)  # (B, C, counts, sizes): a side's squares stay, their insides go last
    return x.movedim(1, 1 + n).flatten(1 + n).flatten(1, n)


def place_tokens(x, position, modality):
    return x + position[: x.shape[1]] + modality


def join_modalities(sequences, seen=None):
    x = torch.cat(list(sequences), 1)
    if seen is None:
        return x, None
    parts = [there.expand(s.shape[:2]) for s, there in zip(sequences, seen, strict=True)]
    return x, torch.cat(parts, 1)[:, None]


def split_modalities(x, lengths):
    return list(x.split(list(lengths), 1))


def masked_mse_loss(predicted, target, hidden):
    return mse_loss(predicted[hidden], target[hidden]) if hidden.any() else predicted.sum() * 0
