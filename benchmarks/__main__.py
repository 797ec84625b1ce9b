"""Print the paired ratios: `python -m benchmarks [rounds]`."""

import os
import platform
import sys

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch: one thread each

import numpy as np
import torch

from benchmarks import attention, gan, rooms
from mmcourse.timing import median_ratio, paired


def main(rounds=40):
    torch.set_num_threads(1)
    print(f"NumPy {np.__version__}, torch {torch.__version__}, {platform.machine()}, one thread each, {rounds} rounds")
    print(f"attention forward + backward, float32, (batch, heads, T, D) = {attention.SHAPE}")
    seconds = paired(attention.functions(), rounds)
    for name, values in seconds.items():
        ratio = median_ratio(seconds, "NumPy by hand", name)
        goal = f"   goal <= {attention.GOALS[name]:.2f}" if name in attention.GOALS else ""
        print(f"  {name:14s} {np.median(values) * 1e3:7.1f} ms   NumPy / this {ratio:.2f}{goal}")
    print(f"a step of the GAN on the mixture, both players, Adam included, float32, batch {gan.BATCH}")
    ratio = median_ratio(paired(gan.functions(), 5 * rounds), "NumPy by hand", "PyTorch")
    print(f"  NumPy / PyTorch {ratio:.2f}   goal <= {gan.GOALS['PyTorch']:.2f}")
    print("every function of every room, forward + backward, NumPy / PyTorch")
    ratios = []
    for name, ours, theirs in rooms.pairs():
        ratios.append(median_ratio(paired({"ours": ours, "theirs": theirs}, max(rounds // 2, 5)), "ours", "theirs"))
        goal = f"   goal <= {rooms.GOALS[name]:.2f}" if name in rooms.GOALS else ""
        print(f"  {name:30s} {ratios[-1]:5.2f}{goal}", flush=True)
    print(f"  {'geometric mean':30s} {np.exp(np.mean(np.log(ratios))):5.2f}   goal <= 1.00")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
