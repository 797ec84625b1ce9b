"""Words that look at regions: which region of a scene does a word attend to, learned from captions alone.

A small CNN cuts a 64×64 scene into 8×8 regions of width C. Every word of the English and Chinese captions asks with its
own query, in several heads (`mmcourse.attention`); from the answer it guesses whether it stands in the caption.
Nobody tells the model where things are: boxes are used to score it, never to train it.

    python -m mmcourse.checkpoints.grounding        trains, scores and writes the checkpoint, in minutes on one core
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from mmcourse import checkpoints, metrics
from mmcourse.attention import pytorch as attention
from mmcourse.attention import scratch
from mmcourse.data import scenes
from mmcourse.layers.scratch import linear

GRID = 8  # regions a side, each 64 / 8 = 8 pixels wide
HEADS = 4
WIDTH = 64
CHANNELS = (3, 32, 64, 96, 96)
KERNELS, STRIDES = (4, 4, 4, 3), (2, 2, 2, 1)  # even kernels keep region i centred on pixels 8i to 8i + 7
NAMES = ("w_q", "b_q", "w_k", "b_k", "w_v", "b_v", "w_o", "b_o")


@dataclass(frozen=True)
class Grounding:
    """The trained model as NumPy arrays, for the chapter's own functions to work on.

    words: (language, word) of row i of `queries` (V, WIDTH), of `read` (V, WIDTH) and of `bias` (V,).
    attention: the eight arrays that `multi_head_attention` takes by name. convolutions: pairs of weight and bias.
    """

    words: tuple
    queries: np.ndarray
    read: np.ndarray
    bias: np.ndarray
    attention: dict
    convolutions: tuple
    card: dict

    def ids(self, language, words):
        """Rows of the words, one each; KeyError names a word that the model does not know."""
        row = {w: i for i, w in enumerate(self.words)}
        return np.array([row[language, w] for w in words])

    def regions(self, images):
        """Images (N, 64, 64, 3) uint8 to regions (N, 64, C) float32, row by row from the top left."""
        x = torch.from_numpy(np.asarray(images, np.float32) / 255 - 0.5).permute(0, 3, 1, 2)
        with torch.inference_mode():
            for (weight, bias), stride in zip(self.convolutions, STRIDES, strict=True):
                x = F.relu(F.conv2d(x, torch.from_numpy(weight), torch.from_numpy(bias), stride, 1))
        return x.flatten(2).mT.contiguous().numpy()

    def maps(self, ids, regions, temperature=1.0, mask=None):
        """Weights (..., HEADS, W, 64) with which the words look at regions (..., 64, C).

        Scores are divided by the temperature. mask: bool, broadcastable to (..., HEADS, W, 64), True = may look.
        """
        asks = np.broadcast_to(self.queries[ids], (*regions.shape[:-2], len(ids), WIDTH))
        q, _ = linear(asks / temperature, self.attention["w_q"], self.attention["b_q"] / temperature)
        k, _ = linear(regions, self.attention["w_k"], self.attention["b_k"])
        return scratch.attention_weights(scratch.split_heads(q, HEADS), scratch.split_heads(k, HEADS), mask)

    def logits(self, ids, regions):
        """How sure each word is that it stands in the caption, (..., W), as a logit."""
        asks = np.broadcast_to(self.queries[ids], (*regions.shape[:-2], len(ids), WIDTH))
        answers, _ = scratch.multi_head_attention(asks, regions, **self.attention, heads=HEADS)
        return (answers * self.read[ids]).sum(-1) + self.bias[ids]


def load():
    """The checkpoint that ships with the course."""
    arrays, card = checkpoints.load("grounding")
    return Grounding(
        words=tuple(map(tuple, card["words"])),
        queries=arrays["queries"],
        read=arrays["read"],
        bias=arrays["bias"],
        attention={n: arrays[n] for n in NAMES},
        convolutions=tuple((arrays[f"conv{i}.weight"], arrays[f"conv{i}.bias"]) for i in range(len(STRIDES))),
        card=card,
    )


class Trainee(nn.Module):
    """The model while it learns: batch normalisation stands behind each convolution, and is folded in when saving."""

    def __init__(self, words, generator):
        super().__init__()
        sizes = zip(CHANNELS[:-1], CHANNELS[1:], KERNELS, STRIDES, strict=True)
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, k, s, 1, bias=False) for i, o, k, s in sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for o in CHANNELS[1:])
        self.queries = nn.Parameter(torch.empty(words, WIDTH))
        self.read = nn.Parameter(torch.empty(words, WIDTH))
        self.bias = nn.Parameter(torch.full((words,), -3.0))
        widths = {"q": WIDTH, "k": CHANNELS[-1], "v": CHANNELS[-1], "o": WIDTH}
        self.attention = nn.ParameterDict()
        for n, width in widths.items():
            self.attention["w_" + n] = nn.Parameter(torch.empty(WIDTH, width))
            self.attention["b_" + n] = nn.Parameter(torch.zeros(WIDTH))
        for p in self.parameters():
            if p.ndim > 1:
                nn.init.normal_(p, std=(2 / p[0].numel()) ** 0.5, generator=generator)

    def forward(self, images):
        """images (B, 3, 64, 64) to one logit a word, (B, V)."""
        x = images
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution(x)))
        context = x.flatten(2).mT
        asks = self.queries.expand(len(x), -1, -1)
        answers = attention.multi_head_attention(asks, context, **self.attention, heads=HEADS)
        return (answers * self.read).sum(-1) + self.bias

    def arrays(self):
        """What is shipped, float16 to halve the file: batch normalisation folded into the convolutions."""
        out = {"queries": self.queries, "read": self.read, "bias": self.bias, **self.attention}
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            out[f"conv{i}.weight"] = convolution.weight * gain[:, None, None, None]
            out[f"conv{i}.bias"] = norm.bias - norm.running_mean * gain
        return {n: a.detach().numpy().astype(np.float16) for n, a in out.items()}


def all_words():
    """(language, word) for every word that captions can hold; punctuation looks at nothing."""
    return [(language, w) for language in ("en", "zh") for w in scenes.vocabulary(language) if w != "，"]


def train(seed=0, epochs=14, batch=64):
    """Train on the 8,000 training scenes; returns the arrays."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    data, words = scenes.load("train"), all_words()
    row = {w: i for i, w in enumerate(words)}
    target = torch.zeros(len(data), len(words))
    for i, record in enumerate(data.records):
        for language in ("en", "zh"):
            target[i, [row[language, w] for w in getattr(record, language).words if w != "，"]] = 1
    images = torch.from_numpy(data.images).permute(0, 3, 1, 2)
    model = Trainee(len(words), generator)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    steps = epochs * (len(data) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    bar = tqdm(total=steps, desc="training the words to look")
    for _ in range(epochs):
        for ids in torch.randperm(len(data), generator=generator)[: len(data) // batch * batch].split(batch):
            loss = F.binary_cross_entropy_with_logits(model(images[ids] / 255 - 0.5), target[ids]) * len(words)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            bar.update()
            bar.set_postfix(loss=f"{loss.item():.2f}")
    return model.eval().arrays()


def noun_looks(model, data, language):
    """Yield (record, word, weights (8, 8), boxes) for every noun of every caption, weights averaged over the heads."""
    regions = model.regions(data.images)
    for record, context in zip(data.records, regions, strict=True):
        caption = record.caption(language)
        maps = model.maps(model.ids(language, [w for w in caption.words if w != "，"]), context).mean(0)
        maps = dict(zip([w for w in caption.words if w != "，"], maps.reshape(-1, GRID, GRID), strict=True))
        for mention in caption.mentions:
            boxes = [record.objects[i].box for i in mention.objects]
            word = caption.words[mention.words[-1]]  # of "slice of pizza" the pizza
            yield record, word, maps[word], boxes


def score(model):
    """The pointing game on the held-out scenes: hits and trials, by language."""
    out = {}
    for language in ("en", "zh"):
        hits = [metrics.points_inside(w, boxes) for _, _, w, boxes in noun_looks(model, scenes.load("test"), language)]
        out[language] = {"hits": sum(hits), "nouns": len(hits)}
    return out


def main():
    torch.set_num_threads(1)
    arrays = train()
    folder = Path(__file__).parent
    np.savez_compressed(folder / "grounding.npz", **arrays)
    card = {
        "command": "python -m mmcourse.checkpoints.grounding",
        "seed": 0,
        "sha256": hashlib.sha256((folder / "grounding.npz").read_bytes()).hexdigest(),
        "words": all_words(),
    }
    write(folder / "grounding.json", card)
    card["pointing on held-out scenes"] = score(load())
    write(folder / "grounding.json", card)
    print(card["pointing on held-out scenes"])


def write(path, card):
    path.write_text(json.dumps(card, ensure_ascii=False) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
