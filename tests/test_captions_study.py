"""The study of captioners: a fit is a function of its seed, and the kept captions say what the chapter says."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.captioning.decoding import Hypothesis
from mmcourse.captioning.words import END, Words
from mmcourse.data import scenes
from mmcourse.studies import captions as study

P, D = 3, 5
GOALS = {"en": {"BLEU-4": 0.96, "CIDEr-D": 9.5, "exact": 0.93}, "zh": {"BLEU-4": 0.95, "CIDEr-D": 9.5, "exact": 0.92}}


@pytest.fixture
def task():
    """Few random images, and a caption for each: nothing is drawn, nothing cached."""
    rng = np.random.default_rng(0)
    captions = [("a", "cat"), ("two", "small", "cats"), ("a", "dog")] * 4
    regions = {split: rng.standard_normal((12, P, D), dtype=np.float32) for split in study.COUNTS}
    words = Words(captions)
    return study.Task(regions, dict.fromkeys(study.COUNTS, captions), words, words.encode(captions))


def fitted(kind, task, seed):
    model, history = study.fit(kind, task, seed, progress=False, steps=2, batch=4)
    return torch.cat([p.flatten() for p in model.parameters()]), history.losses


@pytest.mark.parametrize("kind", study.KINDS)
def test_a_fit_is_a_function_of_its_seed(kind, task):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    once, losses = fitted(kind, task, 3)
    assert torch.equal(torch.get_rng_state(), before), "the caller's chance is left alone"
    torch.rand(7)
    again, same = fitted(kind, task, 3)
    assert torch.equal(once, again)
    assert losses == same
    assert len(losses) == 2
    first, other = (next(study.untrained(kind, task, seed).parameters()) for seed in (3, 4))
    assert not torch.allclose(first, other), "the first parameters come from the seed"


@pytest.mark.parametrize("kind", study.KINDS)
def test_steps_seed_and_rates_are_those_asked_for(kind, task, monkeypatch):
    seen = {}

    def train(model, data, loss, *, optimiser, schedule, steps, seed, **_):
        decay = optimiser.param_groups[0]["weight_decay"]
        seen.update(images=data[0], steps=steps, seed=seed, schedule=schedule, decay=decay)

    monkeypatch.setattr(study, "train", train)
    study.fit(kind, task, 3)
    rates = [seen["schedule"].get_last_lr()[0]]
    for _ in range(seen["steps"]):
        seen["schedule"].optimizer.step()
        seen["schedule"].step()
        rates.append(seen["schedule"].get_last_lr()[0])
    steps, rate, decay = study.KINDS[kind]
    assert (seen["steps"], seen["decay"], seen["seed"]) == (steps, decay, 3)
    assert max(rates) == pytest.approx(rate, rel=1e-3)
    assert rates[-1] < rates[0] < rate / 10, "it warms up, and cools down to next to nothing at the end"
    expected = task.regions["train"].mean(1) if kind == "lstm" else task.regions["train"]
    np.testing.assert_array_equal(seen["images"], expected)


@pytest.mark.parametrize("kind", study.KINDS)
def test_every_kind_writes_a_caption_for_every_image(kind, task):
    model = study.untrained(kind, task).eval()
    seen = np.random.default_rng(1).standard_normal((103, P, D), dtype=np.float32)  # more than one part
    written = study.write(model, kind, seen, task.words, longest=6)
    longest = task.encoded.shape[1] - 1 if kind == "transformer" else 6
    assert len(written) == 103
    assert max(map(len, written)) <= longest, "no longer than asked for, nor than the model can"
    for n in (0, 99, 100, 102):
        assert study.write(model, kind, seen[n : n + 1], task.words, longest=6) == [written[n]]


def test_captions_come_in_the_order_of_the_images(task, monkeypatch):
    def search(regions, start, begin, end, longest):
        assert (end, longest) == (END, 20)
        return [Hypothesis((int(n), END), 0.0, 0.0, True) for n in regions[:, 0, 0]]

    class Model:
        def stepper(self, regions):
            return regions, ()

    monkeypatch.setattr(study.pytorch, "greedy_search", search)
    numbers = np.arange(203) % 3 + 3
    seen = np.tile(numbers[:, None, None].astype(np.float32), (1, P, D))
    assert study.write(Model(), "attention", seen, task.words) == [(task.words.entries[n],) for n in numbers]


# ---- scores


def test_scores_of_captions_made_by_hand():
    true = [tuple("abcde"), tuple("fghij")]
    perfect = study.scores(true, true)
    assert perfect == {"BLEU-4": pytest.approx(1), "CIDEr-D": pytest.approx(10), "exact": 1}
    one_word = study.scores([tuple("abcdx"), true[1]], true)
    # of 10, 8, 6 and 4 n-grams one each is wrong
    assert one_word["BLEU-4"] == pytest.approx((9 / 10 * 7 / 8 * 5 / 6 * 3 / 4) ** 0.25)
    assert 5 < one_word["CIDEr-D"] < 10
    assert one_word["exact"] == 0.5
    assert study.scores([tuple("vwxyz"), ()], true) == {"BLEU-4": 0, "CIDEr-D": 0, "exact": 0}


def test_a_caption_for_each_scene_is_expected():
    with pytest.raises(ValueError, match=r"^bleu: .* 2 .* 1"):
        study.scores([("a",)], [("a",), ("b",)])


# ---- what is kept


@pytest.fixture
def own_results(tmp_path, monkeypatch):
    """A file of its own, two runs, and two true captions."""
    monkeypatch.setattr(study, "RESULTS", tmp_path / "captions.jsonl")
    monkeypatch.setattr(study, "RUNS", [("lstm", "en", 0), ("lstm", "en", 1)])
    monkeypatch.setattr(study, "SEEDS", range(2))
    true = [tuple("abcde"), tuple("fghij")]
    monkeypatch.setattr(study, "task_captions", lambda split, language: {"test": true}[split])
    return study.RESULTS


def line(seed, captions, seconds):
    return {"kind": "lstm", "language": "en", "seed": seed, "CPU-seconds": seconds, "captions": captions}


def test_lines_are_read_by_run_and_a_torn_one_is_left_out(own_results):
    assert study.results() == {}
    whole = line(0, ["a", "b"], 7.0)
    own_results.write_text(json.dumps(whole) + "\n" + json.dumps(whole | {"seed": 1})[:-5], encoding="utf8")
    assert study.results() == {("lstm", "en", 0): whole}


def test_the_table_scores_what_was_written(own_results):
    runs = [line(1, ["a b c d e", ""], 30.0), line(0, ["a b c d e", "f g h i j"], 50.0)]
    own_results.write_text("".join(json.dumps(r) + "\n" for r in runs), encoding="utf8")
    table = study.table()
    assert table["lstm", "en", "exact"] == [1.0, 0.5], "in the order of the seeds"
    assert table["lstm", "en", "CPU-seconds"] == [50.0, 30.0]
    assert table["lstm", "en", "BLEU-4"] == pytest.approx([1, np.exp(1 - 10 / 5)])
    head, row = study.as_text().splitlines()
    assert head.split() == ["mean", "(lowest)", "of", "2", "seeds", "BLEU-4", "CIDEr-D", "exact", "CPU-seconds"]
    assert row.split() == ["lstm", "en", "0.684", "(0.368)", "7.500", "(5.000)", "0.750", "(0.500)", "40", "(30)"]


def test_only_what_is_missing_is_run(own_results, monkeypatch, capsys):
    done = []

    def run(kind, language, seed):
        done.append(seed)
        return line(seed, ["a b c d e", "f g h i j"], 7.0)

    monkeypatch.setattr(study, "run", run)
    monkeypatch.setattr(study.torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr("sys.argv", ["captions"])
    torn = json.dumps(line(1, ["a b c d e", "f g h i j"], 7.0))[:-5]  # a stop struck here
    own_results.write_text(json.dumps(line(0, ["x", "y"], 7.0)) + "\n" + torn, encoding="utf8")
    study.main()
    study.main()
    assert done == [1]
    assert capsys.readouterr().out.count(study.as_text()) == 2
    monkeypatch.setattr("sys.argv", ["captions", "--again"])
    study.main()
    assert done == [1, 0, 1]
    assert "1 of 2 lines came out the same" in capsys.readouterr().out


@pytest.fixture(scope="module")
def table():
    return study.table()


def test_all_runs_are_kept():
    assert set(study.results()) == set(study.RUNS)
    assert len(study.RUNS) == 18
    for (_, language, _), kept in study.results().items():
        assert len(kept["captions"]) == 600
        assert {word for c in kept["captions"] for word in c.split()} <= set(scenes.vocabulary(language))


@pytest.mark.parametrize("language", GOALS)
def test_the_transformer_reaches_the_goals_with_every_seed(table, language):
    for metric, goal in GOALS[language].items():
        assert len(table["transformer", language, metric]) == 3
        assert min(table["transformer", language, metric]) >= goal, metric
    assert max(table["transformer", language, "CPU-seconds"]) <= 60


@pytest.mark.parametrize("language", GOALS)
@pytest.mark.parametrize("metric", ["BLEU-4", "CIDEr-D", "exact"])
def test_looking_at_regions_helps_with_every_seed(table, language, metric):
    assert min(table["attention", language, metric]) > max(table["lstm", language, metric])


def test_the_text_has_a_row_for_every_captioner_and_language(table, monkeypatch):
    monkeypatch.setattr(study, "table", lambda: table)  # CIDEr-D of 18 runs takes a while
    _, *rows = study.as_text().splitlines()
    assert [tuple(row.split()[:2]) for row in rows] == [(kind, language) for kind in study.KINDS for language in GOALS]
    for row in rows:
        kind, language, mean, lowest, *_ = row.split()
        values = table[kind, language, "BLEU-4"]
        assert (mean, lowest) == (f"{sum(values) / 3:.3f}", f"({min(values):.3f})")
