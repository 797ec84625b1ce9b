"""From the tags of words to slots: what a request asks for, once each of its words is tagged.

    pieces(("two", "ice", "creams"), ("B-number", "B-concept", "I-concept"))
    # [("number", ("two",)), ("concept", ("ice", "creams"))]

A tag is "O", for words in no slot, or "B-" (a slot's first word) or "I-" (it goes on) and the slot (Ramshaw & Marcus
1995). An English text is read by words, a Chinese one by characters, so that nobody need cut it into words first.
"""

import difflib
from dataclasses import dataclass, field

NEAR = 0.8  # of a misheard name's letters; "zebra" must not pass for anything
NEAR_CHARACTERS = 0.66  # two of three characters


@dataclass(frozen=True)
class Understood:
    """What a request was taken to mean.

    tokens, tags: its words (characters, in Chinese) and their tags.   slots: {name: value}.
    unknown: (slot, text) of what stands in a slot and means nothing here.   confidence: from 0 to 1.
    """

    text: str
    language: str
    intent: str
    slots: dict = field(hash=False)
    tokens: tuple = ()
    tags: tuple = ()
    unknown: tuple = ()
    confidence: float = 1.0

    @property
    def frame(self):
        """(intent, slots): what must be right, all of it."""
        return self.intent, self.slots


def pieces(words, tags):
    """[(slot, its words)] in the order of the text. An I- that continues nothing begins a piece."""
    found, before = [], "O"
    for word, tag in zip(words, tags, strict=True):
        slot = tag[2:]
        if tag != "O" and (tag[0] == "B" or before[2:] != slot):
            found.append((slot, [word]))
        elif tag != "O":
            found[-1][1].append(word)
        before = tag
    return [(slot, tuple(run)) for slot, run in found]


def by_character(words, tags):
    """Words and their tags as characters and theirs: of a word with B- the first character alone has it."""
    characters, theirs = [], []
    for word, tag in zip(words, tags, strict=True):
        inside = "I" + tag[1:] if tag != "O" else tag
        characters += word
        theirs += [tag] + [inside] * (len(word) - 1)
    return tuple(characters), tuple(theirs)


def joined(characters, tags, known):
    """The tags, a character that is not known and in no slot, right before a slot, being of it: 斑马 is no 马."""
    tags = list(tags)
    for t in reversed(range(len(tags) - 1)):
        if tags[t] == "O" and characters[t] not in known and tags[t + 1][0] == "B":
            tags[t], tags[t + 1] = tags[t + 1], "I" + tags[t + 1][1:]
    return tuple(tags)


class Lexicon:
    """What the words of a slot mean. meanings: {slot: {text: value}}, texts of words with single blanks between."""

    def __init__(self, meanings, language):
        self.meanings, self.language = {slot: dict(texts) for slot, texts in meanings.items()}, language

    def text(self, words):
        return (" " if self.language == "en" else "").join(words)

    def value(self, slot, words):
        """What they mean, as they stand or, if that is nothing, as the nearest that looks much like it; or None."""
        texts, text = self.meanings.get(slot, {}), self.text(words)
        if text in texts:
            return texts[text]
        alike = [t for t in texts if self.language == "en" or len(t) == len(text)]
        near = difflib.get_close_matches(text, alike, 1, NEAR if self.language == "en" else NEAR_CHARACTERS)
        return texts[near[0]] if near else None

    def read(self, words, tags):
        """({slot: value}, unknown): the first piece of each slot that means something, and what means nothing."""
        slots, unknown = {}, []
        for slot, run in pieces(words, tags):
            value = self.value(slot, run)
            if value is None:
                unknown.append((slot, self.text(run)))
            else:
                slots.setdefault(slot, value)
        return slots, tuple((slot, text) for slot, text in unknown if slot not in slots)
