"""Mistakes that are easily made when weights are carried across, each as a captioner in PyTorch that has it.

None raises an error: all shapes fit. `table` says which of them a comparison of logits would find.
"""

import numpy as np
from torch import nn

from mmcourse.tools import pytorch

BLOCKS = nn.TransformerEncoderLayer, nn.TransformerDecoderLayer
CARRYING = {  # what happens to the weights
    "an output matrix not transposed": lambda w: w | {"decoder.0.w_o": w["decoder.0.w_o"].T},
    "queries and keys swapped": lambda w: _swapped(w, "q", "k"),
    "keys and values swapped": lambda w: _swapped(w, "k", "v"),
    "channels in the other order": lambda w: w | {"patch_weight": np.flip(w["patch_weight"], 1).copy()},
    "patches column by column": lambda w: w | {"image_position": _by_columns(w["image_position"])},
    "positions that begin after the class token": lambda w: w | {"image_position": np.roll(w["image_position"], -1, 0)},
}
SETTINGS = {  # what happens to the module
    "the exact GELU": lambda model: _set(model, BLOCKS, activation=nn.functional.gelu),
    "layer norms with 1e-12": lambda model: _set(model, nn.LayerNorm, eps=1e-12),
    "layer norms with 1e-3": lambda model: _set(model, nn.LayerNorm, eps=1e-3),
    "one head": lambda model: _fewer_heads(model),
    "no causal mask": lambda model: _see_the_future(model),
}


def build(fault, weights, sizes):
    """The `pytorch.Captioner` with the mistake named `fault`."""
    if fault in CARRYING:
        return pytorch.build(CARRYING[fault](weights), sizes)
    if fault not in SETTINGS:
        raise ValueError(f"faults: expected one of {(*CARRYING, *SETTINGS)}, came {fault!r}")
    model = pytorch.build(weights, sizes)
    SETTINGS[fault](model)
    return model


def table(weights, sizes, images, words):
    """Rows (fault, how far the logits move, share of captions that stay the same).

    The move is the largest change of a logit over the largest logit, so it can be held against a tolerance.
    images (N, C, side, side); words (N, T) int64, on which logits are compared. The captions are greedy.
    """
    right = pytorch.build(weights, sizes)
    logits, written = pytorch.logits(right, images, words), pytorch.captions(right, images)
    rows = []
    for fault in (*CARRYING, *SETTINGS):
        model = build(fault, weights, sizes)
        move = np.abs(pytorch.logits(model, images, words) - logits).max() / np.abs(logits).max()
        same = np.mean([a == b for a, b in zip(pytorch.captions(model, images), written, strict=True)])
        rows.append((fault, float(move), float(same)))
    return rows


def _swapped(weights, one, other):
    """The projections of two of q, k and v exchanged, in every block."""
    pairs = {f"{kind}_{a}": f"{kind}_{b}" for kind in "wb" for a, b in ((one, other), (other, one))}
    return weights | {n: weights[n[:-3] + pairs[n[-3:]]] for n in weights if n[-3:] in pairs}


def _by_columns(position):
    """The places of a square of patches exchanged across its diagonal; the class token's stays."""
    side = round((len(position) - 1) ** 0.5)
    order = np.arange(len(position) - 1).reshape(side, side).T.ravel() + 1
    return np.concatenate([position[:1], position[order]])


def _set(model, kind, **values):
    """Set attributes of all parts of a kind."""
    for part in model.modules():
        if isinstance(part, kind):
            for name, value in values.items():
                setattr(part, name, value)


def _fewer_heads(model):
    for part in model.modules():
        if isinstance(part, nn.MultiheadAttention):
            part.num_heads, part.head_dim = 1, part.embed_dim


def _see_the_future(model):
    for block in model.decoder:
        block.forward = lambda x, memory, block=block, **masks: type(block).forward(block, x, memory)
