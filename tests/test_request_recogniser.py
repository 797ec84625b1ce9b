"""The ear of the assistant: what its cards and its study say is true, it knows when it is lost, damage is noticed."""

import hashlib
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints
from mmcourse.checkpoints import recogniser as captions
from mmcourse.checkpoints import request_recogniser
from mmcourse.data import make_spoken_requests, requests, spoken_requests
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, rate_of_counts
from mmcourse.recognition import fitting
from mmcourse.speech.decoding import Labelling
from mmcourse.studies import spoken_requests as study

EVERY = 8  # of the clips, of all intents


@pytest.fixture(scope="module", params=LANGUAGES)
def heard(request):
    """(language, its card, some test clips' sounds and texts, what is heard in them)."""
    language = request.param
    sounds, texts = spoken_requests.load().recordings(language)
    card = checkpoints.load(f"request_recogniser_{language}")[1]
    sounds, texts = sounds[::EVERY], texts[::EVERY]
    return language, card, sounds, texts, request_recogniser.hear_all(sounds, 8000, language)


def test_its_error_rate_is_what_its_card_says(heard):
    """On a part of the clips, so as well as a part can tell: the card's rate lies within the part's interval."""
    language, card, _, texts, found = heard
    counts = request_recogniser.errors(language, texts, [h.text for h in found])
    low, high = bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0), level=0.99)
    said = card["scores"]["searched"]
    assert low <= said["error rate"] <= high
    assert said["95 % interval"][0] <= said["error rate"] <= said["95 % interval"][1]
    assert set(said["timbres"]) == set(make_spoken_requests.TIMBRES["test"])
    assert set(said["intents"]) == set(requests.INTENTS)


def test_it_hears_what_the_search_finds(heard):
    language, _, sounds, _, found = heard
    decode = request_recogniser.search(language)
    again = request_recogniser.load(language).transcribe_all(sounds[:5], decode=decode)
    assert again == [h.text for h in found[:5]]
    assert request_recogniser.hear(sounds[1], 8000, language).text == found[1].text


def test_few_words_are_wrong(heard):
    """Chinese characters are harder than English words here; these are what was measured, .05 and .08."""
    language, card, _, _, _ = heard
    assert card["scores"]["searched"]["error rate"] <= {"en": 0.05, "zh": 0.09}[language]


def test_its_file_is_small_and_its_card_tells_how_it_was_made(heard):
    language, card, _, texts, _ = heard
    folder = checkpoints.resources.files("mmcourse.checkpoints")
    assert (folder / f"request_recogniser_{language}.npz").stat().st_size < 1_300_000
    assert card["command"] == "python -m mmcourse.checkpoints.request_recogniser"
    listener = request_recogniser.load(language)
    assert card["parameters"] == sum(p.numel() for p in listener.network.parameters()) < 600_000
    assert card["characters"] == "".join(sorted(set("".join(request_recogniser.sentences(language)))))
    assert card["CPU-seconds"] < 400
    assert not listener.network.training
    assert not any(p.requires_grad for p in listener.network.parameters())
    for text in texts:
        assert listener.alphabet.decode(listener.alphabet.encode(text)) == text


def test_the_language_model_reads_phrasings_of_training_alone(heard):
    """About any things, so a request of the test may be among them by chance; but not its phrasings, nor `other`."""
    language = heard[0]
    told = set(request_recogniser.sentences(language))
    assert {c for take in make_spoken_requests.training_takes(language, 500) for c in take["text"]} <= set(
        "".join(told)
    )
    phrasings = {"en": ("can i see", "i want you to find"), "zh": ("我想找", "你有没有")}[language]
    assert not any(words in text for text in told for words in phrasings)
    asked = spoken_requests.load().requests(language)
    assert not told & {request.text for request in asked if not request.slots}
    assert len(told & {request.text for request in asked}) < 60  # of 200


