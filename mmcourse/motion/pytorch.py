"""The twins of `scratch`: same names, the value without a cache; autograd walks back, on any device.

Narrow floats are widened first and the answer narrowed: the determinant is a difference of two nearly equal products.
"""

import torch
from torch.nn import functional as F

from mmcourse.images.pytorch import resize
from mmcourse.motion.scratch import RIDGE, _check_flow, _check_window, _sizes

_PIECE = {"cpu": 2**15, "cuda": 2**23}  # pixels at a time: few stay in a CPU's cache, many keep a GPU busy


def gradients(first, second):
    _check_frames("gradients", first, second)
    mean, change = (first + second) / 2, second - first
    slopes = (_across(_down(mean, _smooth), _differ), _across(_down(mean, _differ), _smooth),
              _across(_down(change, _smooth), _smooth))  # fmt: skip
    return tuple(F.pad(slope, (1, 1, 1, 1)) for slope in slopes)


def lucas_kanade(first, second, window=7, ridge=RIDGE):
    _check_frames("lucas_kanade", first, second)
    _check_window("lucas_kanade", window, ridge)
    return _step(first, second, first.new_zeros(*first.shape, 2), window, ridge).to(first.dtype)


def structure(image, window=7):
    _check_frames("structure", image, image)
    _check_window("structure", window)
    x, y, _ = gradients(_wide(image), _wide(image))
    xx, xy, yy = _box_mean(torch.stack([x * x, x * y, y * y]), window)
    middle, half = (xx + yy) / 2, torch.hypot((xx - yy) / 2, xy)
    return torch.stack([middle + half, (middle - half).clamp(min=0)], -1).to(image.dtype)


def warp(image, flow):
    _check_flow("warp", image, flow)
    H, W = image.shape[-2:]
    pictures, flows = _wide(image).reshape(-1, 1, H, W), _wide(flow).reshape(-1, H, W, 2)
    like = {"dtype": flows.dtype, "device": flows.device}
    x = torch.arange(W, **like) + flows[..., 0]
    y = torch.arange(H, **like)[:, None] + flows[..., 1]
    grid = torch.stack([(2 * x + 1) / W - 1, (2 * y + 1) / H - 1], -1)  # from -1 to 1 over the picture
    value = F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return value.reshape(image.shape).to(image.dtype)


def pyramidal_lucas_kanade(first, second, levels=3, iterations=3, window=7, ridge=RIDGE):
    _check_frames("pyramidal_lucas_kanade", first, second)
    _check_window("pyramidal_lucas_kanade", window, ridge)
    flow = None
    for height, width in reversed(_sizes(first.shape[-2:], levels, iterations)):
        small, other = (resize(_wide(frame), height, width) for frame in (first, second))
        flow = small.new_zeros(*small.shape, 2) if flow is None else _enlarged(flow, height, width)
        for _ in range(iterations):
            flow = _step(small, warp(other, flow), flow, window, ridge)
    return flow.to(first.dtype)


def _down(x, act):
    return act(x[..., :-2, :], x[..., 1:-1, :], x[..., 2:, :])


def _across(x, act):
    return act(x[..., :-2], x[..., 1:-1], x[..., 2:])


def _smooth(before, here, after):
    return (before + 4 * here + after) / 6


def _differ(before, here, after):
    return (after - before) / 2


def _step(first, warped, flow, window, ridge):
    H, W = first.shape[-2:]
    step = max(1, _PIECE.get(first.device.type, 2**20) // (H * W))
    inputs = first.reshape(-1, H, W), warped.reshape(-1, H, W), flow.reshape(-1, H, W, 2)
    pieces = zip(*(x.split(step) for x in inputs), strict=True)
    return torch.cat([_solved(*map(_wide, piece), window, ridge) for piece in pieces]).reshape(flow.shape)


def _solved(first, warped, flow, window, ridge):
    right, down = flow.unbind(-1)
    x, y, t = gradients(first, warped)
    t = t - x * right - y * down
    xx, xy, yy, xt, yt = _box_mean(torch.stack([x * x, x * y, y * y, x * t, y * t]), window)
    xx, yy, xt, yt = xx + ridge, yy + ridge, xt - ridge * right, yt - ridge * down
    determinant = xx * yy - xy * xy
    return torch.stack([xy * yt - yy * xt, xy * xt - xx * yt], -1) / determinant[..., None]


def _box_mean(products, window):
    reach = window // 2
    rows = _running_sum(F.pad(products, (reach,) * 4), window, -1)
    return _running_sum(rows, window, -2) / window**2


def _running_sum(x, window, axis):
    """Sums of 2, 4, 8 … from one another, as in `scratch`: three times as quick as pooling."""
    length = x.shape[axis] - window + 1
    total, start, size = 0, 0, 1
    while window:
        if window & 1:
            total = total + x.narrow(axis, start, length)
            start += size
        window >>= 1
        if window:
            rest = x.shape[axis] - size
            x = x.narrow(axis, 0, rest) + x.narrow(axis, size, rest)
        size *= 2
    return total


def _enlarged(flow, height, width):
    h, w = flow.shape[-3:-1]
    grown = resize(flow.movedim(-1, 0), height, width).movedim(0, -1)
    return grown * flow.new_tensor([width / w, height / h])


def _wide(x):
    return x if x.dtype == torch.float64 else x.float()


def _check_frames(name, first, second):
    if first.shape != second.shape or first.ndim < 2 or min(first.shape[-2:]) < 3:
        raise ValueError(
            f"{name}: expected two grey frames (..., H, W) of one shape, at least 3 × 3, came {tuple(first.shape)} and "
            f"{tuple(second.shape)}. Try: frames.mean(-1) / 255 for colour"
        )
    if not (first.is_floating_point() and second.is_floating_point()):
        raise TypeError(f"{name}: expected float frames, came {first.dtype} and {second.dtype}. Try: frames / 255")
