"""The twin of `scratch`: same name, same arguments, the value without a cache; autograd walks back."""

import torch
from torch.nn import functional as F


def skip_gram(in_vectors, out_vectors, words, contexts, negatives):
    word = F.embedding(words, in_vectors)  # (B, D)
    neighbour = F.embedding(contexts, out_vectors)  # (B, D)
    noise = F.embedding(negatives, out_vectors)  # (B, K, D)
    seen = F.logsigmoid((word * neighbour).sum(-1))
    unseen = F.logsigmoid(-torch.einsum("bd,bkd->bk", word, noise)).sum(-1)
    return -(seen + unseen).mean()
