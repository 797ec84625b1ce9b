"""Engines that others built: never unchecked, clear where they are missing; and what was kept of them is told."""

import hashlib
import importlib.util
import re
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.data import phrases
from mmcourse.data.captions import caption
from mmcourse.data.compositions import Count, Pair, draw
from mmcourse.metrics import word_error_rate
from mmcourse.pretrained import PretrainedError, engines
from mmcourse.studies import speech_engines as study

needs_pocketsphinx = pytest.mark.skipif(
    importlib.util.find_spec("pocketsphinx") is None,
    reason='pocketsphinx is not installed: pip install -c constraints.txt -e ".[engines]"',
)
TONE = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050).astype(np.float32) / 2


# ---- missing, changed


@pytest.mark.parametrize("module", engines.INSTALL)
def test_a_missing_engine_tells_what_to_install_and_where_its_results_are(monkeypatch, module):
    monkeypatch.setitem(sys.modules, module, None)
    ask = {
        "pocketsphinx": lambda: engines.pocketsphinx(TONE, 22050, grammar="#JSGF V1.0; never asked before"),
        "faster_whisper": lambda: engines.whisper(TONE, 22050, folder="nowhere"),
        "piper": lambda: engines.piper("a cat", folder="nowhere"),
    }[module]
    said = rf"the engine {module} .* Try: {re.escape(engines.INSTALL[module])}; or the results that are kept"
    with pytest.raises(PretrainedError, match=said):
        ask()


@pytest.fixture
def model(tmp_path):
    """A model of two small files, whole, in a folder."""
    for name in ("weights", "words"):
        (tmp_path / name).write_bytes(name.encode() * 100)
    files = {name: hashlib.sha256(name.encode() * 100).hexdigest() for name in ("weights", "words")}
    return engines.Model("vanishing-model==1.0", "vanishing_model", "data", files, "https://nowhere.example")


def test_a_whole_model_is_found_and_a_changed_or_missing_file_is_told(model, tmp_path):
    assert engines.checked_folder(model, str(tmp_path)) == tmp_path
    (tmp_path / "words").write_bytes(b"words" * 99 + b"wordz")
    with pytest.raises(PretrainedError, match=r"words has the sha256 .*…, expected was .*--no-deps vanishing-model==1"):
        engines.checked_folder(model, tmp_path)
    (tmp_path / "weights").unlink()
    with pytest.raises(
        PretrainedError, match=r"cannot read weights .*or folder=… with the same files from https://now"
    ):
        engines.checked_folder(model, tmp_path)
    with pytest.raises(PretrainedError, match="the package is not installed here"):
        engines.checked_folder(model)


@pytest.mark.parametrize("model", [engines.WHISPER, engines.JOE], ids=lambda m: m.module)
def test_every_model_is_pinned(model):
    constraints = (Path(__file__).parents[1] / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert model.requirement in constraints
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in model.files.values())
    assert model.home.startswith("https://")
    assert "/main" not in model.home  # a branch moves
    card = Path(engines.__file__).with_name("cards") / "engines.md"
    assert next(iter(model.files.values())) in card.read_text(encoding="utf-8")


# ---- what goes in


def test_a_sound_is_brought_to_the_engines_rate_without_another_pitch():
    y = engines.heard(TONE, 22050)
    assert (y.shape, y.dtype) == ((16000,), np.float32)
    crossings = np.sum((y[:-1] < 0) & (y[1:] >= 0))
    assert abs(int(crossings) - 440) <= 1
    np.testing.assert_allclose(np.abs(y[2000:-2000]).max(), 0.5, atol=0.01)


@pytest.mark.parametrize("listen", [engines.pocketsphinx, engines.whisper], ids=["pocketsphinx", "whisper"])
@pytest.mark.parametrize(
    ("sound", "rate", "said"),
    [
        (TONE, 0, "whole number of samples a second, came 0"),
        (TONE, 22050.5, r"came 22050\.5"),
        (TONE[:0], 8000, "came an empty clip"),
        (0 * TONE, 8000, "silence"),
        ((TONE * 30000).astype(np.int16), 8000, "came int16"),
        (np.sign(TONE + 0.001), 8000, "clipped"),
        (np.stack([TONE, TONE]), 8000, "one channel"),
        (TONE * np.nan, 8000, "finite"),
    ],
)
def test_a_bad_sound_is_told_before_any_engine_is_asked(listen, sound, rate, said):
    with pytest.raises(ValueError, match=said):
        listen(sound, rate)


@pytest.mark.parametrize("text", ["", " .", None, 3])
def test_a_text_without_words_is_told(text):
    with pytest.raises(ValueError, match="piper: expected a text with a letter"):
        engines.piper(text)


