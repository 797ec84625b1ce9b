"""The twins of `scratch`: same names, same arguments, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F


def discriminator_loss(real, fake):
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def minimax_loss(fake):
    return -F.softplus(fake).mean()


def non_saturating_loss(fake):
    return F.softplus(-fake).mean()


def generator_loss(fake, loss="non-saturating"):
    return {"minimax": minimax_loss, "non-saturating": non_saturating_loss}[loss](fake)


def least_squares_discriminator_loss(real, fake):
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_generator_loss(fake):
    return (fake - 1).square().mean() / 2


def wasserstein_critic_loss(real, fake):
    return fake.mean() - real.mean()


def wasserstein_generator_loss(fake):
    return -fake.mean()


def mlp(x, w1, b1, w2, b2, w3, b3):
    return F.linear(F.linear(F.linear(x, w1, b1).relu(), w2, b2).relu(), w3, b3)


def critic(x, w1, b1, w2, b2):
    return F.linear(F.linear(x, w1, b1).tanh(), w2, b2)[..., 0]


def gradient_penalty(x, w1, b1, w2):
    """Autograd walks back twice: the gradient of the critic is itself kept as a function (`create_graph`)."""
    x = x if x.requires_grad else x.detach().requires_grad_()
    y = critic(x, w1, b1, w2, b2=None)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return (torch.linalg.vector_norm(g, dim=-1) - 1).square().mean()


def between(real, fake, rng):
    """It draws what the NumPy twin draws, so that the two agree."""
    return torch.lerp(real, fake, torch.from_numpy(rng.random((len(real), 1))).to(real))


def power_iteration(weight, v, iterations=1):
    for _ in range(iterations):
        u = F.normalize(weight @ v, dim=0)
        v = F.normalize(weight.T @ u, dim=0)
    return u, v


def spectral_norm(weight, u, v):
    return weight / (u @ weight @ v)


def discriminator_step(params, optimiser, real, fake):
    real, fake = mlp(torch.cat([real, fake]), **params).split([len(real), len(fake)])
    return _step(discriminator_loss(real, fake), params, optimiser)


def generator_step(params, optimiser, discriminator, fake, loss="non-saturating"):
    return _step(generator_loss(mlp(fake, **discriminator), loss), params, optimiser)


def gan_step(params, state, real, noise, instance_noise=0.0, lr=(1e-3, 1e-3), betas=(0.5, 0.99), loss="non-saturating"):
    """In place, as PyTorch does it: the parameters are leaves that require a gradient, the state two `Adam`s."""
    on_real, on_fake = torch.as_tensor(instance_noise).to(real).expand(2, *real.shape)
    players = ("generator", "discriminator")
    state = state or {n: torch.optim.Adam(params[n].values(), betas=betas) for n in players}
    for name, rate in zip(players, lr, strict=True):
        state[name].param_groups[0]["lr"] = rate
    G, D = (params[n] for n in players)
    fake = mlp(noise, **G) + on_fake
    loss_d = discriminator_step(D, state["discriminator"], real + on_real, fake.detach())
    loss_g = generator_step(G, state["generator"], D, fake, loss)
    return params, state, (loss_g, loss_d)


def _step(loss, params, optimiser):
    optimiser.zero_grad()
    loss.backward(inputs=list(params.values()))  # no gradient for the other player
    optimiser.step()
    return loss.detach()
