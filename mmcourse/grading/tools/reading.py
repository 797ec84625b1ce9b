"""11-reading: by which of their differences do copies of one network depart from each other?

Three switches of a block: the normalisation before the branch or behind the sum (Xiong et al. 2020, arXiv:2002.04745),
GELU by the error function or by tanh (Hendrycks & Gimpel 2016, arXiv:1606.08415), and a small or a large eps.
"""

import math

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .block import EPS, GELUS, PLACES, by_erf, by_tanh, normalised, output

NOBODY, UNDECIDED = -2, -1


def reference(x, w1, b1, w2, b2, gain, shift, outputs, tolerance):
    return _with()(x, w1, b1, w2, b2, gain, shift, outputs, tolerance)


def _largest(candidate, output):
    return np.abs(candidate - output).max()


def _agreed(near, gaps):
    """near (2, 2, 2), bool: what all candidates that are near have in common."""
    some = np.argwhere(near)
    if not len(some):
        return np.full(3, NOBODY)
    return np.where((some == some[0]).all(0), some[0], UNDECIDED)


def _within(gaps, tolerance, output):
    return gaps <= tolerance


def _with(
    places=PLACES, gelus=GELUS, eps=EPS, norm=normalised, gap=_largest, near=_within,
    conclude=_agreed,
):  # fmt: skip
    """Gaps and verdicts by other candidates, another distance or another conclusion."""

    def explained(x, w1, b1, w2, b2, gain, shift, outputs, tolerance):
        h = x.astype(float)
        gaps, verdicts = np.empty((len(outputs), 2, 2, 2)), []
        for at in np.ndindex(2, 2, 2):
            place, gelu, small = places[at[0]], gelus[at[1]], eps[at[2]]
            y = place(h, lambda v, e=small: norm(v, gain, shift, e), lambda v, g=gelu: g(v @ w1 + b1) @ w2 + b2)
            for s, copy in enumerate(outputs):
                gaps[(s, *at)] = gap(y, copy)
        for found, copy in zip(gaps, outputs, strict=True):
            verdicts.append(conclude(near(found, tolerance, copy), found))
        return gaps.astype(x.dtype), np.array(verdicts, np.int64)

    return explained


def draw(rng):
    yield _case(rng, "3 copies, 5 examples, 7 wide", 5, 7, 3, [(0, 0, 0), (1, 1, 1), (0, 1, 0)])
    yield _case(rng, "all eight copies", 7, 5, 3, list(np.ndindex(2, 2, 2)))
    yield _case(rng, "a copy that none of these explains", 5, 7, 3, [(1, 0, 1), None, (0, 0, 1)])
    yield _case(rng, "inputs that are large", 3, 5, 7, [(0, 1, 0), (0, 0, 1)], loud=3e3)
    yield _case(rng, "hidden units far from 0", 5, 3, 7, [(0, 0, 0), (1, 1, 1)], lift=200.0)
    yield _case(rng, "large and far from 0", 5, 3, 7, [(0, 1, 1), None], loud=1e3, lift=2e4)
    yield _case(rng, "one example", 1, 7, 5, [(1, 0, 0), (0, 1, 1), (1, 1, 0)])
    yield _case(rng, "outputs with one digit", 7, 11, 5, [(0, 0, 1), (1, 1, 0)], tolerance=0.1)
    yield _case(rng, "one copy", 5, 7, 3, [(1, 0, 1)])
    yield _case(rng, "float32", 3, 5, 7, [(0, 0, 0), (1, 1, 1), None], dtype=np.float32)


def _case(rng, name, N, D, F, copies, loud=1.0, lift=0.0, tolerance=1e-4, dtype=np.float64):
    """Copies with the given switches, None for one with ReLU, rounded by up to a quarter of the tolerance.

    What the switches do must show: drawn again until no gap lies near the tolerance. Small units let GELU show.
    """
    while True:
        w1, w2, b1, b2, gain, shift = normal(rng, (D, F), (F, D), (F,), (D,), (D,), (D,))
        x = loud * rng.standard_normal((N, D))
        weights = [a.astype(dtype) for a in (x, w1, lift + b1, w2 / max(2, lift), b2, gain, shift)]
        outputs = np.stack([output(*weights, switches) for switches in copies])
        outputs += tolerance / 4 * rng.uniform(-1, 1, outputs.shape)
        arguments = (*weights, outputs.astype(dtype), tolerance)
        gaps = reference(*arguments)[0]
        if not ((gaps > tolerance / 2) & (gaps < 2 * tolerance)).any():
            return Case(name, arguments)


def _unbiased(x, gain, shift, eps):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, ddof=1, keepdims=True) + eps) * gain + shift


def _beside_the_root(x, gain, shift, eps):
    return (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + eps) * gain + shift


def _over_the_examples(x, gain, shift, eps):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + eps) * gain + shift


def _by_sigmoid(x):
    return x / (1 + np.exp(-1.702 * x))


def _erf_without_root(x):
    return x * (1 + np.vectorize(math.erf)(x)) / 2


def _normalised_twice(x, norm, branch):
    return norm(x) + branch(norm(x))


def _branch_alone(x, norm, branch):
    return norm(branch(x))


