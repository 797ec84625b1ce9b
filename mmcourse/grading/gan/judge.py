"""04-judge: the best discriminator where reals come with a share of their own, from logarithms of the densities.

D* = π p / (π p + (1 − π) q); with π = ½ it is eq. 2 of Goodfellow et al. 2014 (arXiv:1406.2661).
"""

import math

import numpy as np

from mmcourse.adversarial import densities

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(log_p, log_q, share):
    return _sigmoid(_ratio(log_p, log_q) + _prior(share))


def _sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2


def _nobody(log_p, log_q):
    return np.isneginf(log_p) & np.isneginf(log_q)


def _ratio(log_p, log_q):
    """log(p / q), and 0 where neither tells anything."""
    with np.errstate(invalid="ignore"):
        return np.where(_nobody(log_p, log_q), 0, log_p - log_q)


def _prior(share):
    return math.log(share / (1 - share))


def draw(rng):
    yield _case(rng, "11 places, reals a third", (11,), 0.3)
    yield _case(rng, "two leading axes, reals in the majority", (2, 3, 7), 0.8)
    yield _case(rng, "one place", (1,), 0.6)
    yield _case(rng, "as many reals as fakes", (5, 3), 0.5)
    yield _case(rng, "places that only one of them knows", (3, 7), 0.4, empty_p=[0, 3], empty_q=[2, 6])
    yield _case(rng, "places that neither knows", (3, 7), 0.2, empty_p=[0, 3, 5], empty_q=[2, 3, 5])
    yield _case(rng, "log densities of about −10 000", (5, 7), 0.3, lowered=1e4)
    yield _case(rng, "log densities 10 000 times as large", (5, 7), 0.7, scale=1e4)
    yield _case(rng, "a real one in a thousand", (2, 11), 0.001)
    yield _case(rng, "no game", (0, 7), 0.3)
    log_p, log_q, share = _case(rng, "", (7, 5), 0.7).arguments
    yield Case("places that lie column by column", (log_p.T, log_q.T, share))
    yield _case(rng, "float32", (3, 11), 0.3, empty_p=[4], empty_q=[4, 7], dtype=np.float32)


def _case(rng, name, shape, share, empty_p=(), empty_q=(), lowered=0.0, scale=1.0, dtype=np.float64):
    """Log densities of order one; none at all at the places `empty_p` and `empty_q` of the last axis."""
    log_p, log_q = (x * scale - lowered for x in normal(rng, shape, shape, dtype=dtype))
    log_p[..., list(empty_p)] = -np.inf
    log_q[..., list(empty_q)] = -np.inf
    return Case(name, (log_p, log_q, share))


def _odds(ratio=_ratio, prior=_prior):
    """The judge with another ratio of the densities, or another share in the odds."""
    return lambda log_p, log_q, share: _sigmoid(ratio(log_p, log_q) + prior(share))


def _where_nobody_is(value):
    """Right, save where neither density has anything."""
    return lambda log_p, log_q, share: np.where(_nobody(log_p, log_q), value, reference(log_p, log_q, share))


def _of_densities(log_p, log_q, share, crumb=0.0):
    real, fake = share * np.exp(log_p), (1 - share) * np.exp(log_q)
    return real / (real + fake + crumb)


def judge_of_the_chapter(log_p, log_q, share):
    return densities.optimal_discriminator(np.exp(log_p), np.exp(log_q))


def chance_of_fake(log_p, log_q, share):
    return 1 - reference(log_p, log_q, share)


def logit(log_p, log_q, share):
    return _ratio(log_p, log_q) + _prior(share)


def yes_or_no(log_p, log_q, share):
    return (logit(log_p, log_q, share) > 0).astype(log_p.dtype)


def logarithms_as_densities(log_p, log_q, share):
    return share * log_p / (share * log_p + (1 - share) * log_q)


def density_of_everything(log_p, log_q, share):
    return share * np.exp(log_p) + (1 - share) * np.exp(log_q)


def against_the_other_alone(log_p, log_q, share):
    """π p / ((1 − π) q)."""
    with np.errstate(over="ignore"):
        return np.exp(logit(log_p, log_q, share))


