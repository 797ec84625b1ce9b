"""The caption of a composition, in English and in Chinese, and which of its words name which objects.

A caption is written in parts, each a run of words and the objects that these words name. So the segmentation of the
Chinese and the mentions are known by construction, not guessed afterwards.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

LANGUAGES = ("en", "zh")
_NUMBERS = {1: ("", "一"), 2: ("two", "两"), 3: ("three", "三")}  # before a measure word two is 两, never 二
_SIZES = {"small": ("small", "小"), "medium": ("", ""), "big": ("big", "大")}
_RELATIONS = {"left": ("to the left of", "左边"), "above": ("above", "上面")}
_PARTITIVES = frozenset("块串")  # a slice, a bunch: the size belongs to the measure word (一小块披萨, not 一块小披萨)


@dataclass(frozen=True)
class Mention:
    """A noun in a caption: the positions of its words, and the indices of the objects that it names."""

    words: tuple[int, ...]
    objects: tuple[int, ...]


@dataclass(frozen=True)
class Caption:
    """A caption as words and as one string, with its mentions in the order of the text."""

    words: tuple[str, ...]
    text: str
    mentions: tuple[Mention, ...]


@cache
def caption(composition, language):
    """The `Caption` of a `Count` or a `Pair`; `language` is "en" or "zh"."""
    _check(language)
    if isinstance(composition, Count):
        parts = _count_en(composition) if language == "en" else _count_zh(composition)
    else:
        parts = _pair_en(composition) if language == "en" else _pair_zh(composition)
    return _assemble(parts, " " if language == "en" else "")


@cache
def vocabulary(language):
    """All words that captions in this language can hold, sorted: a tuple of strings."""
    _check(language)
    first, second, *_ = CONCEPTS
    counts = (Count(c, n, s, b) for c, n, b in product(CONCEPTS, _NUMBERS, BACKGROUNDS) for s in sizes_for(n))
    pairs = (Pair(first, relation, second, b) for relation, b in product(RELATIONS, BACKGROUNDS))
    return tuple(sorted({word for c in (*counts, *pairs) for word in caption(c, language).words}))


def _check(language):
    if language not in LANGUAGES:
        raise ValueError(f"expected one of the languages {LANGUAGES}, got {language!r}")


def _assemble(parts, gap):
    words, mentions = [], []
    for run, objects in parts:
        start = len(words)
        words += run.split()
        if objects:
            mentions.append(Mention(tuple(range(start, len(words))), objects))
    return Caption(tuple(words), gap.join(words), tuple(mentions))


def _some_en(concept, count, size, objects):
    noun = CONCEPTS[concept].singular if count == 1 else CONCEPTS[concept].plural
    adjective = _SIZES[size][0]
    article = "an" if (adjective or noun)[0] in "aeiou" else "a"
    return [(f"{_NUMBERS[count][0] or article} {adjective}", ()), (noun, objects)]


def _some_zh(concept, count, size, objects):
    noun, measure = CONCEPTS[concept].noun, CONCEPTS[concept].measure
    adjective = _SIZES[size][1]
    measured = f"{adjective} {measure}" if measure in _PARTITIVES else f"{measure} {adjective}"
    return [(f"{_NUMBERS[count][1]} {measured}", ()), (noun, objects)]


def _count_en(c):
    return [*_some_en(c.concept, c.count, c.size, tuple(range(c.count))), (BACKGROUNDS[c.background].en, ())]


def _count_zh(c):
    return [(f"{BACKGROUNDS[c.background].zh} 有", ()), *_some_zh(c.concept, c.count, c.size, tuple(range(c.count)))]


def _pair_en(c):
    first, second = _some_en(c.first, 1, "medium", (0,)), _some_en(c.second, 1, "medium", (1,))
    return [*first, (_RELATIONS[c.relation][0], ()), *second, (BACKGROUNDS[c.background].en, ())]


def _pair_zh(c):
    # Chinese names the landmark first. Without the comma 雪地上一只 would read as "the previous one on the snow".
    first, second = _some_zh(c.first, 1, "medium", (0,)), _some_zh(c.second, 1, "medium", (1,))
    return [(f"{BACKGROUNDS[c.background].zh} ，", ()), *second, (f"的 {_RELATIONS[c.relation][1]} 有", ()), *first]
