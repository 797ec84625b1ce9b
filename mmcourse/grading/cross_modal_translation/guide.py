"""06-guide: guided attention, a loss that pulls attention towards the diagonal, and its way back through the softmax.

Tachibana, Uenoyama & Aihara 2018, “Efficiently trainable text-to-speech system based on deep convolutional networks
with guided attention” (arXiv:1710.08969, section 4), here for a padded batch.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(scores, texts, frames, g):
    return _with()(scores, texts, frames, g)


def _own_softmax(s, there):
    """Over the characters that are there; zeros where none is."""
    s = np.where(there, s, -np.inf)
    top = s.max(-1, keepdims=True)
    e = np.exp(s - np.where(np.isfinite(top), top, 0))
    return e / np.maximum(e.sum(-1, keepdims=True), np.finfo(e.dtype).tiny)


def _off_diagonal(n, u, N, U, g):
    """1 − exp(−(n / N − u / U)² / 2g²)."""
    return 1 - np.exp(-((n / N - u / U) ** 2) / (2 * g**2))


def _through_softmax(a, da):
    return a * (da - (a * da).sum(-1, keepdims=True))


def _own_frames(N, U, shape):
    return N


def _own_lengths(n, u, shape):
    return max(n, 1), max(u, 1)


def _with(
    softmax=_own_softmax, penalty=_off_diagonal, back=_through_softmax, share=_own_frames, lengths=_own_lengths,
    batch=lambda B: B, frames_that_count=lambda n, N: n < N,
):  # fmt: skip
    """Losses and gradient with another softmax, penalty, derivative or divisor."""

    def guided(scores, texts, frames, g):
        B, N, U = scores.shape
        losses, d = np.zeros(B, scores.dtype), np.zeros_like(scores)
        n, u = np.arange(N)[:, None], np.arange(U)
        for b in range(B):
            counts = frames_that_count(n, frames[b])
            there = counts & (u < texts[b])
            a = softmax(scores[b], there)
            w = np.where(there, penalty(n, u, *lengths(frames[b], texts[b], scores.shape), g), 0).astype(scores.dtype)
            weight = max(share(frames[b], texts[b], scores.shape), 1)
            losses[b] = np.where(counts, a * w, 0).sum() / weight
            d[b] = np.where(counts, back(a, w), 0) / weight / batch(B)
        return losses, d

    return guided


def draw(rng):
    yield _case(rng, "3 sentences", (7, 4, 5), (13, 11, 7))
    yield _case(rng, "a sharper diagonal", (5, 3), (11, 7), g=0.1)
    yield _case(rng, "as many characters as frames", (5, 5, 3), (5, 5, 5))
    yield _case(rng, "one sentence without padding", (7,), (11,))
    yield _case(rng, "one character", (1, 1), (5, 3))
    yield _case(rng, "one frame", (5, 2), (1, 1))
    yield _case(rng, "a sentence without frames, one without characters", (3, 5, 0), (7, 0, 5))
    yield _case(rng, "padding that is NaN", (3, 7), (11, 5), padding=np.nan)
    yield _case(rng, "scores near −20 000 and near 10 000", (7, 5), (11, 13), heights=(-2e4, 1e4))
    yield _case(rng, "float32", (5, 7, 3), (11, 7, 13), dtype=np.float32)


def _case(rng, name, texts, frames, g=0.3, padding=None, heights=None, dtype=np.float64):
    texts, frames = np.array(texts), np.array(frames)
    (scores,) = normal(rng, (len(texts), frames.max(), texts.max()))
    scores *= 1.5
    if heights:
        scores += np.array(heights)[:, None, None]
    if padding is not None:
        scores[np.arange(frames.max()) >= frames[:, None]] = padding
        scores.mT[np.arange(texts.max()) >= texts[:, None]] = padding
    return Case(name, (scores.astype(dtype), texts, frames, g))


def _everything(s, there):
    """Over padding too, in frames that count."""
    return _own_softmax(s, there.any(-1, keepdims=True) & np.ones_like(there))


def _filled_with_zeros(s, there):
    return _own_softmax(np.where(there, s, 0), there.any(-1, keepdims=True) & np.ones_like(there))


def _over_the_frames(s, there):
    return _own_softmax(s.T, there.T).T


def _unstable(s, there):
    e = np.where(there, np.exp(s), 0)
    return e / np.maximum(e.sum(-1, keepdims=True), np.finfo(e.dtype).tiny)


def _padding_times_zero(s, there):
    """Zeros for weights, so that NaN in the scores survives."""
    e = np.exp(s - s.max(-1, keepdims=True)) * there
    return e / np.maximum(e.sum(-1, keepdims=True), np.finfo(e.dtype).tiny)


def _ends_meet(n, u, N, U, g):
    return _off_diagonal(n, u, max(N - 1, 1), max(U - 1, 1), g)


WRONG = (
    WrongAnswer(
        "lengths of the padded batch",
        _with(lengths=lambda n, u, shape: shape[1:]),
        "Your diagonal runs to the corner of the padded batch. Each sentence has a diagonal of its own, to its last "
        "frame and its last character.",
    ),
    WrongAnswer(
        "frames and characters not divided",
        _with(penalty=lambda n, u, N, U, g: _off_diagonal(n, u, 1, 1, g)),
        "You compare the number of the frame with that of the character. There are several frames to a character: "
        "compare how far along each is, n / N and u / U.",
    ),
    WrongAnswer(
        "last frame over last character",
        _with(penalty=_ends_meet),
        "You divide by N − 1 and U − 1. The formula says n / N and u / U.",
    ),
    WrongAnswer(
        "the diagonal punished",
        _with(penalty=lambda n, u, N, U, g: 1 - _off_diagonal(n, u, N, U, g)),
        "Your loss is largest where attention lies on the diagonal. That is where it should be free: 1 − exp(…).",
    ),
    WrongAnswer(
        "without the 2",
        _with(penalty=lambda n, u, N, U, g: _off_diagonal(n, u, N, U, g / 2**0.5)),
        "The 2 in 2 g² is missing, and your diagonal is too narrow.",
    ),
    WrongAnswer(
        "g not squared",
        _with(penalty=lambda n, u, N, U, g: _off_diagonal(n, u, N, U, g**0.5)),
        "You divide by 2 g. It is 2 g²: g is a distance, like what stands above it.",
    ),
    WrongAnswer(
        "distance not squared",
        _with(penalty=lambda n, u, N, U, g: 1 - np.exp(-np.abs(n / N - u / U) / (2 * g**2))),
        "You take the distance from the diagonal as it is. It is squared, so that near it nothing is pulled.",
    ),
    WrongAnswer(
        "a parabola",
        _with(penalty=lambda n, u, N, U, g: (n / N - u / U) ** 2 / (2 * g**2)),
        "Your penalty goes on growing with the distance. 1 − exp(−…) ends at 1, so that nothing far off dominates.",
    ),
    WrongAnswer(
        "divided by the characters too",
        _with(share=lambda N, U, shape: N * U),
        "You divide by the characters as well. A frame's weights sum to one already: the mean is over the frames.",
    ),
    WrongAnswer(
        "sum over the frames",
        _with(share=lambda N, U, shape: 1),
        "You add the frames up. Long sentences would count more: divide by the number of frames of the sentence.",
    ),
    WrongAnswer(
        "divided by all frames of the batch",
        _with(share=lambda N, U, shape: shape[1]),
        "You divide by the frames of the padded batch. A sentence's mean is over its own frames.",
    ),
    WrongAnswer(
        "padding looked at",
        _with(softmax=_everything),
        "Your frames look at padded characters too. Keep them out before the softmax.",
    ),
    WrongAnswer(
        "scores of the padding set to 0",
        _with(softmax=_filled_with_zeros),
        "You give padded characters a score of 0. That is a score like any other: exp(0) is 1.",
    ),
    WrongAnswer(
        "padded frames counted",
        _with(frames_that_count=lambda n, N: n >= 0),
        "Frames behind the end of a sentence add to its loss. They are padding.",
    ),
    WrongAnswer(
        "padding multiplied by zero",
        _with(softmax=_padding_times_zero),
        "Right as long as the padding is finite. 0 times NaN is NaN: put something harmless in its place first.",
    ),
    WrongAnswer(
        "softmax over the frames",
        _with(softmax=_over_the_frames),
        "Your weights sum to one over the frames. Every frame looks at the characters: its weights over them do.",
    ),
    WrongAnswer(
        "not stable",
        _with(softmax=_unstable),
        "The formula is right, and exp overflows, or gives nothing but zeros, where scores are large. Subtract each "
        "frame's largest score first.",
    ),
    WrongAnswer(
        "the gradient of the weights",
        _with(back=lambda a, w: w),
        "The losses are right. What you return is the gradient of the weights; between them and the scores lies a "
        "softmax.",
    ),
    WrongAnswer(
        "softmax one by one",
        _with(back=lambda a, w: a * (1 - a) * w),
        "The losses are right. a (1 − a) says how a weight changes with its own score; a score changes the other "
        "weights too.",
    ),
    WrongAnswer(
        "without the frame's mean",
        _with(back=lambda a, w: a * w),
        "The losses are right. When all scores of a frame rise by the same amount nothing changes: subtract from the "
        "penalties what the frame pays on average.",
    ),
    WrongAnswer(
        "the gradient of the sum",
        _with(batch=lambda B: 1),
        "The losses are right. Your gradient is that of their sum; asked is that of their mean over the batch.",
    ),
)

QUESTION = Question(
    id="06-guide",
    title="Attention along the diagonal",
    points=15,
    name="guided_attention",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the losses", "dscores"),
)
