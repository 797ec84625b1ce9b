"""08-nowhere: to point at a thing, or to say that it is not there, by what each mistake costs.

A finder's chances are those of `mmcourse.detection.prompted`: of every place, and of "nowhere". Chow 1970 (IEEE
Transactions on Information Theory 16, p. 41) has the decision of least expected cost for a reader that may refuse.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import TOLERANCE, Case, Question, WrongAnswer
from .drawing import softmax


def reference(logits, thing, costs):
    return _with()(logits, thing, costs)


def _sum_of_its_places(p, thing):
    return p[:, :-1] @ (thing[:, None] == np.arange(thing.max() + 1))


def _expected(best, nowhere, wrong, alarm, miss):
    """What it costs on average to point at the best thing, and to say that there is none."""
    return wrong * (1 - nowhere - best) + alarm * nowhere, miss * (1 - nowhere)


def _the_cheaper(point, silence, best, nowhere):
    return point < silence


def _none_is_minus_one(named, points, thing, p):
    return np.where(points, named, -1)


def _least(point, silence, points):
    return np.where(points, point, silence)


def _with(
    chances=softmax, gather=_sum_of_its_places, cost=_expected, decide=_the_cheaper, say=_none_is_minus_one,
    told=_least,
):  # fmt: skip
    """Answers and costs with other chances, another rule, or another way to say it."""

    def answered(logits, thing, costs):
        p = chances(logits)
        of_things, nowhere = gather(p, thing), p[:, -1]
        named, best = of_things.argmax(1), of_things.max(1)
        point, silence = cost(best, nowhere, *costs)
        points = decide(point, silence, best, nowhere)
        answers = say(named, points, thing, p).astype(np.int64)
        return answers, told(point, silence, points).astype(logits.dtype)

    return answered


def draw(rng):
    yield _case(rng, "23 pictures, 7 places of 3 things", 23, 7, 3, (1.0, 2.0, 0.7))
    yield _case(rng, "one thing", 31, 5, 1, (1.0, 2.0, 1.5))
    yield _case(rng, "each place a thing of its own", 41, 5, 5, (0.6, 1.5, 1.0))
    yield _case(rng, "all mistakes cost the same", 31, 11, 3, (1.0, 1.0, 1.0))
    yield _case(rng, "a miss costs nothing", 17, 7, 3, (1.0, 2.0, 0.0))
    yield _case(rng, "a false alarm costs nothing", 17, 7, 2, (0.5, 0.0, 1.0))
    yield _case(rng, "the wrong thing costs most", 41, 11, 5, (5.0, 1.0, 2.0))
    yield _case(rng, "a miss costs most", 29, 13, 5, (1.0, 2.0, 9.0))
    yield _case(rng, "one picture", 1, 7, 3, (1.0, 2.0, 0.7))
    yield _case(rng, "logits near 1000", 23, 7, 3, (1.0, 2.0, 0.7), lift=1000.0)
    yield _case(rng, "float32", 31, 7, 3, (1.0, 2.0, 0.7), dtype=np.float32)


def _case(rng, name, N, P, G, costs, lift=0.0, dtype=np.float64):
    (logits,) = normal(rng, (N, P + 1))
    thing = rng.permutation(np.concatenate([np.arange(G), rng.integers(0, G, P - G)]))
    logits[:, -1] += np.log(P)
    logits[:, :-1] += 1.7 * (thing == rng.integers(-1, G, (N, 1)))  # a half or more of the pictures show one of them
    return Case(name, ((1.3 * logits + lift).astype(dtype), thing, np.array(costs, dtype)))


def _best_of_its_places(p, thing):
    return np.stack([p[:, :-1][:, thing == g].max(1) for g in range(thing.max() + 1)], 1)


def _mean_of_its_places(p, thing):
    return np.stack([p[:, :-1][:, thing == g].mean(1) for g in range(thing.max() + 1)], 1)


def _overflowing(logits):
    e = np.exp(logits)
    return e / e.sum(1, keepdims=True)


def _yes_or_no_each(logits):
    return 1 / (1 + np.exp(-logits))


def _places_among_themselves(logits):
    """A softmax over the places, and a sigmoid for nowhere."""
    return np.concatenate([softmax(logits[:, :-1]), 1 / (1 + np.exp(-logits[:, -1:]))], 1)


def logits_added(logits, thing, costs):
    of_things = logits[:, :-1] @ (thing[:, None] == np.arange(thing.max() + 1))
    both = np.concatenate([of_things, logits[:, -1:]], 1)
    return reference(both.astype(logits.dtype), np.arange(thing.max() + 1), costs)


def _best_place(named, points, thing, p):
    return np.where(points, p[:, :-1].argmax(1), -1)


def _thing_of_the_best_place(named, points, thing, p):
    return np.where(points, thing[p[:, :-1].argmax(1)], -1)


WRONG = (
    WrongAnswer(
        "the best place for the thing",
        _with(gather=_best_of_its_places),
        "You give a thing the chance of its best place. All its places stand for the same answer, so their chances "
        "add up.",
    ),
    WrongAnswer(
        "the mean of its places",
        _with(gather=_mean_of_its_places),
        "You average the chances of a thing's places. A large thing has many of them, each with a part of the chance: "
        "add them up.",
    ),
    WrongAnswer(
        "logits added up",
        logits_added,
        "You add up the logits of a thing's places. Logits are logarithms, and their sum is a product: add up the "
        "chances.",
    ),
    WrongAnswer(
        "the thing of the best place",
        _with(say=_thing_of_the_best_place),
        "You name the thing of the likeliest place. Another may be likelier with all its places together.",
    ),
    WrongAnswer(
        "the place for the thing",
        _with(say=_best_place),
        "The costs are right. You answer with the number of a place; asked is the number of the thing.",
    ),
    WrongAnswer(
        "always an answer",
        _with(decide=lambda point, silence, best, nowhere: np.ones_like(point, dtype=bool)),
        "You always point at something. Where that is dearer than to say nowhere, say nowhere.",
    ),
    WrongAnswer(
        "above a half",
        _with(decide=lambda point, silence, best, nowhere: nowhere < 0.5),
        "You point if the chance that it is there is above a half. How sure you have to be depends on the costs.",
    ),
    WrongAnswer(
        "the likeliest answer",
        _with(decide=lambda point, silence, best, nowhere: best > nowhere),
        "You give the likeliest answer. The cheapest may be another: a rare mistake can be a dear one.",
    ),
    WrongAnswer(
        "the dearer of both",
        _with(decide=lambda point, silence, best, nowhere: point > silence),
        "You choose the answer that costs more. These are costs: the lower the better.",
    ),
    WrongAnswer(
        "the wrong thing costs nothing",
        _with(cost=lambda best, nowhere, wrong, alarm, miss: (alarm * nowhere, miss * (1 - nowhere))),
        "You charge nothing for pointing at the wrong thing. It is there, and you point elsewhere: that costs too.",
    ),
    WrongAnswer(
        "nowhere is a wrong thing as well",
        _with(
            cost=lambda best, nowhere, wrong, alarm, miss: (wrong * (1 - best) + alarm * nowhere, miss * (1 - nowhere))
        ),
        "Where nothing is there you charge for a wrong thing and for a false alarm. It is one mistake: the wrong "
        "thing has the chance 1 − p(nowhere) − p(best).",
    ),
    WrongAnswer(
        "false alarm and miss exchanged",
        _with(cost=lambda best, nowhere, wrong, alarm, miss: _expected(best, nowhere, wrong, miss, alarm)),
        "You exchange the costs of a false alarm and of a miss. The costs come as: wrong thing, false alarm, miss.",
    ),
    WrongAnswer(
        "wrong thing and false alarm exchanged",
        _with(cost=lambda best, nowhere, wrong, alarm, miss: _expected(best, nowhere, alarm, wrong, miss)),
        "You exchange the costs of the wrong thing and of a false alarm. The first cost is that of the wrong thing.",
    ),
    WrongAnswer(
        "a miss costs whether it is there or not",
        _with(
            cost=lambda best, nowhere, wrong, alarm, miss: (
                _expected(best, nowhere, wrong, alarm, 0)[0],
                miss + 0 * best,
            )
        ),
        "You charge a miss whenever you say nowhere. If it is not there, nowhere is right and costs nothing: times the "
        "chance that it is there.",
    ),
    WrongAnswer(
        "a miss costs where nothing is",
        _with(
            cost=lambda best, nowhere, wrong, alarm, miss: (
                _expected(best, nowhere, wrong, alarm, 0)[0],
                miss * nowhere,
            )
        ),
        "You charge a miss by the chance of nowhere. It is a mistake where the thing is there: 1 − p(nowhere).",
    ),
    WrongAnswer(
        "places among themselves",
        _with(chances=_places_among_themselves),
        "Your softmax runs over the places without nowhere. It is one of the answers: all P + 1 chances sum to one.",
    ),
    WrongAnswer(
        "a sigmoid for each",
        _with(chances=_yes_or_no_each),
        "You take a sigmoid of each logit. The answers exclude each other: their chances are a softmax and sum to one.",
    ),
    WrongAnswer(
        "exp of logits near 1000",
        _with(chances=_overflowing),
        "The formula is right, and exp overflows for large logits: subtract the largest of each picture first.",
    ),
    WrongAnswer(
        "the cost of pointing told",
        _with(told=lambda point, silence, points: point),
        "The answers are right. You return what pointing costs, also where you say nowhere. Asked is the cost of the "
        "answer that you give.",
    ),
    WrongAnswer(
        "the chance for the cost",
        lambda logits, thing, costs: (
            reference(logits, thing, costs)[0],
            _sum_of_its_places(softmax(logits), thing).max(1).astype(logits.dtype),
        ),
        "The answers are right. You return the chance of the best thing in place of what the answer is expected to "
        "cost.",
    ),
)

QUESTION = Question(
    id="08-nowhere",
    title="Here, or nowhere",
    points=10,
    name="point_or_not",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the answers", "the expected costs"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
