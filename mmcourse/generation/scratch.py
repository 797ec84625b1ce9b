"""What the three ways of drawing minimise, and how a flow is followed, in NumPy; letters and papers in `__init__`.

Losses are means over the batch, to be minimised.
"""

import numpy as np


def gaussian_kl(mean, log_variance):
    """KL(N(mean, variance) ‖ N(0, 1)), summed over the latents, averaged over the batch: the price of a latent.

    mean, log_variance (B, Z); a number.   (Kingma & Welling 2014, appendix B.)
    """
    variance = np.exp(log_variance)
    terms = (mean * mean + variance - 1 - log_variance) / 2
    return terms.sum(-1).mean(), (mean, variance)


def gaussian_kl_backward(dy, cache):
    """Gradients of (mean, log_variance): both pull towards N(0, 1)."""
    mean, variance = cache
    share = dy / len(mean)
    return mean * share, (variance - 1) * (share / 2)


def reparametrise(mean, log_variance, noise):
    """A draw from N(mean, variance) that a gradient can walk through: z = mean + σ · noise, all (B, Z)."""
    sigma = np.exp(log_variance / 2)
    return mean + sigma * noise, (sigma, noise)


def reparametrise_backward(dz, cache):
    """Gradients of (mean, log_variance, noise)."""
    sigma, noise = cache
    dnoise = dz * sigma
    return dz.copy(), dnoise * noise / 2, dnoise


def gaussian_reconstruction(drawn, x, sigma=0.1):
    """-log N(x; drawn, σ²) without its constant: squared error / 2σ², summed over a picture, averaged over the batch.

    drawn, x (B, ...). A small σ asks for exact pictures, a large one for latents near N(0, 1).
    """
    gap = drawn - x
    return (gap * gap).sum() / (2 * sigma**2 * len(x)), (gap, sigma)


def gaussian_reconstruction_backward(dy, cache):
    """Gradients of (drawn, x)."""
    gap, sigma = cache
    ddrawn = gap * (dy / (sigma**2 * len(gap)))
    return ddrawn, -ddrawn


def straight_path(x, noise, t):
    """Where the straight way from noise to the picture is at time t, and how fast it goes there.

    x, noise (B, ...), t (B,) from 0 (noise) to 1 (picture). Returns (x_t, velocity), both as x. A network that predicts
    the velocity from x_t and t is the flow; the mean squared error to it is the whole loss.
    """
    velocity = x - noise
    t = t.reshape(-1, *[1] * (x.ndim - 1))
    return ((1 - t) * noise + t * x, velocity), (velocity, t)


def straight_path_backward(dy, cache):
    """Gradients of (x, noise, t)."""
    dx_t, dv = dy
    velocity, t = cache
    dt = (dx_t * velocity).reshape(len(t), -1).sum(1)
    return t * dx_t + dv, (1 - t) * dx_t - dv, dt


def velocity_towards(x, x_t, t, least=0.1):
    """The velocity from x_t that arrives at x at time 1; shapes as in `straight_path`.

    A network may predict the picture x, which lies in a small space, and not the velocity, which is full of noise (Li &
    He 2025, arXiv:2511.13720). Near t = 1 the time that is left counts as `least`, lest an error there explode.
    """
    left = np.maximum(1 - t, least).reshape(-1, *[1] * (x.ndim - 1))
    return (x - x_t) / left, left


def velocity_towards_backward(dy, cache):
    """Gradients of (x, x_t)."""
    dx = dy / cache
    return dx, -dx


def hinge_discriminator_loss(real, fake):
    """mean max(0, 1 - real) + mean max(0, 1 + fake), logits of any shape: beyond ±1 there is nothing to gain."""
    return np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(), (real, fake)


def hinge_discriminator_loss_backward(dy, cache):
    """Gradients of (real, fake)."""
    real, fake = cache
    return (real < 1) * (-dy / real.size), (fake > -1) * (dy / fake.size)


def guided(with_words, without, scale):
    """A step more towards what the words change: `scale` 1 follows the words, 0 forgets them, above 1 exaggerates."""
    return without + scale * (with_words - without)


def euler(velocity, x, steps):
    """Follow dx/dt = velocity(x, t) from t = 0 to 1, each of the equal steps along the slope at its start.

    The error is O(1/steps).
    """
    for k in range(steps):
        x = x + velocity(x, k / steps) / steps
    return x


def heun(velocity, x, steps):
    """The same with the mean of the slopes at both ends of a step: twice the work, an error of O(1/steps²)."""
    for k in range(steps):
        first = velocity(x, k / steps)
        second = velocity(x + first / steps, (k + 1) / steps)
        x = x + (first + second) / (2 * steps)
    return x
