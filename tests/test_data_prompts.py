"""The language of prompts: what it says in both languages, and what is true, by hand."""

from collections import Counter

import numpy as np
import pytest

from mmcourse.data import prompts, scenes
from mmcourse.data.concepts import CONCEPTS
from mmcourse.data.prompts import CHANGES, CLEAR, KINDS, PLACES, RELATIONS, THING, Prompt, answers, text, true
from mmcourse.data.scenes import Thing

CAT, DOG = Thing("cat", (2, 20, 22, 40)), Thing("dog", (40, 26, 60, 46))  # middles (12, 30) and (50, 36)
APPLES = tuple(Thing("apple", (x, y, x + 10, y + 10)) for x, y in ((3, 40), (40, 4), (20, 42)))


@pytest.mark.parametrize(
    ("prompt", "en", "zh"),
    [
        (Prompt("rabbit"), "the rabbit", "兔子"),
        (Prompt("grapes"), "the bunch of grapes", "葡萄"),
        (Prompt("apple", "leftmost"), "the leftmost apple", "最左边的苹果"),
        (Prompt("apple", "lowest"), "the lowest apple", "最下面的苹果"),
        (Prompt(THING, "left of", "dog"), "the thing to the left of the dog", "狗左边的东西"),
        (Prompt("cat", "below", "scissors"), "the cat below the pair of scissors", "剪刀下面的猫"),
        (Prompt("dog", "right of", "cat"), "the dog to the right of the cat", "猫右边的狗"),
    ],
)
def test_what_it_says(prompt, en, zh):
    assert text(prompt, "en") == en
    assert text(prompt, "zh") == zh


@pytest.mark.parametrize(
    ("prompt", "objects", "right"),
    [
        (Prompt("cat"), (CAT, DOG), (0,)),
        (Prompt("cow"), (CAT, DOG), ()),
        (Prompt("apple"), APPLES, (0, 1, 2)),
        (Prompt("apple", "leftmost"), APPLES, (0,)),
        (Prompt("apple", "rightmost"), APPLES, (1,)),
        (Prompt("apple", "topmost"), APPLES, (1,)),
        (Prompt("apple", "lowest"), APPLES, (0, 2)),  # two pixels apart: nobody can say
        (Prompt("cat", "lowest"), (CAT, DOG), (0,)),
        (Prompt("cow", "lowest"), (CAT, DOG), ()),
        (Prompt(THING, "left of", "dog"), (CAT, DOG), (0,)),
        (Prompt(THING, "right of", "dog"), (CAT, DOG), ()),
        (Prompt(THING, "above", "dog"), (CAT, DOG), ()),  # it is higher by 6 pixels, but left of it by 38
        (Prompt("cat", "left of", "dog"), (CAT, DOG), (0,)),
        (Prompt("dog", "left of", "cat"), (CAT, DOG), ()),
        (Prompt("dog", "right of", "cat"), (CAT, DOG), (1,)),
        (Prompt(THING, "left of", "cow"), (CAT, DOG), ()),
        (Prompt(THING, "below", "apple"), APPLES, (2,)),  # the first is below another one, but more left than below
    ],
)
def test_what_is_true(prompt, objects, right):
    assert answers(prompt, objects) == right


@pytest.mark.parametrize(("apart", "clear"), [(CLEAR - 1, False), (CLEAR, True)])
def test_what_is_clear(apart, clear):
    low = Thing("cat", (10, 10, 20, 20))
    high = Thing("dog", (10, 10 - apart, 20, 20 - apart))
    assert answers(Prompt("dog", "above", "cat"), (low, high)) == ((1,) if clear else ())
    twins = low, Thing("cat", high.box)
    assert answers(Prompt("cat", "topmost"), twins) == ((1,) if clear else (0, 1))


def test_what_can_be_asked_of_two_and_of_three():
    assert set(true((CAT, DOG))) == {
        Prompt("cat"), Prompt("dog"), Prompt(THING, "left of", "dog"), Prompt(THING, "right of", "cat"),
        Prompt("cat", "left of", "dog"), Prompt("dog", "right of", "cat"),
    }  # fmt: skip
    assert true(APPLES) == tuple(Prompt("apple", place) for place in ("leftmost", "rightmost", "topmost"))
    assert true((CAT,)) == (Prompt("cat"),)


@pytest.fixture(scope="module")
def asked():
    records = scenes.load("test", 120).records
    return records, prompts.ask(records, np.random.default_rng(0))


def test_questions_are_true_and_false_in_equal_numbers(asked):
    records, questions = asked
    for scene, prompt, answer, change in questions:
        assert answers(prompt, records[scene].objects) == (() if answer is None else (answer,))
        assert (answer is None) == (change in CHANGES)
    count = Counter((q.scene, q.prompt.kind, q.answer is None) for q in questions)
    assert set(count.values()) == {1}
    for scene, record in enumerate(records):
        kinds = {prompt.kind for prompt in true(record.objects)}
        assert {(kind, none) for s, kind, none in count if s == scene} == {(k, n) for k in kinds for n in (True, False)}


def test_what_is_false_is_so_by_one_change(asked):
    for before, after in zip(*[iter(asked[1])] * 2, strict=True):
        old, new = before.prompt, after.prompt
        assert before.scene == after.scene
        if after.change == "order":
            assert new == Prompt(old.landmark, old.word, old.noun)
        else:
            different = [name for name in ("noun", "word", "landmark") if getattr(old, name) != getattr(new, name)]
            assert different == [after.change]
    assert {q.change for q in asked[1]} == {None, *CHANGES}
    assert {q.prompt.kind for q in asked[1]} == set(KINDS)


def test_questions_come_from_the_generator_alone(asked):
    records, questions = asked
    assert prompts.ask(records, np.random.default_rng(0)) == questions
    assert prompts.ask(records, np.random.default_rng(1)) != questions


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_can_be_said_holds_every_word(language):
    def words(some):
        said = [text(prompt, language) for prompt in some]
        return {word for t in said for word in (t.split() if language == "en" else t)}

    every = [Prompt(c) for c in CONCEPTS] + [Prompt(c, place) for c in CONCEPTS for place in PLACES]
    every += [Prompt(noun, r, "dog") for r in RELATIONS for noun in (THING, "cat")]
    assert words(prompts.sayable()) == words(every)
    assert len(prompts.sayable()) < 100


@pytest.mark.parametrize(
    "prompt",
    [Prompt("zeppelin"), Prompt(THING), Prompt("cat", "nearest"), Prompt("cat", "left of"),
     Prompt("cat", "left of", "cat"), Prompt("cat", None, "dog"), Prompt(THING, "leftmost"),
     Prompt("cat", "above", THING)],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(prompt):
    with pytest.raises(ValueError, match=r"^expected Prompt\(concept\), Prompt\(concept, one of .*got \('"):
        text(prompt, "en")
    with pytest.raises(ValueError, match="got"):
        answers(prompt, (CAT, DOG))


def test_another_language_is_refused():
    with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), got 'fr'"):
        text(Prompt("cat"), "fr")
