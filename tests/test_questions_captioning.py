"""The references of 05_image_captioning against answers by hand, other libraries, slopes and exhaustive search; right
answers in other styles pass.
"""

from itertools import product

import numpy as np
import pytest
import torch

from mmcourse.captioning.decoding import greedy_search
from mmcourse.data import captions
from mmcourse.data.compositions import Count, Pair
from mmcourse.grading import grade, questions
from mmcourse.metrics.bleu import bleu

BY_ID = {question.id: question for question in questions("05")}
SEEDS = range(5)


def reference(name):
    return BY_ID[name].reference


def test_two_copies_one_word_apart():
    inputs, targets, mask = reference("05-targets")((np.array([5, 6, 7]), np.array([8]), np.array([], int)), 1, 2, 0, 3)
    np.testing.assert_array_equal(inputs, [[1, 5, 6], [1, 8, 0], [1, 0, 0]])
    np.testing.assert_array_equal(targets, [[5, 6, 2], [8, 2, 0], [2, 0, 0]])
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 1, 0], [1, 0, 0]])


def test_the_loss_is_that_of_pytorch_sentence_by_sentence():
    rng = np.random.default_rng(1)
    logits, targets = rng.standard_normal((3, 5, 7)), rng.integers(7, size=(3, 5))
    lengths = [5, 2, 3]
    mask = np.arange(5) < np.array(lengths)[:, None]
    x = torch.from_numpy(logits).requires_grad_()
    theirs = torch.stack([
        torch.nn.functional.cross_entropy(x[b, :n], torch.from_numpy(targets[b, :n]), label_smoothing=0.3)
        for b, n in enumerate(lengths)
    ])  # fmt: skip
    theirs.mean().backward()
    losses, dlogits = reference("05-loss")(logits, targets, mask, np.full(7, 1 / 7), 0.3)
    np.testing.assert_allclose(losses, theirs.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(dlogits, x.grad.numpy(), atol=1e-15)


def test_a_loss_by_hand():
    """Even logits: each word costs log 4, whatever is asked for. The gradient is ¼ − q, by 2 words and 2 sentences."""
    q = np.array([0.5 + 0.5 * 0.6, 0.5 * 0.4, 0, 0])
    arguments = np.array([[0, 0], [-1, -1]]), np.array([[True, True], [False, False]]), np.array([0.6, 0.4, 0, 0]), 0.5
    losses, dlogits = reference("05-loss")(np.zeros((2, 2, 4)), *arguments)
    np.testing.assert_allclose(losses, [np.log(4), 0])
    np.testing.assert_allclose(dlogits, [[(0.25 - q) / 4] * 2, np.zeros((2, 4))])


def test_the_gradient_of_the_loss_agrees_with_a_slope():
    logits, *rest = BY_ID["05-loss"].cases(3)[0].arguments
    step = np.random.default_rng(2).standard_normal(logits.shape)
    loss = lambda t: reference("05-loss")(logits + t * step, *rest)[0].mean()  # noqa: E731
    _, dlogits = reference("05-loss")(logits, *rest)
    assert (dlogits * step).sum() == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-7)


def test_the_way_back_through_a_look_is_that_of_autograd():
    dz, h, regions, there, w = BY_ID["05-look"].cases(4)[0].arguments
    inputs = [torch.from_numpy(x).requires_grad_() for x in (h, regions, w)]
    scores = torch.einsum("bh,hd,bpd->bp", inputs[0], inputs[2], inputs[1])
    a = scores.masked_fill(~torch.from_numpy(there), -torch.inf).softmax(-1)
    torch.einsum("bp,bpd,bd->", a, inputs[1], torch.from_numpy(dz)).backward()
    for got, x in zip(reference("05-look")(dz, h, regions, there, w), inputs, strict=True):
        np.testing.assert_allclose(got, x.grad.numpy(), atol=1e-12)


def test_an_image_without_regions_passes_no_gradient():
    dz, h, regions, w = (np.ones(shape) for shape in ((1, 3), (1, 5), (1, 2, 3), (5, 3)))
    gradients = reference("05-look")(dz, h, regions, np.zeros((1, 2), bool), w)
    assert not any(gradient.any() for gradient in gradients)


def own_words(truth_rate, u=None):
    image, captions_, draws, _, *parameters = BY_ID["05-own-words"].cases(6)[0].arguments
    u = draws if u is None else u
    return reference("05-own-words")(image, captions_, u, truth_rate, *parameters), image, captions_, parameters


