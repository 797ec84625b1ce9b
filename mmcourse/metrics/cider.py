"""CIDEr-D: n-grams that are rare among the captions count more (Vedantam et al. 2015, arXiv:1411.5726, section 7).

As in the authors' published code, which COCO's evaluation uses: counts are not divided by the length before they are
clipped, and the document frequency of an n-gram is the number of images whose references hold it.
"""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from mmcourse.metrics.ngrams import count_ngrams, tokenised

ORDER, SIGMA = 4, 6.0


class DocumentFrequencies(NamedTuple):
    """counts: n-gram -> images whose references hold it; images: how many there are."""

    counts: Counter
    images: int


def document_frequencies(references):
    """Frequencies to score with: those of a training set, say, so that scores of different test sets compare."""
    references, _ = tokenised("document_frequencies", references, [[]] * len(references))
    counts = Counter()
    for captions in references:
        counts.update({g for c in captions for n in range(1, ORDER + 1) for g in count_ngrams(c, n)})
    return DocumentFrequencies(counts, len(references))


def cider_d(references, hypotheses, frequencies=None):
    """Mean of `cider_d_scores`, between 0 and 10.   Arguments as for `bleu`."""
    return float(cider_d_scores(references, hypotheses, frequencies).mean())


def cider_d_scores(references, hypotheses, frequencies=None):
    """CIDEr-D of each image, (N,), for intervals and for finding failures.

    frequencies: of `document_frequencies`; if None, from these references, which then need at least two images: in a
    single one no n-gram is rarer than another, and every score would be 0.
    """
    references, hypotheses = tokenised("cider_d", references, hypotheses)
    frequencies = frequencies or document_frequencies(references)
    if frequencies.images < 2:
        raise ValueError(
            "cider_d: document frequencies need at least two images, came one. "
            "Try: frequencies=document_frequencies(the training set's references)"
        )
    return np.array([_score(r, h, frequencies) for r, h in zip(references, hypotheses, strict=True)])


def _score(references, hypothesis, frequencies):
    ours, norms = _vectors(hypothesis, frequencies)
    total = 0.0
    for reference in references:
        theirs, their_norms = _vectors(reference, frequencies)
        gap = len(hypothesis) - len(reference)
        similar = sum(map(_clipped_cosine, ours, theirs, norms, their_norms)) / ORDER
        total += similar * math.exp(-(gap**2) / (2 * SIGMA**2))
    return 10 * total / len(references)


def _vectors(tokens, frequencies):
    """For n = 1..4 the weights of the caption's n-grams, count · log(images / frequency), and their norms."""
    counts, images = frequencies
    vectors = [
        {g: k * math.log(images / max(1, counts[g])) for g, k in count_ngrams(tokens, n).items()}
        for n in range(1, ORDER + 1)
    ]
    return vectors, [math.sqrt(sum(w * w for w in v.values())) for v in vectors]


def _clipped_cosine(ours, theirs, norm, their_norm):
    """A word repeated more often than in the reference adds nothing: the smaller weight counts."""
    if not norm * their_norm:
        return 0.0
    return sum(min(w, theirs[g]) * theirs[g] for g, w in ours.items() if g in theirs) / (norm * their_norm)
