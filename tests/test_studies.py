"""The study of fusion on digits: a run is a function of its seed, and fusion pays where both tell the same."""

import pytest

pytest.importorskip("torch")
from mmcourse.studies import digits


def test_a_run_is_a_function_of_its_seed():
    once = digits.run("gated", "same digit", 3, epochs=1)
    assert digits.run("gated", "same digit", 3, epochs=1) == once
    assert digits.run("gated", "same digit", 4, epochs=1)["right"] != once["right"]


def test_seen_and_heard_digits_are_read_better_than_either_alone():
    right = {m: digits.run(m, "same digit", 0)["right"] for m in ("image alone", "sound alone", "concatenation")}
    assert right["concatenation"] > max(right["image alone"], right["sound alone"]) + 100  # of 2,000


def test_alone_each_is_at_chance_where_only_both_tell():
    for method in ("image alone", "sound alone"):
        found = digits.run(method, "xor", 0)
        assert abs(found["right"] / found["of"] - 0.5) < 0.05
