"""10-curve: what is risked by answering more, of models that are sure alike of many answers.

Risk and coverage (El-Yaniv & Wiener 2010, JMLR 11); the area under the curve and what of it could have been avoided by
a better order as in Geifman, Uziel & El-Yaniv 2019 (arXiv:1805.08206). The mean over orders of ties is this question's.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(confidence, losses):
    return _with()(confidence, losses)


def _surest_first(confidence):
    return np.argsort(-confidence, kind="stable")


def _shared(loss, confidence):
    """Each loss replaced by the mean of those that are as sure."""
    _, group = np.unique(confidence, return_inverse=True)
    return (np.bincount(group, loss) / np.bincount(group))[group]


def _running_mean(loss):
    return np.cumsum(loss) / np.arange(1, len(loss) + 1)


def _mean(risk):
    return risk.mean()


def _over_the_best(area, loss, shared):
    return area - _running_mean(np.sort(loss)).mean()


def _as_they_are(loss, confidence):
    return loss


def _with(
    order=_surest_first, ties=_shared, risk=_running_mean, area=_mean, excess=_over_the_best,
    after=lambda risk, confidence: risk, count=lambda loss: loss,
):  # fmt: skip
    """Risks, areas and excesses with another order, other ties or another area."""

    def curves(confidence, losses):
        columns = []
        for c, loss in zip(confidence.T.astype(float), losses.T.astype(float), strict=True):
            loss = count(loss)
            shared = ties(loss, c)
            places = order(c)
            r = after(risk(shared[places]), c[places])
            a = area(r)
            columns.append((r, a, excess(a, loss, shared)))
        risks, areas, excesses = zip(*columns, strict=True)
        return tuple(np.stack(x, -1).astype(confidence.dtype) for x in (risks, areas, excesses))

    return curves


def draw(rng):
    yield _case(rng, "11 answers of 3 models", 11, 3, decimals=9)
    yield _case(rng, "many ties", 23, 2, decimals=1)
    yield _case(rng, "losses of any size", 17, 3, decimals=1, graded=True)
    yield _case(rng, "sure of nothing, all alike", 7, 2, decimals=-1)
    yield _case(rng, "always right, always wrong", 7, 2, sure=(0.0, 1.0))
    yield _case(rng, "one answer", 1, 3)
    yield _case(rng, "one model", 31, 1, decimals=1, graded=True)
    yield _case(rng, "sure where it is wrong", 19, 2, decimals=1, lean=-0.6)
    yield _case(rng, "float32", 13, 3, decimals=1, dtype=np.float32)


def _case(rng, name, N, M, decimals=2, graded=False, sure=None, lean=0.4, dtype=np.float64):
    """lean: how much surer a model is where it is right. graded: losses other than 0 and 1."""
    wrong = (rng.random((N, M)) < (0.4 if sure is None else np.array(sure))).astype(float)
    if sure is None and N > 2:
        wrong[:2] = [[0], [1]]
    confidence = np.round(
        np.clip(rng.uniform(0.2, 0.7, (N, M)) + lean * rng.random((N, M)) * (1 - wrong), 0, 1), decimals
    )
    if 0 < decimals < 3 and N > 6:
        confidence[2:5] = confidence[:1]
    losses = wrong * rng.uniform(0.5, 3, (N, M)) if graded else wrong
    return Case(name, (confidence.astype(dtype), losses.astype(dtype)))


def _all_at_once(risk, confidence):
    """The risk behind the last of those that are as sure."""
    last = np.searchsorted(-confidence, -confidence, side="right") - 1
    return risk[last]


def _ordered_by(key):
    """Ties in an order that knows the losses."""

    def curves(confidence, losses):
        risks, areas, excesses = [], [], []
        for c, loss in zip(confidence.T.astype(float), losses.T.astype(float), strict=True):
            r = _running_mean(loss[np.lexsort([key(loss), -c])])
            risks.append(r)
            areas.append(r.mean())
            excesses.append(_over_the_best(r.mean(), loss, loss))
        return tuple(np.stack(x, -1).astype(confidence.dtype) for x in (risks, areas, excesses))

    return curves


def order_of_the_first_model(confidence, losses):
    return reference(np.repeat(confidence[:, :1], confidence.shape[1], 1), losses)


def _trapezoids(risk):
    return ((risk[1:] + risk[:-1]) / 2).sum() / len(risk)


def _from_nothing(risk):
    return risk.sum() / (len(risk) + 1)


WRONG = (
    WrongAnswer(
        "the least sure first",
        _with(order=lambda c: np.argsort(c, kind="stable")),
        "You let in the least sure answers first. The surest come first: those are the ones that one would give.",
    ),
    WrongAnswer(
        "in the order they came",
        _with(order=lambda c: np.arange(len(c))),
        "You do not sort. The n-th risk is that of the n surest answers.",
    ),
    WrongAnswer(
        "ties as they come",
        _with(ties=_as_they_are),
        "Among answers that are equally sure you keep the order in which they came, and that is luck. Take the mean "
        "over all orders.",
    ),
    WrongAnswer(
        "good ones first among ties",
        _ordered_by(lambda loss: loss),
        "Among answers that are equally sure you let in the good ones first, as if the model knew. Take the mean over "
        "all orders.",
    ),
    WrongAnswer(
        "bad ones first among ties",
        _ordered_by(lambda loss: -loss),
        "Among answers that are equally sure you let in the bad ones first. That is the worst case; asked is the mean "
        "over all orders.",
    ),
    WrongAnswer(
        "ties all at once",
        _with(ties=_as_they_are, after=_all_at_once),
        "You let in equally sure answers all at once. Here they come one by one, in any order, and the risk is the "
        "mean over the orders.",
    ),
    WrongAnswer(
        "one model's order for all",
        order_of_the_first_model,
        "You sort all models by how sure the first one is. Each column has an order of its own.",
    ),
    WrongAnswer(
        "a share of all",
        _with(risk=lambda loss: np.cumsum(loss) / len(loss)),
        "You divide by the number of all answers. The risk is a mean over those that are given.",
    ),
    WrongAnswer(
        "not divided",
        _with(risk=np.cumsum),
        "You add the losses up and do not divide by how many answers are given.",
    ),
    WrongAnswer(
        "the loss of the last one let in",
        _with(risk=lambda loss: loss),
        "You return the loss of each answer. The risk is the mean over it and all that are surer.",
    ),
    WrongAnswer(
        "right or wrong only",
        _with(count=lambda loss: (loss > 0).astype(float)),
        "You ask only whether there is a loss. Mistakes may cost different amounts: add up the losses.",
    ),
    WrongAnswer(
        "accuracy",
        _with(after=lambda risk, confidence: 1 - risk),
        "You return 1 − risk. The risk is the mean loss itself: low is good.",
    ),
    WrongAnswer(
        "a sum for the area",
        _with(area=np.sum),
        "The risks are right. Your area is their sum; each of them stands for a step of 1 / N, so it is their mean.",
    ),
    WrongAnswer(
        "trapezoids",
        _with(area=_trapezoids),
        "The risks are right. You join them by trapezoids, which leaves out the first step. The area is their mean.",
    ),
    WrongAnswer(
        "an answer to nobody",
        _with(area=_from_nothing),
        "The risks are right. You add a point without any answer and average N + 1 numbers. There are N.",
    ),
    WrongAnswer(
        "the final risk for the area",
        _with(area=lambda risk: risk[-1]),
        "The risks are right. Your area is the risk of answering everything. It knows nothing of the order.",
    ),
    WrongAnswer(
        "the best area",
        _with(excess=lambda area, loss, shared: _running_mean(np.sort(loss)).mean()),
        "The areas are right. You return the area of the best order; asked is how much of yours lies above it.",
    ),
    WrongAnswer(
        "over all answers",
        _with(excess=lambda area, loss, shared: area - loss.mean()),
        "The areas are right. You compare with the mean loss, which is the area of an order by chance. Compare with "
        "the best order.",
    ),
    WrongAnswer(
        "how far from the worst",
        _with(excess=lambda area, loss, shared: _running_mean(np.sort(loss)[::-1]).mean() - area),
        "The areas are right. You measure how far you are from the worst order. Asked is the way to the best one.",
    ),
    WrongAnswer(
        "the best order of shared losses",
        _with(excess=lambda area, loss, shared: area - _running_mean(np.sort(shared)).mean()),
        "The areas are right. Your best order sorts what the ties share. Whoever knew everything would sort the "
        "losses themselves.",
    ),
    WrongAnswer(
        "a ratio for the excess",
        _with(excess=lambda area, loss, shared: np.divide(area, area - _over_the_best(area, loss, shared),
                                                          out=np.zeros(()), where=loss.min() < area)),
        "The areas are right. You divide by the best area, which is 0 for a model that is always right: subtract.",
    ),
)  # fmt: skip

QUESTION = Question(
    id="10-curve",
    title="What it costs to answer more",
    points=10,
    name="risk_curves",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the risks", "the areas", "the excess"),
)
