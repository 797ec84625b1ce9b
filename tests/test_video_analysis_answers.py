"""The questions on video: right answers in other styles pass, and calls of the rooms do not."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from mmcourse.grading import grade, questions
from mmcourse.summaries.scratch import greedy_facility_location, shot_boundaries
from mmcourse.video.scratch import fuse_scores, mean_pool, mean_pool_backward

BY_ID = {question.id: question for question in questions("09")}
SEEDS = range(5)


def patch_by_lstsq(slopes, change, weights, ridge):
    """Equations times the roots of their weights, and one more for each direction of the ridge."""
    found = np.zeros((len(slopes), 3))
    for n, w in enumerate(weights.astype(float)):
        there = w > 0
        if there.any():
            root = np.sqrt(w[there] / w.sum())[:, None]
            rows = np.concatenate([slopes[n, there], -np.ones((there.sum(), 1))], 1) * root
            rows = np.concatenate([rows, ridge**0.5 * np.eye(2, 3)])
            right = np.concatenate([-change[n, there, None] * root, np.zeros((2, 1))])
            found[n] = np.linalg.lstsq(rows, right, rcond=None)[0][:, 0]
    return found[:, :2].astype(slopes.dtype), found[:, 2].astype(slopes.dtype)


def known_by_formula(tensor, b, least):
    """The eigenvalues from trace and determinant, the projections as polynomials of the tensor."""
    S, identity = tensor.astype(float), np.eye(2)
    middle = np.trace(S, axis1=1, axis2=2) / 2
    half = np.hypot((S[:, 0, 0] - S[:, 1, 1]) / 2, S[:, 0, 1])
    motion, known = np.zeros(b.shape), np.zeros(len(b), np.int64)
    for n, vector in enumerate(b.astype(float)):
        values = middle[n] + half[n], middle[n] - half[n]
        known[n] = sum(value > least for value in values)
        if known[n] == 2:
            motion[n] = -np.linalg.solve(S[n], vector)
        elif known[n] == 1:
            motion[n] = -(S[n] - values[1] * identity) @ vector / (values[0] - values[1]) / values[0]
    return motion.astype(tensor.dtype), known


def there_and_back_by_scipy(forward, backward, share, least):
    H, W = forward.shape[:2]
    y, x = np.mgrid[:H, :W] + np.moveaxis(forward, -1, 0)[::-1]
    parts = [map_coordinates(backward[..., i].astype(float), [y, x], order=1, mode="nearest") for i in (0, 1)]
    back = np.stack(parts, -1)
    squares = ((forward + back) ** 2).sum(-1)
    inside = (np.abs(x - (W - 1) / 2) <= (W - 1) / 2) & (np.abs(y - (H - 1) / 2) <= (H - 1) / 2)
    seen = inside & (squares <= share * ((forward**2).sum(-1) + (back**2).sum(-1)) + least)
    return np.where(inside, np.sqrt(squares), np.nan).astype(forward.dtype), seen.astype(forward.dtype)


def turned_clip_by_clip(flow, labels, mirrored, backwards, partners):
    clips, names = [], []
    for clip, label, m, b in zip(flow, labels.tolist(), mirrored, backwards, strict=True):
        if m and partners[0][label] != -1:
            clip, label = np.stack([-clip[..., 0], clip[..., 1]], -1)[:, :, ::-1], partners[0][label]
        if b and partners[1][label] != -1:
            clip, label = -np.flip(clip, 0), partners[1][label]
        clips.append(clip)
        names.append(label)
    return np.stack(clips), np.array(names)


def fading_by_recursion(x, mask, logit, dy):
    """Numerator and denominator frame by frame, and PyTorch for the way back."""
    seen = torch.from_numpy(np.where(mask[..., None], x, 0).astype(float)).requires_grad_()
    knob = torch.from_numpy(logit.astype(float)).requires_grad_()
    lasts = [np.flatnonzero(row).max(initial=-1) for row in mask]
    ys = []
    for b, last in enumerate(lasts):
        above, below = torch.zeros(2, len(logit), dtype=torch.float64)
        for t in range(last + 1):
            here = float(mask[b, t])
            above, below = knob.sigmoid() * above + here * seen[b, t], knob.sigmoid() * below + here
        ys.append(above / below if last >= 0 else above)
    y = torch.stack(ys)
    (y * torch.from_numpy(dy.astype(float))).sum().backward()
    return tuple(a.astype(x.dtype) for a in (y.detach().numpy(), seen.grad.numpy(), knob.grad.numpy()))


def streams_one_by_one(scores, present, habit):
    """From the habit onwards, each stream adds what it says beyond that."""
    rows = []
    for said, there in zip(scores.astype(float), present, strict=True):
        belief = np.log(habit.astype(float))
        for stream in said[there]:
            belief = belief + stream - np.logaddexp.reduce(stream) - np.log(habit)
        rows.append(np.exp(belief - np.logaddexp.reduce(belief)))
    return np.array(rows, scores.dtype)


def changes_by_codes(h, low, high):
    """Frames as letters, runs by splitting the word that they make."""
    leap = [0.0, *(np.abs(a - b).sum() / 2 for a, b in zip(h[1:], h[:-1], strict=True))]
    word = "".join("c" if x >= high else "r" if x >= low else "." for x in leap)
    rows = [(t, t, leap[t]) for t, letter in enumerate(word) if letter == "c"]
    t = 0
    for run in word.replace("c", ".").split("."):
        if run:
            change = np.abs(h[t + len(run) - 1] - h[t - 1]).sum() / 2
            rows += [(t, t + len(run) - 1, change)] if change >= high else []
        t += len(run) + 1
    return np.array(sorted(rows)).astype(h.dtype).reshape(len(rows), 3)


def budget_by_lists(shows, worth, seconds, cap, budget):
    def value(chosen):
        return float(
            sum(r * min(cap, sum(row[s] for s in chosen)) for r, row in zip(worth, shows.astype(float), strict=True))
        )

    best, time = [], budget
    while True:
        bargains = [
            ((value([*best, s]) - value(best)) / seconds[s], s)
            for s in range(len(seconds))
            if s not in best and seconds[s] <= time and value([*best, s]) - value(best) > 1e-3
        ]
        if not bargains:
            break
        best.append(max(bargains)[1])
        time -= seconds[best[-1]]
    for s in range(len(seconds)):
        if seconds[s] <= budget and value([s]) > value(best):
            best = [s]
    values = [value(best[: i + 1]) for i in range(len(best))]
    return np.array(best, np.int64), np.array(values, worth.dtype)


RIGHT = {
    "09-patch": patch_by_lstsq,
    "09-known": known_by_formula,
    "09-consistency": there_and_back_by_scipy,
    "09-mirror": turned_clip_by_clip,
    "09-pool": fading_by_recursion,
    "09-fusion": streams_one_by_one,
    "09-shots": changes_by_codes,
    "09-budget": budget_by_lists,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)


# ---- calling a room does not answer a question


def pool_by_the_room(x, mask, logit, dy):
    y, cache = mean_pool(x, mask)
    return y, mean_pool_backward(dy, cache), np.zeros_like(logit)


def fusion_by_the_room(scores, present, habit):
    """The chapter's fusion: averaged logarithms, and a softmax."""
    with np.errstate(all="ignore"):
        log_p = scores - np.logaddexp.reduce(scores, -1, keepdims=True)
    joined = np.exp(fuse_scores(log_p, None, present)[0])
    return joined / joined.sum(-1, keepdims=True)


def shots_by_the_room(h, low, high):
    found = shot_boundaries(h)
    change = np.abs(h[found] - h[found - 1]).sum(1) / 2
    return np.stack([found, found, change], 1).astype(h.dtype).reshape(-1, 3)


def budget_by_the_room(shows, worth, seconds, cap, budget):
    """As many shots as the mean one fits in, by the likeness of what they show."""
    alike = shows.T @ shows
    chosen = greedy_facility_location(alike, worth @ shows, int(budget // seconds.mean()))
    covers = np.minimum(shows[:, chosen].cumsum(1), cap)
    return chosen, (worth @ covers).astype(worth.dtype)


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [
        ("09-pool", pool_by_the_room),
        ("09-fusion", fusion_by_the_room),
        ("09-shots", shots_by_the_room),
        ("09-budget", budget_by_the_room),
    ],
)
def test_the_functions_of_the_rooms_do_not_answer_a_question(question_id, answer):
    question = BY_ID[question_id]
    answer(*question.cases()[0].arguments)  # it runs
    result = grade(question, answer)
    assert (result.state, result.points) == ("wrong", 0)