def test_the_language_model_knows_requests(heard):
    language, _, _, texts, _ = heard
    model, alphabet = request_recogniser.language_model(language), request_recogniser.load(language).alphabet
    encoded = [alphabet.encode(text) for text in texts]
    shuffled = [np.random.default_rng(0).permutation(text).tolist() for text in encoded]
    most = {"en": 6, "zh": 11}[language]  # there are more characters to choose from in Chinese
    assert model.perplexity(encoded) < most < 2 * most < model.perplexity(shuffled)


# ---- how sure it is


def test_confidence_by_hand():
    sure = Labelling((3, 1, 3, 2), -2.0, 6.0)
    assert request_recogniser.confidence(sure, 1.75) == -0.25
    assert request_recogniser.confidence(Labelling((), -0.1, -3.0), 1.75) == -np.inf


def test_it_is_surer_of_its_language_than_of_anything_else(heard):
    language, _, _, _, found = heard
    (other,) = set(LANGUAGES) - {language}
    foreign = request_recogniser.hear_all(spoken_requests.load().recordings(other)[0][::20], 8000, language)
    noise = [study.hiss(np.random.default_rng(i)) for i in range(10)]
    noise = request_recogniser.hear_all(noise, 8000, language)
    sure = request_recogniser.SURE[language]
    assert np.mean([h.confidence >= sure for h in found]) > 0.85
    assert np.mean([h.confidence >= sure for h in foreign]) < 0.2
    assert np.mean([h.confidence >= sure for h in noise]) < 0.2


def test_bad_sound_is_told():
    for wrong, rate, told in (
        (np.zeros(8000, np.float32), 8000, "came silence"),
        (np.zeros(100, np.float32), 8000, "at least one frame of 200 samples"),
        (np.sin(np.arange(8000)), 16000, "expected 8,000 samples a second, came 16,000"),
        (np.full(8000, np.nan), 8000, "expected finite samples"),
    ):
        with pytest.raises(ValueError, match=told):
            request_recogniser.hear(wrong, rate, "en")
    with pytest.raises(ValueError, match=r"expected one of the languages \('en', 'zh'\), came 'de'"):
        request_recogniser.hear(np.sin(np.arange(8000)), 8000, "de")


def test_noise_is_as_loud_as_told():
    sound = spoken_requests.load().sound(7)
    for ratio in (-3, 12):
        mixed = request_recogniser.in_noise(sound, ratio, np.random.default_rng(0))
        share = mixed @ sound / (sound @ sound)  # of the sound in the mixture, up to the chance agreement of the noise
        noise = mixed - share * sound
        assert 10 * np.log10(np.mean((share * sound) ** 2) / np.mean(noise**2)) == pytest.approx(ratio, abs=0.2)
        assert np.abs(mixed).max() == pytest.approx(0.9, rel=1e-6)
        assert mixed.dtype == np.float32


# ---- the study


def test_the_study_is_complete_and_its_lines_are_of_the_shipped_recognisers():
    lines = study.results()
    assert set(lines) == set(study.RUNS)
    for language in LANGUAGES:
        rate, interval = study.error_rate(lines[study.CLEAN, language])
        card = checkpoints.load(f"request_recogniser_{language}")[1]["scores"]
        assert rate == pytest.approx(card["searched"]["error rate"])
        assert interval == pytest.approx(card["searched"]["95 % interval"])
        assert study.error_rate(lines[study.CLEAN, language], "greedy")[0] == pytest.approx(
            card["greedy"]["error rate"]
        )
    assert "searched" in study.as_text()


def test_a_line_of_the_study_comes_out_again():
    """But for what rounding does on another machine: nearly all texts, and nearly the confidence."""
    kept, again = study.results()[study.HISS, "zh"], study.run(study.HISS, "zh")
    assert set(kept) == set(again)
    same = np.array([a == b for a, b in zip(kept["heard"], again["heard"], strict=True)])
    assert same.mean() > 0.9
    a, b = study.confidences(kept), study.confidences(again)
    both = same & np.isfinite(a)
    np.testing.assert_allclose(a[both], b[both], atol=2e-3)


