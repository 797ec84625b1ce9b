"""04-worth: what the game is worth for a given judge, for the best one, and the divergence behind it.

With a share π of reals the best judge makes the game worth JSD_π(p, q) − H(π), where JSD_π is the divergence of
Lin 1991 (IEEE Transactions on Information Theory 37, eq. 4.1) and H(π) the entropy of the share; π = ½ gives half of
what Goodfellow et al. 2014 (arXiv:1406.2661) have in eqs 5 and 6. For its use with GANs: Huszár 2015, arXiv:1511.05101.
"""

import math

import numpy as np

from mmcourse.adversarial import densities

from ..question import Case, Question, WrongAnswer


def reference(d, p, q, share):
    return _with()(d, p, q, share)


def _expected_log(a, b):
    """Σ a log b over the places, (S,); 0 where a is, whatever b is."""
    with np.errstate(divide="ignore"):
        return (a * np.log(np.where(a > 0, b, 1))).sum(-1)


def _value(d, p, q, share, mean=_expected_log):
    return share * mean(p, d) + (1 - share) * mean(q, 1 - d)


def _judge(p, q, share):
    total = share * p + (1 - share) * q
    return np.where(total > 0, share * p / np.where(total > 0, total, 1), share)


def _best(p, q, share):
    m = share * p + (1 - share) * q
    real, fake = np.divide(p, m, out=np.ones_like(p), where=m > 0), np.divide(q, m, out=np.ones_like(q), where=m > 0)
    return share * _expected_log(p, share * real) + (1 - share) * _expected_log(q, (1 - share) * fake)


def _entropy(share):
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


def _to_mixture(p, q, m):
    """KL(p ‖ m) and KL(q ‖ m)."""
    return (_expected_log(x, x) - _expected_log(x, m) for x in (p, q))


def _divergence(p, q, share):
    to_p, to_q = _to_mixture(p, q, share * p + (1 - share) * q)
    return share * to_p + (1 - share) * to_q


def _with(value=_value, best=_best, divergence=_divergence):
    """The three numbers, one or more of them in another way."""

    def worth(d, p, q, share):
        return value(d, p, q, share), best(p, q, share), divergence(p, q, share)

    return worth


def draw(rng):
    yield _case(rng, "5 games of 7 places", (5, 7), 0.3)
    yield _case(rng, "more games than places, reals in the majority", (7, 3), 0.8)
    yield _case(rng, "as many reals as fakes", (3, 5), 0.5)
    yield _case(rng, "one game", (1, 11), 0.6)
    yield _case(rng, "places that only one of them knows", (5, 7), 0.4, empty_p=[0, 3], empty_q=[2, 3])
    yield _case(rng, "a judge who is sure, and right", (3, 5), 0.7, empty_p=[0, 3], empty_q=[1, 2, 4], sure=True)
    yield _case(rng, "a judge who is almost sure, and often wrong", (5, 7), 0.3, lowest=1e-60)
    yield _case(rng, "a judge who is sure, and once wrong", (5, 3), 0.3, wrong=True)
    _, p, _, share = _case(rng, "", (5, 7), 0.2).arguments
    yield Case("a perfect generator", (rng.uniform(0.1, 0.9, p.shape), p, p.copy(), share))
    yield _case(rng, "no game", (0, 7), 0.3)
    d, p, q, share = _case(rng, "", (5, 3), 0.7).arguments
    yield Case("arrays that lie column by column", (*(np.asfortranarray(x) for x in (d, p, q)), share))
    yield _case(rng, "float32", (3, 11), 0.3, empty_p=[4], dtype=np.float32)


def _case(rng, name, shape, share, empty_p=(), empty_q=(), sure=False, wrong=False, lowest=None, dtype=np.float64):
    """Two distributions a game. sure: d is 1 where p is larger, else 0. wrong: d is once 0. lowest: some d are this."""
    p, q = (rng.uniform(0.1, 1, shape) for _ in "pq")
    p[:, list(empty_p)], q[:, list(empty_q)] = 0, 0
    p, q = (x / x.sum(-1, keepdims=True) for x in (p, q))
    d = (p > q).astype(float) if sure else rng.uniform(0.1, 0.9, shape)
    if lowest is not None:
        d[:, :2] = lowest
    if wrong:
        d[1, 2] = 0
    d[:, list(empty_p)], d[:, list(empty_q)] = 0, 1
    return Case(name, (d.astype(dtype), p.astype(dtype), q.astype(dtype), share))


def _naive(a, b):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (a * np.log(b)).sum(-1)


def _clipped(a, b):
    with np.errstate(divide="ignore"):
        return (a * np.maximum(np.log(b), -100)).sum(-1)


def _with_crumb(crumb):
    return lambda a, b: (a * np.log(b + crumb)).sum(-1)


def in_bits(d, p, q, share):
    return tuple(x / math.log(2) for x in reference(d, p, q, share))


def mean_over_places(d, p, q, share):
    return tuple(x / d.shape[-1] for x in reference(d, p, q, share))


def everything_negative(d, p, q, share):
    value, best, divergence = reference(d, p, q, share)
    return -value, -best, divergence


def share_swapped(d, p, q, share):
    return reference(d, p, q, 1 - share)


def as_in_the_paper(d, p, q, share):
    """Reals and fakes each with weight one."""
    value, best, divergence = reference(d, p, q, 0.5)
    return 2 * value, 2 * best, divergence


def game_of_the_chapter(d, p, q, share):
    best = densities.game_value(densities.optimal_discriminator(p, q), p, q)
    return densities.game_value(d, p, q), best, densities.jensen_shannon_divergence(p, q)


