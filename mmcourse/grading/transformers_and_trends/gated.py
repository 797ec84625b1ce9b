"""12-gated: the way back through the second half of a block: a norm and a gated MLP, around a residual.

RMSNorm, which divides by the root of the mean of squares: Zhang & Sennrich 2019 (arXiv:1910.07467). SwiGLU: Shazeer
2020 (arXiv:2002.05202). That the gain is learned as its distance from 1, and that tokens may be absent, are this
question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer

EPS = 1e-6


def reference(x, gain, gate, up, down, present, dy):
    return _with()(x, gain, gate, up, down, present, dy)


def _size(x):
    return np.sqrt((x**2).mean(-1, keepdims=True) + EPS)


def _sigmoid(a):
    return np.exp(-np.logaddexp(0, -a))


def _silu(a):
    return a * _sigmoid(a)


def _silu_slope(a):
    s = _sigmoid(a)
    return s * (1 + a * (1 - s))


def _norm_slope(du, u, size):
    """Back through u = x / size, where the size depends on x as well."""
    return (du - u * (du * u).mean(-1, keepdims=True)) / size


def _residual(x, found):
    return x + found


def _product(a, b):
    """Σ over all tokens of a (B, T, I) times b (B, T, J): (I, J)."""
    return np.einsum("bti,btj->ij", a, b)


def _with(
    size=_size, bend=_silu, bend_slope=_silu_slope, norm_slope=_norm_slope, add=_residual, straight=lambda dy: dy,
    gather=_product, gain_slope=lambda dn, u: (dn * u).sum((0, 1)), scale=lambda gain: 1 + gain,
    through=lambda dn, gain: dn * (1 + gain), gates=lambda a, b: (a, b), sum_both=lambda da, db: da + db,
    clean=lambda x, present: np.where(present[..., None], x, 0), slope_of_up=lambda dh, s: dh * s,
):  # fmt: skip
    """y and six gradients with another part of the way there or back."""

    def back(x, gain, gate, up, down, present, dy):
        x0, dy0 = clean(x.astype(float), present), clean(dy.astype(float), present)
        r = size(x0)
        u = x0 / r
        n = u * scale(gain)
        a, b = gates(n @ gate, n @ up)
        s = bend(a)
        y = add(x0, (s * b) @ down)
        dh = dy0 @ down.T
        da, db = gates(dh * b * bend_slope(a), slope_of_up(dh, s))
        dn = sum_both(da @ gate.T, db @ up.T)
        dx = straight(dy0) + norm_slope(through(dn, gain), u, r)
        d = gather(n, da), gather(n, db), gather(s * b, dy0)
        return tuple(v.astype(x.dtype) for v in (y, clean(dx, present), gain_slope(dn, u), *d))

    return back


def draw(rng):
    yield _case(rng, "2 sentences of 3 tokens, width 5", 2, 3, 5, 7)
    yield _case(rng, "5 sentences of 2 tokens", 5, 2, 3, 11)
    yield _case(rng, "one token", 1, 1, 7, 3)
    yield _case(rng, "width one", 3, 5, 1, 7)
    yield _case(rng, "as wide as hidden", 3, 2, 5, 5)
    yield _case(rng, "tokens are absent", 3, 7, 5, 3, missing=0.4)
    yield _case(rng, "what is absent may be anything", 3, 5, 2, 7, missing=0.4, hold=np.nan)
    yield _case(rng, "very small tokens", 2, 5, 3, 7, scale=1e-3)
    yield _case(rng, "gates near 2000", 2, 3, 5, 7, open=2000.0)
    yield _case(rng, "float32", 2, 5, 3, 7, missing=0.3, dtype=np.float32)


def _case(rng, name, B, T, D, F, missing=0.0, hold=None, scale=1.0, open=0.0, dtype=np.float64):
    x, gain, gate, up, down, dy = normal(rng, (B, T, D), (D,), (D, F), (D, F), (F, D), (B, T, D))
    present = rng.random((B, T)) >= missing
    if missing:
        present[0, 0], present[-1, -1] = True, False
    x = scale * (x + 0.3)
    if open:  # far open and far shut, for every token alike
        x[..., 0], gain[0], gate[0] = 1, 0, open * np.resize([1, -1], F)
        up, down = up / open**0.5, down / open**0.5
    for array in (x, dy):
        if hold is not None:
            array[~present] = hold
    arguments = (x, 0.3 * gain, gate, up, down)
    return Case(name, (*(v.astype(dtype) for v in arguments), present, dy.astype(dtype)))


def _deviation(x):
    return np.sqrt(x.var(-1, keepdims=True) + EPS)


def _length(x):
    return np.sqrt((x**2).sum(-1, keepdims=True) + EPS)


def _bare_size(x):
    return np.sqrt((x**2).mean(-1, keepdims=True))


def _eps_outside(x):
    return np.sqrt((x**2).mean(-1, keepdims=True)) + EPS


def _overflowing(a):
    e = np.exp(a)
    return a * e / (1 + e)


WRONG = (
    WrongAnswer(
        "exchanged",
        _with(gates=lambda a, b: (b, a)),
        "You bend `up` and leave `gate` straight. What goes through silu is the gate.",
    ),
    WrongAnswer(
        "a sigmoid for a gate",
        _with(bend=_sigmoid, bend_slope=lambda a: _sigmoid(a) * (1 - _sigmoid(a))),
        "Your gate is a bare sigmoid. silu(a) is a times the sigmoid of a.",
    ),
    WrongAnswer(
        "relu for silu",
        _with(bend=lambda a: np.maximum(a, 0), bend_slope=lambda a: (a > 0) * 1.0),
        "You cut off what is below 0, as relu does. silu lets a little through there.",
    ),
    WrongAnswer(
        "no norm of the mean of squares",
        _with(size=_length, norm_slope=lambda du, u, r: (du - u * (du * u).sum(-1, keepdims=True)) / r),
        "You divide by the length of a token. Its size is the root of the mean of its squares.",
    ),
    WrongAnswer(
        "divided by the deviation",
        _with(size=_deviation),
        "You divide by the standard deviation, as in a layer norm. This norm takes no mean off: the root of the mean "
        "of squares.",
    ),
    WrongAnswer(
        "nothing added below the root",
        _with(size=_bare_size),
        "Right, but for tokens that are very small: 10⁻⁶ below the root is missing. A token of zeros would be 0 / 0.",
    ),
    WrongAnswer(
        "added outside the root",
        _with(size=_eps_outside),
        "You add 10⁻⁶ to the root. It stands below it, and matters where tokens are small.",
    ),
    WrongAnswer(
        "the gain itself",
        _with(scale=lambda gain: gain, through=lambda dn, gain: dn * gain),
        "You multiply by the gain. It is learned as its distance from 1: multiply by 1 + gain.",
    ),
    WrongAnswer(
        "no residual",
        _with(add=lambda x, found: found, straight=lambda dy: 0),
        "You return what the MLP found. The token itself is added to it, and on the way back dy goes straight through.",
    ),
    WrongAnswer(
        "no straight way back",
        _with(straight=lambda dy: 0),
        "y is right. Your dx has come through the MLP alone; the residual carries dy straight back, too.",
    ),
    WrongAnswer(
        "the size taken for a number",
        _with(norm_slope=lambda du, u, r: du / r),
        "You treat the size of a token as a constant. It depends on every number of the token, and that takes the part "
        "along the token off.",
    ),
    WrongAnswer(
        "a sum for the mean in the norm",
        _with(norm_slope=lambda du, u, r: (du - u * (du * u).sum(-1, keepdims=True)) / r),
        "y is right. On the way back through the norm you subtract a sum where a mean belongs.",
    ),
    WrongAnswer(
        "the mean taken off",
        _with(norm_slope=lambda du, u, r: _norm_slope(du - du.mean(-1, keepdims=True), u, r)),
        "y is right. Your way back through the norm also subtracts the mean, as that of a layer norm does. No mean was "
        "taken off on the way there.",
    ),
    WrongAnswer(
        "the norm the wrong way",
        _with(norm_slope=lambda du, u, r: (du + u * (du * u).mean(-1, keepdims=True)) / r),
        "y is right. On the way back through the norm you add the part along the token. A longer token is not a longer "
        "u: that part is taken off.",
    ),
    WrongAnswer(
        "not divided by the size",
        _with(norm_slope=lambda du, u, r: du - u * (du * u).mean(-1, keepdims=True)),
        "y is right. Your way back through the norm is not divided by the size: of large tokens a step changes little.",
    ),
    WrongAnswer(
        "the gain left out on the way back",
        _with(through=lambda dn, gain: dn),
        "y is right. On the way back you forget to multiply by 1 + gain before the norm.",
    ),
    WrongAnswer(
        "half the slope of silu",
        _with(bend_slope=_sigmoid),
        "y is right. Your slope of silu is the sigmoid alone; the sigmoid changes with a as well.",
    ),
    WrongAnswer(
        "through the gate alone",
        _with(sum_both=lambda da, db: da),
        "y and the slopes of the weights are right. The norm's output goes to the gate and to `up`, and gets a slope "
        "from both: you send back that of the gate.",
    ),
    WrongAnswer(
        "through up alone",
        _with(sum_both=lambda da, db: db),
        "y and the slopes of the weights are right. The norm's output goes to the gate and to `up`, and gets a slope "
        "from both: you send back that of `up`.",
    ),
    WrongAnswer(
        "the gate unbent on the way back",
        _with(slope_of_up=lambda dh, s: dh),
        "y is right. The slope of `up` is multiplied by the bent gate: what is shut out learns nothing.",
    ),
    WrongAnswer(
        "weights averaged over the tokens",
        _with(gather=lambda a, b: _product(a, b) / (a.shape[0] * a.shape[1])),
        "y and dx are right. You average the slopes of the weights over the tokens. They add up; who wants a mean has "
        "it in dy already.",
    ),
    WrongAnswer(
        "gain averaged",
        _with(gain_slope=lambda dn, u: (dn * u).mean((0, 1))),
        "The rest is right. You average dgain over the tokens. All of them use the same gain, and their slopes add up.",
    ),
    WrongAnswer(
        "dgain without the norm",
        _with(gain_slope=lambda dn, u: dn.sum((0, 1))),
        "The rest is right. Your dgain forgets what the gain is multiplied with: x over its size.",
    ),
    WrongAnswer(
        "absent tokens learn along",
        _with(clean=lambda x, present: x),
        "Absent tokens have a say. Their y is 0, and so are all their slopes, whatever stands in their place.",
    ),
    WrongAnswer(
        "0 times NaN",
        _with(clean=lambda x, present: x * present[..., None]),
        "Right, but for absent tokens that hold NaN: 0 times NaN is NaN. Put them out before you multiply.",
    ),
    WrongAnswer(
        "exp of a large gate",
        _with(bend=_overflowing),
        "The formula is right, and exp overflows where a gate is wide open. A sigmoid can be written so that exp only "
        "gets what is below 0.",
    ),
)

QUESTION = Question(
    id="12-gated",
    title="Back through a gated block",
    points=20,
    name="gated_block_backward",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y", "dx", "dgain", "dgate", "dup", "ddown"),
)
