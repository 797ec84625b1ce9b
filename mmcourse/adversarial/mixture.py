"""Eight Gaussians on a ring, a GAN that learns to draw from them, and what its samples are worth.

    snapshots = train(seed=0)                    # a list of `Snapshot`, the last one trained
    samples = generate(snapshots[-1].params, 4096, rng)
    modes_covered(samples), share_within_3_sigma(samples)
    train(seed=0, **COLLAPSING)                  # the same game, set up to fail

The ring is that of Metz et al. 2017, "Unrolled generative adversarial networks", arXiv:1611.02163, section 3.1. Its
small σ makes it hard: neighbours lie 76 σ apart, and a generator is a continuous map, which cannot jump.
"""

from typing import NamedTuple

import numpy as np

from mmcourse.adversarial.scratch import gan_step, generator_loss, generator_loss_backward, mlp, mlp_backward

MODES, RADIUS, SIGMA = 8, 2.0, 0.02
ANGLES = 2 * np.pi * np.arange(MODES) / MODES
CENTRES = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], -1)  # (MODES, 2)
NOISE = 2  # the width of the generator's noise
# the recipe of `train` undone: no instance noise, the loss that saturates, small batches; few modes are left
COLLAPSING = {"instance_noise": 0.0, "loss": "minimax", "batch": 16}


class Snapshot(NamedTuple):
    """step: steps done. params: as in `gan_step`. losses: of the generator and the discriminator in the last step."""

    step: int
    params: dict
    losses: tuple


def ring(rng, n):
    """n points (n, 2) of the mixture, in float32."""
    points = CENTRES[rng.integers(0, MODES, n)] + SIGMA * rng.standard_normal((n, 2))
    return points.astype(np.float32)


def initial(rng, H=64):
    """Parameters of both players: `mlp`s with H hidden units, in float32.

    Weights keep the variance of what goes through: 2 / inputs where a relu follows and takes half of it, else
    1 / inputs (He et al. 2015, arXiv:1502.01852).
    """

    def weight(O, I, gain):
        return (rng.standard_normal((O, I)) * (gain / I) ** 0.5).astype(np.float32)

    def network(I, O):
        b1, b2, b3 = (np.zeros(n, np.float32) for n in (H, H, O))
        return {"w1": weight(H, I, 2), "b1": b1, "w2": weight(H, H, 2), "b2": b2, "w3": weight(O, H, 1), "b3": b3}

    return {"generator": network(NOISE, 2), "discriminator": network(2, 1)}


def train(seed, *, steps=8000, batch=128, H=64, lr=(2e-3, 2e-3), instance_noise=0.5, loss="non-saturating", every=None):
    """Train a GAN on the ring; returns a list of `Snapshot`: one every so many steps, and one at the end.

    instance_noise: its σ, which fades to 0 over the first 60 % of the steps. lr: of the generator and the
    discriminator; both fade to 0 over the second half, so that the players come to rest. loss: of the generator.
    Everything is a function of the seed.

    Raises FloatingPointError at the first loss that is not finite; the good snapshots are its attribute `snapshots`.
    """
    rng = np.random.default_rng(seed)
    params, state, snapshots = initial(rng, H), {}, []
    for step in range(steps):
        done = step / steps
        rates = tuple(r * min(1, 2 - 2 * done) for r in lr)
        sigma = np.float32(instance_noise * max(0, 1 - done / 0.6))
        blur = sigma * rng.standard_normal((2, batch, 2), dtype=np.float32)
        noise = rng.standard_normal((batch, NOISE), dtype=np.float32)
        params, state, losses = gan_step(params, state, ring(rng, batch), noise, blur, rates, loss=loss)
        if not np.isfinite(losses).all():
            raise _stopped(step, losses, lr, snapshots)
        if step + 1 == steps or (every and (step + 1) % every == 0):
            snapshots.append(Snapshot(step + 1, params, losses))
    return snapshots


def generate(params, n, rng):
    """n samples (n, 2) of the generator."""
    return mlp(rng.standard_normal((n, NOISE), dtype=np.float32), **params["generator"])[0]


def gradient_field(params, points, loss="non-saturating"):
    """Where the generator's loss would push a sample that lay at each of the points (..., 2): minus dloss/dx."""
    logits, cache = mlp(points, **params["discriminator"])
    _, loss_cache = generator_loss(logits, loss)
    dlogits = generator_loss_backward(logits.size, loss_cache)  # of one sample, not of a mean
    return -mlp_backward(dlogits, cache)[0]


def hits(samples):
    """How many samples lie within 3 σ of each centre, (MODES,)."""
    if samples.ndim != 2 or samples.shape[1] != 2 or not len(samples):
        raise ValueError(f"hits: expected samples (n, 2), at least one, came {samples.shape}")
    near = np.linalg.norm(samples[:, None] - CENTRES, axis=-1) < 3 * SIGMA  # (n, MODES)
    return near.sum(0)


def modes_covered(samples, least=0.1):
    """How many of the eight modes get at least this share of what is due to them, an eighth of the samples."""
    return int((hits(samples) >= least * len(samples) / MODES).sum())


def share_within_3_sigma(samples):
    """The share of samples within 3 σ of some centre: of the true mixture, 1 - exp(-9/2) = 98.9 %."""
    return float(hits(samples).sum() / len(samples))


def _stopped(step, losses, lr, snapshots):
    error = FloatingPointError(
        f"step {step + 1}: expected finite losses, came {losses[0]} for the generator and {losses[1]} for the "
        f"discriminator. Try a lower lr than {lr}. {len(snapshots)} good snapshots are in this error's .snapshots"
    )
    error.snapshots = snapshots
    return error
