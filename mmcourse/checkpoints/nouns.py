"""Which things does a sticker scene show? A small CNN that was trained here to say so, and sees for the other chapters.

    network = nouns.load()
    nouns.regions(network, images)      # (N, 64, 112): what is where, an 8 × 8 grid as of EfficientNet-Lite0

The task: of all nouns that scenes can show, name those of this one and no other. `targets`, `fit` and `score` serve any
network that is trained on it.

    python -m mmcourse.checkpoints.nouns        trains, scores and writes the checkpoint, in minutes on one core

N scenes   V nouns   C channels
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmcourse import checkpoints
from mmcourse.data import scenes
from mmcourse.data.concepts import CONCEPTS
from mmcourse.metrics import wilson_interval
from mmcourse.pretrained.efficientnet_lite0 import _checked as checked_images
from mmcourse.train import train

SIDE = 64  # pixels of the scenes that it was trained on
CHANNELS = 112  # of the feature grid
_LAYERS = ((32, 2), (64, 2), (64, 1), (96, 2), (CHANNELS, 1))  # channels out and stride
_BATCH = 64


class NounNetwork(nn.Module):
    """Five convolutions to an 8 × 8 grid; there is a noun in the scene if some region says so.

    norm: with batch normalisation, to train; the checkpoint has it folded into the convolutions.
    """

    def __init__(self, norm=True):
        super().__init__()
        layers, c_in = [], 3
        for c_out, stride in _LAYERS:
            layers += [nn.Conv2d(c_in, c_out, 3, stride, 1, bias=not norm)]
            layers += [nn.BatchNorm2d(c_out) if norm else nn.Identity(), nn.ReLU()]
            c_in = c_out
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Conv2d(c_in, len(CONCEPTS), 1)
        nn.init.constant_(self.classifier.bias, -8.0)  # over 64 regions: a noun is rare, as it is in the scenes

    def forward(self, x):
        """Logits (N, V) of x (N, 3, H, W), as `pixels` gives it."""
        verdicts = self.classifier(self.features(x)).flatten(2)  # (N, V, regions)
        return verdicts.logsumexp(2)  # a smooth maximum

    def folded(self):
        """The same function without batch normalisation, for evaluation."""
        other = NounNetwork(norm=False).eval()
        for i in range(0, len(self.features), 3):
            other.features[i] = fuse_conv_bn_eval(self.features[i].eval(), self.features[i + 1].eval())
        other.classifier = self.classifier
        return other


def pixels(images):
    """Images (N, H, W, 3) uint8 to (N, 3, H, W) float32, −0.5 to 0.5."""
    return torch.from_numpy(checked_images(images)).permute(0, 3, 1, 2) / 255 - 0.5


def load():
    """The trained network in evaluation mode, frozen. Raises ValueError if the file is damaged."""
    arrays, _ = checkpoints.load("nouns")
    return _network(arrays)


def _network(arrays):
    network = NounNetwork(norm=False)
    network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def regions(network, images):
    """What each region shows, row by row from the top left: images (N, H, W, 3) uint8 to (N, H/8·W/8, C) float32."""
    images = checked_images(images)
    starts = range(0, len(images), _BATCH)
    grids = [network.features(pixels(images[i : i + _BATCH])) for i in starts]
    return np.ascontiguousarray(torch.cat(grids).flatten(2).mT)


def targets(records):
    """Which nouns each of N scenes shows: (N, V) float32, columns in the order of CONCEPTS."""
    column = {concept: i for i, concept in enumerate(CONCEPTS)}
    shown = np.zeros((len(records), len(column)), np.float32)
    for row, record in zip(shown, records, strict=True):
        row[[column[thing.concept] for thing in record.objects]] = 1
    return shown


def fit(network, pixels, data, epochs, rate, seed=0, progress=True):
    """Train a network on scenes, half of them mirrored each time; returns (history, CPU-seconds).

    pixels: from images to what the network takes, to give logits (N, V). rate: the highest of a cycle of learning
    rates (Smith & Topin 2018, arXiv:1708.07120).
    """
    started = time.process_time()
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    steps = epochs * (len(data) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1)

    def loss(network, images, shown):
        mirrored = torch.rand(len(images)) < 0.5
        x = pixels(images.numpy())
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
        return F.binary_cross_entropy_with_logits(network(x), shown) * len(CONCEPTS)

    network.to(memory_format=torch.channels_last)
    examples = data.images, targets(data.records)
    history = train(network, examples, loss, optimiser=optimiser, schedule=schedule, epochs=epochs, batch=_BATCH,
                    seed=seed, progress=progress)  # fmt: skip
    return history, time.process_time() - started


@torch.inference_mode()
def score(network, pixels, data):
    """How many scenes have all their nouns named and no other, with a 95 % interval, and how many nouns; for a card.

    The interval (Wilson) takes scenes for independent; some share a composition, so it is a little too short.
    """
    logits = torch.cat([network(pixels(data.images[i : i + _BATCH])) for i in range(0, len(data), _BATCH)])
    named, shown = (logits > 0).numpy(), targets(data.records).astype(bool)
    right, n = int((named == shown).all(1).sum()), len(data)
    nouns = {"right": named & shown, "missed": ~named & shown, "wrong": named & ~shown}
    return {
        "right": right,
        "scenes": n,
        "share": round(right / n, 4),
        "95 % interval": [round(end, 4) for end in wilson_interval(right, n)],
        "nouns": {name: int(which.sum()) for name, which in nouns.items()},
    }


def main(seed=0, epochs=12):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = NounNetwork()
    _, seconds = fit(network, pixels, scenes.load("train"), epochs, rate=4e-3, seed=seed)
    arrays = {n: a.contiguous().numpy().astype(np.float16) for n, a in network.folded().state_dict().items()}
    path = Path(__file__).with_name("nouns.npz")
    np.savez_compressed(path, **arrays)
    card = {
        "command": "python -m mmcourse.checkpoints.nouns",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": round(seconds),
        "all nouns right on held-out scenes": score(_network(arrays), pixels, scenes.load("test")),
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf8")
    print(card)


if __name__ == "__main__":
    main()
