"""The twins of `scratch`: same names, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F

from mmcourse.calibration.scratch import ASK_BACK, MOST


def temperature_loss(logits, labels, beta):
    return F.cross_entropy(beta * logits, labels)


def fit_temperature(logits, labels, steps=50):
    """By L-BFGS on log beta: what most people use."""
    log_beta = torch.zeros((), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([log_beta], max_iter=steps, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        search.zero_grad()
        value = temperature_loss(logits.double(), labels, log_beta.exp())
        value.backward()
        return value

    search.step(loss)
    return (-log_beta.detach()).exp().clamp(1 / MOST, MOST).item()


def route(probabilities, cost):
    surest, which = probabilities.max(-1)
    return torch.where(1 - surest <= cost, which, ASK_BACK)
