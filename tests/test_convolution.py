"""What the contract of the convolution room does not say: messages, equal entries, and PyTorch's running averages."""

import numpy as np
import pytest

from mmcourse.convolution import scratch


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scratch.conv2d(np.ones((2, 3, 5, 5)), np.ones((7, 2, 3, 3))), r"\(2, 3, 5, 5\) and \(7, 2, 3, 3\)"),
        (lambda: scratch.conv2d(np.ones((3, 5, 5)), np.ones((7, 3, 3, 3))), r"expected x \(B, C, H, W\).*\(3, 5, 5\)"),
        (lambda: scratch.conv2d(np.ones((1, 1, 2, 5)), np.ones((1, 1, 3, 3))), r"kernel \(3, 3\).*not fit.*\(2, 5\)"),
        (lambda: scratch.conv2d(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), stride=0), "stride 0 does not fit"),
        (lambda: scratch.conv2d(np.ones((1, 1, 5, 5)), np.ones((2, 1, 3, 3)), np.ones(3)), r"bias must be \(2,\)"),
        (lambda: scratch.max_pool2d(np.ones((1, 1, 2, 5)), 3), r"windows of 3 every 3 do not fit.*\(1, 1, 2, 5\)"),
        (lambda: scratch.avg_pool2d(np.ones((1, 1, 2, 5)), 2, 0 - 1), "every -1 do not fit"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_of_equal_entries_the_first_wins_as_in_torch():
    torch = pytest.importorskip("torch")
    x = np.zeros((1, 1, 2, 4))
    x[0, 0, :, 2:] = [[5.0, 5.0], [5.0, 1.0]]
    y, cache = scratch.max_pool2d(x, 2)
    dx = scratch.max_pool2d_backward(np.array([[[[3.0, 7.0]]]]), cache)
    assert y.tolist() == [[[[0.0, 5.0]]]]
    assert dx.tolist() == [[[[3.0, 0.0, 7.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]]
    t = torch.from_numpy(x).requires_grad_()
    torch.nn.functional.max_pool2d(t, 2).backward(torch.tensor([[[[3.0, 7.0]]]], dtype=torch.float64))
    np.testing.assert_array_equal(dx, t.grad)


def test_windows_that_overlap_add_their_gradients():
    x = np.zeros((1, 1, 1, 5))
    x[..., 2] = 1.0  # the largest of every window of three
    _, cache = scratch.max_pool2d(np.repeat(x, 3, axis=2), 3, 1)
    dx = scratch.max_pool2d_backward(np.array([[[[1.0, 10.0, 100.0]]]]), cache)
    assert dx.sum(2).tolist() == [[[0.0, 0.0, 111.0, 0.0, 0.0]]]


def test_running_averages_are_those_of_torch():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal((5, 3, 2, 7))
    layer = torch.nn.BatchNorm2d(3, momentum=1.0, dtype=torch.float64)
    layer(torch.from_numpy(x))
    mean, variance = scratch.batch_statistics(x)
    n = x.size // 3
    np.testing.assert_allclose(layer.running_mean, mean, atol=1e-12)
    np.testing.assert_allclose(layer.running_var, variance * n / (n - 1), rtol=1e-12)  # torch keeps the unbiased one
