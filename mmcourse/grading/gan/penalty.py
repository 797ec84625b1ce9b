"""04-penalty: the R1 penalty of a small critic, and its gradients: back through a gradient.

Mescheder et al. 2018, "Which training methods for GANs do actually converge?", arXiv:1801.04406, section 4.1:
R1 = γ/2 E[‖∇ₓ D(x)‖²] over the reals, with D the logit.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(x, w, b, v, gamma):
    return _with()(x, w, b, v, gamma)


def _sigmoid(a):
    return (1 + np.tanh(a / 2)) / 2


def _bend(a, s):
    """The slope of the slope of softplus."""
    return s * (1 - s)


def _with(
    slope=_sigmoid,
    bend=_bend,
    square=lambda g, gamma: gamma / 2 * (g * g).sum(-1),
    to_g=lambda g, gamma: gamma * g / len(g),
    through_slope=1,
    directly=1,
    to_v=lambda dt, s: dt * s,
):
    """The penalties and gradients with another activation, another function of the slope g, or ways left out.

    through_slope, directly: what the two ways from w to the penalty are multiplied by.
    """

    def penalty(x, w, b, v, gamma):
        a = x @ w.T + b
        s = slope(a)
        t = s * v
        g = t @ w
        dg = to_g(g, gamma)
        dt = dg @ w.T
        da = dt * v * bend(a, s)
        return square(g, gamma), directly * t.T @ dg + through_slope * da.T @ x, da.sum(0), to_v(dt, s).sum(0)

    return penalty


def draw(rng):
    yield _case(rng, "7 reals", 7, 3, 5, 0.7)
    yield _case(rng, "more features than units", 5, 11, 3, 10.0)
    yield _case(rng, "one real", 1, 2, 7, 3.0)
    yield _case(rng, "one feature, one unit", 5, 1, 1, 5.0)
    yield _case(rng, "all sizes alike", 5, 5, 5, 0.7)
    yield _case(rng, "no penalty", 3, 2, 5, 0.0)
    yield _case(rng, "a critic without slope", 5, 3, 2, 0.7, height=0.0)
    yield _case(rng, "units far on either side", 7, 3, 5, 0.7, reach=1e4)
    yield _case(rng, "float32", 7, 2, 5, 3.0, dtype=np.float32)


def _case(rng, name, B, I, H, gamma, height=1.0, reach=1.0, dtype=np.float64):
    x, w, b, v = normal(rng, (B, I), (H, I), (H,), (H,), dtype=dtype)
    return Case(name, (x * reach, w * I**-0.5, b, v * height, gamma))


def _norm(g):
    return np.sqrt((g * g).sum(-1, keepdims=True))


def _unit(g):
    return g / np.where(_norm(g) > 0, _norm(g), 1)


def _overflowing(a):
    with np.errstate(all="ignore"):
        return np.exp(a) / (1 + np.exp(a))


def of_mean_slope(x, w, b, v, gamma):
    """γ/2 ‖mean of the slopes‖², the same for every real."""
    s = _sigmoid(x @ w.T + b)
    t = s * v
    g = (t @ w).mean(0, keepdims=True)
    dg = np.broadcast_to(gamma * g / len(x), x.shape)
    dt = dg @ w.T
    da = dt * v * s * (1 - s)
    losses = np.broadcast_to(gamma / 2 * (g * g).sum(-1), len(x)).copy()
    return losses, t.T @ dg + da.T @ x, da.sum(0), (dt * s).sum(0)


def of_the_chance(x, w, b, v, gamma):
    """The slope of σ(D) in place of that of D, and its gradients by the chain rule."""
    a = x @ w.T + b
    s, d = _sigmoid(a), _sigmoid(np.logaddexp(0, a) @ v)[:, None]
    steep, curve = d * (1 - d), d * (1 - d) * (1 - 2 * d)
    t = s * v
    g = t @ w
    dg, dlogit = gamma * steep**2 * g / len(x), gamma * steep * curve * (g * g).sum(-1, keepdims=True) / len(x)
    dt = dg @ w.T
    da = dt * v * s * (1 - s) + dlogit * t
    dv = (dt * s + dlogit * np.logaddexp(0, a)).sum(0)
    return gamma / 2 * ((steep * g) ** 2).sum(-1), t.T @ dg + da.T @ x, da.sum(0), dv


def averaged(x, w, b, v, gamma):
    """The mean where each real's penalty is asked."""
    losses, *gradients = reference(x, w, b, v, gamma)
    return np.full_like(losses, losses.mean()), *gradients


def _gradients(change):
    """Right penalties, and gradients changed: change(dw, db, dv, B)."""

    def penalty(x, w, b, v, gamma):
        losses, *gradients = reference(x, w, b, v, gamma)
        return losses, *change(*gradients, len(x))

    return penalty


