"""A detector that is told in words what to look for: the box of "the thing to the left of the dog", or none.

    finder = checkpoints.finder.load("en")
    finder.find(images, ["the leftmost apple", "the dog"])      # [Finding(box=(4,), score=0.98), Finding(None, 0.03)]

A GRU reads the prompt. What it has read asks the points of the picture (cross-attention: Vaswani et al. 2017, section
3.2.3), and what they answer changes what it asks next; so it may look for the dog first, and then to its left. At last
each point gets a score, and so does "nowhere"; the box is what the detector says at the best point.

N images   J prompts of each   B = N · J   P points   C channels of what a point sees   D width   H heads   V words
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from mmcourse.captioning.words import END, PAD
from mmcourse.detection.network import S, points

WIDTH = 64  # D
LOOKS, HEADS = 2, 4
_BATCH = 64


class Finding(NamedTuple):
    """box (4,) float32: x0, y0, x1, y1 in pixels, None where nothing fits.   score: the chance that something does."""

    box: np.ndarray | None
    score: float


class PromptReader(nn.Module):
    """Words (B, T) as numbers, as `captioning.words.Words` writes them, to (B, D).

    ordered: a GRU's state at the end mark; False: the mean of the words, a bag that knows no order.
    """

    def __init__(self, V, D=WIDTH, width=64, ordered=True):
        super().__init__()
        self.table = nn.Embedding(V, width, padding_idx=PAD)
        self.gru = nn.GRU(width, D, batch_first=True) if ordered else None
        self.out = nn.Linear(D if ordered else width, D)

    def forward(self, words):
        words = words[:, : int((words != PAD).sum(1).max())]
        if self.gru is None:
            known = words > END
            return self.out((self.table(words) * known[..., None]).sum(1) / known.sum(1, keepdim=True).clamp(min=1))
        states, _ = self.gru(self.table(words))
        return self.out(states[torch.arange(len(words)), (words == END).int().argmax(1)])


class Look(nn.Module):
    """Some heads each look at the points with a question of their own, and the text takes in what they see."""

    def __init__(self, D, heads):
        super().__init__()
        self.heads = heads
        self.ask = nn.Linear(D, heads * D)
        self.take = nn.Sequential(nn.Linear(D + heads * D, 2 * D), nn.ReLU(), nn.Linear(2 * D, D))
        self.norm = nn.LayerNorm(D)

    def forward(self, text, keys, values):
        """text (N, J, D), keys and values (N, P + 1, D), the last for "nowhere". Returns text (N, J, D)."""
        questions = self.ask(text).unflatten(2, (self.heads, -1)).flatten(1, 2)  # (N, J H, D)
        weights = (questions @ keys.mT * keys.shape[2] ** -0.5).softmax(2)  # (N, J H, P + 1)
        seen = (weights @ values).unflatten(1, (-1, self.heads)).flatten(2)  # (N, J, H D)
        return self.norm(text + self.take(torch.cat([text, seen], 2)))


class FinderNetwork(nn.Module):
    """Features (N, P, C) of a detector and words (N, J, T) to logits (N, J, P + 1), the last for "nowhere"."""

    def __init__(self, V, C, side=16, D=WIDTH, looks=LOOKS, heads=HEADS, ordered=True):
        super().__init__()
        self.read = PromptReader(V, D, ordered=ordered)
        at = torch.from_numpy(points(side * S, side * S)) / (side * S / 2) - 1  # −1 to 1
        self.register_buffer("place", 2 * at, persistent=False)
        self.see = nn.Sequential(nn.Linear(C + 2, 2 * D), nn.ReLU(), nn.Linear(2 * D, 2 * D))
        self.nowhere = nn.Parameter(torch.zeros(2 * D))
        self.looks = nn.ModuleList(Look(D, heads) for _ in range(looks))
        self.ask = nn.Linear(D, D)
        self.doubt = nn.Sequential(nn.Linear(D, D), nn.ReLU(), nn.Linear(D, 1))

    def forward(self, features, words):
        N, J, _ = words.shape
        seen = self.see(torch.cat([features, self.place.expand(N, -1, -1)], 2))
        keys, values = torch.cat([seen, self.nowhere.expand(N, 1, -1)], 1).chunk(2, 2)  # (N, P + 1, D) each
        text = self.read(words.flatten(0, 1)).unflatten(0, (N, J))
        for look in self.looks:
            text = look(text, keys, values)
        fits = self.ask(text) @ keys[:, :-1].mT  # (N, J, P)
        return torch.cat([fits, self.doubt(text)], 2)


class Finder:
    """detector: a `Detector`.   network: a `FinderNetwork`.   reader: an `alignment.space.Reader` of its language.

    threshold: the score below which nothing is found.
    """

    def __init__(self, detector, network, reader, threshold=0.5):
        self.detector, self.network, self.reader, self.threshold = detector, network.eval(), reader, threshold

    def find(self, images, prompts, threshold=None):
        """For each image (N, 64, 64, 3) uint8 and its prompt, one of N texts: N `Finding`s, pairs (box or None, score).

        threshold: another than the finder's own. Raises ValueError for images of another form or size, another number
        of prompts, and words that are not known, naming those near them.
        """
        if isinstance(prompts, str) or len(prompts) != len(images):
            came = f"the text {prompts!r}" if isinstance(prompts, str) else f"{len(prompts)}"
            raise ValueError(f"find: expected one prompt for each of {len(images)} images, came {came}. "
                             "Try: finder.find(images[[0] * len(prompts)], prompts)")  # fmt: skip
        least = self.threshold if threshold is None else threshold
        chances, boxes = self.everywhere(images, prompts)
        best = chances[:, :-1].argmax(1)
        scores = 1 - chances[:, -1]
        return [Finding(boxes[i, p] if score >= least else None, float(score))
                for i, (p, score) in enumerate(zip(best, scores, strict=True))]  # fmt: skip

    @torch.inference_mode()
    def everywhere(self, images, prompts):
        """The chance of each point to be what was asked for, the last of "nowhere", (N, P + 1); and boxes (N, P, 4)."""
        words = torch.from_numpy(self.reader.encode(list(prompts)))[:, None]
        seen, boxes = self.detector.seen(images)
        if seen.shape[1] != len(self.network.place):
            side, (height, width) = round(len(self.network.place) ** 0.5) * S, images.shape[1:3]
            raise ValueError(f"find: expected images of {side} × {side} pixels, came {height} × {width}. "
                             "Try: mmcourse.images.scratch.resize or crop")  # fmt: skip
        parts = zip(torch.from_numpy(seen).split(_BATCH), words.split(_BATCH), strict=True)
        return torch.cat([self.network(*part)[:, 0].softmax(1) for part in parts]).numpy(), boxes
