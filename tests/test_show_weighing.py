"""Pictures of what weighs how much: what is drawn is what was handed in."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmcourse.show import weighing


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_each_modality_has_its_strip_and_all_have_one_scale():
    rng = np.random.default_rng(0)
    patches, words, windows = 0.02 * rng.random((3, 5)), 0.3 * rng.random(2), 0.1 * rng.random(7)
    fig = weighing.strips({"image": (patches, None), "text": (words, ["你", "hi"]), "sensor": (windows, None)})
    axes = fig.axes[:3]
    assert [ax.get_ylabel() for ax in axes] == ["image", "text", "sensor"]
    for ax, weights in zip(axes, (patches, words[None], windows[None]), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), weights)
        assert ax.images[0].get_clim() == (0, words.max())
    assert [t.get_text() for t in axes[1].get_xticklabels()] == ["你", "hi"]
    assert not axes[0].get_xticklabels()


def test_a_strip_needs_a_label_a_token():
    with pytest.raises(ValueError, match=r"a label a token of text, came 2 for \(3,\)"):
        weighing.strips({"text": (np.ones(3), ["a", "b"])})


def test_a_bar_ends_at_its_value_and_what_takes_away_has_another_colour():
    tables = {"all": {"face": (0.4, 0.3, 0.5), "voice": (-0.1, -0.2, 0.05)},
              "torn": {"voice": (0.2, 0.1, 0.3), "face": (0.0, -0.1, 0.1)}}  # fmt: skip
    fig = weighing.shares(tables, "accuracy added")
    left, right = fig.axes
    assert (left.get_title(), right.get_title()) == ("all", "torn")
    assert [bar.get_width() for bar in left.patches] == [0.4, -0.1]
    assert [bar.get_width() for bar in right.patches] == [0.0, 0.2], "in the order of the first"
    np.testing.assert_array_equal([line.get_xdata() for line in left.lines[:2]], [[0.3, 0.5], [-0.2, 0.05]])
    more, less = (bar.get_facecolor() for bar in left.patches)
    assert less != more == right.patches[1].get_facecolor()
    assert [t.get_text() for t in left.get_yticklabels()] == ["face", "voice"]


def test_what_the_fit_has_not_seen_is_hollow():
    x, y, fitted = np.array([16.0, 64, 256]), np.array([1.0, 3, 20]), np.array([True, True, False])
    line = np.array([16.0, 100, 256]), np.array([1.1, 5, 22])
    fig = weighing.cost_curves({"joint": (x, y, fitted, *line), "separate": (x, 2 * y, ~fitted, *line)}, "tokens")
    (ax,) = fig.axes
    drawn, full, hollow = ax.lines[:3]
    np.testing.assert_array_equal(drawn.get_xydata(), np.stack(line, 1))
    np.testing.assert_array_equal(full.get_xydata(), [[16, 1], [64, 3]])
    np.testing.assert_array_equal(hollow.get_xydata(), [[256, 20]])
    assert hollow.get_markerfacecolor() == "white" != full.get_markerfacecolor()
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["joint", "separate"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["16", "64", "256"]


def test_the_cost_box_tells_what_the_sliders_say():
    ranges = {"width": (64, 512, 64, 128), "layers": (1, 9, 1, 3)}
    box = weighing.cost_box(lambda width, layers: f"{width} < {layers}", ranges)
    *sliders, answer = box.children
    assert answer.value == "<p>128 &lt; 3</p>"
    sliders[0].value, sliders[1].value = 192, 7
    assert answer.value == "<p>192 &lt; 7</p>"