def as_pattern(grammar):
    """A JSGF grammar without recursion as a regular expression over words that each end in a blank."""
    rules = dict(re.findall(r"<(\w+)> = (.*?);", grammar.replace("\n", " ").partition("grammar captions;")[2]))
    pattern = "<caption>"
    while "<" in pattern:
        pattern = re.sub(r"<(\w+)>", lambda m: f"({rules[m[1]]})", pattern)
    pattern = pattern.replace("[", "(").replace("]", ")?")
    return re.compile(re.sub(r"[a-z]+", lambda m: f"{m[0]}_", pattern).replace(" ", ""))


def test_the_grammar_says_every_caption_and_nothing_else():
    pattern = as_pattern(engines.captions_grammar())

    def says(text):
        return bool(pattern.fullmatch("".join(f"{word}_" for word in text.split())))

    rng = np.random.default_rng(0)
    drawn = [draw(rng, held_out) for held_out in (True, False) for _ in range(200)]
    drawn += [Count("corn", 3, "small", "night"), Pair("scissors", "left", "icecream", "sky")]
    assert all(says(caption(c, "en").text) for c in drawn)
    wrong = ["a cat", "on the grass", "two cat on the grass", "two big cats on the grass", "a cat above at night"]
    wrong += ["a cat a dog at night", "a small cat above a dog at night", "cat on the grass", "a cat at grass"]
    assert not any(map(says, wrong))


# ---- PocketSphinx itself


@needs_pocketsphinx
def test_pocketsphinx_hears_what_is_said_and_with_a_grammar_nothing_but_captions():
    sounds, texts = phrases.load().recordings("en", "reference")
    grammar = engines.captions_grammar()
    heard = [engines.pocketsphinx(sound, 8000, grammar) for sound in sounds[:8]]
    true, others = (word_error_rate(said, heard) for said in (texts[:8], [*texts[1:8], texts[0]]))
    assert true < others - 0.1
    assert set(" ".join(heard).split()) <= set(re.findall("[a-z]+", grammar))


@needs_pocketsphinx
def test_pocketsphinx_answers_to_what_is_no_speech_and_refuses_what_is_no_grammar():
    noise = np.random.default_rng(0).standard_normal(16000).astype(np.float32) / 10
    assert isinstance(engines.pocketsphinx(noise, 16000), str)
    with pytest.raises(ValueError, match=r"cannot read the grammar .* Try: captions_grammar"):
        engines.pocketsphinx(TONE, 22050, "two cats")


# ---- the study


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Two small cats, on the grass.", "two small cats on the grass"),
        ("3 bees in the sky!", "three bees in the sky"),
        (" It's 12 ", "it's 12"),
        ("", ""),
    ],
)
def test_what_engines_write_is_written_as_the_course_writes(text, expected):
    assert study.words(text) == expected


def test_rates_and_their_difference_by_hand():
    said = ["a cat at night", "two dogs on the sand"]
    one = {"said": said, "heard": ["A cat at night.", "2 dogs on sand"]}
    other = {"said": said, "heard": ["", "two dogs on the the sand"]}
    assert study.error_rate(one)[0] == pytest.approx(1 / 9)
    assert study.error_rate(other)[0] == pytest.approx(5 / 9)
    difference, (low, high) = study.difference(other, one)
    assert difference == pytest.approx(4 / 9)
    assert (low, high) == pytest.approx((0, 1))  # of two clips: the second alone, the first alone


def test_a_sound_on_the_telephone_is_no_louder_than_full_scale():
    loud = np.sign(TONE + 0.001).astype(np.float32)
    sound, rate = study.telephoned(loud, 22050)
    assert (len(sound), rate) == (8000, 8000)
    assert np.abs(sound).max() == pytest.approx(1)
    same, _ = study.telephoned(TONE, 22050)
    assert np.abs(same).max() == pytest.approx(0.5, abs=0.02)


def test_every_source_is_kept_with_each_of_its_listeners():
    lines = study.results()
    assert list(lines) == study.all_runs()
    for (source, listener), line in lines.items():
        texts = phrases.load().recordings("en", "test" if source == "recordings" else "reference")[1]
        assert line["said"] == texts
        assert len(line["heard"]) == len(texts)
        assert ("distortion" in line) == (source in study.DISTORTED and listener == study.OURS)
        assert ("ctranslate2" in line["versions"]) == ("Whisper" in listener)
        assert ("piper-tts" in line["versions"]) == ("Piper" in source)


@pytest.mark.parametrize(("source", "count"), [("recordings", 5), ("eSpeak", 4), ("Piper, full band", 2)])
def test_who_hears_what(source, count):
    assert len(study.listeners(source)) == count
    assert set(study.listeners(source)) <= set(study.LISTENERS)


def test_the_table_has_a_row_for_every_source():
    rows = study.as_text().splitlines()
    assert [row[:26].strip() for row in rows[1 : 1 + len(study.SOURCES)]] == list(study.SOURCES)
    assert all(rows[0].index(a) < rows[0].index(b) for a, b in pairwise(["course", "searched", "grammar", "Whisper"]))
