"""Towers, nearly right captions, training and the space they make: on a few random images, nothing drawn or cached."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.alignment import fitting, negatives
from mmcourse.alignment.space import Reader, Space, nearest, standardised, tokens
from mmcourse.alignment.towers import LARGEST, Aligned, ImageTower, SentenceTower, TextTower
from mmcourse.alignment.zero_shot import class_vectors, nearest_prompt, prompts, zero_shot
from mmcourse.captioning.faults import composition_of, faults
from mmcourse.captioning.words import standard
from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.compositions import Count, Pair
from mmcourse.data.concepts import CONCEPTS
from mmcourse.data.scenes import Scene

C, SIDE, D = 5, 3, 7
PAIR, COUNT = Pair("cat", "left", "dog", "grass"), Count("sheep", 2, "small", "sky")
TEXTS = ("a cat on the grass", "two small dogs at night", "a dog", "two cats")


def towers(seed=0, **options):
    torch.manual_seed(seed)
    see = ImageTower(C, D, heads=2, width=11, side=SIDE, places=options.pop("places", True))
    return Aligned(see, TextTower(len(Reader.of(TEXTS, "en").words), D, width=3, state=5), **options).eval()


def drawn(n=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, SIDE * SIDE, C), dtype=np.float32)


# ---- nearly right captions


def test_nearly_right_captions_by_hand():
    assert negatives.texts(PAIR, "en") == {
        "order": ("a dog to the left of a cat on the grass",),
        "relation": ("a cat above a dog on the grass",),
    }
    assert negatives.texts(COUNT, "en") == {
        "count": ("a small sheep in the sky", "three small sheep in the sky"),
        "size": ("two sheep in the sky",),
    }
    assert negatives.texts(COUNT, "zh") == {
        "count": ("天空中有一只小羊", "天空中有三只小羊"),
        "size": ("天空中有两只羊",),
    }
    assert negatives.texts(PAIR, "zh")["order"] == ("草地上，一只猫的左边有一只狗",)
    assert set(negatives.texts(Count("cat", 1, "big", "sand"), "en")) == {"size"}, "two big ones have no room"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "shown", [PAIR, COUNT, Pair("owl", "above", "ladybug", "night"), Count("pizza", 1, "medium", "snow")]
)
def test_each_is_wrong_in_its_kind_alone(shown, language):
    """Read back by the captioners' own finder of faults, which knows nothing of how they were made."""
    fault = {"order": "wrong relation", "relation": "wrong relation", "count": "wrong number", "size": "wrong size"}
    true = caption(shown, language).words
    for kind, others in negatives.swapped(shown).items():
        assert others
        for other in others:
            assert faults(caption(other, language).words, true, language) == (fault[kind],)
    drawn = negatives.others(shown, np.random.default_rng(0), 5)
    assert len(drawn) == 5
    for other in drawn:
        assert faults(caption(other, language).words, true, language) == ("wrong thing",)
        assert len(set(other.concepts)) == len(set(shown.concepts))


def test_a_scene_says_what_it_shows():
    for shown in (PAIR, COUNT):
        en, zh = (caption(shown, language) for language in LANGUAGES)
        scene = Scene(type(shown).__name__.lower(), shown.key, shown.background, (), en, zh)
        assert negatives.composition(scene) == shown == composition_of(scene.en.words, "en")


# ---- towers


def test_images_and_texts_come_to_lie_on_one_sphere():
    model = towers()
    u, v = model.images(torch.from_numpy(drawn())), model.texts(torch.from_numpy(Reader.of(TEXTS, "en").encode(TEXTS)))
    assert u.shape == (6, D)
    assert v.shape == (4, D)
    for x in (u, v):
        torch.testing.assert_close(x.norm(dim=1), torch.ones(len(x)))


def test_only_a_tower_with_places_knows_what_is_where():
    x = torch.from_numpy(drawn())
    mixed = x[:, torch.from_numpy(np.random.default_rng(1).permutation(SIDE * SIDE))]
    knows, averages = towers(), towers(places=False)
    torch.testing.assert_close(averages.images(x), averages.images(mixed))
    assert (knows.images(x) - knows.images(mixed)).norm(dim=1).min() > 1e-3


