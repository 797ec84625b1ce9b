"""Fréchet distance: how far two clouds of features lie apart, each seen as a Gaussian."""

import numpy as np


def frechet_distance(x, y):
    """|m_x - m_y|² + tr(S_x + S_y - 2 (S_x S_y)^½) for the means m and covariances S of the rows of x and y.

    x (N, D), y (M, D): features of one kind, an example a row, at least two rows each. The distance depends on the
    features and on N and M (few rows overestimate it), so compare only numbers that share them.
    (Dowson & Landau 1982, J. Multivariate Analysis 12; for images Heusel et al. 2017, arXiv:1706.08500, eq. 6.)

    With S_x = AᵀA and S_y = BᵀB the last trace is the sum of the singular values of ABᵀ: no root of a matrix is needed,
    and nothing complex comes of rounding.
    """
    x, y = _features("x", x), _features("y", y)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"frechet_distance: expected features of one width, came x {x.shape} and y {y.shape}")
    (mean_x, a), (mean_y, b) = _gaussian(x), _gaussian(y)
    gap = mean_x - mean_y
    overlap = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(max(0.0, gap @ gap + (a * a).sum() + (b * b).sum() - 2 * overlap))


def _gaussian(x):
    """Mean (D,) and a factor A of the covariance AᵀA, at most D rows."""
    mean = x.mean(0)
    return mean, np.linalg.qr(x - mean, mode="r") / np.sqrt(len(x) - 1)


def _features(name, x):
    x = np.asarray(x, float)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"frechet_distance: expected {name} (N, D) with at least two rows, came {x.shape}")
    if wrong := np.sum(~np.isfinite(x)):
        raise ValueError(f"frechet_distance: expected finite features, {name} has {wrong} that are not")
    return x
