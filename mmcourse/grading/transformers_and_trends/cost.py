"""12-cost: what a Transformer costs before anybody has built it: parameters, operations, memory for keys and values.

Heads that share keys and values in groups: Ainslie et al. 2023 (GQA, arXiv:2305.13245); the gated MLP: Shazeer 2020
(arXiv:2002.05202). What is counted and what is left out is this question's own convention.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(layers, width, heads, groups, hidden, tokens, bytes_each, kib):
    return _with()(layers, width, heads, groups, hidden, tokens, bytes_each, kib)


def _shared_width(width, heads, groups):
    """Of the keys of a token, all groups together; and of its values."""
    return width // heads * groups


def _matrices(D, W, F):
    """Numbers in the weights of one layer: queries, keys, values, output; gate, up, down."""
    return 2 * D * D + 2 * D * W + 3 * D * F


def _gains(D):
    return 2 * D


def _up_to_itself(T):
    return T * (T + 1) // 2


def _of_a_pair(D, W):
    """Multiplications for one query and one key: the score, and its share of the mean."""
    return 2 * D


def _with(
    shared=_shared_width, matrices=_matrices, gains=_gains, pairs=_up_to_itself, of_pair=_of_a_pair, each=2,
    layered=lambda L, x: L * x, next_pairs=lambda T: T + 1, next_matrices=1, cached=lambda W, b: 2 * W * b,
    unit=1024, divide=lambda room, token: room // token, also=lambda D: 0,
):  # fmt: skip
    """The five counts with something left out, added, or counted otherwise."""

    def count(layers, width, heads, groups, hidden, tokens, bytes_each, kib):
        W = shared(width, heads, groups)
        weights = matrices(width, W, hidden)
        parameters = layered(layers, weights + gains(width))
        one = of_pair(width, W)
        prompt = layered(layers, each * (tokens * (weights + also(width)) + pairs(tokens) * one))
        step = layered(layers, each * ((weights + also(width)) * next_matrices + next_pairs(tokens) * one))
        token = layered(layers, cached(W, bytes_each))
        return np.array([parameters, prompt, step, tokens * token, divide(kib * unit, token)], np.int64)

    return count


def draw(rng):
    yield _case(rng, "a small one", 3, 3, 2, 2, 17, 11, 2, 3)
    yield _case(rng, "5 layers, 6 heads in 3 groups", 5, 6, 7, 3, 53, 29, 4, 71)
    yield _case(rng, "every head has keys of its own", 2, 5, 3, 5, 37, 19, 2, 13)
    yield _case(rng, "all heads share one group", 7, 4, 5, 1, 41, 31, 2, 17)
    yield _case(rng, "one layer, one head", 1, 1, 11, 1, 23, 13, 4, 7)
    yield _case(rng, "one token", 3, 4, 7, 2, 43, 1, 2, 11)
    yield _case(rng, "not even room for one", 11, 6, 23, 6, 97, 5, 4, 1)
    yield _case(rng, "a byte for a number", 5, 6, 13, 2, 61, 37, 1, 23)
    yield _case(rng, "as large as they are built", 31, 32, 128, 8, 14336, 8191, 2, 1 << 20)


def _case(rng, name, layers, heads, of_head, groups, hidden, tokens, bytes_each, kib):
    """heads is a multiple of groups in each call but the first, where both are drawn small."""
    if name == "a small one":
        heads, groups = [(3, 1), (4, 2)][rng.integers(2)]
        of_head = 5 if heads == 3 else 4
    else:
        layers, hidden, tokens, kib = (int(n + rng.integers(0, n // 3 + 1)) for n in (layers, hidden, tokens, kib))
    return Case(name, (layers, heads * of_head, heads, groups, hidden, tokens, bytes_each, kib))


def everything_anew(layers, width, heads, groups, hidden, tokens, bytes_each, kib):
    counts = reference(layers, width, heads, groups, hidden, tokens, bytes_each, kib)
    counts[2] = reference(layers, width, heads, groups, hidden, tokens + 1, bytes_each, kib)[1]
    return counts


def beside_the_prompt(layers, width, heads, groups, hidden, tokens, bytes_each, kib):
    counts = reference(layers, width, heads, groups, hidden, tokens, bytes_each, kib)
    counts[4] -= tokens
    return counts


WRONG = (
    WrongAnswer(
        "keys as wide as queries",
        _with(shared=lambda D, H, G: D),
        "You give every head keys and values of its own. The heads of a group share them: `groups` times the width of "
        "one head.",
    ),
    WrongAnswer(
        "width over groups",
        _with(shared=lambda D, H, G: D // G),
        "Your keys are width / groups wide. More groups mean more keys: the width of one head, width / heads, times "
        "`groups`.",
    ),
    WrongAnswer(
        "one head's width",
        _with(shared=lambda D, H, G: D // H),
        "Your keys are as wide as one head. There are `groups` of them.",
    ),
    WrongAnswer(
        "an MLP of two matrices",
        _with(matrices=lambda D, W, F: 2 * D * D + 2 * D * W + 2 * D * F),
        "Your MLP has two matrices. A gated one has three: gate, up and down.",
    ),
    WrongAnswer(
        "no way out of attention",
        _with(matrices=lambda D, W, F: D * D + 2 * D * W + 3 * D * F),
        "You leave out the matrix that mixes the heads after attention, width × width.",
    ),
    WrongAnswer(
        "keys without values",
        _with(matrices=lambda D, W, F: 2 * D * D + D * W + 3 * D * F),
        "You count one matrix for keys and values together. Each has its own.",
    ),
    WrongAnswer(
        "no MLP",
        _with(matrices=lambda D, W, F: 2 * D * D + 2 * D * W),
        "You count attention alone. Most parameters are in the MLP behind it.",
    ),
    WrongAnswer(
        "gains forgotten",
        _with(gains=lambda D: 0),
        "Your parameters lack the gains of the two norms, `width` numbers each.",
    ),
    WrongAnswer(
        "one norm",
        _with(gains=lambda D: D),
        "You count one norm in a layer. There are two: before attention and before the MLP.",
    ),
    WrongAnswer(
        "norms with a bias",
        _with(gains=lambda D: 4 * D),
        "You give the norms a bias. These have a gain alone.",
    ),
    WrongAnswer(
        "gains multiplied as matrices",
        _with(also=lambda D: 2 * D),
        "The parameters are right. Your operations count the norms, which were to be left out: only products with "
        "matrices, scores, and means of values.",
    ),
    WrongAnswer(
        "one layer",
        _with(layered=lambda L, x: x),
        "You count one layer. Everything is there in each of them, the memory too.",
    ),
    WrongAnswer(
        "multiplications only",
        _with(each=1),
        "You count multiplications. Each comes with an addition, and both are operations: twice as many.",
    ),
    WrongAnswer(
        "everyone sees everyone",
        _with(pairs=lambda T: T * T),
        "In your prompt every token sees every other. It sees itself and those before it.",
    ),
    WrongAnswer(
        "nobody sees itself",
        _with(pairs=lambda T: T * (T - 1) // 2),
        "In your prompt a token sees those before it only. It sees itself as well.",
    ),
    WrongAnswer(
        "half of all pairs",
        _with(pairs=lambda T: T * T // 2),
        "You take half of all pairs. With themselves included it is T (T + 1) / 2: the diagonal counts whole.",
    ),
    WrongAnswer(
        "scores only",
        _with(of_pair=lambda D, W: D),
        "You count the scores and forget the means of the values, which take as many operations.",
    ),
    WrongAnswer(
        "sharing saves operations",
        _with(of_pair=lambda D, W: 2 * W),
        "You let groups save operations in the scores. Sharing saves memory: every head still compares its own query "
        "with every key.",
    ),
    WrongAnswer(
        "attention without a price",
        _with(of_pair=lambda D, W: 0),
        "You count the products with matrices only. Scores and means of values grow with the square of the length.",
    ),
    WrongAnswer(
        "the next token sees no more than the prompt",
        _with(next_pairs=lambda T: T),
        "The rest is right. The token after the prompt sees the whole prompt, and itself: tokens + 1 keys.",
    ),
    WrongAnswer(
        "everything once more",
        everything_anew,
        "The rest is right. For the next token you compute the whole prompt anew. Its keys and values are kept: only "
        "the new token goes through the layers.",
    ),
    WrongAnswer(
        "the next token for nothing",
        _with(next_matrices=0),
        "The rest is right. For the next token you count attention only. It goes through all matrices as well.",
    ),
    WrongAnswer(
        "values not kept",
        _with(cached=lambda W, b: W * b),
        "The first three are right. Your memory holds the keys. The values are needed as well.",
    ),
    WrongAnswer(
        "numbers for bytes",
        _with(cached=lambda W, b: 2 * W),
        "The first three are right. You count the numbers that are kept. Each takes `bytes_each` bytes.",
    ),
    WrongAnswer(
        "a thousand bytes",
        _with(unit=1000),
        "The rest is right. A KiB has 1024 bytes.",
    ),
    WrongAnswer(
        "one token too many",
        _with(divide=lambda room, token: -(-room // token)),
        "The rest is right. You round the longest length up, and the last token does not fit.",
    ),
    WrongAnswer(
        "room beside the prompt",
        beside_the_prompt,
        "The rest is right. You say how many tokens fit beside the prompt. Asked is how many fit in all.",
    ),
)


QUESTION = Question(
    id="12-cost",
    title="The bill before the building",
    points=10,
    name="count_costs",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the counts",),
    tolerance={"int64": 0.0},
)
