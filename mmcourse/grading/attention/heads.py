"""03-heads: several heads side by side, without projections (Vaswani et al. 2017, section 3.2.2)."""

import numpy as np

from mmcourse.attention import scratch

from ..question import Case, Question, WrongAnswer
from .drawing import lifted, normal, weights_of


def reference(q, k, v, heads):
    y, _ = scratch.scaled_dot_product_attention(_split(q, heads), _split(k, heads), _split(v, heads))
    return _merge(y)


def draw(rng):
    yield _case(rng, "three heads", (2,), 5, 7, 11, 13, heads=3)
    yield _case(rng, "two heads, no batch axis", (), 5, 7, 3, 11, heads=2)
    yield _case(rng, "as many queries as keys", (2,), 5, 5, 3, 3, heads=2)
    yield _case(rng, "two batch axes", (2, 3), 7, 5, 3, 2, heads=5)
    yield _case(rng, "one head", (2,), 5, 7, 3, 11, heads=1)
    yield _case(rng, "as many heads as features", (2,), 5, 7, 1, 1, heads=3)
    q, k, v, heads = _case(rng, "", (2,), 5, 7, 11, 13, heads=3).arguments
    q, k = map(_merge, lifted(_split(q, heads), _split(k, heads), 1e4))
    yield Case("scores near 10 000", (q, k, v, heads))
    yield _case(rng, "float32", (2,), 5, 7, 3, 11, heads=3, dtype=np.float32)


def _case(rng, name, batch, queries, keys, width, value_width, heads, dtype=np.float64):
    """The widths are those of one head."""
    shapes = ((queries, heads * width), (keys, heads * width), (keys, heads * value_width))
    return Case(name, (*normal(rng, *((*batch, *shape) for shape in shapes), dtype=dtype), heads))


def _split(x, heads):
    """(..., T, H·D) to (..., H, T, D)."""
    return x.reshape(*x.shape[:-1], heads, -1).swapaxes(-2, -3)


def _merge(y):
    """(..., H, T, D) to (..., T, H·D)."""
    y = y.swapaxes(-2, -3)
    return y.reshape(*y.shape[:-2], -1)


def _attend(q, k, v, width=None):
    return weights_of(q @ k.mT / (width or q.shape[-1]) ** 0.5) @ v


def _each_head(q, k, v, heads):
    return _attend(_split(q, heads), _split(k, heads), _split(v, heads))


def one_head_only(q, k, v, heads):
    return _attend(q, k, v)


def reshape_without_transpose(q, k, v, heads):
    q_, k_, v_ = (x.reshape(*x.shape[:-2], heads, x.shape[-2], -1) for x in (q, k, v))
    return _attend(q_, k_, v_).reshape(*q.shape[:-1], -1)


def reshaped_on_the_way_in(q, k, v, heads):
    q_, k_, v_ = (x.reshape(*x.shape[:-2], heads, x.shape[-2], -1) for x in (q, k, v))
    return _merge(_attend(q_, k_, v_))


def heads_across_heads(q, k, v, heads):
    """Splits without moving the head axis, so that heads attend to heads within one token."""
    q_, k_, v_ = (x.reshape(*x.shape[:-1], heads, -1) for x in (q, k, v))
    return _attend(q_, k_, v_).reshape(*q.shape[:-1], -1)


def scaled_by_full_width(q, k, v, heads):
    return _merge(_attend(_split(q, heads), _split(k, heads), _split(v, heads), width=q.shape[-1]))


def no_scaling(q, k, v, heads):
    return _merge(_attend(_split(q, heads), _split(k, heads), _split(v, heads), width=1))


def merged_without_transpose(q, k, v, heads):
    y = _each_head(q, k, v, heads)
    return y.reshape(*q.shape[:-1], -1)


def merged_features_first(q, k, v, heads):
    y = np.moveaxis(_each_head(q, k, v, heads), -3, -1)
    return y.reshape(*q.shape[:-1], -1)


def interleaved(q, k, v, heads):
    """Head h takes the features h, h + H, h + 2H ..."""
    q_, k_, v_ = (np.moveaxis(x.reshape(*x.shape[:-1], -1, heads), -1, -3) for x in (q, k, v))
    return np.moveaxis(_attend(q_, k_, v_), -3, -1).reshape(*q.shape[:-1], -1)


