"""Digits, seen and heard: real handwritten digits with spoken ones, and knobs for what each of the two tells.

    train = digits.load("train")                       # 8 × 8 images, 0.6 s of sound, the digit
    image, sound, label = train[0]
    train = digits.load("train", task="xor")           # the label needs both; see `mmcourse.data.digit_tasks`
    digits.information("xor").synergy                  # 1.0 bit, exactly
    test = digits.load("test", task="xor", missing_audio=0.3)

Handwriting and voices of one split are in no other split. Everything is a function of the seed, to the last bit, on
every machine: raw output of the random bit generator, integer arithmetic, and single float operations that the IEEE
standard rounds. Each kind of chance has a generator of its own. So another `count` gives the same examples, fewer or
more; and another noise, or other missing modalities, the same digits, handwriting and voices.
"""

import functools
import hashlib
from dataclasses import dataclass

import numpy as np

from mmcourse.data import digit_tasks, spoken_digits
from mmcourse.data import information as _information
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.spoken_digits import LENGTH, RATE

__all__ = ["AUDIO_NOISE", "DEFAULT_COUNTS", "IMAGE_NOISE", "LENGTH", "RATE", "Digits", "information", "load"]

DEFAULT_COUNTS = {"train": 4000, "validation": 1000, "test": 2000}
IMAGE_NOISE = 0.4
AUDIO_NOISE = 1.2
_MOST_NOISE = 100
# Neighbours in scikit-learn's file are written by one hand: the one most like a digit stands within 65 places of it in
# 43 % of cases, 7 % by chance. So blocks, not a random choice; the last block, the hardest, is for training.
_HANDWRITTEN = {
    "train": (*range(717), *range(1437, 1797)),
    "validation": range(717, 1077),
    "test": range(1077, 1437),
}
_HANDWRITTEN_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
_CHANCES = ("choice", "outcome", "image", "clip", "place", "no image", "no audio", "image noise", "audio noise")
_CHUNK = 256  # examples whose noise is drawn at a time, to spare memory


class DigitsError(RuntimeError):
    """The handwritten digits are not the ones that the course was made with."""


@dataclass(frozen=True)
class Digits:
    """N examples; digits[i] is (image, sound, label).

    images (N, 8, 8) float32: ink from 0 to 1.   sounds (N, LENGTH) float32: at RATE; a word's root mean square is 1.
    present (N, 2) bool: whether there is an image, a sound; what is missing is all zeros, and both can be.
    labels (N,) int64.   digits (N, 2) int64: the digit in the image and the spoken one.
    handwritten (N,): the image's number in scikit-learn's set.   clips (N,): the sound's in `spoken_digits.load()`.
    """

    images: np.ndarray
    sounds: np.ndarray
    present: np.ndarray
    labels: np.ndarray
    digits: np.ndarray
    handwritten: np.ndarray
    clips: np.ndarray

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.sounds[index], int(self.labels[index])

    @property
    def voices(self):
        """The name of each example's voice, unique to a speaker: a tuple of strings."""
        clips = spoken_digits.load()
        speakers = [clips.table[number] for number in clips.speakers[self.clips]]
        return tuple(f"{s['voice']} × {s['tract']}" for s in speakers)


def load(
    split,
    count=None,
    seed=0,
    *,
    task="same digit",
    language="en",
    image_noise=IMAGE_NOISE,
    audio_noise=AUDIO_NOISE,
    missing_image=0.0,
    missing_audio=0.0,
):
    """The first `count` examples of a split, as `Digits`.

    split: "train", "validation" or "test".   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0.   language: of the spoken digits, "en" or "zh".
    task: a name in `digit_tasks.TASKS`, or a mixture, {name: weight}.
    image_noise: standard deviation, where the ink of a digit goes from 0 to 1.
    audio_noise: standard deviation, where a word's root mean square is 1; 1 is 0 dB.
    missing_image, missing_audio: the share of examples without, from 0 to 1, drawn independently.

    Raises ValueError naming what an argument can be; DigitsError or spoken_digits.ClipsError for damaged data.
    """
    count = _checked(split, count, seed, language)
    for name, value in (("image_noise", image_noise), ("audio_noise", audio_noise)):
        _check_number(name, value, _MOST_NOISE)
    for name, value in (("missing_image", missing_image), ("missing_audio", missing_audio)):
        _check_number(name, value, 1)

    draw = _draws(split, seed)
    outcomes = digit_tasks.outcomes(task, *(_words(draw[name], count) for name in ("choice", "outcome")))
    digits, labels = outcomes[:, :2], outcomes[:, 2]
    handwritten = _pick(*_handwritten(split), digits[:, 0], _words(draw["image"], count))
    clips = _pick(*_spoken(split, language), digits[:, 1], _words(draw["clip"], count))
    shares = ((missing_image, "no image"), (missing_audio, "no audio"))
    present = np.stack([_words(draw[name], count) >= round(share * 2**32) for share, name in shares], 1)

    images = _images()[handwritten]
    _add_noise(images, image_noise, draw["image noise"])
    sounds = _place(clips, _words(draw["place"], count))
    _add_noise(sounds, audio_noise, draw["audio noise"])
    images[~present[:, 0]] = sounds[~present[:, 1]] = 0
    return Digits(np.clip(images, 0, 1, out=images), sounds, present, labels, digits, handwritten, clips)


