"""Every fusion of chapter 02 for any number of modalities, over rows of tokens: the same tiny towers for all.

    model = Fused("gated", sizes=((16, 64), (6, 70)), classes=24)
    log_probabilities = model(image, text, present)      # tokens (B, T, F) each, present (B, M) bool; returns (B, V)

B batch   M modalities   T tokens and F features of a modality   D width of a tower's features   V classes

What joins two in `mmcourse.fusion` joins more in turn: the first two, then what came out with the third.
"""

from functools import reduce

import torch
from torch import nn

from mmcourse.attention.pytorch import scaled_dot_product_attention
from mmcourse.fusion import pytorch as fusion
from mmcourse.fusion.models import RANK

FOLDED = {  # name: (what joins two, the shapes of its parameters)
    "product": (fusion.product_fusion, lambda D: dict.fromkeys(("w_a", "w_b"), (D, D))),
    "gated": (fusion.gated_fusion, lambda D: {"w_a": (D, D), "w_b": (D, D), "w_gate": (D, 2 * D)}),
    "low-rank tensor": (fusion.low_rank_fusion, lambda D: dict.fromkeys(("f_a", "f_b"), (RANK, D, D + 1))),
}
LATE = ("two streams", "late", "mixture of experts")
METHODS = ("concatenation", "sum", *FOLDED, "tensor", "attention", "cross-attention", *LATE)
NARROW = {2: 16, 3: 8}  # M: width to which "tensor" narrows each modality, since its products multiply


class Tower(nn.Module):
    """Tokens (B, T, F) to hidden tokens (B, T, D) and to features (B, D): their mean and their highest."""

    def __init__(self, T, F, D, dropout):
        super().__init__()
        self.into, self.place = nn.Linear(F, D), nn.Parameter(torch.randn(T, D) * 0.3)
        self.again = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(D, D), nn.ReLU())
        self.out = nn.Linear(2 * D, D)

    def forward(self, x, here):
        """x (B, T, F), here (B, T) bool: which tokens there are."""
        h = self.again(self.into(x) + self.place) * here[..., None]  # at least 0, so a highest of 0 is none
        mean = h.sum(1) / here.sum(1, keepdim=True).clamp_min(1)
        return h, self.out(torch.cat([mean, h.amax(1)], -1))


