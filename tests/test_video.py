"""Pooling over time and late fusion: what is said about bad input, and what pooling cannot know."""

import numpy as np
import pytest

from mmcourse.video import scratch

POOLS = {
    "mean_pool": lambda x, mask=None: scratch.mean_pool(x, mask)[0],
    "max_pool": lambda x, mask=None: scratch.max_pool(x, mask)[0],
    "attention_pool": lambda x, mask=None: scratch.attention_pool(x, np.eye(x.shape[-1], dtype=x.dtype)[:2], mask)[0],
}
each_pool = pytest.mark.parametrize("name", POOLS)


@each_pool
@pytest.mark.parametrize("mask", [np.ones((3, 6), bool), np.ones(7, bool), np.ones((3, 7)), np.ones((3, 7, 1), bool)])
def test_a_mask_that_does_not_fit_is_told(name, mask):
    with pytest.raises(ValueError, match=rf"^{name}: expected a bool mask \(3, 7\) for x \(3, 7, 5\), came "):
        POOLS[name](np.zeros((3, 7, 5)), mask)


@each_pool
def test_the_features_of_one_frame_alone_are_told(name):
    with pytest.raises(ValueError, match=rf"^{name}: expected features of frames \(\.\.\., T, D\), came \(5,\)"):
        POOLS[name](np.zeros(5))


@each_pool
def test_no_frames_at_all_give_zeros(name):
    found = POOLS[name](np.zeros((3, 0, 5), np.float32))
    assert found.shape[0] == 3
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("w", [np.ones(5), np.ones((2, 4))])
def test_queries_that_do_not_fit_are_told(w):
    with pytest.raises(ValueError, match=r"^attention_pool: expected queries w \(H, 5\) for x \(3, 7, 5\), came"):
        scratch.attention_pool(np.zeros((3, 7, 5)), w)


def test_attention_knows_the_order_only_through_positions():
    rng = np.random.default_rng(0)
    x, w, place = rng.standard_normal((7, 5)), rng.standard_normal((3, 5)), rng.standard_normal((7, 5))
    without, _ = scratch.attention_pool(x, w)
    np.testing.assert_allclose(scratch.attention_pool(x[::-1], w)[0], without)
    placed, _ = scratch.attention_pool(x + place, w)
    assert np.abs(scratch.attention_pool(x[::-1] + place, w)[0] - placed).max() > 0.1


def test_the_largest_values_share_a_slope():
    x = np.array([[1.0, 2.0], [3.0, 2.0], [3.0, 0.0], [-1.0, 2.0]])
    y, cache = scratch.max_pool(x)
    np.testing.assert_array_equal(y, [3, 2])
    np.testing.assert_allclose(scratch.max_pool_backward(np.array([6.0, 9.0]), cache), [[0, 3], [3, 3], [3, 0], [0, 3]])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weights": np.ones(2)}, r"3 streams need weights \(3,\), came \(2,\)"),
        ({"weights": np.ones((5, 3))}, r"3 streams need weights \(3,\), came \(5, 3\)"),
        ({"present": np.ones(3, bool)}, r"present must be \(5, 3\), came \(3,\)"),
    ],
)
def test_scores_that_do_not_fit_are_told(changes, said):
    with pytest.raises(ValueError, match=f"^fuse_scores: {said}"):
        scratch.fuse_scores(np.zeros((5, 3, 11)), **changes)


def test_a_stream_that_abstains_leaves_the_others_their_proportion():
    scores = np.array([[4.0, 0.0], [0.0, 8.0], [100.0, 100.0]])
    y, _ = scratch.fuse_scores(scores, np.array([1.0, 3.0, 5.0]), np.array([True, True, False]))
    np.testing.assert_allclose(y, [1, 6])
