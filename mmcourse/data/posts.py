"""Posts: a picture of one thing, more or less spoilt, and the words that came with it, which may be wrong.

    data = posts.load("train")                  # as they come: some texts right, some silent, some misleading
    data.images                                 # (N, 32, 32, 3) uint8
    data.texts[0], data.kinds[0]                # "look at this rabbit", "right"
    data.quality                                # (N,) int, 0 spoilt to 4 clean; data.damages says by what
    same = posts.load("test", texts="silent")   # the same pictures whatever is said about them

A right text names its thing, or only says what sort of thing it is; a misleading one does so with another; a silent one
says nothing. Given the thing, the text does not depend on the picture. A post is a function of its seed: integer
arithmetic, and of NumPy's random methods `integers` alone.
"""

from dataclasses import dataclass

import numpy as np

from mmcourse.data import stickers
from mmcourse.data.compositions import pick
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

SIDE = 32
SORTS = {  # sort: its things, and what it is called
    "animal": (("cat", "dog", "rabbit", "penguin", "turtle", "owl"), ("animal", "creature")),
    "food": (("apple", "banana", "carrot", "hamburger", "cake", "tomato"), ("snack", "treat")),
    "vehicle": (("car", "bus", "bicycle", "train", "airplane", "helicopter"), ("ride", "machine")),
    "object": (("house", "key", "guitar", "clock", "umbrella", "book"), ("object", "possession")),
}
THINGS = tuple(thing for things, _ in SORTS.values() for thing in things)  # the classes, by number
KINDS = ("right", "silent", "misleading")
MIX = {"right": 60, "silent": 20, "misleading": 20}  # of a hundred posts, as they come
NAMED = 2  # of three texts that say something name the thing, the third says its sort
DAMAGES = ("noise", "darkness", "blur")
QUALITIES = 5  # levels, from 0 for the worst; at the highest nothing is done to the picture
DEFAULT_COUNTS = {"train": 6000, "test": 1500}
SAYING = (
    "look at this {}", "my favourite {}", "this {} made my day", "who else has seen this {}", "the {} is back",
    "nobody has seen my {} before", "one more {} for you",
)  # fmt: skip
SILENT = (
    "what a day", "no words", "you had to be there", "more tomorrow", "guess what this is", "just now",
    "not my best shot",
)  # fmt: skip
_SIZES = (22, 24, 26)  # longer side of a sticker, in pixels; it stands anywhere in the picture
_BRIGHTNESS = 8  # a background's colour shifts by up to this, of 255
_NOISE = (230, 212, 186, 140)  # the share of noise in a picture, of 256; by quality
_LIGHT = (8, 13, 22, 44)  # what is left of the light, of 256
_GRAIN = 8  # of every dark picture, either way: where there is little light, this is much
_BLUR = (11, 9, 7, 4)  # pixels of the square over which is averaged, twice


@dataclass(frozen=True)
class Posts:
    """N posts: `images` (N, 32, 32, 3) uint8, `labels` (N,) int by `THINGS`, `texts`, and what is known of each.

    kinds: N of `KINDS`. told (N,) int: the thing that the text speaks of, -1 if of none. quality (N,) int: 0 to 4.
    damages: N of `DAMAGES`, "" where the picture is clean.
    """

    images: np.ndarray
    labels: np.ndarray
    texts: tuple[str, ...]
    kinds: np.ndarray
    told: np.ndarray
    quality: np.ndarray
    damages: np.ndarray

    def __len__(self):
        return len(self.texts)


def load(split, count=None, seed=0, texts=None):
    """`count` posts, drawn at random.

    split: "train" or "test", which draw other pictures of the same things. count: `DEFAULT_COUNTS[split]` unless told
    otherwise. seed: a whole number from 0. texts: one of `KINDS` for all; or {kind: so many of a hundred}, as in `MIX`,
    which is meant if nothing is said. Pictures do not depend on it.
    Raises ValueError for what cannot be drawn, and stickers.ArtError if the art is missing or changed.
    """
    if split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    shares = _shares(texts)
    part = tuple(DEFAULT_COUNTS).index(split)
    see, say = (np.random.Generator(np.random.PCG64([seed, part, stream])) for stream in (0, 1))
    labels = see.integers(len(THINGS), size=count)
    pictures = [_picture(label, see) for label in labels]
    said = [_text(label, shares, say) for label in labels]
    images, quality, damages = (np.array(column) for column in zip(*pictures, strict=True))
    words, kinds, told = zip(*said, strict=True)
    return Posts(images, labels, words, np.array(kinds), np.array(told), quality, damages)


