"""Which desk should get a ticket? Text, screenshot and both; how sure a model may be, and when it should ask back.

    python -m mmcourse.studies.tickets             trains what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.tickets --again     trains everything anew, and says how many lines are the same

A tower reads the words as a set, another sees the screenshot, and one of chapter 02's fusions joins them. The last 600
training tickets are held back, for one temperature a model (`mmcourse.calibration`). The test tickets have phrasings,
and pairs of an ordered and a shown thing, that training never shows.
"""

import functools

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from mmcourse.calibration.desk import Desk
from mmcourse.calibration.scratch import ASK_BACK, fit_temperature, route
from mmcourse.data import tickets
from mmcourse.data.tickets import KINDS, ROUTES
from mmcourse.fusion.models import FusionModel
from mmcourse.metrics import expected_calibration_error
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.text import tokens
from mmcourse.train import train

RESULTS = DIGITS.with_name("tickets.jsonl")
NAMES = ("language", "method", "seed")
METHODS = {  # our name: that of `FusionModel`, whose first modality is seen and whose second is, here, read
    "image alone": "image alone",
    "text alone": "sound alone",
    "late": "late",
    "concatenation": "concatenation",
    "product": "product",
    "low-rank tensor": "low-rank tensor",
}
SEEDS = range(3)
RUNS = [
    (language, method, seed)
    for language, methods in (("en", METHODS), ("zh", ("late", "concatenation", "product")))
    for seed in SEEDS
    for method in methods
]
COSTS = (0.05, 0.1, 0.2, 0.3, 0.5)
STEPS, BATCH, RATE, D = 700, 64, 3e-3, 48
HELD_BACK = 600
_NOISE = 0.1  # added to each training screenshot, in units of its full range


class Read(nn.Module):
    """The mean of the words' learned vectors, (B, T) numbers of words to (B, D); 0 is no word."""

    def __init__(self, size):
        super().__init__()
        self.vectors = nn.Embedding(size, D, padding_idx=0)

    def forward(self, words):
        return self.vectors(words).sum(1) / (words > 0).sum(1, keepdim=True).clamp_min(1) ** 0.5


