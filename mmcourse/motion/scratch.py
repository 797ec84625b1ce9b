"""Optical flow by hand, in NumPy. The letters and papers stand in the room's `__init__`."""

import numpy as np

from mmcourse.images.scratch import resize

RIDGE = 1e-4  # of a squared slope of grey from 0 to 1: a hundredth of grey a pixel
_PIECE = 2**15  # pixels at a time, few enough to stay in the processor's cache


def gradients(first, second):
    """How grey changes to the right, downwards, and from the first frame to the second: (Ix, Iy, It), (..., H, W) each.

    first, second (..., H, W): float, grey.   Ix and Iy per pixel, It per frame.
    Ix and Iy are taken from the mean of both frames, so that all three speak of the moment halfway between them, where
    the error of the linear model is of third order in the motion, not of second as at either end.
    By Simpson's rule a central difference is the (1, 4, 1) / 6 mean of the slope. So the other axis is smoothed in the
    same way, and the difference in time along both: three slopes of one smoothed film, whose ratios are right.
    A pixel on the rim lacks a neighbour: its gradients are 0, and it has no say.
    """
    _check_frames("gradients", first, second)
    mean, change = (first + second) / 2, second - first
    slopes = (_across(_down(mean, _smooth), _differ), _across(_down(mean, _differ), _smooth),
              _across(_down(change, _smooth), _smooth))  # fmt: skip
    return tuple(_framed(slope, first.shape) for slope in slopes)


def lucas_kanade(first, second, window=7, ridge=RIDGE):
    """Optical flow from the first frame to the second (Lucas & Kanade 1981): (..., H, W, 2), (right, down) in pixels.

    first, second (..., H, W): float, grey from 0 to 1.   window: its side in pixels, odd: within it all move alike.
    ridge: added to both variances of the structure tensor, in squared grey per pixel. Along an edge, where the tensor
    is singular, the flow across the edge remains (the aperture problem); where all is plain, 0 does.

    Least squares of Ix u + Iy v + It = 0 over the window: (A + ridge I) (u, v) = -b, A the window's mean of
    (Ix, Iy) (Ix, Iy)ᵀ and b that of (Ix, Iy) It. For motions up to about a pixel; see `pyramidal_lucas_kanade`.
    Raises ValueError for frames that do not fit, an even window and a ridge that is not positive.
    """
    _check_frames("lucas_kanade", first, second)
    _check_window("lucas_kanade", window, ridge)
    return _in_pieces(lambda a, b: _step(a, b, np.zeros((*a.shape, 2), a.dtype), window, ridge), first, second)


def structure(image, window=7):
    """The eigenvalues of the structure tensor (Shi & Tomasi 1994), the larger first: (..., H, W, 2).

    image (..., H, W): float, grey.   Both large: a corner, the flow can be known. One: an edge, it can be known across.
    None: a plain, nothing can. What Shi and Tomasi call a good feature has a large second one.
    """
    _check_frames("structure", image, image)
    _check_window("structure", window)
    x, y, _ = gradients(image, image)
    xx, xy, yy = (_box_mean(product, window) for product in (x * x, x * y, y * y))
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.stack([middle + half, np.maximum(middle - half, 0)], -1)  # rounding may go below 0


def warp(image, flow):
    """Take from an image what the flow points at: y[r, c] = image at row r + down, column c + right, bilinear.

    image (..., H, W), flow (..., H, W, 2): float, (right, down) in pixels. With the flow from a first frame to a
    second, warping the second *backward* gives the first. Beyond the rim the nearest pixel of the rim is taken.
    Returns y (..., H, W) and the cache for the backward pass.
    """
    _check_flow("warp", image, flow)
    if not np.isfinite(flow).all():
        unknown = np.count_nonzero(~np.isfinite(flow))
        raise ValueError(f"warp: expected a finite flow, came {unknown} that is not. Try: np.isfinite on the frames")
    H, W = image.shape[-2:]
    pictures, flows = image.reshape(-1, H, W), flow.reshape(-1, H, W, 2)
    left, x, free_x = _beside(np.arange(W, dtype=flow.dtype) + flows[..., 0], W)
    above, y, free_y = _beside(np.arange(H, dtype=flow.dtype)[:, None] + flows[..., 1], H)
    place = (np.arange(len(pictures))[:, None, None] * H + above) * W + left  # among all pixels: one index is quicker
    across, down = min(1, W - 1), W * min(1, H - 1)  # to the next column and row, where there are any
    places = place, place + across, place + down, place + across + down
    corners = a, b, c, d = [pictures.take(p) for p in places]
    top, bottom = a + x * (b - a), c + x * (d - c)
    value = top + y * (bottom - top)
    return value.reshape(image.shape), (image.shape, places, corners, x, y, free_x, free_y)


