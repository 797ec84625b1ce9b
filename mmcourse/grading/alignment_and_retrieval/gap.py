"""07-gap: the gap between the clouds of two modalities, and what becomes of it when both are moved.

Liang et al. 2022 (arXiv:2203.02053, section 4.2): the gap is the difference between the two means; both clouds are
moved along it and brought back to the sphere. The share and what is returned are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .vectors import as_it_is, unit, unit_columns


def reference(u, v, share):
    return _with()(u, v, share)


def _difference(u, v):
    return u.mean(0) - v.mean(0)


def _half_each(u, v, gap, share):
    return u - share / 2 * gap, v + share / 2 * gap


def _length(u, v):
    return np.linalg.norm(_difference(u, v))


def _of_what_is_returned(moved, returned):
    return returned


def _with(
    before=unit, after=unit, gap=_difference, move=_half_each, length=_length, second=_of_what_is_returned,
    middles=lambda raw, units: units,
):  # fmt: skip
    """The two clouds moved another way. second and middles choose the clouds whose means count."""

    def together(u, v, share):
        units = before(u), before(v)
        moved = move(*units, gap(*middles((u, v), units)), share)
        returned = tuple(after(x) for x in moved)
        lengths = np.array([length(*units), length(*second(moved, returned))], u.dtype)
        return *returned, lengths

    return together


def draw(rng):
    yield _case(rng, "5 images and 7 texts", 5, 7, 3, 0.7)
    yield _case(rng, "as many images as texts", 5, 5, 11, 0.3)
    yield _case(rng, "no way at all", 3, 5, 7, 0.0)
    yield _case(rng, "the whole way", 7, 5, 3, 1.0)
    yield _case(rng, "farther than the whole way", 7, 3, 5, 2.5)
    yield _case(rng, "one image and one text", 1, 1, 5, 0.6)
    yield _case(rng, "clouds in one place", 5, 7, 3, 0.7, apart=0.0)
    yield _case(rng, "narrow clouds far apart", 7, 11, 5, 0.7, apart=5.0)
    yield _case(rng, "vectors longer than 10 000", 5, 3, 7, 0.7, long=1e4)
    yield _case(rng, "float32", 7, 5, 3, 0.7, dtype=np.float32)


def _case(rng, name, N, K, D, share, apart=1.0, long=1.0, dtype=np.float64):
    """Clouds of vectors whose lengths differ; apart: how far from the origin each middle lies."""
    u, v, far = normal(rng, (N, D), (K, D), (2, D))
    lengths = rng.uniform(0.5, 3, (N + K, 1)) * long
    u, v = (u + apart * far[0]) * lengths[:N], (v + apart * far[1]) * lengths[N:]
    return Case(name, (u.astype(dtype), v.astype(dtype), share))


def _pairs_apart(u, v):
    return np.linalg.norm(u[:, None] - v, axis=-1).mean()


def _angle(u, v):
    return 1 - unit(u.mean(0)) @ unit(v.mean(0))


def lengths_exchanged(u, v, share):
    u, v, lengths = reference(u, v, share)
    return u, v, lengths[::-1].copy()


def _manhattan(x):
    return x / np.abs(x).sum(-1, keepdims=True)


WRONG = (
    WrongAnswer(
        "never brought to the sphere",
        _with(before=as_it_is),
        "You measure and move the vectors as they come, and long ones decide. First bring every row to length one.",
    ),
    WrongAnswer(
        "left off the sphere",
        _with(after=as_it_is),
        "After the move your vectors do not have length one any more. Bring them back to the sphere.",
    ),
    WrongAnswer(
        "the second gap measured off the sphere",
        _with(second=lambda moved, returned: moved),
        "The vectors are right. Your second length is that of the gap before the rows are brought back to length one, "
        "and that step moves the middles once more.",
    ),
    WrongAnswer(
        "each goes the whole way",
        _with(move=lambda u, v, gap, share: (u - share * gap, v + share * gap)),
        "Each of your clouds goes the whole share, and with a share of 1 they change places. Together they go the "
        "share, so each goes half of it.",
    ),
    WrongAnswer(
        "moved apart",
        _with(move=lambda u, v, gap, share: (u + share / 2 * gap, v - share / 2 * gap)),
        "Your clouds move apart. The gap points from the texts to the images: whose sign is which?",
    ),
    WrongAnswer(
        "only the images move",
        _with(move=lambda u, v, gap, share: (u - share * gap, v)),
        "Only your images move. Both clouds meet in the middle, half of the way each.",
    ),
    WrongAnswer(
        "only the texts move",
        _with(move=lambda u, v, gap, share: (u, v + share * gap)),
        "Only your texts move. Both clouds meet in the middle, half of the way each.",
    ),
    WrongAnswer(
        "each to the origin",
        _with(move=lambda u, v, gap, share: (u - share * u.mean(0), v - share * v.mean(0))),
        "You move each cloud by its own middle, towards the origin. Asked is a move along the gap, which keeps what "
        "the two middles have in common.",
    ),
    WrongAnswer(
        "the gap of the raw vectors",
        _with(middles=lambda raw, units: raw),
        "You move along the gap between the raw vectors. Its middles are those of the rows of length one.",
    ),
    WrongAnswer(
        "middles brought to the sphere",
        _with(gap=lambda u, v: unit(u.mean(0)) - unit(v.mean(0))),
        "You bring the two middles to length one before you subtract them. A middle lies inside the sphere, the deeper "
        "the wider its cloud, and there it stays.",
    ),
    WrongAnswer(
        "a step of length one",
        _with(gap=lambda u, v: unit(_difference(u, v))),
        "You move along a unit vector. The move is a share of the gap, which is long or short as it is.",
    ),
    WrongAnswer(
        "sums for means",
        _with(gap=lambda u, v: u.sum(0) - v.sum(0), length=lambda u, v: np.linalg.norm(u.sum(0) - v.sum(0))),
        "You subtract sums. A middle is a mean, or else the larger cloud lies farther out.",
    ),
    WrongAnswer(
        "squared lengths",
        _with(length=lambda u, v: (_difference(u, v) ** 2).sum()),
        "The vectors are right, and your lengths are squared.",
    ),
    WrongAnswer(
        "the mean distance of the pairs",
        _with(length=_pairs_apart),
        "The vectors are right. You average the distances between images and texts, which a wide cloud makes large by "
        "itself. The gap is the distance between the two middles.",
    ),
    WrongAnswer(
        "an angle for a distance",
        _with(length=_angle),
        "The vectors are right. You compare where the middles point; asked is how far they lie apart, and one may be "
        "deeper inside the sphere than the other.",
    ),
    WrongAnswer(
        "the lengths exchanged",
        lengths_exchanged,
        "The two lengths are right, in the other order: first before the move, then after it.",
    ),
    WrongAnswer(
        "columns brought to length one",
        _with(before=unit_columns, after=unit_columns),
        "Your columns have length one. Every row is a vector of its own.",
    ),
    WrongAnswer(
        "absolute values summed",
        _with(before=_manhattan, after=_manhattan),
        "You divide by the sum of the absolute values. The length of a vector is the root of the sum of its squares.",
    ),
)

QUESTION = Question(
    id="07-gap",
    title="Two clouds on one sphere",
    points=10,
    name="move_together",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the images", "the texts", "the lengths"),
)
