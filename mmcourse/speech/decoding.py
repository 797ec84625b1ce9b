"""From the log-probabilities of a network to what was said: the best path, the best text, and with a language model.

    collapse([0, 2, 2, 0, 2, 1])                          # [2, 2, 1]: equal neighbours once, then no blanks
    greedy_decode(log_probs, lengths)                     # the best class of every frame, collapsed
    prefix_beam_search(log_probs[:, b], width=8)          # texts by the sum over their paths, best first
    model = NGram(map(alphabet.encode, texts), order=4, vocabulary=range(1, C))
    prefix_beam_search(log_probs[:, b], width=8, language_model=model, weight=0.5, bonus=1.0)

T frames, B examples, C classes, as in `ctc`. Labels are the numbers of classes; words and letters come from outside.
"""

import heapq
import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import NamedTuple

import numpy as np

BEGIN, END, UNKNOWN = "<begin>", "<end>", "<unknown>"
_NEVER = -math.inf


class Labelling(NamedTuple):
    """labels: a tuple.   log_prob: of its paths, those that the beam kept.   score: with language model and bonus."""

    labels: tuple
    log_prob: float
    score: float


def collapse(path, blank=0):
    """The labels that a path writes: equal neighbours count once, then the blanks fall out. A list of int."""
    path = [int(c) for c in path]
    return [c for before, c in pairwise([blank, *path]) if c not in (before, blank)]


def greedy_decode(log_probs, lengths, blank=0):
    """What the likeliest path writes, for each example a list of labels. It need not be the likeliest text.

    log_probs (T, B, C).   lengths (B,): frames that count. Of equally likely classes the first.
    """
    log_probs = np.asarray(log_probs)
    if log_probs.ndim != 3 or np.shape(lengths) != (log_probs.shape[1],):
        raise ValueError(
            f"greedy_decode: expected log_probs (T, B, C) and B lengths, came {log_probs.shape} and "
            f"{np.shape(lengths)}. Try: collapse(log_probs.argmax(-1)) for a single example (T, C)"
        )
    examples = [log_probs[:length, b] for b, length in enumerate(lengths)]
    for example in examples:
        _check("greedy_decode", example, blank)
    return [collapse(example.argmax(-1), blank) for example in examples]


def prefix_beam_search(log_probs, width, blank=0, language_model=None, weight=1.0, bonus=0.0, floor=1e-4):
    """The best texts of one example, at most `width`, best first, as a list of `Labelling`.

    log_probs (T, C). Each text collects all its paths: those that end in a blank apart from those that end in its last
    label, since only after a blank the same label counts anew (Hannun et al. 2014, arXiv:1408.2873, algorithm 1).
    score = log_prob + weight · log p(labels, end | language_model) + bonus · number of labels, without a language model
    log_prob + bonus · number. language_model: anything with log_prob(label, labels before it), also asked for END.
    Labels less likely than floor are not tried at that frame. With floor 0 and a beam that holds every text the answer
    is exact; else a text that left the beam lost its paths. Of equal scores the smaller labels come first.
    """
    log_probs = np.asarray(log_probs)
    _check("prefix_beam_search", log_probs, blank)
    if width < 1:
        raise ValueError(f"prefix_beam_search: expected width >= 1, came {width}")
    least = math.log(floor) if floor > 0 else _NEVER
    told = {(): 0.0}  # what the language model and the bonus say of each text so far

    def score(text, paths):
        if text not in told:
            said = weight * language_model.log_prob(text[-1], text[:-1]) if language_model else 0.0
            told[text] = told[text[:-1]] + said + bonus
        return _log_add(*paths) + told[text]

    beam = {(): (0.0, _NEVER)}
    for frame in log_probs.tolist():
        heard = [c for c, p in enumerate(frame) if p >= least and c != blank]
        scored = [
            (-score(text, paths), text, paths) for text, paths in _one_frame_on(beam, frame, heard, blank).items()
        ]
        beam = {text: paths for cost, text, paths in heapq.nsmallest(width, scored) if cost < math.inf}
    found = []
    for text, paths in beam.items():
        end = weight * language_model.log_prob(END, text) if language_model else 0.0
        found.append(Labelling(text, _log_add(*paths), score(text, paths) + end))
    return sorted(found, key=lambda f: (-f.score, f.labels))


