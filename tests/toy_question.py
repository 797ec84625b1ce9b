"""A small question for the tests of the grader: y = x · factor + shift, called as (x, (shift, factor))."""

from dataclasses import replace

import numpy as np

from mmcourse.grading import Case, Question, WrongAnswer


def draw(rng):
    for name, dtype in (("plain", np.float64), ("again", np.float64), ("float32", np.float32)):
        yield Case(name, (rng.standard_normal((3, 5)).astype(dtype), (rng.standard_normal(5).astype(dtype), 2)))


def reference(x, pair):
    shift, factor = pair
    return x * factor + shift


def forgets_shift(x, pair):
    return x * pair[1]


def raises(x, pair):
    raise RuntimeError("must never surface")


TOY = Question(
    id="99-toy",
    title="Scale and shift",
    points=7,
    name="scale_and_shift",
    draw=draw,
    reference=reference,
    wrong_answers=(
        WrongAnswer("raises", raises, "the hint of the one that raises"),
        WrongAnswer("no shift", forgets_shift, "the hint about the shift"),
    ),
    outputs=("y",),
)
TWO = replace(TOY, reference=lambda x, pair: (x + 1, x - 1), outputs=("up", "down"), wrong_answers=())


def no_return(x, pair):
    x * 2
