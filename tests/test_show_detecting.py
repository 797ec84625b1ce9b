"""The pictures of detection: each frame where its box is, each name beside its frame."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from mmcourse import show
from mmcourse.metrics import Detections, Truths, precision_recall
from mmcourse.show import COLOURS

NAMES = ("cat", "dog", "兔子")


@pytest.fixture(autouse=True)
def layout():
    show.setup()
    yield
    plt.close("all")


def images(n, height=20, width=30):
    return [np.full((height, width, 3), 20 * i, np.uint8) for i in range(n)]


@pytest.fixture
def found():
    """Two things in the first picture, nothing in the second, one in the third; and the truth."""
    nothing = np.zeros((0, 4))
    detections = [
        Detections(np.array([[2.0, 9, 8, 15], [20, 1, 29, 11]]), np.array([0.9, 0.456]), np.array([2, 0])),
        Detections(nothing, np.zeros(0), np.zeros(0, int)),
        Detections(np.array([[1.0, 3, 5, 9]]), np.array([0.5]), np.array([2])),
    ]
    truths = [
        Truths(np.array([[3.0, 9, 8, 16]]), np.array([2])),
        Truths(np.array([[4.0, 4, 7, 7]]), np.array([1])),
        Truths(nothing, np.zeros(0, int)),
    ]
    return detections, truths


def frames(ax):
    """(x0, y0, x1, y1), colour and style of each frame, edges where pixels begin."""
    return [
        ((*p.get_xy(), p.get_x() + p.get_width(), p.get_y() + p.get_height()), to_hex(p.get_edgecolor()),
         p.get_linestyle()) for p in ax.patches
    ]  # fmt: skip


def test_each_thing_found_has_its_frame_and_its_name(found):
    fig = show.boxes(images(3), found[0], names=NAMES, columns=2)
    first, second, third, empty = fig.axes
    assert [t.get_text() for t in first.texts] == ["兔子 0.90", "cat 0.46"]
    assert [f[0] for f in frames(first)] == [(1.5, 8.5, 7.5, 14.5), (19.5, 0.5, 28.5, 10.5)]
    assert [f[1] for f in frames(first)] == [COLOURS[1].lower(), COLOURS[0].lower()]
    assert [f[1] for f in frames(third)] == [COLOURS[1].lower()], "a label has one colour in all pictures"
    assert [ax.images[0].get_array()[0, 0, 0] for ax in (first, second, third)] == [0, 20, 40]
    assert len(second.patches) == len(second.texts) == len(empty.images) == 0


def test_a_name_stays_in_the_picture(found):
    left, right = show.boxes(images(3), found[0], names=NAMES).axes[0].texts
    assert (left.get_ha(), left.get_va(), left.get_position()) == ("left", "bottom", (1.5, 8.5))
    assert (right.get_ha(), right.get_va(), right.get_position()) == ("right", "top", (28.5, 0.5))


def test_the_truth_is_dashed_and_named_only_where_it_stands_alone(found):
    detections, truths = found
    both = show.boxes(images(3), detections, truths).axes
    assert frames(both[0])[0] == ((2.5, 8.5, 7.5, 15.5), "#000000", "--")
    assert [f[2] for f in frames(both[0])] == ["--", "solid", "solid"]
    assert [t.get_text() for t in both[0].texts] == ["2 0.90", "0 0.46"]
    assert [f[2] for f in frames(both[1])] == ["--"], "what was not found is there to see"
    alone = show.boxes(images(3), None, truths, NAMES, titles=["a", "b", "c"]).axes
    assert [[t.get_text() for t in ax.texts] for ax in alone] == [["兔子"], ["dog"], []]
    assert [ax.get_title() for ax in alone] == ["a", "b", "c"]


def test_more_labels_than_colours():
    many = Detections(np.tile([1.0, 1, 5, 5], (17, 1)), np.ones(17), np.arange(17))
    colours = [f[1] for f in frames(show.boxes(images(1), [many]).axes[0])]
    assert len(set(colours)) == 7
    assert colours[7] == colours[0]
    assert "#000000" not in colours, "black is the truth's"


def test_precision_recall_draws_the_curve(found):
    detections, truths = found
    things = [Truths(np.concatenate([t.boxes, [[1.0, 3, 5, 9]]]), np.append(t.labels, 2)) for t in truths]
    curves = {"rabbits": precision_recall(detections, things, label=2), "dogs": precision_recall(*found, label=1)}
    ax = show.precision_recall(curves).axes[0]
    line, dots, none, _ = ax.lines
    np.testing.assert_allclose(line.get_xdata(), [0, 1 / 4, 1 / 2])
    np.testing.assert_allclose(line.get_ydata(), [1, 1, 1])
    assert line.get_drawstyle().startswith("steps"), "the best at this recall or a higher one holds to the left"
    np.testing.assert_allclose(dots.get_xdata(), curves["rabbits"].recall)
    np.testing.assert_allclose(dots.get_ydata(), curves["rabbits"].precision)
    assert len(none.get_xdata()) == 0, "no dog was found"
    assert line.get_linestyle() != none.get_linestyle(), "to be told apart without colours"
    # (1 at the recalls 0 to 0.50) / 101
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [f"rabbits: AP {51 / 101:.2f}", "dogs: AP 0.00"]


def test_heat_lies_over_the_whole_picture():
    maps = np.arange(12.0).reshape(2, 2, 3)
    fig = show.heat(images(2)[1], maps, ["a", "b"], frames=[[(1, 2, 5, 6)], []])
    assert [ax.get_title() for ax in fig.axes] == ["the picture", "a", "b"]
    assert len(fig.axes[0].images) == 1
    for ax, weights in zip(fig.axes[1:], maps, strict=True):
        picture, heat = ax.images
        assert picture.get_array()[0, 0, 0] == 20
        np.testing.assert_array_equal(heat.get_array(), weights)
        assert heat.get_extent() == [-0.5, 29.5, 19.5, -0.5]
        assert heat.get_clim() == (0, weights.max())
        assert 0 < heat.get_alpha() < 1
    assert [f[0] for f in frames(fig.axes[1])] == [(0.5, 1.5, 4.5, 5.5)]
    assert not fig.axes[2].patches


def test_heat_over_several_pictures_and_where_nothing_mattered():
    fig = show.heat(images(3), np.zeros((3, 4, 4)), ["a", "b", "c"], columns=2)
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "c", ""]
    assert [ax.images[0].get_array()[0, 0, 0] for ax in fig.axes[:3]] == [0, 20, 40]
    fig.canvas.draw()


def test_what_does_not_fit_is_refused(found):
    with pytest.raises(ValueError, match="zip"):
        show.heat(images(1)[0], np.ones((2, 3, 3)), ["a"])
    with pytest.raises(ValueError, match=r"boxes: expected .* 3 images, came 2"):
        show.boxes(images(3), found[0][:2])
