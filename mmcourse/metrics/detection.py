"""Detection: are the boxes where the things are, and do the sure ones come first?

    found = average_precision(detections, truths)    # one Detections and one Truths an image
    found.ap, found.ap50, found.by_label[7]
    curve = precision_recall(detections, truths, label=7)

And how sure we may be of it, over other images of the kind, without comparing a single box again:

    matches = detection_matches(detections, truths)
    bootstrap_interval(np.arange(len(truths)), lambda drawn: average_precision_of_matches(matches, drawn).ap, rng=rng)

The measure is that of COCO (Lin et al. 2014, "Microsoft COCO: common objects in context", arXiv:1405.0312, and its
evaluation code, whose numbers these are): precision at 101 recalls, mean over labels and over ten thresholds of IoU.
Interpolated precision is that of PASCAL VOC (Everingham et al. 2010, IJCV 88, p. 303, section 4.2): there 11 recalls.

D detections   G truths   T thresholds   N images
"""

from typing import NamedTuple

import numpy as np

from mmcourse.detection.scratch import iou

COCO_THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).tolist())
RECALLS = np.linspace(0, 1, 101)


class Detections(NamedTuple):
    """What was found in an image: boxes (D, 4) x0, y0, x1, y1 in pixels, scores (D,), labels (D,) int."""

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Truths(NamedTuple):
    """What is in an image: boxes (G, 4) x0, y0, x1, y1 in pixels, labels (G,) int."""

    boxes: np.ndarray
    labels: np.ndarray


class Matches(NamedTuple):
    """Which detections were right: all that average precision needs to know of the boxes.

    by_label: {label: (images (D,) int, scores (D,), right (T, D) bool)}, the best first; images: from which each comes.
    truths: {label: (N,) int}, how many there are in each image.   thresholds: T of them.   images: N.
    """

    by_label: dict
    truths: dict
    thresholds: tuple
    images: int


class AveragePrecision(NamedTuple):
    """ap: the mean over labels and thresholds, 0 to 1; by_threshold: over labels; by_label: over thresholds.

    Labels without a truth do not count. ap50 is the one at the threshold 0.5, NaN where that was not asked for.
    """

    ap: float
    ap50: float
    by_threshold: dict
    by_label: dict


class Curve(NamedTuple):
    """Precision and recall (D,) after each detection of a label, the best first, and their scores (D,).

    envelope (D,): the best precision at this recall or a higher one; average_precision: its mean at 101 recalls.
    """

    recall: np.ndarray
    precision: np.ndarray
    envelope: np.ndarray
    scores: np.ndarray
    average_precision: float


def average_precision(detections, truths, thresholds=COCO_THRESHOLDS, most=100):
    """Average precision as COCO counts it. Returns an `AveragePrecision`.

    detections: N `Detections`, truths: N `Truths`, one an image, of which either may be empty.
    thresholds: the IoUs from which a box is right.   most: of how many detections an image and label, the best ones.
    Raises ValueError for lists and arrays that do not fit, scores that are not finite, and no truth at all.
    """
    return average_precision_of_matches(detection_matches(detections, truths, thresholds, most))


def average_precision_of_matches(matches, images=None):
    """The same from `Matches`.   images (M,) int: over these only, one named twice counting twice; None: over all.

    So a resample costs no comparison of boxes. Raises ValueError where no truth is left.
    """
    N = matches.images
    if images is not None and len(images) and not 0 <= np.min(images) <= np.max(images) < N:
        raise ValueError(f"average_precision: expected images 0 to {N - 1}, came {np.min(images)} to {np.max(images)}")
    times = np.ones(N, int) if images is None else np.bincount(images, minlength=N)
    each = {}
    for label, in_image in matches.truths.items():
        if total := in_image @ times:
            from_image, _, right = matches.by_label[label]
            each[label] = _interpolated(*_precision_recall(right, times[from_image], total))
    if not each:
        raise ValueError("average_precision: expected a truth in at least one image, came none")
    table = np.array(list(each.values()))  # labels x thresholds
    by_threshold = dict(zip(matches.thresholds, table.mean(0).tolist(), strict=True))
    by_label = dict(zip(each, table.mean(1).tolist(), strict=True))
    return AveragePrecision(float(table.mean()), by_threshold.get(0.5, np.nan), by_threshold, by_label)


def precision_recall(detections, truths, label, threshold=0.5, most=100):
    """The `Curve` of one label at one threshold of IoU, for a figure. Arguments and errors as `average_precision`."""
    matches = detection_matches(detections, truths, (threshold,), most)
    totals = {k: each.sum() for k, each in matches.truths.items() if each.any()}
    if label not in totals:
        raise ValueError(f"precision_recall: expected a truth of label {label}, came truths of {list(totals)}")
    _, scores, right = matches.by_label[label]
    precision, recall = _precision_recall(right, np.ones(len(scores), int), totals[label])
    area = float(_interpolated(precision, recall)[0])
    return Curve(recall[0], precision[0], _envelope(precision)[0], scores, area)


