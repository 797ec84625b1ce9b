"""Networks around the fusions: a tower for each modality, one of the room's fusions, and a head.

    model = FusionModel("gated", see=..., hear=..., classes=10)
    model(images, sounds, present)                  # log probabilities (B, classes)

B batch   D width of each tower's features   M = 2 modalities   V classes
"""

import torch
from torch import nn

from mmcourse.fusion import pytorch as fusion

RANK = 8


def _square(D):
    return {"w_a": (D, D), "w_b": (D, D)}


JOINTS = {  # name: (function of a, b, present and its parameters; their shapes; width of what comes out)
    "image alone": (lambda a, b, present: a, lambda D: {}, lambda D: D),
    "sound alone": (lambda a, b, present: b, lambda D: {}, lambda D: D),
    "concatenation": (lambda a, b, present: torch.cat([a, b], -1), lambda D: {}, lambda D: 2 * D),
    "sum": (lambda a, b, present, w_a, w_b: a @ w_a.T + b @ w_b.T, _square, lambda D: D),
    "product": (lambda a, b, present, **w: fusion.product_fusion(a, b, **w), _square, lambda D: D),
    "gated": (
        lambda a, b, present, **w: fusion.gated_fusion(a, b, **w),
        lambda D: _square(D) | {"w_gate": (D, 2 * D)},
        lambda D: D,
    ),
    "attention": (
        lambda a, b, present, **w: fusion.attention_fusion(torch.stack([a, b], -2), present=present, **w),
        lambda D: {"w": (D, D), "u": (D,)},
        lambda D: D,
    ),
    "tensor": (lambda a, b, present: fusion.tensor_fusion(a, b), lambda D: {}, lambda D: (D + 1) ** 2),
    "low-rank tensor": (
        lambda a, b, present, **w: fusion.low_rank_fusion(a, b, **w),
        lambda D: dict.fromkeys(("f_a", "f_b"), (RANK, D, D + 1)),
        lambda D: D,
    ),
}
LATE = ("late", "mixture of experts")
METHODS = (*JOINTS, *LATE)


class FusionModel(nn.Module):
    """Two towers, what joins them, and a head. What is not present reaches the joint as zeros.

    see, hear: modules from a modality to (B, D). classes: V. method: a name in `METHODS`:

    joints         one representation, then a head: two layers with 2·D hidden units
    late           two verdicts, a linear head each, averaged with two learned weights: two-stream late fusion
    mixture of experts   the same with weights for each example, a linear map of both towers' features
    """

    def __init__(self, method, see, hear, classes, *, D=32, dropout=0.0):
        super().__init__()
        if method not in METHODS:
            raise ValueError(f"FusionModel: expected one of the methods {METHODS}, came {method!r}")
        self.method = method
        self.see, self.hear = None if method == "sound alone" else see, None if method == "image alone" else hear
        if method in LATE:
            self.verdicts = nn.ModuleList(nn.Sequential(nn.ReLU(), nn.Linear(D, classes)) for _ in range(2))
            self.gates = nn.Parameter(torch.zeros(2)) if method == "late" else nn.Linear(2 * D, 2)
            return
        _, shapes, width = JOINTS[method]
        self.joint = nn.ParameterDict({n: nn.Parameter(torch.randn(s) * s[-1] ** -0.5) for n, s in shapes(D).items()})
        self.head = nn.Sequential(
            nn.ReLU(), nn.Dropout(dropout), nn.Linear(width(D), 2 * D), nn.ReLU(), nn.Linear(2 * D, classes)
        )

    def features(self, images, sounds, present):
        """The towers' features a and b, each (B, D), zeros for what is not present (B, 2); None without a tower."""
        a = self.see(images) * present[:, :1] if self.see else None
        b = self.hear(sounds) * present[:, 1:] if self.hear else None
        return a, b

    def joined(self, images, sounds, present):
        """The joint representation, (B, width). Not for late fusion, which has none."""
        return JOINTS[self.method][0](*self.features(images, sounds, present), present, **self.joint)

    def forward(self, images, sounds, present):
        """Log probabilities (B, V)."""
        if self.method not in LATE:
            return self.head(self.joined(images, sounds, present)).log_softmax(-1)
        a, b = self.features(images, sounds, present)
        verdicts = torch.stack([head(m).softmax(-1) for head, m in zip(self.verdicts, (a, b), strict=True)], -2)
        gates = self.gates.expand(len(a), 2) if self.method == "late" else self.gates(torch.cat([a, b], -1))
        gates = gates.masked_fill(~present, torch.finfo(gates.dtype).min)  # both missing: equal weights
        return fusion.mixture_of_experts_fusion(verdicts, gates).clamp_min(1e-12).log()


def modality_dropout(present, share):
    """Take one modality, drawn anew, from a share of the examples that have both; returns present (B, 2).

    A model that trains with this learns to do with either. It draws from torch's generator, so with the seed of
    `mmcourse.train.train`.  (Neverova et al. 2016, "ModDrop", arXiv:1501.00102.)
    """
    drawn = torch.rand(len(present), device=present.device)
    both = present.all(1)
    lost = torch.stack([drawn < share / 2, (drawn >= share / 2) & (drawn < share)], 1)
    return present & ~(lost & both[:, None])
