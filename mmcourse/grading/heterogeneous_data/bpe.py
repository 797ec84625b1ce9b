"""01-bpe: cut a text with byte-pair merges that are already learned (Sennrich et al. 2016, arXiv:1508.07909, alg. 1).

Symbols are numbers: 0 to size − 1 are the alphabet, and merge m makes symbol size + m, as in byte-level tokenisers.
"""

from collections import Counter
from itertools import pairwise

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(symbols, merges, size):
    symbols = symbols.tolist()
    for m, pair in enumerate(merges.tolist()):
        symbols = _replace(symbols, pair, size + m)
    return np.array(symbols, np.int64)


def _replace(symbols, pair, new):
    """Every occurrence of the pair, from left to right and without overlap."""
    out, i = [], 0
    while i < len(symbols):
        hit = symbols[i : i + 2] == list(pair)
        out.append(new if hit else symbols[i])
        i += 2 if hit else 1
    return out


def draw(rng):
    a, b, c, d, e = rng.permutation(5)
    yield Case("a pair, again and again", _integers([a, b, c, a, b, a, d, b, a, b], [[a, b]], 5))
    yield Case("a merge of merges", _integers([a, b, c, d, b, c, a, b, c, d, c], [[a, b], [c, d], [5, 6]], 5))
    yield Case("two merges that want the same symbol", _integers([a, b, c, b, c, d, a, b, d], [[b, c], [a, b]], 5))
    yield Case("three alike", _integers([a, a, a, b, a, a, a, a, a], [[a, a]], 5))
    yield Case("nothing but one symbol", _integers([c] * 11, [[c, c], [5, 5], [6, 5], [5, c]], 5))
    yield Case("no merge fits", _integers([a, c, b, d, e], [[a, b], [c, d]], 5))
    yield Case("no merges", _integers([a, b, b, c], np.zeros((0, 2)), 5))
    yield Case("one symbol", _integers([d], [[d, d]], 5))
    yield Case("an empty text", _integers([], [[a, b], [5, c]], 5))
    yield Case("a larger alphabet", _integers([a + 7, b, b, a + 7, b], [[a + 7, b], [13, b]], 13))
    for length, count in ((61, 11), (101, 23)):
        training = rng.choice(3, 307, p=(0.5, 0.3, 0.2)).tolist()
        text = rng.choice(3, length, p=(0.5, 0.3, 0.2))
        yield Case(f"{length} symbols, {count} learned merges", _integers(text, _learn(training, count, 3), 3))


def _integers(symbols, merges, size):
    return np.array(symbols, np.int64), np.array(merges, np.int64), size


def _learn(symbols, count, size):
    merges = []
    for m in range(count):
        merges.append(_most_frequent(symbols))
        symbols = _replace(symbols, merges[-1], size + m)
    return merges


def _most_frequent(symbols):
    counts = Counter(pairwise(symbols))
    return max(counts, key=lambda pair: (counts[pair], pair))


def _merge_by(replace, order=lambda m, count: m):
    """Merge after merge, each with another way to replace a pair."""

    def encode(symbols, merges, size):
        symbols, merges = symbols.tolist(), merges.tolist()
        for i in range(len(merges)):
            m = order(i, len(merges))
            symbols = replace(symbols, merges[m], size, m)
        return np.array(symbols, np.int64)

    return encode


def _first_only(symbols, pair, size, m):
    i = next((i for i in range(len(symbols) - 1) if symbols[i : i + 2] == pair), None)
    return symbols if i is None else [*symbols[:i], size + m, *symbols[i + 2 :]]


def _from_the_right(symbols, pair, size, m):
    return _replace(symbols[::-1], pair[::-1], size + m)[::-1]


def _overlapping(symbols, pair, size, m):
    """Every place where the pair stands becomes the new symbol, even where two places share a symbol."""
    hits = [symbols[i : i + 2] == pair for i in range(len(symbols))]
    out = []
    for i, symbol in enumerate(symbols):
        if hits[i]:
            out.append(size + m)
        elif not (i and hits[i - 1]):
            out.append(symbol)
    return out


def _second_kept(symbols, pair, size, m):
    return [size + m if symbols[i : i + 2] == pair else symbol for i, symbol in enumerate(symbols)]


def _even_places(symbols, pair, size, m):
    out = []
    for i in range(0, len(symbols), 2):
        out += [size + m] if symbols[i : i + 2] == pair else symbols[i : i + 2]
    return out


def _last_lost(symbols, pair, size, m):
    out, i = [], 0
    while i < len(symbols) - 1:
        hit = symbols[i : i + 2] == pair
        out.append(size + m if hit else symbols[i])
        i += 2 if hit else 1
    return out


def _either_order(symbols, pair, size, m):
    out, i = [], 0
    while i < len(symbols):
        hit = symbols[i : i + 2] in (pair, pair[::-1])
        out.append(size + m if hit else symbols[i])
        i += 2 if hit else 1
    return out


