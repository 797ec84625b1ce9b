"""The spoken digits that ship: whole, as their card says, well cut, and stored as well as µ-law can."""

import json

import numpy as np
import pytest

from mmcourse.data import digits, make_spoken_digits, spoken_digits

SPLITS = tuple(digits.DEFAULT_COUNTS)


def test_the_card_describes_the_shipped_file():
    card = json.loads(spoken_digits.CARD.read_text("utf-8"))
    assert spoken_digits.FILE.stat().st_size < 4e6
    assert card["command"] == f"python -m {make_spoken_digits.__name__}"
    assert card["clips"] == len(spoken_digits.load())
    rng = np.random.default_rng(card["seed"])
    assert make_spoken_digits.speakers(rng) == card["speakers"]


def test_every_speaker_says_every_digit_twice():
    clips = spoken_digits.load()
    counts = np.zeros((len(clips.table), 10), int)
    np.add.at(counts, (clips.speakers, clips.digits), 1)
    assert (counts == make_spoken_digits.TAKES).all()
    assert [len(clips.of(language, "test")) for language in ("en", "zh")] == [160, 80]
    everything = np.concatenate([clips.of(language, split) for language in ("en", "zh") for split in SPLITS])
    np.testing.assert_array_equal(np.sort(everything), np.arange(len(clips)))


def test_clips_fit_and_are_equally_loud():
    clips = spoken_digits.load()
    assert clips.lengths.min() > 800
    assert clips.lengths.max() <= spoken_digits.LENGTH
    for clip in range(0, len(clips), 17):
        word = clips.sound(clip)[: clips.lengths[clip]].astype(float)
        assert np.sqrt(np.mean(word**2)) == pytest.approx(spoken_digits.LOUDNESS, rel=0.02)
        assert not clips.sound(clip)[clips.lengths[clip] :].any()


def test_the_shipped_clips_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        spoken_digits.load().codes[0] = 1


def test_mu_law_is_g_711():
    table = spoken_digits.mu_law_table()
    assert [int(table[code]) for code in (0x00, 0x7F, 0x80, 0xFF, 0x01, 0xFE, 0xEF)] == [
        *(-32124, 0, 32124, 0),
        *(-31100, 8, 132),
    ]
    # eight chords of sixteen equal steps, each twice as wide as those of the chord before
    steps = np.diff(np.unique(table[table >= 0].astype(int)))
    expected = [step for chord in range(8) for step in [8 << chord] * 15 + [12 << chord]]
    np.testing.assert_array_equal(steps, expected[:127])


def test_a_sample_is_stored_as_the_nearest_level():
    samples = np.arange(-32768, 32768)
    decoded = spoken_digits.mu_law_table()[spoken_digits.mu_law_codes(samples)].astype(int)
    levels = np.unique(spoken_digits.mu_law_table()).astype(int)
    nearest = np.abs(levels - samples[:, None]).min(1)
    np.testing.assert_array_equal(np.abs(decoded - samples), nearest)


@pytest.fixture
def copies(tmp_path, monkeypatch):
    """The shipped files, where a test may damage them."""
    for name in ("FILE", "CARD"):
        path = getattr(spoken_digits, name)
        (tmp_path / path.name).write_bytes(path.read_bytes())
        monkeypatch.setattr(spoken_digits, name, tmp_path / path.name)
    return tmp_path


def test_damaged_clips_are_told(copies):
    load = spoken_digits.load.__wrapped__
    assert len(load()) == 1200  # the copy alone is fine
    data = bytearray(spoken_digits.FILE.read_bytes())
    data[len(data) // 2] ^= 1
    spoken_digits.FILE.write_bytes(data)
    with pytest.raises(spoken_digits.ClipsError, match=r"expected spoken_digits.npz with sha256 .*came .*Try: git"):
        load()
    spoken_digits.FILE.unlink()
    with pytest.raises(spoken_digits.ClipsError, match=r"cannot be read .*Try: git checkout"):
        load()


def test_a_word_is_cut_out_made_loud_and_made_to_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path))
    samples, rate = make_spoken_digits.word("seven", "en", "en-us", 170, 50, 1.0)
    assert rate == 170
    assert np.sqrt(np.mean(samples**2)) == pytest.approx(spoken_digits.LOUDNESS, rel=0.01)
    assert np.abs(samples[:200]).max() > 50
    assert np.abs(samples[-200:]).max() > 50
    longer, _ = make_spoken_digits.word("seven", "en", "en-us", 170, 50, 1.1)
    assert len(longer) == pytest.approx(1.1 * len(samples), rel=0.02)
    slow, rate = make_spoken_digits.word("seven", "en", "en-us", 100, 50, 1.1)
    assert len(slow) <= spoken_digits.LENGTH
    assert rate > 100
