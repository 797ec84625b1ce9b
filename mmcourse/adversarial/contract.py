"""What both halves of the adversarial room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract

LOG3 = np.log(3.0)  # σ(log 3) = 3/4, σ(-log 3) = 1/4


def _logits(*names):
    """Random logits, one shape for each name; reals and fakes need not be as many."""
    shapes = {"real": (7,), "fake": (5,)}, {"real": (3, 2), "fake": (2, 5)}, {"real": (1,), "fake": (1,)}
    labels = "a batch", "patches of pictures", "one example"
    return {
        label: (lambda rng, s=s: {n: 3 * rng.standard_normal(s[n]) for n in names})
        for label, s in zip(labels, shapes, strict=True)
    }


def _arrays(**numbers):
    return {n: np.array(v) for n, v in numbers.items()}


def _loss(function, known, invariants, names=("fake",)):
    """A contract of a loss; known: name -> (*logits in the order of the names, value)."""
    invariants = invariants | {
        "twice the same examples have the same mean": lambda f, a, rng: np.isclose(
            f(**{n: np.concatenate([x, x]) for n, x in a.items()}), f(**a)
        )
    }
    answers = {k: ({n: np.array(x) for n, x in zip(names, v[:-1], strict=True)}, v[-1]) for k, v in known.items()}
    return Contract(function, _logits(*names), names, known=answers, invariants=invariants)


BOTH = ("real", "fake")
LOSSES = (
    _loss(
        "discriminator_loss",
        {
            "no idea is log 4": ([0.0, 0.0], [0.0], np.log(4.0)),
            "three quarters right": ([LOG3], [-LOG3, -LOG3], np.log(16 / 9)),
            "sure and wrong": ([-1e4], [1e4], 2e4),
            "sure and right, with its digits": ([40.0], [-40.0], 2 * np.exp(-40.0)),
        },
        {"real and fake are mirrored": lambda f, a, rng: np.isclose(f(real=-a["fake"], fake=-a["real"]), f(**a))},
        BOTH,
    ),
    _loss(
        "minimax_loss",
        {"no idea": ([0.0], -np.log(2.0)), "one in four": ([LOG3], -np.log(4.0)), "huge": ([1e4, -1e4], -5e3)},
        {"log(1 - σ(x)) = log σ(x) - x": lambda f, a, rng: np.isclose(f(**a), f(fake=-a["fake"]) - a["fake"].mean())},
    ),
    _loss(
        "non_saturating_loss",
        {"no idea": ([0.0], np.log(2.0)), "one in four": ([-LOG3], np.log(4.0)), "huge": ([1e4, -1e4], 5e3)},
        {"-log σ(x) = -log σ(-x) - x": lambda f, a, rng: np.isclose(f(**a), f(fake=-a["fake"]) - a["fake"].mean())},
    ),
    _loss(
        "least_squares_discriminator_loss",
        {"by hand": ([2.0, 4.0], [3.0], (1 + 9) / 4 + 9 / 2)},
        {"1 - x swaps real and fake": lambda f, a, rng: np.isclose(f(real=1 - a["fake"], fake=1 - a["real"]), f(**a))},
        BOTH,
    ),
    _loss(
        "least_squares_generator_loss",
        {"by hand": ([3.0, 1.0], 1.0)},
        {"too far is as bad as too near": lambda f, a, rng: np.isclose(f(fake=2 - a["fake"]), f(**a))},
    ),
    _loss(
        "wasserstein_critic_loss",
        {"by hand": ([2.0, 4.0], [1.0], -2.0)},
        {"a common shift changes nothing": lambda f, a, rng: np.isclose(f(**{n: x + 7 for n, x in a.items()}), f(**a))},
        BOTH,
    ),
    _loss(
        "wasserstein_generator_loss",
        {"by hand": ([2.0, 4.0], -3.0)},
        {"a shift shifts it": lambda f, a, rng: np.isclose(f(fake=a["fake"] + 7), f(**a) - 7)},
    ),
)


def _mlp(rng, *lead, I=3, H=7, O=2):
    shapes = {"w1": (H, I), "b1": (H,), "w2": (H, H), "b2": (H,), "w3": (O, H), "b3": (O,)}
    weights = {n: rng.standard_normal(s) * (s[-1] ** -0.5 if len(s) > 1 else 1) for n, s in shapes.items()}
    return {"x": rng.standard_normal((*lead, I)), **weights}


MLP = Contract(
    "mlp",
    cases={
        "a batch": lambda rng: _mlp(rng, 5),
        "to one logit": lambda rng: _mlp(rng, 11, O=1),
        "two leading axes": lambda rng: _mlp(rng, 2, 5),
    },
    gradients=("x", "w1", "b1", "w2", "b2", "w3", "b3"),
    known={
        "the absolute value, less one": (
            _arrays(
                x=[[-3.0], [2.0]], w1=[[1.0], [-1.0]], b1=[0.0, 0.0],
                w2=[[1.0, 1.0], [0.0, 0.0]], b2=[-1.0, 5.0], w3=[[10.0, 1.0]], b3=[0.5],
            ),
            [[25.5], [15.5]],
        )
    },
    invariants={
        "twice the weights and biases of a layer, half those of the next": lambda f, a, rng: np.allclose(
            f(**a | {"w1": 2 * a["w1"], "b1": 2 * a["b1"], "w2": a["w2"] / 2}), f(**a)
        )
    },
)  # fmt: skip


def _critic(rng, B=5, I=3, H=7, scale=1.0, names=("x", "w1", "b1", "w2", "b2")):
    shapes = {"x": (B, I), "w1": (H, I), "b1": (H,), "w2": (1, H), "b2": (1,)}
    return {n: scale * rng.standard_normal(shapes[n]) for n in names}


CRITIC = Contract(
    "critic",
    cases={"a batch": lambda rng: _critic(rng), "one example, one unit": lambda rng: _critic(rng, 1, 2, 1)},
    gradients=("x", "w1", "b1", "w2", "b2"),
    known={"tanh(log 2) = 0.6": (_arrays(x=[[np.log(2.0)]], w1=[[1.0]], b1=[0.0], w2=[[5.0]], b2=[4.0]), [7.0])},
    invariants={
        "tanh is odd": lambda f, a, rng: np.allclose(
            f(**a | {"w1": -a["w1"], "b1": -a["b1"], "w2": -a["w2"]}), f(**a)
        )
    },
)

SLOPED = ("x", "w1", "b1", "w2")
_AT_ZERO = _arrays(x=[[0.0, 0.0]], w1=[[3.0, 4.0], [0.0, 0.0]], b1=[0.0, 0.0], w2=[[2.0, 9.0]])  # slope 2 · (3, 4)


def _turned(a, rng):
    """Turn the input space: points and the weights that read them."""
    turn, _ = np.linalg.qr(rng.standard_normal((a["x"].shape[1],) * 2))
    return a | {"x": a["x"] @ turn, "w1": a["w1"] @ turn}


PENALTY = Contract(
    "gradient_penalty",
    cases={
        "a batch": lambda rng: _critic(rng, names=SLOPED),
        "more inputs than units": lambda rng: _critic(rng, 3, 11, 5, names=SLOPED),
        "one unit": lambda rng: _critic(rng, 7, 2, 1, scale=0.7, names=SLOPED),
    },
    gradients=SLOPED,
    known={
        "a slope of ten": (_AT_ZERO, 81.0),
        "a slope of one": (_AT_ZERO | {"w2": np.array([[-0.2, 3.0]])}, 0.0),
        "no slope": (_AT_ZERO | {"w2": np.zeros((1, 2))}, 1.0),
        "at tanh = 0.6 a slope of 0.64": (
            _arrays(x=[[np.log(2.0)], [0.0]], w1=[[1.0]], b1=[0.0], w2=[[1.0]]),
            0.36**2 / 2,
        ),
    },
    invariants={
        "turning the space changes nothing": lambda f, a, rng: np.isclose(f(**_turned(a, rng)), f(**a)),
        "a critic and its negative are as steep": lambda f, a, rng: np.isclose(f(**a | {"w2": -a["w2"]}), f(**a)),
    },
)


def _spectral(rng, O, I):
    weight = rng.standard_normal((O, I))
    u, v = rng.standard_normal(O), rng.standard_normal(I)
    u *= np.sign(u @ weight @ v)  # σ > 0, and not near 0
    return {"weight": weight + 0.5 * np.outer(u, v), "u": u / np.linalg.norm(u), "v": v / np.linalg.norm(v)}


SPECTRAL = Contract(
    "spectral_norm",
    cases={
        "wide": lambda rng: _spectral(rng, 3, 5),
        "tall": lambda rng: _spectral(rng, 7, 2),
        "one row": lambda rng: _spectral(rng, 1, 3),
    },
    gradients=("weight",),
    known={
        "a quarter of a diagonal": (
            _arrays(weight=[[4.0, 0.0], [0.0, 1.0]], u=[1.0, 0.0], v=[1.0, 0.0]),
            [[1.0, 0.0], [0.0, 0.25]],
        )
    },
    invariants={
        "the size of the weight does not matter": lambda f, a, rng: np.allclose(
            f(**a | {"weight": 5 * a["weight"]}), f(**a)
        )
    },
)

GENERATOR_LOSS = Contract(
    "generator_loss",
    cases={
        name: (lambda rng, name=name: {"fake": 3 * rng.standard_normal((5, 1)), "loss": name})
        for name in ("minimax", "non-saturating")
    },
    gradients=("fake",),
    known={
        "minimax, one in four": ({"fake": np.array([LOG3]), "loss": "minimax"}, -np.log(4.0)),
        "the default, one in four": ({"fake": np.array([-LOG3])}, np.log(4.0)),
    },
    invariants={
        "a surer discriminator costs more": lambda f, a, rng: f(**a | {"fake": a["fake"] - 1}) > f(**a),
        "twice the same examples have the same mean": lambda f, a, rng: np.isclose(
            f(**a | {"fake": np.concatenate([a["fake"], a["fake"]])}), f(**a)
        ),
    },
)

CONTRACTS = (*LOSSES, GENERATOR_LOSS, MLP, CRITIC, PENALTY, SPECTRAL)