def warp_backward(dy, cache):
    """dy (..., H, W) to (dimage, dflow): four pixels share each slope; a flow that is stopped at the rim gets none."""
    shape, places, (a, b, c, d), x, y, free_x, free_y = cache
    dy = dy.reshape(x.shape)
    dimage = np.zeros(dy.size, dy.dtype)
    for place, weight in zip(places, ((1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x), strict=True):
        np.add.at(dimage, place, dy * weight)
    dx = dy * ((b - a) * (1 - y) + (d - c) * y) * free_x
    ddown = dy * ((c - a) * (1 - x) + (d - b) * x) * free_y
    return dimage.reshape(shape), np.stack([dx, ddown], -1).reshape(*shape, 2)


def pyramidal_lucas_kanade(first, second, levels=3, iterations=3, window=7, ridge=RIDGE):
    """Flow of more than a pixel, from coarse to fine (Bouguet 2000): as `lucas_kanade`.

    levels: how often the frames are halved, plus one; at half the size motions are half as long. On every level, and
    there `iterations` times, the second frame is warped back by the flow so far and the rest of the motion found.
    Of a plain the flow stays what the coarser levels, which see farther, have made of it: `structure` tells where.
    The rest is not simply added: the neighbours in a window were warped by flows of their own. So the window looks for
    one whole flow, given what each pixel has moved already, which stays stable where adding does not (Le Besnerais &
    Champagnat 2005). The ridge holds on to the flow so far.
    Raises ValueError, too, for a smallest level that has fewer than 3 rows or columns.
    """
    _check_frames("pyramidal_lucas_kanade", first, second)
    _check_window("pyramidal_lucas_kanade", window, ridge)
    sizes = _sizes(first.shape[-2:], levels, iterations)
    return _in_pieces(lambda a, b: _coarse_to_fine(a, b, sizes, iterations, window, ridge), first, second)


def _down(x, act):
    """The filter along the columns: (..., H, W) to (..., H - 2, W)."""
    return act(x[..., :-2, :], x[..., 1:-1, :], x[..., 2:, :])


def _across(x, act):
    """The filter along the rows: (..., H, W) to (..., H, W - 2)."""
    return act(x[..., :-2], x[..., 1:-1], x[..., 2:])


def _smooth(before, here, after):
    y = before + after
    y += 4 * here
    y *= y.dtype.type(1 / 6)
    return y


def _differ(before, here, after):
    y = after - before
    y *= y.dtype.type(0.5)
    return y


def _framed(slope, shape):
    """A rim of zeros, one pixel wide."""
    y = np.zeros(shape, slope.dtype)
    y[..., 1:-1, 1:-1] = slope
    return y


def _in_pieces(act, first, second):
    """act(first, second) -> flow for a few frames at a time."""
    H, W = first.shape[-2:]
    firsts, seconds = first.reshape(-1, H, W), second.reshape(-1, H, W)
    flow = np.empty((*firsts.shape, 2), np.result_type(first, second))
    step = max(1, _PIECE // (H * W))
    for piece in (slice(i, i + step) for i in range(0, len(flow), step)):
        flow[piece] = act(firsts[piece], seconds[piece])
    return flow.reshape(*first.shape, 2)


def _coarse_to_fine(first, second, sizes, iterations, window, ridge):
    flow = None
    for height, width in reversed(sizes):
        small, other = (resize(frame, height, width)[0] for frame in (first, second))
        flow = np.zeros((*small.shape, 2), small.dtype) if flow is None else _enlarged(flow, height, width)
        for _ in range(iterations):
            flow = _step(small, warp(other, flow)[0], flow, window, ridge)
    return flow


def _step(first, warped, flow, window, ridge):
    """The whole flow, where `warped` is the second frame warped back by `flow`: a 2 × 2 system by Cramer's rule."""
    right, down = flow[..., 0], flow[..., 1]
    x, y, t = gradients(first, warped)
    t -= x * right + y * down  # as if nothing had been warped
    xx, xy, yy, xt, yt = (_box_mean(product, window) for product in (x * x, x * y, y * y, x * t, y * t))
    ridge = xx.dtype.type(ridge)
    xx += ridge
    yy += ridge
    xt -= ridge * right
    yt -= ridge * down
    determinant = xx * yy - xy * xy  # at least ridge² but for rounding
    return np.stack([xy * yt - yy * xt, xy * xt - xx * yt], -1) / determinant[..., None]


def _box_mean(x, window):
    """The mean over a window round each pixel, zeros beyond the rim: rows first, then columns."""
    reach = window // 2
    y = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(reach, reach)] * 2)
    y = _running_sum(_running_sum(y.swapaxes(-1, -2), window).swapaxes(-1, -2), window)
    y *= y.dtype.type(1 / window**2)
    return y


