"""The twins of `scratch`: same names, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F

from mmcourse.alignment.scratch import Canonical


def cca(x, y, components, regularisation=0.0):
    mean_x, mean_y = x.mean(0), y.mean(0)
    x, y = x - mean_x, y - mean_y
    root_x, root_y = _inverse_root(x, regularisation), _inverse_root(y, regularisation)
    together = root_x @ (x.T @ y / (len(x) - 1)) @ root_y
    left, correlations, right = torch.linalg.svd(together, full_matrices=False)
    k = components
    return Canonical(mean_x, mean_y, root_x @ left[:, :k], root_y @ right[:k].T, correlations[:k])


def _inverse_root(x, regularisation):
    values, vectors = torch.linalg.eigh(x.T @ x / (len(x) - 1))
    return vectors * (values + regularisation) ** -0.5 @ vectors.T


def normalise(x, eps=1e-12):
    return F.normalize(x, dim=-1, eps=eps)


def info_nce(u, v, log_scale, same=None):
    B = len(u)
    scores = log_scale.exp() * (u @ v.T)
    if same is not None:
        own = torch.eye(B, len(v), dtype=torch.bool, device=u.device)
        scores = scores.masked_fill(same & ~own, -torch.inf)
    right = torch.arange(B, device=u.device)
    return (F.cross_entropy(scores, right) + F.cross_entropy(scores[:, :B].T, right)) / 2


def modality_gap(u, v):
    return torch.linalg.vector_norm(normalise(u).mean(0) - normalise(v).mean(0))
