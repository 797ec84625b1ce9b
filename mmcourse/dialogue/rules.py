"""The same by keywords, nothing learned: what a reader must beat.

    Rules.of("en", lexicon).read("how many cats are there")     # an `Understood`

Its keywords were written by looking at requests of the training split. The first that a text holds decides the intent;
slots are the longest names that stand in it, a noun behind a relation (before it, in Chinese) being the second.
"""

from mmcourse.alignment.space import tokens
from mmcourse.dialogue.frames import Understood

KEYWORDS = {  # in the order in which they are tried
    "en": (
        ("count", ("how many", "count")),
        ("again", ("again", "repeat", "pardon", "once more", "did you say")),
        ("help", ("help", "can you do", "can i ask", "i can ask", "this work")),
        ("stop", ("stop", "quiet", "goodbye", "that is all", "done")),
        ("where", ("where",)),
        ("describe", ("describe", "what you see", "about the picture", "do you see", "in the picture")),
        ("what", ("what is", "what do you see", "look what")),
        ("find", ("show", "find", "look for", "search", "want to see", "do you have", "picture of")),
    ),
    "zh": (
        ("count", ("几", "数", "多少")),
        ("again", ("再说", "重复", "听清", "说什么", "刚才")),
        ("help", ("帮助", "做什么", "怎么用", "问什么")),
        ("stop", ("停", "别说", "安静", "再见", "没有了", "说完")),
        ("where", ("在哪里", "什么地方")),
        ("describe", ("描述", "这张图片", "图里有什么", "看到了什么")),
        ("what", ("什么",)),
        ("find", ("看", "找", "有没有", "图片")),
    ),
}
NEEDS = {"count": "concept", "where": "concept", "find": "concept", "what": "second"}


class Rules:
    """keywords: ((intent, texts), …), the first that is found decides.   lexicon: `frames.Lexicon`."""

    def __init__(self, keywords, lexicon):
        self.keywords, self.lexicon, self.language = keywords, lexicon, lexicon.language

    @classmethod
    def of(cls, language, lexicon):
        return cls(KEYWORDS[language], lexicon)

    def read(self, text):
        """What a text asks for, as `Understood`. Raises ValueError for no text at all."""
        words = tokens(text, self.language)
        plain = f" {self.lexicon.text(words)} " if self.language == "en" else self.lexicon.text(words)
        slots = self._slots(words)
        sought = {t: f" {t} " if self.language == "en" else t for _, texts in self.keywords for t in texts}
        named = (intent for intent, texts in self.keywords if any(sought[t] in plain for t in texts))
        intent = next(named, "other")
        if intent in ("describe", "where", "find") and "relation" in slots and "concept" not in slots:
            intent = "what"
        if NEEDS.get(intent, "concept") not in slots and intent in NEEDS:
            intent = "other"
        wanted = {"count": ("concept",), "where": ("concept",), "what": ("relation", "second"), "find": tuple(slots)}
        slots = {name: value for name, value in slots.items() if name in wanted.get(intent, ())}
        return Understood(text, self.language, intent, slots, words)

    def _slots(self, words):
        slots, nouns, relation_at, t = {}, [], None, 0
        while t < len(words):
            length, slot, value = self._longest(words, t)
            if slot == "concept":
                nouns.append((t, value))
            elif slot:
                slots.setdefault(slot, value)
                relation_at = t if slot == "relation" else relation_at
            t += max(length, 1)
        for at, value in nouns:
            second = relation_at is not None and (at > relation_at) == (self.language == "en")
            slots.setdefault("second" if second else "concept", value)
        return slots

    def _longest(self, words, t):
        """(length, slot, value) of the longest name that begins at word t; (0, None, None) for none."""
        for length in range(min(5, len(words) - t), 0, -1):
            text = self.lexicon.text(words[t : t + length])
            for slot, texts in self.lexicon.meanings.items():
                if text in texts and slot != "second":
                    return length, slot, texts[text]
        return 0, None, None
