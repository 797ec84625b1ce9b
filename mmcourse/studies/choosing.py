"""Which fusion method? Every one of chapter 02 over every paired task of the course, tuned with equal budgets.

    python -m mmcourse.studies.choosing             runs what is missing, then prints the tables; safe to stop;
                                                    and then the knobs of `mmcourse.studies.choosing_knobs`
    python -m mmcourse.studies.choosing --again     runs everything anew, and says how many lines came out the same

One line of results/choosing.jsonl is a task and a method: what each of the six `SETTINGS` reached on validation, which
are the same six for all, and for the best of them five seeds on the test: which examples came out right, the log loss,
and how many come out right with a modality away or noisy. `mmcourse.studies.choosing_tables` makes tables of them.
"""

import base64
import functools
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from mmcourse.studies import choosing_tasks, kept
from mmcourse.studies.choosing_models import METHODS, Fused
from mmcourse.studies.choosing_tasks import CLASSES, MODALITIES
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train
from mmcourse.video.fusing import one_less

RESULTS = DIGITS.with_name("choosing.jsonl")
NAMES = ("task", "method")
SEEDS = range(5)
STEPS, BATCH = 400, 64
NOISE = 1.0  # of a noisy modality, in standard deviations of each feature in training
TUNING = 100  # the seed of tuning, which is none of SEEDS


class Settings(NamedTuple):
    """The highest learning rate of one cycle, the width of features, dropout in towers and heads, weight decay."""

    rate: float
    D: int
    dropout: float
    decay: float


def drawn(count, rng):
    """Settings at random (Bergstra & Bengio 2012, "Random search for hyper-parameter optimization", JMLR 13)."""
    return tuple(
        Settings(float(f"{10 ** rng.uniform(-3, -2):.2g}"), int(rng.choice((24, 32, 48))),
                 float(rng.choice((0.0, 0.1, 0.2))), float(rng.choice((0.01, 0.05, 0.2))))
        for _ in range(count)
    )  # fmt: skip


SETTINGS = drawn(6, np.random.default_rng(13))


class Hypothesis(NamedTuple):
    """That on a task the best of some methods is better than the best of all others, each best by validation."""

    says: str
    task: str
    methods: tuple[str, ...]


ARTICLE = (
    Hypothesis("attention for image + text", "image + text", ("attention", "cross-attention")),
    Hypothesis("attention for image + text", "image + wrong texts", ("attention", "cross-attention")),
    Hypothesis("two streams for speech + text", "speech + text", ("two streams", "late")),
)
"""What the article advises, written down before the study ran; a pilot of one seed on an earlier set of features had
been seen. What counts as its advice is chosen in its favour: attention over modalities or over tokens, streams that
learn by themselves or together."""


def methods(task):
    """The methods for a task: each modality alone, then `choosing_models.METHODS`."""
    return (*(f"{m} alone" for m in MODALITIES[task]), *METHODS)


RUNS = [(task, method) for task in MODALITIES for method in methods(task)]


