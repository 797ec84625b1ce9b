"""What the contract of the adversarial room does not say: the step of the game, power iteration, known densities."""

import numpy as np
import pytest

from mmcourse.adversarial import densities, scratch

LOSSES = ("minimax", "non-saturating")


def test_the_minimax_loss_saturates_and_the_other_does_not():
    """By hand: at a logit of -10 the slopes are σ(-10) and σ(10)."""
    sure = np.array([-10.0])
    slopes = [scratch.generator_loss_backward(1.0, scratch.generator_loss(sure, name)[1]).item() for name in LOSSES]
    np.testing.assert_allclose(slopes, [-1 / (1 + np.exp(10.0)), -1 / (1 + np.exp(-10.0))], rtol=1e-12)


@pytest.mark.parametrize("name", ["discriminator_loss", *(n.replace("-", "_") + "_loss" for n in LOSSES)])
def test_nothing_overflows(name):
    logits = np.array([1e4, -1e4])
    with np.errstate(all="raise", under="ignore"):
        value, cache = getattr(scratch, name)(*[logits] * (2 if name[0] == "d" else 1))
        gradients = getattr(scratch, name + "_backward")(1.0, cache)
    assert np.isfinite(value)
    assert np.isfinite(gradients).all()


def test_a_critic_without_slope_gets_no_gradient():
    rng = np.random.default_rng(0)
    x, w1, b1 = rng.standard_normal((5, 3)), rng.standard_normal((7, 3)), rng.standard_normal(7)
    value, cache = scratch.gradient_penalty(x, w1, b1, np.zeros((1, 7)))
    assert value == 1
    assert all((g == 0).all() for g in scratch.gradient_penalty_backward(3.0, cache))


def test_the_penalty_is_that_of_the_critic():
    """The slopes inside the penalty against those that walk back through `critic`."""
    rng = np.random.default_rng(1)
    x, w1, b1, w2 = (rng.standard_normal(s) for s in ((5, 3), (7, 3), (7,), (1, 7)))
    slopes = scratch.critic_backward(np.ones(5), scratch.critic(x, w1, b1, w2, np.ones(1))[1])[0]
    expected = np.mean((np.linalg.norm(slopes, axis=1) - 1) ** 2)
    np.testing.assert_allclose(scratch.gradient_penalty(x, w1, b1, w2)[0], expected, rtol=1e-12)


def test_between_lies_on_the_line_and_is_that_of_the_twin():
    torch = pytest.importorskip("torch")
    from mmcourse.adversarial import pytorch

    rng = np.random.default_rng(2)
    real, fake = rng.standard_normal((2, 5, 3))
    points = scratch.between(real, fake, np.random.default_rng(3))
    shares = (points - real) / (fake - real)
    np.testing.assert_allclose(shares, np.repeat(shares[:, :1], 3, 1))
    assert ((shares > 0) & (shares < 1)).all()
    assert np.ptp(shares[:, 0]) > 0.1
    theirs = pytorch.between(*map(torch.from_numpy, (real, fake)), np.random.default_rng(3))
    np.testing.assert_allclose(points, theirs, rtol=1e-12)
    assert scratch.between(real.astype("f4"), fake.astype("f4"), rng).dtype == np.float32


def test_power_iteration_finds_the_largest_singular_value():
    weight = np.random.default_rng(4).standard_normal((5, 7))
    u, v = scratch.power_iteration(weight, np.ones(7), 300)
    np.testing.assert_allclose(u @ weight @ v, np.linalg.norm(weight, 2), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(scratch.spectral_norm(weight, u, v)[0], 2), 1, rtol=1e-9)
    with pytest.raises(ValueError, match="at least one iteration, came 0"):
        scratch.power_iteration(weight, np.ones(7), 0)


@pytest.mark.parametrize("iterations", [1, 3])
def test_spectral_norm_is_that_of_torch_over_steps_of_training(iterations):
    """Weight, vectors and gradient after each of five steps, the weight moving as the gradient says."""
    torch = pytest.importorskip("torch")
    from mmcourse.adversarial import pytorch

    layer = torch.nn.Linear(7, 5, dtype=torch.float64)
    layer = torch.nn.utils.parametrizations.spectral_norm(layer, n_power_iterations=iterations)
    inner = layer.parametrizations.weight
    weight = inner.original.detach().numpy().copy()
    v, slope = inner[0]._v.numpy().copy(), np.random.default_rng(5).standard_normal((5, 7))
    for _ in range(5):
        theirs = layer.weight
        twin = pytorch.power_iteration(torch.from_numpy(weight), torch.from_numpy(v), iterations)
        u, v = scratch.power_iteration(weight, v, iterations)
        y, cache = scratch.spectral_norm(weight, u, v)
        dweight = scratch.spectral_norm_backward(slope, cache)
        (gradient,) = torch.autograd.grad(theirs, inner.original, torch.from_numpy(slope))
        for ours, other in ((y, theirs.detach()), (dweight, gradient), (v, inner[0]._v), (u, twin[0]), (v, twin[1])):
            np.testing.assert_allclose(ours, other, atol=1e-10)
        weight = weight - 0.1 * dweight
        with torch.no_grad():
            inner.original -= 0.1 * gradient


