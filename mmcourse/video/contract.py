"""What both halves of the video room must do. All sizes differ and are prime; one clip of every mask is empty."""

import numpy as np

from mmcourse.agree import Contract

T, D, H, M, V = 7, 5, 3, 3, 11


def _mask(rng, *lead):
    """Which frames belong to a clip: some anywhere, in the second clip one, in the last none."""
    mask = rng.random((*lead, T)) < 0.6
    mask[..., 0, 2] = True
    mask[..., 1, :] = np.arange(T) == 4
    mask[..., -1, :] = False
    return mask


def _frames(rng, *lead):
    return {"x": rng.standard_normal((*lead, T, D))}


CASES = {
    "whole clips": lambda rng: _frames(rng, 2),
    "clips of different length, one of one frame, one empty": lambda rng: _frames(rng, 5) | {"mask": _mask(rng, 5)},
    "two leading axes, masked": lambda rng: _frames(rng, 2, 3) | {"mask": _mask(rng, 2, 3)},
    "one clip alone": lambda rng: _frames(rng),
    "clips of one frame": lambda rng: {"x": rng.standard_normal((2, 1, D))},
}
LONG, SHORT, NONE = np.array([[True, True, True], [False, True, False], [False, False, False]])
FRAMES = np.array([[1.0, 6.0], [3.0, -2.0], [-1.0, 5.0]])


def _known(whole, second):
    """What is known of FRAMES, whole, of the second frame alone, and of none."""
    return {
        "by hand": ({"x": FRAMES}, whole),
        "all frames count": ({"x": FRAMES, "mask": LONG}, whole),
        "one frame is itself": ({"x": FRAMES, "mask": SHORT}, second),
        "no frame gives zeros": ({"x": FRAMES, "mask": NONE}, np.zeros_like(second)),
        "padding may be NaN": ({"x": np.where(SHORT[:, None], FRAMES, np.nan), "mask": SHORT}, second),
    }


def _shuffled(f, a, rng):
    order = rng.permutation(a["x"].shape[-2])
    mask = a.get("mask")
    moved = {"x": a["x"][..., order, :]} | ({} if mask is None else {"mask": mask[..., order]})
    return np.allclose(f(**a | moved), f(**a))


def _padded(f, a, rng):
    """Two more frames that do not belong to the clip."""
    lead = a["x"].shape[:-2]
    mask = a.get("mask", np.ones(a["x"].shape[:-1], bool))
    x = np.concatenate([a["x"], rng.normal(50, 9, (*lead, 2, D))], -2)
    return np.allclose(f(**a | {"x": x, "mask": np.concatenate([mask, np.zeros((*lead, 2), bool)], -1)}), f(**a))


INVARIANTS = {
    "the order of the frames does not matter: a clip and its reverse are the same": _shuffled,
    "frames behind the end of a clip change nothing": _padded,
}
MEAN = Contract(
    "mean_pool",
    CASES,
    ("x",),
    known=_known([1.0, 3.0], [3.0, -2.0]),
    invariants=INVARIANTS | {"it is linear": lambda f, a, rng: np.allclose(f(**a | {"x": -3 * a["x"]}), -3 * f(**a))},
)
MAX = Contract(
    "max_pool",
    CASES,
    ("x",),
    known=_known([3.0, 6.0], [3.0, -2.0]),
    invariants=INVARIANTS
    | {
        "a frame twice is a frame once": lambda f, a, rng: np.allclose(
            f(**{n: v.repeat(2, -1 if n == "mask" else -2) for n, v in a.items()}), f(**a)
        )
    },
)


def _attention(case):
    def draw(rng):
        a = case(rng)
        return {"x": a["x"], "w": rng.standard_normal((H, D))} | {n: v for n, v in a.items() if n == "mask"}

    return draw


LOG3 = np.log(3.0)
ATTENTION = Contract(
    "attention_pool",
    {name: _attention(case) for name, case in CASES.items()},
    ("x", "w"),
    known={
        "a quarter and three quarters": (
            {"x": np.array([[0.0, 4.0, 0.0, 0.0], [2.0, 0.0, 8.0, 0.0]]), "w": np.array([[LOG3, 0.0, 0.0, 5.0]])},
            [[1.5, 1.0, 6.0, 0.0]],  # the scores differ by 2 log 3 / √4
        ),
    }
    | {
        name: (a | {"w": np.zeros((2, 2))}, np.stack([y, y]))  # queries of 0 give the mean
        for name, (a, y) in _known(np.array([1.0, 3.0]), np.array([3.0, -2.0])).items()
    },
    invariants=INVARIANTS
    | {
        "each query minds its own business": lambda f, a, rng: np.allclose(
            f(**a)[..., 1:, :], f(**a | {"w": a["w"][1:]})
        ),
        "the answer lies among the frames": lambda f, a, rng: bool(
            np.all(np.abs(f(**a)) <= np.abs(a["x"]).max((-2), keepdims=True) + 1e-12)
        ),
    },
)


def _scores(rng, *lead, weights=True, present=None):
    return {
        "scores": rng.standard_normal((*lead, M, V)),
        "weights": rng.uniform(0.5, 2, M) if weights else None,
        "present": present,
    }


PRESENT = np.array(
    [[True, False, True], [False] * 3, [True] * 3, [False, True, False], [False, False, True]]
)  # once none
SAID = np.array([[0.2, 0.8], [0.6, 0.4]])
SCORES = Contract(
    "fuse_scores",
    {
        "alike": lambda rng: _scores(rng, 5, weights=False),
        "weighted": lambda rng: _scores(rng, 2, 5),
        "some abstain, once all": lambda rng: _scores(rng, 5, present=PRESENT),
        "alike, some abstain": lambda rng: _scores(rng, 2, 5, weights=False, present=np.stack([PRESENT, ~PRESENT])),
        "one clip": lambda rng: _scores(rng),
    },
    ("scores", "weights"),
    known={
        "the mean": ({"scores": SAID}, [0.4, 0.6]),
        "one counts three times as much": ({"scores": SAID, "weights": np.array([1.0, 3.0])}, [0.5, 0.5]),
        "one abstains": ({"scores": SAID, "present": np.array([True, False])}, [0.2, 0.8]),
        "it abstains with NaN": (
            {"scores": np.array([[np.nan, np.nan], [0.6, 0.4]]), "present": np.array([False, True])},
            [0.6, 0.4],
        ),
        "all abstain": ({"scores": SAID, "present": np.array([False, False])}, [0.0, 0.0]),
        "nobody counts": ({"scores": SAID, "weights": np.array([0.0, 0.0])}, [0.0, 0.0]),
    },
    invariants={
        "streams of one mind keep it": lambda f, a, rng: np.allclose(
            f(**a | {"scores": np.broadcast_to(a["scores"][..., :1, :], a["scores"].shape)}),
            _where(a["present"], a["scores"][..., 0, :]),
        ),
        "only the proportion of the weights counts": lambda f, a, rng: (
            a["weights"] is None or np.allclose(f(**a | {"weights": 7 * a["weights"]}), f(**a))
        ),
        "who abstains changes nothing": lambda f, a, rng: (
            a["present"] is None
            or np.allclose(f(**a | {"scores": np.where(a["present"][..., None], a["scores"], 99.0)}), f(**a))
        ),
    },
)


def _where(present, y):
    return y if present is None else np.where(present.any(-1, keepdims=True), y, 0)


CONTRACTS = (MEAN, MAX, ATTENTION, SCORES)
