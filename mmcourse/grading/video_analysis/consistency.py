"""09-consistency: go there and back, and trust a flow where you come home.

The test is that of Sundaram, Brox & Keutzer 2010 ("Dense point trajectories by GPU-accelerated large displacement
optical flow", ECCV), with a share of 0.01 and 0.5 to spare.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(forward, backward, share, least):
    return _with()(forward, backward, share, least)


def _target(x, y, forward):
    return x + forward[..., 0], y + forward[..., 1]


def _inside(x, y, W, H):
    return (x >= 0) & (x <= W - 1) & (y >= 0) & (y <= H - 1)


def _cell(place, size):
    """The pixel before a place, and how far behind that it lies; a place outside goes to the rim."""
    place = np.clip(place, 0, size - 1)
    before = np.minimum(place.astype(int), max(size - 2, 0))
    return before, (place - before)[..., None]


def _bilinear(image, x, y, weigh=lambda a, b: (a, b)):
    H, W = image.shape[:2]
    (left, a), (above, b) = _cell(x, W), _cell(y, H)
    a, b = weigh(a, b)
    right, below = np.minimum(left + 1, W - 1), np.minimum(above + 1, H - 1)
    top = (1 - a) * image[above, left] + a * image[above, right]
    return (1 - b) * top + b * ((1 - a) * image[below, left] + a * image[below, right])


def _sum(forward, back):
    return np.linalg.norm(forward + back, axis=-1)


def _squares(flow):
    return (flow**2).sum(-1)


def _allowed(forward, back, share, least):
    return share * (_squares(forward) + _squares(back)) + least


def _passed(gap, allowed):
    return gap**2 <= allowed


def _lost(gap, seen, inside, forward):
    return np.where(inside, gap, np.nan), seen & inside


def _with(
    target=_target, inside=_inside, look=_bilinear, gap=_sum, allowed=_allowed, passed=_passed, outside=_lost,
    told=lambda gap, seen: (gap, seen),
):  # fmt: skip
    """Gap and verdict with another place, another way to look there, or another test."""

    def check(forward, backward, share, least):
        H, W = forward.shape[:2]
        y, x = np.mgrid[:H, :W]
        x, y = target(x, y, forward)
        back = look(backward, x, y)
        off = gap(forward, back)
        seen = passed(off, allowed(forward, back, share, least))
        results = told(*outside(off, seen, inside(x, y, W, H), forward))
        return tuple(r.astype(forward.dtype) for r in results)

    return check


def draw(rng):
    yield _case(rng, "5 × 7 pixels, to the right and up", 5, 7, (0.9, -0.6))
    yield _case(rng, "11 × 7 pixels, to the left and down", 11, 7, (-1.3, 1.7))
    yield _case(rng, "a long way: most leave the picture", 7, 11, (5.2, -3.1))
    yield _case(rng, "all leave the picture", 5, 3, (8.0, 0.4))
    yield _case(rng, "nothing moves forward", 5, 7, (0.0, 0.0), still=True)
    yield _case(rng, "by whole pixels", 7, 5, (2.0, 1.0), whole=True)
    yield _case(rng, "one row", 1, 11, (0.7, 0.0), level=True)
    yield _case(rng, "one column", 7, 1, (0.0, -0.8), upright=True)
    yield _case(rng, "one pixel", 1, 1, (0.0, 0.0), still=True)
    yield _case(rng, "float32", 7, 11, (1.2, 0.8), dtype=np.float32)


def _case(
    rng, name, H, W, way, still=False, whole=False, level=False, upright=False, dtype=np.float64
):  # fmt: skip
    """Both flows go the same way, in opposite directions, and stray from it."""
    forward = np.array(way) + 0.4 * rng.standard_normal((H, W, 2))
    backward = -np.array(way) + 0.4 * rng.standard_normal((H, W, 2))
    if still or whole:
        forward[:] = way
    if level:
        forward[..., 1] = 0
    if upright:
        forward[..., 0] = 0
    share, least = rng.uniform(0.03, 0.06), rng.uniform(0.1, 0.2)
    return Case(name, (forward.astype(dtype), backward.astype(dtype), share, least))


def _nearest(image, x, y):
    H, W = image.shape[:2]
    return image[np.clip(np.rint(y), 0, H - 1).astype(int), np.clip(np.rint(x), 0, W - 1).astype(int)]


def _cut_off(image, x, y):
    H, W = image.shape[:2]
    return image[np.clip(np.floor(y), 0, H - 1).astype(int), np.clip(np.floor(x), 0, W - 1).astype(int)]


def _round_the_world(image, x, y):
    H, W = image.shape[:2]
    bigger = np.pad(image, ((0, 1), (0, 1), (0, 0)), mode="wrap")
    return _bilinear(bigger, x % W, y % H)


def _opposite_weights(image, x, y):
    return _bilinear(image, x, y, lambda a, b: (1 - a, 1 - b))


def _weights_exchanged(image, x, y):
    return _bilinear(image, x, y, lambda a, b: (b, a))


def _never_outside(x, y, W, H):
    return np.ones(x.shape, bool)


def _before_the_rim(x, y, W, H):
    return (x >= 0) & (x < W - 1) & (y >= 0) & (y < H - 1)


def _as_if_at_rest(gap, seen, inside, forward):
    """Beyond the border the backward flow is 0, and the length of the forward one is the gap."""
    return np.where(inside, gap, np.sqrt(_squares(forward))), seen & inside


def _of_lengths(forward, back, share, least):
    return share * (_squares(forward) ** 0.5 + _squares(back) ** 0.5) + least


WRONG = (
    WrongAnswer(
        "looked up at the start",
        _with(look=lambda image, x, y: image),
        "You add the backward flow of the same pixel. The point has moved: the way back begins where it arrives.",
    ),
    WrongAnswer(
        "looked up on the other side",
        _with(target=lambda x, y, forward: (x - forward[..., 0], y - forward[..., 1])),
        "You look for the way back at p − forward. The point has gone to p + forward.",
    ),
    WrongAnswer(
        "subtracted",
        _with(gap=lambda forward, back: np.linalg.norm(forward - back, axis=-1)),
        "You subtract the way back. There and back make a sum, and it is 0 where you come home.",
    ),
    WrongAnswer(
        "right and down exchanged",
        _with(target=lambda x, y, forward: (x + forward[..., 1], y + forward[..., 0])),
        "You add the first part of the flow to the row. It goes to the right: it belongs to the column, the second "
        "index of an array.",
    ),
    WrongAnswer(
        "the nearest pixel",
        _with(look=_nearest),
        "You take the nearest pixel. Between pixels the backward flow is interpolated, bilinearly.",
    ),
    WrongAnswer(
        "cut off",
        _with(look=_cut_off),
        "You cut off what stands behind the point. Between pixels the backward flow is interpolated, bilinearly.",
    ),
    WrongAnswer(
        "opposite weights",
        _with(look=_opposite_weights),
        "Your four weights are the wrong way round: a point just behind a pixel takes nearly all from that pixel.",
    ),
    WrongAnswer(
        "the weights of the axes exchanged",
        _with(look=_weights_exchanged),
        "You weigh columns by how far the point lies below a row, and rows by how far it lies behind a column.",
    ),
    WrongAnswer(
        "round the world",
        _with(look=_round_the_world, inside=_never_outside),
        "Who leaves your picture on the right comes in on the left. A target outside the picture is lost: the gap is "
        "NaN, and nothing is seen.",
    ),
    WrongAnswer(
        "held at the rim",
        _with(inside=_never_outside),
        "You hold targets outside the picture at its rim. What lies there is not known: the gap is NaN, and nothing is "
        "seen.",
    ),
    WrongAnswer(
        "at rest outside",
        _with(outside=_as_if_at_rest),
        "Your gap is the length of the forward flow where the target lies outside, as if nothing moved there. It is "
        "not known: NaN.",
    ),
    WrongAnswer(
        "seen outside",
        _with(outside=lambda gap, seen, inside, forward: (np.where(inside, gap, np.nan), seen | ~inside)),
        "The gaps are right. You say that a point is seen that has left the picture.",
    ),
    WrongAnswer(
        "the rim is outside",
        _with(inside=_before_the_rim),
        "You lose targets that lie on the last row or column exactly. These are pixels of the picture: the index runs "
        "to W − 1, and nothing beyond it is needed there.",
    ),
    WrongAnswer(
        "squared gaps",
        _with(told=lambda gap, seen: (gap**2, seen)),
        "Your gaps are squared. Asked is how far from home one ends, in pixels; the test squares it.",
    ),
    WrongAnswer(
        "not squared in the test",
        _with(passed=lambda gap, allowed: gap <= allowed),
        "The gaps are right. The test compares their squares.",
    ),
    WrongAnswer(
        "no share",
        _with(allowed=lambda forward, back, share, least: least + 0 * _squares(forward)),
        "The gaps are right. Your test allows every motion the same; long ones may miss by more: their share is "
        "missing.",
    ),
    WrongAnswer(
        "nothing to spare",
        _with(allowed=lambda forward, back, share, least: _allowed(forward, back, share, 0)),
        "The gaps are right. `least` is missing in your test: what hardly moves could never pass it.",
    ),
    WrongAnswer(
        "the share of one way",
        _with(allowed=lambda forward, back, share, least: share * _squares(forward) + least),
        "The gaps are right. Your test takes its share of the way there alone. Both ways count.",
    ),
    WrongAnswer(
        "the share of lengths",
        _with(allowed=_of_lengths),
        "The gaps are right. Your test takes its share of the lengths. It compares squares, on both sides.",
    ),
    WrongAnswer(
        "1 where it is hidden",
        _with(told=lambda gap, seen: (gap, ~seen)),
        "The gaps are right. You say 1 where the point is hidden; 1 says that it is seen.",
    ),
    WrongAnswer(
        "the sum of both parts",
        _with(gap=lambda forward, back: np.abs(forward + back).sum(-1)),
        "You add up the gaps to the right and down. The distance is the root of the sum of their squares.",
    ),
)

QUESTION = Question(
    id="09-consistency",
    title="There and back",
    points=15,
    name="there_and_back",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the gaps", "what is seen"),
)
