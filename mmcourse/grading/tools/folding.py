"""11-folding: a convolution between two batch normalisations, folded into one convolution, and what its border becomes.

Batch normalisation with stored statistics as in Ioffe & Szegedy 2015 (arXiv:1502.03167). The border of a normalised
picture is 0 before the convolution, and no longer 0 when the normalisation has moved into the kernel.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(kernel, bias, before, after, eps):
    return _with()(kernel, bias, before, after, eps)


def _root(variance, eps):
    return np.sqrt(variance + eps)


def _scale_and_move(gain, shift, mean, deviation):
    """A normalisation as x · scale + move."""
    return gain / deviation, shift - mean * gain / deviation


def _what_becomes_0(gain, shift, mean, deviation, scale, move):
    return -move / scale


def _weighted(kernel, move, scale):
    """What `move` adds behind a window, whose numbers are all alike."""
    return np.einsum("oiyx,i->o", kernel, move)


def _then_after(total, scale, move, bias, added):
    return total * scale + move


def _with(
    root=_root, first=_scale_and_move, last=_scale_and_move, constant=_weighted, finish=_then_after,
    border=_what_becomes_0, small=lambda eps: eps,
):  # fmt: skip
    """Kernel, bias and border with another scale, another bias or another border."""

    def folded(kernel, bias, before, after, eps):
        w, b, early, late = (x.astype(float) for x in (kernel, bias, before, after))
        eps = small(eps)
        deviations = root(early[3], eps[0]), root(late[3], eps[1])
        scale, move = first(*early[:3], deviations[0])
        late_scale, late_move = last(*late[:3], deviations[1])
        added = constant(w, move, scale)
        results = (
            w * late_scale[:, None, None, None] * scale[:, None, None],
            finish(b + added, late_scale, late_move, b, added),
            border(*early[:3], deviations[0], scale, move),
        )
        return tuple(x.astype(kernel.dtype) for x in results)

    return folded


def draw(rng):
    yield _case(rng, "5 kernels, 3 channels, 2 × 3 pixels", 5, 3, (2, 3))
    yield _case(rng, "as many maps as channels", 3, 3, (3, 2), eps=(1e-3, 1e-5))
    yield _case(rng, "kernels of one pixel", 7, 5, (1, 1))
    yield _case(rng, "variances near 0.01", 5, 2, (3, 3), spread=0.1)
    yield _case(rng, "gains below 0", 3, 7, (2, 3), sign=-1)
    yield _case(rng, "one channel, one map", 1, 1, (3, 5))
    yield _case(rng, "a convolution without a bias", 5, 3, (3, 2), bias=0.0)
    yield _case(rng, "nothing to move before", 5, 3, (2, 3), still=True)
    yield _case(rng, "float32", 5, 3, (2, 3), dtype=np.float32)


def _case(
    rng, name, O, I, window, eps=(1e-5, 1e-3), spread=1.0, sign=1, bias=1.0, still=False, dtype=np.float64
):  # fmt: skip
    kernel, b = normal(rng, (O, I, *window), (O,))
    before, after = (_normalisation(rng, n, spread, sign) for n in (I, O))
    if still:
        before[1:3] = 0
    return Case(name, (*(x.astype(dtype) for x in (kernel, bias * b, before, after)), eps))


def _normalisation(rng, n, spread, sign):
    """Gain, shift, mean and variance of n channels. No gain lies near 0, where the border would be far away."""
    gain = rng.uniform(0.5, 1.5, n) * np.where(np.arange(n) % 3 == 1, -sign, sign)
    return np.stack([gain, rng.standard_normal(n), rng.standard_normal(n), spread**2 * rng.uniform(0.3, 3, n)])


def _nothing_before(gain, shift, mean, deviation):
    return np.ones_like(gain), np.zeros_like(gain)


def _moved_by(rule):
    return lambda gain, shift, mean, deviation: (gain / deviation, rule(gain, shift, mean, deviation))


def _without_gain(gain, shift, mean, deviation):
    return 1 / deviation, shift - mean / deviation


def _bordered(rule):
    return _with(border=lambda gain, shift, mean, deviation, scale, move: rule(gain, shift, mean, deviation, move))


WRONG = (
    WrongAnswer(
        "eps beside the root",
        _with(root=lambda variance, eps: np.sqrt(variance) + eps),
        "You add eps to the standard deviation. It is added to the variance, under the root.",
    ),
    WrongAnswer(
        "without eps",
        _with(root=lambda variance, eps: np.sqrt(variance)),
        "You leave eps out. It is small, and a variance of 0.01 feels it.",
    ),
    WrongAnswer(
        "eps exchanged",
        _with(small=lambda eps: eps[::-1]),
        "The two eps have changed places: eps[0] belongs to the normalisation before, eps[1] to the one after.",
    ),
    WrongAnswer(
        "one eps for both",
        _with(small=lambda eps: (eps[0], eps[0])),
        "You use the first eps for both normalisations. They come from two frameworks, and each has its own.",
    ),
    WrongAnswer(
        "divided by the variance",
        _with(root=lambda variance, eps: variance + eps),
        "You divide by the variance. A normalisation divides by its root.",
    ),
    WrongAnswer(
        "the one before alone",
        _with(last=_nothing_before),
        "You fold the normalisation before the convolution and leave out the one after it.",
    ),
    WrongAnswer(
        "the one after alone",
        _with(first=_nothing_before),
        "You fold the normalisation after the convolution, as is often done, and leave out the one before it.",
    ),
    WrongAnswer(
        "without the gains",
        _with(first=_without_gain, last=_without_gain),
        "You divide by the deviations and leave out the gains.",
    ),
    WrongAnswer(
        "the mean added",
        _with(first=_moved_by(lambda gain, shift, mean, deviation: shift + mean * gain / deviation)),
        "You add the mean of the normalisation before. It is taken away.",
    ),
    WrongAnswer(
        "the mean not scaled",
        _with(last=_moved_by(lambda gain, shift, mean, deviation: shift - mean)),
        "In the normalisation after the convolution you take the mean away without scaling it. It is taken away before "
        "the scale.",
    ),
    WrongAnswer(
        "the shift scaled",
        _with(last=_moved_by(lambda gain, shift, mean, deviation: (shift - mean) * gain / deviation)),
        "In the normalisation after the convolution you scale the shift. It is added when the scale is done.",
    ),
    WrongAnswer(
        "the bias not scaled",
        _with(finish=lambda total, scale, move, bias, added: added * scale + bias + move),
        "The kernel is right. The old bias is added before the second normalisation, and is scaled by it.",
    ),
    WrongAnswer(
        "the bias lost",
        _with(finish=lambda total, scale, move, bias, added: added * scale + move),
        "The kernel is right. The convolution had a bias of its own, which you lose.",
    ),
    WrongAnswer(
        "what comes from before not scaled",
        _with(finish=lambda total, scale, move, bias, added: bias * scale + added + move),
        "The kernel is right. What the first normalisation adds goes through the second one too, and is scaled by it.",
    ),
    WrongAnswer(
        "nothing added",
        _with(constant=lambda kernel, move, scale: np.zeros(len(kernel))),
        "The kernel is right. The shift and the mean of the first normalisation go through the kernel and end up in "
        "the bias: yours lacks them.",
    ),
    WrongAnswer(
        "through the folded kernel",
        _with(constant=lambda kernel, move, scale: _weighted(kernel, move * scale, scale)),
        "The kernel is right. You send the shift through the folded kernel, so that it is scaled once more. It goes "
        "through the old one.",
    ),
    WrongAnswer(
        "the mean over the window",
        _with(constant=lambda kernel, move, scale: kernel.mean((2, 3)) @ move),
        "The kernel is right. You average over the pixels of the window. Each of them adds its part: a sum.",
    ),
    WrongAnswer(
        "the middle of the window",
        _with(constant=lambda kernel, move, scale: kernel[:, :, kernel.shape[2] // 2, kernel.shape[3] // 2] @ move),
        "The kernel is right. You send the shift through one pixel of the window. All of them see it.",
    ),
    WrongAnswer(
        "a border of 0",
        _bordered(lambda gain, shift, mean, deviation, move: 0 * mean),
        "Kernel and bias are right. Your border is 0, and 0 is no longer what the kernel must see there: which x did "
        "the first normalisation turn into 0?",
    ),
    WrongAnswer(
        "a border of means",
        _bordered(lambda gain, shift, mean, deviation, move: mean),
        "Kernel and bias are right. Your border is the mean, which the normalisation turns into its shift. Which x "
        "does it turn into 0?",
    ),
    WrongAnswer(
        "what becomes of 0",
        _bordered(lambda gain, shift, mean, deviation, move: move),
        "Kernel and bias are right. Your border is what the normalisation makes of 0. Asked is what it makes 0 of.",
    ),
    WrongAnswer(
        "the border's deviation lost",
        _bordered(lambda gain, shift, mean, deviation, move: mean - shift / gain),
        "Kernel and bias are right. Your border lacks the deviation: the shift is counted in deviations.",
    ),
    WrongAnswer(
        "the border on the other side",
        _bordered(lambda gain, shift, mean, deviation, move: mean + shift * deviation / gain),
        "Kernel and bias are right. Your border lies on the other side of the mean.",
    ),
)

QUESTION = Question(
    id="11-folding",
    title="Two normalisations disappear",
    points=15,
    name="fold",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the kernel", "the bias", "the border"),
    tolerance={"float64": 1e-9, "float32": 3e-5},
)
