"""08-overlap: how much boxes overlap that are written by their middles, a batch at a time, with crowds.

The rule for crowds is that of COCO's evaluation code (Lin et al. 2014, arXiv:1405.0312): what a box shares with a
region that holds many things is divided by the area of that box alone.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(a, b, crowd):
    return _with()(a, b, crowd)


def _from_the_middle(boxes):
    half = boxes[..., 2:] / 2
    return boxes[..., :2] - half, boxes[..., :2] + half


def _length(low, high):
    return np.maximum(high - low, 0)


def _area(boxes):
    return np.maximum(boxes[..., 2:], 0).prod(-1)


def _union(one, other, shared):
    return one + other - shared


def _the_box_alone(one, other, shared):
    return one + 0 * other


def _nothing_shared_is_zero(shared, whole):
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def _both(low, high, length):
    return length(low, high).prod(-1)


def _with(
    corners=_from_the_middle, length=_length, area=_area, usual=_union, in_crowd=_the_box_alone,
    divide=_nothing_shared_is_zero, share=_both, bounds=(np.maximum, np.minimum),
):  # fmt: skip
    """The table of overlaps with corners, areas, or denominators that are another's."""

    def overlaps(a, b, crowd):
        (a0, a1), (b0, b1) = corners(a), corners(b)
        low, high = bounds[0](a0[:, :, None], b0[:, None]), bounds[1](a1[:, :, None], b1[:, None])
        shared = share(low, high, length)  # (B, M, N)
        areas = area(a)[:, :, None], area(b)[:, None]
        return divide(shared, np.where(crowd[:, None], in_crowd(*areas, shared), usual(*areas, shared)))

    return overlaps


def draw(rng):
    yield _case(rng, "3 images with 5 and 7 boxes", 3, 5, 7)
    yield _case(rng, "one image, one box each", 1, 1, 1, middles=0.5)
    yield _case(rng, "no crowds", 2, 7, 5, crowds=0.0)
    yield _case(rng, "crowds alone", 2, 3, 5, crowds=1.0)
    yield _case(rng, "rows of zeros that fill up the batch", 3, 7, 5, filled=True)
    yield _case(rng, "boxes turned inside out", 2, 5, 7, inside_out=True)
    yield _case(rng, "the same boxes twice", 2, 5, 5, same=True)
    yield _case(rng, "boxes that touch nowhere", 2, 3, 5, away=40.0)
    yield _case(rng, "boxes smaller than a pixel", 2, 5, 3, size=0.05)
    yield _case(rng, "float32", 3, 5, 7, dtype=np.float32)


def _case(
    rng, name, B, M, N, middles=8.0, size=1.0, crowds=0.4, filled=False, inside_out=False, same=False, away=0.0,
    dtype=np.float64,
):  # fmt: skip
    """middles lie in a square of so many pixels; crowds: the share of targets that are one."""
    a, b = (
        np.concatenate([rng.uniform(0, middles, (B, n, 2)), rng.uniform(1.5, 6, (B, n, 2))], -1) * size for n in (M, N)
    )
    b[..., :2] += away
    if filled:
        a[:, -2:], b[1:, -1:] = 0, 0
    if inside_out:
        a[:, ::2, 2:] *= -1
        b[:, 1::3, 3] *= -1
    crowd = rng.random((B, N)) < crowds
    if 0 < crowds < 1 and N > 1:
        crowd[:, 0], crowd[:, 1] = True, False
    return Case(name, (a.astype(dtype), (a.copy() if same else b).astype(dtype), crowd))


def _upper_left(boxes):
    return boxes[..., :2], boxes[..., :2] + boxes[..., 2:]


def _whole_sides(boxes):
    return boxes[..., :2] - boxes[..., 2:], boxes[..., :2] + boxes[..., 2:]


def _corners_already(boxes):
    return boxes[..., :2], boxes[..., 2:]


def _area_of_corners(boxes):
    return np.maximum(boxes[..., 2:] - boxes[..., :2], 0).prod(-1)


def _turned_back(boxes):
    return _from_the_middle(np.concatenate([boxes[..., :2], np.abs(boxes[..., 2:])], -1))


def _one_pixel_more(low, high):
    return np.maximum(high - low + 1, 0)


def first_image_for_all(a, b, crowd):
    return reference(a, np.broadcast_to(b[:1], b.shape), np.broadcast_to(crowd[:1], crowd.shape))


def targets_first(a, b, crowd):
    return np.moveaxis(reference(a, b, crowd), 1, 2).copy()


