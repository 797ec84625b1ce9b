"""The study of posts: its fusions by hand, what reaches the models, and what the kept lines say."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.data import posts
from mmcourse.studies import posts as study


@pytest.fixture(scope="module")
def few():
    return posts.load("train", 300, seed=9)


@pytest.fixture(scope="module")
def gated(few):
    return study.fit("gated", few, seed=1, epochs=1)


def test_two_experts_multiplied_by_hand():
    """Sure of nothing changes nothing; 0.8 and 0.8 for the same of two is 0.64 against 0.04."""
    see = np.log([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    read = np.log([[0.5, 0.5], [0.8, 0.2], [0.2, 0.8]])
    np.testing.assert_allclose(np.exp(study.product_of_experts(see, read)), [[0.8, 0.2], [16 / 17, 1 / 17], [0.5, 0.5]])
    prior = np.log([0.8, 0.2])
    np.testing.assert_allclose(np.exp(study.product_of_experts(see, read, prior))[1], [0.8, 0.2])


def test_the_product_is_bayes_rule_where_text_and_picture_are_independent():
    """A world of four things in which all probabilities are known."""
    rng = np.random.default_rng(0)
    prior, sees, reads = rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(5), 4), rng.dirichlet(np.ones(3), 4)
    both = prior[:, None, None] * sees[:, :, None] * reads[:, None, :]  # (things, seen, read)
    truth = both[:, 2, 1] / both[:, 2, 1].sum()
    see, read = both[:, 2].sum(1), both[:, :, 1].sum(1)
    log = [np.log(p / p.sum())[None] for p in (see, read)]
    np.testing.assert_allclose(np.exp(study.product_of_experts(*log, np.log(prior)))[0], truth)


def test_models_get_the_words_and_the_quality_if_they_are_told(few):
    images, texts, present, labels = study.tensors(few)
    assert images.shape == (300, 3, 32, 32)
    assert -0.5 <= images.min() < images.max() <= 0.5
    np.testing.assert_allclose(images[7, 2, 3, 5], few.images[7, 3, 5, 2] / 255 - 0.5, rtol=1e-6)
    assert present.all()
    np.testing.assert_array_equal(labels, few.labels)
    words = study.words().words
    assert {w for w, b in zip(words, texts[5], strict=True) if b} == set(few.texts[5].split())
    told = study.tensors(few, told=True)[1]
    assert told.shape[1] == texts.shape[1] + posts.QUALITIES
    np.testing.assert_array_equal(told[:, -posts.QUALITIES :].argmax(1), few.quality)


def test_a_training_is_a_function_of_its_seed_and_leaves_chance_alone(few, gated):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    again, other = study.fit("gated", few, seed=1, epochs=1), study.fit("gated", few, seed=2, epochs=1)
    assert torch.equal(torch.get_rng_state(), before)
    once = study.log_probabilities(gated, few)
    np.testing.assert_allclose(np.exp(once).sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(once, study.log_probabilities(again, few))
    assert not np.allclose(once, study.log_probabilities(other, few))


def test_the_gate_is_the_share_of_the_picture(few, gated):
    found = study.gate(gated, few)
    assert found.shape == (300,)
    assert ((found > 0) & (found < 1)).all()
    with torch.no_grad():
        gated.joint["w_gate"].mul_(0)
    np.testing.assert_allclose(study.gate(gated, few), 0.5)
    both = study.fit("mixture of experts", few, epochs=1)
    with torch.no_grad():
        both.gates.weight.mul_(0)
        both.gates.bias[:] = torch.tensor([np.log(3.0), 0.0])
    np.testing.assert_allclose(study.gate(both, few), 0.75, rtol=1e-6)
    with pytest.raises(ValueError, match=r"a model that is .*, came 'concatenation'"):
        study.gate(study.fit("concatenation", few, epochs=1), few)


def test_counting_by_quality():
    data = posts.load("test", 50)
    said = np.eye(24)[data.labels]
    assert study.by_quality(said, data) == np.bincount(data.quality, minlength=5).tolist()
    said[data.quality == 2] = np.roll(said[data.quality == 2], 1, 1)
    assert study.by_quality(said, data)[2] == 0


# ---- what is kept


def test_a_line_comes_out_the_same_again():
    key = ("text alone", 1)
    study.trained.cache_clear()
    again = study.run(*key)
    kept = study.results()[key]
    for kind in posts.KINDS:  # another processor may move a post or two
        np.testing.assert_allclose(again[kind], kept[kind], atol=8)
    assert again["parameters"] == kept["parameters"]
    assert again["CPU-seconds"] <= 10


def test_every_run_is_kept_and_shows_every_quality():
    assert set(study.results()) == set(study.RUNS)
    of = np.bincount(study.tests()["right"].quality, minlength=5)
    assert of.sum() == 1500
    for line in study.results().values():
        for kind in posts.KINDS:
            assert (np.array(line[kind]) <= of).all()


def share(method, kind, quality=None):
    return study.share(method, kind, quality)[0]


def test_the_picture_alone_reaches_what_the_set_was_made_for():
    assert 0.65 < share("image alone", "right") < 0.82
    qualities = [share("image alone", "right", q) for q in range(5)]
    assert qualities == sorted(qualities)
    assert share("image alone", "right") == share("image alone", "misleading"), "it does not read"
    assert share("text alone", "misleading") == 0


def test_who_trusted_always_is_fooled():
    naive, warned = "concatenation, texts always right", "concatenation"
    assert share(naive, "right") >= share(warned, "right") - 0.02
    assert study.share(naive, "misleading")[1][1] < study.share(warned, "misleading")[1][0]
    assert share(naive, "misleading") < share("image alone", "misleading") / 2
    assert study.mixed(warned) > study.mixed(naive) + 0.1
    assert study.mixed(warned) > study.mixed("image alone")


def test_texts_help_most_where_pictures_are_worst():
    gains = [share("concatenation", "right", q) - share("image alone", "right", q) for q in range(5)]
    assert gains[0] > gains[4] + 0.2
    assert study.mixed("concatenation", {"right": 1}) == share("concatenation", "right")


def test_the_text_holds_every_method():
    text = study.as_text()
    for method in study.METHODS:
        assert sum(row.startswith(f"{method} ") for row in text.splitlines()) == 4
