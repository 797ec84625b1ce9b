"""What each fusion method of the study of digits costs: time and memory of a training step.

    python -m mmcourse.studies.digits_costs       measures, and writes results/digits_costs.json

Time is a ratio to concatenation: the two take turns, and the median of their ratios stands, so that other work on the
machine cancels. Memory is counted, not measured, so it is the same everywhere: weights, gradients and Adam's two
moments, and what autograd keeps from the way forward for the way back.
"""

import json

import torch
from torch.nn.functional import nll_loss

from mmcourse.fusion.models import METHODS, FusionModel
from mmcourse.studies.digits import BANDS, FRAMES, RESULTS, Hear, see
from mmcourse.timing import median_ratio, paired

COSTS = RESULTS.with_name("digits_costs.json")
BATCH, D, ROUNDS = 100, 32, 60


def step(method, seed=0):
    """(a training step as a function, its model) on random inputs of the study's sizes."""
    torch.manual_seed(seed)
    model = FusionModel(method, see(D), Hear(D), 10, D=D)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    inputs = torch.rand(BATCH, 1, 8, 8), torch.randn(BATCH, FRAMES, BANDS), torch.ones(BATCH, 2, dtype=torch.bool)
    labels = torch.randint(10, (BATCH,))

    def once():
        optimiser.zero_grad()
        nll_loss(model(*inputs), labels).backward()
        optimiser.step()

    return once, model


def memory(method):
    """Bytes of a training step, each storage counted once."""
    once, model = step(method)
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes(), tensor  # held: no address twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        once()
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    return 4 * weights + sum(size for address, (size, _) in kept.items() if address not in own)


def main():
    torch.set_num_threads(1)
    base, _ = step("concatenation")
    costs = {}
    for method in METHODS:
        seconds = paired({"this": step(method)[0], "concatenation": base}, ROUNDS)
        ratio = median_ratio(seconds, "this", "concatenation")
        costs[method] = {"time": round(ratio, 2), "MiB": round(memory(method) / 2**20, 2)}
        print(f"{method:20s} {ratio:5.2f} of the time of concatenation   {costs[method]['MiB']:5.2f} MiB")
    COSTS.write_text(json.dumps(costs, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
