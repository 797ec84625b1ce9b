"""Order-one inputs: large ones make softmax one-hot, and then wrong answers pass."""

import numpy as np


def normal(rng, *shapes, dtype=np.float64) -> tuple[np.ndarray, ...]:
    """One standard normal array a shape."""
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in shapes)


def qkv(rng, batch, queries, keys, width, value_width, dtype=np.float64) -> tuple[np.ndarray, ...]:
    """q (*batch, Q, D), k (*batch, K, D) and v (*batch, K, E)."""
    return normal(rng, (*batch, queries, width), (*batch, keys, width), (*batch, keys, value_width), dtype=dtype)


def weights_of(scores, axis=-1) -> np.ndarray:
    """Softmax, for the wrong answers that get another part wrong."""
    e = np.exp(scores - scores.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)
