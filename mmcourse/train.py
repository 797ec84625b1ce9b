"""One visible training loop, which chapters and experiments share.

All chance in step t (the batch, dropout, whatever the loss draws from torch) comes from the seed and t alone. So there
is no state of a random generator to keep, validation cannot disturb training, and a run that is killed and started
again ends, on a CPU, with the same weights to the last bit.
"""

import atexit
import functools
import math
import os
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from mmcourse.resume import Checkpoint

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16}


@dataclass
class History:
    """losses: one a step. scores: (steps done, score), one a validation. best: the first of the highest, or None."""

    losses: list = field(default_factory=list)
    scores: list = field(default_factory=list)

    @property
    def best(self):
        return max(self.scores, key=lambda entry: entry[1], default=None)

    @property
    def stale(self):
        """How many validations have passed since the best one."""
        return len(self.scores) - 1 - self.scores.index(self.best) if self.scores else 0


def train(model, data, loss, *, optimiser, steps=None, epochs=None, batch=64, schedule=None, seed=0,
          validate=None, patience=None, every=100, checkpoint=None,
          device="cpu", precision="float32", compile=False, distributed=False, progress=True):  # fmt: skip
    """Train the model in place, and return a `History`. The model comes back in eval mode.

    data: tensors with one row an example, shuffled anew each epoch, the incomplete last batch left out; or a function
        draw(rng) that returns the tensors of one batch, given a NumPy Generator made for this step.
    loss: loss(model, *batch) returns the mean over the batch. It calls the model that it is given, once.
    optimiser, schedule: of torch.optim, made for model.parameters(); the schedule advances after each step.
    steps or epochs: how long. batch: examples a step, over all processes together.
    validate: validate(model) returns a score, higher is better, every `every` steps and at the end; the weights of the
        best score come back. patience: stop after so many validations without a better one.
    checkpoint: a file, written every `every` steps and at the end. If it exists, its run goes on from there (a finished
        one returns at once, or goes on to more steps); move it away to start anew. All processes must see it.
    device: cpu, cuda, mps or auto. precision: float32, or bfloat16 (autocast). compile: by torch.compile.
    distributed: started by `torchrun --nproc-per-node N script.py`, each process takes its share of every batch.

    Raises ValueError naming what does not fit, FloatingPointError at the first loss that is not finite.
    """
    draw, steps, examples = _batches(data, batch, seed, steps, epochs)
    _need(steps >= 1, f"expected at least one step, came {steps}")
    _need(every >= 1, f"expected every >= 1 steps, came {every}")
    _need(patience is None or (validate and patience >= 1), f"patience={patience} expects validate, and at least 1")
    _need(precision in PRECISIONS, f"expected precision {' or '.join(PRECISIONS)}, came {precision!r}")
    _check_parameters(model, optimiser)
    device = _device(device)
    rank, world, device = _processes(device) if distributed else (0, 1, device)
    model.to(device)
    history, best = History(), None
    if checkpoint:
        settings = {"seed": seed, "batch": batch, "examples": examples, "every": every, "precision": precision}
        keeper = Checkpoint(checkpoint, settings, model=model, optimiser=optimiser, schedule=schedule)
        if kept := keeper.load():
            history, best = History(**kept["history"]), kept["best"]
    run = DistributedDataParallel(model) if distributed else model
    run = torch.compile(run) if compile else run

    start = len(history.losses)
    _need(start <= steps, f"the checkpoint {checkpoint} is at step {start}, beyond the {steps} asked for")
    bar = tqdm(total=steps, initial=start, desc="training", disable=not progress or rank > 0)
    with bar, torch.random.fork_rng([device] if device.type == "cuda" else []):
        for step in range(start + 1, steps + 1):
            if patience and history.stale >= patience:
                break
            torch.manual_seed(int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0]))
            model.train()
            share = [_share(t, rank, world).to(device) for t in _tensors(draw(step))]
            with torch.autocast(device.type, PRECISIONS[precision], enabled=precision != "float32"):
                value = loss(run, *share)
            history.losses.append(_finite(value, step, world))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            if schedule:
                schedule.step()
            bar.set_postfix(loss=f"{history.losses[-1]:.3g}", refresh=False)
            bar.update()
            if step % every == 0 or step == steps:
                if validate:
                    history.scores.append((step, _score(validate, model, step, rank, world, device)))
                    if history.stale == 0:
                        best = {name: t.detach().clone() for name, t in model.state_dict().items()}
                if checkpoint and rank == 0:
                    keeper.save(history=asdict(history), best=best)
    if best:
        model.load_state_dict(best)
    model.eval()
    return history


