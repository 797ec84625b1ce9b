"""Tokens, byte-pair encoding beside SentencePiece, word vectors by counting, and what skip-gram converges to."""

import io
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcourse.data import compositions
from mmcourse.data.captions import caption
from mmcourse.text import bpe, counts, scratch, tokens

PAPER = {"low": 5, "lowest": 2, "newer": 6, "wider": 3}  # the example of Sennrich et al. 2016


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(0)
    return [caption(compositions.draw(rng, held_out=False), "en").text for _ in range(1500)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two small cats.", ["two", "small", "cats", "."]),
        ("don't, O’Neill!", ["don't", ",", "o’neill", "!"]),
        ("a_b 3.5", ["a", "_", "b", "3", ".", "5"]),
        ("草地上有两只小猫。", ["草地上有两只小猫", "。"]),  # Chinese has no gaps: a rule for words fails here
        ("  ", []),
    ],
)
def test_words(text, expected):
    assert tokens.words(text) == expected


def test_characters():
    assert tokens.characters("两只 小猫，") == ["两", "只", "小", "猫", "，"]


def test_a_vocabulary_starts_with_the_unknown_and_the_frequent():
    ids = tokens.vocabulary([["b", "a", "c"], ["c", "a"], ["c", "<unk>"]])
    assert ids == {"<unk>": 0, "c": 1, "a": 2, "b": 3}
    assert list(tokens.vocabulary([["b", "a", "c"], ["c", "a"]], least=2)) == ["<unk>", "a", "c"]
    assert tokens.encode(["c", "new", "b"], ids) == [1, 0, 3]
    assert tokens.decode([1, 0, 3], ids) == ["c", "<unk>", "b"]


def test_merges_worked_out_by_hand():
    assert bpe.learn(PAPER, 8) == [
        ("e", "r"),  # 9 times, as is r▁, which comes later in the order of code points
        ("er", "▁"),  # 9
        ("l", "o"),  # 7, as is ow
        ("lo", "w"),  # 7
        ("e", "w"),  # 6, as is ne
        ("n", "ew"),  # 6, as is ew er▁, which is longer
        ("new", "er▁"),  # 6
        ("low", "▁"),  # 5
    ]


def test_merging_goes_from_left_to_right():
    assert bpe.merge("aaa", ("a", "a")) == ("aa", "a")
    assert bpe.merge("abab", ("a", "b")) == ("ab", "ab")
    assert bpe.merge(("ab", "a"), ("a", "b")) == ("ab", "a")


def test_a_new_word_is_spelled_from_known_pieces():
    merges = bpe.learn(PAPER, 8)
    assert bpe.encode("lower newest", merges) == ["low", "er▁", "new", "e", "s", "t", "▁"]


def test_learning_stops_when_all_words_are_whole():
    merges = bpe.learn(PAPER, 1000)
    assert bpe.encode(" ".join(PAPER), merges) == [word + bpe.END for word in PAPER]


@given(st.lists(st.text("abc猫", min_size=1, max_size=6), min_size=1, max_size=5), st.integers(0, 20))
def test_decoding_gives_the_text_back(words, merges):
    text = " ".join(words)
    assert bpe.decode(bpe.encode(text, bpe.learn(Counter(words), merges))) == text


@pytest.mark.parametrize("merges", [50, 250])
def test_sentencepiece_learns_the_same_merges_and_splits_alike(texts, merges):
    sentencepiece = pytest.importorskip("sentencepiece")
    words = Counter(word for text in texts for word in text.split())
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        model_type="bpe",
        vocab_size=1 + merges + len(set("".join(words) + bpe.END)),  # <unk>, the merges, the alphabet
        treat_whitespace_as_suffix=True,  # ▁ ends a word, as in ours
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
    )
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    ours = bpe.learn(words, merges)
    assert [theirs.id_to_piece(1 + i) for i in range(merges)] == [a + b for a, b in ours]
    unseen = [caption(compositions.draw(np.random.default_rng(i), held_out=True), "en").text for i in range(100)]
    assert [theirs.encode(text, out_type=str) for text in unseen] == [bpe.encode(text, ours) for text in unseen]


