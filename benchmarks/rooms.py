"""Every function with a way back, forward and backward, at the sizes that the chapters use.

A function that is used at very different sizes stands twice, with a remark behind a comma.
"""

import importlib

import numpy as np
import torch

from mmcourse.captioning import parameters
from mmcourse.speech.scratch import hann_window, mel_filter_bank
from mmcourse.transformer import parameters as blocks

ROOMS = (
    "layers",
    "attention",
    "recurrent",
    "convolution",
    "fusion",
    "adversarial",
    "speech",
    "images",
    "text",
    "captioning",
    "alignment",
    "transformer",
)


def _normal(rng, *shape):
    return rng.standard_normal(shape, dtype=np.float32)


def _weights(rng, *shape):
    return _normal(rng, *shape) * np.float32(shape[-1] ** -0.5)


def _unit(rng, *shape):
    x = _normal(rng, *shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


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


def _logits(*names):
    """A batch of chapter 04's discriminator."""
    return lambda rng: {n: _normal(rng, 128, 1) for n in names}


def _network(**shapes):
    """Points of the plane, and the weights and biases of a network of 64 hidden units."""
    return lambda rng: {"x": _normal(rng, 128, 2), **{n: _weights(rng, *s) for n, s in shapes.items()}}


def _pair(**parameters):
    return lambda rng: {
        "a": _normal(rng, 256, 64),
        "b": _normal(rng, 256, 48),
        **{n: _weights(rng, *s) for n, s in parameters.items()},
    }


def _sounds(**more):
    """Chapter 01's spoken digits: 480 clips of 0.6 s at 8000 Hz."""
    return lambda rng: {"x": _normal(rng, 480, 4800), **more}


def _texts(T, B, C, S):
    """None of them padded."""
    return lambda rng: {
        "log_probs": np.log(rng.dirichlet(np.ones(C), (T, B))).astype("f4"),
        "targets": rng.integers(1, C, (B, S)),
        "input_lengths": np.full(B, T),
        "target_lengths": np.full(B, S),
    }


def _pictures(side, **more):
    """Chapter 01's scenes."""
    return lambda rng: {"x": _normal(rng, 500, 3, side, side), **more}


def _words(rng, T=14, B=64, V=150):
    return rng.integers(1, V, (T, B))


def _captions(rng, T=14, B=64):
    """None of them padded, so that no step is spared."""
    return _words(rng, T + 1, B).T


def _captioner(rng):
    return parameters.draw(rng, parameters.lstm_shapes(V=150, D=256, I=256, H=256))


def _looking(rng):
    """16 regions of EfficientNet-Lite0's width 112."""
    return parameters.draw(rng, parameters.attention_shapes(V=150, D=112, I=128, H=256, A=128))


def _block(shapes, **inputs):
    """Eight heads and an MLP of 4 · D hidden units over tokens of width D = 256."""
    return lambda rng: {
        **{n: _normal(rng, *s) for n, s in inputs.items()},
        **blocks.draw(rng, shapes(256, 1024)),
        "heads": 8,
    }


FRAMES = {"window": hann_window(200).astype(np.float32), "hop": 80}
BANDS = {"bank": mel_filter_bank(8000, 200, 24, 100).astype(np.float32)}
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
    "lstm_steps": lambda rng: {
        "a": _normal(rng, 32, 64, 1024),
        "h0": _normal(rng, 64, 256),
        "c0": _normal(rng, 64, 256),
        "w_hh": _weights(rng, 1024, 256),
    },
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
    "discriminator_loss": _logits("real", "fake"),
    "minimax_loss": _logits("fake"),
    "non_saturating_loss": _logits("fake"),
    "generator_loss": _logits("fake"),
    "least_squares_discriminator_loss": _logits("real", "fake"),
    "least_squares_generator_loss": _logits("fake"),
    "wasserstein_critic_loss": _logits("real", "fake"),
    "wasserstein_generator_loss": _logits("fake"),
    "mlp": _network(w1=(64, 2), b1=(64,), w2=(64, 64), b2=(64,), w3=(2, 64), b3=(2,)),
    "critic": _network(w1=(64, 2), b1=(64,), w2=(1, 64), b2=(1,)),
    "gradient_penalty": _network(w1=(64, 2), b1=(64,), w2=(1, 64)),
    "spectral_norm": lambda rng: {"weight": _weights(rng, 128, 256), "u": _normal(rng, 128), "v": _normal(rng, 256)},
    "frame": _sounds(length=200, hop=80),
    "stft": _sounds(**FRAMES),
    "power_spectrogram": _sounds(**FRAMES),
    "mel_spectrogram": _sounds(**FRAMES, **BANDS),
    "log_mel_spectrogram": _sounds(**FRAMES, **BANDS, floor=1e-4),
    "ctc_loss, 16 short texts": _texts(T=100, B=16, C=40, S=20),
    "ctc_loss, 32 long texts": _texts(T=200, B=32, C=100, S=40),
    "resize, one picture": lambda rng: {"x": _normal(rng, 3, 48, 48), "height": 20, "width": 28},
    "resize, 1200 sounds": lambda rng: {"x": _normal(rng, 1200, 4800), "height": 1200, "width": 1200},
    "crop": _pictures(64, top=8, left=8, height=48, width=48),
    "center_crop": _pictures(64, height=48, width=48),
    "normalize": _pictures(48, mean=np.array([0.6, 0.7, 0.5], "f4"), std=np.array([0.3, 0.2, 0.4], "f4")),
    "masked_cross_entropy": lambda rng: {"logits": _normal(rng, 14, 64, 150), "targets": _captions(rng)[:, 1:].T},
    "lstm_decoder": lambda rng: {"features": _normal(rng, 64, 256), "words": _words(rng), **_captioner(rng)},
    "lstm_captioner": lambda rng: {"features": _normal(rng, 64, 256), "captions": _captions(rng), **_captioner(rng)},
    "additive_attention": lambda rng: {
        "values": _normal(rng, 64, 16, 112),
        "keys": _normal(rng, 64, 16, 128),
        "query": _normal(rng, 64, 128),
        "v": _weights(rng, 128),
    },
    "attention_decoder": lambda rng: {"regions": _normal(rng, 64, 16, 112), "words": _words(rng), **_looking(rng)},
    "doubly_stochastic_penalty": lambda rng: {
        "weights": rng.dirichlet(np.ones(16), (14, 64)).astype("f4"),
        "mask": _captions(rng)[:, 1:].T != 0,
    },
    "attention_captioner": lambda rng: {
        "regions": _normal(rng, 64, 16, 112),
        "captions": _captions(rng),
        "penalty": 0.1,
        **_looking(rng),
    },
    "normalise": lambda rng: {"x": _normal(rng, 256, 128)},
    "info_nce": lambda rng: {
        "u": _unit(rng, 128, 128),
        "v": _unit(rng, 256, 128),
        "log_scale": np.array(np.log(20), "f4"),
        "same": rng.random((128, 256)) < 0.01,
    },
    "skip_gram": lambda rng: {
        **{n: _normal(rng, 100, 16) for n in ("in_vectors", "out_vectors")},
        **{n: rng.integers(0, 100, 512) for n in ("words", "contexts")},
        "negatives": rng.integers(0, 100, (512, 5)),
    },
    "encoder_block": _block(blocks.encoder_shapes, x=(16, 128, 256)),
    "decoder_block": _block(blocks.decoder_shapes, x=(16, 32, 256), memory=(16, 128, 256)),
    "feed_forward": lambda rng: {
        "x": _normal(rng, 2048, 256),
        **blocks.draw(rng, {"w_in": (1024, 256), "b_in": (1024,), "w_out": (256, 1024), "b_out": (256,)}),
    },
    "patches": _pictures(64, size=8),
    "place_tokens": lambda rng: {
        "x": _normal(rng, 64, 64, 128),
        "position": _normal(rng, 64, 128),
        "modality": _normal(rng, 128),
    },
    "masked_mse_loss": lambda rng: {
        "predicted": _normal(rng, 64, 64, 192),
        "target": _normal(rng, 64, 64, 192),
        "hidden": rng.random((64, 64)) < 0.75,
    },
}
LEFT_OUT = {"dropout"}  # both halves draw from NumPy's generator, and little else takes time
GOALS = {
    "conv2d": 1.5,
    "lstm": 1.2,
    "lstm_captioner": 1.0,
    "ctc_loss, 16 short texts": 2.0,
    "ctc_loss, 32 long texts": 2.0,
    "encoder_block": 1.0,
}


def pairs(seed=0):
    """Yield (name, ours, theirs): both run forward and backward under the same random slope."""
    for room in ROOMS:
        scratch, pytorch, contract = (
            importlib.import_module(f"mmcourse.{room}.{half}") for half in ("scratch", "pytorch", "contract")
        )
        for c in contract.CONTRACTS:
            names = [name for name in SIZES if name.partition(",")[0] == c.function]
            if not names and c.function not in LEFT_OUT:
                raise KeyError(f"the benchmark has no sizes for {room}.{c.function}. Try: add it to SIZES")
            for name in names:
                rng = np.random.default_rng(seed)
                yield name, *_pair_of(c, scratch, pytorch, SIZES[name](rng), rng)


def _pair_of(contract, scratch, pytorch, arguments, rng):
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
