"""Pictures from words: GAN, VAE and flow matching, on pairs seen in training and on held-out ones.

    python -m mmcourse.studies.text_to_image             runs what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.text_to_image --again     runs everything anew, and says how many lines came out the same
    python -m mmcourse.studies.text_to_image --costs     measures the seconds alone, on a quiet machine

Each kind trains for as long as `generation.fit` does by default, and for a third of that. One run is one line of
results/text_to_image.jsonl, a function of kind, steps and seed: on one machine a second run writes the same lines.
Seconds stand apart, in results/text_to_image_costs.json.
"""

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import generation
from mmcourse.checkpoints import judge
from mmcourse.data import portraits
from mmcourse.generation import judging
from mmcourse.metrics import wilson_interval
from mmcourse.studies import kept

RESULTS = Path(__file__).parent / "results" / "text_to_image.jsonl"
NAMES = ("kind", "steps", "seed")  # which tell one line from the others
COSTS = RESULTS.with_name("text_to_image_costs.json")
SEEDS = range(3)
STEPS = (300, 900)
EACH = 15  # drawn pictures of each held-out pair
SEEN = 2  # of each seen one, of which there are four times as many


def run(kind, steps, seed):
    """Train, draw and judge: one line of the results."""
    data = portraits.load("train")
    painter = generation.fit(kind, data, steps, seed, progress=False)
    critic, rng = judge.load(), np.random.default_rng([seed, 1])
    line = {"kind": kind, "steps": steps, "seed": seed, "parameters": painter.parameters}
    for name, held_out, times in (("seen", False, SEEN), ("held out", True, EACH)):
        asked = portraits.pairs(held_out=held_out) * times
        drawn = painter.draw([portraits.caption(*pair) for pair in asked], rng)
        named = critic.name(drawn)
        line[name] = {
            "pictures": len(asked),
            "concept": sum(n[0] == a[0] for n, a in zip(named, asked, strict=True)),
            "background": sum(n[1] == a[1] for n, a in zip(named, asked, strict=True)),
            "both": sum(n == a for n, a in zip(named, asked, strict=True)),
        }
    right = np.array([n == a for n, a in zip(named, asked, strict=True)])
    line["pairs"] = right.reshape(EACH, -1).sum(0).tolist()  # of the held-out ones, in their order
    real, other = (portraits.of(asked, rng) for _ in range(2))
    distances = judging.frechet(critic.features, drawn, real.images, other.images)
    line["frechet"], line["frechet of real"] = (round(d, 2) for d in distances)
    line["memorising"] = round(judging.memorising(drawn, real.images, data.images), 3)
    return line


def costs(kind):
    """CPU-seconds to train for the longer time, and to draw 64 pictures, on one thread."""
    painter = generation.fit(kind, portraits.load("train"), STEPS[-1], progress=False)
    started = time.process_time()
    painter.draw([portraits.caption("cat", "grass")] * 64, np.random.default_rng(0))
    return {"train": round(painter.seconds, 1), "draw 64": round(time.process_time() - started, 2)}


def results():
    """The lines kept so far, by (kind, steps, seed)."""
    return kept.read(RESULTS, *NAMES)


def all_runs():
    return [(kind, steps, seed) for steps in STEPS for kind in generation.DEFAULTS for seed in SEEDS]


def lines(kind, steps):
    """The lines of one kind, one a seed."""
    return [line for key, line in results().items() if key[:2] == (kind, steps)]


def share(kind, steps, split, what="both"):
    """Over all seeds: the share named right, and its 95 % interval over the pictures (Wilson).

    Pictures of one painter and pair resemble each other; `over_pairs` allows for that.
    """
    counts = [line[split] for line in lines(kind, steps)]
    hits, n = (sum(c[name] for c in counts) for name in (what, "pictures"))
    return hits / n, wilson_interval(hits, n)


def over_pairs(kind, steps):
    """The 95 % interval of the held-out share if other pairs had been held out.

    Each pair counts as one trial, however many pictures and seeds there are of it (Wilson): right if all are, a part of
    one otherwise. So twenty right ones of twenty say no more than "above 84 %".
    """
    pairs = np.array([line["pairs"] for line in lines(kind, steps)]).mean(0) / EACH
    return wilson_interval(pairs.sum(), len(pairs))


def as_text():
    """The table: seconds, shares named right, Fréchet distance and nearness to training pictures."""
    spent = json.loads(COSTS.read_text(encoding="utf8"))
    rows = [
        "                CPU-seconds   named right   held out, 95 % over   held out, each   Fréchet   nearest:",
        "     steps   train  draw 64   seen    new   pictures     pairs     thing  place    distance  drawn / real",
    ]
    for steps, kind in itertools.product(STEPS, generation.DEFAULTS):
        train = spent[kind]["train"] * steps / STEPS[-1]
        seen, (new, pictures) = share(kind, steps, "seen")[0], share(kind, steps, "held out")
        thing, place = (share(kind, steps, "held out", what)[0] for what in ("concept", "background"))
        apart, near = (np.mean([line[n] for line in lines(kind, steps)]) for n in ("frechet", "memorising"))
        rows.append(
            f"{kind:4s} {steps:5d} {train:7.0f} {spent[kind]['draw 64']:8.2f} {seen:6.0%} {new:6.0%}   "
            f"{_range(pictures)}   {_range(over_pairs(kind, steps))}  {thing:6.0%} {place:6.0%} "
            f"{apart:11.0f} {near:9.2f}"
        )
    rows.append(f"real pictures against other real ones: a distance of {_real_distance():.0f}")
    return "\n".join(rows)


def _real_distance():
    return np.mean([line["frechet of real"] for line in results().values()])


def _range(interval):
    return "{:3.0f}-{:<3.0f}".format(*(100 * end for end in interval))


def main():
    torch.set_num_threads(1)
    if "--costs" in sys.argv:
        COSTS.write_text(json.dumps({kind: costs(kind) for kind in generation.DEFAULTS}, indent=1) + "\n", "utf8")
    kept.complete(RESULTS, NAMES, all_runs(), run, "painters")
    print(as_text())


if __name__ == "__main__":
    main()
