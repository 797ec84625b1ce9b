"""What a sentence of the sticker world says, read word by word, so that a damaged sentence still says something.

    facts.of("two small cats on the grass")     # Facts(things=("cat",), place="grass", number=2, size="small", …)

`mmcourse.captioning.faults.composition_of` reads whole captions and nothing else: one wrong letter, and all is lost.
Here every fact hangs on its own words: a thing on its noun, a place on its last word, a number, size and relation on
one word each. For captions without a fault both say the same.
"""

from typing import NamedTuple

from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

_NOUNS = {form.split()[-1]: c.id for c in CONCEPTS.values() for form in (c.singular, c.plural)}
_PLACES = {b.en.split()[-1]: b.id for b in BACKGROUNDS.values()}
_NUMBERS = {"a": 1, "an": 1, "two": 2, "three": 3}
_SIZES = {"small": "small", "big": "big"}
_RELATIONS = {"left": "left", "above": "above"}


class Facts(NamedTuple):
    """things: ids of concepts in the order of the text. place: id of a background, or None where none is told.

    number: 1 to 3, None untold. size: "medium" where none is told, as captions do. relation: "left", "above" or None.
    """

    things: tuple
    place: str | None
    number: int | None
    size: str
    relation: str | None


NAMES = Facts._fields


def of(text):
    """The `Facts` of an English text; of each kind of fact but the things, the first one told counts."""
    words = text.lower().split()
    things = tuple(_NOUNS[word] for word in words if word in _NOUNS)
    first = [next((table[w] for w in words if w in table), None) for table in (_PLACES, _NUMBERS, _SIZES, _RELATIONS)]
    place, number, size, relation = first
    return Facts(things, place, number, size or "medium", relation)


def in_question(true):
    """The names of the facts that a scene puts in question: number and size of one kind of thing, or a relation."""
    return ("things", "place", "relation") if true.relation else ("things", "place", "number", "size")


def kept(told, true):
    """{name: whether it is as it was} for the facts that the true ones put in question."""
    return {name: getattr(told, name) == getattr(true, name) for name in in_question(true)}