def test_pairs_and_their_table():
    words, contexts = counts.pairs([[0, 1, 2], [2], [1, 0]], window=1)
    assert list(zip(words, contexts, strict=True)) == [(0, 1), (1, 0), (1, 2), (2, 1), (1, 0), (0, 1)]
    table = counts.co_occurrence(words, contexts, 4)
    assert table.tolist() == [[0, 2, 0, 0], [2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert len(counts.pairs([[0, 1, 2]], window=2)[0]) == 6


def test_ppmi():
    twins = np.array([[2.0, 0.0], [0.0, 2.0]])  # each word meets its own context, twice as often as by chance
    np.testing.assert_allclose(counts.ppmi(twins), [[np.log(2), 0], [0, np.log(2)]])
    assert not counts.ppmi(twins, negatives=2).any()
    assert np.allclose(counts.ppmi(np.outer([1.0, 2.0, 3.0], [5.0, 7.0])), 0)  # chance alone
    assert not counts.ppmi(np.zeros((3, 3))).any()


def test_svd_vectors_are_the_best_summary():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((7, 3))
    matrix = root @ root.T
    vectors = counts.svd_vectors(matrix, 3)
    np.testing.assert_allclose(vectors @ vectors.T, matrix, atol=1e-12)
    np.testing.assert_allclose(counts.svd_vectors(matrix, 2), vectors[:, :2], atol=1e-12)
    values = np.linalg.eigvalsh(matrix)[::-1]
    np.testing.assert_allclose((vectors**2).sum(0), values[:3])  # squared lengths of U √Σ: the singular values
    assert np.all(vectors.max(0) >= -vectors.min(0))


def test_nearest_goes_by_direction_and_leaves_the_word_itself_out():
    order, cosines = counts.nearest(np.array([[1.0, 0.0], [5.0, 5.0], [0.1, 0.0], [-1.0, 0.0], [0.0, 0.0]]), 0, 3)
    assert order.tolist() == [2, 1, 4]
    np.testing.assert_allclose(cosines, [1, np.sqrt(0.5), 0])


def test_noise_lifts_rare_words():
    p = counts.noise_distribution(np.repeat([0, 1], [81, 16]), 3)
    np.testing.assert_allclose(p, [27 / 35, 8 / 35, 0])  # 81 ** 0.75 = 27, 16 ** 0.75 = 8


def test_skip_gram_rests_where_scores_are_pmi_less_log_k():
    """Levy & Goldberg 2014: with negatives drawn as contexts occur, the optimum is PMI - log K.

    Each example gets all contexts of the data as its negatives, so that their expectation is exact and K = |D|.
    """
    table = np.array([[3, 1, 2], [1, 5, 4], [2, 2, 7]])
    words, contexts = np.repeat(np.argwhere(np.ones_like(table)), table.ravel(), axis=0).T
    negatives = np.tile(contexts, (len(contexts), 1))
    pmi = np.log(table * table.sum() / np.outer(table.sum(1), table.sum(0)))
    scores = pmi - np.log(len(contexts))
    for shift, at_rest in ((0, True), (0.1, False)):
        _, cache = scratch.skip_gram(np.eye(3), scores.T + shift, words, contexts, negatives)
        _, slope = scratch.skip_gram_backward(1.0, cache)
        assert np.allclose(slope, 0, atol=1e-15) == at_rest


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bpe.learn(PAPER, -1), "merges from 0, came -1"),
        (lambda: tokens.decode([0, 5], {"<unk>": 0, "a": 1}), "from 0 to 1, came 5"),
        (lambda: counts.pairs([[1, 2]], 0), "at least 1 word, came 0"),
        (lambda: counts.svd_vectors(np.ones((3, 4)), 5), r"\(3, 4\) has 1 to 3 columns, came 5"),
        (lambda: scratch.skip_gram(np.ones((3, 2)), np.ones((3, 4)), *np.ones((2, 5), int), np.ones((5, 1), int)),
         r"two tables \(V, D\), came \(3, 2\) and \(3, 4\)"),
        (lambda: scratch.skip_gram(np.ones((3, 2)), np.ones((3, 2)), *np.ones((2, 5), int), np.ones((4, 1), int)),
         r"came \(5,\), \(5,\) and \(4, 1\)"),
    ],
)  # fmt: skip
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
