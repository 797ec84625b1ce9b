"""The study of tickets: a run is a function of its seed, and the kept results say what the chapter says."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.data import tickets as data
from mmcourse.studies import tickets as study


def test_all_runs_are_kept():
    assert set(study.results()) == set(study.RUNS)


def test_a_run_is_a_function_of_its_seed():
    one, again, other = (study.fit("text alone", "en", seed, steps=20, progress=False) for seed in (1, 1, 2))
    z = [study.logits(model, "test") for model in (one, again, other)]
    assert np.array_equal(z[0], z[1])
    assert not np.array_equal(z[0], z[2])


def test_a_kept_line_comes_out_again():
    """Nearly: another processor may round otherwise."""
    kept, again = study.results()["en", "text alone", 1], study.run("en", "text alone", 1)
    assert set(again) == set(kept)
    assert abs(again["right"].count("1") - kept["right"].count("1")) < 30


def test_only_products_compare_what_was_ordered_with_what_is_shown():
    for method in ("image alone", "text alone", "late"):
        assert study.share("en", method, "both").max() < 0.62
    assert study.share("en", "product", "both").min() > 0.8
    assert study.share("zh", "product", "both").min() > study.share("zh", "late", "both").max() + 0.15


def test_one_modality_is_not_enough_and_two_are():
    for kind, alone in (("text", "image alone"), ("image", "text alone")):
        assert study.share("en", alone, kind).max() < 0.5
        assert study.share("en", "concatenation", kind).min() > 0.95


def test_words_that_training_never_says_are_left_out():
    known = study.numbers(["my card was declined", "my zebra was declined", ""], "en")
    assert (known > 0).sum(1).tolist() == [4, 3, 0]


def test_a_temperature_changes_confidence_and_costs_but_no_answer():
    raw, cured = (study.sureness("late", kind) for kind in ("raw", "calibrated"))
    assert np.array_equal(raw[1], cured[1])
    assert study.temperature("late") < 0.5
    assert cured[0].mean() > raw[0].mean() + 0.1
    assert len(raw[0]) == len(study.SEEDS) * data.DEFAULT_COUNTS["test"]
    at = study.COSTS.index(0.2)
    assert study.spent("late", "calibrated")[at] < 0.75 * study.spent("late")[at]
    assert study.spent("product")[at] < 0.4 * study.spent("late")[at]


def test_costs_of_answers_known_by_hand():
    p, labels = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]]), np.array([0, 1, 1])
    found = study.costs(p, labels, (0.05, 0.35, 0.5))
    assert found[0.05] == pytest.approx(0.05)  # nobody is sure enough: always ask
    assert found[0.35] == pytest.approx(0.35 / 3)  # the second is asked back
    assert found[0.5] == pytest.approx(1 / 3)  # all are sent, one goes wrong


def test_the_held_back_tickets_are_not_trained_on():
    train, back = (study.tensors(part, "en") for part in ("train", "held back"))
    assert len(train[0]) + len(back[0]) == data.DEFAULT_COUNTS["train"]
    assert len(back[0]) == study.HELD_BACK


def test_a_model_at_the_desk_says_what_it_says_in_the_tables():
    model = study.fit("concatenation", steps=60, progress=False)
    test = data.load("test")
    desk = study.desk(model, cost=1.0)
    z = study.logits(model, "test")
    for i in range(3):
        decision = desk.decide(test.texts[i], test.images[i])
        assert decision.desk == data.ROUTES[z[i].argmax()]
        assert max(decision.chances.values()) == pytest.approx(np.exp(z[i].max()), abs=1e-3)
    assert desk.decide("zyx", test.images[0]).desk is None
