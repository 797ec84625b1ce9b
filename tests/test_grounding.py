"""The checkpoint of words that look at regions: what it says about itself is true, and damage is noticed."""

import shutil

import numpy as np
import pytest
import torch

from mmcourse import checkpoints
from mmcourse.checkpoints import grounding
from mmcourse.data import scenes


@pytest.fixture(scope="module")
def model():
    return grounding.load()


def test_its_scores_are_what_its_card_says(model):
    said = model.card["pointing on held-out scenes"]
    found = grounding.score(model)
    for language in ("en", "zh"):
        assert found[language]["nouns"] == said[language]["nouns"]
        assert abs(found[language]["hits"] - said[language]["hits"]) <= 3, "rounding may tip a few maxima, no more"
        assert found[language]["hits"] / found[language]["nouns"] > 0.9


def test_it_knows_which_words_stand_in_a_caption(model):
    test = scenes.load("test")
    regions = model.regions(test.images)
    ids = np.arange(len(model.words))
    right = 0
    for record, context in zip(test.records, regions, strict=True):
        said = {model.words[i] for i in np.flatnonzero(model.logits(ids, context) > 0)}
        truth = {(language, w) for language in ("en", "zh") for w in record.caption(language).words if w != "，"}
        right += len(said & truth) / len(said | truth)
    assert right / len(test) > 0.95


def test_what_is_saved_is_what_was_trained():
    """Batch normalisation folded into the convolutions, and attention in NumPy: the same logits."""
    generator = torch.Generator().manual_seed(3)
    words = [("en", w) for w in ("one", "two", "three", "four", "five")]
    trainee = grounding.Trainee(len(words), generator).eval()
    with torch.no_grad():
        for norm in trainee.norms:
            for a in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
                a.copy_(torch.rand(a.shape, generator=generator) + 0.1)
    arrays = {n: a.astype(np.float32) for n, a in trainee.arrays().items()}
    saved = grounding.Grounding(
        words=tuple(words),
        queries=arrays["queries"],
        read=arrays["read"],
        bias=arrays["bias"],
        attention={n: arrays[n] for n in grounding.NAMES},
        convolutions=tuple((arrays[f"conv{i}.weight"], arrays[f"conv{i}.bias"]) for i in range(4)),
        card={},
    )
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    with torch.no_grad():
        before = trainee(torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - 0.5).numpy()
    after = saved.logits(np.arange(5), saved.regions(images))
    np.testing.assert_allclose(after, before, atol=0.01 * np.abs(before).max())  # float16 keeps three digits


def test_temperature_and_mask(model):
    regions = model.regions(scenes.load("test", 1).images)[0]
    ids = model.ids("en", ["cat", "the"])
    weights = model.maps(ids, regions)
    assert weights.shape == (grounding.HEADS, 2, 64)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert (model.maps(ids, regions, temperature=0.1).max(-1) >= weights.max(-1)).all()
    mask = np.arange(64) % 8 < 4
    masked = model.maps(ids, regions, mask=mask)
    assert (masked[..., ~mask] == 0).all()
    expected = weights * mask
    np.testing.assert_allclose(masked, expected / expected.sum(-1, keepdims=True), rtol=1e-4, atol=1e-7)


def test_an_unknown_word_is_named(model):
    with pytest.raises(KeyError, match="zeppelin"):
        model.ids("en", ["cat", "zeppelin"])


def test_a_damaged_file_is_noticed(tmp_path, monkeypatch):
    here = checkpoints.resources.files("mmcourse.checkpoints")
    for ending in ("json", "npz"):
        shutil.copy(here / f"grounding.{ending}", tmp_path)
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    assert checkpoints.load("grounding")[0].keys() >= set(grounding.NAMES)
    damaged = bytearray((tmp_path / "grounding.npz").read_bytes())
    damaged[1000] ^= 1
    (tmp_path / "grounding.npz").write_bytes(damaged)
    with pytest.raises(ValueError, match=r"npz is damaged: expected sha256 \w{12}…, came .* make it anew with"):
        checkpoints.load("grounding")


def test_a_region_sees_a_window_of_38_pixels(model):
    """The chapter says so. Region i of a row is centred on pixel 8i + 3.5, so it sees pixels 8i - 15 to 8i + 22."""
    image = np.full((1, 64, 64, 3), 128, np.uint8)
    before = model.regions(image)[0].reshape(8, 8, -1)
    for pixel in (0, 17, 30, 44, 63):
        changed = image.copy()
        changed[0, 32, pixel] = [255, 0, 0]
        moved = (model.regions(changed)[0].reshape(8, 8, -1) != before).any((0, 2))
        assert not moved[[i for i in range(8) if not 8 * i - 15 <= pixel <= 8 * i + 22]].any()
        assert moved.any()
