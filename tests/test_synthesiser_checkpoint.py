"""The voices that ship with the course: what their cards say is true, and damage is noticed."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import checkpoints, metrics
from mmcourse.checkpoints import recogniser, synthesiser
from mmcourse.data import phrases
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics.error_rates import rate_of_counts
from mmcourse.speech.front_end import RATE
from mmcourse.studies import guided_attention as study

FOLDER = checkpoints.resources.files("mmcourse.checkpoints")
voices = pytest.mark.parametrize("language", LANGUAGES)
GOAL = 0.25  # of the error rate, read back without a language model


@voices
def test_the_shipped_phrases_are_read_as_the_card_says(language):
    """On texts that ship, so that it needs no speech engine: the card's numbers lie within what so few can tell."""
    card = checkpoints.load(f"synthesiser_{language}")[1]["scores on unseen phrases"]
    clips = phrases.load()
    texts = [clips.text(i) for i in clips.of(language, "reference")]
    readers = {"greedy": recogniser.load(language).transcribe_all}
    found = synthesiser.scores(synthesiser.load(language), language, texts, clips.recordings(language, "reference")[0],
                               readers)  # fmt: skip
    for name in ("monotone", "stopped by itself"):
        low, high = found[name]["95 % interval"]
        assert low <= card[name]["share"] <= high
    for what, entry in found["error rate"]["greedy"].items():
        low, high = entry["95 % interval"]
        assert low - 0.03 <= card["error rate"]["greedy"][what]["mean"] <= high + 0.03, what
    for what, entry in found["distortion"].items():
        assert entry["mean"] == pytest.approx(card["distortion"][what]["mean"], abs=1)


@voices
def test_it_reaches_what_was_asked_of_it(language):
    card = checkpoints.load(f"synthesiser_{language}")[1]
    scores = card["scores on unseen phrases"]
    assert scores["phrases"] >= 60
    assert scores["monotone"]["share"] >= 0.95
    rates = {what: entry["mean"] for what, entry in scores["error rate"]["greedy"].items()}
    assert rates["the recording"] < rates["the voice"] <= GOAL
    for name, hits in (("monotone", "share"), ("stopped by itself", "share")):
        n = scores["phrases"]
        expected = metrics.wilson_interval(round(scores[name][hits] * n), n)
        assert scores[name]["95 % interval"] == pytest.approx(expected, abs=1e-3)


@voices
def test_its_file_is_small_and_its_card_tells_how_it_was_made(language):
    assert (FOLDER / f"synthesiser_{language}.npz").stat().st_size < 1_500_000
    card = checkpoints.load(f"synthesiser_{language}")[1]
    assert card["command"] == f"python -m mmcourse.checkpoints.synthesiser {language}"
    assert card["CPU-seconds of training"] <= 300, "150 s on two cores"


def test_it_takes_on_another_voice():
    """From two dozen clips of one that it never heard, in as many seconds as a chapter has; nearer by 3 dB and more."""
    clips, voice = phrases.load(), synthesiser.load("en")
    sounds, texts = clips.recordings("en", "fine_tune")
    tuned, _ = synthesiser.learn(texts, sounds, voice=voice, steps=15, batch=8, rate=1e-3, progress=False)
    theirs, said = clips.recordings("en", "fine_tune_test")
    before, after = (
        synthesiser.scores(v, "en", said[:6], theirs[:6], {})["distortion"]["the voice"]["mean"] for v in (voice, tuned)
    )
    assert after < before - 3


@voices
def test_its_network_is_ready_to_speak(language):
    voice = synthesiser.load(language)
    assert not any(module.training for module in voice.network.modules())


# ---- without the shipped files


@pytest.fixture
def made(tmp_path, monkeypatch):
    """(the folder, the task): a voice made as the shipped ones are, in two steps on noise; its reader hears all."""
    rng = np.random.default_rng(0)
    texts = ["a cat", "two cats", "a dog"] * 11
    task = study.Task(texts, [rng.uniform(-0.3, 0.3, 2000 + 100 * len(t)).astype(np.float32) for t in texts])

    class Listener:
        def transcribe_all(self, sounds, decode=None):
            return [*texts[1:], "a bat"] if decode is None else list(texts)

    monkeypatch.setattr(synthesiser, "STEPS", {"en": 2})
    monkeypatch.setattr(synthesiser, "__file__", str(tmp_path / "synthesiser.py"))
    monkeypatch.setattr(synthesiser.torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(checkpoints.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(study, "task", lambda language, split: task)
    monkeypatch.setattr(recogniser, "load", lambda language: Listener())
    monkeypatch.setattr(recogniser, "search", lambda language: "search")
    synthesiser.main("en", seed=5)
    return tmp_path, task


def test_what_is_loaded_is_what_was_trained_and_scored(made):
    folder, task = made
    voice = synthesiser.load("en")
    trained, _ = synthesiser.learn(*task, steps=2, seed=5, progress=False)
    assert voice.characters.known == trained.characters.known == " acdgostw"
    np.testing.assert_array_equal(voice.mean, trained.mean)
    np.testing.assert_array_equal(voice.std, trained.std)
    theirs = trained.network.state_dict()
    assert list(voice.network.state_dict()) == list(theirs)
    for name, tensor in voice.network.state_dict().items():
        np.testing.assert_allclose(tensor, theirs[name], rtol=1e-3, atol=1e-4, err_msg=name)  # as float16 keeps it
    sound, rate = voice.say("Two dogs")
    assert rate == RATE
    assert np.isfinite(sound).all()

    card = json.loads((folder / "synthesiser_en.json").read_text(encoding="utf8"))
    rates = card["scores on unseen phrases"]["error rate"]
    assert rates["searched"]["the voice"] == {"mean": 0, "95 % interval": [0, 0]}
    expected = rate_of_counts(recogniser.errors("en", task.texts, [*task.texts[1:], "a bat"]))
    assert rates["greedy"]["Griffin-Lim of its frames"]["mean"] == pytest.approx(expected, abs=1e-4)
    attentions = [attention for _, attention, _ in voice.speak(task.texts)]
    share = np.mean([study.alignment.is_monotone(a) for a in attentions])
    assert card["scores on unseen phrases"]["monotone"]["share"] == share
    assert set(card["scores on unseen phrases"]["distortion"]) == {"Griffin-Lim of its frames", "the voice"}


def test_scoring_anew_leaves_the_voice_alone(made):
    folder, _ = made
    arrays, card = ((folder / f"synthesiser_en.{kind}").read_bytes() for kind in ("npz", "json"))
    synthesiser.main("scores", "en", seed=6)
    assert (folder / "synthesiser_en.npz").read_bytes() == arrays
    assert (folder / "synthesiser_en.json").read_bytes() == card


def test_damage_is_noticed(made):
    folder, _ = made
    card = json.loads((folder / "synthesiser_en.json").read_text(encoding="utf8"))
    (folder / "synthesiser_en.json").write_text(json.dumps(card | {"characters": " acdgost"}), encoding="utf8")
    with pytest.raises(ValueError, match=r"holds another model: .*Try: python -m mmcourse"):
        synthesiser.load("en")
    (folder / "synthesiser_en.npz").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"synthesiser_en\.npz is damaged"):
        synthesiser.load("en")
    with pytest.raises(ValueError, match="one of the languages"):
        synthesiser.load("fr")
