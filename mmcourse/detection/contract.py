"""What both halves of the detection room must do. All sizes differ and are prime."""

import numpy as np

from mmcourse.agree import TOLERANCE, Contract

N, K = 13, 7
LOG2 = np.log(2.0)


def _boxes(rng, n=N, side=19.0):
    """n boxes that are not empty, some of which touch and some of which do not."""
    corner = rng.uniform(0, side, (n, 2))
    return np.hstack([corner, corner + rng.uniform(1, side / 2, (n, 2))])


def _inside(rng):
    """Each prediction inside its target, or the other way round."""
    boxes = _boxes(rng)
    size = np.hstack([boxes[:, 2:] - boxes[:, :2]] * 2)
    smaller = boxes + size * [0.3, 0.2, -0.1, -0.4]
    swap = rng.random((len(boxes), 1)) < 0.5
    return {"predicted": np.where(swap, boxes, smaller), "target": np.where(swap, smaller, boxes)}


def _apart(rng):
    """Each prediction far from its target, on one side or on another."""
    boxes = _boxes(rng, 11)
    return {"predicted": boxes + np.tile(rng.choice([-50.0, 50.0], (11, 2)), 2), "target": boxes}


def _pair(predicted, target):
    return {"predicted": np.array([predicted], float), "target": np.array([target], float)}


def _stretched(f, a, rng):
    """The same in other units, and in a mirror."""
    mirrored = {n: b[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] for n, b in a.items()}
    return np.allclose(f(**{n: 3.7 * b for n, b in a.items()}), f(**a)) and np.allclose(f(**mirrored), f(**a))


GIOU_LOSS = Contract(
    "giou_loss",
    cases={
        "wherever": lambda rng: {"predicted": _boxes(rng), "target": _boxes(rng)},
        "one inside the other": _inside,
        "far apart": _apart,
        "an empty prediction": lambda rng: {"predicted": _boxes(rng, 5)[:, [2, 3, 0, 1]], "target": _boxes(rng, 5)},
        "no box": lambda rng: {"predicted": np.zeros((0, 4)), "target": np.zeros((0, 4))},
    },
    gradients=("predicted",),
    known={
        # 1 shared of 4 + 4 - 1 covered, and the box round both has 9
        "a corner": (_pair([0, 0, 2, 2], [1, 1, 3, 3]), [1 - 1 / 7 + 2 / 9]),
        "half of it": (_pair([0, 0, 4, 2], [2, 0, 6, 2]), [2 / 3]),
        "equal": (_pair([3, 5, 7, 6], [3, 5, 7, 6]), [0.0]),
        "inside": (_pair([1, 1, 2, 3], [0, 0, 3, 4]), [1 - 2 / 12]),
        "a gap as wide as they are": (_pair([0, 0, 2, 3], [4, 0, 6, 3]), [1 + 1 / 3]),
        "an empty one inside": (_pair([2, 2, 2, 2], [1, 1, 3, 4]), [1.0]),
        "both empty": (_pair([2, 2, 2, 2], [2, 2, 2, 2]), [2.0]),
        "both empty, and apart": (_pair([2, 2, 2, 2], [5, 6, 5, 9]), [2.0]),
    },
    invariants={
        "it lies between 0 and 2": lambda f, a, rng: bool(np.all((f(**a) >= 0) & (f(**a) <= 2))),
        "it does not matter which is the target": lambda f, a, rng: np.allclose(
            f(predicted=a["target"], target=a["predicted"]), f(**a)
        ),
        "the units do not matter, nor does a mirror": _stretched,
        "a row is a pair": lambda f, a, rng: np.allclose(f(**{n: b[::-1] for n, b in a.items()}), f(**a)[::-1]),
    },
)


def _questions(rng, *shape, share=0.3, size=3.0, **more):
    return {"logits": size * rng.standard_normal(shape), "targets": rng.random(shape) < share, **more}


def _huge(rng):
    return {"logits": np.array([-1e4, 1e4, -1e4, 1e4, -90.0, 90.0, 0.0]), "targets": np.arange(7) % 4 < 2}


def _answer(chance, target, **more):
    """One question, to whose right answer the chance is given."""
    logit = np.log(chance / (1 - chance))
    return {"logits": np.array([logit if target else -logit]), "targets": np.array([target]), **more}


FOCAL_LOSS = Contract(
    "focal_loss",
    cases={
        "a batch": lambda rng: _questions(rng, N, K),
        "three axes": lambda rng: _questions(rng, 2, 5, 3, share=0.6, alpha=0.7, gamma=1.3),
        "cross-entropy": lambda rng: _questions(rng, 11, alpha=0.5, gamma=0.0),
        "only the things": lambda rng: _questions(rng, 5, 3, alpha=1.0, gamma=3.0),
        "huge logits": _huge,
        "no question": lambda rng: _questions(rng, 0, K),
    },
    gradients=("logits",),
    tolerance=TOLERANCE | {"float32": 1e-6},
    known={
        "no idea, a thing": (_answer(1 / 2, True), [0.25 / 4 * LOG2]),
        "no idea, nothing there": (_answer(1 / 2, False), [0.75 / 4 * LOG2]),
        "nearly right": (_answer(3 / 4, True, alpha=0.5, gamma=1.0), [np.log(4 / 3) / 8]),
        "nearly wrong": (_answer(1 / 4, False, alpha=0.9, gamma=3.0), [0.1 * 27 / 64 * 2 * LOG2]),
        "half of the cross-entropy": (_answer(1 / 8, True, alpha=0.5, gamma=0.0), [1.5 * LOG2]),
        "very sure, and wrong": ({"logits": np.array([-1e4, 1e4]), "targets": np.array([True, False])}, [2500, 7500]),
        "very sure, and right": ({"logits": np.array([1e4, -1e4]), "targets": np.array([True, False])}, [0, 0]),
    },
    invariants={
        "it is not negative": lambda f, a, rng: bool(np.all(f(**a) >= 0)),
        "yes and no are alike but for alpha": lambda f, a, rng: np.allclose(
            f(**a | {"logits": -a["logits"], "targets": ~a["targets"], "alpha": 1 - a.get("alpha", 0.25)}),
            f(**a),
        ),
        "a larger gamma asks for less": lambda f, a, rng: bool(
            np.all(f(**a | {"gamma": a.get("gamma", 2.0) + 1}) <= f(**a))
        ),
    },
)

CONTRACTS = (GIOU_LOSS, FOCAL_LOSS)
