"""Portraits: 32 × 32 pictures of one sticker on one background, each with its caption; for drawing pictures from words.

    data = portraits.load("train")          # twenty animals × five backgrounds, less twenty pairs that are held out
    data.images                             # (N, 32, 32, 3) uint8
    data.captions[0]                        # "a cat on the grass"
    held_out = portraits.load("test")       # the held-out pairs, and no other
    portraits.load("train", portraits.FULL) # every concept × every background

Each thing is held out on one background, so every thing and every background is seen in training, and a held-out
picture asks for both together for the first time. A picture is a function of its seed: integer arithmetic, and of
NumPy's random methods `integers` alone.
"""

from dataclasses import dataclass

import numpy as np

from mmcourse.data import captions, stickers
from mmcourse.data.compositions import Count
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

SIDE = 32
FULL = tuple(CONCEPTS)
SMALL = FULL[:20]  # animals, all of them
DEFAULT_COUNTS = {"train": 6000, "test": 1000}
SIZES = (24, 26, 28)  # longer side of a sticker, in pixels
SHIFT = 1  # a sticker stands off the middle by up to this, each way
_BRIGHTNESS = 8  # a background's colour shifts by up to this, of 255


@dataclass(frozen=True)
class Portraits:
    """N pictures: `images` (N, 32, 32, 3) uint8 RGB, `pairs` N times (concept id, background id), and `captions`."""

    images: np.ndarray
    pairs: tuple[tuple[str, str], ...]

    @property
    def captions(self):
        return tuple(caption(*pair) for pair in self.pairs)

    def __len__(self):
        return len(self.pairs)


def load(split, concepts=SMALL, count=None, seed=0):
    """`count` pictures of the pairs of a split, drawn at random.

    split: "train" or "test".   concepts: ids, at least one.   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0; each seed draws other pictures of the same pairs.
    Raises ValueError for another split, concept, count or seed, and stickers.ArtError if the art is missing or changed.
    """
    if not isinstance(split, str) or split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    choice = pairs(concepts, held_out=split == "test")
    rng = np.random.Generator(np.random.PCG64([seed, tuple(DEFAULT_COUNTS).index(split)]))
    return of([choice[i] for i in rng.integers(len(choice), size=count)], rng)


def of(pairs, rng):
    """One picture of each (concept id, background id), drawn from a numpy Generator."""
    return Portraits(np.stack([draw(*pair, rng) for pair in pairs]), tuple(pairs))


def pairs(concepts=SMALL, held_out=None):
    """All (concept, background), or those held out from training (True), or those in it (False)."""
    if not concepts or (unknown := [c for c in concepts if c not in CONCEPTS]):
        raise ValueError(f"expected ids of concepts, such as {FULL[:3]}, got {unknown if concepts else concepts!r}")
    both = [(c, b) for c in concepts for b in BACKGROUNDS]
    return [pair for pair in both if held_out is None or is_held_out(*pair) == held_out]


def is_held_out(concept, background):
    """Whether training never shows this pair: the i-th concept is held out on the i-th background, round and round."""
    return FULL.index(concept) % len(BACKGROUNDS) == tuple(BACKGROUNDS).index(background)


def caption(concept, background):
    """The words for a pair, such as "an owl at night"."""
    return captions.caption(Count(concept, 1, "medium", background), "en").text


def draw(concept, background, rng):
    """One picture (32, 32, 3) uint8 from a numpy Generator."""
    colour = np.array(BACKGROUNDS[background].colour) + rng.integers(-_BRIGHTNESS, _BRIGHTNESS + 1)
    image = np.broadcast_to(colour, (SIDE, SIDE, 3)).astype(np.uint8)
    size = SIZES[rng.integers(len(SIZES))]
    x, y = (SIDE - size) // 2 + rng.integers(-SHIFT, SHIFT + 1, size=2)
    sticker = stickers.sticker(concept, size)
    region = image[y : y + size, x : x + size]
    region[:] = sticker[..., :3] + (region * (255 - sticker[..., 3:].astype(np.uint16)) + 127) // 255
    return image
