"""Order-one inputs: large ones make softmax one-hot, and then wrong answers pass."""

import numpy as np


def normal(rng, *shapes, dtype=np.float64) -> tuple[np.ndarray, ...]:
    """One standard normal array a shape."""
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


def qkv(rng, batch, queries, keys, width, value_width, dtype=np.float64) -> tuple[np.ndarray, ...]:
    """q (*batch, Q, D), k (*batch, K, D) and v (*batch, K, E)."""
    return normal(rng, (*batch, queries, width), (*batch, keys, width), (*batch, keys, value_width), dtype=dtype)


def lifted(q, k, height) -> tuple[np.ndarray, np.ndarray]:
    """q and k such that every score q · k / √D lies near `height`: a number, or one for each query.

    Softmax takes no notice of the height, so its weights stay soft and wrong answers stay visible.
    """
    q, k = q.copy(), k.copy()
    q[..., 0], k[..., 0] = height * q.shape[-1] ** 0.5, 1
    return q, k


def weights_of(scores, axis=-1) -> np.ndarray:
    """Softmax, for the wrong answers that get another part wrong."""
    e = np.exp(scores - scores.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)
