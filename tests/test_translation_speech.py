"""Speech to text and text to speech behind the one interface: as in their own rooms, and clear about bad input."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse import metrics
from mmcourse.checkpoints import recogniser, synthesiser
from mmcourse.data import phrases
from mmcourse.speech.decoding import prefix_beam_search
from mmcourse.translation import StageError, directions

LANGUAGES = ("en", "zh")


def clip(language="en"):
    return phrases.load().recordings(language, "reference")[0][0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_recogniser_behind_the_interface_hears_as_in_its_own_room(language):
    sounds, texts = phrases.load().recordings(language, "reference")
    listen, own = directions.speech_to_text(language), recogniser.load(language)
    heard = [listen((sound, 8000)) for sound in sounds[:6]]
    assert heard == [own.transcribe(sound, 8000) for sound in sounds[:6]]
    assert metrics.character_error_rate(texts[:6], heard) < 0.5
    steps = listen.steps((sounds[0], 8000))
    np.testing.assert_allclose(steps.convert, own.log_probs(sounds[0], 8000), rtol=1e-4, atol=1e-4)
    assert steps.extract.shape[1] == 40
    assert steps.preprocess.dtype == np.float32


def test_a_learner_swaps_greedy_for_a_beam():
    own = recogniser.load("en")

    def best(log_probs):
        return own.alphabet.decode(prefix_beam_search(log_probs, 4)[0].labels)

    listen = directions.speech_to_text("en")
    beam = listen.replace(generate=best)
    sounds, _ = phrases.load().recordings("en", "reference")
    pairs = [(beam((sound, 8000)), own.transcribe(sound, 8000)) for sound in sounds[:4]]
    assert metrics.character_error_rate(*zip(*pairs, strict=True)) < 0.2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x: (0 * x, 8000), "came silence"),
        (lambda x: (x[:0], 8000), "empty clip"),
        (lambda x: (x[:50], 8000), "at least one frame"),
        (lambda x: (x, 22050), r"expected 8,000 samples a second, came 22,050\. Try: scipy\.signal\.resample_poly"),
        (lambda x: (x, 0), "expected 8,000 samples a second"),
        (lambda x: (np.clip(50 * x, -1, 1), 8000), "clipped"),
        (lambda x: (9 * x / np.abs(x).max(), 8000), r"samples in \[-1, 1\]"),
        (lambda x: (np.where(np.arange(len(x)) == 9, np.nan, x), 8000), "finite"),
        (lambda x: ((x * 9999).astype(np.int16), 8000), "came int16"),
        (lambda x: (np.stack([x, x]), 8000), "one channel"),
        (lambda x: x, r"expected \(sound, samples a second\), came ndarray .* Try: \(sound, 8000\)"),
        (lambda x: None, "came None"),
    ],
)
def test_what_the_recogniser_cannot_hear_is_told(spoil, said):
    with pytest.raises(StageError, match=f"^preprocess: .*{said}"):
        directions.speech_to_text("en")(spoil(clip()))


@pytest.mark.parametrize(("language", "text"), [("en", "two small cats on the grass"), ("zh", None)])
def test_the_voice_behind_the_interface_speaks_as_in_its_own_room(language, text):
    text = text or phrases.load().recordings(language, "reference")[1][0]
    say, own = directions.text_to_speech(language), synthesiser.load(language)
    steps = say.steps(f" {text.upper()} ")
    sound, rate = steps.generate
    assert (rate, sound.dtype) == (8000, np.float32)
    np.testing.assert_allclose(steps.convert[0], own.mel(text)[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(sound, own.say(text, seed=0)[0], atol=1e-3)
    np.testing.assert_array_equal(say(text)[0], sound)
    assert steps.preprocess == text
    assert np.abs(sound).max() <= 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected words"),
        (" ", "expected words"),
        (None, "expected one text, came a NoneType"),
        ("猫在草地上", "cannot speak"),
        ("two c@ts", "cannot speak '@'"),
        ("a cat " * 100, "characters"),
    ],
)
def test_what_the_voice_cannot_speak_is_told(text, said):
    with pytest.raises(StageError, match=f"^preprocess: .*{said}"):
        directions.text_to_speech("en")(text)


def test_there_is_no_third_language():
    for make in (directions.speech_to_text, directions.text_to_speech):
        with pytest.raises(ValueError, match="'fr'"):
            make("fr")


def test_what_is_said_is_heard():
    say, listen = directions.text_to_speech("en"), directions.speech_to_text("en")
    texts = phrases.load().recordings("en", "test")[1][:6]
    assert metrics.word_error_rate(texts, [listen(say(text)) for text in texts]) < 0.5
