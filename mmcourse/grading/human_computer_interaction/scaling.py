"""10-scaling: a temperature for every class, drawn towards a single one, and a bias; the loss and its slopes.

Vector scaling (Guo et al. 2017, arXiv:1706.04599, section 4.2). The exponential that keeps the scales positive and the
penalty on how far they differ are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .drawing import softmax


def reference(logits, labels, log_scale, bias, strength):
    return _with()(logits, labels, log_scale, bias, strength)


def _scaled(z, a, b):
    return np.exp(a) * z + b


def _surprise(scaled, labels):
    """Cross-entropy (N,), and expected minus there (N, K)."""
    rest = scaled - scaled.max(1, keepdims=True)
    there = labels[:, None] == np.arange(scaled.shape[1])
    return np.log(np.exp(rest).sum(1)) - (rest * there).sum(1), softmax(scaled) - there


def _to_log_scale(d, z, a, b):
    return d * np.exp(a) * z


def _spread(a):
    return 2 * (a - a.mean())


def _twice(b):
    return 2 * b


def _known(labels):
    return labels


def _per_answer(n, N):
    return max(n, 1)


def _with(
    scale=_scaled, loss=_surprise, slope=_to_log_scale, bias_slope=lambda d, a: d, pull=_spread, pull_bias=_twice,
    count=_per_answer, hear=_known, sign=1, pulled_by=lambda n: 1, unknown=0.0,
):  # fmt: skip
    """Losses and slopes with other scales, another loss, or another pull."""

    def scaling(logits, labels, log_scale, bias, strength):
        labels = hear(labels, logits.shape[1]) if hear is not _known else labels
        known = labels >= 0
        z, a, b = (x.astype(float) for x in (logits, log_scale, bias))
        with np.errstate(all="ignore"):
            losses, d = loss(scale(z, a, b), labels)
            d = sign * np.where(known[:, None], d, 0) / count(known.sum(), len(labels))
            share = strength / pulled_by(len(labels))
            da, db = slope(d, z, a, b).sum(0) + share * pull(a), bias_slope(d, a).sum(0) + share * pull_bias(b)
        losses = np.where(known, losses, unknown)
        return tuple(np.asarray(x).astype(logits.dtype) for x in (losses, da, db))

    return scaling


def draw(rng):
    yield _case(rng, "11 tickets, 3 desks", 11, 3, 0.1)
    yield _case(rng, "5 desks, a strong pull", 13, 5, 2.0)
    yield _case(rng, "no pull", 17, 4, 0.0)
    yield _case(rng, "all tickets have a label", 11, 3, 0.3, known=1.0)
    yield _case(rng, "no ticket has a label", 5, 3, 0.3, known=0.0)
    yield _case(rng, "one scale for all", 11, 5, 0.1, even=True)
    yield _case(rng, "one ticket", 1, 4, 0.1, known=1.0)
    yield _case(rng, "logits near 1000", 11, 3, 0.1, size=1000.0)
    yield _case(rng, "float32", 11, 4, 0.1, dtype=np.float32)


def _case(rng, name, N, K, strength, known=0.7, even=False, size=1.0, dtype=np.float64):
    """size: how far the logits lie from 0, all together, in a case that a softmax must not mind."""
    logits, bias = normal(rng, (N, K), (K,))
    a = np.full(K, 0.2) if even else rng.uniform(-0.9, 0.6, K)
    labels = np.where(rng.random(N) < known, rng.integers(0, K, N), -1)
    if 0 < known < 1:
        labels[:2] = K - 1, -1
    logits *= 2
    if size > 1:  # the scaled ones lie near the size, not the logits
        logits = (size + logits) / np.exp(a)
    return Case(name, (*(x.astype(dtype) for x in (logits,)), labels, a.astype(dtype), bias.astype(dtype), strength))


def _exp_overflows(scaled, labels):
    e = np.exp(scaled)
    p = e / e.sum(1, keepdims=True)
    there = labels[:, None] == np.arange(scaled.shape[1])
    return -np.log((p * there).sum(1)), p - there


def _yes_or_no_each(scaled, labels):
    there = labels[:, None] == np.arange(scaled.shape[1])
    return np.logaddexp(0, np.where(there, -scaled, scaled)).sum(1), 1 / (1 + np.exp(-scaled)) - there


def _squares(scaled, labels):
    """Brier's score with the slope of the cross-entropy."""
    p = softmax(scaled)
    there = labels[:, None] == np.arange(scaled.shape[1])
    return ((p - there) ** 2).sum(1), p - there


def _true_class_alone(scaled, labels):
    losses, d = _surprise(scaled, labels)
    return losses, d * (labels[:, None] == np.arange(scaled.shape[1]))


def _where_it_is(scaled, labels):
    """Only what is expected."""
    return _surprise(scaled, labels)[0], softmax(scaled)


def _temperature(d, z, a, b):
    return np.broadcast_to(_to_log_scale(d, z, a, b).sum(1, keepdims=True), z.shape)


def _last_class(labels, K):
    return labels % K


