"""MNIST: 70,000 handwritten digits of 28 × 28 pixels.

    test = mnist.load("test")     # fetched once (12 MB for both splits), or mnist.load("test", folder=...)
    image, digit = test[0]        # (28, 28) uint8, white on black; 0 to 9
"""

import struct
from dataclasses import dataclass

import numpy as np

from mmcourse.data import archives
from mmcourse.data.archives import ArchiveError, Source

_HOME = "https://ossci-datasets.s3.amazonaws.com/mnist"
_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
SOURCES = {name: Source(f"{_HOME}/{name}", sha256, name) for name, sha256 in _SHA256.items()}
SPLITS = {"train": "train", "test": "t10k"}  # how each split's files begin
_MOST_BYTES = 64 << 20  # of one unpacked file; the largest has 47 MB


@dataclass(frozen=True)
class WrittenDigits:
    """N digits: `images` (N, 28, 28) uint8, white ink on black, and `digits` (N,) int64; digits[i] is a pair."""

    images: np.ndarray
    digits: np.ndarray

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], int(self.digits[index])


def load(split, folder=None):
    """The digits of a split, "train" (60,000) or "test" (10,000).

    folder: one that holds the four files already, under their original names, instead of fetching them.
    Raises ValueError for another split, archives.ArchiveError if a file is damaged, FileNotFoundError if `folder`
    lacks one, and download.DownloadError if one cannot be fetched.
    """
    archives.check_split(split, SPLITS)
    images = _read(f"{SPLITS[split]}-images-idx3-ubyte.gz", 3, folder)
    digits = _read(f"{SPLITS[split]}-labels-idx1-ubyte.gz", 1, folder)
    if len(images) != len(digits):
        raise ArchiveError(f"expected as many labels as images in MNIST's {split} files: {len(digits)}, {len(images)}")
    return WrittenDigits(images, digits.astype(np.int64))


def _read(name, dimensions, folder):
    """The array in a file of the idx format: two zeros, 8 for uint8, the number of dimensions, each size, the data."""
    path = archives.locate(SOURCES[name], folder)
    content = archives.gzip_bytes(path, _MOST_BYTES)
    header = 4 + 4 * dimensions
    if len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise ArchiveError(f"{path} is another file: expected an idx file of uint8 with {dimensions} dimensions")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    if len(content) - header != np.prod(shape, dtype=np.int64):
        raise ArchiveError(f"{path} is damaged: expected {shape} values, came {len(content) - header:,}")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
