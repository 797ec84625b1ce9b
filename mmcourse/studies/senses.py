"""Four senses in one Transformer: face, voice, words and pulse as tokens; and what gaps and pairs teach without labels.

    python -m mmcourse.studies.senses            trains what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.senses --again    trains everything anew, and says how many lines are the same

The moments of `mmcourse.data.emotions`, with `mmcourse.data.pulses` beside them. First a network may learn from all
3,000 training moments without their labels ("gaps": hidden tokens are to be filled in; "pairs": half of a moment's
modalities are to find the other half; "both"), then it learns from as many labels as it gets. The learning rate was
chosen of three on 300 training moments held back, without learning beforehand, and two layers taken for their speed;
nothing else was tuned.
"""

import functools

import numpy as np
import torch
from torch.nn import functional as F

from mmcourse.alignment.pytorch import info_nce, normalise
from mmcourse.attribution.scratch import coalitions
from mmcourse.data import emotions, pulses
from mmcourse.data.emotions import EMOTIONS, KINDS
from mmcourse.metrics import over_seeds, paired_interval
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.studies.emotions import tensors as towers_tensors
from mmcourse.studies.emotions_towers import FeelingModel, vocabulary
from mmcourse.text.tokens import words as split_words
from mmcourse.train import train
from mmcourse.transformer.models import PAD, MultimodalTransformer
from mmcourse.transformer.pytorch import masked_mse_loss, patches

RESULTS = DIGITS.with_name("senses.jsonl")
NAMES = ("beforehand", "labels", "seed")
SENSES = ("face", "voice", "words", "pulse")
BEFOREHAND, LABELS, SEEDS = ("nothing", "gaps", "pairs", "both"), (100, 300, 3000), range(3)
TOWERS = "late sum of towers"  # chapter 10's model of three senses, for comparison
RUNS = [(name, labels, seed) for seed in SEEDS for name in (*BEFOREHAND, TOWERS) for labels in LABELS]
PATCH, FRAMES, SAMPLES, LONGEST = 8, 6, pulses.RATE, 10  # pixels, columns of a spectrogram, a second, words
STEPS = {100: 200, 300: 200, 3000: 400}  # by labels
ALONE_STEPS, BATCH, RATE = 300, 64, 2e-3
LEFT_OUT, HIDDEN = 0.25, 0.5  # the share of modalities lost in training, and of tokens to be guessed
TEMPERATURE = 0.1


@functools.cache
def tensors(split):
    """({sense: tokens (N, T, …)}, labels (N,)) of "train", "test" or "unseen", each number near order one."""
    data = emotions.load(split)
    pixels, bands, *_ = towers_tensors(split)
    body = pulses.load(split, len(data))
    body = (body - body[:, : int(pulses.MOMENT * pulses.RATE)].mean(1, keepdims=True)) / _spread()
    found = {
        "face": patches(pixels, PATCH),
        "voice": patches(bands, FRAMES),
        "words": torch.from_numpy(numbered(data.texts)),
        "pulse": patches(torch.from_numpy(body.astype(np.float32)).mT, SAMPLES),
    }
    return found, torch.from_numpy(data.labels)


@functools.cache
def _spread():
    """Of each of the two sensors, over training, after what was there before the moment is taken away."""
    body = pulses.load("train")
    return (body - body[:, : int(pulses.MOMENT * pulses.RATE)].mean(1, keepdims=True)).std((0, 1))


def numbered(texts):
    """Word ids (N, LONGEST) int64: `PAD` after the last, words that training never says left out."""
    ids, rows = vocabulary(), np.full((len(texts), LONGEST), PAD)
    for row, text in zip(rows, texts, strict=True):
        known = [ids[w] + 1 for w in split_words(text) if w in ids][:LONGEST]
        row[: len(known)] = known
    return rows


def network():
    """A `MultimodalTransformer` for the four senses; its first parameters are drawn from torch's generator."""
    shapes = {name: tuple(x.shape[1:]) for name, x in tensors("train")[0].items()}
    shapes["words"] = LONGEST, len(vocabulary()) + 1
    return MultimodalTransformer(shapes, len(EMOTIONS), words=("words",), width=64, layers=2, heads=4, dropout=0.1)