def _running_sum(x, window):
    """The sum of `window` neighbours along the last axis, of which window - 1 fall away.

    Sums of 2, 4, 8 … are made from one another, so that a window of 7 takes four additions; unlike a difference of
    cumulative sums it loses no digits.
    """
    length = x.shape[-1] - window + 1
    total, start, size = None, 0, 1
    while window:
        if window & 1:
            part = x[..., start : start + length]
            total = part.copy() if total is None else np.add(total, part, out=total)
            start += size
        window >>= 1
        if window:
            x = x[..., :-size] + x[..., size:]
        size *= 2
    return total


def _beside(place, size):
    """The pixel before a place along an axis, how far behind that it is, and whether it lies inside."""
    inside = np.clip(place, 0, size - 1)
    before = np.minimum(inside.astype(np.intp), max(size - 2, 0))
    return before, inside - before.astype(inside.dtype), (place > 0) & (place < size - 1)


def _sizes(size, levels, iterations):
    """The height and width of every level, the largest first."""
    if levels < 1 or iterations < 1:
        raise ValueError(f"pyramidal_lucas_kanade: expected levels and iterations from 1, came {levels}, {iterations}")
    sizes = [tuple(-(-n // 2**level) for n in size) for level in range(levels)]
    if min(sizes[-1]) < 3:
        raise ValueError(
            f"pyramidal_lucas_kanade: {levels} levels make frames of {size[0]} × {size[1]} as small as "
            f"{sizes[-1][0]} × {sizes[-1][1]}, expected at least 3 × 3. Try: fewer levels"
        )
    return sizes


def _enlarged(flow, height, width):
    """A flow on a larger grid, its vectors as much longer."""
    h, w = flow.shape[-3:-1]
    parts = np.moveaxis(flow, -1, 0)
    grown = resize(parts, height, width)[0]
    return np.moveaxis(grown, 0, -1) * np.array([width / w, height / h], flow.dtype)


def _check_frames(name, first, second):
    if first.shape != second.shape or first.ndim < 2 or min(first.shape[-2:]) < 3:
        raise ValueError(
            f"{name}: expected two grey frames (..., H, W) of one shape, at least 3 × 3, came {first.shape} and "
            f"{second.shape}. Try: frames.mean(-1) / 255 for colour"
        )
    if not (np.issubdtype(first.dtype, np.floating) and np.issubdtype(second.dtype, np.floating)):
        raise TypeError(f"{name}: expected float frames, came {first.dtype} and {second.dtype}. Try: frames / 255")


def _check_window(name, window, ridge=1.0):
    if window < 1 or window % 2 == 0:
        raise ValueError(f"{name}: expected an odd window from 1, came {window}")
    if not ridge > 0:
        raise ValueError(f"{name}: expected a ridge above 0, came {ridge}. Try: {RIDGE} for grey from 0 to 1")


def _check_flow(name, image, flow):
    if image.ndim < 2 or flow.shape != (*image.shape, 2) or 0 in image.shape:
        raise ValueError(
            f"{name}: expected an image (..., H, W) and a flow (..., H, W, 2), came {tuple(image.shape)} and "
            f"{tuple(flow.shape)}. Try: a colour image one channel at a time"
        )
