"""The layers by hand, in NumPy: each way back stands under its way there."""

import numpy as np

BLOCK = 2**15  # numbers whose several steps are done together, in the processor's cache


def linear(x, weight, bias=None):
    """y = x Wᵀ + b.   x (..., I), weight (O, I), bias (O,) or None; returns y (..., O)."""
    if x.shape[-1] != weight.shape[-1]:
        raise ValueError(
            f"linear: x has width {x.shape[-1]} {x.shape}, but weight expects {weight.shape[-1]} {weight.shape}"
        )
    rows = x.reshape(-1, x.shape[-1])  # every leading index is one more example: one large product, not many small ones
    y = rows @ weight.T
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], len(weight)), (x, weight, bias is not None)


def linear_backward(dy, cache):
    """dy (..., O) to (dx, dweight, dbias); dbias is None where there was no bias."""
    x, weight, has_bias = cache
    rows = dy.reshape(-1, dy.shape[-1])
    dweight = rows.T @ x.reshape(-1, x.shape[-1])
    return (rows @ weight).reshape(x.shape), dweight, rows.sum(0) if has_bias else None


def softmax(x, axis=-1):
    """Positive numbers that sum to one along `axis`; x and y have one shape.

    The largest entry is subtracted first: it cancels in the fraction, and exp can then never overflow.
    """
    y = x - x.max(axis, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis, keepdims=True)
    return y, (y, axis)


def softmax_backward(dy, cache):
    """dx for softmax, whose Jacobian along the axis is diag(y) - y yᵀ."""
    y, axis = cache
    dx = dy * y
    dx -= y * dx.sum(axis, keepdims=True)
    return dx


def layer_norm(x, weight, bias, eps=1e-5):
    """Give every row mean 0 and variance 1, then stretch and shift.   x (..., I), weight and bias (I,) or both None."""
    unit = x - _row_means(x)
    inverse = 1 / np.sqrt(_row_dots(unit, unit) / x.shape[-1] + eps)
    unit *= inverse
    if weight is None:
        return unit, (unit, inverse, None)
    y = unit * weight
    y += bias
    return y, (unit, inverse, weight)


def layer_norm_backward(dy, cache):
    """dy (..., I) to (dx, dweight, dbias); the last two are None where there was no weight.

    Centring and scaling remove two directions from a row, so the gradient along them (1 and the row itself) goes too.
    """
    unit, inverse, weight = cache
    width = dy.shape[-1]
    rows, unit, inverse = dy.reshape(-1, width), unit.reshape(-1, width), inverse.reshape(-1, 1)
    dx = np.empty_like(rows)
    block = max(1, BLOCK // width)
    for start in range(0, len(rows), block):
        few = slice(start, start + block)
        d_unit = rows[few] if weight is None else rows[few] * weight
        d = unit[few] * (_row_dots(d_unit, unit[few]) / -width)
        d += d_unit
        d -= _row_means(d)
        np.multiply(d, inverse[few], out=dx[few])
    if weight is None:
        return dx.reshape(dy.shape), None, None
    return dx.reshape(dy.shape), np.einsum("ni,ni->i", rows, unit), rows.sum(0)


def _row_means(a):
    """Mean over the last axis, which stays as 1; a product with a column is the quickest sum of rows."""
    return a @ np.full((a.shape[-1], 1), 1 / a.shape[-1], a.dtype)


def _row_dots(a, b):
    """Sum of a · b over the last axis, which stays as 1."""
    return np.vecdot(a, b)[..., None]


def embedding(ids, table):
    """Row ids of the table.   ids (...) int, table (V, O); returns y (..., O)."""
    if ids.size and (ids.min() < 0 or ids.max() >= len(table)):
        raise IndexError(f"embedding: ids must lie in 0..{len(table) - 1}, came {ids.min()}..{ids.max()}")
    return table[ids], (ids, table.shape)


def embedding_backward(dy, cache):
    """dtable (V, O): a row used twice collects both gradients, which `dtable[ids] += dy` would not do.

    The gradients are sorted by row and summed run by run: `np.add.at` says the same and takes ten times as long.
    """
    ids, shape = cache
    dtable = np.zeros(shape, dy.dtype)
    order = np.argsort(ids, axis=None, kind="stable")
    used, first = np.unique(ids.ravel()[order], return_index=True)
    dtable[used] = np.add.reduceat(dy.reshape(-1, shape[1])[order], first)
    return dtable


def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0), x > 0


def relu_backward(dy, cache):
    """The slope at 0 is taken as 0, as PyTorch does."""
    return dy * cache


def sigmoid(x):
    """1 / (1 + exp(-x)), written with tanh, which cannot overflow."""
    y = 0.5 * x
    np.tanh(y, out=y)
    y *= 0.5
    y += 0.5
    return y, y


def sigmoid_backward(dy, cache):
    """dx, from the output alone: y' = y (1 - y)."""
    dx = cache - cache * cache
    dx *= dy
    return dx


def tanh(x):
    """tanh(x)."""
    y = np.tanh(x)
    return y, y


