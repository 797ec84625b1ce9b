"""A small language that asks for one thing in a sticker scene, in English and in Chinese, and what is true in it.

    image, scene = scenes.load("test")[0]
    prompt = Prompt("cat", "left of", "dog")
    text(prompt, "en"), text(prompt, "zh")      # "the cat to the left of the dog", "狗左边的猫"
    answers(prompt, scene.objects)              # (0,): which of the objects it is true of
    true(scene.objects)                         # all prompts with exactly one answer here
    questions = ask(records, rng)               # of every kind a true one and one that nothing answers

Four kinds. A noun ("the rabbit"); a place, where there are several ("the leftmost apple"); a relation, whose answer is
named by no word ("the thing to the left of the dog"); and an order, in which exchanging two nouns makes it false ("the
cat to the left of the dog"): a bag of words cannot tell which of the two is asked for.
"""

from itertools import permutations
from typing import NamedTuple

from mmcourse.data.captions import LANGUAGES
from mmcourse.data.compositions import pick
from mmcourse.data.concepts import CONCEPTS

KINDS = ("noun", "place", "relation", "order")
CHANGES = ("noun", "landmark", "word", "order")  # what is false in a prompt that nothing answers
THING = "thing"  # the noun that fits everything
CLEAR = 6  # pixels by which a middle has to be further left, or higher, for anyone to say so
PLACES = {"leftmost": "最左边", "rightmost": "最右边", "topmost": "最上面", "lowest": "最下面"}
_SIDES = {
    "left of": ("to the left of", "左边"),
    "right of": ("to the right of", "右边"),
    "above": ("above", "上面"),
    "below": ("below", "下面"),
}
RELATIONS = tuple(_SIDES)
_WAYS = dict(zip((*PLACES, *RELATIONS), 2 * ((0, -1), (0, 1), (1, -1), (1, 1)), strict=True))  # axis, and its sign


class Prompt(NamedTuple):
    """noun: a concept or THING.   word: None, one of PLACES or of RELATIONS.   landmark: a concept, for a relation."""

    noun: str
    word: str | None = None
    landmark: str | None = None

    @property
    def kind(self):
        """One of KINDS."""
        if self.word is None:
            return "noun"
        if self.word in PLACES:
            return "place"
        return "relation" if self.noun == THING else "order"


class Question(NamedTuple):
    """scene: which one is asked about, int.   answer: the index of the object, None if nothing is it.

    change: what was changed in a true prompt so that nothing answers it, one of CHANGES; None for a true one.
    """

    scene: int
    prompt: Prompt
    answer: int | None
    change: str | None


def text(prompt, language):
    """A prompt in words of "en" or "zh"; ValueError for another language or a prompt that cannot be said."""
    _check(prompt)
    noun, word, landmark = prompt
    if language == "zh":
        what = "东西" if noun == THING else CONCEPTS[noun].noun
        where = _SIDES[word][1] if landmark else PLACES.get(word, "")
        return f"{CONCEPTS[landmark].noun if landmark else ''}{where}{'的' if word else ''}{what}"
    if language == "en":
        what = THING if noun == THING else CONCEPTS[noun].singular
        if landmark:
            return f"the {what} {_SIDES[word][0]} the {CONCEPTS[landmark].singular}"
        return f"the {word} {what}" if word else f"the {what}"
    raise ValueError(f"expected one of the languages {LANGUAGES}, got {language!r}")


def answers(prompt, objects):
    """The indices of the objects that a prompt is true of, a tuple: () if none, several if it is ambiguous.

    objects: of a scene, each with a concept and a box. Who is within CLEAR pixels of the leftmost is leftmost, too.
    A is left of B if its middle is at least CLEAR pixels further left, and by no less than it is higher or lower.
    """
    _check(prompt)
    named = [i for i, o in enumerate(objects) if prompt.noun in (THING, o.concept)]
    if prompt.kind == "noun":
        return tuple(named)
    axis, sign = _WAYS[prompt.word]
    if prompt.kind == "place":
        along = {i: sign * _middle(objects[i])[axis] for i in named}
        return tuple(i for i in named if along[i] > max(along.values()) - CLEAR)
    marks = [i for i, o in enumerate(objects) if o.concept == prompt.landmark]
    return tuple(i for i in named if any(i != j and _beyond(objects[i], objects[j], axis, sign) for j in marks))


