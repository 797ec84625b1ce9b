"""02-dropout: modality dropout from given random numbers: never everything, and rescaled.

After Neverova et al. 2016, "ModDrop" (arXiv:1501.00102); that something always stays, and the factor,
are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(features, present, u, rate):
    return _with()(features, present, u, rate)


def _rescue_largest(present, u):
    """Of the modalities that are present, the one with the largest u."""
    best = np.where(present, u, -1).argmax(-1)
    return present & (np.arange(u.shape[-1]) == best[..., None])


def _factor(there, kept, rate):
    return there / np.maximum(kept, 1)


def _with(keeps=lambda u, rate: u >= rate, rescue=_rescue_largest, factor=_factor):
    """Modality dropout with another rule of keeping, of what stays if all would go, or another factor.

    factor takes the numbers of present and kept modalities, (..., 1), and the rate.
    """

    def drop(features, present, u, rate):
        kept = present & keeps(u, rate)
        kept = np.where(kept.any(-1, keepdims=True), kept, rescue(present, u))
        counts = (x.sum(-1, keepdims=True).astype(features.dtype) for x in (present, kept))
        scale = factor(*counts, rate)[..., None]
        return np.where(kept[..., None], features, 0) * scale

    return drop


def draw(rng):
    yield _case(rng, "11 examples, rate 0.5", (11,), 3, 5, 0.5)
    yield _case(rng, "two leading axes, rate 0.3", (3, 7), 5, 2, 0.3)
    yield _case(rng, "one example, of which all would go", (), 3, 7, 0.7)
    yield _case(rng, "two modalities", (7,), 2, 5, 0.5)
    yield _case(rng, "one modality", (5,), 1, 3, 0.5)
    yield _case(rng, "as wide as there are modalities", (3,), 3, 3, 0.6)
    yield _case(rng, "rate 0", (7,), 3, 5, 0.0)
    yield _case(rng, "rate 1", (7,), 3, 5, 1.0)
    features, present, u, rate = _case(rng, "", (7,), 3, 5, 0.5).arguments
    u[2:, 1], present[2:, 1] = rate, True
    yield Case("random numbers equal to the rate", (features, present, u, rate))
    features, present, u, rate = _case(rng, "", (11,), 3, 5, 0.5).arguments
    features[~present] = np.inf
    yield Case("what is missing is infinite", (features, present, u, rate))
    yield _case(rng, "float32", (2, 7), 3, 5, 0.5, dtype=np.float32)


def _case(rng, name, lead, M, D, rate, dtype=np.float64):
    """The first examples hold what is hard: all would go; the same with something missing; nothing is there."""
    (features,) = normal(rng, (*lead, M, D), dtype=dtype)
    size = int(np.prod(lead))
    present, u = rng.random((size, M)) < 0.75, rng.random((size, M))
    present[0], u[0] = True, u[0] * rate
    if size > 1:
        present[1], u[1] = True, u[1] * rate
        present[1, -1] = M == 1
        u[1, -1] = u[1].max() + 0.01 * rate  # the largest, where nothing is there
        present[2], present[-1] = False, True
    return Case(name, (features, present.reshape(*lead, M), u.reshape(*lead, M).astype(dtype), rate))


def _rescue_smallest(present, u):
    return _rescue_largest(present, -u + 1)


def _rescue_anyone(present, u):
    return present & (np.arange(u.shape[-1]) == u.argmax(-1)[..., None])


def _rescue_first(present, u):
    return present & (np.cumsum(present, -1) == 1)


def missing_brought_back(features, present, u, rate):
    return reference(features, np.ones_like(present), u, rate)


def missing_counted(features, present, u, rate):
    M = features.shape[-2]
    return _with(factor=lambda there, kept, rate: M / np.maximum(kept, 1))(features, present, u, rate)


def multiplied(features, present, u, rate):
    kept = reference(np.ones_like(features), present, u, rate)
    return features * kept


def one_draw_for_all(features, present, u, rate):
    first = u.reshape(-1, u.shape[-1])[0]
    return reference(features, present, np.broadcast_to(first, u.shape), rate)


WRONG = (
    WrongAnswer(
        "dropped and kept confused",
        _with(keeps=lambda u, rate: u < rate),
        "You keep where u is below the rate. The rate is the chance of being dropped: with a rate of 0, nothing goes.",
    ),
    WrongAnswer(
        "dropped at u = rate",
        _with(keeps=lambda u, rate: u > rate),
        "You also drop where u equals the rate. u can be exactly 0, and at a rate of 0 nothing may go: the comparison "
        "is strict.",
    ),
    WrongAnswer(
        "everything may go",
        _with(rescue=lambda present, u: present & False),
        "Some of your examples lose all that they had, and nothing can be learned from these. One modality has to "
        "stay.",
    ),
    WrongAnswer(
        "nothing goes where all would",
        _with(rescue=lambda present, u: present),
        "Where all would go, you keep all. Only one stays: the one with the largest u.",
    ),
    WrongAnswer(
        "smallest u stays",
        _with(rescue=_rescue_smallest),
        "Where all would go, you keep the one with the smallest u, which lies furthest below the rate. The one nearest "
        "to being kept stays.",
    ),
    WrongAnswer(
        "first one stays",
        _with(rescue=_rescue_first),
        "Where all would go, you always keep the first that is present. That teaches the model to lean on it: the "
        "largest u decides.",
    ),
    WrongAnswer(
        "one that is missing stays",
        _with(rescue=_rescue_anyone),
        "Where all would go, you look for the largest u among all modalities, and it may belong to one that is not "
        "even there. Search among those that are present.",
    ),
    WrongAnswer(
        "missing modalities brought back",
        missing_brought_back,
        "You draw among all modalities, and what was missing comes back. Only what is present can be kept, and only "
        "that counts in the factor.",
    ),
    WrongAnswer(
        "not rescaled",
        _with(factor=lambda there, kept, rate: np.ones_like(there)),
        "The right ones are kept. What is kept is still to be scaled up, so that a sum over the modalities does not "
        "shrink with every one that goes.",
    ),
    WrongAnswer(
        "rescaled by the rate",
        _with(factor=lambda there, kept, rate: np.full_like(there, 1) / np.asarray(1 - rate, there.dtype)),
        "You divide by 1 − rate, as ordinary dropout does. Here the factor comes from each example: how many are "
        "present, and how many of these are kept?",
    ),
    WrongAnswer(
        "missing ones counted in the factor",
        missing_counted,
        "Your factor is the number of all modalities over those kept. What was missing from the start went without "
        "your help: count those that are present.",
    ),
    WrongAnswer(
        "factor upside down",
        _with(factor=lambda there, kept, rate: kept / np.maximum(there, 1)),
        "Your factor is at most 1: it shrinks what is kept. Those who stay have to make up for those who went.",
    ),
    WrongAnswer(
        "multiplied by zero",
        multiplied,
        "Right while every number is finite. What is missing may stand there as infinity, and 0 times infinity is NaN, "
        "not 0: choose what goes on instead of multiplying it away.",
    ),
    WrongAnswer(
        "one draw for all examples",
        one_draw_for_all,
        "The first example's random numbers decide for all of them, so that the whole batch loses the same modality. "
        "Every example has its own.",
    ),
)

QUESTION = Question(
    id="02-dropout",
    title="Lose a modality, but never all",
    points=10,
    name="drop_modalities",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
