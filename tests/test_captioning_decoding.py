"""The searches against all sentences there are, for random language models over a few words."""

import itertools

import numpy as np
import pytest

from mmcourse.captioning import decoding, scratch
from mmcourse.captioning.decoding import beam_search, beam_steps, greedy_search, sample

V, LONGEST, BEGIN, END = 3, 4, 0, 2


class Model:
    """Random log-probabilities for every beginning of a sentence, for each of some images.

    The state of a sentence is (its image, the number of what was read so far), so no two beginnings are mixed up.
    """

    def __init__(self, seed, images=1, words=V, longest=LONGEST):
        logits = 2 * np.random.default_rng(seed).standard_normal((images, (words + 1) ** (longest + 1), words))
        self.log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        self.start = np.arange(images), np.zeros(images, int)
        self.words, self.longest = words, longest

    def step(self, state, words):
        image, read = state
        read = read * (self.words + 1) + words + 1
        return self.log_probs[image, read], (image, read)

    def log_prob(self, image, sentence):
        read, total = 0, 0.0
        for before, word in itertools.pairwise((BEGIN, *sentence)):
            read = read * (self.words + 1) + before + 1
            total += self.log_probs[image, read, word]
        return total

    def sentences(self, image, length_penalty):
        """{words without end: (log_prob, score)} of all sentences that end within the longest length."""
        others = [w for w in range(self.words) if w != END]
        every = [s for n in range(self.longest) for s in itertools.product(others, repeat=n)]
        log_probs = {s: self.log_prob(image, (*s, END)) for s in every}
        return {s: (p, p / (len(s) + 1) ** length_penalty) for s, p in log_probs.items()}


def halves():
    """The NumPy searches, and those of PyTorch behind the same interface."""
    yield "numpy", decoding, lambda model: (model.step, model.start)
    try:
        import torch
    except ImportError:
        return
    from mmcourse.captioning import pytorch

    def on_tensors(model):
        def step(state, words):
            log_probs, state = model.step([s.numpy() for s in state], words.numpy())
            return torch.from_numpy(log_probs), tuple(map(torch.from_numpy, state))

        return step, tuple(map(torch.from_numpy, model.start))

    yield "pytorch", pytorch, on_tensors


HALVES = list(halves())
each_half = pytest.mark.parametrize(("searches", "of"), [h[1:] for h in HALVES], ids=[h[0] for h in HALVES])


# ---- beam search


@each_half
@pytest.mark.parametrize("length_penalty", [0.0, 0.7, 1.0])
def test_a_beam_wide_enough_finds_every_sentence(searches, of, length_penalty):
    model = Model(0, images=2)
    found = searches.beam_search(*of(model), BEGIN, END, V**LONGEST, LONGEST, length_penalty)
    for image, hypotheses in enumerate(found):
        every = model.sentences(image, length_penalty)
        assert {h.words for h in hypotheses} == set(every)
        assert len(hypotheses) == len(every) == 15  # 1 + 2 + 4 + 8
        np.testing.assert_allclose([(h.log_prob, h.score) for h in hypotheses], [every[h.words] for h in hypotheses])
        assert [h.score for h in hypotheses] == sorted((h.score for h in hypotheses), reverse=True)
        assert all(h.finished for h in hypotheses)


@each_half
@pytest.mark.parametrize("seed", range(8))
def test_a_narrow_beam_tells_the_truth_about_what_it_finds(searches, of, seed):
    model = Model(seed, images=3)
    for width in (1, 2, 3, 5):
        for image, hypotheses in enumerate(searches.beam_search(*of(model), BEGIN, END, width, LONGEST, 0.5)):
            every = model.sentences(image, 0.5)
            ended = [h for h in hypotheses if h.finished]
            assert 1 <= len(hypotheses) <= width
            assert len(ended) in (0, len(hypotheses))  # what was cut off is an answer only where nothing ended
            np.testing.assert_allclose([(h.log_prob, h.score) for h in ended], [every[h.words] for h in ended])
            assert all(len(h.words) == LONGEST for h in hypotheses if not h.finished)


@each_half
@pytest.mark.parametrize("seed", range(8))
def test_the_beam_of_width_one_is_greedy(searches, of, seed):
    model = Model(seed, images=3)
    beam = searches.beam_search(*of(model), BEGIN, END, 1, LONGEST)
    greedy = searches.greedy_search(*of(model), BEGIN, END, LONGEST)
    assert [h for (h,) in beam] == greedy


