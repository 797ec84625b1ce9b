"""BLEU, ROUGE-L and CIDEr-D against the papers' examples, sacrebleu, and a slow CIDEr-D written from its formula.

The papers' example sentences stand here with a letter for each word: the metrics see only which words are equal.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmcourse import metrics
from mmcourse.text.tokens import characters

# Papineni et al. 2002, section 2: two candidates and three references
CANDIDATE_1, CANDIDATE_2 = "abcdefghijklmjnojp", "abeqjrstjuvipw"
REFERENCES = ["abcdefihijkxsypn", "abjzAgBjkClDEjFojp", "abjGdHjIleyjJojp"]

caption = st.lists(st.sampled_from("abcde"), max_size=9)
image = st.tuples(st.lists(caption.filter(len), min_size=1, max_size=3), caption)


def corpus(rng, images, words=12):
    """References and hypotheses that share much: each hypothesis is a reference with some words changed."""
    kinds = np.array(list("abcdefghijklmnop"[:words]))
    references = [
        [list(rng.choice(kinds, rng.integers(1, 13))) for _ in range(rng.integers(1, 5))] for _ in range(images)
    ]
    hypotheses = [
        list(np.where(rng.random(len(r[0])) < 0.7, r[0], rng.choice(kinds, len(r[0])))) + ["a"] * rng.integers(0, 3)
        for r in references
    ]
    return references, hypotheses


# ---- BLEU


@pytest.mark.parametrize(
    ("candidate", "n", "matches", "total"),
    [
        (CANDIDATE_1, 1, 17, 18),
        (CANDIDATE_2, 1, 8, 14),
        (CANDIDATE_1, 2, 10, 17),
        (CANDIDATE_2, 2, 1, 13),
    ],
)
def test_modified_precisions_of_the_paper(candidate, n, matches, total):
    (counts,) = metrics.bleu_counts([list(map(list, REFERENCES))], [list(candidate)])
    assert (counts[n - 1], counts[3 + n]) == (matches, total)


def test_a_word_repeated_is_counted_as_often_as_one_reference_has_it():
    """The paper's second example: seven times one word, which the references hold twice and once: 2 / 7."""
    (counts,) = metrics.bleu_counts([["t c i o t m", "x i a c o t m"]], ["t t t t t t t"])
    assert (counts[0], counts[4]) == (2, 7)


def test_bleu_by_hand():
    """Lengths 4 and 5; 3 of 4 words, 1 of 3 pairs, no triple: brevity exp(1 - 5/4)."""
    brevity = np.exp(-0.25)
    expected = (brevity * 3 / 4, brevity * (3 / 4 * 1 / 3) ** 0.5, 0.0, 0.0)
    assert metrics.bleu([["a b c d e"]], ["a b x e"]) == pytest.approx(expected, rel=1e-12)


def test_of_two_equally_close_references_the_shorter_counts():
    assert metrics.bleu([["a b c d e f", "a b c d"]], ["a b c d e"])[0] == 1
    assert metrics.bleu([["a b c d e f g"]], ["a b c d e"])[0] == pytest.approx(np.exp(-2 / 5))


def sacrebleu_of(references, hypotheses, n):
    sacrebleu = pytest.importorskip("sacrebleu")
    most = max(map(len, references))
    streams = [[" ".join(r[i]) if i < len(r) else None for r in references] for i in range(most)]
    scorer = sacrebleu.BLEU(tokenize="none", smooth_method="none", max_ngram_order=n, force=True)
    return scorer.corpus_score([" ".join(h) for h in hypotheses], streams).score / 100


@pytest.mark.parametrize("seed", range(5))
def test_bleu_is_that_of_sacrebleu(seed):
    references, hypotheses = corpus(np.random.default_rng(seed), 23)
    theirs = [sacrebleu_of(references, hypotheses, n) for n in (1, 2, 3, 4)]
    assert theirs[3] > 0.1
    assert metrics.bleu(references, hypotheses) == pytest.approx(theirs, rel=1e-12)


