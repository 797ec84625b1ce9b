"""What does somebody feel? Face, voice and words, alone and fused, where they agree and where they do not.

    python -m mmcourse.studies.emotions            trains what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.emotions --again    trains everything anew, and says how many lines are the same

Each model is asked about the test moments of `mmcourse.data.emotions` as they are, with a modality taken away, and with
one that belongs to another moment; and about the kind of disagreement that training never shows.
"""

import functools

import numpy as np
import torch
from torch import nn

from mmcourse.data import emotions
from mmcourse.data.emotions import EMOTIONS, KINDS
from mmcourse.metrics import over_seeds, paired_interval
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.studies.emotions_towers import JOINTS, MODALITIES, Average, FeelingModel, bands, counted, dropped, pixels
from mmcourse.train import train

RESULTS = DIGITS.with_name("emotions.jsonl")
NAMES = ("method", "dropout", "seed")
METHODS = (*MODALITIES, "late average", *JOINTS)
DROPOUT = 0.5  # the share of examples that lose a modality, in the training of those models that are to do without
SEEDS = range(3)
RUNS = [
    (method, dropout, seed)
    for seed in SEEDS
    for dropout, methods in ((0.0, METHODS), (DROPOUT, ("late sum", "concatenation")))
    for method in methods
]
STEPS, BATCH, RATE = 400, 64, 3e-3
_NOISE = 0.1  # standard deviation, added to each training face, which goes from −1 to 1


@functools.cache
def tensors(split):
    """Faces, spectrograms, words, present (N, 3) and labels (N,) of "train", "test" or "unseen"."""
    data = emotions.load(split)
    arrays = pixels(data.faces), bands(data.sounds), counted(data.texts), np.ones((len(data), 3), bool), data.labels
    return tuple(map(torch.from_numpy, arrays))


def fit(method, dropout=0.0, seed=0, steps=STEPS, progress=True):
    """Train one of `METHODS` on the training moments; returns the model, which is a function of the arguments.

    dropout: the share of examples that lose one modality in each step of training.
    """
    if method not in METHODS:
        raise ValueError(f"fit: expected one of the methods {METHODS}, came {method!r}")
    if method == "late average":
        return Average([_alone(name, seed, steps) for name in MODALITIES]).eval()
    torch.manual_seed(seed)
    model = FeelingModel(method)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)

    def loss(model, faces, bands, counts, present, labels):
        faces = faces + _NOISE * torch.randn_like(faces)
        return nn.functional.nll_loss(model(faces, bands, counts, dropped(present, dropout)), labels)

    train(model, tensors("train"), loss, optimiser=optimiser, schedule=schedule, steps=steps, batch=BATCH, seed=seed,
          progress=progress)  # fmt: skip
    return model


@functools.cache
def _alone(name, seed, steps=STEPS):
    return fit(name, seed=seed, steps=steps, progress=False)


def log_chances(model, split="test", without=None, swapped=None, rng=None):
    """What a model says to each moment of a split: log probabilities (N, 6) float64.

    without: a modality that is taken away from all.   swapped: one that each moment gets from another, which the
    numpy Generator rng draws: what a model loses by that is how much it looked there (Breiman 2001, "Random forests",
    Machine Learning 45: permutation importance).
    """
    *inputs, present, _ = tensors(split)
    if without:
        present = present.clone()
        present[:, MODALITIES.index(without)] = False
    if swapped:
        i = MODALITIES.index(swapped)
        inputs[i] = inputs[i][torch.from_numpy(rng.permutation(len(present)))]
    with torch.inference_mode():
        return model(*inputs, present).double().numpy()


def run(method, dropout, seed):
    """Train once and ask; returns the line of results, where each answer is a digit, its number in EMOTIONS."""
    alone = method in MODALITIES
    model = _alone(method, seed) if alone else fit(method, dropout, seed, progress=False)

    def said(**how):
        return "".join(map(str, log_chances(model, **how).argmax(1)))

    line = {"method": method, "dropout": dropout, "seed": seed, "test": said(), "unseen": said(split="unseen")}
    for m in () if alone else MODALITIES:
        line[f"without {m}"] = said(without=m)
        line[f"swapped {m}"] = said(swapped=m, rng=np.random.default_rng([seed, MODALITIES.index(m)]))
    return line


