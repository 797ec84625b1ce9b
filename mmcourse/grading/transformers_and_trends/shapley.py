"""12-shapley: what each modality contributes, where one of them cannot be had without another.

The mean over the orders that are possible: Faigle & Kern 1992 ("The Shapley value for cooperative games under
precedence constraints", Int. J. of Game Theory 21), which is Shapley's value where all are. For explanations of models:
Frye et al. 2020 (arXiv:1910.06358). That least and most are told as well is this question's own.
"""

from itertools import permutations
from math import factorial

import numpy as np

from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(values, needs):
    return _with()(values, needs)


def _in_turn(order, needs):
    """Whether everybody in this order has what it needs when it comes."""
    return not any(needs[m, later] for i, m in enumerate(order) for later in order[i:])


def _bits(members, M):
    return sum(1 << m for m in members)


def _added(v, order, i, needs):
    return v(order[: i + 1]) - v(order[:i])


def _mean(added):
    return added.mean(0)


def _ends(added):
    return added.min(0), added.max(0)


def _with(
    possible=_in_turn, column=_bits, add=_added, mean=_mean, ends=_ends, choose=lambda orders: orders,
    prepare=lambda values, needs: values, finish=lambda shares, values: shares, count=lambda orders, needs: len(orders),
):  # fmt: skip
    """Shares, ends and the number of orders with other orders, other sets or another mean."""

    def share(values, needs):
        M = len(needs)
        x = prepare(values.astype(float), needs)
        orders = choose([order for order in permutations(range(M)) if possible(order, needs)])
        added = np.zeros((len(orders), len(values), M))
        for row, order in zip(added, orders, strict=True):
            for i, m in enumerate(order):
                row[:, m] = add(lambda members: x[:, column(members, M)], order, i, needs)
        least, most = ends(added)
        found = finish(mean(added), x), np.stack([least, most], -1)
        return *(y.astype(values.dtype) for y in found), np.array([count(orders, needs)], np.int64)

    return share


def draw(rng):
    yield _case(rng, "2 examples, 3 modalities, of which one needs another", 2, 3, ((2, 1),))
    yield _case(rng, "7 examples, 4 modalities", 7, 4, ((0, 2), (3, 1)))
    yield _case(rng, "one that two others need", 3, 5, ((1, 3), (4, 3)))
    yield _case(rng, "one that needs two others", 5, 4, ((1, 0), (1, 3)))
    yield _case(rng, "a chain", 3, 4, ((3, 1), (1, 0), (0, 2)))
    yield _case(rng, "nobody needs anybody", 5, 3, ())
    yield _case(rng, "impossible sets may hold anything", 7, 5, ((0, 4), (2, 0)), hold=np.nan)
    yield _case(rng, "one modality", 5, 1, ())
    yield _case(rng, "nobody there is worth 10", 2, 3, ((0, 1),), lift=10.0)
    yield _case(rng, "float32", 5, 4, ((1, 2), (0, 2)), dtype=np.float32)


def _case(rng, name, N, M, pairs, hold=None, lift=0.0, dtype=np.float64):
    needs = np.zeros((M, M), bool)
    for who, whom in pairs:
        needs[who, whom] = True
    values = rng.standard_normal((N, 1 << M)) + lift
    if hold is not None:
        values[:, [not _holds(c, needs) for c in range(1 << M)]] = hold
    return Case(name, (values.astype(dtype), needs))


def _holds(c, needs):
    """Whether everybody in the set c has what it needs in it."""
    there = c >> np.arange(len(needs)) & 1 > 0
    return not (needs[there] & ~there).any()


def _sets(needs):
    return [c for c in range(1 << len(needs)) if _holds(c, needs)]


def _by_sets(weigh):
    """Differences between possible sets, weighed by the number of those who were there before, and brought to one."""

    def mean(values, needs):
        M, sets = len(needs), set(_sets(needs))
        shares = np.zeros((len(values), M))
        for m in range(M):
            before = [c for c in sets if not c >> m & 1 and c | 1 << m in sets]
            w = np.array([weigh(c.bit_count(), M) for c in before])
            added = np.stack([values[:, c | 1 << m] - values[:, c] for c in before]).astype(float)
            shares[:, m] = w @ added / w.sum()
        return shares.astype(values.dtype), *reference(values, needs)[1:]

    return mean


def _without_those_who_lack(values, needs):
    """An impossible set is worth as much as those of it who have what they need."""
    x = values.copy()
    for c in range(values.shape[1]):
        left = c
        while not _holds(left, needs):
            there = left >> np.arange(len(needs)) & 1 > 0
            left = _bits([m for m in np.flatnonzero(there) if not (needs[m] & ~there).any()], len(needs))
        x[:, c] = values[:, left]
    return x


def _impossible_at_zero(values, needs):
    x = np.zeros_like(values)
    x[:, _sets(needs)] = values[:, _sets(needs)]
    return x


def _always(order, needs):
    return True


def _to_one(shares, values):
    return shares / shares.sum(1, keepdims=True)


def _spread(added):
    middle, spread = added.mean(0), added.std(0)
    return middle - spread, middle + spread


