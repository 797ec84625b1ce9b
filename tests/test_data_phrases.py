"""The spoken phrases that ship, and strings of spoken digits: whole, as told, and strange to what is trained."""

import json
from itertools import product

import numpy as np
import pytest

from mmcourse.data import captions, compositions, digit_strings, make_phrases, phrases, speech, spoken_digits

LANGUAGES = captions.LANGUAGES


def timbre(clip):
    return clip["voice"].partition("+")[2]


def test_the_card_describes_the_shipped_file():
    card = json.loads(phrases.CARD.read_text("utf-8"))
    assert phrases.FILE.stat().st_size < 5e6
    assert card["command"] == f"python -m {make_phrases.__name__}"
    rng = np.random.default_rng(card["seed"])
    takes = [
        take
        for language in LANGUAGES
        for split in make_phrases.COUNTS
        for take in make_phrases.takes(language, split, rng)
    ]
    assert takes == card["clips"] == list(phrases.load().table)


def test_there_are_so_many_of_each_split_and_no_phrase_twice():
    clips = phrases.load()
    assert tuple(make_phrases.COUNTS) == phrases.SPLITS
    for language, (split, count) in product(LANGUAGES, make_phrases.COUNTS.items()):
        sounds, texts = clips.recordings(language, split)
        assert len(sounds) == len(set(texts)) == count
    tuning, trying = (set(clips.recordings("zh", split)[1]) for split in ("fine_tune", "fine_tune_test"))
    assert len(tuning & trying) <= 1
    assert sum(len(clips.of(*pair)) for pair in product(LANGUAGES, phrases.SPLITS)) == len(clips)


def test_no_training_scene_has_a_shipped_phrase(monkeypatch):
    said = {}
    monkeypatch.setattr(make_phrases, "caption", lambda c, lang: said.setdefault((c, lang), captions.caption(c, lang)))
    rng = np.random.default_rng(make_phrases.SEED)
    pairs = product(LANGUAGES, phrases.SPLITS)
    shipped = [take["text"] for pair in pairs for take in make_phrases.takes(*pair, rng)]
    assert shipped == [clip["text"] for clip in phrases.load().table]
    assert all(compositions.is_held_out(composition.key) for composition, _ in said)
    said.clear()
    known = {take["text"] for language in LANGUAGES for take in make_phrases.training_takes(language, 500)}
    assert known == {c.text for c in said.values()}
    assert not any(compositions.is_held_out(composition.key) for composition, _ in said)
    assert not known & set(shipped)


def test_the_voices_of_the_splits_are_strange_to_each_other():
    clips = phrases.load()
    for language in LANGUAGES:
        heard = [timbre(clips.table[i]) for i in clips.of(language, "test")]
        assert {t: heard.count(t) for t in set(heard)} == dict.fromkeys(make_phrases.TEST_TIMBRES, 10)
        for split in ("fine_tune", "fine_tune_test"):
            assert {timbre(clips.table[i]) for i in clips.of(language, split)} == {make_phrases.OWN_TIMBRE}
        assert {clips.table[i]["voice"] for i in clips.of(language, "reference")} == {speech.voices(language)[0]}
        trained = {timbre(take) for take in make_phrases.training_takes(language, 200)}
        assert trained == set(make_phrases.TRAIN_TIMBRES)
        assert not trained & {*make_phrases.TEST_TIMBRES, make_phrases.OWN_TIMBRE}
    assert make_phrases.OWN_TIMBRE not in make_phrases.TEST_TIMBRES


def test_clips_are_speech_of_one_loudness():
    clips = phrases.load()
    for i in range(0, len(clips), 13):
        sound = clips.sound(i)
        assert sound.dtype == np.float32
        assert np.abs(sound).max() < 1
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(spoken_digits.LOUDNESS / 32768, rel=0.03)
        assert 0.03 < len(sound) / 8000 / len(clips.text(i)) < 0.5, "seconds a character"
    assert sum(len(clips.sound(i)) for i in range(len(clips))) == len(clips.codes)


def test_the_shipped_phrases_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        phrases.load().codes[0] = 1


