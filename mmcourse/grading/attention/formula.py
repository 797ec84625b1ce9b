"""03-attention: softmax(q kᵀ / √D) v, with any number of batch axes (Vaswani et al. 2017, eq. 1)."""

import numpy as np

from mmcourse.attention import scratch

from ..question import Case, Question, WrongAnswer
from .drawing import qkv, weights_of


def reference(q, k, v):
    return scratch.scaled_dot_product_attention(q, k, v)[0]


def draw(rng):
    yield Case("one batch axis", qkv(rng, (2,), 5, 7, 3, 11))
    yield Case("no batch axis", qkv(rng, (), 5, 7, 3, 11))
    yield Case("as many queries as keys", qkv(rng, (2,), 5, 5, 3, 7))
    yield Case("values as wide as keys", qkv(rng, (3,), 5, 7, 11, 11))
    yield Case("two batch axes", qkv(rng, (2, 3), 5, 7, 13, 11))
    yield Case("one query", qkv(rng, (2,), 1, 7, 3, 5))
    yield Case("one key", qkv(rng, (2,), 5, 1, 3, 7))
    q, k, v = qkv(rng, (2,), 5, 7, 3, 11)
    yield Case("scores of about 10 000", (q * 1e4, k, v))
    yield Case("float32", qkv(rng, (2, 3), 5, 7, 3, 11, dtype=np.float32))


def _scaled_by(factor):
    """Attention whose scores are multiplied by factor(q, k, v) where 1 / √D belongs."""
    return lambda q, k, v: weights_of(q @ k.mT * factor(q, k, v)) @ v


def unstable(q, k, v):
    e = np.exp(q @ k.mT / q.shape[-1] ** 0.5)
    return e / e.sum(-1, keepdims=True) @ v


def hard_argmax(q, k, v):
    best = (q @ k.mT).argmax(-1)
    return np.take_along_axis(v, best[..., None], axis=-2)


def softmax_over_queries(q, k, v):
    return weights_of(q @ k.mT / q.shape[-1] ** 0.5, axis=-2) @ v


def q_and_k_swapped(q, k, v):
    return weights_of(k @ q.mT / q.shape[-1] ** 0.5) @ v


def softmax_over_the_first_axis(q, k, v):
    return weights_of(q @ k.mT / q.shape[-1] ** 0.5, axis=0) @ v


def all_axes_turned(q, k, v):
    return weights_of(q @ k.T / q.shape[-1] ** 0.5) @ v


def three_axes_expected(q, k, v):
    return weights_of(q @ k.transpose(0, 2, 1) / q.shape[-1] ** 0.5) @ v


def mean_instead_of_sum(q, k, v):
    return weights_of(q @ k.mT / q.shape[-1] ** 0.5) @ v / k.shape[-2]


def scores_with_values(q, k, v):
    return weights_of(q @ v.mT / q.shape[-1] ** 0.5) @ v


def no_softmax(q, k, v):
    return q @ k.mT / q.shape[-1] ** 0.5 @ v


def scaled_after_softmax(q, k, v):
    return weights_of(q @ k.mT) / q.shape[-1] ** 0.5 @ v


def weights_only(q, k, v):
    return weights_of(q @ k.mT / q.shape[-1] ** 0.5)


def averages_keys(q, k, v):
    return weights_of(q @ k.mT / q.shape[-1] ** 0.5) @ k


