"""Word vectors by counting: who stands near whom, how surprising that is, and the best short summary of it."""

import numpy as np


def pairs(sentences, window):
    """Every word with every neighbour at most `window` places away: (words, contexts), int arrays of equal length.

    sentences: lists of numbers.
    """
    if window < 1:
        raise ValueError(f"pairs: expected a window of at least 1 word, came {window}")
    found = [
        (word, sentence[j])
        for sentence in sentences
        for i, word in enumerate(sentence)
        for j in range(max(0, i - window), min(len(sentence), i + window + 1))
        if j != i
    ]
    words, contexts = np.array(found, np.int64).reshape(-1, 2).T
    return words, contexts


def co_occurrence(words, contexts, size):
    """How often each pair occurs: (V, V) float64, V = size; rows are words, columns contexts."""
    table = np.zeros((size, size))
    np.add.at(table, (words, contexts), 1)
    return table


def ppmi(table, negatives=1):
    """Positive pointwise mutual information: max(log(#(w, c) · |D| / (#(w) #(c))) - log K, 0), shaped like the table.

    How many times more often two words meet than they would by chance; what never met counts as 0.
    negatives: K, by which skip-gram with K negatives shifts it.
    """
    chance = table.sum(1, keepdims=True) * table.sum(0) / max(table.sum(), 1)
    ratio = np.divide(table, chance * negatives, out=np.ones_like(table), where=chance > 0)
    return np.log(np.maximum(ratio, 1))


def svd_vectors(matrix, width):
    """The rows of U √Σ for the `width` largest singular values: (V, width).

    The signs of singular vectors are arbitrary; here the largest entry of each column is positive.
    """
    if not 1 <= width <= min(matrix.shape):
        raise ValueError(f"svd_vectors: a matrix {matrix.shape} has 1 to {min(matrix.shape)} columns, came {width}")
    u, s, _ = np.linalg.svd(matrix, full_matrices=False)
    vectors = u[:, :width] * np.sqrt(s[:width])
    largest = vectors[np.abs(vectors).argmax(0), np.arange(width)]
    return vectors * np.where(largest < 0, -1, 1)


def noise_distribution(words, size, power=0.75):
    """The probabilities of negatives, (V,): word frequencies to a power, which lifts the rare ones."""
    weights = np.bincount(words, minlength=size) ** power
    return weights / weights.sum()


def nearest(vectors, row, count):
    """The `count` rows whose direction is nearest to that of `row`, the nearest first; and their cosines."""
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors[row] / np.maximum(lengths * lengths[row], 1e-12)
    cosines[row] = -np.inf
    order = np.argsort(-cosines, kind="stable")[:count]
    return order, cosines[order]
