"""03-backward: the gradients of attention with respect to q, k and v, by hand."""

import numpy as np

from mmcourse.attention import scratch

from ..question import Case, Question, WrongAnswer
from .drawing import lifted, normal, qkv, weights_of


def reference(dy, q, k, v):
    _, cache = scratch.scaled_dot_product_attention(q, k, v)
    return scratch.scaled_dot_product_attention_backward(dy, cache)


def draw(rng):
    yield _case(rng, "one batch axis", (2,), 5, 7, 3, 11)
    yield _case(rng, "no batch axis", (), 5, 7, 3, 11)
    yield _case(rng, "as many queries as keys", (2,), 5, 5, 3, 7)
    yield _case(rng, "queries, keys and values all alike", (2,), 5, 5, 5, 5)
    yield _case(rng, "two batch axes", (2, 3), 5, 7, 13, 11)
    yield _case(rng, "one query", (2,), 1, 7, 3, 5)
    yield _case(rng, "one key: nothing to choose", (2,), 5, 1, 3, 7)
    dy, q, k, v = _case(rng, "", (2,), 5, 7, 3, 11).arguments
    yield Case("scores near 10 000", (dy, *lifted(q, k, 1e4), v))
    yield _case(rng, "float32", (2, 3), 5, 7, 3, 11, np.float32)


def _case(rng, name, batch, queries, keys, width, value_width, dtype=np.float64):
    (dy,) = normal(rng, (*batch, queries, value_width), dtype=dtype)
    return Case(name, (dy, *qkv(rng, batch, queries, keys, width, value_width, dtype)))


def _parts(dy, q, k, v):
    """The weights p, their gradient dp and the scale."""
    scale = q.shape[-1] ** -0.5
    return weights_of(q @ k.mT * scale), dy @ v.mT, scale


def _through_softmax(p, dp):
    return p * (dp - (dp * p).sum(-1, keepdims=True))


def _with_ds(ds_of):
    """A backward pass that is right except for how the gradient passes softmax."""

    def backward(dy, q, k, v):
        p, dp, scale = _parts(dy, q, k, v)
        ds = ds_of(p, dp)
        return ds @ k * scale, ds.mT @ q * scale, p.mT @ dy

    return backward


_right = _with_ds(_through_softmax)


def no_scale_on_the_way_back(dy, q, k, v):
    p, dp, _ = _parts(dy, q, k, v)
    ds = _through_softmax(p, dp)
    return ds @ k, ds.mT @ q, p.mT @ dy


def no_scale_at_all(dy, q, k, v):
    p = weights_of(q @ k.mT)
    ds = _through_softmax(p, dy @ v.mT)
    return ds @ k, ds.mT @ q, p.mT @ dy


def dv_not_transposed(dy, q, k, v):
    p, _, _ = _parts(dy, q, k, v)
    return *_right(dy, q, k, v)[:2], p @ dy


def dk_not_transposed(dy, q, k, v):
    p, dp, scale = _parts(dy, q, k, v)
    dq, _, dv = _right(dy, q, k, v)
    return dq, _through_softmax(p, dp) @ q * scale, dv


def dq_and_dk_swapped(dy, q, k, v):
    dq, dk, dv = _right(dy, q, k, v)
    return dk, dq, dv


def dv_first(dy, q, k, v):
    dq, dk, dv = _right(dy, q, k, v)
    return dv, dq, dk


def wrong_sign(dy, q, k, v):
    dq, dk, dv = _right(dy, q, k, v)
    return -dq, -dk, dv


def not_stable(dy, q, k, v):
    scale = q.shape[-1] ** -0.5
    e = np.exp(q @ k.mT * scale)
    p = e / e.sum(-1, keepdims=True)
    ds = _through_softmax(p, dy @ v.mT)
    return ds @ k * scale, ds.mT @ q * scale, p.mT @ dy


def all_axes_turned(dy, q, k, v):
    scale = q.shape[-1] ** -0.5
    p = weights_of(q @ k.T * scale)
    ds = _through_softmax(p, dy @ v.T)
    return ds @ k * scale, ds.T @ q * scale, p.T @ dy


def values_not_transposed(dy, q, k, v):
    p, _, scale = _parts(dy, q, k, v)
    ds = _through_softmax(p, dy @ v)
    return ds @ k * scale, ds.mT @ q * scale, p.mT @ dy