def test_noise_makes_it_worse():
    for language in LANGUAGES:
        rates = [study.error_rate(study.results()[sound, language])[0] for sound in study.SPEECH]
        assert rates[0] < rates[-2] < rates[-1]


def test_the_area_under_the_curve_by_hand():
    assert study.area([3, 2], [1, 0, -np.inf]) == 1
    assert study.area([3.0, 1.0], [2.0, 0.5]) == pytest.approx(3 / 4)
    assert study.area([1.0, 1.0], [1.0]) == pytest.approx(1 / 2)


# ---- without the shipped files


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The folder of small checkpoints, made as the shipped ones are, in three steps on two shipped clips."""

    def few(language, count, progress):
        sounds, texts = spoken_requests.load().recordings(language)
        return sounds[:2], texts[:2]

    shipped = captions.load("zh")
    monkeypatch.setattr(captions, "load", lambda language: shipped)  # its file is not in the folder
    monkeypatch.setattr(make_spoken_requests, "training", few)
    monkeypatch.setattr(request_recogniser, "STEPS", dict.fromkeys(LANGUAGES, 3))
    monkeypatch.setattr(request_recogniser, "__file__", str(tmp_path / "request_recogniser.py"))
    monkeypatch.setattr(request_recogniser, "scores", lambda language: language)
    monkeypatch.setattr(request_recogniser.torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    request_recogniser.main(["zh"], seed=5)
    return tmp_path


def rewrite(folder, **changes):
    """Change the card of a checkpoint, and its sum with it."""
    path = folder / "request_recogniser_zh.json"
    card = json.loads(path.read_text(encoding="utf8")) | changes
    card["sha256"] = hashlib.sha256((folder / "request_recogniser_zh.npz").read_bytes()).hexdigest()
    path.write_text(json.dumps(card), encoding="utf8")


def test_what_is_loaded_is_what_was_trained(made):
    loaded = request_recogniser.load("zh")
    trained = request_recogniser.train("zh", seed=5, progress=False)
    assert loaded.alphabet.characters == trained.alphabet.characters
    for name, expected in trained.network.state_dict().items():
        found = loaded.network.state_dict()[name]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=name)  # as float16 keeps it
    card = json.loads((made / "request_recogniser_zh.json").read_text(encoding="utf8"))
    assert card["seed"] == 5
    assert card["scores"] == "zh"


def test_it_begins_with_what_the_recogniser_of_captions_knows():
    begun, known = request_recogniser.untrained("zh", seed=3), captions.load("zh")
    for name, expected in known.network.state_dict().items():
        if not name.startswith("head"):
            np.testing.assert_array_equal(begun.network.state_dict()[name], expected)
    for c in "猫一":
        np.testing.assert_array_equal(
            begun.network.head.weight[begun.alphabet.encode(c)[0]].detach(),
            known.network.head.weight[known.alphabet.encode(c)[0]],
        )
    np.testing.assert_array_equal(begun.network.head.bias[0].detach(), known.network.head.bias[0])  # the blank
    assert begun.alphabet.classes > known.alphabet.classes


def test_a_damaged_file_is_refused(made):
    path = made / "request_recogniser_zh.npz"
    damaged = bytearray(path.read_bytes())
    damaged[1000] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"^checkpoint request_recogniser_zh\.npz is damaged: .* make it anew with"):
        request_recogniser.load("zh")


def test_another_alphabet_is_refused(made):
    rewrite(made, characters="一两")
    with pytest.raises(ValueError, match=r"request_recogniser_zh holds another model: .*head.weight.* Try: python -m"):
        request_recogniser.load("zh")


def test_the_arrays_of_another_model_are_refused(made):
    card = json.loads((made / "request_recogniser_zh.json").read_text(encoding="utf8"))
    other = fitting.untrained(len(card["characters"]) + 1, hidden=11).state_dict()
    np.savez(made / "request_recogniser_zh.npz", **{n: t.numpy() for n, t in other.items()})
    rewrite(made)
    with pytest.raises(ValueError, match=r"holds another model: .*size mismatch for forwards.* Try: python -m"):
        request_recogniser.load("zh")
