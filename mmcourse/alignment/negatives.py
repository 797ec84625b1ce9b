"""Captions that are nearly right: the same scene but for one thing, in words that the world could say.

    cat_left = Pair("cat", "left", "dog", "grass")
    swapped(cat_left)["order"]              # (Pair("dog", "left", "cat", "grass"),)
    texts(cat_left, "en")["relation"]       # ("a cat above a dog on the grass",)

A bag of words cannot tell an order swapped from the truth.
"""

from mmcourse.data.captions import caption
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import CONCEPTS

KINDS = ("order", "relation", "count", "size")
_COUNTS = (1, 2, 3)


def composition(scene):
    """The `Count` or the `Pair` that a `mmcourse.data.scenes.Scene` shows."""
    kind, *fields = scene.key.split()
    if kind == "pair":
        return Pair(*fields, scene.background)
    concept, count, size, background = fields
    return Count(concept, int(count), size, background)


def swapped(shown):
    """{kind: compositions that differ from the one shown in this kind alone}, of the `KINDS` that it has.

    A pair has an order and a relation; what is counted has a count and a size. Three big cats have no room in a scene,
    so one big cat has no other count.
    """
    if isinstance(shown, Pair):
        return {
            "order": (shown._replace(first=shown.second, second=shown.first),),
            "relation": tuple(shown._replace(relation=r) for r in RELATIONS if r != shown.relation),
        }
    counts = [n for n in _COUNTS if n != shown.count and shown.size in sizes_for(n)]
    sizes = [s for s in sizes_for(shown.count) if s != shown.size]
    found = {
        "count": tuple(shown._replace(count=n) for n in counts),
        "size": tuple(shown._replace(size=s) for s in sizes),
    }
    return {kind: others for kind, others in found.items() if others}


def others(shown, rng, few=4, without=()):
    """Compositions that differ from the one shown in one thing alone, drawn from a NumPy Generator.

    without: concepts that none of them shows.
    """
    absent = [concept for concept in CONCEPTS if concept not in (*shown.concepts, *without)]
    drawn = [absent[i] for i in rng.choice(len(absent), few, replace=False)]
    if isinstance(shown, Count):
        return tuple(shown._replace(concept=concept) for concept in drawn)
    return tuple(shown._replace(**{("first", "second")[rng.integers(2)]: concept}) for concept in drawn)


def texts(shown, language):
    """`swapped` as captions in "en" or "zh"."""
    return {kind: tuple(caption(c, language).text for c in others) for kind, others in swapped(shown).items()}
