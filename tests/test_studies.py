"""The study of fusion on digits: a run is a function of its seed, and the kept results say what the chapter says."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import digits, digits_costs, digits_tables


def test_a_run_is_a_function_of_its_seed():
    once = digits.run("gated", "unique image", 3, epochs=1)
    assert digits.run("gated", "unique image", 3, epochs=1) == once
    assert digits.run("gated", "unique image", 4, epochs=1)["examples"] != once["examples"]


def test_a_kept_line_comes_out_again():
    """To the last bit on the machine that made it; another processor may round otherwise: a few examples of 2,000."""
    kept = digits.results()["attention" + digits.WITH_DROPOUT, "same digit", 2]
    again = digits.run("attention" + digits.WITH_DROPOUT, "same digit", 2)
    assert set(again) == set(kept)
    assert abs(again["right"] - kept["right"]) < 40
    assert again["parameters"] == kept["parameters"]


def test_all_runs_are_kept():
    assert set(digits.results()) == set(digits.all_runs())
    for line in digits.results().values():
        assert digits_tables.examples(line["method"], line["task"])[line["seed"]].sum() == line["right"]


def test_fusion_beats_the_better_modality_where_both_tell_the_same():
    for method in ("concatenation", "sum", "gated", "tensor", "attention", "late"):
        assert digits_tables.gain(method, "same digit", resamples=200)[1] > 0


def test_only_both_together_tell_an_xor():
    for method in digits_tables.ALONE:
        assert abs(digits_tables.shares(method, "xor").mean() - 0.5) < 0.02
    for method in ("tensor", "attention"):
        assert digits_tables.shares(method, "xor").mean() >= 0.95


def test_a_gain_is_a_difference_of_means_within_its_interval():
    difference, low, high = digits_tables.gain("tensor", "xor", "concatenation", resamples=200)
    means = [digits_tables.shares(m, "xor").mean() for m in ("tensor", "concatenation")]
    assert difference == pytest.approx(means[0] - means[1])
    assert low < difference < high
    with pytest.raises(ValueError, match="expected a method and a task with results, came 'gate', 'xor'"):
        digits_tables.shares("gate", "xor")


@pytest.mark.parametrize(
    ("seeds", "examples", "expected"),
    [
        ([0.1, 0.12, 0.11], 0.05, "better"),
        ([0.1, -0.12, 0.11], 0.05, "not told apart"),
        ([0.1, 0.12, 0.11], -0.05, "not told apart"),
        ([-0.1, -0.12, -0.11], -0.05, "worse"),
    ],
)
def test_a_difference_must_survive_seeds_and_examples(monkeypatch, seeds, examples, expected):
    monkeypatch.setattr(digits_tables, "gain", lambda *_, **__: (examples, examples - 0.01, examples + 0.01))
    monkeypatch.setattr(digits_tables, "shares", lambda method, _: np.array(seeds) if method == "new" else np.zeros(3))
    assert digits_tables.verdict("new", "xor", "old") == expected


def test_the_text_has_a_row_for_every_method_and_condition(monkeypatch):
    monkeypatch.setattr(digits_tables, "gain", lambda *_: (0.1, 0.05, 0.15))  # 45 bootstraps are slow
    text = digits_tables.as_text()
    for name in (*digits.TASKS, *digits.CONDITIONS, *digits.METHODS, digits.TUNED):
        assert name in text


def test_bands_of_a_tone_are_where_its_frequency_is():
    t = np.arange(digits.digits.LENGTH) / digits.digits.RATE
    width = digits.digits.RATE / digits.FRAME * 6  # of a band, in Hz; the constant term is left out
    energy = digits.bands(np.cos(2 * np.pi * 7.5 * width * t)[None].astype(np.float32))
    assert energy.shape == (1, digits.FRAMES, digits.BANDS)
    assert (energy.argmax(-1) == 7).all()


def test_memory_counts_weights_four_times_and_what_is_kept_once():
    kept = json.loads(digits_costs.COSTS.read_text(encoding="utf8"))
    assert set(kept) == set(digits.METHODS)
    for method in ("sum", "tensor"):
        assert round(digits_costs.memory(method) / 2**20, 2) == kept[method]["MiB"]
    one, other = (digits_costs.step(m)[1] for m in ("sum", "tensor"))
    more = sum(p.numel() for p in other.parameters()) - sum(p.numel() for p in one.parameters())
    tensor = 100 * 33**2 * 4
    found = digits_costs.memory("tensor") - digits_costs.memory("sum")
    assert found == pytest.approx(16 * more + tensor, rel=0.25)