def information(task):
    """What the true digits tell of the label: a `Decomposition` with a for the image and b for the sound.

    Noise takes from it: this is what is there for one who never mistakes a digit. Raises ValueError for no such task.
    """
    return _information.decompose(digit_tasks.table(task))


def _checked(split, count, seed, language):
    if split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    if language not in LANGUAGES:
        raise ValueError(f"expected one of the languages {LANGUAGES}, got {language!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    return count


def _check_number(name, value, most):
    if not isinstance(value, int | float | np.floating | np.integer) or not 0 <= value <= most:
        raise ValueError(f"expected {name} to be a number from 0 to {most}, got {value!r}")


def _draws(split, seed):
    """A bit generator for each kind of chance; the raw streams of NumPy's bit generators never change."""
    stream = tuple(DEFAULT_COUNTS).index(split)
    return {name: np.random.PCG64([seed, stream, number]) for number, name in enumerate(_CHANCES)}


def _words(generator, count):
    """Whole numbers from 0 to 2³² − 1, (count,)."""
    return generator.random_raw(count) >> np.uint64(32)


def _pick(numbers, of_digit, digits, draws):
    """For each wanted digit one of the `numbers` whose digit it is, each equally likely."""
    order = np.argsort(of_digit, kind="stable")
    counts = np.bincount(of_digit, minlength=10)
    starts = np.cumsum(counts) - counts
    return numbers[order[starts[digits] + digit_tasks.below(counts[digits], draws)]]


@functools.cache
def _scikit_learn_digits():
    from sklearn.datasets import load_digits  # takes a second, and only this function needs it

    ink, digits = load_digits(return_X_y=True)
    ink, digits = ink.astype(np.uint8), digits.astype(np.uint8)
    if (found := hashlib.sha256(ink.tobytes() + digits.tobytes()).hexdigest()) != _HANDWRITTEN_SHA256:
        raise DigitsError(
            f"expected scikit-learn's digits with sha256 {_HANDWRITTEN_SHA256[:16]}…, came {found[:16]}…. "
            "Try: pip install -c constraints.txt scikit-learn"
        )
    return ink, digits


def _images():
    """All handwritten digits, (1797, 8, 8) float32 from 0 to 1: sixteenths, so exact."""
    return _scikit_learn_digits()[0].reshape(-1, 8, 8).astype(np.float32) / 16


def _handwritten(split):
    """The numbers of a split's handwritten digits, and which digit each is."""
    numbers = np.array(_HANDWRITTEN[split])
    return numbers, _scikit_learn_digits()[1][numbers]


def _spoken(split, language):
    """The numbers of a split's clips in a language, and which digit each is."""
    clips = spoken_digits.load()
    numbers = clips.of(language, split)
    return numbers, clips.digits[numbers]


def _place(chosen, draws):
    """The sounds of the chosen clips, (N, LENGTH) float32, each word somewhere in its 0.6 s."""
    clips = spoken_digits.load()
    places = digit_tasks.below(LENGTH + 1 - clips.lengths[chosen], draws)
    sounds = np.empty((len(chosen), LENGTH), np.float32)
    for sound, clip, place in zip(sounds, chosen, places, strict=True):
        sound[:] = np.roll(clips.sound(clip), place)
    sounds /= spoken_digits.LOUDNESS
    return sounds


def _add_noise(arrays, deviation, generator):
    """Add noise, in place, to N arrays: sums of four uniform numbers, close to normal and computed in integers."""
    size = arrays[0].size
    to_deviation = np.float32(deviation / np.sqrt(4 * (2**32 - 1) / 12))  # a uniform 16-bit number has (2³² − 1) / 12
    for start in range(0, len(arrays), _CHUNK):
        part = arrays[start : start + _CHUNK]
        quarters = generator.random_raw(len(part) * size).view(np.uint16).reshape(*part.shape, 4)
        total = sum(quarters[..., i].astype(np.int32) for i in range(4)) - 2 * 65535
        part += total.astype(np.float32) * to_deviation