def players(rng, dtype=np.float64):
    """A generator from 3 numbers to 2, a discriminator to one logit, of 5 and 7 hidden units, and a batch of 11."""

    def network(I, H, O):
        shapes = {"w1": (H, I), "b1": (H,), "w2": (H, H), "b2": (H,), "w3": (O, H), "b3": (O,)}
        return {n: rng.standard_normal(s).astype(dtype) for n, s in shapes.items()}

    params = {"generator": network(3, 5, 2), "discriminator": network(2, 7, 1)}
    return params, [rng.standard_normal(s).astype(dtype) for s in ((11, 2), (11, 3), (2, 11, 2))]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("with_noise", [True, False])
def test_a_step_of_the_game_is_that_of_torch(loss, with_noise):
    torch = pytest.importorskip("torch")
    from mmcourse.adversarial import pytorch

    params, batch = players(np.random.default_rng(6))
    batch = batch if with_noise else batch[:2]
    tensors = {p: {n: torch.tensor(a, requires_grad=True) for n, a in arrays.items()} for p, arrays in params.items()}
    state, twin_state = {}, {}
    for step in range(5):
        options = {"lr": (1e-2 / (1 + step), 2e-2), "loss": loss}
        params, state, losses = scratch.gan_step(params, state, *batch, **options)
        tensors, twin_state, theirs = pytorch.gan_step(
            tensors, twin_state, *map(torch.from_numpy, batch), **options
        )  # fmt: skip
        np.testing.assert_allclose(losses, theirs, rtol=1e-9)
    for player, arrays in params.items():
        for name, a in arrays.items():
            np.testing.assert_allclose(a, tensors[player][name].detach(), rtol=1e-8, atol=1e-10, err_msg=name)


def test_a_step_changes_nothing_in_place_and_keeps_the_dtype():
    params, batch = players(np.random.default_rng(7), np.float32)
    before = repr((params, batch))
    new, state, losses = scratch.gan_step(params, {}, *batch)
    frozen = repr(state)
    scratch.gan_step(params, state, *batch)
    assert repr((params, batch)) == before
    assert repr(state) == frozen
    assert all(a.dtype == np.float32 for arrays in new.values() for a in arrays.values())
    assert all(loss.dtype == np.float32 for loss in losses)


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match=r"expected one of \('minimax', 'non-saturating'\), came 'hinge'"):
        scratch.generator_loss(np.zeros(3), "hinge")


GRID = np.linspace(-12, 12, 4001)
WIDTH = GRID[1] - GRID[0]


def gaussian(mean, sigma):
    return np.exp(-0.5 * ((GRID - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


@pytest.mark.parametrize("q", [gaussian(0.0, 1.0), gaussian(1.5, 0.7), gaussian(9.0, 0.2)])
def test_the_best_discriminator_makes_the_game_worth_what_theorem_1_says(q):
    p = 0.3 * gaussian(-2.0, 0.5) + 0.7 * gaussian(1.0, 1.0)
    d = densities.optimal_discriminator(p, q)
    value = densities.game_value(d, p, q, WIDTH)
    np.testing.assert_allclose(value, -np.log(4) + 2 * densities.jensen_shannon_divergence(p, q, WIDTH), atol=1e-9)
    rng = np.random.default_rng(8)
    others = np.clip(d + 0.05 * rng.standard_normal((20, len(GRID))), 1e-6, 1 - 1e-6)
    assert (densities.game_value(others, p, q, WIDTH) < value).all()


def test_divergences_by_hand():
    p, q = np.array([1.0, 0.0]), np.array([0.5, 0.5])
    by_hand = (np.log(4 / 3) + np.log(2 / 3) / 2 + np.log(2.0) / 2) / 2
    np.testing.assert_allclose(densities.jensen_shannon_divergence(p, q), by_hand)
    np.testing.assert_allclose(densities.jensen_shannon_divergence(p, 1 - p), np.log(2))
    assert densities.jensen_shannon_divergence(p, p) == 0
    np.testing.assert_allclose(densities.kullback_leibler_divergence(p, q), np.log(2))
    assert densities.kullback_leibler_divergence(q, p) == np.inf


def test_divergence_is_that_of_scipy():
    from scipy.spatial.distance import jensenshannon

    p, q = np.random.default_rng(9).dirichlet(np.ones(7), (2, 3))
    np.testing.assert_allclose(densities.jensen_shannon_divergence(p, q), jensenshannon(p, q, axis=1) ** 2)


def test_the_discriminator_by_hand():
    p, q = np.array([0.3, 0.0, 0.7, 0.0]), np.array([0.1, 1.0, 0.0, 0.0])
    assert densities.optimal_discriminator(p, q).tolist() == pytest.approx([0.75, 0, 1, 0.5])
    np.testing.assert_allclose(densities.game_value(np.full(4, 0.5), p, p), -np.log(4))
    assert densities.game_value(np.array([1.0, 0.5, 0.0, 0.5]), p, q) == pytest.approx(-80 + np.log(0.5))
    with pytest.raises(ValueError, match=r"chances in \[0, 1\], came 0.5..1.5"):
        densities.game_value(np.array([0.5, 1.5, 0.5, 0.5]), p, q)
