"""The networks of `mmcourse.studies.emotions`: a tower for each of face, voice and words, and what joins them.

B batch   D width of a tower's features   M mel bands   N frames   W words that training says   E = 6 emotions
"""

import functools

import numpy as np
import torch
from torch import nn

from mmcourse.data import emotions
from mmcourse.data.emotions import EMOTIONS
from mmcourse.fusion import pytorch as fusion
from mmcourse.speech import front_end
from mmcourse.text import tokens

MODALITIES = ("face", "voice", "words")
JOINTS = ("late sum", "concatenation", "gated", "low-rank tensor", "attention")
D, RANK = 32, 8


@functools.cache
def vocabulary():
    """{word: its number} of all that training says."""
    said = sorted({w for t in emotions.load("train").texts for w in tokens.words(t)})
    return {w: i for i, w in enumerate(said)}


def pixels(faces):
    """Faces (B, 32, 32) uint8 as the network sees them, (B, 1, 32, 32) float32 from −1 to 1."""
    return faces[:, None].astype(np.float32) / 127.5 - 1


def bands(sounds):
    """Sounds (B, T) as the network hears them: log-mel (B, M, N) float32, scaled to about mean 0 and spread 1."""
    log_mel = np.stack([front_end.log_mel(sound) for sound in sounds]).swapaxes(1, 2)
    return np.ascontiguousarray((log_mel + 2) / 2)


def counted(texts):
    """How often each word that training knows is said: (B, W) float32."""
    ids, counts = vocabulary(), np.zeros((len(texts), len(vocabulary())), np.float32)
    for row, text in zip(counts, texts, strict=True):
        for w in tokens.words(text):
            if w in ids:
                row[ids[w]] += 1
    return counts


def face():
    """A small CNN, faces (B, 1, 32, 32) to features (B, D)."""
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, 2, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(), nn.Conv2d(24, 24, 3, 2, 1),
        nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24 * 4 * 4, D), nn.ReLU(),
    )  # fmt: skip


class Voice(nn.Module):
    """A CNN along time, spectrograms (B, M, N) to features (B, D): what is there on average, and at most."""

    def __init__(self):
        super().__init__()
        self.along = nn.Sequential(
            nn.Conv1d(front_end.BANDS, 32, 5, 2, 2), nn.ReLU(), nn.Conv1d(32, 32, 5, 2, 2), nn.ReLU(),
            nn.Conv1d(32, 32, 3, 1, 1), nn.ReLU(),
        )  # fmt: skip
        self.out = nn.Sequential(nn.Dropout(0.2), nn.Linear(64, D), nn.ReLU())

    def forward(self, bands):
        h = self.along(bands)
        return self.out(torch.cat([h.mean(-1), h.amax(-1)], -1))


def words():
    """How often each word is said, (B, W), to features (B, D)."""
    return nn.Sequential(nn.Linear(len(vocabulary()), D), nn.ReLU(), nn.Dropout(0.2))


TOWERS = {"face": face, "voice": Voice, "words": words}


class FeelingModel(nn.Module):
    """One modality alone, or all three and one of `JOINTS`, then a head of two layers: log probabilities (B, E).

    late sum          a linear head for each modality, whose scores are added: no modality knows of another
    concatenation     one vector after the other
    gated, low-rank tensor   the room's, which join two: face and voice first, then the words
    attention         a weighted mean, whose weights are drawn from the features

    What is not present, (B, 3) bool, reaches the joint as zeros.
    """

    def __init__(self, method):
        super().__init__()
        self.method, self.use = method, (method,) if method in MODALITIES else MODALITIES
        self.towers = nn.ModuleDict({name: TOWERS[name]() for name in self.use})
        if method == "late sum":
            self.heads = nn.ModuleDict({name: nn.Linear(D, len(EMOTIONS)) for name in self.use})
            return
        shapes = {  # of two joins each, for the first two
            "gated": {"w_a": (2, D, D), "w_b": (2, D, D), "w_gate": (2, D, 2 * D)},
            "low-rank tensor": {"f_a": (2, RANK, D, D + 1), "f_b": (2, RANK, D, D + 1)},
            "attention": {"w": (D, D), "u": (D,)},
        }.get(method, {})
        self.joint = nn.ParameterDict({n: nn.Parameter(torch.randn(s) * s[-1] ** -0.5) for n, s in shapes.items()})
        width = 3 * D if method == "concatenation" else D
        self.head = nn.Sequential(nn.Linear(width, 2 * D), nn.ReLU(), nn.Linear(2 * D, len(EMOTIONS)))

    def forward(self, faces, bands, counts, present):
        inputs = dict(zip(MODALITIES, (faces, bands, counts), strict=True))
        there = dict(zip(MODALITIES, present[..., None].unbind(1), strict=True))  # (B, 1) each
        parts = {name: self.towers[name](inputs[name]) * there[name] for name in self.use}
        if self.method == "late sum":  # a modality that is not there says nothing, not even its bias
            return sum(self.heads[name](z) * there[name] for name, z in parts.items()).log_softmax(-1)
        return self.head(self._joined(list(parts.values()), present)).log_softmax(-1)

    def _joined(self, parts, present):
        if self.method == "attention":
            return fusion.attention_fusion(torch.stack(parts, 1), **self.joint, present=present)
        if self.method not in ("gated", "low-rank tensor"):
            return torch.cat(parts, -1)
        join = fusion.gated_fusion if self.method == "gated" else fusion.low_rank_fusion
        joined = parts[0]
        for i, part in enumerate(parts[1:]):
            joined = join(joined, part, **{name: weights[i] for name, weights in self.joint.items()})
        return joined


class Average(nn.Module):
    """Late fusion of models that know nothing of each other: the mean of the chances that those with something say."""

    def __init__(self, models):
        super().__init__()
        self.models = nn.ModuleList(models)

    def forward(self, faces, bands, counts, present):
        chances = torch.stack([model(faces, bands, counts, present).exp() for model in self.models], 1)
        heard = present | ~present.any(1, keepdim=True)  # where nothing is present, all count
        return ((chances * heard[..., None]).sum(1) / heard.sum(1, keepdim=True)).clamp_min(1e-12).log()


def dropped(present, share):
    """Take one modality, whichever, from a share of the examples: present (B, 3) again, drawn from torch's generator.

    A model that trains with this learns to do with the others.  (Neverova et al. 2016, "ModDrop", arXiv:1501.00102.)
    """
    if not share:
        return present
    drawn = torch.randint(present.shape[1], (len(present), 1))
    lost = (torch.arange(present.shape[1]) == drawn) & (torch.rand(len(present), 1) < share)
    return present & ~lost
