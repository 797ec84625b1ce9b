"""The captioner in NumPy: nothing is hidden, and every line is ours."""

import numpy as np

from mmcourse.layers.scratch import layer_norm, linear
from mmcourse.tools.greedy import greedy
from mmcourse.tools.weights import check
from mmcourse.transformer.scratch import decoder_block, encoder_block, patches


class Captioner:
    """weights: {our name: array}, float32 or float64; sizes: `Sizes`. Raises ValueError if they do not fit."""

    def __init__(self, weights, sizes):
        self.weights, self.sizes = check(weights, sizes), sizes

    def encode(self, images):
        """images (N, C, side, side), float, to the memory (N, 1 + P, D)."""
        w = self.weights
        tokens, _ = patches(images, self.sizes.patch)
        x, _ = linear(tokens, w["patch_weight"].reshape(self.sizes.D, -1), w["patch_bias"])
        first = np.broadcast_to(w["class_token"], (len(x), 1, self.sizes.D))
        x = np.concatenate([first, x], 1) + w["image_position"]
        for i in range(self.sizes.encoder):
            x, _ = encoder_block(x, **self.block(f"encoder.{i}."), heads=self.sizes.heads)
        return layer_norm(x, w["image_norm_weight"], w["image_norm_bias"])[0]

    def decode(self, memory, words):
        """Logits (N, T, V) of the word after each of words (N, T)."""
        w, T = self.weights, words.shape[1]
        x = w["word_table"][words] + w["word_position"][:T]
        earlier = np.tri(T, dtype=bool)
        for i in range(self.sizes.decoder):
            x, _ = decoder_block(x, memory, **self.block(f"decoder.{i}."), heads=self.sizes.heads, mask=earlier)
        x, _ = layer_norm(x, w["word_norm_weight"], w["word_norm_bias"])
        return linear(x, w["word_table"])[0]

    def block(self, prefix):
        """The weights of one block, by the names that `encoder_block` and `decoder_block` take."""
        return {name.removeprefix(prefix): a for name, a in self.weights.items() if name.startswith(prefix)}


def build(weights, sizes):
    """The captioner with our weights and their dtype."""
    return Captioner(weights, sizes)


def logits(model, images, words):
    """(N, T, V) for images (N, C, side, side) and words (N, T) int64; arrays go in and come out."""
    return model.decode(model.encode(images), words)


def captions(model, images):
    """Greedy captions of images (N, C, side, side): N tuples of word numbers."""
    return greedy(model.decode, model.encode(images), model.sizes.T)
