"""What the contracts of the alignment room do not say: canonical correlation, the gap, outside checks, messages."""

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

from mmcourse.alignment import scratch

N, P, Q = 211, 7, 5


@pytest.fixture
def views():
    """Two views of three shared causes, on their own scales and far from zero."""
    rng = np.random.default_rng(0)
    causes = rng.standard_normal((N, 3)) * [3.0, 1.0, 0.5]
    x = causes @ rng.standard_normal((3, P)) + rng.standard_normal((N, P)) + 10
    y = causes @ rng.standard_normal((3, Q)) + rng.standard_normal((N, Q)) * [1, 5, 0.2, 1, 2] - 30
    return x, y


def variates(found, x, y):
    return (x - found.mean_x) @ found.w_x, (y - found.mean_y) @ found.w_y


def up_to_sign(a, b):
    return a * np.sign((a * b).sum(0))


# ---- canonical correlation


def test_the_variates_are_those_of_scikit_learn(views):
    found = scratch.cca(*views, 3)
    a, b = variates(found, *views)
    # scikit-learn iterates to a tolerance, and leaves its variates on another scale
    theirs = CCA(3, tol=1e-12, max_iter=10_000).fit_transform(*views)
    for ours, t in zip((a, b), theirs, strict=True):
        t = (t - t.mean(0)) / t.std(0, ddof=1)
        np.testing.assert_allclose(up_to_sign(ours, t), t, atol=1e-5)
    correlations = [np.corrcoef(t, s)[0, 1] for t, s in zip(theirs[0].T, theirs[1].T, strict=True)]
    np.testing.assert_allclose(found.correlations, correlations, atol=1e-9)


def test_the_variates_are_white_and_correlate_only_with_their_partner(views):
    found = scratch.cca(*views, 5)
    together = np.cov(np.hstack(variates(found, *views)), rowvar=False)
    k = len(found.correlations)
    expected = np.eye(2 * k)
    expected[:k, k:] = expected[k:, :k] = np.diag(found.correlations)
    np.testing.assert_allclose(together, expected, atol=1e-9)
    assert (np.diff(found.correlations) < 0).all()


def test_two_columns_by_hand():
    """x and y have the correlation -0.6, and there is nothing else to find: one variate, of length 1."""
    x = np.array([[3.0], [-3.0], [1.0], [-1.0]])
    orthogonal = np.array([[1.0], [-1.0], [-3.0], [3.0]])
    found = scratch.cca(x + 5, -0.6 * x + 0.8 * orthogonal, 1)
    assert found.correlations == pytest.approx([0.6])
    assert abs(found.w_x[0, 0]) == pytest.approx((20 / 3) ** -0.5)
    assert found.mean_x == pytest.approx([5.0])


def test_the_units_of_a_view_do_not_matter(views):
    x, y = views
    turned = x @ np.random.default_rng(1).standard_normal((P, P)) + 4
    np.testing.assert_allclose(scratch.cca(turned, y, 4).correlations, scratch.cca(x, y, 4).correlations, rtol=1e-9)


def test_regularisation_is_a_ridge_on_both_covariances(views):
    """w solves the generalised eigenproblem of the two ridged covariances (Hotelling 1936, with Vinod's ridge)."""
    x, y = views
    found, ridge = scratch.cca(x, y, 2, 0.7), 0.7
    covariance = np.cov(np.hstack([x, y]), rowvar=False)
    xx, yy, xy = covariance[:P, :P] + ridge * np.eye(P), covariance[P:, P:] + ridge * np.eye(Q), covariance[:P, P:]
    for i, rho in enumerate(found.correlations):
        np.testing.assert_allclose(xy @ found.w_y[:, i], rho * xx @ found.w_x[:, i], atol=1e-9)
        np.testing.assert_allclose(xy.T @ found.w_x[:, i], rho * yy @ found.w_y[:, i], atol=1e-9)
        assert found.w_x[:, i] @ xx @ found.w_x[:, i] == pytest.approx(1)


def test_more_columns_than_examples_need_regularisation():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((11, 13)), rng.standard_normal((11, 3))
    with pytest.raises(ValueError, match=r"^cca: expected columns of x that do not depend .* Try: a regularisation"):
        scratch.cca(x, y, 2)
    assert scratch.cca(x, y, 2, 1e-2).correlations[0] < 1
    with pytest.raises(ValueError, match="columns of y that do not depend"):
        scratch.cca(y, x, 2)


