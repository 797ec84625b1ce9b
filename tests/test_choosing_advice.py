"""Advice is computed from experiments: other results, other advice."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import choosing_advice as advice
from mmcourse.studies.choosing_advice import Experiment

FLOPS = {"concatenation": 1.0, "tensor": 1.3, "attention": 0.7, "cross-attention": 3.0, "two streams": 0.6, "late": 0.6}
LIKE = {"missing": False, "few": False, "disagree": False, "modalities": 2}


def seeds(**means):
    """Shares of three seeds about a mean, {method: (3,)}."""
    return {
        m.replace("_", " "): np.array([v - 0.01, v, v + 0.01]) + 0.002 * i for i, (m, v) in enumerate(means.items())
    }


@pytest.fixture
def world(monkeypatch):
    """A function that sets the experiments."""
    monkeypatch.setattr(advice.tables, "costs", lambda: {m: (1.0, flops, 1.0) for m, flops in FLOPS.items()})

    def made_of(*experiments):
        monkeypatch.setattr(advice, "experiments", lambda: experiments)
        advice._compared.cache_clear()

    monkeypatch.setattr(advice, "METHODS", tuple(FLOPS))
    return made_of


def test_advised_is_the_cheapest_that_is_not_told_apart_from_the_best(world):
    first = Experiment("one", **LIKE, shares=seeds(concatenation=0.80, tensor=0.82, attention=0.6, late=0.70))
    noise = {
        "concatenation": [0.70, 0.90, 0.80],
        "tensor": [0.85, 0.75, 0.82],
        "attention": [0.6] * 3,
        "late": [0.8] * 3,
    }
    second = Experiment("two", **LIKE, shares={m: np.array(v) for m, v in noise.items()})
    world(second)
    found = advice.advise()
    assert found[0].choice == "late", "in noise, and cheapest"
    assert "the cheapest of 3 methods that 1 experiment cannot tell apart from the best, tensor" in found[0].why
    world(first, second)
    choices = {a.choice: a for a in advice.advise()}
    assert next(iter(choices)) == "tensor", "the first tells it apart from the others"
    assert choices["late"].why == "worse than tensor in 1 of 2 experiments: one"
    assert choices["attention"].why == "worse than tensor in 2 of 2 experiments: one, two"


def test_a_wide_interval_alone_makes_no_equal(world):
    shares = {"tensor": np.array([0.8, 0.8, 0.81]), "late": np.array([0.3, 0.9, 0.9])}
    world(Experiment("one", **LIKE, shares=shares))
    first, other = advice.advise()
    assert first.choice == "tensor"
    assert other.why == "worse than tensor in 0 of 1 experiment, but lower on average"
    shares["late"] = np.array([0.75, 0.82, 0.83])
    world(Experiment("one", **LIKE, shares=shares))
    first, other = advice.advise()
    assert first.choice == "late"
    assert other.why == "best on average in 1 experiment, but dearer than late"


def test_what_is_near_but_told_apart_is_no_equal(world):
    world(
        Experiment("one", **LIKE, shares={"tensor": np.array([0.7, 0.8, 0.9]), "late": np.array([0.695, 0.795, 0.896])})
    )
    first, other = advice.advise()
    assert first.choice == "tensor"
    assert other.why == "worse than tensor in 1 of 1 experiment: one"


def test_evidence_is_the_difference_from_the_best_other(world):
    world(Experiment("one", **LIKE, shares=seeds(concatenation=0.5, tensor=0.8)))
    best, other = advice.advise()
    (evidence,) = best.experiments
    assert evidence[:3] == ("one", pytest.approx(0.802), "concatenation")
    assert evidence.difference == pytest.approx(0.302)
    assert evidence.low == pytest.approx(evidence.high) == pytest.approx(0.302)
    assert other.experiments[0].difference == pytest.approx(-0.302)


def test_a_description_chooses_its_experiments_and_lets_go_of_the_least_first(world):
    few = Experiment("few", missing=False, few=True, disagree=False, modalities=2, shares=seeds(late=0.5, tensor=0.4))
    away = Experiment("away", missing=True, few=False, disagree=True, modalities=3, shares=seeds(late=0.4, tensor=0.5))
    world(few, away)
    assert advice.fitting(examples=100) == ([few], ())
    assert advice.fitting(examples=100, modalities=3) == ([few], ("modalities",))
    assert advice.fitting(missing=True, examples=9) == ([away], ("examples", "disagree", "modalities"))
    assert advice.fitting(missing=True, disagree=None, modalities=None) == ([away], ())
    assert advice.fitting(disagree=None) == ([few], ("examples", "disagree", "modalities"))
    assert advice.advise(examples=100)[0].choice == "late"
    found = advice.advise(missing=True, disagree=True)[0]
    assert found.choice == "tensor"
    assert "not like your data in: modalities" in found.why


def test_what_is_too_dear_is_left_out(world):
    world(Experiment("one", **LIKE, shares=seeds(concatenation=0.5, tensor=0.8, late=0.4)))
    assert [a.choice for a in advice.advise(budget=1.0)] == ["concatenation", "late"]
    with pytest.raises(ValueError, match=r"nothing costs at most 0.2 times concatenation. Try: budget=0.60"):
        advice.advise(budget=0.2)


@pytest.mark.parametrize("wrong", [{"modalities": 4}, {"examples": 0}, {"examples": True}, {"budget": -1}])
def test_what_cannot_be_described_is_named(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"{name}.*came {value!r}"):
        advice.advise(**wrong)


def test_the_chart_follows_the_results(world):
    few = Experiment("few", missing=False, few=True, disagree=False, modalities=2, shares=seeds(late=0.5, tensor=0.4))
    plain = Experiment("plain", **LIKE, shares=seeds(late=0.4, tensor=0.5))
    away = Experiment("away", missing=True, few=False, disagree=True, modalities=3, shares=seeds(late=0.1, tensor=0.2))
    world(few, plain, away)
    leaves = advice.chart()
    assert [leaf.question for leaf in leaves] == [question for question, _ in advice.QUESTIONS]
    assert leaves[0].advice.choice == "late"
    assert leaves[-1].advice.choice == "tensor"
    world(few, plain._replace(shares=seeds(late=0.7, tensor=0.5)), away)
    assert advice.chart()[-1].advice.choice == "late"


def test_the_kept_experiments_give_advice_for_every_description():
    advice.experiments.cache_clear()
    names = [e.name for e in advice.experiments()]
    assert len(names) == len(set(names))
    for modalities in (2, 3):
        for disagree in (False, True):
            for missing in (False, True):
                for examples in (100, 4000):
                    found, ignored = advice.fitting(missing, examples, disagree, modalities)
                    assert found
                    choices = advice.advise(modalities, disagree, missing, examples)
                    assert len({c.choice for c in choices}) == len(choices)
                    assert {e.experiment for e in choices[0].experiments} == {e.name for e in found}
                    assert ("not like your data" in choices[0].why) == bool(ignored)
    text = advice.advice_as_text(missing=True)
    assert "audio + video, one away" in text
    assert all(question in advice.chart_as_text() for question, _ in advice.QUESTIONS)
