"""Resize, crop and normalise by hand, in NumPy. The letters and papers stand in the room's `__init__`."""

import numpy as np


def triangle_weights(size, new_size, antialias=True):
    """How much each of `size` pixels in a row counts for each of `new_size`: (new_size, size) float64, rows sum to 1.

    A new pixel's centre is found in the old row, and the pixels around it count less the farther away they are, down
    to none. With antialias that triangle is as wide as the new pixel where the row shrinks, so that each old pixel is
    heard; without, it is always two old pixels wide, and when shrinking most of them are skipped.
    """
    scale, reach = _triangle(size, new_size, antialias)
    return _weights(np.arange(new_size), np.arange(size), scale, reach)


def resize(x, height, width, antialias=True):
    """A picture in another size.   x (..., H, W); y (..., Y, X) with Y = height, X = width.

    Rows and columns are independent: y = down x acrossᵀ with the weights of `triangle_weights`, piece by piece.
    """
    _check_resize(x, height, width)
    down = _pieces(x.shape[-2], height, antialias, x.dtype)
    across = _pieces(x.shape[-1], width, antialias, x.dtype)
    rows = np.concatenate([x[..., old] @ weights.T for _, old, weights in across], -1)  # (..., H, X)
    y = np.concatenate([weights @ rows[..., old, :] for _, old, weights in down], -2)
    return y, (x.shape, down, across)


def resize_backward(dy, cache):
    """dy (..., Y, X) to dx (..., H, W): each pixel collects from all whom it has served."""
    shape, down, across = cache
    drows = np.zeros((*shape[:-1], dy.shape[-1]), dy.dtype)
    for new, old, weights in down:
        drows[..., old, :] += weights.T @ dy[..., new, :]
    dx = np.zeros(shape, dy.dtype)
    for new, old, weights in across:
        dx[..., old] += drows[..., new] @ weights
    return dx


def _triangle(size, new_size, antialias):
    """How many old pixels a new one is wide, and how many its triangle reaches to either side."""
    scale = size / new_size
    return scale, max(scale, 1.0) if antialias else 1.0


def _weights(new, old, scale, reach):
    """What some old pixels count for some new ones: (new, old), rows sum to 1."""
    distance = np.abs(old + 0.5 - (new[:, None] + 0.5) * scale)
    weights = np.maximum(0, 1 - distance / reach)
    return weights / weights.sum(1, keepdims=True)  # at the edge a part of the triangle sees nothing


def _pieces(size, new_size, antialias, dtype, step=32):
    """`triangle_weights` without most of its zeros: a list of (new pixels, the old ones they see, their weights).

    Of a long row, like a sound, the whole matrix would be large and nearly empty.
    """
    scale, reach = _triangle(size, new_size, antialias)
    pieces = []
    for start in range(0, new_size, step):
        stop = min(start + step, new_size)
        first = max(0, int((start + 0.5) * scale - reach))
        last = min(size, int((stop - 0.5) * scale + reach) + 1)
        weights = _weights(np.arange(start, stop), np.arange(first, last), scale, reach).astype(dtype)
        pieces.append((slice(start, stop), slice(first, last), weights))
    return pieces


def crop(x, top, left, height, width):
    """The part of a picture that begins at (top, left).   x (..., H, W); y (..., height, width), a copy."""
    H, W = x.shape[-2:]
    if min(top, left) < 0 or not (0 < height <= H - top and 0 < width <= W - left):
        raise ValueError(f"crop: {height} × {width} at ({top}, {left}) does not lie in a picture of {H} × {W}")
    window = np.s_[..., top : top + height, left : left + width]
    return x[window].copy(), (x.shape, window)


def crop_backward(dy, cache):
    """dy (..., height, width) to dx (..., H, W), zero where nobody looked."""
    shape, window = cache
    dx = np.zeros(shape, dy.dtype)
    dx[window] = dy
    return dx


def center_crop(x, height, width):
    """The middle of a picture; where it cannot be exact, half a pixel up and to the left."""
    H, W = x.shape[-2:]
    return crop(x, (H - height) // 2, (W - width) // 2, height, width)


def center_crop_backward(dy, cache):
    """As `crop_backward`."""
    return crop_backward(dy, cache)


def normalize(x, mean, std):
    """Every channel less its mean, over its standard deviation.   x (..., C, H, W), mean and std (C,): fixed numbers.

    Use the mean and deviation of the training set, or of the set that a pretrained model was trained on.
    """
    if x.ndim < 3 or mean.shape != x.shape[-3:-2] or std.shape != mean.shape:
        raise ValueError(
            "normalize: expected x (..., C, H, W), mean (C,) and std (C,), "
            f"came {x.shape}, {mean.shape} and {std.shape}"
        )
    scale = (1 / std).astype(x.dtype)[:, None, None]
    y = x - mean.astype(x.dtype)[:, None, None]
    y *= scale
    return y, scale


def normalize_backward(dy, cache):
    """dy (..., C, H, W) to dx, of the same shape."""
    return dy * cache


def _check_resize(x, height, width):
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(
            f"resize: expected float32 or float64, came {x.dtype}. Try: x / 255 first, or np.rint and a cast afterwards"
        )
    if height < 1 or width < 1 or x.ndim < 2 or not all(x.shape[-2:]):
        raise ValueError(f"resize: a picture {x.shape} cannot become {height} × {width}")
