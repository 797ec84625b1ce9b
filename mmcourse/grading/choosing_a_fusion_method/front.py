"""13-front: what is worth its price, and the cheapest method that nobody can tell from the best.

The rule of one standard error (Breiman et al. 1984, "Classification and regression trees"), here with the error of the
paired difference to the best.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(scores, costs):
    return _with()(scores, costs)


def _best_then_cheapest(x, costs):
    return np.lexsort([costs, -x.mean(0)])[0]


def _paired(x, best):
    gap = x[:, best, None] - x
    return gap.std(0, ddof=1) / len(x) ** 0.5 if len(x) > 1 else np.zeros(x.shape[1])


def _gaps(x, best):
    return (x[:, best, None] - x).mean(0)


def _undominated(mean, costs):
    """beaten[i, j]: j is as good and as cheap as i, and better in one of the two."""
    no_worse = (mean >= mean[:, None]) & (costs <= costs[:, None])
    better = (mean > mean[:, None]) | (costs < costs[:, None])
    return ~(no_worse & better).any(1)


def _within(behind, errors):
    return behind <= errors


def _cheapest(costs, mean, near):
    return np.lexsort([-mean, costs, ~near])[0]


def _with(
    lead=_best_then_cheapest, behind=_gaps, error=_paired, front=_undominated, near=_within, choose=_cheapest,
):  # fmt: skip
    """Front and choice with another error, another best, or another price."""

    def chosen(scores, costs):
        x, c = scores.astype(float), costs.astype(float)
        best = lead(x, c)
        with np.errstate(all="ignore"):
            gaps, errors = behind(x, best), error(x, best)
        mean = x.mean(0)
        choice = choose(c, mean, near(_gaps(x, best), errors))
        return (
            gaps.astype(scores.dtype),
            np.array(errors, scores.dtype),
            np.asarray(front(mean, c)).astype(np.int64),
            np.array([choice], np.int64),
        )

    return chosen


def draw(rng):
    yield _case(rng, "5 seeds, 7 methods", 5, 7)
    yield _case(rng, "11 seeds, 5 methods", 11, 5)
    yield _case(rng, "seeds that move all methods alike", 7, 11, common=0.5)
    yield _case(rng, "methods of the same price", 5, 11, prices=3)
    yield _case(rng, "methods that do the same", 7, 7, twins=True, prices=3)
    yield _case(rng, "the best are twins", 5, 7, twins=True, lead=1.0)
    yield _case(rng, "one seed", 1, 5)
    yield _case(rng, "one method", 5, 1)
    yield _case(rng, "the best is far ahead", 5, 7, lead=3.0)
    yield _case(rng, "nobody is far ahead", 5, 7, close=True)
    yield _case(rng, "prices that reward", 7, 11, trade=0.15)
    yield _case(rng, "float32", 7, 5, common=0.3, dtype=np.float32)


def _case(rng, name, S, M, common=0.2, prices=0, twins=False, lead=0.0, trade=0.03, close=False, dtype=np.float64):
    """common: how much a seed moves all methods. trade: what a tenfold price buys. twins: another does as the best."""
    costs = rng.uniform(0.1, 10, M) if not prices else rng.integers(1, prices + 1, M) / 2
    skill = 0.6 + trade * np.log10(costs) + 0.03 * rng.standard_normal(M)
    skill[rng.integers(M)] += lead
    scores = skill + common * rng.standard_normal((S, 1)) + 0.05 * rng.standard_normal((S, M))
    if twins:
        best = scores.mean(0).argmax()
        first, second = sorted((best, rng.choice(np.delete(np.arange(M), best))))
        scores[:, first] = scores[:, second] = scores[:, best]
        costs[first], costs[second] = costs[best], costs[best] / (2 if lead else 1)
    if close:
        scores, costs = _close_to_the_best(rng, scores, costs)
    return Case(name, (scores.astype(dtype), costs.astype(dtype)))


def _close_to_the_best(rng, scores, costs):
    """So many standard errors behind the best, in the order of their numbers; the best itself is the second."""
    errors, prices = (0.6, 0.0, 0.5, 0.3, 1.5), (2.0, 4.0, 9.0, 2.0, 1.0)
    scores, costs, S = scores - 3, costs.copy(), len(scores)
    best, gap = scores[:, 0] + 3, 0.02 * rng.standard_normal(S)
    gap -= gap.mean()
    for m, e, price in zip(np.sort(rng.permutation(len(costs))[:5]), errors, prices, strict=True):
        scores[:, m] = best - (gap + e * gap.std(ddof=1) / S**0.5 if e else 0)
        costs[m] = price
    return scores, costs


def _own(x, best):
    return x.std(0, ddof=1) / len(x) ** 0.5 if len(x) > 1 else np.zeros(x.shape[1])


def _of_the_best(x, best):
    return np.full(x.shape[1], _own(x, best)[best])


def _independent(x, best):
    own = _own(x, best)
    return np.where(np.arange(len(own)) == best, 0, np.hypot(own, own[best]))


def _of_one_seed(x, best):
    return _paired(x, best) * len(x) ** 0.5


def _by_number(x, best):
    return (x[:, best, None] - x).std(0) / len(x) ** 0.5


def _squared(x, best):
    return _paired(x, best) ** 2


def _unknown_for_one(x, best):
    return (x[:, best, None] - x).std(0, ddof=1) / len(x) ** 0.5 if len(x) > 1 else np.full(x.shape[1], np.nan)


def _luckiest_seed(x, costs):
    return np.unravel_index(x.argmax(), x.shape)[1]


def _strictly(mean, costs):
    return ~((mean > mean[:, None]) & (costs < costs[:, None])).any(1)


def _twins_out(mean, costs):
    no_worse = (mean >= mean[:, None]) & (costs <= costs[:, None])
    return ~(no_worse & ~np.eye(len(mean), dtype=bool)).any(1)


def _good_at_something(mean, costs):
    return (mean == mean.max()) | (costs == costs.min())


def _dear_is_good(mean, costs):
    return _undominated(mean, -costs)


def _not_beaten_by_the_next(mean, costs):
    """Sorted by price, better than the one before."""
    order = np.argsort(costs, kind="stable")
    ahead = np.diff(mean[order], prepend=-np.inf) > 0
    return ahead[np.argsort(order)]


WRONG = (
    WrongAnswer(
        "each method's own error",
        _with(error=_own),
        "You take the standard error of each score. What counts is how sure the difference is: take it seed by seed, "
        "and the error of that.",
    ),
    WrongAnswer(
        "the error of the best",
        _with(error=_of_the_best),
        "You take the error of the best method for all. It says how far the best may be from its own mean, and nothing "
        "about a difference on the same seeds.",
    ),
    WrongAnswer(
        "as if the seeds were different",
        _with(error=_independent),
        "You add the squares of two errors, as if each method had seeds of its own. They share them: what a seed does "
        "to both cancels in the difference.",
    ),
    WrongAnswer(
        "the spread of one seed",
        _with(error=_of_one_seed),
        "You return the standard deviation of one seed's difference. A mean over S of them is √S times surer.",
    ),
    WrongAnswer(
        "divided by S",
        _with(error=_by_number),
        "You divide the squares by S. The mean was taken from the same S numbers, so divide by S − 1 (`ddof=1`).",
    ),
    WrongAnswer(
        "a variance for an error",
        _with(error=_squared),
        "You return the square of the standard error. Take the root, then it can be compared with a difference.",
    ),
    WrongAnswer(
        "one seed knows nothing",
        _with(error=_unknown_for_one),
        "All right but for a single seed, where you divide by 0. Its error counts as 0 here.",
    ),
    WrongAnswer(
        "how far ahead",
        _with(behind=lambda x, best: -_gaps(x, best)),
        "Your gaps are negative. Asked is how far each method is behind the best: best minus method.",
    ),
    WrongAnswer(
        "behind in percent",
        _with(behind=lambda x, best: _gaps(x, best) / x.mean(0)[best]),
        "You divide the gap by the best score. Asked is the difference itself.",
    ),
    WrongAnswer(
        "the luckiest seed",
        _with(lead=_luckiest_seed),
        "You call the method best that had the best single seed. With enough seeds anybody is lucky once: the best "
        "mean counts.",
    ),
    WrongAnswer(
        "the best choice is the best",
        _with(near=lambda behind, errors: behind <= 0),
        "You choose the best. Asked is the cheapest of those that are at most one standard error behind it.",
    ),
    WrongAnswer(
        "cheap at any rate",
        _with(near=lambda behind, errors: behind < np.inf),
        "You choose the cheapest of all. It has to be within one standard error of the best.",
    ),
    WrongAnswer(
        "two errors",
        _with(near=lambda behind, errors: behind <= 2 * errors),
        "You allow two standard errors. The rule allows one.",
    ),
    WrongAnswer(
        "strictly within",
        _with(near=lambda behind, errors: behind < errors, choose=lambda c, m, near: _cheapest(c, m, near)
              if near.any() else m.argmax()),
        "You ask for less than one standard error. A twin of the best is 0 behind with an error of 0: up to one error "
        "counts.",
    ),
    WrongAnswer(
        "the dearest that is as good",
        _with(choose=lambda c, m, near: np.lexsort([-m, -c, ~near])[0]),
        "Among those within one error you choose the dearest. If they cannot be told apart, the price decides.",
    ),
    WrongAnswer(
        "the first that is as good",
        _with(choose=lambda c, m, near: near.argmax()),
        "Among those within one error you choose the one that stands first. The cheapest is asked for.",
    ),
    WrongAnswer(
        "the first of equally cheap ones",
        _with(choose=lambda c, m, near: np.where(near, c, np.inf).argmin()),
        "All right but for methods of the same price: among the cheapest the one with the higher mean is asked for.",
    ),
    WrongAnswer(
        "beaten in both",
        _with(front=_strictly),
        "A method falls from your front only if another is better and cheaper. It is enough to be better for the same "
        "price, or as good for less.",
    ),
    WrongAnswer(
        "twins throw each other out",
        _with(front=_twins_out),
        "Two methods with the same score and price throw each other off your front. One beats another only if it is "
        "better in something.",
    ),
    WrongAnswer(
        "the best and the cheapest alone",
        _with(front=_good_at_something),
        "Your front has only the best and the cheapest. Whatever nobody beats in both at once belongs to it.",
    ),
    WrongAnswer(
        "a high price is good",
        _with(front=_dear_is_good),
        "Your front takes a high price for an advantage. Low costs are good.",
    ),
    WrongAnswer(
        "better than the next cheaper one",
        _with(front=_not_beaten_by_the_next),
        "You compare each method with the next cheaper one. It must be better than all that cost no more.",
    ),
)  # fmt: skip

QUESTION = Question(
    id="13-front",
    title="No dearer than it must be",
    points=10,
    name="choose_simplest",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the gaps", "the errors", "the front", "the choice"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