@pytest.mark.parametrize("part", ["looks", "convolution"])
def test_each_part_of_a_tower_with_places_knows_them(part):
    tower = towers().see
    silent = tower.where if part == "looks" else tower.out
    torch.nn.init.zeros_(silent.weight)
    x = torch.from_numpy(drawn())
    assert (tower(x) - tower(x.flip(1))).norm(dim=1).min() > 1e-3


def test_the_weights_of_each_head_sum_to_one():
    tower = towers().see
    placed = torch.cat([torch.from_numpy(drawn()), tower.place.expand(6, -1, -1)], -1)
    looks = tower.looks(placed)
    assert looks.shape == (6, SIDE * SIDE, 2)
    torch.testing.assert_close(looks.sum(1), torch.ones(6, 2))


def test_padding_does_not_change_a_text_and_its_order_does():
    model, reader = towers(), Reader.of(TEXTS, "en")
    alone = model.texts(torch.from_numpy(reader.encode(["two cats"])))
    beside = model.texts(torch.from_numpy(reader.encode(["two small dogs at night", "two cats"])))[1:]
    torch.testing.assert_close(alone, beside)
    turned = model.texts(torch.from_numpy(reader.encode(["cats two"])))
    assert (turned - alone).norm() > 1e-3


def test_sentences_pass_through_two_layers():
    assert SentenceTower(13, D)(torch.ones(2, 13)).shape == (2, D)


def test_the_temperature_has_a_floor_and_may_be_fixed():
    x, words = torch.from_numpy(drawn(2)), torch.from_numpy(Reader.of(TEXTS, "en").encode(TEXTS[:2]))
    same = torch.eye(2, dtype=torch.bool)
    at_the_floor, beyond = (towers(scale=scale)(x, words, same) for scale in (LARGEST, 10 * LARGEST))
    torch.testing.assert_close(at_the_floor, beyond)
    assert not towers(learned=False).log_scale.requires_grad
    assert towers(scale=20.0).temperature == pytest.approx(1 / 20)
    assert towers(scale=10 * LARGEST).temperature == pytest.approx(1 / LARGEST)


# ---- training


@pytest.fixture
def pairs():
    """Six images, of which the first and the last have one caption, each with nearly right ones of its own."""
    true = [*TEXTS, "a cat", TEXTS[0]]
    hard = [("two cats", "a dog"), ("a cat",), ("two dogs",), ("a cat on the grass",), ("a dog",), ("two cats",)]
    return fitting.pairs(drawn(), true, hard, Reader.of(TEXTS, "en").encode)


def test_every_text_is_encoded_once(pairs):
    assert len(pairs.texts) == 6
    assert pairs.own.tolist() == [0, 1, 2, 3, 4, 0]
    assert pairs.hard == ((3, 2), (4,), (5,), (0,), (2,), (3,))


def test_a_batch_says_which_texts_are_no_negatives(pairs):
    regions, texts, same = fitting.drawing(pairs, 6, True)(np.random.default_rng(0))
    assert regions.shape == (6, SIDE * SIDE, C)
    assert texts.shape == (12, pairs.texts.shape[1])
    for b in range(6):
        for k in range(12):
            assert same[b, k] == torch.equal(texts[b], texts[k])
        image = next(n for n in range(6) if np.array_equal(pairs.regions[n], regions[b]))
        assert torch.equal(texts[b], torch.from_numpy(pairs.texts[pairs.own[image]])), "the text of this very image"
        assert any(torch.equal(texts[6 + b], torch.from_numpy(pairs.texts[h])) for h in pairs.hard[image])
    assert fitting.drawing(pairs, 6, False)(np.random.default_rng(0))[1].shape[0] == 6


def test_a_fit_is_a_function_of_its_seed_and_learns(pairs):
    def run(seed):
        model, history = fitting.fit(towers(), pairs, steps=40, batch=5, rate=2e-2, seed=seed, progress=False)
        return torch.cat([p.detach().flatten() for p in model.parameters()]), history.losses

    (once, losses), (again, _), (other, _) = run(3), run(3), run(4)
    assert torch.equal(once, again)
    assert not torch.allclose(once, other)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.3