class Fused(nn.Module):
    """Towers, one of `METHODS` and a head of two layers; or one modality alone, whose number stands for the method.

    sum, concatenation   one linear map, or one vector after the other
    product, gated, low-rank tensor, tensor, attention     as in `mmcourse.fusion`
    cross-attention      the tokens of each modality look at those of all others (Tsai et al. 2019, arXiv:1906.00295)
    two streams          each modality learns by itself, and their chances are averaged (Simonyan & Zisserman 2014)
    late                 the same with learned weights, and learned together
    mixture of experts   with weights for each example

    What is not present is not read. sizes: (T, F) of each modality. deep: whether a head has two layers, or is linear;
    None: it is linear in late fusion and deep elsewhere, as in `mmcourse.fusion.models`.
    """

    def __init__(self, method, sizes, classes, *, D=32, dropout=0.0, deep=None):
        super().__init__()
        M = len(sizes)
        if method not in METHODS and method not in range(M):
            raise ValueError(f"Fused: expected one of {METHODS} or a modality's number below {M}, came {method!r}")
        self.method = method
        self.use = (method,) if method in range(M) else range(M)
        self.towers = nn.ModuleList(Tower(*sizes[m], D, dropout) for m in self.use)
        shapes, width = _shapes(method, len(self.use), D)
        self.joint = nn.ParameterDict({n: nn.Parameter(torch.randn(s) * s[-1] ** -0.5) for n, s in shapes.items()})
        deep = method not in LATE if deep is None else deep
        if method in LATE:
            self.heads = nn.ModuleList(_head(D, D, classes, dropout, deep) for _ in sizes)
            self.gates = nn.Linear(M * D, M) if method == "mixture of experts" else nn.Parameter(
                torch.zeros(M), requires_grad=method == "late")  # fmt: skip
        else:
            self.head = _head(width, D, classes, dropout, deep)

    def forward(self, *tokens_and_present):
        """Tokens (B, T, F) of each modality, then present (B, M) bool; returns log probabilities (B, V)."""
        if self.method not in LATE:
            return self.head(self.joined(*tokens_and_present)).log_softmax(-1)
        verdicts, gates = self.verdicts(*tokens_and_present)
        return fusion.mixture_of_experts_fusion(verdicts, gates).clamp_min(1e-12).log()

    def loss(self, *batch):
        """The mean loss of a batch: tokens, present, labels (B,). Streams that learn by themselves add up theirs."""
        *given, labels = batch
        if self.method == "two streams":
            verdicts, _ = self.verdicts(*given)
            return sum(nn.functional.nll_loss(v.clamp_min(1e-12).log(), labels) for v in verdicts.unbind(1))
        return nn.functional.nll_loss(self(*given), labels)

    def features(self, *tokens_and_present):
        """Of the modalities in use, lists: hidden tokens (B, T, D), which there are (B, T), features (B, D)."""
        *tokens, present = tokens_and_present
        here = [(tokens[m] != 0).any(-1) & present[:, m, None] for m in self.use]
        found = [tower(tokens[m], h) for tower, m, h in zip(self.towers, self.use, here, strict=True)]
        hidden, features = zip(*found, strict=True)
        return hidden, here, [f * present[:, m, None] for f, m in zip(features, self.use, strict=True)]

    def verdicts(self, *tokens_and_present):
        """Of late fusion: each modality's chances (B, M, V), and the gates (B, M) of those that are present."""
        _, _, features = self.features(*tokens_and_present)
        chances = torch.stack([head(f).softmax(-1) for head, f in zip(self.heads, features, strict=True)], 1)
        gates = self.gates(torch.cat(features, -1)) if self.method == "mixture of experts" else self.gates
        return chances, gates.masked_fill(~tokens_and_present[-1], torch.finfo(chances.dtype).min)

    def joined(self, *tokens_and_present):
        """The joint representation, (B, width). Not for late fusion, which has none."""
        hidden, here, features = self.features(*tokens_and_present)
        w = self.joint
        if self.method in FOLDED:
            join = FOLDED[self.method][0]
            steps = ({n: v[i] for n, v in w.items()} for i in range(len(features) - 1))
            return reduce(
                lambda a, step: join(a, step[0], **step[1]), zip(features[1:], steps, strict=True), features[0]
            )
        if self.method == "tensor":
            return reduce(fusion.tensor_fusion, [f @ w["narrow"][i].T for i, f in enumerate(features)])
        if self.method == "attention":
            return fusion.attention_fusion(torch.stack(features, 1), **w, present=tokens_and_present[-1])
        if self.method == "cross-attention":
            features = [f + self._looked(m, hidden, here) for m, f in enumerate(features)]
        together = torch.cat(features, -1)
        return together @ w["w"].T if self.method == "sum" else together

    def _looked(self, m, hidden, here):
        """What the tokens of modality m find among those of all others, on average: (B, D)."""
        w_q, w_k, w_v = (self.joint[n][m] for n in ("w_q", "w_k", "w_v"))
        others = torch.cat([h for i, h in enumerate(hidden) if i != m], 1)
        may = torch.cat([h for i, h in enumerate(here) if i != m], 1)[:, None] & here[m][..., None]
        found = scaled_dot_product_attention(hidden[m] @ w_q.T, others @ w_k.T, others @ w_v.T, may)
        return found.sum(1) / here[m].sum(1, keepdim=True).clamp_min(1)


def _head(width, D, classes, dropout, deep):
    if not deep:
        return nn.Sequential(nn.ReLU(), nn.Linear(width, classes))
    return nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, 2 * D), nn.ReLU(), nn.Linear(2 * D, classes))


def _shapes(method, M, D):
    """The shapes of what a joint learns, and the width of what comes out."""
    if method in FOLDED:
        return {n: (M - 1, *s) for n, s in FOLDED[method][1](D).items()}, D
    narrow = NARROW.get(M, D)
    products = reduce(lambda width, _: (width + 1) * (narrow + 1), range(M - 1), narrow)
    return {
        "sum": ({"w": (D, M * D)}, D),
        "tensor": ({"narrow": (M, narrow, D)}, products),
        "attention": ({"w": (D, D), "u": (D,)}, D),
        "cross-attention": (dict.fromkeys(("w_q", "w_k", "w_v"), (M, D, D)), M * D),
    }.get(method, ({}, M * D))
