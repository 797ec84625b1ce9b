"""The study of guided attention: what a run watches, and what the kept lines say."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import guided_attention as study
from mmcourse.studies import kept


@pytest.fixture
def small(monkeypatch):
    """Few clips of noise in place of the recordings."""
    rng = np.random.default_rng(0)
    texts = ["ab", "a cab", "bac b"] * 6
    task = study.Task(texts, [rng.uniform(-0.3, 0.3, 1500 + 100 * len(t)).astype(np.float32) for t in texts])
    monkeypatch.setattr(study, "task", lambda language, split: task)
    monkeypatch.setattr(study, "COUNTS", {"validation": len(texts)})
    return task


def test_a_run_is_a_function_of_its_setting_and_seed(small):
    line = study.run("guided", 3, steps=4, every=2)
    assert study.same(study.run("guided", 3, steps=4, every=2), json.loads(json.dumps(line)))
    assert not study.same(study.run("guided", 4, steps=4, every=2), line | {"seed": 4})
    assert not study.same(study.run("not guided", 3, steps=4, every=2), line | {"setting": "not guided"})
    assert line["steps"] == [2, 4]
    assert len(line["monotone"]) == len(line["focus"]) == 2
    assert all(0 <= n <= len(small.texts) for n in line["monotone"])
    assert all(1 / 6 <= f <= 1 for f in line["focus"])


def test_when_the_attention_is_found(monkeypatch):
    monkeypatch.setattr(study, "COUNTS", {"validation": 10})
    line = {"steps": [25, 50, 75, 100], "monotone": [0, 8, 9, 10]}
    assert study.first_aligned(line) == 75
    assert study.first_aligned(line, share=1) == 100
    assert study.first_aligned(line | {"monotone": [0, 8, 8, 8]}) is None


def test_both_settings_differ_in_the_guide_alone(small, monkeypatch):
    seen = []

    def learn(texts, sounds, **options):
        seen.append({name: value for name, value in options.items() if name != "validate"})
        raise InterruptedError

    monkeypatch.setattr(study.synthesiser, "learn", learn)
    for setting in study.SETTINGS:
        with pytest.raises(InterruptedError):
            study.run(setting, 7)
    guided, free = seen
    assert guided.pop("guide") > 0 == free.pop("guide")
    assert guided == free
    assert guided["seed"] == 7


def test_the_kept_lines_say_that_a_guide_helps():
    lines = study.results()
    assert set(lines) == set(study.all_runs())
    assert lines == kept.read(study.RESULTS, *study.NAMES)
    for seed in study.SEEDS:
        guided, free = study.first_aligned(lines["guided", seed]), study.first_aligned(lines["not guided", seed])
        assert guided is not None
        assert free is None or guided < free
    assert len(study.as_text().splitlines()) == 1 + len(lines)
