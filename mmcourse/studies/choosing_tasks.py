"""The paired tasks of the course, each as rows of tokens with fixed features: the towers over them can be tiny.

    parts = load("speech + text")               # {"train": Data, "validation": Data, "test": Data}
    parts["test"].tokens                        # one (N, T, F) float32 tensor a modality, in the order of MODALITIES
    parts["test"].labels, parts["test"].groups  # (N,) what is asked for, and what is drawn again for an interval

N examples   T tokens   F features of a token

A token is a piece of a picture, a moment of a sound or a film, or a word; a row of zeros is none. Features are
arithmetic or drawn at random, and know nothing of the labels: so no method gets what was learned for another.
Validation has no person and no handwriting of training, as test has none of either; where it cannot, its loader says.
"""

import functools
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from mmcourse.data import clips, digits, emotions, posts, sensors
from mmcourse.studies.digits import bands as digit_bands
from mmcourse.studies.emotions_towers import bands as voice_bands
from mmcourse.text import tokens as text_tokens
from mmcourse.video import fitting

MODALITIES = {
    "image + text": ("image", "text"),
    "image + wrong texts": ("image", "text"),
    "speech + text": ("voice", "words"),
    "audio + video": ("sound", "motion"),
    "face + voice + words": ("face", "voice", "words"),
    "two sensors": ("accelerometer", "gyroscope"),
    "digits": ("image", "sound"),
}
CLASSES = {"image + text": 24, "image + wrong texts": 24, "speech + text": 6, "audio + video": 10,
           "face + voice + words": 6, "two sensors": 7, "digits": 10}  # fmt: skip
TESTS = {"image + text": 1500, "image + wrong texts": 1500, "speech + text": 1000, "audio + video": 1000,
         "face + voice + words": 1000, "two sensors": 1484, "digits": 2000}  # fmt: skip
PARTS = ("train", "validation", "test")
HELD_BACK = 800  # moments of training, for validation
WINDOW, STEP = 100, 50  # samples of the watch: two seconds, a new window every second
CAMERA, MICROPHONE = 120, 1.0  # noise of "audio + video": standard deviations, of 255 and of full scale
FILTERS, SIDE = 96, 8  # random pieces of training pictures, and their side in pixels


@dataclass(frozen=True)
class Data:
    """tokens: M tensors (N, T, F) float32.   labels (N,) int64.   groups (N,) int: examples alike have one number."""

    tokens: tuple[torch.Tensor, ...]
    labels: torch.Tensor
    groups: np.ndarray

    def __len__(self):
        return len(self.labels)

    def first(self, count):
        """The first `count` examples."""
        return Data(tuple(x[:count] for x in self.tokens), self.labels[:count], self.groups[:count])


@functools.lru_cache(2)
def load(task):
    """The parts of a task by name: "train", "validation", "test", and for some tasks further tests."""
    if task not in MODALITIES:
        raise ValueError(f"choosing: expected one of the tasks {tuple(MODALITIES)}, came {task!r}")
    return _LOADERS[task]()


def groups_of_test(task):
    """Which test examples belong together, (N,) whole numbers from 0, without making their features."""
    return _recordings(sensors.load("test")) if task == "two sensors" else np.arange(TESTS[task])


