"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F


def linear(x, weight, bias=None):
    return F.linear(x, weight, bias)


def softmax(x, axis=-1):
    return torch.softmax(x, axis)


def layer_norm(x, weight, bias, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], weight, bias, eps)


def embedding(ids, table):
    return F.embedding(ids, table)


def relu(x):
    return F.relu(x)


def sigmoid(x):
    return torch.sigmoid(x)


def tanh(x):
    return torch.tanh(x)


def gelu(x):
    return F.gelu(x, approximate="tanh")


def dropout(x, rate, rng):
    """`F.dropout` draws from torch's own generator; this one draws what the NumPy twin draws, so the two agree."""
    keep = torch.from_numpy(rng.random(x.shape) >= rate).to(x)
    return x * keep / (1 - rate)


def cross_entropy(logits, targets):
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten())


def binary_cross_entropy(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)


def mse_loss(x, target):
    return F.mse_loss(x, target)


def sgd(params, grads, state, lr, momentum=0.0):
    """One step of `torch.optim.SGD`; state is the optimiser with its own copies of the parameters."""
    return _step(torch.optim.SGD, params, grads, state, lr=lr, momentum=momentum)


def adam(params, grads, state, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """One step of `torch.optim.Adam`; state is the optimiser with its own copies of the parameters."""
    return _step(torch.optim.Adam, params, grads, state, lr=lr, betas=betas, eps=eps)


def _step(kind, params, grads, state, **options):
    if not state:
        own = {n: p.detach().clone() for n, p in params.items()}
        state = {"own": own, "optimiser": kind(list(own.values()), **options)}
    for n, p in state["own"].items():
        p.grad = grads[n]
    state["optimiser"].step()
    return {n: p.clone() for n, p in state["own"].items()}, state
