"""The twins of `scratch`, and what hooks make possible: Grad-CAM at any layer of any network."""

import copy

import torch
from torch.nn import functional as F

from mmcourse.saliency.scratch import Head, occlusion, rank_correlation

__all__ = ["Head", "global_average_pool", "grad_cam", "grad_cam_of", "head", "head_of", "inference_batch_norm",
           "last_grid", "occlusion", "rank_correlation", "recorded", "relu6", "shuffled"]  # fmt: skip


def grad_cam(activations, gradients):
    return (gradients.mean((-2, -1), keepdim=True) * activations).sum(-3).relu()


def head(x, weights):
    w = Head(*(torch.as_tensor(a, dtype=x.dtype, device=x.device) for a in weights))
    y = F.conv2d(x, w.conv[:, :, None, None])
    y = relu6(inference_batch_norm(y, w.gamma, w.beta, w.mean, w.variance, w.eps))
    return F.linear(global_average_pool(y), w.weight, w.bias)


def inference_batch_norm(x, gamma, beta, mean, variance, eps):
    return F.batch_norm(x, mean, variance, gamma, beta, eps=float(eps))


def relu6(x):
    return F.relu6(x)


def global_average_pool(x):
    return x.mean((2, 3))


def head_of(network):
    """The `Head` of an `EfficientNetLite0`, as NumPy arrays."""
    norm, fc = network._bn1, network._fc
    parts = (network._conv_head.weight[:, :, 0, 0], norm.weight, norm.bias, norm.running_mean, norm.running_var)
    conv, *four = (p.detach().cpu().numpy() for p in parts)
    return Head(conv, *four, norm.eps, *(p.detach().cpu().numpy() for p in (fc.weight, fc.bias)))


def last_grid(network, x):
    """What the head of an `EfficientNetLite0` takes: x (N, 3, H, W) as it reads pictures, to (N, 320, H/32, W/32)."""
    seen = []
    with network._blocks[-1].register_forward_hook(lambda module, given, y: seen.append(y)), torch.no_grad():
        network(x)
    return seen[0].contiguous()


def recorded(model, images, classes, layer):
    """(a layer's activations (N, C, H, W), their gradients of each picture's own class's logit, the logits (N, V)).

    images: a tensor as the model reads it. classes (N,) int. layer: a module of the model that is called once.
    The model's parameters may be frozen, and stay as they are.
    """
    seen = []
    images = images.detach().requires_grad_()  # so that there is a way back through frozen layers
    with layer.register_forward_hook(lambda module, given, y: seen.append(y)), torch.enable_grad():
        logits = model(images)
    if len(seen) != 1 or seen[0].ndim != 4:
        raise ValueError("recorded: expected a layer that is called once and gives (N, C, H, W), came the shapes "
                         f"{[tuple(y.shape) for y in seen]}. Try: another layer")  # fmt: skip
    classes = torch.as_tensor(classes, device=logits.device)
    if classes.shape != logits.shape[:1]:
        raise ValueError(f"recorded: expected a class for each of {len(logits)} pictures, came {tuple(classes.shape)}")
    own = logits.gather(1, classes[:, None]).sum()  # a picture's logit knows nothing of another picture
    (gradients,) = torch.autograd.grad(own, seen[0])
    return seen[0].detach(), gradients, logits.detach()


def grad_cam_of(model, images, classes, layer):
    """Grad-CAM maps (N, H, W) at any layer, one for each picture and class; arguments and errors as for `recorded`."""
    activations, gradients, _ = recorded(model, images, classes, layer)
    return grad_cam(activations, gradients)


def shuffled(model, layers, seed=0):
    """A copy of the model in which the weights of some layers stand in another order, each tensor for itself.

    layers: names, as in `model.named_modules()`. Their numbers stay, what they learned is gone (Adebayo et al. 2018).
    """
    other, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    for name in layers:
        parameters = list(other.get_submodule(name).parameters())
        if not parameters:
            raise ValueError(f"shuffled: expected layers with weights, {name!r} has none")
        for p in parameters:
            p.data = p.data.flatten()[torch.randperm(p.numel(), generator=generator)].view(p.shape)
    return other