def cells(images, side):
    """Pictures (N, H, W) cut into squares: (N, H / side · W / side, side²)."""
    N, H, W = images.shape
    cut = images.reshape(N, H // side, side, W // side, side).swapaxes(2, 3)
    return cut.reshape(N, -1, side * side)


def moments(series, length):
    """Series (N, T, F) cut into pieces of `length` steps, what is left over dropped: (N, T // length, length · F)."""
    N, T, features = series.shape
    return series[:, : T - T % length].reshape(N, T // length, length * features)


def averaged(series, length):
    """As `moments`, each the mean over its steps: (N, T // length, F)."""
    return moments(series, length).reshape(len(series), -1, length, series.shape[2]).mean(2)


def worded(texts, ids, most):
    """The words of texts: (N, most, V) float32, √V in the word's column, so that features have a mean square of 1.

    Zeros for words that are not among `ids`, and after the end.
    """
    rows = np.zeros((len(texts), most, len(ids)), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for token, word in zip(row, text_tokens.words(text), strict=False):
            if word in ids:
                token[ids[word]] = len(ids) ** 0.5
    return rows


def vocabulary(texts):
    """{word: its number} of all words in texts."""
    return {w: i for i, w in enumerate(sorted({w for text in texts for w in text_tokens.words(text)}))}


def standardised(train, *others):
    """Tokens (N, T, F) with mean 0 and spread 1 in each feature, both of training."""
    centre, spread = train.mean((0, 1)), train.std((0, 1)) + 1e-3
    return [((x - centre) / spread).astype(np.float32) for x in (train, *others)]


def steady(images):
    """Pictures (N, 32, 32, 3) uint8 with mean 0 and spread 1 each, so that the dark ones count: (N, 3, 32, 32)."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    return (x - x.mean((1, 2, 3), keepdim=True)) / (x.std((1, 2, 3), keepdim=True) + 4)  # in steps of 255


def filters(images, rng):
    """FILTERS random pieces of `steady` pictures, with mean 0 and length 1: (FILTERS, 3, SIDE, SIDE).

    They serve as well as learned ones if there are enough of them (Coates & Ng 2011, "The importance of encoding versus
    training with sparse coding and vector quantization").
    """
    room = images.shape[-1] - SIDE + 1
    places = rng.integers((len(images), room, room), size=(FILTERS, 3))
    found = torch.stack([images[i, :, y : y + SIDE, x : x + SIDE] for i, y, x in places])
    found = found - found.mean((1, 2, 3), keepdim=True)
    return found / (found.square().sum((1, 2, 3), keepdim=True).sqrt() + 1e-6)


def filtered(images, found):
    """How much of each filter is in each sixteenth of `steady` pictures: (N, 16, FILTERS)."""
    pooled = [F.adaptive_avg_pool2d(F.conv2d(part, found).relu(), 4) for part in images.split(500)]
    return torch.cat(pooled).flatten(2).mT.numpy()


def _data(tokens, labels, groups=None):
    groups = np.arange(len(labels)) if groups is None else groups
    tokens = tuple(torch.from_numpy(np.ascontiguousarray(x, np.float32)) for x in tokens)
    return Data(tokens, torch.from_numpy(np.asarray(labels, np.int64)), groups)


def _posts(texts):
    """Validation is drawn as training is, by another seed: posts have no compositions that could leak."""
    drawn = {"train": ("train", 4000, 0, texts), "validation": ("train", 1000, 1, texts),
             "test": ("test", 1500, 0, texts), "all texts misleading": ("test", 1500, 0, "misleading")}  # fmt: skip
    few = {part: posts.load(*how) for part, how in drawn.items()}
    pictures = [steady(data.images) for data in few.values()]
    found = filters(pictures[0], np.random.default_rng(0))
    seen = standardised(*(filtered(images, found) for images in pictures))
    ids = vocabulary(few["train"].texts)
    rows = zip(few.items(), seen, strict=True)
    return {part: _data((image, worded(data.texts, ids, 6)), data.labels) for (part, data), image in rows}


def _emotions(use):
    """Validation has training's sentences: one that is held back takes its words with it, unlike those of the test."""
    few = emotions.load("train", 4000), emotions.load("test")
    ids = vocabulary(few[0].texts)
    make = {
        "face": lambda data: cells(data.faces / np.float32(255), 8),
        "voice": lambda data: averaged(voice_bands(data.sounds).swapaxes(1, 2), 4),
        "words": lambda data: worded(data.texts, ids, 10),
    }
    tokens = []
    for name in use:
        train, test = (make[name](data) for data in few)
        parts = train[HELD_BACK:], train[:HELD_BACK], test
        tokens.append(parts if name == "words" else standardised(*parts))
    labels = few[0].labels[HELD_BACK:], few[0].labels[:HELD_BACK], few[1].labels
    return {p: _data(x, y) for p, *x, y in zip(PARTS, *tokens, labels, strict=True)}


def _clips():
    """Habits are left out, so that looks say nothing of the action: the stream of the picture is its optical flow."""
    heard, moved, labels = [], [], []
    for number, (split, count) in enumerate({"train": 1500, "validation": 500, "test": 1000}.items()):
        few, rng = clips.load(split, count, habit=0), np.random.default_rng([13, number])
        frames = few.frames + np.float32(CAMERA) * rng.standard_normal(few.frames.shape, np.float32)
        sounds = np.stack([clip.sound() for clip in few.records])
        sounds = sounds + np.float32(MICROPHONE) * rng.standard_normal(sounds.shape, np.float32)
        heard.append(averaged(fitting.heard(sounds).numpy(), 8))
        flow = fitting.flow_of(np.clip(np.rint(frames), 0, 255).astype(np.uint8))
        moved.append(F.adaptive_avg_pool2d(flow.flatten(0, 1), 6).unflatten(0, flow.shape[:2]).flatten(2).numpy())
        labels.append(few.labels)
    tokens = standardised(*heard), standardised(*moved)
    return {p: _data(x, y) for p, *x, y in zip(PARTS, *tokens, labels, strict=True)}


def _sensors():
    """Test windows of one recording are alike: an interval draws whole recordings again."""
    parts = [sensors.load(split) for split in PARTS]
    windows = [data.windows(WINDOW, STEP) for data in parts]
    split = [standardised(*(moments(x[..., axes], 10) for x, *_ in windows)) for axes in sensors.SENSORS.values()]
    rows = zip(PARTS, parts, windows, *split, strict=True)
    return {part: _data(x, y, _recordings(data)) for part, data, (_, y, _), *x in rows}


def _recordings(data):
    """The number of the recording that each window is of, (N,)."""
    return np.repeat(np.arange(len(data)), [1 + (len(series) - WINDOW) // STEP for series in data.series])


def digit_parts(counts=None, **knobs):
    """The parts of a task of `mmcourse.data.digits`.   counts: {split: how many}; knobs: of `digits.load`."""
    counts = digits.DEFAULT_COUNTS if counts is None else digits.DEFAULT_COUNTS | counts
    parts = [digits.load(split, count, **knobs) for split, count in counts.items()]
    seen = standardised(*(cells(data.images, 4) for data in parts))
    heard = standardised(*(moments(digit_bands(data.sounds), 3) for data in parts))
    return {p: _data(x, data.labels) for p, data, *x in zip(counts, parts, seen, heard, strict=True)}


_LOADERS = {
    "image + text": lambda: _posts({"right": 80, "silent": 20}),
    "image + wrong texts": lambda: _posts(None),
    "speech + text": lambda: _emotions(("voice", "words")),
    "audio + video": _clips,
    "face + voice + words": lambda: _emotions(("face", "voice", "words")),
    "two sensors": _sensors,
    "digits": digit_parts,
}
