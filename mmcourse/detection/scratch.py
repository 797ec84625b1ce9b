"""Object detection by hand. The letters are declared in `mmcourse.detection`.

A box is (x0, y0, x1, y1) in pixels, x1 and y1 excluded: its area is (x1 - x0)(y1 - y0). One whose x1 is not above its
x0, or y1 not above y0, is empty: it has area 0 and shares nothing with any other.
"""

import numpy as np


def iou(a, b):
    """Intersection over union: the area that two boxes share, by the area that they cover together, 0 to 1.

    a (M, 4), b (N, 4): float. Returns (M, N). An empty box gives 0 with everything, also with itself, never NaN.
    """
    _check_boxes("iou", a=a, b=b)
    both = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])  # (M, N, 2)
    shared = np.maximum(both, 0).prod(-1)
    union = _area(a)[:, None] + _area(b) - shared
    return np.divide(shared, union, out=np.zeros_like(union), where=union > 0)


def _area(boxes):
    return np.maximum(boxes[..., 2:] - boxes[..., :2], 0).prod(-1)


def distances(points, boxes):
    """How far each point is from the left, top, right and bottom of its box (Tian et al. 2019, eq. 1).

    points (..., 2): x, y.   boxes (..., 4).   Returns (..., 4); all are positive where the point lies in the box.
    Leading axes broadcast: points (P, 1, 2) and boxes (N, 4) give (P, N, 4).
    """
    return np.concatenate([points - boxes[..., :2], boxes[..., 2:] - points], -1)


def boxes_from_distances(points, distances):
    """The way back from `distances` (..., 4) at points (..., 2) to boxes (..., 4)."""
    return np.concatenate([points - distances[..., :2], points + distances[..., 2:]], -1)


def giou_loss(predicted, target):
    """1 - GIoU of each pair of boxes (Rezatofighi et al. 2019, algorithm 1): 0 for equal boxes, towards 2 far apart.

    predicted, target (N, 4): float, row n of both is a pair. Returns the loss (N,) and the cache.

    With I the area shared, U that of the union and C that of the smallest box round both, GIoU = I / U - (C - U) / C,
    so the loss is 2 - I / U - U / C. IoU alone is I / U: where two boxes do not touch, I is 0 however far apart they
    are, a small step changes nothing, and its slope is 0. U / C grows as they come nearer.

    Empty boxes: where the union is empty, I / U and U / C count as 0, so the loss is 2, without a slope. A side of
    length 0 or less has no slope by its length; a prediction turned inside out within its target never gets out, so let
    predictions come from distances that are positive.
    """
    _check_boxes("giou_loss", predicted=predicted, target=target)
    if len(predicted) != len(target):
        raise ValueError(f"giou_loss: expected a target for each prediction, came {predicted.shape} and {target.shape}")
    # one row an edge, so that what follows runs over long rows: (2, N) near and far corners
    p0, p1, t0, t1 = *np.split(predicted.T.copy(), 2), *np.split(target.T.copy(), 2)
    size = np.maximum(p1 - p0, 0)
    inner = np.maximum(np.minimum(p1, t1) - np.maximum(p0, t0), 0)
    outer = np.maximum(np.maximum(p1, t1) - np.minimum(p0, t0), 0)
    shared, hull = inner[0] * inner[1], outer[0] * outer[1]
    width, height = np.maximum(t1 - t0, 0)
    union = size[0] * size[1] + width * height - shared
    there = union > 0  # and then the hull is at least as large
    by_union, by_hull = (np.divide(1, a, out=np.zeros_like(a), where=there) for a in (union, hull))
    loss = 2 - shared * by_union - union * by_hull
    beyond = 0.5 * np.sign(p0 - t0), 0.5 * np.sign(p1 - t1)
    return loss, (beyond, size, inner, outer, shared, union, by_union, by_hull)


def giou_loss_backward(dy, cache):
    """dy (N,) to dpredicted (N, 4). Where two edges lie on each other, it is the mean of the slopes on either side."""
    (right0, right1), size, inner, outer, shared, union, by_union, by_hull = cache
    dunion = dy * (shared * by_union**2 - by_hull)
    dshared = -dy * by_union - dunion
    dhull = dy * union * by_hull**2
    # an area grows with one side by the length of the other
    dsize, dinner, douter = (
        darea * sides[::-1] * (sides > 0) for darea, sides in ((dunion, size), (dshared, inner), (dhull, outer))
    )
    # of two near edges the one further right bounds what is shared, the other the hull; of two far edges the reverse
    d0 = -dsize - dinner * (0.5 + right0) - douter * (0.5 - right0)
    d1 = dsize + dinner * (0.5 - right1) + douter * (0.5 + right1)
    return np.concatenate([d0, d1]).T.copy()


