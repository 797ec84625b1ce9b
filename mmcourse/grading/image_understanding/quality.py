"""08-quality: a focal loss whose target is how good the box is, and its slope by hand.

The quality focal loss of Li et al. 2020 (arXiv:2006.04388). Points of which nothing is known, and the share that each
point has in the mean, are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(logits, labels, quality, beta):
    return _with()(logits, labels, quality, beta)


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def _quality_of_its_class(labels, quality, K):
    return np.where(labels[:, None] == np.arange(K), quality[:, None], 0)


def _known(labels):
    return labels > -2


def _surprise(z, y):
    """Cross-entropy with a target between 0 and 1, and its slope."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - y * z, _sigmoid(z) - y


def _distance_to_the_power(q, y, beta):
    """The weight and its slope by q."""
    off = np.abs(q - y)
    return off**beta, beta * off ** (beta - 1) * np.sign(q - y)


def _answering(labels):
    return max(1, int((labels >= 0).sum()))


def _product_rule(weight, dweight, surprise, dsurprise, q):
    return dweight * q * (1 - q) * surprise + weight * dsurprise


def _with(
    target=_quality_of_its_class, known=_known, surprise=_surprise, weigh=_distance_to_the_power, share=_answering,
    slope=_product_rule, over_classes=np.sum,
):  # fmt: skip
    """Losses and slopes with another target, weight, or mean."""

    def loss(logits, labels, quality, beta):
        y = target(labels, quality, logits.shape[1])
        q = _sigmoid(logits)
        s, ds = surprise(logits, y)
        w, dw = weigh(q, y, beta)
        counts = known(labels)[:, None]
        losses = over_classes(np.where(counts, w * s, 0), axis=1)
        dlogits = np.where(counts, slope(w, dw, s, ds, q), 0) / share(labels)
        return losses.astype(logits.dtype), dlogits.astype(logits.dtype)

    return loss


def draw(rng):
    yield _case(rng, "11 points, 5 classes", 11, 5, 2.0)
    yield _case(rng, "a square table", 7, 7, 2.0)
    yield _case(rng, "one class", 13, 1, 2.0)
    yield _case(rng, "an exponent of 1", 7, 5, 1.0)
    yield _case(rng, "an exponent of 2.5", 11, 3, 2.5)
    yield _case(rng, "every point answers for something", 7, 3, 2.0, labels=(0, 1))
    yield _case(rng, "nothing in the picture", 7, 5, 2.0, labels=(-1,))
    yield _case(rng, "boxes that are perfect", 11, 5, 2.0, perfect=True)
    yield _case(rng, "logits beyond 1000", 11, 5, 2.0, scale=1500.0)
    yield _case(rng, "float32", 11, 5, 2.0, dtype=np.float32)


def _case(rng, name, P, K, beta, labels=None, perfect=False, scale=1.5, dtype=np.float64):
    (logits,) = normal(rng, (P, K))
    if labels is None:
        label = rng.integers(0, K, P)
        label[rng.random(P) < 0.3] = -1
        label[:4] = rng.permutation([K - 1, -1, -2, -2])
    else:
        label = rng.choice(labels, P)
    quality = np.ones(P) if perfect else rng.uniform(0.1, 0.9, P)  # also where there is no box: nobody may look
    return Case(name, ((scale * logits - 0.5).astype(dtype), label, quality.astype(dtype), beta))


def _one_for_its_class(labels, quality, K):
    return _quality_of_its_class(labels, np.ones_like(quality), K)


def _quality_everywhere(labels, quality, K):
    return np.where(labels[:, None] >= 0, quality[:, None], 0) * np.ones(K)


def _last_class_for_nothing(labels, quality, K):
    return np.where(labels[:, None] % K == np.arange(K), quality[:, None], 0)


def _focal_weight(q, y, beta):
    """(1 − p of the answer that is right) to the power, where any quality above 0 counts as yes."""
    yes = y > 0
    off = np.where(yes, 1 - q, q)
    return off**beta, np.where(yes, -1, 1) * beta * off ** (beta - 1)


def _without_absolute_value(q, y, beta):
    return (q - y) ** beta, beta * (q - y) ** (beta - 1)


def _fixed(q, y, beta):
    return _distance_to_the_power(q, y, beta)[0], 0 * q


def _sign_lost(q, y, beta):
    w, dw = _distance_to_the_power(q, y, beta)
    return w, np.abs(dw)


def _exponent_kept(q, y, beta):
    return _distance_to_the_power(q, y, beta)[0], beta * np.abs(q - y) ** beta * np.sign(q - y)


def _exponent_not_in_front(q, y, beta):
    w, dw = _distance_to_the_power(q, y, beta)
    return w, dw / beta


def _unweighted(q, y, beta):
    return np.ones_like(q), 0 * q


def _overflowing(z, y):
    return np.log(1 + np.exp(z)) - y * z, _sigmoid(z) - y


def _logarithm_of_a_sigmoid(z, y):
    q = _sigmoid(z)
    return -y * np.log(q) - (1 - y) * np.log(1 - q), q - y


