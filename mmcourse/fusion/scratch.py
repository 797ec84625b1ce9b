"""Fusion by hand, in NumPy. The axis letters and papers stand in the room's `__init__`."""

import numpy as np

from mmcourse.layers.scratch import linear, linear_backward, sigmoid, sigmoid_backward


def concatenation_fusion(a, b, weight, bias):
    """One linear map of both side by side.   weight (O, A + B), bias (O,); returns (..., O)."""
    _same_examples("concatenation_fusion", a, b)
    y, cache = linear(np.concatenate([a, b], -1), weight, bias)
    return y, (cache, a.shape[-1])


def concatenation_fusion_backward(dy, cache):
    """Gradients of (a, b, weight, bias)."""
    cache_linear, A = cache
    dab, dweight, dbias = linear_backward(dy, cache_linear)
    return dab[..., :A], dab[..., A:], dweight, dbias


def product_fusion(a, b, w_a, w_b):
    """Entry by entry product of two projections: a feature is on where both say so.   w_a (O, A), w_b (O, B)."""
    _same_examples("product_fusion", a, b)
    (p, c_a), (q, c_b) = linear(a, w_a), linear(b, w_b)
    return p * q, (p, q, c_a, c_b)


def product_fusion_backward(dy, cache):
    """Gradients of (a, b, w_a, w_b)."""
    p, q, c_a, c_b = cache
    (da, dw_a, _), (db, dw_b, _) = linear_backward(dy * q, c_a), linear_backward(dy * p, c_b)
    return da, db, dw_a, dw_b


def gated_fusion(a, b, w_a, w_b, w_gate):
    """z tanh(w_a a) + (1 - z) tanh(w_b b), with a gate z = σ(w_gate [a, b]) for every entry of every example.

    w_a (O, A), w_b (O, B), w_gate (O, A + B).   (Arevalo et al. 2017, section 3.)
    """
    _same_examples("gated_fusion", a, b)
    (p, c_a), (q, c_b), (g, c_g) = linear(a, w_a), linear(b, w_b), linear(np.concatenate([a, b], -1), w_gate)
    p, q, (z, c_z) = np.tanh(p), np.tanh(q), sigmoid(g)
    return z * p + (1 - z) * q, (p, q, z, c_a, c_b, c_g, c_z)


def gated_fusion_backward(dy, cache):
    """Gradients of (a, b, w_a, w_b, w_gate)."""
    p, q, z, c_a, c_b, c_g, c_z = cache
    da, dw_a, _ = linear_backward(dy * z * (1 - p * p), c_a)
    db, dw_b, _ = linear_backward(dy * (1 - z) * (1 - q * q), c_b)
    dab, dw_gate, _ = linear_backward(sigmoid_backward(dy * (p - q), c_z), c_g)
    A = da.shape[-1]
    return da + dab[..., :A], db + dab[..., A:], dw_a, dw_b, dw_gate


def tensor_fusion(a, b):
    """All products of an entry of [a, 1] with one of [b, 1]: returns (..., (A + 1)(B + 1)), the row of a outermost.

    The ones keep a and b themselves among the products, beside everything they say only together.
    (Zadeh et al. 2017, section 4.2.)
    """
    _same_examples("tensor_fusion", a, b)
    a1, b1 = _append_one(a), _append_one(b)
    y = a1[..., :, None] * b1[..., None, :]
    return y.reshape(*a.shape[:-1], -1), (a1, b1)


def tensor_fusion_backward(dy, cache):
    """Gradients of (a, b)."""
    a1, b1 = cache
    dy = dy.reshape(*a1.shape, b1.shape[-1])
    da1, db1 = (dy @ b1[..., None])[..., 0], (a1[..., None, :] @ dy)[..., 0, :]
    return da1[..., :-1], db1[..., :-1]


