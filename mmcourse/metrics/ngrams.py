"""What the metrics of captions share: captions as lists of tokens, and n-grams counted."""

import re
from collections import Counter

_CHINESE = re.compile(r"[\u3400-\u9fff]{2}")


def count_ngrams(tokens, n):
    """Counter of the runs of n neighbours, as tuples."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def tokenised(name, references, hypotheses):
    """Both as lists of tokens: references [[tokens, ...], ...], hypotheses [tokens, ...].

    references: for each image a list of captions. hypotheses: for each image one caption. A caption is a list of
    tokens, or a string, which is split at blanks. Raises ValueError or TypeError, in the name of the metric.
    """
    if len(references) != len(hypotheses):
        raise ValueError(
            f"{name}: expected references for each hypothesis, came {len(references)} and {len(hypotheses)}"
        )
    if not len(hypotheses):
        raise ValueError(f"{name}: expected at least one hypothesis, came none")
    return [_several(name, i, r) for i, r in enumerate(references)], [
        tokens_of(name, f"hypothesis {i}", h) for i, h in enumerate(hypotheses)
    ]


def _several(name, i, captions):
    if isinstance(captions, str) or not len(captions):
        raise ValueError(
            f"{name}: expected a list of at least one reference for image {i}, came {captions!r}. "
            f"Try: a list around it, even for a single reference"
        )
    return [tokens_of(name, f"reference {j} of image {i}", c) for j, c in enumerate(captions)]


def tokens_of(name, which, caption):
    if isinstance(caption, str):
        if len(tokens := caption.split()) == 1 and _CHINESE.search(caption):
            raise ValueError(
                f"{name}: {which} is {caption!r}, Chinese without blanks, which would count as one word. "
                "Try: mmcourse.text.tokens.characters, or a list of words"
            )
        return tokens
    if isinstance(caption, list | tuple):
        return list(caption)
    raise TypeError(f"{name}: expected {which} as a list of tokens or a string, came {type(caption).__name__}")
