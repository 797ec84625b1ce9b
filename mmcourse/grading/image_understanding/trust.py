"""08-trust: what a picture shows, given that several people wrote what it shows and each is right so often.

Bayes' rule, with texts that given the thing depend neither on the picture nor on each other: a product of experts
(Hinton 2002, Neural Computation 14, p. 1771).
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .drawing import softmax


def reference(logits, told, reliability):
    return _with()(logits, told, reliability)


def _bayes(says, r, K):
    """log p(text | thing), (N, T, K): the right name with chance r, each of the others with an equal share."""
    with np.errstate(divide="ignore"):
        return np.log(np.where(says, r, (1 - r) / (K - 1)))


def _all_together(logits, factors):
    return softmax(logits + factors.sum(1))


def _chance_of_what_it_names(p, told, logits, reliability):
    return np.take_along_axis(p, np.maximum(told, 0), 1)


def _as_given(told):
    return told


def _silent(told):
    return told < 0


def _with(
    factor=_bayes, join=_all_together, believe=_chance_of_what_it_names, hear=_as_given, silent=_silent, unsaid=np.nan
):  # fmt: skip
    """Chances and trust with other factors, another way to join them, or other ears."""

    def combined(logits, told, reliability):
        K = logits.shape[1]
        heard = hear(told)
        says = (heard % K)[..., None] == np.arange(K)  # (N, T, K)
        factors = np.where(silent(heard)[..., None], 0, factor(says, reliability[:, None], K))
        p = join(logits, factors)
        trusted = np.where(told < 0, unsaid, believe(p, told, logits, reliability))
        return p.astype(logits.dtype), trusted.astype(logits.dtype)

    return combined


def draw(rng):
    yield _case(rng, "7 pictures, 5 things, 3 texts", 7, 5, (0.8, 0.6, 0.4))
    yield _case(rng, "one text", 5, 7, (0.75,))
    yield _case(rng, "every text speaks", 11, 3, (0.7, 0.9), silent=0.0)
    yield _case(rng, "no text speaks", 3, 5, (0.7, 0.9), silent=1.0)
    yield _case(rng, "two things", 7, 2, (0.8, 0.3, 0.55))
    yield _case(rng, "a text that is wrong more often than by chance", 7, 5, (0.05, 0.7))
    yield _case(rng, "texts that know nothing", 5, 5, (0.2, 0.2))
    yield _case(rng, "all texts name the same thing", 5, 7, (0.6, 0.7, 0.8, 0.5), agree=True)
    yield _case(rng, "a text that is always right", 7, 5, (1.0, 0.7))
    yield _case(rng, "a text that is always wrong", 7, 5, (0.0, 0.7))
    yield _case(rng, "pictures that are sure", 7, 5, (0.9, 0.8), scale=1e3)
    yield _case(rng, "sure pictures, and a text that is always right", 5, 7, (1.0, 0.6), scale=1e3, silent=0.0)
    yield _case(rng, "float32", 7, 5, (0.8, 0.6, 0.4), dtype=np.float32)


def _case(rng, name, N, K, reliability, silent=0.3, agree=False, scale=1.0, dtype=np.float64):
    (logits,) = normal(rng, (N, K))
    told = rng.integers(0, K, (N, len(reliability)))
    if agree:
        told[:] = told[:, :1]
    told[rng.random(told.shape) < silent] = -1
    if 0 < silent < 1:
        told[0], told[1, 0], told[2, -1] = np.arange(len(reliability)) % K, -1, K - 1
    return Case(name, ((scale * logits).astype(dtype), told, np.array(reliability, dtype)))


def _undivided(says, r, K):
    return np.log(np.where(says, r, 1 - r))


def _among_all(says, r, K):
    return np.log(np.where(says, r, (1 - r) / K))


def _without_logarithm(says, r, K):
    return np.where(says, r, (1 - r) / (K - 1))


def _upside_down(says, r, K):
    return np.log(np.where(says, (1 - r) / (K - 1), r))


def _log_odds(says, r, K):
    return np.where(says, np.log(r * (K - 1) / (1 - r)), 0)


def _liars_unheard(says, r, K):
    return np.where(r * K < 1, 0, _bayes(says, r, K))


def _odds_of_two(says, r, K):
    return np.where(says, np.log(r) - np.log(1 - r), 0)


def _mean_of_chances(logits, factors):
    """Silent texts take no part."""
    speaks = (factors != 0).any(-1, keepdims=True)
    texts = np.where(speaks, softmax(factors), 0)
    return (softmax(logits) + texts.sum(1)) / (1 + speaks.sum(1))


def _geometric_mean(logits, factors):
    return softmax((logits + factors.sum(1)) / (1 + (factors != 0).any(-1).sum(1)[:, None]))


def _picture_first(logits, factors):
    product = softmax(logits) * np.exp(factors).prod(1)
    return product / product.sum(-1, keepdims=True)


def _overflowing(logits, factors):
    e = np.exp(logits) * np.exp(factors).prod(1)
    return e / e.sum(-1, keepdims=True)


def _first_alone(told):
    speaks = told >= 0
    return np.where(speaks & (speaks.cumsum(1) == 1), told, -1)


def _each_name_once(told):
    """A name that a text before it gave already is not heard again."""
    again = (told[:, :, None] == told[:, None, :]) & np.tri(told.shape[1], k=-1, dtype=bool)
    return np.where(again.any(-1), -1, told)


def _picture_alone(p, told, logits, reliability):
    return _chance_of_what_it_names(softmax(logits), told, logits, reliability)


def _its_reliability(p, told, logits, reliability):
    return np.broadcast_to(reliability, told.shape)


def _without_itself(p, told, logits, reliability):
    """What the picture and the other texts make of it."""
    believed = np.zeros(told.shape)
    for t in range(told.shape[1]):
        others = np.where(np.arange(told.shape[1]) == t, -1, told)
        believed[:, t] = _chance_of_what_it_names(reference(logits, others, reliability)[0], told, 0, 0)[:, t]
    return believed


WRONG = (
    WrongAnswer(
        "silence names the last thing",
        _with(silent=lambda told: np.zeros(told.shape, bool)),
        "A text with −1 names the last thing for you: in NumPy the index −1 is the last. It is silent, and says "
        "nothing about any of them.",
    ),
    WrongAnswer(
        "the mistakes not shared",
        _with(factor=_undivided),
        "You give each other thing the whole chance 1 − r. A wrong text names one of K − 1 things, so each of them "
        "gets a share of it.",
    ),
    WrongAnswer(
        "shared among all",
        _with(factor=_among_all),
        "You share 1 − r among all K things. A wrong text does not name the right one: there are K − 1 others.",
    ),
    WrongAnswer(
        "the odds of two",
        _with(factor=_odds_of_two),
        "You raise what is named by r / (1 − r). That is right for two things; with K of them a mistake is spread, "
        "and a text that is right half of the time still says a lot.",
    ),
    WrongAnswer(
        "added without a logarithm",
        _with(factor=_without_logarithm),
        "You add chances to logits. Logits are logarithms: to multiply by a chance, add its logarithm.",
    ),
    WrongAnswer(
        "upside down",
        _with(factor=_upside_down),
        "The more reliable a text, the less you believe it. What it names gets the factor r, each other thing "
        "(1 − r) / (K − 1).",
    ),
    WrongAnswer(
        "an infinite raise",
        _with(factor=_log_odds),
        "The formula is right, and ∞ − ∞ where r is 1. Lower the others to −∞ in place of raising one to ∞.",
    ),
    WrongAnswer(
        "liars unheard",
        _with(factor=_liars_unheard),
        "You leave out texts that are wrong more often than a guess. What they say is worth something: it is probably "
        "not what they name.",
    ),
    WrongAnswer(
        "the verdicts averaged",
        _with(join=_mean_of_chances),
        "You average the verdicts of picture and texts. A flat verdict then drags a sure one down; in a product it "
        "changes nothing.",
    ),
    WrongAnswer(
        "a geometric mean",
        _with(join=_geometric_mean),
        "You divide the sum of the logarithms by the number of experts. Two that agree then say no more than one; in a "
        "product they say more.",
    ),
    WrongAnswer(
        "the texts alone",
        _with(join=lambda logits, factors: softmax(0 * logits + factors.sum(1))),
        "You leave the picture out. Its logits count as well.",
    ),
    WrongAnswer(
        "the picture alone",
        _with(join=lambda logits, factors: softmax(logits)),
        "You leave the texts out: your chances are those of the picture.",
    ),
    WrongAnswer(
        "the first text alone",
        _with(hear=_first_alone),
        "You listen to the first text that speaks, and to no other. Each of them multiplies the chances.",
    ),
    WrongAnswer(
        "each name once",
        _with(hear=_each_name_once),
        "You count a name that two texts give only once. They were written independently, so two of them say more.",
    ),
    WrongAnswer(
        "the picture's chances first",
        _with(join=_picture_first),
        "The formula is right. You make chances of the logits first, and a small one is rounded to 0, which no factor "
        "raises again. Add logarithms, and take the softmax last.",
    ),
    WrongAnswer(
        "exp of large logits",
        _with(join=_overflowing),
        "The formula is right, and exp overflows for large logits. Subtract the largest of each row first.",
    ),
    WrongAnswer(
        "trust without the other texts",
        _with(believe=_picture_alone),
        "The chances are right. You ask the picture alone whether a text is right. Ask the chances in which all have "
        "their say.",
    ),
    WrongAnswer(
        "trust without the text itself",
        _with(believe=_without_itself),
        "The chances are right. You ask all others whether a text is right, and leave out the text itself and how "
        "reliable it is.",
    ),
    WrongAnswer(
        "trust beforehand",
        _with(believe=_its_reliability),
        "The chances are right. Your trust is how reliable a text is in general, whatever this picture shows. Asked is "
        "how likely it is right here.",
    ),
    WrongAnswer(
        "silent texts are not trusted",
        _with(unsaid=0),
        "All right but for silent texts: they are neither right nor wrong, so their trust is NaN, not 0.",
    ),
)

QUESTION = Question(
    id="08-trust",
    title="Whom to believe",
    points=10,
    name="believe",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the chances", "the trust"),
)
