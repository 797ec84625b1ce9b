"""Ranks and recall, by hand and against a search that sorts."""

import numpy as np
import pytest

from mmcourse.metrics import median_rank, ranks, recall_at_k, recall_interval, wilson_interval


def test_ranks_by_hand():
    similarity = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.9, 0.1, 0.5]])
    assert ranks(similarity, np.eye(3, dtype=bool)).tolist() == [1, 3, 2]


def test_the_best_of_several_right_answers_counts_and_the_others_do_not_stand_in_its_way():
    similarity = np.array([[0.9, 0.8, 0.7, 0.6]])
    assert ranks(similarity, np.array([[False, True, False, True]])).tolist() == [2]
    assert ranks(similarity, np.array([[True, True, True, False]])).tolist() == [1]
    assert ranks(similarity, np.array([[False, False, True, True]])).tolist() == [3]


def test_a_tie_counts_against_the_model():
    nothing_learned = np.zeros((5, 5))
    assert ranks(nothing_learned, np.eye(5, dtype=bool)).tolist() == [5] * 5
    right = np.array([[True, True, False]])
    assert ranks(np.array([[0.5, 0.5, 0.1]]), right).tolist() == [1], "a tie of right answers is none"


def test_against_sorting():
    rng = np.random.default_rng(0)
    similarity, right = rng.standard_normal((31, 47)), rng.random((31, 47)) < 0.1
    right[:, 5] = True
    for row, r, found in zip(similarity, right, ranks(similarity, right), strict=True):
        in_order = r[np.argsort(-row)]
        assert found == 1 + in_order.argmax()


def test_recall_and_median_by_hand():
    found = np.array([1, 1, 2, 5, 11])
    assert recall_at_k(found, 1) == pytest.approx(2 / 5)
    assert recall_at_k(found, 5) == pytest.approx(4 / 5)
    assert recall_at_k(found, 4) == pytest.approx(3 / 5)
    assert median_rank(found) == 2
    assert median_rank([1, 4]) == 2.5
    assert recall_interval(found, 5) == wilson_interval(4, 5)


@pytest.mark.parametrize(
    ("similarity", "right", "message"),
    [
        (np.zeros((2, 3)), np.ones((3, 2), bool), r"came \(2, 3\) and \(3, 2\) bool"),
        (np.zeros((2, 3)), np.ones((2, 3)), r"and \(2, 3\) float64"),
        (np.zeros((0, 3)), np.ones((0, 3), bool), r"came \(0, 3\)"),
        (np.zeros(3), np.ones(3, bool), r"came \(3,\)"),
        (np.array([[0.0, np.nan], [np.inf, 0.0]]), np.eye(2, dtype=bool), "finite similarities, came 2 that are not"),
        (np.zeros((3, 2)), np.array([[1, 0], [0, 0], [1, 1]], bool), "query 1 has none"),
    ],
)
def test_what_cannot_be_ranked_is_named(similarity, right, message):
    with pytest.raises(ValueError, match=r"^ranks: expected .*" + message):
        ranks(similarity, right)


@pytest.mark.parametrize("found", [[], [[1, 2]], [0, 1]])
def test_what_are_no_ranks_is_named(found):
    for use in (median_rank, lambda f: recall_at_k(f, 1), lambda f: recall_interval(f, 1)):
        with pytest.raises(ValueError, match=r"^retrieval: expected ranks \(Q,\) from 1"):
            use(found)


def test_recall_at_nothing_is_refused():
    with pytest.raises(ValueError, match="expected k at least 1, came 0"):
        recall_at_k([1, 2], 0)