@given(st.lists(image, min_size=1, max_size=5))
def test_bleu_is_that_of_sacrebleu_in_the_corners(images):
    references, hypotheses = zip(*images, strict=True)
    theirs = [sacrebleu_of(references, hypotheses, n) for n in (1, 2, 3, 4)]
    assert metrics.bleu(references, hypotheses) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_counts_add_up():
    """A part of a corpus scores as its rows do, so resampling need not count again."""
    references, hypotheses = corpus(np.random.default_rng(7), 11)
    counts = metrics.bleu_counts(references, hypotheses)
    rows = [3, 3, 8, 0]
    again = metrics.bleu([references[i] for i in rows], [hypotheses[i] for i in rows])
    assert metrics.bleu_of_counts(counts[rows]) == again != metrics.bleu(references, hypotheses)


# ---- ROUGE-L


@pytest.mark.parametrize(("hypothesis", "expected"), [("a e c d", 3 / 4), ("c d e a", 2 / 4), ("c d a b", 2 / 4)])
def test_rouge_l_of_the_paper(hypothesis, expected):
    """Lin 2004, section 3.1: equal lengths make P = R = F, whatever β."""
    assert metrics.rouge_l([["a b c d"]], [hypothesis]) == pytest.approx(expected, rel=1e-12)


def test_rouge_l_by_hand():
    """P = 2/2, and the best R is 2/4: F = 2.44 · 0.5 / (0.5 + 1.44). A word that fits nothing makes P = 2/3."""
    assert metrics.rouge_l([["a b c d", "a b c d e f"]], ["b d"]) == pytest.approx(1.22 / 1.94)
    scores = metrics.rouge_l_scores([["a b c d"], ["a b c d"], ["a"]], ["b d x", "", "b"])
    np.testing.assert_allclose(scores, [2.44 / 3 / (0.5 + 1.44 * 2 / 3), 0, 0])


def test_rouge_l_takes_precision_and_recall_from_different_references():
    """P = 2/2 comes from the long one, R = 1/1 from the short one."""
    assert metrics.rouge_l([["a b x y z", "a"]], ["a b"]) == 1


# ---- CIDEr-D


def slow_cider_d(references, hypotheses, sigma=6.0):
    """The published algorithm with dense vectors: a column for each n-gram anywhere."""

    def grams(caption, n):
        return [" ".join(caption[i : i + n]) for i in range(len(caption) - n + 1)]

    scores = []
    for captions, hypothesis in zip(references, hypotheses, strict=True):
        parts = []
        for n in (1, 2, 3, 4):
            columns = sorted({g for r in references for c in r for g in grams(c, n)} | set(grams(hypothesis, n)))
            holds = [sum(any(g in grams(c, n) for c in r) for r in references) for g in columns]
            idf = np.log(len(references)) - np.log(np.maximum(1, holds))

            def vector(caption, n=n, columns=columns, idf=idf):
                return np.array([grams(caption, n).count(g) for g in columns], float) * idf

            for reference in captions:
                h, r = vector(hypothesis), vector(reference)
                norm = np.linalg.norm(h) * np.linalg.norm(r)
                cosine = np.minimum(h, r) @ r / norm if norm else 0.0
                gap = len(hypothesis) - len(reference)
                parts.append(cosine * np.exp(-(gap**2) / (2 * sigma**2)))
        scores.append(10 * np.mean(parts))
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_cider_d_is_the_slow_one(seed):
    references, hypotheses = corpus(np.random.default_rng(seed), 13)
    slow = slow_cider_d(references, hypotheses)
    assert np.ptp(slow) > 1
    np.testing.assert_allclose(metrics.cider_d_scores(references, hypotheses), slow, rtol=1e-12, atol=1e-12)
    assert metrics.cider_d(references, hypotheses) == pytest.approx(np.mean(slow))


@given(st.lists(image, min_size=2, max_size=4))
def test_cider_d_is_the_slow_one_in_the_corners(images):
    references, hypotheses = zip(*images, strict=True)
    np.testing.assert_allclose(
        metrics.cider_d_scores(references, hypotheses), slow_cider_d(references, hypotheses), atol=1e-9
    )


