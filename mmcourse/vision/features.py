"""What a frozen network sees in images, computed once and kept in the cache: what captioners and retrieval start from.

    seen = features.extract(images)                 # EfficientNet-Lite0
    seen = features.extract(images, "nouns")        # the small CNN that the course trained itself
    seen = features.extract(images, model)          # a `mmcourse.vision.vgg.VGG`
    seen.regions                                    # (N, R, C) float32: 8 × 8 regions of a scene, row by row
    seen.pooled                                     # (N, C) float32: their mean

N images   R regions   C channels
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from mmcourse.checkpoints import nouns
from mmcourse.data import cache
from mmcourse.images.pytorch import resize
from mmcourse.pretrained import PretrainedError, efficientnet_lite0
from mmcourse.pretrained.efficientnet_lite0 import _checked as checked_images
from mmcourse.vision import vgg

NETWORKS = ("efficientnet_lite0", "nouns")
LEAST_SIDE = 128  # pixels; EfficientNet-Lite0 sees little in smaller images, so they are enlarged
_BATCH = 64


@dataclass(frozen=True)
class Features:
    """regions (N, R, C) float32. network: who saw them: a name in NETWORKS, or "vgg"."""

    regions: np.ndarray
    network: str

    @property
    def pooled(self):
        """The mean over the regions, (N, C) float32."""
        return self.regions.mean(1)


def extract(images, network="efficientnet_lite0", progress=True):
    """The features of images (N, H, W, 3) uint8, from the cache or computed; float16 there, so to three digits.

    network: a name in NETWORKS, or a `vgg.VGG`. The cache knows images and weights by their content: others of either
    are computed anew, and kept beside each other. progress: a bar while computing.
    Raises ValueError for images of another form or an unknown network, and PretrainedError where weights are missing.
    """
    images = checked_images(images)
    name, module, see = _loaded(network)
    arrays, _ = cache.cached(
        f"features/{name}-{_weights(module)}-{cache.fingerprint(repr(images.shape), images.tobytes())}",
        cache.fingerprint(inspect.getsource(inspect.getmodule(type(module))), repr(LEAST_SIDE)),
        lambda: (_compute(images, name, see, progress), {}),
        lambda arrays, notes: _check(arrays, len(images)),
        compress=False,  # features are noise to a compressor
    )
    return Features(arrays["regions"].astype(np.float32), name)


def best():
    """The name of the best network that is installed here, for `extract`: "efficientnet_lite0", or else "nouns"."""
    try:
        efficientnet_lite0.load()
    except PretrainedError:
        return "nouns"
    return "efficientnet_lite0"


def _loaded(network) -> tuple[str, nn.Module, Callable]:
    """(name, module, function from images to regions)."""
    if isinstance(network, vgg.VGG):
        return "vgg", network, lambda images: vgg.regions(network, images)
    if network == "nouns":
        module = nouns.load()
        return network, module, lambda images: nouns.regions(module, images)
    if network == "efficientnet_lite0":
        try:
            module = efficientnet_lite0.load()
        except PretrainedError as missing:
            raise PretrainedError(f"{missing}; or extract(images, 'nouns') with the course's own network") from missing
        return network, module, _see_with_efficientnet
    raise ValueError(f"extract: expected one of {NETWORKS} or a VGG as network, came {network!r}")


def _see_with_efficientnet(images):
    height, width = images.shape[1:3]
    factor = max(1, LEAST_SIDE / min(height, width))
    if factor > 1:
        x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        x = resize(x, round(height * factor), round(width * factor), antialias=False)
        images = x.round().byte().permute(0, 2, 3, 1).numpy()
    return efficientnet_lite0.features(images).flatten(2).mT.numpy()


def _compute(images, name, see, progress):
    batches = [images[i : i + _BATCH] for i in range(0, len(images), _BATCH)]
    with tqdm(total=len(images), desc=f"{name} looks at the images", unit="image", disable=not progress) as bar:
        seen = []
        for batch in batches:
            seen.append(see(batch).astype(np.float16))
            bar.update(len(batch))
    return {"regions": np.concatenate(seen)}


def _check(arrays, count):
    regions = arrays["regions"]
    if regions.ndim != 3 or len(regions) != count or regions.dtype != np.float16:
        raise ValueError(f"expected ({count}, R, C) float16, came {regions.shape} {regions.dtype}")


def _weights(module):
    """The fingerprint of a network's numbers and their names."""
    tensors = module.state_dict().items()
    return cache.fingerprint(*(part for name, t in tensors for part in (name, t.cpu().numpy().tobytes())))
