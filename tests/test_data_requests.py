"""Requests: what is tagged is what was meant, nothing leaks between the splits, and the right answers are right."""

from collections import Counter

import numpy as np
import pytest

from mmcourse.data import captions, request_words, requests
from mmcourse.data.compositions import Count, Pair, is_held_out
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.data.scenes import Scene, Thing
from mmcourse.data.scenes import load as scenes

LANGUAGES = captions.LANGUAGES


def scene(composition):
    """The record of a composition; the boxes do not matter here."""
    return Scene(
        kind=type(composition).__name__.lower(),
        key=composition.key,
        background=composition.background,
        objects=tuple(Thing(concept, (0, 0, 9, 9)) for concept in composition.concepts),
        en=captions.caption(composition, "en"),
        zh=captions.caption(composition, "zh"),
    )


def spans(request):
    """{slot: its words}, read off the tags; a slot has one run of words."""
    found = {}
    for word, tag, before in zip(request.words, request.tags, ("O", *request.tags[:-1]), strict=True):
        if tag == "O":
            continue
        mark, slot = tag.split("-", 1)
        if mark == "B":
            assert slot not in found
            found[slot] = []
        else:
            assert before in (f"B-{slot}", f"I-{slot}")
        found[slot].append(word)
    return found


# ---- texts, slots and tags


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("split", requests.SPLITS)
def test_the_tagged_words_mean_the_slots(language, split):
    for request in requests.load(split, language, 400):
        assert len(request.words) == len(request.tags)
        assert set(request.tags) <= set(requests.TAGS)
        assert request.text == (" " if language == "en" else "").join(request.words)
        meant = {slot: requests.value(language, slot, words) for slot, words in spans(request).items()}
        assert meant == request.slots, request.text
        assert "{" not in request.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_and_every_value_of_a_slot_comes_up(language):
    drawn = requests.load("train", language, 4000)
    intents = Counter(request.intent for request in drawn)
    assert set(intents) == set(requests.INTENTS)
    assert min(intents.values()) > 40
    seen = {slot: {request.slots.get(slot) for request in drawn} - {None} for slot in requests.SLOTS}
    assert seen["concept"] == seen["second"] == set(CONCEPTS)
    assert seen["relation"] == set(requests.RELATIONS)
    assert seen["number"] == {1, 2, 3}
    assert seen["size"] == {"small", "big"}
    assert seen["background"] == set(BACKGROUNDS)
    assert all(not request.slots for request in drawn if request.intent in ("describe", "help", "other"))


def test_requests_by_hand():
    make = requests.make
    slots = {"number": 2, "size": "small", "concept": "pizza", "background": "night"}
    request = make("en", "find", slots, "show me {np}", "please")
    assert request.text == "please show me two small slices of pizza at night"
    assert request.tags == ("O", "O", "O", "B-number", "B-size", "B-concept", "I-concept", "I-concept",
                            "B-background", "I-background")  # fmt: skip
    assert make("zh", "find", slots, "找 {np}").words == ("找", "夜里", "的", "两", "小", "块", "披萨")
    assert make("zh", "find", slots | {"concept": "cat"}, "找 {np}", "请").text == "请找夜里的两只小猫"
    pair = {"concept": "owl", "relation": "right", "second": "apple"}
    assert make("en", "find", pair, "find {np}").text == "find an owl to the right of an apple"
    assert make("en", "find", pair, "find {np}", way=1).text == "find an owl right of an apple"
    assert make("zh", "find", pair, "找 {np}", way=1).text == "找苹果右边的猫头鹰"
    assert make("en", "count", {"concept": "fish"}, "how many {nouns} are there").text == "how many fish are there"
    assert make("zh", "count", {"concept": "horse"}, "有 几 {m} {noun}").text == "有几匹马"
    asked = make("en", "what", {"relation": "below", "second": "clock"}, "what is {rel} the {second}")
    assert asked.tags == ("O", "O", "B-relation", "O", "B-second", "I-second")
    big = make("en", "find", {"size": "big", "concept": "orange"}, "find {np}")
    assert big.text == "find a big orange"
    assert make("en", "find", {"number": 1, "concept": "orange"}, "find {np}").text == "find one orange"


