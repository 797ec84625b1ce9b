"""What the contract of the images room does not say: Pillow's own answers, whole numbers, messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmcourse.data import scenes
from mmcourse.images import scratch

SIZES = [(64, 64, 16, 16), (64, 48, 31, 17), (13, 7, 29, 40), (20, 50, 33, 5)]  # H, W, new H, new W


@pytest.mark.parametrize(("H", "W", "height", "width"), SIZES)
def test_pillow_resizes_floats_alike(H, W, height, width):
    x = np.random.default_rng(0).random((H, W), dtype=np.float32)
    theirs = Image.fromarray(x).resize((width, height), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(scratch.resize(x, height, width)[0], theirs, atol=1e-6)


@pytest.mark.parametrize(("H", "W", "height", "width"), SIZES)
def test_pillow_rounds_whole_numbers_twice(H, W, height, width):
    """Between columns and rows Pillow keeps 8 bits; with the same rounding the answers are one."""
    x = np.random.default_rng(0).integers(0, 256, (H, W), np.uint8)
    theirs = np.asarray(Image.fromarray(x).resize((width, height), Image.Resampling.BILINEAR), float)
    once = half_up(scratch.resize(x.astype(float), height, width)[0])
    assert np.abs(once - theirs).max() <= 1
    assert np.mean(once != theirs) > 0.05
    across = half_up(scratch.resize(x.astype(float), H, width)[0])  # Pillow goes along the rows first
    twice = half_up(scratch.resize(across, height, width)[0])
    assert np.mean(twice != theirs) < 0.01  # Pillow's weights are whole numbers too, which can tip a half


def half_up(x):
    return np.floor(x + 0.5 + 1e-9)  # a half that a float sum has missed by a hair is still a half


def test_pillow_knows_no_resize_without_antialiasing_but_torch_does():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).random((1, 1, 64, 48))
    for antialias in (True, False):
        theirs = torch.nn.functional.interpolate(
            torch.from_numpy(x), (31, 17), mode="bilinear", antialias=antialias, align_corners=False
        )
        np.testing.assert_allclose(scratch.resize(x, 31, 17, antialias)[0], theirs, atol=1e-12)


def test_a_scene_goes_through_pillow_and_ours_alike():
    rng = np.random.default_rng(0)
    image, _ = scenes.draw(rng, held_out=False)
    box = (9, 5, 9 + 40, 5 + 30)  # left, top, right, bottom
    theirs = Image.fromarray(image).crop(box).resize((24, 20), Image.Resampling.BILINEAR)
    part, _ = scratch.crop(image.transpose(2, 0, 1).astype(float), top=5, left=9, height=30, width=40)
    ours = np.rint(scratch.resize(part, 20, 24)[0]).transpose(1, 2, 0)
    assert np.abs(ours - np.asarray(theirs, float)).max() <= 1


@given(st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_weights_are_shares(size, new_size, antialias):
    weights = scratch.triangle_weights(size, new_size, antialias)
    assert weights.shape == (new_size, size)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1)
    if antialias:
        assert np.all(weights.max(0) > 0), "an old pixel is heard by nobody"


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(("size", "new_size"), [(1001, 131), (300, 299), (67, 467), (128, 128), (640, 65)])
def test_a_long_row_in_pieces_is_the_row_at_once(size, new_size, antialias):
    rng = np.random.default_rng(0)
    weights = scratch.triangle_weights(size, new_size, antialias)
    x, dy = rng.standard_normal((2, 3, size)), rng.standard_normal((2, 3, new_size))
    for turn in (np.asarray, np.matrix_transpose):  # along the rows, and along the columns
        height, width = turn(dy[0]).shape
        y, cache = scratch.resize(turn(x), height, width, antialias)
        np.testing.assert_allclose(turn(y), x @ weights.T, atol=1e-12)
        np.testing.assert_allclose(turn(scratch.resize_backward(turn(dy), cache)), dy @ weights, atol=1e-12)


def test_a_minute_of_sound_needs_no_matrix_of_its_size():
    y, _ = scratch.resize(np.full((1, 480_000), 3.0), 1, 120_000)  # the matrix would take 461 GB
    np.testing.assert_allclose(y, 3.0)


def test_stripes_become_grey_with_antialiasing_and_a_lie_without():
    stripes = np.tile([0.0, 1.0], 32)[None]  # a period of two pixels
    kept, lied = (scratch.resize(stripes, 1, 21, antialias)[0] for antialias in (True, False))
    assert np.ptp(kept) < 0.1
    assert np.ptp(lied) > 0.9


def test_crops_are_copies():
    x = np.zeros((3, 4))
    y, _ = scratch.crop(x, 0, 0, 2, 2)
    y += 1
    assert not x.any()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: scratch.resize(np.ones((4, 4), np.uint8), 2, 2), TypeError, "came uint8"),
        (lambda: scratch.resize(np.ones((4, 4)), 0, 2), ValueError, r"\(4, 4\) cannot become 0 × 2"),
        (lambda: scratch.resize(np.ones((0, 4)), 3, 2), ValueError, r"\(0, 4\) cannot become 3 × 2"),
        (lambda: scratch.crop(np.ones((4, 5)), 2, 0, 3, 5), ValueError, r"3 × 5 at \(2, 0\) .* picture of 4 × 5"),
        (lambda: scratch.crop(np.ones((4, 5)), -1, 0, 2, 2), ValueError, r"2 × 2 at \(-1, 0\)"),
        (lambda: scratch.center_crop(np.ones((4, 5)), 6, 2), ValueError, "6 × 2 at"),
        (lambda: scratch.normalize(np.ones((3, 4, 5)), np.ones(5), np.ones(5)), ValueError, r"came \(3, 4, 5\), \(5,"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
