"""The recognisers that ship with the course: what their cards say is true, and damage is noticed."""

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints
from mmcourse.checkpoints import recogniser
from mmcourse.data import make_phrases, phrases
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, rate_of_counts
from mmcourse.recognition import fitting

CLIPS = 20


@pytest.fixture(scope="module", params=LANGUAGES)
def heard(request):
    """(language, the shipped recogniser, its card, some test clips' sounds and texts)."""
    language = request.param
    sounds, texts = phrases.load().recordings(language, "test")
    card = checkpoints.load(f"recogniser_{language}")[1]
    return language, recogniser.load(language), card, sounds[:CLIPS], texts[:CLIPS]


@pytest.mark.parametrize("way", ["greedy", "searched"])
def test_its_error_rates_are_what_its_card_says(heard, way):
    """On a part of the clips, so as well as a part can tell: the card's rate lies within the part's interval."""
    language, listener, card, sounds, texts = heard
    decode = recogniser.search(language) if way == "searched" else None
    counts = recogniser.errors(language, texts, listener.transcribe_all(sounds, decode=decode))
    low, high = bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0), level=0.99)
    said = card["scores"]["test"][way]
    assert low <= said["error rate"] <= high
    assert said["95 % interval"][0] <= said["error rate"] <= said["95 % interval"][1]
    assert set(said["timbres"]) == set(make_phrases.TEST_TIMBRES)


def test_fewer_than_one_in_ten_is_wrong(heard):
    """A language model mends the spelling of English; a Chinese character is right or it is another one."""
    language, _, card, _, _ = heard
    way = {"en": "searched", "zh": "greedy"}[language]
    assert card["scores"]["test"][way]["95 % interval"][1] < 0.1


def test_its_file_is_small_and_its_card_tells_how_it_was_made(heard):
    language, listener, card, _, _ = heard
    folder = checkpoints.resources.files("mmcourse.checkpoints")
    assert (folder / f"recogniser_{language}.npz").stat().st_size < 1_300_000
    assert card["command"] == "python -m mmcourse.checkpoints.recogniser"
    assert card["parameters"] == sum(p.numel() for p in listener.network.parameters()) < 600_000
    texts = [take["text"] for take in make_phrases.training_takes(language, recogniser.CLIPS)]
    assert card["characters"] == "".join(sorted(set("".join(texts))))
    for text in (clip["text"] for clip in phrases.load().table if clip["language"] == language):
        assert listener.alphabet.decode(listener.alphabet.encode(text)) == text


def test_what_is_loaded_is_ready_to_read_and_not_to_train(heard):
    network = heard[1].network
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


def test_the_language_model_knows_captions(heard):
    language, listener, _, _, texts = heard
    model = recogniser.language_model(language)
    encoded = [listener.alphabet.encode(text) for text in texts]
    shuffled = [np.random.default_rng(0).permutation(text).tolist() for text in encoded]
    assert model.perplexity(encoded) < 3 < 10 < model.perplexity(shuffled)


def test_another_language_is_told():
    with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), came 'de'"):
        recogniser.load("de")


# ---- without the shipped files


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The folder of small checkpoints, made as the shipped ones are, in two steps on two shipped clips."""

    def few(language, count, progress):
        sounds, _ = phrases.load().recordings(language, "reference")
        return sounds[:2], [take["text"] for take in make_phrases.training_takes(language, 40)][:2]

    monkeypatch.setattr(make_phrases, "training", few)
    monkeypatch.setattr(recogniser, "STEPS", dict.fromkeys(LANGUAGES, 3))
    monkeypatch.setattr(recogniser, "CLIPS", 2)
    monkeypatch.setattr(recogniser, "__file__", str(tmp_path / "recogniser.py"))
    monkeypatch.setattr(recogniser, "scores", lambda listener, *of: [type(listener).__name__, *of])
    monkeypatch.setattr(recogniser.torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    recogniser.main(["zh"], seed=5)
    return tmp_path


def rewrite(folder, **changes):
    """Change the card of a checkpoint, and its sum with it."""
    path = folder / "recogniser_zh.json"
    card = json.loads(path.read_text(encoding="utf8")) | changes
    card["sha256"] = hashlib.sha256((folder / "recogniser_zh.npz").read_bytes()).hexdigest()
    path.write_text(json.dumps(card), encoding="utf8")


def test_what_is_loaded_is_what_was_trained(made):
    loaded = recogniser.load("zh")
    trained = recogniser.train("zh", seed=5, progress=False)
    assert loaded.alphabet.characters == trained.alphabet.characters
    for name, expected in trained.network.state_dict().items():
        found = loaded.network.state_dict()[name]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=name)  # as float16 keeps it
    card = json.loads((made / "recogniser_zh.json").read_text(encoding="utf8"))
    assert card["seed"] == 5
    assert card["scores"] == {s: ["Recogniser", "zh", s] for s in ("test", "fine_tune_test", "reference")}


def test_a_damaged_file_is_refused(made):
    path = made / "recogniser_zh.npz"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint recogniser_zh\.npz is damaged: .* make it anew with"):
        recogniser.load("zh")


def test_another_alphabet_is_refused(made):
    rewrite(made, characters="一两")
    with pytest.raises(ValueError, match=r"recogniser_zh holds another model: .*head.weight.* Try: python -m mmcourse"):
        recogniser.load("zh")


def test_the_arrays_of_another_model_are_refused(made):
    classes = len(json.loads((made / "recogniser_zh.json").read_text(encoding="utf8"))["characters"]) + 1
    other = fitting.untrained(classes, hidden=11).state_dict()
    np.savez(made / "recogniser_zh.npz", **{n: t.numpy() for n, t in other.items()})
    rewrite(made)
    with pytest.raises(ValueError, match=r"holds another model: .*size mismatch for forwards.* Try: python -m"):
        recogniser.load("zh")