def test_another_language_or_split_is_told():
    with pytest.raises(ValueError, match=r"expected a language of \('en', 'zh'\), came 'de'"):
        phrases.load().of("de", "test")
    with pytest.raises(ValueError, match=r"expected a split of .*fine_tune.*, came 'train'"):
        phrases.load().of("en", "train")


def test_damaged_phrases_are_told(tmp_path, monkeypatch):
    for name in ("FILE", "CARD"):
        path = getattr(phrases, name)
        (tmp_path / path.name).write_bytes(path.read_bytes())
        monkeypatch.setattr(phrases, name, tmp_path / path.name)
    load = phrases.load.__wrapped__
    assert len(load()) == 264  # the copy alone is fine
    data = bytearray(phrases.FILE.read_bytes())
    data[len(data) // 2] ^= 1
    phrases.FILE.write_bytes(data)
    with pytest.raises(spoken_digits.ClipsError, match=r"expected phrases.npz with sha256 .*came .*Try: git"):
        load()
    phrases.FILE.unlink()
    with pytest.raises(spoken_digits.ClipsError, match=r"the spoken phrases cannot be read .*Try: git checkout"):
        load()


def test_training_recordings_are_spoken_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    sounds, texts = make_phrases.training("zh", 2, progress=False)
    again, _ = make_phrases.training("zh", 2, progress=False)
    assert texts == [take["text"] for take in make_phrases.training_takes("zh", 2)]
    for sound, other in zip(sounds, again, strict=True):
        np.testing.assert_array_equal(sound, other)
        assert sound.dtype == np.float32
        assert np.sqrt(np.mean(sound**2)) == pytest.approx(spoken_digits.LOUDNESS / 32768, rel=0.03)


# ---- strings of digits


def test_a_string_is_what_one_speaker_says(monkeypatch):
    """Without pauses and hiss the shipped clips of one speaker of the split, end to end."""
    monkeypatch.setattr(digit_strings, "PAUSE", (0, 1))
    monkeypatch.setattr(digit_strings, "HISS", 0)
    clips = spoken_digits.load()
    sounds, texts = digit_strings.draw("zh", "validation", 9, np.random.default_rng(0))
    speakers = set(clips.speakers[clips.of("zh", "validation")])
    for sound, text in zip(sounds, texts, strict=True):
        assert sound.dtype == np.float32
        ways = [end_to_end(clips, speaker, sound, text) for speaker in speakers]
        assert sum(ways) == 1


def end_to_end(clips, speaker, sound, text):
    """Whether takes of a speaker give this sound."""
    starts = {0}
    for digit in text:
        takes = [i for i in np.flatnonzero(clips.speakers == speaker) if clips.digits[i] == int(digit)]
        words = [clips.sound(i)[: clips.lengths[i]].astype(np.float32) / 32768 for i in takes]
        starts = {s + len(w) for s in starts for w in words if np.array_equal(sound[s : s + len(w)], w)}
    return len(sound) in starts


def test_strings_are_short_and_long_and_hiss_between_the_words():
    sounds, texts = digit_strings.draw("en", "train", 200, np.random.default_rng(1))
    assert {len(text) for text in texts} == set(range(1, digit_strings.LONGEST + 1))
    assert set("".join(texts)) == set("0123456789")
    again, _ = digit_strings.draw("en", "train", 200, np.random.default_rng(1))
    assert all(np.array_equal(a, b) for a, b in zip(sounds, again, strict=True))
    assert min(np.sum(sound == 0) / len(sound) for sound in sounds) < 0.01
    quiet = min(sound[i : i + 200].std() for sound in sounds[:20] for i in range(0, len(sound) - 200, 200))
    assert quiet == pytest.approx(digit_strings.HISS / 32768, rel=0.3)


def test_what_no_string_can_be_is_told():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"expected a language of .*came 'fr'"):
        digit_strings.draw("fr", "train", 1, rng)
    with pytest.raises(ValueError, match=r"expected a split of .*came 'all'"):
        digit_strings.draw("en", "all", 1, rng)
    with pytest.raises(ValueError, match="at least one string, came count=0"):
        digit_strings.draw("en", "train", 0, rng)
