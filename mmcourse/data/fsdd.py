"""The Free Spoken Digit Dataset: 3,000 recordings of ten English digits by six people (CC BY-SA 4.0).

    test = fsdd.load("test")      # fetched once (about 16 MB), or fsdd.load("test", folder=...) from a folder
    wave, digit = test[0]         # float32 in [−1, 1) at 8 kHz, 0 to 9
    test.speakers[0]              # who says it

Takes 0 to 4 of every digit and speaker are the official test split. Split by speaker to measure on unknown people.
"""

import hashlib
import io
import re
import wave
from dataclasses import dataclass

import numpy as np

from mmcourse.data import archives
from mmcourse.data.archives import ArchiveError, Source

RATE = 8000
SPLITS = {"train": range(5, 50), "test": range(5)}  # the takes of each split
SOURCE = Source(
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/26eb9aaf76e81b692f806f9140c2d2777410d7a1.tar.gz",
    None,  # such archives are packed on demand and their bytes may change; MANIFEST fixes what is in them
    "free-spoken-digit-dataset-26eb9aaf.tar.gz",
)
MANIFEST = "1801eae019c063377d98f831d3f93574f259475df7332bb0e3d1b080fb5e6959"  # of the recordings, see `manifest`
_RECORDING = re.compile(r"[^/]+/recordings/((\d)_([a-z]+)_(\d+)\.wav)")
_MOST_BYTES = 1 << 20  # of one recording; the longest has 37 kB


@dataclass(frozen=True)
class SpokenDigits:
    """N recordings in the order of digit, speaker and take; recordings[i] is (wave, digit).

    waves: N float32 arrays in [−1, 1), of different lengths, at 8 kHz.   digits, takes (N,) int64.
    speakers: N names.
    """

    waves: tuple[np.ndarray, ...]
    digits: np.ndarray
    speakers: tuple[str, ...]
    takes: np.ndarray

    def __len__(self):
        return len(self.waves)

    def __getitem__(self, index):
        return self.waves[index], int(self.digits[index])


def load(split, folder=None):
    """The recordings of a split, "train" (2,700) or "test" (300).

    folder: one that holds the archive already, called `SOURCE.name`, instead of fetching it.
    Raises ValueError for another split, archives.ArchiveError if the recordings are damaged or are not the pinned
    ones, FileNotFoundError if `folder` has no archive, and download.DownloadError if it cannot be fetched.
    """
    archives.check_split(split, SPLITS)
    files = _read(archives.locate(SOURCE, folder, check=_read))
    chosen = [(digit, who, take) for digit, who, take in sorted(files) if take in SPLITS[split]]
    return SpokenDigits(
        waves=tuple(_wave(files[key]) for key in chosen),
        digits=np.array([digit for digit, _, _ in chosen], np.int64),
        speakers=tuple(who for _, who, _ in chosen),
        takes=np.array([take for _, _, take in chosen], np.int64),
    )


def manifest(files):
    """One sha256 for files given as bytes by name: it changes with any name and any byte, and not with the order."""
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read(path):
    """The bytes of every recording by (digit, speaker, take), once they are known to be the pinned ones."""
    named, files = {}, {}
    for name, content in archives.tar_members(path, _MOST_BYTES):
        if match := _RECORDING.fullmatch(name):
            file, digit, who, take = match.groups()
            named[file] = files[int(digit), who, int(take)] = content
    if (found := manifest(named)) != MANIFEST:
        raise ArchiveError(
            f"{path} does not hold the pinned recordings: expected the manifest {MANIFEST[:16]}…, came {found[:16]}… "
            f"over {len(named):,} recordings. Try: delete it, and fetch it again from {SOURCE.url}"
        )
    return files


def _wave(content):
    with wave.open(io.BytesIO(content)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32) / 32768