def tanh_backward(dy, cache):
    """dx, from the output alone: y' = 1 - y²."""
    return dy * (1 - cache * cache)


_GELU = (2 / np.pi) ** 0.5, 0.044715


def gelu(x, out=None):
    """x times the chance h that a standard normal number lies below x, in the tanh form: h = (1 + tanh z) / 2.

    Its slope h + x h', with h' = 2 h (1 - h) z', is made here too: its parts are at hand.
    out: arrays to write y and the slope into, or None; y may be x itself.
    """
    root, cubic = _GELU
    y, slope = (np.empty_like(x), np.empty_like(x)) if out is None else out
    np.multiply(x, x, out=slope)
    slope *= root * cubic
    slope += root
    h = slope * x  # z = root (x + cubic x³)
    np.tanh(h, out=h)
    h *= 0.5
    h += 0.5
    np.multiply(x, h, out=y)
    slope *= 6
    slope -= 4 * root  # 2 z' = 2 root (1 + 3 cubic x²)
    slope *= y
    slope *= 1 - h
    slope += h
    return y, slope


def gelu_backward(dy, cache):
    """dx, from the slope that the way there has made."""
    return dy * cache


def dropout(x, rate, rng):
    """Zero each entry with probability `rate`, divide the rest by 1 - rate.   rng: numpy Generator; 0 <= rate < 1."""
    if not 0 <= rate < 1:
        raise ValueError(f"dropout: rate must lie in [0, 1), came {rate}")
    keep = (rng.random(x.shape) >= rate).astype(x.dtype) / (1 - rate)
    return x * keep, keep


def dropout_backward(dy, cache):
    """What was dropped gets no gradient."""
    return dy * cache


def cross_entropy(logits, targets):
    """Mean of -log softmax(logits)[target] over all leading indices.   logits (..., V), targets (...) int."""
    if logits.shape[:-1] != targets.shape:
        raise ValueError(f"cross_entropy: logits {logits.shape} need targets {logits.shape[:-1]}, came {targets.shape}")
    p = logits - logits.max(-1, keepdims=True)
    picked = np.take_along_axis(p, targets[..., None], -1)
    np.exp(p, out=p)
    total = p.sum(-1, keepdims=True)
    p /= total
    return (np.log(total) - picked).mean(), (p, targets)


def cross_entropy_backward(dy, cache):
    """dlogits: probabilities minus the one-hot target, over the number of targets.   dy: a scalar."""
    p, targets = cache
    share = dy / targets.size
    d = p * share
    hit = targets[..., None]
    np.put_along_axis(d, hit, np.take_along_axis(d, hit, -1) - share, -1)
    return d


def binary_cross_entropy(logits, targets):
    """Mean of -t log σ(x) - (1 - t) log(1 - σ(x)), for targets t in [0, 1] shaped like the logits x."""
    if logits.shape != targets.shape:
        raise ValueError(f"binary_cross_entropy: logits {logits.shape} and targets {targets.shape} must agree")
    # log(1 + exp(x)) - t x, with the large part of the logarithm taken out
    losses = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return losses.mean(), (logits, targets)


def binary_cross_entropy_backward(dy, cache):
    """dlogits: σ(x) - t, over the number of entries.   dy: a scalar."""
    logits, targets = cache
    return (sigmoid(logits)[0] - targets) * (dy / logits.size)


def mse_loss(x, target):
    """Mean of (x - target)²."""
    if x.shape != target.shape:
        raise ValueError(f"mse_loss: x {x.shape} and target {target.shape} must agree")
    gap = x - target
    return (gap * gap).mean(), gap


def mse_loss_backward(dy, cache):
    """dx; the target gets none.   dy: a scalar."""
    return cache * (2 * dy / cache.size)


def sgd(params, grads, state, lr, momentum=0.0):
    """One step with momentum: velocity <- momentum · velocity + grad, param <- param - lr · velocity.

    params, grads: dicts of arrays by name; state: what the last step returned, {} at first.
    Returns new (params, state); nothing is changed in place.
    """
    velocity = {n: momentum * state[n] + g if n in state else g for n, g in grads.items()}
    return {n: p - lr * velocity[n] for n, p in params.items()}, velocity


def adam(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """One step of Adam: a mean of gradients over the root of a mean of squares, both freed from their start at zero.

    params, grads: dicts of arrays by name; state: what the last step returned, {} at first.
    Returns new (params, state); nothing is changed in place.
    """
    t = state.get("step", 0) + 1
    b1, b2 = betas
    zero = dict.fromkeys(params, 0.0)
    mean = {n: b1 * state.get("mean", zero)[n] + (1 - b1) * g for n, g in grads.items()}
    square = {n: b2 * state.get("square", zero)[n] + (1 - b2) * g * g for n, g in grads.items()}
    step = {n: (mean[n] / (1 - b1**t)) / (np.sqrt(square[n] / (1 - b2**t)) + eps) for n in params}
    return {n: p - lr * step[n] for n, p in params.items()}, {"step": t, "mean": mean, "square": square}
