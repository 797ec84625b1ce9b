"""What the contract of the fusion room does not say: missing modalities that hold NaN, and messages."""

import numpy as np
import pytest

from mmcourse.fusion import scratch


def test_what_is_absent_may_hold_nan():
    features = np.array([[[1.0, 2.0], [np.nan, np.nan]]])
    w, u = np.array([[1.0, 0.5]]), np.array([2.0])
    y, cache = scratch.attention_fusion(features, w, u, np.array([[True, False]]))
    np.testing.assert_allclose(y, [[1.0, 2.0]])
    gradients = scratch.attention_fusion_backward(np.array([[3.0, 5.0]]), cache)
    np.testing.assert_allclose(gradients[0], [[[3.0, 5.0], [0.0, 0.0]]])
    assert all(np.isfinite(g).all() for g in gradients)


def test_the_tensor_grows_as_a_product_and_low_rank_does_not():
    a, b = np.ones((2, 30)), np.ones((2, 40))
    assert scratch.tensor_fusion(a, b)[0].shape == (2, 31 * 41)
    f_a, f_b = np.ones((3, 5, 31)), np.ones((3, 5, 41))
    assert scratch.low_rank_fusion(a, b, f_a, f_b)[0].shape == (2, 5)


@pytest.mark.parametrize("name", ["concatenation_fusion", "product_fusion", "gated_fusion", "low_rank_fusion"])
def test_modalities_of_unequal_length_are_refused(name):
    count = 2
    with pytest.raises(
        ValueError, match=rf"{name}: every modality needs the same examples, came a \(5, 3\) and b \(4, 2\)"
    ):
        getattr(scratch, name)(np.ones((5, 3)), np.ones((4, 2)), *[np.ones((1, 1))] * (3 if "gated" in name else count))


def test_present_must_fit():
    with pytest.raises(ValueError, match=r"present must be \(4, 2\), came \(2, 4\)"):
        scratch.attention_fusion(np.ones((4, 2, 3)), np.ones((1, 3)), np.ones(1), np.ones((2, 4), bool))
