"""The pictures of chapter 04, without a browser."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mmcourse import show
from mmcourse.show.games import VERDICT


@pytest.fixture(autouse=True)
def layout():
    show.setup()


def panel(value=0.5, n=3):
    samples = np.linspace(-1, 1, 2 * n).reshape(n, 2)
    return samples, np.full((5, 5), value), np.zeros((1, 2)), np.array([[1.0, 0.5]])


def colour_at(fig, ax, x, y):
    """The colour drawn at a place in the data's units, from 0 to 1."""
    fig.canvas.draw()
    pixels = np.asarray(fig.canvas.buffer_rgba())[..., :3] / 255
    column, row = ax.transData.transform((x, y))
    return pixels[int(len(pixels) - row), int(column)]


def test_the_first_row_of_chances_lies_at_the_bottom():
    samples, chances, at, pushes = panel()
    chances[0] = 1.0  # "real" along the bottom
    chances[-1] = 0.0
    fig = show.arena({"now": (samples, chances, at, pushes)}, half=2)
    np.testing.assert_allclose(colour_at(fig, fig.axes[0], -1.5, -1.9), VERDICT(1.0)[:3], atol=0.02)
    np.testing.assert_allclose(colour_at(fig, fig.axes[0], -1.5, 1.9), VERDICT(0.0)[:3], atol=0.02)


def test_samples_targets_and_arrows_stand_where_they_are():
    targets = np.array([[0.0, 1.5], [1.5, 0.0]])
    fig = show.arena({"a": panel(), "b": panel(n=7)}, half=2, targets=targets, columns=2)
    first, second = fig.axes[:2]
    assert [ax.get_title() for ax in (first, second)] == ["a", "b"]
    np.testing.assert_array_equal(first.lines[0].get_xydata(), targets)
    np.testing.assert_array_equal(second.lines[1].get_xydata(), panel(n=7)[0])
    arrows = next(c for c in first.collections if hasattr(c, "U"))
    assert (arrows.U.item(), arrows.V.item(), arrows.scale) == (1.0, 0.5, 1)


def test_places_without_a_panel_stay_empty():
    fig = show.arena({name: panel() for name in "abc"}, half=2, columns=2)
    assert [ax.axison for ax in fig.axes[:4]] == [True, True, True, False]


def test_the_scrubber_shows_the_chosen_step():
    calls = []

    def look(step):
        calls.append(step)
        return panel(), None, 2.0, f"After {step} steps <here> it is."

    slider, picture = show.scrubber(look, [10, 20, 30]).children
    assert calls == [10]
    assert 'alt="After 10 steps &lt;here&gt; it is."' in picture.value
    slider.value = 30
    assert calls == [10, 30]
    assert picture.value.endswith("<p>After 30 steps &lt;here&gt; it is.</p>")


def test_a_gallery_names_rows_and_columns_and_frames_what_it_is_told():
    images = np.zeros((2, 3, 4, 4, 3))
    images[1, 2] = to_rgb("#009E73")
    framed = np.zeros((2, 3), bool)
    framed[0, 1] = True
    fig = show.gallery(images, ["cat", "dog"], ["sea", "sky", "sand"], framed)
    assert [fig.axes[j].get_title() for j in range(3)] == ["sea", "sky", "sand"]
    assert [fig.axes[3 * i].get_ylabel() for i in range(2)] == ["cat", "dog"]
    assert [len(ax.patches) for ax in fig.axes] == [0, 1, 0, 0, 0, 0]
    np.testing.assert_allclose(colour_at(fig, fig.axes[5], 1.5, 1.5), to_rgb("#009E73"), atol=0.01)
