"""Flow matching: a network learns which way from noise to a picture, and drawing follows it.

(Lipman et al. 2023, arXiv:2210.02747, eq. 23; the network predicts the picture, as Li & He 2025, arXiv:2511.13720.)
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.generation.parts import GROUPS, WIDTH, Block, Maps, patches, picture, word_vectors
from mmcourse.generation.pytorch import euler, guided, straight_path, velocity_towards

FORGET_WORD, FORGET_ALL = 0.1, 0.1  # so it also learns what a picture without that word, or any, looks like


class Flow(nn.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv:1505.04597) that guesses the picture behind x_t."""

    noise_shape = (3, 32, 32)

    def __init__(self, words, c=32):
        super().__init__()
        self.words = word_vectors(words)
        self.time = nn.Sequential(nn.Linear(2 * len(_FREQUENCIES), WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.enter, self.down1 = nn.Conv2d(12, c, 3, 1, 1), Block(c, c)
        self.half1, self.down2 = nn.Conv2d(c, 2 * c, 3, 2, 1), Block(2 * c, 2 * c)
        self.half2, self.bottom = nn.Conv2d(2 * c, 4 * c, 3, 2, 1), Block(4 * c, 4 * c)
        self.maps1, self.maps2, self.maps3 = Maps(c, 16), Maps(2 * c, 8), Maps(4 * c, 4)
        self.double2, self.up2 = nn.Conv2d(4 * c, 2 * c, 1), Block(2 * c, 2 * c)
        self.double1, self.up1 = nn.Conv2d(2 * c, c, 1), Block(c, c)
        self.out = nn.Sequential(nn.GroupNorm(GROUPS, c), nn.SiLU(), nn.Conv2d(c, 12, 3, 1, 1))

    def forward(self, x_t, t, bags):
        """Its guess of the picture, (B, 3, 32, 32), from x_t of that shape, t (B,) and bags (B, V)."""
        said = self.words(bags)
        e = F.silu(said + self.time(_waves(t)))
        x1 = self.down1(self.enter(patches(x_t)) + self.maps1(said), e)  # (B, C, 16, 16)
        x2 = self.down2(self.half1(x1) + self.maps2(said), e)  # (B, 2C, 8, 8)
        x = self.bottom(self.half2(x2) + self.maps3(said), e)  # (B, 4C, 4, 4)
        x = self.up2(F.interpolate(self.double2(x), scale_factor=2) + x2, e)
        x = self.up1(F.interpolate(self.double1(x), scale_factor=2) + x1, e)
        return picture(self.out(x))

    def loss(self, x, bags):
        """Mean squared error of the velocity, at a random time on the way from noise to x."""
        keep = (torch.rand_like(bags) > FORGET_WORD) & (torch.rand(len(bags), 1) > FORGET_ALL)
        t = torch.randn(len(x)).sigmoid()  # mostly in the middle, where there is most to decide
        x_t, velocity = straight_path(x, torch.randn_like(x), t)
        return F.mse_loss(velocity_towards(self(x_t, t, bags * keep), x_t, t), velocity)

    def draw(self, bags, noise, guidance=1.5, steps=15):
        """Pictures (B, 3, 32, 32) from noise of that shape, in Euler steps: the last lands on the network's guess.

        guidance: how much the words count; 1 is as learned, and spares half of the work.
        """

        def velocity(x_t, t):
            t = torch.full((len(x_t),), t)
            with_words = velocity_towards(self(x_t, t, bags), x_t, t, 1 / steps)
            if guidance == 1:
                return with_words
            return guided(with_words, velocity_towards(self(x_t, t, 0 * bags), x_t, t, 1 / steps), guidance)

        return euler(velocity, noise.contiguous(memory_format=torch.channels_last), steps)


_FREQUENCIES = torch.exp(-math.log(100.0) * torch.arange(16) / 16) * 10


def _waves(t):
    """Time as waves of many lengths, so that the network can tell 0.50 from 0.51."""
    angles = t[:, None] * _FREQUENCIES
    return torch.cat([angles.sin(), angles.cos()], 1)
