"""What one may ask about sticker scenes, in English and in Chinese: requests with their intent, slots and tags.

    request = requests.draw(np.random.default_rng(0), "en", held_out=False)
    request.text, request.intent            # "please show me two small apples on the snow", "find"
    request.words, request.tags             # ("please", …, "two", …), ("O", …, "B-number", …)
    request.slots                           # {"number": 2, "size": "small", "concept": "apple", "background": "snow"}
    test = requests.load("test", "zh", 200)

    find        a picture: concept, number, size, background; or concept, relation, second, background
    count       how many of a concept the picture shows
    where       a concept is
    what        stands in a relation to a second concept
    describe    the picture
    again, help, stop
    other       requests from outside this world, which must be refused

A tag is O, or B- or I- and the name of a slot. Words such as "a" are no number. The splits: a request's `key` says what
is asked, and belongs to one split; `test` also has phrasings of its own. So no text is in two splits.
`answer_facts` tells what the answer must be. A request is a function of the seed, by the method `integers` alone.
"""

import re
import zlib
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from mmcourse.data import request_words as said
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.compositions import HELD_OUT_ONE_IN, Pair, pick, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.data.request_facts import MIRRORED, RELATIONS, Facts, answer_facts, fits

__all__ = ["INTENTS", "RELATIONS", "SLOTS", "SPLITS", "TAGS", "Facts", "Request", "answer_facts", "draw", "draw_intent",
           "fits", "load", "load_phrasings", "make", "split_of", "value"]  # fmt: skip

INTENTS = ("find", "count", "where", "what", "describe", "again", "help", "stop", "other")
SLOTS = ("concept", "second", "relation", "number", "size", "background")
TAGS = ("O", *(f"{b}-{slot}" for slot in SLOTS for b in "BI"))
SPLITS = ("train", "validation", "test")
_OFTEN = ("find", "find", "find", "count", "count", "where", "where", "what", "what", "describe", "other", "other")
_SELDOM = ("again", "help", "stop")
_PARTITIVES = frozenset("块串")  # the size belongs to such a measure word: 一小块披萨, as in `captions`


@dataclass(frozen=True)
class Request:
    """One request. words, tags: as long as each other; text: the words as one string.

    slots: {name of SLOTS: concept's or background's id, relation of RELATIONS, number, "small" or "big"}.
    key: what is asked, whatever the words; of a request without slots, its words.
    """

    language: str
    text: str
    words: tuple[str, ...]
    intent: str
    slots: dict = field(hash=False)
    tags: tuple[str, ...]
    key: str


def draw(rng, language, held_out):
    """A `Request` from a numpy Generator: of the test split where held_out, else of the training split."""
    return _drawn(rng, language, "test" if held_out else "train")


def draw_intent(rng, language, intent, split="train"):
    """A `Request` of one intent and one split."""
    _check("intent", intent, INTENTS)
    return _drawn(rng, language, split, intent)


def load(split, language, count=1000, seed=0):
    """`count` requests of a split, a tuple of `Request`, in which one may come twice. Raises ValueError, see `draw`."""
    _check("split", split, SPLITS)
    _check("language", language, LANGUAGES)
    for name, number, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise ValueError(f"requests: expected {name} to be a whole number from {least}, came {number!r}")
    rng = np.random.Generator(np.random.PCG64([seed, SPLITS.index(split), LANGUAGES.index(language)]))
    return tuple(_drawn(rng, language, split) for _ in range(count))


def load_phrasings(language, count=1000, seed=0):
    """`count` requests that are phrased as in training, about any things; what has no slots is of the training split.

    It is what a class-based language model knows, to which a noun may stand where another one stands (Brown et al.
    1992, "Class-based n-gram models of natural language", Computational Linguistics 18).
    """
    rng = np.random.Generator(np.random.PCG64([seed, len(SPLITS), LANGUAGES.index(language)]))
    return tuple(_drawn(rng, language, "train", any_slots=True) for _ in range(count))


