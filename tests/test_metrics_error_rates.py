"""Error rates against jiwer, and edits against every way of editing."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcourse import metrics
from mmcourse.metrics import character_error_rate, edit_distance, error_counts, word_error_rate
from mmcourse.text.tokens import characters

few_words = st.lists(st.sampled_from("abcd"), max_size=8)


def every_alignment(a, b):
    """The best of all (edits, substitutions, deletions, insertions), in that order."""

    @functools.cache
    def best(i, j):
        ways = [(0, 0, 0, 0)] if i == j == 0 else []
        if i:
            ways.append(tuple(np.add(best(i - 1, j), (1, 0, 1, 0))))
        if j:
            ways.append(tuple(np.add(best(i, j - 1), (1, 0, 0, 1))))
        if i and j:
            other = int(a[i - 1] != b[j - 1])
            ways.append(tuple(np.add(best(i - 1, j - 1), (other, other, 0, 0))))
        return min(ways)

    return best(len(a), len(b))[1:]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "edits"),
    [
        ("kitten", "sitting", (2, 0, 1)),
        ("ab", "bc", (0, 1, 1)),  # and not two substitutions
        ("abc", "axc", (1, 0, 0)),
        ("abc", "ac", (0, 1, 0)),
        ("ac", "abc", (0, 0, 1)),
        ("", "abc", (0, 0, 3)),
        ("abc", "", (0, 3, 0)),
        ("", "", (0, 0, 0)),
        (["two", "cats"], ("two", "big", "cat"), (1, 0, 1)),
        ([3, 1, 4], np.array([3, 4]), (0, 1, 0)),
    ],
)
def test_edits_by_hand(reference, hypothesis, edits):
    found = edit_distance(reference, hypothesis)
    assert found == edits
    assert found == (found.substitutions, found.deletions, found.insertions)


@given(few_words, few_words)
def test_edits_are_the_best_of_all_alignments(a, b):
    assert edit_distance(a, b) == every_alignment(a, b)


@given(few_words, few_words)
def test_the_other_way_round_deletions_are_insertions(a, b):
    there, back = edit_distance(a, b), edit_distance(b, a)
    assert there == (back.substitutions, back.insertions, back.deletions)


def corpus(seed, utterances=23):
    """References, and hypotheses that misheard some of their words; one of them nothing at all."""
    rng = np.random.default_rng(seed)
    words = np.array(["two", "small", "cats", "on", "the", "grass", "a", "cow"])
    references, hypotheses = [], []
    for _ in range(utterances):
        said = rng.choice(words, rng.integers(1, 9))
        heard = np.where(rng.random(len(said)) < 0.7, said, rng.choice(words, len(said)))
        heard = [*heard[rng.random(len(said)) < 0.9], *rng.choice(words, rng.integers(0, 3))]
        references.append(" ".join(said))
        hypotheses.append(" ".join(heard))
    return references, [*hypotheses[:-1], ""]


@pytest.mark.parametrize("seed", range(3))
def test_rates_are_those_of_jiwer(seed):
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = corpus(seed)
    words, letters = word_error_rate(references, hypotheses), character_error_rate(references, hypotheses)
    assert 0.2 < words != letters
    assert words == pytest.approx(jiwer.wer(references, hypotheses), rel=1e-12)
    assert letters == pytest.approx(jiwer.cer(references, hypotheses), rel=1e-12)


def test_counts_are_those_of_jiwer():
    """Utterance by utterance, as long as jiwer, which has another rule, settles ties alike: the edits always are."""
    jiwer = pytest.importorskip("jiwer")
    references, hypotheses = corpus(0)
    for row, reference, hypothesis in zip(error_counts(references, hypotheses), references, hypotheses, strict=True):
        theirs = jiwer.process_words(reference, hypothesis)
        assert row[:3].sum() == theirs.substitutions + theirs.deletions + theirs.insertions
        assert row[1] - row[2] == theirs.deletions - theirs.insertions
        assert row[3] == len(reference.split())


def test_rates_by_hand():
    """One of four words, and none of one: 1/5, where the mean of the rates would be 1/8. More than was said: 3/1."""
    assert word_error_rate(["two small cats here", "a"], ["two small cows here", "a"]) == 1 / 5
    assert word_error_rate(["a"], ["on the grass here"]) == 4 / 1
    assert character_error_rate(["a cat"], ["a cart"]) == 1 / 5
    assert character_error_rate(["a cat"], ["acat"]) == 1 / 5  # the blank is a character
    assert character_error_rate([" a cat "], ["a cat"]) == 0
    assert word_error_rate(["", "a b"], ["x", "a b"]) == 1 / 2


def test_counts_add_up():
    references, hypotheses = corpus(1)
    counts, rows = error_counts(references, hypotheses), [3, 3, 8, 0]
    again = word_error_rate([references[i] for i in rows], [hypotheses[i] for i in rows])
    assert metrics.rate_of_counts(counts[rows]) == again != word_error_rate(references, hypotheses)
    low, high = metrics.bootstrap_interval(counts, metrics.rate_of_counts, rng=np.random.default_rng(0), resamples=200)
    assert 0 < low < word_error_rate(references, hypotheses) < high


def test_chinese():
    said, heard = "草地上有两只小猫", "草地上有三只小猫"
    assert character_error_rate([said], [heard]) == word_error_rate([characters(said)], [characters(heard)]) == 1 / 8
    with pytest.raises(ValueError, match="reference 0 is '草地上有两只小猫', Chinese without blanks"):
        word_error_rate([said], [heard])


@pytest.mark.parametrize("rate", [word_error_rate, character_error_rate])
@pytest.mark.parametrize(
    ("references", "hypotheses", "error", "message"),
    [
        ([], [], ValueError, "at least one, came 0 and 0"),
        (["a"], ["a", "b"], ValueError, "as many references as hypotheses, at least one, came 1 and 2"),
        ("a", ["a"], TypeError, r"expected lists of texts, came a string\. Try: a list around it"),
        (["a"], "a", TypeError, "expected lists of texts, came a string"),
        (["a", 3], ["a", "b"], TypeError, "expected reference 1 as .*string, came int"),
        (["a"], [None], TypeError, "expected hypothesis 0 as .*string, came NoneType"),
        (["", " "], ["a", ""], ValueError, "something to be said in the references, came 2 empty ones"),
    ],
)
def test_what_does_not_fit_is_named(rate, references, hypotheses, error, message):
    with pytest.raises(error, match=f"^error rates: .*{message}"):
        rate(references, hypotheses)


def test_other_units_are_refused():
    with pytest.raises(ValueError, match=r"expected of as one of \('words', 'characters'\), came 'letters'"):
        error_counts(["a"], ["a"], "letters")
