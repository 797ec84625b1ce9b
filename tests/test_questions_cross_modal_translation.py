"""The references of 06_cross_modal_translation against enumeration of all paths, other libraries and answers by hand;
right answers in other styles pass.
"""

from collections import Counter
from functools import cache
from itertools import groupby, pairwise, product

import numpy as np
import pytest
import torch

from mmcourse.grading import grade, questions
from mmcourse.speech import scratch

BY_ID = {question.id: question for question in questions("06")}
SEEDS = range(5)


def reference(name, *arguments):
    return BY_ID[name].reference(*arguments)


def collapse(path, blank):
    return tuple(symbol for symbol, _ in groupby(path) if symbol != blank)


def test_hello():
    path = np.array([["-helo".index(c) for c in "-hhee-ll-loo-"]])
    symbols, starts = reference("06-collapse", path, np.array([13]), 0)
    assert symbols.tolist() == [[1, 2, 3, 3, 4]]
    assert starts.tolist() == [[1, 3, 6, 9, 10]]


def test_a_table_as_wide_as_the_longest_answer():
    paths = np.array([[0, 0, 1, 2], [2, 0, 2, 2], [1, 1, 2, 2]])
    symbols, starts = reference("06-collapse", paths, np.array([4, 1, 3]), 2)
    assert symbols.tolist() == [[0, 1], [-1, -1], [1, -1]]
    assert starts.tolist() == [[0, 2], [-1, -1], [0, -1]]


def cheapest(a, b, costs):
    """By trying everything."""
    substitution, deletion, insertion = costs

    @cache
    def rest(i, j):
        if i == len(a) or j == len(b):
            return (len(a) - i) * deletion + (len(b) - j) * insertion
        change = 0 if a[i] == b[j] else substitution
        return min(rest(i + 1, j + 1) + change, rest(i + 1, j) + deletion, rest(i, j + 1) + insertion)

    return rest(0, 0)


def test_error_rates_by_hand():
    """Speaker 0: one substitution and one deletion in 5 words. 1: an insertion, no word. 2: silent."""
    meaning = np.array([0, 1, 2, 2, -1])  # 2 and 3 are spellings of one word, 4 is a filler
    said = (np.array([0, 4, 1, 2]), np.array([4]), np.array([1, 0]))
    heard = (np.array([0, 0, 4, 3]), np.array([1]), np.array([0, 4]))
    rates = reference("06-errors", said, heard, np.array([0, 1, 0]), meaning, np.array([0.5, 0.7, 0.3]))
    np.testing.assert_allclose(rates, [1.2 / 5, 0.3])
    crossed = reference("06-errors", ([0, 1], [2]), ([1, 0], [0, 0, 1]), np.array([0, 1]), meaning, np.ones(3))
    assert crossed.tolist() == [1, 3]  # two edits in two words, three in one
    quiet = reference("06-errors", said[:1], heard[:1], np.array([2]), meaning, np.array([0.5, 0.7, 0.3]))
    np.testing.assert_allclose(quiet, [0, 0, 0.5 / 3])


def random_log_probs(seed, N, C):
    return np.log(np.random.default_rng(seed).dirichlet(np.ones(C), N))


@pytest.mark.parametrize("prefix", [(), (1,), (0, 1), (0, 0), (1, 0, 1), (0, 0, 0), (1, 1, 0, 1)])
def test_the_probability_of_a_prefix_is_a_sum_over_all_paths(prefix):
    log_probs, blank = random_log_probs(1, 5, 3), 2
    got = reference("06-prefix", log_probs, np.array(prefix, int), blank)
    for t in range(5):
        whole = sum(
            np.exp(log_probs[range(t + 1), path].sum())
            for path in product(range(3), repeat=t + 1)
            if collapse(path, blank)[: len(prefix)] == prefix
        )
        assert np.exp(got[t]) == pytest.approx(whole, abs=1e-12)