WRONG = (
    WrongAnswer(
        "γ without its half",
        _with(square=lambda g, gamma: gamma * (g * g).sum(-1), to_g=lambda g, gamma: 2 * gamma * g / len(g)),
        "All of your numbers are twice too large: the penalty is γ/2 times the square.",
    ),
    WrongAnswer(
        "γ forgotten",
        _with(square=lambda g, gamma: (g * g).sum(-1) / 2, to_g=lambda g, gamma: g / len(g)),
        "γ has no part in your answer. It says how much the penalty counts.",
    ),
    WrongAnswer(
        "length instead of its square",
        _with(square=lambda g, gamma: gamma / 2 * _norm(g)[:, 0], to_g=lambda g, gamma: gamma / 2 * _unit(g) / len(g)),
        "You penalise the length of the slope. Its square is asked, which forgives small slopes and is smooth at 0.",
    ),
    WrongAnswer(
        "slopes pulled to one",
        _with(
            square=lambda g, gamma: gamma / 2 * (_norm(g)[:, 0] - 1) ** 2,
            to_g=lambda g, gamma: gamma * (_norm(g) - 1) * _unit(g) / len(g),
        ),
        "This is the penalty of WGAN-GP, which wants a slope of 1. R1 wants none at all at the reals.",
    ),
    WrongAnswer(
        "slope of the mean",
        of_mean_slope,
        "You average the slopes over the reals and square afterwards, so that slopes in opposite directions cancel. "
        "Each real has a slope, a square and a penalty of its own.",
    ),
    WrongAnswer(
        "slope of the chance",
        of_the_chance,
        "You take the slope of σ(D), which vanishes wherever the judge is sure. The penalty looks at the logit D "
        "itself.",
    ),
    WrongAnswer(
        "tanh's slope",
        _with(slope=lambda a: 1 - np.tanh(a) ** 2, bend=lambda a, s: -2 * np.tanh(a) * s),
        "This is the chapter's critic, with tanh. The one here has softplus, whose slope is another function.",
    ),
    WrongAnswer(
        "softplus for its slope",
        _with(slope=lambda a: np.logaddexp(0, a), bend=lambda a, s: _sigmoid(a)),
        "You use softplus itself where its slope belongs. The slope of log(1 + eᵃ) is an old friend.",
    ),
    WrongAnswer(
        "relu's slope",
        _with(slope=lambda a: (a > 0).astype(a.dtype), bend=lambda a, s: 0 * s),
        "Your slope is 0 or 1, that of relu. Softplus is its smooth cousin, and it has a slope of its slope.",
    ),
    WrongAnswer(
        "the bend left out",
        _with(bend=lambda a, s: 0 * s),
        "The penalties and dv are right. w and b also move the slope of softplus, and through it the penalty: that "
        "way is missing.",
    ),
    WrongAnswer(
        "the slope for the bend",
        _with(bend=lambda a, s: s),
        "The penalties and dv are right. On the way through softplus's slope you multiply by that slope again; wanted "
        "is how the slope itself changes.",
    ),
    WrongAnswer(
        "the bend upside down",
        _with(bend=lambda a, s: -s * (1 - s)),
        "The penalties and dv are right, and the way through softplus's slope has the wrong sign. Softplus bends "
        "upwards everywhere.",
    ),
    WrongAnswer(
        "w met once: outside",
        _with(through_slope=0),
        "Only dw is wrong. w stands in two places: where the slope is multiplied out, and inside softplus. The second "
        "is missing.",
    ),
    WrongAnswer(
        "w met once: inside",
        _with(directly=0),
        "Only dw is wrong. w stands in two places: inside softplus, and where the slope is multiplied out. The second "
        "is missing.",
    ),
    WrongAnswer(
        "v without the slope",
        _with(to_v=lambda dt, s: dt),
        "Only dv is wrong. v is multiplied by softplus's slope on the way there, so it is on the way back.",
    ),
    WrongAnswer(
        "gradients of the sum",
        _gradients(lambda dw, db, dv, B: (dw * B, db * B, dv * B)),
        "Your gradients are those of the sum over the reals. Those of the mean are asked.",
    ),
    WrongAnswer(
        "the mean for each",
        averaged,
        "The gradients are right. For the penalties you return the mean; each real's own is asked.",
    ),
    WrongAnswer(
        "no gradient for the bias",
        _gradients(lambda dw, db, dv, B: (dw, 0 * db, dv)),
        "db is not zero. A bias of the last layer would move no slope; this one stands inside softplus.",
    ),
    WrongAnswer(
        "dw transposed",
        _gradients(lambda dw, db, dv, B: (dw.T, db, dv)),
        "The numbers of dw are right, and it lies on its side. It has the shape of w.",
    ),
    WrongAnswer(
        "not stable",
        _with(slope=_overflowing),
        "The formulas are right. eᵃ / (1 + eᵃ) becomes ∞ / ∞ for a large a; there is another way to write it.",
    ),
)

QUESTION = Question(
    id="04-penalty",
    title="A judge who is flat at the truth",
    points=20,
    name="flatness_penalty",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the penalties", "dw", "db", "dv"),
)
