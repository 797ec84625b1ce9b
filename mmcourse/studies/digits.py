"""Every fusion method on digits that are seen and heard, five seeds each.

    python -m mmcourse.studies.digits             runs what is missing, then prints the tables; safe to stop and repeat
    python -m mmcourse.studies.digits --again     runs everything anew, and says whether each line came out the same

One run is one line of results/digits.jsonl: method, task, seed, which test examples came out right, parameters. All
methods share the same two towers, the same head and the same budget; only what joins the towers differs. Both
modalities are degraded by the default knobs of `mmcourse.data.digits`, except for xor, which asks for clean digits.
Everything is a function of the seed: on one machine a second run writes the same lines.
"""

import base64
import functools
import itertools
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mmcourse.data import digit_tasks, digits
from mmcourse.fusion.models import METHODS, FusionModel, modality_dropout
from mmcourse.studies import kept
from mmcourse.train import train

RESULTS = Path(__file__).parent / "results" / "digits.jsonl"
NAMES = ("method", "task", "seed")  # which tell one line from the others
SEEDS = range(5)
TASKS = {  # task: what differs from the defaults of `digits.load`, and how many examples to train on
    "same digit": ({}, 4000),
    "unique image": ({}, 4000),
    "unique audio": ({}, 4000),
    "xor": ({"image_noise": 0, "audio_noise": 0}, 8000),
}
CONDITIONS = {  # of the test examples of "same digit", beside the ones as trained
    "half the images missing": {"missing_image": 0.5},
    "half the sounds missing": {"missing_audio": 0.5},
    "no image": {"missing_image": 1},
    "no sound": {"missing_audio": 1},
    "twice the image noise": {"image_noise": 2 * digits.IMAGE_NOISE},
    "twice the sound noise": {"audio_noise": 2 * digits.AUDIO_NOISE},
}
ROBUST = ("concatenation", "gated", "attention", "tensor", "late")  # trained once more with modality dropout
WITH_DROPOUT = " + modality dropout"
TUNED = "concatenation, tuned"
GRID = tuple(itertools.product((1e-3, 2e-3, 4e-3), (32, 64), (0.0, 0.3)))  # learning rate, D, dropout
FRAME, HOP, BANDS, FRAMES = 256, 128, 20, 36
AUGMENTATION = 0.1  # noise added to each training batch, in standard deviations of a band; half of it to the ink


def bands(sounds):
    """Sounds (N, T) to log energies (N, FRAMES, BANDS): windowed frames, and their spectrum in equal bands."""
    frames = np.lib.stride_tricks.sliding_window_view(sounds, FRAME, 1)[:, ::HOP] * np.hanning(FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames)[..., 1 : 1 + BANDS * 6]) ** 2
    return np.log(power.reshape(*power.shape[:2], BANDS, 6).mean(-1) + 1e-2).astype(np.float32)


@functools.cache
def standard(audio_noise):
    """The mean and the spread of each band in training, (BANDS,) each."""
    sounds = bands(digits.load("train", 1000, audio_noise=audio_noise).sounds)
    return sounds.mean((0, 1)), sounds.std((0, 1))


def tensors(split, count=None, seed=0, trained_on=None, **knobs):
    """Images (N, 1, 8, 8), bands (N, FRAMES, BANDS), present (N, 2) and labels (N,) of `digits.load`, as tensors.

    trained_on: the audio noise of training, by which the bands are standardised, where a test has another.
    """
    data = digits.load(split, count, seed, **knobs)
    centre, spread = standard(knobs.get("audio_noise", digits.AUDIO_NOISE) if trained_on is None else trained_on)
    sounds = (bands(data.sounds) - centre) / spread
    return tuple(map(torch.from_numpy, (data.images[:, None] - np.float32(0.3), sounds, data.present, data.labels)))


