"""01-pixels: from the bytes of a file to what a model reads: crop, scale, normalise, channels first."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(pictures, box, mean, std):
    left, top, right, bottom = box
    x = pictures[:, top:bottom, left:right].astype(mean.dtype) / 255
    return ((x - mean) / std).transpose(0, 3, 1, 2)


def draw(rng):
    yield _case(rng, "five pictures of 11 by 13", (5, 11, 13, 3), (2, 3, 9, 8))
    yield _case(rng, "another corner", (2, 7, 17, 3), (5, 0, 16, 5))
    yield _case(rng, "a square picture, a square box", (2, 11, 11, 3), (1, 4, 6, 9))
    yield _case(rng, "the whole picture", (2, 5, 7, 3), (0, 0, 7, 5))
    yield _case(rng, "one picture", (1, 11, 7, 3), (2, 1, 5, 8))
    yield _case(rng, "one channel", (2, 7, 11, 1), (3, 2, 10, 5))
    yield _case(rng, "five channels, as from a satellite", (2, 7, 11, 5), (1, 2, 4, 7))
    yield _case(rng, "a box of one pixel", (3, 5, 7, 3), (4, 2, 5, 3))
    yield _case(rng, "no picture at all", (0, 7, 11, 3), (3, 2, 10, 5))
    yield _case(rng, "float32", (3, 7, 11, 3), (2, 1, 9, 6), np.float32)


def _case(rng, name, shape, box, dtype=np.float64):
    pictures = rng.integers(0, 256, shape, np.uint8)
    mean, std = rng.uniform(0.3, 0.6, shape[-1]), rng.uniform(0.15, 0.35, shape[-1])
    return Case(name, (pictures, box, mean.astype(dtype), std.astype(dtype)))


def _cropped(pictures, box):
    left, top, right, bottom = box
    return pictures[:, top:bottom, left:right]


def _channels_first(x):
    return x.transpose(0, 3, 1, 2)


def _normalised(function):
    """Another arithmetic: function(pixels as float64, mean, std), with crop and axes right."""
    return lambda pictures, box, mean, std: _channels_first(
        function(_cropped(pictures, box).astype(np.float64), mean, std)
    )


def _other_box(function):
    """Another reading of the box: function(box) gives left, top, right, bottom."""
    return lambda pictures, box, mean, std: reference(pictures, function(*box), mean, std)


def own_statistics(pictures, box, mean, std):
    x = _cropped(pictures, box) / 255
    return _channels_first((x - x.mean((0, 1, 2))) / x.std((0, 1, 2)))


def bytes_wrap(pictures, box, mean, std):
    x = _cropped(pictures, box) - np.rint(mean * 255).astype(np.uint8)
    return _channels_first(x / 255 / std)


def whole_numbers(pictures, box, mean, std):
    return _channels_first((_cropped(pictures, box) // 255 - mean) / std)


def not_cropped(pictures, box, mean, std):
    return _channels_first((pictures / 255 - mean) / std)


def channels_stay_last(pictures, box, mean, std):
    return (_cropped(pictures, box) / 255 - mean) / std


def reshaped(pictures, box, mean, std):
    x = channels_stay_last(pictures, box, mean, std)
    b, h, w, c = x.shape
    return x.reshape(b, c, h, w)


def turned(pictures, box, mean, std):
    return reference(pictures, box, mean, std).mT


def colours_reversed(pictures, box, mean, std):
    return reference(pictures[..., ::-1], box, mean, std)


WRONG = (
    WrongAnswer(
        "not divided by 255",
        _normalised(lambda x, mean, std: (x - mean) / std),
        "The mean and the deviation belong to grey levels from 0 to 1, and your pixels still run from 0 to 255.",
    ),
    WrongAnswer(
        "divided by 256",
        _normalised(lambda x, mean, std: (x / 256 - mean) / std),
        "You divide by the number of grey levels, so white stays a little below 1. What is the largest value that a "
        "byte can hold?",
    ),
    WrongAnswer(
        "mean taken off too early",
        _normalised(lambda x, mean, std: (x - mean) / 255 / std),
        "You take the mean off before you divide by 255. It is a mean of grey levels from 0 to 1: bring the pixels to "
        "that scale first.",
    ),
    WrongAnswer(
        "centred on zero by a fixed rule",
        _normalised(lambda x, mean, std: x / 127.5 - 1),
        "You bring the pixels to the interval from −1 to 1, whatever the mean and the deviation. Some models want "
        "that; this one names its own constants, one pair a channel.",
    ),
    WrongAnswer(
        "deviation forgotten",
        _normalised(lambda x, mean, std: x / 255 - mean),
        "The mean is taken off, and the spread is left as it was. What makes it about 1 in every channel?",
    ),
    WrongAnswer(
        "multiplied by the deviation",
        _normalised(lambda x, mean, std: (x / 255 - mean) * std),
        "You multiply by the deviation, which makes a narrow spread narrower still. Which operation brings a spread of "
        "`std` to 1?",
    ),
    WrongAnswer(
        "divided by the variance",
        _normalised(lambda x, mean, std: (x / 255 - mean) / std**2),
        "You divide by the square of the deviation. Grey levels and their deviation have the same unit; the variance "
        "has its square.",
    ),
    WrongAnswer(
        "own mean and deviation",
        own_statistics,
        "You normalise by the mean and deviation of these pictures. The constants come from the training set and "
        "belong to the model: the same picture must give the same numbers in any company.",
    ),
    WrongAnswer(
        "bytes that wrap",
        bytes_wrap,
        "You subtract among bytes, where 10 − 20 is 246: whole numbers of 8 bits have no sign. Turn the pixels into "
        "floating-point numbers before any arithmetic.",
    ),
    WrongAnswer(
        "whole-number division",
        whole_numbers,
        "Your pixels are all 0 or 1 before the mean is taken off: a division of whole numbers has thrown away what "
        "comes after the point.",
    ),
    WrongAnswer(
        "not cropped",
        not_cropped,
        "Every pixel is right, and there are too many of them: the box is still to be cut out.",
    ),
    WrongAnswer(
        "box read as rows first",
        _other_box(lambda left, top, right, bottom: (top, left, bottom, right)),
        "You read the box as (top, left, bottom, right). This one is written as Pillow writes it: first how far to the "
        "right, then how far down.",
    ),
    WrongAnswer(
        "box read as width and height",
        _other_box(lambda left, top, right, bottom: (left, top, left + right, top + bottom)),
        "You read the last two numbers of the box as width and height. They are places: where the box ends.",
    ),
    WrongAnswer(
        "edge counted in",
        _other_box(lambda left, top, right, bottom: (left, top, right + 1, bottom + 1)),
        "Your crop has one row and one column too many. `right` and `bottom` stand just outside, as the end of a slice "
        "does.",
    ),
    WrongAnswer(
        "channels stay last",
        channels_stay_last,
        "The numbers are right, and the channels are still the last axis. The model wants them in front of rows and "
        "columns.",
    ),
    WrongAnswer(
        "reshaped instead of transposed",
        reshaped,
        "Your shape is right and your pictures are scrambled: reshape cuts the same row of numbers at other places, "
        "and moves nothing. Which function moves an axis?",
    ),
    WrongAnswer(
        "rows and columns turned",
        turned,
        "Your pictures lie on their side: rows have become columns on the way. The channels should move to the front, "
        "and rows still come before columns.",
    ),
    WrongAnswer(
        "colours reversed",
        colours_reversed,
        "Your colours are reversed before they are normalised, as if the file were blue, green, red, OpenCV's habit. "
        "The channels already have the order of `mean`.",
    ),
)

QUESTION = Question(
    id="01-pixels",
    title="From a file's bytes to a model's numbers",
    points=10,
    name="prepare",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the pictures",),
)
