"""Train two towers on pairs of images and texts.

    pairs = Pairs(regions, texts, own, hard)
    model, history = fit(aligned, pairs, steps=300)
    u, v = embed(model.images, regions), embed(model.texts, texts)

The letters are declared in `mmcourse.alignment`.
"""

from typing import NamedTuple

import numpy as np
import torch

from mmcourse.train import train

STEPS, BATCH = 720, 128
RATE, DECAY = 6e-3, 0.2


class Pairs(NamedTuple):
    """N images and what is said about them.

    regions (N, R, C) float32.   texts (M, ...): every text once, as the text tower reads it.
    own (N,) int: the text of each image.   hard: N tuples of the texts that are nearly right for it.
    """

    regions: np.ndarray
    texts: np.ndarray
    own: np.ndarray
    hard: tuple


def pairs(regions, true, hard, encode):
    """`Pairs` of regions (N, R, C), N texts, and N tuples of texts that are nearly right. encode: texts to an array."""
    if not len(regions) == len(true) == len(hard):
        raise ValueError(f"pairs: expected as many regions, texts and hard ones, came {len(regions)}, {len(true)} and "
                         f"{len(hard)}")  # fmt: skip
    number = {text: i for i, text in enumerate(dict.fromkeys([*true, *(t for few in hard for t in few)]))}
    return Pairs(regions, encode(list(number)), np.array([number[t] for t in true], int),
                 tuple(tuple(number[t] for t in few) for few in hard))  # fmt: skip


def drawing(pairs, batch, hard):
    """draw(rng) -> regions (B, R, C), texts (K, ...), same (B, K); with hard, K = 2 B: a nearly right text an image."""
    regions, texts = torch.from_numpy(pairs.regions), torch.from_numpy(pairs.texts)

    def draw(rng):
        i = rng.choice(len(regions), batch, replace=False)
        shown = pairs.own[i]
        further = [few[rng.integers(len(few))] for few in (pairs.hard[n] for n in i)] if hard else []
        said = np.concatenate([shown, np.array(further, int)])
        return regions[i], texts[said], torch.from_numpy(shown[:, None] == said)

    return draw


def fit(model, pairs, *, steps=STEPS, batch=BATCH, hard=True, rate=RATE, seed=0, progress=True, **options):
    """Train an `Aligned` in place; returns (model, history).

    hard: whether each image also has a text that is nearly right among the negatives. options: of `mmcourse.train`.
    """
    if not 2 <= batch <= len(pairs.own):
        raise ValueError(f"fit: expected a batch of 2 to {len(pairs.own)}, the number of images, came {batch}")
    learns = [p for p in model.parameters() if p.requires_grad]
    kinds = [
        {"params": [p for p in learns if p.ndim > 1]},
        {"params": [p for p in learns if p.ndim < 2], "weight_decay": 0.0},  # biases, and the temperature
    ]
    optimiser = torch.optim.AdamW(kinds, rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.15)
    history = train(model, drawing(pairs, batch, hard), lambda model, *batch: model(*batch), optimiser=optimiser,
                    schedule=schedule, steps=steps, seed=seed, progress=progress, **options)  # fmt: skip
    return model, history


@torch.inference_mode()
def embed(tower, inputs, part=200):
    """Vectors (N, D) float32 of N inputs, an array, by `model.images` or `model.texts`."""
    return torch.cat([tower(x) for x in torch.from_numpy(inputs).split(part)]).numpy()
