"""Which thing stands on which background? A small CNN that learned it from real portraits, and judges drawn ones.

    critic = judge.load()
    critic.name(images)         # [("cat", "grass"), …] of N pictures (N, 32, 32, 3) uint8
    critic.features(images)     # (N, 64) float32, the space for Fréchet distances

It is trained on every pair, also on those held out from the generators: it must know what they should look like. It has
all concepts to choose from, whatever was asked for. Noise on its training pictures keeps it from reading single pixels.

    python -m mmcourse.checkpoints.judge        trains, scores and writes the checkpoint, in two minutes on one core
"""

import hashlib
import json
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmcourse import checkpoints
from mmcourse.data import portraits
from mmcourse.data.concepts import BACKGROUNDS
from mmcourse.metrics import wilson_interval
from mmcourse.train import train

WIDTH = 64  # of the features
NOISE = 0.3  # the strongest on a training picture, of a scale from -1 to 1
_CHANNELS = (3, 32, 64, 128)
_BATCH = 100


class Judge(nn.Module):
    """Three convolutions, each halving the sides, to features (N, WIDTH) and two answers."""

    def __init__(self):
        super().__init__()
        layers = []
        for c_in, c_out in pairwise(_CHANNELS):
            layers += [nn.Conv2d(c_in, c_out, 3, 2, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(_CHANNELS[-1] * 16, WIDTH), nn.ReLU())
        self.concept = nn.Linear(WIDTH, len(portraits.FULL))
        self.background = nn.Linear(WIDTH, len(BACKGROUNDS))

    def forward(self, x):
        """Logits of the concepts and of the backgrounds for x (N, 3, 32, 32), -1 to 1."""
        features = self.body(x)
        return self.concept(features), self.background(features)

    @torch.inference_mode()
    def name(self, images):
        """What it sees: N times (concept id, background id). images: (N, 32, 32, 3) uint8."""
        batches = [self(x) for x in pixels(images).split(_BATCH)]
        concepts, backgrounds = (torch.cat(logits).argmax(1) for logits in zip(*batches, strict=True))
        return [(portraits.FULL[c], tuple(BACKGROUNDS)[b]) for c, b in zip(concepts, backgrounds, strict=True)]

    @torch.inference_mode()
    def features(self, images):
        """images (N, 32, 32, 3) uint8 to (N, WIDTH) float32."""
        return torch.cat([self.body(x) for x in pixels(images).split(_BATCH)]).numpy()


def pixels(images):
    """Images (N, 32, 32, 3) uint8 to (N, 3, 32, 32) float32, -1 to 1."""
    images = np.asarray(images)
    expected = (portraits.SIDE, portraits.SIDE, 3)
    if images.ndim != 4 or images.shape[1:] != expected or images.dtype != np.uint8 or not len(images):
        raise ValueError(f"expected pictures (N, {expected[0]}, {expected[1]}, 3) uint8, N at least 1, got "
                         f"{images.shape} {images.dtype}. Try: (255 * x).round().astype(np.uint8) for x from 0 to 1; "
                         "images[None] for one picture")  # fmt: skip
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1


def score(named, asked):
    """How often the things, the backgrounds and both were named as asked; N times (concept, background) each."""
    right = np.array([(n[0] == a[0], n[1] == a[1], n == a) for n, a in zip(named, asked, strict=True)])
    out = {"pictures": len(right)}
    for what, hits in zip(("concept", "background", "both"), right.sum(0).tolist(), strict=True):
        out[what] = {
            "right": hits,
            "share": round(hits / len(right), 4),
            "95 % interval": [round(end, 4) for end in wilson_interval(hits, len(right))],
        }
    return out


def load():
    """The trained judge in evaluation mode, frozen. Raises ValueError if the file is damaged."""
    arrays, _ = checkpoints.load("judge")
    return _judge(arrays)


def _judge(arrays):
    network = Judge()
    counters = {n: t for n, t in network.state_dict().items() if n.endswith("num_batches_tracked")}  # not kept
    network.load_state_dict(counters | {n: torch.from_numpy(a) for n, a in arrays.items()})
    return network.eval().requires_grad_(False)


def fit(steps=1500, batch=64, seed=0, progress=True):
    """A judge trained on pictures of all pairs, drawn anew for every step."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = Judge()
    every, backgrounds = portraits.pairs(portraits.FULL), tuple(BACKGROUNDS)

    def draw(rng):
        drawn = [every[i] for i in rng.integers(len(every), size=batch)]
        x = pixels(np.stack([portraits.draw(*pair, rng) for pair in drawn]))
        noise = NOISE * rng.random((batch, 1, 1, 1), np.float32) * rng.standard_normal(x.shape, np.float32)
        ids = [(portraits.FULL.index(c), backgrounds.index(b)) for c, b in drawn]
        return x + torch.from_numpy(noise), *torch.tensor(ids).unbind(1)

    def loss(network, x, concepts, grounds):
        a, b = network(x)
        return F.cross_entropy(a, concepts) + F.cross_entropy(b, grounds)

    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps + 1)
    train(network, draw, loss, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed, progress=progress)
    return network.eval()


def main(seed=0):
    torch.set_num_threads(1)
    started = time.process_time()
    network = fit(seed=seed)
    arrays = {n: a.contiguous().numpy().astype(np.float16) for n, a in network.state_dict().items() if a.ndim}
    path = Path(__file__).with_name("judge.npz")
    np.savez_compressed(path, **arrays)
    held_out = portraits.load("test", portraits.FULL, 4000)
    card = {
        "command": "python -m mmcourse.checkpoints.judge",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": round(time.process_time() - started),
        "concepts": portraits.FULL,
        "backgrounds": tuple(BACKGROUNDS),
        "real pictures of held-out pairs": score(_judge(arrays).name(held_out.images), held_out.pairs),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf8")
    print(json.dumps(card["real pictures of held-out pairs"], indent=1))


if __name__ == "__main__":
    main()
