"""What was seen in a picture, in the form of what is true of one, so that the same questions can be asked of both.

seen = from_caption("a cat to the left of a dog at night")
seen = from_boxes(picture, boxes, labels)           # of a detector
seen.composition                                    # Pair("cat", "left", "dog", "night")
answer_facts(request, seen)                         # as of a `mmcourse.data.scenes.Scene`
"""

from typing import Any, NamedTuple

import numpy as np

from mmcourse.captioning.faults import composition_of
from mmcourse.data.captions import caption
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS
from mmcourse.translation import facts

SMALLER, BIGGER = 20.5, 33.0  # pixels of the longer side: small stickers lie below, big ones above


class Thing(NamedTuple):
    """One thing that was seen."""

    concept: str


class Seen(NamedTuple):
    """composition: `Count` or `Pair`.   confidence: how sure the eye is, from 0 to 1."""

    composition: Any
    confidence: float = 1.0

    @property
    def kind(self):
        return type(self.composition).__name__.lower()

    @property
    def key(self):
        return self.composition.key

    @property
    def background(self):
        return self.composition.background

    @property
    def objects(self):
        return tuple(Thing(concept) for concept in self.composition.concepts)

    def caption(self, language):
        """The `Caption` in "en" or "zh"."""
        return caption(self.composition, language)


def from_caption(text, confidence=1.0):
    """The `Seen` of an English caption; of a faulty one, what its words still say. ValueError for no thing at all."""
    read = composition_of(text.split(), "en") or _composition(facts.of(text))
    if read is None:
        raise ValueError(f"from_caption: {text!r} names nothing that a scene could show. Try: another look")
    return Seen(read, confidence)


def from_boxes(picture, boxes, labels, confidence=1.0):
    """The `Seen` of a picture (H, W, 3) uint8 in which a detector found something.

    boxes (n, 4): x0, y0, x1, y1.   labels: the n names, best first. Of three or more different things the best two
    count. Raises ValueError for no boxes.
    """
    if not len(labels):
        raise ValueError("from_boxes: nothing was found in this picture. Try: a lower threshold")
    place = nearest_background(picture)
    if len(set(labels)) == 1:
        n = min(len(labels), 3)
        side = float(np.median(np.max(boxes[:, 2:] - boxes[:, :2], axis=1)))
        size = "small" if side < SMALLER else "big" if side > BIGGER else "medium"
        return Seen(Count(labels[0], n, size if size in sizes_for(n) else "medium", place), confidence)
    other = next(i for i, label in enumerate(labels) if label != labels[0])
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    gap = middle[other] - middle[0]
    axis = int(np.abs(gap).argmax())  # 0: beside each other, 1: above each other
    first, second = (0, other) if gap[axis] > 0 else (other, 0)
    return Seen(Pair(labels[first], RELATIONS[axis], labels[second], place), confidence)


def nearest_background(picture):
    """The background whose colour the picture's rim has: things keep one pixel away from it."""
    rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(float)
    shown = np.median(rim, 0)
    gap = {name: float(np.square(shown - place.colour).sum()) for name, place in BACKGROUNDS.items()}
    return min(gap, key=gap.get)


def _composition(told):
    """A `Count` or `Pair` of `facts.Facts`, where they are enough for one."""
    place = told.place or next(iter(BACKGROUNDS))
    if not told.things:
        return None
    if len(told.things) > 1 and told.things[0] != told.things[1]:
        return Pair(told.things[0], told.relation or RELATIONS[0], told.things[1], place)
    n = told.number or 1
    return Count(told.things[0], n, told.size if told.size in sizes_for(n) else "medium", place)
