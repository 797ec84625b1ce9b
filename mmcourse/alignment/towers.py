"""Two towers into one space: what a frozen network sees of an image, and the words of a text.

    model = Aligned(ImageTower(C), TextTower(V))
    u, v = model.images(regions), model.texts(words)    # (N, D) and (K, D), rows of length 1
    u @ v.T                                             # cosines

The first parameters are drawn from torch's generator.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.alignment.pytorch import info_nce, normalise
from mmcourse.captioning.words import END, PAD

WIDTH = 128  # D
SCALE = 14.0  # 1 / temperature at the start, as in CLIP, section 2.5
LARGEST = 100.0  # and the largest that it may learn, as there


class ImageTower(nn.Module):
    """Standardised regions (N, R, C), row by row, to (N, D).

    Some heads each look at the regions, with weights of their own, and take an average (Radford et al. 2021, section
    2.4, attention pooling; the score is that of `captioning.scratch.additive_attention`): what is seen counts alike
    wherever it is. A narrow convolution, flattened, adds what is where. side: √R. places=False: neither a head nor a
    convolution knows the places.
    """

    def __init__(self, C, D=WIDTH, heads=8, width=256, side=8, dropout=0.1, places=True):
        super().__init__()
        self.side = side
        rows, columns = torch.eye(side).repeat_interleave(side, 0), torch.eye(side).repeat(side, 1)
        self.register_buffer("place", 2.0 * places * torch.cat([rows, columns], 1), persistent=False)
        self.score = nn.Sequential(nn.Linear(C + 2 * side, 64), nn.Tanh(), nn.Linear(64, heads))
        self.drop = nn.Dropout(dropout)
        self.what = nn.Sequential(nn.Linear(heads * (C + 2 * side), width), nn.GELU(), nn.Dropout(dropout))
        self.out = nn.Linear(width, D)
        self.look = nn.Conv2d(C, 32, 3, stride=2, padding=1) if places else None
        self.where = nn.Linear(32 * ((side + 1) // 2) ** 2, D) if places else None

    def forward(self, regions):
        placed = torch.cat([regions, self.place.expand(len(regions), -1, -1)], -1)  # (N, R, C + 2 side)
        looked = self.looks(placed).mT @ placed  # (N, heads, C + 2 side)
        y = self.out(self.what(self.drop(looked.flatten(1))))
        if self.look is None:
            return y
        seen = F.gelu(self.look(regions.mT.unflatten(-1, (self.side, self.side))))  # (N, 32, side / 2, side / 2)
        return y + self.where(self.drop(seen.flatten(1)))

    def looks(self, placed):
        """The weights (N, R, heads) with which each head looks at the regions: over R they sum to 1."""
        return self.score(placed).softmax(1)


class TextTower(nn.Module):
    """Words (K, T) as numbers, as `captioning.words.Words` writes them, to (K, D): a GRU's state at the end mark."""

    def __init__(self, V, D=WIDTH, width=64, state=160, dropout=0.1):
        super().__init__()
        self.table = nn.Embedding(V, width, padding_idx=PAD)
        self.read = nn.GRU(width, state, batch_first=True)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(state, D)

    def forward(self, words):
        longest = int((words != PAD).sum(1).max())
        words = words[:, :longest]
        states, _ = self.read(self.table(words))  # (K, T, state)
        end = (words == END).int().argmax(1)
        return self.out(self.drop(states[torch.arange(len(words)), end]))


class SentenceTower(nn.Module):
    """Vectors (K, W) that a frozen sentence encoder gave, standardised, to (K, D): two layers."""

    def __init__(self, W, D=WIDTH, width=256, dropout=0.1):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(W, width), nn.GELU(), nn.Dropout(dropout), nn.Linear(width, D))

    def forward(self, vectors):
        return self.layers(vectors)


class Aligned(nn.Module):
    """see, read: the towers. scale: 1 / temperature at the start. learned: whether the temperature learns too."""

    def __init__(self, see, read, scale=SCALE, learned=True):
        super().__init__()
        self.see, self.read = see, read
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)), requires_grad=learned)

    @property
    def temperature(self):
        """What cosines are divided by, as a number."""
        return 1 / min(self.log_scale.exp().item(), LARGEST)

    def images(self, regions):
        return normalise(self.see(regions))

    def texts(self, words):
        return normalise(self.read(words))

    def forward(self, regions, texts, same):
        """InfoNCE of B images and K texts, the first B of which belong to them; same as in `scratch.info_nce`."""
        log_scale = self.log_scale.clamp(max=math.log(LARGEST))
        return info_nce(self.images(regions), self.texts(texts), log_scale, same)
