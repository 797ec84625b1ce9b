"""Byte-pair encoding: begin with characters, and merge the most frequent neighbours again and again.

    merges = bpe.learn({"low": 5, "lower": 2, "newest": 6, "widest": 3}, 10)
    bpe.encode("newest low", merges)      # ["newest▁", "low▁"]

Whatever string comes, its characters are there to spell it: no word is unknown, save for a character never seen.
"""

from collections import Counter
from itertools import pairwise

END = "▁"  # closes every word, so that "est▁" is an ending and "est" is not


def learn(counts, merges):
    """The first `merges` merges, each a pair of symbols, in the order in which they are made; fewer if all is merged.

    counts: word -> how often it occurs.
    Of pairs that are equally frequent the one that joins to the shortest string comes first, then the first in the
    order of code points, as in SentencePiece; the paper leaves the choice open.
    """
    if merges < 0:
        raise ValueError(f"bpe.learn: expected a number of merges from 0, came {merges}")
    spelled = {tuple(word + END): count for word, count in counts.items()}
    done = []
    for _ in range(merges):
        pairs = Counter()
        for symbols, count in spelled.items():
            for pair in pairwise(symbols):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], len("".join(pair)), "".join(pair), pair))
        spelled = {merge(symbols, best): count for symbols, count in spelled.items()}
        done.append(best)
    return done


def merge(symbols, pair):
    """The symbols with every occurrence of the pair made one symbol, from left to right."""
    out = []
    for symbol in symbols:
        if out and (out[-1], symbol) == pair:
            out[-1] += symbol
        else:
            out.append(symbol)
    return tuple(out)


def split(word, merges):
    """The subwords of one word: every merge is made again, in the order in which it was learned."""
    symbols = tuple(word + END)
    for pair in merges:
        symbols = merge(symbols, pair)
    return symbols


def encode(text, merges):
    """The subwords of a text; words are what stands between white space."""
    return [subword for word in text.split() for subword in split(word, merges)]


def decode(subwords):
    """The text again: END becomes a blank."""
    return "".join(subwords).replace(END, " ").rstrip()
