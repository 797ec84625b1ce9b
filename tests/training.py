"""A small training problem that the tests of `mmcourse.train` share, and what they run of it in other processes."""

import os
import signal
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from mmcourse import resume
from mmcourse.train import train

torch.set_num_threads(1)

STEPS, EVERY = 17, 5  # a checkpoint after steps 5, 10, 15 and, being the last, 17


def problem(dropout=0.3, dtype=torch.float32, norm=True):
    """(model, (x, y)): the same weights and data each time. 53 examples, 7 numbers in, one of 3 classes out."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        middle = nn.BatchNorm1d(11) if norm else nn.Identity()
        model = nn.Sequential(nn.Linear(7, 11), middle, nn.GELU(), nn.Dropout(dropout), nn.Linear(11, 3))
        return model.to(dtype), (torch.randn(53, 7, dtype=dtype), torch.randint(3, (53,)))


def cross_entropy(model, x, y):
    return F.cross_entropy(model(x), y)


class Counting:
    """A loss that counts its calls, and does something before one of them (the first is number 1)."""

    def __init__(self, act=None, at=None):
        self.calls, self.act, self.at = 0, act, at

    def __call__(self, model, x, y):
        self.calls += 1
        if self.calls == self.at:
            self.act()
        return cross_entropy(model, x, y)


def run(loss=cross_entropy, **options):
    """Train the small problem with dropout, batch norm, AdamW, a schedule and validation. Returns (model, history)."""
    model, (x, y) = problem()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    options = {
        "schedule": torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.05, total_steps=STEPS),
        "validate": lambda m: -float(cross_entropy(m, x, y)),
    } | options
    settings = {"steps": STEPS, "batch": 13, "every": EVERY, "progress": False} | options
    return model, train(model, (x, y), loss, optimiser=optimiser, **settings)


def assert_same(ours, theirs):
    (model, history), (other, other_history) = ours, theirs
    assert history == other_history
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_step(checkpoint, step):
    run(Counting(die, step), checkpoint=checkpoint)


def die_at_file_operation(checkpoint, number):
    """Die before the operation of this number (from 0): a write, which is done by half first, an fsync or a rename."""
    operations = iter(range(10**6))

    def fatal(operation):
        def wrapped(*arguments):
            if next(operations) == number:
                die()
            return operation(*arguments)

        return wrapped

    class File:
        def __init__(self, *arguments):
            self.file = open(*arguments)  # noqa: SIM115

        def write(self, data):
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            fatal(self.file.write)(data[len(data) // 2 :])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

    resume.open, os.fsync, os.replace = File, fatal(os.fsync), fatal(os.replace)
    run(checkpoint=checkpoint)


def run_slowly(checkpoint):
    """Twenty milliseconds a step, so that a kill from outside strikes anywhere."""

    def slow(model, x, y):
        time.sleep(0.02)
        return cross_entropy(model, x, y)

    run(slow, checkpoint=checkpoint, every=2)


def in_processes(folder, rank=None):
    """What torchrun runs: one step of SGD; then six of AdamW, checkpointed after three and taken up again.

    Without a rank: the same in this process alone, with the joint batch.
    """
    if rank == 0:
        resume.open = open_slowly
    result = {}

    def loss(model, x, y):
        result["chance"], result["examples"] = torch.rand(()).item(), len(x)
        return cross_entropy(model, x, y)

    for name, optimiser, legs in (("sgd", torch.optim.SGD, [1]), ("adamw", torch.optim.AdamW, [3, 6])):
        for steps in legs:
            model, (x, y) = problem(dropout=0, dtype=torch.float64, norm=False)
            history = train(
                model, (x, y), loss, optimiser=optimiser(model.parameters(), lr=0.01), steps=steps, batch=26,
                validate=only_first_process if rank else lambda m, x=x, y=y: -float(cross_entropy(m, x, y)), every=3,
                checkpoint=Path(folder) / f"{name}.pt", distributed=rank is not None, progress=False,
            )  # fmt: skip
        gradients = {n: p.grad for n, p in model.named_parameters()}
        scores = [score for _, score in history.scores]
        numbers = {"losses": torch.tensor(history.losses), "scores": torch.tensor(scores)}
        result |= {f"{name} {n}": t for n, t in (numbers | gradients).items()}
        result |= {f"{name} weights {n}": t for n, t in model.state_dict().items()}
    return result


def open_slowly(*arguments):
    time.sleep(0.3)  # a process that does not wait for the writing one reads too early
    return open(*arguments)


def only_first_process(model):
    raise AssertionError("only the first process validates")


if __name__ == "__main__":
    torch.save(in_processes(sys.argv[1], int(os.environ["RANK"])), f"{sys.argv[1]}/process{os.environ['RANK']}.pt")
