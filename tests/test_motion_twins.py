"""Both halves of optical flow: the same numbers, the same arguments, the same complaints."""

import inspect

import numpy as np
import pytest
from scipy import ndimage

from mmcourse.motion import scratch

FRAMES = (2, 3, 11, 13)  # unequal and prime: two clips of three frames


TWINS = ("gradients", "lucas_kanade", "structure", "pyramidal_lucas_kanade")


@pytest.mark.parametrize("name", TWINS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4), ("bfloat16", 2e-2)])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_twins(name, dtype, tolerance, device):
    torch = pytest.importorskip("torch")
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    from mmcourse.motion import pytorch

    count = 1 if name == "structure" else 2
    frames = np.random.default_rng(11).random((count, *FRAMES))
    tensors = [torch.as_tensor(frame, dtype=getattr(torch, dtype), device=device) for frame in frames]
    arrays = [t.cpu().double().numpy() for t in tensors] if dtype == "bfloat16" else list(frames.astype(dtype))
    more = {"ridge": 1e-2} if "ridge" in inspect.signature(getattr(scratch, name)).parameters else {}
    more |= {"levels": 2} if name.startswith("pyramid") else {}
    ours, theirs = getattr(scratch, name)(*arrays, **more), getattr(pytorch, name)(*tensors, **more)
    ours, theirs = (y if isinstance(y, tuple) else (y,) for y in (ours, theirs))
    for a, b in zip(ours, theirs, strict=True):
        assert str(b.dtype) == f"torch.{dtype}"
        assert dtype == "bfloat16" or a.dtype == dtype
        np.testing.assert_allclose(b.double().cpu().numpy(), a, atol=tolerance * max(1, np.abs(a).max()), rtol=0)


def test_twins_take_the_same_arguments():
    pytorch = pytest.importorskip("mmcourse.motion.pytorch")
    for name in (*TWINS, "warp"):
        assert inspect.signature(getattr(scratch, name)) == inspect.signature(getattr(pytorch, name)), name


@pytest.mark.parametrize("window", [1, 3, 7, 9, 17, 31])
def test_windows_of_any_width(window):
    torch = pytest.importorskip("torch")
    from mmcourse.motion import pytorch

    x = np.random.default_rng(12).random((2, 13, 17))
    summed = ndimage.convolve(x, np.ones((1, window, window)) / window**2, mode="constant")
    np.testing.assert_allclose(scratch._box_mean(x, window), summed, atol=1e-12)
    first, second = x
    theirs = pytorch.lucas_kanade(torch.tensor(first), torch.tensor(second), window)
    np.testing.assert_allclose(scratch.lucas_kanade(first, second, window), theirs, atol=1e-9)


def test_the_twin_gives_a_slope_through_the_flow():
    torch = pytest.importorskip("torch")
    from mmcourse.motion import pytorch

    frames = torch.tensor(np.random.default_rng(13).random((2, 5, 7)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: pytorch.lucas_kanade(f[0], f[1], 3, 0.01), frames)


# ---- bad input


def both_halves():
    yield scratch, np.zeros
    torch = pytest.importorskip("torch")
    from mmcourse.motion import pytorch

    yield pytorch, torch.zeros


@pytest.mark.parametrize("name", ["gradients", "lucas_kanade", "pyramidal_lucas_kanade"])
def test_frames_that_do_not_fit(name):
    for half, zeros in both_halves():
        f = getattr(half, name)
        with pytest.raises(ValueError, match=rf"{name}: expected two grey frames .*came \(7, 11\) and \(7, 13\)"):
            f(zeros((7, 11)), zeros((7, 13)))
        with pytest.raises(ValueError, match=r"at least 3 × 3, came \(7, 2\)"):
            f(zeros((7, 2)), zeros((7, 2)))
        whole = zeros((7, 11)) > 0
        with pytest.raises(TypeError, match="expected float frames"):
            f(whole, whole)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"window": 4}, "odd window from 1, came 4"),
        ({"window": -1}, "odd window from 1, came -1"),
        ({"ridge": 0}, "ridge above 0, came 0"),
        ({"ridge": float("nan")}, "ridge above 0, came nan"),
    ],
)
def test_settings_that_do_not_fit(settings, says):
    for half, zeros in both_halves():
        for name in ("lucas_kanade", "pyramidal_lucas_kanade"):
            with pytest.raises(ValueError, match=says):
                getattr(half, name)(zeros((7, 11)), zeros((7, 11)), **settings)


def test_a_pyramid_too_high_for_its_frames():
    for half, zeros in both_halves():
        with pytest.raises(ValueError, match=r"4 levels make frames of 16 × 40 as small as 2 × 5, expected at least 3"):
            half.pyramidal_lucas_kanade(zeros((16, 40)), zeros((16, 40)), levels=4)
        with pytest.raises(ValueError, match="levels and iterations from 1, came 0, 3"):
            half.pyramidal_lucas_kanade(zeros((16, 40)), zeros((16, 40)), levels=0)
        with pytest.raises(ValueError, match=r"warp: expected an image .*came \(7, 11\) and \(7, 11, 3\)"):
            half.warp(zeros((7, 11)), zeros((7, 11, 3)))
    with pytest.raises(ValueError, match="expected a finite flow, came 1 that is not"):
        scratch.warp(np.zeros((1, 1)), np.array([[[np.nan, 0]]]))
