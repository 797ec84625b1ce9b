"""The blocks' parameters: their shapes by name, in the order in which the functions take them, and a first draw."""

import numpy as np


def encoder_shapes(D, M, E=None):
    """{name: shape} for `encoder_block`: tokens of width D, M hidden units, E (D if not told) over all heads."""
    return _norm("norm1", D) | _attention("", D, E or D, D) | _norm("norm2", D) | _mlp(D, M)


def decoder_shapes(D, M, E=None, C=None):
    """{name: shape} for `decoder_block`, whose memory has width C (D if not told)."""
    own, across = _attention("", D, E or D, D), _attention("cross_", D, E or D, C or D)
    return _norm("norm1", D) | own | _norm("cross_norm", D) | across | _norm("norm2", D) | _mlp(D, M)


def draw(rng, shapes, dtype=np.float32):
    """Matrices normal with variance 1 / width, biases zero, norms one; the same names, ready for `**parameters`."""
    parameters = {}
    for name, shape in shapes.items():
        if len(shape) > 1:
            parameters[name] = (rng.standard_normal(shape) * shape[-1] ** -0.5).astype(dtype)
        else:
            parameters[name] = np.full(shape, name.endswith("_weight"), dtype)
    return parameters


def _norm(name, D):
    return {name + "_weight": (D,), name + "_bias": (D,)}


def _attention(prefix, D, E, C):
    sizes = {"q": (E, D), "k": (E, C), "v": (E, C), "o": (D, E)}
    return {f"{prefix}{kind}_{n}": s if kind == "w" else s[:1] for n, s in sizes.items() for kind in "wb"}


def _mlp(D, M):
    return {"w_in": (M, D), "b_in": (M,), "w_out": (D, M), "b_out": (D,)}
