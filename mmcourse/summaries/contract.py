"""What both halves of the room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import Contract

T, D, S = 7, 3, 2
HALF = np.log(2.0)


def _likeness(rng, t):
    """Similarities that no two frames share, so that it is never open who serves whom."""
    order = (1 + rng.permutation(t * t)) / t**2
    return order.reshape(t, t)


def _kernel(rng, t, d):
    x = rng.standard_normal((t, d))
    return x @ x.T / d + 0.5 * np.eye(t)


def _both(names, f, a, order):
    """The arguments with the frames in another order."""
    place = np.argsort(order)
    moved = {n: a[n][np.ix_(order, order)] if a[n].ndim == 2 else a[n][order] for n in names}
    return f(**a | moved | {"chosen": place[a["chosen"]]})


def _order(*names):
    return lambda f, a, rng: np.isclose(_both(names, f, a, rng.permutation(len(a[names[0]]))), f(**a))


RBF = Contract(
    "rbf",
    cases={
        "a film": lambda rng: {"x": rng.standard_normal((T, D)), "bandwidth": 1.3},
        "one frame": lambda rng: {"x": rng.standard_normal((1, 5)), "bandwidth": 0.7},
        "narrow": lambda rng: {"x": rng.standard_normal((5, 2)), "bandwidth": 0.3},
    },
    gradients=("x",),
    known={
        # distance 2, bandwidth such that exp(-4 / (2 b²)) = 1 / 2
        "half alike": ({"x": np.array([[1.0], [3.0]]), "bandwidth": np.sqrt(2 / HALF)}, [[1, 0.5], [0.5, 1]]),
        "the same": ({"x": np.ones((2, 3)), "bandwidth": 0.1}, np.ones((2, 2))),
    },
    invariants={
        "each is like itself": lambda f, a, rng: np.allclose(np.diag(f(**a)), 1),
        "the way does not matter": lambda f, a, rng: np.allclose(f(**a), f(**a).T),
        "only differences matter": lambda f, a, rng: np.allclose(f(**a), f(**a | {"x": a["x"] + 2.0})),
        "twice as far, twice as wide": lambda f, a, rng: np.allclose(
            f(**a), f(x=2 * a["x"], bandwidth=2 * a["bandwidth"])
        ),
    },
)


def _places(rng, t, s):
    return {"similarity": _likeness(rng, t), "weights": rng.random(t), "chosen": rng.permutation(t)[:s]}


def _never_falls(f, a, rng):
    return all(f(**a | {"chosen": np.r_[a["chosen"], t]}) >= f(**a) - 1e-12 for t in range(len(a["weights"])))


def _gains_shrink(f, a, rng):
    """Submodular: what a frame adds to a set, it adds to each part of it, at least."""
    chosen = a["chosen"]

    def gain(part, t):
        return f(**a | {"chosen": np.r_[part, t].astype(int)}) - f(**a | {"chosen": part})

    return all(
        gain(chosen[:k], t) >= gain(chosen, t) - 1e-12 for k in range(len(chosen)) for t in range(len(a["weights"]))
    )


THREE = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 1.0]])
WORTH = np.array([1.0, 2.0, 4.0])

FACILITY_LOCATION = Contract(
    "facility_location",
    cases={
        "two of seven": lambda rng: _places(rng, T, S),
        "all of five": lambda rng: _places(rng, 5, 5),
        "none": lambda rng: _places(rng, 3, 0),
        "one of one": lambda rng: _places(rng, 1, 1),
    },
    gradients=("similarity", "weights"),
    known={
        "the middle one": ({"similarity": THREE, "weights": WORTH, "chosen": np.array([1])}, 0.5 + 2 + 1),
        "both ends": ({"similarity": THREE, "weights": WORTH, "chosen": np.array([2, 0])}, 1 + 1 + 4),
        "none": ({"similarity": THREE, "weights": WORTH, "chosen": np.array([], int)}, 0.0),
    },
    invariants={
        "another frame never makes it worse": _never_falls,
        "the more are there, the less another adds": _gains_shrink,
        "the order of the frames does not matter": _order("similarity", "weights"),
        "twice does not count": lambda f, a, rng: np.isclose(f(**a), f(**a | {"chosen": np.tile(a["chosen"], 2)})),
    },
)


def _all_sets_together(f, a, rng):
    """Every subset has a probability, and they sum to 1 (Kulesza & Taskar 2012, section 2.2)."""
    t = len(a["kernel"])
    if t > 7:
        return True
    sets = [np.flatnonzero([i >> k & 1 for k in range(t)]) for i in range(2**t)]
    return np.isclose(sum(np.exp(f(kernel=a["kernel"], chosen=s)) for s in sets), 1)


LOG_PROBABILITY = Contract(
    "log_probability",
    cases={
        "two of seven": lambda rng: {"kernel": _kernel(rng, T, D), "chosen": rng.permutation(T)[:S]},
        "all of five": lambda rng: {"kernel": _kernel(rng, 5, 11), "chosen": rng.permutation(5)},
        "none": lambda rng: {"kernel": _kernel(rng, 3, 2), "chosen": np.array([], int)},
    },
    gradients=("kernel",),
    known={
        # det [[2]] = 2 of det [[3, 1], [1, 3]] = 8
        "one of two": ({"kernel": np.array([[2.0, 1.0], [1.0, 2.0]]), "chosen": np.array([1])}, np.log(2 / 8)),
        "both": ({"kernel": np.array([[2.0, 1.0], [1.0, 2.0]]), "chosen": np.array([1, 0])}, np.log(3 / 8)),
    },
    invariants={
        "all sets together are certain": _all_sets_together,
        "the order of the frames does not matter": _order("kernel"),
        "none is 1 / det(L + I)": lambda f, a, rng: np.isclose(
            f(kernel=a["kernel"], chosen=np.array([], int)),
            -np.linalg.slogdet(a["kernel"] + np.eye(len(a["kernel"])))[1],
        ),
    },
)

CONTRACTS = (RBF, FACILITY_LOCATION, LOG_PROBABILITY)
