"""Attribution by hand, in NumPy. The letters and papers stand in the room's `__init__`."""

from math import factorial

import numpy as np


def attention_rollout(weights, residual=0.5):
    """How much each token of the input counts in each token of the output, if attention is all that moves it.

    weights (L, B, H, T, T): each layer's, rows sum to 1, the first layer first. residual, from 0 to 1: the share that
    stays where it is, for the connection round each attention. Returns (B, T, T), rows of sum 1: output, input.
    The heads' mean Ā becomes A = residual · I + (1 - residual) Ā in each layer, and the answer is A_L … A_2 A_1 (Abnar
    & Zuidema 2020, section 3, with residual 1/2). A token that may look nowhere, a row of zeros, stays itself.
    """
    _check_rollout(weights, residual)
    eye = np.eye(weights.shape[-1], dtype=weights.dtype)
    looks = weights.mean(2)
    looks = np.where(looks.any(-1, keepdims=True), looks, eye)
    A = residual * eye + (1 - residual) * looks
    rollout = A[0]
    for layer in A[1:]:
        rollout = layer @ rollout
    return rollout


def gradient_times_input(gradient, inputs):
    """What each number would take along, were the function a straight line through 0.

    inputs: a tuple of float arrays, one a modality.   gradient(*inputs): a tuple of arrays of the same shapes, each the
    slope of the score along an input.   Returns such a tuple: the products.
    """
    return tuple(g * x for g, x in zip(_slopes(gradient, inputs), inputs, strict=True))


def integrated_gradients(gradient, inputs, baselines, steps=32):
    """The mean slope on the straight way from the baselines to the inputs, times the way (Sundararajan et al. 2017).

    inputs, gradient: as in `gradient_times_input`.   baselines: arrays that broadcast to the inputs, what stands for
    "nothing there".   steps: slopes taken, each in the middle of its part of the way.
    Returns a tuple shaped like the inputs, whose sum is nearly score(inputs) - score(baselines), the nearer the more
    steps: look at the difference before you believe the rest.
    """
    if steps < 1 or len(baselines) != len(inputs):
        raise ValueError(
            f"integrated_gradients: expected at least one step and a baseline for each of {len(inputs)} inputs, came "
            f"{steps} steps and {len(baselines)} baselines"
        )
    ways = [x - b for x, b in zip(inputs, baselines, strict=True)]
    total = [0] * len(ways)
    for k in range(steps):
        left = 1 - (k + 0.5) / steps
        slopes = _slopes(gradient, tuple(x - left * way for x, way in zip(inputs, ways, strict=True)))
        total = [t + g for t, g in zip(total, slopes, strict=True)]
    return tuple(way * t / steps for way, t in zip(ways, total, strict=True))


def coalitions(M):
    """Which modalities are there in each coalition: bool (2^M, M), none first, all last; row s holds the bits of s."""
    if not 1 <= M <= 16:
        raise ValueError(f"coalitions: expected 1 to 16 modalities, came {M}. Try: groups of modalities")
    return (np.arange(2**M)[:, None] >> np.arange(M) & 1).astype(bool)


def shapley_values(values):
    """What each modality adds, averaged over all orders in which they could have come: (M, ...) from values (2^M, ...).

    values: of each coalition, in the order of `coalitions`; further axes (examples, classes) stand side by side.
    φ_m = Σ over coalitions S without m of |S|! (M - |S| - 1)! / M! · (v(S with m) - v(S))   (Shapley 1953).
    They sum to v(all) - v(none).
    """
    values, M = _as_values(values, "shapley_values")
    weights = _shapley_weights(M).astype(values.dtype)
    return np.tensordot(weights, values, 1), weights


def shapley_values_backward(dy, cache):
    """dL/dy (M, ...) to dvalues (2^M, ...): the function is linear, so its matrix goes back."""
    return np.tensordot(cache.T, dy, 1)


def shapley_interactions(values):
    """What two modalities add together beyond what each adds alone: (M, M, ...), symmetric, 0 on the diagonal.

    values (2^M, ...): as in `shapley_values`. For i ≠ j, with S running over the coalitions without both,
    I_ij = Σ |S|! (M - |S| - 2)! / (M - 1)! · (v(S with i, j) - v(S with i) - v(S with j) + v(S))
    (Grabisch & Roubens 1999). Above 0: they need each other; below: they say the same.
    """
    values, M = _as_values(values, "shapley_interactions")
    weights = _interaction_weights(M).astype(values.dtype)
    return np.tensordot(weights, values, 1), weights


def shapley_interactions_backward(dy, cache):
    """dL/dy (M, M, ...) to dvalues (2^M, ...)."""
    return np.tensordot(cache, dy, ((0, 1), (0, 1)))


def _shapley_weights(M):
    """(M, 2^M): with m in it a coalition counts for φ_m, without it against."""
    there = coalitions(M)
    others = there.sum(1)[:, None] - there  # (2^M, M): how many came before m
    orders = np.array([factorial(n) * factorial(M - 1 - n) / factorial(M) for n in range(M)])
    return (np.where(there, 1, -1) * orders[others]).T


def _interaction_weights(M):
    """(M, M, 2^M): with both or neither of two a coalition counts for their interaction, with one of them against."""
    there = coalitions(M).T
    sign = np.where(there, 1, -1)
    others = there.sum(0) - there[:, None] - 1 * there  # (M, M, 2^M): besides the two
    orders = [factorial(n) * factorial(M - 2 - n) / factorial(M - 1) for n in range(M - 1)]
    weights = sign[:, None] * sign * np.array([*orders, 0])[others]
    return weights * (1 - np.eye(M))[..., None]  # nobody interacts with itself


def _as_values(values, name):
    values = np.asarray(values)
    values = values if values.dtype.kind == "f" else values.astype(float)  # right or wrong, say
    S = len(values) if values.ndim else 0
    M = S.bit_length() - 1
    if M < 1 or 2**M != S:
        raise ValueError(
            f"{name}: expected a value for each of the 2^M coalitions of M modalities, 2, 4, 8 … along the first axis, "
            f"came {values.shape}. Try: one for each row of coalitions(M)"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: expected finite values, came {np.sum(~np.isfinite(values))} that are not")
    return values, M


def _slopes(gradient, inputs):
    slopes = gradient(*inputs)
    shapes = [np.shape(x) for x in inputs]
    if not isinstance(slopes, tuple) or [np.shape(g) for g in slopes] != shapes:
        came = [np.shape(g) for g in slopes] if isinstance(slopes, tuple) else type(slopes).__name__
        raise ValueError(f"expected a gradient that returns a tuple of the inputs' shapes {shapes}, came {came}")
    return slopes


def _check_rollout(weights, residual):
    if weights.ndim != 5 or weights.shape[-1] != weights.shape[-2] or not len(weights):
        raise ValueError(f"attention_rollout: expected weights (L, B, H, T, T), L at least 1, came {weights.shape}")
    if not 0 <= residual <= 1:
        raise ValueError(f"attention_rollout: expected a residual from 0 to 1, came {residual}")
    rows = weights.sum(-1)
    if not (np.isclose(rows, 1, atol=1e-3) | (rows == 0)).all():
        raise ValueError("attention_rollout: expected rows that sum to 1. Try: the weights after the softmax")
