"""Training: frames as they should be, a stop where it should be, and an attention that is helped to the diagonal."""

import functools

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from mmcourse.synthesis.network import Network, present
from mmcourse.train import train

R = 5  # frames a step: 62 ms, about a letter
WIDTH = 0.2  # g of guided attention: how far from the diagonal is free
STOPS = 5.0  # a stop is one step of some fifty


def guided_attention_loss(weights, lengths, steps, width=WIDTH):
    """Mean penalty for looking far from the diagonal (Tachibana et al. 2018, section 4.1).

    weights (B, S, T), lengths (B,) characters, steps (B,): Σ α · (1 - exp(-(t / T - s / S)² / 2g²)) over a step.
    """
    _, S, T = weights.shape
    t = torch.arange(T)[None, None] / lengths[:, None, None]
    s = torch.arange(S)[None, :, None] / steps[:, None, None]
    penalty = 1 - torch.exp(-((t - s) ** 2) / (2 * width**2))
    return (weights * penalty).sum(-1)[present(steps, S)].mean()


def batches(texts, frames, batch, R):
    """draw(rng) for `mmcourse.train`: texts and frames of like length together, padded: (text, lengths, frames, steps).

    texts: N integer arrays.   frames: N float32 arrays (frames, M), standardised.
    """
    order = np.argsort([len(f) for f in frames], kind="stable")

    def draw(rng):
        start = rng.integers(max(1, len(order) - 4 * batch + 1))
        rows = rng.permutation(order[start : start + 4 * batch])[:batch]
        steps = [-(-len(frames[i]) // R) for i in rows]
        text = np.zeros((len(rows), max(len(texts[i]) for i in rows)), np.int64)
        heard = np.zeros((len(rows), max(steps) * R, frames[0].shape[1]), np.float32)
        for b, i in enumerate(rows):
            text[b, : len(texts[i])] = texts[i]
            heard[b] = np.pad(frames[i], ((0, len(heard[b]) - len(frames[i])), (0, 0)), mode="edge")
        return text, np.array([len(texts[i]) for i in rows]), heard, np.array(steps)

    return draw


def loss(network, text, lengths, heard, steps, guide=2.0, noise=0.5):
    """Mean absolute error of drafts and frames, plus the stop's cross-entropy, plus `guide` times guided attention.

    noise: standard deviation of what is added to the frames that the network hears, for it will hear its own.
    """
    drafts, frames, stops, weights = network(text, lengths, heard + noise * torch.randn_like(heard), steps)
    here = present(steps, stops.shape[1])
    error = ((drafts - heard).abs() + (frames - heard).abs()).mean(-1)[here.repeat_interleave(network.R, 1)].mean() / 2
    last = (torch.arange(here.shape[1]) == steps[:, None] - 1).to(stops)
    stop = binary_cross_entropy_with_logits(stops[here], last[here], pos_weight=stops.new_tensor(STOPS))
    return error + 0.3 * stop + guide * guided_attention_loss(weights, lengths, steps)


def fit(texts, frames, V, *, steps, network=None, seed=0, batch=32, rate=4e-3, guide=2.0, progress=True, **options):
    """Train a `Network` on N texts (integers, 1 to V - 1) and their frames (N, M), standardised: it and its `History`.

    network: one to go on with; else a new one is drawn.   guide: weight of the guided attention's loss.
    The same seed gives the same network on one machine.   options: of `mmcourse.train.train`.
    """
    if network is None:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            network = Network(V, frames[0].shape[1], R)
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-4)
    optimiser.register_step_pre_hook(lambda *_: _cut_gradients(network))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
    )
    draw, cost = batches(texts, frames, batch, network.R), functools.partial(loss, guide=guide)
    history = train(network, draw, cost, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed,
                    progress=progress, **options)  # fmt: skip
    return network, history


def _cut_gradients(network, longest=1.0):
    torch.nn.utils.clip_grad_norm_(network.parameters(), longest)
