"""Posts: what a text says of its picture, how pictures are spoilt, and that a seed gives the same posts."""

import hashlib
import itertools

import numpy as np
import pytest

from mmcourse.data import posts
from mmcourse.data.concepts import CONCEPTS
from mmcourse.data.posts import KINDS, QUALITIES, SORTS, THINGS


@pytest.fixture(scope="module")
def data():
    return posts.load("train", 1200, seed=3)


def words_of(text):
    return set(text.split())


def named(text):
    """The things that a text names."""
    return [t for t in THINGS if f" {CONCEPTS[t].singular} " in f" {text} "]


def test_every_thing_has_one_sort():
    assert len(set(THINGS)) == len(THINGS) == 24
    assert set(THINGS) <= set(CONCEPTS)
    assert [posts.sort_of(t) for t in ("cat", "cake", "bus", "key")] == list(SORTS)


def test_posts_are_what_they_say(data):
    assert data.images.shape == (1200, 32, 32, 3)
    assert data.images.dtype == np.uint8
    assert set(data.labels) == set(range(24))
    for text, kind, told, label in zip(data.texts, data.kinds, data.told, data.labels, strict=True):
        things = named(text)
        sorts = [s for s, (_, both) in SORTS.items() if words_of(text) & set(both)]
        if kind == "silent":
            assert told == -1
            assert text in posts.SILENT
            assert not sorts
            continue
        assert len(things) + len(sorts) == 1, text
        if things:
            assert things == [THINGS[told]]
            assert (told == label) == (kind == "right")
        else:
            assert sorts == [posts.sort_of(THINGS[told])]
            assert (posts.sort_of(THINGS[label]) == sorts[0]) == (kind == "right")


def test_kinds_come_as_often_as_asked(data):
    shares = [(data.kinds == kind).mean() for kind in KINDS]
    np.testing.assert_allclose(shares, [0.6, 0.2, 0.2], atol=0.04)  # a standard deviation is 0.014
    assert np.mean([len(named(t)) for t in data.texts]) == pytest.approx(0.8 * 2 / 3, abs=0.05)
    assert (posts.load("test", 200, texts={"right": 50, "misleading": 50}).kinds == "silent").sum() == 0


def test_the_form_of_a_text_does_not_tell_whether_it_is_right(data):
    shares = []
    for kind in ("right", "misleading"):
        texts = [t for t, k in zip(data.texts, data.kinds, strict=True) if k == kind]
        shares.append(np.mean([bool(named(t)) for t in texts]))
    assert shares[0] == pytest.approx(shares[1], abs=0.1)


def test_pictures_do_not_depend_on_the_texts():
    right, silent, misleading = (posts.load("test", 60, texts=kind) for kind in KINDS)
    for other in (silent, misleading):
        np.testing.assert_array_equal(right.images, other.images)
        np.testing.assert_array_equal(right.quality, other.quality)
        np.testing.assert_array_equal(right.labels, other.labels)
    assert set(misleading.kinds) == {"misleading"}
    assert not (misleading.told == misleading.labels).any()


def test_every_quality_and_damage_comes(data):
    counts = np.bincount(data.quality, minlength=QUALITIES)
    assert counts.min() > 180
    assert set(data.damages) == {*posts.DAMAGES, ""}
    np.testing.assert_array_equal(data.damages == "", data.quality == QUALITIES - 1)


@pytest.mark.parametrize("damage", posts.DAMAGES)
def test_a_lower_quality_is_further_from_the_truth(damage):
    rng = np.random.default_rng(0)
    clean = [posts.draw(thing, "sand", rng) for thing in ("cat", "clock", "train", "apple")]
    copies = [image.copy() for image in clean]
    seen = []
    for quality in range(QUALITIES):
        spoilt = [posts.spoilt(image, damage, quality, rng) for image in clean]
        seen.append(np.mean([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(clean, spoilt, strict=True)]))
    assert seen[-1] == pytest.approx(1)
    assert all(low < high for low, high in itertools.pairwise(seen)), seen
    np.testing.assert_array_equal(clean, copies, "the picture itself is left alone")


def test_what_each_damage_does():
    rng = np.random.default_rng(1)
    image = np.full((32, 32, 3), 200, np.uint8)
    assert posts.spoilt(image, "darkness", 0, rng).max() <= 200 * 8 // 256 + 8
    assert posts.spoilt(image, "noise", 0, rng).std() > 40
    np.testing.assert_array_equal(posts.spoilt(image, "blur", 0, rng), image)
    line = np.zeros((9, 9, 3), np.uint8)
    line[:, 4] = 160
    blurred = posts.spoilt(line, "blur", 3, rng)
    assert blurred[4, 4, 0] < 80
    assert blurred[4, 2, 0] > 0
    assert abs(int(blurred[4].sum()) - 3 * 160) < 3 * 20, "light is spread, not lost"


def test_a_seed_gives_the_same_posts():
    once, again, other = (posts.load("train", 40, seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(once.images, again.images)
    assert once.texts == again.texts != other.texts
    assert not np.array_equal(posts.load("test", 40, seed=5).images, once.images)


def test_the_first_posts_are_pinned():
    data = posts.load("train", 40)
    assert hashlib.sha256(data.images.tobytes() + "|".join(data.texts).encode()).hexdigest()[:16] == "cc0654fe0e8d6e9a"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("validation",), r"expected one of the splits \('train', 'test'\), got 'validation'"),
        (("train", 0), "expected count to be a whole number from 1, got 0"),
        (("train", 5, -1), "expected seed to be a whole number from 0, got -1"),
        (("train", 5, 0, "rude"), r"expected texts to be one of \('right', .*got 'rude'"),
        (("train", 5, 0, {"right": 50}), r"expected texts to be .*so many of a hundred .*got \{'right': 50\}"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        posts.load(*arguments)


def test_an_unknown_damage_is_said():
    with pytest.raises(ValueError, match=r"expected one of \('noise', .*came 'rain' and 2"):
        posts.spoilt(np.zeros((4, 4, 3), np.uint8), "rain", 2, np.random.default_rng(0))