def split_of(key):
    """The split that a key belongs to, by a stable hash: one in five each to test and to validation."""
    return {0: "test", 1: "validation"}.get(zlib.crc32(key.encode()) % HELD_OUT_ONE_IN, "train")


def make(language, intent, slots, phrasing, before="", after="", way=0):
    """The `Request` that a phrasing of `request_words` makes of slots, with words before and after it.

    slots: as in `Request`.   phrasing: words and blanks, such as "show me {np}" or "{noun} 在 哪里".
    way: which of the ways to say a relation; the last one there is if there are fewer.
    """
    words, tags = [], []
    for text, slot in [(before, None), *_pieces(language, slots, phrasing, way), (after, None)]:
        run = text.split()
        words += run
        tags += [f"{'I' if i else 'B'}-{slot}" if slot else "O" for i in range(len(run))]
    text = (" " if language == "en" else "").join(words)
    key = _key(intent, slots, phrasing if intent == "other" else text)
    return Request(language, text, tuple(words), intent, slots, tuple(tags), key)


def value(language, slot, words):
    """What the words of a slot mean, as `Request.slots` has it; None if they mean nothing.

    words: such as ("slices", "of", "pizza"), which is the concept "pizza".
    """
    _check("language", language, LANGUAGES)
    _check("slot", slot, SLOTS)
    return _values(language)[slot].get(tuple(words))


@cache
def _values(language):
    concepts = {}
    for name, c in CONCEPTS.items():
        for noun in (c.singular, c.plural) if language == "en" else (c.noun,):
            concepts[tuple(noun.split())] = name
    relations = said.RELATION_WORDS[language].items()
    return {
        "concept": concepts,
        "second": concepts,
        "relation": {tuple(way.split()): relation for relation, ways in relations for way in ways},
        "number": {(word,): number for number, word in said.NUMBER_WORDS[language].items()},
        "size": {(word,): size for size, word in said.SIZE_WORDS[language].items()},
        "background": {tuple(getattr(b, language).split()): name for name, b in BACKGROUNDS.items()},
    }


def _check(name, got, known):
    if got not in known:
        raise ValueError(f"requests: expected {name} to be one of {known}, came {got!r}")


def _drawn(rng, language, split, intent=None, any_slots=False):
    _check("language", language, LANGUAGES)
    _check("split", split, SPLITS)
    intent = intent or pick(rng, (*_OFTEN, pick(rng, _SELDOM)))
    while True:  # until its key is of the split
        request = make(language, intent, _slots(rng, intent), *_phrasing(rng, language, split, intent))
        if split_of(request.key) == split or (any_slots and request.slots):
            return request


def _slots(rng, intent):
    if intent == "find":
        return _pair(rng) if rng.integers(2) else _group(rng)
    if intent in ("count", "where"):
        return {"concept": pick(rng, tuple(CONCEPTS))}
    if intent == "what":
        return {"relation": pick(rng, RELATIONS), "second": pick(rng, tuple(CONCEPTS))}
    return {}


def _pair(rng):
    first = pick(rng, tuple(CONCEPTS))
    slots = {"concept": first, "relation": pick(rng, RELATIONS)}
    slots["second"] = pick(rng, [c for c in CONCEPTS if c != first])
    return slots | ({"background": pick(rng, tuple(BACKGROUNDS))} if rng.integers(3) == 0 else {})


def _group(rng):
    """Some of one concept; what is not asked for is no slot."""
    slots = {"concept": pick(rng, tuple(CONCEPTS))}
    number = pick(rng, (None, 1, 2, 3))
    size = pick(rng, (None, *(s for s in sizes_for(number or 1) if s != "medium")))
    background = pick(rng, (None, *BACKGROUNDS)) if rng.integers(3) else None
    return slots | {n: v for n, v in (("number", number), ("size", size), ("background", background)) if v is not None}


