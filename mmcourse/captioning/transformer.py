"""A Transformer decoder that looks at regions and writes (Vaswani et al. 2017, arXiv:1706.03762: section 3.1).

The layers are PyTorch's; chapter 12 builds them by hand. Here is what makes a captioner of them.
"""

import torch
from torch import nn

from mmcourse.captioning.pytorch import masked_cross_entropy


class TransformerCaptioner(nn.Module):
    """V: entries of the vocabulary. D: width of a region. longest: T, the most steps a caption takes.

    width, layers, heads, dropout: of the decoder. Each layer lets the words look back at the words, then at the
    regions, with layer normalisation first (Xiong et al. 2020, arXiv:2002.04745). The first parameters are drawn from
    torch's generator.
    """

    def __init__(self, V, D, longest, width=128, layers=2, heads=4, dropout=0.1, pad=0):
        super().__init__()
        self.pad, self.longest = pad, longest
        self.see = nn.Linear(D, width)
        self.table = nn.Embedding(V, width)
        self.place = nn.Parameter(0.02 * torch.randn(longest, width))
        layer = nn.TransformerDecoderLayer(width, heads, 4 * width, dropout, batch_first=True, norm_first=True)
        self.decoder = nn.TransformerDecoder(layer, layers, nn.LayerNorm(width))
        self.out = nn.Linear(width, V)

    def logits(self, memory, words):
        """(B, T, V) for memory (B, P, width), as `see` makes it of the regions, and words (B, T) read from begin on."""
        T = words.shape[1]
        if self.longest < T:
            raise ValueError(
                f"TransformerCaptioner: expected at most {self.longest} steps, came {T}. "
                f"Try: max_length={self.longest}, or a model made for longer captions"
            )
        later = torch.ones(T, T, dtype=torch.bool, device=words.device).triu(1)
        x = self.table(words) + self.place[:T]
        return self.out(self.decoder(x, memory, tgt_mask=later, tgt_is_causal=True))

    def forward(self, regions, captions):
        """The mean loss of a word under teacher forcing; regions (B, P, D), captions (B, T + 1)."""
        return masked_cross_entropy(self.logits(self.see(regions), captions[:, :-1]), captions[:, 1:], self.pad)

    def stepper(self, regions):
        """(step, start_state) for a search of `pytorch`; each step reads the whole sentence anew."""

        def step(state, words):
            memory, read = state
            read = torch.cat([read, words[:, None]], 1)
            return self.logits(memory, read)[:, -1].log_softmax(-1), (memory, read)

        nothing = torch.empty(len(regions), 0, dtype=torch.long, device=regions.device)
        return step, (self.see(regions), nothing)
