"""The assistant with stages of a few lines, its skills one by one, and with what ships."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.data import scenes
from mmcourse.data.compositions import Count, Pair
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.dialogue import sentences, skills, stages
from mmcourse.dialogue.assistant import Assistant, Found, Heard
from mmcourse.dialogue.frames import Understood
from mmcourse.dialogue.seeing import Seen, from_boxes, from_caption, nearest_background
from mmcourse.translation.pipeline import StageError

CATS, PAIR = Count("cat", 2, "small", "grass"), Pair("dog", "left", "cat", "night")
FRAMES = {  # what the reader of these tests knows
    "find cats": ("find", {"concept": "cat", "number": 2}),
    "find three": ("find", {"concept": "cat", "number": 3}),
    "how many": ("count", {}),
    "how many dogs": ("count", {"concept": "dog"}),
    "where is the cat": ("where", {"concept": "cat"}),
    "left of the cat": ("what", {"relation": "left", "second": "cat"}),
    "above the cat": ("what", {"relation": "above", "second": "cat"}),
    "left of the bus": ("what", {"relation": "left", "second": "bus"}),
    "what is left": ("what", {"relation": "left"}),
    "describe": ("describe", {}), "again": ("again", {}), "help": ("help", {}), "stop": ("stop", {}),
    "play music": ("other", {}), "find": ("find", {}),
}  # fmt: skip
PICTURES = {"a": PAIR, "b": CATS}


def understand(text):
    if text == "zebra":
        return Understood(text, "en", "find", {}, unknown=(("concept", "zebra"),), confidence=0.9)
    if text not in FRAMES:
        raise ValueError("no such text")
    intent, slots = FRAMES[text]
    return Understood(text, "en", intent, dict(slots), confidence=0.5)


def helper(**changes):
    plain = {
        "hear": lambda given: Heard(given[0], given[1]),
        "understand": understand,
        "look": lambda picture: Seen(PICTURES[picture], 0.8),
        "search": lambda slots: Found(["a", "b"], [5, 7]),
        "speak": lambda text: ([len(text)], 8000),
        "known": {"concept": ("cat", "dog", "zeppelin")},
    }
    return Assistant(**plain | changes)


# ---- turns


def test_it_finds_looks_twice_and_talks_about_what_it_has_found():
    a = helper()
    turn = a.answer("find cats")
    assert (turn.answer, turn.picture, turn.number, turn.refusal) == ("two small cats on the grass", "b", 7, None)
    assert turn.sound == ([27], 8000)
    assert turn.confidence == pytest.approx(0.5 * 0.8)
    assert list(turn.stages) == ["hear", "understand", "search", "look", "speak"]
    assert a.answer("how many").answer == "two cats"
    assert a.answer("where is the cat").answer == "two small cats on the grass"
    assert a.answer("how many dogs").answer == "i see no dog here"
    assert a.answer("how many").answer == "i see no dog here"  # the thing that was talked about last


def test_without_a_second_look_the_first_picture_must_do():
    turn = helper(tries=1).answer("find cats")
    assert (turn.refusal, turn.number, turn.picture) == ("not found", 5, "a")
    turn = helper().answer("find three")
    assert (turn.refusal, turn.facts.present) == ("not found", False)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("where is the cat", "a dog to the left of a cat at night"),
        ("left of the cat", "a dog to the left of a cat at night"),
        ("above the cat", "i see nothing above the cat"),
        ("left of the bus", "i see no bus here"),
        ("how many dogs", "a dog"),
        ("describe", "a dog to the left of a cat at night"),
    ],
)
def test_questions_about_a_pair(asked, answer):
    assert helper().answer(asked, picture="a").answer == answer


def test_what_cannot_be_served_is_said():
    for asked, refusal in (
        ("play music", "other"), ("zebra", "unknown word"), ("", "unheard"), ("find", "missing"),
        ("what is left", "missing"), ("describe", "no picture"), ("no such text", "unclear"),
    ):  # fmt: skip
        assert helper().answer(asked).refusal == refusal, asked
    assert helper().answer("zebra").answer == "i do not know the word zebra, i know zeppelin, cat and dog"


def test_poor_hearing_and_poor_understanding_are_asked_again():
    a = helper(least_heard=0.3, least_understood=0.4)
    assert a.answer(("help", 0.29)).refusal == "unheard"
    assert a.answer(("help", 0.31)).refusal is None
    assert a.replace(least_understood=0.6).answer(("help", 0.31)).refusal == "unclear"
    assert a.answer(("help", 0.31)).confidence == pytest.approx(0.31 * 0.5)


def test_again_stop_and_a_new_conversation():
    a = helper()
    assert a.answer("again").answer == sentences.FIXED["en"]["nothing said"]
    a.answer("find cats")
    assert a.answer("again").answer == "two small cats on the grass"
    assert a.answer("again").answer == "two small cats on the grass"
    a.answer("stop")
    assert a.answer("how many dogs").refusal == "no picture"


def test_a_new_picture_is_looked_at():
    a = helper()
    a.answer("describe", picture="a")
    assert a.answer("describe", picture="b").answer == "two small cats on the grass"


# ---- stages that fail


@pytest.mark.parametrize(
    ("stage", "asked", "refusal"),
    [("hear", ("help", 1), "unheard"), ("understand", "help", "unclear"), ("look", "describe", "unseen"),
     ("search", "find cats", "not found")],
)  # fmt: skip
def test_a_stage_that_fails_becomes_an_answer(stage, asked, refusal):
    def fail(given):
        raise ValueError("broken")

    turn = helper(**{stage: fail}).answer(asked, picture="a")
    assert turn.refusal == refusal
    assert isinstance(turn.problem, StageError)
    assert turn.problem.stage == stage
    assert turn.confidence == 0
    assert turn.sound is not None


def test_a_voice_that_fails_leaves_the_text():
    def fail(text):
        raise ValueError("hoarse")

    turn = helper(speak=fail).answer("find cats")
    assert (turn.answer, turn.sound, turn.problem.stage) == ("two small cats on the grass", None, "speak")


def test_pictures_that_cannot_be_made_out_are_passed_over():
    def look(picture):
        if picture == "a":
            raise ValueError("too dark")
        return Seen(PICTURES[picture])

    assert helper(look=look).answer("find cats").number == 7


def test_stages_are_swapped_and_checked():
    a = helper()
    assert a.replace(understand=lambda text: understand("help")).answer("find cats").facts.intent == "help"
    assert a.answer("find cats").number == 7
    with pytest.raises(TypeError, match=r"expected some of .*came sing"):
        a.replace(sing=print)
    with pytest.raises(TypeError, match="a function as look, came 3"):
        helper(look=3)
    with pytest.raises(ValueError, match="'fr'"):
        helper(language="fr")


# ---- seeing and saying


@pytest.mark.parametrize("composition", [CATS, PAIR, Count("icecream", 1, "big", "sky")])
def test_a_caption_is_seen_as_it_is_meant(composition):
    assert from_caption(Seen(composition).caption("en").text).composition == composition


def test_a_faulty_caption_still_says_something_and_nonsense_nothing():
    assert from_caption("a cat left dog night").composition == Pair("cat", "left", "dog", "night")
    with pytest.raises(ValueError, match="names nothing"):
        from_caption("on the of")


def test_boxes_say_what_the_scene_is():
    """The true boxes of held-out scenes, their order shuffled, give back what the scenes show."""
    rng, chosen = np.random.default_rng(0), scenes.load("test")
    for image, record in list(chosen)[:200]:
        order = rng.permutation(len(record.objects))
        boxes = np.array([record.objects[i].box for i in order], float)
        seen = from_boxes(image, boxes, [record.objects[i].concept for i in order])
        assert (seen.key, seen.background) == (record.key, record.background)
    with pytest.raises(ValueError, match="nothing was found"):
        from_boxes(image, np.zeros((0, 4)), [])


def test_the_place_is_read_from_the_rim():
    picture = np.empty((64, 64, 3), np.uint8)
    for name, place in BACKGROUNDS.items():
        picture[:] = np.array(place.colour) - 8
        picture[1:-1, 1:-1] = 0
        assert nearest_background(picture) == name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_can_be_said(language):
    for concept in CONCEPTS:
        for number in (1, 2, 3):
            assert (
                sentences.some(language, concept, number)
                in Seen(Count(concept, number, "medium", "grass")).caption(language).text
            )
    assert set(sentences.FIXED["en"]) == set(sentences.FIXED["zh"])
    assert set(skills.REFUSALS) - {"unknown word", "missing"} <= set(sentences.FIXED["en"])


def test_what_is_wanted_is_all_that_fits_and_nothing_else():
    """Of all scenes of a split, those whose composition is wanted are those that fit."""
    from mmcourse.alignment.negatives import composition

    records = scenes.load("test").records
    for slots in (
        {"concept": "cat"}, {"concept": "bee", "number": 2}, {"concept": "sun", "size": "small"},
        {"concept": "cat", "relation": "right", "second": "dog"}, {"concept": "cat", "background": "snow"},
    ):  # fmt: skip
        allowed = set(skills.wanted(slots))
        for record in records:
            assert (composition(record) in allowed) == skills.fitting(slots, record), (slots, record.key)


# ---- what ships


def ready(language):
    return stages.assistant(language, scenes.load("test").images[:100], hear=lambda x: x, speak=lambda text: None)


@pytest.mark.parametrize(
    ("language", "find", "count", "unknown", "other"),
    [("en", "show me {}", "how many are there", "find a tiger", "play some music"),
     ("zh", "给我看{}", "有几只猫", "给我看斑马", "打开电视")],
)  # fmt: skip
def test_the_whole_of_it_talks(language, find, count, unknown, other):
    a = ready(language)
    assert a.answer(unknown).refusal == "unknown word"
    assert a.answer(other).refusal == "other"
    assert a.answer(count).refusal in ("no picture", "missing")
    turn = a.answer(find.format({"en": "an octopus", "zh": "章鱼"}[language]))
    assert turn.refusal in (None, "not found")
    if turn.refusal is None:
        assert any(thing.concept == "octopus" for thing in scenes.load("test").records[turn.number].objects)
    flat = np.full((64, 64, 3), 200, np.uint8)
    blind = a.answer({"en": "describe the picture", "zh": "描述图片"}[language], picture=flat)
    assert (blind.refusal, blind.problem.stage) == ("unseen", "look")


def test_the_voice_says_captions_and_says_nothing_it_has_not_learned(monkeypatch):
    from mmcourse.data import speech

    monkeypatch.setattr(speech, "available", lambda: False)
    speak = stages.speaking("zh")
    sound, rate = speak("两只猫")
    assert rate == 8000
    assert sound.std() > 0.01
    assert speak("再见") is None


def test_noise_is_not_taken_for_a_request():
    """It is heard as some request, and that request is understood; but the ear is not sure."""
    noise = (0.2 * np.random.default_rng(0).standard_normal((3, 12000))).clip(-0.9, 0.9).astype(np.float32)
    a = ready("en").replace(hear=stages.hearing("en"))
    for sound in noise:
        assert a.answer((sound, 8000)).refusal == "unheard"
    assert any(a.replace(least_heard=0.0).answer((sound, 8000)).refusal != "unheard" for sound in noise)


# ---- looking before listening


HEARD = Heard("how many dogs", 0.9, (("how many dogs", -1.0), ("where is the cat", -3.0), ("nonsense", 0.0)))


def test_what_is_in_view_decides_between_texts_that_sound_alike():
    a = helper(hear=lambda given: HEARD, look=lambda picture: Seen(CATS, 0.8))
    blind = a.answer(("sound", 1), picture="b")
    assert (blind.heard.text, blind.answer) == ("how many dogs", "i see no dog here")
    turn = a.replace(context=2.5).answer(("sound", 1), picture="b")
    assert (turn.heard.text, turn.answer) == ("where is the cat", "two small cats on the grass")
    assert turn.understood.intent == "where"
    assert a.replace(context=1.5).answer(("sound", 1), picture="b").heard.text == "how many dogs"


def test_a_search_that_finds_makes_more_sense():
    heard = Heard("find three", 0.9, (("find three", -1.0), ("find cats", -3.0)))
    a = helper(hear=lambda given: heard)
    assert a.answer(("sound", 1)).refusal == "not found"
    assert a.replace(context=2.5).answer(("sound", 1)).number == 7


def test_sense_that_nobody_can_make_is_unclear_and_a_typed_text_needs_none():
    a = helper(hear=lambda given: Heard("nonsense", 0.9, (("nonsense", 0.0),)), context=5.0)
    assert a.answer(("sound", 1)).refusal == "unclear"
    assert a.answer("how many dogs", picture="b").answer == "i see no dog here"