def fit(method, data, classes, settings, seed=0, steps=STEPS, dropped=0.0, deep=None):
    """Train one of `METHODS`, or the modality of that number alone, on a `choosing_tasks.Data`; returns the model.

    dropped: the share of examples that lose one modality in each step.   deep: of `Fused`.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        sizes = [x.shape[1:] for x in data.tokens]
        model = Fused(method, sizes, classes, D=settings.D, dropout=settings.dropout, deep=deep)
    optimiser = torch.optim.AdamW(model.parameters(), settings.rate, weight_decay=settings.decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.rate, total_steps=steps + 1)

    def loss(model, *batch):
        *tokens, present, labels = batch
        return model.loss(*tokens, one_less(present, dropped) if dropped else present, labels)

    train(model, (*data.tokens, all_present(data), data.labels), loss, optimiser=optimiser, schedule=schedule,
          steps=steps, batch=BATCH, seed=seed, progress=False)  # fmt: skip
    return model


def all_present(data, without=None):
    """present (N, M) bool: everything but the modality of number `without`."""
    present = torch.ones(len(data), len(data.tokens), dtype=torch.bool)
    if without is not None:
        present[:, without] = False
    return present


@torch.inference_mode()
def log_chances(model, data, without=None):
    """What a model says to each example, (N, V) log probabilities; without: the number of a modality that is away."""
    return model(*data.tokens, all_present(data, without))


def noisy(data, m, spread):
    """The same with noise on the tokens of modality m, alike for all models.   spread (F,): of its features."""
    clean = data.tokens[m]
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(m)) * spread * NOISE
    spoilt = clean + noise * (clean != 0).any(-1, keepdim=True)  # where there is no word none appears
    return replace(data, tokens=(*data.tokens[:m], spoilt, *data.tokens[m + 1 :]))


@functools.lru_cache(2)
def disturbed(task):
    """{name: (Data, number of the modality that is away or None)} of the tests beside "test" itself."""
    parts = choosing_tasks.load(task)
    found = {name: (data, None) for name, data in parts.items() if name not in choosing_tasks.PARTS}
    for m, name in enumerate(MODALITIES[task]):
        found[f"without {name}"] = parts["test"], m
        spread = parts["train"].tokens[m].flatten(0, 1).std(0)
        found[f"noisy {name}"] = noisy(parts["test"], m, spread), None
    return found


def asked(log_p, labels):
    """(which come out right (N,) bool, the mean log loss in nats)."""
    loss = torch.nn.functional.nll_loss(log_p, labels).item()
    return (log_p.argmax(1) == labels).numpy(), round(loss, 4)


def trial(task, method, settings, seed, steps=STEPS):
    """Train once and test: {"right", "loss", a count for each of `disturbed`, "CPU-seconds"}, and the model."""
    parts, started = choosing_tasks.load(task), time.process_time()
    model = fit(_number(task, method), parts["train"], CLASSES[task], settings, seed, steps)
    seconds = round(time.process_time() - started, 2)
    right, loss = asked(log_chances(model, parts["test"]), parts["test"].labels)
    line = {"right": base64.b64encode(np.packbits(right)).decode(), "loss": loss, "CPU-seconds": seconds}
    for name, (data, without) in disturbed(task).items():
        line[name] = int(asked(log_chances(model, data, without), data.labels)[0].sum())
    return line, model


def tuned(task, method, steps=STEPS):
    """[[share right, loss] of validation] for each of SETTINGS, and the number of the best: by share, then by loss."""
    parts, scores = choosing_tasks.load(task), []
    for settings in SETTINGS:
        model = fit(_number(task, method), parts["train"], CLASSES[task], settings, TUNING, steps)
        right, loss = asked(log_chances(model, parts["validation"]), parts["validation"].labels)
        scores.append([round(float(right.mean()), 4), loss])
    return scores, max(range(len(scores)), key=lambda i: (scores[i][0], -scores[i][1]))


def run(task, method, steps=STEPS, seeds=SEEDS):
    """Tune and test; returns the line of results."""
    scores, chosen = tuned(task, method, steps)
    trials = [trial(task, method, SETTINGS[chosen], seed, steps) for seed in seeds]
    model = trials[0][1]
    return {
        "task": task,
        "method": method,
        "validation": scores,
        "chosen": chosen,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "FLOPs": flops(model, choosing_tasks.load(task)["test"]),
        "seeds": [line for line, _ in trials],
    }


def flops(model, data):
    """Multiplications and additions, in matrix products alone, to answer for one example."""
    one = [x[:1] for x in data.tokens]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*one, torch.ones(1, len(one), dtype=torch.bool))
    return counter.get_total_flops()


def results():
    """The lines kept so far, by (task, method)."""
    return kept.read(RESULTS, *NAMES)


def same(old, new):
    """Whether two lines agree but for the seconds."""
    return untimed(old) == untimed(new)


def untimed(line):
    return line | {"seeds": [one | {"CPU-seconds": 0} for one in line["seeds"]]}


def _number(task, method):
    """What `Fused` calls a method: by its name, or by the number of the modality that is alone."""
    alone = [f"{m} alone" for m in MODALITIES[task]]
    return alone.index(method) if method in alone else method


def main():
    from mmcourse.studies import choosing_knobs, choosing_tables

    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "tasks × methods", same)
    print(choosing_tables.everything())
    choosing_knobs.main()


if __name__ == "__main__":
    main()
