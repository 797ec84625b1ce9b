"""The study of where a block normalises: its kept lines say what chapter 12 says, and come out again."""

import numpy as np

from mmcourse.studies import depth, kept


def test_all_runs_are_kept():
    lines = kept.read(depth.RESULTS, *depth.NAMES)
    assert set(lines) == set(depth.RUNS)
    assert {len(line["losses"]) for line in lines.values()} == {depth.STEPS // 5}


def test_a_kept_line_comes_out_again():
    """As far as it goes before the way back of a training has multiplied rounding: the first fifty steps."""
    again = depth.run("first", 2, 1e-3, 0)["losses"]
    assert np.allclose(again[:10], depth.losses("first", 2, 1e-3)[0, :10], atol=0.02)
    other = depth.run("first", 2, 3e-3, 0)["losses"]
    assert not np.allclose(other[:10], again[:10], atol=0.02)


def test_deep_networks_without_warm_up_learn_only_if_they_normalise_first():
    assert depth.losses("first", 12, 3e-3)[:, -1].max() < 0.1
    assert depth.losses("after", 12, 3e-3)[:, -1].min() > 1
    assert depth.losses(depth.WARMED, 12, 3e-3)[:, -2:].mean(1).max() < 1
    for place in depth.PLACES:
        assert depth.losses(place, 2, 3e-3)[:, -1].max() < 0.1


def test_the_table_shows_every_seed():
    rows = depth.as_text().splitlines()
    assert len(rows) == 1 + len(depth.RATES) * len(depth.BLOCKS) + 1
    ends = depth.losses("after", 12, 1e-3)[:, -2:].mean(1)
    (row,) = [row for row in rows if row.split()[:2] == ["1e-03", "12"]]
    assert row.endswith(" ".join(f"{end:.2f}" for end in ends))
