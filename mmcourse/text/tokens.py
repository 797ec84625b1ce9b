"""Cut a text into tokens, and give each token a number."""

import re
from collections import Counter

UNKNOWN = "<unk>"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_")


def words(text):
    """Words in lower case, and punctuation marks one by one; an apostrophe inside a word belongs to it (don't)."""
    return _WORD.findall(text.lower())


def characters(text):
    """Every character but white space: for Chinese, which writes no gaps between words, the simplest choice."""
    return [c for c in text if not c.isspace()]


def vocabulary(sentences, least=1):
    """Token -> number for lists of tokens: UNKNOWN is 0, then the most frequent first, equals in alphabetical order.

    least: tokens that occur less often are left out, and become UNKNOWN.
    """
    count = Counter(token for sentence in sentences for token in sentence)
    kept = sorted((t for t, n in count.items() if n >= least and t != UNKNOWN), key=lambda t: (-count[t], t))
    return {token: number for number, token in enumerate([UNKNOWN, *kept])}


def encode(tokens, ids):
    """The numbers of tokens, by a `vocabulary`."""
    return [ids.get(token, ids[UNKNOWN]) for token in tokens]


def decode(numbers, ids):
    """The tokens of numbers; the inverse of `encode` but for UNKNOWN."""
    tokens = list(ids)
    if wrong := [n for n in numbers if not 0 <= n < len(tokens)]:
        raise ValueError(f"decode: expected numbers from 0 to {len(tokens) - 1}, came {wrong[0]}")
    return [tokens[n] for n in numbers]
