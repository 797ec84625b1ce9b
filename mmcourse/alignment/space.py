"""A trained space, and how texts become what its text tower reads.

    space = Space(model, Reader.of(captions, "en"), standard)
    u = space.images(regions)                       # (N, D), rows of length 1
    v = space.texts(["two cats on the grass"])      # (1, D)
    nearest(v, u, 5)                                # (1, 5): which images lie nearest

The letters are declared in `mmcourse.alignment`.
"""

from typing import Any, NamedTuple

import numpy as np

from mmcourse.alignment.fitting import embed
from mmcourse.alignment.towers import Aligned
from mmcourse.captioning.words import Standard, Words

LANGUAGES = ("en", "zh")


def tokens(text, language):
    """The words of an English text, in small letters; the characters of a Chinese one, so that none need be cut."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"tokens: expected a text, came {text!r}")
    return tuple(text.lower().split()) if language == "en" else tuple("".join(text.split()))


class Reader:
    """Texts of one language as numbers, with a `Words` of the words (characters, in Chinese) that it knows."""

    def __init__(self, words, language):
        if language not in LANGUAGES:
            raise ValueError(f"Reader: expected a language of {LANGUAGES}, came {language!r}")
        self.words, self.language = words, language

    @classmethod
    def of(cls, texts, language):
        """One that knows all words of the texts."""
        return cls(Words([tokens(text, language) for text in texts]), language)

    def encode(self, texts):
        """K texts to (K, T) int64. Raises ValueError for a word that it does not know, naming those near it."""
        if isinstance(texts, str):
            raise ValueError(f"Reader: expected a list of texts, came one. Try: [{texts!r}]")
        return self.words.encode([tokens(text, self.language) for text in texts])


class Space(NamedTuple):
    """model: an `Aligned`. reader: with encode(texts), a `Reader` or a `generation.words.Sentences`.

    standard: the `captioning.words.Standard` of the training images' regions.
    """

    model: Aligned
    reader: Any
    standard: Standard

    def images(self, regions):
        """Regions (N, R, C), as `vision.features.extract` sees them, to (N, D)."""
        return embed(self.model.images, standardised(regions, self.standard))

    def texts(self, texts):
        """K texts to (K, D)."""
        return embed(self.model.texts, self.reader.encode(texts))


def standardised(regions, standard):
    """Regions (N, R, C) with mean 0 and deviation 1 over the training images, float32."""
    regions = np.asarray(regions)
    if regions.ndim != 3 or regions.shape[2] != len(standard.mean) or not len(regions):
        raise ValueError(f"expected regions (N, R, {len(standard.mean)}), at least one image, came {regions.shape}. "
                         "Try: features.extract(images).regions")  # fmt: skip
    return ((regions - standard.mean) / standard.std).astype(np.float32)


def nearest(queries, answers, k):
    """The k answers with the largest dot product, nearest first, (Q, k) int.   queries (Q, D), answers (G, D)."""
    if not 1 <= k <= len(answers):
        raise ValueError(f"nearest: expected k from 1 to {len(answers)}, the number of answers, came {k}")
    return np.argsort(-(queries @ answers.T), axis=1, kind="stable")[:, :k]
