"""05-look: the way back through a look at regions, with a product for a score.

The score is the “general” one of Luong et al. 2015 (arXiv:1508.04025, eq. 8), s = hᵀ W r; z is the mean of the regions
under softmax of s.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(dz, h, regions, there, w):
    return _with()(dz, h, regions, there, w)


def _scores(h, regions, w):
    return ((h @ w)[:, None] @ regions.mT)[:, 0]


def _weights(scores, there):
    """Softmax over the regions that are there; zeros where none is."""
    s = np.where(there, scores, -np.inf)
    top = s.max(-1, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(top), top, 0))
    return e / np.maximum(e.sum(-1, keepdims=True), np.finfo(e.dtype).tiny)


def _emptied(regions, there):
    return np.where(there[..., None], regions, 0)


def _as_they_are(regions, there):
    return regions


def _through_softmax(a, da):
    return a * (da - (a * da).sum(-1, keepdims=True))


def _both_ways(a, ds, dz, query):
    """A region is averaged, and it is scored."""
    return a[..., None] * dz[:, None] + ds[..., None] * query[:, None]


def _with(
    clean=_emptied, scores=_scores, weights=_weights, softmax=_through_softmax, to_regions=_both_ways,
    to_h=lambda seen, w: seen @ w.T, to_w=lambda h, seen: h.T @ seen,
):  # fmt: skip
    """The way back with other weights or another derivative; `seen`, Σ ds r, is what reaches W h from the regions."""

    def backward(dz, h, regions, there, w):
        regions = clean(regions, there)
        a = weights(scores(h, regions, w), there)
        ds = softmax(a, (regions @ dz[..., None])[..., 0])
        seen = (ds[:, None] @ regions)[:, 0]
        return to_h(seen, w), to_regions(a, ds, dz, h @ w), to_w(h, seen)

    return backward


def draw(rng):
    yield _case(rng, "3 images with up to 7 regions", 3, 7, 5, 2)
    yield _case(rng, "states and regions equally wide", 7, 5, 3, 3)
    yield _case(rng, "one image", 1, 5, 3, 7)
    yield _case(rng, "as many images as regions", 5, 5, 3, 2)
    yield _case(rng, "one region each", 5, 1, 3, 2, absent=0)
    yield _case(rng, "all regions are there", 3, 5, 2, 7, absent=0)
    yield _case(rng, "an image without regions", 3, 5, 2, 7, empty=True)
    yield _case(rng, "no images", 0, 5, 3, 2)
    yield _case(rng, "padding that is infinite", 3, 7, 2, 5, padding=np.inf)
    yield _case(rng, "scores near −20 000 and near 10 000", 5, 7, 3, 2, heights=(-2e4, 1e4))
    yield _case(rng, "float32", 3, 5, 7, 2, dtype=np.float32)


def _case(rng, name, B, P, H, D, absent=0.4, empty=False, padding=None, heights=None, dtype=np.float64):
    """heights: all scores of the images lie near these in turn. The padding is ordinary numbers, or `padding`."""
    dz, h, regions, w = normal(rng, (B, D), (B, H), (B, P, D), (H, D))
    there = rng.random((B, P)) >= absent
    there[:, 0] = True
    if absent and P > 1:
        there[:, -1] = False
        there[:, 1] = True
    if heights:
        h[:, 0] = np.resize(heights, B)
        regions[..., 0], w[0] = 1, 0
        w[0, 0] = 1
    if empty:
        there[1] = False
    if padding is not None:
        regions[~there] = padding
    return Case(name, (dz.astype(dtype), h.astype(dtype), regions.astype(dtype), there, w.astype(dtype)))


def _filled(fill):
    def weights(scores, there):
        s = np.where(there, scores, np.asarray(fill, scores.dtype))
        e = np.exp(s - s.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    return weights


def _inverted(scores, there):
    return _weights(scores, ~there)


def _unstable(scores, there):
    e = np.where(there, np.exp(scores), 0)
    return e / np.maximum(e.sum(-1, keepdims=True), np.finfo(e.dtype).tiny)


def _one_maximum(scores, there):
    e = np.exp(np.where(there, scores, -np.inf) - scores.max(initial=-np.inf, where=there))
    return e / e.sum(-1, keepdims=True)


def _over_images(scores, there):
    return _weights(scores.T, there.T).T


def _unmasked(scores, there):
    return _weights(scores, np.ones_like(there))


def weights_transposed(dz, h, regions, there, w):
    dh, dregions, dw = reference(dz, h, regions, there, w)
    return dh, dregions, dw.T


WRONG = (
    WrongAnswer(
        "regions as values only",
        _with(to_regions=lambda a, ds, dz, query: a[..., None] * dz[:, None]),
        "dh and dw are right. A region is averaged, and it is scored too: it has two ways to change z, and the "
        "gradients of both are added.",
    ),
    WrongAnswer(
        "regions as keys only",
        _with(to_regions=lambda a, ds, dz, query: ds[..., None] * query[:, None]),
        "dh and dw are right. A region is scored, and it is averaged too: it has two ways to change z, and the "
        "gradients of both are added.",
    ),
    WrongAnswer(
        "the weights taken for constants",
        _with(softmax=lambda a, da: 0 * da),
        "You treat the weights as constants, and nothing reaches h. Where the model looks is computed from h, and it "
        "learns.",
    ),
    WrongAnswer(
        "softmax taken for the identity",
        _with(softmax=lambda a, da: da * (a > 0)),
        "Between the weights and the scores lies a softmax: its derivative is missing.",
    ),
    WrongAnswer(
        "softmax one by one",
        _with(softmax=lambda a, da: a * (1 - a) * da),
        "a (1 − a) says how a weight changes with its own score. A score changes the other weights too, since they "
        "share one unit.",
    ),
    WrongAnswer(
        "without the row's mean",
        _with(softmax=lambda a, da: a * da),
        "You multiply by the weights and stop. When all da of an image move by the same amount no score should "
        "notice: subtract what they have in common.",
    ),
    WrongAnswer(
        "the row's plain mean",
        _with(softmax=lambda a, da: a * (da - da.mean(-1, keepdims=True))),
        "What you subtract inside the softmax's derivative is the plain mean of da. It is the mean under the weights.",
    ),
    WrongAnswer(
        "padding looked at",
        _with(clean=_as_they_are, weights=_unmasked),
        "Your weights look at padding too. It has to be kept out before the softmax, where `there` is False.",
    ),
    WrongAnswer(
        "mask inverted",
        _with(weights=_inverted),
        "You look at the padding and nowhere else. True in `there` means that the region is there.",
    ),
    WrongAnswer(
        "scores of the padding set to 0",
        _with(weights=_unmasked),
        "You give the padding a score of 0. That is a score like any other: exp(0) is 1.",
    ),
    WrongAnswer(
        "scores of the padding set to −1000",
        _with(weights=_filled(-1000.0)),
        "You give the padding a score of −1000. Where all true scores lie below that, the padding wins; and an image "
        "without regions looks at padding. What lies below every score?",
    ),
    WrongAnswer(
        "padding multiplied by zero weights",
        _with(clean=_as_they_are),
        "Right as long as the padding is finite. Its weight is 0, and 0 times infinity is NaN: put something harmless "
        "in its place first.",
    ),
    WrongAnswer(
        "an image without regions gives NaN",
        _with(weights=_filled(-np.inf)),
        "Right, but for an image without regions: there the softmax divides 0 by 0. It saw nothing, so z is 0 and no "
        "gradient flows.",
    ),
    WrongAnswer(
        "not stable",
        _with(weights=_unstable),
        "The formula is right, and exp overflows, or gives nothing but zeros, where scores are large. A softmax does "
        "not change when all scores of an image move by the same amount.",
    ),
    WrongAnswer(
        "one maximum for all images",
        _with(weights=_one_maximum),
        "You subtract the largest score of the whole batch. Where an image's scores lie far below it, every exp gives "
        "0: each image needs a maximum of its own.",
    ),
    WrongAnswer(
        "softmax over the images",
        _with(weights=_over_images),
        "Your weights sum to one over the images, so that the images compete for a region. The regions of one image "
        "should.",
    ),
    WrongAnswer(
        "divided by √D",
        _with(scores=lambda h, regions, w: _scores(h, regions, w) / h.dtype.type(regions.shape[-1] ** 0.5)),
        "You divide the scores by the square root of the width, as scaled dot-product attention does. In this score "
        "there is no such factor: W can learn it.",
    ),
    WrongAnswer(
        "dw transposed",
        weights_transposed,
        "Your dw is the transpose of the right one. It has the shape of w, (H, D): h is on the left.",
    ),
    WrongAnswer(
        "dw averaged",
        _with(to_w=lambda h, seen: h.T @ seen / max(len(h), 1)),
        "You average dw over the images. Every image adds its part; if the loss is a mean, dz already knows it.",
    ),
)

QUESTION = Question(
    id="05-look",
    title="The way back through a look",
    points=15,
    name="look_backward",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("dh", "dregions", "dw"),
)
