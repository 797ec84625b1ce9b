"""Moments: each kind hides what is felt where it says, training keeps its secrets, and seeds give the same."""

import numpy as np
import pytest

from mmcourse.data import emotions
from mmcourse.data.emotions import EMOTIONS, KINDS, SENTENCES, UNCLEAR, UNSEEN

COUNT = 400


@pytest.fixture(scope="module")
def data():
    return {split: emotions.load(split, count, seed=5) for split, count in
            (("train", COUNT), ("test", COUNT), ("unseen", 60))}  # fmt: skip


def test_kinds_come_as_often_as_they_should(data):
    assert sum(KINDS.values()) == 100
    for split in ("train", "test"):
        for kind, share in KINDS.items():
            assert abs((data[split].kinds == kind).mean() - share / 100) < 0.08
    assert set(data["unseen"].kinds) == {UNSEEN}


def test_what_is_felt_is_where_the_kind_says(data):
    truth = {"sarcasm": ("face",), "mask": ("voice",), "stoic": ("words",), "overjoyed": ("words",)}
    for m in (*data["train"].records, *data["test"].records):
        if m.kind == "sincere":
            assert (m.face, m.voice) == (m.felt, m.felt)
            assert m.words in (m.felt, "unclear")
        else:
            assert tuple(n for n in ("face", "voice", "words") if getattr(m, n) == m.felt) == truth[m.kind]


def test_sentences_are_those_of_the_words(data):
    for m in (*data["train"].records, *data["test"].records, *data["unseen"].records):
        if m.words == "unclear":
            assert any(m.text in said and m.felt in suits for suits, said in UNCLEAR.items())
        else:
            assert m.text in SENTENCES[m.words]
    sincere = [m.words == "unclear" for m in data["train"].records if m.kind == "sincere"]
    assert abs(np.mean(sincere) - 0.4) < 0.1


def test_every_emotion_has_as_many_unclear_sentences_and_no_sentence_is_both():
    times = [sum(emotion in suits for suits in UNCLEAR) for emotion in EMOTIONS]
    assert set(times) == {2}
    clear = [s for said in SENTENCES.values() for s in said]
    unclear = [s for said in UNCLEAR.values() for s in said]
    assert len(set(clear + unclear)) == len(clear) + len(unclear)


def test_test_says_what_training_never_does_in_words_that_training_knows(data):
    train, test = set(data["train"].texts), set(data["test"].texts)
    assert not train & test
    assert len(test) == len(SENTENCES) + len(UNCLEAR)
    known = {w for said in (*SENTENCES.values(), *UNCLEAR.values()) for s in said[:-1] for w in s.split()}
    assert {w for s in test for w in s.split()} <= known


def test_nothing_is_new_in_the_unseen_but_how_it_is_combined(data):
    train, unseen = data["train"].records, data["unseen"].records
    shown = {(m.face, m.voice, m.words) for m in train}
    assert {(m.felt, m.face, m.voice, m.words) for m in unseen} == {("joy", "joy", "joy", "anger")}
    assert ("joy", "joy", "anger") not in shown
    assert {m.text for m in unseen} <= set(SENTENCES["anger"][:-1])
    for i, part in enumerate(("joy", "joy", "anger")):
        assert part in {combination[i] for combination in shown}
    assert not {UNSEEN} & {m.kind for m in (*train, *data["test"].records)}


def test_arrays_and_labels(data):
    part = data["train"]
    assert (part.faces.shape, part.faces.dtype) == ((COUNT, 32, 32), np.uint8)
    assert (part.sounds.shape, part.sounds.dtype) == ((COUNT, 6400), np.float32)
    assert np.abs(part.sounds).max() <= 1
    assert [EMOTIONS[i] for i in part.labels] == [m.felt for m in part.records]
    assert len(part) == COUNT


def test_loud_and_strong_moments_are_what_the_record_says():
    """Angry voices are louder than sad ones in sound, and the stronger the louder."""
    part = emotions.load("train", COUNT, seed=5)
    level = np.log10((part.sounds**2).mean(1))
    of = np.array([m.voice for m in part.records])
    assert level[of == "anger"].mean() > level[of == "sadness"].mean() + 0.5
    strength = np.array([m.voice_strength for m in part.records])
    assert np.corrcoef(strength[of == "anger"], level[of == "anger"])[0, 1] > 0.2


def test_a_seed_gives_the_same_moments():
    once, again, other = (emotions.load("train", 20, seed) for seed in (3, 3, 4))
    assert np.array_equal(once.faces, again.faces)
    assert np.array_equal(once.sounds, again.sounds)
    assert once.records == again.records != other.records


@pytest.mark.parametrize("wrong", [{"split": "all"}, {"count": 0}, {"count": True}, {"seed": -1}, {"seed": 1.5}])
def test_bad_arguments_are_told(wrong):
    with pytest.raises(ValueError, match=r"expected .* came"):
        emotions.load(**{"split": "train", **wrong})


def test_a_kind_may_be_asked_for_and_an_unknown_one_is_told():
    face, sound, moment = emotions.draw(np.random.default_rng(0), True, kind=UNSEEN)
    assert (face.shape, sound.shape, moment.kind) == ((32, 32), (6400,), UNSEEN)
    with pytest.raises(ValueError, match=r"expected a kind of .* came 'angry'"):
        emotions.draw(np.random.default_rng(0), False, kind="angry")
