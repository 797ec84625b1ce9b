"""The captioners' parameters: their shapes by name, in the order in which the functions take them, and a first draw."""

import numpy as np


def lstm_shapes(V, D, I, H):
    """{name: shape} for `lstm_decoder` and `lstm_captioner`."""
    return _start(D, H) | {"table": (V, I)} | _lstm(I, H) | {"w_out": (V, H), "b_out": (V,)}


def attention_shapes(V, D, I, H, A):
    """{name: shape} for `attention_decoder` and `attention_captioner`."""
    score = {"w_region": (A, D), "w_query": (A, H), "b_query": (A,), "v": (A,)}
    answer = {"w_state": (I, H), "w_context": (I, D), "w_out": (V, I), "b_out": (V,)}
    return _start(D, H) | score | {"table": (V, I)} | _lstm(I + D, H) | answer


def draw(rng, shapes, dtype=np.float32):
    """Matrices and vectors v normal with variance 1 / width, biases zero; the same names, ready for `**parameters`.

    The forget gate's bias starts at 1, so that a young memory keeps what it has (Jozefowicz et al. 2015, section 2.3).
    """
    parameters = {
        n: np.zeros(s, dtype) if n.startswith("b_") else (rng.standard_normal(s) * s[-1] ** -0.5).astype(dtype)
        for n, s in shapes.items()
    }
    H = shapes["w_hh"][1]
    parameters["b_ih"][H : 2 * H] = 1
    return parameters


def _start(D, H):
    return {"w_h": (H, D), "b_h": (H,), "w_c": (H, D), "b_c": (H,)}


def _lstm(I, H):
    return {"w_ih": (4 * H, I), "w_hh": (4 * H, H), "b_ih": (4 * H,), "b_hh": (4 * H,)}
