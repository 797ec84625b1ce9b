"""A picture and a change in words, composed into one query of a space that stays as it is.

    asked = compose(image, text)                    # a `Composition`: images (N, D) and N texts to (N, D)
    nearest(asked, gallery, 10)                     # what to show

    arithmetic(u, old, new)                         # the same without learning: u - text(old) + text(new)

Vo et al. 2019, "Composing text and image for image retrieval - an empirical odyssey" (TIRG), arXiv:1812.07119: the
composed query is the image's own vector, gated, and what the text adds (section 3, gated and residual connection).

N queries, D width of the space, V words of changes.
"""

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.alignment.pytorch import info_nce
from mmcourse.alignment.scratch import normalise
from mmcourse.alignment.space import Reader
from mmcourse.alignment.towers import WIDTH, TextTower
from mmcourse.train import train

STEPS, BATCH, RATE, SCALE = 700, 192, 4e-3, 1 / 0.07


class Composer(nn.Module):
    """An image's vector and the words of a change to a query: gate · image + what the text makes of it, length 1.

    images (N, D), words (N, T) as `captioning.words.Words` writes them. The gate starts open and the residual small:
    untrained, it gives back nearly the image.
    """

    def __init__(self, V, D=WIDTH, width=384):
        super().__init__()
        self.read = TextTower(V, D, state=96)
        self.gate = nn.Sequential(nn.Linear(2 * D, width), nn.ReLU(), nn.Linear(width, D))
        self.residual = nn.Sequential(nn.Linear(2 * D, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(),
                                      nn.Linear(width, D))  # fmt: skip
        nn.init.constant_(self.gate[-1].bias, 3.0)
        self.amount = nn.Parameter(torch.tensor(0.1))

    def forward(self, images, words):
        both = torch.cat([images * images.shape[1] ** 0.5, self.read(words)], 1)  # numbers of order 1
        return F.normalize(self.gate(both).sigmoid() * images + self.amount * self.residual(both), dim=1)


class Composition(NamedTuple):
    """A trained composer with what reads its texts; call it: images (N, D) and N texts to queries (N, D)."""

    model: Composer
    reader: Reader

    def __call__(self, images, texts):
        if images.ndim != 2 or len(images) != len(texts) or isinstance(texts, str):
            raise ValueError(f"compose: expected images (N, D) and a list of N texts, came {images.shape} and "
                             f"{texts if isinstance(texts, str) else len(texts)!r}")  # fmt: skip
        words = torch.from_numpy(self.reader.encode(texts))
        with torch.inference_mode():
            return self.model(torch.as_tensor(images), words).numpy()


def fit(draw, reader, D=WIDTH, *, steps=STEPS, rate=RATE, seed=0, progress=True):
    """Train a composer; returns (composition, history).

    draw(rng): images (B, D), words of the changes (B, T) as the reader writes them, targets (K, D), the first B of
    which are what the queries should come to lie near, and same (B, K) bool as in `scratch.info_nce`.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        model = Composer(len(reader.words), D)
    scale = torch.tensor(SCALE).log()
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.15)

    def loss(model, images, words, targets, same):
        return info_nce(model(images, words), targets, scale, same)

    history = train(model, draw, loss, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed,
                    progress=progress)  # fmt: skip
    return Composition(model, reader), history


def arithmetic(images, old, new):
    """The image less what the change takes away, plus what it brings: normalised u - v(old) + v(new), all (N, D)."""
    if not images.shape == old.shape == new.shape:
        raise ValueError(f"arithmetic: expected three arrays (N, D), came {images.shape}, {old.shape} and {new.shape}")
    return normalise(images - old + new)[0]


__all__ = ["Composer", "Composition", "arithmetic", "fit"]
