"""11-document: a layer from its page of documentation, which is made up and differs where real ones do.

The gain that is stored as its difference from 1, the eps beside the root, the momentum that says how much is kept and
the mask that says what to leave out all occur in one framework or another.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer

KEPT, EPS = 0.9, 1e-3


def reference(x, gain, shift, mean, variance, ignore, training):
    return _with()(x, gain, shift, mean, variance, ignore, training)


def _statistics(x, there):
    """Mean and variance (C, 1) of the frames that count, and how many these are."""
    n = there.sum()
    mean = np.where(there, x, 0).sum((0, 2), keepdims=True)[0] / max(n, 1)
    return mean, np.where(there, (x - mean) ** 2, 0).sum((0, 2), keepdims=True)[0] / max(n, 1), n


def _beside_the_root(variance):
    return np.sqrt(variance) + EPS


def _moved(old, new):
    return KEPT * old + (1 - KEPT) * new


def _unbiased(variance, n):
    return variance * n / (n - 1)


def _stored(mean, variance, m, v, n, move, spread):
    """The statistics after a step of training: one frame has no spread, and none has no mean either."""
    return move(mean, m) if n else mean, move(variance, spread(v, n)) if n > 1 else variance


def _with(
    measure=_statistics, divide=_beside_the_root, move=_moved, spread=_unbiased, store=_stored, learns=lambda t: t,
    uses_batch=lambda t: t, gain_of=lambda gain: 1 + gain, there_of=lambda ignore: ~ignore, after=np.where,
    shown=None, used=lambda m, v, n, new: (m, v),
):  # fmt: skip
    """The layer with one of its sentences read otherwise. shown: which frames come out, if not those that count."""

    def layer(x, gain, shift, mean, variance, ignore, training):
        z, g, b, mu, var = (a.astype(float) for a in (x, *(v[:, None] for v in (gain, shift, mean, variance))))
        there = there_of(ignore)[:, None]
        with np.errstate(all="ignore"):
            m, v, n = measure(z, there)
            new = store(mu, var, m, v, n, move, spread)
            m, v = used(m, v, n, new) if uses_batch(training) else (mu, var)
            y = after((shown or there_of)(ignore)[:, None], (z - m) / divide(v) * gain_of(g) + b, 0)
        state = new if learns(training) else (mu, var)
        return tuple(a.astype(x.dtype) for a in (y, *(s[:, 0] for s in state)))

    return layer


def draw(rng):
    yield _case(rng, "3 sequences, 2 channels, 5 frames", 3, 2, 5, missing=0.3)
    yield _case(rng, "not in training", 2, 3, 7, missing=0.3, training=False)
    yield _case(rng, "nothing is left out", 5, 3, 2, missing=0.0)
    yield _case(rng, "as many channels as frames", 2, 5, 5, missing=0.3)
    yield _case(rng, "one frame counts", 2, 3, 5, missing=1.0, certain=1)
    yield _case(rng, "no frame counts", 3, 2, 5, missing=1.0)
    yield _case(rng, "a channel that stands still", 3, 5, 7, missing=0.2, still=True)
    yield _case(rng, "quiet channels", 5, 3, 7, missing=0.2, loud=0.03)
    yield _case(rng, "quiet, and not in training", 3, 5, 2, missing=0.2, loud=0.03, training=False)
    yield _case(rng, "float32", 3, 2, 5, missing=0.3, dtype=np.float32)


def _case(rng, name, N, C, T, missing, certain=0, training=True, still=False, loud=1.0, dtype=np.float64):
    x = loud * (rng.standard_normal((N, C, T)) + rng.standard_normal((C, 1)))
    if still:
        x[:, 1] = 0.5
    ignore = rng.random((N, T)) < missing
    if 0 < missing < 1:
        ignore[0], ignore[1, :2] = False, (True, False)  # sequences count unlike numbers of frames
    ignore[1, T - certain :] = False
    gain, shift, mean = rng.standard_normal((3, C))
    variance = loud**2 * rng.uniform(0.3, 3, C)
    arrays = (a.astype(dtype) for a in (x, gain, shift, mean, variance))
    return Case(name, (*arrays, ignore, training))


def _over(axes):
    """Statistics over other axes, for as many frames."""

    def measure(x, there):
        there = np.broadcast_to(there, x.shape)
        count = np.maximum(there.sum(axes, keepdims=True), 1)
        mean = np.where(there, x, 0).sum(axes, keepdims=True) / count
        variance = np.where(there, (x - mean) ** 2, 0).sum(axes, keepdims=True) / count
        return mean, variance, there[:, 0].sum()

    return measure


def _own_statistics(axes):
    """Each example normalised by its own, the stored ones right."""

    def layer(x, gain, shift, mean, variance, ignore, training):
        y, *state = reference(x, gain, shift, mean, variance, ignore, training)
        if training:
            there, z = ~ignore[:, None], x.astype(float)
            m, v, _ = _over(axes)(z, there)
            y = np.where(there, (z - m) / _beside_the_root(v) * (1 + gain[:, None]) + shift[:, None], 0)
        return y.astype(x.dtype), *state

    return layer


def as_they_came(x, gain, shift, mean, variance, ignore, training):
    y, *state = reference(x, gain, shift, mean, variance, ignore, training)
    return np.where(ignore[:, None], x, y), *state


def _all_frames(x, there):
    return _statistics(x, np.ones_like(there))


def _zeros_counted(x, there):
    m, v, _ = _statistics(np.where(there, x, 0), np.ones_like(there))
    return m, v, there.sum()


def _mean_of_means(x, there):
    """Each sequence counts alike."""
    some = there.any((1, 2))
    means, variances, n = _over((2,))(x, there)
    mean = means[some].mean(0) if n else means[0]
    return mean, (variances + (means - mean) ** 2)[some].mean(0) if n else variances[0], n


def _bare(mean, variance, m, v, n, move, spread):
    """No thought of empty batches."""
    return move(mean, m), move(variance, spread(v, n))


def _none_forgotten(mean, variance, m, v, n, move, spread):
    return move(mean, m), move(variance, spread(v, n)) if n > 1 else variance


def _one_is_none(mean, variance, m, v, n, move, spread):
    return (move(mean, m), move(variance, spread(v, n))) if n > 1 else (mean, variance)


def _one_without_spread(mean, variance, m, v, n, move, spread):
    return move(mean, m) if n else mean, move(variance, v * n / max(n - 1, 1)) if n else variance


WRONG = (
    WrongAnswer(
        "eps under the root",
        _with(divide=lambda variance: np.sqrt(variance + EPS)),
        "You add eps to the variance, as most layers do. The page says: to the standard deviation.",
    ),
    WrongAnswer(
        "another eps",
        _with(divide=lambda variance: np.sqrt(variance) + 1e-5),
        "Your eps is 1e-5, the habit of another framework. Look up the default on the page.",
    ),
    WrongAnswer(
        "without eps",
        _with(divide=np.sqrt),
        "You leave eps out. Look it up on the page, and where it is added.",
    ),
    WrongAnswer(
        "divided by the variance",
        _with(divide=lambda variance: variance + EPS),
        "You divide by the variance. The page says: by the standard deviation.",
    ),
    WrongAnswer(
        "the gain as it stands",
        _with(gain_of=lambda gain: gain),
        "You multiply by the stored gain. The page says that what is stored is its difference from 1.",
    ),
    WrongAnswer(
        "one tenth kept",
        _with(move=lambda old, new: (1 - KEPT) * old + KEPT * new),
        "What comes out is right. You keep a tenth of the old statistics: here momentum is the share that is kept, "
        "not the share that is new.",
    ),
    WrongAnswer(
        "the stored variance divided by n",
        _with(spread=lambda variance, n: variance),
        "All right but for the stored variance: the page wants it divided by n − 1, unlike the one that is used.",
    ),
    WrongAnswer(
        "n − 1 everywhere",
        _with(used=lambda m, v, n, new: (m, v * n / max(n - 1, 1))),
        "The stored statistics are right. You also normalise with a variance divided by n − 1; the page says n.",
    ),
    WrongAnswer(
        "a deviation stored",
        _with(spread=lambda variance, n: np.sqrt(_unbiased(variance, n))),
        "All right but for the stored variance: you mix a standard deviation into it.",
    ),
    WrongAnswer(
        "mask inverted",
        _with(there_of=lambda ignore: ignore),
        "Your mask is inverted. On this page True marks a frame that is left out.",
    ),
    WrongAnswer(
        "all frames measured",
        _with(measure=_all_frames),
        "You measure frames that are to be left out. They count neither for the mean nor for the variance.",
    ),
    WrongAnswer(
        "zeros measured",
        _with(measure=_zeros_counted),
        "You set what is left out to 0 and measure it along. It is no frame with a value of 0: it does not count.",
    ),
    WrongAnswer(
        "what is left out comes out",
        _with(shown=np.ones_like),
        "The statistics are right. You normalise the frames that are left out like the others; they come out as 0.",
    ),
    WrongAnswer(
        "what is left out comes out as it went in",
        as_they_came,
        "The statistics are right. You hand on the frames that are left out as they came; they come out as 0.",
    ),
    WrongAnswer(
        "each sequence by itself",
        _own_statistics((2,)),
        "You measure each sequence by itself. The page says: over the frames of the whole batch.",
    ),
    WrongAnswer(
        "over the channels",
        _own_statistics((1,)),
        "You normalise over the channels of a frame. Each channel has its own mean, over all frames.",
    ),
    WrongAnswer(
        "a mean of means",
        _with(measure=_mean_of_means),
        "You average each sequence and then the sequences. Each frame counts alike, so a long one counts for more.",
    ),
    WrongAnswer(
        "the new stored ones used",
        _with(used=lambda m, v, n, new: new),
        "You normalise the batch with the stored statistics after their update. In training it is normalised by its "
        "own.",
    ),
    WrongAnswer(
        "the stored ones in training",
        _with(uses_batch=lambda training: False),
        "You always normalise with the stored statistics. In training a batch is normalised by its own.",
    ),
    WrongAnswer(
        "the batch's own always",
        _with(uses_batch=lambda training: True),
        "You always normalise a batch by its own statistics. When it is not in training, the stored ones are used.",
    ),
    WrongAnswer(
        "always learning",
        _with(learns=lambda training: True),
        "You update the stored statistics even when the layer is not in training.",
    ),
    WrongAnswer(
        "one frame, divided by 0",
        _with(store=_bare),
        "All right but for batches in which less than two frames count: n − 1 is 0 there. The page says what happens.",
    ),
    WrongAnswer(
        "none, and still an update",
        _with(store=_none_forgotten),
        "All right but where no frame counts: your stored mean moves towards 0. It stays as it was.",
    ),
    WrongAnswer(
        "one is none",
        _with(store=_one_is_none),
        "All right but where one frame counts: it has no variance, but it has a mean, which is stored.",
    ),
    WrongAnswer(
        "one frame with a variance of 0",
        _with(store=_one_without_spread),
        "All right but where one frame counts: its variance is not 0, it is unknown, and the stored one stays.",
    ),
)

QUESTION = Question(
    id="11-document",
    title="A layer from its documentation",
    points=15,
    name="frame_norm",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("what comes out", "the stored mean", "the stored variance"),
    tolerance={"float64": 1e-9, "float32": 3e-5},
)
