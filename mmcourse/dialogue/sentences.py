"""How the assistant says it, in English and in Chinese.

What is true of a picture is said in the words of captions, because these the voice has learned. So "where is the cat"
is answered by "a dog to the left of a cat on the grass". Only what captions never say (no, not, again) needs others.
"""

from mmcourse.data.concepts import CONCEPTS

NUMBERS = {"en": {1: "a", 2: "two", 3: "three"}, "zh": {1: "一", 2: "两", 3: "三"}}
SIDES = {
    "en": {"left": "to the left of", "right": "to the right of", "above": "above", "below": "below"},
    "zh": {"left": "左边", "right": "右边", "above": "上面", "below": "下面"},
}
FIXED = {
    "en": {
        "unheard": "i did not catch that, please say it again",
        "unclear": "i did not understand that, please say it in other words",
        "other": "i can only talk about pictures of things such as cats and trees",
        "help": "say, find two cats. how many cats are there. where is the cat. what is above the cat. what do you see",
        "stop": "goodbye",
        "nothing said": "i have said nothing yet",
        "no picture": "there is no picture yet, say, find two cats",
        "not found": "i found no such picture",
        "unseen": "i cannot make out what this picture shows",
    },
    "zh": {
        "unheard": "我没有听清，请再说一遍",
        "unclear": "我没有听懂，请换一种说法",
        "other": "我只会说图片里的东西，比如猫和树",
        "help": "你可以说：找两只猫。有几只猫。猫在哪里。猫的上面是什么。你看到了什么",
        "stop": "再见",
        "nothing said": "我还没有说过什么",
        "no picture": "还没有图片，你可以说：找两只猫",
        "not found": "我没有找到这样的图片",
        "unseen": "我看不清这张图片",
    },
}


def fixed(language, name):
    """One of the sentences without blanks."""
    return FIXED[language][name]


def some(language, concept, number):
    """So many of a concept: "two cats", "两只猫"."""
    c, amount = CONCEPTS[concept], NUMBERS[language][number]
    if language == "zh":
        return f"{amount}{c.measure}{c.noun}"
    noun = c.singular if number == 1 else c.plural
    return f"{_article(noun) if number == 1 else amount} {noun}"


def no_such(language, concept):
    """The picture does not show it."""
    c = CONCEPTS[concept]
    return f"i see no {c.singular} here" if language == "en" else f"我没有看到{c.noun}"


def nothing_there(language, relation, concept):
    """There is nothing on that side of a thing."""
    c, side = CONCEPTS[concept], SIDES[language][relation]
    return f"i see nothing {side} the {c.singular}" if language == "en" else f"{c.noun}的{side}什么也没有"


def unknown_word(language, word, known):
    """A word that means nothing here, and some that do."""
    if language == "en":
        return f"i do not know the word {word}, i know {', '.join(known[:-1])} and {known[-1]}"
    return f"我不认识{word}，我认识{'、'.join(known[:-1])}和{known[-1]}"


def missing(language, slot):
    """The request lacks something."""
    if language == "en":
        return "which thing do you mean" if slot != "relation" else "on which side do you mean"
    return "你说的是什么东西" if slot != "relation" else "你说的是哪一边"


def _article(noun):
    return "an" if noun[0] in "aeiou" else "a"