def interleaved_on_the_way_in(q, k, v, heads):
    """Head h takes the features h, h + H, h + 2H ..., and gives back a block."""
    return _merge(_attend(*(np.moveaxis(x.reshape(*x.shape[:-1], -1, heads), -1, -3) for x in (q, k, v))))


def not_stable(q, k, v, heads):
    q, k, v = (_split(x, heads) for x in (q, k, v))
    e = np.exp(q @ k.mT / q.shape[-1] ** 0.5)
    return _merge(e / e.sum(-1, keepdims=True) @ v)


def averaged(q, k, v, heads):
    return _each_head(q, k, v, heads).mean(-3)


def weights_averaged(q, k, v, heads):
    q_, k_ = _split(q, heads), _split(k, heads)
    return weights_of(q_ @ k_.mT / q_.shape[-1] ** 0.5).mean(-3) @ v


def head_axis_kept(q, k, v, heads):
    return _each_head(q, k, v, heads)


WRONG = (
    WrongAnswer(
        "heads ignored",
        one_head_only,
        "This is one head of full width. With several heads, each has weights of its own, from its own slice of the "
        "features.",
    ),
    WrongAnswer(
        "reshape without transpose",
        reshape_without_transpose,
        "You reshape straight to (heads, tokens, width), which deals the numbers out in memory order and mixes tokens. "
        "Split the last axis first; then move the new axis to the front.",
    ),
    WrongAnswer(
        "reshape without transpose on the way in",
        reshaped_on_the_way_in,
        "Your merge is right. On the way in you reshape straight to (heads, tokens, width), which deals the numbers "
        "out in memory order: a head then holds pieces of several tokens. The split is the merge read backwards.",
    ),
    WrongAnswer(
        "heads attend to heads",
        heads_across_heads,
        "After the split, the head axis stands where the tokens should be, so the heads of one token attend to each "
        "other. It belongs with the batch axes.",
    ),
    WrongAnswer(
        "scaled by the full width",
        scaled_by_full_width,
        "You divide by the root of the full width. A head's dot products sum over its own features only: how many are "
        "they?",
    ),
    WrongAnswer(
        "no scaling",
        no_scaling,
        "Splitting and merging are right; the scores of a head are not divided by the root of its width.",
    ),
    WrongAnswer(
        "merged without moving the axis back",
        merged_without_transpose,
        "Your heads are right, but you merge them while the head axis still stands before the tokens, so tokens end up "
        "mixed. Undo the steps of the split in the opposite order.",
    ),
    WrongAnswer(
        "merged feature by feature",
        merged_features_first,
        "Your heads are right, but the merged features alternate between heads. Head 0 should come first as a block, "
        "then head 1, and so on.",
    ),
    WrongAnswer(
        "heads interleaved",
        interleaved,
        "Your heads take every H-th feature. Here a head is a block of neighbours: the first D features, the next D, "
        "and so on.",
    ),
    WrongAnswer(
        "heads interleaved on the way in",
        interleaved_on_the_way_in,
        "You lay the heads side by side as blocks, but on the way in each takes every H-th feature. The split has to "
        "cut the same blocks that the merge lays down.",
    ),
    WrongAnswer(
        "not stable",
        not_stable,
        "The heads are right, and exp overflows when scores are large. Each head's softmax needs the care of the first "
        "question.",
    ),
    WrongAnswer(
        "outputs averaged",
        averaged,
        "You average the heads' outputs. They are laid side by side instead, so that nothing they found is lost.",
    ),
    WrongAnswer(
        "weights averaged",
        weights_averaged,
        "You average the weights of all heads and read with the average. Each head reads its own slice of the values "
        "with its own weights.",
    ),
    WrongAnswer(
        "heads not merged",
        head_axis_kept,
        "The heads are right, and still apart. The result has the tokens' shape again: lay the heads side by side "
        "along the last axis.",
    ),
)

QUESTION = Question(
    id="03-heads",
    title="Several heads side by side",
    points=15,
    name="multi_head",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
