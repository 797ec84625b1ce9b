"""What may be said to an assistant, as a language model for the search of chapter 06: n-grams of words and of classes.

    model = ClassModel.of(requests, alphabet.encode, space)     # requests with words and tags
    prefix_beam_search(log_probs, 12, language_model=model, weight=WEIGHT, bonus=BONUS["en"])[0].labels

A model of letters that has read "how many cats" but never "how many dogs" prefers cats. So the names in a slot are a
class, and which name it is counts nothing: p(word | before) = p(class | classes before) · p(word | class) (Brown et al.
1992, "Class-based n-gram models of natural language", Computational Linguistics 18). A word in no slot is a
class of its own.

The search goes character by character. How probable the next one is follows from how probable everything is that
begins so: a sum over all words that the text may be in the middle of, and, in Chinese, which writes no spaces, over all
ways to cut it into words.
"""

import functools
import math
from collections import defaultdict

from mmcourse.speech.decoding import END, NGram

ORDER, WIDTH = 3, 12
WEIGHT, BONUS = 0.8, {"en": 1.5, "zh": 3.0}  # of the search; chosen on 60 validation recordings each
ODD = 1e-7  # the probability of a character that no known word explains


class ClassModel:
    """texts: tuples of (labels of a word, its class), labels as the recogniser numbers characters.
    space: the label behind each word, which the last one may lack; None in a language that has none.

    It has log_prob(label, labels before it), as `prefix_beam_search` asks for.
    """

    def __init__(self, texts, space=None, order=ORDER):
        words = defaultdict(set)  # {class: its words}
        for text in texts:
            for word, kind in text:
                words[kind].add(word)
        self.space, self.order, self.kinds = space, order, NGram([[kind for _, kind in text] for text in texts], order)
        self.shares = _shares(words)
        self.state = functools.lru_cache(100_000)(self._state)
        self.chance = functools.lru_cache(200_000)(lambda kind, before: math.exp(self.kinds.log_prob(kind, before)))
        self.begun = functools.lru_cache(200_000)(self._begun)

    @classmethod
    def of(cls, requests, encode, space=None, order=ORDER):
        """From requests with words and tags. encode: a word to labels.   space: of the alphabet."""
        behind = () if space is None else (space,)
        texts = {
            tuple(((*encode(word), *behind), word if tag == "O" else _kind(word, tag))
                  for word, tag in zip(request.words, request.tags, strict=True))
            for request in requests
        }  # fmt: skip
        return cls(sorted(texts), space, order)

    def log_prob(self, label, labels=()):
        """log p(label | labels before it), of a label or END."""
        labels = tuple(labels)
        before = self.state(labels)
        if label == END:  # only where all words are whole, the last without its space
            whole = self.space is None or labels[-1:] == (self.space,)
            ended = before if whole else self.state((*labels, self.space))
            after = sum(p * self.chance(END, kinds) for (kinds, part), p in ended.items() if not part)
        else:
            after = sum(self.state((*labels, label)).values())
        return math.log(max(after / sum(before.values()), ODD))

    def _state(self, labels):
        """{(classes before, beginning of a word): p}: how probable it is that a text begins with these labels, so cut.

        A word that is whole is a class more before, and the beginning ().
        """
        if not labels:
            return {((), ()): 1.0}
        found, earlier = defaultdict(float), self.state(labels[:-1])
        for (before, part), p in earlier.items():
            longer = (*part, labels[-1])
            goes_on, whole = self.begun(before, longer)
            share = p / self.begun(before, part)[0] if part else p
            if goes_on:
                found[before, longer] += share * goes_on
            for kind, q in whole:
                found[(*before, kind)[1 - self.order :], ()] += share * q
        if not found:  # nothing begins so: as if a word ended here, at a price
            (before, _), p = max(earlier.items(), key=lambda entry: entry[1])
            return {(before, ()): p * ODD}
        top = max(found.values())
        return {state: p for state, p in found.items() if p > 1e-6 * top}

    def _begun(self, before, beginning):
        """(how probable a word is that begins so and goes on, [(class, how probable the whole word is)])."""
        goes_on, whole = 0.0, []
        for kind, longer, ended in self.shares.get(beginning, ()):
            p = self.chance(kind, before)
            goes_on += p * longer
            if ended:
                whole.append((kind, p * ended))
        return goes_on, whole


def _shares(words):
    """{beginning: [(class, share of its words that begin so and go on, share that are whole)]}."""
    found = defaultdict(list)
    for kind, few in words.items():
        longer, ended = defaultdict(int), dict.fromkeys(few, 1)
        for word in few:
            for n in range(1, len(word)):
                longer[word[:n]] += 1
        for beginning in {**longer, **ended}:
            found[beginning].append((kind, longer[beginning] / len(few), ended.get(beginning, 0) / len(few)))
    return dict(found)


def _kind(word, tag):
    """The class of a word in a slot; one and many apart."""
    return f"{tag} {'s' if word.endswith('s') else ''}"
