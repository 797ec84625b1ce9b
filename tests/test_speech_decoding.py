"""Decoding against all paths written down, by hand, and the probabilities of the language model summed up."""

import itertools
import math
import time

import numpy as np
import pytest
from test_ctc import all_paths, log_softmax

from mmcourse.speech.decoding import (
    END,
    UNKNOWN,
    NGram,
    WordByWord,
    collapse,
    greedy_decode,
    prefix_beam_search,
)

TEXTS = ["a cat", "a cow", "the cat", "a cat on the cow", ""]


def frames(seed, T=5, C=3, spread=2.0):
    return log_softmax(spread * np.random.default_rng(seed).standard_normal((T, C)))


def rows(*probabilities):
    return np.log(np.array(probabilities))


# ---- greedy


@pytest.mark.parametrize(
    ("path", "blank", "labels"),
    [
        ([0, 2, 2, 0, 2, 1], 0, [2, 2, 1]),
        ([1, 1, 1], 0, [1]),
        ([0, 0], 0, []),
        ([], 0, []),
        ([0, 2, 2, 0, 1], 2, [0, 0, 1]),
    ],
)
def test_a_path_collapses(path, blank, labels):
    assert collapse(np.array(path, int), blank) == labels


def test_greedy_by_hand():
    """Two clips, the second three frames short; behind its end stands what must not be read."""
    path = np.array([[0, 1], [2, 1], [2, 0], [0, 2], [2, 2]])  # (T, B)
    log_probs = log_softmax(5.0 * np.eye(3)[path])
    assert greedy_decode(log_probs, [5, 2]) == [[2, 2], [1]]
    assert greedy_decode(log_probs, [5, 5], blank=2) == [[0, 0], [1, 0]]
    log_probs[2:, 1] = np.nan
    assert greedy_decode(log_probs, np.array([4, 2])) == [[2], [1]]


def test_the_best_path_need_not_be_the_best_text():
    """Blank twice has 0.36, but three paths write "a": 0.24 + 0.24 + 0.16."""
    log_probs = rows([0.6, 0.4], [0.6, 0.4])
    assert greedy_decode(log_probs[:, None], [2]) == [[]]
    best, other = prefix_beam_search(log_probs, 2)
    assert (best.labels, other.labels) == ((1,), ())
    np.testing.assert_allclose([best.log_prob, other.log_prob, best.score], np.log([0.64, 0.36, 0.64]))


# ---- the beam


@pytest.mark.parametrize(
    ("seed", "T", "C", "blank"), [(0, 5, 3, 0), (1, 5, 3, 1), (2, 4, 4, 3), (3, 7, 2, 0), (4, 1, 5, 2)]
)
def test_a_beam_that_holds_everything_is_exact(seed, T, C, blank):
    log_probs = frames(seed, T, C)
    exact = {text: np.log(sum(paths.values())) for text, paths in all_paths(log_probs, blank).items()}
    found = prefix_beam_search(log_probs, 10**4, blank, floor=0)
    assert [f.labels for f in found] == sorted(exact, key=exact.get, reverse=True)
    np.testing.assert_allclose([f.log_prob for f in found], [exact[f.labels] for f in found], rtol=1e-10)
    assert [f.score for f in found] == [f.log_prob for f in found]


@pytest.mark.parametrize("seed", range(10))
def test_a_narrow_beam_finds_no_more_than_there_is(seed):
    log_probs = frames(seed, 6, 3, spread=1.0)
    exact = {text: np.log(sum(paths.values())) for text, paths in all_paths(log_probs).items()}
    found = prefix_beam_search(log_probs, 3)
    assert len(found) == 3
    assert [f.log_prob for f in found] == sorted((f.log_prob for f in found), reverse=True)
    assert all(f.log_prob <= exact[f.labels] + 1e-12 for f in found)
    assert found[0].labels in sorted(exact, key=exact.get, reverse=True)[:2]


def test_a_beam_of_one_is_not_greedy_but_near():
    assert prefix_beam_search(rows([0.6, 0.4], [0.6, 0.4]), 1)[0].labels == ()  # "a" lost the first frame


def test_the_floor_spares_what_is_unlikely():
    log_probs = rows([0.5, 0.49, 0.01], [0.3, 0.3, 0.4])
    texts = {f.labels for f in prefix_beam_search(log_probs, 99, floor=0.05)}
    assert texts == {(), (1,), (2,), (1, 2)}
    assert (2, 1) in {f.labels for f in prefix_beam_search(log_probs, 99, floor=0.01)}