@pytest.mark.skipif(len(HALVES) < 2, reason="there is no torch")
@pytest.mark.parametrize("seed", range(8))
def test_the_halves_find_the_same(seed):
    """Images that end at different steps share a batch in the PyTorch half, and are searched one by one in NumPy."""
    model = Model(seed, images=5, words=5)
    for width in (1, 2, 3, 7):
        ours, theirs = (m.beam_search(*of(model), BEGIN, END, width, LONGEST, 0.6) for _, m, of in HALVES)
        assert [[h.words for h in hs] for hs in ours] == [[h.words for h in hs] for hs in theirs]
        assert [[h.finished for h in hs] for hs in ours] == [[h.finished for h in hs] for hs in theirs]
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose([h[1:3] for h in a], [h[1:3] for h in b])


def tree(branches):
    """A step function for one image from {words so far: {word: probability}}; the state is the words so far."""

    def step(state, words):
        sofar = np.concatenate([state[0], words[:, None]], 1)
        with np.errstate(divide="ignore"):
            p = [[branches[tuple(s[1:].tolist())].get(w, 0.0) for w in range(V)] for s in sofar]
            return np.log(p), (sofar,)

    return step, (np.zeros((1, 0), int),)


TREE = {  # greedy goes 0 (0.6), where nothing good follows; 1 (0.4) leads to the likeliest sentence
    (): {0: 0.6, 1: 0.4},
    (0,): {0: 0.5, END: 0.5},
    (0, 0): {END: 1.0},
    (1,): {END: 0.9, 1: 0.1},
    (1, 1): {END: 1.0},
}


def test_a_wider_beam_finds_what_greedy_walks_past():
    (greedy,) = greedy_search(*tree(TREE), BEGIN, END, 3)
    assert greedy.words == (0, 0)  # of two equal words the first
    assert np.exp(greedy.log_prob) == pytest.approx(0.3)
    ((best, second),) = beam_search(*tree(TREE), BEGIN, END, 2, 3)
    assert best.words == (1,)
    assert np.exp(best.log_prob) == pytest.approx(0.36)
    assert second.words == (0, 0)


def test_a_length_penalty_favours_the_longer():
    """log 0.36 / 2 = -0.511 against log 0.3 / 3 = -0.401."""
    ((best, second),) = beam_search(*tree(TREE), BEGIN, END, 2, 3, length_penalty=1.0)
    assert (best.words, second.words) == ((0, 0), (1,))
    assert best.score == pytest.approx(np.log(0.3) / 3)
    assert best.log_prob == pytest.approx(np.log(0.3))


@each_half
def test_what_is_cut_off_is_the_answer_only_where_nothing_ended(searches, of):
    model = Model(3)
    model.log_probs[..., END] = -np.inf  # it never ends
    (found,) = searches.beam_search(*of(model), BEGIN, END, 5, LONGEST, 1.0)
    assert [h.finished for h in found] == [False] * 5
    assert all(END not in h.words and len(h.words) == LONGEST for h in found)
    truth = [model.log_prob(0, h.words) for h in found]
    np.testing.assert_allclose([h.log_prob for h in found], truth)
    np.testing.assert_allclose([h.score for h in found], np.array(truth) / LONGEST)


@each_half
def test_a_forbidden_word_is_never_said(searches, of):
    model = Model(1)
    model.log_probs[..., 1] = -np.inf
    (found,) = searches.beam_search(*of(model), BEGIN, END, 50, LONGEST)
    assert {h.words for h in found} == {(0,) * n for n in range(LONGEST)}


def test_the_steps_tell_how_the_answer_came_about():
    model, width = Model(5), 3
    steps = list(beam_steps(*(model.step, model.start), BEGIN, END, width, LONGEST))
    (found,) = beam_search(model.step, model.start, BEGIN, END, width, LONGEST)
    assert {h for s in steps for h in s.kept if h.finished} == set(found)
    assert [h.words for h in steps[0].live] == [()]
    room = width
    for now, after in itertools.pairwise(steps):
        assert after.live == [h for h in now.kept if not h.finished]
        room -= sum(h.finished for h in now.kept)
        assert len(after.kept) == min(room, V * len(after.live))
    for s in steps:
        totals = np.array([h.log_prob for h in s.live])[:, None] + s.log_probs
        np.testing.assert_allclose([h.log_prob for h in s.kept], np.sort(totals, None)[::-1][: len(s.kept)])
        for hypothesis, parent in zip(s.kept, s.parents, strict=True):
            before = s.live[parent]
            word = END if hypothesis.finished else hypothesis.words[-1]
            assert hypothesis.words[: len(before.words)] == before.words
            assert hypothesis.log_prob == pytest.approx(before.log_prob + s.log_probs[parent, word])


# ---- sampling


