"""What both halves of the motion room must do: for `warp`, which has a way back. All sizes differ and are prime.

Flows end away from the middles of pixels, where bilinear interpolation has a corner and a slope on either side.
"""

import numpy as np

from mmcourse.agree import Contract


def _drawn(rng, *shape, reach=2):
    whole = rng.integers(-reach, reach + 1, (*shape, 2))
    return {"image": rng.standard_normal(shape), "flow": whole + rng.uniform(0.25, 0.75, whole.shape)}


_ROWS = np.array([[1.0, 3.0, 7.0], [2.0, 6.0, 5.0]])


def _moved(right, down):
    return {"image": _ROWS, "flow": np.full((2, 3, 2), (right, down), float)}


WARP = Contract(
    "warp",
    cases={
        "a picture": lambda rng: _drawn(rng, 7, 11),
        "clips of frames": lambda rng: _drawn(rng, 2, 3, 5, 7),
        "far beyond the rim": lambda rng: _drawn(rng, 3, 5, 3, reach=13),
        "one row": lambda rng: _drawn(rng, 2, 1, 5),
        "one column": lambda rng: _drawn(rng, 5, 1),
    },
    gradients=("image", "flow"),
    known={
        "rest": (_moved(0, 0), _ROWS),
        "a pixel from the right, the rim repeated": (_moved(1, 0), [[3.0, 7.0, 7.0], [6.0, 5.0, 5.0]]),
        "a pixel from above": (_moved(0, -1), [[1.0, 3.0, 7.0], [1.0, 3.0, 7.0]]),
        "a quarter from the right": (_moved(0.25, 0), [[1.5, 4.0, 7.0], [3.0, 5.75, 5.0]]),
        # between the columns (2, 5, 7) and (4, 5.5, 5), a quarter of the way down
        "half right and a quarter down": (_moved(0.5, 0.25), [[2.5, 5.125, 6.5], [4.0, 5.5, 5.0]]),
        "to a far corner": (_moved(-9, 9), np.full((2, 3), 2.0)),
    },
    invariants={
        "an even picture stays even": lambda f, a, rng: np.allclose(
            f(**a | {"image": np.full_like(a["image"], 3.0)}), 3
        ),
        "no new extremes": lambda f, a, rng: (
            a["image"].min() - 1e-12 <= f(**a).min() <= f(**a).max() <= a["image"].max() + 1e-12
        ),
        "mirrored in, mirrored out": lambda f, a, rng: np.allclose(
            f(image=a["image"][..., ::-1], flow=a["flow"][..., ::-1, :] * (-1, 1)), f(**a)[..., ::-1]
        ),
        "rows and columns may be exchanged": lambda f, a, rng: np.allclose(
            f(image=a["image"].mT, flow=a["flow"].swapaxes(-2, -3)[..., ::-1]), f(**a).mT
        ),
    },
)

CONTRACTS = (WARP,)