# ---- splits


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_and_no_key_is_in_two_splits(language):
    drawn = {split: requests.load(split, language, 1500) for split in requests.SPLITS}
    for name in ("text", "key"):
        sets = [{getattr(request, name) for request in drawn[split]} for split in requests.SPLITS]
        assert not sets[0] & sets[1]
        assert not sets[0] & sets[2]
        assert not sets[1] & sets[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_test_split_has_phrasings_of_its_own(language):
    for intent in set(requests.INTENTS) - {"other"}:
        known = {*request_words.ORDERS[language][intent], *request_words.QUESTIONS[language][intent]}
        assert request_words.UNSEEN[language][intent]
        assert not known & set(request_words.UNSEEN[language][intent])
    unseen = {"en": ("can i see", "i want you to find"), "zh": ("我想找", "你有没有")}[language]
    found = {
        split: [
            any(words in r.text for words in unseen) for r in requests.load(split, language, 1500) if r.intent == "find"
        ]
        for split in ("train", "test")
    }
    assert not any(found["train"])
    assert 0.15 < np.mean(found["test"]) < 0.35  # one in four


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_test_split_says_words_that_training_has(language):
    """A recogniser cannot write a character, and hardly a word, that it never met."""
    known = {word for request in requests.load("train", language, 8000) for word in request.words}
    assert {word for request in requests.load("test", language, 1000) for word in request.words} <= known


def test_a_pair_is_held_out_as_its_scene_is_whichever_is_named_first():
    for request in requests.load("test", "en", 300):
        if "relation" in request.slots and request.intent == "find":
            assert is_held_out(request.key)
    one = requests.make("en", "find", {"concept": "cat", "relation": "below", "second": "dog"}, "find {np}")
    other = requests.make("en", "find", {"concept": "dog", "relation": "above", "second": "cat"}, "find {np}")
    assert one.key == other.key == Pair("dog", "above", "cat", "night").key


def test_the_same_seed_draws_the_same_requests_and_another_others():
    assert requests.load("train", "zh", 50) == requests.load("train", "zh", 50)
    assert requests.load("train", "zh", 50) != requests.load("train", "zh", 50, seed=1)
    assert requests.load("train", "zh", 50) == requests.load("train", "zh", 70)[:50]
    drawn = requests.draw(np.random.default_rng(3), "en", held_out=True)
    assert drawn == requests.draw(np.random.default_rng(3), "en", held_out=True)
    assert requests.split_of(drawn.key) == "test"
    assert requests.split_of(requests.draw(np.random.default_rng(3), "en", held_out=False).key) == "train"
    assert requests.draw_intent(np.random.default_rng(0), "en", "where").intent == "where"


def test_what_is_no_request_is_told():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"expected language to be one of \('en', 'zh'\), came 'de'"):
        requests.draw(rng, "de", held_out=True)
    with pytest.raises(ValueError, match=r"expected intent to be one of .*'find'.*came 'sing'"):
        requests.draw_intent(rng, "en", "sing")
    with pytest.raises(ValueError, match=r"expected split to be one of .*came 'dev'"):
        requests.load("dev", "en")
    for wrong in (0, 2.0, True):
        with pytest.raises(ValueError, match="expected count to be a whole number from 1"):
            requests.load("test", "en", wrong)
    with pytest.raises(ValueError, match=r"expected slot to be one of .*came 'colour'"):
        requests.value("en", "colour", ["red"])
    assert requests.value("en", "concept", ["unicorn"]) is None


# ---- right answers

CATS = scene(Count("cat", 2, "small", "snow"))
BIG = scene(Count("cat", 1, "big", "sand"))
BESIDE = scene(Pair("cat", "left", "dog", "night"))
OVER = scene(Pair("bee", "above", "rose", "grass"))


