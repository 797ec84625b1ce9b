"""01-shrink: make a picture smaller by a whole factor; each new pixel is the mean of the old ones that it covers."""

import numpy as np

from mmcourse.images import scratch as images

from ..question import Case, Question, WrongAnswer


def reference(x, factor):
    height, width = x.shape[-2:]
    sums = np.add.reduceat(x, range(0, height, factor), axis=-2)
    sums = np.add.reduceat(sums, range(0, width, factor), axis=-1)
    return sums / np.outer(_covered(height, factor), _covered(width, factor)).astype(x.dtype)


def _covered(length, factor):
    """How many old pixels each new one covers; the last may cover fewer."""
    return np.minimum(factor, length - np.arange(0, length, factor))


def draw(rng):
    for name, shape, factor in (
        ("three channels, factor 2", (3, 7, 11), 2),
        ("no leading axis, factor 3", (7, 11), 3),
        ("a square, factor 3", (2, 5, 5), 3),
        ("the factor divides both sides", (2, 6, 10), 2),
        ("two leading axes, factor 5", (2, 3, 13, 17), 5),
        ("one row", (3, 1, 7), 2),
        ("one column", (3, 7, 1), 2),
        ("a factor larger than the picture", (2, 3, 5), 7),
        ("factor 1", (2, 3, 5), 1),
        ("an empty stack of pictures", (0, 7, 5), 2),
    ):
        yield Case(name, (_picture(rng, shape), factor))
    yield Case("a picture that lies column by column", (_picture(rng, (2, 11, 7)).mT, 3))
    yield Case("float32", (_picture(rng, (3, 7, 11)).astype(np.float32), 3))


def _picture(rng, shape):
    """Grey levels from 1 to 2, so that an edge of zeros is dark."""
    return 1 + rng.random(shape)


def _blocks(x, factor, mode="constant", **named):
    """The picture filled up to whole blocks: (..., rows, factor, columns, factor)."""
    height, width = x.shape[-2:]
    missing = [(0, 0)] * (x.ndim - 2) + [(0, -height % factor), (0, -width % factor)]
    padded = np.pad(x, missing, mode=mode, **named)
    return padded.reshape(*x.shape[:-2], -(-height // factor), factor, -(-width // factor), factor)


def every_nth(x, factor):
    return x[..., ::factor, ::factor]


def middle_pixel(x, factor):
    height, width = x.shape[-2:]
    rows, columns = (np.minimum(np.arange(0, n, factor) + factor // 2, n - 1) for n in (height, width))
    return x[..., rows[:, None], columns]


def edge_dark(x, factor):
    return _blocks(x, factor).mean((-3, -1))


def edge_dropped(x, factor):
    rows, columns = (n // factor for n in x.shape[-2:])
    kept = x[..., : rows * factor, : columns * factor]
    return kept.reshape(*x.shape[:-2], rows, factor, columns, factor).mean((-3, -1))


def edge_repeated(x, factor):
    return _blocks(x, factor, "edge").mean((-3, -1))


def edge_mirrored(x, factor):
    return _blocks(x, factor, "symmetric").mean((-3, -1))


def sums(x, factor):
    return _blocks(x, factor).sum((-3, -1))


def largest(x, factor):
    return _blocks(x, factor, constant_values=-np.inf).max((-3, -1))


def rows_only(x, factor):
    return np.nanmean(_blocks(x, factor, constant_values=np.nan)[..., 0], axis=-2)


def columns_only(x, factor):
    return np.nanmean(_blocks(x, factor, constant_values=np.nan)[..., 0, :, :], axis=-1)


def distant_pixels(x, factor):
    """The factor in front of the new axis in reshape."""
    *leading, rows, _, columns, _ = _blocks(x, factor).shape
    blocks = _blocks(x, factor, constant_values=np.nan).reshape(*leading, factor, rows, factor, columns)
    return np.nanmean(blocks, axis=(-4, -2))


def channels_last(x, factor):
    return np.moveaxis(reference(np.moveaxis(x, -1, 0), factor), 0, -1)


def triangle(x, factor):
    return images.resize(x, *(-(-n // factor) for n in x.shape[-2:]))[0]


def interpolated(x, factor):
    return images.resize(x, *(-(-n // factor) for n in x.shape[-2:]), antialias=False)[0]


WRONG = (
    WrongAnswer(
        "every n-th pixel",
        every_nth,
        "You keep one pixel of each block and never look at the others. That is how false patterns come into a "
        "picture: every old pixel should be heard.",
    ),
    WrongAnswer(
        "the pixel in the middle",
        middle_pixel,
        "You keep the pixel in the middle of each block. Better placed than a corner, but still one for all: the "
        "others are never looked at, and patterns finer than a block turn into false ones.",
    ),
    WrongAnswer(
        "the edge darkened",
        edge_dark,
        "Your last row or column is too dark: its sums are divided as if these blocks were full. A block at the edge "
        "has fewer pixels: by how many should its sum be divided?",
    ),
    WrongAnswer(
        "the edge dropped",
        edge_dropped,
        "Pixels that do not fill a whole block are lost, so your picture is too small. Blocks at the edge may be "
        "smaller, and count all the same: how many blocks does it take to cover every pixel?",
    ),
    WrongAnswer(
        "the edge repeated",
        edge_repeated,
        "You filled the last blocks up by repeating the edge, so pixels at the edge count several times. Nothing need "
        "be invented: average the pixels that are there.",
    ),
    WrongAnswer(
        "the edge mirrored",
        edge_mirrored,
        "You filled the last blocks up with a mirror image, so some pixels count twice and others once. Nothing need "
        "be invented: average the pixels that are there.",
    ),
    WrongAnswer(
        "sum instead of mean",
        sums,
        "You add the pixels of a block and do not divide. A white wall should stay as white in a smaller picture.",
    ),
    WrongAnswer(
        "largest instead of mean",
        largest,
        "You take the brightest pixel of each block: max pooling, which networks use, and which turns grey into white. "
        "This question asks for the mean.",
    ),
    WrongAnswer(
        "only rows averaged",
        rows_only,
        "You average down the rows, and skip columns. A block has two directions, and both want averaging.",
    ),
    WrongAnswer(
        "only columns averaged",
        columns_only,
        "You average along each row, and skip rows. A block has two directions, and both want averaging.",
    ),
    WrongAnswer(
        "pixels from far apart",
        distant_pixels,
        "You average pixels that lie far apart. In reshape the last axis runs fastest: an axis of length H splits into "
        "(number of blocks, factor), in this order.",
    ),
    WrongAnswer(
        "channels last",
        channels_last,
        "You shrink the second and third axis from the end, as if the channels came last. Here rows and columns are "
        "the last two axes.",
    ),
    WrongAnswer(
        "the triangle of the chapter",
        triangle,
        "This is the chapter's triangle, which also listens to neighbouring blocks. Here each old pixel belongs to one "
        "new pixel only, and all within a block count alike.",
    ),
    WrongAnswer(
        "interpolated",
        interpolated,
        "You interpolate at the centres of the new pixels, which looks at no more than four old ones each. When a "
        "picture shrinks, every old pixel should be heard.",
    ),
)

QUESTION = Question(
    id="01-shrink",
    title="Make a picture smaller",
    points=15,
    name="shrink",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the picture",),
)
