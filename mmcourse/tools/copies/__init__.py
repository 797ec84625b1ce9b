"""Four copies of one block for assignment 11, as numbers: copies.npz holds what they gave, and not how.

`mmcourse.grading.tools.block.four_copies` computed them. It holds answers, so that it is absent while a notebook is
graded; these numbers are there.
"""

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("copies.npz")
LOUD = (0.1, 1, 100)
WEIGHTS = ("w1", "b1", "w2", "b2", "gain", "shift")
TOLERANCE = 1e-4


def four_copies(loud=1):
    """What `explain` takes: x (N, D), its input, `loud` times as large as usual; the weights; outputs; a tolerance.

    outputs (4, N, D) are those of the copies A to D, rounded to 5 digits. Raises ValueError for other than LOUD.
    """
    if loud not in LOUD:
        raise ValueError(f"four_copies: expected a loudness of {LOUD}, which were kept; came {loud!r}")
    with np.load(FILE) as kept:
        weights = [kept[name] for name in WEIGHTS]
        return loud * kept["x"], *weights, kept["outputs"][LOUD.index(loud)], TOLERANCE
