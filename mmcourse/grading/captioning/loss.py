"""05-loss: cross-entropy with smoothed labels, averaged word by word within each sentence, and its way back.

Smoothing as in Szegedy et al. 2016 (arXiv:1512.00567, section 7): q' = (1 − ε) δ + ε u, here with any u.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(logits, targets, mask, prior, rate):
    return _with()(logits, targets, mask, prior, rate)


def _log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def _smoothed(hot, prior, rate):
    return (1 - rate) * hot + rate * prior


def _words(mask):
    """How many words each sentence has, at least 1: (B, 1)."""
    return np.maximum(mask.sum(1, keepdims=True), 1)


def _p_minus_q(p, q, hot):
    return p - q


def _of_the_mean(words, mask):
    return words * len(words)


def _emptied(logits, mask):
    return np.where(mask[..., None], logits, 0)


def _as_they_are(logits, mask):
    return logits


def _with(
    q=_smoothed, log_p=_log_softmax, divisor=_words, way_back=_p_minus_q, back_divisor=_of_the_mean, clean=_emptied,
    hide=np.where,
):  # fmt: skip
    """Loss and gradient with other soft targets, another log-softmax, divisors or derivative.

    clean(logits, mask) and hide(mask, x, 0): how padding is kept out.
    """

    def loss(logits, targets, mask, prior, rate):
        hot = (np.arange(logits.shape[-1]) == targets[..., None]).astype(logits.dtype)
        log_probs, soft = log_p(clean(logits, mask)), q(hot, prior, rate).astype(logits.dtype)
        n = divisor(mask)
        losses = hide(mask, -(soft * log_probs).sum(-1), 0).sum(1) / n[:, 0]
        d = way_back(np.exp(log_probs), soft, hot) / back_divisor(n, mask)[..., None]
        return losses.astype(logits.dtype), hide(mask[..., None], d, 0).astype(logits.dtype)

    return loss


def draw(rng):
    yield _case(rng, "5 sentences", (3, 7, 2, 5, 6), 11)
    yield _case(rng, "2 sentences, many words", (2, 3), 17)
    yield _case(rng, "one sentence without padding", (5,), 7)
    yield _case(rng, "a sentence without words", (3, 0, 5), 7)
    yield _case(rng, "words in other places than the front", (3, 2, 5), 7, scattered=True)
    yield _case(rng, "no smoothing", (2, 5, 3), 7, rate=0.0)
    yield _case(rng, "nothing but smoothing", (2, 5, 3), 7, rate=1.0)
    yield _case(rng, "as many words as steps and sentences", (5, 3, 2, 5, 1), 5)
    yield _case(rng, "padding that is infinite", (3, 5, 2), 7, padding=np.inf)
    yield _case(rng, "padding that is NaN", (5, 2), 7, padding=np.nan)
    yield _case(rng, "logits near ±10 000", (3, 5, 7), 11, height=1e4)
    yield _case(rng, "logits from −1000 to 1000", (3, 5, 2), 11, scale=1e3)
    yield _case(rng, "float32", (3, 7, 5), 11, dtype=np.float32)


def _case(rng, name, lengths, V, rate=None, scale=1.0, height=0.0, padding=None, scattered=False, dtype=np.float64):
    """height: rows of logits lie that high and that low in turn; padding: what stands where nothing is asked."""
    B, T = len(lengths), max(lengths)
    mask = np.arange(T) < np.array(lengths)[:, None]
    if scattered:
        mask = rng.permuted(mask, axis=1)
    logits = rng.standard_normal((B, T, V)) * scale
    logits[:, ::2] += height
    logits[:, 1::2] -= height
    targets = np.where(mask, rng.integers(V, size=(B, T)), -1)
    if padding is not None:
        logits[~mask] = padding
    prior = rng.dirichlet(np.full(V, 2.0))
    prior[rng.integers(V)] = 0  # a word that smoothing does not recommend, such as the padding
    prior /= prior.sum()
    rate = float(rng.uniform(0.1, 0.4)) if rate is None else rate
    return Case(name, (logits.astype(dtype), targets, mask, prior.astype(dtype), rate))


def _uniform(hot, prior, rate):
    return (1 - rate) * hot + rate / hot.shape[-1]


def _only_on_others(hot, prior, rate):
    return np.where(hot > 0, 1 - rate, rate * prior)


def _not_log_of_softmax(logits):
    e = np.exp(logits - logits.max(-1, keepdims=True))
    return np.log(e / e.sum(-1, keepdims=True))


def _unstable(logits):
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def _one_maximum(logits):
    shifted = logits - logits.max(initial=-np.inf, where=np.isfinite(logits))
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def _per_word(mask):
    """Such that the sum over the sentences is the mean over all words."""
    return np.full((len(mask), 1), max(mask.sum(), 1)) / len(mask)


def _bare_words(mask):
    return mask.sum(1, keepdims=True)


def _times(mask, x, zero):
    return x * mask


WRONG = (
    WrongAnswer(
        "averaged over all words",
        _with(divisor=_per_word),
        "You divide by the words of the whole batch, so that long sentences weigh more. Here every sentence divides "
        "by its own number of words.",
    ),
    WrongAnswer(
        "averaged over all steps",
        _with(divisor=lambda mask: np.full((len(mask), 1), mask.shape[1])),
        "You divide by the number of steps, padding included: a short sentence looks easier than it is.",
    ),
    WrongAnswer(
        "not averaged",
        _with(divisor=lambda mask: np.ones((len(mask), 1))),
        "You sum over the words of a sentence. Asked is their mean, so that long sentences do not shout.",
    ),
    WrongAnswer(
        "a sentence without words gives NaN",
        _with(divisor=_bare_words),
        "A sentence without a single word divides 0 by 0. Nothing is asked of it: its loss is 0, and its gradient too.",
    ),
    WrongAnswer(
        "padding counted",
        _with(clean=_as_they_are, hide=lambda mask, x, zero: x),
        "Padding adds to your loss or to your gradient. Where the mask is False nothing was asked.",
    ),
    WrongAnswer(
        "padding multiplied away",
        _with(clean=_as_they_are, hide=_times),
        "Right as long as the logits of the padding are finite. 0 times NaN is NaN, so multiplying does not remove "
        "it: choose instead of multiplying.",
    ),
    WrongAnswer(
        "mask inverted",
        _with(divisor=lambda mask: _words(~mask), clean=_as_they_are, hide=lambda mask, x, zero: np.where(mask, 0, x)),
        "You count the padding and skip the words. True in `mask` means that a target counts.",
    ),
    WrongAnswer(
        "not smoothed",
        _with(q=lambda hot, prior, rate: hot),
        "Your labels are not smoothed: all the probability asked for lies on the target.",
    ),
    WrongAnswer(
        "smoothed evenly",
        _with(q=_uniform),
        "You share the smoothing evenly among all words. Here each word gets its part of `prior`; one of them may get "
        "nothing.",
    ),
    WrongAnswer(
        "smoothed on the other words only",
        _with(q=_only_on_others),
        "Your target gets 1 − ε and no more. The prior has a share for it as well; without that, q does not sum to "
        "one.",
    ),
    WrongAnswer(
        "ε and 1 − ε exchanged",
        _with(q=lambda hot, prior, rate: rate * hot + (1 - rate) * prior),
        "ε and 1 − ε have changed places: at ε = 0 there should be no smoothing.",
    ),
    WrongAnswer(
        "the logarithm of a rounded zero",
        _with(log_p=_not_log_of_softmax),
        "You compute the softmax first and its logarithm afterwards. A probability can be so small that it rounds to "
        "0, whose logarithm is −∞: take the logarithm on paper, before you compute.",
    ),
    WrongAnswer(
        "not stable",
        _with(log_p=_unstable),
        "The formula is right, and exp overflows where logits are large. A softmax does not change when all logits of "
        "one place move by the same amount.",
    ),
    WrongAnswer(
        "one maximum for everything",
        _with(log_p=_one_maximum),
        "You subtract the largest logit of the whole array. Where a place lies far below it, every exp gives 0: each "
        "place needs a maximum of its own.",
    ),
    WrongAnswer(
        "gradient as without smoothing",
        _with(way_back=lambda p, q, hot: p - hot),
        "The losses are right. The gradient p − one-hot belongs to labels that are not smoothed.",
    ),
    WrongAnswer(
        "gradient with the opposite sign",
        _with(way_back=lambda p, q, hot: q - p),
        "The losses are right. The gradient has the opposite sign: a higher logit for a word that is asked for must "
        "lower the loss.",
    ),
    WrongAnswer(
        "gradient of the sum over the sentences",
        _with(back_divisor=lambda words, mask: words),
        "The losses are right. The gradient is that of their sum; asked is that of their mean over all sentences.",
    ),
    WrongAnswer(
        "gradient without the sentence's length",
        _with(back_divisor=lambda words, mask: np.full_like(words, len(words))),
        "The losses are right. On its way back the gradient passes the mean over a sentence's words, and has to be "
        "divided by their number as well.",
    ),
    WrongAnswer(
        "gradient as of a mean over all words",
        _with(back_divisor=lambda words, mask: np.full_like(words, max(mask.sum(), 1))),
        "The losses are right. The gradient is that of a mean over all words of the batch; here a sentence's words "
        "share what their sentence has.",
    ),
)

QUESTION = Question(
    id="05-loss",
    title="What the words of a sentence cost",
    points=20,
    name="smoothed_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "dlogits"),
)
