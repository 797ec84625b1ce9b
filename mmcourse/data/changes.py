"""Changes in words: "like this, but at night", said of a sticker scene, and which scenes it would find.

    asked = changes.load()
    one = asked.queries[0]                  # a Query: the scene it starts from, its change
    one.change.text, one.change.kind        # "but at night", "background"
    asked.images                            # (G, 64, 64, 3) uint8: the gallery, 600 test scenes first
    asked.right                             # (Q, G) bool: which scenes of the gallery are as asked for

What is right follows from the composition's fields: the one that the change names has its new value, all others stay.
All compositions here, before and after, are held out from training. Where the test scenes hold none that is right, a
scene is added to the gallery, which misleads all other queries. The scene that a query starts from is never right.
All is a function of the seed, the test scenes too; of NumPy's random methods only `integers` is called.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmcourse.alignment.negatives import composition
from mmcourse.data import captions, scenes, stickers
from mmcourse.data.compositions import SIZES, Count, Pair, is_held_out, pick, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

KINDS = ("background", "thing", "count", "size", "order")
_RARE = ("count", "size", "order")
NUMBERS = {1: "only one", 2: "two", 3: "three"}
_BIGGER = ("like this , but bigger", "bigger , please", "the same , bigger")
_SMALLER = ("like this , but smaller", "smaller , please", "the same , smaller")
_SAYING = {
    "background": ("like this , but {}", "{} instead", "the same {}"),
    "thing": ("with {} instead of {}", "like this , but {} and not {}", "{} in place of {}"),
    "count": ("but {} of them", "like this , but {}", "the same , but {}"),
    "order": ("the other way round", "like this , but swapped", "swap the two"),
}


class Change(NamedTuple):
    """A change of one kind in words; what it makes of the scene that it is said of; and its old and new words.

    after: the `Count` or `Pair` asked for. old, new: words of captions that the change takes away and brings.
    """

    kind: str
    text: str
    after: Count | Pair
    old: str
    new: str


class Query(NamedTuple):
    """scene: its number in the test split, and in the gallery. before: what it shows. change: what is asked for."""

    scene: int
    before: Count | Pair
    change: Change


@dataclass(frozen=True)
class Changes:
    """Q `queries`; the gallery: `images` (G, 64, 64, 3) uint8, `shown` (G compositions); `right` (Q, G) bool."""

    queries: tuple[Query, ...]
    images: np.ndarray
    shown: tuple
    right: np.ndarray

    def __len__(self):
        return len(self.queries)


def load(count=600, each=2, seed=0):
    """Queries about the first `count` test scenes, up to `each` different changes of a scene.

    A scene whose composition allows fewer changes gets fewer. seed: of the scenes (`scenes.load`) and of the changes.
    Raises ValueError for counts that are none.
    """
    if not (1 <= count <= scenes.DEFAULT_COUNTS["test"] and 1 <= each <= len(KINDS)):
        raise ValueError(f"changes: expected a count of 1 to {scenes.DEFAULT_COUNTS['test']} and each of 1 to "
                         f"{len(KINDS)}, came {count} and {each}")  # fmt: skip
    data = scenes.load("test", seed=seed)
    rng = np.random.Generator(np.random.PCG64([seed, 7]))
    before = [composition(record) for record in data.records]
    queries = tuple(Query(i, before[i], change) for i in range(count)
                    for change in few(before[i], rng, each, held_out=True))  # fmt: skip
    extra = list(dict.fromkeys(q.change.after for q in queries if q.change.after not in set(before)))
    images = np.concatenate([data.images, *(draw(c, rng)[None] for c in extra)])
    shown = (*before, *extra)
    right = np.array([[c == q.change.after for c in shown] for q in queries])
    return Changes(queries, images, shown, right)


def few(before, rng, each, held_out=None):
    """Up to `each` changes of different kinds that can be said of a composition, drawn from a numpy Generator.

    Kinds that only some compositions have come first, or there would be few of them.
    held_out: whether what comes out is held out from training, or (False) in it; None: either.
    """
    rare, found = list(_RARE), []
    common = [kind for kind in KINDS if kind not in _RARE]
    while (rare or common) and len(found) < each:
        kinds = rare or common
        kind = kinds.pop(rng.integers(len(kinds)))
        options = [c for c in possible(before, kind) if held_out is None or is_held_out(c.key) == held_out]
        if options:
            after = pick(rng, options)
            found.append(said(before, after, kind, rng))
    return found


def possible(before, kind):
    """All compositions that differ from one in what a kind of change can change, a list; empty where it has no such.

    Of a pair either thing may be another. What is counted keeps its size; what changes its size keeps its count.
    """
    if kind == "background":
        return [before._replace(background=b) for b in BACKGROUNDS if b != before.background]
    if kind == "thing":
        fields = ("concept",) if isinstance(before, Count) else ("first", "second")
        return [before._replace(**{f: c}) for f in fields for c in CONCEPTS if c not in before.concepts]
    if isinstance(before, Pair):
        return [before._replace(first=before.second, second=before.first)] if kind == "order" else []
    if kind == "count":
        return [before._replace(count=n) for n in NUMBERS if n != before.count and before.size in sizes_for(n)]
    if kind == "size":  # only the next size, so that "bigger" has one answer
        near = [s for s in sizes_for(before.count) if abs(SIZES.index(s) - SIZES.index(before.size)) == 1]
        return [before._replace(size=s) for s in near]
    return []


def said(before, after, kind, rng):
    """The `Change` from one composition to another in words, drawn from a numpy Generator."""
    if kind == "size":
        bigger = SIZES.index(after.size) > SIZES.index(before.size)
        return Change(kind, pick(rng, _BIGGER if bigger else _SMALLER), after, _whole(before), _whole(after))
    form = pick(rng, _SAYING[kind])
    if kind == "background":
        old, new = BACKGROUNDS[before.background].en, BACKGROUNDS[after.background].en
        return Change(kind, form.format(new), after, old, new)
    if kind == "thing":
        changed = next(f for f in before._fields if getattr(before, f) != getattr(after, f))
        number = before.count if isinstance(before, Count) else 1
        old, new = (_some(getattr(c, changed), number) for c in (before, after))
        return Change(kind, form.format(new, old), after, old, new)
    if kind == "count":
        return Change(kind, form.format(NUMBERS[after.count]), after, _some(before.concept, before.count),
                      _some(after.concept, after.count))  # fmt: skip
    return Change(kind, form, after, _whole(before), _whole(after))


def vocabulary():
    """All words that changes can hold, sorted."""
    rng = np.random.Generator(np.random.PCG64(0))
    words = {word for forms in (_BIGGER, _SMALLER, *_SAYING.values()) for form in forms
             for word in form.replace("{}", "").split()}  # fmt: skip
    phrases = [b.en for b in BACKGROUNDS.values()] + list(NUMBERS.values())
    phrases += [_some(c, n) for c in CONCEPTS for n in NUMBERS]
    first, second, *_ = CONCEPTS
    phrases += [said(Pair(first, "left", second, "sky"), c, "order", rng).text
                for c in possible(Pair(first, "left", second, "sky"), "order")]  # fmt: skip
    return tuple(sorted(words | {word for phrase in phrases for word in phrase.split()}))


def draw(shown, rng):
    """A scene that shows a composition, (64, 64, 3) uint8, from a numpy Generator: as `scenes.draw` would."""
    image = np.empty((scenes.SIDE, scenes.SIDE, 3), np.uint8)
    image[:] = np.array(BACKGROUNDS[shown.background].colour) + rng.integers(-8, 9)
    for concept, (x0, y0, x1, y1), size in zip(shown.concepts, *scenes._layout(rng, shown), strict=True):
        x, y = rng.integers(x0 + 1, x1 - size), rng.integers(y0 + 1, y1 - size)
        scenes._stick(image[y : y + size, x : x + size], stickers.sticker(concept, size))
    return image


def _some(concept, number):
    """A thing as captions say it: "a cat", "two cats"."""
    return " ".join(captions.caption(Count(concept, number, "medium", "sky"), "en").words[:-3])


def _whole(shown):
    return captions.caption(shown, "en").text
