"""The twins of `scratch`: same names, the value without a cache; and the gradients that the others need."""

import functools

import torch

from mmcourse.attribution.scratch import coalitions, gradient_times_input, integrated_gradients
from mmcourse.saliency.pytorch import shuffled

__all__ = ["attention_rollout", "coalitions", "forgotten_from_the_top", "gradient_of", "gradient_times_input",
           "integrated_gradients", "shapley_interactions", "shapley_values"]  # fmt: skip


def attention_rollout(weights, residual=0.5):
    eye = torch.eye(weights.shape[-1]).to(weights)
    looks = weights.mean(2)
    looks = torch.where((looks == 0).all(-1, keepdim=True), eye, looks)
    return functools.reduce(lambda rollout, layer: layer @ rollout, torch.lerp(looks, eye, residual))


def gradient_of(score):
    """The gradient that `gradient_times_input` and `integrated_gradients` take.

    score(*inputs): float tensors with the examples along the first axis, to one number an example. Examples must not
    hear of each other: put a model into eval mode. An input that the score does not read gets a slope of 0.
    """

    def gradient(*inputs):
        leaves = tuple(x.detach().requires_grad_() for x in inputs)
        with torch.enable_grad():
            total = score(*leaves).sum()
        return torch.autograd.grad(total, leaves, materialize_grads=True)

    return gradient


def shapley_values(values):
    """By another way than `scratch`: a coalition's dividend is shared by its members alike (Harsanyi 1963)."""
    there = _members(values)
    return torch.tensordot((there / there.sum(1, keepdim=True).clamp(min=1)).T, _dividends(values), 1)


def shapley_interactions(values):
    """Two share the dividends of all coalitions that hold both (Grabisch & Roubens 1999)."""
    there = _members(values)
    shares = there.T[:, None] * there.T / (there.sum(1) - 1).clamp(min=1)
    return torch.tensordot(shares * (1 - torch.eye(len(shares)).to(values))[..., None], _dividends(values), 1)


def forgotten_from_the_top(model, layers, seed=0):
    """Yield (name, a copy of the model in which this layer and all before it in `layers` have forgotten).

    layers: names, as in `model.named_modules()`, the one next to the answer first: the cascading randomisation of
    Adebayo et al. 2018, here by shuffling each tensor of weights. A tensor whose entries are all alike stays as it is.
    """
    for i, name in enumerate(layers, 1):
        yield name, shuffled(model, layers[:i], seed)


def _members(values):
    return torch.from_numpy(coalitions(len(values).bit_length() - 1)).to(values)


def _dividends(values):
    """What each coalition adds beyond all that the smaller ones within it add: (2^M, ...), as the values."""
    M = len(values).bit_length() - 1
    cube = values.reshape(*[2] * M, *values.shape[1:])
    for m in range(M):
        without, there = cube.unbind(m)
        cube = torch.stack([without, there - without], m)
    return cube.reshape(values.shape)
