"""08-distance: a box loss that sees how far the middles are apart, and its slope by the logarithms of four distances.

Distance-IoU (Zheng et al. 2020, arXiv:1911.08287) of boxes that are predicted as FCOS does (Tian et al. 2019,
arXiv:1904.01355, equation 1): the exponentials of four numbers are the distances of a point to the four sides.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(codes, points, targets, stride):
    return _way_back()(codes, points, targets, stride)


def _exponentials(codes, stride):
    """Distances (P, 4) to the left, top, right and bottom, and what they give on by their codes."""
    d = stride * np.exp(codes)
    return d, d


def _corners(d, points):
    return points - d[:, :2], points + d[:, 2:]


def _parts(low, high, targets):
    """Sides shared (P, 2) and round both, how far the middles are apart, both areas, the area shared and the union."""
    t0, t1 = targets[:, :2], targets[:, 2:]
    inner = np.maximum(np.minimum(high, t1) - np.maximum(low, t0), 0)
    outer = np.maximum(high, t1) - np.minimum(low, t0)
    apart = (low + high - t0 - t1) / 2
    shared, own, target = inner.prod(1), (high - low).prod(1), (t1 - t0).prod(1)
    return inner, outer, apart, shared, own + target - shared


def _middles(outer, apart, shared, union):
    return (apart**2).sum(1) / (outer**2).sum(1)


def _way_back(
    decode=_exponentials, union_moves=1, hull_moves=1, middles_move=1, half=0.5, cut_off=True, near=-1,
    share=lambda slope: slope,
):  # fmt: skip
    """The losses, and a slope in which some parts are taken for constants, or a step of the way is another."""

    def loss(codes, points, targets, stride):
        _, dd = decode(codes, stride)
        low, high = _corners(_exponentials(codes, stride)[0], points)
        t0, t1 = targets[:, :2], targets[:, 2:]
        inner, outer, apart, shared, union = _parts(low, high, targets)
        diagonal = (outer**2).sum(1)
        losses = 1 - shared / union + _middles(outer, apart, shared, union)
        down = (shared / union**2)[:, None]  # by the union
        dinner = (-1 / union[:, None] - union_moves * down) * inner[:, ::-1]
        if cut_off:
            dinner = dinner * (inner > 0)
        dside = union_moves * down * (high - low)[:, ::-1]
        dapart = middles_move * 2 * half * apart / diagonal[:, None]
        douter = -hull_moves * 2 * outer * ((apart**2).sum(1) / diagonal**2)[:, None]
        dlow = -dinner * (low > t0) - dside + dapart - douter * (low < t0)
        dhigh = dinner * (high < t1) + dside + dapart + douter * (high > t1)
        slope = np.concatenate([near * dlow, dhigh], 1) * dd
        return losses.astype(codes.dtype), share(slope).astype(codes.dtype)

    return loss


def _other_loss(penalty=_middles, decode=_exponentials, sign=1, one=1.0, corners=_corners):
    """A loss that differs, with the slope that is its own: by a complex step, exact to the last digits."""

    def losses(codes, points, targets, stride):
        low, high = corners(decode(codes, stride)[0], points)
        _, outer, apart, shared, union = _parts(low, high, targets)
        return one - shared / union + sign * penalty(outer, apart, shared, union)

    def loss(codes, points, targets, stride):
        codes, points, targets = (np.asarray(x, float) for x in (codes, points, targets))
        steps = 1e-30j * np.eye(4)
        slope = [losses(codes + step, points, targets, stride).imag / 1e-30 for step in steps]
        return losses(codes, points, targets, stride), np.stack(slope, 1)

    return loss


def draw(rng):
    yield _case(rng, "7 points", 7)
    yield _case(rng, "one point", 1)
    yield _case(rng, "boxes that touch nowhere", 5, away=20.0)
    yield _case(rng, "apart along x alone", 7, away=(20.0, 0.0))
    yield _case(rng, "predictions inside their targets", 5, size=0.2, stride=3.0)
    yield _case(rng, "targets inside the predictions", 7, size=6.0)
    yield _case(rng, "middles at one height", 5, level=True)
    yield _case(rng, "four points", 4, stride=8.0, size=1.5)
    yield _case(rng, "a stride of 1", 11, stride=1.0)
    yield _case(rng, "float32", 7, dtype=np.float32)


def _case(rng, name, P, size=1.0, away=0.0, level=False, stride=2.0, dtype=np.float64):
    """Targets of 2 to 6 pixels; a point lies in its target unless it is moved away; size: of predictions, by theirs."""
    low, sides = rng.uniform(0, 5, (P, 2)), rng.uniform(2, 6, (P, 2))
    points = low + rng.uniform(0.2, 0.8, (P, 2)) * sides
    if level:
        points[:, 1] = low[:, 1] + sides[:, 1] / 2
    near, far = points - low, low + sides - points
    wrong = np.exp(rng.uniform(-0.5, 0.5, (P, 4)))
    if level:
        wrong[:, 3] = wrong[:, 1]
    codes = np.log(size * wrong * np.concatenate([near, far], 1) / stride)
    targets = np.concatenate([low, low + sides], 1)
    return Case(name, (codes.astype(dtype), (points + away).astype(dtype), targets.astype(dtype), stride))


def _nothing(outer, apart, shared, union):
    return 0


def _empty_part(outer, apart, shared, union):
    hull = outer.prod(1)
    return (hull - union) / hull


def _squares_forgotten(outer, apart, shared, union):
    return np.sqrt((apart**2).sum(1) / (outer**2).sum(1))


def _by_the_diagonal(outer, apart, shared, union):
    return (apart**2).sum(1) / np.sqrt((outer**2).sum(1))


def _by_the_hull(outer, apart, shared, union):
    return (apart**2).sum(1) / outer.prod(1)


def _sides_one_by_one(outer, apart, shared, union):
    return (apart**2 / outer**2).sum(1)


def _not_exponentiated(codes, stride):
    return stride * codes, stride


def _without_stride(codes, stride):
    return np.exp(codes), np.exp(codes)


def _pairs_of_sides(d, points):
    """Read as left, right, top, bottom."""
    return points - d[:, [0, 2]], points + d[:, [1, 3]]


WRONG = (
    WrongAnswer(
        "the overlap alone",
        _other_loss(penalty=_nothing),
        "Your loss is 1 − IoU. It is 1 wherever two boxes do not touch, and its slope 0. The penalty for middles that "
        "are apart is missing.",
    ),
    WrongAnswer(
        "generalised IoU",
        _other_loss(penalty=_empty_part),
        "You subtract the empty part of the box round both, as the generalised IoU does. Here the middles count: their "
        "squared distance by the squared diagonal.",
    ),
    WrongAnswer(
        "the distance not squared",
        _other_loss(penalty=_squares_forgotten),
        "You divide the distance by the diagonal. Both are squared, so that the pull fades as the middles come "
        "together.",
    ),
    WrongAnswer(
        "the diagonal not squared",
        _other_loss(penalty=_by_the_diagonal),
        "You square the distance and not the diagonal. Then the loss has a unit: twice as large a picture, twice the "
        "penalty.",
    ),
    WrongAnswer(
        "by the area of the box round both",
        _other_loss(penalty=_by_the_hull),
        "You divide by the area of the box round both. It is the square of its diagonal: width² + height².",
    ),
    WrongAnswer(
        "each side by itself",
        _other_loss(penalty=_sides_one_by_one),
        "You divide along x and along y by themselves and add up. First add up the squares, above and below, then "
        "divide.",
    ),
    WrongAnswer(
        "rewarded for being apart",
        _other_loss(sign=-1),
        "You subtract the penalty from the loss. In DIoU it is subtracted from the overlap; the loss is 1 − DIoU, so "
        "it is added.",
    ),
    WrongAnswer(
        "one forgotten",
        _other_loss(one=0.0),
        "The slopes are right. Your loss lacks the 1 of 1 − IoU: equal boxes should cost 0.",
    ),
    WrongAnswer(
        "codes taken for distances",
        _other_loss(decode=_not_exponentiated),
        "You take the codes for distances. They are their logarithms, in strides, so that a distance is always above "
        "0.",
    ),
    WrongAnswer(
        "no stride",
        _other_loss(decode=_without_stride),
        "You leave out the stride. The exponential of a code counts strides; a distance in pixels is that many times "
        "as long.",
    ),
    WrongAnswer(
        "left, right, top, bottom",
        _other_loss(corners=_pairs_of_sides),
        "You read the codes as left, right, top, bottom. They are left, top, right, bottom, like the corners of a box.",
    ),
    WrongAnswer(
        "past the exponential",
        _way_back(decode=lambda codes, stride: (0, 1)),
        "The losses are right. Your slopes are by the distances. By its code a distance grows by itself: multiply by "
        "it.",
    ),
    WrongAnswer(
        "the exponential without its stride",
        _way_back(decode=lambda codes, stride: (0, np.exp(codes))),
        "The losses are right. On the way back you multiply by the exponential and forget the stride in front of it.",
    ),
    WrongAnswer(
        "near edges move with their distances",
        _way_back(near=1),
        "The losses are right. A longer distance to the left moves the left edge to the left: the slopes of the first "
        "two have the opposite sign.",
    ),
    WrongAnswer(
        "the union taken for a constant",
        _way_back(union_moves=0),
        "The losses are right. Your slope takes the union for a constant. It grows with the box, and shrinks with "
        "what is shared.",
    ),
    WrongAnswer(
        "the box round both taken for a constant",
        _way_back(hull_moves=0),
        "The losses are right. Your slope takes the diagonal for a constant. Where the box reaches beyond its target, "
        "the diagonal grows with it.",
    ),
    WrongAnswer(
        "the middles taken for constants",
        _way_back(middles_move=0),
        "The losses are right. Your slope takes the distance of the middles for a constant; that is what should pull "
        "the boxes together.",
    ),
    WrongAnswer(
        "an edge moves the middle fully",
        _way_back(half=1),
        "The losses are right. Your middle moves as far as the edge does. The other edge stays, so it moves half as "
        "far.",
    ),
    WrongAnswer(
        "nothing shared, and still a pull",
        _way_back(cut_off=False),
        "The losses are right. Where boxes overlap along y and not along x, you go back through a length that was cut "
        "off at 0. A small step changes nothing there, so nothing comes back.",
    ),
    WrongAnswer(
        "the slope of the mean",
        _way_back(share=lambda slope: slope / len(slope)),
        "The losses are right. Your slopes are those of their mean. Asked is for each point the slope of its own loss.",
    ),
)

QUESTION = Question(
    id="08-distance",
    title="Towards a box that one does not touch",
    points=20,
    name="distance_iou_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "dcodes"),
)
