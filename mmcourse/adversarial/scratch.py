"""The adversarial game by hand, in NumPy. The axis letters and papers stand in the room's `__init__`.

Losses take logits of any shape and return a number: the mean over examples. Every loss is one to minimise.
"""

import numpy as np

from mmcourse.layers.scratch import adam, linear, linear_backward, relu, relu_backward, sigmoid


def discriminator_loss(real, fake):
    """-mean log σ(real) - mean log(1 - σ(fake)): minus the value V(D, G).  (Goodfellow et al. 2014, eq. 1.)"""
    return _softplus(-real).mean() + _softplus(fake).mean(), (real, fake)


def discriminator_loss_backward(dy, cache):
    """Gradients of (real, fake)."""
    real, fake = cache
    return -sigmoid(-real)[0] * (dy / real.size), sigmoid(fake)[0] * (dy / fake.size)


def minimax_loss(fake):
    """mean log(1 - σ(fake)): the generator's side of V(D, G). It is bounded above by 0."""
    return -_softplus(fake).mean(), fake


def minimax_loss_backward(dy, cache):
    """dfake: -σ(fake), which vanishes where the discriminator is sure of a fake: the loss saturates."""
    return -sigmoid(cache)[0] * (dy / cache.size)


def non_saturating_loss(fake):
    """-mean log σ(fake): the same wish, with a slope where `minimax_loss` has none."""
    return _softplus(-fake).mean(), fake


def non_saturating_loss_backward(dy, cache):
    """dfake: -σ(-fake), which nears -1 where the discriminator is sure of a fake."""
    return -sigmoid(-cache)[0] * (dy / cache.size)


GENERATOR_LOSSES = {  # name: way there and way back
    "minimax": (minimax_loss, minimax_loss_backward),
    "non-saturating": (non_saturating_loss, non_saturating_loss_backward),
}


def generator_loss(fake, loss="non-saturating"):
    """The loss of that name in `GENERATOR_LOSSES`: the two answers to `discriminator_loss`."""
    if loss not in GENERATOR_LOSSES:
        raise ValueError(f"generator_loss: expected one of {tuple(GENERATOR_LOSSES)}, came {loss!r}")
    there, back = GENERATOR_LOSSES[loss]
    y, cache = there(fake)
    return y, (back, cache)


def generator_loss_backward(dy, cache):
    """dfake."""
    back, cache = cache
    return back(dy, cache)


def least_squares_discriminator_loss(real, fake):
    """½ mean (real - 1)² + ½ mean fake².  (Mao et al. 2017, eq. 9.)"""
    gap = real - 1
    return ((gap * gap).mean() + (fake * fake).mean()) / 2, (gap, fake)


def least_squares_discriminator_loss_backward(dy, cache):
    """Gradients of (real, fake)."""
    gap, fake = cache
    return gap * (dy / gap.size), fake * (dy / fake.size)


def least_squares_generator_loss(fake):
    """½ mean (fake - 1)²."""
    gap = fake - 1
    return (gap * gap).mean() / 2, gap


def least_squares_generator_loss_backward(dy, cache):
    """dfake grows with the distance from 1, so that a sample far on the right side is pulled too."""
    return cache * (dy / cache.size)


def wasserstein_critic_loss(real, fake):
    """mean fake - mean real: minus an estimate of the distance, if no slope of the critic exceeds 1."""
    return fake.mean() - real.mean(), (real, fake)


def wasserstein_critic_loss_backward(dy, cache):
    """Gradients of (real, fake)."""
    real, fake = cache
    return np.full_like(real, -dy / real.size), np.full_like(fake, dy / fake.size)


def wasserstein_generator_loss(fake):
    """-mean fake."""
    return -fake.mean(), fake


def wasserstein_generator_loss_backward(dy, cache):
    """dfake: the same for every sample."""
    return np.full_like(cache, -dy / cache.size)