def low_rank_fusion(a, b, f_a, f_b):
    """A linear map of the tensor of `tensor_fusion`, of rank K, without ever making the tensor.

    f_a (K, O, A + 1), f_b (K, O, B + 1): y[o] = Σ_k (f_a[k, o] · [a, 1]) (f_b[k, o] · [b, 1]); returns (..., O).
    (Liu et al. 2018, section 3.)
    """
    _same_examples("low_rank_fusion", a, b)
    K, O = f_a.shape[:2]
    (p, c_a), (q, c_b) = (linear(_append_one(m), f.reshape(K * O, -1)) for m, f in ((a, f_a), (b, f_b)))
    return (p * q).reshape(*p.shape[:-1], K, O).sum(-2), (p, q, c_a, c_b, K)


def low_rank_fusion_backward(dy, cache):
    """Gradients of (a, b, f_a, f_b)."""
    p, q, c_a, c_b, K = cache
    d = np.concatenate([dy] * K, -1)  # every rank adds to the same answer
    (da1, df_a, _), (db1, df_b, _) = linear_backward(d * q, c_a), linear_backward(d * p, c_b)
    O = dy.shape[-1]
    return da1[..., :-1], db1[..., :-1], df_a.reshape(K, O, -1), df_b.reshape(K, O, -1)


def attention_fusion(features, w, u, present=None):
    """Weigh the modalities anew for every example: Σ_m p_m f_m, p = softmax over modalities of u · tanh(w f_m).

    features (..., M, D), w (S, D), u (S,); present: bool (..., M), True = there. Nothing there gives zeros.
    """
    M = features.shape[-2]
    if present is not None and present.shape != features.shape[:-1]:
        raise ValueError(f"attention_fusion: present must be {features.shape[:-1]}, came {present.shape}")
    if present is not None:
        features = np.where(present[..., None], features, 0)  # what is absent may be NaN
    hidden, c_w = linear(features, w)
    hidden = np.tanh(hidden)
    scores = hidden @ u  # (..., M)
    if present is not None:
        scores = np.where(present, scores, -np.inf)
    top = scores.max(-1, keepdims=True, initial=np.finfo(scores.dtype).min)
    e = np.exp(scores - top)
    p = e / np.maximum(e.sum(-1, keepdims=True), 1 / M)  # a row with something there sums to at least 1
    return (p[..., None, :] @ features)[..., 0, :], (features, hidden, p, u, c_w, present)


def attention_fusion_backward(dy, cache):
    """Gradients of (features, w, u)."""
    features, hidden, p, u, c_w, present = cache
    dp = (features @ dy[..., None])[..., 0]
    ds = p * (dp - (dp * p).sum(-1, keepdims=True))
    du = hidden.reshape(-1, len(u)).T @ ds.reshape(-1)
    dhidden = ds[..., None] * u * (1 - hidden * hidden)
    dfeatures, dw, _ = linear_backward(dhidden, c_w)
    dfeatures = dfeatures + p[..., None] * dy[..., None, :]
    return dfeatures if present is None else np.where(present[..., None], dfeatures, 0), dw, du


def mixture_of_experts_fusion(probabilities, gates):
    """Late fusion: the modalities' own verdicts, averaged with weights that sum to one.

    probabilities (..., M, V): each modality's distribution over V classes; gates (..., M) or (M,): any numbers,
    softmax makes them weights. Equal gates are the plain average. Returns a distribution (..., V).
    """
    e = np.exp(gates - gates.max(-1, keepdims=True))
    p = np.broadcast_to(e / e.sum(-1, keepdims=True), probabilities.shape[:-1])
    return (p[..., None, :] @ probabilities)[..., 0, :], (probabilities, p, gates.shape)


def mixture_of_experts_fusion_backward(dy, cache):
    """Gradients of (probabilities, gates)."""
    probabilities, p, shape = cache
    dp = (probabilities @ dy[..., None])[..., 0]
    dgates = p * (dp - (dp * p).sum(-1, keepdims=True))
    if dgates.shape != shape:  # one set of gates served all examples
        dgates = dgates.reshape(-1, *shape).sum(0)
    return p[..., None] * dy[..., None, :], dgates


def _append_one(a):
    return np.concatenate([a, np.ones((*a.shape[:-1], 1), a.dtype)], -1)


def _same_examples(name, a, b):
    if a.shape[:-1] != b.shape[:-1]:
        raise ValueError(f"{name}: every modality needs the same examples, came a {a.shape} and b {b.shape}")