def test_with_nothing_but_the_truth_it_is_the_recurrent_network_of_pytorch():
    got, image, words, (table, w_in, w_state, w_out) = own_words(1.0)
    rnn = torch.nn.RNN(w_in.shape[1], len(w_in), bias=False, batch_first=True).double()
    rnn.load_state_dict({"weight_ih_l0": torch.from_numpy(w_in), "weight_hh_l0": torch.from_numpy(w_state)})
    read = np.concatenate([image[:, None], table[words]], 1)
    states = rnn(torch.from_numpy(read))[0].detach().numpy()
    np.testing.assert_allclose(got, states[:, 1:] @ w_out.T, rtol=1e-9, atol=1e-12)


def test_with_nothing_but_its_own_words_it_is_greedy_search():
    got, image, words, (table, w_in, w_state, w_out) = own_words(0.0)

    def step(state, last):
        h = np.tanh(table[last] @ w_in.T + state[0] @ w_state.T)
        scores = h @ w_out.T
        return scores - np.log(np.exp(scores).sum(-1, keepdims=True)), (h,)

    found = greedy_search(step, (np.tanh(image @ w_in.T),), words[0, 0], -1, words.shape[1])
    np.testing.assert_array_equal(got.argmax(-1), [h.words for h in found])


def test_a_coin_for_one_word_changes_what_follows_and_nothing_before():
    truth, *_ = own_words(1.0)
    draws = np.zeros(truth.shape[:2])
    draws[2, 4] = 0.9
    mixed, *_ = own_words(0.5, draws)
    changed = (mixed != truth).any(-1)
    assert changed[2, 4:].all()
    assert not changed[2, :4].any()
    assert not changed[[0, 1, 3]].any()


def all_sentences(log_first, log_next, end):
    """Every sentence that ends before the tables do, with its log-probability."""
    for n in range(len(log_next) + 1):
        for words in product([w for w in range(len(log_first)) if w != end], repeat=n):
            log_p, row = 0.0, log_first
            for word, table in zip((*words, end), [*log_next, None], strict=False):
                log_p, row = log_p + row[word], None if table is None else table[word]
            yield words, log_p


@pytest.mark.parametrize("alpha", [0.0, 0.7, 2.0])
def test_a_wide_beam_is_exhaustive_search(alpha):
    rng = np.random.default_rng(8)
    log_first, log_next = np.log(rng.dirichlet(np.ones(4))), np.log(rng.dirichlet(np.ones(4), (4, 4)))
    words, scores = reference("05-beam")(log_first, log_next, 2, 500, alpha)
    everything = [(log_p / ((6 + len(w)) / 6) ** alpha, w) for w, log_p in all_sentences(log_first, log_next, 2)]
    everything.sort(reverse=True)
    assert len(words) == len(everything) == 1 + 3 + 9 + 27 + 81
    np.testing.assert_allclose(scores, [score for score, _ in everything], rtol=1e-12)
    assert [tuple(row[row != 2].tolist()) for row in words] == [w for _, w in everything]


def test_two_beginnings_beat_the_boldest_one():
    """The bold word 0 (0.6) may go on anyhow; after the shy word 1 (0.4) the end is certain. By hand: 0.4 > 0.2."""
    with np.errstate(divide="ignore"):
        log_first, log_next = np.log([0.6, 0.4, 1e-9]), np.log([[[1 / 3] * 3, [0.0, 0.0, 1.0], [1 / 3] * 3]] * 2)
    for width, sentence, p in ((1, [0, 2, 2], 0.2), (2, [1, 2, 2], 0.4)):
        words, scores = reference("05-beam")(log_first, log_next, 2, width, 0.0)
        assert (words[0].tolist(), np.exp(scores[0])) == (sentence, pytest.approx(p))


def test_no_two_sentences_of_a_case_have_the_same_score():
    """Equal scores would leave the order to rounding, and a right answer could fail."""
    for seed in SEEDS:
        for case in BY_ID["05-beam"].cases(seed):
            _, scores = reference("05-beam")(*case.arguments)
            assert (scores[:-1] - scores[1:] > 1e-6 * np.abs(scores[1:])).all(), case.name


def test_the_length_penalty_by_hand():
    """One word and an end of ½ each: log ½ for |Y| = 1, and 2 log ½ / (7/6)² for |Y| = 2."""
    words, scores = reference("05-beam")(np.log([0.5, 0.5]), np.log([[[0.5, 0.5]] * 2]), 1, 5, 2.0)
    np.testing.assert_array_equal(words, [[1, 1], [0, 1]])
    np.testing.assert_allclose(scores, [np.log(0.5), 2 * np.log(0.5) * 36 / 49])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("N", [1, 2, 3, 4])
