"""What both halves of the captioning room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import TOLERANCE, Contract
from mmcourse.captioning.parameters import attention_shapes, lstm_shapes

B, D, P, T, V, I, H, A = 3, 5, 2, 7, 13, 11, 17, 19
LSTM, LOOKING = lstm_shapes(V, D, I, H), attention_shapes(V, D, I, H, A)
LOG3 = np.log(3.0)
MEANS = TOLERANCE | {"float32": 2e-6}  # a mean over words has small gradients, below the scale of 1 that rounding gets


def _parameters(rng, shapes):
    return {n: rng.standard_normal(s) * s[-1] ** -0.5 for n, s in shapes.items()}


def _captions(rng, lengths, steps=T):
    """Word numbers 1..V - 1, a caption of each length, padded with 0."""
    captions = rng.integers(1, V, (len(lengths), steps + 1))
    return np.where(np.arange(steps + 1) < np.array(lengths)[:, None], captions, 0)


def _words(rng, T, B):
    return rng.integers(0, V, (T, B))


LOSS = Contract(
    "masked_cross_entropy",
    cases={
        "some padding": lambda rng: {
            "logits": rng.standard_normal((T, B, V)), "targets": _captions(rng, [8, 2, 5], 6).T
        },
        "another padding": lambda rng: {
            "logits": rng.standard_normal((B, V)), "targets": np.array([7, 0, 2]), "pad": 7
        },
        "nothing but padding": lambda rng: {"logits": rng.standard_normal((B, V)), "targets": np.zeros(B, int)},
    },
    gradients=("logits",),
    known={
        "the padded row does not count": (
            {"logits": np.array([[0.0, 0.0, 0.0], [5.0, -9.0, 2.0]]), "targets": np.array([2, 0])},
            np.log(3.0),
        ),
        "nothing to learn from": ({"logits": np.ones((2, 3)), "targets": np.array([0, 0])}, 0.0),
    },
    invariants={
        "logits of padding change nothing": lambda f, a, rng: np.isclose(
            f(**a), f(**a | {"logits": a["logits"] + 9 * (a["targets"] == a.get("pad", 0))[..., None] * np.arange(V)})
        )
    },
)  # fmt: skip


def _later_words_change_nothing(f, a, rng):
    """What is said after step t cannot depend on the words read after step t."""
    changed = np.concatenate([a["words"][:1], (a["words"][1:] + 1) % V])
    first, again = f(**a), f(**a | {"words": changed})
    if isinstance(first, tuple):
        return all(np.allclose(x[0], y[0]) for x, y in zip(first, again, strict=True))
    return np.allclose(first[0], again[0])


def _images_do_not_see_each_other(name):
    def holds(f, a, rng):
        alone = f(**a | {name: a[name][-1:], "words": a["words"][:, -1:]})
        both = zip(alone, f(**a), strict=True) if isinstance(alone, tuple) else [(alone, f(**a))]
        return all(np.allclose(x[:, 0], y[:, -1]) for x, y in both)

    return holds


def _zeros(shapes, **given):
    return {n: np.zeros(s) for n, s in shapes.items()} | given


DECODER = Contract(
    "lstm_decoder",
    cases={
        "a batch": lambda rng: {
            "features": rng.standard_normal((B, D)), "words": _words(rng, T, B), **_parameters(rng, LSTM)
        },
        "one image, one word": lambda rng: {
            "features": rng.standard_normal((1, D)), "words": _words(rng, 1, 1), **_parameters(rng, LSTM)
        },
    },
    gradients=("features", *LSTM),
    known={
        # the image gives the cell 4; all gates from zero: c = 4/2 + 0, h = tanh(2)/2, and the output doubles it
        "half of the image's cell": (
            {"features": np.array([[2.0]]), "words": np.array([[0]])}
            | _zeros(lstm_shapes(1, 1, 1, 1), w_c=np.array([[2.0]]), w_out=np.array([[2.0]]), b_out=np.array([5.0])),
            [[[5 + np.tanh(2.0)]]],
        )
    },
    invariants={
        "later words change nothing": _later_words_change_nothing,
        "images do not see each other": _images_do_not_see_each_other("features"),
    },
)  # fmt: skip

CAPTIONER = Contract(
    "lstm_captioner",
    cases={
        "a batch": lambda rng: {
            "features": rng.standard_normal((B, D)), "captions": _captions(rng, [8, 5, 3]), **_parameters(rng, LSTM)
        },
        "no padding": lambda rng: {
            "features": rng.standard_normal((2, D)), "captions": _captions(rng, [4, 4], 3), **_parameters(rng, LSTM)
        },
    },
    gradients=("features", *LSTM),
    tolerance=MEANS,
    known={
        "no idea": (
            {"features": np.ones((2, 3)), "captions": np.array([[1, 2, 3], [1, 3, 0]])}
            | _zeros(lstm_shapes(4, 3, 2, 5)),
            np.log(4.0),
        )
    },
    invariants={
        "more padding changes nothing": lambda f, a, rng: np.isclose(
            f(**a), f(**a | {"captions": np.pad(a["captions"], ((0, 0), (0, 2)))})
        )
    },
)  # fmt: skip


def _look(rng, B, P):
    shapes = {"values": (B, P, D), "keys": (B, P, A), "query": (B, A), "v": (A,)}
    return {n: rng.standard_normal(s) for n, s in shapes.items()}


ATTENTION = Contract(
    "additive_attention",
    cases={"a batch": lambda rng: _look(rng, B, P), "one region": lambda rng: _look(rng, 2, 1)},
    gradients=("values", "keys", "query", "v"),
    known={
        # tanh(log 3 / 2) = 1/2 and tanh(0) = 0; v = 2 log 3 makes the scores log 3 and 0, the weights 3/4 and 1/4
        "three to one": (
            {
                "values": np.array([[[8.0], [4.0]]]),
                "keys": np.array([[[0.0], [-LOG3 / 2]]]),
                "query": np.array([[LOG3 / 2]]),
                "v": np.array([2 * LOG3]),
            },
            ([[7.0]], [[0.75, 0.25]]),
        )
    },
    invariants={
        "the weights sum to one": lambda f, a, rng: np.allclose(f(**a)[1].sum(-1), 1),
        "the order of the regions does not matter": lambda f, a, rng: np.allclose(
            f(**a | {"values": a["values"][:, ::-1], "keys": a["keys"][:, ::-1]})[0], f(**a)[0]
        ),
    },
)

LOOKING_DECODER = Contract(
    "attention_decoder",
    cases={
        "a batch": lambda rng: {
            "regions": rng.standard_normal((B, P, D)), "words": _words(rng, T, B), **_parameters(rng, LOOKING)
        },
        "one image, one region, one word": lambda rng: {
            "regions": rng.standard_normal((1, 1, D)), "words": _words(rng, 1, 1), **_parameters(rng, LOOKING)
        },
    },
    gradients=("regions", *LOOKING),
    known={
        # equal scores: the context is the mean region 3; the output adds ten times the context to the word 1
        "the mean region": (
            {"regions": np.array([[[2.0], [4.0]]]), "words": np.array([[0]])}
            | _zeros(attention_shapes(1, 1, 1, 1, 1))
            | {"table": np.ones((1, 1)), "w_context": np.array([[10.0]]), "w_out": np.ones((1, 1))},
            ([[[31.0]]], [[[0.5, 0.5]]]),
        )
    },
    invariants={
        "the weights of a step sum to one": lambda f, a, rng: np.allclose(f(**a)[1].sum(-1), 1),
        "the order of the regions does not matter": lambda f, a, rng: np.allclose(
            f(**a | {"regions": a["regions"][:, ::-1]})[0], f(**a)[0]
        ),
        "later words change nothing": _later_words_change_nothing,
        "images do not see each other": _images_do_not_see_each_other("regions"),
    },
)  # fmt: skip

PENALTY = Contract(
    "doubly_stochastic_penalty",
    cases={
        "a batch": lambda rng: {
            "weights": rng.dirichlet(np.ones(P), (T, B)), "mask": np.arange(T)[:, None] < np.array([7, 2, 5])
        }
    },
    gradients=("weights",),
    known={
        # two steps look at the first region only: (1 - 2)² + (1 - 0)², and the third step is padding
        "by hand": (
            {
                "weights": np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]]),
                "mask": np.array([[True], [True], [False]]),
            },
            2.0,
        ),
        "shared evenly": ({"weights": np.full((2, 1, 2), 0.5), "mask": np.ones((2, 1), bool)}, 0.0),
    },
)  # fmt: skip

LOOKING_CAPTIONER = Contract(
    "attention_captioner",
    cases={
        "with the penalty": lambda rng: {
            "regions": rng.standard_normal((B, P, D)), "captions": _captions(rng, [8, 3, 5]), "penalty": 0.3,
            **_parameters(rng, LOOKING),
        },
        "without": lambda rng: {
            "regions": rng.standard_normal((2, P, D)), "captions": _captions(rng, [2, 3], 2),
            **_parameters(rng, LOOKING),
        },
    },
    gradients=("regions", *LOOKING),
    tolerance=MEANS,
    known={
        # one word of four, and half of each region is missing: log 4 + 3 · (1/4 + 1/4)
        "no idea": (
            {"regions": np.ones((2, 2, 3)), "captions": np.array([[1, 2], [1, 3]]), "penalty": 3.0}
            | _zeros(attention_shapes(4, 3, 2, 5, 7)),
            np.log(4.0) + 1.5,
        )
    },
    invariants={
        "more padding changes nothing": lambda f, a, rng: np.isclose(
            f(**a), f(**a | {"captions": np.pad(a["captions"], ((0, 0), (0, 2)))})
        )
    },
)  # fmt: skip

CONTRACTS = (LOSS, DECODER, CAPTIONER, ATTENTION, LOOKING_DECODER, PENALTY, LOOKING_CAPTIONER)
