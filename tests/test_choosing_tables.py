"""The tables of the study of choosing: statistics by hand, and complaints about lines that are wrong."""

import base64
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import choosing, choosing_tables, choosing_tasks
from mmcourse.studies.choosing_models import METHODS
from mmcourse.studies.choosing_tasks import MODALITIES

N = 40


def made_up(task, method, rng, share=0.6):
    """A line as the study writes it, right by chance in a share of N test examples."""

    def one():
        bits = base64.b64encode(np.packbits(rng.random(N) < share)).decode()
        away = {f"{how} {m}": int(rng.integers(N)) for how in ("without", "noisy") for m in MODALITIES[task]}
        return {"right": bits, "loss": 1.0, "CPU-seconds": 2.0} | away

    return {
        "task": task, "method": method, "validation": [[0.1, 1.0], [share, 0.5]], "chosen": 1, "parameters": 100,
        "FLOPs": 1000, "seeds": [one() for _ in range(5)],
    }  # fmt: skip


@pytest.fixture
def lines(monkeypatch, tmp_path):
    """Made up lines by (task, method), of N test examples each in a group of its own; write() keeps them."""
    monkeypatch.setattr(choosing, "RESULTS", tmp_path / "choosing.jsonl")
    monkeypatch.setattr(choosing_tasks, "TESTS", dict.fromkeys(MODALITIES, N))
    monkeypatch.setattr(choosing_tasks, "groups_of_test", lambda _: np.arange(N))
    rng = np.random.default_rng(0)
    found = {key: made_up(*key, rng) for key in choosing.RUNS}

    def write():
        choosing.RESULTS.write_text("".join(json.dumps(line) + "\n" for line in found.values()), encoding="utf8")
        choosing_tables._lines.cache_clear()

    write()
    return found, write


def set_right(line, rows):
    """rows: a string of 0 and 1 a seed."""
    for one, row in zip(line["seeds"], rows, strict=True):
        one["right"] = base64.b64encode(np.packbits(np.array(list(row), int))).decode()


def test_holm_by_hand():
    assert choosing_tables.holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert choosing_tables.holm([0.9, 0.02, 0.8]).tolist() == pytest.approx([1.0, 0.06, 1.0])
    assert choosing_tables.holm([0.5]).tolist() == [0.5]


def test_under_no_difference_holm_errs_in_one_family_of_twenty():
    p = np.random.default_rng(0).random((2000, 20))
    assert np.mean([choosing_tables.holm(row).min() < 0.05 for row in p]) == pytest.approx(0.05, abs=0.015)
    assert np.mean(p.min(1) < 0.05) > 0.5


def test_a_gain_by_hand(lines):
    found, write = lines
    set_right(found["digits", "gated"], ["1" * 20 + "0" * 20, "1" * 30 + "0" * 10, *["1" * 24 + "0" * 16] * 3])
    set_right(found["digits", "sum"], ["1" * 10 + "0" * 30] * 5)
    write()
    difference, examples, seeds = choosing_tables.gain("digits", "gated", "sum")
    assert choosing_tables.share("digits", "gated").tolist() == [0.5, 0.75, 0.6, 0.6, 0.6]
    assert difference == pytest.approx(0.36)
    spread = np.std([0.25, 0.5, 0.35, 0.35, 0.35], ddof=1)
    assert seeds == pytest.approx((0.36 - 2.7764 * spread / 5**0.5, 0.36 + 2.7764 * spread / 5**0.5), rel=1e-3)
    per_example = np.array([0] * 10 + [1] * 10 + [0.8] * 4 + [0.2] * 6 + [0] * 10)
    half = 2.0227 * per_example.std(ddof=1) / N**0.5
    assert examples == pytest.approx((0.36 - half, 0.36 + half), rel=1e-3)


def test_examples_in_groups_are_drawn_as_groups(lines, monkeypatch):
    found, write = lines
    set_right(found["digits", "gated"], ["1" * 20 + "0" * 20] * 5)
    set_right(found["digits", "sum"], ["0" * 40] * 5)
    write()
    alone = choosing_tables.differences("digits", "gated", "sum")[0]
    monkeypatch.setattr(choosing_tasks, "groups_of_test", lambda _: np.repeat([0, 1], [30, 10]))
    together = choosing_tables.differences("digits", "gated", "sum")[0]
    assert (len(alone), len(together)) == (40, 2)
    assert together.tolist() == [1.0, 0.0]
    assert alone.mean() == together.mean() == 0.5


def test_a_difference_must_survive_examples_and_seeds(lines):
    found, write = lines
    rng = np.random.default_rng(1)
    low = "".join("01"[int(b)] for b in rng.random(N) < 0.2)
    set_right(found["digits", "concatenation"], [low] * 5)
    set_right(found["digits", "gated"], ["1" * 38 + "00"] * 5)
    set_right(found["digits", "sum"], ["1" * 40, *[low] * 4])  # one lucky seed
    write()
    assert choosing_tables.p_value("digits", "gated", "concatenation") < 1e-6
    assert choosing_tables.p_value("digits", "sum", "concatenation") > 0.3
    assert choosing_tables.p_value("digits", "gated", "gated") == 1
    said = choosing_tables.verdicts()
    assert said["digits", "gated"].says == "better"
    assert said["digits", "sum"].says == "not told apart"
    assert len(said) == len(choosing.RUNS) - len(MODALITIES)
    back = choosing_tables.compared([("digits", "concatenation", "gated")])
    assert back["digits", "concatenation", "gated"].says == "worse"


