"""03-softmax: softmax along a given axis that cannot overflow."""

import numpy as np

from mmcourse.layers import scratch as layers

from ..question import Case, Question, WrongAnswer
from .drawing import normal, weights_of


def reference(x, axis):
    return layers.softmax(x, axis)[0]


def draw(rng):
    for name, shape, axis in (
        ("a matrix, last axis", (5, 7), -1),
        ("a matrix, first axis", (5, 7), 0),
        ("a square matrix, last axis", (5, 5), -1),
        ("three axes, the middle one", (2, 7, 3), 1),
        ("four axes, the third from the end", (2, 5, 3, 7), -3),
        ("a vector", (7,), 0),
        ("one entry to choose from", (3, 1), 1),
    ):
        yield Case(name, (*normal(rng, shape), axis))
    (x,) = normal(rng, (5, 7))
    yield Case("scores near 10 000", (x + 1e4, -1))
    yield Case("scores near −10 000", (x - 1e4, -1))
    yield Case("scores spread over ±10 000", (x * 1e4, -1))
    yield Case("each row at another height", (x + np.linspace(-1e4, 1e4, 5)[:, None], -1))
    yield Case("float32", (*normal(rng, (3, 5, 7), dtype=np.float32), 1))


def no_shift(x, axis):
    e = np.exp(x)
    return e / e.sum(axis, keepdims=True)


def shift_by_mean(x, axis):
    e = np.exp(x - x.mean(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def one_shift_for_all(x, axis):
    e = np.exp(x - x.max())
    return e / e.sum(axis, keepdims=True)


def sum_over_everything(x, axis):
    e = np.exp(x - x.max())
    return e / e.sum()


def always_last_axis(x, axis):
    return weights_of(x, -1)


def always_first_axis(x, axis):
    return weights_of(x, 0)


def divide_by_largest(x, axis):
    return np.exp(x - x.max(axis, keepdims=True))


def divide_by_mean(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.mean(axis, keepdims=True)


def without_keepdims(x, axis):
    e = np.exp(x - x.max(axis))
    return e / e.sum(axis)


def without_exp(x, axis):
    return x / x.sum(axis, keepdims=True)


def log_softmax(x, axis):
    shifted = x - x.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


WRONG = (
    WrongAnswer(
        "nothing subtracted",
        no_shift,
        "The formula is right, but exp of anything above 709 is infinite in float64, and ∞ / ∞ is NaN. Softmax does "
        "not change when every score moves by the same amount: which amount makes exp safe?",
    ),
    WrongAnswer(
        "mean subtracted",
        shift_by_mean,
        "You move the scores by their mean, which leaves the largest one above zero, as far as it likes. Which shift "
        "makes sure that no exponent is above zero?",
    ),
    WrongAnswer(
        "one maximum for all rows",
        one_shift_for_all,
        "You subtract the largest number of the whole array. A row far below it becomes exp of something very "
        "negative, 0 everywhere, and 0 / 0 is NaN: each row needs a maximum of its own.",
    ),
    WrongAnswer(
        "sum over the whole array",
        sum_over_everything,
        "Your whole array sums to one. Softmax makes a distribution along one axis, so each slice along that axis "
        "should sum to one by itself.",
    ),
    WrongAnswer(
        "always the last axis",
        always_last_axis,
        "You always work along the last axis. The caller says in `axis` along which one the numbers should sum to one.",
    ),
    WrongAnswer(
        "always the first axis",
        always_first_axis,
        "You always work along axis 0, which is NumPy's habit in many people's fingers. Use the `axis` that came in.",
    ),
    WrongAnswer(
        "divided by the largest",
        divide_by_largest,
        "Your largest weight is always exactly 1, so the weights are scaled but do not sum to one. By what must they "
        "be divided to become a distribution?",
    ),
    WrongAnswer(
        "mean instead of sum",
        divide_by_mean,
        "Your weights average to one instead of summing to one: they are too large by the number of entries.",
    ),
    WrongAnswer(
        "axis lost",
        without_keepdims,
        "A maximum or a sum along an axis drops that axis, and NumPy then lines the shapes up from the right, which "
        "fits only by luck. Keep the axis, with length 1.",
    ),
    WrongAnswer(
        "no exponential",
        without_exp,
        "You divide the scores themselves by their sum. Scores may be negative; the exponential is what makes every "
        "weight positive before they are divided.",
    ),
    WrongAnswer(
        "logarithm of the weights",
        log_softmax,
        "These are the logarithms of the right weights, which a loss often wants. This question wants the weights.",
    ),
)

QUESTION = Question(
    id="03-softmax",
    title="Softmax that cannot overflow",
    points=10,
    name="stable_softmax",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the weights",),
)
