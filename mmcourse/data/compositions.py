"""What a scene shows, drawn at random, and which compositions the training split never sees.

Only `Generator.integers` is called: its stream has been the same in every NumPy release the course allows.
"""

import zlib
from typing import NamedTuple

from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

SIZES = ("small", "medium", "big")
RELATIONS = ("left", "above")
HELD_OUT_ONE_IN = 5


class Count(NamedTuple):
    """`count` times one concept, all of one size: "two small cats on the grass"."""

    concept: str
    count: int
    size: str
    background: str

    @property
    def concepts(self):
        return (self.concept,) * self.count

    @property
    def key(self):
        return f"count {self.concept} {self.count} {self.size} {self.background}"


class Pair(NamedTuple):
    """Two concepts, the first left of or above the second: "a cat to the left of a dog on the grass".

    The key leaves the background out: a held-out pair is unseen on every background.
    """

    first: str
    relation: str
    second: str
    background: str

    @property
    def concepts(self):
        return (self.first, self.second)

    @property
    def key(self):
        return f"pair {self.first} {self.relation} {self.second}"


def sizes_for(count):
    """The sizes that `count` stickers can have without touching each other."""
    return SIZES if count == 1 else SIZES[:2]


def is_held_out(key):
    """Whether the composition with this key belongs to the test split: one in five does, by a stable hash."""
    return zlib.crc32(key.encode()) % HELD_OUT_ONE_IN == 0


def draw(rng, held_out):
    """Draw a `Count` or a `Pair`, equally often, from the held-out compositions or from the others."""
    while True:
        composition = _draw_count(rng) if rng.integers(2) == 0 else _draw_pair(rng)
        if is_held_out(composition.key) == held_out:
            return composition


def pick(rng, options):
    """One of a sequence of options, each equally likely."""
    return options[rng.integers(len(options))]


def _draw_count(rng):
    count = pick(rng, (1, 2, 3))
    return Count(pick(rng, tuple(CONCEPTS)), count, pick(rng, sizes_for(count)), pick(rng, tuple(BACKGROUNDS)))


def _draw_pair(rng):
    first = pick(rng, tuple(CONCEPTS))
    second = pick(rng, [concept for concept in CONCEPTS if concept != first])
    return Pair(first, pick(rng, RELATIONS), second, pick(rng, tuple(BACKGROUNDS)))
