"""What both halves of the images room must do. Height and width differ, and shrink or grow by different factors."""

import numpy as np

from mmcourse.agree import Contract


def _picture(rng, *shape):
    return {"x": rng.standard_normal(shape)}


def _to(height, width, antialias):
    return {"height": height, "width": width, "antialias": antialias}


def _both_ways(draw, height, width):
    """The same case with and without antialiasing."""
    return [lambda rng, a=a: draw(rng) | _to(height, width, a) for a in (True, False)]


def _resize_cases():
    sizes = {
        "smaller": (lambda rng: _picture(rng, 2, 3, 13, 19), 5, 7),
        "larger": (lambda rng: _picture(rng, 2, 5, 3), 11, 13),
        "taller and narrower": (lambda rng: _picture(rng, 3, 5, 17), 7, 3),
        "nearly the same": (lambda rng: _picture(rng, 7, 11), 6, 12),
        "one pixel": (lambda rng: _picture(rng, 2, 5, 7), 1, 1),
        "from one pixel": (lambda rng: _picture(rng, 2, 1, 1), 2, 3),
    }
    return {
        name + how: case
        for name, (draw, height, width) in sizes.items()
        for how, case in zip(("", ", not antialiased"), _both_ways(draw, height, width), strict=True)
    }


_ROW = {"x": np.array([[0.0, 0.0, 8.0, 0.0]])}
_THREE = {"x": np.array([[9.0, 5.0, 7.0]])}

RESIZE = Contract(
    "resize",
    cases=_resize_cases(),
    gradients=("x",),
    known={
        # centres at 1 and 3 of 4, reach 2: the pixels beside a centre weigh 3/4 each, the next 1/4, of 7/4 in sight
        "half as wide": (_ROW | _to(1, 2, True), [[8 / 7, 24 / 7]]),
        "half as wide, two pixels each": (_ROW | _to(1, 2, False), [[0.0, 4.0]]),
        "a third, the outer pixels unheard": (_THREE | _to(1, 1, False), [[5.0]]),
        "a third, the outer pixels weigh 2/3": (_THREE | _to(1, 1, True), [[(6 + 5 + 14 / 3) / (7 / 3)]]),
        "twice as wide": ({"x": np.array([[0.0, 4.0]])} | _to(1, 4, True), [[0.0, 1.0, 3.0, 4.0]]),
    },
    invariants={
        "its own size changes nothing": lambda f, a, rng: np.allclose(
            f(**a | dict(zip(("height", "width"), a["x"].shape[-2:], strict=True))), a["x"]
        ),
        "an even picture stays even": lambda f, a, rng: np.allclose(f(**a | {"x": np.full_like(a["x"], 3.0)}), 3),
        "mirrored in, mirrored out": lambda f, a, rng: np.allclose(
            f(**a | {"x": a["x"][..., ::-1, ::-1]}), f(**a)[..., ::-1, ::-1]
        ),
        "rows and columns may be exchanged": lambda f, a, rng: np.allclose(
            f(**a | {"x": a["x"].mT, "height": a["width"], "width": a["height"]}), f(**a).mT
        ),
    },
)

_TWELVE = {"x": np.arange(12.0).reshape(3, 4)}

CROP = Contract(
    "crop",
    cases={
        "inside": lambda rng: _picture(rng, 2, 3, 7, 11) | {"top": 2, "left": 5, "height": 3, "width": 2},
        "to the edge": lambda rng: _picture(rng, 5, 7) | {"top": 3, "left": 0, "height": 2, "width": 7},
    },
    gradients=("x",),
    known={"second row": (_TWELVE | {"top": 1, "left": 1, "height": 1, "width": 2}, [[5.0, 6.0]])},
)

CENTER_CROP = Contract(
    "center_crop",
    cases={
        "exact": lambda rng: _picture(rng, 2, 3, 7, 11) | {"height": 3, "width": 5},
        "half a pixel off": lambda rng: _picture(rng, 2, 7, 11) | {"height": 2, "width": 4},
        "all": lambda rng: _picture(rng, 5, 3) | {"height": 5, "width": 3},
    },
    gradients=("x",),
    known={"of 3 × 4": (_TWELVE | {"height": 1, "width": 1}, [[5.0]])},
)



def _statistics(rng, C):
    return {"mean": rng.standard_normal(C), "std": 0.5 + rng.random(C)}


def _others(x):
    """The axes of a picture but for its channels."""
    return tuple(i for i in range(x.ndim) if i != x.ndim - 3)


def _own(x):
    return {"mean": x.mean(_others(x)), "std": x.std(_others(x))}


NORMALIZE = Contract(
    "normalize",
    cases={
        "a batch": lambda rng: _picture(rng, 2, 3, 5, 7) | _statistics(rng, 3),
        "one picture": lambda rng: _picture(rng, 2, 3, 5) | _statistics(rng, 2),
    },
    gradients=("x",),
    known={
        "two channels of a pixel": (
            {"x": np.array([[[3.0]], [[8.0]]]), "mean": np.array([1.0, 2.0]), "std": np.array([4.0, 3.0])},
            [[[0.5]], [[2.0]]],
        )
    },
    invariants={
        "its own mean and deviation give 0 and 1": lambda f, a, rng: np.allclose(
            [g(f(**a | _own(a["x"])), axis=_others(a["x"])) for g in (np.mean, np.std)],
            [[0], [1]],
        )
    },
)


CONTRACTS = (RESIZE, CROP, CENTER_CROP, NORMALIZE)
