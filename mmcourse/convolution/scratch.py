"""Convolution and its companions by hand, in NumPy. The letters and papers stand in the room's `__init__`.

Speed: a picture's windows are copied side by side into a matrix, and one matrix product does the rest. One picture at
a time, so that its matrix is still in the cache when the product reads it.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """x (B, C, H, W), weight (O, C, R, S), bias (O,) or None; y (B, O, Y, X), Y = (H + 2·padding - R) // stride + 1."""
    padded = _pad(x, padding)
    _check_conv(x, padded, weight, bias, stride)
    rows = weight.reshape(len(weight), -1)  # (O, C·R·S)
    Y, X = ((n - k) // stride + 1 for n, k in zip(padded.shape[2:], weight.shape[2:], strict=True))
    y = np.empty((len(x), len(weight), Y, X), np.result_type(x, weight))
    for picture, out in zip(padded, y.reshape(len(x), len(weight), Y * X), strict=True):
        np.matmul(rows, _columns(picture, weight.shape[2:], stride), out=out)
        if bias is not None:
            out += bias[:, None]
    return y, (padded, weight, bias is not None, stride, padding)


def conv2d_backward(dy, cache):
    """dy (B, O, Y, X) to (dx, dweight, dbias); dbias is None where there was no bias."""
    padded, weight, has_bias, stride, padding = cache
    B, O, Y, X = dy.shape
    C, (R, S) = padded.shape[1], weight.shape[2:]
    rows = weight.reshape(O, -1)
    drows, dpadded = np.zeros_like(rows), np.zeros_like(padded)
    for picture, dpicture, d in zip(padded, dpadded, dy.reshape(B, O, Y * X), strict=True):
        drows += d @ _columns(picture, (R, S), stride).T
        dcolumns = (rows.T @ d).reshape(C, R, S, Y, X)
        for r in range(R):  # each kernel entry has looked at a shifted picture: shift back and add
            for s in range(S):
                dpicture[:, r : r + stride * Y : stride, s : s + stride * X : stride] += dcolumns[:, r, s]
    H, W = (n - 2 * padding for n in padded.shape[2:])
    dx = dpadded[:, :, padding : padding + H, padding : padding + W]
    return dx, drows.reshape(weight.shape), dy.sum((0, 2, 3)) if has_bias else None


def max_pool2d(x, size, stride=None):
    """The largest entry of each size × size window; stride: `size` unless told otherwise.   x (B, C, H, W)."""
    stride = stride or size
    places = _places("max_pool2d", x.shape, size, stride)
    y = x[places[0]].copy()
    winner = np.zeros(y.shape, np.uint8 if len(places) < 256 else np.intp)
    for i, place in enumerate(places[1:], 1):
        better = x[place] > y  # the first of equals stays, as in PyTorch
        np.copyto(y, x[place], where=better)
        winner[better] = i
    return y, (x.shape, places, winner)


def max_pool2d_backward(dy, cache):
    """dx: only the winner of a window gets its gradient."""
    shape, places, winner = cache
    dx = np.zeros(shape, dy.dtype)
    for i, place in enumerate(places):
        dx[place] += dy * (winner == i)
    return dx


def avg_pool2d(x, size, stride=None):
    """The mean of each size × size window; stride: `size` unless told otherwise.   x (B, C, H, W)."""
    places = _places("avg_pool2d", x.shape, size, stride or size)
    y = x[places[0]].copy()
    for place in places[1:]:
        y += x[place]
    y *= x.dtype.type(1 / len(places))
    return y, (x.shape, places)


def avg_pool2d_backward(dy, cache):
    """dx: every entry of a window gets an equal share."""
    shape, places = cache
    dx = np.zeros(shape, dy.dtype)
    share = dy * dy.dtype.type(1 / len(places))
    for place in places:
        dx[place] += share
    return dx


def batch_norm(x, weight, bias, eps=1e-5):
    """Give every channel mean 0 and variance 1 over the batch, then stretch and shift; as in training.

    x (B, C, H, W), weight and bias (C,). What evaluation uses instead of the batch is up to the caller:
    `batch_statistics` gives what running averages are made of.
    """
    mean, variance = batch_statistics(x)
    inverse = 1 / np.sqrt(variance + eps)
    unit = x - _per_channel(mean)
    unit *= _per_channel(inverse)
    y = unit * _per_channel(weight)
    y += _per_channel(bias)
    return y, (unit, inverse, weight)


def batch_norm_backward(dy, cache):
    """dy (B, C, H, W) to (dx, dweight, dbias): as in layer norm, the directions that were removed get no gradient."""
    unit, inverse, weight = cache
    dweight, dbias = np.einsum("bchw,bchw->c", dy, unit), dy.sum((0, 2, 3))
    n = dy.size // dy.shape[1]
    dx = unit * _per_channel(-dweight / n)
    dx += dy
    dx -= _per_channel(dbias / n)
    dx *= _per_channel(inverse * weight)
    return dx, dweight, dbias


def batch_statistics(x):
    """Mean and (biased) variance of every channel, (C,) each."""
    mean = x.mean((0, 2, 3))
    centred = x - _per_channel(mean)
    return mean, np.einsum("bchw,bchw->c", centred, centred) / x.dtype.type(x.size // x.shape[1])


def _per_channel(a):
    return a[:, None, None]


def _pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding))) if padding else x


def _columns(picture, kernel, stride):
    """A picture (C, H, W) as a matrix (C·R·S, Y·X): the windows of the kernel, one a column."""
    windows = sliding_window_view(picture, kernel, (1, 2))[:, ::stride, ::stride]  # (C, Y, X, R, S), a view
    C, Y, X, R, S = windows.shape
    return windows.transpose(0, 3, 4, 1, 2).reshape(C * R * S, Y * X)


def _places(name, shape, size, stride):
    """For each of a window's size² entries the slices that pick it from every window at once."""
    H, W = shape[2:]
    if size < 1 or stride < 1 or min(H, W) < size:
        raise ValueError(f"{name}: windows of {size} every {stride} do not fit a picture of {shape}")
    Y, X = ((n - size) // stride * stride + 1 for n in (H, W))
    return [np.s_[:, :, r : r + Y : stride, s : s + X : stride] for r in range(size) for s in range(size)]


def _check_conv(x, padded, weight, bias, stride):
    if x.ndim != 4 or weight.ndim != 4 or x.shape[1] != weight.shape[1]:
        raise ValueError(f"conv2d: expected x (B, C, H, W) and weight (O, C, R, S), came {x.shape} and {weight.shape}")
    if stride < 1 or any(n < k for n, k in zip(padded.shape[2:], weight.shape[2:], strict=True)):
        raise ValueError(
            f"conv2d: a kernel {weight.shape[2:]} with stride {stride} does not fit a padded picture {padded.shape[2:]}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"conv2d: bias must be {weight.shape[:1]} for weight {weight.shape}, came {bias.shape}")
