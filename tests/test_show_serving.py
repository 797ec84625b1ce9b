"""Pictures of the support desk: what is drawn is what was handed in."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmcourse import show
from mmcourse.metrics import reliability, risk_coverage


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_every_ticket_is_shown_with_its_words_and_title():
    images = np.random.default_rng(0).integers(0, 256, (5, 7, 3, 3), np.uint8)
    texts = ["I ordered an apple and this is what came", "help", "页面一直是白的，请帮帮我现在该怎么办", "a", "b"]
    fig = show.tickets(images, texts, list("vwxyz"), columns=3)
    axes = [ax for ax in fig.axes if ax.images]
    assert [ax.get_title() for ax in axes] == list("vwxyz")
    assert [
        ax.get_xlabel().replace("\n", " " if t.isascii() else "") for ax, t in zip(axes, texts, strict=True)
    ] == texts
    assert all(np.array_equal(ax.images[0].get_array(), image) for ax, image in zip(axes, images, strict=True))
    assert "\n" in axes[0].get_xlabel()
    assert "\n" in axes[2].get_xlabel()


def test_tickets_need_as_many_texts_as_images():
    with pytest.raises(ValueError, match="came 2, 1 and 2"):
        show.tickets(np.zeros((2, 4, 3, 3), np.uint8), ["a"], ["a", "b"])


def test_the_dots_are_the_bins_and_the_largest_holds_most():
    rng = np.random.default_rng(1)
    confidence = rng.random(101) ** 2
    bins = reliability(confidence, rng.random(101) < confidence, 5)
    fig = show.reliability({"raw": bins, "one": bins[:1]})
    left, right = fig.axes
    assert (left.get_title(), right.get_title()) == ("raw", "one")
    dots = left.collections[0]
    np.testing.assert_allclose(dots.get_offsets(), [(b.confidence, b.right) for b in bins])
    assert np.argmax(dots.get_sizes()) == np.argmax([b.count for b in bins])
    assert len(right.collections[0].get_offsets()) == 1


def test_a_curve_of_risk_for_each_name():
    confidence, right = np.array([0.9, 0.5, 0.7]), np.array([True, False, True])
    fig = show.risk_coverage({"ours": risk_coverage(confidence, right), "other": risk_coverage(confidence, ~right)})
    (ax,) = fig.axes
    assert [line.get_label() for line in ax.lines] == ["ours", "other"]
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [(1 / 3, 0), (2 / 3, 0), (1, 1 / 3)])