def test_cider_d_by_hand():
    """Both images have a word and a pair of their own. n = 1, 2 match in full, n = 3, 4 do not exist: 10 · 2 / 4."""
    assert metrics.cider_d([["a b"], ["c d"]], ["a b", "c d"]) == pytest.approx(5)
    # a word more: the cosine of (1, 1, 0) and (1, 1, 1) for words, and of (1, 0) and (1, 1) for pairs, where the new
    # ones have frequency max(1, 0); and exp(-1/72) for the length
    expected = [10 * ((2 / 3) ** 0.5 + 0.5**0.5) / 4 * np.exp(-1 / 72), 5]
    np.testing.assert_allclose(metrics.cider_d_scores([["a b"], ["c d"]], ["a b x", "c d"]), expected)


def test_repeating_a_rare_word_does_not_pay():
    """Of four times the rare word only one counts: 1 · 1 / (4 · 1), of n = 1 alone, three words too long."""
    scores = metrics.cider_d_scores([["a"], ["b"]], ["a a a a", "b"])
    np.testing.assert_allclose(scores, [10 / 4 * 0.25 * np.exp(-9 / 72), 10 / 4])


def test_document_frequencies_may_come_from_elsewhere():
    frequencies = metrics.document_frequencies([["a b", "a"], ["a c"], ["d"], ["b"]])
    assert (frequencies.counts[("a",)], frequencies.counts[("a", "b")], frequencies.images) == (2, 1, 4)
    # weights of a, b: log 2 each; of c: log 4. Cosine of (1, 1, 0) and (1, 0, 2) is 1 / sqrt(10), no pair is shared
    score = metrics.cider_d([["a c"]], ["a b"], frequencies)
    assert score == pytest.approx(10 / 4 / 10**0.5)


# ---- what may come in


@pytest.mark.parametrize("metric", [metrics.bleu, metrics.rouge_l, metrics.cider_d])
def test_strings_and_lists_are_the_same(metric):
    references, hypotheses = [["a b c d", "a c"], ["x y z"]], ["a b d", "x z z"]
    lists = [[r.split() for r in rs] for rs in references], [tuple(h.split()) for h in hypotheses]
    assert metric(references, hypotheses) == metric(*lists) != metric(references, ["a b d", "z"])


def test_chinese_as_characters():
    references, hypotheses = [[characters("草地上有两只小猫")]], [characters("草地上有三只小猫")]
    assert metrics.bleu(references, hypotheses)[0] == pytest.approx(7 / 8)


@pytest.mark.parametrize("metric", [metrics.bleu, metrics.rouge_l, metrics.cider_d])
@pytest.mark.parametrize(
    ("references", "hypotheses", "error", "message"),
    [
        ([["a"]], ["a", "b"], ValueError, "expected references for each hypothesis, came 1 and 2"),
        ([], [], ValueError, "expected at least one hypothesis, came none"),
        (["a b"], ["a b"], ValueError, "expected a list of at least one reference for image 0, came 'a b'"),
        ([["a"], []], ["a", "b"], ValueError, r"at least one reference for image 1, came \[\]"),
        ([["a"]], [3], TypeError, "expected hypothesis 0 as a list of tokens or a string, came int"),
        ([["a", 5.0]], ["a"], TypeError, "expected reference 1 of image 0 as .* came float"),
        ([["两只小猫"]], ["a"], ValueError, "reference 0 of image 0 is '两只小猫', Chinese without blanks"),
    ],
)
def test_what_does_not_fit_is_named(metric, references, hypotheses, error, message):
    with pytest.raises(error, match=f"^{metric.__name__}: .*{message}"):
        metric(references, hypotheses)


def test_one_image_alone_has_no_rare_words():
    with pytest.raises(ValueError, match=r"^cider_d: .* need at least two images, came one\. Try: frequencies="):
        metrics.cider_d([["a b"]], ["a b"])
