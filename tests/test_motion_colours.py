"""Flow as colours, and colours as grey."""

import numpy as np
import pytest

from mmcourse.motion.colours import grey, to_colour, wheel


def test_directions_have_their_colours():
    ways = np.array([[1.0, 0], [0, 0], [-1, 0], [0, 1], [0, -1]])
    red, white, cyan, yellow, violet = to_colour(ways[None])[0].tolist()
    assert (red, white) == ([255, 0, 0], [255, 255, 255])
    assert cyan[0] == 0 < cyan[1] < cyan[2] == 255
    assert yellow[0] == 255 > yellow[1] > 200 > yellow[2] == 0
    assert violet[1] == 0 < violet[0] < violet[2] == 255


def test_longer_motion_is_stronger_and_too_long_darker():
    row = to_colour(np.array([[0.5, 0], [1, 0], [2, 0], [3, 0], [np.nan, 0]]), longest=2)
    assert row.tolist() == [[255, 191, 191], [255, 128, 128], [255, 0, 0], [191, 0, 0], [0, 0, 0]]
    assert to_colour(np.array([[0.5, 0], [1, 0]])).tolist() == [[255, 128, 128], [255, 0, 0]]  # the longest by itself
    assert (to_colour(np.zeros((3, 5, 2))) == 255).all()


def test_the_wheel_is_the_legend():
    disc = wheel(21)
    assert disc.shape == (21, 21, 3)
    assert disc[10, 20].tolist() == [255, 0, 0]
    assert disc[10, 10].tolist() == disc[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(disc[15, 4], to_colour(np.array([-0.6, 0.5]), longest=1.0))


def test_grey_is_brightness():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_allclose(grey(colours), [[0.299, 0.587, 0.114, 1]], rtol=1e-6)
    np.testing.assert_allclose(grey(colours / 255.0), grey(colours), rtol=1e-6)
    assert grey(colours).dtype == grey(colours / 255.0).dtype == np.float32


@pytest.mark.parametrize("wrong", [np.zeros((3, 5)), np.zeros((3, 5, 3))])
def test_colours_that_do_not_fit(wrong):
    with pytest.raises(ValueError, match=r"expected a flow \(..., 2\)"):
        to_colour(wrong)
    with pytest.raises(ValueError, match=r"longest above 0, came .* and 0"):
        to_colour(np.zeros((3, 5, 2)), longest=0)
    with pytest.raises(ValueError, match=r"grey: expected frames \(..., H, W, 3\), came \(3, 5\)"):
        grey(np.zeros((3, 5)))