def softmax_skipped(dy, q, k, v):
    p, dp, scale = _parts(dy, q, k, v)
    return dp @ k * scale, dp.mT @ q * scale, p.mT @ dy


WRONG = (
    WrongAnswer(
        "no scale on the way back",
        no_scale_on_the_way_back,
        "dv is right; dq and dk are too large by a constant factor. The scores were multiplied by a number on the way "
        "there, and the gradient passes that number once more on the way back.",
    ),
    WrongAnswer(
        "no scale at all",
        no_scale_at_all,
        "These are the gradients of attention without its scale. The weights p are those of the formula, with √D.",
    ),
    WrongAnswer(
        "diagonal Jacobian",
        _with_ds(lambda p, dp: p * (1 - p) * dp),
        "p (1 − p) is the derivative of a weight by its own score, as for a sigmoid. In softmax each score also moves "
        "all the other weights of its row: the Jacobian has entries off the diagonal.",
    ),
    WrongAnswer(
        "row sum forgotten",
        _with_ds(lambda p, dp: p * dp),
        "You keep diag(p) of softmax's Jacobian and lose the other term, which comes from the sum below the fraction. "
        "A test: when all scores of a row rise together nothing changes, so each row of ds sums to 0.",
    ),
    WrongAnswer(
        "row sum not weighted",
        _with_ds(lambda p, dp: p * dp - (p * dp).sum(-1, keepdims=True)),
        "The row sum is there, but it is subtracted in full from every entry. Each entry takes its own share of it: "
        "where does p belong?",
    ),
    WrongAnswer(
        "row sum added",
        _with_ds(lambda p, dp: p * (dp + (dp * p).sum(-1, keepdims=True))),
        "The row sum enters with the wrong sign. When all scores of a row rise together no weight changes, so each row "
        "of ds sums to 0: do yours?",
    ),
    WrongAnswer(
        "sum over the queries",
        _with_ds(lambda p, dp: p * (dp - (dp * p).sum(-2, keepdims=True))),
        "Your sum runs over the queries. Softmax ran along the keys, row by row, and so does its way back.",
    ),
    WrongAnswer(
        "mean instead of sum in the row",
        _with_ds(lambda p, dp: p * (dp - (dp * p).mean(-1, keepdims=True))),
        "You subtract a mean where a sum belongs: the weights p inside it already make it an average of dp.",
    ),
    WrongAnswer(
        "softmax skipped",
        softmax_skipped,
        "You carry the gradient of the weights straight to q and k. Between weights and scores stands softmax, and the "
        "gradient has to pass it.",
    ),
    WrongAnswer(
        "dv with p instead of pᵀ",
        dv_not_transposed,
        "For dv you multiply by p as it is. A value collects from every query that read it, so the sum has to run over "
        "the queries.",
    ),
    WrongAnswer(
        "dk with ds instead of dsᵀ",
        dk_not_transposed,
        "For dk you multiply by ds as it is. A key collects from every query that looked at it, so the sum has to run "
        "over the queries.",
    ),
    WrongAnswer(
        "dp with v instead of vᵀ",
        values_not_transposed,
        "The gradient of the weights needs one number for each query and key: the dot product of that query's dy with "
        "that key's value. Which of the two has to be transposed?",
    ),
    WrongAnswer(
        "dq and dk swapped",
        dq_and_dk_swapped,
        "The numbers are right, but dq and dk have changed places. Each gradient has the shape of its input.",
    ),
    WrongAnswer(
        "dv first",
        dv_first,
        "The numbers are right, in the order dv, dq, dk. They are wanted in the order of the inputs.",
    ),
    WrongAnswer(
        "wrong sign",
        wrong_sign,
        "dq and dk have the right size and the opposite sign. Look at the bracket in the way back through softmax: "
        "what is subtracted from what?",
    ),
    WrongAnswer(
        "not stable",
        not_stable,
        "Right while scores are small. Near 10 000 exp is infinite, and the weights that you compute again are NaN: "
        "the softmax of the first question can stand this.",
    ),
    WrongAnswer(
        "all axes turned round",
        all_axes_turned,
        "Right for plain matrices, an error with batch axes in front. If you transpose with `.T`: it turns all axes "
        "round, and `.mT` swaps the last two alone.",
    ),
)

QUESTION = Question(
    id="03-backward",
    title="The way back through attention",
    points=20,
    name="attention_backward",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("dq", "dk", "dv"),
)
