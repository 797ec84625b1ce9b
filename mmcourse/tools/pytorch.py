"""The captioner in PyTorch: the layers and the way back are given, the way through them is ours."""

from functools import partial

import torch
from torch import nn
from torch.nn.functional import gelu

from mmcourse.tools.greedy import greedy
from mmcourse.tools.weights import carry


class Captioner(nn.Module):
    """sizes: `mmcourse.tools.weights.Sizes`. The first weights are drawn from torch's generator."""

    def __init__(self, sizes):
        super().__init__()
        V, T, C, _, patch, D, M, encoder, decoder, heads = self.sizes = sizes
        layer = {
            "dropout": 0.0,
            "activation": partial(gelu, approximate="tanh"),
            "batch_first": True,
            "norm_first": True,
        }
        self.patch = nn.Conv2d(C, D, patch, stride=patch)
        self.class_token = nn.Parameter(0.02 * torch.randn(D))
        self.image_position = nn.Parameter(0.02 * torch.randn(sizes.P + 1, D))
        self.encoder = nn.ModuleList(nn.TransformerEncoderLayer(D, heads, M, **layer) for _ in range(encoder))
        self.image_norm = nn.LayerNorm(D)
        self.word_table = nn.Embedding(V, D)
        nn.init.normal_(self.word_table.weight, std=D**-0.5)  # it is the output layer too
        self.word_position = nn.Parameter(0.02 * torch.randn(T, D))
        self.decoder = nn.ModuleList(nn.TransformerDecoderLayer(D, heads, M, **layer) for _ in range(decoder))
        self.word_norm = nn.LayerNorm(D)

    def encode(self, images):
        """images (N, C, side, side) to the memory (N, 1 + P, D)."""
        x = self.patch(images).flatten(2).mT
        x = torch.cat([self.class_token.expand(len(x), 1, -1), x], 1) + self.image_position
        for block in self.encoder:
            x = block(x)
        return self.image_norm(x)

    def decode(self, memory, words):
        """Logits (N, T, V) of the word after each of words (N, T)."""
        T = words.shape[1]
        x = self.word_table(words) + self.word_position[:T]
        later = torch.ones(T, T, dtype=torch.bool, device=x.device).triu(1)  # here True = must not look
        for block in self.decoder:
            x = block(x, memory, tgt_mask=later, tgt_is_causal=True)
        return self.word_norm(x) @ self.word_table.weight.T

    def forward(self, images, words):
        return self.decode(self.encode(images), words)


def build(weights, sizes):
    """The module with our weights and their dtype, in evaluation mode."""
    with torch.device("meta"):  # shapes alone: the numbers come from the weights
        model = Captioner(sizes)
    state = {name: torch.tensor(a) for name, a in carry(weights, sizes, "pytorch").items()}
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


def arrays(model):
    """The module's weights by its own names, for `carry_back`."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in model.state_dict().items()}


def logits(model, images, words):
    """(N, T, V) for images (N, C, side, side) and words (N, T) int64; arrays go in and come out."""
    return model(torch.tensor(images), torch.tensor(words)).numpy()


def captions(model, images):
    """Greedy captions of images (N, C, side, side): N tuples of word numbers."""
    memory = model.encode(torch.tensor(images))
    return greedy(lambda memory, words: model.decode(memory, torch.tensor(words)).numpy(), memory, model.sizes.T)
