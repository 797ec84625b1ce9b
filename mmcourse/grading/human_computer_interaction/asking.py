"""10-asking: about which stages of an assistant to ask back, if a question costs something and a mistake costs more.

Chow 1970 (IEEE Transactions on Information Theory 16, p. 41) weighs one mistake against one refusal; here stages stand
in a row, and the whole is right if all of them are.
"""

from itertools import product

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(sure, after, price, wrong, stop):
    return _with()(sure, after, price, wrong, stop)


def _plans(S):
    """All ways to ask about some of S stages, (2^S, S) bool."""
    return np.array(list(product((False, True), repeat=S)))


def _all_stages(p):
    return p.prod(-1)


def _sum_of_prices(plans, price):
    return plans @ price


def _answered(p, after):
    return after


def _cheapest(costs, plans, p, after, price, wrong):
    return costs.argmin(1)


def _dearer(cost, stop, chance):
    return cost > stop


def _minus_one(asked, stops):
    return np.where(stops[:, None], -1, asked)


def _least(cost, stop, stops, plans_cost, chance, paid):
    return np.where(stops, stop, cost)


def _with(
    plans=_plans, join=_all_stages, pay=_sum_of_prices, learn=_answered, choose=_cheapest, give_up=_dearer,
    say=_minus_one, told=_least, dear=lambda wrong: wrong,
):  # fmt: skip
    """Questions and costs with other plans, another chance of the whole, or other prices."""

    def planned(sure, after, price, wrong, stop):
        p, r, c = (x.astype(float) for x in (sure, after, price))
        ways = plans(len(c))
        chance = join(np.where(ways, learn(p[:, None], r), p[:, None]))  # (N, plans)
        paid = pay(ways, c)
        costs = paid + dear(wrong) * (1 - chance)
        best = choose(costs, ways, p, r, c, wrong)
        rows = np.arange(len(p))
        cost = costs[rows, best]
        stops = give_up(cost, stop, chance[rows, best])
        asked = say(ways[best].astype(np.int64), stops)
        return asked.astype(np.int64), told(cost, stop, stops, costs, chance[rows, best], paid[best]).astype(sure.dtype)

    return planned


def draw(rng):
    yield _case(rng, "31 requests, 3 stages", 31, 3)
    yield _case(rng, "4 stages", 37, 4)
    yield _case(rng, "5 stages, cheap questions", 41, 5, price=0.05)
    yield _case(rng, "one stage", 23, 1)
    yield _case(rng, "two stages that are unsure alike", 43, 2, unsure=True)
    yield _case(rng, "dear questions", 29, 3, price=0.3)
    yield _case(rng, "answers that cannot be trusted", 37, 3, price=0.05, after=(0.5, 0.9))
    yield _case(rng, "giving up costs next to nothing", 29, 3, stop=0.1)
    yield _case(rng, "giving up costs more than anything", 29, 4, stop=10.0)
    yield _case(rng, "a mistake that costs 7", 37, 4, wrong=7.0, price=0.8, stop=3.5)
    yield _case(rng, "a stage that is always right", 29, 3, certain=True)
    yield _case(rng, "float32", 31, 4, dtype=np.float32)


def _case(
    rng, name, N, S, wrong=1.5, price=0.15, stop=0.6, after=(0.85, 1.0), unsure=False, certain=False, dtype=np.float64
):  # fmt: skip
    sure, apart = rng.uniform(0.3, 1, (N, S)) ** 0.7, 0.5
    if unsure:  # one question does not pay, two of them do
        sure, apart = rng.uniform(0.48, 0.52, (N, S)), 0.03
        wrong, price, stop = 1.0, 0.28, 5.0
        after = 0.98, 1.0
    if certain:
        sure[:, 1] = 1
    r, c = rng.uniform(*after, S), price * rng.uniform(1 - apart, 1 + apart, S)
    return Case(name, (sure.astype(dtype), r.astype(dtype), c.astype(dtype), wrong, stop))


def _row_of(chosen):
    """The number of a plan (N, S) bool among all plans."""
    return chosen @ (2 ** np.arange(chosen.shape[1])[::-1])


def _each_by_itself(costs, plans, p, after, price, wrong):
    """Ask where what the stage alone may cost is more than to ask."""
    return _row_of(price + wrong * (1 - after) < wrong * (1 - p))


def _greedily(costs, plans, p, after, price, wrong):
    """The question that helps most, then the next, as long as one helps."""
    chosen, rows = np.zeros(p.shape, bool), np.arange(len(p))
    for _ in range(p.shape[1]):
        now = costs[rows, _row_of(chosen)]
        tries = []
        for s in range(p.shape[1]):
            more = chosen.copy()
            more[:, s] = True
            tries.append(costs[rows, _row_of(more)])
        tries = np.stack(tries, 1)
        better = tries.min(1) < now
        chosen[rows[better], tries.argmin(1)[better]] = True
    return _row_of(chosen)


def _least_sure_alone(costs, plans, p, after, price, wrong):
    """No question, or one about the stage that is least sure."""
    rows = np.arange(len(p))
    one = _row_of(np.arange(p.shape[1]) == p.argmin(1)[:, None])
    return np.where(costs[rows, one] < costs[:, 0], one, 0)


def _below_a_half(costs, plans, p, after, price, wrong):
    return _row_of(p < 0.5)


def _one_at_most(S):
    ways = _plans(S)
    return ways[ways.sum(1) <= 1]