def see():
    """A small CNN: screenshots (B, 3, 48, 36) to features (B, D)."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, 2, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 2, 1),
        nn.ReLU(), nn.Flatten(), nn.Linear(48 * 6 * 5, D),
    )  # fmt: skip


def split(text, language):
    """The words of an English text, the characters of a Chinese one."""
    return tokens.words(text) if language == "en" else tokens.characters(text)


@functools.cache
def vocabulary(language):
    """{word: its number from 1} of all that training says."""
    return {w: i for i, w in enumerate(sorted({w for t in _texts(language) for w in split(t, language)}), 1)}


def _texts(language):
    return tickets.load("train", language).texts[:-HELD_BACK]


def numbers(texts, language, width=24):
    """Texts as (N, width) int64, 0 after their end; words that training never says are left out."""
    ids = vocabulary(language)
    encoded = np.zeros((len(texts), width), np.int64)
    for row, text in zip(encoded, texts, strict=True):
        known = [ids[w] for w in split(text, language) if w in ids][:width]
        row[: len(known)] = known
    return encoded


def pixels(images):
    """Screenshots (N, 48, 36, 3) uint8 as the network sees them, (N, 3, 48, 36) float32 of middle 0."""
    return (np.moveaxis(images, -1, 1).astype(np.float32) - 160) / 128


@functools.cache
def tensors(part, language):
    """Screenshots, words, present (N, 2) and labels (N,) of "train", "held back" or "test"."""
    data = tickets.load("test" if part == "test" else "train", language)
    rows = {"train": slice(-HELD_BACK), "held back": slice(-HELD_BACK, None), "test": slice(None)}[part]
    images, texts, labels = data.images[rows], data.texts[rows], data.labels[rows]
    present = torch.ones(len(labels), 2, dtype=torch.bool)
    return (
        torch.from_numpy(pixels(images)),
        torch.from_numpy(numbers(texts, language)),
        present,
        torch.from_numpy(labels),
    )


def fit(method, language="en", seed=0, steps=STEPS, progress=True):
    """Train one of `METHODS` on the training tickets; returns the model."""
    torch.manual_seed(seed)
    read = Read(len(vocabulary(language)) + 1)
    model = FusionModel(METHODS[method], see(), read, len(ROUTES), D=D, dropout=0.1)
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)

    def loss(model, images, words, present, labels):
        images = images + _NOISE * torch.randn_like(images)
        return nn.functional.nll_loss(model(images, words, present), labels)

    train(model, tensors("train", language), loss, optimiser=optimiser, schedule=schedule, steps=steps, batch=BATCH,
          seed=seed, progress=progress)  # fmt: skip
    return model


def logits(model, part, language="en"):
    """Log probabilities of all desks for each ticket of a part, (N, 6) float64."""
    *inputs, _ = tensors(part, language)
    with torch.inference_mode():
        return model(*inputs).double().numpy()


def desk(model, language="en", temperature=1.0, cost=0.2):
    """A `mmcourse.calibration.desk.Desk` that a trained model sits at."""

    def predict(text, image):
        words, present = torch.from_numpy(numbers([text], language)), torch.ones(1, 2, dtype=torch.bool)
        with torch.inference_mode():
            return model(torch.from_numpy(pixels(image[None])), words, present)[0].double().numpy()

    def known(text):
        ids, words = vocabulary(language), split(text, language)
        return [w for w in words if w in ids], [w for w in words if w not in ids]

    return Desk(predict, known, ROUTES, (tickets.HEIGHT, tickets.WIDTH, 3), temperature, cost)


def costs(probabilities, labels, at=COSTS):
    """The mean cost of a ticket, by the cost of asking back, where a wrong desk costs 1."""
    found = {}
    for cost in at:
        sent = route(probabilities, cost)
        found[cost] = float(np.where(sent == ASK_BACK, cost, sent != labels).mean())
    return found


def run(language, method, seed):
    """Train once and test; returns the line of results."""
    model = fit(method, language, seed, progress=False)
    z, labels = logits(model, "test", language), tickets.load("test", language).labels
    temperature = fit_temperature(logits(model, "held back", language), tensors("held back", language)[-1].numpy())
    line = {"language": language, "method": method, "seed": seed, "temperature": round(temperature, 4)}
    right = z.argmax(1) == labels
    line["right"] = "".join(str(int(r)) for r in right)
    for name, t in (("raw", 1.0), ("calibrated", temperature)):
        p = softmax(z / t, -1)
        line[name] = {
            "confidence": [int(c) for c in (1000 * p.max(1)).round()],
            "calibration error": round(expected_calibration_error(p.max(1), right), 4),
            "costs": {str(c): round(v, 4) for c, v in costs(p, labels).items()},
        }
    return line


def results():
    """The lines kept so far, by (language, method, seed)."""
    return kept.read(RESULTS, *NAMES)


def right(language, method, seed, kind=None):
    """Which test tickets went to the right desk, bool (N,); of one kind, if told."""
    found = np.array(list(results()[language, method, seed]["right"])) == "1"
    return found if kind is None else found[_kinds(language) == kind]


@functools.cache
def _kinds(language):
    return tickets.load("test", language).kinds


def share(language, method, kind=None):
    """The share of test tickets at the right desk, a number a seed."""
    return np.array([right(language, method, seed, kind).mean() for seed in SEEDS])


def sureness(method, kind="raw", language="en"):
    """Confidence (N,), and which test tickets went to the right desk (N,) bool, of all seeds after each other.

    kind: "raw", or "calibrated" by each seed's own temperature.
    """
    lines = [results()[language, method, seed] for seed in SEEDS]
    confidence = np.concatenate([line[kind]["confidence"] for line in lines]) / 1000
    return confidence, np.concatenate([right(language, method, seed) for seed in SEEDS])


def spent(method, kind="raw", language="en"):
    """The mean cost of a ticket for each of COSTS, (5,), over the seeds."""
    lines = [results()[language, method, seed] for seed in SEEDS]
    return np.mean([[line[kind]["costs"][str(c)] for c in COSTS] for line in lines], 0)


def temperature(method, language="en"):
    """The mean of the seeds' temperatures."""
    return float(np.mean([results()[language, method, seed]["temperature"] for seed in SEEDS]))


def as_text(language):
    """The table of all methods by kind: mean of the seeds."""
    rows = [f"{'':16s}" + "".join(f"{kind:>9s}" for kind in ("all", *KINDS))]
    for method in dict.fromkeys(m for spoken, m, _ in RUNS if spoken == language):
        rows.append(f"{method:16s}" + "".join(f"{share(language, method, k).mean():9.3f}" for k in (None, *KINDS)))
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "tickets")
    for language in ("en", "zh"):
        print(f"{language}\n{as_text(language)}\n")


if __name__ == "__main__":
    main()