WRONG = (
    WrongAnswer(
        "read as corners",
        _with(corners=_corners_already, area=_area_of_corners),
        "You read the four numbers as two corners. The last two are the width and the height, and the first two are "
        "the middle.",
    ),
    WrongAnswer(
        "the middle taken for a corner",
        _with(corners=_upper_left),
        "You start each box at its middle. It reaches half of its width to the left of it, and half to the right.",
    ),
    WrongAnswer(
        "twice as large",
        _with(corners=_whole_sides),
        "You go the whole width to both sides of the middle, so the boxes that meet are twice as wide as those whose "
        "areas you take. Half of it to each side.",
    ),
    WrongAnswer(
        "two negatives make an area",
        _with(length=lambda low, high: high - low),
        "Boxes that lie apart along x and along y share something for you: the product of two negative lengths is "
        "positive. Set each length to 0 before you multiply.",
    ),
    WrongAnswer(
        "cut off after the product",
        _with(share=lambda low, high, length: np.maximum((high - low).prod(-1), 0)),
        "You multiply the two lengths and cut off below 0 afterwards. If both are negative, their product no longer "
        "tells: cut each of them off first.",
    ),
    WrongAnswer(
        "the box round both",
        _with(bounds=(np.minimum, np.maximum)),
        "You measure the box round both. What they share begins at the larger of the two near edges, and ends at the "
        "smaller of the two far ones.",
    ),
    WrongAnswer(
        "shared area counted twice",
        _with(usual=lambda one, other, shared: one + other),
        "You divide by the sum of both areas. It counts what they share twice: equal boxes then overlap by a half.",
    ),
    WrongAnswer(
        "by the smaller box",
        _with(usual=lambda one, other, shared: np.minimum(one, other)),
        "You divide by the smaller area. Then any box inside another overlaps with it fully; the union holds what "
        "either covers.",
    ),
    WrongAnswer(
        "by the larger box",
        _with(usual=lambda one, other, shared: np.maximum(one, other)),
        "You divide by the larger area. What the smaller covers outside of it belongs to the union as well.",
    ),
    WrongAnswer(
        "Dice's measure",
        _with(usual=lambda one, other, shared: (one + other) / 2),
        "You divide by the mean of both areas, which is Dice's measure. It orders pairs as IoU does, and gives them "
        "larger numbers.",
    ),
    WrongAnswer(
        "crowds like all others",
        _with(in_crowd=_union),
        "You treat a crowd as one thing. It covers many: a good box for one of them fills a small part of it, and "
        "would count as a miss.",
    ),
    WrongAnswer(
        "by the area of the crowd",
        _with(in_crowd=lambda one, other, shared: other + 0 * one),
        "With crowds you divide by the area of the crowd. Asked is how much of the box from `a` lies in it: divide by "
        "the box.",
    ),
    WrongAnswer(
        "crowds and things exchanged",
        _with(usual=_the_box_alone, in_crowd=_union),
        "You have it the wrong way round: True marks the crowds, and it is there that the union does not count.",
    ),
    WrongAnswer(
        "all are crowds",
        _with(usual=_the_box_alone),
        "You divide by the area of the box from `a` everywhere. Only a crowd is measured so; with a single thing a "
        "tiny box inside it must not count as perfect.",
    ),
    WrongAnswer(
        "0 / 0",
        _with(divide=lambda shared, whole: shared / whole),
        "An empty box beside an empty one gives 0 / 0. It shares nothing with anything: its overlap is 0.",
    ),
    WrongAnswer(
        "a little added below",
        _with(divide=lambda shared, whole: shared / (whole + 1e-6)),
        "You add a small number to the denominator against 0 / 0. Between small boxes it is not small: divide where "
        "something is shared, and give 0 elsewhere.",
    ),
    WrongAnswer(
        "one pixel more",
        _with(
            length=_one_pixel_more,
            area=lambda boxes: (np.maximum(boxes[..., 2:], 0) + 1).prod(-1),
        ),
        "You add 1 to each length, as for pixels that are counted with both ends. Here a box is as wide as its width.",
    ),
    WrongAnswer(
        "turned back",
        _with(corners=_turned_back, area=lambda boxes: np.abs(boxes[..., 2:]).prod(-1)),
        "You take the absolute value of a negative width. Such a box is empty and overlaps with nothing.",
    ),
    WrongAnswer(
        "the first image's targets for all",
        first_image_for_all,
        "You compare the boxes of every image with the targets of the first. Image i of `a` meets image i of `b`.",
    ),
    WrongAnswer(
        "targets first",
        targets_first,
        "The numbers are right, the axes are not: for each image a row for each box of `a`, a column for each of `b`.",
    ),
)

QUESTION = Question(
    id="08-overlap",
    title="Boxes by their middles",
    points=10,
    name="overlaps",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
)
