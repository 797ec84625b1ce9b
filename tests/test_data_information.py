"""Mutual information and its decomposition: answers by hand, and what holds for every table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy

from mmcourse.data import digit_tasks, information

TEN = np.log2(10)
tables = arrays(float, (2, 3, 5), elements=st.one_of(st.just(0.0), st.floats(0.01, 1))).filter(np.any)


def table(outcomes):
    """Equally likely outcomes (a, b, y) as p (A, B, Y)."""
    p = np.zeros(np.max(outcomes, 0) + 1)
    np.add.at(p, tuple(np.transpose(outcomes)), 1 / len(outcomes))
    return p


@pytest.mark.parametrize(
    ("task", "a", "b", "both", "redundant", "unique_a", "unique_b", "synergy"),
    [
        ("same digit", TEN, TEN, TEN, TEN, 0, 0, 0),
        ("unique image", TEN, 0, TEN, 0, TEN, 0, 0),
        ("unique audio", 0, TEN, TEN, 0, 0, TEN, 0),
        ("sum", 0, 0, TEN, 0, 0, 0, TEN),
        ("same half", 1, 1, 1, 1, 0, 0, 0),
        ("unique image half", 1, 0, 1, 0, 1, 0, 0),
        ("unique audio half", 0, 1, 1, 0, 0, 1, 0),
        ("xor", 0, 0, 1, 0, 0, 0, 1),
        ("parity", 0, 0, 1, 0, 0, 0, 1),
    ],
)
def test_every_pure_task_by_hand(task, a, b, both, redundant, unique_a, unique_b, synergy):
    found = information.decompose(digit_tasks.table(task))
    assert (found.a, found.b, found.both) == pytest.approx((a, b, both), abs=1e-11)
    parts = (found.redundant, found.unique_a, found.unique_b, found.synergy)
    assert parts == pytest.approx((redundant, unique_a, unique_b, synergy), abs=1e-11)


def test_every_task_has_an_answer_by_hand():
    marks = test_every_pure_task_by_hand.pytestmark
    assert [case[0] for case in marks[0].args[1]] == list(digit_tasks.TASKS)


def test_the_and_gate():
    found = information.decompose(table([(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 1)]))
    # H(Y) = 2 − ¾ log2 3; given a = 0 nothing is left of it, given a = 1 one bit, so I(Y; A) = H(Y) − ½
    assert found.both == pytest.approx(2 - 0.75 * np.log2(3))
    assert found.a == found.b == pytest.approx(1.5 - 0.75 * np.log2(3))
    assert (found.redundant, found.unique_a, found.unique_b) == pytest.approx((found.a, 0, 0), abs=1e-11)
    assert found.synergy == pytest.approx(0.5)


def test_i_min_compares_amounts_as_its_critics_say():
    found = information.decompose(table([(a, b, 2 * a + b) for a in (0, 1) for b in (0, 1)]))
    assert (found.redundant, found.synergy) == pytest.approx((1, 1))


def test_a_noisy_channel_by_hand():
    flip = 0.11
    p = np.array([[1 - flip, flip], [flip, 1 - flip]]) / 2
    assert information.mutual_information(p) == pytest.approx(1 - entropy([flip, 1 - flip], base=2))
    assert information.specific_information(p) == pytest.approx([1 - entropy([flip, 1 - flip], base=2)] * 2)
    assert information.best_accuracy(p) == pytest.approx(1 - flip)


def test_a_label_that_never_occurs_changes_nothing():
    p = digit_tasks.table("xor")
    padded = np.concatenate([p, np.zeros((10, 10, 3))], 2)
    assert information.decompose(padded) == information.decompose(p)
    assert information.specific_information(padded.sum(1))[2:].tolist() == [0, 0, 0]


@given(tables)
def test_the_parts_add_up_and_are_never_negative(counts):
    p = counts / counts.sum()
    found = information.decompose(p)
    parts = (found.redundant, found.unique_a, found.unique_b, found.synergy)
    assert sum(parts) == pytest.approx(found.both, abs=1e-10)
    assert found.redundant + found.unique_a == pytest.approx(found.a, abs=1e-10)
    assert found.redundant + found.unique_b == pytest.approx(found.b, abs=1e-10)
    assert min(parts) > -1e-10


@given(tables)
def test_mutual_information_is_entropies_of_the_margins_less_that_of_the_pair(counts):
    p = counts.sum(0) / counts.sum()
    by_entropies = entropy(p.sum(0), base=2) + entropy(p.sum(1), base=2) - entropy(p.ravel(), base=2)
    assert information.mutual_information(p) == pytest.approx(by_entropies, abs=1e-10)
    assert information.specific_information(p) @ p.sum(0) == pytest.approx(by_entropies, abs=1e-10)


@given(tables)
def test_swapping_the_sources_swaps_what_is_unique(counts):
    p = counts / counts.sum()
    here, there = information.decompose(p), information.decompose(p.transpose(1, 0, 2))
    assert (there.a, there.b, there.unique_a, there.unique_b) == pytest.approx(
        (here.b, here.a, here.unique_b, here.unique_a), abs=1e-10
    )
    assert (there.both, there.redundant, there.synergy) == pytest.approx(
        (here.both, here.redundant, here.synergy), abs=1e-10
    )


@pytest.mark.parametrize("task", ["xor", "parity", "sum"])
def test_with_pure_synergy_one_source_is_worth_exactly_chance(task):
    p = digit_tasks.table(task)
    chance = 1 / digit_tasks.labels(task)
    assert information.best_accuracy(p.sum(1)) == information.best_accuracy(p.sum(0)) == pytest.approx(chance)
    assert information.best_accuracy(p.reshape(100, -1)) == pytest.approx(1)


def test_a_mixture_dials_between_its_tasks():
    between = ({"same half": 1 - w, "xor": w} for w in (0.25, 0.5, 0.75))
    found = [information.decompose(digit_tasks.table(task)) for task in ("same half", *between, "xor")]
    assert (np.diff([f.redundant for f in found]) < -0.01).all()
    assert (np.diff([f.synergy for f in found]) > 0.01).all()
    # half and half: a alone guesses y right in 3 of 4 cases
    assert found[2].a == pytest.approx(1 - entropy([0.75, 0.25], base=2))


NO_TABLES = [np.ones((2, 3, 5)), np.full((2, 2), 0.25), np.array([[[2.0, -1.0]]]), np.full((1, 1, 1), np.nan)]


@pytest.mark.parametrize("p", NO_TABLES)
def test_what_is_no_table_is_told(p):
    message = r"expected a table of probabilities with 3 axes .* got shape .* Try: p / p.sum"
    with pytest.raises(ValueError, match=message):
        information.decompose(p)


@pytest.mark.parametrize("task", [*digit_tasks.TASKS, {"xor": 3, "same half": 1}, {"sum": 0.2, "same digit": 0.3}])
def test_examples_are_drawn_from_the_table(task):
    rng = np.random.default_rng(0)
    n = 200_000
    a, b, y = digit_tasks.outcomes(task, *rng.integers(2**32, size=(2, n), dtype=np.uint64)).T
    p = digit_tasks.table(task)
    drawn = np.zeros_like(p)
    np.add.at(drawn, (a, b, y), 1 / n)
    assert p.sum() == pytest.approx(1)
    assert (drawn[p == 0] == 0).all()
    assert (np.abs(drawn - p) <= 5.5 * np.sqrt(p / n)).all()


def test_the_largest_and_the_smallest_random_number_choose_the_last_and_the_first_outcome():
    ends = np.array([0, 2**32 - 1], np.uint64)
    found = digit_tasks.outcomes({"xor": 1, "same half": 2}, ends, ends)
    np.testing.assert_array_equal(found, [digit_tasks.TASKS["same half"][0], digit_tasks.TASKS["xor"][-1]])


def test_the_order_of_a_mixture_does_not_matter():
    assert list(digit_tasks.mixture({"xor": 1, "same half": 3}).items()) == [("same half", 0.75), ("xor", 0.25)]


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("add", r"expected one of the tasks \('same digit', .*'parity'\), got 'add'"),
        ({"xor": 1, "add": 1}, r"expected one of the tasks .* got 'add'"),
        ({"xor": 1, "same digit": 1}, r"expected tasks with 2 labels each .* Try: \('same half', .*'parity'\)"),
        ({"xor": 0}, "a weight above 0"),
        ({"xor": float("nan")}, "a weight above 0"),
        ({"xor": "much"}, "a weight above 0"),
        ({}, "a weight above 0"),
    ],
)
def test_other_tasks_are_told_the_choices(task, message):
    with pytest.raises(ValueError, match=message):
        digit_tasks.table(task)
