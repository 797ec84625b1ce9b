"""What both halves of the recurrent room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract


def _draw(gates, states):
    def draw(rng, T, B, I, H):
        shapes = {"w_ih": (gates * H, I), "w_hh": (gates * H, H), "b_ih": (gates * H,), "b_hh": (gates * H,)}
        x = {"x": rng.standard_normal((T, B, I))} | {s: rng.standard_normal((B, H)) for s in states}
        return x | {n: rng.standard_normal(s) * H**-0.5 for n, s in shapes.items()}

    return {
        "a few steps": lambda rng: draw(rng, 5, 3, 7, 2),
        "one step, one sequence": lambda rng: draw(rng, 1, 1, 3, 5),
        "wide state": lambda rng: draw(rng, 3, 2, 5, 11),
    }


def _cut_in_two(states, x="x"):
    """Reading a sequence in two pieces, handing the state on, is reading it in one."""

    def holds(f, a, rng):
        if len(a[x]) < 2:
            return True
        whole = f(**a)
        first = f(**a | {x: a[x][:1]})
        second = f(**a | {x: a[x][1:]} | dict(zip(states, first[1:], strict=True)))
        return np.allclose(np.concatenate([first[0], second[0]]), whole[0])

    return holds


def _contract(function, gates, states, known):
    return Contract(
        function,
        cases=_draw(gates, states),
        gradients=("x", *states, "w_ih", "w_hh", "b_ih", "b_hh"),
        known=known,
        invariants={
            "read in two pieces it says the same": _cut_in_two(states),
            "the last state is the last answer": lambda f, a, rng: np.array_equal(f(**a)[0][-1], f(**a)[1]),
            "sequences do not see each other": lambda f, a, rng: np.allclose(
                f(**{n: v[:, :1] if n == "x" else v[:1] if n in states else v for n, v in a.items()})[0],
                f(**a)[0][:, :1],
            ),
        },
    )


def _by_hand(gates, states, **biases):
    """One step of width 1 with all weights zero: every gate is decided by its bias."""
    zero = {"x": np.ones((1, 1, 1)), "w_ih": np.zeros((gates, 1)), "w_hh": np.zeros((gates, 1))}
    return zero | states | {"b_ih": np.zeros(gates), "b_hh": np.zeros(gates)} | biases


def _steps(rng, T, B, H):
    shapes = {"a": (T, B, 4 * H), "h0": (B, H), "c0": (B, H), "w_hh": (4 * H, H)}
    return {n: rng.standard_normal(s) for n, s in shapes.items()}


LOG3 = np.log(3.0)  # σ(log 3) = 3/4, tanh(log 3 / 2) = 1/2
STATE = np.array([[4.0]])
CONTRACTS = (
    _contract(
        "rnn",
        1,
        ("h0",),
        {
            "one half": (_by_hand(1, {"h0": STATE}, b_hh=np.array([LOG3 / 2])), ([[[0.5]]], [[0.5]])),
        },
    ),
    _contract(
        "lstm",
        4,
        ("h0", "c0"),
        {
            # i = 3/4, f = 1/2, g = 1/2, o = 1/2: c = 4/2 + 3/8, h = tanh(c)/2
            "gates from their biases": (
                _by_hand(4, {"h0": STATE, "c0": STATE}, b_ih=np.array([LOG3, 0.0, LOG3 / 2, 0.0])),
                ([[[np.tanh(2.375) / 2]]], [[np.tanh(2.375) / 2]], [[2.375]]),
            ),
        },
    ),
    Contract(
        "lstm_steps",
        cases={
            "a few steps": lambda rng: _steps(rng, 5, 3, 2),
            "one step, one sequence": lambda rng: _steps(rng, 1, 1, 5),
        },
        gradients=("a", "h0", "c0", "w_hh"),
        known={
            # i = 3/4, f = 1/2, g = 1/2, o = 1/2: as for `lstm`
            "gates from their inputs": (
                {"a": np.array([[[LOG3, 0.0, LOG3 / 2, 0.0]]]), "h0": STATE, "c0": STATE, "w_hh": np.zeros((4, 1))},
                ([[[np.tanh(2.375) / 2]]], [[np.tanh(2.375) / 2]], [[2.375]]),
            ),
        },
        invariants={
            "read in two pieces it says the same": _cut_in_two(("h0", "c0"), "a"),
        },
    ),
    _contract(
        "gru",
        3,
        ("h0",),
        {
            # r = 1/2, z = 3/4, n = tanh(r log 3) = 1/2: h = 1/2 · 1/4 + 4 · 3/4
            "gates from their biases": (
                _by_hand(3, {"h0": STATE}, b_ih=np.array([0.0, LOG3, 0.0]), b_hh=np.array([0.0, 0.0, LOG3])),
                ([[[3.125]]], [[3.125]]),
            ),
        },
    ),
)