def test_equal_scores_are_ordered_by_their_labels():
    flat = np.log(np.full((1, 4), 1 / 4))
    assert [f.labels for f in prefix_beam_search(flat, 3)] == [(), (1,), (2,)]


def test_what_is_impossible_is_not_found():
    with np.errstate(divide="ignore"):
        log_probs = rows([0.5, 0.5, 0.0], [0.0, 1.0, 0.0])
    assert [f.labels for f in prefix_beam_search(log_probs, 9, floor=0)] == [(1,)]


class Dislike:
    """A language model to see through: label 1 has probability 1/4, label 2 has 1/2, any end 1/8."""

    def log_prob(self, label, labels):
        assert isinstance(labels, tuple)
        return math.log({1: 1 / 4, 2: 1 / 2, END: 1 / 8}[label])


def test_language_model_and_bonus_add_up():
    log_probs = frames(0)
    exact = {text: np.log(sum(paths.values())) for text, paths in all_paths(log_probs).items()}
    found = prefix_beam_search(log_probs, 999, language_model=Dislike(), weight=0.7, bonus=0.3, floor=0)
    assert len(found) == len(exact)
    for f in found:
        told = math.log(1 / 8) + sum(math.log({1: 1 / 4, 2: 1 / 2}[c]) for c in f.labels)
        assert f.score == pytest.approx(exact[f.labels] + 0.7 * told + 0.3 * len(f.labels), rel=1e-10)
        assert f.log_prob == pytest.approx(exact[f.labels], rel=1e-10)
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)


def test_a_bonus_alone_makes_longer_texts():
    log_probs = frames(3)
    short, long = (len(prefix_beam_search(log_probs, 99, bonus=b)[0].labels) for b in (-5, 5))
    assert short < long


def test_letters_that_follow_each_other_win():
    """The second letter is heard as t or p alike; after "ca" only one of them was ever read."""
    letters = "_acpt"
    model = NGram(["cat", "cat", "pat"], order=3, vocabulary=letters[1:])
    heard = rows([0.01, 0.01, 0.96, 0.01, 0.01], [0.01, 0.96, 0.01, 0.01, 0.01], [0.01, 0.01, 0.01, 0.5, 0.47])

    class Spelled:
        def log_prob(self, label, labels):
            return model.log_prob(label if label == END else letters[label], "".join(letters[c] for c in labels))

    read = [
        "".join(letters[c] for c in prefix_beam_search(heard, 8, language_model=m)[0].labels) for m in (None, Spelled())
    ]
    assert read == ["cap", "cat"]


