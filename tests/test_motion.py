"""Optical flow: by hand, against least squares pixel by pixel, scikit-image, and what truly moved."""

import numpy as np
import pytest
from scipy import ndimage

from mmcourse.data import clips
from mmcourse.metrics import end_point_error
from mmcourse.motion import scratch
from mmcourse.motion.colours import grey

INSIDE = np.s_[8:-8, 8:-8]


def smooth(rng, H=40, W=56, highest=5):
    """A random periodic picture of low frequencies, and how to move it by any part of a pixel: moved(right, down)."""
    waves = np.zeros((H, W), complex)
    y, x = np.fft.fftfreq(H, 1 / H)[:, None], np.fft.fftfreq(W, 1 / W)
    low = (np.abs(y) <= highest) & (np.abs(x) <= highest)
    waves[low] = rng.standard_normal(low.sum()) + 1j * rng.standard_normal(low.sum())
    scale = np.abs(np.fft.ifft2(waves).real).max()

    def moved(right, down):
        turned = waves * np.exp(-2j * np.pi * (x * right / W + y * down / H))
        return 0.5 + np.fft.ifft2(turned).real / (2 * scale)

    return moved


def stripes(moved):
    """Vertical stripes that have moved to the right."""
    return np.tile(0.5 + 0.4 * np.sin((np.arange(31) - moved) * 0.7), (29, 1))


# ---- gradients


def test_gradients_by_hand():
    first = np.array([[0.0, 1, 4], [0, 2, 6], [1, 0, 3]])
    second = first + np.diag([6.0, 9, 36])
    # of the mean of both: rightwards (0.5, 3, 10), downwards (-1, -0.5, 8.5), each weighed 1, 4, 1
    for slope, expected in zip(
        scratch.gradients(first, second), ((0.5 + 12 + 10) / 6, (-1 - 2 + 8.5) / 6, (6 + 144 + 36) / 36), strict=True
    ):
        np.testing.assert_allclose(slope, np.pad([[expected]], 1))


def test_on_a_slope_that_moves_the_gradients_are_those_of_the_slope():
    y, x = np.mgrid[:7, :11]
    ramp = lambda right, down: 0.2 * (x - right) - 0.3 * (y - down)  # noqa: E731
    for slope, expected in zip(scratch.gradients(ramp(0, 0), ramp(0.5, 2)), (0.2, -0.3, 0.5), strict=True):
        np.testing.assert_allclose(slope[1:-1, 1:-1], expected)
        assert not slope[[0, -1]].any()
        assert not slope[:, [0, -1]].any()


def test_three_slopes_of_one_smoothed_film():
    """Along a wave (1, 4, 1) / 6 smooths as a central difference does, up to the fourth order: the ratio is right."""
    for frequency, off in ((0.2, 1e-5), (0.4, 2e-4), (0.8, 3e-3)):
        wave = lambda moved, f=frequency: np.tile(np.sin(f * (np.arange(41) - moved)), (5, 1))  # noqa: E731
        ix, _, it = (slope[2, 1:-1] for slope in scratch.gradients(wave(-0.005), wave(0.005)))
        speed = -(ix @ it) / (ix @ ix)
        assert speed == pytest.approx(0.01, rel=off)
        assert (np.sin(frequency) / frequency - 1) ** 2 > 10 * off**2  # a plain central difference is farther off


def test_the_mean_of_both_frames_is_an_order_better_than_either():
    moved = smooth(np.random.default_rng(0))
    first, second = moved(0, 0), moved(0.8, -0.6)
    errors = []
    for x_and_y in (first, second, (first + second) / 2):
        ix, iy, _ = (slope[INSIDE].ravel() for slope in scratch.gradients(x_and_y, x_and_y))
        it = scratch.gradients(first, second)[2][INSIDE].ravel()
        errors.append(np.abs(ix * 0.8 - iy * 0.6 + it).max())  # of the linear model with the true flow
    assert errors[2] < 0.2 * min(errors[:2]), errors


# ---- one step


