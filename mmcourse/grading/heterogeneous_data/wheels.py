"""01-wheels: how fast does a wheel seem to turn in a film? A table that one can check by eye.

A wheel of s equal spokes looks the same after 1/s of a turn, so f turns a second and f + k r/s, for any whole k, give
the same film at r frames a second. The eye takes the slowest: Shannon 1949, theorem 1, with a sign.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(turns, spokes, rates):
    period = rates / spokes[:, None].astype(rates.dtype)
    f = turns[:, None]
    return f - period * np.round(f / period)


def draw(rng):
    yield _case(rng, "5 wheels, 3 cameras", 5, 3)
    yield _case(rng, "as many wheels as cameras", 3, 3)
    yield _case(rng, "one wheel, one camera", 1, 1)
    yield _case(rng, "wheels that roll backwards", 5, 2, lambda turns: -turns)
    yield _case(rng, "wheels with one spoke", 3, 2, spokes=1)
    yield _case(rng, "wheels slow enough for every camera", 5, 3, lambda turns: turns / 40)
    yield _case(rng, "very fast wheels", 3, 5, lambda turns: turns * 1009)
    yield _case(rng, "a wheel at rest", 3, 2, lambda turns: turns * (np.arange(len(turns)) != 1))
    turns, spokes, rates = _wheels(rng, 5, 3)
    yield Case("wheels that seem to stand still", (rates[0] / spokes * np.arange(1, 6), spokes, rates[:1]))
    yield Case("no wheel", (turns[:0], spokes[:0], rates))
    yield _case(rng, "float32", 5, 3, dtype=np.float32)


def _case(rng, name, wheels, cameras, change=lambda turns: turns, spokes=None, dtype=np.float64):
    """A case without a wheel so near half a spoke a frame that rounding decides which way it seems to turn."""
    while True:
        turns, counts, rates = _wheels(rng, wheels, cameras)
        counts = counts if spokes is None else np.full_like(counts, spokes)
        arguments = change(turns).astype(dtype), counts, rates.astype(dtype)
        steps = arguments[0][:, None] * counts[:, None] / arguments[2]  # spokes a frame
        if (np.abs(steps % 1 - 0.5) > 0.01).all():
            return Case(name, arguments)


def _wheels(rng, wheels, cameras):
    """Turns a second, spokes, and frames a second."""
    return rng.uniform(4, 16, wheels), rng.integers(3, 8, wheels), rng.uniform(6, 18, cameras)


def _seen(function):
    """Another idea of what is seen: function(turns, spokes, rates), with wheels along rows."""
    return lambda turns, spokes, rates: np.broadcast_to(
        function(turns[:, None], spokes[:, None], rates), (len(turns), len(rates))
    )


def _nearest(f, period):
    return f - period * np.round(f / period)


def _filtered(f, spokes, rates):
    return np.where(np.abs(f) < rates / spokes / 2, f, 0)


def _clipped(f, spokes, rates):
    limit = rates / spokes / 2
    return np.clip(f, -limit, limit)


def _one_wrap(f, spokes, rates):
    period = rates / spokes
    return np.where(np.abs(f) > period / 2, f - np.sign(f) * period, f)


def table_turned(turns, spokes, rates):
    return reference(turns, spokes, rates).T


WRONG = (
    WrongAnswer(
        "the direction lost",
        _seen(lambda f, s, r: np.abs(_nearest(f, r / s))),
        "The speeds are right, the directions are not: an ear cannot tell a frequency from its negative, so the "
        "chapter takes the absolute value. An eye sees which way a wheel turns.",
    ),
    WrongAnswer(
        "always the true direction",
        _seen(lambda f, s, r: np.sign(f) * np.abs(_nearest(f, r / s))),
        "You let every wheel seem to turn the way it really turns. If a spoke stops just short of the place where "
        "another one was a frame ago, which way does the wheel seem to go?",
    ),
    WrongAnswer(
        "the direction reversed",
        _seen(lambda f, s, r: -_nearest(f, r / s)),
        "All your wheels turn the wrong way round. A wheel that is slow enough for the camera is seen as it is: try "
        "your formula on that one.",
    ),
    WrongAnswer(
        "spokes not counted",
        _seen(lambda f, s, r: _nearest(f, r)),
        "You treat a wheel as if it had a single mark. Its spokes look alike: after what part of a turn does it look "
        "the same again?",
    ),
    WrongAnswer(
        "spokes instead of turns",
        _seen(lambda f, s, r: _nearest(f * s, r)),
        "You report how many spokes seem to pass in a second. That is the right thing to fold, and a wheel with s "
        "spokes has not turned that many times: bring the answer back to turns.",
    ),
    WrongAnswer(
        "spokes on the wrong side",
        _seen(lambda f, s, r: _nearest(f, r * s)),
        "In your answer more spokes make a wheel easier to film. They look alike, so more of them repeat sooner: the "
        "range in which the eye is right gets narrower.",
    ),
    WrongAnswer(
        "always forwards",
        _seen(lambda f, s, r: f % (r / s)),
        "Your remainder is never negative, so no wheel ever seems to turn backwards. Of all speeds that give the same "
        "film the eye picks the slowest, in either direction.",
    ),
    WrongAnswer(
        "rounded towards zero",
        _seen(lambda f, s, r: np.fmod(f, r / s)),
        "You take off as many whole periods as fit into the true speed. That leaves up to a whole period; the nearest "
        "multiple leaves no more than half of one, sometimes with the other sign.",
    ),
    WrongAnswer(
        "folded at half the rate",
        _seen(lambda f, s, r: _nearest(f, r / s / 2)),
        "You repeat the pattern every half period. Half is the limit up to which the eye is right; the pattern repeats "
        "after the whole.",
    ),
    WrongAnswer(
        "only one period taken off",
        _seen(_one_wrap),
        "You take off one period where the wheel is too fast. A fast wheel may be several periods ahead: how many are "
        "nearest to it?",
    ),
    WrongAnswer(
        "held at the limit",
        _seen(_clipped),
        "You hold every fast wheel at the limit, as if the film showed the fastest thing it can. Beyond the limit the "
        "film shows something else, often something slow.",
    ),
    WrongAnswer(
        "filtered away",
        _seen(_filtered),
        "You let fast wheels stand still, as if a filter had removed them before the film was taken. Nobody filtered: "
        "what is too fast is still there, in disguise.",
    ),
    WrongAnswer(
        "turns a frame",
        _seen(lambda f, s, r: _nearest(f, r / s) / r),
        "You report turns between one frame and the next. The table is in turns a second.",
    ),
    WrongAnswer(
        "the truth",
        _seen(lambda f, s, r: f + 0 * r),
        "This is how fast the wheels really turn. The question is what the film shows.",
    ),
    WrongAnswer(
        "table turned",
        table_turned,
        "The numbers are right, and the table lies on its side: one row a wheel, one column a camera.",
    ),
)

QUESTION = Question(
    id="01-wheels",
    title="Reading a film of turning wheels",
    points=10,
    name="wheels_on_film",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
