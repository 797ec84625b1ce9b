"""01-ppmi: positive pointwise mutual information in bits, with smoothed contexts.

Levy, Goldberg & Dagan 2015, "Improving distributional similarity with lessons learned from word embeddings", TACL 3,
section 3.2: context counts to a power, as word2vec draws its negatives.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(table, power):
    counts = table.astype(np.float64)
    contexts = counts.sum(0) ** power
    chance = _share(counts.sum(1), counts.sum())[:, None] * _share(contexts, contexts.sum())
    ratio = np.divide(_share(counts, counts.sum()), chance, out=np.ones_like(counts), where=counts > 0)
    return np.log2(np.maximum(ratio, 1)).astype(table.dtype)


def _share(part, total):
    return part / total if total else np.zeros_like(part)


def draw(rng):
    yield Case("5 words, 7 contexts", (_table(rng, 5, 7), 0.75))
    yield Case("11 words, 3 contexts", (_table(rng, 11, 3), 0.75))
    yield Case("as many words as contexts", (_table(rng, 7, 7), 0.75))
    yield Case("the power ½", (_table(rng, 5, 7), 0.5))
    yield Case("the power 1, no smoothing", (_table(rng, 5, 7), 1.0))
    yield Case("no pair is missing", (_table(rng, 5, 7) + 1, 0.75))
    for name, row, column in (("a word that never occurs", 1, None), ("a context that never occurs", None, 3)):
        table = _table(rng, 5, 7)
        if row is not None:
            table[row] = 0
        else:
            table[:, column] = 0
        yield Case(name, (table, 0.75))
    yield Case("an empty table", (np.zeros((3, 5)), 0.75))
    yield Case("one word, one context", (_table(rng, 1, 1) + 2, 0.75))
    yield Case("the counts of a large corpus", (_table(rng, 5, 7) * 1e9 + 3, 0.75))
    yield Case("a table that lies column by column", (_table(rng, 7, 5).T, 0.75))
    yield Case("float32", (_table(rng, 7, 11).astype(np.float32), 0.75))


def _table(rng, words, contexts):
    """Counts below 20, a third of them 0; words and contexts of different frequency."""
    common = rng.uniform(0.5, 2, (words, 1)) * rng.uniform(0.3, 2, contexts)
    table = np.minimum(rng.poisson(4 * common), 19.0) * (rng.random((words, contexts)) < 0.7)
    table[0, 0] = 3.0  # a table without any pair is a case of its own
    return table


def _pmi(table, power, chance=None, finish=lambda ratio: np.log2(np.maximum(ratio, 1))):
    """PPMI with parts exchanged; chance(words, contexts, power, total) is what is expected."""
    chance = chance or (lambda w, c, power, n: w / n * c**power / (c**power).sum())
    w, c, n = table.sum(1, keepdims=True), table.sum(0), table.sum()
    expected = chance(w, c, power, n) * np.ones_like(table)
    seen = table > 0
    ratio = np.divide(table / max(n, 1), expected, out=np.ones_like(table), where=seen)
    return np.where(seen, finish(ratio), 0)


def _expects(chance):
    return lambda table, power: _pmi(table, power, chance)


def _finishes(finish):
    return lambda table, power: _pmi(table, power, finish=finish)


def counts_smoothed(table, power):
    return _pmi(np.where(table > 0, table**power, 0), 1.0)


def one_added(table, power):
    return reference(table + 1, power)


def zero_by_zero(table, power):
    contexts = table.sum(0) ** power
    chance = table.sum(1, keepdims=True) / table.sum() * contexts / contexts.sum()
    return np.maximum(0, np.log2(table / table.sum() / chance))


def zeros_at_minus_infinity(table, power):
    return np.where(table > 0, _finishes(np.log2)(table, power), -np.inf)


WRONG = (
    WrongAnswer(
        "natural logarithm",
        _finishes(lambda ratio: np.log(np.maximum(ratio, 1))),
        "You take the natural logarithm. This question counts in bits: one bit more for every doubling.",
    ),
    WrongAnswer(
        "decimal logarithm",
        _finishes(lambda ratio: np.log10(np.maximum(ratio, 1))),
        "You take the logarithm to base 10. This question counts in bits: one bit more for every doubling.",
    ),
    WrongAnswer(
        "negative values kept",
        _finishes(np.log2),
        "Pairs that meet less often than by chance have negative values in your table. The first P of PPMI stands for "
        "“positive”.",
    ),
    WrongAnswer(
        "negative values made positive",
        _finishes(lambda ratio: np.abs(np.log2(ratio))),
        "You take the absolute value, so pairs that avoid each other look like pairs that seek each other. “Positive” "
        "means that what is below 0 becomes 0.",
    ),
    WrongAnswer(
        "zeros at −∞",
        zeros_at_minus_infinity,
        "The logarithm of 0 is −∞, and it stays in your table, and negative values with it. What never met counts as "
        "0.",
    ),
    WrongAnswer(
        "0 / 0",
        zero_by_zero,
        "Right, but for a word or a context that never occurs: 0 / 0 is NaN. It has met nobody, so its values are 0.",
    ),
    WrongAnswer(
        "one added in the logarithm",
        _finishes(lambda ratio: np.log2(1 + ratio)),
        "You add 1 before the logarithm, which keeps it away from 0 and lifts everything else: a pair that meets just "
        "as often as by chance should have 0.",
    ),
    WrongAnswer(
        "no logarithm",
        _finishes(lambda ratio: np.maximum(ratio, 1)),
        "You give the ratio itself. Information is its logarithm.",
    ),
    WrongAnswer(
        "not smoothed",
        _expects(lambda w, c, power, n: w / n * c / n),
        "The power does not come into your answer: contexts count by their plain frequency, so rare ones get the "
        "largest values of all.",
    ),
    WrongAnswer(
        "words smoothed",
        _expects(lambda w, c, power, n: w**power / (w**power).sum() * c / n),
        "You smooth the frequencies of the words, the rows. The formula smooths those of the contexts, the columns: "
        "which sum of the table gives them?",
    ),
    WrongAnswer(
        "words and contexts smoothed",
        _expects(lambda w, c, power, n: w**power / (w**power).sum() * c**power / (c**power).sum()),
        "You smooth words and contexts alike. The formula smooths the contexts only.",
    ),
    WrongAnswer(
        "smoothed, not shared out again",
        _expects(lambda w, c, power, n: w / n * c**power / n),
        "Your smoothed frequencies do not sum to one any more. After the power, divide by the sum of the powers, not "
        "by the number of pairs.",
    ),
    WrongAnswer(
        "power of a probability",
        _expects(lambda w, c, power, n: w / n * (c / n) ** power),
        "You raise probabilities to the power, and what comes out sums to more than one. Share it out again, so that "
        "it is a distribution.",
    ),
    WrongAnswer(
        "table smoothed",
        counts_smoothed,
        "You raise every count in the table to the power. What is smoothed is how frequent each context is altogether: "
        "sum first, then the power.",
    ),
    WrongAnswer(
        "one added to the counts",
        one_added,
        "You add 1 to every count, so pairs that never met have met once. Here they stay at 0; it is the power that "
        "does the smoothing.",
    ),
)

QUESTION = Question(
    id="01-ppmi",
    title="Who keeps whose company, in bits",
    points=15,
    name="ppmi_bits",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
