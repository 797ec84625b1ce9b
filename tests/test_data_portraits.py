"""Portraits: each split shows its own pairs, a picture shows what its caption says, and a seed gives the same bytes."""

import hashlib

import numpy as np
import pytest

from mmcourse.data import portraits, stickers
from mmcourse.data.concepts import BACKGROUNDS, CONCEPTS


def test_the_small_vocabulary_is_twenty_animals():
    concepts = list(CONCEPTS)
    assert len(portraits.SMALL) == 20
    assert concepts.index("apple") > max(concepts.index(c) for c in portraits.SMALL)  # food comes after the animals


@pytest.mark.parametrize("concepts", [portraits.SMALL, portraits.FULL])
def test_every_thing_and_background_is_seen_in_training(concepts):
    trained, held_out = (portraits.pairs(concepts, held_out=h) for h in (False, True))
    assert set(trained) | set(held_out) == {(c, b) for c in concepts for b in BACKGROUNDS}
    assert sorted(trained + held_out) == sorted(portraits.pairs(concepts))
    assert not set(trained) & set(held_out)
    assert {c for c, _ in trained} == {c for c, _ in held_out} == set(concepts)
    assert {b for _, b in trained} == {b for _, b in held_out} == set(BACKGROUNDS)
    assert len(held_out) == len(concepts) >= 20


def test_the_splits_show_their_own_pairs():
    for split, held_out in (("train", False), ("test", True)):
        data = portraits.load(split)
        assert data.images.shape == (portraits.DEFAULT_COUNTS[split], 32, 32, 3)
        assert data.images.dtype == np.uint8
        assert set(data.pairs) == set(portraits.pairs(held_out=held_out))


def test_a_caption_names_thing_and_background():
    assert portraits.caption("owl", "night") == "an owl at night"
    assert portraits.caption("corn", "sand") == "an ear of corn on the sand"
    data = portraits.load("test", count=3)
    assert data.captions == tuple(portraits.caption(*pair) for pair in data.pairs)
    texts = [portraits.caption(*pair) for pair in portraits.pairs(portraits.FULL)]
    assert len(set(texts)) == len(texts)


def test_a_picture_shows_the_sticker_on_its_background():
    """Every pixel lies on the line between the background's colour and the sticker's at some place and size."""
    rng = np.random.default_rng(0)
    for concept, background in portraits.pairs(portraits.SMALL[:7]):
        image = portraits.draw(concept, background, rng).astype(int)
        shade = image[0, 0] - np.array(BACKGROUNDS[background].colour)
        assert np.ptp(shade) == 0
        assert abs(shade[0]) <= 8
        assert min(_distance(image, concept, size, dy, dx) for size in portraits.SIZES
                   for dy in (-1, 0, 1) for dx in (-1, 0, 1)) <= 1  # fmt: skip


def _distance(image, concept, size, dy, dx):
    art, start = stickers.sticker(concept, size).astype(float), (32 - size) // 2
    expected = np.broadcast_to(image[0, 0].astype(float), image.shape).copy()
    region = expected[start + dy : start + dy + size, start + dx : start + dx + size]
    region[:] = art[..., :3] + region * (1 - art[..., 3:] / 255)
    return np.abs(expected - image).max()


def test_places_sizes_and_shades_vary():
    rng = np.random.default_rng(1)
    many = {portraits.draw("cat", "sky", rng).tobytes() for _ in range(200)}
    assert 100 < len(many) <= 17 * 27


def test_a_seed_gives_the_same_pictures():
    once, again, other = (portraits.load("train", count=50, seed=s) for s in (3, 3, 4))
    assert np.array_equal(once.images, again.images)
    assert once.pairs == again.pairs != other.pairs
    assert portraits.load("test", count=50, seed=3).pairs != once.pairs


def test_the_first_pictures_are_pinned():
    images = portraits.load("train", portraits.FULL, 40).images
    assert hashlib.sha256(images.tobytes()).hexdigest()[:16] == "e48b06bf6464a862"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("validation",), r"expected one of the splits \('train', 'test'\), got 'validation'"),
        (("train", ("cat", "unicorn")), r"expected ids of concepts, such as \('cat', .*, got \['unicorn'\]"),
        (("train", ()), r"expected ids of concepts, such as .*, got \(\)"),
        (("train", portraits.SMALL, 0), "expected count to be a whole number from 1, got 0"),
        (("train", portraits.SMALL, 5, -1), "expected seed to be a whole number from 0, got -1"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        portraits.load(*arguments)