class NGram:
    """How likely is each token after those before it: NGram(texts, order=3).log_prob("t", "the ca").

    texts: sequences of tokens to learn from: strings for letters, lists of words, lists of labels. Counts are
    interpolated down to the uniform distribution, each context weighed against the shorter one by how many different
    tokens followed it (Witten & Bell 1991, "The zero-frequency problem", IEEE Trans. Inf. Theory 37):

        p(token | context) = (count + kinds · p(token | shorter context)) / (total + kinds)

    Over the vocabulary (the tokens of the texts, unless told otherwise) and END the probabilities sum to one. Tokens
    outside are an error, or count as UNKNOWN where the vocabulary holds that.
    """

    def __init__(self, texts, order=3, vocabulary=None):
        texts = [tuple(text) for text in texts]
        if order < 1 or not texts:
            raise ValueError(f"NGram: expected order >= 1 and at least one text, came {order} and {len(texts)} texts")
        tokens = {token for text in texts for token in text} if vocabulary is None else vocabulary
        self.order, self.vocabulary = order, frozenset(tokens)
        self._counts = defaultdict(Counter)
        for text in texts:
            tokens = (*self._start(), *map(self._known, text), END)
            for i in range(order - 1, len(tokens)):
                for n in range(order):
                    self._counts[tokens[i - n : i]][tokens[i]] += 1

    def log_prob(self, token, history=()):
        """log p(token | history), of a token of the vocabulary or END; history: all tokens since the beginning."""
        token = token if token == END else self._known(token)
        context = (*self._start(), *map(self._known, history))
        p = 1 / (len(self.vocabulary) + 1)
        for n in range(self.order):
            seen = self._counts.get(context[len(context) - n :])
            if seen:
                p = (seen[token] + len(seen) * p) / (seen.total() + len(seen))
        return math.log(p)

    def perplexity(self, texts):
        """exp of the mean -log p of all tokens and ends: as hard as to guess among so many equally likely ones."""
        texts = [tuple(text) for text in texts]
        log_probs = [self.log_prob(token, text[:i]) for text in texts for i, token in enumerate((*text, END))]
        return math.exp(-math.fsum(log_probs) / len(log_probs))

    def _start(self):
        return (BEGIN,) * (self.order - 1)

    def _known(self, token):
        if token in self.vocabulary:
            return token
        if UNKNOWN in self.vocabulary:
            return UNKNOWN
        raise ValueError(f"NGram: {token!r} is not in the vocabulary. Try: vocabulary=[*tokens, UNKNOWN]")


class WordByWord:
    """An `NGram` of words, each a tuple of labels, for a search that goes label by label.

    A word counts when the space behind it, or the end, is heard; several spaces are one. space: its label.
    """

    def __init__(self, ngram, space):
        self.ngram, self.space = ngram, space

    def log_prob(self, label, labels):
        if label not in (self.space, END):
            return 0.0
        *before, last = self.words(labels)
        before = [word for word in before if word]
        told = self.ngram.log_prob(last, before) if last else 0.0
        if label == END:
            told += self.ngram.log_prob(END, [*before, last] if last else before)
        return told

    def words(self, labels):
        """Labels cut at the spaces, tuples; the last one is unfinished, and empty right behind a space."""
        cuts = [-1, *(i for i, label in enumerate(labels) if label == self.space), len(labels)]
        return [tuple(labels[a + 1 : b]) for a, b in pairwise(cuts)]


def _one_frame_on(beam, frame, heard, blank):
    """All continuations: {text: (log-probability of its paths that end in a blank, of those that end in its label)}."""
    grown = defaultdict(lambda: [_NEVER, _NEVER])
    for text, (after_blank, after_label) in beam.items():
        either = _log_add(after_blank, after_label)
        grown[text][0] = either + frame[blank]
        if text:
            grown[text][1] = _log_add(grown[text][1], after_label + frame[text[-1]])
        for c in heard:
            before = after_blank if text and c == text[-1] else either
            longer = grown[(*text, c)]
            longer[1] = _log_add(longer[1], before + frame[c])
    return grown


def _log_add(a, b):
    """log(e^a + e^b)."""
    low, high = sorted((a, b))
    return high if low == _NEVER else high + math.log1p(math.exp(low - high))


def _check(name, log_probs, blank):
    if log_probs.ndim != 2 or 0 in log_probs.shape:
        raise ValueError(f"{name}: expected log_probs (T frames, C classes), none of them 0, came {log_probs.shape}")
    if not 0 <= blank < log_probs.shape[1]:
        raise ValueError(f"{name}: expected a blank from 0 to {log_probs.shape[1] - 1}, came {blank}")
    if np.isnan(log_probs).any() or log_probs.max() > 1e-3:  # above rounding
        raise ValueError(f"{name}: expected log-probabilities, <= 0, came {log_probs.max():.3g}. Try: log_softmax")