def test_a_sentence_ends_here_or_goes_on():
    """P(begins with y) = P(is y), which is PyTorch's CTC loss, + Σ P(begins with y and then c)."""
    log_probs, y = random_log_probs(2, 17, 5), np.array([0, 3, 3, 1])
    loss = torch.nn.functional.ctc_loss(
        torch.tensor(log_probs[:, None]), torch.tensor(y[None]), [17], [4], blank=4, reduction="none"
    )
    longer = [reference("06-prefix", log_probs, np.append(y, c), 4)[-1] for c in range(4)]
    begins = reference("06-prefix", log_probs, y, 4)[-1]
    assert np.exp(begins) == pytest.approx(np.exp(-loss.item()) + np.exp(longer).sum(), rel=1e-9)


def test_shares_are_a_sum_over_all_paths_of_any_graph():
    for seed in SEEDS:
        case = next(case for case in BY_ID["06-alignment"].cases(seed) if case.name == "any graph, more symbols")
        log_probs, labels, moves, first, last = case.arguments
        N, C = log_probs.shape
        weights = np.zeros((N, C))
        for path in product(range(len(labels)), repeat=N):
            if first[path[0]] and last[path[-1]] and all(moves[i, j] for i, j in pairwise(path)):
                says = labels[list(path)]
                weights[range(N), says] += np.exp(log_probs[range(N), says].sum())
        expected = weights / weights.sum(1, keepdims=True)
        np.testing.assert_allclose(reference("06-alignment", *case.arguments), expected, atol=1e-12)


def test_with_the_graph_of_a_text_they_are_the_gradient_of_ctc():
    log_probs, labels, moves, first, last = BY_ID["06-alignment"].cases(3)[1].arguments
    logits = torch.tensor(log_probs[:, None], requires_grad=True)
    text, blank = labels[1::2], int(labels[0])
    torch.nn.functional.ctc_loss(
        logits.log_softmax(-1), torch.tensor(text[None]), [len(log_probs)], [len(text)], blank=blank, reduction="sum"
    ).backward()
    gamma = reference("06-alignment", log_probs, labels, moves, first, last)
    np.testing.assert_allclose(logits.grad[:, 0].numpy(), np.exp(log_probs) - gamma, atol=1e-9)


def test_two_equal_windows_at_equal_hops_are_the_istft_of_the_room():
    rng = np.random.default_rng(4)
    frames, window = rng.standard_normal((7, 12)), rng.uniform(0.2, 1, 12)
    spectrum = np.fft.rfft(frames).T
    expected, _ = scratch.istft((spectrum.real, spectrum.imag), window, 5)
    got = reference("06-overlap", frames, 5 * np.arange(7), window, window, 42)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_frames_that_nobody_moved_give_the_sound_back():
    rng = np.random.default_rng(5)
    sound, analysis, synthesis = rng.standard_normal(40), *rng.uniform(0, 1, (2, 9))
    starts = np.array([31, 3, 0, 7, 16, 11, 24, 20, 28])
    frames = np.stack([sound[s : s + 9] for s in starts]) * analysis
    np.testing.assert_allclose(reference("06-overlap", frames, starts, analysis, synthesis, 40), sound, rtol=1e-12)


def test_overlap_by_hand():
    """At 0 half a frame, at 1 nothing, at 2: (2 · 6 + 1 · 5) / (2 · 3 + 1 · 4), at 3 one frame."""
    frames, analysis, synthesis = np.array([[8.0, 9.0], [5.0, 6.0], [5.0, 6.0]]), np.array([4.0, 3.0]), np.array([1, 2])
    got = reference("06-overlap", frames, np.array([-1, 2, 1]), analysis, synthesis * 1.0, 5)
    np.testing.assert_allclose(got, [9 / 3, 5 / 4, 17 / 10, 6 / 3, 0])