def _all_or_none(S):
    return np.array([[False] * S, [True] * S])


def _never(S):
    return np.zeros((1, S), bool)


def _sum_of_mistakes(p):
    return 1 - (1 - p).sum(-1)


WRONG = (
    WrongAnswer(
        "stage by stage",
        _with(choose=_each_by_itself),
        "You decide about each stage by itself, as if the others were sure. What a question is worth depends on them: "
        "it is in vain if another stage fails anyway.",
    ),
    WrongAnswer(
        "one question after another",
        _with(choose=_greedily),
        "You take the question that helps most, and stop when the next does not help. Two questions may pay although "
        "neither pays alone: compare all ways to ask.",
    ),
    WrongAnswer(
        "the least sure stage alone",
        _with(choose=_least_sure_alone),
        "You ask about the least sure stage or about none. Several questions may pay, and the least sure stage need "
        "not be the cheapest to ask about.",
    ),
    WrongAnswer(
        "one question at most",
        _with(plans=_one_at_most),
        "You ask one question at most. All ways to ask are open, also about several stages.",
    ),
    WrongAnswer(
        "all or nothing",
        _with(plans=_all_or_none),
        "You ask about all stages or about none. Each stage can be asked about by itself.",
    ),
    WrongAnswer(
        "never a question",
        _with(plans=_never),
        "You never ask. Where a question saves more than its price, it pays.",
    ),
    WrongAnswer(
        "below a half",
        _with(choose=_below_a_half),
        "You ask where a stage is less than half sure. How sure it should be follows from the costs.",
    ),
    WrongAnswer(
        "as weak as the weakest",
        _with(join=lambda p: p.min(-1)),
        "You take the least sure stage for the chance of the whole. All stages must be right, so their chances "
        "multiply.",
    ),
    WrongAnswer(
        "mistakes added up",
        _with(join=_sum_of_mistakes),
        "You add up the chances of mistakes. A request that two stages spoil is spoilt once: multiply the chances of "
        "being right.",
    ),
    WrongAnswer(
        "the mean of the stages",
        _with(join=lambda p: p.mean(-1)),
        "You average the stages. A row of stages is right only if all of them are: multiply.",
    ),
    WrongAnswer(
        "the last stage alone",
        _with(join=lambda p: p[..., -1]),
        "You look at the last stage only. It answers what the stages before it have made of the request.",
    ),
    WrongAnswer(
        "answers are always right",
        _with(learn=lambda p, after: np.ones_like(after)),
        "A stage that was asked about is right for certain in your plans. People mistype and mishear as well: it is "
        "right with the chance `after`.",
    ),
    WrongAnswer(
        "two witnesses",
        _with(learn=lambda p, after: 1 - (1 - p) * (1 - after)),
        "You let a stage be right if it was so before or after the question. The answer replaces what it believed: "
        "its chance is `after`.",
    ),
    WrongAnswer(
        "one price for all questions",
        _with(pay=lambda plans, price: (plans * price).max(-1)),
        "However many questions you ask, you pay for the dearest one. Each has its price.",
    ),
    WrongAnswer(
        "questions cost nothing",
        _with(pay=lambda plans, price: 0.0 * (plans @ price)),
        "Your questions cost nothing, so you ask a lot. Add their prices.",
    ),
    WrongAnswer(
        "a mistake costs 1",
        _with(dear=lambda wrong: 1.0),
        "You let a mistake cost 1. It costs `wrong`.",
    ),
    WrongAnswer(
        "never gives up",
        _with(give_up=lambda cost, stop, chance: np.zeros(len(cost), bool)),
        "You never give up. Where even the best plan costs more than `stop`, say so at once.",
    ),
    WrongAnswer(
        "gives up below a half",
        _with(give_up=lambda cost, stop, chance: chance < 0.5),
        "You give up where the chance is below a half. Compare costs: that of the best plan, and `stop`.",
    ),
    WrongAnswer(
        "the dearest plan",
        _with(choose=lambda costs, plans, p, after, price, wrong: costs.argmax(1)),
        "You choose the plan that costs most. These are costs: the lower the better.",
    ),
    WrongAnswer(
        "giving up is no question",
        _with(say=lambda asked, stops: np.where(stops[:, None], 0, asked)),
        "The costs are right. Where you give up, your row is 0, which means to go on without a question. It is −1.",
    ),
    WrongAnswer(
        "the questions of a request that is given up",
        _with(say=lambda asked, stops: asked),
        "The costs are right. Where you give up you still return questions. Such a row is −1.",
    ),
    WrongAnswer(
        "the cost of going on",
        _with(told=lambda cost, stop, stops, costs, chance, paid: cost),
        "The questions are right. Where you give up you return what the best plan would have cost. It costs `stop`.",
    ),
    WrongAnswer(
        "the chance for the cost",
        _with(told=lambda cost, stop, stops, costs, chance, paid: chance),
        "The questions are right. You return the chance that all goes well; asked is what is to be paid on average.",
    ),
    WrongAnswer(
        "without the questions",
        _with(told=lambda cost, stop, stops, costs, chance, paid: np.where(stops, stop, cost - paid)),
        "The questions are right. Your cost counts the mistakes alone. What the questions cost is paid as well.",
    ),
)

QUESTION = Question(
    id="10-asking",
    title="About what to ask back",
    points=10,
    name="plan_questions",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the questions", "the expected costs"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
