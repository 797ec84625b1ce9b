"""What the three networks share: words as a vector and as little maps, a layer that words steer, and a decoder.

Pictures are cut into patches of 2 × 2 pixels, 12 channels on a grid of 16 × 16, which makes a layer four times as
cheap. Layers keep their channels last, which is quicker on a CPU.
"""

import torch
from torch import nn
from torch.nn import functional as F

WIDTH = 64  # E, of what a caption says
GROUPS = 8  # of group normalisation; unlike batch normalisation it does not ask who else is in the batch


def patches(x):
    """(B, 3, 32, 32) to (B, 12, 16, 16)."""
    return F.pixel_unshuffle(x, 2)


def picture(x):
    """(B, 12, 16, 16) to (B, 3, 32, 32)."""
    return F.pixel_shuffle(x, 2)


def word_vectors(words):
    """From bags (B, V) to the sum of their words' vectors, (B, E)."""
    layer = nn.Linear(words, WIDTH, bias=False)
    nn.init.normal_(layer.weight)
    return layer


class Maps(nn.Module):
    """What the caption puts where: (B, width) to (B, C, side, side).

    With it a word can say "legs here" at once; a vector alone steers all places alike.
    """

    def __init__(self, channels, side, width=WIDTH):
        super().__init__()
        self.draw = nn.Sequential(nn.Linear(width, channels * side * side), nn.Unflatten(1, (channels, side, side)))

    def forward(self, e):
        return self.draw(e).contiguous(memory_format=torch.channels_last)


class Block(nn.Module):
    """Two convolutions beside a short cut; what is asked for scales and shifts each channel between them (FiLM)."""

    def __init__(self, c_in, c_out, width=WIDTH):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, c_in), nn.Conv2d(c_in, c_out, 3, 1, 1)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, c_out), nn.Conv2d(c_out, c_out, 3, 1, 1)
        self.steer = nn.Linear(width, 2 * c_out)
        self.short = nn.Conv2d(c_in, c_out, 1) if c_in != c_out else nn.Identity()
        nn.init.zeros_(self.conv2.weight)  # at first the block is its short cut, and gradients pass freely

    def forward(self, x, e):
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.steer(e)[:, :, None, None].chunk(2, 1)
        return self.short(x) + self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))


class Decoder(nn.Module):
    """From a caption and a latent to a picture: generator of the GAN, and decoder of the VAE.

    bags (B, V), z (B, Z) to (B, 3, 32, 32), in (-1, 1).
    """

    def __init__(self, words, latent, c=32):
        super().__init__()
        self.words, width = word_vectors(words), WIDTH + latent
        self.start = Maps(4 * c, 4, width)
        self.middle = Maps(2 * c, 8, width)
        self.blocks = nn.ModuleList([Block(4 * c, 2 * c, width), Block(2 * c, c, width), Block(c, c, width)])
        self.out = nn.Sequential(nn.GroupNorm(GROUPS, c), nn.SiLU(), nn.Conv2d(c, 12, 3, 1, 1))

    def forward(self, bags, z):
        e = torch.cat([self.words(bags), z], 1)
        x = F.interpolate(self.blocks[0](self.start(e), e), scale_factor=2) + self.middle(e)
        x = F.interpolate(self.blocks[1](x, e), scale_factor=2)
        return picture(self.out(self.blocks[2](x, e))).tanh()
