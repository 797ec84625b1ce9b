"""The network: two convolutions over time, a bidirectional LSTM, and the log-probabilities that CTC reads."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from mmcourse.speech import front_end

KERNEL = 5  # frames that a convolution looks at
_LEAST_SPREAD = 0.3  # added to a band's standard deviation, so that a band where nothing happens stays small


def features(sound):
    """What the network hears: the log-mel, each band with mean 0 and spread near 1 over the clip.   (N, M) float32.

    So loudness and the microphone's colour, which shift a whole band, are gone. sound (T,): float at 8,000 a second.
    """
    y = front_end.log_mel(sound)
    return (y - y.mean(0)) / (y.std(0) + _LEAST_SPREAD)


def padded(many):
    """B arrays (N_b, M) of different lengths as one tensor (B, N, M), zeros behind each, and the lengths (B,)."""
    lengths = torch.tensor([len(y) for y in many])
    return pad_sequence([torch.from_numpy(np.ascontiguousarray(y)) for y in many], batch_first=True), lengths


class Network(nn.Module):
    """Log-mel (B, N, M) to log-probabilities (T, B, C); a clip's answer does not depend on the padding behind it.

    classes: C, the blank among them.   strides: of the two convolutions; T = N / their product, rounded up. CTC writes
    at most one character a frame, and needs one between equal neighbours: letters come faster than syllables.
    """

    def __init__(self, classes, strides=(2, 1), channels=(96, 128), hidden=128, bands=front_end.BANDS):
        super().__init__()
        widths = (bands, *channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(i, o, KERNEL, stride, KERNEL // 2)
            for i, o, stride in zip(widths[:-1], widths[1:], strides, strict=True)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for width in channels)
        self.dropout = nn.Dropout(0.1)
        self.forwards = nn.LSTM(widths[-1], hidden, batch_first=True)
        self.backwards = nn.LSTM(widths[-1], hidden, batch_first=True)
        self.head = nn.Linear(2 * hidden, classes)

    def forward(self, x, lengths):
        """x (B, N, M), lengths (B,): frames that count. Returns log-probabilities (T, B, C) and their lengths (B,)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(convolution(x.mT).mT).relu()  # (B, N / stride, channels)
            lengths = (lengths - 1) // convolution.stride[0] + 1
            counts = torch.arange(x.shape[1], device=x.device) < lengths[:, None]
            x = self.dropout(x * counts[..., None])  # zeros behind a clip, as a convolution finds them at any end
        there, _ = self.forwards(x)
        back, _ = self.backwards(turned(x, lengths))
        y = torch.cat([there, turned(back, lengths)], -1)  # (B, T, 2 H)
        return self.head(self.dropout(y)).log_softmax(-1).transpose(0, 1), lengths


def turned(x, lengths):
    """Each clip of x (B, T, D) from its end to its beginning, the padding left behind it; twice gives x.

    So the LSTM that runs backwards begins at a clip's last frame. PyTorch's packed sequences do the same, more slowly.
    """
    t = torch.arange(x.shape[1], device=x.device)
    mirrored = lengths[:, None] - 1 - t  # (B, T)
    index = torch.where(mirrored >= 0, mirrored, t)
    return x.gather(1, index[..., None].expand_as(x))
