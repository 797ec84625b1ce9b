"""The captioner in Keras 3: layers that run on PyTorch, TensorFlow or JAX, and whose shapes Keras works out.

The backend is chosen by the environment variable KERAS_BACKEND before Keras is first imported; the course's choice is
PyTorch. Two of Keras' defaults are not ours: its layer norm adds 1e-3 to the variance, and its GELU is the exact one.
All is float32: on every backend but TensorFlow, Keras brings float64 down to it, and says nothing.
"""

import os
from functools import partial
from typing import NamedTuple

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
from keras import layers, ops

from mmcourse.tools.greedy import greedy
from mmcourse.tools.weights import Sizes, carry


class ClassToken(layers.Layer):
    """One learned token before the tokens (N, P, D)."""

    def build(self, shape):
        self.token = self.add_weight(shape=(shape[-1],), name="token")

    def call(self, x):
        first = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, ops.shape(x)[2]))
        return ops.concatenate([first, x], 1)


class Position(layers.Layer):
    """Tell each of at most `longest` tokens where it stands."""

    def __init__(self, longest, **options):
        super().__init__(**options)
        self.longest = longest

    def build(self, shape):
        self.table = self.add_weight(shape=(self.longest, shape[-1]), name="table")

    def call(self, x):
        return x + self.table[: ops.shape(x)[1]]

    def compute_output_shape(self, shape):  # Keras would find it by trying 83 tokens, which may be too many
        return shape


class Captioner(NamedTuple):
    """Two Keras models. encoder: images (N, side, side, C) to the memory; decoder: [memory, words] to logits."""

    encoder: keras.Model
    decoder: keras.Model
    sizes: Sizes


def captioner(sizes):
    """A `Captioner` with first weights of Keras' choice."""
    V, T, C, side, patch, D, M, encoder, decoder, heads = sizes
    norm = partial(layers.LayerNormalization, epsilon=1e-5)
    attention = partial(layers.MultiHeadAttention, heads, D // heads)
    gelu = partial(keras.activations.gelu, approximate=True)

    def self_attention(x, name, **options):
        unit = norm(name=f"{name}_norm1")(x)
        return x + attention(name=f"{name}_attention")(unit, unit, **options)

    def mlp(x, name):
        hidden = layers.Dense(M, gelu, name=f"{name}_in")(norm(name=f"{name}_norm2")(x))
        return x + layers.Dense(D, name=f"{name}_out")(hidden)

    images = keras.Input((side, side, C))
    x = layers.Conv2D(D, patch, patch, data_format="channels_last", name="patch")(images)
    x = ClassToken(name="class")(layers.Reshape((sizes.P, D))(x))
    x = Position(sizes.P + 1, name="image_position")(x)
    for name in (f"encoder_{i}" for i in range(encoder)):
        x = mlp(self_attention(x, name), name)
    eyes = keras.Model(images, norm(name="image_norm")(x))

    memory, words = keras.Input((sizes.P + 1, D)), keras.Input((None,), dtype="int64")
    table = layers.ReversibleEmbedding(V, D, name="word_table")
    x = Position(T, name="word_position")(table(words))
    for name in (f"decoder_{i}" for i in range(decoder)):
        x = self_attention(x, name, use_causal_mask=True)
        x = x + attention(name=f"{name}_cross")(norm(name=f"{name}_cross_norm")(x), memory)
        x = mlp(x, name)
    pen = keras.Model([memory, words], table(norm(name="word_norm")(x), reverse=True))
    return Captioner(eyes, pen, sizes)


def build(weights, sizes):
    """The models with our weights, frozen. Raises ValueError unless the weights are float32 and fit."""
    if (dtype := weights["word_table"].dtype) != "float32":
        raise ValueError(f"Keras' captioner: expected float32 weights, came {dtype}. Try: .astype('float32') on each")
    model, carried = captioner(sizes), carry(weights, sizes, "keras")
    for path, variable in variables(model).items():
        variable.assign(carried[path])
    model.encoder.trainable = model.decoder.trainable = False  # so that nothing is kept for a way back
    return model


def variables(model):
    """{path: variable} of both models, the paths as `layouts.keras` has them."""
    return {v.path: v for v in model.encoder.weights + model.decoder.weights}


def arrays(model):
    """Both models' weights by their paths, for `carry_back`."""
    return {path: ops.convert_to_numpy(v) for path, v in variables(model).items()}


def logits(model, images, words):
    """(N, T, V) for images (N, C, side, side) and words (N, T) int64; arrays go in and come out."""
    return decode(model, encode(model, images), words)


def captions(model, images):
    """Greedy captions of images (N, C, side, side): N tuples of word numbers."""
    return greedy(partial(decode, model), encode(model, images), model.sizes.T)


def encode(model, images):
    """The memory, a tensor of the backend."""
    return model.encoder(ops.convert_to_tensor(images.transpose(0, 2, 3, 1)))  # Keras wants the channels last


def decode(model, memory, words):
    """Logits of words (N, T), as an array."""
    return ops.convert_to_numpy(model.decoder([memory, ops.convert_to_tensor(words)]))
