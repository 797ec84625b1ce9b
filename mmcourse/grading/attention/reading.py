"""03-reading: how much of each word's attention falls on the object that it names."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(weights, grid, boxes):
    maps = weights.reshape(len(weights), *grid)
    inside = np.array([m[t:b, l:r].sum() for m, (t, l, b, r) in zip(maps, boxes, strict=True)], weights.dtype)
    return _share(inside, weights.sum(-1))


def _share(part, total):
    return np.divide(part, total, out=np.zeros_like(part), where=total > 0)


def draw(rng):
    yield _case(rng, "5 words, 7 by 3 regions", 5, (7, 3))
    yield _case(rng, "3 words, 5 by 11 regions", 3, (5, 11))
    yield _case(rng, "as many rows as columns", 7, (5, 5))
    yield _case(rng, "one word, one region", 1, (1, 1), empty_word=False)
    yield _case(rng, "weights that do not sum to one", 5, (7, 3), total=0.37)
    yield _case(rng, "a word that looked nowhere", 5, (7, 3), blind_word=True)
    yield _case(rng, "float32", 5, (7, 5), dtype=np.float32)


def _case(rng, name, words, grid, total=1.0, empty_word=True, blind_word=False, dtype=np.float64):
    weights = rng.random((words, grid[0] * grid[1]))
    weights *= total / weights.sum(-1, keepdims=True)
    boxes = np.array([_box(rng, *grid) for _ in range(words)])
    if empty_word:
        boxes[-1] = 0  # a word such as “the” names no object
    if blind_word:
        weights[1] = 0
    return Case(name, (weights.astype(dtype), grid, boxes))


def _box(rng, rows, columns):
    """(top, left, bottom, right), never the whole grid unless that is a single region."""
    top, left = rng.integers(max(rows - 1, 1)), rng.integers(max(columns - 1, 1))
    bottom, right = rng.integers(top + 1, max(rows, 2)), rng.integers(left + 1, max(columns, 2))
    return top, left, bottom, right


def _reduce(function, order="C"):
    """Another summary of the weights inside the box; 0 for an empty box."""

    def read(weights, grid, boxes):
        maps = [w.reshape(grid, order=order) for w in weights]
        parts = [m[t:b, l:r] for m, (t, l, b, r) in zip(maps, boxes, strict=True)]
        inside = np.array([function(part) if part.size else 0.0 for part in parts], weights.dtype)
        return _share(inside, weights.sum(-1))

    return read


def rows_and_columns_swapped(weights, grid, boxes):
    return reference(weights, grid, boxes[:, [1, 0, 3, 2]])


def grid_swapped(weights, grid, boxes):
    return reference(weights, grid[::-1], boxes)


def softmax_again(weights, grid, boxes):
    e = np.exp(weights - weights.max(-1, keepdims=True))
    return reference(e / e.sum(-1, keepdims=True), grid, boxes)


def edge_included(weights, grid, boxes):
    return reference(weights, grid, boxes + np.array([0, 0, 1, 1]))


def edge_lost(weights, grid, boxes):
    return reference(weights, grid, np.maximum(boxes - np.array([0, 0, 1, 1]), 0))


def width_and_height(weights, grid, boxes):
    t, l, h, w = boxes.T
    return reference(weights, grid, np.stack([t, l, t + h, l + w], -1))


def not_divided(weights, grid, boxes):
    return reference(weights, grid, boxes) * weights.sum(-1)


def divided_by_zero(weights, grid, boxes):
    return not_divided(weights, grid, boxes) / weights.sum(-1)


def share_of_all_words(weights, grid, boxes):
    return not_divided(weights, grid, boxes) / weights.sum()


def most_inside(weights, grid, boxes):
    """1 where a word's largest weight lies in its box."""
    return reference((weights == weights.max(-1, keepdims=True)) * 1.0 * (weights > 0), grid, boxes)


WRONG = (
    WrongAnswer(
        "rows and columns swapped",
        rows_and_columns_swapped,
        "You read a box as (left, top, right, bottom). Arrays count rows first, then columns, and so do these boxes: "
        "(top, left, bottom, right). Image libraries often do it the other way round.",
    ),
    WrongAnswer(
        "grid turned",
        grid_swapped,
        "You unfold the regions into a grid of columns by rows. `grid` is (rows, columns), and the regions lie row "
        "after row.",
    ),
    WrongAnswer(
        "column after column",
        _reduce(np.sum, order="F"),
        "You unfold the regions column after column. They lie row after row, as NumPy stores them: the first "
        "`columns` weights are the top row.",
    ),
    WrongAnswer(
        "softmax again",
        softmax_again,
        "You send the weights through softmax once more. They are weights already; a second softmax makes them nearly "
        "equal.",
    ),
    WrongAnswer(
        "largest weight in the box",
        _reduce(np.max),
        "You report the largest weight inside the box. The share of attention is all of what falls inside, together.",
    ),
    WrongAnswer(
        "mean weight in the box",
        _reduce(np.mean),
        "You average inside the box, which makes large objects look neglected. The share is a sum over the box.",
    ),
    WrongAnswer(
        "edge counted in",
        edge_included,
        "Your boxes are one row and one column too large. `bottom` and `right` stand just outside, as the end of a "
        "Python slice does.",
    ),
    WrongAnswer(
        "edge left out",
        edge_lost,
        "Your boxes lose their last row and column. `bottom` and `right` already stand just outside, as the end of a "
        "Python slice does: nothing is to be subtracted.",
    ),
    WrongAnswer(
        "height and width",
        width_and_height,
        "You read the last two numbers of a box as height and width. They are places: the row and the column where "
        "the box ends.",
    ),
    WrongAnswer(
        "not divided by the whole",
        not_divided,
        "You report the mass inside the box, which is a share only while a word's weights sum to one. Some words have "
        "less to give away: divide by what they have.",
    ),
    WrongAnswer(
        "0 / 0",
        divided_by_zero,
        "A word that looked nowhere has no attention to share out, and 0 / 0 is NaN. Its share is 0 here.",
    ),
    WrongAnswer(
        "share of all words together",
        share_of_all_words,
        "You divide by the attention of all words together. Each word has its own row, and its own whole.",
    ),
    WrongAnswer(
        "only the peak",
        most_inside,
        "You ask whether a word's strongest region lies in its box: yes or no. That is a fair question, but the share "
        "asked here counts all of its attention.",
    ),
)

QUESTION = Question(
    id="03-reading",
    title="Reading an attention map",
    points=10,
    name="read_map",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the shares",),
)
