"""From the painter's portraits, one thing on one place each, to a scene of 64 × 64 that the captioner can look at.

The painter knows 32 × 32 pictures of a single thing; the captioner knows 64 × 64 scenes of one to three. So a sentence
is divided into portraits, and these are laid out as the sentence says, where `mmcourse.data.scenes` would have put the
stickers. A portrait's thing is as large as a medium one in a scene; for a small or a big one the portrait is resized.
The layout is a rule and not learned: of a sentence, the painter itself understands things and places only.
"""

import numpy as np

from mmcourse.data import captions
from mmcourse.data.compositions import Count
from mmcourse.data.scenes import SIDE
from mmcourse.images.scratch import resize

SIZES = {"small": 20, "medium": 32, "big": 52}  # of a portrait's side, for a thing of 16, 26 and 42 pixels
_QUARTERS = ((16, 16), (48, 48), (48, 16))  # x and y of middles
_MIDDLES = {"left": ((16, 32), (48, 32)), "above": ((32, 16), (32, 48))}


def portrait_captions(told):
    """One caption of the painter's for each thing that a scene of these `Facts` shows.

    Raises ValueError where they name no thing, no place, or more than a scene of this world can show.
    """
    if told.place is None or not told.things:
        missing = " and ".join(["a thing"] * (not told.things) + ["a place"] * (told.place is None))
        raise ValueError(f"expected a thing on a place, came a text without {missing}. Try: 'a cat on the grass'")
    if len(told.things) > 2 or (len(told.things) == 2 and told.relation is None):
        raise ValueError(
            f"expected one kind of thing, or two and how they lie, came {', '.join(told.things)}. "
            "Try: 'a cat to the left of a dog at night'"
        )
    things = told.things if len(told.things) == 2 else told.things * (told.number or 1)
    return [captions.caption(Count(thing, 1, "medium", told.place), "en").text for thing in things]


def laid_out(portraits, told):
    """Portraits (N, 32, 32, 3) uint8 as one scene (64, 64, 3) uint8, laid out as the `Facts` say.

    The ground is of the portraits' own colour, the median of what lies at their edges.
    """
    edges = np.concatenate([portraits[:, :2].reshape(-1, 3), portraits[:, -2:].reshape(-1, 3)])
    scene = np.empty((SIDE, SIDE, 3), np.uint8)
    scene[:] = np.median(edges, 0)
    for portrait, (x, y) in zip(portraits, _middles(told, len(portraits)), strict=True):
        side = SIZES[_size(told, len(portraits))]
        scene[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = _resized(portrait, side)
    return scene


def _middles(told, count):
    if len(told.things) == 2:
        return _MIDDLES[told.relation]
    return _QUARTERS[:count] if count > 1 else ((SIDE // 2, SIDE // 2),)


def _size(told, count):
    """Several things have no room to be big, and of two different ones no caption tells a size."""
    if len(told.things) == 2 or (count > 1 and told.size == "big"):
        return "medium"
    return told.size


def _resized(portrait, side):
    """Weights of a mean: no value leaves the range of the old ones."""
    y, _ = resize(portrait.transpose(2, 0, 1).astype(np.float32), side, side)
    return y.round().astype(np.uint8).transpose(1, 2, 0)
