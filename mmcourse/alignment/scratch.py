"""Alignment by hand. The letters are declared in `mmcourse.alignment`."""

from typing import NamedTuple

import numpy as np


class Canonical(NamedTuple):
    """Two linear maps into one space: (x - mean_x) @ w_x and (y - mean_y) @ w_y; their correlations, falling."""

    mean_x: np.ndarray
    mean_y: np.ndarray
    w_x: np.ndarray
    w_y: np.ndarray
    correlations: np.ndarray


def cca(x, y, components, regularisation=0.0):
    """The directions of two views that correlate most (Hotelling 1936), by a singular value decomposition.

    x (N, P), y (N, Q): float, row n of both belongs to one example.   components: at most min(P, Q).
    regularisation: added to each view's variances, for views with many or nearly dependent columns.
    Returns a `Canonical`: w_x (P, components), w_y (Q, components). Without regularisation the columns of x's variates
    have variance 1 and do not correlate with each other, nor with y's but for their partner. Signs are arbitrary.
    Raises ValueError for views that do not fit, numbers that are not finite, and columns that depend on each other.
    """
    _check_views(x, y, components, regularisation)
    mean_x, mean_y = x.mean(0), y.mean(0)
    x, y = x - mean_x, y - mean_y
    root_x, root_y = _inverse_root(x, regularisation, "x"), _inverse_root(y, regularisation, "y")
    together = root_x @ (x.T @ y / (len(x) - 1)) @ root_y  # (P, Q), the covariance of the whitened views
    left, correlations, right = np.linalg.svd(together, full_matrices=False)
    k = components
    return Canonical(mean_x, mean_y, root_x @ left[:, :k], root_y @ right[:k].T, correlations[:k])


def _inverse_root(x, regularisation, name):
    """C^-½ of the covariance C of centred x (N, P): x @ C^-½ is white."""
    values, vectors = np.linalg.eigh(x.T @ x / (len(x) - 1))
    values = values + regularisation
    if values[0] <= values[-1] * x.shape[1] * np.finfo(x.dtype).eps:
        raise ValueError(
            f"cca: expected columns of {name} that do not depend on each other, their covariance has the eigenvalue "
            f"{values[0]:.1e}. Try: a regularisation above 0, fewer columns or more examples"
        )
    return vectors * values**-0.5 @ vectors.T


def _check_views(x, y, components, regularisation):
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) < 2:
        raise ValueError(f"cca: expected x (N, P) and y (N, Q) with N at least 2, came {x.shape} and {y.shape}")
    if not 1 <= components <= min(x.shape[1], y.shape[1]):
        raise ValueError(f"cca: expected 1 to {min(x.shape[1], y.shape[1])} components, came {components}")
    if regularisation < 0:
        raise ValueError(f"cca: expected a regularisation of at least 0, came {regularisation}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("cca: expected finite numbers, came NaN or infinity")


def normalise(x, eps=1e-12):
    """Rows of length 1, so that a dot product is a cosine; a row of zeros stays one.   x (..., D)."""
    length = np.maximum(np.sqrt(np.vecdot(x, x)[..., None]), eps)
    y = x / length
    return y, (y, length)


def normalise_backward(dy, cache):
    """dx: what points along the row cannot change a unit vector, the rest shrinks with its length."""
    y, length = cache
    return (dy - y * np.vecdot(y, dy)[..., None]) / length


def info_nce(u, v, log_scale, same=None):
    """How well each image picks its text among all, and each text its image: the mean of two cross-entropies.

    u (B, D), v (K, D): float, rows of length 1; row b of v belongs to row b of u, rows from B on belong to no image and
    are further negatives.   log_scale: float array (), the logarithm of 1 / temperature.
    same (B, K): bool, True where text k would be right for image b too, and so is no negative; None: nowhere. The
    diagonal does not matter.
    Returns the loss () and the cache for the backward pass. Raises ValueError for shapes that do not fit.
    """
    _check_pairs(u, v, same)
    B = len(u)
    cosines = u @ v.T  # (B, K)
    scores = np.exp(log_scale) * cosines
    if same is not None:
        scores[same & ~np.eye(B, len(v), dtype=bool)] = -np.inf
    right = np.arange(B), np.arange(B)
    p, choose_text = _choices(scores, 1)
    q, choose_image = _choices(scores[:, :B], 0)  # a text without an image asks for none
    loss = (choose_text + choose_image - 2 * scores[right]).mean() / 2
    return loss, (u, v, np.exp(log_scale), cosines, p, q)


def info_nce_backward(dy, cache):
    """dy () to (du, dv, dlog_scale): in both directions probabilities minus the one-hot truth."""
    u, v, scale, cosines, p, q = cache
    B = len(u)
    d = p.copy()
    d[:, :B] += q
    d[np.arange(B), np.arange(B)] -= 2
    d *= dy * scale / (2 * B)  # dL/dcosines
    return d @ v, d.T @ u, np.sum(d * cosines)


def _choices(scores, axis):
    """The softmax of scores along an axis, and the logarithm of its denominator."""
    top = scores.max(axis, keepdims=True)
    p = np.exp(scores - top)
    total = p.sum(axis, keepdims=True)
    p /= total
    return p, (top + np.log(total)).squeeze(axis)


def _check_pairs(u, v, same):
    if u.ndim != 2 or v.ndim != 2 or u.shape[1] != v.shape[1] or not 1 <= len(u) <= len(v):
        raise ValueError(
            f"info_nce: expected u (B, D) and v (K, D) with K at least B, a text for each image first, "
            f"came {u.shape} and {v.shape}"
        )
    if same is not None and same.shape != (len(u), len(v)):
        raise ValueError(f"info_nce: expected same ({len(u)}, {len(v)}), came {same.shape}")


def modality_gap(u, v):
    """The distance between the middles of two modalities on the sphere (Liang et al. 2022, section 4.2): 0 to 2.

    u (N, D), v (M, D): embeddings of any length; each is brought to length 1 first.
    """
    if u.ndim != 2 or v.ndim != 2 or u.shape[1] != v.shape[1] or not (len(u) and len(v)):
        raise ValueError(f"modality_gap: expected u (N, D) and v (M, D), at least one each, came {u.shape}, {v.shape}")
    return np.linalg.norm(normalise(u)[0].mean(0) - normalise(v)[0].mean(0))