def test_smoothed_bleu_is_that_of_sacrebleu(seed, N):
    sacrebleu = pytest.importorskip("sacrebleu")
    metric = sacrebleu.BLEU(tokenize="none", smooth_method="add-k", smooth_value=1, max_ngram_order=N, force=True)
    for case in BY_ID["05-bleu"].cases(seed):
        hypotheses, references, _ = case.arguments
        got = reference("05-bleu")(hypotheses, references, np.full(N, 1 / N))
        said = [" ".join(map(str, h)) for h in hypotheses]
        for text, others, score in zip(said, references, got, strict=True):
            theirs = metric.sentence_score(text, [" ".join(map(str, other)) for other in others])
            expected = theirs.score / 100 if theirs.counts[0] else 0.0  # sacrebleu goes on where no word is common
            assert score == pytest.approx(expected, abs=1e-12)


def test_bleu_of_single_words_is_that_of_the_room():
    for hypothesis, references, _ in (case.arguments for case in BY_ID["05-bleu"].cases(1)):
        got = reference("05-bleu")(hypothesis, references, np.array([1.0]))
        ours = [bleu([[r.tolist() for r in others]], [h.tolist()])[0] for h, others in zip(hypothesis, references)]  # noqa: B905
        np.testing.assert_allclose(got, ours, rtol=1e-12)


def test_bleu_by_hand():
    """4 of 5 words, 2 of 4 pairs, and one word too few: p = 4/5 and (2 + 1) / (4 + 1), penalty e^(1 − 6/5)."""
    hypothesis, others = np.array([1, 2, 3, 4, 1]), (np.array([1, 2, 3, 7, 4, 8]), np.array([9] * 9))
    got = reference("05-bleu")((hypothesis,), (others,), np.array([0.75, 0.25]))
    np.testing.assert_allclose(got, np.exp(-0.2) * 0.8**0.75 * 0.6**0.25)


CAT, DOG = Pair("cat", "left", "dog", "grass"), Pair("dog", "left", "cat", "grass")
ROLES = {
    "en": (("a", "an", "two", "three"), ("small", "big"), ("cat", "cats", "dog", "dogs", "owl"), ("left", "above")),
    "zh": (("一", "两", "三"), ("小", "大"), ("猫", "狗", "猫头鹰"), ("左边", "上面")),
}
PLACES = {"en": ("grass", "night", "sand", "sky", "snow"), "zh": ("草地上", "夜里", "沙滩上", "天空中", "雪地上")}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("written", "true", "expected"),
    [
        (CAT, CAT, [0, 0, 0, 0, 0]),
        (DOG, CAT, [0, 0, 0, 1, 0]),
        (CAT._replace(relation="above"), CAT, [0, 0, 0, 1, 0]),
        (CAT._replace(second="owl"), CAT, [0, 0, 1, 0, 0]),
        (CAT._replace(first="owl", background="night"), CAT, [0, 0, 1, 0, 1]),
        (Count("cat", 3, "small", "sand"), Count("cat", 2, "small", "sand"), [1, 0, 0, 0, 0]),
        (Count("cat", 1, "big", "sand"), Count("cat", 1, "medium", "sand"), [0, 1, 0, 0, 0]),
        (Count("cat", 1, "medium", "grass"), CAT, [1, 0, 1, 1, 0]),
    ],
)
def test_the_faults_of_captions_that_the_sticker_world_writes(language, written, true, expected):
    words = ["", *captions.vocabulary(language)]
    roles = [*ROLES[language], PLACES[language]]
    role = np.array([sum(kind * (word in some) for kind, some in enumerate(roles, 1)) for word in words])
    same = {"an": "a", "cats": "cat", "dogs": "dog"}
    meaning = np.array([words.index(same.get(word, word)) for word in words])
    ours, theirs = (np.array([[words.index(w) for w in captions.caption(c, language).words]]) for c in (written, true))
    padded = np.pad(ours, [(0, 0), (0, 3)])
    assert reference("05-reading")(padded, theirs, role, meaning).tolist() == [expected]


def targets_by_lists(captions_, begin, end, pad, longest):
    inputs = [[begin, *words[: longest - 1]] for words in captions_]
    targets = [[*words[: longest - 1], end] for words in captions_]
    T = max(map(len, inputs))
    rows = [np.array([row + [pad] * (T - len(row)) for row in part]) for part in (inputs, targets)]
    return *rows, np.array([[1] * len(row) + [0] * (T - len(row)) for row in inputs])


