"""03-mask: attention with a mask, and with queries that may look nowhere."""

import numpy as np

from mmcourse.attention import scratch

from ..question import Case, Question, WrongAnswer
from .drawing import qkv, weights_of


def reference(q, k, v, mask):
    return scratch.scaled_dot_product_attention(q, k, v, mask)[0]


def draw(rng):
    yield Case("some keys forbidden", (*qkv(rng, (2,), 5, 7, 3, 11), _mask(rng, 2, 5, 7)))
    yield Case("no batch axis", (*qkv(rng, (), 5, 7, 3, 11), _mask(rng, 5, 7)))
    yield Case("as many queries as keys", (*qkv(rng, (2,), 5, 5, 3, 7), _mask(rng, 2, 5, 5)))
    yield Case("everything allowed", (*qkv(rng, (2,), 5, 7, 3, 11), np.ones((2, 5, 7), bool)))
    q, k, v = qkv(rng, (2,), 5, 7, 3, 11)
    mask = _mask(rng, 2, 5, 7)
    mask[0, 2], mask[1, 4] = False, False
    yield Case("two queries may look nowhere", (q, k, v, mask))
    yield Case("nobody may look anywhere", (q, k, v, np.zeros((2, 5, 7), bool)))
    # a forbidden key whose score dwarfs all others: 10 000 above them
    q, k, v = np.abs(q), k.copy(), v.copy()
    k[:, 0], mask = 2e4, np.ones((2, 5, 7), bool)
    mask[:, :, 0] = False
    yield Case("a forbidden key with an enormous score", (q + 0.5, k, v, mask))
    yield Case("float32", (*qkv(rng, (2, 3), 5, 7, 3, 11, dtype=np.float32), _mask(rng, 2, 3, 5, 7)))


def _mask(rng, *shape):
    """At random, with one key allowed and another forbidden to every query."""
    mask = rng.random(shape) < 0.6
    mask[..., 1], mask[..., 3] = True, False
    return mask


def _scores(q, k):
    return q @ k.mT / q.shape[-1] ** 0.5


def _softmax_or_zero(scores):
    """Softmax over the keys in which a row of −∞ gives zeros."""
    top = scores.max(-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(top), top, 0.0))
    total = e.sum(-1, keepdims=True)
    return np.divide(e, total, out=np.zeros_like(e), where=total > 0)


def no_mask(q, k, v, mask):
    return weights_of(_scores(q, k)) @ v


def inverted(q, k, v, mask):
    return _softmax_or_zero(np.where(mask, -np.inf, _scores(q, k))) @ v


def minus_one(q, k, v, mask):
    return weights_of(_scores(q, k) + np.where(mask, 0.0, -1.0)) @ v


def multiplied(q, k, v, mask):
    return weights_of(_scores(q, k) * mask) @ v


def not_renormalised(q, k, v, mask):
    return weights_of(_scores(q, k)) * mask @ v


def renormalised_after_softmax(q, k, v, mask):
    weights = weights_of(_scores(q, k)) * mask
    total = weights.sum(-1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0) @ v


def empty_row_nan(q, k, v, mask):
    return weights_of(np.where(mask, _scores(q, k), -np.inf)) @ v


def empty_row_uniform(q, k, v, mask):
    return weights_of(np.where(mask, _scores(q, k), -1e9)) @ v


def empty_row_sees_all(q, k, v, mask):
    open_rows = mask | ~mask.any(-1, keepdims=True)
    return weights_of(np.where(open_rows, _scores(q, k), -np.inf)) @ v


def mask_of_queries(q, k, v, mask):
    return _softmax_or_zero(np.where(mask.mT, _scores(q, k), -np.inf)) @ v


def no_scaling(q, k, v, mask):
    return _softmax_or_zero(np.where(mask, q @ k.mT, -np.inf)) @ v


WRONG = (
    WrongAnswer(
        "no mask at all",
        no_mask,
        "This is attention without a mask: every query sees every key. Where does the mask come in?",
    ),
    WrongAnswer(
        "mask inverted",
        inverted,
        "Your queries look exactly where they may not. In this course True means “may look”; some libraries mean the "
        "opposite by it, so it pays to ask.",
    ),
    WrongAnswer(
        "mask added as −1",
        minus_one,
        "You lower the forbidden scores by 1, which makes these keys less likely but not impossible. How low must a "
        "score be for exp to give exactly 0?",
    ),
    WrongAnswer(
        "mask multiplied onto the scores",
        multiplied,
        "You set the forbidden scores to 0, and exp(0) is 1: a key with score 0 is a perfectly good candidate. Which "
        "score has no weight at all?",
    ),
    WrongAnswer(
        "weights removed, not renormalised",
        not_renormalised,
        "You remove weights after softmax, and what is left no longer sums to one. The forbidden keys have already "
        "taken their share when you take them out.",
    ),
    WrongAnswer(
        "maximum taken before masking",
        renormalised_after_softmax,
        "Forbidden keys still decide the maximum that softmax subtracts. If one of them is far above the rest, every "
        "allowed weight underflows to 0: mask first, then look for the maximum.",
    ),
    WrongAnswer(
        "a row that may look nowhere gives NaN",
        empty_row_nan,
        "A query that may look nowhere has only scores of −∞; −∞ − (−∞) is NaN, and so is 0 / 0. Decide what such a "
        "query reads: here, zeros.",
    ),
    WrongAnswer(
        "a row that may look nowhere averages everything",
        empty_row_uniform,
        "A very low finite score works until every key has it: then all are equally good again, and a query that may "
        "look nowhere averages everything it must not see.",
    ),
    WrongAnswer(
        "a row that may look nowhere sees all",
        empty_row_sees_all,
        "You let a query that may look nowhere look everywhere. That avoids NaN, but shows it what it must not see: "
        "it should read zeros.",
    ),
    WrongAnswer(
        "mask turned on its side",
        mask_of_queries,
        "Your mask is transposed. Its rows are the queries and its columns the keys, like those of the scores; with as "
        "many queries as keys the mix-up passes silently.",
    ),
    WrongAnswer(
        "no scaling",
        no_scaling,
        "The mask is well done; the scores are not yet divided by √D, as in the question before.",
    ),
)

QUESTION = Question(
    id="03-mask",
    title="A mask, and a query that may look nowhere",
    points=15,
    name="masked_attention",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