@pytest.mark.parametrize("case", BY_ID["06-guide"].cases(6)[:6], ids=lambda case: case.name)
def test_the_gradient_of_guided_attention_is_that_of_autograd(case):
    scores, texts, frames, g = case.arguments
    s = torch.tensor(scores, requires_grad=True)
    losses = []
    for own, U, N in zip(s, texts.tolist(), frames.tolist(), strict=True):
        n, u = torch.arange(N)[:, None] / N, torch.arange(U) / U
        w = 1 - torch.exp(-((n.double() - u.double()) ** 2) / 2 / g**2)
        losses.append((own[:N, :U].softmax(-1) * w).sum(-1).mean())
    torch.stack(losses).mean().backward()
    got, dscores = reference("06-guide", *case.arguments)
    np.testing.assert_allclose(got, torch.stack(losses).detach().numpy(), atol=1e-7)  # n / N is float32 in torch
    np.testing.assert_allclose(dscores, s.grad.numpy(), atol=1e-7)


def test_guided_attention_by_hand():
    """Even weights, 2 frames and 2 characters: half of each frame is half a sentence off."""
    losses, dscores = reference("06-guide", np.zeros((1, 2, 2)), np.array([2]), np.array([2]), 0.5)
    w = 1 - np.exp(-0.5)
    np.testing.assert_allclose(losses, [w / 2])
    np.testing.assert_allclose(dscores, [[[-w / 8, w / 8], [w / 8, -w / 8]]])


def test_bits_by_hand():
    """Two bits are sent; the captioner confuses two of four words, the painter the other two: 1.5 and 1 are left."""
    there, back = np.eye(4), np.eye(4)
    there[:2, :2] = back[2:, 2:] = 0.5
    np.testing.assert_allclose(reference("06-round-trip", np.full(4, 0.25), there, back), [2, 1.5, 1])
    np.testing.assert_allclose(reference("06-round-trip", np.full(4, 0.25), np.eye(4)[::-1], np.eye(4)), [2, 2, 2])
    rare, there = np.array([0.25, 0.75]), np.array([[1, 0], [1 / 3, 2 / 3]])  # both signals are equally common
    expected = [2 - 0.75 * np.log2(3), 1 - 0.75 * (np.log2(3) - 2 / 3), 0]
    np.testing.assert_allclose(reference("06-round-trip", rare, there, np.ones((2, 1))), expected, atol=1e-12)


def test_no_second_translation_adds_information():
    for seed in range(20):
        for case in BY_ID["06-round-trip"].cases(seed):
            sent, first, both = reference("06-round-trip", *case.arguments)
            assert sent + 1e-6 >= first >= both - 1e-6 >= -2e-6, case.name


def read_with_groupby(paths, lengths, blank):
    rows = []
    for path, length in zip(paths, lengths, strict=True):
        runs = [list(run) for _, run in groupby(range(length), key=path.__getitem__)]
        rows.append([(path[run[0]], run[0]) for run in runs if path[run[0]] != blank])
    U = max(map(len, rows), default=0)
    filled = [row + [(-1, -1)] * (U - len(row)) for row in rows]
    table = np.array(filled, np.int64).reshape(len(rows), U, 2)
    return table[..., 0], table[..., 1]


def rates_with_counters(said, heard, speakers, meaning, costs):
    cost, words = Counter(), Counter()
    for a, b, who in zip(said, heard, speakers.tolist(), strict=True):
        a, b = (tuple(int(meaning[w]) for w in x if meaning[w] != -1) for x in (a, b))
        cost[who] += cheapest(a, b, tuple(map(float, costs)))
        words[who] += len(a)
    return np.array([cost[who] / (words[who] or 1) for who in range(max(speakers) + 1)], costs.dtype)


