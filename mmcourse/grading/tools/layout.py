"""11-layout: a convolution and the layer behind it, carried to a framework that keeps channels last.

Kernels (O, I, rows, columns) and (rows, columns, I, O) as PyTorch and Keras store them; that a layer behind a
flattened map must be sorted anew, too, is what is forgotten.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(kernel, weight, size, order, flips):
    return _with()(kernel, weight, size, order, flips)


def _channels(kernel, order):
    return kernel[:, order]


def _turned(kernel, flips):
    return kernel[:, :, ::-1, ::-1] if flips else kernel


def _last(kernel):
    return kernel.transpose(2, 3, 1, 0)


def _sorted(weight, maps, size, flips):
    """From rows (N, O·H·W) to columns (H·W·O, N)."""
    N = len(weight)
    return weight.reshape(N, maps, *size).transpose(2, 3, 1, 0).reshape(-1, N)


def _with(pick=_channels, turn=_turned, move=_last, dense=_sorted):
    """Both layers with another order of channels, another turn or other axes."""

    def carried(kernel, weight, size, order, flips):
        moved = move(turn(pick(kernel, order), flips))
        return moved.copy(), dense(weight, len(kernel), size, flips).copy()

    return carried


def draw(rng):
    yield _case(rng, "5 kernels of 2 × 3 pixels", 5, 3, (2, 3), (3, 2), 7)
    yield _case(rng, "a framework that turns its kernels", 3, 5, (3, 2), (2, 5), 7, flips=True)
    yield _case(rng, "square kernels and maps", 5, 3, (3, 3), (5, 5), 2)
    yield _case(rng, "square and turned", 7, 5, (3, 3), (3, 3), 11, flips=True)
    yield _case(rng, "as many maps as channels", 3, 3, (3, 3), (2, 3), 3, flips=True)
    yield _case(rng, "kernels of one pixel", 5, 3, (1, 1), (3, 5), 2, flips=True)
    yield _case(rng, "maps of one pixel", 7, 3, (2, 3), (1, 1), 5)
    yield _case(rng, "one channel, one map", 1, 1, (2, 3), (3, 2), 5, flips=True)
    yield _case(rng, "float32", 5, 3, (2, 3), (3, 2), 7, flips=True, dtype=np.float32)


def _case(rng, name, O, I, window, size, N, flips=False, dtype=np.float64):
    """The channels move round in one circle, so that there and back are different orders."""
    kernel, weight = normal(rng, (O, I, *window), (N, O * size[0] * size[1]), dtype=dtype)
    circle, order = rng.permutation(I), np.empty(I, int)
    order[circle] = np.roll(circle, 1)
    return Case(name, (kernel, weight, size, order, flips))


def _on(axes):
    return lambda kernel, flips: np.flip(kernel, axes) if flips else kernel


def _rows_of_maps(rule):
    """Another way from (N, O, H, W) to what the columns are sorted by."""
    return lambda weight, maps, size, flips: rule(weight.reshape(len(weight), maps, *size), flips)


def _turned_as_well(weight, flips):
    turned = weight[:, :, ::-1, ::-1] if flips else weight
    return turned.transpose(2, 3, 1, 0).reshape(-1, len(weight))


def _as_if_channels_were_last(weight, maps, size, flips):
    """The way back: what is sorted already is sorted once more."""
    return weight.reshape(len(weight), *size, maps).transpose(3, 1, 2, 0).reshape(-1, len(weight))


def _width_before_height(weight, maps, size, flips):
    return weight.reshape(len(weight), maps, *size[::-1]).transpose(3, 2, 1, 0).reshape(-1, len(weight))


WRONG = (
    WrongAnswer(
        "all axes turned round",
        _with(move=lambda kernel: kernel.T),
        "You turn all axes of the kernel round, as .T does, and so rows and columns change places as well. The rows "
        "stay before the columns.",
    ),
    WrongAnswer(
        "reshaped",
        _with(move=lambda kernel: kernel.reshape(*kernel.shape[2:], *kernel.shape[1::-1])),
        "You reshape the kernel. Its shape is right then, and its numbers stand anywhere: axes are moved, not cut "
        "anew.",
    ),
    WrongAnswer(
        "in and out exchanged",
        _with(move=lambda kernel: kernel.transpose(2, 3, 0, 1)),
        "Your kernels end in (out, in). Here what goes in comes before what goes out.",
    ),
    WrongAnswer(
        "the kernel left as it was",
        _with(move=lambda kernel: kernel),
        "Your kernel still has its channels in front. Its axes become rows, columns, in, out.",
    ),
    WrongAnswer(
        "never turned",
        _with(turn=lambda kernel, flips: kernel),
        "You never turn the kernel. A framework that turns it before it slides must be given one that is turned "
        "already.",
    ),
    WrongAnswer(
        "always turned",
        _with(turn=lambda kernel, flips: _turned(kernel, True)),
        "You turn every kernel. Most frameworks slide it as it stands; `flips` says whether this one does not.",
    ),
    WrongAnswer(
        "turned where it should not",
        _with(turn=lambda kernel, flips: _turned(kernel, not flips)),
        "You turn the kernel exactly where it should stay. flips = True: the framework turns it, so you do so, too.",
    ),
    WrongAnswer(
        "rows alone turned",
        _with(turn=_on(2)),
        "You turn the order of the rows alone, which is a mirror. A true convolution turns rows and columns.",
    ),
    WrongAnswer(
        "columns alone turned",
        _with(turn=_on(3)),
        "You turn the order of the columns alone, which is a mirror. A true convolution turns rows and columns.",
    ),
    WrongAnswer(
        "channels turned as well",
        _with(turn=_on((1, 2, 3))),
        "You turn the order of the channels as well. A kernel slides over rows and columns only.",
    ),
    WrongAnswer(
        "all axes of the kernel flipped",
        _with(turn=_on((0, 2, 3))),
        "You turn the order of the maps as well. They do not slide: rows and columns alone are turned.",
    ),
    WrongAnswer(
        "channels in their old order",
        _with(pick=lambda kernel, order: kernel),
        "You leave the channels in their old order. The other framework reads its pictures in another one: red is "
        "where blue was.",
    ),
    WrongAnswer(
        "the order the wrong way round",
        _with(pick=lambda kernel, order: kernel[:, np.argsort(order)]),
        "You use the order the wrong way round. The new channel j is the old channel order[j].",
    ),
    WrongAnswer(
        "red and blue exchanged",
        _with(pick=lambda kernel, order: kernel[:, ::-1]),
        "You turn the channels round, as from RGB to BGR. Which order it is stands in `order`.",
    ),
    WrongAnswer(
        "the layer behind it only transposed",
        _with(dense=lambda weight, maps, size, flips: weight.T),
        "The kernel is right. The layer behind it is transposed and no more, but the maps are flattened in another "
        "order now: each of its rows belongs to another pixel.",
    ),
    WrongAnswer(
        "the layer behind it not transposed",
        _with(dense=lambda *given: _sorted(*given).T),
        "The kernel is right, and the layer behind it is sorted well. It is still (out, in); here it is (in, out).",
    ),
    WrongAnswer(
        "sorted the wrong way round",
        _with(dense=_as_if_channels_were_last),
        "The kernel is right. You sort the layer behind it from channels last to channels first. It comes with "
        "channels first.",
    ),
    WrongAnswer(
        "column by column",
        _with(dense=_rows_of_maps(lambda weight, flips: weight.T.reshape(-1, len(weight)))),
        "The kernel is right. You flatten the maps column by column. The order is rows, columns, channels.",
    ),
    WrongAnswer(
        "width before height",
        _with(dense=_width_before_height),
        "The kernel is right. You take the maps for (width, height) and exchange the two. `size` is (height, width), "
        "and both frameworks go row by row.",
    ),
    WrongAnswer(
        "the layer behind it turned",
        _with(dense=_rows_of_maps(_turned_as_well)),
        "The kernel is right. You turn the layer behind it, too. It does not slide, so nothing turns it.",
    ),
)

QUESTION = Question(
    id="11-layout",
    title="Channels first, channels last",
    points=10,
    name="carry_over",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the kernel", "the layer behind it"),
)
