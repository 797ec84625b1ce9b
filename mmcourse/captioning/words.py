"""Captions as numbers: the vocabulary, and what a captioner looks at."""

import difflib
from typing import NamedTuple

import numpy as np

PAD, BEGIN, END = 0, 1, 2
_MARKS = ("<pad>", "<begin>", "<end>")


class Words:
    """A vocabulary. `entries` are the words by number: three marks, then the words of the captions, sorted."""

    def __init__(self, captions):
        """captions: tuples of words, from which the vocabulary is collected."""
        known = sorted({word for caption in captions for word in caption} - set(_MARKS))
        if not known:
            raise ValueError("Words: expected at least one word, came captions without any")
        self.entries = (*_MARKS, *known)
        self.number = {word: i for i, word in enumerate(known, len(_MARKS))}

    def __len__(self):
        return len(self.entries)

    def encode(self, captions):
        """N tuples of words to (N, T + 1) int64: begin, words, end, padding up to the longest.

        Raises ValueError for a word that is not in the vocabulary, and says which known words look like it.
        """
        rows = [[BEGIN, *map(self._number, caption), END] for caption in captions]
        encoded = np.full((len(rows), max(map(len, rows), default=0)), PAD)
        for place, row in zip(encoded, rows, strict=True):
            place[: len(row)] = row
        return encoded

    def decode(self, numbers):
        """Numbers to a tuple of words, up to the first end; begin and padding are left out."""
        numbers = list(numbers)
        until = numbers.index(END) if END in numbers else len(numbers)
        return tuple(self.entries[n] for n in numbers[:until] if n not in (PAD, BEGIN))

    def _number(self, word):
        if word not in self.number:
            near = difflib.get_close_matches(word, self.entries[len(_MARKS) :], 3, 0.5)
            advice = f"Near it: {', '.join(near)}" if near else "Try: Words(captions) of captions that hold it"
            raise ValueError(f"Words: {word!r} is not one of the {len(self) - len(_MARKS)} words known. {advice}")
        return self.number[word]


class Standard(NamedTuple):
    """The mean and the standard deviation of each channel over the regions of the training images, (C,) each."""

    mean: np.ndarray
    std: np.ndarray


def standard(regions):
    """The `Standard` of regions (N, R, C)."""
    return Standard(regions.mean((0, 1)), regions.std((0, 1)) + 1e-3)


def placed(regions, standard):
    """Regions (N, R, C) standardised, and each told its place: (N, R, C + 2√R) float32.

    Attention does not know in which order the regions come, so the row and the column of each stand beside its
    channels, as one-hot vectors twice as long as a channel's standard deviation.
    """
    side = round(regions.shape[1] ** 0.5)
    if regions.shape[1:] != (side * side, len(standard.mean)):
        raise ValueError(f"placed: expected regions (N, side², {len(standard.mean)}), came {regions.shape}")
    N, R, _ = regions.shape
    rows, columns = np.divmod(np.arange(R), side)
    place = 2 * np.concatenate([np.eye(side)[rows], np.eye(side)[columns]], 1)
    seen = (regions - standard.mean) / standard.std
    return np.concatenate([seen, np.broadcast_to(place, (N, *place.shape))], -1, dtype=np.float32)
