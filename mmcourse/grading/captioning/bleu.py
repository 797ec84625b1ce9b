"""05-bleu: BLEU of single sentences, weighted and smoothed.

Papineni et al. 2002 (P02-1040, section 2.3: clipped precision p_n, weights w_n, brevity penalty), with 1 added to hits
and totals for n > 1, as Lin & Och 2004 (C04-1072) do for single sentences. The reference length is the closest one, of
two equally close the shorter, as in the evaluation of COCO captions.
"""

from collections import Counter

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(hypotheses, references, weights):
    return _with()(hypotheses, references, weights)


def _ngrams(tokens, n):
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _largest(counts):
    allowed = Counter()
    for other in counts:
        allowed |= other
    return allowed


def _hits(found, counts):
    return (found & _largest(counts)).total()


def _total(found, counts):
    return found.total()


def _smooth(hits, total, n):
    return (hits + (n > 1)) / (total + (n > 1))


def _closest(lengths, own):
    return min((abs(length - own), length) for length in lengths)[1]


def _brevity(own, other):
    return min(1.0, np.exp(1 - other / own))


def _weighted(precisions, weights):
    return float(np.exp(weights @ np.log(precisions)))


def _with(hits=_hits, total=_total, smooth=_smooth, closest=_closest, brevity=_brevity, mean=_weighted, ngrams=_ngrams):
    """BLEU of each sentence with other counts, precisions, lengths or means."""

    def bleu(hypotheses, references, weights):
        scores = []
        for hypothesis, others in zip(hypotheses, references, strict=True):
            words, others = hypothesis.tolist(), [other.tolist() for other in others]
            precisions = []
            for n in range(1, len(weights) + 1):
                found, counts = ngrams(words, n), [ngrams(other, n) for other in others]
                total_n = total(found, counts)
                precisions.append(smooth(hits(found, counts), total_n, n) if total_n or n > 1 else 0.0)
            if not words or not precisions[0]:
                scores.append(0.0)
                continue
            shorter = brevity(len(words), closest([len(other) for other in others], len(words)))
            scores.append(shorter * mean(np.array(precisions), weights.astype(float)))
        return np.array(scores, weights.dtype)

    return bleu


def draw(rng):
    yield _case(rng, "7 captions, 3 references each", 7, 3, 2)
    yield _case(rng, "3 captions, weights that differ", 3, 5, 4)
    yield _case(rng, "two references, one word shorter and one word longer", 5, lengths=(11, (10, 12)), N=3)
    yield _case(rng, "references of very different lengths", 5, lengths=(11, (5, 13, 17)), N=2)
    yield _case(rng, "a word again and again", 3, words=lambda rng: np.array([3] * 5 + [4, 3]), N=2)
    yield _case(rng, "shorter than the longest n-gram", 3, 2, 5, lengths=(3, (4, 2)))
    yield _case(rng, "much too short", 3, lengths=(3, (11, 7)), N=2)
    yield _case(rng, "much too long", 3, lengths=(13, (5, 7)), N=2)
    yield _case(rng, "one reference", 5, 1, 4)
    yield _case(rng, "no word in common, and an empty caption", 3, strange=True, N=2)
    yield _case(rng, "words alone", 5, 3, 1)
    yield _case(rng, "float32 weights", 5, 3, 3, dtype=np.float32)


def _case(rng, name, S, R=2, N=4, lengths=None, words=None, strange=False, dtype=np.float64):
    """S hypotheses with R references each, which are shuffled, shortened copies of it with some words exchanged."""
    hypotheses, references = [], []
    for _ in range(S):
        own, theirs = lengths or (int(rng.integers(6, 14)), tuple(rng.integers(5, 16, R)))
        hypothesis = rng.integers(3, 9, own) if words is None else words(rng)
        hypotheses.append(hypothesis)
        references.append(tuple(_like(rng, hypothesis, int(length)) for length in theirs))
    if strange:
        references[0] = tuple(x + 9 for x in references[0])
        hypotheses[-1] = hypotheses[-1][:0]
    w = rng.uniform(0.5, 2, N)
    return Case(name, (tuple(hypotheses), tuple(references), (w / w.sum()).astype(dtype)))


def _like(rng, words, length):
    start = int(rng.integers(0, max(len(words) - length, 0) + 1))
    other = np.concatenate([words[start : start + length], rng.integers(3, 9, length)])[:length]
    changed = rng.random(length) < 0.2
    return np.where(changed, rng.integers(3, 9, length), other)


def _sets(tokens, n):
    return Counter(set(_ngrams(tokens, n)))


def _unclipped(found, counts):
    allowed = _largest(counts)
    return sum(k for gram, k in found.items() if gram in allowed)


def _clipped_by_sum(found, counts):
    return (found & sum(counts, Counter())).total()


def _clipped_by_first(found, counts):
    return (found & counts[0]).total()


def _best_reference(found, counts):
    return max((found & other).total() for other in counts)