WRONG = (
    WrongAnswer(
        "the logarithm for the scale",
        _with(scale=lambda z, a, b: a * z + b, slope=lambda d, z, a, b: d * z),
        "You multiply by log_scale itself. The scale is its exponential, and so never negative: a class whose logits "
        "were turned round would be a strange one.",
    ),
    WrongAnswer(
        "divided by the scale",
        _with(scale=lambda z, a, b: z / np.exp(a) + b, slope=lambda d, z, a, b: -d * z / np.exp(a)),
        "You divide by the scales, as one does with a temperature. A scale multiplies.",
    ),
    WrongAnswer(
        "the bias scaled as well",
        _with(scale=lambda z, a, b: np.exp(a) * (z + b), slope=lambda d, z, a, b: d * np.exp(a) * (z + b),
              bias_slope=lambda d, a: d * np.exp(a)),
        "You add the bias before the scale multiplies. It comes afterwards: scale · logit + bias.",
    ),
    WrongAnswer(
        "no bias",
        _with(scale=lambda z, a, b: np.exp(a) * z),
        "You leave the bias out of the logits.",
    ),
    WrongAnswer(
        "the slope of the scale",
        _with(slope=lambda d, z, a, b: d * z),
        "The losses are right. You give the slope of the scales; asked is that of their logarithms, and d scale / d "
        "log scale is the scale itself.",
    ),
    WrongAnswer(
        "the bias rides along",
        _with(slope=lambda d, z, a, b: d * (np.exp(a) * z + b)),
        "The losses are right. In your slope of log_scale you multiply by the whole scaled logit. The bias does not "
        "move when the scale does.",
    ),
    WrongAnswer(
        "one temperature",
        _with(slope=_temperature),
        "The losses are right. You add up the slopes of all classes, as for one temperature. Each class has a scale "
        "of its own, and gets its own part.",
    ),
    WrongAnswer(
        "the true class alone",
        _with(loss=_true_class_alone),
        "The losses are right. Your slope reaches the class of the label only. All others are below the bar, and what "
        "they expect is pushed down.",
    ),
    WrongAnswer(
        "what is expected alone",
        _with(loss=_where_it_is),
        "The losses are right. Your slope is what is expected, without what is there: p − one-hot.",
    ),
    WrongAnswer(
        "there minus expected",
        _with(sign=-1),
        "The losses are right. The slope of the tickets has the opposite sign: what is expected minus what is there.",
    ),
    WrongAnswer(
        "a sum for the mean",
        _with(count=lambda n, N: 1),
        "The losses are right. You add up the slopes of the tickets. The loss is a mean over those with a label.",
    ),
    WrongAnswer(
        "the mean over all tickets",
        _with(count=lambda n, N: N),
        "The losses are right. You divide by the number of all tickets. Those without a label teach nothing, and do "
        "not count.",
    ),
    WrongAnswer(
        "−1 is the last class",
        _with(hear=_last_class),
        "A ticket with −1 belongs to the last desk for you: in NumPy the index −1 is the last. It has no label, costs "
        "0 and teaches nothing.",
    ),
    WrongAnswer(
        "without a label: NaN",
        _with(unknown=np.nan),
        "All right but for the losses of tickets without a label: they cost 0.",
    ),
    WrongAnswer(
        "no pull",
        _with(pull=np.zeros_like, pull_bias=np.zeros_like),
        "The losses are right. Your slopes lack the penalty: it pulls at log_scale and at the bias.",
    ),
    WrongAnswer(
        "pulled to a scale of 1",
        _with(pull=_twice),
        "The losses are right. Your penalty pulls every log_scale to 0. It pulls them to their mean: a temperature "
        "for all of them costs nothing.",
    ),
    WrongAnswer(
        "biases pulled to their mean",
        _with(pull_bias=_spread),
        "The losses are right. You pull the biases to their mean. They are pulled to 0.",
    ),
    WrongAnswer(
        "half a pull",
        _with(pull=lambda a: a - a.mean(), pull_bias=lambda b: b),
        "The losses are right. Your penalty has lost the 2 of the square's slope.",
    ),
    WrongAnswer(
        "a pull that gets weaker with more tickets",
        _with(pulled_by=lambda N: N),
        "The losses are right. You divide the penalty by the number of tickets as well. The mean is one part of the "
        "loss, the penalty another.",
    ),
    WrongAnswer(
        "a sigmoid for each",
        _with(loss=_yes_or_no_each),
        "You take a sigmoid of each logit. One desk gets the ticket: the chances are a softmax.",
    ),
    WrongAnswer(
        "squared distance",
        _with(loss=_squares),
        "Your losses are squared distances of probabilities (Brier's score). Asked is −log p of the label.",
    ),
    WrongAnswer(
        "exp overflows",
        _with(loss=_exp_overflows),
        "The formula is right, and exp overflows for logits near 1000. Subtract the largest of each ticket first.",
    ),
)  # fmt: skip

QUESTION = Question(
    id="10-scaling",
    title="A temperature for every desk",
    points=10,
    name="vector_scaling_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "dlog_scale", "dbias"),
    tolerance={"float64": 1e-9, "float32": 3e-5},
)
