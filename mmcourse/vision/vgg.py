"""VGG-16 (Simonyan & Zisserman 2015, arXiv:1409.1556: column D of table 1), whole or narrow.

    model = vgg16()                                    # 138,357,544 parameters, for ImageNet
    model = load_torchvision("vgg16-397923af.pth")     # the same with torchvision's weights, if you have them
    model = vgg16(width=1 / 8, classes=64)             # narrow enough for a CPU, for pictures of 64 × 64
    regions(model, images)                             # (N, 49, 512) for 224 × 224, (N, 4, 64) for 64 × 64 and 1/8

The parameters bear torchvision's names, so a state_dict goes either way. `images` is (N, H, W, 3) uint8 RGB.

N images   C channels   H, W height and width   R regions
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmcourse.pretrained import PretrainedError
from mmcourse.pretrained.efficientnet_lite0 import _checked as checked_images

BLOCKS = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))  # convolutions and their channels, then a pooling
GRID = 7  # the classifier expects the grid of a picture of 224 pixels a side
HIDDEN = 4096
STRIDE = 32  # pixels of the image for one region
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue, 0 to 1
_BATCH = 16


class VGG(nn.Module):
    """`features` sees, `avgpool` brings any grid to 7 × 7, `classifier` judges; see `vgg16`."""

    def __init__(self, features, channels, hidden, classes, dropout):
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(GRID)  # of a smaller grid it repeats cells
        self.classifier = nn.Sequential(
            nn.Linear(channels * GRID * GRID, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x):
        """Logits (N, classes) of x (N, 3, H, W), as `pixels` gives it; H and W at least 32."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def vgg16(width=1.0, classes=1000, batch_norm=False, dropout=0.5, generator=None):
    """VGG-16, untrained.

    width: factor on the channels of every layer, and on the hidden units. batch_norm: behind each convolution, as in
    torchvision's vgg16_bn. dropout: of hidden units; a narrow network has none to spare, and learns with 0.
    generator: a torch.Generator, from which the weights are drawn.

    The weights are drawn after He et al. 2015 (arXiv:1502.01852, eq. 10), which keeps the signal's size through
    sixteen layers; with PyTorch's defaults it would fade, and without batch_norm nothing would be learned.
    """
    if not width > 0 or classes < 1:
        raise ValueError(f"vgg16: expected width > 0 and classes >= 1, came width={width}, classes={classes}")
    layers, c_in = [], 3
    for repeats, channels in BLOCKS:
        c_out = max(1, round(channels * width))
        for _ in range(repeats):
            layers += [nn.Conv2d(c_in, c_out, 3, padding=1), *([nn.BatchNorm2d(c_out)] * batch_norm), nn.ReLU()]
            c_in = c_out
        layers.append(nn.MaxPool2d(2))
    model = VGG(nn.Sequential(*layers), c_in, max(1, round(HIDDEN * width)), classes, dropout)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)
    return model


def load_torchvision(path, classes=1000):
    """torchvision's VGG-16, with or without batch normalisation as the file has it; frozen, in evaluation mode.

    path: a state_dict as torchvision offers it (vgg16-397923af.pth, vgg16_bn-6c64b313.pth). It is read as numbers only.
    Raises PretrainedError if the file cannot be read, or holds another network.
    """
    tensors = _read(Path(path))
    with torch.device("meta"):  # shapes alone: the numbers come from the file
        model = vgg16(classes=classes, batch_norm="features.1.running_mean" in tensors)
    _check_shapes(Path(path).name, model.state_dict(), tensors)
    model.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}, assign=True)
    return model.eval().requires_grad_(False)


def pixels(images):
    """Images (N, H, W, 3) uint8 to (N, 3, H, W) float32, standardised as torchvision's weights expect it."""
    x = torch.from_numpy(checked_images(images)).permute(0, 3, 1, 2).float()
    return (x / 255 - torch.tensor(_MEAN)[:, None, None]) / torch.tensor(_STD)[:, None, None]


@torch.inference_mode()
def regions(model, images):
    """What the last block sees in each region, row by row from the top left: (N, ⌊H/32⌋·⌊W/32⌋, C) float32.

    model: a `VGG`; it runs where its weights are, as in evaluation. images (N, H, W, 3) uint8.
    Raises ValueError for images of another form or too small.
    """
    images = checked_images(images)
    if min(images.shape[1:3]) < STRIDE:
        raise ValueError(
            f"regions: expected images of at least {STRIDE} × {STRIDE} pixels, came {images.shape[1]} × "
            f"{images.shape[2]}. Try: enlarge them with mmcourse.images.pytorch.resize"
        )
    device, was_training = next(model.parameters()).device, model.training
    model.eval()  # else batch_norm would look at the other images, and learn from them
    starts = range(0, len(images), _BATCH)
    grids = [model.features(pixels(images[i : i + _BATCH]).to(device)).float().cpu() for i in starts]
    model.train(was_training)
    return np.ascontiguousarray(torch.cat(grids).flatten(2).mT)


def _read(path):
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as missing:
        raise _error(f"cannot read {path} ({missing})") from missing
    except Exception as damage:  # a damaged file may raise anything; one that holds code is refused by weights_only
        reason = (str(damage) or type(damage).__name__).splitlines()[0]
        raise _error(f"{path.name} is damaged or holds more than numbers ({reason})") from damage
    if not isinstance(content, Mapping) or not all(isinstance(t, torch.Tensor) for t in content.values()):
        raise _error(f"expected tensors by name in {path.name}, came {_described(content)}")
    return content


def _check_shapes(file, expected, found):
    differs = [
        f"{name}: expected {_shape(expected.get(name))}, came {_shape(found.get(name))}"
        for name in expected | found
        if _shape(expected.get(name)) != _shape(found.get(name))
    ]
    if differs:
        more = f"; and {len(differs) - 3} more" if len(differs) > 3 else ""
        raise _error(f"{file} holds another network: {'; '.join(differs[:3])}{more}")


def _shape(tensor):
    return "none" if tensor is None else tuple(tensor.shape)


def _described(content):
    if isinstance(content, Mapping):
        return f"a mapping with {', '.join(list(map(repr, content))[:4])}"
    return type(content).__name__


def _error(problem):
    return PretrainedError(
        f"VGG-16 from torchvision: {problem}. Try: the file that torchvision.models.VGG16_Weights.IMAGENET1K_V1.url "
        "names, or torch.save(model.state_dict(), path) of torchvision's vgg16; or vgg16(width=1 / 8), trained here"
    )
