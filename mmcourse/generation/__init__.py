"""Pictures from words: conditional GAN, conditional VAE and flow matching, with one condition and one training loop.

    data = portraits.load("train")                             # of mmcourse.data
    painter = generation.fit("flow", data, seed=0)             # or "gan", "vae"
    images = painter.draw(["a cat at night"], np.random.default_rng(0))

Axis letters: `...` any leading axes, B batch, V words, E width of what a caption says, Z width of the noise or latent,
C channels. Pictures inside are (B, 3, 32, 32) from -1 to 1; outside they are (N, 32, 32, 3) uint8.

    scratch, pytorch    the lessons as small functions: the two halves of the ELBO, the straight path of flow matching
                        and the way along it, the hinge loss
    words               a caption as a bag of words, or as the vector of a sentence
    parts               what the three networks share
    gan, vae, flow      one network and its loss each
    fitting             the training loop, and the `Painter` that comes out of it
    judging             how near drawn pictures are to real ones, and whether they are copies

Papers:
    Kingma & Welling 2014, "Auto-encoding variational Bayes", arXiv:1312.6114: eq. 10 is `gaussian_kl` plus
        `gaussian_reconstruction`, with eq. 4's g as `reparametrise`. Conditional: Sohn et al. 2015, NeurIPS 28, eq. 4.
    Lipman et al. 2023, "Flow matching for generative modeling", arXiv:2210.02747, eqs 22 and 23 with σ_min = 0; Liu et
        al. 2023, "Flow straight and fast", arXiv:2209.03003, eq. 1: `straight_path`.
    Ho & Salimans 2022, "Classifier-free diffusion guidance", arXiv:2207.12598, eq. 6, with scale = 1 + w: `guided`.
    Lim & Ye 2017, "Geometric GAN", arXiv:1705.02894, eq. 14; Miyato et al. 2018, arXiv:1802.05957, eqs 16 and 17:
        `hinge_discriminator_loss`.
    Miyato & Koyama 2018, "cGANs with projection discriminator", arXiv:1802.05637, eq. 4; Reed et al. 2016, "Generative
        adversarial text to image synthesis", arXiv:1605.05396, algorithm 1: captions that do not match are fakes too.
    Perez et al. 2018, "FiLM", arXiv:1709.07871, eq. 2: how words steer a layer.
"""

__all__ = ["DEFAULTS", "Diverged", "Painter", "Sentences", "Words", "fit"]


def __getattr__(name):
    """`scratch` does without torch, so the networks are imported only when asked for."""
    if name in __all__:
        from mmcourse.generation import fitting

        return getattr(fitting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