def mlp(x, w1, b1, w2, b2, w3, b3):
    """Two hidden layers of relu.   x (..., I), w1 (H, I), w2 (H, H), w3 (O, H); returns (..., O)."""
    a, c1 = linear(x, w1, b1)
    h, r1 = relu(a)
    a, c2 = linear(h, w2, b2)
    h, r2 = relu(a)
    y, c3 = linear(h, w3, b3)
    return y, (c1, r1, c2, r2, c3)


def mlp_backward(dy, cache):
    """Gradients of (x, w1, b1, w2, b2, w3, b3)."""
    c1, r1, c2, r2, c3 = cache
    dh, dw3, db3 = linear_backward(dy, c3)
    dh, dw2, db2 = linear_backward(relu_backward(dh, r2), c2)
    dx, dw1, db1 = linear_backward(relu_backward(dh, r1), c1)
    return dx, dw1, db1, dw2, db2, dw3, db3


def critic(x, w1, b1, w2, b2):
    """One hidden layer of tanh, which has a slope of its slope.   x (B, I), w1 (H, I), w2 (1, H); returns (B,)."""
    a, c1 = linear(x, w1, b1)
    h = np.tanh(a)
    y, c2 = linear(h, w2, b2)
    return y[..., 0], (h, c1, c2)


def critic_backward(dy, cache):
    """Gradients of (x, w1, b1, w2, b2)."""
    h, c1, c2 = cache
    dh, dw2, db2 = linear_backward(dy[..., None], c2)
    dx, dw1, db1 = linear_backward(dh * (1 - h * h), c1)
    return dx, dw1, db1, dw2, db2


def gradient_penalty(x, w1, b1, w2):
    """mean (‖∇ₓ critic(x)‖ - 1)²: how far the `critic`'s slopes are from 1.  (Gulrajani et al. 2017, eq. 3, without λ.)

    x (B, I): points between real and fake, see `between`. The critic's b2 moves no slope, and is not asked for.
    """
    h = np.tanh(x @ w1.T + b1)  # (B, H)
    bend = 1 - h * h  # tanh'
    s = bend * w2  # (B, H)
    g = s @ w1  # (B, I): ∇ₓ critic
    norm = np.sqrt((g * g).sum(-1, keepdims=True))
    gap = norm - 1
    return (gap * gap).mean(), (x, w1, w2, h, bend, s, g, norm, gap)


def gradient_penalty_backward(dy, cache):
    """Gradients of (x, w1, b1, w2): back through a gradient, so the second derivative of tanh, -2 h bend, comes in.

    A critic without any slope has no direction to grow one in: it gets zeros.
    """
    x, w1, w2, h, bend, s, g, norm, gap = cache
    dg = g * (2 * dy / len(x) * gap / np.where(norm == 0, 1, norm))
    ds = dg @ w1.T
    da = ds * w2 * (-2 * h * bend)
    dw1 = s.T @ dg + da.T @ x  # w1 stands twice: in the slope, and in what tanh is asked
    return da @ w1, dw1, da.sum(0), (ds * bend).sum(0, keepdims=True)


def between(real, fake, rng):
    """A random point on the line from each real example to a fake one, (B, I): where the penalty looks."""
    return real + rng.random((len(real), 1)).astype(real.dtype) * (fake - real)


def power_iteration(weight, v, iterations=1):
    """Turn v (I,) towards the direction that weight (O, I) stretches most; returns unit vectors u (O,) and v (I,).

    Start with any v that is not zero, and keep the v that comes for the next step of training, whose weight is nearly
    the same: then one iteration is enough.
    """
    if iterations < 1:
        raise ValueError(f"power_iteration: expected at least one iteration, came {iterations}")
    for _ in range(iterations):
        u = _unit(weight @ v)
        v = _unit(weight.T @ u)
    return u, v


