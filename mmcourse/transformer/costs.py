"""What Transformers over several modalities cost, told beforehand; and how seconds grow, from a few that were measured.

T tokens of a stack, S tokens that an attention looks at, D width, H heads, R width of an MLP over D. Blocks normalise
first and have biases, as those of the room and PyTorch's `TransformerEncoderLayer(norm_first=True)`; no dropout.

    joint        one stack of encoder blocks over the tokens of all modalities
    separate     a stack for each modality, which never hears of the others
    cross        a stack of decoder blocks for each modality, whose memory are the others' tokens
    bottleneck   a stack for each modality over its own tokens and a few that all share, averaged after each layer

Papers:
    Kaplan et al. 2020, "Scaling laws for neural language models", arXiv:2001.08361: table 1, parameters and operations.
    Korthikanti et al. 2022, "Reducing activation recomputation in large Transformer models", arXiv:2205.05198:
        section 4.1, what a layer keeps for the way back.
    Dao et al. 2022, "FlashAttention", arXiv:2205.14135: without the weights, which a fused kernel makes twice.
    Nagrani et al. 2021, "Attention bottlenecks for multimodal fusion", arXiv:2107.00135: section 3.2, `bottleneck`.
    Lawson & Hanson 1974, "Solving least squares problems", chapter 23: `fit_seconds`.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

FUSIONS = ("joint", "separate", "cross", "bottleneck")


class Costs(NamedTuple):
    """parameters: how many.   flops: a product of two numbers and its sum are two.   activations: bytes."""

    parameters: int
    flops: int
    activations: int


class Stack(NamedTuple):
    """tokens: that walk through a stack of blocks.   memory: how many others each layer also looks at, 0 for none."""

    tokens: int
    memory: int = 0


def stacks(fusion, tokens, bottleneck=4):
    """The stacks of which a fusion consists.   tokens: of each modality.   bottleneck: how many tokens are shared."""
    if fusion not in FUSIONS:
        raise ValueError(f"stacks: expected one of {FUSIONS}, came {fusion!r}")
    if not tokens or min(tokens) < 1 or (fusion in ("cross", "bottleneck") and len(tokens) < 2):
        raise ValueError(f"stacks: {fusion} expects modalities with at least one token each, came {tuple(tokens)}")
    if fusion == "joint":
        return [Stack(sum(tokens))]
    if fusion == "cross":
        return [Stack(T, sum(tokens) - T) for T in tokens]
    return [Stack(T + bottleneck * (fusion == "bottleneck")) for T in tokens]


def costs(fusion, tokens, width, layers, heads, mlp=4, *, bottleneck=4, batch=1, itemsize=4, training=True, fused=True):
    """`Costs` of the blocks alone, without what makes tokens and reads answers.

    fusion: one of `FUSIONS`; one modality that is "joint" is a plain encoder.   tokens: of each modality, a tuple.
    mlp: R.   itemsize: bytes of a number.   training: a step with its way back, to the inputs too; else one way there.
    fused: attention never holds its weights; what it works out twice for that is not counted.
    activations: in training all that is kept for the way back, else the most that is held at once beside the inputs,
    where there are two layers or more. Parameters, their gradients and an optimiser's moments come on top. (Without
    fused, PyTorch's own layers keep queries and keys twice, as they are and scaled: up to an eighth more.)
    """
    if width % heads:
        raise ValueError(f"costs: expected a width that {heads} heads can share, came {width}")
    parts, shared = stacks(fusion, tokens, bottleneck), bottleneck * width * (fusion == "bottleneck")
    flops = layers * batch * sum(_flops(part, width, mlp) for part in parts)
    if training:
        numbers = layers * sum(_kept(part, width, heads, mlp, fused) for part in parts)
    else:
        apart = fusion == "bottleneck"  # between layers a stack's own tokens and the shared ones stand apart
        numbers = max(
            (_waiting(parts, i) + apart * part.tokens) * width + _held(part, width, heads, mlp, fused)
            for i, part in enumerate(parts)
        )
    return Costs(
        parameters=layers * sum(_parameters(part, width, mlp) for part in parts) + shared,
        flops=flops * (3 if training else 1),  # back come two products for each: to the input and to the weights
        activations=batch * numbers * itemsize,
    )


def _parameters(part, D, R):
    """Each attention has four maps and a norm, the MLP two maps and a norm."""
    return len(_looks(part)) * (4 * D * D + 6 * D) + 2 * R * D * D + (R + 3) * D


def _flops(part, D, R):
    """Of one example and one layer: queries and answers are mapped for each token, keys and values where it looks."""
    T = part.tokens
    return sum(4 * T * D * D + 4 * S * D * D + 4 * T * S * D for S in _looks(part)) + 4 * R * T * D * D


def _kept(part, D, H, R, fused):
    """Numbers that autograd keeps of one example and one layer, each once.

    Each attention: x, its norm and two statistics, queries, keys, values, the answer; and the weights, or of a fused
    kernel the logarithm of each row's sum. Then x, its norm and the MLP's hidden numbers before and after the GELU.
    """
    T = part.tokens
    attentions = sum(4 * T * D + 2 * T + 2 * S * D + H * T * (1 if fused else S) for S in _looks(part))
    return attentions + part.memory * D + 2 * T * D + 2 * T + 2 * R * T * D


def _held(part, D, H, R, fused):
    """Numbers of one example in the fullest moment of a layer without a way back: in an attention or in the MLP.

    x as it came, and after the first attention as it has become. Attention: its norm, queries, keys and values and
    their copies by heads; with weights, also the scores, and queries and keys scaled. MLP: as in `_kept`.
    """
    T = part.tokens
    moments = [(3 + 2 * R) * T * D]
    for i, S in enumerate(_looks(part)):
        x = (1 + i) * T * D
        moments.append(x + 2 * T * D + 4 * S * D if fused else x + 3 * T * D + 3 * S * D + 2 * H * T * S)
    return max(moments)


def _waiting(parts, i):
    """Tokens beside those in stack i: of the others as they came, of those before it as they went, of its memory."""
    others = sum(part.tokens for part in parts) - parts[i].tokens
    return others + sum(part.tokens for part in parts[:i]) + parts[i].memory


def _looks(part):
    """At how many tokens each attention of a layer looks: at its own, and at the memory."""
    return (part.tokens, part.memory) if part.memory else (part.tokens,)


def fit_seconds(tokens, seconds):
    """(a, b, c), none below 0, for seconds ≈ a + b T + c T²: what starts, what each token costs, and each pair.

    tokens, seconds (N,): measured, N at least 3. The sum of squared relative errors is least, so that short runs count
    as much as long ones (non-negative least squares, Lawson & Hanson 1974).
    """
    T, seconds = np.asarray(tokens, float), np.asarray(seconds, float)
    if T.shape != seconds.shape or T.ndim != 1 or len(np.unique(T)) < 3 or not (seconds > 0).all():
        raise ValueError(
            f"fit_seconds: expected seconds above 0 for at least three numbers of tokens, came {T.shape} and "
            f"{seconds.shape}, {len(np.unique(T))} different"
        )
    return nnls(_powers(T) / seconds[:, None], np.ones(len(T)))[0]


def seconds_of(tokens, fit):
    """a + b T + c T² of `fit_seconds`, shaped like the tokens."""
    return _powers(np.asarray(tokens, float)) @ fit


def _powers(T):
    return np.stack([np.ones_like(T), T, T * T], -1)