def _towards_real(d, p, q, share):
    return share * _expected_log(p, d) + (1 - share) * _expected_log(q, d)


def _of_fair_judge(p, q, share):
    return _value(_judge(p, q, 0.5), p, q, share)


def _weights_forgotten(p, q, share):
    return sum(_to_mixture(p, q, share * p + (1 - share) * q)) / 2


def _fair_mixture(p, q, share):
    to_p, to_q = _to_mixture(p, q, (p + q) / 2)
    return share * to_p + (1 - share) * to_q


def what_the_judge_loses(d, p, q, share):
    value, best, _ = reference(d, p, q, share)
    return value, best, best - value


WRONG = (
    WrongAnswer(
        "weights of one",
        as_in_the_paper,
        "You play the paper's game, where reals and fakes have the same weight. Here reals come with `share`, fakes "
        "with the rest, and the best judge knows it.",
    ),
    WrongAnswer(
        "the game of the chapter",
        game_of_the_chapter,
        "This is the game of the chapter: both sides weigh one, and no logarithm falls below −100. Here `share` weighs "
        "them, and a judge who is sure and wrong gets −∞.",
    ),
    WrongAnswer(
        "share on the wrong side",
        share_swapped,
        "The shares have changed sides: `share` belongs to the reals, whose distribution is p.",
    ),
    WrongAnswer(
        "fakes praised",
        _with(value=_towards_real),
        "In your value the judge is rewarded for taking fakes for real: log d for both. About a fake it should say 0.",
    ),
    WrongAnswer(
        "loss instead of value",
        everything_negative,
        "Your first two numbers have the opposite sign: they are losses. The game's value is what the judge makes "
        "large, and it is at most 0.",
    ),
    WrongAnswer(
        "0 log 0 is NaN",
        _with(value=lambda *a: _value(*a, mean=_naive)),
        "What never occurs gives 0 · log 0 in your value, which is NaN. It costs the judge nothing, whatever it says "
        "there.",
    ),
    WrongAnswer(
        "logarithms cut at −100",
        _with(value=lambda *a: _value(*a, mean=_clipped)),
        "You let no logarithm fall below −100, as PyTorch does. Here the value is exact: someone who is sure and "
        "wrong loses everything, −∞.",
    ),
    WrongAnswer(
        "a crumb in the logarithm",
        _with(value=lambda *a: _value(*a, mean=_with_crumb(1e-8))),
        "A small number inside the logarithm avoids −∞, and changes every value a little. Only 0 · log 0 needs care; "
        "−∞ is a fair answer for a judge who was sure and wrong.",
    ),
    WrongAnswer(
        "a tiny crumb in the logarithm",
        _with(value=lambda *a: _value(*a, mean=_with_crumb(1e-12))),
        "A tiny number inside the logarithm puts a lid on what a mistake can cost. Some judges are surer than that, "
        "and whoever is entirely sure and wrong gets −∞. Only 0 · log 0 needs care.",
    ),
    WrongAnswer(
        "bits",
        in_bits,
        "You count in bits. The chapter, and this question, use the natural logarithm.",
    ),
    WrongAnswer(
        "mean over the places",
        mean_over_places,
        "You take a mean over the places. p and q are chances already: they weigh the places, and their sum is one.",
    ),
    WrongAnswer(
        "the best judge of a fair game",
        _with(best=_of_fair_judge),
        "Your best judge is p / (p + q), who expects as many reals as fakes. With the share at hand one can do better.",
    ),
    WrongAnswer(
        "the given judge taken for the best",
        lambda d, p, q, share: (*(_value(d, p, q, share),) * 2, _divergence(p, q, share)),
        "Your second number is the given judge's. Asked is the most that any judge could reach.",
    ),
    WrongAnswer(
        "divergence for equal shares",
        _with(divergence=lambda p, q, share: _divergence(p, q, 0.5)),
        "Your divergence is the one for equal shares, as in the chapter. In this one the mixture, and the weights of "
        "the two terms, follow the share.",
    ),
    WrongAnswer(
        "weights of the divergence forgotten",
        _with(divergence=_weights_forgotten),
        "The mixture is right. The two Kullback–Leibler terms have weights as well, and they are not one half.",
    ),
    WrongAnswer(
        "mixture of the divergence in halves",
        _with(divergence=_fair_mixture),
        "You weigh the two terms rightly, and compare both with (p + q) / 2. The mixture follows the share too.",
    ),
    WrongAnswer(
        "log 4 added",
        _with(divergence=lambda p, q, share: _best(p, q, share) + math.log(4)),
        "You add log 4 to get from the best value to the divergence. That is the fair game's constant; here a "
        "perfect generator leaves another value. What does a judge reach who knows the share and nothing else?",
    ),
    WrongAnswer(
        "what the judge loses",
        what_the_judge_loses,
        "Your third number says how much the given judge falls short of the best one. The divergence knows nothing of "
        "a judge: it compares p and q alone.",
    ),
    WrongAnswer(
        "root of the divergence",
        _with(divergence=lambda p, q, share: np.sqrt(np.maximum(_divergence(p, q, share), 0))),
        "You take the root, which makes a distance of a divergence (SciPy's `jensenshannon` does so). The divergence "
        "itself is asked.",
    ),
)

QUESTION = Question(
    id="04-worth",
    title="What the game is worth",
    points=15,
    name="worth_of_game",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the value", "the best value", "the divergence"),
)