def _longest(symbols, merges, size):
    """From the left, always the longest symbol that fits, whatever the order of the merges."""
    symbols = symbols.tolist()
    spelled = {(i,): i for i in range(size)}
    letters = {i: (i,) for i in range(size)}
    for m, (left, right) in enumerate(merges.tolist()):
        letters[size + m] = letters[left] + letters[right]
        spelled.setdefault(letters[size + m], size + m)
    out, i = [], 0
    while i < len(symbols):
        length = max(n for n in range(1, len(symbols) - i + 1) if tuple(symbols[i : i + n]) in spelled)
        out.append(spelled[tuple(symbols[i : i + length])])
        i += length
    return np.array(out, np.int64)


def _one_pass(symbols, merges, size):
    """One walk through the text; what was merged is not looked at again."""
    new = {tuple(pair): size + m for m, pair in reversed(list(enumerate(merges.tolist())))}
    symbols, out, i = symbols.tolist(), [], 0
    while i < len(symbols):
        hit = new.get(tuple(symbols[i : i + 2]))
        out.append(symbols[i] if hit is None else hit)
        i += 1 if hit is None else 2
    return np.array(out, np.int64)


def _leftmost(symbols, merges, size):
    """As long as anything fits, the leftmost pair that is in the table."""
    new = {tuple(pair): size + m for m, pair in reversed(list(enumerate(merges.tolist())))}
    symbols = symbols.tolist()
    while True:
        i = next((i for i, pair in enumerate(pairwise(symbols)) if pair in new), None)
        if i is None:
            return np.array(symbols, np.int64)
        symbols[i : i + 2] = [new[tuple(symbols[i : i + 2])]]


def _learned_again(symbols, merges, size):
    """The most frequent pairs of this very text, as many as there are merges."""
    symbols = symbols.tolist()
    for m in range(len(merges)):
        if len(symbols) < 2:
            break
        symbols = _replace(symbols, _most_frequent(symbols), size + m)
    return np.array(symbols, np.int64)


def as_pairs(function):
    return lambda symbols, pair, size, m: _replace(symbols, pair, function(size, m, pair))


WRONG = (
    WrongAnswer(
        "the last merge first",
        _merge_by(as_pairs(lambda size, m, pair: size + m), order=lambda i, count: count - 1 - i),
        "You begin with the last merge. Merges build on each other, and where two want the same symbol the earlier "
        "one has it: make them in the order of the table.",
    ),
    WrongAnswer(
        "only the first occurrence",
        _merge_by(_first_only),
        "You merge a pair once and go on to the next. A merge is for every place where the pair stands.",
    ),
    WrongAnswer(
        "from right to left",
        _merge_by(_from_the_right),
        "You go through the text from right to left. It matters where a symbol repeats: of three alike, the first two "
        "are merged.",
    ),
    WrongAnswer(
        "overlapping pairs",
        _merge_by(_overlapping),
        "Of three equal symbols you make two merged ones. The one in the middle is used up by the first merge and "
        "cannot serve a second time.",
    ),
    WrongAnswer(
        "second symbol kept",
        _merge_by(_second_kept),
        "The merged symbol takes the place of the first of the pair, and the second is still there. Both are used up.",
    ),
    WrongAnswer(
        "only even places",
        _merge_by(_even_places),
        "You cut the text into twos and look at those. A pair may begin at any place, odd ones included.",
    ),
    WrongAnswer(
        "last symbol lost",
        _merge_by(_last_lost),
        "A symbol at the very end is lost: the last one has no neighbour to the right, and still belongs to the text.",
    ),
    WrongAnswer(
        "either order",
        _merge_by(_either_order),
        "You merge a pair whichever of the two comes first. In a text “on” is not “no”.",
    ),
    WrongAnswer(
        "longest symbol first",
        _longest,
        "You take the longest symbol that fits, from left to right, as WordPiece does. Byte-pair encoding makes its "
        "merges in the order in which they were learned, and the longest need not come out.",
    ),
    WrongAnswer(
        "one walk through the text",
        _one_pass,
        "You go through the text once and never look at a merged symbol again. Merged symbols can be merged further: "
        "later merges are made of earlier ones.",
    ),
    WrongAnswer(
        "leftmost pair first",
        _leftmost,
        "You always merge the leftmost pair that is in the table. The order is by merge, not by place: the first merge "
        "goes through the whole text before the second begins.",
    ),
    WrongAnswer(
        "learned again",
        _learned_again,
        "You count pairs in this text and merge the most frequent ones. That is how merges are learned, on the "
        "training set; here they are given, and the text has no say in them.",
    ),
    WrongAnswer(
        "numbered from zero",
        _merge_by(as_pairs(lambda size, m, pair: m)),
        "Your merged symbols bear the numbers of letters. The numbers up to size − 1 are taken by the alphabet: which "
        "is the first free one?",
    ),
    WrongAnswer(
        "numbered from one",
        _merge_by(as_pairs(lambda size, m, pair: size + m + 1)),
        "Your new symbols are numbered one too high. The alphabet takes 0 to size − 1, so the first merge makes symbol "
        "`size` itself.",
    ),
)

QUESTION = Question(
    id="01-bpe",
    title="Cutting a text with learned merges",
    points=15,
    name="cut",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the symbols",),
    tolerance={"int64": 0.0},
)
