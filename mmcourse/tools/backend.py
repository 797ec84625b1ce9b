"""Does the captioner in Keras agree with NumPy on another backend? One line, on random weights.

KERAS_BACKEND=tensorflow python -m mmcourse.tools.backend

A command of its own, because the backend is chosen when Keras is first imported and cannot be changed afterwards.
"""

import numpy as np

from mmcourse.tools import scratch, with_keras
from mmcourse.tools.weights import Sizes, draw

SIZES = Sizes(V=13, T=7, C=3, side=15, patch=5, D=6, M=11, encoder=2, decoder=3, heads=3)


def main(seed=0):
    """Print the backend, the largest difference of a logit, and whether the greedy captions are the same."""
    rng = np.random.default_rng(seed)
    weights, images = draw(rng, SIZES), rng.standard_normal((5, 3, 15, 15), np.float32)
    words = rng.integers(0, SIZES.V, (5, 7))
    ours, theirs = scratch.build(weights, SIZES), with_keras.build(weights, SIZES)
    gap = np.abs(with_keras.logits(theirs, images, words) - scratch.logits(ours, images, words)).max()
    same = with_keras.captions(theirs, images) == scratch.captions(ours, images)
    keras = with_keras.keras
    print(f"Keras {keras.__version__} on {keras.backend.backend()}: logits differ from NumPy's by {gap:.0e} at most, "
          f"captions are {'the same' if same else 'others'}")  # fmt: skip


if __name__ == "__main__":
    main()
