"""Saliency by hand, in NumPy. The letters and papers stand in the room's `__init__`."""

from typing import NamedTuple

import numpy as np

from mmcourse.convolution.scratch import conv2d, conv2d_backward
from mmcourse.layers.scratch import linear, linear_backward


def grad_cam(activations, gradients):
    """Where the channels that speak for a class are active: the map (..., H, W), nothing in it below 0.

    activations (..., C, H, W): a layer's. gradients (..., C, H, W): of one class's logit, by the activations.
    A channel's weight is its mean gradient (Selvaraju et al. 2017, eq. 1); the weighted sum keeps what is positive
    (eq. 2). A map of zeros says that no place speaks for the class. Its scale has no meaning across pictures.
    """
    if activations.shape != gradients.shape or activations.ndim < 3:
        raise ValueError("grad_cam: expected activations and gradients (..., C, H, W) of one shape, came "
                         f"{activations.shape} and {gradients.shape}")  # fmt: skip
    weights = gradients.mean((-2, -1), keepdims=True)  # (..., C, 1, 1)
    return np.maximum((weights * activations).sum(-3), 0)


class Head(NamedTuple):
    """What follows EfficientNet-Lite0's last grid: conv (K, C), a batch norm's five, and a linear layer.

    gamma, beta, mean, variance (K,): scale, shift and running statistics. eps: a number. weight (V, K), bias (V,).
    """

    conv: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    eps: float
    weight: np.ndarray
    bias: np.ndarray


def head(x, weights):
    """1 × 1 convolution, batch norm as at inference, ReLU6, mean over all places, linear layer.

    x (B, C, H, W), weights: a `Head`, brought to x's dtype. Returns logits (B, V) and the cache.
    """
    _check_head(x, weights)
    w = Head(*(np.asarray(a, x.dtype) for a in weights))
    y, conv = conv2d(x, w.conv[:, :, None, None])  # (B, K, H, W)
    y, norm = inference_batch_norm(y, w.gamma, w.beta, w.mean, w.variance, w.eps)
    y, kink = relu6(y)
    y, pool = global_average_pool(y)  # (B, K)
    logits, last = linear(y, w.weight, w.bias)
    return logits, (conv, norm, kink, pool, last)


def head_backward(dlogits, cache):
    """dlogits (B, V) to dx (B, C, H, W): each step of `head` backwards, the last first; weights stay as they are."""
    conv, norm, kink, pool, last = cache
    dy, _, _ = linear_backward(dlogits, last)
    dy = global_average_pool_backward(dy, pool)
    dy = relu6_backward(dy, kink)
    dy, _, _ = inference_batch_norm_backward(dy, norm)
    return conv2d_backward(dy, conv)[0]


def inference_batch_norm(x, gamma, beta, mean, variance, eps):
    """A batch norm that has learned: each channel moved and scaled by fixed numbers.   x (B, K, H, W), others (K,)."""
    inverse = 1 / np.sqrt(variance + eps)
    unit = (x - _per_channel(mean)) * _per_channel(inverse)
    return unit * _per_channel(gamma) + _per_channel(beta), (unit, gamma * inverse)


def inference_batch_norm_backward(dy, cache):
    """dy (B, K, H, W) to (dx, dgamma, dbeta): the statistics are constants, so no example hears of another."""
    unit, slope = cache
    return dy * _per_channel(slope), (dy * unit).sum((0, 2, 3)), dy.sum((0, 2, 3))


def relu6(x):
    """min(max(x, 0), 6): in eight bits, six leaves enough places after the point."""
    return np.clip(x, 0, 6), (x > 0) & (x < 6)


def relu6_backward(dy, cache):
    """Nothing comes back where it was cut off, at either end; at 0 and at 6 neither, as in PyTorch."""
    return dy * cache


def global_average_pool(x):
    """x (B, K, H, W) to its mean over all places, (B, K)."""
    return x.mean((2, 3)), x.shape


def global_average_pool_backward(dy, cache):
    """Every place gets an equal share of dy (B, K)."""
    B, K, H, W = cache
    return np.broadcast_to((dy / dy.dtype.type(H * W))[:, :, None, None], (B, K, H, W)).copy()


def occlusion(score, image, patch=32, stride=16, grey=127):
    """How far a score drops when a grey square covers a part of the picture (Zeiler & Fergus 2014): (Y, X) float.

    score: pictures (N, H, W, 3) to (N,) numbers; asked twice, for the picture and for all covered copies.
    image (H, W, 3) uint8.   The place (y, x) covers patch × patch pixels from (y · stride, x · stride) on; as many as
    fit. Below 0: without that part the score was better.
    """
    H, W = image.shape[:2]
    if not 1 <= patch <= min(H, W) or stride < 1:
        raise ValueError(f"occlusion: expected a patch of 1 to {min(H, W)} pixels and a stride of at least 1, came "
                         f"{patch} and {stride}")  # fmt: skip
    tops, lefts = (range(0, n - patch + 1, stride) for n in (H, W))
    covered = np.repeat(image[None], len(tops) * len(lefts), 0)
    places = [(top, left) for top in tops for left in lefts]
    for picture, (top, left) in zip(covered, places, strict=True):
        picture[top : top + patch, left : left + patch] = grey
    drops = np.asarray(score(image[None]))[0] - np.asarray(score(covered))
    return drops.reshape(len(tops), len(lefts))


def rank_correlation(a, b):
    """Spearman's correlation of two maps of one shape: −1 to 1; how alike they order the places. Ties share a rank.

    A map that is the same everywhere orders nothing: 0.
    """
    if a.shape != b.shape or a.size < 2:
        raise ValueError(f"rank_correlation: expected two maps of one shape, came {a.shape} and {b.shape}")
    p, q = (_ranks(m) - (m.size - 1) / 2 for m in (a, b))
    length = np.sqrt((p @ p) * (q @ q))
    return float(p @ q / length) if length else 0.0


def _ranks(a):
    """0 for the least; equal numbers get the mean of their ranks."""
    _, place, count = np.unique(a, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count + 1) / 2)[place.ravel()]


def _per_channel(a):
    return a[:, None, None]


def _check_head(x, weights):
    K, C = weights.conv.shape
    if x.ndim != 4 or x.shape[1] != C or weights.weight.shape[1] != K:
        raise ValueError(f"head: expected x (B, {C}, H, W), conv ({K}, {C}) and weight (V, {K}), came {x.shape}, "
                         f"{weights.conv.shape} and {weights.weight.shape}")  # fmt: skip
