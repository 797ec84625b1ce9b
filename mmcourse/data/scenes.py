"""Sticker scenes: 64 × 64 pictures of one to three everyday things, with all that can be said about them known.

    train = scenes.load("train")            # drawn once, read from the cache afterwards
    image, scene = train[0]                 # (64, 64, 3) uint8, and a Scene
    scene.en.text                           # "two small cats on the grass"
    scene.zh.words                          # ("草地上", "有", "两", "只", "小", "猫")
    scene.objects[0].box                    # (x0, y0, x1, y1) in pixels, x1 and y1 excluded
    scene.en.mentions[0]                    # Mention(words=(2,), objects=(0, 1)): "cats" names both

The test split shows only compositions that the training split never shows. A scene is a function of its seed: integer
arithmetic, and of NumPy's random methods `integers` alone.
"""

import importlib.resources
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import cache, captions, compositions, stickers
from mmcourse.data.captions import Caption, vocabulary
from mmcourse.data.compositions import Count, Pair, is_held_out, pick
from mmcourse.data.concepts import BACKGROUNDS

__all__ = ["DEFAULT_COUNTS", "SIDE", "Scene", "Scenes", "Thing", "draw", "is_held_out", "load", "vocabulary"]

SIDE = 64
DEFAULT_COUNTS = {"train": 8000, "test": 600}
_PIXELS = {"small": (14, 16, 18), "medium": (24, 26, 28), "big": (40, 43, 46)}  # longer side of a sticker
_BRIGHTNESS = 8  # a background's colour shifts by up to this, of 255
_SOURCES = ("captions.py", "compositions.py", "concepts.py", "scenes.py", "stickers.py")

# Cells (x0, y0, x1, y1) that do not overlap, so neither do the stickers in them.
_WHOLE = (0, 0, 64, 64)
_QUADRANTS = ((0, 0, 32, 32), (32, 0, 64, 32), (0, 32, 32, 64), (32, 32, 64, 64))
_PAIR_CELLS = {"left": ((0, 14, 32, 50), (32, 14, 64, 50)), "above": ((14, 0, 50, 32), (14, 32, 50, 64))}


@dataclass(frozen=True, slots=True)
class Thing:
    """One sticker in a scene: its concept's id, and the tight box of its visible pixels."""

    concept: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is true of a scene; of a pair, the left or upper object comes first."""

    kind: str  # "count" or "pair"
    key: str  # names the composition; scenes of one split share no key with the other split
    background: str
    objects: tuple[Thing, ...]
    en: Caption
    zh: Caption

    def caption(self, language):
        """The caption in "en" or "zh"."""
        if language not in captions.LANGUAGES:
            raise ValueError(f"expected one of the languages {captions.LANGUAGES}, got {language!r}")
        return getattr(self, language)


@dataclass(frozen=True)
class Scenes:
    """N scenes: `images` (N, 64, 64, 3) uint8 RGB and `records`, N times `Scene`; scenes[i] is (image, record)."""

    images: np.ndarray
    records: tuple[Scene, ...]

    def __len__(self):
        return len(self.records)

    def __getitem__(self, index):
        return self.images[index], self.records[index]


def load(split, count=None, seed=0):
    """The first `count` scenes of a split, from the cache or rendered.

    split: "train" or "test".   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0; each seed draws other scenes, from the same split of the compositions.
    Raises ValueError for another split, count or seed, and stickers.ArtError if the art is missing or changed.
    """
    count = _checked(split, count, seed)
    arrays, notes = cache.cached(
        f"scenes-{split}-{count}-{seed}",
        _stamp(),
        lambda: _render(split, count, seed),
        lambda arrays, notes: _check(arrays, notes, count),
    )
    return Scenes(arrays["images"], tuple(_scene(_composition(fields), boxes) for fields, boxes in notes))


def draw(rng, held_out):
    """One scene from a numpy Generator: (image, Scene), its composition held out from training or not."""
    image, composition, boxes = _compose(rng, held_out)
    return image, _scene(composition, boxes)


def _checked(split, count, seed):
    if not isinstance(split, str) or split not in DEFAULT_COUNTS:
        raise ValueError(f"expected one of the splits {tuple(DEFAULT_COUNTS)}, got {split!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"expected {name} to be a whole number from {least}, got {value!r}")
    return count


def _render(split, count, seed):
    stream = tuple(DEFAULT_COUNTS).index(split)
    rng = np.random.Generator(np.random.PCG64([seed, stream]))
    images = np.empty((count, SIDE, SIDE, 3), np.uint8)
    notes = []
    for i in tqdm(range(count), desc=f"drawing {split} scenes", leave=False, delay=2):
        images[i], composition, boxes = _compose(rng, held_out=split == "test")
        notes.append([[type(composition).__name__, *composition], boxes])
    return {"images": images}, notes


def _compose(rng, held_out):
    composition = compositions.draw(rng, held_out)
    image = np.empty((SIDE, SIDE, 3), np.uint8)
    shift = rng.integers(-_BRIGHTNESS, _BRIGHTNESS + 1)
    image[:] = np.array(BACKGROUNDS[composition.background].colour) + shift
    boxes = []
    for concept, (x0, y0, x1, y1), size in zip(composition.concepts, *_layout(rng, composition), strict=True):
        x, y = rng.integers(x0 + 1, x1 - size), rng.integers(y0 + 1, y1 - size)  # one free pixel all round
        _stick(image[y : y + size, x : x + size], stickers.sticker(concept, size))
        u0, v0, u1, v1 = stickers.visible_box(concept, size)
        boxes.append([int(x) + u0, int(y) + v0, int(x) + u1, int(y) + v1])
    return image, composition, boxes


def _layout(rng, composition):
    """The cells and the sizes in pixels of a composition's stickers, in their order."""
    if isinstance(composition, Pair):
        cells, size = _PAIR_CELLS[composition.relation], "medium"
    else:
        cells, size = (_WHOLE,), composition.size
        if composition.count > 1:
            cells = pick(rng, tuple(combinations(_QUADRANTS, composition.count)))
    return cells, [pick(rng, _PIXELS[size]) for _ in cells]


def _stick(region, sticker):
    """Lay a sticker (premultiplied RGBA) over a region of the image, in place, rounding to nearest."""
    transparency = 255 - sticker[..., 3:].astype(np.uint16)
    region[:] = sticker[..., :3] + (region * transparency + 127) // 255


def _scene(composition, boxes):
    things = (Thing(*thing) for thing in zip(composition.concepts, map(tuple, boxes), strict=True))
    return Scene(
        kind=type(composition).__name__.lower(),
        key=composition.key,
        background=composition.background,
        objects=tuple(things),
        en=captions.caption(composition, "en"),
        zh=captions.caption(composition, "zh"),
    )


def _composition(fields):
    kind, *rest = fields
    return {"Count": Count, "Pair": Pair}[kind](*rest)


def _check(arrays, notes, count):
    images = arrays["images"]
    expected = (count, SIDE, SIDE, 3)
    if images.shape != expected or images.dtype != np.uint8 or len(notes) != count:
        raise ValueError(
            f"expected {expected} uint8 and {count} notes, got {images.shape} {images.dtype} and {len(notes)}"
        )


def _stamp():
    """The fingerprint of all that a scene depends on, so that a change of code, table or art renders anew."""
    here = importlib.resources.files("mmcourse.data")
    sources = [(here / name).read_bytes() for name in _SOURCES]
    return cache.fingerprint(*sources, stickers.ART_SHA256, *stickers.renderer())
