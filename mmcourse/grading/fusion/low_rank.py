"""02-low-rank: low-rank fusion of three modalities without making their tensor.

Liu et al. 2018 (arXiv:1806.00064, section 3), with a weight for every rank and a bias, and with the one in front.
"""

import numpy as np

from ..attention.drawing import normal, weights_of
from ..question import Case, Question, WrongAnswer


def reference(a, b, c, factors, rank_weights, bias):
    return _with()(a, b, c, factors, rank_weights, bias)


def _one_first(x):
    return np.concatenate([np.ones_like(x[..., :1]), x], -1)


def _weighted_sum(product, rank_weights, bias):
    return (product * rank_weights[:, None]).sum(-2) + bias


def _with(extend=_one_first, combine=lambda projected: projected.prod(0), finish=_weighted_sum):
    """The fusion with another extension of each modality, combination of the three, or ending.

    combine takes (3, ..., K, O) and gives (..., K, O); finish takes that, the rank weights and the bias.
    """

    def fuse(a, b, c, factors, rank_weights, bias):
        pairs = zip((a, b, c), factors, strict=True)
        projected = np.stack([np.einsum("...i,iko->...ko", extend(x), f) for x, f in pairs])
        return finish(combine(projected), rank_weights, bias)

    return fuse


def draw(rng):
    yield _case(rng, "11 examples, rank 2", (11,), (5, 3, 7), K=2, O=13)
    yield _case(rng, "two leading axes", (2, 3), (7, 5, 2), K=5, O=11)
    yield _case(rng, "one example", (), (3, 5, 2), K=2, O=7)
    yield _case(rng, "as many ranks as outputs, equal widths", (7,), (5, 5, 5), K=3, O=3)
    yield _case(rng, "rank 1", (5,), (5, 3, 7), K=1, O=11)
    yield _case(rng, "no examples", (0,), (5, 3, 7), K=2, O=11)
    yield _case(rng, "a modality that is silent", (5,), (5, 3, 7), K=2, O=11, silent=True)
    yield _case(rng, "a tensor of a million entries", (3,), (101, 103, 107), K=2, O=5)
    yield _case(rng, "float32", (2, 5), (3, 5, 7), K=2, O=11, dtype=np.float32)


def _case(rng, name, lead, widths, K, O, silent=False, dtype=np.float64):
    a, b, c = normal(rng, *((*lead, width) for width in widths), dtype=dtype)
    shapes = [(width + 1, K, O) for width in widths]
    factors = tuple(f * f.shape[0] ** -0.5 for f in normal(rng, *shapes, dtype=dtype))
    rank_weights, bias = normal(rng, (K,), (O,), dtype=dtype)
    if silent:
        b[...] = 0
    return Case(name, (a, b, c, factors, rank_weights, bias))


def _one_last(x):
    return np.concatenate([x, np.ones_like(x[..., :1])], -1)


def _zero_first(x):
    return np.concatenate([np.zeros_like(x[..., :1]), x], -1)


def _only_two(projected):
    return projected[0] * projected[1]


def _averaged(product, rank_weights, bias):
    return (product * rank_weights[:, None]).mean(-2) + bias


def ranks_summed_first(a, b, c, factors, rank_weights, bias):
    summed = tuple((f * rank_weights[:, None]).sum(1, keepdims=True) for f in factors)
    return reference(a, b, c, summed, np.ones_like(rank_weights[:1]), bias)


def axes_swapped(a, b, c, factors, rank_weights, bias):
    return reference(a, b, c, tuple(f.mT for f in factors), rank_weights, bias)


WRONG = (
    WrongAnswer(
        "one at the end",
        _with(extend=_one_last),
        "Your one stands behind the features, as in the chapter. Here row 0 of each factor belongs to the one: it "
        "stands in front.",
    ),
    WrongAnswer(
        "no one at all",
        _with(extend=_zero_first),
        "Row 0 of the factors has no effect in your answer. It belongs to a one in front of the features, which lets "
        "a modality stay out of a product.",
    ),
    WrongAnswer(
        "modalities added",
        _with(combine=lambda projected: projected.sum(0)),
        "You add the three projections. A sum of them is concatenation in disguise; what the modalities say only "
        "together lives in their product.",
    ),
    WrongAnswer(
        "third modality forgotten",
        _with(combine=_only_two),
        "Only a and b reach your answer. c is the third factor of every product.",
    ),
    WrongAnswer(
        "ranks summed before the product",
        ranks_summed_first,
        "You sum over the ranks before you multiply, and that leaves a tensor of rank one. Each rank multiplies its "
        "own three numbers first; then the ranks are summed.",
    ),
    WrongAnswer(
        "ranks multiplied",
        _with(finish=lambda product, rank_weights, bias: (product * rank_weights[:, None]).prod(-2) + bias),
        "You multiply over the ranks. Multiply over the modalities, and sum over the ranks.",
    ),
    WrongAnswer(
        "ranks averaged",
        _with(finish=_averaged),
        "You average over the ranks, so that your answer shrinks with K. The ranks add up.",
    ),
    WrongAnswer(
        "rank weights forgotten",
        _with(finish=lambda product, rank_weights, bias: product.sum(-2) + bias),
        "All ranks count alike in your sum. `rank_weights` says how much each of them counts.",
    ),
    WrongAnswer(
        "rank weights sent through softmax",
        _with(finish=lambda product, weights, bias: _weighted_sum(product, weights_of(weights), bias)),
        "You send the rank weights through softmax. They are plain factors here; one may be negative.",
    ),
    WrongAnswer(
        "rank weights in every modality",
        _with(finish=lambda product, weights, bias: _weighted_sum(product, weights**3, bias)),
        "You multiply each of the three projections by the rank's weight, so it enters three times. It belongs to the "
        "product, once.",
    ),
    WrongAnswer(
        "bias forgotten",
        _with(finish=lambda product, rank_weights, bias: _weighted_sum(product, rank_weights, 0 * bias)),
        "The sum over the ranks is right. The bias is still to come.",
    ),
    WrongAnswer(
        "bias in every rank",
        _with(finish=lambda product, rank_weights, bias: _weighted_sum(product + bias, rank_weights, 0 * bias)),
        "You add the bias inside the sum over the ranks, where it is weighted and counted again for every rank. It is "
        "added once, at the end.",
    ),
    WrongAnswer(
        "tanh of the projections",
        _with(combine=lambda projected: np.tanh(projected).prod(0)),
        "You send the projections through tanh. Low-rank fusion is linear in each modality: that is what makes it "
        "equal to a linear map of the tensor.",
    ),
    WrongAnswer(
        "rank and output axes swapped",
        axes_swapped,
        "You take a factor's second axis for the outputs and its third for the ranks. Factors are (width + 1, K, O); "
        "when K equals O, the swap is easy to miss.",
    ),
)

QUESTION = Question(
    id="02-low-rank",
    title="Three modalities without their tensor",
    points=15,
    name="low_rank_three",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
