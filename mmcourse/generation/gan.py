"""A conditional GAN: a projection discriminator asks whether a picture is real and fits its caption.

(Miyato & Koyama 2018, arXiv:1802.05637, eq. 4; hinge loss; spectral normalisation; Reed et al. 2016 for the captions.)
"""

import contextlib

import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from mmcourse.adversarial.pytorch import wasserstein_generator_loss
from mmcourse.generation.parts import WIDTH, Decoder, patches
from mmcourse.generation.pytorch import hinge_discriminator_loss

LATENT = 16


class Discriminator(nn.Module):
    """One logit a picture: w · φ(x) + words · V φ(x), large if it is real and fits.   x (B, 3, 32, 32), bags (B, V)."""

    def __init__(self, words, c=32):
        super().__init__()
        layers = []
        for c_in, c_out, stride in ((12, c, 1), (c, 2 * c, 2), (2 * c, 4 * c, 2)):
            layers += [spectral_norm(nn.Conv2d(c_in, c_out, 3, stride, 1)), nn.LeakyReLU(0.2)]
        self.look = nn.Sequential(*layers, nn.Flatten())
        self.real = spectral_norm(nn.Linear(4 * c * 16, 1))
        self.project = spectral_norm(nn.Linear(4 * c * 16, WIDTH))
        self.words = spectral_norm(nn.Linear(words, WIDTH, bias=False))

    def forward(self, x, bags):
        seen = self.look(patches(x))
        return self.real(seen)[:, 0] + (self.project(seen) * self.words(bags)).sum(1)


class GAN(nn.Module):
    """Generator and discriminator; the loss of both in one, each moving its own weights only."""

    noise_shape = (LATENT,)

    def __init__(self, words, c=32):
        super().__init__()
        self.generator, self.discriminator = Decoder(words, LATENT, c), Discriminator(words, c)

    def loss(self, x, bags):
        """Fakes are drawn pictures, and real ones with the caption of another."""
        drawn = self.generator(bags, torch.randn(len(x), LATENT))
        other = bags.roll(1, 0)
        differs = (other != bags).any(1)  # a neighbour may have the same caption
        real, fake = self.discriminator(torch.cat([x, drawn.detach()]), torch.cat([bags, bags])).chunk(2)
        mismatched = self.discriminator(x[differs], other[differs])
        loss_d = (hinge_discriminator_loss(real, fake) + hinge_discriminator_loss(real, mismatched)) / 2
        with _frozen(self.discriminator):
            loss_g = wasserstein_generator_loss(self.discriminator(drawn, bags))
        return loss_d + loss_g

    def draw(self, bags, noise):
        """Pictures (B, 3, 32, 32) from noise (B, LATENT)."""
        return self.generator(bags, noise)


@contextlib.contextmanager
def _frozen(network):
    """Gradients pass through the network, and leave its weights alone."""
    network.requires_grad_(False)
    yield
    network.requires_grad_(True)
