"""08-suppression: boxes that overlap with a better one of their class lose some of their score, and may yet stay.

Soft-NMS with a Gaussian (Bodla et al. 2017, arXiv:1704.04503), class by class and with a least score.
"""

import numpy as np

from mmcourse.detection.scratch import iou

from ..question import TOLERANCE, Case, Question, WrongAnswer
from .drawing import boxes as drawn_boxes


def reference(boxes, scores, labels, sigma, least):
    return _with()(boxes, scores, labels, sigma, least)


def _gaussian(overlap, sigma):
    return np.exp(-(overlap**2) / sigma)


def _times(scores, factor):
    return scores * factor


def _of_its_class(labels, label):
    return labels == label


def _first_of_the_best(scores):
    return int(scores.argmax())


def _at_least(score, first, least):
    return score >= least


def _with(
    decay=_gaussian, lower=_times, same=_of_its_class, choose=_first_of_the_best, stays=_at_least, goes_on=True,
    told=lambda kept, now, first: now[kept], in_order=lambda kept: kept,
):  # fmt: skip
    """Soft suppression with another decay, order, or limit. goes_on: boxes are chosen anew after each decay."""

    def suppressed(boxes, scores, labels, sigma, least):
        overlaps = iou(boxes, boxes)
        now, free, kept = scores.copy(), np.ones(len(scores), bool), []
        while free.any():
            best = choose(np.where(free, now if goes_on else scores, -np.inf))
            free[best] = False
            if stays(now[best], scores[best], least):
                kept.append(best)
                hit = free & same(labels, labels[best])
                now[hit] = lower(now[hit], decay(overlaps[best, hit], sigma))
        kept = np.array(in_order(kept), np.int64)
        return kept, told(kept, now, scores).astype(scores.dtype)

    return suppressed


def draw(rng):
    yield _case(rng, "13 boxes of 2 classes", 13, 2)
    yield _case(rng, "one box", 1, 1)
    yield _case(rng, "one class", 17, 1)
    yield _case(rng, "as many classes as boxes", 7, 7)
    yield _case(rng, "the same box many times", 11, 2, room=0.0)
    yield _case(rng, "a slow decay", 19, 3, sigma=2.0)
    yield _case(rng, "a fast decay", 13, 2, sigma=0.1)
    yield _case(rng, "boxes that touch nowhere, two and two with one score", 6, 1, far=True)
    yield _case(rng, "a score that equals the limit", 7, 1, far=True, exact=True)
    yield _case(rng, "no score reaches the limit", 5, 2, scale=0.2)
    yield _case(rng, "a hundred boxes", 101, 5)
    yield _case(rng, "float32", 13, 2, dtype=np.float32)


