"""Summaries against events, by hand and against all ways to pair them."""

import itertools

import numpy as np
import pytest

from mmcourse.metrics import boundary_scores, summary_hits, summary_scores

EVENTS = [(9, 21, "crab left"), (40, 52, "bell grow"), (90, 102, "crab left")]


@pytest.mark.parametrize(
    ("chosen", "hits"),
    [
        ([], 0),
        ([9], 1),
        ([8], 0),
        ([20], 1),
        ([21], 0),
        ([12, 15], 1),  # twice the same
        ([12, 95], 1),  # a replay is the same
        ([95, 45, 30], 2),
        ([30, 31, 60], 0),
    ],
)
def test_hits_by_hand(chosen, hits):
    assert summary_hits(chosen, EVENTS) == hits


def test_scores_by_hand():
    assert summary_scores([12, 47, 60], EVENTS) == pytest.approx({"coverage": 1, "precision": 2 / 3, "F1": 4 / 5})
    assert summary_scores([12, 95, 60, 61], EVENTS) == pytest.approx({"coverage": 0.5, "precision": 0.25, "F1": 1 / 3})


def test_where_there_is_nothing():
    assert summary_scores([], []) == {"coverage": 1, "precision": 1, "F1": 1}
    assert summary_scores([], EVENTS) == {"coverage": 0, "precision": 0, "F1": 0}
    assert summary_scores([5], []) == {"coverage": 0, "precision": 0, "F1": 0}


def test_a_tolerance_reaches_before_and_after():
    assert summary_hits([8, 53], EVENTS) == 0
    assert summary_hits([8, 53], EVENTS, tolerance=1) == 1
    assert summary_hits([8, 53], EVENTS, tolerance=2) == 2


def test_a_frame_of_two_events_stands_for_one_and_the_best_pairing_counts():
    close = [(0, 10, "a"), (10, 20, "b"), (20, 30, "c")]
    assert summary_hits([10], close, tolerance=1) == 1
    assert summary_hits([10, 5], close, tolerance=1) == 2, "10 stands for b, 5 for a"
    assert summary_hits([10, 20, 5], close, tolerance=1) == 3


def test_against_all_pairings():
    rng = np.random.default_rng(0)
    for _ in range(40):
        starts = rng.integers(0, 40, 4)
        events = [(int(s), int(s) + 6, str(rng.integers(3))) for s in starts]
        chosen = rng.permutation(45)[:4]
        names = sorted({name for *_, name in events})

        def shows(t, name, events=events):
            return any(n == name and a - 1 <= t < b + 1 for a, b, n in events)

        ways = itertools.permutations(range(4), len(names))
        best = max(sum(shows(chosen[i], name) for i, name in zip(way, names, strict=True)) for way in ways)
        assert summary_hits(chosen, events, tolerance=1) == best
        assert summary_hits(chosen[::-1], events[::-1], tolerance=1) == best


def test_boundaries_are_found_within_a_frame_and_only_once():
    assert boundary_scores([10, 21, 40], [10, 20]) == pytest.approx({"recall": 1, "precision": 2 / 3, "F1": 4 / 5})
    assert boundary_scores([9, 10, 11], [10])["precision"] == pytest.approx(1 / 3)
    assert boundary_scores(np.array([22]), np.array([20]))["F1"] == 0
    assert boundary_scores([22], [20], tolerance=2)["F1"] == 1
    assert boundary_scores([], [])["F1"] == 1


@pytest.mark.parametrize(
    ("chosen", "events", "tolerance", "said"),
    [
        ([1.5], EVENTS, 0, r"frame numbers \(S,\) int, came \(1,\) float64"),
        ([[1]], EVENTS, 0, r"came \(1, 1\)"),
        ([3, 3], EVENTS, 0, r"every frame once, came \[3, 3\]"),
        ([3], [(5, 5, "a")], 0, r"start before stop, came \(5, 5, 'a'\)"),
        ([3], EVENTS, -1, "at least 0 frames, came -1"),
    ],
)
def test_what_cannot_be_scored_is_named(chosen, events, tolerance, said):
    with pytest.raises(ValueError, match="^summary: expected .*" + said):
        summary_scores(chosen, events, tolerance)
