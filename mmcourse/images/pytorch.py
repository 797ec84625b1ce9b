"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back.

PyTorch's antialiased kernel knows no bfloat16: there the picture is widened first, and the answer narrowed.
"""

import torch
from torch.nn import functional as F

from mmcourse.images import scratch


def triangle_weights(size, new_size, antialias=True):
    return torch.from_numpy(scratch.triangle_weights(size, new_size, antialias))


def resize(x, height, width, antialias=True):
    pictures = x.reshape(1, -1, *x.shape[-2:])  # F.interpolate takes exactly two leading axes
    pictures = pictures.float() if x.dtype == torch.bfloat16 else pictures
    y = F.interpolate(pictures, (height, width), mode="bilinear", antialias=antialias, align_corners=False)
    return y.reshape(*x.shape[:-2], height, width).to(x.dtype)


def crop(x, top, left, height, width):
    return x[..., top : top + height, left : left + width]


def center_crop(x, height, width):
    H, W = x.shape[-2:]
    return crop(x, (H - height) // 2, (W - width) // 2, height, width)


def normalize(x, mean, std):
    return (x - mean[:, None, None]) / std[:, None, None]
