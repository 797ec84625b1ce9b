"""From a step function to sentences. What a step function and its state are stands in the room's `__init__`.

All three searches read `begin` first and stop a sentence at `end`, or cut it off after max_length words, the end among
them. They return `Hypothesis` tuples.
"""

from typing import NamedTuple

import numpy as np


class Hypothesis(NamedTuple):
    """words: without begin and end. log_prob: of all words and the end. score: log_prob / length ** length_penalty.

    The length counts the end, so it is never 0. finished: False = cut off before an end came.
    """

    words: tuple
    log_prob: float
    score: float
    finished: bool


class BeamStep(NamedTuple):
    """One step of a beam search: `live` were the sentences, log_probs (len(live), V) how each may go on.

    kept: the best continuations, best first; parents: for each of them, which of `live` it continues.
    """

    live: list
    log_probs: np.ndarray
    kept: list
    parents: list


def greedy_search(step, start_state, begin, end, max_length):
    """The likeliest word at every step, for B images at once: a list of B hypotheses. It is the beam of width 1."""
    return _write(step, start_state, begin, end, max_length, lambda log_probs: log_probs.argmax(-1))


def sample(step, start_state, begin, end, max_length, rng, temperature=1.0, top_k=None):
    """Draw every word by chance, for B images at once: a list of B hypotheses, with the log_prob the model gives them.

    rng: a NumPy Generator. temperature > 0 divides the log-probabilities: below 1 bold words get bolder.
    top_k: draw among the k likeliest words only (Fan et al. 2018).
    """
    check_sampling(temperature, top_k)

    def choose(log_probs):
        scores = log_probs / temperature
        if top_k and top_k < scores.shape[1]:
            order = np.argsort(-scores, axis=1, kind="stable")
            np.put_along_axis(scores, order[:, top_k:], -np.inf, 1)
        p = np.exp(scores - scores.max(1, keepdims=True))
        cumulative = p.cumsum(1)
        return (cumulative <= rng.random(len(p))[:, None] * cumulative[:, -1:]).sum(1)

    return _write(step, start_state, begin, end, max_length, choose)


def beam_search(step, start_state, begin, end, width, max_length, length_penalty=0.0):
    """Keep the `width` likeliest sentences at every step: for each of B images a list of hypotheses, best score first.

    A sentence that ends leaves the beam and takes its place with it, so there are at most `width` of them. Where none
    ended within max_length, those that were cut off are the answer. length_penalty 0 compares log-probabilities,
    which favours short sentences; 1 compares their mean over the words.
    """
    answers = []
    for b in range(len(start_state[0])):
        one = tuple(s[b : b + 1] for s in start_state)
        steps = list(beam_steps(step, one, begin, end, width, max_length, length_penalty))
        finished = [h for s in steps for h in s.kept if h.finished]
        answers.append(sorted(finished or steps[-1].kept, key=lambda h: -h.score))
    return answers


def beam_steps(step, start_state, begin, end, width, max_length, length_penalty=0.0):
    """The beam search of one image step by step, for looking at: yields a `BeamStep` each."""
    check_search(width, max_length)
    live, state, room = [Hypothesis((), 0.0, 0.0, False)], start_state, width
    for length in range(1, max_length + 1):
        log_probs, state = step(state, np.array([h.words[-1] if h.words else begin for h in live]))
        check_log_probs(log_probs.max(), np.isnan(log_probs).any())
        totals = np.array([h.log_prob for h in live])[:, None] + log_probs
        best = np.argsort(-totals, axis=None, kind="stable")[:room]
        parents, kept = [], []
        for p, w in zip(*np.unravel_index(best, totals.shape), strict=True):
            if totals[p, w] > -np.inf:  # what the step function forbids stays out
                words = live[p].words if w == end else (*live[p].words, int(w))
                score = totals[p, w] / length**length_penalty
                kept.append(Hypothesis(words, float(totals[p, w]), float(score), bool(w == end)))
                parents.append(int(p))
        yield BeamStep(live, log_probs, kept, parents)
        going = [p for p, h in zip(parents, kept, strict=True) if not h.finished]
        live = [h for h in kept if not h.finished]
        room -= len(kept) - len(live)
        if not live:
            return
        state = tuple(s[going] for s in state)


def check_search(width, max_length):
    if width < 1 or max_length < 1:
        raise ValueError(f"expected width >= 1 and max_length >= 1, came {width} and {max_length}")


def check_sampling(temperature, top_k):
    if not temperature > 0:
        raise ValueError(f"sample: expected temperature > 0, came {temperature}. Try: greedy_search, its limit at 0")
    if top_k is not None and top_k < 1:
        raise ValueError(f"sample: expected top_k >= 1 or None for all words, came {top_k}")


def check_log_probs(largest, any_nan):
    if any_nan:
        raise FloatingPointError("the step function returned NaN. Try: the last checkpoint before the loss became NaN")
    if largest > 1e-3:  # above rounding
        raise ValueError(f"a step function must return log-probabilities, <= 0, came {largest:.3g}. Try: log_softmax")


def _write(step, state, begin, end, max_length, choose):
    """One sentence an image, all images together; a row that has ended goes on unheard."""
    check_search(1, max_length)
    N = len(state[0])
    words, totals, length = np.full((N, max_length), end), np.zeros(N), np.full(N, max_length)
    going, last = np.ones(N, bool), np.full(N, begin)
    for t in range(max_length):
        log_probs, state = step(state, last)
        check_log_probs(log_probs.max(), np.isnan(log_probs).any())
        last = np.where(going, choose(log_probs), end)
        totals += np.where(going, log_probs[np.arange(N), last], 0)
        words[:, t] = last
        length[going & (last == end)] = t
        going &= last != end
        if not going.any():
            break
    return hypotheses(words.tolist(), totals.tolist(), length.tolist(), (~going).tolist())


def hypotheses(words, totals, lengths, finished):
    """Rows of word numbers, cut at their lengths, as `Hypothesis` tuples."""
    rows = zip(words, totals, lengths, finished, strict=True)
    return [Hypothesis(tuple(w[:n]), total, total, done) for w, total, n, done in rows]
