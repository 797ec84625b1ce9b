"""A conditional VAE: what the caption leaves open goes through a narrow, noisy latent (Sohn et al. 2015, eq. 4)."""

import torch
from torch import nn

from mmcourse.generation.parts import Decoder, patches
from mmcourse.generation.pytorch import gaussian_kl, gaussian_reconstruction, reparametrise

LATENT = 16
SIGMA = 0.3  # how exact pictures must be; a smaller one is sharper, but leaves latents that are not near N(0, 1)


class VAE(nn.Module):
    """Encoder (picture, caption) -> latent, and decoder (caption, latent) -> picture."""

    noise_shape = (LATENT,)

    def __init__(self, words, c=32):
        super().__init__()
        layers = []
        for c_in, c_out, stride in ((12, c, 1), (c, 2 * c, 2), (2 * c, 4 * c, 2)):
            layers += [nn.Conv2d(c_in, c_out, 3, stride, 1), nn.SiLU()]
        self.look = nn.Sequential(*layers, nn.Flatten())
        self.encode = nn.Linear(4 * c * 16 + words, 2 * LATENT)
        self.decoder = Decoder(words, LATENT, c)

    def loss(self, x, bags):
        """-ELBO per pixel: reconstruction + KL."""
        mean, log_variance = self.encode(torch.cat([self.look(patches(x)), bags], 1)).chunk(2, 1)
        z = reparametrise(mean, log_variance, torch.randn_like(mean))
        elbo = -gaussian_reconstruction(self.decoder(bags, z), x, SIGMA) - gaussian_kl(mean, log_variance)
        return -elbo / x[0].numel()

    def draw(self, bags, noise):
        """Pictures (B, 3, 32, 32) from latents (B, LATENT): the encoder is not needed any more."""
        return self.decoder(bags, noise)