def loss_word_by_word(logits, targets, mask, prior, rate):
    losses, d = np.zeros(len(logits)), np.zeros(logits.shape)
    for b, t in np.argwhere(mask):
        x = logits[b, t].astype(float)
        q = rate * prior.astype(float)
        q[targets[b, t]] += 1 - rate
        log_p = x - np.logaddexp.reduce(x)
        losses[b] -= q @ log_p / mask[b].sum()
        d[b, t] = (np.exp(log_p) - q) / mask[b].sum() / len(logits)
    return losses.astype(logits.dtype), d.astype(logits.dtype)


def look_by_jacobians(dz, h, regions, there, w):
    dh, dr, dw = np.zeros_like(h), np.zeros_like(regions), np.zeros_like(w)
    for b in range(len(h)):
        r = regions[b, there[b]]
        if len(r):
            s = r @ (w.T @ h[b])
            a = np.exp(s - s.max()) / np.exp(s - s.max()).sum()
            ds = (np.diag(a) - np.outer(a, a)) @ (r @ dz[b])
            dh[b], dw = w @ (ds @ r), dw + np.outer(h[b], ds @ r)
            dr[b, there[b]] = np.outer(a, dz[b]) + np.outer(ds, w.T @ h[b])
    return dh, dr, dw


def own_words_one_by_one(image, captions_, u, truth_rate, table, w_in, w_state, w_out):
    B, T = captions_.shape
    y = np.zeros((B, T, len(w_out)), image.dtype)
    for b in range(B):
        h, word = np.tanh(w_in @ image[b]), captions_[b, 0]
        for t in range(T):
            if t:
                word = captions_[b, t] if u[b, t] < truth_rate else y[b, t - 1].argmax()
            h = np.tanh(np.einsum("hi,i->h", w_in, table[word]) + np.einsum("hk,k->h", w_state, h))
            y[b, t] = np.einsum("vh,h->v", w_out, h)
    return y


def beam_in_arrays(log_first, log_next, end, width, alpha):
    V, T = len(log_first), len(log_next) + 1
    live, totals, rows = np.zeros((1, 0), int), np.zeros(1), log_first[None].astype(float)
    found, scores = [], []
    for n in range(1, T + 1):
        found += [np.append(words, [end] * (T - n + 1)) for words in live]
        scores += list((totals + rows[:, end]) / ((5 + n) / 6) ** alpha)
        going = totals[:, None] + np.where(np.arange(V) == end, -np.inf, rows)
        best = np.argsort(-going, axis=None)[: min(width, len(live) * (V - 1))]
        parents, last = np.divmod(best, V)
        live, totals = np.column_stack([live[parents], last]), going.ravel()[best]
        rows = log_next[n - 1, last] if n < T else None
    order = np.argsort(-np.array(scores))[:width]
    return np.array(found)[order], np.array(scores, log_first.dtype)[order]


def bleu_in_loops(hypotheses, references, weights):
    scores = []
    for own, others in zip(hypotheses, references, strict=True):
        c, own, others = len(own), own.tolist(), [x.tolist() for x in others]
        log_score = 0.0
        for n, w in enumerate(weights.tolist(), 1):
            grams = [own[i : i + n] for i in range(c - n + 1)]
            theirs = [[x[i : i + n] for i in range(len(x) - n + 1)] for x in others]
            hits = sum(min(grams.count(g), max(x.count(g) for x in theirs)) / grams.count(g) for g in grams)
            p = (hits + (n > 1)) / max(len(grams) + (n > 1), 1)
            log_score += w * np.log(p) if p else -np.inf
        gaps = sorted((abs(len(x) - c), len(x)) for x in others)
        scores.append(np.exp(log_score + min(0, 1 - gaps[0][1] / max(c, 1))))
    return np.array(scores, weights.dtype)


def faults_in_loops(written, true, role, meaning):
    table = np.zeros((len(written), 5), int)
    for n in range(len(written)):
        lists = [[[meaning[w] for w in row if role[w] == k] for k in (1, 2, 3, 4, 5)] for row in (written[n], true[n])]
        for k in (0, 1, 3, 4):
            table[n, k] = lists[0][k] != lists[1][k]
        bags = [np.bincount(row[2], minlength=len(meaning)) for row in lists]
        same = (bags[0] == bags[1]).all()
        table[n, 2] = not same
        table[n, 3] |= same and lists[0][2] != lists[1][2]
    return table


RIGHT = {
    "05-targets": targets_by_lists,
    "05-loss": loss_word_by_word,
    "05-look": look_by_jacobians,
    "05-own-words": own_words_one_by_one,
    "05-beam": beam_in_arrays,
    "05-bleu": bleu_in_loops,
    "05-reading": faults_in_loops,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)
