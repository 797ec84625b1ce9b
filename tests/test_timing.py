import numpy as np

from mmcourse import timing


def test_rounds_run_in_turn_and_the_warm_up_is_not_counted():
    calls = []
    seconds = timing.paired({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3, warm_up=1)
    assert calls == ["a", "b"] * 4
    assert {n: s.shape for n, s in seconds.items()} == {"a": (3,), "b": (3,)}


def test_median_ratio_is_taken_pair_by_pair():
    seconds = {"a": np.array([1.0, 4.0, 6.0]), "b": np.array([2.0, 2.0, 2.0])}
    assert timing.median_ratio(seconds, "a", "b") == 2.0
