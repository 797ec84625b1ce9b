"""A Transformer captioner of sticker scenes in English: one dict of weights for many tools.

    shipped = captioner.load()
    seen = captioner.see(images)                            # images (N, 64, 64, 3) uint8
    model = scratch.build(shipped.weights, shipped.sizes)   # or pytorch, with_keras, huggingface, with_onnx
    shipped.words.decode(scratch.captions(model, seen)[0])  # ("two", "small", "cats", …)

    python -m mmcourse.checkpoints.captioner        trains, scores and writes it, in four minutes on one core

Its image is what the frozen EfficientNet-Lite0 sees, 8 × 8 regions of 112 channels, and a patch is one region: from the
pixels themselves, 700 steps got 273 of the 600 held-out captions right. The tools are `mmcourse.tools`.
"""

import hashlib
import json
import time
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmcourse.captioning.pytorch import masked_cross_entropy
from mmcourse.captioning.words import Words, standard
from mmcourse.metrics import bleu, cider_d, wilson_interval
from mmcourse.tools import export, pytorch
from mmcourse.tools.weights import Sizes, carry_back, check
from mmcourse.train import train
from mmcourse.vision import features

NAME = "captioner"
SCENES, STEPS, RATE = 4000, 450, 2e-3
SIZES = {"T": 16, "C": 112, "side": 8, "patch": 1, "D": 128, "M": 512, "encoder": 2, "decoder": 2, "heads": 4}


class Shipped(NamedTuple):
    """weights: {name: array} float32. words: `Words` of the captions."""

    weights: dict
    sizes: Sizes
    words: Words


def load():
    """The `Shipped` captioner. Raises ValueError if its file is damaged or does not fit its card."""
    folder = resources.files("mmcourse.checkpoints")
    card = json.loads((folder / f"{NAME}.json").read_text(encoding="utf8"))
    path = folder / f"{NAME}.safetensors"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != card["sha256"]:
        raise ValueError(
            f"checkpoint {path.name} is damaged: expected sha256 {card['sha256'][:12]}…, came {found[:12]}…. "
            f"Restore it with git, or make it anew with: {card['command']}"
        )
    words, sizes = Words([card["words"]]), Sizes(**card["sizes"])
    return Shipped(check(export.load(path), sizes, f"checkpoint {NAME}"), sizes, words)


def see(images, progress=False):
    """What EfficientNet-Lite0 sees in images (N, 64, 64, 3) uint8: (N, 112, 8, 8) float32, kept in the cache."""
    regions = features.extract(images, progress=progress).regions
    side = round(regions.shape[1] ** 0.5)
    return np.ascontiguousarray(regions.mT).reshape(*regions.shape[::2], side, side)


def fit(seen, captions, sizes, seed=0, steps=STEPS, progress=True):
    """Train a captioner and return its weights by our names; it reads `seen` as it is.

    seen (N, C, side, side) float32; captions (N, T + 1) int64, as `Words.encode` gives them.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = pytorch.Captioner(sizes)
    scale = standard(seen.reshape(*seen.shape[:2], -1).mT)
    mean, std = (a[:, None, None] for a in scale)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.15)

    def loss(model, images, captions):
        return masked_cross_entropy(model(images, captions[:, :-1]), captions[:, 1:])

    train(model, ((seen - mean) / std, captions), loss, optimiser=optimiser, schedule=schedule,
          steps=steps, seed=seed, progress=progress)  # fmt: skip
    w = carry_back(pytorch.arrays(model), sizes, "pytorch")
    scaled = w["patch_weight"] / std  # so that whoever carries the weights need not know mean and std
    return w | {"patch_weight": scaled, "patch_bias": w["patch_bias"] - (scaled * mean).sum((1, 2, 3))}


def scored(shipped, count=600, seed=0):
    """BLEU-4, CIDEr-D and exact captions of held-out scenes; seed: of `scenes.load`."""
    from mmcourse.data import scenes

    test = scenes.load("test", count, seed)
    model = pytorch.build(shipped.weights, shipped.sizes)
    written = [shipped.words.decode(caption) for caption in pytorch.captions(model, see(test.images))]
    true = [record.en.words for record in test.records]
    exact, references = sum(w == t for w, t in zip(written, true, strict=True)), [[t] for t in true]
    return {
        "BLEU-4": round(bleu(references, written)[3], 4),
        "CIDEr-D": round(cider_d(references, written), 4),
        "exact": [exact, count],
        "exact, 95 % interval": [round(end, 4) for end in wilson_interval(exact, count)],
    }


def main(seed=0):
    from mmcourse.data import captions, scenes

    torch.set_num_threads(1)
    data, words = scenes.load("train", SCENES), Words([captions.vocabulary("en")])
    seen, encoded = see(data.images, progress=True), words.encode([record.en.words for record in data.records])
    sizes, started = Sizes(V=len(words), **SIZES), time.process_time()
    weights = fit(seen, encoded, sizes, seed)
    path = Path(__file__).with_name(f"{NAME}.safetensors")
    export.save(weights, path)
    card = {
        "command": f"python -m mmcourse.checkpoints.{NAME}",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": round(time.process_time() - started),
        "parameters": sum(a.size for a in weights.values()),
        "sizes": sizes._asdict(),
        "words": words.entries[3:],
    }
    _write(path, card)  # for `load`
    _write(path, card | {"scores on held-out scenes": scored(load())})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
