"""Train the reader of requests, on words as they are said and as a poor ear would hear them.

    network, history = fit(examples, vocabulary, intents, tags, steps=800)
    Understanding(network.arrays(), vocabulary, intents, tags, lexicon)

A reader that has never met an error takes one for a reason to change its mind. So in training words are left out, put
in, exchanged for others, or made unknown, each anew every time; their tags stay what they were.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from mmcourse.dialogue import pytorch
from mmcourse.dialogue.understanding import DIRECTIONS, FIELD, GATES, UNKNOWN, shapes
from mmcourse.recurrent.pytorch import lstm
from mmcourse.train import train

STEPS, BATCH, RATE = 1200, 32, 4e-3
DROP = 0.3  # of a state's entries


class Example(NamedTuple):
    """One request: words and their tags, as many, and its intent."""

    words: tuple
    tags: tuple
    intent: str


class Noise(NamedTuple):
    """How often a word is made unknown, exchanged for another known one, left out, or has one put behind it."""

    unknown: float = 0.1
    exchanged: float = 0.05
    left_out: float = 0.04
    put_in: float = 0.06


QUIET = Noise(0.0, 0.0, 0.0, 0.0)


def misheard(numbers, tags, noise, V, inside, rng):
    """Numbers of words (T,) and of their tags (T,), with some errors: two lists, at least one word.

    inside: {number of a tag: number of the tag with which its slot goes on}. Where a slot's first word is left out, the
    next becomes its first; nothing is put into the middle of a slot.
    """
    words, kept, begins = [], [], None
    draws = rng.random((len(numbers), 4))
    for number, tag, next_tag, (a, b, c, d) in zip(numbers, tags, [*tags[1:], 0], draws, strict=True):
        if c < noise.left_out and len(numbers) > 1:
            begins = begins if inside.get(begins) == tag else tag
            continue
        if inside.get(begins) == tag:
            tag = begins
        begins = None
        if b < noise.exchanged:
            number = rng.integers(UNKNOWN + 1, V)
        words.append(UNKNOWN if a < noise.unknown else number)
        kept.append(tag)
        if d < noise.put_in and inside.get(next_tag) != next_tag:
            words.append(rng.integers(UNKNOWN + 1, V))
            kept.append(0)
    return (words, kept) if words else (list(numbers[:1]), list(tags[:1]))


class Network(nn.Module):
    """The parameters of `understanding`, as torch knows them; forward is their loss."""

    def __init__(self, rng, **sizes):
        super().__init__()
        for name, shape in shapes(**sizes).items():
            scale = 0.3 if name == "table" else shape[-1] ** -0.5 if len(shape) == 2 else 0.0
            array = (scale * rng.standard_normal(shape)).astype(np.float32)
            self.register_parameter(name.replace(".", "_"), nn.Parameter(torch.from_numpy(array)))

    def arrays(self):
        """The parameters for the NumPy half, by name."""
        return {name: self.get(name).detach().numpy().copy() for name in shapes(1, 1, 1)}

    def get(self, name):
        return getattr(self, name.replace(".", "_"))

    def scores(self, words, lengths):
        """Emissions (B, T, K) and scores of the intents (B, N), of words (B, T)."""
        B, T = words.shape
        live = torch.arange(T) < lengths[:, None]
        turned = torch.where(live, lengths[:, None] - 1 - torch.arange(T), torch.arange(T)).T[..., None]  # (T, B, 1)
        x = F.embedding(words.T, self.table)
        nothing, read = x.new_zeros(B, self.forward_w_hh.shape[1]), []
        for way in DIRECTIONS:
            given = x if way == "forward" else x.gather(0, turned.expand_as(x))
            y = lstm(given, nothing, nothing, *(self.get(f"{way}.{name}") for name in GATES))[0]
            read.append(y if way == "forward" else y.gather(0, turned.expand_as(y)))
        seen = F.dropout(torch.cat(read, 2).transpose(0, 1), DROP, self.training)  # (B, T, 2 H)
        largest = seen.masked_fill(~live[..., None], -torch.inf).amax(1)
        mean = (seen * live[..., None]).sum(1) / lengths[:, None]
        emissions = F.linear(seen, self.w_tag, self.b_tag)
        return emissions, F.linear(torch.cat([largest, mean], 1), self.w_intent, self.b_intent)

    def forward(self, words, tags, lengths, intents):
        """The mean over the requests of what tags and intent cost."""
        emissions, wanted = self.scores(words, lengths)
        field = (getattr(self, name) for name in FIELD)
        return pytorch.crf_loss(emissions, *field, tags, lengths).mean() + F.cross_entropy(wanted, intents)


def fit(examples, vocabulary, intents, tags, *, steps=STEPS, batch=BATCH, rate=RATE, noise=None, seed=0,
        progress=True, **sizes):  # fmt: skip
    """Train a `Network` on N `Example`s; returns (network, `History`). Tag 0 must be "O".

    sizes: I and H.   noise: a `Noise`, such as QUIET; None: the usual one. The same seed gives the same network.
    Raises ValueError for an example whose words and tags are not as many, and for unknown tags or intents.
    """
    noise = noise or Noise()
    numbers = [_numbered(example, vocabulary, intents, tags) for example in examples]
    of_tag = {tag: k for k, tag in enumerate(tags)}
    inside = {of_tag[tag]: of_tag["I" + tag[1:]] for tag in tags if tag != "O"}
    network = Network(np.random.default_rng(seed), V=len(vocabulary), K=len(tags), N=len(intents), **sizes)

    def draw(rng):
        rows = [numbers[i] for i in rng.integers(0, len(numbers), batch)]
        heard = [misheard(words, theirs, noise, len(vocabulary), inside, rng) for words, theirs, _ in rows]
        lengths = torch.tensor([len(words) for words, _ in heard])
        padded = [np.zeros((batch, int(lengths.max())), int) for _ in range(2)]
        for b, pair in enumerate(heard):
            for array, row in zip(padded, pair, strict=True):
                array[b, : len(row)] = row
        return *map(torch.from_numpy, padded), lengths, torch.tensor([intent for *_, intent in rows])

    optimiser = torch.optim.Adam(network.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.1)
    history = train(network, draw, lambda network, *given: network(*given), optimiser=optimiser, schedule=schedule,
                    steps=steps, seed=seed, progress=progress)  # fmt: skip
    return network, history


def _numbered(example, vocabulary, intents, tags):
    if len(example.words) != len(example.tags) or not example.words:
        raise ValueError(f"fit: expected a tag for each word, at least one, came {example}")
    if example.intent not in intents or not set(example.tags) <= set(tags):
        raise ValueError(f"fit: expected an intent of {tuple(intents)} and tags of {tuple(tags)}, came {example}")
    return (
        vocabulary.encode(example.words),
        [tags.index(tag) for tag in example.tags],
        tuple(intents).index(example.intent),
    )  # fmt: skip
