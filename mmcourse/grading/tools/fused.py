"""11-fused: queries, keys and values out of one matrix, for an attention that keeps its heads apart and does not scale.

One matrix for all three as in GPT-2; fewer heads of keys than of queries as in Ainslie et al. 2023 (arXiv:2305.13245).
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(weight, bias, heads, groups):
    return _with()(weight, bias, heads, groups)


def _one_after_another(columns, H, G):
    """Queries (..., H, h), keys (..., G, h) and values (..., G, h) of columns (..., (H + 2G)·h)."""
    parts = columns.reshape(*columns.shape[:-1], H + 2 * G, -1)
    return parts[..., :H, :], parts[..., H : H + G, :], parts[..., H + G :, :]


def _neighbours(x, H):
    """Heads 0, 0, 1, 1, …"""
    return np.repeat(x, H // x.shape[-2], -2)


def _into_queries(parts, h, D):
    q, k, v = parts
    return q * h**-0.5, k, v


def _with(
    cut=_one_after_another, spread=_neighbours, spread_bias=None, scale=_into_queries, scale_bias=None,
    axes=lambda kernel: kernel, read=lambda weight: weight,
):  # fmt: skip
    """The six arrays with another cut, other shared heads or another scale."""

    def split(weight, bias, heads, groups):
        h, D = len(bias) // (heads + 2 * groups), len(weight)
        kernels = scale(cut(read(weight), heads, groups), h, D)
        biases = (scale_bias or scale)(cut(bias, heads, groups), h, D)
        kernels = [axes(x if i == 0 else spread(x, heads)) for i, x in enumerate(kernels)]
        biases = [x if i == 0 else (spread_bias or spread)(x, heads) for i, x in enumerate(biases)]
        return tuple(x.astype(weight.dtype) for x in (*kernels, *biases))

    return split


def draw(rng):
    yield _case(rng, "6 heads share 3 heads of keys, 5 wide", 7, 6, 3, 5)
    yield _case(rng, "4 heads share 2", 11, 4, 2, 3)
    yield _case(rng, "as many heads of keys", 7, 3, 3, 5)
    yield _case(rng, "one head of keys for all", 5, 7, 1, 3)
    yield _case(rng, "heads as wide as they are many", 11, 4, 2, 4)
    yield _case(rng, "one head", 7, 1, 1, 5)
    yield _case(rng, "one feature a head", 5, 6, 2, 1)
    yield _case(rng, "float32", 7, 6, 3, 5, dtype=np.float32)


def _case(rng, name, D, H, G, h, dtype=np.float64):
    return Case(name, (*normal(rng, (D, (H + 2 * G) * h), ((H + 2 * G) * h,), dtype=dtype), H, G))


def _times(q=1.0, k=1.0, v=1.0):
    """Powers of the width of a head."""
    return lambda parts, h, D: tuple(x * h**power for x, power in zip(parts, (q, k, v), strict=True))


def _unscaled(parts, h, D):
    return parts


def _root_of_the_width(parts, h, D):
    return parts[0] * D**-0.5, *parts[1:]


def _cut_by(order):
    """The three parts stand in another order."""

    def cut(columns, H, G):
        sizes = [(H, G, G)[i] for i in order]
        parts = np.split(columns.reshape(*columns.shape[:-1], H + 2 * G, -1), np.cumsum(sizes)[:2], -2)
        return tuple(parts[order.index(i)] for i in range(3))

    return cut


def _group_by_group(columns, H, G):
    """Each head of keys stands beside the queries that use it."""
    share = H // G
    parts = columns.reshape(*columns.shape[:-1], G, share + 2, -1)
    q = parts[..., :share, :]
    return q.reshape(*columns.shape[:-1], H, -1), parts[..., share, :], parts[..., share + 1, :]


def _equal_thirds(columns, H, G):
    return tuple(x.reshape(*columns.shape[:-1], H, -1) for x in np.split(columns, 3, -1))


def _heads_innermost(columns, H, G):
    sizes = np.cumsum((H, G)) * (columns.shape[-1] // (H + 2 * G))
    parts = zip(np.split(columns, sizes, -1), (H, G, G), strict=True)
    return tuple(x.reshape(*x.shape[:-1], -1, n).swapaxes(-1, -2) for x, n in parts)


def _in_turn(x, H):
    """Heads 0, 1, …, 0, 1, …"""
    return np.concatenate([x] * (H // x.shape[-2]), -2)


def _first_alone(x, H):
    return np.repeat(x[..., :1, :], H, -2)


def _from_behind(x, H):
    return _neighbours(x[..., ::-1, :], H)


def _features_repeated(x, H):
    flat = x.reshape(*x.shape[:-2], -1)
    return np.repeat(flat, H // x.shape[-2], -1).reshape(*x.shape[:-2], H, -1)


def _as_they_are(x, H):
    return x


WRONG = (
    WrongAnswer(
        "no scale",
        _with(scale=_unscaled),
        "You leave the scale out. The new attention does not divide its scores by √h, so the queries must bring it "
        "along.",
    ),
    WrongAnswer(
        "biases without the scale",
        _with(scale_bias=_unscaled),
        "The kernels are right. The bias is a part of the query as well, and is scaled like the rest of it.",
    ),
    WrongAnswer(
        "kernels without the scale",
        _with(scale=_unscaled, scale_bias=_into_queries),
        "The biases are right. You scale the bias of the queries and not their kernel: both make the query.",
    ),
    WrongAnswer(
        "divided by h",
        _with(scale=_times(-1, 0, 0)),
        "You divide the queries by h. The scores were divided by its root.",
    ),
    WrongAnswer(
        "times √h",
        _with(scale=_times(0.5, 0, 0)),
        "You multiply by √h, as if a scale were to be undone. One is missing: divide.",
    ),
    WrongAnswer(
        "√ of the whole width",
        _with(scale=_root_of_the_width),
        "You divide by the root of D, the width of the model. Scores are scaled by the width of one head.",
    ),
    WrongAnswer(
        "queries and keys scaled",
        _with(scale=_times(-0.5, -0.5, 0)),
        "You divide queries and keys by √h each, so that the scores are divided by h.",
    ),
    WrongAnswer(
        "half of it each",
        _with(scale=_times(-0.25, -0.25, 0)),
        "Your scores are right, since half of the scale stands in the queries and half in the keys. Here the queries "
        "take all of it, and the keys stay as they were.",
    ),
    WrongAnswer(
        "keys scaled",
        _with(scale=_times(0, -0.5, 0)),
        "Your scores are right, but the scale stands in the keys. Here the queries take it.",
    ),
    WrongAnswer(
        "values scaled",
        _with(scale=_times(-0.5, 0, -0.5)),
        "You scale the values as well. They make no scores: what is found is to be as long as before.",
    ),
    WrongAnswer(
        "heads of keys in turn",
        _with(spread=_in_turn),
        "You hand the heads of keys out in turn: 0, 1, 2, 0, 1, 2. Neighbours share one: 0, 0, 1, 1, 2, 2.",
    ),
    WrongAnswer(
        "biases in turn",
        _with(spread_bias=_in_turn),
        "The kernels are right. The biases of the keys and values are handed out in turn; neighbours share them, as "
        "with the kernels.",
    ),
    WrongAnswer(
        "the first head of keys for all",
        _with(spread=_first_alone),
        "All your heads look at the first head of keys. There are `groups` of them.",
    ),
    WrongAnswer(
        "heads of keys from behind",
        _with(spread=_from_behind),
        "You hand out the heads of keys from the last to the first. The first heads of queries use the first one.",
    ),
    WrongAnswer(
        "features repeated",
        _with(spread=_features_repeated),
        "You repeat single columns before you cut them into heads, so a head gets the same feature several times. "
        "Cut first, and repeat whole heads.",
    ),
    WrongAnswer(
        "keys not repeated",
        _with(spread=_as_they_are),
        "Your keys and values still have `groups` heads. The new attention has as many as of queries: repeat them.",
    ),
    WrongAnswer(
        "keys first",
        _with(cut=_cut_by((1, 0, 2))),
        "You take the first columns for the keys. The order is queries, keys, values.",
    ),
    WrongAnswer(
        "values before keys",
        _with(cut=_cut_by((0, 2, 1))),
        "Your keys and values have changed places. The order is queries, keys, values.",
    ),
    WrongAnswer(
        "group by group",
        _with(cut=_group_by_group),
        "You read the columns group by group: some queries, their key, their value, and so on. Some models store them "
        "so; here all queries come first, then all keys, then all values.",
    ),
    WrongAnswer(
        "equal thirds",
        _with(cut=_equal_thirds),
        "You cut the matrix into equal thirds. With fewer heads of keys than of queries the three parts differ in "
        "width.",
    ),
    WrongAnswer(
        "heads innermost",
        _with(cut=_heads_innermost),
        "You deal the columns out to the heads one by one. A head is a block of h neighbouring columns.",
    ),
    WrongAnswer(
        "read as (out, in)",
        _with(read=lambda weight: weight.reshape(-1, len(weight)).T),
        "You read the matrix as (out, in) and reshape it until it fits. GPT-2 stores (in, out): one row for each "
        "feature that goes in.",
    ),
    WrongAnswer(
        "heads in front",
        _with(axes=lambda kernel: kernel.swapaxes(0, 1)),
        "Your kernels are (H, D, h). What goes in comes first here: (D, H, h).",
    ),
)

QUESTION = Question(
    id="11-fused",
    title="Three in one matrix",
    points=10,
    name="split_fused",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("query kernel", "key kernel", "value kernel", "query bias", "key bias", "value bias"),
)
