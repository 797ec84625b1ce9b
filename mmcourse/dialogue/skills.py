"""What the assistant can do: each skill takes what was understood and what was seen, and returns a `Reply`.

`answer_facts` of the requests' own module says what is to be told. It is asked of what the assistant sees, not of what
is true; so an answer is wrong where the eye was.
"""

import difflib
from typing import Any, NamedTuple

from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.data.request_facts import MIRRORED, answer_facts, fits
from mmcourse.dialogue import sentences

NEEDS = {"find": ("concept",), "count": ("concept",), "where": ("concept",), "what": ("relation", "second")}
ABOUT_A_PICTURE = ("count", "where", "what", "describe")
SHOWN = 10  # pictures that a search gives
REFUSALS = ("unheard", "unclear", "unknown word", "missing", "other", "no picture", "unseen", "not found")


class Reply(NamedTuple):
    """text: what to say.   facts: the `Facts` that it tells, or None.   refusal: one of REFUSALS, or None."""

    text: str
    facts: Any = None
    refusal: str | None = None


def objection(understood, language, known):
    """A `Reply` where a request cannot be served, whatever the picture: else None.

    known: {slot: texts that mean something there}, for proposals.
    """
    wanted = NEEDS.get(understood.intent, ())
    for slot, text in understood.unknown:
        some = _proposals(text, known.get(slot, ()))
        return Reply(sentences.unknown_word(language, text, some), refusal="unknown word")
    if understood.intent == "other":
        return Reply(sentences.fixed(language, "other"), answer_facts(understood), "other")
    if "relation" in understood.slots and understood.intent == "find" and "second" not in understood.slots:
        return Reply(sentences.missing(language, "second"), refusal="missing")
    for slot in wanted:
        if slot not in understood.slots:
            return Reply(sentences.missing(language, slot), refusal="missing")
    return None


def about(understood, seen, language):
    """The `Reply` to a question about a picture, given what was seen in it."""
    told, slots = answer_facts(understood, seen), understood.slots
    if not told.present:
        return Reply(sentences.no_such(language, slots.get("second", slots.get("concept"))), told)
    if understood.intent == "count":
        return Reply(sentences.some(language, slots["concept"], told.number), told)
    if understood.intent == "what" and told.concept is None:
        return Reply(sentences.nothing_there(language, slots["relation"], slots["second"]), told)
    return Reply(seen.caption(language).text, told)


def shown(understood, seen, language):
    """The `Reply` to a request to find, given what was seen in the picture that was found."""
    told = answer_facts(understood, seen)
    if not told.present:
        return Reply(sentences.fixed(language, "not found"), told, "not found")
    return Reply(seen.caption(language).text, told)


def fitting(slots, seen):
    """Whether what was seen is what the slots of a request to find ask for."""
    return fits(slots, seen)


def wanted(slots):
    """All compositions that the slots of a request to find allow: what to search for, one by one.

    Of a thing that is asked for alone, also the pairs in which it stands: they show it, too.
    """
    places = [slots["background"]] if "background" in slots else list(BACKGROUNDS)
    concept, number = slots["concept"], slots.get("number")
    if "relation" in slots:
        first, relation, second = concept, slots["relation"], slots["second"]
        if relation in MIRRORED:
            first, relation, second = second, MIRRORED[relation], first
        return [Pair(first, relation, second, place) for place in places]
    found = [
        Count(concept, n, size, place)
        for n in ([number] if number else (1, 2, 3))
        for size in ([slots["size"]] if "size" in slots else sizes_for(n))
        for place in places
    ]
    if "size" in slots or number not in (None, 1):
        return found
    others = [other for other in CONCEPTS if other != concept]
    return found + [
        Pair(*pair, place)
        for other in others
        for relation in RELATIONS
        for pair in ((concept, relation, other), (other, relation, concept))
        for place in places
    ]


def _proposals(text, known, n=3):
    """Some known texts, those that look most like a text first."""
    near = difflib.get_close_matches(text, known, n, 0.0)
    return near or list(known)[:n] or ["?"]