WRONG = (
    WrongAnswer(
        "all orders",
        _with(possible=_always),
        "You go through all orders. Some are impossible: a modality cannot come before what it needs.",
    ),
    WrongAnswer(
        "needs the wrong way round",
        _with(possible=lambda order, needs: _in_turn(order, needs.T)),
        "You read `needs` the wrong way round. The row is who needs, the column what is needed, and that comes first.",
    ),
    WrongAnswer(
        "impossible sets at 0",
        _with(possible=_always, prepare=_impossible_at_zero),
        "You go through all orders and give impossible sets the value 0. They do not occur, which is not the same as "
        "being worth nothing: leave such orders away.",
    ),
    WrongAnswer(
        "those who lack something wait",
        _with(possible=_always, prepare=_without_those_who_lack),
        "You let a modality come too early and wait for what it needs, which then gets the credit for both. Such "
        "orders do not count.",
    ),
    WrongAnswer(
        "all possible sets alike",
        _by_sets(lambda s, M: 1.0),
        "You average over the possible sets. It is possible orders that are equally likely; a set before which there "
        "are many of them counts more.",
    ),
    WrongAnswer(
        "Shapley's weights",
        _by_sets(lambda s, M: factorial(s) * factorial(M - 1 - s)),
        "You weigh the possible sets by their size, as where everything is possible. Count the possible orders that "
        "pass through each.",
    ),
    WrongAnswer(
        "the first order",
        _with(choose=lambda orders: orders[:1]),
        "You take the first possible order. The shares are a mean over all of them, and least and most their ends.",
    ),
    WrongAnswer(
        "the last order",
        _with(choose=lambda orders: orders[-1:]),
        "You take the last possible order. The shares are a mean over all of them, and least and most their ends.",
    ),
    WrongAnswer(
        "the first is the highest bit",
        _with(column=lambda members, M: sum(1 << (M - 1 - m) for m in members)),
        "You read the bits from the left. Modality 0 is the lowest bit: column 1 holds the value of modality 0 alone.",
    ),
    WrongAnswer(
        "missing and present exchanged",
        _with(column=lambda members, M: (1 << M) - 1 - _bits(members, M)),
        "You read a bit of 1 as missing. It says that the modality is there: column 0 is nobody.",
    ),
    WrongAnswer(
        "counted by the number of members",
        _with(column=lambda members, M: len(members)),
        "You look up the number of modalities that are there. The column is made of their bits: which ones they are.",
    ),
    WrongAnswer(
        "values for differences",
        _with(add=lambda v, order, i, needs: v(order[: i + 1])),
        "You average what is reached. What counts is how much more that is than before the modality came.",
    ),
    WrongAnswer(
        "more than nobody",
        _with(add=lambda v, order, i, needs: v(order[: i + 1]) - v(())),
        "You compare with nobody. Those who came before have got their credit: compare with them.",
    ),
    WrongAnswer(
        "the wrong way round",
        _with(add=lambda v, order, i, needs: -_added(v, order, i, needs)),
        "Your numbers have the opposite sign: after the modality has come, minus before.",
    ),
    WrongAnswer(
        "sizes of the differences",
        _with(add=lambda v, order, i, needs: np.abs(_added(v, order, i, needs))),
        "You take absolute differences. A modality may do harm, and then what it adds is below 0.",
    ),
    WrongAnswer(
        "the median",
        _with(mean=lambda added: np.median(added, 0)),
        "You take the median over the orders. Only means add up to what all together have gained.",
    ),
    WrongAnswer(
        "the middle of the ends",
        _with(mean=lambda added: (added.min(0) + added.max(0)) / 2),
        "Your shares lie in the middle between least and most. They are the mean over all possible orders.",
    ),
    WrongAnswer(
        "added up",
        _with(mean=lambda added: added.sum(0)),
        "You add up over the orders. Divide by their number.",
    ),
    WrongAnswer(
        "divided by all orders",
        _with(mean=lambda added: added.sum(0) / factorial(added.shape[2])),
        "You divide by M!, the number of all orders. Only those that are possible were added up.",
    ),
    WrongAnswer(
        "shares of one",
        _with(finish=_to_one),
        "You bring the shares to the sum 1. They add up to what all together gain over nobody, and that tells how much "
        "there was to share.",
    ),
    WrongAnswer(
        "nobody shared among all",
        _with(finish=lambda shares, values: shares + values[:, :1] / shares.shape[1]),
        "You also share out what is there without any modality. Nobody has contributed that.",
    ),
    WrongAnswer(
        "most before least",
        _with(ends=lambda added: (added.max(0), added.min(0))),
        "The shares are right. You return the most first. The least comes first.",
    ),
    WrongAnswer(
        "a deviation for the ends",
        _with(ends=_spread),
        "The shares are right. You return the mean minus and plus a standard deviation. Asked are the least and the "
        "most that a modality ever adds.",
    ),
    WrongAnswer(
        "all orders counted",
        _with(count=lambda orders, needs: factorial(len(needs))),
        "The rest is right. You count all orders. Asked is how many are possible.",
    ),
    WrongAnswer(
        "sets counted",
        _with(count=lambda orders, needs: len(_sets(needs))),
        "The rest is right. You count the possible sets. Asked is the number of possible orders.",
    ),
)

QUESTION = Question(
    id="12-shapley",
    title="Who has contributed what",
    points=10,
    name="share_in_order",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the shares", "least and most", "the orders"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
