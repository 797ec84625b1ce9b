"""A voice: how it takes sound apart, what it says of bad text, how it learns, and how it reads."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.speech.front_end import RATE
from mmcourse.synthesis import alignment, frames, synthesiser


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ([0, 1, 2, 3, 4, 5, 6], set()),
        ([2, 2, 3, 4, 8, 7, 8, 8], {"end"}),
        ([2, 1, 2, 6, 10], set()),
        ([3, 4, 8, 12], {"start"}),
        ([0, 3, 2, 1, 5, 9, 12], {"back"}),
        ([0, 5, 9, 12], {"skip"}),
        ([0, 4, 2, 2, 2], {"back", "end"}),
        ([9, 0, 12], {"start", "back"}),
    ],
)
def test_faults_of_a_reading(path, faults):
    T = 7 if not faults and len(path) == 7 else 13
    weights = np.full((len(path), T), 0.1 / T, np.float32)
    weights[np.arange(len(path)), path] += 0.9
    assert alignment.faults(weights) == faults
    assert alignment.is_monotone(weights) == (not faults)
    assert alignment.focus(weights) == pytest.approx(0.9 + 0.1 / T)


@pytest.mark.parametrize("weights", [np.zeros((0, 3)), np.zeros(3), np.full((2, 3), np.nan)])
def test_an_attention_that_is_none_is_refused(weights):
    with pytest.raises(ValueError, match="expected finite weights"):
        alignment.faults(weights)


def tone(seconds=0.5):
    t = np.arange(round(seconds * RATE)) / RATE
    x = sum(np.sin(2 * np.pi * 120 * k * t) / k for k in range(1, 9)) * np.hanning(len(t))
    return (0.15 * x).astype(np.float32)


def test_frames_and_back():
    x = tone()
    y = frames.log_mel(x)
    assert y.shape == (1 + (len(x) - frames.WINDOW) // frames.HOP, frames.BANDS)
    assert y.dtype == np.float32
    back = frames.to_sound(y, np.random.default_rng(0))
    assert back.dtype == np.float32
    assert len(x) - frames.HOP < len(back) <= len(x)
    loud = y > y.max() - 6
    assert np.abs(frames.log_mel(back) - y)[loud].mean() < 0.3
    np.testing.assert_array_equal(back, frames.to_sound(y, np.random.default_rng(0)))
    assert np.abs(frames.to_sound(y + 9, np.random.default_rng(0))).max() == pytest.approx(1), "never beyond ±1"


def test_characters_are_numbers_and_back():
    characters = synthesiser.Characters("cab cab")
    assert characters.known == " abc"
    assert len(characters) == 6
    assert characters.encode("  Cab\na ").tolist() == [5, 3, 4, 2, 3, 1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "expected 1 to 100 characters, came 0"),
        (" \n", "expected 1 to 100 characters, came 0"),
        ("ab " * 40, "came 119. Try: a sentence at a time"),
        ("a 7-bus!", "cannot speak '!-7su'.*It has learned the characters ' abc'"),
        (None, "expected a text, came NoneType"),
    ],
)
def test_text_that_cannot_be_spoken_is_refused(text, told):
    with pytest.raises(ValueError, match=told):
        synthesiser.Characters("cab cab").encode(text)


@pytest.fixture
def learned():
    texts, sounds = ["ab", "a cab", "bac b"] * 4, [tone(0.3), tone(0.5), tone(0.4)] * 4
    return texts, sounds, *synthesiser.learn(texts, sounds, steps=3, batch=4, seed=5, progress=False)


def weights(voice):
    return torch.cat([p.detach().flatten() for p in voice.network.parameters()])


def test_a_voice_is_a_function_of_its_seed_and_goes_on_learning(learned):
    texts, sounds, voice, history = learned
    torch.manual_seed(1)
    before = torch.get_rng_state()
    again, same = synthesiser.learn(texts, sounds, steps=3, batch=4, seed=5, progress=False)
    assert torch.equal(torch.get_rng_state(), before), "the caller's chance is left alone"
    assert torch.equal(weights(voice), weights(again))
    assert history.losses == same.losses
    on, further = synthesiser.learn(texts, sounds, voice=voice, steps=2, batch=4, seed=6, progress=False)
    assert torch.equal(weights(voice), weights(again)), "the voice that went on is left as it was"
    assert not torch.equal(weights(on), weights(voice))
    assert further.losses[0] < history.losses[0]
    assert on.characters is voice.characters


@pytest.mark.parametrize(
    ("texts", "sounds", "told"),
    [
        (["ab"], [], "a sound for each text, at least one, came 1 and 0"),
        ([], [], "came 0 and 0"),
        (["ab"], [np.full(4000, np.nan, np.float32)], "expected finite samples"),
        (["ab"], [np.zeros(4000, np.float32)], "came silence"),
        (["ab"], [tone(0.04)], "shorter than one frame"),
        (["ab", " "], [tone(), tone()], "expected 1 to 100 characters, came 0"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(texts, sounds, told):
    with pytest.raises(ValueError, match=told):
        synthesiser.learn(texts, sounds, steps=1, progress=False)


def test_a_voice_is_heard_on_the_way_without_disturbing_it(learned):
    texts, sounds, voice, _ = learned
    lengths = []
    on_the_way, _ = synthesiser.learn(
        texts, sounds, steps=3, batch=4, seed=5, progress=False, every=1,
        validate=lambda voice: lengths.append(len(voice.speak(["ab"])[0][0])) or len(lengths),
    )  # fmt: skip
    assert len(lengths) == 3
    assert torch.equal(weights(on_the_way), weights(voice))


def test_several_texts_are_spoken_as_each_alone(learned):
    _, _, voice, _ = learned
    texts = ["a cab", "b"]
    with torch.no_grad():
        voice.network.stop.bias.fill_(-99)
    for text, (log_mel, attention, stopped) in zip(texts, voice.speak(texts), strict=True):
        assert not stopped
        alone, looked, _ = voice.speak([text])[0]
        np.testing.assert_allclose(log_mel, alone, atol=1e-4)
        np.testing.assert_allclose(attention, looked, atol=1e-5)
        assert attention.shape == (np.ceil(2 * voice.pace * (len(text) + 1)), len(text) + 1)
        assert log_mel.shape == (len(attention) * voice.network.R, frames.BANDS)
        np.testing.assert_allclose(attention.sum(1), 1, atol=1e-5)


def test_a_voice_that_never_stops_is_cut_and_says_so(learned):
    _, _, voice, _ = learned
    # "ab" and its end take 0.3 s, so 21 frames
    steps = int(np.ceil(2 * 4 * 21 / 5 / 3))
    with torch.no_grad():
        voice.network.stop.bias.fill_(-99)
    with pytest.warns(UserWarning, match=f"did not stop over 'cab', and is cut after {steps} steps"):
        sound, rate = voice.say("cab")
    assert rate == RATE
    assert sound.dtype == np.float32
    assert np.abs(sound).max() <= 1
    assert len(sound) == (steps * voice.network.R - 1) * frames.HOP + frames.WINDOW
    with torch.no_grad(), pytest.warns(UserWarning, match="did not stop"):
        np.testing.assert_array_equal(voice.say("CAB")[0], sound)
    with torch.no_grad():
        voice.network.stop.bias.fill_(99)
    assert voice.mel("cab")[1].shape == (1, 4)
