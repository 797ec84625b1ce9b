"""The questions on image understanding: right answers in other styles pass, and calls of the rooms do not."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcourse.detection.scratch import (
    focal_loss,
    focal_loss_backward,
    giou_loss,
    giou_loss_backward,
    iou,
    non_maximum_suppression,
)
from mmcourse.grading import grade, questions
from mmcourse.saliency.scratch import grad_cam

BY_ID = {question.id: question for question in questions("08")}
SEEDS = range(5)


def overlaps_in_loops(a, b, crowd):
    table = np.zeros((*a.shape[:2], b.shape[1]), a.dtype)
    for i, m, n in np.ndindex(*table.shape):
        (x, y, w, h), (u, v, s, t) = a[i, m].astype(float), b[i, n].astype(float)
        if min(w, h, s, t) > 0:
            along = [max(0, min(c + d / 2, e + f / 2) - max(c - d / 2, e - f / 2)) for c, d, e, f in
                     ((x, w, u, s), (y, h, v, t))]  # fmt: skip
            shared = along[0] * along[1]
            table[i, m, n] = shared / (w * h if crowd[i, n] else w * h + s * t - shared)
    return table


def trust_by_odds(logits, told, reliability):
    """What is named is raised by the odds r (K − 1) / (1 − r), unless these are without a limit or 0."""
    K = logits.shape[1]
    scores = logits.astype(float)
    for n, t in np.argwhere(told >= 0):
        r, others = float(reliability[t]), np.arange(K) != told[n, t]
        if r == 1:
            scores[n, others] = -np.inf
        elif r == 0:
            scores[n, told[n, t]] = -np.inf
        else:
            scores[n, told[n, t]] += np.log(r * (K - 1) / (1 - r))
    chances = np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None]).astype(logits.dtype)
    trust = [[chances[n, k] if k >= 0 else np.nan for k in row] for n, row in enumerate(told)]
    return chances, np.array(trust, logits.dtype)


def maps_by_autograd(grid, layer, bias, head, named, other, sharpness):
    a = torch.from_numpy(grid).double().requires_grad_()
    w, b, u = (torch.from_numpy(x).double() for x in (layer, bias, head))
    h = F.conv2d(a, w[:, :, None, None], b).relu().flatten(2)
    z = (torch.logsumexp(sharpness * h, 2) - np.log(h.shape[2])) / sharpness @ u.T
    rows = torch.arange(len(grid))
    against = torch.where(torch.from_numpy(other) < 0, 0.0, z[rows, other])
    (z[rows, named] - against).sum().backward()
    return a.grad.numpy().astype(grid.dtype), (a.grad * a).sum(1).clamp(min=0).detach().numpy().astype(grid.dtype)


def quality_by_autograd(logits, labels, quality, beta):
    z = torch.from_numpy(logits).double().requires_grad_()
    y = torch.zeros_like(z).detach()
    for point, label in enumerate(labels):
        if label >= 0:
            y[point, label] = float(quality[point])
    each = (z.sigmoid() - y).abs() ** beta * F.binary_cross_entropy_with_logits(z, y, reduction="none")
    losses = each.sum(1)[torch.from_numpy(labels) > -2]
    (losses.sum() / max(1, (labels >= 0).sum())).backward()
    all_losses = np.zeros(len(logits))
    all_losses[labels > -2] = losses.detach().numpy()
    return all_losses.astype(logits.dtype), z.grad.numpy().astype(logits.dtype)


def distance_by_autograd(codes, points, targets, stride):
    c = torch.from_numpy(codes).double().requires_grad_()
    points, targets = torch.from_numpy(points).double(), torch.from_numpy(targets).double()
    x0, y0, x1, y1 = (points.repeat(1, 2) + stride * c.exp() * torch.tensor([-1, -1, 1, 1])).unbind(1)
    u0, v0, u1, v1 = targets.unbind(1)
    shared = (torch.minimum(x1, u1) - torch.maximum(x0, u0)).relu() * (
        torch.minimum(y1, v1) - torch.maximum(y0, v0)
    ).relu()
    union = (x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared
    diagonal = (torch.maximum(x1, u1) - torch.minimum(x0, u0)) ** 2 + (
        torch.maximum(y1, v1) - torch.minimum(y0, v0)
    ) ** 2
    losses = 1 - shared / union + ((x0 + x1 - u0 - u1) ** 2 + (y0 + y1 - v0 - v1) ** 2) / 4 / diagonal
    losses.sum().backward()
    return losses.detach().numpy().astype(codes.dtype), c.grad.numpy().astype(codes.dtype)


def suppression_class_by_class(boxes, scores, labels, sigma, least):
    """Classes do not hear of each other: each by itself, and all sorted at the end."""
    found = []
    for label in set(labels.tolist()):
        mine = [[score, -i] for i, score in enumerate(scores) if labels[i] == label]
        while mine:
            mine.sort()
            score, i = mine.pop()
            if score >= least:
                found.append((score, i))
            for other in mine:
                other[0] *= np.exp(-(iou(boxes[[-i]], boxes[[-other[1]]])[0, 0] ** 2) / sigma)
    found.sort(reverse=True)
    return np.array([-i for _, i in found], np.int64), np.array([s for s, _ in found], scores.dtype)


def precisions_with_numpy(scores, overlaps, difficult, threshold):
    D = len(scores)
    best, thing = overlaps.max(1, initial=0), overlaps.argmax(1)
    verdicts = np.where((best >= threshold) & difficult[thing], np.nan, 0).astype(scores.dtype)
    order = np.lexsort([np.arange(D), -scores])
    for g in np.flatnonzero(~difficult):
        verdicts[[d for d in order if thing[d] == g and best[d] >= threshold][:1]] = 1
    right = verdicts[order][~np.isnan(verdicts[order])]
    hits, table = np.cumsum(right), np.zeros(11, scores.dtype)
    for k in range(11):
        reached = np.flatnonzero(10 * hits >= k * np.sum(~difficult))
        table[k] = max((hits[reached] / (reached + 1)).tolist(), default=0)
    return verdicts, table


def nowhere_by_its_limit(logits, thing, costs):
    """Point where the chance of the best thing is above a limit that depends on the chance of nowhere."""
    logits, (w, f, m) = logits.astype(float), costs.astype(float)
    p = np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None])
    of_things = np.zeros((len(p), thing.max() + 1))
    np.add.at(of_things.T, thing, p[:, :-1].T)
    best, nowhere = of_things.max(1), p[:, -1]
    answers, expected = np.full(len(p), -1), m * (1 - nowhere)
    points = w * best > (w - m) * (1 - nowhere) + f * nowhere
    answers[points] = of_things.argmax(1)[points]
    expected[points] = (w * (1 - nowhere - best) + f * nowhere)[points]
    return answers, expected.astype(costs.dtype)


RIGHT = {
    "08-overlap": overlaps_in_loops,
    "08-trust": trust_by_odds,
    "08-maps": maps_by_autograd,
    "08-quality": quality_by_autograd,
    "08-distance": distance_by_autograd,
    "08-suppression": suppression_class_by_class,
    "08-precision": precisions_with_numpy,
    "08-nowhere": nowhere_by_its_limit,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)


# ---- calling a room does not answer a question


def overlaps_by_the_room(a, b, crowd):
    return np.stack([iou(*pair) for pair in zip(a, b, strict=True)])


def maps_by_the_room(grid, layer, bias, head, named, other, sharpness):
    slope = BY_ID["08-maps"].reference(grid, layer, bias, head, named, other, sharpness)[0]
    return slope, grad_cam(grid, slope)


def quality_by_the_room(logits, labels, quality, beta):
    targets = labels[:, None] == np.arange(logits.shape[1])
    losses, cache = focal_loss(logits, targets, gamma=beta)
    return losses.sum(1), focal_loss_backward(np.ones_like(logits), cache) / max(1, targets.sum())


def distance_by_the_room(codes, points, targets, stride):
    d = stride * np.exp(codes)
    losses, cache = giou_loss(np.concatenate([points - d[:, :2], points + d[:, 2:]], 1), targets)
    return losses, giou_loss_backward(np.ones_like(losses), cache) * d * [-1, -1, 1, 1]


def suppression_by_the_room(boxes, scores, labels, sigma, least):
    kept = non_maximum_suppression(boxes, scores, 0.5, labels)
    kept = kept[scores[kept] >= least]
    return kept, scores[kept]


@pytest.mark.parametrize(
    ("question_id", "answer", "part_of_the_hint"),
    [
        ("08-overlap", overlaps_by_the_room, ""),
        ("08-maps", maps_by_the_room, "as Grad-CAM does"),
        ("08-quality", quality_by_the_room, ""),
        ("08-distance", distance_by_the_room, "generalised IoU"),
        ("08-suppression", suppression_by_the_room, "throw out"),
    ],
)
def test_the_functions_of_the_rooms_do_not_answer_a_question(question_id, answer, part_of_the_hint):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)
    assert part_of_the_hint in result.hint