def results():
    """The lines kept so far, by (method, dropout, seed)."""
    return kept.read(RESULTS, *NAMES)


def answers(method, seed, case="test", dropout=0.0):
    """What a model said to each moment, (N,) numbers in EMOTIONS.

    case: "test", "unseen", or "without" or "swapped" and a modality ("without voice"), which are of the test split.
    """
    return np.array(list(results()[method, dropout, seed][case]), np.int64)


def right(method, seed, case="test", dropout=0.0, kind=None):
    """Which moments a model took for what they are, bool (N,); those of one kind, if told."""
    labels, kinds = _truth("unseen" if case == "unseen" else "test")
    found = answers(method, seed, case, dropout) == labels
    return found if kind is None else found[kinds == kind]


@functools.cache
def _truth(split):
    """What is felt in each moment of a split, and its kind."""
    data = emotions.load(split)
    return data.labels, data.kinds


def share(method, case="test", dropout=0.0, kind=None):
    """The share that is right, a number a seed."""
    return np.array([right(method, seed, case, dropout, kind).mean() for seed in SEEDS])


def gain(method, other, case="test", dropouts=(0.0, 0.0), kind=None):
    """By how much more of the moments a method is right than another, each with its dropout.

    Returns (difference, (low, high) over moments, (low, high) over seeds), both intervals paired and of 95 %: over
    moments by the bootstrap on each moment's mean over the seeds, over seeds by Student's t.
    """
    a, b = (
        np.mean([right(name, seed, case, dropout, kind) for seed in SEEDS], 0, dtype=float)
        for name, dropout in zip((method, other), dropouts, strict=True)
    )
    seeds = share(method, case, dropouts[0], kind) - share(other, case, dropouts[1], kind)
    return float((a - b).mean()), paired_interval(a, b, rng=np.random.default_rng(0)), over_seeds(seeds)[1:]


def confusion(method, dropout=0.0):
    """(6, 6): of the moments of test in which a row's emotion is felt, the share said to be a column's; all seeds."""
    labels, counts = emotions.load("test").labels, np.zeros((len(EMOTIONS), len(EMOTIONS)))
    for seed in SEEDS:
        np.add.at(counts, (labels, answers(method, seed, dropout=dropout)), 1)
    return counts / counts.sum(1, keepdims=True)


def as_text(columns=None):
    """The table of all methods by kind of moment, and the unseen kind: mean of the seeds."""
    columns = columns or ["all", *KINDS]
    rows = [f"{'':16s}" + "".join(f"{kind:>11s}" for kind in (*columns, "unseen"))]
    for method in METHODS:
        found = [share(method, kind=None if k == "all" else k).mean() for k in columns]
        rows.append(f"{method:16s}" + "".join(f"{v:11.3f}" for v in (*found, share(method, "unseen").mean())))
    return "\n".join(rows)


def missing_as_text():
    """What is right with everything and without each modality, of models that trained with all and with dropout."""
    cases = ("test", *(f"without {m}" for m in MODALITIES))
    rows = [f"{'':16s}{'dropout':>8s}" + "".join(f"{case:>15s}" for case in cases)]
    for method, dropout in dict.fromkeys((m, d) for m, d, _ in RUNS if m not in MODALITIES):
        found = "".join(f"{share(method, case, dropout).mean():15.3f}" for case in cases)
        rows.append(f"{method:16s}{dropout:8.1f}{found}")
    return "\n".join(rows)


def lost_as_text(method, dropout=0.0):
    """By how much less is right, by kind, where a modality comes from another moment: mean of the seeds."""
    rows = [f"{'swapped':16s}" + "".join(f"{kind:>11s}" for kind in ("all", *KINDS))]
    for m in MODALITIES:
        lost = [
            (share(method, dropout=dropout, kind=k) - share(method, f"swapped {m}", dropout, k)).mean()
            for k in (None, *KINDS)
        ]
        rows.append(f"{m:16s}" + "".join(f"{v:11.3f}" for v in lost))
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "emotions")
    print(as_text(), missing_as_text(), lost_as_text("concatenation"), sep="\n\n")


if __name__ == "__main__":
    main()