def _phrasing(rng, language, split, intent):
    """What `make` needs beside the slots: (phrasing, words before, words after, way)."""
    polite = ""
    if intent == "other":
        phrasing, options = pick(rng, said.OUTSIDE[language]), said.OPTIONS[language]
        phrasing = re.sub("{([A-Z]+)}", lambda blank: pick(rng, options[blank[1]]), phrasing)
    elif split == "test" and rng.integers(4) == 0:
        phrasing = pick(rng, said.UNSEEN[language][intent])
    else:
        orders, questions = said.ORDERS[language][intent], said.QUESTIONS[language][intent]
        phrasing = pick(rng, (*orders, *questions))
        if phrasing in orders and rng.integers(2):
            polite = pick(rng, said.POLITE[language])
    before = pick(rng, said.BEFORE[language]) if rng.integers(6) == 0 else ""
    after = pick(rng, said.AFTER[language]) if rng.integers(6) == 0 and not polite else ""
    return phrasing, f"{before} {polite}", after, int(rng.integers(2))


def _key(intent, slots, words):
    """Of a pair it is the scene's: it leaves the background out, and which of the two was named first."""
    if not slots:
        return f"{intent} {words}"
    if "relation" not in slots or intent != "find":
        return " ".join([intent, *(str(slots.get(name)) for name in SLOTS)])
    first, relation, second = slots["concept"], slots["relation"], slots["second"]
    if relation in MIRRORED:
        first, relation, second = second, MIRRORED[relation], first
    return Pair(first, relation, second, "").key


def _pieces(language, slots, phrasing, way):
    """The phrasing in pieces, each a run of words and the name of their slot, or None."""
    blanks = {}
    if "concept" in slots:
        noun = CONCEPTS[slots["concept"]]
        blanks["m"] = [(noun.measure, None)]
        blanks["noun"] = [(noun.singular if language == "en" else noun.noun, "concept")]
        blanks["nouns"] = [(noun.plural, "concept")]
    if "second" in slots:
        noun = CONCEPTS[slots["second"]]
        blanks["second"] = [(noun.singular if language == "en" else noun.noun, "second")]
        ways = said.RELATION_WORDS[language][slots["relation"]]
        blanks["rel"] = [(ways[min(way, len(ways) - 1)], "relation")]
    if "{np}" in phrasing:
        blanks["np"] = (_wanted_en if language == "en" else _wanted_zh)(slots, blanks)
    return [
        piece
        for part in re.split("({[a-z]+})", phrasing)
        for piece in (blanks[part[1:-1]] if part[:1] == "{" else [(part, None)])
    ]


def _wanted_en(slots, blanks):
    place = [(BACKGROUNDS[slots["background"]].en, "background")] if "background" in slots else []
    number, size = slots.get("number"), slots.get("size", "")
    nouns = blanks["nouns" if (number or 1) > 1 else "noun"]
    how_many = (said.NUMBER_WORDS["en"][number], "number") if number else (_article(size or nouns[0][0]), None)
    group = [how_many, (said.SIZE_WORDS["en"].get(size, ""), "size"), *nouns]
    if "second" in slots:
        group += [*blanks["rel"], (_article(blanks["second"][0][0]), None), *blanks["second"]]
    return group + place


def _wanted_zh(slots, blanks):
    place = [(BACKGROUNDS[slots["background"]].zh, "background"), ("的", None)] if "background" in slots else []
    if "second" in slots:
        return [*place, *blanks["second"], *blanks["rel"], ("的", None), *blanks["noun"]]
    size, number = (said.SIZE_WORDS["zh"].get(slots.get("size"), ""), "size"), slots.get("number")
    if number is None:
        return [*place, size, *blanks["noun"]]
    measured = [size, *blanks["m"]] if blanks["m"][0][0] in _PARTITIVES else [*blanks["m"], size]
    return [*place, (said.NUMBER_WORDS["zh"][number], "number"), *measured, *blanks["noun"]]


def _article(word):
    return "an" if word[0] in "aeiou" else "a"