def _case(
    rng, name, N, K, sigma=0.5, room=4.0, far=False, exact=False, scale=1.0, least=0.25, dtype=np.float64
):  # fmt: skip
    boxes = drawn_boxes(rng, N, room=room, least=3.0)
    scores, labels = scale * rng.uniform(0.2, 1, N), rng.integers(0, K, N)
    if K == N:
        labels = rng.permutation(N)
    if far:
        boxes += 20.0 * np.arange(N)[:, None]
        scores = scores[np.arange(N) // 2] + 0.1
    if exact:
        scores[rng.integers(0, N)] = least
    return Case(name, (boxes.astype(dtype), scores.astype(dtype), labels, sigma, least))


def _last_of_the_best(scores):
    return len(scores) - 1 - int(scores[::-1].argmax())


def everyone_at_once(boxes, scores, labels, sigma, least):
    """Each is lowered by all that were better at first, whether these stay or not."""
    better = (scores[:, None] > scores) & (labels[:, None] == labels)
    now = scores * np.where(better, np.exp(-(iou(boxes, boxes) ** 2) / sigma), 1).prod(0)
    order = np.argsort(-now, kind="stable")
    kept = order[now[order] >= least]
    return kept, now[kept].astype(scores.dtype)


def strongest_decay_alone(boxes, scores, labels, sigma, least):
    """The score is what one better box leaves of it, the one with the largest overlap."""
    overlaps, free, kept = iou(boxes, boxes), np.ones(len(scores), bool), []
    factor = np.ones_like(scores)
    while free.any():
        best = int(np.where(free, scores * factor, -np.inf).argmax())
        if scores[best] * factor[best] < least:
            break
        free[best] = False
        kept.append(best)
        hit = free & (labels == labels[best])
        factor[hit] = np.minimum(factor[hit], np.exp(-(overlaps[best, hit] ** 2) / sigma))
    kept = np.array(kept, np.int64)
    return kept, (scores * factor)[kept]


def those_kept_as_well(boxes, scores, labels, sigma, least):
    """Every box of the class is lowered, those that were chosen before, too."""
    overlaps, free, kept, now = iou(boxes, boxes), np.ones(len(scores), bool), [], scores.copy()
    while free.any():
        best = int(np.where(free, now, -np.inf).argmax())
        if now[best] < least:
            break
        free[best] = False
        kept.append(best)
        hit = (labels == labels[best]) & (np.arange(len(scores)) != best)
        now[hit] *= np.exp(-(overlaps[best, hit] ** 2) / sigma)
    kept = np.array(kept, np.int64)
    return kept, now[kept]


def one_chosen_for_each_class(boxes, scores, labels, sigma, least):
    kept, now = reference(boxes, scores, labels, sigma, least)
    first = np.array([k not in labels[kept[:i]] for i, k in enumerate(labels[kept])], bool)
    return kept[first], now[first]


def _threshold(overlap, sigma):
    return np.where(overlap > 0.5, 0, 1)


WRONG = (
    WrongAnswer(
        "thrown out",
        _with(decay=_threshold),
        "You throw out what overlaps by more than a half, and leave the rest as it is. Here nobody is thrown out for "
        "an overlap: the score falls, the more the larger it is.",
    ),
    WrongAnswer(
        "a linear decay",
        _with(decay=lambda overlap, sigma: 1 - overlap),
        "You multiply by 1 − IoU, the other decay of the same paper. Asked is the Gaussian, exp(−IoU² / σ).",
    ),
    WrongAnswer(
        "the overlap not squared",
        _with(decay=lambda overlap, sigma: np.exp(-overlap / sigma)),
        "You do not square the overlap in the exponent. The square spares boxes that hardly overlap.",
    ),
    WrongAnswer(
        "sigma squared",
        _with(decay=lambda overlap, sigma: np.exp(-(overlap**2) / sigma**2)),
        "You square σ in the exponent. Here it stands as it is: exp(−IoU² / σ).",
    ),
    WrongAnswer(
        "twice sigma squared",
        _with(decay=lambda overlap, sigma: np.exp(-(overlap**2) / (2 * sigma**2))),
        "You divide by 2 σ², as in the density of a Gaussian. This paper's σ stands alone: exp(−IoU² / σ).",
    ),
    WrongAnswer(
        "what falls and what stays exchanged",
        _with(decay=lambda overlap, sigma: 1 - np.exp(-(overlap**2) / sigma)),
        "You multiply by what should be taken away. A box that touches no other keeps all of its score: exp(0) = 1.",
    ),
    WrongAnswer(
        "subtracted",
        _with(lower=lambda scores, factor: scores - (1 - factor)),
        "You subtract. The score is multiplied by exp(−IoU² / σ), so that it stays above 0.",
    ),
    WrongAnswer(
        "only above a half",
        _with(decay=lambda overlap, sigma: np.where(overlap > 0.5, np.exp(-(overlap**2) / sigma), 1)),
        "You lower a score only where the overlap is above a half. The Gaussian needs no threshold: a small overlap "
        "takes little.",
    ),
    WrongAnswer(
        "across classes",
        _with(same=lambda labels, label: np.ones(len(labels), bool)),
        "Boxes of different classes lower each other for you. A rider and his horse overlap, and both are there.",
    ),
    WrongAnswer(
        "never chosen anew",
        _with(goes_on=False),
        "You go through the boxes in the order of their first scores. After each decay the best of those left may be "
        "another: choose by the scores as they are now.",
    ),
    WrongAnswer(
        "all at once",
        everyone_at_once,
        "You lower each box by all that were better at first. Those that have lost their score themselves by then "
        "should not lower others: one after the other.",
    ),
    WrongAnswer(
        "the strongest decay alone",
        strongest_decay_alone,
        "You let only the largest overlap count. Every better box that stays multiplies the score once more.",
    ),
    WrongAnswer(
        "those chosen before are lowered as well",
        those_kept_as_well,
        "You lower boxes that were chosen already. They were better; only those still waiting fall.",
    ),
    WrongAnswer(
        "the limit asked of the first scores",
        _with(stays=lambda score, first, least: first >= least),
        "You ask for the least score before the decay. A box that has lost nearly everything then stays.",
    ),
    WrongAnswer(
        "no limit",
        _with(stays=lambda score, first, least: True),
        "You keep all boxes. Those whose score is below the least when they are chosen do not stay.",
    ),
    WrongAnswer(
        "strictly above the limit",
        _with(stays=lambda score, first, least: score > least),
        "A score that equals the least is enough. You ask for more.",
    ),
    WrongAnswer(
        "the last of equals first",
        _with(choose=_last_of_the_best),
        "Of equal scores you choose the last. The first comes first.",
    ),
    WrongAnswer(
        "one for each class",
        one_chosen_for_each_class,
        "You keep one box of each class. There may be several things of a class in the picture.",
    ),
    WrongAnswer(
        "the first scores told",
        _with(told=lambda kept, now, first: first[kept]),
        "The right boxes stay, in the right order. You return the scores that they had at first; asked are those that "
        "are left.",
    ),
    WrongAnswer(
        "in the order of the boxes",
        _with(in_order=sorted),
        "The right boxes stay. You return them in the order in which they came; asked is the order in which they are "
        "chosen, the best first.",
    ),
)

QUESTION = Question(
    id="08-suppression",
    title="Less sure in place of thrown out",
    points=10,
    name="soft_suppression",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("those kept", "their scores"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
