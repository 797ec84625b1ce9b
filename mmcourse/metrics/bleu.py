"""BLEU: how many of a caption's n-grams a reference has too (Papineni et al. 2002, ACL, P02-1040).

Over the whole corpus, unsmoothed, with the reference length closest to each hypothesis: as on the COCO captioning
server (Chen et al. 2015, arXiv:1504.00325, section 3) and as sacrebleu on the same tokens.
"""

import numpy as np

from mmcourse.metrics.ngrams import count_ngrams, tokenised

ORDER = 4


def bleu(references, hypotheses):
    """(BLEU-1, BLEU-2, BLEU-3, BLEU-4) of a corpus, each between 0 and 1.

    references: for each image a list of captions; hypotheses: for each image one caption. A caption is a list of
    tokens, or a string split at blanks; for Chinese pass characters or words as tokens. Case and punctuation count.
    """
    return bleu_of_counts(bleu_counts(references, hypotheses))


def bleu_counts(references, hypotheses):
    """What each image adds to the corpus, (N, 10) int: matches and totals of n = 1..4, and both lengths.

    BLEU of any subset is `bleu_of_counts` of its rows, so an interval costs no second counting:
    `bootstrap_interval(counts, lambda rows: bleu_of_counts(rows)[3], rng=rng)`.
    """
    references, hypotheses = tokenised("bleu", references, hypotheses)
    return np.array([_counts(r, h) for r, h in zip(references, hypotheses, strict=True)])


def bleu_of_counts(counts):
    """(BLEU-1, ..., BLEU-4) from rows of `bleu_counts`; 0 from the first n without a match."""
    counts = np.sum(counts, 0)
    matches, totals, (length, closest) = counts[:ORDER], counts[ORDER : 2 * ORDER], counts[2 * ORDER :]
    if not length:
        return (0.0,) * ORDER
    brevity = min(0.0, 1 - closest / length)  # log of the penalty for being shorter than the references
    with np.errstate(divide="ignore"):
        precisions = np.log(matches / np.maximum(totals, 1))
    means = precisions.cumsum() / np.arange(1, ORDER + 1)
    return tuple(np.exp(brevity + means).tolist())


def _counts(references, hypothesis):
    matches, totals = [], []
    for n in range(1, ORDER + 1):
        found, allowed = count_ngrams(hypothesis, n), count_ngrams(references[0], n)
        for reference in references[1:]:
            allowed |= count_ngrams(reference, n)  # the larger count of the two
        matches.append((found & allowed).total())  # the smaller one: a word repeated too often does not pay
        totals.append(found.total())
    length = len(hypothesis)
    closest = min((abs(len(r) - length), len(r)) for r in references)[1]  # of two equally close the shorter
    return [*matches, *totals, length, closest]
