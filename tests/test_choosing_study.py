"""The study of choosing: a run is a function of its seed, a stopped one goes on, and the kept lines are whole."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.studies import choosing, choosing_knobs, choosing_tables, choosing_tasks, kept
from mmcourse.studies.choosing import SETTINGS
from mmcourse.studies.choosing_tasks import MODALITIES

TASK = "two sensors"  # the one whose features take no time


def test_all_runs_are_kept():
    assert set(choosing.results()) == set(choosing.RUNS)
    assert set(choosing_knobs.results()) == set(choosing_knobs.RUNS)


def test_every_line_is_whole():
    for (task, method), line in choosing.results().items():
        assert line["chosen"] == max(range(6), key=lambda i: (line["validation"][i][0], -line["validation"][i][1]))
        assert len(line["validation"]) == len(SETTINGS)
        assert len(line["seeds"]) == len(choosing.SEEDS)
        assert choosing_tables.right(task, method).shape == (len(choosing.SEEDS), choosing_tasks.TESTS[task])
        assert {f"{how} {m}" for how in ("without", "noisy") for m in MODALITIES[task]} <= set(line["seeds"][0])


def test_a_run_is_a_function_of_its_seed():
    once, again, other = (choosing.trial(TASK, "gated", SETTINGS[0], seed, steps=15)[0] for seed in (3, 3, 4))
    for line in (once, again, other):
        line.pop("CPU-seconds")
    assert once == again
    assert once["right"] != other["right"]


@pytest.mark.parametrize("method", ["accelerometer alone", "cross-attention"])
def test_a_kept_line_comes_out_again(method):
    """To the last bit on the machine that made it; another processor may round otherwise: some of 1,484 windows."""
    line = choosing.results()[TASK, method]
    again, model = choosing.trial(TASK, method, SETTINGS[line["chosen"]], 2)
    kept_line = line["seeds"][2]
    assert set(again) == set(kept_line)
    once, twice = (choosing_tables.unpacked(one["right"], choosing_tasks.TESTS[TASK]) for one in (again, kept_line))
    assert (once != twice).mean() < 0.05
    assert again["loss"] == pytest.approx(kept_line["loss"], abs=0.05)
    assert choosing.flops(model, choosing_tasks.load(TASK)["test"]) == line["FLOPs"]


def test_a_kept_line_of_the_knobs_comes_out_again():
    key = ("same digit", 100, choosing_knobs.DROPPED, "two streams", 1)
    line, again = choosing_knobs.results()[key], choosing_knobs.run(*key)
    assert set(line) == set(again)
    for case in ("test", "without image", "noisy sound"):
        assert abs(line[case] - again[case]) < 40


def test_a_stopped_study_goes_on_to_the_same_lines(monkeypatch, tmp_path):
    runs = [(TASK, "sum"), (TASK, "late"), (TASK, "gyroscope alone")]

    def short(task, method):
        return choosing.untimed(choosing.run(task, method, steps=3, seeds=range(2)))

    def stopped(task, method):
        if method == "late":
            raise KeyboardInterrupt
        return short(task, method)

    monkeypatch.setattr(choosing, "SETTINGS", SETTINGS[:2])
    whole, cut = tmp_path / "whole.jsonl", tmp_path / "cut.jsonl"
    kept.complete(whole, choosing.NAMES, runs, short, "whole")
    with pytest.raises(KeyboardInterrupt):
        kept.complete(cut, choosing.NAMES, runs, stopped, "stopped")
    with cut.open("a", encoding="utf8") as file:
        file.write('{"task": "two sensors", "meth')  # killed while it wrote
    kept.complete(cut, choosing.NAMES, runs, short, "goes on")
    assert kept.read(cut, *choosing.NAMES) == kept.read(whole, *choosing.NAMES)
    assert len(kept.read(whole, *choosing.NAMES)) == 3


def test_settings_are_the_same_for_all_and_drawn_from_a_seed():
    assert choosing.drawn(6, np.random.default_rng(13)) == SETTINGS
    assert len(set(SETTINGS)) == 6
    assert all(1e-3 <= s.rate <= 1e-2 for s in SETTINGS)
    assert choosing.TUNING not in choosing.SEEDS


def test_tuning_takes_the_best_share_and_then_the_lowest_loss(monkeypatch):
    scores = iter([([True, False, True], 0.5), ([True, True, False], 0.4), ([False, False, True], 0.1)])
    monkeypatch.setattr(choosing, "SETTINGS", SETTINGS[:3])
    monkeypatch.setattr(choosing, "fit", lambda *_: None)
    monkeypatch.setattr(choosing, "log_chances", lambda *_: None)
    monkeypatch.setattr(choosing, "asked", lambda *_: (lambda right, loss: (np.array(right), loss))(*next(scores)))
    found, chosen = choosing.tuned(TASK, "sum")
    assert found == [[0.6667, 0.5], [0.6667, 0.4], [0.3333, 0.1]]
    assert chosen == 1


def test_noise_falls_on_one_modality_and_not_between_the_words():
    data = choosing_tasks.Data((torch.ones(200, 3, 2), torch.ones(200, 2, 1)), torch.zeros(200), np.arange(200))
    data.tokens[0][:, 1] = 0
    spread = torch.tensor([1.0, 3.0])
    found = choosing.noisy(data, 0, spread)
    assert not found.tokens[0][:, 1].any()
    moved = (found.tokens[0] - data.tokens[0])[:, [0, 2]].flatten(0, 1).std(0)
    torch.testing.assert_close(moved, choosing.NOISE * spread, rtol=0.15, atol=0)
    assert found.tokens[1] is data.tokens[1]
    torch.testing.assert_close(choosing.noisy(data, 0, spread).tokens[0], found.tokens[0])


def test_present_leaves_out_the_one_that_is_away():
    data = choosing_tasks.load(TASK)["test"].first(3)
    assert choosing.all_present(data).all()
    assert choosing.all_present(data, 1).tolist() == [[True, False]] * 3


def test_a_count_of_operations_by_hand():
    """Two matrix products of (1, 5, 7) by (7, 3) and (1, 3) by (3, 2), each a multiplication and an addition."""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = torch.nn.Linear(7, 3), torch.nn.Linear(3, 2)

        def forward(self, x, present):
            return self.second(self.first(x).amax(1))

    data = choosing_tasks.Data((torch.ones(4, 5, 7),), torch.zeros(4), np.arange(4))
    assert choosing.flops(Net(), data) == 2 * (5 * 7 * 3 + 3 * 2)


def test_lines_are_the_same_but_for_the_seconds():
    line = choosing.results()[TASK, "late"]
    other = json.loads(json.dumps(line))
    other["seeds"][0]["CPU-seconds"] += 1
    assert choosing.same(line, other)
    other["seeds"][0]["loss"] += 0.001
    assert not choosing.same(line, other)
