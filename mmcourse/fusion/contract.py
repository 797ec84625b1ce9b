"""What both halves of the fusion room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract

A, B, O, K = 5, 3, 7, 2
LEADS = {"a batch": (11,), "two leading axes": (2, 3), "one example": ()}


def _cases(shapes):
    """a and b with the leading axes, and parameters of the given shapes."""

    def draw(rng, lead):
        inputs = {"a": rng.standard_normal((*lead, A)), "b": rng.standard_normal((*lead, B))}
        return inputs | {n: rng.standard_normal(s) * s[-1] ** -0.5 for n, s in shapes.items()}

    return {name: (lambda rng, lead=lead: draw(rng, lead)) for name, lead in LEADS.items()}


def _two(function, shapes, known, invariants):
    return Contract(function, _cases(shapes), ("a", "b", *shapes), known=known, invariants=invariants)


def _arrays(**numbers):
    return {n: np.array(v) for n, v in numbers.items()}


CONCATENATION = _two(
    "concatenation_fusion",
    {"weight": (O, A + B), "bias": (O,)},
    {"by hand": (_arrays(a=[1.0], b=[2.0, 3.0], weight=[[1.0, 10.0, 100.0]], bias=[0.5]), [321.5])},
    {
        "it is a sum of two maps": lambda f, a, rng: np.allclose(
            f(**a), f(**a | {"a": 0 * a["a"]}) + f(**a | {"b": 0 * a["b"]}) - a["bias"]
        )
    },
)
PRODUCT = _two(
    "product_fusion",
    {"w_a": (O, A), "w_b": (O, B)},
    {"by hand": (_arrays(a=[2.0], b=[1.0, 3.0], w_a=[[5.0], [1.0]], w_b=[[1.0, 1.0], [0.0, 2.0]]), [40.0, 12.0])},
    {"a silent modality silences the product": lambda f, a, rng: np.allclose(f(**a | {"b": 0 * a["b"]}), 0)},
)
LOG3 = np.log(3.0)  # tanh(log 3 / 2) = 1/2, σ(log 3) = 3/4
GATED = _two(
    "gated_fusion",
    {"w_a": (O, A), "w_b": (O, B), "w_gate": (O, A + B)},
    {
        "three quarters of one, a quarter of the other": (
            _arrays(a=[1.0], b=[1.0], w_a=[[LOG3 / 2]], w_b=[[-LOG3 / 2]], w_gate=[[LOG3, 0.0]]),
            [0.25],
        )
    },
    {
        "it lies between the two": lambda f, a, rng: bool(
            np.all(np.abs(f(**a)) <= 1)
            and np.allclose(f(**a | {"w_a": 0 * a["w_a"], "w_b": 0 * a["w_b"]}), 0, atol=1e-12)
        )
    },
)
TENSOR = _two(
    "tensor_fusion",
    {},
    {"by hand": (_arrays(a=[2.0, 3.0], b=[5.0]), [10.0, 2.0, 15.0, 3.0, 5.0, 1.0])},
    {
        "a, b and 1 are among the products": lambda f, a, rng: np.allclose(
            f(**a).reshape(*a["a"].shape[:-1], A + 1, B + 1)[..., -1, :-1], a["b"]
        )
    },
)
LOW_RANK = _two(
    "low_rank_fusion",
    {"f_a": (K, O, A + 1), "f_b": (K, O, B + 1)},
    {
        "rank two by hand": (
            _arrays(a=[2.0], b=[3.0], f_a=[[[1.0, 0.0]], [[0.0, 1.0]]], f_b=[[[1.0, 1.0]], [[2.0, 0.0]]]),
            [2 * 4.0 + 1 * 6.0],
        )
    },
    {
        "it is a linear map of the tensor": lambda f, a, rng: np.allclose(
            f(**a),
            np.einsum(
                "...a,...b,koa,kob->...o",
                np.concatenate([a["a"], np.ones((*a["a"].shape[:-1], 1))], -1),
                np.concatenate([a["b"], np.ones((*a["b"].shape[:-1], 1))], -1),
                a["f_a"],
                a["f_b"],
            ),
        )
    },
)


def _attention(rng, *lead, M=3, D=5, present=None):
    return {
        "features": rng.standard_normal((*lead, M, D)),
        "w": rng.standard_normal((7, D)) * D**-0.5,
        "u": rng.standard_normal(7),
        "present": present,
    }


PRESENT = np.array([[True, False, True], [False, False, False], [True, True, True], [False, True, False]])


def _absent_changes_nothing(f, a, rng):
    if a["present"] is None:
        return True
    return np.allclose(f(**a | {"features": np.where(a["present"][..., None], a["features"], 99.0)}), f(**a))


ATTENTION = Contract(
    "attention_fusion",
    cases={
        "all there": lambda rng: _attention(rng, 2),
        "some missing, once all of them": lambda rng: _attention(rng, 4, present=PRESENT),
        "two leading axes": lambda rng: _attention(rng, 2, 4, present=np.stack([PRESENT, ~PRESENT])),
    },
    gradients=("features", "w", "u"),
    known={
        "equal scores are the mean": (
            _arrays(features=[[1.0, 4.0], [3.0, 0.0]], w=[[0.0, 0.0]], u=[1.0]),
            [2.0, 2.0],
        ),
        "nothing there": (_arrays(features=[[1.0, 4.0]], w=[[1.0, 0.0]], u=[1.0], present=[False]), [0.0, 0.0]),
    },
    invariants={
        "what is absent changes nothing": _absent_changes_nothing,
        "the order of the modalities does not matter": lambda f, a, rng: np.allclose(
            f(
                **a
                | {
                    "features": a["features"][..., ::-1, :],
                    "present": None if a["present"] is None else a["present"][..., ::-1],
                }
            ),
            f(**a),
        ),
        "the answer lies among the modalities": lambda f, a, rng: bool(
            np.all(np.abs(f(**a)) <= np.abs(a["features"]).max(-2) + 1e-12)
        ),
    },
)


def _distributions(rng, *shape):
    e = rng.exponential(size=shape)
    return e / e.sum(-1, keepdims=True)


EXPERTS = Contract(
    "mixture_of_experts_fusion",
    cases={
        "gates for every example": lambda rng: {
            "probabilities": _distributions(rng, 5, 3, 7),
            "gates": rng.standard_normal((5, 3)),
        },
        "one set of gates": lambda rng: {
            "probabilities": _distributions(rng, 2, 5, 3, 7),
            "gates": rng.standard_normal(3),
        },
    },
    gradients=("probabilities", "gates"),
    known={
        "a quarter and three quarters": (
            _arrays(probabilities=[[1.0, 0.0], [0.2, 0.8]], gates=[0.0, LOG3]),
            [0.4, 0.6],
        )
    },
    invariants={
        "it is a distribution": lambda f, a, rng: np.allclose(f(**a).sum(-1), 1),
        "experts of one mind keep it": lambda f, a, rng: np.allclose(
            f(**a | {"probabilities": np.broadcast_to(a["probabilities"][..., :1, :], a["probabilities"].shape)}),
            a["probabilities"][..., 0, :],
        ),
    },
)

CONTRACTS = (CONCATENATION, PRODUCT, GATED, TENSOR, LOW_RANK, ATTENTION, EXPERTS)
