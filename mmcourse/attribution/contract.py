"""What both halves of the attribution room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract
from mmcourse.attribution.scratch import coalitions

CASES = {
    "three modalities, many examples": lambda rng: {"values": rng.standard_normal((8, 11))},
    "two, and two further axes": lambda rng: {"values": rng.standard_normal((4, 3, 5))},
    "five, one number a coalition": lambda rng: {"values": rng.standard_normal(32)},
    "one alone": lambda rng: {"values": rng.standard_normal((2, 7))},
}

# Two own a left glove, one a right glove; a pair is worth 1.
GLOVES = np.array([0.0, 0, 0, 0, 0, 1, 1, 1])
# What each pays for a runway as long as the longest in the coalition needs: 1, 2 or 4.
RUNWAY = np.array([0.0, 1, 2, 2, 4, 4, 4, 4])
AND, OR, XOR = np.array([0.0, 0, 0, 1]), np.array([0.0, 1, 1, 1]), np.array([0.0, 1, 1, 0])
ALL_THREE = np.array([0.0, 0, 0, 0, 0, 0, 0, 1])


def _renamed(values, order):
    """The same game with modality m called order[m]."""
    there = coalitions(len(order))
    return values[(there << order).sum(1)]


def _order(values, rng):
    return rng.permutation(len(values).bit_length() - 1)


def _names_do_not_matter(f, a, rng):
    order = _order(a["values"], rng)
    return np.allclose(f(values=_renamed(a["values"], order)), f(**a)[order])


def _pairs_keep_their_names(f, a, rng):
    order = _order(a["values"], rng)
    return np.allclose(f(values=_renamed(a["values"], order)), f(**a)[np.ix_(order, order)])


def _linear(f, a, rng):
    other = rng.standard_normal(a["values"].shape)
    return np.allclose(f(values=2 * a["values"] - 3 * other), 2 * f(**a) - 3 * f(values=other))


def _without_first(values):
    """The game in which modality 0 changes nothing."""
    return values[np.arange(len(values)) & ~1]


def _additive(f, a, rng):
    """Where each adds its own number to every coalition, that number is its value."""
    M = len(a["values"]).bit_length() - 1
    own = rng.standard_normal(M)
    return np.allclose(f(values=0.7 + coalitions(M) @ own), own)


SHAPLEY_VALUES = Contract(
    "shapley_values",
    CASES,
    ("values",),
    known={
        "gloves": ({"values": GLOVES}, [1 / 6, 1 / 6, 4 / 6]),
        "a runway": ({"values": RUNWAY}, [1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 2]),
        "one alone gets all": ({"values": np.array([3.0, 10.0])}, [7.0]),
    },
    invariants={
        "they share out what all together add": lambda f, a, rng: np.allclose(
            f(**a).sum(0), a["values"][-1] - a["values"][0]
        ),
        "who changes nothing gets nothing": lambda f, a, rng: np.allclose(f(values=_without_first(a["values"]))[0], 0),
        "names do not matter": _names_do_not_matter,
        "the values of a sum of games are the sum of values": _linear,
        "in a sum each keeps its own": _additive,
    },
)

SHAPLEY_INTERACTIONS = Contract(
    "shapley_interactions",
    CASES,
    ("values",),
    known={
        "and: they need each other": ({"values": AND}, [[0.0, 1.0], [1.0, 0.0]]),
        "or: they say the same": ({"values": OR}, [[0.0, -1.0], [-1.0, 0.0]]),
        "either but not both": ({"values": XOR}, [[0.0, -2.0], [-2.0, 0.0]]),
        "three that need each other": ({"values": ALL_THREE}, (1 - np.eye(3)) / 2),
        "gloves": ({"values": GLOVES}, [[0.0, -0.5, 0.5], [-0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]),
        "one alone": ({"values": np.array([3.0, 10.0])}, [[0.0]]),
    },
    invariants={
        "it is symmetric": lambda f, a, rng: np.allclose(f(**a), f(**a).swapaxes(0, 1)),
        "who changes nothing interacts with nobody": lambda f, a, rng: np.allclose(
            f(values=_without_first(a["values"]))[0], 0
        ),
        "names do not matter": _pairs_keep_their_names,
        "the interactions of a sum of games are the sum": _linear,
    },
)

CONTRACTS = (SHAPLEY_VALUES, SHAPLEY_INTERACTIONS)
