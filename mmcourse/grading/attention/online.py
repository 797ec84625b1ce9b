"""03-online: merge what two tiles of keys gave (Milakov & Gimelshein 2018, arXiv:1805.02867, eq. 4; with values
Dao et al. 2022, arXiv:2205.14135, section 3.1).

A tile's result is the triple (m, s, o): m (..., Q) the largest score, s (..., Q) the sum of exp(score − m), and
o (..., Q, E) the sum of exp(score − m) · value. The attention output is o / s, and a tile without keys is (−∞, 0, 0).
"""

import numpy as np

from ..question import Case, Question, WrongAnswer
from .drawing import normal


def reference(first, second):
    (m1, s1, o1), (m2, s2, o2) = first, second
    m = np.maximum(m1, m2)
    a, b = _factor(m1, m), _factor(m2, m)
    return m, a * s1 + b * s2, a[..., None] * o1 + b[..., None] * o2


def _factor(before, after):
    """exp(before − after), and 0 for an empty tile, where −∞ − (−∞) would be NaN."""
    return np.exp(before - np.where(np.isneginf(after), 0, after))


def draw(rng):
    yield _case(rng, "tiles of 5 and 7 keys", (2,), 3, (5, 7), 11)
    yield _case(rng, "no batch axis", (), 5, (2, 7), 3)
    yield _case(rng, "one key each", (2, 3), 5, (1, 1), 7)
    yield _case(rng, "the second tile is 10 000 higher", (2,), 3, (5, 7), 11, lift=(0, 1e4))
    yield _case(rng, "the first tile is 10 000 higher", (2,), 3, (5, 7), 11, lift=(1e4, 0))
    yield _case(rng, "both tiles near 10 000", (2,), 3, (5, 7), 11, lift=(1e4, 1e4))
    yield _case(rng, "an empty tile", (2,), 3, (0, 7), 11)
    yield _case(rng, "two empty tiles", (2,), 3, (0, 0), 11)
    yield _case(rng, "tiles that are empty for some queries", (2,), 5, (3, 7), 11, blind=((0, 2), (1, 2)))
    yield _case(rng, "float32", (2,), 5, (3, 7), 11, dtype=np.float32)


def _case(rng, name, batch, queries, sizes, value_width, lift=(0, 0), blind=((), ()), dtype=np.float64):
    tiles = (_tile(rng, batch, queries, *tile, value_width, dtype) for tile in zip(sizes, lift, blind, strict=True))
    return Case(name, tuple(tiles))


def _tile(rng, batch, queries, keys, lift, blind, value_width, dtype):
    """The result of a tile of `keys` keys, with random scores and values; the queries in `blind` may see none."""
    scores, v = normal(rng, (*batch, queries, keys), (*batch, keys, value_width), dtype=dtype)
    scores += lift
    scores[..., list(blind), :] = -np.inf
    m = scores.max(-1, initial=-np.inf)
    e = _factor(scores, m[..., None])
    return m, e.sum(-1), e @ v


def _rescaled_by(factor, top=np.maximum):
    """A merge with other factors: factor(m1, m2, m) gives those of (s1, s2, o1, o2)."""

    def merge(first, second):
        (m1, s1, o1), (m2, s2, o2) = first, second
        m = top(m1, m2)
        a, b, c, d = factor(m1, m2, m)
        return m, a * s1 + b * s2, c[..., None] * o1 + d[..., None] * o2

    return merge


def _right(m1, m2, m):
    a, b = _factor(m1, m), _factor(m2, m)
    return a, b, a, b


def _sum_left(m1, m2, m):
    a, b, c, d = _right(m1, m2, m)
    return np.ones_like(a), np.ones_like(b), c, d


def _output_left(m1, m2, m):
    a, b, c, d = _right(m1, m2, m)
    return a, b, np.ones_like(c), np.ones_like(d)


def _nothing(m1, m2, m):
    return (np.ones_like(m),) * 4


def _only_first(m1, m2, m):
    a, b, c, d = _right(m1, m2, m)
    return a, np.ones_like(b), c, np.ones_like(d)


def _inverse(m1, m2, m):
    a, b = np.exp(m - m1), np.exp(m - m2)
    return a, b, a, b


def _plain(m1, m2, m):
    a, b = np.exp(m1 - m), np.exp(m2 - m)
    return a, b, a, b


def whole_tiles_asked(first, second):
    for tile, other in ((first, second), (second, first)):
        if np.isneginf(tile[0]).all():
            return other
    return _rescaled_by(_plain)(first, second)


def outputs_averaged(first, second):
    m, s, _ = reference(first, second)
    return m, s, (first[2] + second[2]) / 2


def already_divided(first, second):
    m, s, o = reference(first, second)
    return m, s, np.divide(o, s[..., None], out=np.zeros_like(o), where=s[..., None] > 0)


WRONG = (
    WrongAnswer(
        "sums not rescaled",
        _rescaled_by(_sum_left),
        "You add the two sums as they are. Each was taken relative to its own maximum, so both must first be brought "
        "to the common one, as you do for o.",
    ),
    WrongAnswer(
        "outputs not rescaled",
        _rescaled_by(_output_left),
        "The sums are right. The weighted values in o carry the same factor exp(score − m) inside, so they need the "
        "same correction.",
    ),
    WrongAnswer(
        "nothing rescaled",
        _rescaled_by(_nothing),
        "You add the parts as they are, but each is measured from its own maximum: like adding heights that are "
        "measured from two different floors.",
    ),
    WrongAnswer(
        "only the first rescaled",
        _rescaled_by(_only_first),
        "You correct the first tile and leave the second. That is right only while the second holds the larger "
        "maximum; when it does not, it is the second that must shrink.",
    ),
    WrongAnswer(
        "inverse factor",
        _rescaled_by(_inverse),
        "Your factors are upside down. The common maximum is the larger one, so going to it can only shrink what was "
        "measured from a smaller one: every factor is at most 1.",
    ),
    WrongAnswer(
        "only the last maximum",
        _rescaled_by(_plain, top=lambda m1, m2: m2),
        "You go on with the last tile's maximum. If the earlier one was higher, exp of the difference can overflow: "
        "keep the larger of the two.",
    ),
    WrongAnswer(
        "smaller maximum",
        _rescaled_by(_plain, top=np.minimum),
        "You measure from the smaller of the two maxima, so exponents above zero appear, and they can overflow. Which "
        "of the two keeps every factor at or below 1?",
    ),
    WrongAnswer(
        "two empty tiles give NaN",
        _rescaled_by(_plain),
        "Right wherever there are keys. Two empty tiles have −∞ for both maxima, and −∞ − (−∞) is NaN: an empty tile "
        "contributes nothing, so its factor should be 0.",
    ),
    WrongAnswer(
        "emptiness asked of the whole tile",
        whole_tiles_asked,
        "You settle empty tiles as a whole. A mask can empty a tile for some queries and not for others; a query that "
        "finds both tiles empty still meets −∞ − (−∞). Decide query by query.",
    ),
    WrongAnswer(
        "outputs averaged",
        outputs_averaged,
        "You average the two outputs, as if both tiles mattered equally. A tile counts as much as the weight of its "
        "keys: o is a sum, so bring both to the same maximum and add.",
    ),
    WrongAnswer(
        "divided already",
        already_divided,
        "Your o is divided by s. That is the final answer if no tile follows; a merge must leave o as a sum, so that "
        "the next tile can join.",
    ),
)

QUESTION = Question(
    id="03-online",
    title="Merging two tiles of keys",
    points=10,
    name="merge_tiles",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("m", "s", "o"),
)