def _in_all(found, counts):
    return sum(min(k, *(other[gram] for other in counts)) for gram, k in found.items())


def _recall_total(found, counts):
    return max(1, round(sum(other.total() for other in counts) / len(counts)))


def _longer_of_two(lengths, own):
    return min((abs(length - own), -length) for length in lengths)[1] * -1


WRONG = (
    WrongAnswer(
        "not clipped",
        _with(hits=_unclipped),
        "A word counts as often as you repeat it. It is clipped: it counts at most as often as one of the references "
        "has it.",
    ),
    WrongAnswer(
        "clipped by the sum",
        _with(hits=_clipped_by_sum),
        "You add up what the references hold and clip by that. An n-gram counts at most as often as it stands in the "
        "one reference that has it most often.",
    ),
    WrongAnswer(
        "only the first reference",
        _with(hits=_clipped_by_first),
        "Your hits look at the first reference only. Each n-gram may be found in any of them.",
    ),
    WrongAnswer(
        "one reference for all n-grams",
        _with(hits=_best_reference),
        "You choose the reference that shares most, and count hits there. Every n-gram may find its hits in another "
        "reference.",
    ),
    WrongAnswer(
        "in every reference",
        _with(hits=_in_all),
        "Your n-grams have to stand in every reference. One that has it is enough.",
    ),
    WrongAnswer(
        "each kind of n-gram once",
        _with(ngrams=_sets),
        "You count every kind of n-gram once, as a set does. Those that stand there twice count twice.",
    ),
    WrongAnswer(
        "recall",
        _with(total=_recall_total),
        "You divide by the references' n-grams, which is recall. BLEU divides by the caption's own; the brevity "
        "penalty stands for recall.",
    ),
    WrongAnswer(
        "not smoothed",
        _with(smooth=lambda hits, total, n: hits / max(total, 1)),
        "You do not smooth. For n > 1 one is added to hits and to totals, so that a single sentence without a common "
        "pair is not worth nothing.",
    ),
    WrongAnswer(
        "single words smoothed too",
        _with(smooth=lambda hits, total, n: (hits + 1) / (total + 1)),
        "You add one for single words as well. A caption that has no word in common with its references is worth 0: "
        "smoothing begins at n = 2.",
    ),
    WrongAnswer(
        "hits smoothed, totals not",
        _with(smooth=lambda hits, total, n: (hits + (n > 1)) / max(total, 1)),
        "You add one to the hits and not to the totals, so that a perfect caption gets more than 1.",
    ),
    WrongAnswer(
        "no brevity penalty",
        _with(brevity=lambda own, other: 1.0),
        "There is no brevity penalty: a caption of a single right word would get full marks for precision.",
    ),
    WrongAnswer(
        "long captions punished too",
        _with(brevity=lambda own, other: np.exp(1 - other / own)),
        "Your penalty grows above 1 for long captions. At or above the reference length it is 1: their precision "
        "already suffers.",
    ),
    WrongAnswer(
        "lengths exchanged in the penalty",
        _with(brevity=lambda own, other: min(1.0, np.exp(1 - own / other))),
        "The two lengths of the penalty have changed places: yours punishes long captions.",
    ),
    WrongAnswer(
        "ratio of lengths",
        _with(brevity=lambda own, other: min(1.0, own / other)),
        "Your penalty is the ratio of the lengths. It is asked as an exponential, which falls faster.",
    ),
    WrongAnswer(
        "shortest reference",
        _with(closest=lambda lengths, own: min(lengths)),
        "You compare with the shortest reference. Asked is the one whose length is closest to the caption's.",
    ),
    WrongAnswer(
        "longest reference",
        _with(closest=lambda lengths, own: max(lengths)),
        "You compare with the longest reference. Asked is the one whose length is closest to the caption's.",
    ),
    WrongAnswer(
        "mean reference length",
        _with(closest=lambda lengths, own: sum(lengths) / len(lengths)),
        "You compare with the mean length of the references. Asked is the length closest to the caption's.",
    ),
    WrongAnswer(
        "of two equally close the longer",
        _with(closest=_longer_of_two),
        "Where two references are equally close in length you take the longer. The shorter one counts, so that the "
        "penalty is mild.",
    ),
    WrongAnswer(
        "weights ignored",
        _with(mean=lambda p, w: float(np.exp(np.log(p).mean()))),
        "You give every n the same weight. `weights` says how much each counts.",
    ),
    WrongAnswer(
        "weighted sum",
        _with(mean=lambda p, w: float(w @ p)),
        "You take the weighted sum of the precisions. BLEU takes their weighted geometric mean: a sum of logarithms, "
        "and then exp.",
    ),
    WrongAnswer(
        "weights from the longest n",
        _with(mean=lambda p, w: float(np.exp(w[::-1] @ np.log(p)))),
        "The weights are in reverse: weights[0] belongs to single words.",
    ),
)

QUESTION = Question(
    id="05-bleu",
    title="BLEU for a single sentence",
    points=15,
    name="smoothed_bleu",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the scores",),
)
