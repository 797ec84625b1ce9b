"""What is wrong with a caption, kind by kind, in both languages."""

import pytest

from mmcourse.captioning.faults import KINDS, composition_of, faults
from mmcourse.data import scenes
from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.compositions import Count, Pair

COUNT, PAIR = Count("cat", 2, "small", "grass"), Pair("cat", "left", "dog", "sand")


def told(composition, language):
    return caption(composition, language).words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("shown", "written", "expected"),
    [
        (COUNT, COUNT, ()),
        (PAIR, PAIR, ()),
        (COUNT, COUNT._replace(concept="cow"), ("wrong thing",)),
        (COUNT, COUNT._replace(count=3), ("wrong number",)),
        (COUNT, COUNT._replace(size="medium"), ("wrong size",)),
        (COUNT, COUNT._replace(background="night"), ("wrong place",)),
        (COUNT, Count("cow", 1, "big", "sky"), ("wrong thing", "wrong number", "wrong size", "wrong place")),
        (COUNT, PAIR, ("another kind of scene",)),
        (PAIR, COUNT, ("another kind of scene",)),
        (PAIR, PAIR._replace(second="cow"), ("wrong thing",)),
        (PAIR, Pair("cow", "above", "cat", "sand"), ("wrong thing",)),  # the relation of other things says nothing
        (PAIR, PAIR._replace(second="cat"), ("wrong thing",)),  # no scene shows a cat left of a cat, but it is told
        (PAIR, PAIR._replace(relation="above"), ("wrong relation",)),
        (PAIR, Pair("dog", "left", "cat", "sand"), ("wrong relation",)),
        (PAIR, Pair("dog", "left", "cat", "snow"), ("wrong relation", "wrong place")),
    ],
)
def test_each_kind_of_fault_is_found(shown, written, expected, language):
    found = faults(told(written, language), told(shown, language), language)
    assert found == expected
    assert set(found) <= set(KINDS)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", ""),
        ("en", "cat"),
        ("en", "two small cat on the grass"),
        ("en", "a apple on the grass"),
        ("en", "three big cats on the grass"),  # three stickers are never big
        ("en", "a cat to the left of a dog"),
        ("en", "a cat to the left of a dog on the grass on the grass"),
        ("zh", "草地上 有 两 条 小 猫"),  # the measure word of a fish
        ("zh", "草地上 有 二 只 小 猫"),
        ("zh", "草地上 有 一 块 小 披萨"),  # the size belongs before the measure word
        ("zh", "two small cats on the grass"),
        ("en", "草地上 有 两 只 小 猫"),
    ],
)
def test_what_nobody_would_write_is_no_sentence(language, text):
    words = tuple(text.split())
    assert composition_of(words, language) is None
    assert faults(words, told(COUNT, language), language) == ("no sentence",)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "two small cats on the grass", COUNT),
        ("zh", "草地上 有 两 只 小 猫", COUNT),
        ("en", "a cat to the left of a dog on the sand", PAIR),
        ("zh", "沙滩上 ， 一 只 狗 的 左边 有 一 只 猫", PAIR),
        ("en", "a slice of pizza above a slice of watermelon at night", Pair("pizza", "above", "watermelon", "night")),
        ("en", "a sheep in the sky", Count("sheep", 1, "medium", "sky")),
        ("en", "three sheep in the sky", Count("sheep", 3, "medium", "sky")),
        ("zh", "雪地上 有 一 大 块 披萨", Count("pizza", 1, "big", "snow")),
    ],
)
def test_a_meaning_is_read_from_words(language, text, expected):
    assert composition_of(text.split(), language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_caption_of_the_test_scenes_reads_back_as_its_composition(language):
    for record in scenes.load("test").records:
        found = composition_of(record.caption(language).words, language)
        assert found.key == record.key
        assert found.background == record.background
        assert found.concepts == tuple(thing.concept for thing in record.objects)


def test_the_true_caption_must_be_one():
    with pytest.raises(ValueError, match=r"^faults: expected the caption of a scene as true, came 'a zebra at night'"):
        faults(told(COUNT, "en"), ("a", "zebra", "at", "night"), "en")


@pytest.mark.parametrize("read", [lambda w: composition_of(w, "fr"), lambda w: faults(w, w, "fr")])
def test_another_language_is_refused(read):
    with pytest.raises(ValueError, match=r"^composition_of: expected a language of \('en', 'zh'\), came 'fr'"):
        read(("un", "chat"))
