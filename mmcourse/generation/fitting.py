"""One training loop for the three, and the `Painter` that comes out of it."""

import time

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from mmcourse.generation.flow import Flow
from mmcourse.generation.gan import GAN
from mmcourse.generation.vae import VAE
from mmcourse.generation.words import Sentences, Words
from mmcourse.train import train

__all__ = ["DEFAULTS", "Diverged", "Painter", "Sentences", "Words", "fit"]

NETWORKS = {"gan": GAN, "vae": VAE, "flow": Flow}
DEFAULTS = {  # rate and betas: of AdamW; cycle: the rate warms up and falls to 0, which a game of two does not like
    "gan": {"steps": 900, "batch": 16, "rate": 5e-4, "betas": (0.0, 0.9), "cycle": False},
    "vae": {"steps": 900, "batch": 16, "rate": 3e-3, "betas": (0.9, 0.99), "cycle": True},
    "flow": {"steps": 900, "batch": 16, "rate": 3e-3, "betas": (0.9, 0.99), "cycle": True},
}
AVERAGE = 0.99  # the pictures are drawn with an exponential moving average of the weights, over some 100 steps
_STEEPEST = 1.0  # longest gradient; a longer one is cut to it
_BATCH = 100  # when drawing


class Diverged(FloatingPointError):
    """Training met a loss or gradient that is not finite; `painter` draws with the last good weights."""

    def __init__(self, text, painter):
        super().__init__(text)
        self.painter = painter


class Painter:
    """Draws what a caption says: the network, the words it knows, and how its training went."""

    def __init__(self, kind, words, network, losses=(), seconds=None):
        self.kind, self.words, self.losses, self.seconds = kind, words, tuple(losses), seconds
        self.network = network.eval().requires_grad_(False)

    @property
    def parameters(self):
        """How many numbers the network holds."""
        return sum(p.numel() for p in self.network.parameters())

    def draw(self, captions, rng, **options):
        """N captions to N pictures, (N, 32, 32, 3) uint8; all chance comes from the numpy Generator `rng`.

        options: `guidance` and `steps` of "flow". Raises ValueError for a word that it has not learned.
        """
        return to_pictures(self.paint(self.words.encode(captions), rng, **options))

    def paint(self, bags, rng, **options):
        """bags (N, V) float32, what captions say, to a tensor (N, 3, 32, 32) float32, about -1 to 1; as `draw`."""
        bags = torch.from_numpy(bags)
        noise = torch.from_numpy(rng.standard_normal((len(bags), *self.network.noise_shape), np.float32))
        with torch.inference_mode():
            parts = zip(bags.split(_BATCH), noise.split(_BATCH), strict=True)
            return torch.cat([self.network.draw(*part, **options) for part in parts])


def to_pictures(x):
    """A tensor (N, 3, H, W) from -1 to 1, what lies outside cut off, to pictures (N, H, W, 3) uint8."""
    return ((x.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def fit(kind, data, steps=None, seed=0, progress=True, words=None, **settings):
    """Train a painter on portraits; returns a `Painter`. The same seed and steps give the same painter on one machine.

    kind: "gan", "vae" or "flow".   data: `images` (N, 32, 32, 3) uint8 and `captions`, N texts.
    words: how captions become numbers, `Words.of(data.captions)` unless told otherwise; also a `Sentences`.
    steps, and settings (batch, rate, betas, cycle): `DEFAULTS[kind]` unless told otherwise.
    Raises ValueError for another kind or setting, and `Diverged` when a loss is not finite.
    """
    if kind not in NETWORKS:
        raise ValueError(f"expected one of the kinds {tuple(NETWORKS)}, got {kind!r}")
    if unknown := set(settings) - set(DEFAULTS[kind]):
        raise ValueError(f"expected settings among {tuple(DEFAULTS[kind])}, got {sorted(unknown)}")
    settings = DEFAULTS[kind] | settings | ({} if steps is None else {"steps": steps})
    started, words = time.process_time(), words or Words.of(data.captions)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = NETWORKS[kind](len(words)).to(memory_format=torch.channels_last)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    losses = []

    def painter():
        return Painter(kind, words, average.module, losses, time.process_time() - started)

    try:
        _train(network, average, data, words, losses, settings, seed, progress)
    except (FloatingPointError, RuntimeError) as problem:
        if isinstance(problem, RuntimeError) and "non-finite" not in str(problem):
            raise
        raise Diverged(
            f"{kind}: the loss or its gradient is not finite at step {len(losses)}; this error's attribute painter "
            f"has the last good weights. Try: a smaller rate than {settings['rate']:g}, or look for NaN in the data",
            painter(),
        ) from problem
    return painter()


def _train(network, average, data, words, losses, settings, seed, progress):
    optimiser = torch.optim.AdamW(network.parameters(), settings["rate"], settings["betas"], weight_decay=1e-2)
    optimiser.register_step_pre_hook(_cut_gradients)
    optimiser.register_step_post_hook(lambda *_: average.update_parameters(network))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings["rate"], total_steps=settings["steps"] + 1, pct_start=0.1, cycle_momentum=False
    ) if settings["cycle"] else None  # fmt: skip

    def loss(network, images, bags):
        x = images.permute(0, 3, 1, 2) / 127.5 - 1  # a view: channels stay last
        value = network.loss(x, bags)
        losses.append(value.item())
        return value

    examples = torch.from_numpy(data.images), torch.from_numpy(words.encode(data.captions))
    train(network, examples, loss, optimiser=optimiser, schedule=schedule, steps=settings["steps"],
          batch=settings["batch"], seed=seed, progress=progress)  # fmt: skip


def _cut_gradients(optimiser, *_):
    """Before every step. Raises RuntimeError for a gradient that is not finite, so that no weight ever takes it on."""
    weights = [p for group in optimiser.param_groups for p in group["params"]]
    clip_grad_norm_(weights, _STEEPEST, error_if_nonfinite=True)