def spectral_norm(weight, u, v):
    """weight / σ, where σ = uᵀ weight v: with the vectors of `power_iteration`, a map that stretches nothing.

    weight (O, I), u (O,), v (I,).  (Miyato et al. 2018, eq. 8.)
    """
    sigma = u @ weight @ v
    y = weight / sigma
    return y, (y, sigma, u, v)


def spectral_norm_backward(dy, cache):
    """dweight, (O, I). The vectors u and v are taken as constants, as PyTorch does."""
    y, sigma, u, v = cache
    return (dy - (dy * y).sum() * np.outer(u, v)) / sigma


def discriminator_step(params, state, real, fake, lr=1e-3, betas=(0.5, 0.99)):
    """One step of Adam for the discriminator, an `mlp` to one logit; returns (params, state, loss).

    params: the discriminator's arrays by name; real, fake (B, I).
    """
    logits, cache = mlp(np.concatenate([real, fake]), **params)  # both in one pass
    loss, loss_cache = discriminator_loss(logits[: len(real)], logits[len(real) :])
    dlogits = np.concatenate(discriminator_loss_backward(1.0, loss_cache))
    grads = dict(zip(params, mlp_backward(dlogits, cache)[1:], strict=True))
    return *adam(params, grads, state, lr, betas), loss


def generator_step(params, state, discriminator, fake, cache, lr=1e-3, betas=(0.5, 0.99), loss="non-saturating"):
    """One step of Adam for the generator, through a discriminator that stays as it is; returns (params, state, loss).

    fake (B, I): what the discriminator sees of the generator; cache: of the generator's `mlp`; loss: a name in
    `GENERATOR_LOSSES`.
    """
    logits, discriminator_cache = mlp(fake, **discriminator)
    value, loss_cache = generator_loss(logits, loss)
    dfake = _mlp_input_gradient(generator_loss_backward(1.0, loss_cache), discriminator_cache)
    grads = dict(zip(params, mlp_backward(dfake, cache)[1:], strict=True))
    return *adam(params, grads, state, lr, betas), value


def gan_step(params, state, real, noise, instance_noise=0.0, lr=(1e-3, 1e-3), betas=(0.5, 0.99), loss="non-saturating"):
    """One step of the game: first the discriminator, then the generator against the new discriminator.

    params: {"generator": arrays of an `mlp` from noise to data by name, "discriminator": those of one to a logit}.
    state: what the last step returned, {} at first.   real (B, I), noise (B, Z).
    instance_noise: (2, B, I), added to the real and the fake; with it the two overlap, and no logit runs away.
    lr: of the generator and of the discriminator.
    Returns new (params, state, losses of the generator and of the discriminator); nothing is changed in place.
    """
    on_real, on_fake = np.broadcast_to(np.asarray(instance_noise, real.dtype), (2, *real.shape))
    G, D = params["generator"], params["discriminator"]
    state_g, state_d = state.get("generator", {}), state.get("discriminator", {})
    fake, cache = mlp(noise, **G)
    fake = fake + on_fake
    D, state_d, loss_d = discriminator_step(D, state_d, real + on_real, fake, lr[1], betas)
    G, state_g, loss_g = generator_step(G, state_g, D, fake, cache, lr[0], betas, loss)
    return {"generator": G, "discriminator": D}, {"generator": state_g, "discriminator": state_d}, (loss_g, loss_d)


def _mlp_input_gradient(dy, cache):
    """The dx of `mlp_backward` alone, for a network that does not learn in this step."""
    (_, w1, _), r1, (_, w2, _), r2, (_, w3, _) = cache
    return relu_backward(relu_backward(dy @ w3, r2) @ w2, r1) @ w1


def _softplus(x):
    """log(1 + exp x) = -log σ(-x), which neither overflows nor loses its digits."""
    return np.logaddexp(0, x)


def _unit(a):
    return a / np.maximum(np.sqrt(a @ a), np.finfo(a.dtype).tiny)
