"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F


def concatenation_fusion(a, b, weight, bias):
    return F.linear(torch.cat([a, b], -1), weight, bias)


def product_fusion(a, b, w_a, w_b):
    return F.linear(a, w_a) * F.linear(b, w_b)


def gated_fusion(a, b, w_a, w_b, w_gate):
    z = F.linear(torch.cat([a, b], -1), w_gate).sigmoid()
    return torch.lerp(F.linear(b, w_b).tanh(), F.linear(a, w_a).tanh(), z)


def tensor_fusion(a, b):
    return torch.einsum("...a,...b->...ab", _append_one(a), _append_one(b)).flatten(-2)


def low_rank_fusion(a, b, f_a, f_b):
    p, q = (torch.einsum("...i,koi->...ko", _append_one(m), f) for m, f in ((a, f_a), (b, f_b)))
    return (p * q).sum(-2)


def attention_fusion(features, w, u, present=None):
    if present is not None:
        features = features.masked_fill(~present[..., None], 0)
    scores = F.linear(features, w).tanh() @ u
    if present is None:
        return (scores.softmax(-1)[..., None, :] @ features)[..., 0, :]
    lowest = torch.finfo(scores.dtype).min  # finite, so that nothing there gives no NaN on the way back
    p = scores.masked_fill(~present, lowest).softmax(-1).masked_fill(~present, 0)
    return (p[..., None, :] @ features)[..., 0, :]


def mixture_of_experts_fusion(probabilities, gates):
    return torch.einsum("...m,...mv->...v", gates.softmax(-1).expand(probabilities.shape[:-1]), probabilities)


def _append_one(a):
    return torch.cat([a, a.new_ones(*a.shape[:-1], 1)], -1)
