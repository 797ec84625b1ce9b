"""The questions on alignment and retrieval: right answers in other styles pass, and calls of the rooms do not."""

import numpy as np
import pytest

from mmcourse.alignment.scratch import cca, info_nce, info_nce_backward
from mmcourse.grading import grade, questions
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.retrieval import ranks, recall_at_k

BY_ID = {question.id: question for question in questions("07")}
SEEDS = range(5)


def prompts_in_loops(images, prompts, label, classes, temperature):
    p = np.zeros((len(images), classes))
    for n, image in enumerate(images.astype(float)):
        for c in set(label.tolist()):
            middle = sum(prompt / np.linalg.norm(prompt) for prompt in prompts[label == c].astype(float))
            p[n, c] = image @ middle / (np.linalg.norm(image) or 1) / np.linalg.norm(middle) / temperature
        there = np.isin(np.arange(classes), label)
        p[n] = np.where(there, np.exp(p[n] - np.logaddexp.reduce(p[n][there])), 0)
    return p.astype(images.dtype)


def gap_by_einsum(u, v, share):
    unit = [x / np.sqrt(np.einsum("nd,nd->n", x, x))[:, None] for x in (u, v)]
    half = (unit[1].mean(0) - unit[0].mean(0)) * (share / 2)
    moved = [x + sign * half for x, sign in zip(unit, (1, -1), strict=True)]
    moved = [x / np.sqrt(np.einsum("nd,nd->n", x, x))[:, None] for x in moved]
    lengths = [np.hypot.reduce(a.mean(0) - b.mean(0)) for a, b in (unit, moved)]
    return *moved, np.array(lengths)


def positives_row_by_row(cosines, right, log_scale):
    losses, d, dlog = np.zeros(len(cosines)), np.zeros(cosines.shape), np.zeros(len(cosines))
    for b in np.flatnonzero(right.any(1)):
        s = cosines[b].astype(float) * np.exp(log_scale)
        everything, good = np.logaddexp.reduce(s), np.logaddexp.reduce(s[right[b]])
        slope = np.exp(s - everything)
        slope[right[b]] -= np.exp(s[right[b]] - good)
        losses[b], d[b], dlog[b] = everything - good, slope * np.exp(log_scale), slope @ s
    return tuple(x.astype(cosines.dtype) for x in (losses, d, dlog))


def canonical_by_svd(x, y, weights, shrinkage):
    """Singular vectors of the weighted views in the place of eigenvectors of their covariances."""
    w = np.sqrt(weights.astype(float) / weights.sum(dtype=float))[:, None]
    x, y = (w * (a - (w**2 * a).sum(0)) for a in (x.astype(float), y.astype(float)))
    roots = []
    for a in (x, y):
        _, s, vt = np.linalg.svd(a, full_matrices=True)
        values = np.zeros(len(vt))
        values[: len(s)] = s**2
        roots.append(vt.T @ np.diag(((1 - shrinkage) * values + shrinkage * values.mean()) ** -0.5) @ vt)
    T = roots[0] @ x.T @ y @ roots[1]
    small = T @ T.T if len(T) <= len(T.T) else T.T @ T
    correlations = np.sqrt(np.maximum(np.linalg.eigvalsh(small)[::-1], 0))
    return T.astype(weights.dtype), correlations.astype(weights.dtype)


def sigmoid_pair_by_pair(u, v, verdict, knobs):
    a, b, (t, bias) = u.astype(float), v.astype(float), (np.exp(float(knobs[0])), float(knobs[1]))
    losses, du, dv, dk = np.zeros(len(u)), np.zeros(u.shape), np.zeros(v.shape), np.zeros(2)
    for i, k in np.argwhere(verdict):
        lengths = np.linalg.norm(a[i]), np.linalg.norm(b[k])
        cosine = a[i] @ b[k] / lengths[0] / lengths[1]
        x = -verdict[i, k] * (t * cosine + bias)
        slope = -verdict[i, k] * np.exp(min(x, 0)) / (1 + np.exp(-abs(x))) / len(u)
        losses[i] += np.logaddexp(0, x)
        du[i] += slope * t * (b[k] / lengths[1] - cosine * a[i] / lengths[0]) / lengths[0]
        dv[k] += slope * t * (a[i] / lengths[0] - cosine * b[k] / lengths[1]) / lengths[1]
        dk += slope * t * cosine, slope
    return tuple(x.astype(u.dtype) for x in (losses, du, dv, dk))


def search_by_counting(scores, right, ks):
    """The rank of a right image: the images ahead of it, and the wrong ones beside it."""
    best, precisions = [], np.full(scores.shape[1], np.nan, scores.dtype)
    for t in range(scores.shape[1]):
        own = np.sort(scores[right[:, t], t])[::-1]
        places = [i + (~right[:, t] & (scores[:, t] >= s)).sum() for i, s in enumerate(own, 1)]
        if places:
            best.append(places[0])
            precisions[t] = sum(i / place for i, place in enumerate(places, 1)) / len(places)
    return np.array([sum(place <= k for place in best) / len(best) for k in ks], scores.dtype), precisions


def swaps_by_the_interval_of_the_course(right, swapped, kind, z):
    table = []
    for k in sorted(set(kind.tolist())):
        won, guess = [], []
        for own, row in zip(right, swapped[:, kind == k], strict=True):
            others = [x for x in row if x == x]
            if others:
                won.append(own > max(others))
                guess.append(1 / (1 + len(others)))
        low, high = wilson_interval(sum(won), len(won), z)
        chance = sum(guess) / len(guess)
        table.append([np.mean(won), low, high, chance, (low > chance) * 1 - (high < chance) * 1])
    return np.array(table).astype(right.dtype)


RIGHT = {
    "07-prompts": prompts_in_loops,
    "07-gap": gap_by_einsum,
    "07-positives": positives_row_by_row,
    "07-canonical": canonical_by_svd,
    "07-sigmoid": sigmoid_pair_by_pair,
    "07-retrieval": search_by_counting,
    "07-reading": swaps_by_the_interval_of_the_course,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)


# ---- calling a room does not answer a question


def positives_by_the_room(cosines, right, log_scale):
    """Its loss for each image alone, the first right text in front and the others left out."""
    losses, d, dlog = np.zeros(len(cosines)), np.zeros(cosines.shape), np.zeros(len(cosines))
    for b in np.flatnonzero(right.any(1)):
        order = np.argsort(np.arange(right.shape[1]) != right[b].argmax(), kind="stable")
        u, v = np.eye(1), cosines[b, order][:, None]
        loss, cache = info_nce(u, v, np.array(float(log_scale)), right[[b]][:, order])
        _, dv, dlog[b] = info_nce_backward(2.0, cache)
        losses[b], d[b, order] = 2 * loss, dv[:, 0]
    return tuple(x.astype(cosines.dtype) for x in (losses, d, dlog))


def canonical_by_the_room(x, y, weights, shrinkage):
    found = cca(x, y, min(x.shape[1], y.shape[1]), shrinkage)
    return found.w_x @ np.diag(found.correlations) @ found.w_y.T, found.correlations


def retrieval_by_the_room(scores, right, ks):
    places = ranks(scores.T, right.T)
    return np.array([recall_at_k(places, k) for k in ks]), 1 / places


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [
        ("07-positives", positives_by_the_room),
        ("07-canonical", canonical_by_the_room),
        ("07-retrieval", retrieval_by_the_room),
    ],
)
def test_the_functions_of_the_rooms_do_not_answer_a_question(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)