def _slope_of_the_weight_alone(w, dw, s, ds, q):
    return dw * q * (1 - q) * s


def _past_the_sigmoid(w, dw, s, ds, q):
    return dw * s + w * ds


WRONG = (
    WrongAnswer(
        "a target of one",
        _with(target=_one_for_its_class),
        "Your target is 1 for the class of a point. Here it is the quality of its box: a poor box should not come "
        "with a sure class.",
    ),
    WrongAnswer(
        "the quality for all classes",
        _with(target=_quality_everywhere),
        "You give the quality to all classes of a point. Only its own class gets it; for the others the target is 0.",
    ),
    WrongAnswer(
        "nothing taken for the last class",
        _with(target=_last_class_for_nothing),
        "A label of −1 is the last class for you: in NumPy the index −1 is the last. There is nothing at such a point, "
        "and all its targets are 0.",
    ),
    WrongAnswer(
        "unknown taken for nothing",
        _with(known=lambda labels: labels > -3),
        "You teach points labelled −2 that nothing is there. Of those nothing is known: no loss, and no slope.",
    ),
    WrongAnswer(
        "points without a thing left out",
        _with(known=lambda labels: labels >= 0),
        "You leave out the points labelled −1. They are most of the picture, and they have to learn to say no.",
    ),
    WrongAnswer(
        "the weight of the focal loss",
        _with(weigh=_focal_weight),
        "You weigh by the chance of the wrong answer, as the focal loss does. With a target of 0.6 a chance of 0.9 is "
        "wrong as well: weigh by how far the chance is from its target.",
    ),
    WrongAnswer(
        "a weight without absolute value",
        _with(weigh=_without_absolute_value),
        "You raise q − y itself to the power. If the chance is too low that is negative, and with an exponent of 1 the "
        "loss is too, or not a number with 2.5. The distance is |q − y|.",
    ),
    WrongAnswer(
        "no weight",
        _with(weigh=_unweighted),
        "You leave out the weight, which is cross-entropy. Thousands of easy points then drown the few that teach "
        "something.",
    ),
    WrongAnswer(
        "the weight taken for a constant",
        _with(weigh=_fixed),
        "The losses are right. Your slope takes the weight for a constant. It depends on the logit as well: product "
        "rule.",
    ),
    WrongAnswer(
        "the slope of the weight alone",
        _with(slope=_slope_of_the_weight_alone),
        "The losses are right. You take the slope of the weight alone; the cross-entropy that it multiplies has one "
        "too, q − y.",
    ),
    WrongAnswer(
        "the sign of the distance lost",
        _with(weigh=_sign_lost),
        "The losses are right. The weight |q − y| falls where q rises from below, so its slope has the sign of q − y.",
    ),
    WrongAnswer(
        "past the sigmoid",
        _with(slope=_past_the_sigmoid),
        "The losses are right. The slope of your weight is by q; the way to the logit passes the sigmoid, whose slope "
        "is q (1 − q).",
    ),
    WrongAnswer(
        "the exponent not lowered",
        _with(weigh=_exponent_kept),
        "The losses are right. The slope of a power has the exponent β − 1; yours has β.",
    ),
    WrongAnswer(
        "the exponent not in front",
        _with(weigh=_exponent_not_in_front),
        "The losses are right. The slope of a power has its exponent as a factor in front: β |q − y|^(β − 1).",
    ),
    WrongAnswer(
        "exp of large logits",
        _with(surprise=_overflowing),
        "The formula is right, and exp overflows for large logits. log(1 + eᶻ) is max(z, 0) + log(1 + e^(−|z|)).",
    ),
    WrongAnswer(
        "the logarithm of a rounded sigmoid",
        _with(surprise=_logarithm_of_a_sigmoid),
        "You take the logarithm of a sigmoid. For large logits it is rounded to 0 or 1, and the logarithm is −∞: work "
        "with the logits.",
    ),
    WrongAnswer(
        "shared among all points",
        _with(share=len),
        "You divide the slope by the number of all points. Most of them show nothing, so the few that answer would be "
        "hushed: divide by the number of labels from 0 on.",
    ),
    WrongAnswer(
        "nobody answers, and everything is NaN",
        _with(share=lambda labels: np.float64((labels >= 0).sum())),
        "Where no point answers for a thing you divide by 0. Divide by 1 there, so that the picture still teaches to "
        "say no.",
    ),
    WrongAnswer(
        "slopes of the sum",
        _with(share=lambda labels: 1),
        "The losses are right. Your slopes are those of their sum; it is divided by the number of points that answer.",
    ),
    WrongAnswer(
        "averaged over the classes",
        _with(over_classes=np.mean),
        "The slopes are right. Your losses are means over the classes. A point's loss is the sum of its K answers.",
    ),
)

QUESTION = Question(
    id="08-quality",
    title="As sure as the box is good",
    points=15,
    name="quality_focal_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "dlogits"),
)
