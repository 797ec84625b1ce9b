"""Does the aligned space feed captioning? Captioners that read only a vector of it, and some that never saw an image.

    python -m mmcourse.studies.aligned_captions             runs what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.aligned_captions --again     runs everything anew, and says how many lines are the same

All are the LSTM captioner of chapter 05, trained for the same number of steps, and write about 600 held-out scenes.
A captioner that learned to write down the meaning of text vectors can be given image vectors instead, as far as the two
modalities lie together: the middle of the images can be moved onto that of the texts, and noise in training makes the
writer indifferent to what still differs (Nukrai et al. 2022, "Text-only training for image captioning using
noise-injected CLIP", arXiv:2211.00575, section 3).
"""

import time

import numpy as np
import torch

from mmcourse.captioning.models import Captioner
from mmcourse.captioning.words import Words
from mmcourse.studies import captions as captioners
from mmcourse.studies import kept, retrieval
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train

RESULTS = DIGITS.with_name("aligned_captions.jsonl")
NAMES = ("reads", "seed")
READS = ("mean features", "features of places", "aligned images", "aligned texts", "aligned texts and noise")
SEEDS = range(2)
STEPS, BATCH, RATE = 300, 64, 3e-3
RUNS = [(reads, seed) for seed in SEEDS for reads in READS]


def vectors(reads, seed):
    """(what the captioner reads in training (N, D), noise (D,), {name: what it is given for test scenes (M, D)})."""
    if not reads.startswith("aligned"):
        see = retrieval.grid if reads == "features of places" else lambda regions: regions.mean(1)
        x = {split: see(retrieval.seen(split)) for split in captioners.COUNTS}
        return x["train"], np.zeros(x["train"].shape[1], np.float32), {"as it is": x["test"]}
    space, _ = retrieval.trained("hard negatives", "en", seed)
    u, v = (x * x.shape[1] ** 0.5 for x in retrieval.embedded(space, "en", "train"))  # numbers of order one
    test = retrieval.embedded(space, "en")[0] * u.shape[1] ** 0.5
    none = np.zeros(u.shape[1], np.float32)
    if reads == "aligned images":
        return u, none, {"as it is": test}
    given = {"as it is": test, "gap closed": test - u.mean(0) + v.mean(0)}
    return v, (u - v).std(0) if "noise" in reads else none, given


def fit(x, noise, captions, words, seed=0, progress=True, steps=STEPS):
    """Train a captioner that reads vectors x (N, D), with fresh noise of these deviations (D,) on each."""
    encoded = words.encode(captions)
    model = Captioner("lstm", np.random.default_rng(seed), V=len(words), D=x.shape[1], I=128, H=256)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.15)

    def draw(rng):
        i = rng.choice(len(x), BATCH, replace=False)
        return x[i] + noise * rng.standard_normal(x[i].shape, np.float32), encoded[i]

    train(model, draw, lambda model, *batch: model(*batch), optimiser=optimiser, schedule=schedule, steps=steps,
          seed=seed, progress=progress)  # fmt: skip
    return model


def run(reads, seed):
    x, noise, given = vectors(reads, seed)
    true = {split: captioners.task_captions(split, "en") for split in captioners.COUNTS}
    words, started = Words(true["train"]), time.process_time()
    model = fit(x, noise, true["train"], words, seed, progress=False)
    line = {"reads": reads, "seed": seed, "numbers": x.shape[1], "CPU-seconds": round(time.process_time() - started, 1)}
    for name, test in given.items():
        written = captioners.write(model, "attention", test, words)  # which hands them on as they are
        line[name] = {metric: round(float(s), 4) for metric, s in captioners.scores(written, true["test"]).items()}
    return line


def results():
    """The lines kept so far, by (reads, seed)."""
    return kept.read(RESULTS, *NAMES)


def as_text():
    """The table: the mean over the seeds."""
    rows = [f"{'mean of the seeds':38s}{'numbers':>8s}{'BLEU-4':>8s}{'CIDEr-D':>9s}{'exact':>7s}{'seconds':>9s}"]
    found = results()
    for reads in READS:
        lines = [found[reads, seed] for seed in SEEDS if (reads, seed) in found]
        for name in [n for n in ("as it is", "gap closed") if lines and n in lines[0]]:
            bleu, cider, exact = (np.mean([line[name][m] for line in lines]) for m in ("BLEU-4", "CIDEr-D", "exact"))
            row = f"{reads + ', ' + name:38s}{lines[0]['numbers']:8d}{bleu:8.3f}{cider:9.2f}{exact:7.3f}"
            rows.append(row + f"{np.mean([line['CPU-seconds'] for line in lines]):9.0f}")
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "captioners", retrieval.same)
    print(as_text())


if __name__ == "__main__":
    main()