def detection_matches(detections, truths, thresholds=COCO_THRESHOLDS, most=100):
    """Which detections are right: `Matches`. Arguments and errors as `average_precision`.

    The surest detection of an image chooses first, among the truths of its label that are not taken, the one that it
    overlaps most, if by at least the threshold; of equal ones the last. So of two boxes for one thing one is wrong.
    """
    _check(detections, truths, thresholds)
    detections = [Detections(np.asarray(d.boxes, float), *map(np.asarray, d[1:])) for d in detections]
    truths = [Truths(np.asarray(t.boxes, float), np.asarray(t.labels)) for t in truths]
    T, N = len(thresholds), len(truths)
    labels = sorted({int(k) for each in (*detections, *truths) for k in each.labels})
    found = {label: [(np.zeros(0, int), np.zeros(0), np.zeros((T, 0), bool))] for label in labels}
    counts = {label: np.zeros(N, int) for label in labels}
    for i, (d, t) in enumerate(zip(detections, truths, strict=True)):
        for label in {*t.labels.tolist()}:
            counts[label][i] = np.sum(t.labels == label)
        for label in {*d.labels.tolist()}:
            mine = np.flatnonzero(d.labels == label)
            mine = mine[np.argsort(-d.scores[mine], kind="stable")[:most]]
            right = _match(iou(d.boxes[mine], t.boxes[t.labels == label]), thresholds)
            found[label].append((np.full(len(mine), i), d.scores[mine], right))
    by_label = {label: _best_first(*zip(*parts, strict=True)) for label, parts in found.items()}
    return Matches(by_label, counts, tuple(round(float(t), 9) for t in thresholds), N)


def _best_first(images, scores, right):
    """One label's detections in all images, joined; of equal scores the first image's first."""
    scores = np.concatenate(scores)
    order = np.argsort(-scores, kind="stable")
    return np.concatenate(images)[order], scores[order], np.concatenate(right, 1)[:, order]


def _match(overlaps, thresholds):
    """(T, D) bool: which detections find a truth, from overlaps (D, G), the surest detection first."""
    D, G = overlaps.shape
    right = np.zeros((len(thresholds), D), bool)
    enough = np.minimum(thresholds, 1 - 1e-10)[:, None]
    free = np.ones((len(thresholds), G), bool)
    for d in range(D if G else 0):
        fits = np.where(free & (overlaps[d] >= enough), overlaps[d], -1)
        chosen = G - 1 - fits[:, ::-1].argmax(1)  # of equal ones the last
        right[:, d] = fits[np.arange(len(fits)), chosen] >= 0
        free[right[:, d], chosen[right[:, d]]] = False
    return right


def _precision_recall(right, times, total):
    """Both (T, D) after each detection: right (T, D), each counting `times` (D,), of `total` truths."""
    hits = (right * times).cumsum(1)
    return hits / np.maximum(times.cumsum(), 1), hits / total


def _envelope(precision):
    """The best precision at this place or a later one."""
    return np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]


def _interpolated(precision, recall):
    """(T,): the mean of the envelope at 101 recalls, 0 where a recall is never reached."""
    reached = np.searchsorted(RECALLS, recall, "right")  # (T, D): how many of the 101 the best ones up to here reach
    return (np.diff(reached, axis=1, prepend=0) * _envelope(precision)).sum(1) / len(RECALLS)


def _check(detections, truths, thresholds):
    if len(detections) != len(truths) or not len(truths):
        raise ValueError(
            "average_precision: expected one Detections and one Truths for each image, "
            f"came {len(detections)} and {len(truths)}"
        )
    if not (len(thresholds) and all(0 < t <= 1 for t in thresholds)):
        raise ValueError(f"average_precision: expected thresholds between 0 and 1, came {thresholds}")
    for i, (d, t) in enumerate(zip(detections, truths, strict=True)):
        for name, (boxes, *others) in (("detections", d), ("truths", t)):
            shapes = [np.shape(a) for a in (boxes, *others)]
            if shapes != [(len(boxes), 4)] + [(len(boxes),)] * len(others):
                raise ValueError(
                    f"average_precision: expected boxes (N, 4) and N of all else, the {name} of image {i} have "
                    f"{', '.join(map(str, shapes))}. Try: np.zeros((0, 4)) for no box"
                )
        if not np.isfinite(d.scores).all():
            raise ValueError(f"average_precision: expected finite scores, image {i} has one that is not")