def over_the_places(log_p, log_q, share):
    d = reference(log_p, log_q, share)
    return d / d.sum(-1, keepdims=True)


WRONG = (
    WrongAnswer(
        "reals and fakes equally common",
        _odds(prior=lambda share: 0.0),
        "You judge as if reals and fakes came equally often. Before the judge looks at anything, `share` has already "
        "told something.",
    ),
    WrongAnswer(
        "the judge of the chapter",
        judge_of_the_chapter,
        "This is the judge of the chapter, p / (p + q), who was told nothing before the game. This one knows `share`, "
        "and has to tell apart densities that a computer rounds to 0.",
    ),
    WrongAnswer(
        "share on the wrong side",
        _odds(prior=lambda share: -_prior(share)),
        "The share has changed sides. It is the share of the reals, and p is where the reals come from.",
    ),
    WrongAnswer(
        "fakes not weighted",
        _odds(prior=math.log),
        "You weigh the reals with their share and leave the fakes as they are. If a third is real, how much is fake?",
    ),
    WrongAnswer(
        "share twice",
        _odds(prior=lambda share: 2 * _prior(share)),
        "The share counts twice in your answer. The formula has it once with p, and its rest once with q.",
    ),
    WrongAnswer(
        "share added to the logarithms",
        _odds(prior=lambda share: 2 * share - 1),
        "You add the shares to log densities. A product of two numbers becomes a sum of two logarithms: the shares "
        "want theirs as well.",
    ),
    WrongAnswer(
        "chance of a fake",
        chance_of_fake,
        "You return the chance that the thing is fake. The judge of this chapter says how likely it is real.",
    ),
    WrongAnswer(
        "logit returned",
        logit,
        "You return the logit. It is the right one; the chance is asked, between 0 and 1.",
    ),
    WrongAnswer(
        "yes or no",
        yes_or_no,
        "Your judge says yes or no. The best one says how sure it is; only that is worth the most in the game.",
    ),
    WrongAnswer(
        "logarithms taken for densities",
        logarithms_as_densities,
        "You put the logarithms in where the formula has densities.",
    ),
    WrongAnswer(
        "not divided",
        density_of_everything,
        "You return how common the place is, among reals and fakes together. Asked is how much of that is real.",
    ),
    WrongAnswer(
        "divided by the fakes alone",
        against_the_other_alone,
        "You compare the reals with the fakes alone: these are odds, which may exceed 1. A chance compares with all "
        "that is there, reals and fakes together.",
    ),
    WrongAnswer(
        "chances that sum to one over the places",
        over_the_places,
        "Your chances sum to one over the places. Each place has a verdict of its own, and two places may both be "
        "surely real.",
    ),
    WrongAnswer(
        "densities that vanish",
        _of_densities,
        "The formula is right, and exp turns a log density of −10 000 into exactly 0, so that 0 / 0 is left. Only the "
        "difference of the two logarithms matters: how can you keep it?",
    ),
    WrongAnswer(
        "a crumb in the denominator",
        lambda log_p, log_q, share: _of_densities(log_p, log_q, share, crumb=1e-12),
        "A small number in the denominator hides 0 / 0 and bends every verdict about rare places. Where both densities "
        "are tiny, their ratio still tells: keep the logarithms.",
    ),
    WrongAnswer(
        "NaN where nobody is",
        _where_nobody_is(np.nan),
        "Where both logarithms are −∞, their difference is NaN. The judge still has to say something there.",
    ),
    WrongAnswer(
        "one half where nobody is",
        _where_nobody_is(0.5),
        "Where neither density has anything, you say ½. One thing is still known there, and it came in as an argument.",
    ),
    WrongAnswer(
        "zero where nobody is",
        _where_nobody_is(0.0),
        "Where neither density has anything, you call it surely fake. Nothing was seen there that speaks against a "
        "real one: what did you know before you looked?",
    ),
)

QUESTION = Question(
    id="04-judge",
    title="The best judge",
    points=10,
    name="best_judge",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("d",),
)