WRONG = (
    WrongAnswer(
        "no scaling",
        _scaled_by(lambda q, k, v: 1.0),
        "The scores go into softmax as they are. A dot product of D numbers has a standard deviation of about √D, and "
        "the formula takes that out first.",
    ),
    WrongAnswer(
        "scaled by d",
        _scaled_by(lambda q, k, v: 1 / q.shape[-1]),
        "You divide by D. The variance of a dot product grows like D; what grows like its standard deviation?",
    ),
    WrongAnswer(
        "scaled by d²",
        _scaled_by(lambda q, k, v: 1 / q.shape[-1] ** 2),
        "You divide by D squared, which flattens the weights until hardly a preference is left. A root, not a power, "
        "keeps the scores near 1.",
    ),
    WrongAnswer(
        "multiplied by √d",
        _scaled_by(lambda q, k, v: q.shape[-1] ** 0.5),
        "The factor is the right one, but you multiply with it. That makes large scores larger still, and softmax "
        "nearly picks a single key.",
    ),
    WrongAnswer(
        "√ of the value width",
        _scaled_by(lambda q, k, v: v.shape[-1] ** -0.5),
        "Your scale comes from the width of the values. The scores are dot products of queries and keys: whose width "
        "says how many terms are summed?",
    ),
    WrongAnswer(
        "√ of the number of keys",
        _scaled_by(lambda q, k, v: k.shape[-2] ** -0.5),
        "Your scale comes from the number of keys. How many keys there are does not change the size of one dot "
        "product; its number of terms does.",
    ),
    WrongAnswer(
        "not stable",
        unstable,
        "The formula is right, and it overflows when scores are large. The softmax of the first question is made for "
        "this: use it here.",
    ),
    WrongAnswer(
        "hard argmax",
        hard_argmax,
        "Each of your queries copies the value of its best key. Attention is a soft dictionary: every value takes "
        "part, with a weight that softmax gives.",
    ),
    WrongAnswer(
        "softmax over the queries",
        softmax_over_queries,
        "Your weights sum to one over the queries, so queries compete for each key. Each query spreads one unit of "
        "attention over the keys: along which axis of the scores do the keys lie?",
    ),
    WrongAnswer(
        "softmax over the first axis",
        softmax_over_the_first_axis,
        "Your weights sum to one along axis 0. With a batch in front, that makes the examples of the batch compete. "
        "The keys lie along another axis of the scores, wherever the batch axes end.",
    ),
    WrongAnswer(
        "all axes turned round",
        all_axes_turned,
        "Right for plain matrices, an error with batch axes in front. `.T` turns all axes round, the batch axes too; "
        "`.mT` swaps the last two. And does a line like `n, d = q.shape` expect just two axes?",
    ),
    WrongAnswer(
        "three axes expected",
        three_axes_expected,
        "Right with one batch axis, an error with none or with two. A line such as k.transpose(0, 2, 1) counts on "
        "three axes: name the last two from the end, whatever stands before them.",
    ),
    WrongAnswer(
        "q and k swapped",
        q_and_k_swapped,
        "Queries and keys have changed places. The scores need one row for each query and one column for each key; "
        "with equal numbers of both, the swap is easy to miss.",
    ),
    WrongAnswer(
        "mean instead of sum",
        mean_instead_of_sum,
        "The weights already sum to one, so the weighted sum is an average. You divide by the number of keys on top.",
    ),
    WrongAnswer(
        "queries compared with values",
        scores_with_values,
        "You compare the queries with the values. A query looks at keys to find out where to look, and only then reads "
        "the values.",
    ),
    WrongAnswer(
        "no softmax",
        no_softmax,
        "You mix the values with the raw scores. They may be negative and sum to anything: what turns them into "
        "weights?",
    ),
    WrongAnswer(
        "scaled after softmax",
        scaled_after_softmax,
        "You scale after softmax, so the weights sum to 1/√D. The scale belongs to the scores, before softmax.",
    ),
    WrongAnswer(
        "weights returned",
        weights_only,
        "These are the right weights, one for each query and key. The last step is still to come: average the values "
        "with them.",
    ),
    WrongAnswer(
        "keys averaged",
        averages_keys,
        "The weights are right, and you average the keys with them. Keys say where to look; what is read there are the "
        "values.",
    ),
)

QUESTION = Question(
    id="03-attention",
    title="The formula of attention",
    points=20,
    name="attention",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