def prefix_by_states(log_probs, prefix, blank):
    """As a chain of states: blanks and symbols in turn, and one at the end from which nothing leads away."""
    U = len(prefix)
    if U == 0:
        return np.zeros(len(log_probs), log_probs.dtype)
    labels = np.full(2 * U, blank)
    labels[1::2] = prefix
    alpha = np.full(2 * U, -np.inf)  # the last one: the prefix is complete, and stays so
    answers = []
    for t, row in enumerate(log_probs.astype(float)):
        before = alpha
        alpha = np.full(2 * U, -np.inf)
        for s, label in enumerate(labels):
            ways = [0.0 if t == 0 and s < 2 else -np.inf]
            ways += [before[s]] if s < 2 * U - 1 else []
            ways += [before[s - 1]] if s else []
            ways += [before[s - 2]] if s % 2 and s > 1 and labels[s - 2] != label else []
            alpha[s] = row[label] + np.logaddexp.reduce(ways)
        alpha[-1] = np.logaddexp(alpha[-1], before[-1])
        answers.append(alpha[-1])
    return np.array(answers, log_probs.dtype)


def shares_by_rescaling(log_probs, labels, moves, first, last):
    """With probabilities, every frame brought back to a sum of one."""
    top = log_probs.max(1, keepdims=True)
    e = np.exp((log_probs - np.where(np.isfinite(top), top, 0)).astype(float))[:, labels]
    there, back = [first * e[0]], [last.astype(float)]
    for t in range(1, len(e)):
        there.append(there[-1] / (there[-1].sum() or 1) @ moves * e[t])
        after = moves @ (e[-t] * back[-1])
        back.append(after / (after.sum() or 1))
    joint = np.array(there) * back[::-1]
    shares = joint / np.where(joint.sum(1) > 0, joint.sum(1), 1)[:, None]
    gamma = np.zeros(log_probs.shape)
    np.add.at(gamma.T, labels, shares.T)
    return gamma.astype(log_probs.dtype)


def overlap_sample_by_sample(frames, starts, analysis, synthesis, length):
    x = np.zeros(length, frames.dtype)
    for t in range(length):
        own = [(n, t - s) for n, s in enumerate(starts.tolist()) if 0 <= t - s < len(analysis)]
        divisor = sum(synthesis[k] * analysis[k] for _, k in own)
        if divisor:
            x[t] = sum(synthesis[k] * frames[n, k] for n, k in own) / divisor
    return x


def guide_for_the_whole_batch(scores, texts, frames, g):
    _, N, U = scores.shape
    n, u = np.arange(N)[:, None], np.arange(U)
    own_n, own_u = (np.maximum(x, 1)[:, None, None] for x in (frames, texts))
    there = (n < frames[:, None, None]) & (u < texts[:, None, None])
    w = 1 - np.exp(-0.5 * ((n / own_n - u / own_u) / g) ** 2)
    s = np.where(there, scores, -np.inf)
    top = np.where(there.any(-1, keepdims=True), s.max(-1, keepdims=True), 0)
    e = np.exp(s - top)
    a = e / np.where(there.any(-1, keepdims=True), e.sum(-1, keepdims=True), 1)
    paid = np.einsum("bnu,bnu->bn", a, w)
    d = a * (w - paid[..., None]) / own_n / len(scores)
    return (paid.sum(1) / own_n[:, 0, 0]).astype(scores.dtype), d.astype(scores.dtype)


def bits_by_joint_tables(prior, there, back):
    def kept(channel):
        joint = prior[:, None].astype(float) * channel
        apart = joint.sum(1, keepdims=True) * joint.sum(0)
        return sum(p * np.log2(p / q) for p, q in zip(joint.flat, apart.flat, strict=True) if p)

    return np.array([kept(np.eye(len(prior))), kept(there), kept(there.astype(float) @ back)], prior.dtype)


RIGHT = {
    "06-collapse": read_with_groupby,
    "06-errors": rates_with_counters,
    "06-prefix": prefix_by_states,
    "06-alignment": shares_by_rescaling,
    "06-overlap": overlap_sample_by_sample,
    "06-guide": guide_for_the_whole_batch,
    "06-round-trip": bits_by_joint_tables,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id, seed):
    result = grade(BY_ID[question_id], RIGHT[question_id], seed)
    assert result, str(result)
