"""A film on one page: the figure shows what it is given."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from mmcourse import show

EVENTS = [(2, 5, "crab left"), (9, 12, "bell grow"), (14, 17, "crab left")]
CURVES = {"motion": np.arange(20.0), "sound": np.ones(20)}


def test_curves_events_and_chosen_frames_are_where_they_belong():
    fig, text = show.timeline(CURVES, EVENTS, [3, 10], np.zeros((2, 4, 4, 3)), boundaries=[7], rate=2)
    main, *pictures = fig.axes
    assert [label.get_text() for label in main.get_legend().get_texts()] == ["motion", "sound", "chosen"]
    lines = {line.get_label(): line for line in main.lines}
    np.testing.assert_allclose(lines["motion"].get_xdata()[:3], [0, 0.5, 1])
    np.testing.assert_allclose(lines["chosen"].get_xdata(), [1.5, 5])
    assert any(list(line.get_xdata()) == [3.5, 3.5] for line in main.lines), "the boundary"
    spans = [patch.get_extents().transformed(main.transData.inverted()) for patch in main.patches]
    np.testing.assert_allclose([(s.x0, s.x1) for s in spans], [(1, 2.5), (4.5, 6), (7, 8.5)])
    first, second, again = (to_hex(patch.get_facecolor()) for patch in main.patches)
    assert first == again != second
    assert main.get_xlabel() == "time (s)"
    assert [ax.get_title() for ax in pictures] == ["frame 3", "frame 10"]
    assert "crab left in frames 2 to 4" in text
    assert "Frames chosen: 3, 10." in text
    assert len(text) > 60


def test_without_events_or_frames_it_says_so():
    fig, text = show.timeline(CURVES)
    assert len(fig.axes) == 1
    assert fig.axes[0].get_xlabel() == "frame"
    assert "What happens: nothing. Frames chosen: none." in text


def test_many_frames_come_in_rows_with_their_titles():
    pictures = np.zeros((5, 4, 4, 3))
    fig, _ = show.timeline(CURVES, (), range(5), pictures, titles=list("abcde"), columns=3)
    assert [ax.get_title() for ax in fig.axes[1:]] == list("abcde")
    rows = {round(ax.get_subplotspec().rowspan.start) for ax in fig.axes[1:]}
    assert rows == {1, 2}


def test_a_missing_picture_is_named():
    with pytest.raises(ValueError, match="a picture for each of 3 frames, came 2"):
        show.timeline(CURVES, (), [1, 2, 3], np.zeros((2, 4, 4, 3)))
