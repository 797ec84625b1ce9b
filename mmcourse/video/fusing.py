"""Streams brought together: by their scores, or by their features.

    said = heard_from(streams, inputs)                   # what M trained streams make of B clips
    joint = Joint("attention", M=3, classes=10)
    log_probabilities = joint(present, *said)            # present (B, 3): True = this stream has something to say

The papers stand in the rooms `video` and `fusion`, whose functions do the work.
"""

from functools import reduce
from typing import NamedTuple

import torch
from torch import nn

from mmcourse.fusion import pytorch as fusion
from mmcourse.video import fitting
from mmcourse.video.network import WIDTH
from mmcourse.video.pytorch import fuse_scores

METHODS = ("average", "experts", "concatenation", "gated", "attention")


class Said(NamedTuple):
    """features (B, M, D) and log-probabilities (B, M, V) of M streams."""

    features: torch.Tensor
    verdicts: torch.Tensor


def heard_from(streams, inputs):
    """What M trained streams make of B clips.   inputs: for each stream the tuple of its arguments."""
    features = [fitting.features(stream, *x) for stream, x in zip(streams, inputs, strict=True)]
    heads = [stream.head for stream in streams]
    with torch.inference_mode():
        verdicts = [head(f).log_softmax(-1) for head, f in zip(heads, features, strict=True)]
    return Said(torch.stack(features, 1).clone(), torch.stack(verdicts, 1).clone())


class Joint(nn.Module):
    """What joins M streams. Nothing of a stream that is not present is read.

    average         of the log-probabilities: nothing is learned, and with no stream at all every action is as likely
                    (Simonyan & Zisserman 2014)
    experts         of the probabilities, weighted for each clip by what the features say
    concatenation   features side by side, then a head
    gated           features two by two through gates, the first with the second, that with the third; then a head
    attention       features weighted for each clip, then a head

    dropout: the share of clips from which one stream is taken in training, so that the others learn to do without.
    """

    def __init__(self, method, M, classes, D=WIDTH, dropout=0.0):
        super().__init__()
        if method not in METHODS:
            raise ValueError(f"Joint: expected one of the methods {METHODS}, came {method!r}")
        self.method, self.dropout = method, dropout
        shapes = {
            "gated": {"w_a": (M - 1, D, D), "w_b": (M - 1, D, D), "w_gate": (M - 1, D, 2 * D)},
            "attention": {"w": (D, D), "u": (D,)},
        }.get(method, {})
        self.joint = nn.ParameterDict({n: nn.Parameter(torch.randn(s) * s[-1] ** -0.5) for n, s in shapes.items()})
        if method == "experts":
            self.gates = nn.Linear(M * D, M)
        elif method != "average":
            self.head = nn.Linear(M * D if method == "concatenation" else D, classes)

    def forward(self, present, features, verdicts):
        """present (B, M) bool, features (B, M, D), verdicts (B, M, V); returns log-probabilities (B, V)."""
        if self.training and self.dropout:
            present = one_less(present, self.dropout)
        features = features.masked_fill(~present[..., None], 0)
        if self.method == "average":
            return fuse_scores(verdicts, None, present).log_softmax(-1)
        if self.method == "experts":
            gates = self.gates(features.flatten(1)).masked_fill(~present, torch.finfo(features.dtype).min)
            likely = verdicts.masked_fill(~present[..., None], 0).exp()
            return fusion.mixture_of_experts_fusion(likely, gates).clamp_min(1e-12).log().log_softmax(-1)
        return self.head(self.joined(features, present)).log_softmax(-1)

    def joined(self, features, present):
        """One representation of all streams, (B, M · D) for concatenation and otherwise (B, D)."""
        if self.method == "concatenation":
            return features.flatten(1)
        if self.method == "attention":
            return fusion.attention_fusion(features, **self.joint, present=present)
        steps = zip(features.unbind(1)[1:], *(self.joint[n] for n in ("w_a", "w_b", "w_gate")), strict=True)
        return reduce(lambda a, step: fusion.gated_fusion(a, *step), steps, features[:, 0])


def one_less(present, share):
    """Take one stream, drawn anew, from a share of the clips that have several; returns present (B, M).

    It is `mmcourse.fusion.models.modality_dropout` for any number of streams; it draws from torch's generator.
    (Neverova et al. 2016, "ModDrop", arXiv:1501.00102.)
    """
    drawn = torch.rand(present.shape, device=present.device).masked_fill(~present, -1)
    first = torch.arange(present.shape[1], device=present.device) == drawn.argmax(1, keepdim=True)
    hit = torch.rand(len(present), 1, device=present.device) < share
    return present & ~(first & hit & (present.sum(1, keepdim=True) > 1))
