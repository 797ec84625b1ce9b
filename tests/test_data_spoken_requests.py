"""The spoken requests that ship: whole, as told, of the test split, and strange to what is trained."""

import json
from collections import Counter

import numpy as np
import pytest

from mmcourse.data import captions, make_spoken_requests, requests, scenes, speech, spoken_digits, spoken_requests

LANGUAGES = captions.LANGUAGES


def timbre(clip):
    return clip["voice"].partition("+")[2]


def test_the_card_describes_the_shipped_file():
    card = json.loads(spoken_requests.CARD.read_text("utf-8"))
    assert spoken_requests.FILE.stat().st_size < 6e6
    assert card["command"] == f"python -m {make_spoken_requests.__name__}"
    takes = [take for language in LANGUAGES for take in make_spoken_requests.takes(language, card["seed"])]
    assert json.loads(json.dumps(takes)) == card["clips"] == list(spoken_requests.load().table)


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_two_hundred_requests_of_all_intents_and_none_twice(language):
    clips = spoken_requests.load()
    asked = clips.requests(language)
    assert len(asked) == len({request.text for request in asked}) == 200
    assert Counter(request.intent for request in asked) == make_spoken_requests.COUNTS
    assert set(make_spoken_requests.COUNTS) == set(requests.INTENTS)
    assert [request.text for request in asked] == clips.recordings(language)[1]
    assert all(request.language == language and requests.split_of(request.key) == "test" for request in asked)
    assert 20 < sum("relation" in request.slots for request in asked if request.intent == "find") < 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_has_neither_the_texts_nor_the_voices(language):
    clips = spoken_requests.load()
    numbers = clips.of(language)
    heard = Counter(timbre(clips.table[i]) for i in numbers)
    assert set(heard) == set(make_spoken_requests.TIMBRES["test"])
    assert min(heard.values()) >= 32
    for split in ("train", "validation"):
        takes = make_spoken_requests.training_takes(language, 400, split=split)
        assert {timbre(take) for take in takes} == set(make_spoken_requests.TIMBRES[split])
        assert not {timbre(take) for take in takes} & set(heard)
        assert not {take["text"] for take in takes} & {clips.text(i) for i in numbers}
    assert not set(make_spoken_requests.TIMBRES["train"]) & set(make_spoken_requests.TIMBRES["validation"])
    assert {clips.table[i]["voice"] for i in numbers} <= set(speech.voices(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_is_about_a_scene_that_can_answer_it(language):
    clips, records = spoken_requests.load(), scenes.load("test").records
    present = Counter()
    for i in clips.of(language):
        request = clips.request(i)
        facts = requests.answer_facts(request, records[clips.scene(i)])
        if request.intent == "find":
            assert facts.present
        elif request.slots:
            present[facts.present] += 1
    assert 0.7 < present[True] / present.total() < 0.95
    there = [requests.answer_facts(clips.request(i), records[clips.scene(i)]).concept for i in clips.of(language)
             if clips.request(i).intent == "what"]  # fmt: skip
    assert 8 < sum(concept is not None for concept in there) < 25


def test_clips_are_speech_of_one_loudness():
    clips = spoken_requests.load()
    for i in range(0, len(clips), 13):
        sound = clips.sound(i)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() < 1
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(spoken_digits.LOUDNESS / 32768, rel=0.03)
        assert 0.02 < len(sound) / 8000 / len(clips.text(i)) < 0.5, "seconds a character"
    assert sum(len(clips.sound(i)) for i in range(len(clips))) == len(clips.codes)
    assert np.mean([len(clips.sound(i)) <= 3 * 8000 for i in range(len(clips))]) > 0.9


def test_another_language_or_split_is_told():
    with pytest.raises(ValueError, match=r"expected a language of \('en', 'zh'\), came 'de'"):
        spoken_requests.load().of("de")
    with pytest.raises(ValueError, match=r"expected a split of .*came 'train'"):
        spoken_requests.load().of("en", "train")


def test_damaged_requests_are_told(tmp_path, monkeypatch):
    for name in ("FILE", "CARD"):
        path = getattr(spoken_requests, name)
        (tmp_path / path.name).write_bytes(path.read_bytes())
        monkeypatch.setattr(spoken_requests, name, tmp_path / path.name)
    load = spoken_requests.load.__wrapped__
    assert len(load()) == 400  # the copy alone is fine
    data = bytearray(spoken_requests.FILE.read_bytes())
    data[len(data) // 2] ^= 1
    spoken_requests.FILE.write_bytes(data)
    with pytest.raises(spoken_digits.ClipsError, match=r"expected spoken_requests.npz with sha256 .*came .*Try: git"):
        load()
    spoken_requests.FILE.unlink()
    with pytest.raises(spoken_digits.ClipsError, match=r"the spoken requests cannot be read .*Try: git checkout"):
        load()


def test_training_recordings_are_spoken_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    sounds, texts = make_spoken_requests.training("zh", 2, progress=False)
    again, _ = make_spoken_requests.training("zh", 2, progress=False)
    assert texts == [take["text"] for take in make_spoken_requests.training_takes("zh", 2)]
    for sound, other in zip(sounds, again, strict=True):
        np.testing.assert_array_equal(sound, other)
        assert sound.dtype == np.float32
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(spoken_digits.LOUDNESS / 32768, rel=0.03)
