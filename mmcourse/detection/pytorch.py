"""The twins of `scratch`: same names, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F


def iou(a, b):
    both = torch.minimum(a[:, None, 2:], b[:, 2:]) - torch.maximum(a[:, None, :2], b[:, :2])
    shared = F.relu(both).prod(-1)
    union = _area(a)[:, None] + _area(b) - shared
    return torch.where(union > 0, shared / union, 0)


def _area(boxes):
    return F.relu(boxes[..., 2:] - boxes[..., :2]).prod(-1)


def distances(points, boxes):
    return torch.cat([points - boxes[..., :2], boxes[..., 2:] - points], -1)


def boxes_from_distances(points, distances):
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], -1)


def giou_loss(predicted, target):
    (p0, p1), (t0, t1) = predicted.split(2, 1), target.split(2, 1)
    inner = F.relu(torch.minimum(p1, t1) - torch.maximum(p0, t0))
    outer = F.relu(torch.maximum(p1, t1) - torch.minimum(p0, t0))
    shared, hull = inner.prod(1), outer.prod(1)
    union = _area(predicted) + _area(target) - shared
    there = union > 0
    union, hull = (torch.where(there, a, 1) for a in (union, hull))  # before the division, or its slope would be NaN
    return torch.where(there, 2 - shared / union - union / hull, 2)


def focal_loss(logits, targets, alpha=0.25, gamma=2.0):
    yes = targets.to(logits)
    z = torch.where(targets, -logits, logits)
    weight = alpha * yes + (1 - alpha) * (1 - yes)
    return -weight * z.sigmoid() ** gamma * F.logsigmoid(-z)


def assign(points, boxes, radius):
    if not len(boxes):
        return torch.full((len(points),), -1, device=points.device)
    inside = distances(points[:, None], boxes).amin(-1) > 0
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    near = (points[:, None] - middles).abs().amax(-1) < radius
    areas = torch.where(inside & near, _area(boxes), torch.inf)
    return torch.where(areas.isfinite().any(1), areas.argmin(1), -1)


def non_maximum_suppression(boxes, scores, threshold=0.5, labels=None):
    same = iou(boxes, boxes) > threshold
    if labels is not None:
        same &= labels[:, None] == labels
    gone, kept = torch.zeros_like(scores, dtype=torch.bool), []
    for i in scores.argsort(descending=True, stable=True).tolist():
        if not gone[i]:
            kept.append(i)
            gone |= same[i]
    return torch.tensor(kept, dtype=torch.int64, device=boxes.device)
