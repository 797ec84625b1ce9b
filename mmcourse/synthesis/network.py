"""The network from characters to mel frames: an encoder, an attention that knows where it was, a decoder.

    network = Network(V=30, M=48, R=5)
    drafts, frames, stops, weights = network(text, lengths, heard, steps)      # teacher forcing
    frames, weights, steps, stopped = network.speak(text, lengths, longest)

Letters as in the room's `__init__`; frames are standardised log-mel frames.
"""

import torch
from torch import nn
from torch.nn.functional import pad, relu
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def present(lengths, longest):
    """(B, longest) bool from lengths (B,): True where row b still has a place."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]


class Encoder(nn.Module):
    """Characters (B, T) to a memory (B, T, 2H): each character with what stands round it.

    An embedding, two convolutions that see two characters to each side, and a GRU in both directions.
    """

    def __init__(self, V, E, H):
        super().__init__()
        self.table = nn.Embedding(V, E, padding_idx=0)
        self.near = nn.ModuleList([nn.Conv1d(E, E, 5, padding=2) for _ in range(2)])
        self.far = nn.GRU(E, H, batch_first=True, bidirectional=True)

    def forward(self, text, lengths):
        mask = present(lengths, text.shape[1])[:, None]  # a longer neighbour in the batch must change nothing
        x = self.table(text).mT  # (B, E, T)
        for convolution in self.near:
            x = x + relu(convolution(x)) * mask
        packed = pack_padded_sequence(x.mT, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.far(packed)[0], batch_first=True)[0]


class Attention(nn.Module):
    """Additive attention that also sees where it looked before (Chorowski et al. 2015, eqs 8 and 9).

    e = v · tanh(W s + V h + U f + b), f = F * α. Our `where` is the convolution U F, as one product with every window
    of 2 · reach + 1 characters; it sees the weights of the step before and their sum over all steps before.
    """

    def __init__(self, S, D, A, reach=7):
        super().__init__()
        self.reach = reach
        self.query = nn.Linear(S, A)
        self.keys = nn.Linear(D, A, bias=False)
        self.where = nn.Linear(2 * (2 * reach + 1), A, bias=False)
        self.v = nn.Linear(A, 1, bias=False)

    def forward(self, query, keys, absent, before):
        """query (B, A), keys (B, T, A), absent (B, T) bool, before (B, 2, T): the last weights, and the sum of all.

        Returns the weights (B, T), 0 where absent.
        """
        windows = pad(before, (self.reach, self.reach)).unfold(-1, 2 * self.reach + 1, 1)  # (B, 2, T, 2 reach + 1)
        location = self.where(windows.transpose(1, 2).flatten(2))  # twice as fast as `Conv1d`, on a CPU
        hidden = torch.tanh(query[:, None] + keys + location)  # (B, T, A)
        return self.v(hidden)[..., 0].masked_fill(absent, -torch.inf).softmax(-1)


class Network(nn.Module):
    """V: characters, 0 for padding. M: mel bands. R: frames a step. E, H, P, S, A: widths, as the room names them.

    Three recurrences, and only the attention's must go step by step: `listen` hears the frames so far and asks,
    `decoder` follows what was seen. In training, where all frames are known, PyTorch runs either in one call.
    """

    def __init__(self, V, M, R, *, E=96, H=64, P=128, S=160, A=64, dropout=0.5):
        super().__init__()
        self.M, self.R = M, R
        D = 2 * H
        self.encoder = Encoder(V, E, H)
        self.bottleneck = nn.Sequential(
            *(nn.Linear(M, P), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(P, P), nn.ReLU(), nn.Dropout(dropout)),
        )
        self.listen = nn.GRU(P, S, batch_first=True)
        self.attention = Attention(S, D, A)
        self.decoder = nn.GRU(S + D, S, batch_first=True)
        self.frames = nn.Linear(2 * S + D, R * M)
        self.stop = nn.Linear(2 * S + D, 1)
        self.smooth = nn.ModuleList([nn.Conv1d(M, A, 5, padding=2), nn.Conv1d(A, M, 5, padding=2)])

    def forward(self, text, lengths, heard, steps):
        """Teacher forcing: each step hears the true frame before it.

        text (B, T) int64, lengths (B,) in characters, heard (B, N, M) with N a multiple of R, steps (B,): as many as
        each row has; what is said in later ones is of no account.
        Returns drafts and frames (B, N, M), stop logits (B, N / R), and the attention's weights (B, N / R, T).
        """
        B, N, M = heard.shape
        before = torch.cat([heard.new_zeros(B, 1, M), heard[:, self.R - 1 : N - 1 : self.R]], 1)  # (B, N / R, M)
        states, _ = self.listen(self.bottleneck(before))
        memory, keys, absent, looked = self._start(text, lengths)
        weights = []
        for query in self.attention.query(states).unbind(1):
            looked = self._look(query, keys, absent, looked)
            weights.append(looked[:, 0])
        weights = torch.stack(weights, 1)
        drafts, stops, _ = self._say(states, weights @ memory)
        return drafts, self._finished(drafts, steps), stops, weights

    @torch.inference_mode()
    def speak(self, text, lengths, longest):
        """Hear only itself, until each row of the batch stops, or is cut after `longest` (B,) steps.

        Returns frames (B, N, M), weights (B, N / R, T), steps (B,), how many of those are a row's own, and stopped
        (B,) bool, False for one that was cut.
        """
        memory, keys, absent, looked = self._start(text, lengths)
        B = len(text)
        before, heard, hidden = memory.new_zeros(B, 1, self.M), None, None
        drafts, weights, steps, stopped = [], [], longest.clone(), torch.zeros(B, dtype=torch.bool)
        for step in range(1, int(longest.max()) + 1):
            state, heard = self.listen(self.bottleneck(before), heard)
            looked = self._look(self.attention.query(state[:, 0]), keys, absent, looked)
            said, stop, hidden = self._say(state, looked[:, :1] @ memory, hidden)
            drafts.append(said)
            weights.append(looked[:, 0])
            before = said[:, -1:]
            now = (stop[:, 0] > 0) & ~stopped & (step <= longest)
            steps[now], stopped = step, stopped | now
            if torch.all(stopped | (longest <= step)):
                break
        return self._finished(torch.cat(drafts, 1), steps), torch.stack(weights, 1), steps, stopped

    def _start(self, text, lengths):
        """The memory, its keys, what of it is padding, and where it looked: before the first step at character 0."""
        memory = self.encoder(text, lengths)
        B, T, _ = memory.shape
        looked = memory.new_zeros(B, 2, T)
        looked[:, :, 0] = 1
        return memory, self.attention.keys(memory), ~present(lengths, T), looked

    def _look(self, query, keys, absent, looked):
        weights = self.attention(query, keys, absent, looked)
        return torch.stack([weights, looked[:, 1] + weights], 1)  # (B, 2, T)

    def _say(self, states, seen, hidden=None):
        """Some steps: states (B, n, S) and what was seen (B, n, D) to drafts (B, n R, M) and stop logits (B, n)."""
        x = torch.cat([states, seen], -1)
        decoded, hidden = self.decoder(x, hidden)
        x = torch.cat([x, decoded], -1)
        return self.frames(x).view(len(x), -1, self.M), self.stop(x)[..., 0], hidden

    def _finished(self, drafts, steps):
        """Steps draft their R frames apart; two convolutions over all frames of a row, and none behind, join them."""
        here = present(steps * self.R, drafts.shape[1])[:, None]  # (B, 1, N)
        hidden = torch.tanh(self.smooth[0](drafts.mT * here)) * here
        return drafts + self.smooth[1](hidden).mT
