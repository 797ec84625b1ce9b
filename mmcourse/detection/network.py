"""The network of the detector: what each point of a grid shows, and how far it is to the edges of its box.

    logits, distances = Network(64)(pixels(images))     # (B, P, 64) and (B, P, 4), P = 256 points 4 pixels apart
    points(64, 64)                                      # (P, 2): where they are

One level of FCOS (Tian et al. 2019): no anchors, and no centre-ness either, as things in our scenes do not overlap.
B images   P points   K classes   C channels of a feature   S pixels between two points
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.pretrained.efficientnet_lite0 import _checked as checked_images

S = 4
COARSEST = 8  # pixels between two places of the deepest features: an image has whole ones only
CHANNELS = 64  # C
PRIOR = 0.01  # what the chance of a class is at first (Lin et al. 2017, section 4.1)
_TYPICAL = 12.0  # pixels from a point to an edge, at first


class Network(nn.Module):
    """Pixels (B, 3, H, W) to logits (B, P, K) and distances (B, P, 4) in pixels, all positive.

    Coarse features see far: they know what a thing is and where a large one ends. Fine ones know where its edges are.
    The coarse are laid over the fine (Lin et al. 2017, "Feature pyramid networks", arXiv:1612.03144, section 3), and
    their sum is all that both heads see.
    """

    def __init__(self, classes, C=CHANNELS):
        super().__init__()
        self.fine = nn.Sequential(_layer(3, 24, stride=2), _layer(24, 48, stride=2))
        self.coarse = nn.Sequential(_layer(48, 96, stride=2), _layer(96, 96), _layer(96, 96, dilation=2))
        self.lateral, self.down = nn.Conv2d(48, C, 1), nn.Conv2d(96, C, 1)
        self.merge = _layer(C, C)
        self.what, self.where = nn.Linear(C, classes), nn.Linear(C, 4)
        nn.init.constant_(self.what.bias, math.log(PRIOR / (1 - PRIOR)))
        nn.init.constant_(self.where.bias, math.log(_TYPICAL / S))

    def features(self, x):
        """What each point sees: (B, P, C), row by row from the top left."""
        fine = self.fine(x)  # (B, 48, H / 4, W / 4)
        coarse = F.interpolate(self.down(self.coarse(fine)), scale_factor=COARSEST // S)
        return self.merge(self.lateral(fine) + coarse).flatten(2).mT

    def distances(self, features):
        """(..., C) to (..., 4), in pixels."""
        return S * self.where(features).clamp(-5, 4).exp()

    def forward(self, x):
        seen = self.features(x)
        return self.what(seen), self.distances(seen)


def _layer(i, o, stride=1, dilation=1):
    convolution = nn.Conv2d(i, o, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(o), nn.ReLU())


def points(height, width):
    """The middles of the squares of S × S pixels, row by row from the top left: (P, 2) float32, x and y."""
    ys, xs = np.meshgrid(np.arange(S / 2, height, S), np.arange(S / 2, width, S), indexing="ij")
    return np.stack([xs.ravel(), ys.ravel()], 1).astype(np.float32)


def pixels(images):
    """Images (B, H, W, 3) uint8 to (B, 3, H, W) float32, −0.5 to 0.5; H and W whole multiples of COARSEST.

    Raises ValueError for arrays of another form, and says what to try.
    """
    images = checked_images(images)
    height, width = images.shape[1:3]
    if height % COARSEST or width % COARSEST:
        raise ValueError(f"expected images whose sides are multiples of {COARSEST} pixels, came {height} × {width}. "
                         "Try: mmcourse.images.scratch.resize or crop")  # fmt: skip
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - 0.5
