"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F

from mmcourse.generation.scratch import euler, guided, heun

__all__ = ["euler", "gaussian_kl", "gaussian_reconstruction", "guided", "heun", "hinge_discriminator_loss",
           "reparametrise", "straight_path", "velocity_towards"]  # fmt: skip


def gaussian_kl(mean, log_variance):
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean() / 2


def reparametrise(mean, log_variance, noise):
    return mean + (log_variance / 2).exp() * noise


def gaussian_reconstruction(drawn, x, sigma=0.1):
    return F.mse_loss(drawn, x, reduction="sum") / (2 * sigma**2 * len(x))


def straight_path(x, noise, t):
    return torch.lerp(noise, x, _beside(t, x)), x - noise


def velocity_towards(x, x_t, t, least=0.1):
    return (x - x_t) / _beside((1 - t).clamp(min=least), x)


def hinge_discriminator_loss(real, fake):
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def _beside(t, x):
    return t.view(-1, *[1] * (x.ndim - 1))
