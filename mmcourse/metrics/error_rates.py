"""What was understood against what was said: words, or characters, that were substituted, deleted or inserted.

    word_error_rate(references, hypotheses)               # 0 is perfect; above 1 if much was made up
    counts = error_counts(references, hypotheses)         # a row an utterance
    bootstrap_interval(counts, rate_of_counts, rng=rng)

The edits of an utterance are those of Levenshtein's distance; rates are over a whole corpus, never means of rates.
"""

from typing import NamedTuple

import numpy as np

from mmcourse.metrics.ngrams import tokens_of


class Edits(NamedTuple):
    """What turns one sequence into another; `sum(edits)` is the distance."""

    substitutions: int
    deletions: int
    insertions: int


def edit_distance(reference, hypothesis):
    """The fewest edits that turn the reference into the hypothesis, as `Edits`; by Wagner & Fischer 1974, J. ACM 21.

    Two sequences of things that can be compared and hashed; strings are sequences of characters. Where several
    alignments need as few edits, the one with the fewest substitutions counts, which leaves most of the reference as
    it was: from "ab" to "bc" one deletion and one insertion, not two substitutions.
    """
    numbers = {}
    a, b = (np.array([numbers.setdefault(t, len(numbers)) for t in tokens], int) for tokens in (reference, hypothesis))
    edit = len(a) + len(b) + 1  # in one number, with substitutions as the small change: edits · edit + substitutions
    columns = edit * np.arange(len(b) + 1)
    row = columns  # from nothing of the reference: insertions alone
    for token in a:
        down, across = row + edit, row[:-1] + (b != token) * (edit + 1)
        down[1:] = np.minimum(down[1:], across)
        row = np.minimum.accumulate(down - columns) + columns  # or from the left, by insertions
    edits, substitutions = divmod(int(row[-1]), edit)
    more = len(a) - len(b)  # as many more deletions than insertions
    deletions = (edits - substitutions + more) // 2
    return Edits(substitutions, deletions, deletions - more)


def word_error_rate(references, hypotheses):
    """Edits per word of the references, over all utterances together.

    references, hypotheses: as many texts, each a string that is split at blanks, or a list of words (Chinese: see
    `mmcourse.text.tokens`). Case and punctuation count. Raises ValueError or TypeError for what does not fit.
    """
    return rate_of_counts(error_counts(references, hypotheses))


def character_error_rate(references, hypotheses):
    """Edits per character of the references, over all utterances together; blanks between words are characters.

    references, hypotheses: as many strings. For Chinese written with blanks between words take them out first.
    """
    return rate_of_counts(error_counts(references, hypotheses, "characters"))


def error_counts(references, hypotheses, of="words"):
    """What each utterance adds to the rate, (N, 4) int: substitutions, deletions, insertions, length of the reference.

    of: "words" or "characters". The rate of any subset is `rate_of_counts` of its rows.
    """
    if of not in _SPLIT:
        raise ValueError(f"error_counts: expected of as one of {tuple(_SPLIT)}, came {of!r}")
    if isinstance(references, str) or isinstance(hypotheses, str):
        raise TypeError("error rates: expected lists of texts, came a string. Try: a list around it")
    if len(references) != len(hypotheses) or not len(references):
        raise ValueError(
            "error rates: expected as many references as hypotheses, at least one, "
            f"came {len(references)} and {len(hypotheses)}"
        )
    rows = []
    for i, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True)):
        reference, hypothesis = _SPLIT[of](f"reference {i}", reference), _SPLIT[of](f"hypothesis {i}", hypothesis)
        rows.append([*edit_distance(reference, hypothesis), len(reference)])
    return np.array(rows)


def rate_of_counts(counts):
    """The error rate of rows of `error_counts`. Raises ValueError if their references are all empty."""
    *edits, length = np.sum(counts, 0)
    if not length:
        raise ValueError(f"error rates: expected something to be said in the references, came {len(counts)} empty ones")
    return float(sum(edits) / length)


def _words(which, text):
    return tokens_of("error rates", which, text)


def _characters(which, text):
    if not isinstance(text, str):
        raise TypeError(f"error rates: expected {which} as a string, came {type(text).__name__}")
    return text.strip()


_SPLIT = {"words": _words, "characters": _characters}