def true(objects):
    """All prompts with exactly one answer in a scene's objects, by kind; a place only where there are several."""
    concepts = [o.concept for o in objects]
    once = [c for c in dict.fromkeys(concepts) if concepts.count(c) == 1]
    several = [c for c in dict.fromkeys(concepts) if concepts.count(c) > 1]
    asked = [Prompt(c) for c in once]
    asked += [Prompt(c, word) for c in several for word in PLACES]
    asked += [Prompt(THING, word, mark) for mark in once for word in RELATIONS]
    asked += [Prompt(c, word, mark) for c, mark in permutations(once, 2) for word in RELATIONS]
    return tuple(prompt for prompt in asked if len(answers(prompt, objects)) == 1)


def false(prompt, objects, rng):
    """(a prompt that differs in one thing and that nothing answers here, which of CHANGES), by a NumPy Generator."""
    while True:
        change = pick(rng, _CHANGES_OF[prompt.kind])
        other = _changed(prompt, change, rng)
        if not answers(other, objects):
            return other, change


_CHANGES_OF = {
    "noun": ("noun",),
    "place": ("noun",),  # something is always leftmost
    "relation": ("landmark", "word"),
    "order": CHANGES,
}


def _changed(prompt, change, rng):
    if change == "order":
        return Prompt(prompt.landmark, prompt.word, prompt.noun)
    if change == "word":
        return prompt._replace(word=pick(rng, [word for word in RELATIONS if word != prompt.word]))
    others = [concept for concept in CONCEPTS if concept not in (prompt.noun, prompt.landmark)]
    return prompt._replace(**{change: pick(rng, others)})


def ask(records, rng):
    """Questions about scenes: of every kind that a scene has one true prompt, and one that nothing answers.

    records: N `mmcourse.data.scenes.Scene`.   rng: a NumPy Generator.   Returns a list of `Question`.
    """
    asked = []
    for scene, record in enumerate(records):
        possible = true(record.objects)
        for kind in KINDS:
            if of_kind := [prompt for prompt in possible if prompt.kind == kind]:
                prompt = pick(rng, of_kind)
                asked.append(Question(scene, prompt, *answers(prompt, record.objects), None))
                other, change = false(prompt, record.objects, rng)
                asked.append(Question(scene, other, None, change))
    return asked


def sayable():
    """Prompts that together hold every word of the language."""
    first, second, *_ = CONCEPTS
    nouns = [Prompt(concept) for concept in CONCEPTS]
    return (*nouns, *(Prompt(first, p) for p in PLACES), *(Prompt(THING, r, second) for r in RELATIONS))


def _middle(thing):
    x0, y0, x1, y1 = thing.box
    return (x0 + x1) / 2, (y0 + y1) / 2


def _beyond(a, b, axis, sign):
    apart = [p - q for p, q in zip(_middle(a), _middle(b), strict=True)]
    along = sign * apart[axis]
    return along >= max(CLEAR, abs(apart[1 - axis]))


def _check(prompt):
    noun, word, landmark = prompt
    relation = word in RELATIONS
    if (
        not (noun in CONCEPTS or (noun == THING and relation))
        or not (word is None or word in PLACES or relation)
        or not (landmark in CONCEPTS if relation else landmark is None)
        or noun == landmark
    ):
        raise ValueError(
            f"expected Prompt(concept), Prompt(concept, one of {tuple(PLACES)}) or Prompt(concept or {THING!r}, one of "
            f"{RELATIONS}, another concept), got {tuple(prompt)}"
        )
