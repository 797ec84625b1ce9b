"""Every function with a way back, forward and backward, at the sizes that the chapters use."""

import importlib

import numpy as np
import torch

ROOMS = ("layers", "attention", "recurrent", "convolution", "fusion")


def _normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def _weights(rng, *shape):
    return _normal(rng, *shape) * np.float32(shape[-1] ** -0.5)


def _heads(rng):
    sizes = {"q": (64, 64), "k": (64, 96), "v": (64, 96), "o": (64, 64)}
    weights = {f"w_{n}": _weights(rng, *s) for n, s in sizes.items()}
    biases = {f"b_{n}": _normal(rng, 64) for n in sizes}
    ordered = {k: (weights | biases)[k] for n in sizes for k in (f"w_{n}", f"b_{n}")}
    return {"x": _normal(rng, 40, 120, 64), "context": _normal(rng, 40, 64, 96), **ordered, "heads": 4}


def _recurrent(gates, states):
    def draw(rng, T=32, B=64, I=256, H=256):
        first = {s: _normal(rng, B, H) for s in states}
        parameters = {"w_ih": (gates * H, I), "w_hh": (gates * H, H), "b_ih": (gates * H,), "b_hh": (gates * H,)}
        return {"x": _normal(rng, T, B, I), **first, **{n: _weights(rng, *s) for n, s in parameters.items()}}

    return draw


def _qkv(*shape):
    return lambda rng: {n: _normal(rng, *shape) for n in "qkv"}


def _pair(**parameters):
    return lambda rng: {
        "a": _normal(rng, 256, 64),
        "b": _normal(rng, 256, 48),
        **{n: _weights(rng, *s) for n, s in parameters.items()},
    }


SIZES = {
    "linear": lambda rng: {"x": _normal(rng, 512, 256), "weight": _weights(rng, 256, 256), "bias": _normal(rng, 256)},
    "softmax": lambda rng: {"x": _normal(rng, 512, 256)},
    "layer_norm": lambda rng: {"x": _normal(rng, 512, 256), "weight": _normal(rng, 256), "bias": _normal(rng, 256)},
    "embedding": lambda rng: {"ids": rng.integers(0, 250, (64, 16)), "table": _normal(rng, 250, 64)},
    "relu": lambda rng: {"x": _normal(rng, 512, 256)},
    "sigmoid": lambda rng: {"x": _normal(rng, 512, 256)},
    "tanh": lambda rng: {"x": _normal(rng, 512, 256)},
    "gelu": lambda rng: {"x": _normal(rng, 512, 256)},
    "cross_entropy": lambda rng: {"logits": _normal(rng, 512, 256), "targets": rng.integers(0, 256, 512)},
    "binary_cross_entropy": lambda rng: {
        "logits": _normal(rng, 64, 250),
        "targets": rng.random((64, 250)).astype("f4"),
    },
    "mse_loss": lambda rng: {"x": _normal(rng, 64, 250), "target": _normal(rng, 64, 250)},
    "scaled_dot_product_attention": _qkv(8, 8, 256, 64),
    "tiled_attention": _qkv(1, 2048, 64),
    "multi_head_attention": _heads,
    "rnn": _recurrent(1, ("h0",)),
    "gru": _recurrent(3, ("h0",)),
    "lstm": _recurrent(4, ("h0", "c0")),
    "conv2d": lambda rng: {"x": _normal(rng, 32, 32, 32, 32), "weight": _weights(rng, 64, 32, 3, 3), "padding": 1},
    "max_pool2d": lambda rng: {"x": _normal(rng, 32, 32, 32, 32), "size": 2},
    "avg_pool2d": lambda rng: {"x": _normal(rng, 32, 32, 32, 32), "size": 2},
    "batch_norm": lambda rng: {
        "x": _normal(rng, 32, 32, 32, 32),
        "weight": _normal(rng, 32),
        "bias": _normal(rng, 32),
    },
    "concatenation_fusion": _pair(weight=(128, 112), bias=(128,)),
    "product_fusion": _pair(w_a=(128, 64), w_b=(128, 48)),
    "gated_fusion": _pair(w_a=(128, 64), w_b=(128, 48), w_gate=(128, 112)),
    "tensor_fusion": _pair(),
    "low_rank_fusion": _pair(f_a=(4, 128, 65), f_b=(4, 128, 49)),
    "attention_fusion": lambda rng: {
        "features": _normal(rng, 256, 3, 64),
        "w": _weights(rng, 32, 64),
        "u": _normal(rng, 32),
    },
    "mixture_of_experts_fusion": lambda rng: {
        "probabilities": rng.random((256, 3, 10)).astype(np.float32),
        "gates": _normal(rng, 256, 3),
    },
}
GOALS = {"conv2d": 1.5, "lstm": 1.2}


def pairs(seed=0):
    """Yield (name, ours, theirs): both run forward and backward under the same random slope."""
    for room in ROOMS:
        scratch, pytorch, contract = (
            importlib.import_module(f"mmcourse.{room}.{half}") for half in ("scratch", "pytorch", "contract")
        )
        for c in contract.CONTRACTS:
            if c.function in SIZES:
                yield c.function, *_pair_of(c, scratch, pytorch, np.random.default_rng(seed))


def _pair_of(contract, scratch, pytorch, rng):
    arguments = SIZES[contract.function](rng)
    there, back = getattr(scratch, contract.function), getattr(scratch, contract.function + "_backward")
    value, _ = there(**arguments)
    several = isinstance(value, tuple)
    dy = [np.asarray(rng.standard_normal(np.shape(v)), np.float32) for v in (value if several else (value,))]
    slope = tuple(dy) if several else dy[0]
    tensors = {n: torch.from_numpy(a) if isinstance(a, np.ndarray) else a for n, a in arguments.items()}
    leaves = [tensors[n].requires_grad_() for n in contract.gradients if torch.is_tensor(tensors.get(n))]
    slopes, twin = [torch.as_tensor(d) for d in dy], getattr(pytorch, contract.function)

    def ours():
        return back(slope, there(**arguments)[1])

    def theirs():
        answer = twin(**tensors)
        return torch.autograd.grad(answer if isinstance(answer, tuple) else (answer,), leaves, slopes)

    return ours, theirs