def test_equal_methods_are_not_told_apart(lines):
    """All lines are drawn with one share, so each verdict that names a winner is false."""
    assert sum(v.says != "not told apart" for v in choosing_tables.verdicts().values()) == 0


def test_a_method_that_is_missing_or_cut_short_is_noticed(lines):
    found, write = lines
    found["digits", "gated"]["seeds"][2]["right"] = found["digits", "gated"]["seeds"][2]["right"][:4]
    del found["digits", "sum"]
    write()
    with pytest.raises(ValueError, match=r"came 'digits', 'sum'.*of the methods \('image alone'"):
        choosing_tables.share("digits", "sum")
    with pytest.raises(ValueError, match="expected the bits of 40 test examples, came 3 bytes"):
        choosing_tables.gain("digits", "gated", "late")


def test_the_best_is_chosen_on_validation(lines):
    found, write = lines
    found["digits", "gated"]["validation"][1] = [0.7, 0.6]
    found["digits", "sum"]["validation"][1] = [0.7, 0.4]
    found["digits", "late"]["validation"][0] = [0.99, 0.1]  # a setting that was not chosen
    write()
    assert choosing_tables.by_validation("digits") == "sum"


@pytest.mark.parametrize(("ours", "theirs", "verdict"), [(38, 10, "held"), (10, 38, "the opposite")])
def test_a_hypothesis_is_held_only_if_the_advised_are_better(lines, ours, theirs, verdict):
    found, write = lines
    for method in METHODS:
        advised = method in choosing.ARTICLE[2].methods
        count = ours if advised else theirs
        set_right(found["speech + text", method], ["1" * count + "0" * (N - count)] * 5)
    found["speech + text", "late"]["validation"][1] = [0.8, 0.5]
    found["speech + text", "product"]["validation"][1] = [0.7, 0.5]
    write()
    *_, tested = choosing_tables.hypotheses()
    assert (tested.method, tested.rival, tested.verdict) == ("late", "product", verdict)
    assert tested.difference == pytest.approx((ours - theirs) / N)
    assert f"late minus product: {tested.difference:+.3f}" in choosing_tables.hypotheses_as_text()


def test_ranks_by_hand(lines):
    found, write = lines
    for task in MODALITIES:
        for i, method in enumerate(METHODS):
            count = 30 if i in (3, 5) else 20 - i
            set_right(found[task, method], ["1" * count + "0" * (N - count)] * 5)
    write()
    ranks = choosing_tables.ranks()
    assert ranks.mean[METHODS[3]] == ranks.mean[METHODS[5]] == 1.5
    assert ranks.mean[METHODS[0]] == 3
    assert ranks.mean[METHODS[-1]] == len(METHODS)
    assert ranks.p < 1e-6
    assert ranks.critical == pytest.approx(3.219 * (11 * 12 / (6 * 7)) ** 0.5, rel=1e-3), "Demšar 2006, table 5"


def test_costs_are_ratios_and_the_front_is_what_nothing_beats(lines):
    found, write = lines
    for task in MODALITIES:
        found[task, "gated"]["FLOPs"] = 4000 if task == "digits" else 2000
        found[task, "sum"]["parameters"] = 50
        found[task, "late"]["FLOPs"] = 500
        for method, count in {"concatenation": 20, "gated": 30, "late": 10}.items():
            set_right(found[task, method], ["1" * count + "0" * (N - count)] * 5)
        for method in set(METHODS) - {"concatenation", "gated", "late"}:
            set_right(found[task, method], ["1" * 19 + "0" * 21] * 5)
    write()
    costs = choosing_tables.costs()
    assert costs["gated"][1] == pytest.approx(2 * 2 ** (1 / 7))
    assert costs["sum"][0] == pytest.approx(0.5)
    points, front = choosing_tables.front()
    assert front == ["late", "concatenation", "gated"]
    assert points["gated"] == pytest.approx((costs["gated"][1], 0.25))
    assert "gated" in choosing_tables.costs_as_text()


def test_the_text_has_the_shares_and_the_marks(lines):
    found, write = lines
    set_right(found["digits", "concatenation"], ["1" * 4 + "0" * 36] * 5)
    set_right(found["digits", "gated"], ["1" * 38 + "00"] * 5)
    write()
    rows = choosing_tables.as_text().splitlines()
    gated = next(row for row in rows if row.startswith("gated"))
    assert gated.rstrip().endswith("0.950+")
    assert all(any(row.startswith(m) for row in rows) for m in METHODS)
    differences, apart = choosing_tables.as_arrays()
    at = METHODS.index("gated"), tuple(MODALITIES).index("digits")
    assert differences.shape == (len(METHODS), len(MODALITIES))
    assert differences[at] == pytest.approx(0.85)
    assert apart[at]
    assert not apart[0].any()


def test_a_modality_away_is_the_mean_over_which(lines):
    found, write = lines
    for one in found["digits", "late"]["seeds"]:
        one |= {"without image": 10, "without sound": 30, "noisy image": 4, "noisy sound": 0}
    write()
    assert choosing_tables.away("digits", "late").tolist() == [0.5] * 5
    assert choosing_tables.away("digits", "late", "noisy").tolist() == [0.05] * 5
    assert choosing_tables.cases("digits") == ("without image", "without sound", "noisy image", "noisy sound")
