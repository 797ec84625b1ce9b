"""02-experts: late fusion as a product of experts, in logarithms.

If the modalities are independent of each other given the label, Bayes' rule gives
p(y | all) ∝ p(y) Π_m p(y | m) / p(y)   (Hinton 2002, Neural Computation 14, eq. 1, for the name and the product).
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(log_p, present, log_prior):
    return _log_normalise(log_prior + _evidence(log_p - log_prior, present))


def _evidence(logs, present):
    """Their sum over the modalities that are present."""
    return np.where(present[..., None], logs, 0).sum(-2)


def _log_normalise(s):
    top = s.max(-1, keepdims=True)
    return s - top - np.log(np.exp(s - top).sum(-1, keepdims=True))


def _count(present, like):
    return present.sum(-1, keepdims=True).astype(like.dtype)


PATTERNS = np.array([[True, True, True], [True, False, True], [False, True, False], [False, False, False]])


def draw(rng):
    yield _case(rng, "11 examples, some with something missing", (11,), 7)
    yield _case(rng, "two leading axes", (2, 5), 5)
    yield _case(rng, "one example", (), 7)
    yield _case(rng, "as many classes as experts", (3,), 3)
    yield _case(rng, "everyone present", (5,), 7, present=True)
    yield _case(rng, "nobody present", (5,), 7, present=False)
    yield _case(rng, "five experts", (5,), 7, M=5)
    yield _case(rng, "sure experts who disagree", (7,), 5, scale=1e4)
    yield _case(rng, "a class that an expert rules out", (5,), 7, ruled_out=True)
    yield _case(rng, "the absent rule out every class", (7,), 5, absent=-np.inf)
    yield _case(rng, "one class", (5,), 1)
    yield _case(rng, "float32", (2, 5), 7, dtype=np.float32)


def _case(rng, name, lead, V, M=3, present=None, scale=1.0, ruled_out=False, absent=None, dtype=np.float64):
    log_p, log_prior = (_log_normalise(x) for x in normal(rng, (*lead, M, V), (V,), dtype=dtype))
    if scale != 1:
        log_p = _log_normalise(normal(rng, (*lead, M, V), dtype=dtype)[0] * scale)
    if present is None and M == 3:
        size = int(np.prod(lead))
        present = np.concatenate([PATTERNS, rng.random((size, M)) < 0.6])[:size].reshape(*lead, M)
    else:
        present = np.full((*lead, M), True if present is None else present)
    if ruled_out:
        log_p[..., 0, 2] = -np.inf
        log_p = _log_normalise(log_p)
    if absent is not None:
        log_p[~present] = absent
    return Case(name, (log_p, present, log_prior))


def no_prior(log_p, present, log_prior):
    return _log_normalise(_evidence(log_p, present))


def prior_taken_out_of_all(log_p, present, log_prior):
    return _log_normalise(_evidence(log_p - log_prior, present))


def prior_once_more(log_p, present, log_prior):
    return _log_normalise(log_prior + _evidence(log_p, present))


def absent_priors_taken_out(log_p, present, log_prior):
    return _log_normalise(_evidence(log_p, present) + (1 - log_p.shape[-2]) * log_prior)


def absent_counted(log_p, present, log_prior):
    return reference(log_p, np.ones_like(present), log_prior)


def inverted(log_p, present, log_prior):
    return reference(log_p, ~present, log_prior)


def multiplied(log_p, present, log_prior):
    return _log_normalise(log_prior + ((log_p - log_prior) * present[..., None].astype(log_p.dtype)).sum(-2))


def evidence_averaged(log_p, present, log_prior):
    share = _evidence(log_p - log_prior, present) / np.maximum(_count(present, log_p), 1)
    return _log_normalise(log_prior + share)


def mixture(log_p, present, log_prior):
    n = _count(present, log_p)
    mean = np.where(present[..., None], np.exp(log_p), 0).sum(-2) / np.maximum(n, 1)
    return np.where(n > 0, np.log(mean), log_prior)


def most_confident(log_p, present, log_prior):
    best = np.where(present[..., None], log_p, -np.inf).max(-2)
    return _log_normalise(np.where(_count(present, log_p) > 0, best, log_prior))


def not_normalised(log_p, present, log_prior):
    return log_prior + _evidence(log_p - log_prior, present)


def probabilities(log_p, present, log_prior):
    return np.exp(reference(log_p, present, log_prior))


def uniform_without_anyone(log_p, present, log_prior):
    nobody = 0 * log_prior - np.log(len(log_prior)).astype(log_prior.dtype)
    return np.where(present.any(-1, keepdims=True), reference(log_p, present, log_prior), nobody)


def multiplies_probabilities(log_p, present, log_prior):
    ratio = np.where(present[..., None], np.exp(log_p - log_prior), 1)
    p = np.exp(log_prior) * ratio.prod(-2)
    return np.log(p / p.sum(-1, keepdims=True))


def unstable(log_p, present, log_prior):
    s = not_normalised(log_p, present, log_prior)
    return s - np.log(np.exp(s).sum(-1, keepdims=True))


WRONG = (
    WrongAnswer(
        "prior left in every expert",
        no_prior,
        "Every expert's verdict already contains the prior, so a product of several contains it several times. The "
        "formula takes out all but one.",
    ),
    WrongAnswer(
        "prior taken out of all",
        prior_taken_out_of_all,
        "You divide every expert by the prior, and then it is gone altogether. The product needs it once.",
    ),
    WrongAnswer(
        "prior once more",
        prior_once_more,
        "You multiply by the prior on top of what the experts already have of it. Look at the formula: each expert is "
        "divided by something first.",
    ),
    WrongAnswer(
        "prior taken out for the absent too",
        absent_priors_taken_out,
        "You take out the prior as if all M experts had spoken. Those who are absent did not bring one along.",
    ),
    WrongAnswer(
        "absent experts counted",
        absent_counted,
        "All experts count in your answer, also those who are absent. What stands in their place means nothing.",
    ),
    WrongAnswer(
        "mask inverted",
        inverted,
        "You listen to those who are absent. True in `present` means that the expert is there.",
    ),
    WrongAnswer(
        "absent multiplied by zero",
        multiplied,
        "Right as long as the absent are finite. 0 times −∞ is NaN, so multiplying does not silence an expert: choose "
        "instead of multiplying.",
    ),
    WrongAnswer(
        "evidence averaged",
        evidence_averaged,
        "You average what the experts say. In a product of experts, each new one who agrees makes the answer surer: "
        "their logarithms add up.",
    ),
    WrongAnswer(
        "mixture of experts",
        mixture,
        "You average the probabilities: that is a mixture of experts, in which nobody can rule anything out. In a "
        "product, everybody can.",
    ),
    WrongAnswer(
        "surest expert for each class",
        most_confident,
        "For every class you keep the highest verdict and forget the others. In a product all who are present take "
        "part.",
    ),
    WrongAnswer(
        "not normalised",
        not_normalised,
        "Your scores are right up to a constant for each example. What has to be subtracted so that the probabilities "
        "sum to one?",
    ),
    WrongAnswer(
        "probabilities returned",
        probabilities,
        "These are the right probabilities. Their logarithms are asked.",
    ),
    WrongAnswer(
        "uniform when nobody is there",
        uniform_without_anyone,
        "When nobody is there, you call all classes equally likely. Something is still known then: which classes are "
        "common.",
    ),
    WrongAnswer(
        "probabilities multiplied",
        multiplies_probabilities,
        "The formula is right, but products of tiny probabilities become exactly 0 for every class, and 0 / 0 is NaN. "
        "Stay with logarithms until the end.",
    ),
    WrongAnswer(
        "logarithm of a sum without the maximum",
        unstable,
        "Right while the scores are small. If all of them are far below zero, every exp is 0, and the logarithm of the "
        "sum is −∞: take out the largest score of each example first.",
    ),
)

QUESTION = Question(
    id="02-experts",
    title="Experts who multiply",
    points=15,
    name="product_of_experts",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("log p",),
)
