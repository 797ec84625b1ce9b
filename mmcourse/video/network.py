"""Streams: small networks that each see one side of a clip, and score the actions.

    seen = FrameStream(10)                       # frames (B, T, 3, 24, 24), each by itself
    moved = FlowStream(10)                       # optical flow (B, T − 1, 2, 12, 12)
    heard = SoundStream(10)                      # log-mel (B, N, 40)
    read = TextStream(10, len(words))            # bags of words (B, words)

Each gives log-probabilities (B, V) for `stream(x, mask)`, and `stream.features(x, mask)` (B, D) for a fusion; in a mask
True means that a frame belongs to the clip. The first parameters are drawn from torch's generator.
"""

import torch
from torch import nn

from mmcourse.speech import front_end
from mmcourse.video.pytorch import attention_pool, max_pool, mean_pool

WIDTH = 48  # D
POOLINGS = ("mean", "max", "lstm", "attention")
QUERIES = 4  # H of attention over time
_LOUD = 3.0  # of the positions beside the features, so that a query finds its time from the start
SIDE, FLOW_SIDE = 24, 12  # of what the streams look at, in pixels


class Look(nn.Module):
    """A small CNN for one frame: (..., C, side, side) to (..., D). It knows where in the frame something is."""

    def __init__(self, C, side, D=WIDTH, channels=(16, 32, 32), dropout=0.1):
        super().__init__()
        strides = [2 if side > FLOW_SIDE else 1] + [1] * (len(channels) - 1)
        self.layers = nn.Sequential()
        for before, after, stride in zip((C, *channels[:-1]), channels, strides, strict=True):
            self.layers.extend([nn.Conv2d(before, after, 3, stride, 1), nn.ReLU()])
            if stride == 1 and side > 3:
                self.layers.append(nn.MaxPool2d(2))
                side //= 2
            else:
                side = -(-side // stride)
        self.out = nn.Sequential(nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels[-1] * side**2, D), nn.ReLU())

    def forward(self, x):
        lead = x.shape[:-3]
        return self.out(self.layers(x.flatten(0, -4))).unflatten(0, lead)


class Stream(nn.Module):
    """What a CNN sees frame by frame, brought together over time, and scored.

    look: a module from frames (B, T, ...) to (B, T, D).   pooling: how T becomes one, a name in `POOLINGS`:

    mean, max     blind to the order of the frames
    lstm          reads the frames in order; its last state
    attention     four learned queries, over features that each know when they came
    """

    def __init__(self, look, classes, pooling="mean", D=WIDTH):
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"Stream: expected one of the poolings {POOLINGS}, came {pooling!r}")
        self.look, self.pooling = look, pooling
        if pooling == "lstm":
            self.read = nn.LSTM(D, D, batch_first=True)
        if pooling == "attention":
            self.queries = nn.Parameter(torch.randn(QUERIES, D))
            self.join = nn.Sequential(nn.Linear(QUERIES * D, D), nn.ReLU())
        self.head = nn.Linear(D, classes)

    def features(self, x, mask=None):
        """The clip in D numbers: (B, D)."""
        return self.pooled(self.look(x), mask)

    def pooled(self, x, mask=None):
        """Features of frames (B, T, D) to those of clips (B, D)."""
        if self.pooling == "mean":
            return mean_pool(x, mask)
        if self.pooling == "max":
            return max_pool(x, mask)
        if self.pooling == "attention":
            placed = x + _LOUD * when(*x.shape[-2:], x)
            return self.join(attention_pool(placed, self.queries, mask).flatten(-2))
        states, _ = self.read(x)
        return states[:, -1] if mask is None else _last(states, mask)

    def forward(self, x, mask=None):
        return self.head(self.features(x, mask)).log_softmax(-1)


def FrameStream(classes, pooling="mean", D=WIDTH):
    """A `Stream` of frames (B, T, 3, 24, 24) as `fitting.small_frames` makes them."""
    return Stream(Look(3, SIDE, D), classes, pooling, D)


def FlowStream(classes, pooling="mean", D=WIDTH):
    """A `Stream` of optical flow (B, T − 1, 2, 12, 12) as `fitting.flow_of` makes it."""
    return Stream(Look(2, FLOW_SIDE, D), classes, pooling, D)


class SoundStream(nn.Module):
    """A small CNN over time: log-mel (B, N, BANDS), scaled by `fitting.heard`, to features (B, D) and scores."""

    def __init__(self, classes, D=WIDTH, dropout=0.1):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(front_end.BANDS, 32, 5, 2, 2), nn.ReLU(), nn.Conv1d(32, 32, 5, 2, 2), nn.ReLU(),
            nn.AdaptiveMaxPool1d(6), nn.Flatten(), nn.Dropout(dropout), nn.Linear(192, D), nn.ReLU(),
        )  # fmt: skip
        self.head = nn.Linear(D, classes)

    def features(self, x):
        return self.layers(x.mT)

    def forward(self, x):
        return self.head(self.features(x)).log_softmax(-1)


class TextStream(nn.Module):
    """Bags of words (B, words) to features (B, D) and scores."""

    def __init__(self, classes, words, D=WIDTH, dropout=0.1):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(words, D), nn.ReLU())
        self.head = nn.Linear(D, classes)

    def features(self, x):
        return self.layers(x)

    def forward(self, x):
        return self.head(self.features(x)).log_softmax(-1)


def when(T, D, like):
    """T positions as D sines and cosines, (T, D): a frame that carries its own knows when it came.

    (Vaswani et al. 2017, section 3.5, with wavelengths from 2π to 2π · 100: clips are short.)
    """
    t = torch.arange(T, device=like.device, dtype=like.dtype)[:, None]
    angle = t / 100 ** (torch.arange(0, D, 2, device=like.device) / D)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(-2)[:, :D]


def _last(states, mask):
    """The state (B, D) at each clip's last frame of states (B, T, D); zeros for a clip without frames."""
    t = torch.arange(mask.shape[1], device=mask.device)
    last = (t * mask).amax(1)
    return states[torch.arange(len(states)), last] * mask.any(1, keepdim=True)
