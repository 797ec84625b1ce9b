"""The study of retrieval: what it measures, by hand, and that a run is a function of its seed."""

import itertools

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.alignment import negatives
from mmcourse.captioning.faults import composition_of
from mmcourse.captioning.words import Standard
from mmcourse.data.captions import caption
from mmcourse.data.compositions import Count, Pair
from mmcourse.data.concepts import CONCEPTS
from mmcourse.data.scenes import Scene, Thing
from mmcourse.studies import aligned_captions, retrieval

C, SIDE = 5, 8
SHOWN = (
    Pair("cat", "left", "dog", "grass"),
    Count("owl", 2, "small", "sky"),
    Count("cat", 1, "big", "snow"),
    Pair("owl", "above", "cat", "night"),
    Count("owl", 2, "small", "sky"),
)


def scene(shown):
    things = tuple(Thing(concept, (0, 0, 1, 1)) for concept in shown.concepts)
    return Scene(type(shown).__name__.lower(), shown.key, shown.background, things,
                 caption(shown, "en"), caption(shown, "zh"))  # fmt: skip


@pytest.fixture
def few(monkeypatch):
    """Five random images and what they are said to show, for both splits."""
    scenes = [scene(shown) for shown in SHOWN]
    rng = np.random.default_rng(0)
    seen = {split: rng.standard_normal((5, SIDE * SIDE, C), dtype=np.float32) for split in retrieval.COUNTS}
    monkeypatch.setattr(retrieval, "records", lambda split: scenes)
    monkeypatch.setattr(retrieval, "seen", seen.__getitem__)
    monkeypatch.setattr(retrieval, "scale", lambda: Standard(np.zeros(C, np.float32), np.ones(C, np.float32)))
    monkeypatch.setattr(retrieval, "EXAMPLES", 600)
    caches = retrieval.nearly_right, retrieval.hard, retrieval.trained
    for cached in caches:
        cached.cache_clear()
    yield scenes
    for cached in caches:
        cached.cache_clear()


def basis(texts):
    """A unit vector for every sentence: what is not the same word for word is at right angles."""
    known = {}

    def encode(said):
        rows = np.zeros((len(said), 3000))
        for row, text in zip(rows, said, strict=True):
            row[known.setdefault(text, len(known))] = 1
        return rows

    encode(texts)
    return encode


def test_a_perfect_space_finds_everything(few):
    texts = retrieval.captions("test", "en")
    encode = basis(texts)
    u = encode(texts)
    found = retrieval.scores(u, u, "en", encode)
    for way in ("image to text", "text to image"):
        assert found[way] == {"queries": 5, "median": 1, "1": 5, "5": 5, "10": 5}, "one caption twice is no mistake"
    assert found["swapped"] == {"order": [2, 2], "relation": [2, 2], "count": [2, 2], "size": [3, 3]}
    assert found["zero-shot"] == [3, 3]
    assert found["gap"] == 0


def test_what_lies_nearer_than_the_truth_is_counted(few):
    texts = retrieval.captions("test", "en")
    encode = basis(texts)
    u = encode(texts)
    u[0] = 0.9 * u[0] + encode(["a dog to the left of a cat on the grass"])[0]
    u[1] = encode(["two small cats in the sky"])[0] + 0.5 * u[1]
    u[3] = 0.0 * u[3] + 0.5  # all alike: ties
    u[4] = 0.1 * u[4] + encode(["a small owl in the sky", "three small owls in the sky"]).sum(
        0
    )  # one scene, two wrongs
    found = retrieval.scores(u, encode(texts), "en", encode)
    assert found["swapped"] == {"order": [0, 2], "relation": [1, 2], "count": [1, 2], "size": [3, 3]}
    assert found["zero-shot"] == [2, 3]
    assert found["image to text"]["1"] == 4
    assert found["image to text"]["median"] == 1


def test_a_bag_of_words_cannot_tell_an_order(few):
    words = sorted(
        {word for text in retrieval.captions("test", "en") for word in text.split()} | {"three", "owls", "dogs"}
    )

    def encode(texts):
        return np.array([[word in text.split() for word in words] for text in texts], float)

    u = encode(retrieval.captions("test", "en"))
    assert retrieval.swapped(u, u, "en", encode)["order"] == [0, 2]


def test_the_texts_to_learn_from_are_wrong_and_of_every_kind(few):
    for shown, texts in zip(SHOWN, retrieval.hard("zh"), strict=True):
        swaps = [text for some in negatives.texts(shown, "zh").values() for text in some]
        assert texts[: len(swaps)] == swaps
        assert len(texts) == len(swaps) + 4
        assert caption(shown, "zh").text not in texts


def test_unseen_nouns_are_in_no_text_to_learn_from(few):
    without = tuple(CONCEPTS)[9:]
    for shown, texts in zip(SHOWN, retrieval.hard("en", without), strict=True):
        others = {c for text in texts for c in composition_of(text.split(), "en").concepts} - set(shown.concepts)
        assert others
        assert not others & set(without)


