"""09-pool: a memory that fades: pooling over time that knows the order, with its way back.

Weights that fall by the same factor with every frame are those of exponential smoothing (Brown 1956); that they sum to
one whatever frames are missing, and that the factor is learned, is this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(x, mask, logit, dy):
    return _with()(x, mask, logit, dy)


def _only(x, mask):
    return np.where(mask[..., None], x, 0).astype(x.dtype)


def _since_the_last(mask):
    """(B, T): how many frames before the last one that exists; 0 after it."""
    T = mask.shape[1]
    last = T - 1 - mask[:, ::-1].argmax(1)
    return np.maximum(last[:, None] - np.arange(T), 0)


def _log_kept(logit):
    return -np.logaddexp(0, -logit)


def _weights(age, log_kept, mask):
    w = np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0)
    total = w.sum(1, keepdims=True)
    return w / np.where(total > 0, total, 1)


def _slope_of_the_kept(w, age, x, y, lost):
    """dy / dlogit (B, D): the covariance of age and feature."""
    return lost * (w * age[..., None] * (x - y[:, None])).sum(1)


def _with(
    clean=_only, age=_since_the_last, log_kept=_log_kept, weigh=_weights, slope=_slope_of_the_kept,
    gather=lambda slope, dy: (slope * dy).sum(0), share=lambda w, mask: w,
):  # fmt: skip
    """Pooling with other ages, weights or slopes."""

    def fade(x, mask, logit, dy):
        seen, old, kept = clean(x, mask), age(mask), log_kept(logit.astype(float))
        w = weigh(old, kept, mask)
        y = (w * seen).sum(1)
        d = slope(w, old, seen, y, -np.expm1(kept))
        return tuple(a.astype(x.dtype) for a in (y, share(w, mask) * dy[:, None], gather(d, dy)))

    return fade


def draw(rng):
    yield _case(rng, "2 clips, 5 frames, 3 features", 2, 5, 3)
    yield _case(rng, "7 clips, 3 frames", 7, 3, 5)
    yield _case(rng, "frames are missing in the middle", 5, 11, 3, kind="holes")
    yield _case(rng, "clips of several lengths", 5, 7, 2, kind="ends")
    yield _case(rng, "late beginnings", 5, 7, 2, kind="begins")
    yield _case(rng, "one frame", 3, 1, 5)
    yield _case(rng, "a clip without frames", 3, 5, 2, kind="empty")
    yield _case(rng, "what is missing may be anything", 5, 7, 3, kind="nan")
    yield _case(rng, "nothing fades", 3, 7, 5, logit=40.0)
    yield _case(rng, "nothing stays", 3, 7, 5, logit=-40.0)
    yield _case(rng, "a short clip with 5000 empty frames behind it", 2, 5011, 3, kind="padded")
    yield _case(rng, "float32", 3, 7, 5, kind="holes", dtype=np.float32)


def _case(rng, name, B, T, D, kind="", logit=None, dtype=np.float64):
    x, dy = rng.standard_normal((B, T, D)) + 0.7, rng.standard_normal((B, D))
    mask, t = np.ones((B, T), bool), np.arange(T)
    if kind in ("holes", "nan"):
        mask = rng.random((B, T)) < 0.6
        mask[:, [0, -1]], mask[0, 1] = True, False
    if kind == "ends":
        mask = t < rng.integers(2, T, B)[:, None]
    if kind == "begins":
        mask = t >= rng.integers(1, T - 1, B)[:, None]
    if kind == "padded":
        mask = np.tile(t < 5, (B, 1))
    if kind == "empty":
        mask[1] = False
    if kind == "nan":
        x[~mask] = np.nan
    knob = rng.uniform(-1, 1.5, D) if logit is None else np.full(D, logit) + rng.uniform(0, 1, D)
    return Case(name, tuple(a.astype(dtype) if a.dtype != bool else a for a in (x, mask, knob, dy)))


def _frames_since(mask):
    """The clock stands still while frames are missing."""
    return np.where(mask, mask[:, ::-1].cumsum(1)[:, ::-1] - 1, 0)


def _since_the_first(mask):
    return np.maximum(np.arange(mask.shape[1]) - mask.argmax(1)[:, None], 0)


def _to_the_end(mask):
    return np.broadcast_to(np.arange(mask.shape[1])[::-1], mask.shape)


def _from_nothing(age, log_kept, mask):
    return np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0) * -np.expm1(log_kept)


def _slope_from_nothing(w, age, x, y, lost):
    return (w * x * (age[..., None] * lost - (1 - lost))).sum(1)


def _is_first(age, w):
    return (np.arange(age.shape[1]) == (w[..., 0] > 0).argmax(1)[:, None])[..., None]


def _from_the_first(age, log_kept, mask):
    w = np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0)
    first = (np.arange(mask.shape[1]) == mask.argmax(1)[:, None])[..., None]
    return np.where(first, w, w * -np.expm1(log_kept))


def _slope_from_the_first(w, age, x, y, lost):
    return (w * x * (age[..., None] * lost - np.where(_is_first(age, w), 0, 1 - lost))).sum(1)


def _by_their_number(age, log_kept, mask):
    w = np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0)
    return w / np.maximum(mask.sum(1), 1)[:, None, None]


def _all_alike(age, log_kept, mask):
    return _weights(age, 0 * log_kept, mask)


def _all_frames(age, log_kept, mask):
    return _weights(age, log_kept, np.ones_like(mask))


def _bare(age, log_kept, mask):
    w = np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0)
    return w / w.sum(1, keepdims=True)


def _faded_to_nothing(age, log_kept, mask):
    return np.nan_to_num(_bare(_to_the_end(mask), log_kept, mask))


def _lost_first(age, log_kept, mask):
    """(1 - a) aᵃᵍᵉ over its sum, where 1 - a is computed and may be 0."""
    w = np.where(mask[..., None], np.exp(age[..., None] * log_kept), 0)
    w = w * (1 - np.exp(log_kept))
    total = w.sum(1, keepdims=True)
    return np.where(mask.any(1)[:, None, None], w / total, 0)


def _even_share(w, mask):
    return np.broadcast_to((mask / np.maximum(mask.sum(1, keepdims=True), 1))[..., None], w.shape)


WRONG = (
    WrongAnswer(
        "the clock stands still",
        _with(age=_frames_since),
        "You count the frames that exist. Time goes on while frames are missing: the age of a frame is how long ago it "
        "was.",
    ),
    WrongAnswer(
        "the first counts most",
        _with(age=_since_the_first),
        "You count from the first frame, so that the beginning weighs most. The memory of what is long ago has faded.",
    ),
    WrongAnswer(
        "nothing fades at all",
        _with(weigh=_all_alike),
        "You average the frames. Their order says nothing then; the weight of a frame is a to the power of its age.",
    ),
    WrongAnswer(
        "begun with nothing",
        _with(weigh=_from_nothing, slope=_slope_from_nothing),
        "Your memory begins with 0, which stays in it: a clip of ones gives less than one. The weights of the frames "
        "that exist sum to one.",
    ),
    WrongAnswer(
        "begun with the first frame",
        _with(weigh=_from_the_first, slope=_slope_from_the_first),
        "Your memory begins with the first frame, which so gets more than its due. Its weight is a to the power of its "
        "age over the sum of all weights, as for any other frame.",
    ),
    WrongAnswer(
        "divided by the number of frames",
        _with(weigh=_by_their_number, slope=lambda w, age, x, y, lost: lost * (w * age[..., None] * x).sum(1)),
        "You divide by the number of frames. What has faded does not count whole: divide by the sum of the weights.",
    ),
    WrongAnswer(
        "missing frames taken for zeros",
        _with(weigh=_all_frames),
        "Missing frames weigh in with zeros. Nothing was seen there, which is not the same as seeing 0.",
    ),
    WrongAnswer(
        "a and 1 − a exchanged",
        _with(log_kept=lambda logit: _log_kept(-logit), gather=lambda slope, dy: -(slope * dy).sum(0)),
        "You keep 1 − a of the memory. A large logit makes a large a, and a memory that lasts.",
    ),
    WrongAnswer(
        "every frame gets the same slope",
        _with(share=_even_share),
        "Your dx gives all frames the same. A frame feels the slope as much as it weighs.",
    ),
    WrongAnswer(
        "the slope of a",
        _with(slope=lambda w, age, x, y, lost: _slope_of_the_kept(w, age, x, y, 1) / (1 - lost)),
        "The rest is right. You give the gradient of a. It is logit that is learned: da / dlogit = a (1 − a).",
    ),
    WrongAnswer(
        "the slope of log a",
        _with(slope=lambda w, age, x, y, lost: _slope_of_the_kept(w, age, x, y, 1)),
        "The rest is right. You give the gradient of log a; d log a / dlogit = 1 − a is missing.",
    ),
    WrongAnswer(
        "a for 1 − a in the slope",
        _with(slope=lambda w, age, x, y, lost: _slope_of_the_kept(w, age, x, y, 1 - lost)),
        "The rest is right. Your dlogit has a where 1 − a belongs: d log a / dlogit = 1 − a.",
    ),
    WrongAnswer(
        "the sum of the weights forgotten",
        _with(slope=lambda w, age, x, y, lost: lost * (w * age[..., None] * x).sum(1)),
        "The rest is right. In your dlogit the sum of the weights stays as it is. When a grows it grows as well: what "
        "counts is how far a frame lies from y.",
    ),
    WrongAnswer(
        "dlogit the wrong way",
        _with(gather=lambda slope, dy: -(slope * dy).sum(0)),
        "The rest is right. Your dlogit has the opposite sign: a larger a brings y nearer to the old frames.",
    ),
    WrongAnswer(
        "dlogit averaged over the clips",
        _with(gather=lambda slope, dy: (slope * dy).mean(0)),
        "The rest is right. You average dlogit over the clips. All of them use the same logit, and their gradients add "
        "up; who wants a mean has it in dy already.",
    ),
    WrongAnswer(
        "a dlogit for each clip",
        _with(gather=lambda slope, dy: slope * dy),
        "The rest is right. You return a dlogit for each clip. There is one logit for each feature, and all clips use "
        "it: sum over them.",
    ),
    WrongAnswer(
        "dy left out of dlogit",
        _with(gather=lambda slope, dy: slope.sum(0)),
        "The rest is right. Your dlogit takes no notice of dy: it says how y changes, not how the loss does.",
    ),
    WrongAnswer(
        "no frame gives NaN",
        _with(weigh=_bare),
        "Right, but for a clip without frames: 0 / 0 is NaN. Its y is 0, and so are its gradients.",
    ),
    WrongAnswer(
        "what is missing gives NaN",
        _with(clean=lambda x, mask: x),
        "Right, but for missing frames that hold NaN: 0 times NaN is NaN. Put them out before you multiply.",
    ),
    WrongAnswer(
        "faded to nothing",
        _with(weigh=_faded_to_nothing),
        "Right, but for short clips with many empty frames behind them: all weights round to 0. Count the age from the "
        "last frame that exists; a common factor cancels out.",
    ),
    WrongAnswer(
        "0 / 0 when nothing fades",
        _with(weigh=_lost_first),
        "Right, but where a rounds to 1: then 1 − a is 0, and 0 / 0 is NaN. The factor 1 − a cancels out; leave it "
        "away.",
    ),
)

QUESTION = Question(
    id="09-pool",
    title="A memory that fades",
    points=15,
    name="fading_pool",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y", "dx", "dlogit"),
)