@each_half
def test_samples_come_as_often_as_the_model_says(searches, of):
    """20,000 sentences of one model: each share within four standard deviations."""
    n, model = 20_000, Model(2)
    model.start = np.zeros(n, int), np.zeros(n, int)
    drawn = searches.sample(*of(model), BEGIN, END, LONGEST, np.random.default_rng(0))
    every = model.sentences(0, 0.0)
    for sentence, (log_prob, _) in every.items():
        p = np.exp(log_prob)
        count = sum(h.words == sentence and h.finished for h in drawn)
        assert abs(count - n * p) <= 4 * np.sqrt(n * p) + 1, sentence
    ended = [h for h in drawn[:200] if h.finished]
    np.testing.assert_allclose([h.log_prob for h in ended], [every[h.words][0] for h in ended])
    assert not all(h.finished for h in drawn)


@pytest.mark.parametrize("options", [{"top_k": 1}, {"temperature": 1e-6}])
@each_half
def test_without_freedom_a_sample_is_greedy(searches, of, options):
    model = Model(4, images=7)
    drawn = searches.sample(*of(model), BEGIN, END, LONGEST, np.random.default_rng(0), **options)
    greedy = searches.greedy_search(*of(model), BEGIN, END, LONGEST)
    assert [h.words for h in drawn] == [h.words for h in greedy]
    np.testing.assert_allclose([h.log_prob for h in drawn], [h.log_prob for h in greedy])


def test_temperature_and_top_k_by_hand():
    """Probabilities 0.5, 0.3, 0.2. Among the top two: 5/8. At temperature 1/2 the squares count: 25/38."""
    first = {(): {0: 0.5, 1: 0.3, END: 0.2}} | {(word,): {END: 1.0} for word in range(V)}
    step, _ = tree(first)
    start = (np.zeros((8000, 0), int),)
    for options, share in [({"top_k": 2}, 5 / 8), ({"temperature": 0.5}, 25 / 38), ({}, 1 / 2)]:
        drawn = sample(step, start, BEGIN, END, 2, np.random.default_rng(1), **options)
        assert np.mean([h.words == (0,) for h in drawn]) == pytest.approx(share, abs=0.02)
        assert any(h.words == () for h in drawn) == ("top_k" not in options)


@pytest.mark.skipif(len(HALVES) < 2, reason="there is no torch")
def test_the_halves_draw_the_same():
    model = Model(6, images=200, words=4)
    options = {"temperature": 1.3, "top_k": 3}
    ours, theirs = (
        m.sample(*of(model), BEGIN, END, LONGEST, np.random.default_rng(3), **options) for _, m, of in HALVES
    )
    assert [h.words for h in ours] == [h.words for h in theirs]
    assert len({h.words for h in ours}) > 20


# ---- what may come in


@each_half
@pytest.mark.parametrize("search", ["beam_search", "greedy_search", "sample"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (3.5, ValueError, r"log-probabilities, <= 0, came 3\.5\. Try: log_softmax"),
        (np.nan, FloatingPointError, "returned NaN"),
    ],
)
def test_a_step_function_that_is_wrong_is_told(searches, of, search, value, error, message):
    model = Model(0)
    model.log_probs[..., 1] = value
    more = {"beam_search": (2, LONGEST), "greedy_search": (LONGEST,), "sample": (LONGEST, np.random.default_rng(0))}
    with pytest.raises(error, match=message):
        getattr(searches, search)(*of(model), BEGIN, END, *more[search])


@each_half
def test_settings_that_make_no_sense_are_told(searches, of):
    model = Model(0)
    with pytest.raises(ValueError, match="expected width >= 1 and max_length >= 1, came 0 and 4"):
        searches.beam_search(*of(model), BEGIN, END, 0, LONGEST)
    with pytest.raises(ValueError, match="max_length >= 1, came 1 and 0"):
        searches.greedy_search(*of(model), BEGIN, END, 0)
    with pytest.raises(ValueError, match=r"expected temperature > 0, came 0\. Try: greedy_search"):
        searches.sample(*of(model), BEGIN, END, LONGEST, np.random.default_rng(0), temperature=0)
    with pytest.raises(ValueError, match="expected top_k >= 1 or None for all words, came 0"):
        searches.sample(*of(model), BEGIN, END, LONGEST, np.random.default_rng(0), top_k=0)


def test_the_room_offers_the_searches_in_both_halves():
    """test_rooms asks only for what `scratch` defines itself."""
    pytorch = pytest.importorskip("mmcourse.captioning.pytorch")
    assert set(scratch.__all__) == {"beam_search", "beam_steps", "greedy_search", "sample"}
    assert {"beam_search", "greedy_search", "sample"} <= set(vars(pytorch))
