"""02-reading: from a table of counts, how much each modality tells of the label, and what fusion can gain, in bits."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(counts):
    return _with()(counts)


def _plogp(p):
    """p log2 p, and 0 where p is 0."""
    return p * np.log2(np.where(p > 0, p, 1))


def _entropy(p):
    return -_plogp(p).sum()


def _information(p):
    """I(Y; S) of p (Y, S)."""
    return _entropy(p.sum(0)) + _entropy(p.sum(1)) - _entropy(p)


def _normalised(counts):
    return counts / counts.sum()


def _best_gain(a, b, both):
    return both - np.maximum(a, b)


def _surplus(a, b, both):
    return both - a - b


def _with(
    table=_normalised,
    single=lambda p, axis: _information(p.sum(axis)),
    both=lambda p: _information(p.reshape(len(p), -1)),
    gain=_best_gain,
    balance=_surplus,
):
    """The reading with another table, other informations (axis: what is summed away), gain or balance."""

    def read(counts):
        p = table(counts)
        a, b, ab = single(p, 2), single(p, 1), both(p)
        return np.array([a, b, ab, gain(a, b, ab), balance(a, b, ab)], counts.dtype)

    return read


def draw(rng):
    yield _case(rng, "3 labels, 5 by 7 observations", (3, 5, 7), lowest=1)
    yield _case(rng, "as many labels as observations", (5, 5, 5), lowest=1)
    yield _case(rng, "some that never occur", (2, 3, 7), lowest=-15)
    counts = _case(rng, "", (5, 3, 7), lowest=-5).arguments[0]
    counts[2] = 0
    yield Case("a label that never occurs", (counts,))
    yield Case("frequencies that sum to one", (counts / counts.sum(),))
    yield _case(rng, "one label", (1, 3, 5), lowest=1)
    yield _case(rng, "a says everything", (3, 3, 5), pure=lambda a, b: a)
    yield _case(rng, "b says everything", (5, 3, 5), pure=lambda a, b: b)
    yield _case(rng, "both say the same", (3, 3, 3), pure=lambda a, b: np.where(a == b, a, -1))
    yield _case(rng, "only together", (2, 2, 2), pure=lambda a, b: a ^ b)
    yield Case("millions of observations", (np.floor(rng.exponential(1e6, (3, 5, 2))),))
    yield _case(rng, "float32", (3, 7, 5), lowest=1, dtype=np.float32)


def _case(rng, name, shape, lowest=0, pure=None, dtype=np.float64):
    """Counts below 19, none below 0; or the counts of a label that follows from a and b: y = pure(a, b)."""
    if pure is None:
        counts = np.maximum(rng.integers(lowest, 19, shape), 0)
    else:
        y, a, b = np.indices(shape)
        counts = np.where(y == pure(a, b), rng.integers(1, 7), 0)
    return Case(name, (counts.astype(dtype),))


def _swapped(counts):
    return _with(table=lambda c: _normalised(c).swapaxes(1, 2))(counts)


def _nan_information(p):
    with np.errstate(all="ignore"):
        return (p * np.log2(p / (p.sum(0) * p.sum(1, keepdims=True)))).sum()


def _unknown(p):
    """H(Y | S) of p (Y, S): what is left open."""
    return _entropy(p) - _entropy(p.sum(0))


def _given_the_other(p, axis):
    """I(Y; A | B), or I(Y; B | A): what remains when the other is known."""
    return _information(p.reshape(len(p), -1)) - _information(p.sum(3 - axis))


def _all_independent(p):
    return sum(_entropy(p.sum(axes)) for axes in ((1, 2), (0, 2), (0, 1))) - _entropy(p)


def in_nats(counts):
    return reference(counts) * np.asarray(np.log(2), counts.dtype)


WRONG = (
    WrongAnswer(
        "nats",
        in_nats,
        "Your logarithm is the natural one, which measures in nats. A bit is the answer to one fair yes-or-no "
        "question: which logarithm counts those?",
    ),
    WrongAnswer(
        "0 log 0",
        _with(
            single=lambda p, axis: _nan_information(p.sum(axis)),
            both=lambda p: _nan_information(p.reshape(len(p), -1)),
        ),
        "What never occurs gives 0 · log 0, which is NaN. It contributes nothing: p log p goes to 0 with p.",
    ),
    WrongAnswer(
        "one added to every count",
        _with(table=lambda counts: _normalised(counts + 1)),
        "You add 1 to every count, which invents observations. Here a combination that never occurs has probability "
        "0, and contributes nothing.",
    ),
    WrongAnswer(
        "axes read as a, b, y",
        _with(table=lambda counts: _normalised(counts).transpose(2, 0, 1)),
        "You read the axes as (a, b, y), as in the chapter. In this table the label comes first: (y, a, b).",
    ),
    WrongAnswer(
        "a and b swapped",
        _swapped,
        "The numbers of a and of b have changed places. To look at a alone, which axis is summed away?",
    ),
    WrongAnswer(
        "counts taken for probabilities",
        _with(table=lambda counts: counts),
        "You use the counts as if they were probabilities. They have to sum to one first.",
    ),
    WrongAnswer(
        "every label made equally likely",
        _with(table=lambda c: _normalised(c / np.maximum(c.sum((1, 2), keepdims=True), c.dtype.type(1e-30)))),
        "You divide each label's counts by their own sum, so that rare labels weigh as much as common ones. One sum, "
        "over the whole table, makes the probabilities.",
    ),
    WrongAnswer(
        "what is left open",
        _with(single=lambda p, axis: _unknown(p.sum(axis)), both=lambda p: _unknown(p.reshape(len(p), -1))),
        "You compute how much of the label is still open when a modality is known. Its information is what it took "
        "away from the openness that was there before.",
    ),
    WrongAnswer(
        "information beyond the other",
        _with(single=_given_the_other),
        "Your first two numbers say what a modality adds when the other is already known. Asked is what each tells "
        "alone: sum the other one away.",
    ),
    WrongAnswer(
        "both as a sum",
        _with(
            single=lambda p, axis: _information(p.sum(axis)),
            both=lambda p: _information(p.sum(2)) + _information(p.sum(1)),
        ),
        "You add the two single informations to get that of both. Where they say the same this counts it twice, and "
        "what only both together say it misses: take each pair (a, b) as one observation.",
    ),
    WrongAnswer(
        "both against full independence",
        _with(both=_all_independent),
        "For both together you compare the table with p(y) p(a) p(b). That also counts what a and b say of each "
        "other; asked is what the pair says of y: compare with p(y) p(a, b).",
    ),
    WrongAnswer(
        "information between a and b",
        _with(both=lambda p: _information(p.sum(0))),
        "Your third number is what a and b tell of each other. Asked is what the two, as a pair, tell of y.",
    ),
    WrongAnswer(
        "gain over the poorer one",
        _with(gain=lambda a, b, both: both - np.minimum(a, b)),
        "Your gain is measured against the poorer modality. Whoever has both at hand could use the better one alone.",
    ),
    WrongAnswer(
        "gain as a share",
        _with(gain=lambda a, b, both: _best_gain(a, b, both) / np.where(both > 0, both, 1)),
        "You divide the gain by the whole information. It is asked in bits, like the rest.",
    ),
    WrongAnswer(
        "balance with the opposite sign",
        _with(balance=lambda a, b, both: a + b - both),
        "Your balance has the opposite sign: it is above 0 where the two repeat each other. Asked is the one that is "
        "above 0 for exclusive or.",
    ),
)

QUESTION = Question(
    id="02-reading",
    title="What can fusion gain?",
    points=15,
    name="read_counts",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the five numbers",),
)
