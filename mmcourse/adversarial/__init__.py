"""Adversarial learning: a generator learns to draw from a set by fooling a discriminator that learns to tell.

Axis letters: `...` any leading axes, B batch, I width of the input, H hidden units, O width of the output, N points of
a grid. A discriminator (a critic, where it does not answer with a chance) gives one number an example: its logit, large
for "real".

    scratch, pytorch    the losses, a small network, gradient penalty, spectral normalisation, and one step of a GAN
    densities           the game where both densities are known: the best discriminator, and what the game is worth
    mixture             eight Gaussians on a ring: the data, the training, and what a sample is worth

Papers:
    Goodfellow et al. 2014, "Generative adversarial nets", arXiv:1406.2661: eq. 1 is the game, whose two sides are
        `discriminator_loss` and `minimax_loss`; section 3 names the `non_saturating_loss`; eqs 2, 5 and 6 are
        `densities`; algorithm 1 with Adam is `gan_step`.
    Mao et al. 2017, "Least squares generative adversarial networks", arXiv:1611.04076: eq. 9 (real 1, fake 0).
    Arjovsky et al. 2017, "Wasserstein GAN", arXiv:1701.07875: eq. 2 is the two `wasserstein` losses.
    Gulrajani et al. 2017, "Improved training of Wasserstein GANs", arXiv:1704.00028: eq. 3 is `gradient_penalty`.
    Miyato et al. 2018, "Spectral normalization for GANs", arXiv:1802.05957: eq. 8 and algorithm 1 are `spectral_norm`
        and `power_iteration`.
    Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", arXiv:1610.04490: instance noise.
"""
