"""Attention, forward and backward: NumPy by hand against PyTorch's CPU autograd, float32, one thread each."""

import numpy as np
import torch

from mmcourse.attention import pytorch, scratch

SHAPE = 8, 8, 256, 64  # batch, heads, T, D
GOALS = {"plain formula": 0.85, "fused kernel": 0.90}


def functions(shape=SHAPE, seed=0):
    """What to time, by name; each runs forward and backward under a random slope."""
    rng = np.random.default_rng(seed)
    q, k, v, dy = (rng.standard_normal(shape, dtype=np.float32) for _ in range(4))
    tensors = [torch.from_numpy(a).requires_grad_() for a in (q, k, v)]
    slope = torch.from_numpy(dy)

    def numpy_by_hand():
        _, cache = scratch.scaled_dot_product_attention(q, k, v)
        return scratch.scaled_dot_product_attention_backward(dy, cache)

    def autograd(f):
        return lambda: torch.autograd.grad(f(*tensors), tensors, slope)

    return {
        "NumPy by hand": numpy_by_hand,
        "plain formula": autograd(pytorch.scaled_dot_product_attention),
        "fused kernel": autograd(pytorch.tiled_attention),
    }