@pytest.mark.parametrize("batch", [1, 7])
def test_a_batch_that_cannot_be_is_named(pairs, batch):
    with pytest.raises(ValueError, match=f"^fit: expected a batch of 2 to 6, the number of images, came {batch}"):
        fitting.fit(towers(), pairs, steps=1, batch=batch)


def test_pairs_that_are_not_as_many_are_named():
    with pytest.raises(ValueError, match=r"^pairs: expected as many .* came 6, 4 and 4"):
        fitting.pairs(drawn(), TEXTS, [()] * 4, list)


# ---- the space


def test_texts_become_words_or_characters():
    assert tokens("Two  Cats", "en") == ("two", "cats")
    assert tokens("一只 猫", "zh") == ("一", "只", "猫")
    for bad in ("", "  ", None, 3):
        with pytest.raises(ValueError, match=r"^tokens: expected a text"):
            tokens(bad, "en")


def test_a_reader_names_what_it_does_not_know():
    reader = Reader.of(TEXTS, "en")
    with pytest.raises(ValueError, match=r"'catz' is not one of the 12 words known\. Near it: cats?, cats?"):
        reader.encode(["two catz"])
    with pytest.raises(ValueError, match=r"^Reader: expected a list of texts, came one\. Try: \['a cat'\]"):
        reader.encode("a cat")
    with pytest.raises(ValueError, match=r"^Reader: expected a language of \('en', 'zh'\), came 'fr'"):
        Reader.of(TEXTS, "fr")


def test_a_space_standardises_regions_and_reads_texts():
    regions = 3 * drawn() + 50
    space = Space(towers(), Reader.of(TEXTS, "en"), standard(regions))
    seen = standardised(regions, space.standard)
    np.testing.assert_allclose(seen.mean((0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(space.images(regions), fitting.embed(space.model.images, seen, 2), atol=1e-6)
    assert space.texts(TEXTS).shape == (4, D)
    with pytest.raises(ValueError, match=r"^expected regions \(N, R, 5\), at least one image, came \(6, 9, 4\)"):
        space.images(regions[..., :4])


def test_the_nearest_come_first():
    answers = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.6, 0.8]])
    assert nearest(np.array([[1.0, 0.1], [0.0, 2.0]]), answers, 3).tolist() == [[0, 1, 3], [2, 1, 3]]
    with pytest.raises(ValueError, match=r"^nearest: expected k from 1 to 4, the number of answers, came 5"):
        nearest(answers, answers, 5)


# ---- zero-shot

VECTORS = {"red": (3.0, 0.0), "crimson": (0.6, 0.8), "blue": (0.0, -5.0)}


def encode(texts):
    return np.array([VECTORS[text] for text in texts])


def test_a_class_is_the_middle_of_its_prompts():
    classes = class_vectors([["red", "crimson"], ["blue"]], encode)
    np.testing.assert_allclose(classes, [[0.8 / 0.8**0.5, 0.4 / 0.8**0.5], [0, -1]], atol=1e-12)
    images = np.array([[0.1, 0.2], [0.1, -0.2]])
    assert zero_shot(images, classes).tolist() == [0, 1]


def test_the_nearest_prompt_may_say_something_else_than_the_average():
    asked = [["red", "blue"], ["crimson"]]
    image = np.array([[1.0, -0.1], [0.1, -1.0]])
    assert nearest_prompt(image, asked, encode).tolist() == [0, 0]
    assert zero_shot(image[:1], class_vectors([["blue"], ["crimson"]], encode)).tolist() == [1]


def test_zero_shot_names_what_does_not_fit():
    for bad in ([], [["red"], []]):
        with pytest.raises(ValueError, match="expected at least one class, and a prompt for each"):
            class_vectors(bad, encode)
    with pytest.raises(ValueError, match=r"^zero_shot: expected images \(N, D\) and classes \(V, D\), came \(2, 3\)"):
        zero_shot(np.ones((2, 3)), np.ones((4, 2)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_say_all_that_can_be_counted(language):
    asked = prompts("owl", language)
    assert len(set(asked)) == len(asked) == 7 * 5
    for text, concept in ((t, c) for c in ("owl", "cake") for t in prompts(c, language)):
        noun = CONCEPTS[concept].singular if language == "en" else CONCEPTS[concept].noun
        assert noun in text