def left_out(B, share=LEFT_OUT):
    """present (B, 4) bool: each sense is lost by itself, but never all; drawn from torch's generator."""
    present = torch.rand(B, len(SENSES)) >= share
    present[torch.arange(B), torch.randint(len(SENSES), (B,))] = True
    return present


def gaps_loss(model, *inputs):
    """Hide half of all tokens; how far the guesses are off: squares for numbers, cross-entropy for words."""
    inputs = dict(zip(SENSES, inputs, strict=True))
    hidden = {n: torch.rand(x.shape[:2]) < HIDDEN for n, x in inputs.items()}
    hidden["words"] &= inputs["words"] != PAD
    guesses = model.reconstruct(model(inputs, hidden=hidden)[1])
    numbers = [masked_mse_loss(guesses[n], x, hidden[n]) for n, x in inputs.items() if n != "words"]
    said = F.cross_entropy(guesses["words"][hidden["words"]], inputs["words"][hidden["words"]])
    return sum(numbers) + said / 2


def pairs_loss(model, *inputs):
    """Half of a moment's senses, drawn anew each step, are to find the other half among those of the batch."""
    inputs, B = dict(zip(SENSES, inputs, strict=True)), len(inputs[0])
    half = torch.zeros(1, len(SENSES), dtype=torch.bool)
    half[0, torch.randperm(len(SENSES))[: len(SENSES) // 2]] = True
    views = [normalise(_summary(model, inputs, present.expand(B, -1))) for present in (half, ~half)]
    return info_nce(*views, torch.tensor(-np.log(TEMPERATURE)))


def _summary(model, inputs, present):
    """The mean of all answers of those senses that are present, (B, D)."""
    _, answers = model(inputs, present)
    there = present.repeat_interleave(torch.tensor([a.shape[1] for a in answers.values()]), 1)[..., None]
    return (torch.cat(list(answers.values()), 1) * there).sum(1) / there.sum(1)


def both_loss(model, *inputs):
    return gaps_loss(model, *inputs) + pairs_loss(model, *inputs)


LOSSES = {"gaps": gaps_loss, "pairs": pairs_loss, "both": both_loss}


def learn(model, data, loss, steps, rate, seed, progress):
    """Train the model in place with AdamW and one cycle of the learning rate."""
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1)
    return train(model, data, loss, optimiser=optimiser, schedule=schedule, steps=steps, batch=min(BATCH, len(data[0])),
                 seed=seed, progress=progress)  # fmt: skip


@functools.lru_cache(1)
def taught_alone(name, seed, progress=False):
    """The parameters of a network that has seen all training moments without their labels."""
    torch.manual_seed(seed)
    model = network()
    if name != "nothing":
        learn(model, list(tensors("train")[0].values()), LOSSES[name], ALONE_STEPS, RATE, seed, progress)
    return model.state_dict()


def fit(beforehand="nothing", labels=3000, seed=0, *, rate=RATE, steps=None, start=0, progress=True):
    """Train on the training moments from `start` on, as many as labels says; returns the model."""
    inputs, wanted = tensors("train")
    chosen = slice(start, start + labels)
    model = network()
    model.load_state_dict(taught_alone(beforehand, seed, progress))

    def loss(model, *batch):
        *batch, labels = batch
        logits, _ = model(dict(zip(SENSES, batch, strict=True)), left_out(len(labels)))
        return F.cross_entropy(logits, labels)

    learn(model, [x[chosen] for x in inputs.values()] + [wanted[chosen]],
          loss, steps or STEPS[labels], rate, seed, progress)  # fmt: skip
    return model


def fit_towers(labels=3000, seed=0):
    """Chapter 10's late sum of face, voice and words, on as many moments."""
    torch.manual_seed(seed)
    model = FeelingModel("late sum")

    def loss(model, *batch):
        *batch, wanted = batch
        return F.nll_loss(model(*batch), wanted)

    learn(model, [x[:labels] for x in towers_tensors("train")], loss, STEPS[labels], 3e-3, seed, progress=False)
    return model


@torch.inference_mode()
def logits(model, split="test", present=None):
    """(N, 6) float64 for the moments of a split. present: (4,) bool, which senses there are; all if not told."""
    inputs, labels = tensors(split)
    if present is not None:
        present = torch.as_tensor(present).expand(len(labels), -1)
    return model.eval()(inputs, present)[0].double().numpy()


def run(beforehand, labels, seed):
    """Train once and ask; returns the line of results, where each answer is a digit, its number in EMOTIONS."""
    line = {"beforehand": beforehand, "labels": labels, "seed": seed}
    if beforehand == TOWERS:
        model, (*inputs, _) = fit_towers(labels, seed), towers_tensors("test")
        with torch.inference_mode():
            return line | {"1111": _digits(model(*inputs).numpy())}
    model = fit(beforehand, labels, seed, progress=False)
    line["unseen"] = _digits(logits(model, "unseen"))
    everything = beforehand == "nothing" and labels == max(LABELS)
    asked = coalitions(len(SENSES)) if everything else np.ones((1, len(SENSES)), bool)
    return line | {_bits(there): _digits(logits(model, present=there)) for there in asked}


def _digits(scores):
    return "".join(map(str, scores.argmax(1)))


def _bits(there):
    return "".join(str(int(t)) for t in there)


def results():
    """The lines kept so far, by (beforehand, labels, seed)."""
    return kept.read(RESULTS, *NAMES)


@functools.cache
def _truth(split):
    data = emotions.load(split)
    return data.labels, data.kinds


def right(beforehand, labels, seed, there="1111", kind=None):
    """Which moments a model took for what they are, bool (N,); there: "unseen", or a digit for each sense, 0 absent."""
    wanted, kinds = _truth("unseen" if there == "unseen" else "test")
    found = np.array(list(results()[beforehand, labels, seed][there]), np.int64) == wanted
    return found if kind is None else found[kinds == kind]


def share(beforehand, labels=3000, there="1111", kind=None):
    """The share that is right, a number a seed."""
    return np.array([right(beforehand, labels, seed, there, kind).mean() for seed in SEEDS])


def gain(beforehand, other, labels, others_labels=None, there=("1111", "1111")):
    """By how much more of the test moments one is right than another.

    Returns (difference, (low, high) over moments, (low, high) over seeds), both paired and of 95 %, as in
    `studies.emotions.gain`.
    """
    pair = ((beforehand, labels, there[0]), (other, others_labels or labels, there[1]))
    a, b = (np.mean([right(n, many, s, t) for s in SEEDS], 0, dtype=float) for n, many, t in pair)
    seeds = np.subtract(*(share(n, many, t) for n, many, t in pair))
    return float((a - b).mean()), paired_interval(a, b, rng=np.random.default_rng(0)), over_seeds(seeds)[1:]


def coalition_scores(kind=None):
    """What is right by which senses there are: (16, seeds), in the order of `attribution.scratch.coalitions`."""
    return np.array([share("nothing", there=_bits(there), kind=kind) for there in coalitions(len(SENSES))])


def as_text():
    """What is right by what was learned beforehand and by the number of labels, the mean of the seeds."""
    rows = [f"{'beforehand':20s}" + "".join(f"{labels:>14d}" for labels in LABELS)]
    for name in (*BEFOREHAND, TOWERS):
        rows.append(f"{name:20s}" + "".join(f"{share(name, labels).mean():14.3f}" for labels in LABELS))
    return "\n".join(rows)


def kinds_as_text():
    """Of the models with all labels: what is right by kind of moment, and of the kind that training never has."""
    columns = ("all", *KINDS)
    rows = [f"{'beforehand':20s}" + "".join(f"{kind:>11s}" for kind in (*columns, "unseen"))]
    for name in BEFOREHAND:
        found = [share(name, kind=None if k == "all" else k).mean() for k in columns]
        rows.append(f"{name:20s}" + "".join(f"{v:11.3f}" for v in (*found, share(name, there="unseen").mean())))
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "senses")
    print(as_text(), kinds_as_text(), sep="\n\n")


if __name__ == "__main__":
    main()
