"""07-sigmoid: every pair of image and text judged by itself, and the way back through cosines and unit vectors.

The pairwise sigmoid loss of Zhai et al. 2023 (SigLIP, arXiv:2303.15343, algorithm 1: logits = t · cosine + b, the sum
over all pairs divided by the images). Pairs of which nothing is known are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .vectors import unit


def reference(u, v, verdict, knobs):
    return _with()(u, v, verdict, knobs)


def _softplus(a):
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))


def _sigmoid(a):
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1, e) / (1 + e)


def _pairwise(logits, z):
    """The loss of each pair and its slope, nothing where z is 0."""
    return np.abs(z) * _softplus(-z * logits), -z * _sigmoid(-z * logits)


def _as_given(verdict):
    return verdict


def _through_length(dx, x, raw):
    """From a unit vector x back to the vector that was divided by its length."""
    return (dx - x * (x * dx).sum(-1, keepdims=True)) / np.linalg.norm(raw, axis=-1, keepdims=True)


def _logits(cosines, t, b):
    return t * cosines + b


def _back_to_knobs(slope, cosines, t):
    return [(slope * cosines).sum() * t, slope.sum()]


def _with(
    judge=_as_given, pair=_pairwise, back=_through_length, t=np.exp, logits=_logits, each=unit,
    to_knobs=_back_to_knobs, per_image=lambda loss: loss.sum(1), share=lambda slope: slope / len(slope),
    to_v=None,
):  # fmt: skip
    """Loss and gradients with other verdicts, losses of a pair, logits, or another way back."""

    def loss(u, v, verdict, knobs):
        x, y, scale = each(u), each(v), t(knobs[0])
        cosines = x @ y.T
        pairs, slope = pair(logits(cosines, scale, knobs[1]), judge(verdict).astype(u.dtype))
        slope = share(slope)
        du, dv = back(scale * slope @ y, x, u), (to_v or back)(scale * slope.T @ x, y, v)
        results = per_image(pairs), du, dv, np.array(to_knobs(slope, cosines, scale))
        return tuple(result.astype(u.dtype) for result in results)

    return loss


def draw(rng):
    yield _case(rng, "5 images, 7 texts", 5, 7, 3)
    yield _case(rng, "7 images, 3 texts, nothing unknown", 7, 3, 5, unknown=0)
    yield _case(rng, "as many images as texts, one right each", 5, 5, 3, diagonal=True)
    yield _case(rng, "one image, one text", 1, 1, 7, diagonal=True)
    yield _case(rng, "a space of one dimension", 3, 5, 1)
    yield _case(rng, "an image of which nothing is known", 5, 3, 7, blank=True)
    yield _case(rng, "a low threshold", 5, 7, 3, b=-4.0)
    yield _case(rng, "vectors as long as 1000", 3, 5, 7, long=1e3)
    yield _case(rng, "a scale of 10 000", 5, 7, 3, log_t=float(np.log(1e4)), b=-5.0)
    yield _case(rng, "float32", 5, 7, 3, dtype=np.float32)


def _case(
    rng, name, B, K, D, unknown=0.2, diagonal=False, blank=False, long=1.0, log_t=0.7, b=0.4, dtype=np.float64
):  # fmt: skip
    """unknown: the share of pairs with verdict 0. Verdicts come without regard to what the vectors say."""
    u, v = normal(rng, (B, D), (K, D))
    u, v = u * rng.uniform(0.5, 2, (B, 1)) * long, v * rng.uniform(0.5, 2, (K, 1)) * long
    verdict = np.where(rng.random((B, K)) < 0.4, 1, -1)
    verdict[0, 0], verdict[-1, -1] = 1, -1
    verdict[rng.random((B, K)) < unknown] = 0
    if unknown and not diagonal:
        verdict[0, -1] = 0
    if diagonal:
        verdict = 2 * np.eye(B, dtype=np.int64) - 1
    if blank:
        verdict[1] = 0
    return Case(name, (u.astype(dtype), v.astype(dtype), verdict, np.array([log_t, b], dtype)))


def _unknown_is_wrong(verdict):
    return np.where(verdict == 0, -1, verdict)


def _unknown_costs_log_2(logits, z):
    return _softplus(-z * logits), -z * _sigmoid(-z * logits)


def _target_minus_one(logits, z):
    """Verdicts used as the targets of a cross-entropy."""
    return np.abs(z) * (_softplus(logits) - z * logits), np.abs(z) * (_sigmoid(logits) - z)


def _only_the_right(logits, z):
    return _pairwise(logits, np.maximum(z, 0))


def _unstable(logits, z):
    e = np.exp(-z * logits)
    return np.abs(z) * np.log(1 + e), -z * e / (1 + e)


def _rounded_to_one(logits, z):
    p = _sigmoid(z * logits)
    return -np.abs(z) * np.log(p), -z * (1 - p)


def _upwards(logits, z):
    loss, slope = _pairwise(logits, z)
    return loss, -slope


def _wrong_side(logits, z):
    return np.abs(z) * _softplus(-z * logits), -z * _sigmoid(z * logits)


def _softmax_over_texts(logits, z):
    """Texts of a row compete; the loss of the right ones, added up."""
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    right = np.maximum(z, 0)
    return -right * log_p, right.sum(1, keepdims=True) * np.exp(log_p) - right


WRONG = (
    WrongAnswer(
        "past the length",
        _with(back=lambda dx, x, raw: dx),
        "The losses are right. Your du and dv are the gradients of the unit vectors; u and v were divided by their "
        "lengths, and the way back passes that division.",
    ),
    WrongAnswer(
        "the length taken for a constant",
        _with(back=lambda dx, x, raw: dx / np.linalg.norm(raw, axis=-1, keepdims=True)),
        "The losses are right. You divide by the length and treat it as a constant. It grows with the vector: a step "
        "along the vector changes nothing, so that part of the gradient has to go.",
    ),
    WrongAnswer(
        "projected, not divided",
        _with(back=lambda dx, x, raw: dx - x * (x * dx).sum(-1, keepdims=True)),
        "The losses are right. You take out what points along the vector and forget to divide by its length: a long "
        "vector turns less for the same step.",
    ),
    WrongAnswer(
        "divided by the squared length",
        _with(back=lambda dx, x, raw: (dx - x * (x * dx).sum(-1, keepdims=True)) / (raw**2).sum(-1, keepdims=True)),
        "The losses are right. You divide by the squared length; once is enough. With unit vectors in the projection "
        "no further length is left over.",
    ),
    WrongAnswer(
        "only u goes through its length",
        _with(to_v=lambda dx, x, raw: dx),
        "du is right, dv is not: the texts were brought to length one as well.",
    ),
    WrongAnswer(
        "no unit vectors",
        _with(each=lambda x: x, back=lambda dx, x, raw: dx),
        "You multiply the vectors as they come. A cosine needs both at length one.",
    ),
    WrongAnswer(
        "unknown taken for wrong",
        _with(judge=_unknown_is_wrong),
        "You treat pairs with the verdict 0 as wrong. Of those nothing is known: they cost nothing and push nobody "
        "away.",
    ),
    WrongAnswer(
        "unknown costs log 2",
        _with(pair=_unknown_costs_log_2),
        "The gradients are right. A pair with the verdict 0 costs you softplus(0) = log 2; it should cost nothing.",
    ),
    WrongAnswer(
        "verdicts taken for targets",
        _with(pair=_target_minus_one),
        "You put the verdicts where a cross-entropy has its targets. Targets are 1 and 0, a verdict is 1 or −1: with "
        "−1 for a target the loss falls without end.",
    ),
    WrongAnswer(
        "only the right pairs",
        _with(pair=_only_the_right),
        "You count the right pairs only. Then everything may lie in one place, at no cost: the wrong pairs keep the "
        "space apart.",
    ),
    WrongAnswer(
        "a softmax",
        _with(pair=_softmax_over_texts),
        "You let the texts of a row compete in a softmax, as InfoNCE does. Here each pair is judged by itself, by a "
        "sigmoid.",
    ),
    WrongAnswer(
        "the threshold subtracted",
        _with(
            logits=lambda cosines, t, b: t * cosines - b,
            to_knobs=lambda slope, cosines, t: [(slope * cosines).sum() * t, -slope.sum()],
        ),
        "You subtract b. The logit is t · cosine + b, and b starts out negative, because most pairs are wrong.",
    ),
    WrongAnswer(
        "the logarithm for the scale",
        _with(t=lambda x: x, to_knobs=lambda slope, cosines, t: [(slope * cosines).sum(), slope.sum()]),
        "You multiply by knobs[0] itself. That is log t; t is its exponential.",
    ),
    WrongAnswer(
        "the gradient of t",
        _with(to_knobs=lambda slope, cosines, t: [(slope * cosines).sum(), slope.sum()]),
        "All but dknobs[0] is right. You give the gradient of t; asked is that of log t, which is t times as large.",
    ),
    WrongAnswer(
        "averaged over the texts",
        _with(per_image=lambda loss: loss.mean(1), share=lambda slope: slope / slope.size),
        "You average over all pairs. An image's loss is the sum over its texts; only the images are averaged.",
    ),
    WrongAnswer(
        "gradients of the sum",
        _with(share=lambda slope: slope),
        "The losses are right, the gradients are those of their sum. Asked are those of their mean over the images.",
    ),
    WrongAnswer(
        "gradients that point up",
        _with(pair=_upwards),
        "The losses are right, your gradients have the opposite sign: a higher logit of a right pair must lower the "
        "loss.",
    ),
    WrongAnswer(
        "σ of the wrong side",
        _with(pair=_wrong_side),
        "The losses are right. Your slope is large for pairs that are well judged and small for the others: it is "
        "−z σ(−z · logit), with a minus inside too.",
    ),
    WrongAnswer(
        "exp of something large",
        _with(pair=_unstable),
        "The formula is right, and exp overflows for large logits. log(1 + eᵃ) is max(a, 0) + log(1 + e^(−|a|)).",
    ),
    WrongAnswer(
        "the logarithm of a sigmoid",
        _with(pair=_rounded_to_one),
        "You compute the sigmoid first and its logarithm afterwards. A sigmoid can round to 0, whose logarithm is −∞: "
        "−log σ(a) is softplus(−a).",
    ),
)

QUESTION = Question(
    id="07-sigmoid",
    title="Each pair by itself",
    points=20,
    name="pairwise_sigmoid_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "du", "dv", "dknobs"),
)
