"""What is wrong with a caption of a sticker scene? Its meaning is read back from its words, and compared.

    composition_of(("two", "small", "cats", "on", "the", "grass"), "en")    # Count("cat", 2, "small", "grass")
    faults(written, true, "en")                                             # ("wrong number", "wrong place")
"""

from itertools import product

from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

KINDS = (
    "no sentence", "another kind of scene",
    "wrong thing", "wrong number", "wrong size", "wrong relation", "wrong place",
)  # fmt: skip


def composition_of(words, language):
    """The `Count` or `Pair` whose caption these words are, or None: nothing in this world is described so.

    "a cat above a cat" has a meaning, though no scene shows it.
    """
    if language not in LANGUAGES:
        raise ValueError(f"composition_of: expected a language of {LANGUAGES}, came {language!r}")
    words = tuple(words)
    for composition in _candidates(set(words), language):
        if caption(composition, language).words == words:
            return composition
    return None


def faults(written, true, language):
    """What is wrong with a caption, as a tuple of `KINDS`; () if nothing is.

    written, true: tuples of words; true is the caption of a scene.
    """
    told, shown = composition_of(written, language), composition_of(true, language)
    if shown is None:
        raise ValueError(f"faults: expected the caption of a scene as true, came {' '.join(true)!r}")
    if told is None:
        return ("no sentence",)
    if type(told) is not type(shown):
        return ("another kind of scene",)
    differs = {
        "wrong thing": set(told.concepts) != set(shown.concepts),
        "wrong place": told.background != shown.background,
    }
    if isinstance(shown, Count):
        differs |= {"wrong number": told.count != shown.count, "wrong size": told.size != shown.size}
    elif not differs["wrong thing"]:  # the relation of other things cannot be compared
        differs["wrong relation"] = (told.relation, told.first) != (shown.relation, shown.first)
    return tuple(kind for kind in KINDS if differs.get(kind))


def _candidates(words, language):
    """All compositions of the things that the words can name."""
    named = [name for name, concept in CONCEPTS.items() if _is_named(concept, words, language)]
    for concept, count, background in product(named, (1, 2, 3), BACKGROUNDS):
        for size in sizes_for(count):
            yield Count(concept, count, size, background)
    for first, second, relation, background in product(named, named, RELATIONS, BACKGROUNDS):
        yield Pair(first, relation, second, background)


def _is_named(concept, words, language):
    forms = (concept.singular, concept.plural) if language == "en" else (concept.noun,)
    return any(words.issuperset(form.split()) for form in forms)
