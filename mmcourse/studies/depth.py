"""Where the normalisation of a Transformer block stands: deep ones with it first, and deep ones with it after.

    python -m mmcourse.studies.depth            trains what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.depth --again    trains everything anew, and says how many lines are the same

Each network reads twelve random symbols and is to say them backwards, which needs attention and nothing else. It trains
with a constant learning rate, without warm-up: what that costs is the question of Xiong et al. 2020, "On layer
normalization in the Transformer architecture", arXiv:2002.04745. The deepest at the highest rate also train with one.
"""

import itertools

import numpy as np
import torch
from torch import nn

from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train

RESULTS = DIGITS.with_name("depth.jsonl")
NAMES = ("normalised", "blocks", "rate", "seed")
PLACES, BLOCKS, RATES, SEEDS = ("first", "after"), (2, 6, 12), (3e-4, 1e-3, 3e-3), range(3)
WARMED, WARM_UP = "after, with warm-up", 60  # steps in which the rate grows from near 0
RUNS = [*itertools.product(PLACES, BLOCKS, RATES, SEEDS), *((WARMED, max(BLOCKS), max(RATES), seed) for seed in SEEDS)]
SYMBOLS, LENGTH, WIDTH, STEPS, BATCH = 8, 12, 48, 150, 32
CHANCE = float(np.log(SYMBOLS))  # the loss of one who knows nothing


class Backwards(nn.Module):
    """Symbols (B, T) to logits (B, T, V) through blocks of PyTorch's, normalised "first" or "after"."""

    def __init__(self, normalised, blocks):
        super().__init__()
        self.table, self.place = nn.Embedding(SYMBOLS, WIDTH), nn.Parameter(torch.randn(LENGTH, WIDTH) / 2)
        first = normalised == "first"
        self.blocks = nn.Sequential(
            *(nn.TransformerEncoderLayer(WIDTH, 4, 2 * WIDTH, 0.0, batch_first=True, norm_first=first)
              for _ in range(blocks))
        )  # fmt: skip
        self.out = nn.Sequential(nn.LayerNorm(WIDTH), nn.Linear(WIDTH, SYMBOLS))

    def forward(self, symbols):
        return self.out(self.blocks(self.table(symbols) + self.place))


def run(normalised, blocks, rate, seed):
    """Train once; returns the line of results, with the loss of every fifth step."""
    torch.manual_seed(seed)
    model = Backwards(normalised, blocks)

    def draw(rng):
        return (torch.from_numpy(rng.integers(SYMBOLS, size=(BATCH, LENGTH))),)

    def loss(model, symbols):
        return nn.functional.cross_entropy(model(symbols).flatten(0, 1), symbols.flip(1).flatten())

    optimiser = torch.optim.Adam(model.parameters(), rate)
    warm_up = WARM_UP if normalised == WARMED else 1
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1.0, (step + 1) / warm_up))
    history = train(model, draw, loss, optimiser=optimiser, schedule=schedule, steps=STEPS, batch=BATCH, seed=seed,
                    progress=False)  # fmt: skip
    names = dict(zip(NAMES, (normalised, blocks, rate, seed), strict=True))
    return names | {"losses": [round(x, 4) for x in history.losses[4::5]]}


def losses(normalised, blocks, rate):
    """The losses of every fifth step, (seeds, 30)."""
    lines = kept.read(RESULTS, *NAMES)
    return np.array([lines[normalised, blocks, rate, seed]["losses"] for seed in SEEDS])


def as_text():
    """The loss at the end, mean of the last ten steps, of each seed."""
    rows = [f"{'rate':>8s}{'blocks':>8s}" + "".join(f"{'normalised ' + place:>26s}" for place in PLACES)]
    for rate, blocks in itertools.product(RATES, BLOCKS):
        ends = (losses(place, blocks, rate)[:, -2:].mean(1) for place in PLACES)
        rows.append(f"{rate:8.0e}{blocks:8d}" + "".join(f"{_three(e):>26s}" for e in ends))
    warmed = losses(WARMED, max(BLOCKS), max(RATES))[:, -2:].mean(1)
    rows.append(f"{max(RATES):8.0e}{max(BLOCKS):8d}{'':26s}{_three(warmed):>26s}  with a warm-up of {WARM_UP} steps")
    return "\n".join(rows)


def _three(ends):
    return " ".join(f"{x:.2f}" for x in ends)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "depth")
    print(as_text())


if __name__ == "__main__":
    main()
