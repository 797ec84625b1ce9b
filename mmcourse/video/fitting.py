"""From clips to what the streams look at, and the training of a stream, in seconds.

x = small_frames(frames)              # (B, T, 3, 24, 24)
x = flow_of(frames)                   # (B, T − 1, 2, 12, 12): quicker than to read it from a file
x = heard(sounds)                     # (B, N, 40)
stream = untrained(lambda: FlowStream(10), seed=0)
history = fit(stream, x, labels)
log_probabilities = scores(stream, x)
"""

import numpy as np
import torch
from torch.nn import functional as F

from mmcourse.motion.colours import grey
from mmcourse.motion.pytorch import lucas_kanade
from mmcourse.speech import front_end
from mmcourse.train import train
from mmcourse.video.network import FLOW_SIDE, SIDE

EPOCHS, BATCH, RATE, DECAY = 10, 32, 3e-3, 0.02
DRAWN = 3  # frames of a clip that a stream of frames learns from each time (Wang et al. 2016: three segments)
_PART = 200  # clips looked at together
_LEAST_SPREAD = np.float32(0.1)  # of a clip's log-mel: keeps silence small


def small_frames(frames):
    """Frames (B, T, H, W, 3) uint8 as (B, T, 3, SIDE, SIDE) float32 from −0.5 to 0.5, by averages over squares."""
    check_frames("small_frames", frames)
    x = torch.from_numpy(np.ascontiguousarray(frames)).flatten(0, 1)
    small = [F.adaptive_avg_pool2d(part.permute(0, 3, 1, 2).float(), SIDE) for part in x.split(_PART)]
    return (torch.cat(small) / 255 - 0.5).unflatten(0, frames.shape[:2])


def flow_of(frames):
    """Optical flow of frames (B, T, H, W, 3) uint8: (B, T − 1, 2, FLOW_SIDE, FLOW_SIDE) float32, right and down.

    In pixels of frames of SIDE: at that size, what these clips do in a frame is about a pixel, and one step of
    Lucas and Kanade's suffices. One frame has none, (B, 0, ...).
    """
    check_frames("flow_of", frames)
    bright = torch.from_numpy(grey(np.asarray(frames)))  # (B, T, H, W)
    small = F.adaptive_avg_pool2d(bright, SIDE)
    if frames.shape[1] < 2:
        return small.new_zeros(len(frames), 0, 2, FLOW_SIDE, FLOW_SIDE)
    flow = lucas_kanade(small[:, :-1], small[:, 1:]).movedim(-1, 2)  # (B, T − 1, 2, SIDE, SIDE)
    return F.adaptive_avg_pool2d(flow.flatten(0, 1), FLOW_SIDE).unflatten(0, flow.shape[:2])


def heard(sounds):
    """Sounds (B, samples) float at 8,000 a second as log-mel (B, N, 40) float32, with mean 0 and spread near 1 a clip.

    So how loud a clip is does not count, and silence is 0.
    """
    y = front_end.log_mel(sounds)
    y = y - y.mean((1, 2), keepdims=True)
    return torch.from_numpy(y / (y.std((1, 2), keepdims=True) + _LEAST_SPREAD))


def untrained(make, seed=0):
    """make(), its first parameters from the seed alone."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return make()


def fit(stream, x, labels, *, epochs=EPOCHS, drawn=None, batch=BATCH, rate=RATE, seed=0, progress=True):
    """Train a stream, or a fusion of streams, in place; returns the `History` of `mmcourse.train`.

    x: a tensor with one row a clip, or a tuple of them, the stream's arguments.   labels (B,): whole numbers from 0.
    drawn: learn from so many frames a clip, drawn anew each time: for streams that are blind to the order. None: all.
    rate: the highest of one cycle.   Raises ValueError for what does not fit.
    """
    x, labels = x if isinstance(x, tuple) else (x,), torch.as_tensor(labels)
    if not {len(part) for part in x} == {len(labels)}:
        raise ValueError(f"fit: expected as many clips as labels, came {[len(part) for part in x]} and {len(labels)}")
    if drawn is not None and not 1 <= drawn <= x[0].shape[1]:
        raise ValueError(f"fit: expected to draw 1 to {x[0].shape[1]} frames of a clip, came {drawn}")

    def loss(stream, *x_and_labels):
        *given, wanted = x_and_labels
        if drawn is not None:
            given[0] = given[0][:, torch.randperm(given[0].shape[1])[:drawn].sort().values]
        return F.nll_loss(stream(*given), wanted)

    steps = epochs * (len(labels) // batch)
    optimiser = torch.optim.AdamW(stream.parameters(), rate, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1)
    return train(stream, (*x, labels), loss, optimiser=optimiser, schedule=schedule, epochs=epochs, batch=batch,
                 seed=seed, progress=progress)  # fmt: skip


def scores(stream, *x):
    """Log-probabilities (B, V) of clips, as float32 array.   x: the stream's arguments, tensors."""
    return _parts(stream.eval(), x).numpy()


def features(stream, *x):
    """A stream's features (B, D) of clips, a tensor."""
    return _parts(stream.eval().features, x)


@torch.inference_mode()
def _parts(look, x):
    found = [look(*part) for part in zip(*(a.split(_PART) for a in x), strict=True)]
    return torch.cat(found)


def check_frames(name, frames):
    """Raise ValueError, with what to try, unless frames are (B, T, H, W, 3) uint8 and at least one a clip."""
    frames = np.asarray(frames)
    if frames.ndim != 5 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.shape[1]:
        raise ValueError(
            f"{name}: expected frames (B, T, H, W, 3) uint8, T at least 1, came {frames.shape} {frames.dtype}. "
            "Try: frames[None] for one clip, (frames * 255).astype(np.uint8) for floats"
        )
