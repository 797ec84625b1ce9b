"""Every fusion method on digits that are seen and heard, five seeds each.

    python -m mmcourse.studies.digits            runs what is missing, and prints the table; safe to stop and repeat
    python -m mmcourse.studies.digits --again    runs everything anew

One run is one line of results/digits.jsonl: method, task, seed, test examples right, parameters. Both modalities are
degraded by the default knobs of `mmcourse.data.digits`. All methods share the same two towers, the same head and the
same budget; only what joins the towers differs. Everything is a function of the seed: a second run writes the same
lines.
"""

import functools
import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm.auto import tqdm

from mmcourse.data import digit_tasks, digits
from mmcourse.fusion import pytorch as fusion
from mmcourse.train import train

RESULTS = Path(__file__).parent / "results" / "digits.jsonl"
TASKS = ("same digit", "unique image", "xor")
SEEDS = range(5)
FRAME, HOP, BANDS, WIDTH, RANK = 256, 128, 20, 32, 8


def bands(sounds):
    """Sounds (N, T) to log energies (N, frames · BANDS): windowed frames, and their spectrum in equal bands."""
    frames = np.lib.stride_tricks.sliding_window_view(sounds, FRAME, 1)[:, ::HOP] * np.hanning(FRAME).astype(np.float32)
    power = np.abs(np.fft.rfft(frames)[..., 1 : 1 + BANDS * 6]) ** 2
    energy = power.reshape(*power.shape[:2], BANDS, 6).mean(-1)
    return np.log(energy + 1e-2).reshape(len(sounds), -1).astype(np.float32)


@functools.lru_cache(4)
def tensors(task, split):
    """Images, bands and labels of a split as tensors, standardised by the training split."""
    train_data = digits.load("train", task=task)
    centre, spread = (f(bands(train_data.sounds), 0) for f in (np.mean, np.std))
    data = train_data if split == "train" else digits.load(split, task=task)
    images = data.images.reshape(len(data), -1) - 0.3
    sounds = (bands(data.sounds) - centre) / spread
    return tuple(map(torch.from_numpy, (images.astype(np.float32), sounds, data.labels)))


class Model(nn.Module):
    """Two towers, what joins them, and a head."""

    def __init__(self, method, sound_width, classes):
        super().__init__()
        self.method = method
        self.see = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, WIDTH))
        self.hear = nn.Sequential(nn.Linear(sound_width, 64), nn.ReLU(), nn.Linear(64, WIDTH))
        shapes, joined = JOINTS[method][1], JOINTS[method][2]
        self.joint = nn.ParameterDict({n: nn.Parameter(torch.randn(s) * s[-1] ** -0.5) for n, s in shapes.items()})
        width = classes if method == "late" else joined
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, classes))
        if method == "late":  # two verdicts instead of one representation
            self.head = nn.ModuleList(nn.Sequential(nn.ReLU(), nn.Linear(WIDTH, classes)) for _ in range(2))

    def forward(self, images, sounds):
        """Log probabilities (B, classes)."""
        a, b = self.see(images), self.hear(sounds)
        if self.method == "late":
            verdicts = torch.stack([head(m).softmax(-1) for head, m in zip(self.head, (a, b), strict=True)], -2)
            return fusion.mixture_of_experts_fusion(verdicts, **self.joint).log()
        return self.head(JOINTS[self.method][0](a, b, **self.joint)).log_softmax(-1)


def _sum(a, b, w_a, w_b):
    return a @ w_a.T + b @ w_b.T


def _attention(a, b, w, u):
    return fusion.attention_fusion(torch.stack([a, b], -2), w, u)


_SQUARE = (WIDTH, WIDTH)
JOINTS = {  # method: (function, shapes of its parameters, width of what comes out)
    "image alone": (lambda a, b: a, {}, WIDTH),
    "sound alone": (lambda a, b: b, {}, WIDTH),
    "late": (None, {"gates": (2,)}, None),
    "concatenation": (lambda a, b: torch.cat([a, b], -1), {}, 2 * WIDTH),
    "sum": (_sum, {"w_a": _SQUARE, "w_b": _SQUARE}, WIDTH),
    "product": (fusion.product_fusion, {"w_a": _SQUARE, "w_b": _SQUARE}, WIDTH),
    "gated": (fusion.gated_fusion, {"w_a": _SQUARE, "w_b": _SQUARE, "w_gate": (WIDTH, 2 * WIDTH)}, WIDTH),
    "attention": (_attention, {"w": _SQUARE, "u": (WIDTH,)}, WIDTH),
    "tensor": (fusion.tensor_fusion, {}, (WIDTH + 1) ** 2),
    "low-rank": (fusion.low_rank_fusion, dict.fromkeys(("f_a", "f_b"), (RANK, WIDTH, WIDTH + 1)), WIDTH),
}


def run(method, task, seed, epochs=12):
    """Train once; returns the line of results."""
    torch.manual_seed(seed)
    images, sounds, labels = tensors(task, "train")
    model = Model(method, sounds.shape[1], digit_tasks.labels(task))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)

    def loss(model, images, sounds, labels):
        return nn.functional.nll_loss(model(images, sounds), labels)

    data = (images, sounds, labels)
    train(model, data, loss, optimiser=optimiser, epochs=epochs, batch=100, seed=seed, progress=False)
    test_images, test_sounds, truth = tensors(task, "test")
    with torch.inference_mode():
        right = int((model(test_images, test_sounds).argmax(-1) == truth).sum())
    count = sum(p.numel() for p in model.parameters())
    return {"method": method, "task": task, "seed": seed, "right": right, "of": len(truth), "parameters": count}


def results():
    """The lines kept so far."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf8").splitlines() if line.endswith("}")]


def main():
    torch.set_num_threads(1)
    RESULTS.parent.mkdir(exist_ok=True)
    if "--again" in sys.argv:
        RESULTS.unlink(missing_ok=True)
    done = {(r["method"], r["task"], r["seed"]) for r in results()}
    todo = [k for k in ((m, t, s) for t in TASKS for m in JOINTS for s in SEEDS) if k not in done]
    for key in tqdm(todo, desc="fusion methods"):
        line = json.dumps(run(*key))
        with RESULTS.open("a", encoding="utf8") as file:
            file.write(line + "\n")
    for task in TASKS:
        print(task)
        for method in JOINTS:
            shares = [r["right"] / r["of"] for r in results() if (r["method"], r["task"]) == (method, task)]
            print(f"  {method:14s} {np.mean(shares):.3f}  ({min(shares):.3f} to {max(shares):.3f})")


if __name__ == "__main__":
    main()
