"""A Transformer for any number of modalities, made of the room's own blocks.

    model = MultimodalTransformer({"image": (64, 48), "text": (12, 90)}, classes=6, words=("text",))
    logits, tokens = model({"image": patches, "text": ids}, present)

The tokens of all modalities stand in one sequence behind a [class] token, so every layer lets each modality look at
each other (Xu et al. 2023: early concatenation; the class token as in Dosovitskiy et al. 2021).

B batch   T tokens of a modality   D width   M modalities   N = 1 + ΣT tokens in the sequence
"""

import torch
from torch import nn

from mmcourse.attention.pytorch import attention_weights, split_heads
from mmcourse.layers.pytorch import layer_norm, linear
from mmcourse.transformer import pytorch as transformer
from mmcourse.transformer.parameters import encoder_shapes

PAD = 0  # the word that stands for no word


class EncoderBlock(nn.Module):
    """`pytorch.encoder_block` with parameters of its own, by the same names.   width: D. hidden: units of the MLP."""

    def __init__(self, width, hidden, heads):
        super().__init__()
        self.heads = heads
        for name, shape in encoder_shapes(width, hidden).items():
            drawn = torch.randn(shape) * shape[-1] ** -0.5 if len(shape) > 1 else torch.zeros(shape)
            self.register_parameter(name, nn.Parameter(drawn + name.startswith("norm") * name.endswith("_weight")))

    def forward(self, x, mask=None):
        return transformer.encoder_block(x, **dict(self.named_parameters()), heads=self.heads, mask=mask)

    def weights(self, x, mask=None):
        """How much each token looks at each other, (B, heads, N, N); arguments as for the block itself."""
        unit = layer_norm(x, self.norm1_weight, self.norm1_bias)
        q, k = linear(unit, self.w_q, self.b_q), linear(unit, self.w_k, self.b_k)
        mask = None if mask is None else mask.unsqueeze(-3)
        return attention_weights(split_heads(q, self.heads), split_heads(k, self.heads), mask)


class MultimodalTransformer(nn.Module):
    """One sequence of all modalities' tokens, some encoder blocks, and a verdict read off the class token.

    modalities: {name: (longest, width)}: the most tokens T and the width of a token as it comes, in the order in which
    `present` has its columns. words: those whose tokens are word ids, (B, T) int, in place of numbers, (B, T, width);
    their width is the size of the vocabulary, and id 0 is padding. classes: of the verdict. width: D; layers, heads:
    of the blocks, whose MLPs have 4 · D hidden units. dropout: share of the embedded tokens' numbers.
    The first parameters are drawn from torch's generator.
    """

    def __init__(self, modalities, classes, *, words=(), width=64, layers=2, heads=4, dropout=0.0):
        super().__init__()
        if not modalities or not set(words) <= set(modalities):
            raise ValueError(
                f"MultimodalTransformer: expected modalities, words among them, came {dict(modalities)} and {words}"
            )
        self.modalities, self.words = dict(modalities), frozenset(words)
        sizes = self.modalities.items()
        self.project = nn.ModuleDict({n: (nn.Embedding if n in words else nn.Linear)(w, width) for n, (_, w) in sizes})
        self.position = nn.ParameterDict({n: nn.Parameter(0.02 * torch.randn(t, width)) for n, (t, _) in sizes})
        self.modality = nn.ParameterDict({n: nn.Parameter(0.02 * torch.randn(width)) for n in modalities})
        self.class_token = nn.Parameter(0.02 * torch.randn(width))
        self.mask_token = nn.Parameter(0.02 * torch.randn(width))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(EncoderBlock(width, 4 * width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)
        self.back = nn.ModuleDict({n: nn.Linear(width, w) for n, (_, w) in sizes})

    def embed(self, name, tokens, hidden=None):
        """A modality's tokens as the blocks read them, (B, T, D); of hidden ones, (B, T) bool, only place and kind."""
        x = self.project[name](tokens)
        if hidden is not None:
            x = torch.where(hidden[..., None], self.mask_token, x)
        return self.dropout(transformer.place_tokens(x, self.position[name], self.modality[name]))

    def forward(self, inputs, present=None, hidden=None, weights=False):
        """(logits (B, classes), {name: answers to its tokens (B, T, D)}), and with `weights` those of every layer, too.

        inputs: {name: tokens}; a modality that is left out is absent from every example. present: (B, M) bool, all
        there if None; what an absent modality holds changes nothing. hidden: {name: (B, T) bool}, tokens to be guessed.
        weights: also return a list of (B, heads, N, N), a row for each token that looks; the class token stands first.
        """
        self._check(inputs, present)
        names = [n for n in self.modalities if n in inputs]
        sequences = [self.embed(n, inputs[n], (hidden or {}).get(n)) for n in names]
        first = self.class_token.expand(len(sequences[0]), 1, -1)
        x, mask = transformer.join_modalities([first, *sequences], self._seen(names, inputs, present))
        looks = []
        for block in self.blocks:
            if weights:
                looks.append(block.weights(x, mask))
            x = block(x, mask)
        first, *answers = transformer.split_modalities(self.norm(x), [1, *(s.shape[1] for s in sequences)])
        said = self.head(first[:, 0]), dict(zip(names, answers, strict=True))
        return (*said, looks) if weights else said

    def reconstruct(self, answers):
        """{name: (B, T, width)}: guesses at the tokens as they came, or logits of words, from `forward`'s answers."""
        return {n: self.back[n](a) for n, a in answers.items()}

    def _seen(self, names, inputs, present):
        """For the class token and each modality: which tokens may be looked at, (B, T) or (B, 1)."""
        if present is None and self.words.isdisjoint(names):
            return None
        everyone = torch.ones(len(inputs[names[0]]), 1, dtype=torch.bool, device=self.class_token.device)
        there = {n: everyone if present is None else present[:, m, None] for m, n in enumerate(self.modalities)}
        return [everyone, *(there[n] & (inputs[n] != PAD) if n in self.words else there[n] for n in names)]

    def _check(self, inputs, present):
        if not inputs or not set(inputs) <= set(self.modalities):
            raise ValueError(
                f"MultimodalTransformer: expected some of the modalities {list(self.modalities)}, came {list(inputs)}"
            )
        for name, tokens in inputs.items():
            longest, width = self.modalities[name]
            expected, kind = ((), "word ids") if name in self.words else ((width,), "numbers")
            if tokens.ndim < 2 or tokens.shape[1] > longest or tuple(tokens.shape[2:]) != expected:
                shape = ", ".join(map(str, ("B", f"at most {longest}", *expected)))
                came = tuple(tokens.shape)
                raise ValueError(f"MultimodalTransformer: {name} should be {kind} of shape ({shape}), came {came}")
        if len({len(tokens) for tokens in inputs.values()}) > 1:
            sizes = {n: len(tokens) for n, tokens in inputs.items()}
            raise ValueError(f"MultimodalTransformer: expected one batch size, came {sizes}")
        expected = len(next(iter(inputs.values()))), len(self.modalities)
        if present is not None and tuple(present.shape) != expected:
            came = tuple(present.shape)
            raise ValueError(f"MultimodalTransformer: expected present {expected}, a column a modality, came {came}")