def test_least_squares_pixel_by_pixel():
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 11, 13))
    ridge, window = 0.01, 5
    ours = scratch.lucas_kanade(first, second, window, ridge)
    slopes = [np.pad(slope, window // 2) for slope in scratch.gradients(first, second)]
    for r, c in np.ndindex(first.shape):
        ix, iy, it = (slope[r : r + window, c : c + window].ravel() for slope in slopes)
        rows = np.concatenate([np.stack([ix, iy], 1), np.eye(2) * np.sqrt(ridge) * window])
        expected = np.linalg.lstsq(rows, np.concatenate([-it, [0, 0]]), rcond=None)[0]
        np.testing.assert_allclose(ours[r, c], expected, atol=1e-12)


@pytest.mark.parametrize(("right", "down", "bound"), [(0.25, -0.1, 0.001), (-0.5, 0.75, 0.03), (1.0, 0.5, 0.04)])
def test_a_picture_that_moves_by_parts_of_a_pixel(right, down, bound):
    moved = smooth(np.random.default_rng(2), highest=3)
    flow = scratch.lucas_kanade(moved(0, 0), moved(right, down), ridge=1e-9)[INSIDE]
    errors = np.linalg.norm(flow - (right, down), axis=-1)
    assert np.median(errors) < bound


def test_only_what_crosses_an_edge_is_seen():
    """The aperture problem: stripes that go right and down look as if they went right; along them anything may move."""
    flow = scratch.lucas_kanade(stripes(0), stripes(0.5), ridge=1e-7)[INSIDE]
    np.testing.assert_allclose(flow[..., 0], 0.5, atol=0.01)
    np.testing.assert_array_equal(flow[..., 1], 0)
    tilted = scratch.lucas_kanade(
        *(np.fromfunction(lambda y, x, t=t: np.sin(0.4 * (x + y - t)), (31, 31)) for t in (0, 1))
    )
    np.testing.assert_allclose(tilted[INSIDE], 0.5, atol=0.02)  # rightwards by 1 looks as if across, by half of it


def test_where_all_is_plain_there_is_no_flow():
    plain = np.full((7, 11), 0.3)
    assert not scratch.lucas_kanade(plain, plain).any()
    assert not scratch.lucas_kanade(plain, plain + 0.1).any()  # a light goes on: nothing moved


def test_a_ridge_shortens_the_flow():
    moved = smooth(np.random.default_rng(3))
    lengths = [
        np.abs(scratch.lucas_kanade(moved(0, 0), moved(0.5, 0.5), ridge=r)).mean() for r in (1e-9, 1e-4, 1e-2, 1)
    ]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 0.01 * lengths[0]


def test_pieces_change_nothing():
    """Many frames are worked off a few at a time; what comes out is that of each alone."""
    first, second = np.random.default_rng(4).random((2, 37, 41, 43), np.float32)
    assert 37 * 41 * 43 > scratch._PIECE > 41 * 43
    together = scratch.lucas_kanade(first, second)
    assert together.dtype == np.float32
    np.testing.assert_array_equal(together, [scratch.lucas_kanade(a, b) for a, b in zip(first, second, strict=True)])


# ---- what can be known


def test_structure_against_eigenvalues():
    image = np.random.default_rng(5).random((7, 11))
    x, y, _ = scratch.gradients(image, image)
    ours = scratch.structure(image, window=3)
    for r, c in np.ndindex(image.shape):
        here = np.s_[max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2]
        slopes = np.stack([x[here].ravel(), y[here].ravel()])
        np.testing.assert_allclose(ours[r, c], np.linalg.eigvalsh(slopes @ slopes.T / 9)[::-1], atol=1e-12)


def test_corners_edges_and_plains():
    square = np.zeros((33, 33))
    square[11:, 11:] = 1
    large, small = np.moveaxis(scratch.structure(square), -1, 0)
    assert large[11, 11] > 0.01 < small[11, 11]  # a corner
    assert large[25, 11] > 0.01 > 1e-9 > small[25, 11] >= 0  # an edge
    assert large[25, 25] == small[25, 25] == 0
    assert np.unravel_index(small.argmax(), small.shape) in [(r, c) for r in range(9, 14) for c in range(9, 14)]


# ---- warping, and from coarse to fine


def test_warp_against_scipy():
    rng = np.random.default_rng(6)
    image, flow = rng.random((7, 11)), 5 * rng.standard_normal((7, 11, 2))
    y, x = np.mgrid[:7, :11]
    theirs = ndimage.map_coordinates(image, [y + flow[..., 1], x + flow[..., 0]], order=1, mode="nearest")
    np.testing.assert_allclose(scratch.warp(image, flow)[0], theirs, atol=1e-12)


def test_warping_the_second_frame_back_gives_the_first():
    moved = smooth(np.random.default_rng(7))
    flow = np.full((40, 56, 2), (3.0, -2.0))
    np.testing.assert_allclose(scratch.warp(moved(3, -2), flow)[0][INSIDE], moved(0, 0)[INSIDE], atol=1e-12)


def test_from_coarse_to_fine_finds_what_one_step_misses():
    moved = smooth(np.random.default_rng(8), 80, 112, highest=14)
    first, second, truth = moved(0, 0), moved(6.3, -3.6), np.full((80, 112, 2), (6.3, -3.6))
    inside = np.zeros((80, 112), bool)
    inside[16:-16, 16:-16] = True
    assert end_point_error(scratch.pyramidal_lucas_kanade(first, second), truth, inside) < 0.1
    assert end_point_error(scratch.pyramidal_lucas_kanade(first, second, levels=1), truth, inside) > 2
    assert end_point_error(scratch.lucas_kanade(first, second), truth, inside) > 5


@pytest.mark.parametrize(
    ("motion", "left"), [((1, -1), (0.1, 0.005)), ((2, -1), (0.3, 0.01)), ((0.25, -0.1), (0, 0.05))]
)
def test_repeating_the_step_takes_off_what_the_first_leaves(motion, left):
    """Of whole pixels, that is: between pixels the warped frame is a little blurred, which costs more than it wins."""
    moved = smooth(np.random.default_rng(9))
    truth = np.full((40, 56, 2), motion, float)
    inside = np.zeros((40, 56), bool)
    inside[INSIDE] = True
    one, three = (
        end_point_error(scratch.pyramidal_lucas_kanade(moved(0, 0), moved(*motion), 1, n, ridge=1e-6), truth, inside)
        for n in (1, 3)
    )
    assert one >= left[0]
    assert three < left[1]
    assert (three > one) == (motion == (0.25, -0.1))


@pytest.mark.parametrize("size", [(48, 48), (45, 61), (9, 11)])
def test_levels_of_any_size(size):
    frame = np.random.default_rng(10).random(size)
    flow = scratch.pyramidal_lucas_kanade(frame, frame)
    assert flow.shape == (*size, 2)
    np.testing.assert_allclose(flow, 0, atol=1e-12)  # nothing moved


# ---- beside scikit-image, which iterates, from coarse to fine


def theirs(first, second, **settings):
    from skimage.registration import optical_flow_ilk

    down, right = optical_flow_ilk(first, second, dtype=first.dtype, **settings)
    return np.stack([right, down], -1)


def test_one_step_of_scikit_image_is_ours_where_smoothing_changes_nothing():
    """A twisted plane stays itself when smoothed, and both frames have its slopes: the same least squares."""
    y, x = np.mgrid[:29, :31] / 30
    first = 0.1 * x + 0.2 * y + 0.5 * x * y
    second = first + 0.002  # not a motion, yet both must explain it by one
    a = scratch.lucas_kanade(first, second, 7, 1e-12)
    b = theirs(first, second, radius=3, num_warp=1)  # one step, on one level: the frames are too small for two
    np.testing.assert_allclose(a[4:-4, 4:-4], b[4:-4, 4:-4], rtol=1e-4)
    assert np.abs(b[4:-4, 4:-4]).min() > 0.01


@pytest.mark.parametrize(("iterations", "inside"), [(1, 4), (3, 10)])
def test_the_same_slopes_give_the_same_flow_as_scikit_image(monkeypatch, iterations, inside):
    """Given the slopes of scikit-image, those of the second frame alone and unsmoothed, nothing else differs."""

    def plain(first, second):
        down, right = np.gradient(second[0])
        return right[None], down[None], second - first

    monkeypatch.setattr(scratch, "gradients", plain)
    moved = smooth(np.random.default_rng(14), 31, 32)  # small enough for scikit-image to stay on one level
    first, second = moved(0, 0), moved(1.3, -0.7)
    ours = scratch.pyramidal_lucas_kanade(first, second, 1, iterations, 5, ridge=1e-12)
    away_from_the_rim = np.s_[inside:-inside, inside:-inside]
    expected = theirs(first, second, radius=2, num_warp=iterations)[away_from_the_rim]
    np.testing.assert_allclose(ours[away_from_the_rim], expected, atol=1e-6)
    assert np.abs(expected).max() > 0.5


def test_a_smooth_picture_moves_as_in_scikit_image():
    moved = smooth(np.random.default_rng(15), 64, 80, highest=8)
    first, second = moved(0, 0).astype(np.float32), moved(1.7, -2.4).astype(np.float32)
    gap = np.linalg.norm(
        scratch.pyramidal_lucas_kanade(first, second) - theirs(first, second, radius=3, num_warp=3), axis=-1
    )
    assert np.median(gap[16:-16, 16:-16]) < 0.02


# ---- the sticker of a clip


@pytest.fixture(scope="module")
def filmed():
    """Forty clips: frames in grey, true flow, where the sticker is seen, action."""
    drawn = clips.load("validation", 40)
    truth = np.stack([clips.flow(record) for record in drawn.records])
    seen = np.stack([clips.covered(record)[:-1] for record in drawn.records])
    return grey(drawn.frames), truth, seen, np.array([record.action for record in drawn.records])


def test_the_flow_of_a_sticker_is_where_it_goes(filmed):
    frames, truth, seen, actions = filmed
    one = scratch.lucas_kanade(frames[:, :-1], frames[:, 1:])
    fine = scratch.pyramidal_lucas_kanade(frames[:, :-1], frames[:, 1:])
    slow, fast = np.isin(actions, ["left", "right", "up", "down"]), np.isin(actions, ["bounce", "shake"])
    assert slow.sum() > 5 < fast.sum()
    rest = [end_point_error(0 * truth[which], truth[which], seen[which]) for which in (slow, fast)]
    errors = {
        name: [end_point_error(flow[which], truth[which], seen[which]) for which in (slow, fast)]
        for name, flow in (("one step", one), ("coarse to fine", fine))
    }
    assert errors["one step"][0] < 0.4 * rest[0]  # 1.5 to 2 pixels a frame: just in reach
    assert errors["one step"][1] > 0.6 * rest[1]  # 3 to 6: out of it
    assert errors["coarse to fine"][0] < 0.1 * rest[0]
    assert errors["coarse to fine"][1] < 0.1 * rest[1]