def focal_loss(logits, targets, alpha=0.25, gamma=2.0):
    """Cross-entropy in which what is easy counts little (Lin et al. 2017, eq. 4 and 5).

    logits: float, any shape, each one yes-or-no question.   targets: bool, the same shape, True where yes is right.
    alpha: the weight of the questions whose answer is yes; the others have 1 - alpha.   gamma: how fast the weight
    falls with the chance p given to the right answer: the loss is alpha_t (1 - p)^gamma · -log p. 0 is cross-entropy.
    Returns the loss, shaped like logits, and the cache. No logit is too large: nothing overflows.
    """
    if logits.shape != targets.shape or targets.dtype != bool:
        raise ValueError(
            f"focal_loss: expected targets {logits.shape} bool, came {targets.shape} {targets.dtype}. "
            "Try: targets = np.eye(K, dtype=bool)[labels]"
        )
    z = np.where(targets, -logits, logits)  # how strongly the wrong answer is believed
    e = np.exp(-np.abs(z))  # at most 1
    q = np.where(z > 0, 1, e) / (1 + e)  # the chance of the wrong answer, 1 - p
    surprise = np.maximum(z, 0) + np.log1p(e)  # -log p
    weight = np.where(targets, *np.asarray([alpha, 1 - alpha], logits.dtype)) * q**gamma
    return weight * surprise, (targets, q, surprise, weight, gamma)


def focal_loss_backward(dy, cache):
    """dlogits, by the product rule: both the weight and the surprise grow with q, as dq/dz = q (1 - q)."""
    targets, q, surprise, weight, gamma = cache
    dz = dy * weight * (gamma * (1 - q) * surprise + q)
    return np.where(targets, -dz, dz)


def assign(points, boxes, radius):
    """The box for which each point is responsible: the smallest that it lies in, and whose middle is near.

    points (P, 2): x, y.   boxes (N, 4).   radius: pixels, nearer than this to the middle of its box must a point be,
    along x and along y (the centre sampling of FCOS, there 1.5 times the distance of the points). np.inf: anywhere in
    the box. Returns (P,) int: the index of the box, -1 for none. A point on an edge lies outside; of equally small
    boxes the first is taken. An empty box gets no point, nor does one that lies between the points.
    """
    _check_boxes("assign", boxes=boxes)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"assign: expected points (P, 2), came {points.shape}")
    if not radius > 0:
        raise ValueError(f"assign: expected a radius above 0, came {radius}")
    if not len(boxes):
        return np.full(len(points), -1)
    inside = distances(points[:, None], boxes).min(-1) > 0  # (P, N)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = np.abs(points[:, None] - middles).max(-1) < radius
    areas = np.where(inside & near, _area(boxes), np.inf)
    return np.where(np.isfinite(areas).any(1), areas.argmin(1), -1)


def non_maximum_suppression(boxes, scores, threshold=0.5, labels=None):
    """Of boxes that show the same thing, keep the best: one goes if its IoU with a better one kept is above threshold.

    boxes (N, 4), scores (N,): float.   labels (N,): int, so that only boxes of one class stand in each other's way;
    None: all do. Returns the indices of those kept, int, the best first; of equal scores the first comes first.
    """
    _check_boxes("non_maximum_suppression", boxes=boxes)
    if len({len(boxes), len(scores), len(boxes if labels is None else labels)}) > 1 or np.isnan(scores).any():
        raise ValueError(
            "non_maximum_suppression: expected a score (no NaN) and, if any, a label for each box, came "
            f"boxes {boxes.shape}, scores {scores.shape}{'' if labels is None else f', labels {labels.shape}'}"
        )
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        same = iou(boxes[[best]], boxes[order])[0] > threshold
        if labels is not None:
            same &= labels[order] == labels[best]
        order = order[~same]
    return np.array(kept, int)


def _check_boxes(name, **arrays):
    for argument, boxes in arrays.items():
        if boxes.ndim != 2 or boxes.shape[1] != 4 or boxes.dtype.kind != "f":
            raise ValueError(
                f"{name}: expected {argument} (N, 4) float, x0, y0, x1, y1 a row, came {boxes.shape} {boxes.dtype}"
            )