def _batches(data, batch, seed, steps, epochs):
    """Returns (draw(step) -> the tensors of that step, steps in all, examples an epoch or None)."""
    _need((steps is None) != (epochs is None), f"expected steps or epochs, came steps={steps}, epochs={epochs}")
    if callable(data):
        _need(epochs is None, "data that is a function has no epochs. Try: steps=...")
        return lambda step: data(np.random.default_rng([seed, step])), steps, None
    tensors = _tensors(data)
    sizes = [len(t) for t in tensors]
    _need(len(set(sizes)) == 1, f"expected tensors with the same number of examples, came {sizes}")
    n = sizes[0]
    _need(1 <= batch <= n, f"expected 1 <= batch <= {n}, the number of examples, came batch={batch}")
    order = functools.lru_cache(1)(lambda epoch: np.random.default_rng([seed, epoch]).permutation(n))

    def draw(step):
        epoch, i = divmod(step - 1, n // batch)
        ids = torch.from_numpy(order(epoch)[i * batch : (i + 1) * batch])
        return [t[ids] for t in tensors]

    return draw, epochs * (n // batch) if steps is None else steps, n


def _tensors(data):
    return [torch.as_tensor(t) for t in (data if isinstance(data, tuple | list) else [data])]


def _check_parameters(model, optimiser):
    own = {id(p) for p in model.parameters()}
    learns = [p for group in optimiser.param_groups for p in group["params"] if p.requires_grad]
    advice = "Try: an optimiser of this very model.parameters(), some with requires_grad"
    _need(any(id(p) in own for p in learns), f"the optimiser holds no parameter of the model that can learn. {advice}")
    _need(all(id(p) in own for p in learns), f"the optimiser holds parameters that are not the model's. {advice}")


def _device(name):
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    found = [kind for kind in here if here[kind]]
    name = found[0] if name == "auto" else str(name)
    _need(name.split(":")[0] in found, f"expected a device of this machine ({', '.join(found)}), came {name!r}")
    return torch.device(name)


def _processes(device):
    """Join the processes that torchrun started. Returns (rank, how many, the device of this one)."""
    _need("RANK" in os.environ, "distributed=True expects a start by torchrun --nproc-per-node N script.py")
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    dist.barrier()  # the first process may still be writing the checkpoint of the run before
    return dist.get_rank(), dist.get_world_size(), device


def _share(tensor, rank, world):
    _need(len(tensor) % world == 0, f"expected a batch that {world} processes can share, came {len(tensor)} examples")
    return tensor[rank::world]  # equal shares, so that the mean of their means is the mean of the batch


def _finite(value, step, world):
    """The loss as a number, averaged over the processes, so that all of them stop together."""
    came = tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
    _need(came == (), f"expected one number from loss, a tensor of shape (), came {came}. Try: its mean")
    mean = value.detach().clone()
    if world > 1:
        dist.all_reduce(mean)
    number = mean.item() / world
    if not math.isfinite(number):
        raise FloatingPointError(f"train: expected a finite loss, came {number} at step {step}; the weights are those "
                                 "before it. Try: a smaller learning rate, or look for NaN in the data")  # fmt: skip
    return number


def _score(validate, model, step, rank, world, device):
    """The first process validates and tells the others, so that all of them stop together."""
    model.eval()
    with torch.no_grad():
        score = torch.tensor(float(validate(model)) if rank == 0 else 0.0, dtype=torch.float64)
    if world > 1:
        score = score.to(device)
        dist.broadcast(score, 0)
    _need(not score.isnan(), f"expected a number from validate, came NaN at step {step}")
    return score.item()


def _need(holds, text):
    if not holds:
        raise ValueError(f"train: {text}")