def test_a_sentence_is_decoded_at_once():
    log_probs = frames(0, 150, 40, spread=4.0)
    model = NGram([np.random.default_rng(1).integers(1, 40, 30).tolist() for _ in range(50)], 4, range(1, 40))
    start = time.process_time()
    prefix_beam_search(log_probs, 8, language_model=model)
    assert time.process_time() - start < 1  # about 0.15 on the machine it was written on


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: prefix_beam_search(frames(0)[:, None], 3),
            r"prefix_beam_search: expected log_probs \(T frames, C classes\)",
        ),
        (lambda: prefix_beam_search(np.ones((5, 3)), 3), r"<= 0, came 1\. Try: log_softmax"),
        (lambda: prefix_beam_search(np.full((5, 3), np.nan), 3), "<= 0, came nan"),
        (lambda: prefix_beam_search(np.zeros((0, 3)), 3), r"none of them 0, came \(0, 3\)"),
        (lambda: prefix_beam_search(frames(0), 0), "expected width >= 1, came 0"),
        (lambda: prefix_beam_search(frames(0), 3, blank=3), "expected a blank from 0 to 2, came 3"),
        (
            lambda: greedy_decode(frames(0), [5]),
            r"greedy_decode: expected log_probs \(T, B, C\) and B lengths, came \(5, 3\)",
        ),
        (lambda: greedy_decode(frames(0)[:, None], [5, 4]), r"came \(5, 1, 3\) and \(2,\)"),
        (lambda: greedy_decode(-frames(0)[:, None], [5]), "greedy_decode: expected log-probabilities"),
        (lambda: NGram(["a"], order=0), "NGram: expected order >= 1 and at least one text, came 0 and 1 texts"),
        (lambda: NGram([]), "came 3 and 0 texts"),
        (
            lambda: NGram(["a"]).log_prob("b"),
            r"NGram: 'b' is not in the vocabulary\. Try: vocabulary=\[\*tokens, UNKNOWN\]",
        ),
        (lambda: NGram(["ab"], vocabulary="a"), "'b' is not in the vocabulary"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- the language model


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("of", [list, str.split])
def test_probabilities_sum_to_one(order, of):
    """After what was read, and after what never was, for letters and for words."""
    model = NGram(
        map(of, TEXTS), order, vocabulary=[*"abcdefghijklmnopqrstuvwxyz ", "cat", "cow", "the", "on", UNKNOWN]
    )
    for history in ("", "a", "a c", "zzz", "the cat", "a cat on the cow"):
        total = math.fsum(math.exp(model.log_prob(token, of(history))) for token in [*model.vocabulary, END])
        assert total == pytest.approx(1, rel=1e-12)


def test_an_n_gram_by_hand():
    """Texts ab, b: a, b, b and two ends are 5 tokens of 3 kinds; the vocabulary a, b, c and the end are 4."""
    model = NGram(["ab", "b"], order=2, vocabulary="abc")
    b = (2 + 3 * 1 / 4) / (5 + 3)
    assert math.exp(model.log_prob("b", "c")) == pytest.approx(b)  # nothing ever followed c
    assert math.exp(model.log_prob("c", "c")) == pytest.approx(3 / 4 / 8)
    assert math.exp(model.log_prob("b", "a")) == pytest.approx((1 + 1 * b) / 2)  # one kind followed a, once
    assert math.exp(model.log_prob("b")) == pytest.approx((1 + 2 * b) / 4)  # a and b began, once each
    assert math.exp(model.log_prob(END, "ab")) == pytest.approx((2 + 1 * b) / 3)  # b ended twice
    assert model.log_prob("b", "ccca") == model.log_prob("b", "a")


def test_perplexity_by_hand():
    """Without anything to learn from but one empty text, an order of 1: the end has (1 + 1/3) / 2, a letter 1/6."""
    model = NGram([""], order=1, vocabulary="ab")
    assert model.perplexity(["ab", ""]) == pytest.approx((6 * 6 * (3 / 2) ** 2) ** (1 / 4))


def test_more_context_tells_more():
    texts = ["the cat sat on the mat", "the dog sat on the log"] * 3
    guesses = [NGram(texts, order).perplexity(texts) for order in (1, 2, 3, 4)]
    assert all(more < less for less, more in itertools.pairwise(guesses))


def test_unknown_words_share_one_place():
    model = NGram([["a", "cat"], ["a", "cow"]], 2, vocabulary=["a", "cat", UNKNOWN])
    assert model.log_prob("zebra", ["a"]) == model.log_prob("cow", ["a"]) == model.log_prob(UNKNOWN, ["a"])
    assert model.log_prob("cat", ["zebra"]) == model.log_prob("cat", ["cow"])


def spell(word):
    return tuple(" abcdefghijklmnopqrstuvwxyz".index(c) + 1 for c in word)  # 1 is the space


def test_words_count_when_they_are_complete():
    words = NGram(
        [[spell(w) for w in t.split()] for t in TEXTS], 2, vocabulary=map(spell, ("a", "cat", "cow", "the", "on"))
    )
    model = WordByWord(words, space=1)
    a, cat = spell("a"), spell("cat")
    assert model.log_prob(spell("t")[0], spell("a ca")) == 0
    assert model.log_prob(1, spell("a")) == words.log_prob(a)
    assert model.log_prob(1, spell("a  cat")) == words.log_prob(cat, [a])
    assert model.log_prob(1, spell("a ")) == 0
    assert model.log_prob(END, spell("a cat")) == words.log_prob(cat, [a]) + words.log_prob(END, [a, cat])
    assert model.log_prob(END, spell("a cat ")) == words.log_prob(END, [a, cat])
    assert model.log_prob(END, ()) == words.log_prob(END, ())


def test_a_text_word_by_word_is_as_likely_as_its_words():
    words = NGram(
        [[spell(w) for w in t.split()] for t in TEXTS], 3, vocabulary=[*map(spell, ("a", "cat", "cow")), UNKNOWN]
    )
    model, labels = WordByWord(words, space=1), spell("a cat cow zz a")
    told = [model.log_prob(label, labels[:i]) for i, label in enumerate((*labels, END))]
    whole = [spell(w) for w in ("a", "cat", "cow", "zz", "a")]
    assert sum(told) == pytest.approx(sum(words.log_prob(w, whole[:i]) for i, w in enumerate((*whole, END))))