def see(D):
    """A small CNN: images (B, 1, 8, 8) to features (B, D)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, D),
    )  # fmt: skip


class Hear(nn.Module):
    """A small CNN over time: bands (B, FRAMES, BANDS) to features (B, D)."""

    def __init__(self, D):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(BANDS, 32, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 32, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool1d(4), nn.Flatten(), nn.Linear(128, D),
        )  # fmt: skip

    def forward(self, sounds):
        return self.layers(sounds.mT)


def fit(method, data, classes, seed=0, *, epochs=10, rate=2e-3, D=32, dropout=0.0, modality=0.0, hear=Hear, bar=False):
    """Train a method on (images, bands, present, labels); returns the model.

    rate: the highest learning rate of one cycle. modality: the share of examples that lose one modality each time.
    """
    torch.manual_seed(seed)
    model = FusionModel(method, see(D), hear(D), classes, D=D, dropout=dropout)
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * (len(data[0]) // 100) + 1)

    def loss(model, images, sounds, present, labels):
        images = images + AUGMENTATION / 2 * torch.randn_like(images)
        sounds = sounds + AUGMENTATION * torch.randn_like(sounds)
        if modality:
            present = modality_dropout(present, modality)
        return nn.functional.nll_loss(model(images, sounds, present), labels)

    train(model, data, loss, optimiser=optimiser, schedule=schedule, epochs=epochs, batch=100, seed=seed, progress=bar)
    return model


def correct(model, data):
    """Which examples of (images, bands, present, labels) the model names right: bool (N,)."""
    *inputs, labels = data
    with torch.inference_mode():
        return (model(*inputs).argmax(-1) == labels).numpy()


def run(method, task, seed, **settings):
    """Train once and test; returns the line of results."""
    knobs, count = TASKS[task]
    base = method.removesuffix(WITH_DROPOUT)
    if method == TUNED:
        base, settings = "concatenation", settings | best_settings(task)
    modality = 0.4 if method.endswith(WITH_DROPOUT) else 0.0
    data = _kept("train", count, seed, task, *knobs.items())
    model = fit(base, data, digit_tasks.labels(task), seed, modality=modality, **settings)
    right = correct(model, _kept("test", None, 0, task, *knobs.items()))
    line = {"method": method, "task": task, "seed": seed, "right": int(right.sum()), "of": len(right)}
    line["parameters"] = sum(p.numel() for p in model.parameters())
    if method == TUNED:
        line["settings"] = best_settings(task)
    line["examples"] = base64.b64encode(np.packbits(right)).decode()
    if task == "same digit":
        changes = {name: {"trained_on": digits.AUDIO_NOISE} | change for name, change in CONDITIONS.items()}
        tests = {name: _kept("test", None, 0, task, *change.items()) for name, change in changes.items()}
        line["conditions"] = {name: int(correct(model, data).sum()) for name, data in tests.items()}
    return line


@functools.lru_cache(16)
def _kept(split, count, seed, task, *knobs):
    return tensors(split, count, seed, task=task, **dict(knobs))


@functools.cache
def best_settings(task):
    """The settings of concatenation that do best on the validation split, of a grid, with seed 0."""
    knobs, count = TASKS[task]
    data, held_out = _kept("train", count, 0, task, *knobs.items()), tensors("validation", task=task, **knobs)

    def score(settings):
        rate, D, dropout = settings
        model = fit("concatenation", data, digit_tasks.labels(task), rate=rate, D=D, dropout=dropout)
        return correct(model, held_out).sum()

    return dict(zip(("rate", "D", "dropout"), max(GRID, key=score), strict=True))


def all_runs():
    """(method, task, seed) of the whole study."""
    robust = [(m + WITH_DROPOUT, "same digit", s) for m in ROBUST for s in SEEDS]
    return [(m, t, s) for t in TASKS for m in (*METHODS, TUNED) for s in SEEDS] + robust


def results():
    """The lines kept so far, by (method, task, seed)."""
    return kept.read(RESULTS, *NAMES)


def main():
    from mmcourse.studies import digits_tables

    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, all_runs(), run, "fusion methods")
    print(digits_tables.as_text())


if __name__ == "__main__":
    main()
