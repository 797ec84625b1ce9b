"""Noun recognition: the shipped small CNN is as good as its card says, and the narrow VGG-16 as its kept scores."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse import checkpoints, metrics
from mmcourse.checkpoints import nouns
from mmcourse.data import scenes
from mmcourse.data.concepts import CONCEPTS
from mmcourse.studies import vgg_nouns
from mmcourse.vision import vgg

TASK = "all nouns right on held-out scenes"


@pytest.fixture(scope="module")
def test_scenes():
    return scenes.load("test")


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_its_score_is_what_its_card_says(test_scenes):
    said = checkpoints.load("nouns")[1][TASK]
    found = nouns.score(nouns.load(), nouns.pixels, test_scenes)
    assert found["scenes"] == said["scenes"] == 600
    assert abs(found["right"] - said["right"]) <= 3, "rounding may tip a few logits, no more"
    assert found["share"] > 0.95
    assert said["95 % interval"] == pytest.approx(metrics.wilson_interval(said["right"], 600), abs=1e-4)


def test_the_file_is_small():
    assert (checkpoints.resources.files("mmcourse.checkpoints") / "nouns.npz").stat().st_size < 2_000_000


def test_targets_are_the_things_in_the_scene(test_scenes):
    shown = nouns.targets(test_scenes.records)
    assert shown.shape == (600, len(CONCEPTS))
    for row, record in zip(shown, test_scenes.records, strict=True):
        there = {concept for concept, bit in zip(CONCEPTS, row, strict=True) if bit}
        assert there == {thing.concept for thing in record.objects}


def test_a_score_counts_scenes_with_all_nouns_and_no_other(test_scenes):
    data = scenes.Scenes(test_scenes.images[:70], test_scenes.records[:70])
    truth = torch.from_numpy(nouns.targets(data.records)) - 0.5

    def told(images):
        told.at += len(images)
        return truth[told.at - len(images) : told.at].clone()

    told.at = 0
    assert nouns.score(lambda x: x, told, data)["right"] == 70
    truth[5, truth[5].argmax()] = -1  # one is missing
    truth[69, truth[69].argmin()] = 1  # one too many
    told.at = 0
    assert nouns.score(lambda x: x, told, data) == {
        "right": 68, "scenes": 70, "share": 0.9714,
        "95 % interval": [round(end, 4) for end in metrics.wilson_interval(68, 70)],
        "nouns": {"right": int((truth > 0).sum()) - 1, "missed": 1, "wrong": 1},
    }  # fmt: skip


def test_folding_batch_normalisation_changes_nothing():
    torch.manual_seed(4)
    network = nouns.NounNetwork()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for a in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                a.data = torch.rand(a.shape) + 0.1
    x = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(network.folded()(x), network.eval()(x), rtol=1e-4, atol=1e-4)


def test_a_region_is_where_the_thing_is(test_scenes):
    """The region with the highest logit of a noun lies in or near its box: nobody told the network where things are."""
    network = nouns.load()
    column = {concept: i for i, concept in enumerate(CONCEPTS)}
    hits = []
    for image, record in zip(test_scenes.images[:150], test_scenes.records[:150], strict=True):
        with torch.inference_mode():
            maps = network.classifier(network.features(nouns.pixels(image[None])))[0].numpy()
        for concept in {thing.concept for thing in record.objects}:
            boxes = [thing.box for thing in record.objects if thing.concept == concept]
            hits.append(metrics.points_inside(maps[column[concept]], boxes))
    assert np.mean(hits) > 0.8


def test_regions_do_not_depend_on_their_batch():
    images = np.random.default_rng(0).integers(0, 256, (66, 64, 64, 3), dtype=np.uint8)
    seen = nouns.regions(nouns.load(), images)
    assert seen.shape == (66, 64, nouns.CHANNELS)
    np.testing.assert_allclose(seen[64:], nouns.regions(nouns.load(), images[64:]), rtol=1e-3, atol=1e-4)


def test_training_is_a_function_of_its_seed(one_thread):
    data = scenes.load("train", 128)
    first, again, other = (vgg_nouns.train(data, epochs=2, seed=seed, progress=False)[0] for seed in (0, 0, 1))
    weights = [m.state_dict()["classifier.6.weight"] for m in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.allclose(weights[0], weights[2])
    assert not torch.allclose(weights[0], vgg_nouns.untrained().state_dict()["classifier.6.weight"])


def test_a_small_network_learns(one_thread):
    torch.manual_seed(0)
    network = nouns.NounNetwork()
    history, seconds = nouns.fit(network, nouns.pixels, scenes.load("train", 64), 20, rate=4e-3, progress=False)
    assert seconds > 0
    # without looking at the pixels, knowing only how many nouns a scene shows, a loss of 7 is the best
    assert min(history.losses) < 6


def test_the_trained_vgg_is_kept(tmp_path, monkeypatch, one_thread):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    small = scenes.load("train", 64)
    monkeypatch.setattr(vgg_nouns.scenes, "load", lambda split: small)
    monkeypatch.setattr(vgg_nouns.nouns, "fit", lambda model, *_: (model.features[0].bias.data.fill_(3.0), 7.4))
    model, seconds = vgg_nouns.trained()
    assert seconds == 7
    monkeypatch.setattr(vgg_nouns, "train", None)  # from the cache now
    again, seconds = vgg_nouns.trained()
    assert seconds == 7
    assert not again.training
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert (again.features[0].bias == 3).all()
    assert vgg.regions(again, small.images[:2]).shape == (2, 4, 64)


def test_the_kept_scores_of_the_vgg_fit_together(test_scenes):
    kept = json.loads(vgg_nouns.SCORES.read_text(encoding="utf8"))
    assert kept["parameters"] == sum(p.numel() for p in vgg_nouns.untrained().parameters())
    assert kept["CPU-seconds"] < 300
    score = kept[TASK]
    assert score["scenes"] == 600
    assert score["95 % interval"] == pytest.approx(metrics.wilson_interval(score["right"], 600), abs=1e-4)
    assert score["share"] == pytest.approx(score["right"] / 600, abs=1e-4)
    shown = score["nouns"]["right"] + score["nouns"]["missed"]
    assert shown == nouns.targets(test_scenes.records).sum()
    assert score["nouns"]["right"] / shown > 0.6, "by chance one in forty"
