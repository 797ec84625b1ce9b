"""The captions: right English, right Chinese, every word where it belongs."""

import re
from itertools import pairwise, product

import pytest

from mmcourse.data.captions import LANGUAGES, caption, vocabulary
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS

COUNTS = [Count(c, n, s, b) for c, n, b in product(CONCEPTS, (1, 2, 3), BACKGROUNDS) for s in sizes_for(n)]
PAIRS = [Pair(a, r, b, g) for a, r, b in product(CONCEPTS, RELATIONS, CONCEPTS) if a != b for g in ("sand", "night")]
ALL = COUNTS + PAIRS

# written by hand, words apart by spaces; what is named stands in brackets with its objects
BY_HAND = [
    (Count("cat", 2, "small", "grass"), "two small [cats:0,1] on the grass", "草地上 有 两 只 小 [猫:0,1]"),
    (Count("owl", 1, "medium", "sky"), "an [owl:0] in the sky", "天空中 有 一 只 [猫头鹰:0]"),
    (Count("owl", 1, "big", "night"), "a big [owl:0] at night", "夜里 有 一 只 大 [猫头鹰:0]"),
    (Count("sheep", 3, "medium", "snow"), "three [sheep:0,1,2] on the snow", "雪地上 有 三 只 [羊:0,1,2]"),
    (Count("horse", 2, "medium", "sand"), "two [horses:0,1] on the sand", "沙滩上 有 两 匹 [马:0,1]"),
    (Count("pizza", 1, "big", "sky"), "a big [slice of pizza:0] in the sky", "天空中 有 一 大 块 [披萨:0]"),
    (Count("grapes", 2, "small", "sand"), "two small [bunches of grapes:0,1] on the sand",
     "沙滩上 有 两 小 串 [葡萄:0,1]"),
    (Count("scissors", 1, "small", "snow"), "a small [pair of scissors:0] on the snow", "雪地上 有 一 把 小 [剪刀:0]"),
    (Pair("cat", "left", "dog", "grass"), "a [cat:0] to the left of a [dog:1] on the grass",
     "草地上 ， 一 只 [狗:1] 的 左边 有 一 只 [猫:0]"),
    (Pair("corn", "above", "clock", "night"), "an [ear of corn:0] above an [alarm clock:1] at night",
     "夜里 ， 一 个 [闹钟:1] 的 上面 有 一 根 [玉米:0]"),
]  # fmt: skip

# which measure word belongs to which concepts, by hand, from a speaker's point of view
MEASURES = {
    "匹": "horse", "头": "cow pig", "条": "snake fish shark", "根": "banana carrot corn", "块": "watermelon pizza",
    "串": "grapes", "辆": "car bus bicycle", "列": "train", "架": "airplane helicopter", "枚": "rocket",
    "艘": "sailboat", "棵": "tree cactus", "朵": "rose sunflower", "颗": "star", "座": "house",
    "把": "key scissors guitar umbrella", "本": "book", "顶": "crown",
    "只": "cat dog sheep rabbit giraffe rooster duck swan owl penguin turtle octopus crab snail butterfly bee ladybug",
    "个": "apple orange strawberry tomato bread hamburger cake icecream mushroom sun moon football balloon clock bell",
}  # fmt: skip


def spelled(marked):
    """The words of a caption in BY_HAND and its mentions as [(positions, objects)]."""
    words, mentions = [], []
    for noun, objects, word in re.findall(r"\[(.+?):([\d,]+)\]|(\S+)", marked):
        start = len(words)
        words += [word] if word else noun.split()
        if noun:
            mentions.append((tuple(range(start, len(words))), tuple(map(int, objects.split(",")))))
    return tuple(words), mentions


@pytest.mark.parametrize(("composition", "en", "zh"), BY_HAND)
def test_captions_are_as_written_by_hand(composition, en, zh):
    for language, marked in (("en", en), ("zh", zh)):
        written = caption(composition, language)
        words, mentions = spelled(marked)
        assert written.words == words
        assert [(m.words, m.objects) for m in written.mentions] == mentions
        assert written.text == (" " if language == "en" else "").join(words)


def test_every_concept_has_its_measure_word():
    by_hand = {concept: measure for measure, concepts in MEASURES.items() for concept in concepts.split()}
    assert {c.id: c.measure for c in CONCEPTS.values()} == by_hand


def test_an_stands_before_a_vowel_only():
    after = {"a": set(), "an": set()}
    for composition in ALL:
        words = caption(composition, "en").words
        for article, word in pairwise(words):
            if article in after:
                after[article].add(word)
    assert after["an"] == {"owl", "octopus", "apple", "orange", "ear", "ice", "airplane", "umbrella", "alarm"}
    assert {"cat", "small", "big", "pair", "bunch"} <= after["a"]
    assert not after["a"] & after["an"]


def test_number_words_agree_with_the_count():
    for c in COUNTS:
        en, zh = caption(c, "en").words, caption(c, "zh").words
        noun = " ".join(en[w] for w in caption(c, "en").mentions[0].words)
        assert noun == (CONCEPTS[c.concept].singular if c.count == 1 else CONCEPTS[c.concept].plural)
        assert en[0] in {1: ("a", "an"), 2: ("two",), 3: ("three",)}[c.count]
        assert zh[2] == {1: "一", 2: "两", 3: "三"}[c.count]


def test_plurals_are_plural():
    same = {c.id for c in CONCEPTS.values() if c.singular == c.plural}
    assert same == {"sheep", "fish"}
    for c in CONCEPTS.values():
        head, plural = c.singular.split(" of ")[0], c.plural.split(" of ")[0]
        assert c.id in same or (plural.endswith("s") and plural[:3] == head[:3])


def test_chinese_never_counts_with_er_and_uses_only_chinese():
    for composition in ALL:
        written = caption(composition, "zh")
        assert "二" not in written.text
        assert re.fullmatch("[一-鿿，]+", written.text)
        assert written.text.count("，") == isinstance(composition, Pair)


def test_a_caption_names_one_composition_only():
    for language in LANGUAGES:
        assert len({caption(c, language).text for c in ALL}) == len(ALL)


def test_the_vocabulary_holds_every_word_once_and_sorted():
    for language in LANGUAGES:
        words = {word for c in ALL for word in caption(c, language).words}
        assert vocabulary(language) == tuple(sorted(words))


def test_the_tables_are_whole():
    for column in ("hexcode", "singular", "plural", "noun"):
        assert len({getattr(c, column) for c in CONCEPTS.values()}) == len(CONCEPTS)
    assert all(key == row.id for table in (CONCEPTS, BACKGROUNDS) for key, row in table.items())
    assert all(8 <= channel <= 247 for b in BACKGROUNDS.values() for channel in b.colour)
    assert not any(" " in key for key in (*CONCEPTS, *BACKGROUNDS))  # a composition's key is made of them
