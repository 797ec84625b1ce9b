"""The captioner's weights: one dict of arrays with our names, and the way into each framework and back.

    carried = carry(weights, sizes, "huggingface")          # {their name: array in their layout}
    weights = carry_back(carried, sizes, "huggingface")     # the same dict again

Both ways are strict: a weight that is missing, superfluous or of the wrong shape is refused.
"""

from typing import NamedTuple

import numpy as np

from mmcourse.tools import layouts

TOOLS = {"pytorch": layouts.pytorch, "keras": layouts.keras, "huggingface": layouts.huggingface}


class Sizes(NamedTuple):
    """What the shapes do not tell, and what they must agree with. The letters stand in the room's `__init__`.

    side: pixels of an image's side. patch: pixels of a patch's side; it must divide `side`. encoder, decoder: blocks.
    heads: how many; it must divide D.
    """

    V: int
    T: int
    C: int
    side: int
    patch: int
    D: int
    M: int
    encoder: int
    decoder: int
    heads: int

    @property
    def P(self):
        """Patches of an image."""
        return (self.side // self.patch) ** 2


def shapes(sizes):
    """{our name: shape} of every weight; matrices are (out, in), as in PyTorch.

    Raises ValueError for sizes that do not fit each other.
    """
    V, T, C, side, patch, D, M, *_, heads = sizes
    if min(sizes) < 1 or side % patch or D % heads:
        raise ValueError(f"captioner: expected sizes >= 1, a side of whole patches, a D of whole heads, came {sizes}")
    matrix, vector = (D, D), (D,)
    attention = {"w_q": matrix, "b_q": vector, "w_k": matrix, "b_k": vector,
                 "w_v": matrix, "b_v": vector, "w_o": matrix, "b_o": vector}  # fmt: skip
    encoder = {"norm1_weight": vector, "norm1_bias": vector, **attention, "norm2_weight": vector, "norm2_bias": vector,
               "w_in": (M, D), "b_in": (M,), "w_out": (D, M), "b_out": vector}  # fmt: skip
    cross = {"norm_weight": vector, "norm_bias": vector, **attention}
    decoder = encoder | {f"cross_{name}": shape for name, shape in cross.items()}
    found = {"patch_weight": (D, C, patch, patch), "patch_bias": vector, "class_token": vector,
             "image_position": (sizes.P + 1, D), "image_norm_weight": vector, "image_norm_bias": vector,
             "word_table": (V, D), "word_position": (T, D),
             "word_norm_weight": vector, "word_norm_bias": vector}  # fmt: skip
    for part, count, block in (("encoder", sizes.encoder, encoder), ("decoder", sizes.decoder, decoder)):
        for i in range(count):
            found |= {f"{part}.{i}.{name}": shape for name, shape in block.items()}
    return found


def draw(rng, sizes, dtype=np.float32):
    """Random weights from a NumPy Generator: none is zero and no two are alike, so that no mistake can hide."""
    drawn = {}
    for name, shape in shapes(sizes).items():
        spread = shape[-1] ** -0.5 if len(shape) == 2 else 0.2
        middle = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        drawn[name] = (middle + spread * rng.standard_normal(shape)).astype(dtype)
    return drawn


def check(found, sizes, what="weights"):
    """Return the dict of arrays as it is; ValueError if a name or a shape is not as `shapes` says, naming which."""
    return checked(found, shapes(sizes), what)


def checked(found, expected, what):
    """The dict of arrays `found`, if it has the names and shapes of {name: shape} `expected`; else ValueError."""
    wrong = [f"{name} is missing" for name in expected if name not in found]
    wrong += [f"{name} is superfluous" for name in found if name not in expected]
    wrong += [
        f"{name}: expected {shape}, came {found[name].shape}"
        for name, shape in expected.items()
        if name in found and found[name].shape != shape
    ]
    if wrong:
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ValueError(f"{what}: {'; '.join(wrong[:3])}{more}. Try: the Sizes that the weights were made with")
    return found


def carry(weights, sizes, tool):
    """Our weights with the names and in the layout of a tool of `TOOLS`: {their name: array}. Raises ValueError."""
    check(weights, sizes)
    table = _table(tool, sizes)
    return {theirs: layout.there(*(weights[name] for name in ours)) for theirs, (layout, ours) in table.items()}


def carry_back(carried, sizes, tool):
    """A tool's weights by our names; the way back of `carry`. Raises ValueError."""
    table = _table(tool, sizes)
    blank = {name: np.empty(shape, np.bool_) for name, shape in shapes(sizes).items()}
    checked(carried, {name: a.shape for name, a in carry(blank, sizes, tool).items()}, f"weights from {tool}")
    found = {}
    for theirs, (layout, ours) in table.items():
        found |= dict(zip(ours, layout.back(carried[theirs]), strict=True))
    return {name: found[name] for name in blank}


def _table(tool, sizes):
    if tool not in TOOLS:
        raise ValueError(f"carry: expected a tool of {tuple(TOOLS)}, came {tool!r}")
    return TOOLS[tool](sizes)