def test_unseen_nouns_are_in_no_training_scene(few, monkeypatch):
    used, asked, hard = [], [], retrieval.hard
    monkeypatch.setattr(retrieval, "hard", lambda *given: (asked.append(given), hard(*given))[1])
    monkeypatch.setattr(retrieval.fitting, "fit", lambda model, pairs, **_: (used.append(pairs), None))
    retrieval.train(retrieval.untrained("en"), "en", without=("dog",))
    assert asked == [("en", ("dog",))]
    assert len(used[0].regions) == 4
    np.testing.assert_array_equal(used[0].regions, retrieval.seen("train")[1:])


@pytest.mark.parametrize("setting", ["hard negatives", "batch 16", "places averaged", "temperature 1"])
def test_settings_reach_the_training(few, monkeypatch, setting):
    asked = {}

    def fit(model, pairs, **options):
        asked.update(options, learned=model.log_scale.requires_grad, places=model.see.look is not None)
        return model, None

    monkeypatch.setattr(retrieval.fitting, "fit", fit)
    retrieval.trained(setting, "en", 3)
    assert asked["seed"] == 3
    assert asked["hard"] == (setting in ("hard negatives", "places averaged"))
    assert asked["batch"] * asked["steps"] <= retrieval.EXAMPLES < asked["batch"] * (asked["steps"] + 1)
    assert asked["learned"] == (setting != "temperature 1")
    assert asked["places"] == (setting != "places averaged")


def test_a_run_is_a_function_of_its_seed(few, monkeypatch):
    monkeypatch.setitem(retrieval.SETTINGS, "hard negatives", {"batch": 4})
    monkeypatch.setattr(retrieval, "EXAMPLES", 12)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    once = retrieval.run("hard negatives", "zh", 1)
    assert torch.equal(torch.get_rng_state(), before), "the caller's chance is left alone"
    retrieval.trained.cache_clear()
    assert retrieval.same(once, retrieval.run("hard negatives", "zh", 1))
    assert not retrieval.same(once, retrieval.run("hard negatives", "zh", 2))
    assert once["gap before training"] != once["gap"]


def test_shares_are_means_over_seeds_with_the_interval_of_one(monkeypatch):
    both = [{"image to text": {"queries": 600, "1": n}} for n in (570, 582)]
    monkeypatch.setattr(retrieval, "lines", lambda setting, language: both)
    share, (low, high) = retrieval.share("any", retrieval.recall("image to text"))
    assert share == pytest.approx(576 / 600)
    assert (low, high) == pytest.approx(retrieval.wilson_interval(576, 600))


# ---- captioners that read the space


def test_a_captioner_that_never_saw_an_image_reads_the_moved_images(few, monkeypatch):
    rng = np.random.default_rng(0)
    made = {split: (rng.standard_normal((5, 4)) + 3, rng.standard_normal((5, 4)) - 2) for split in ("train", "test")}
    made = {split: tuple(x.astype(np.float32) for x in both) for split, both in made.items()}
    monkeypatch.setattr(retrieval, "trained", lambda *_: (None, None))
    monkeypatch.setattr(retrieval, "embedded", lambda space, language, split="test": made[split])
    (u, v), (test, _) = made["train"], made["test"]
    x, noise, given = aligned_captions.vectors("aligned texts and noise", 0)
    np.testing.assert_allclose(x, 2 * v)
    np.testing.assert_allclose(noise, 2 * (u - v).std(0), rtol=1e-5)
    np.testing.assert_allclose(given["as it is"], 2 * test)
    np.testing.assert_allclose(given["gap closed"], 2 * (test - u.mean(0) + v.mean(0)), rtol=1e-4)
    x, noise, given = aligned_captions.vectors("aligned images", 0)
    np.testing.assert_allclose(x, 2 * u)
    assert not noise.any()
    assert list(given) == ["as it is"]


def test_the_places_keep_their_order(few):
    x, _, given = aligned_captions.vectors("features of places", 0)
    assert x.shape == (5, 16 * C)
    seen = retrieval.seen("test").reshape(5, 8, 8, C)
    for i, (row, column) in enumerate(itertools.product(range(4), repeat=2)):
        square = seen[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].mean((1, 2))
        np.testing.assert_allclose(given["as it is"][:, i * C : (i + 1) * C], square, atol=1e-6)


# ---- what is kept


def test_every_kept_space_with_hard_negatives_reaches_the_goals():
    kept = [line for (setting, *_), line in retrieval.results().items() if setting == retrieval.BEST]
    assert len(kept) == 6
    for line in kept:
        for way in ("image to text", "text to image"):
            assert line[way]["1"] / line[way]["queries"] >= 0.95
        for kind, (hits, n) in line["swapped"].items():
            assert hits / n >= 0.95, kind
        hits, n = line["zero-shot"]
        assert hits / n >= 0.95


def test_the_text_has_a_row_for_every_setting_that_was_run():
    _, *rows = retrieval.as_text().splitlines()
    names = dict.fromkeys(f"{setting}, {language}" for setting, language, _ in retrieval.RUNS
                          if retrieval.lines(setting, language))  # fmt: skip
    assert len(rows) == len(names)
    for row, name in zip(rows, names, strict=True):
        assert row.startswith(name)
        setting, language = name.rsplit(", ", 1)
        assert float(row[len(name) :].split()[0]) == pytest.approx(
            retrieval.share(setting, retrieval.recall("image to text"), language)[0], abs=5e-4
        )
