"""Changes in words: what they make of a composition, by hand, and what a gallery holds that is right."""

import numpy as np
import pytest

from mmcourse.data import changes, scenes
from mmcourse.data.changes import KINDS
from mmcourse.data.compositions import Count, Pair, is_held_out

CAT_LEFT = Pair("cat", "left", "dog", "grass")
TWO = Count("owl", 2, "small", "sky")
BIG = Count("bus", 1, "big", "night")


@pytest.fixture(scope="module")
def asked():
    return changes.load()


def test_what_can_change_by_hand():
    assert changes.possible(CAT_LEFT, "order") == [Pair("dog", "left", "cat", "grass")]
    assert changes.possible(CAT_LEFT, "count") == changes.possible(CAT_LEFT, "size") == []
    assert changes.possible(TWO, "order") == []
    assert changes.possible(TWO, "count") == [TWO._replace(count=1), TWO._replace(count=3)]
    assert changes.possible(TWO, "size") == [TWO._replace(size="medium")], "two big ones have no room"
    assert changes.possible(BIG, "count") == [], "nor have three"
    assert changes.possible(BIG, "size") == [BIG._replace(size="medium")], "one step, not two"
    assert changes.possible(BIG._replace(size="medium"), "size") == [BIG._replace(size="small"), BIG]
    assert [c.background for c in changes.possible(BIG, "background")] == ["grass", "sand", "sky", "snow"]
    things = changes.possible(CAT_LEFT, "thing")
    assert Pair("cat", "left", "owl", "grass") in things
    assert Pair("owl", "left", "dog", "grass") in things
    assert not any(c.first == c.second for c in things)
    assert len(things) == len(set(things)) == 2 * (64 - 2)


@pytest.mark.parametrize(
    ("before", "after", "kind", "texts", "old", "new"),
    [
        (BIG, BIG._replace(background="snow"), "background",
         {"like this , but on the snow", "on the snow instead", "the same on the snow"}, "at night", "on the snow"),
        (TWO, TWO._replace(concept="bus"), "thing", {"with two buses instead of two owls",
         "like this , but two buses and not two owls", "two buses in place of two owls"}, "two owls", "two buses"),
        (CAT_LEFT, CAT_LEFT._replace(second="owl"), "thing", {"with an owl instead of a dog",
         "like this , but an owl and not a dog", "an owl in place of a dog"}, "a dog", "an owl"),
        (TWO, TWO._replace(count=1), "count",
         {"but only one of them", "like this , but only one", "the same , but only one"}, "two owls", "an owl"),
        (TWO, TWO._replace(size="medium"), "size", {"like this , but bigger", "bigger , please", "the same , bigger"},
         "two small owls in the sky", "two owls in the sky"),
        (BIG, BIG._replace(size="medium"), "size",
         {"like this , but smaller", "smaller , please", "the same , smaller"}, "a big bus at night", "a bus at night"),
        (CAT_LEFT, Pair("dog", "left", "cat", "grass"), "order",
         {"the other way round", "like this , but swapped", "swap the two"},
         "a cat to the left of a dog on the grass", "a dog to the left of a cat on the grass"),
    ],
)  # fmt: skip
def test_changes_in_words(before, after, kind, texts, old, new):
    rng = np.random.default_rng(0)
    said = [changes.said(before, after, kind, rng) for _ in range(40)]
    assert {c.text for c in said} == texts
    assert {(c.kind, c.after, c.old, c.new) for c in said} == {(kind, after, old, new)}


def test_every_query_has_an_answer_and_is_none_itself(asked):
    assert asked.right.shape == (len(asked), len(asked.images)) == (len(asked.queries), len(asked.shown))
    assert asked.right.any(1).all()
    for row, query in zip(asked.right, asked.queries, strict=True):
        assert not row[query.scene]
        assert query.before == asked.shown[query.scene] != query.change.after
        assert {asked.shown[i] for i in np.flatnonzero(row)} == {query.change.after}
        assert query.change.after in changes.possible(query.before, query.change.kind)


def test_the_gallery_begins_with_the_test_scenes(asked):
    data = scenes.load("test")
    np.testing.assert_array_equal(asked.images[:600], data.images)
    assert len(asked.images) > 1000
    assert asked.images.dtype == np.uint8
    extra = asked.shown[600:]
    assert len(set(extra)) == len(extra)
    assert not set(extra) & set(asked.shown[:600])


def test_nothing_that_is_asked_for_was_seen_in_training(asked):
    assert all(is_held_out(shown.key) for shown in asked.shown)


def test_every_kind_is_asked_for_and_each_scene_differently(asked):
    kinds = [q.change.kind for q in asked.queries]
    assert all(kinds.count(kind) >= 50 for kind in KINDS)
    assert len({(q.scene, q.change.kind) for q in asked.queries}) == len(asked)
    assert all(sum(q.scene == i for q in asked.queries) <= 2 for i in range(600))


def test_all_words_are_in_the_vocabulary(asked):
    words = set(changes.vocabulary())
    assert {word for q in asked.queries for word in q.change.text.split()} <= words
    assert {"instead", "round", "smaller", "please"} <= words


@pytest.mark.parametrize("shown", [CAT_LEFT, TWO, BIG, Count("key", 3, "medium", "sand")])
def test_a_drawn_scene_shows_what_it_should(shown):
    """On its background's colour, in as many patches as there are things, with room about each."""
    from scipy import ndimage

    image = changes.draw(shown, np.random.default_rng(2)).astype(int)
    assert np.abs(image[0, 0] - np.array(changes.BACKGROUNDS[shown.background].colour)).max() <= 8
    differs = ndimage.binary_dilation(np.abs(image - image[0, 0]).max(-1) > 24, iterations=1)
    labels, n = ndimage.label(differs, np.ones((3, 3)))
    sizes = ndimage.sum_labels(differs, labels, range(1, n + 1))
    assert (sizes > 30).sum() >= len(shown.concepts)


def test_a_seed_gives_the_same_changes():
    once, again, other = (changes.load(30, 2, seed) for seed in (1, 1, 2))
    assert once.queries == again.queries != other.queries
    np.testing.assert_array_equal(once.images, again.images)
    for asked, seed in ((once, 1), (other, 2)):
        np.testing.assert_array_equal(asked.images[:600], scenes.load("test", seed=seed).images)
    assert np.mean([a == b for a, b in zip(once.shown, other.shown, strict=False)]) < 0.1, "other scenes, too"


def test_training_changes_can_be_asked_for():
    rng = np.random.default_rng(0)
    for before in (CAT_LEFT, TWO, BIG):
        found = changes.few(before, rng, 5, held_out=False)
        assert len({c.kind for c in found}) == len(found)
        assert not any(is_held_out(c.after.key) for c in found)


@pytest.mark.parametrize("arguments", [(0, 2), (601, 2), (5, 0), (5, 6)])
def test_what_cannot_be_asked_is_said(arguments):
    with pytest.raises(ValueError, match=r"expected a count of 1 to 600 and each of 1 to 5, came"):
        changes.load(*arguments)
