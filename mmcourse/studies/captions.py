"""Captions of compositions that were never seen: three captioners, two languages.

    python -m mmcourse.studies.captions             runs what is missing, then prints the table; safe to stop and repeat
    python -m mmcourse.studies.captions --again     runs everything anew, and says how many lines came out the same

All look at what the frozen EfficientNet-Lite0 sees in 4,000 training scenes, and write about 600 test scenes. One run
is one line of results/captions.jsonl: captioner, language, seed, CPU-seconds of training, and all 600 captions.
"""

import functools
import time
from typing import NamedTuple

import numpy as np
import torch

from mmcourse.captioning import pytorch
from mmcourse.captioning.models import Captioner
from mmcourse.captioning.transformer import TransformerCaptioner
from mmcourse.captioning.words import BEGIN, END, Words, placed, standard
from mmcourse.data import scenes
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bleu, cider_d
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train
from mmcourse.vision import features

RESULTS = DIGITS.with_name("captions.jsonl")
NAMES = ("kind", "language", "seed")  # which tell one line from the others
COUNTS = {"train": 4000, "test": 600}
KINDS = {  # the steps of training, the highest learning rate, and the decay of the weights
    "lstm": (600, 3e-3, 0.01),
    "attention": (400, 5e-3, 0.1),
    "transformer": (350, 2e-3, 0.01),
}
SEEDS = range(3)
RUNS = [(kind, language, seed) for kind in KINDS for language in LANGUAGES for seed in SEEDS]


class Task(NamedTuple):
    """Both splits: the placed regions (N, P, D), the captions in words, the training captions (N, T + 1) as numbers."""

    regions: dict
    captions: dict
    words: Words
    encoded: np.ndarray


@functools.cache
def seen(network="efficientnet_lite0", progress=True):
    """{split: placed regions (N, P, D) float32}, as the network sees them; from the cache, or in a minute."""
    return {split: placed(regions(split, network, progress), scale(network)) for split in COUNTS}


def regions(split, network="efficientnet_lite0", progress=True):
    """What a frozen network sees of the scenes of a split, (N, R, C) float32."""
    return features.extract(scenes.load(split, COUNTS[split]).images, network, progress).regions


@functools.cache
def scale(network="efficientnet_lite0"):
    """The `Standard` of the training scenes' regions."""
    return standard(regions("train", network))


@functools.cache
def task(language, network="efficientnet_lite0"):
    captions = {split: task_captions(split, language) for split in COUNTS}
    words = Words(captions["train"])
    return Task(seen(network), captions, words, words.encode(captions["train"]))


def task_captions(split, language):
    """The true captions of a split, as tuples of words."""
    return [record.caption(language).words for record in scenes.load(split, COUNTS[split]).records]


def images_for(kind, seen):
    """What a captioner of a kind looks at: the placed regions, or for "lstm" their mean."""
    return seen.mean(1) if kind == "lstm" else seen


def untrained(kind, task, seed=0):
    V, D, T = len(task.words), task.regions["train"].shape[-1], task.encoded.shape[1] - 1
    if kind == "transformer":
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            return TransformerCaptioner(V, D, T)
    sizes = {"V": V, "D": D, "I": 128, "H": 256} | ({"A": 64} if kind == "attention" else {})
    return Captioner(kind, np.random.default_rng(seed), **sizes)


def fit(kind, task, seed=0, progress=True, **options):
    """Train a captioner; returns (model, history). options: over those of `mmcourse.train.train`."""
    steps, rate, decay = KINDS[kind]
    steps = options.pop("steps", steps)
    model = untrained(kind, task, seed)
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.15)
    data = images_for(kind, task.regions["train"]), task.encoded
    history = train(model, data, lambda model, *batch: model(*batch), optimiser=optimiser, schedule=schedule,
                    steps=steps, seed=seed, progress=progress, **options)  # fmt: skip
    return model, history


def write(model, kind, seen, words, longest=20):
    """Captions of images by greedy search: N tuples of words. seen: placed regions (N, P, D)."""
    images = torch.from_numpy(images_for(kind, seen))
    longest = min(longest, getattr(model, "longest", longest))
    with torch.inference_mode():
        found = [h for part in images.split(100) for h in
                 pytorch.greedy_search(*model.stepper(part), BEGIN, END, longest)]  # fmt: skip
    return [words.decode(h.words) for h in found]


def scores(written, true):
    """{"BLEU-4", "CIDEr-D", "exact"} of N captions, one reference each; exact: the share without a fault."""
    references = [[caption] for caption in true]
    found = {"BLEU-4": bleu(references, written)[3], "CIDEr-D": cider_d(references, written)}
    return found | {"exact": float(np.mean([w == t for w, t in zip(written, true, strict=True)]))}


def run(kind, language, seed):
    t = task(language)
    started = time.process_time()
    model, _ = fit(kind, t, seed, progress=False)
    seconds = time.process_time() - started
    written = write(model, kind, t.regions["test"], t.words)
    return {"kind": kind, "language": language, "seed": seed, "CPU-seconds": round(seconds, 1),
            "captions": [" ".join(w) for w in written]}  # fmt: skip


def results():
    """The lines kept so far, by (kind, language, seed)."""
    return kept.read(RESULTS, *NAMES)


def table():
    """Rows (kind, language, metric) -> the values over the seeds."""
    true = {language: task_captions("test", language) for language in LANGUAGES}
    found = {}
    for (kind, language, _), line in sorted(results().items(), key=lambda item: RUNS.index(item[0])):
        written = [tuple(c.split()) for c in line["captions"]]
        for metric, value in (scores(written, true[language]) | {"CPU-seconds": line["CPU-seconds"]}).items():
            found.setdefault((kind, language, metric), []).append(value)
    return found


def as_text():
    """The table: the mean over the seeds of each metric, and the lowest."""
    found = table()
    metrics = ("BLEU-4", "CIDEr-D", "exact", "CPU-seconds")
    rows = [f"{'mean (lowest) of ' + str(len(SEEDS)) + ' seeds':24s}" + "".join(f"{m:>18s}" for m in metrics)]
    for kind, language in dict.fromkeys((kind, language) for kind, language, _ in found):
        cells = [np.array(found[kind, language, m]) for m in metrics]
        rows.append(f"{kind:12s}{language:12s}" + "".join(map(_cell, cells)))
    return "\n".join(rows)


def _cell(values):
    digits = 3 if values.max() < 20 else 0
    return f"{f'{values.mean():.{digits}f} ({values.min():.{digits}f})':>18s}"


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "captioners", lambda old, new: old["captions"] == new["captions"])
    print(as_text())


if __name__ == "__main__":
    main()