def sort_of(thing):
    """The sort of a thing: a key of `SORTS`."""
    return next(sort for sort, (things, _) in SORTS.items() if thing in things)


def draw(thing, background, rng):
    """One clean picture (32, 32, 3) uint8 from a numpy Generator: a thing somewhere on a background."""
    image = np.empty((SIDE, SIDE, 3), np.uint8)
    image[:] = np.array(BACKGROUNDS[background].colour) + rng.integers(-_BRIGHTNESS, _BRIGHTNESS + 1)
    size = pick(rng, _SIZES)
    x, y = rng.integers(SIDE - size + 1, size=2)
    sticker, region = stickers.sticker(thing, size), image[y : y + size, x : x + size]
    region[:] = sticker[..., :3] + (region * (255 - sticker[..., 3:].astype(np.uint16)) + 127) // 255
    return image


def spoilt(image, damage, quality, rng):
    """An image (H, W, 3) uint8 with noise, in the dark or out of focus, as bad as `quality` says: 0 to 3; 4 is none."""
    if damage not in DAMAGES or not 0 <= quality < QUALITIES:
        raise ValueError(f"spoilt: expected one of {DAMAGES} and a quality from 0 to {QUALITIES - 1}, "
                         f"came {damage!r} and {quality!r}")  # fmt: skip
    if quality == QUALITIES - 1:
        return image.copy()
    x = image.astype(np.int64)
    if damage == "noise":
        x = (x * (256 - _NOISE[quality]) + rng.integers(256, size=x.shape) * _NOISE[quality]) // 256
    elif damage == "darkness":
        x = x * _LIGHT[quality] // 256 + rng.integers(-_GRAIN, _GRAIN + 1, x.shape)
    else:
        x = _averaged(_averaged(x, _BLUR[quality]), _BLUR[quality])
    return np.clip(x, 0, 255).astype(np.uint8)


def say(thing, form, rng):
    """A sentence about a thing, from a numpy Generator: form "name", "sort", or "nothing"."""
    if form == "nothing":
        return pick(rng, SILENT)
    word = CONCEPTS[thing].singular if form == "name" else pick(rng, SORTS[sort_of(thing)][1])
    return pick(rng, SAYING).format(word)


def _picture(label, rng):
    image = draw(THINGS[label], pick(rng, tuple(BACKGROUNDS)), rng)
    quality, damage = int(rng.integers(QUALITIES)), pick(rng, DAMAGES)
    return spoilt(image, damage, quality, rng), quality, damage if quality < QUALITIES - 1 else ""


def _text(label, shares, rng):
    """(text, kind, the thing spoken of). As many numbers are drawn for each kind, so that the stream stays in step."""
    at, form = rng.integers(100), "name" if rng.integers(3) < NAMED else "sort"
    kind = KINDS[int(np.searchsorted(np.cumsum([shares.get(k, 0) for k in KINDS]), at, side="right"))]
    thing = THINGS[label]
    if kind == "misleading":
        wrong = [t for t in THINGS if (t != thing if form == "name" else sort_of(t) != sort_of(thing))]
        thing = pick(rng, wrong)
    told = -1 if kind == "silent" else THINGS.index(thing)
    return say(thing, "nothing" if kind == "silent" else form, rng), kind, told


def _shares(texts):
    shares = MIX if texts is None else {texts: 100} if isinstance(texts, str) else dict(texts)
    if not set(shares) <= set(KINDS) or sum(shares.values()) != 100 or min(shares.values()) < 0:
        raise ValueError(f"expected texts to be one of {KINDS}, or so many of a hundred for each, got {texts!r}")
    return shares


def _averaged(x, width):
    """Each pixel's mean over a square of width × width pixels, rounded down; the edge is repeated outwards."""
    before = width // 2
    padded = np.pad(x, ((before, width - 1 - before), (before, width - 1 - before), (0, 0)), mode="edge")
    rows = sum(padded[i : i + len(x)] for i in range(width))
    return sum(rows[:, i : i + x.shape[1]] for i in range(width)) // (width * width)