def _normalised_branch(x, norm, branch):
    return x + norm(branch(x))


def _nearest(near, gaps):
    return np.array(np.unravel_index(gaps.argmin(), gaps.shape))


def _nearest_if_near(near, gaps):
    return _nearest(near, gaps) if near.any() else np.full(3, NOBODY)


def _all_or_nothing(near, gaps):
    verdict = _agreed(near, gaps)
    return verdict if (verdict != UNDECIDED).all() else np.full(3, UNDECIDED)


def _two_are_none(near, gaps):
    return _agreed(near, gaps) if near.sum() == 1 else np.full(3, NOBODY)


def _none_is_undecided(near, gaps):
    return np.maximum(_agreed(near, gaps), UNDECIDED)


def _relative(gaps, tolerance, output):
    return gaps <= tolerance * np.abs(output).max()


WRONG = (
    WrongAnswer(
        "a mean for the largest",
        _with(gap=lambda y, output: np.abs(y - output).mean()),
        "Your gap is a mean. One output that is far off would vanish among many that fit: take the largest.",
    ),
    WrongAnswer(
        "signs kept",
        _with(gap=lambda y, output: (y - output).max()),
        "You take the largest difference with its sign, so one that points down counts for nothing. Take its absolute "
        "value.",
    ),
    WrongAnswer(
        "eps beside the root",
        _with(norm=_beside_the_root),
        "You add eps beside the root. The formula has it below the root, beside the variance.",
    ),
    WrongAnswer(
        "n − 1",
        _with(norm=_unbiased),
        "You divide the variance by D − 1, as PyTorch's std does. A layer normalisation divides by D.",
    ),
    WrongAnswer(
        "over the examples",
        _with(norm=_over_the_examples),
        "You normalise over the examples. A layer normalisation looks at one example, over its D features.",
    ),
    WrongAnswer(
        "tanh without its cube",
        _with(gelus=(by_erf, lambda x: by_tanh(x, 0.0))),
        "Your tanh lacks the cube: √(2/π) (x + 0.044715 x³) stands in it.",
    ),
    WrongAnswer(
        "a sigmoid for tanh",
        _with(gelus=(by_erf, _by_sigmoid)),
        "You approximate GELU by x σ(1.702 x). That exists, too, and is coarser; here it is the one with tanh.",
    ),
    WrongAnswer(
        "erf of x",
        _with(gelus=(_erf_without_root, by_tanh)),
        "You take erf(x). A standard normal number is below x with the chance (1 + erf(x / √2)) / 2.",
    ),
    WrongAnswer(
        "places exchanged",
        _with(places=PLACES[::-1]),
        "Your first axis is turned round: 0 = the normalisation stands before the branch, 1 = behind the sum.",
    ),
    WrongAnswer(
        "GELUs exchanged",
        _with(gelus=GELUS[::-1]),
        "Your second axis is turned round: 0 = erf, 1 = tanh.",
    ),
    WrongAnswer(
        "eps exchanged",
        _with(eps=EPS[::-1]),
        "Your third axis is turned round: 0 = 1e-5, 1 = 1e-3.",
    ),
    WrongAnswer(
        "normalised twice",
        _with(places=(_normalised_twice, PLACES[1])),
        "Where the normalisation stands before the branch you add its result to the branch. The road past it carries x "
        "as it came.",
    ),
    WrongAnswer(
        "the branch alone",
        _with(places=(PLACES[0], _branch_alone)),
        "Where the normalisation stands behind, you normalise the branch alone. x is added first.",
    ),
    WrongAnswer(
        "the branch normalised",
        _with(places=(PLACES[0], _normalised_branch)),
        "Where the normalisation stands behind, you normalise the branch and add x afterwards. The sum is normalised.",
    ),
    WrongAnswer(
        "the nearest, however far",
        _with(conclude=_nearest),
        "The gaps are right. You name the nearest candidate however far it is. If none is within the tolerance, none "
        "explains the copy: −2.",
    ),
    WrongAnswer(
        "the nearest of several",
        _with(conclude=_nearest_if_near),
        "The gaps are right. You name the nearest candidate where several explain the copy. Which of them is nearest "
        "is rounding: a switch in which they differ stays open, −1.",
    ),
    WrongAnswer(
        "all or nothing",
        _with(conclude=_all_or_nothing),
        "The gaps are right. Where several candidates explain a copy you leave all switches open. What they have in "
        "common is known.",
    ),
    WrongAnswer(
        "several are none",
        _with(conclude=_two_are_none),
        "The gaps are right. Where several candidates explain a copy you say that none does. What they have in common "
        "is known, the rest is open.",
    ),
    WrongAnswer(
        "none is open",
        _with(conclude=_none_is_undecided),
        "The gaps are right. Where nothing explains a copy you leave the switches open (−1). It is something else: −2.",
    ),
    WrongAnswer(
        "a relative tolerance",
        _with(near=_relative),
        "The gaps are right. You multiply the tolerance by the size of the outputs. It is a number by itself.",
    ),
)

QUESTION = Question(
    id="11-reading",
    title="Which difference is it?",
    points=15,
    name="explain",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the gaps", "the verdicts"),
    tolerance={"float64": 1e-9, "float32": 2e-5, "int64": 0.0},
)