def test_the_twin_finds_the_same(views):
    torch = pytest.importorskip("torch")
    from mmcourse.alignment import pytorch

    ours = scratch.cca(*views, 3, 0.1)
    theirs = pytorch.cca(*map(torch.from_numpy, views), 3, 0.1)
    for name in ("w_x", "w_y"):
        a, b = getattr(ours, name), getattr(theirs, name).numpy()
        np.testing.assert_allclose(up_to_sign(a, b), b, atol=1e-9)
    for name in ("mean_x", "mean_y", "correlations"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ((5, 2), (7, 2), {}, r"expected x \(N, P\) and y \(N, Q\) with N at least 2, came \(5, 2\) and \(7, 2\)"),
        ((5,), (5, 2), {}, r"came \(5,\) and \(5, 2\)"),
        ((1, 2), (1, 2), {}, "N at least 2"),
        ((5, 2), (5, 3), {"components": 3}, "expected 1 to 2 components, came 3"),
        ((5, 2), (5, 3), {"components": 0}, "expected 1 to 2 components, came 0"),
        ((5, 2), (5, 3), {"regularisation": -1.0}, "expected a regularisation of at least 0, came -1"),
    ],
)
def test_what_does_not_fit_is_named(x, y, options, message):
    with pytest.raises(ValueError, match=r"^cca: .*" + message):
        scratch.cca(np.ones(x), np.ones(y), **{"components": 1} | options)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(views, bad):
    x, y = views
    y[3, 1] = bad
    with pytest.raises(ValueError, match=r"^cca: expected finite numbers"):
        scratch.cca(x, y, 1)


# ---- InfoNCE


def test_going_back_twice_gives_the_same():
    rng = np.random.default_rng(0)
    u, v = rng.standard_normal((3, 5)), rng.standard_normal((7, 5))
    _, cache = scratch.info_nce(u, v, np.array(0.3))
    once, twice = (scratch.info_nce_backward(1.7, cache) for _ in range(2))
    for a, b in zip(once, twice, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_loss_of_guessing_grows_with_the_batch():
    """That is how much a batch of K can teach: log K, the bound of van den Oord et al. on the information."""
    for K in (2, 16, 64):
        u = np.ones((K, 1))
        assert scratch.info_nce(u, u, np.array(2.0))[0] == pytest.approx(np.log(K))


def test_the_same_caption_twice_is_no_mistake():
    """Two images with one caption: as negatives they would cost log 2 however good the model is."""
    u = np.eye(3)[[0, 0, 1]]
    same = u @ u.T > 0
    sure = np.array(np.log(50.0))
    assert scratch.info_nce(u, u, sure, same)[0] < 1e-9
    assert scratch.info_nce(u, u, sure)[0] == pytest.approx(2 / 3 * np.log(2))


@pytest.mark.parametrize(
    ("u", "v", "message"),
    [
        ((3, 2), (3, 5), r"came \(3, 2\) and \(3, 5\)"),
        ((5, 2), (3, 2), r"a text for each image first, came \(5, 2\) and \(3, 2\)"),
        ((0, 2), (0, 2), r"came \(0, 2\)"),
        ((2,), (2,), r"came \(2,\)"),
    ],
)
def test_pairs_that_do_not_fit_are_named(u, v, message):
    with pytest.raises(ValueError, match=r"^info_nce: expected u \(B, D\) and v \(K, D\).*" + message):
        scratch.info_nce(np.ones(u), np.ones(v), np.array(0.0))


def test_a_mask_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match=r"expected same \(2, 3\), came \(2, 2\)"):
        scratch.info_nce(np.ones((2, 5)), np.ones((3, 5)), np.array(0.0), np.ones((2, 2), bool))


# ---- the gap


def test_the_gap_by_hand():
    """Middles (1/2, 1/2) and (0, -1), whatever the lengths: √(1/4 + 9/4)."""
    u, v = np.array([[3.0, 0.0], [0.0, 0.1]]), np.array([[0.0, -7.0]])
    assert scratch.modality_gap(u, v) == pytest.approx(2.5**0.5)
    assert scratch.modality_gap(v, v[:1]) == 0
    torch = pytest.importorskip("torch")
    from mmcourse.alignment import pytorch

    assert pytorch.modality_gap(torch.from_numpy(u), torch.from_numpy(v)).item() == pytest.approx(2.5**0.5)


@pytest.mark.parametrize(("u", "v"), [((2, 3), (2, 5)), ((0, 3), (2, 3)), ((2, 3), (0, 3)), ((3,), (3,))])
def test_clouds_that_do_not_fit_are_named(u, v):
    with pytest.raises(ValueError, match=r"^modality_gap: expected u \(N, D\) and v \(M, D\), at least one each, came"):
        scratch.modality_gap(np.ones(u), np.ones(v))
