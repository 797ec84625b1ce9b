"""One step of the GAN on the mixture: NumPy by hand against PyTorch's autograd and Adam, float32, one thread each."""

import numpy as np
import torch

from mmcourse.adversarial import mixture, pytorch, scratch

BATCH = 128
GOALS = {"PyTorch": 0.50}


def functions(batch=BATCH, seed=0):
    """What to time, by name: each step goes on from the last one."""
    rng = np.random.default_rng(seed)
    real, noise = mixture.ring(rng, batch), rng.standard_normal((batch, mixture.NOISE), dtype=np.float32)
    instance_noise = rng.standard_normal((2, batch, 2), dtype=np.float32)
    params = mixture.initial(rng)
    tensors = {
        player: {n: torch.tensor(a, requires_grad=True) for n, a in arrays.items()} for player, arrays in params.items()
    }
    sides = {
        "NumPy by hand": (scratch.gan_step, params, (real, noise, instance_noise)),
        "PyTorch": (pytorch.gan_step, tensors, tuple(map(torch.from_numpy, (real, noise, instance_noise)))),
    }
    return {name: _stepper(*side) for name, side in sides.items()}


def _stepper(step, params, batch):
    state = {}

    def forward_backward_update():
        nonlocal params, state
        params, state, _ = step(params, state, *batch)

    return forward_backward_update
