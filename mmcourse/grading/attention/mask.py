"""03-mask: attention with a mask, and with queries that may look nowhere."""

import numpy as np

from mmcourse.attention import scratch

from ..question import Case, Question, WrongAnswer
from .drawing import lifted, qkv, weights_of


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
    q, k, v = qkv(rng, (2,), 5, 7, 3, 11)
    heights = np.array([0, -2e4, 1e4, -2e4, 1e4])
    yield Case("scores near −20 000 and near 10 000", (*lifted(q, k, heights), v, _mask(rng, 2, 5, 7)))
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


def inverted_added(q, k, v, mask):
    return weights_of(_scores(q, k) + mask * -1e9) @ v


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


def exp_times_mask(q, k, v, mask):
    e = np.exp(_scores(q, k)) * mask
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ v


def exp_times_mask_and_cleaned(q, k, v, mask):
    return np.nan_to_num(exp_times_mask(q, k, v, mask))


def nothing_subtracted(q, k, v, mask):
    e = np.exp(np.where(mask, _scores(q, k), -np.inf))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ v


def one_maximum_for_all(q, k, v, mask):
    scores = np.where(mask, _scores(q, k), -np.inf)
    e = np.exp(scores - np.nan_to_num(scores.max()))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total) @ v


def filled_too_high(q, k, v, mask):
    return weights_of(np.where(mask, _scores(q, k), -1e3)) * mask.any(-1, keepdims=True) @ v


def filled_too_high_and_averaged(q, k, v, mask):
    return weights_of(np.where(mask, _scores(q, k), -1e3)) @ v


def lowered_too_little(q, k, v, mask):
    return weights_of(_scores(q, k) + np.where(mask, 0.0, -1e3)) * mask.any(-1, keepdims=True) @ v


def lowered_too_little_and_all_seen(q, k, v, mask):
    return weights_of(_scores(q, k) + np.where(mask, 0.0, -1e3)) @ v


def lowered_and_all_seen(q, k, v, mask):
    return weights_of(_scores(q, k) + np.where(mask, 0.0, -1e9)) @ v


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
        "mask inverted and added",
        inverted_added,
        "You add −1e9 where the mask is True, so the keys that a query may see are the ones that it loses. True means "
        "“may look” here: the low number belongs to the others.",
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
        "masked after exp",
        renormalised_after_softmax,
        "You take the forbidden keys out only after exp. If one of them is far above the rest, it is infinite by then, "
        "or, where a maximum was subtracted, every allowed weight has become 0: mask the scores, before exp.",
    ),
    WrongAnswer(
        "exp times mask",
        exp_times_mask,
        "You multiply exp by the mask. The exp of a large forbidden score is infinite, and ∞ · 0 is NaN, not 0: mask "
        "the scores themselves, and keep exp from overflowing.",
    ),
    WrongAnswer(
        "exp times mask, NaN set to 0",
        exp_times_mask_and_cleaned,
        "Your zeros come from NaN: the exp of a large forbidden score is infinite, and ∞ · 0 is NaN, which your guard "
        "for empty rows then hides. Mask the scores themselves, and keep exp from overflowing.",
    ),
    WrongAnswer(
        "nothing subtracted",
        nothing_subtracted,
        "The mask is well done, but exp of a score near 10 000 is infinite, and of one near −20 000 it is 0, even for "
        "the best key of the row. Subtract a maximum first, as in the first question.",
    ),
    WrongAnswer(
        "one maximum for all rows",
        one_maximum_for_all,
        "You subtract one maximum from all rows. A row that lies 30 000 below it becomes 0 everywhere: each query "
        "needs the maximum of its own row.",
    ),
    WrongAnswer(
        "filled with −1000",
        filled_too_high,
        "You give forbidden keys a fixed low score, and it is not low enough: where the allowed scores lie near "
        "−20 000, the forbidden keys win. Which score is below every other?",
    ),
    WrongAnswer(
        "filled with −1000, an empty row averaged",
        filled_too_high_and_averaged,
        "Two things. Your fixed low score is above the allowed ones where these lie near −20 000; and a query that may "
        "look nowhere has it everywhere, so it averages everything. Which score is below every other, and what should "
        "such a query read?",
    ),
    WrongAnswer(
        "lowered by 1000",
        lowered_too_little,
        "You lower forbidden scores by a fixed amount. A key that was 10 000 above the others stays above them: "
        "replace its score instead of lowering it.",
    ),
    WrongAnswer(
        "lowered by 1000, an empty row sees all",
        lowered_too_little_and_all_seen,
        "Two things. Lowering a score by a fixed amount leaves one that was far above the others still on top; and in "
        "a row where every key is lowered, softmax sees no difference, so a query that may look nowhere sees all.",
    ),
    WrongAnswer(
        "lowered by 1e9, an empty row sees all",
        lowered_and_all_seen,
        "Lowering the forbidden scores works until every key of a row is lowered: softmax takes no notice of a common "
        "shift, so a query that may look nowhere sees everything. It should read zeros.",
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