@pytest.mark.parametrize(
    ("slots", "fitting"),
    [
        ({"concept": "cat"}, [CATS, BIG, BESIDE]),
        ({"concept": "cat", "number": 1}, [BIG, BESIDE]),
        ({"concept": "cat", "number": 2}, [CATS]),
        ({"concept": "cat", "number": 3}, []),
        ({"concept": "cat", "size": "small"}, [CATS]),
        ({"concept": "cat", "size": "big"}, [BIG]),
        ({"concept": "cat", "background": "night"}, [BESIDE]),
        ({"concept": "cat", "size": "big", "background": "night"}, []),
        ({"concept": "cat", "relation": "left", "second": "dog"}, [BESIDE]),
        ({"concept": "dog", "relation": "right", "second": "cat"}, [BESIDE]),
        ({"concept": "dog", "relation": "left", "second": "cat"}, []),
        ({"concept": "cat", "relation": "above", "second": "dog"}, []),
        ({"concept": "rose", "relation": "below", "second": "bee"}, [OVER]),
        ({"concept": "rose", "relation": "below", "second": "bee", "background": "sky"}, []),
        ({"concept": "bee", "relation": "above", "second": "bee"}, []),
        ({"concept": "key"}, []),
    ],
)
def test_which_scenes_fit(slots, fitting):
    assert [s for s in (CATS, BIG, BESIDE, OVER) if requests.fits(slots, s)] == fitting
    asked = requests.make("en", "find", slots, "find {np}")
    assert [s for s in (CATS, BIG, BESIDE, OVER) if requests.answer_facts(asked, s).present] == fitting


def facts(intent, slots, phrasing, shown):
    return requests.answer_facts(requests.make("zh", intent, slots, phrasing), shown)


def test_right_answers_by_hand():
    Facts = requests.Facts
    count = "有 几 {m} {noun}"
    assert facts("count", {"concept": "cat"}, count, CATS) == Facts("count", present=True, number=2)
    assert facts("count", {"concept": "dog"}, count, BESIDE) == Facts("count", present=True, number=1)
    assert facts("count", {"concept": "dog"}, count, CATS) == Facts("count", present=False, number=0)
    where = "{noun} 在 哪里"
    assert facts("where", {"concept": "dog"}, where, BESIDE) == Facts(
        "where", present=True, relation="right", concept="cat", background="night"
    )
    assert facts("where", {"concept": "bee"}, where, OVER) == Facts(
        "where", present=True, relation="above", concept="rose", background="grass"
    )
    assert facts("where", {"concept": "cat"}, where, CATS) == Facts("where", present=True, background="snow")
    assert facts("where", {"concept": "key"}, where, CATS) == Facts("where", present=False)
    what = "{second} {rel} 有 什么"
    for shown, second, relation, there in (
        *((BESIDE, "dog", "left", "cat"), (BESIDE, "cat", "right", "dog"), (BESIDE, "cat", "left", None)),
        *((OVER, "rose", "above", "bee"), (OVER, "bee", "below", "rose"), (OVER, "bee", "left", None)),
        (CATS, "cat", "left", None),
    ):
        expected = Facts("what", present=True, concept=there)
        assert facts("what", {"relation": relation, "second": second}, what, shown) == expected
    assert facts("what", {"relation": "left", "second": "key"}, what, CATS) == Facts("what", present=False)
    assert facts("describe", {}, "描述 图片", OVER).text == "草地上，一朵玫瑰的上面有一只蜜蜂"
    assert facts("stop", {}, "停止", None) == Facts("stop")
    with pytest.raises(ValueError, match="a request to 'describe' is about a scene, came None"):
        facts("describe", {}, "描述 图片", None)


def test_drawn_scenes_give_facts_that_agree_with_their_objects():
    """Which is left or above is read off the boxes, not off the key."""
    for shown in scenes("test").records[:200]:
        if shown.kind != "pair":
            continue
        (first, a), (second, b) = ((thing.concept, thing.box) for thing in shown.objects)
        relation = "left" if a[2] <= b[0] else "above"
        asked = {"concept": first, "relation": relation, "second": second}
        assert requests.fits(asked, shown)
        assert facts("where", {"concept": first}, "{noun} 在 哪里", shown).relation == relation
