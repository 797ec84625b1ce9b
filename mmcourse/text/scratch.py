"""Skip-gram with negative sampling by hand, in NumPy. The letters and papers stand in the room's `__init__`."""

import numpy as np

from mmcourse.layers.scratch import embedding, embedding_backward, sigmoid


def skip_gram(in_vectors, out_vectors, words, contexts, negatives):
    """Tell the neighbours of a word from words drawn at random: the mean loss of B examples.

    in_vectors, out_vectors (V, D): a word as itself, and as a neighbour of others.
    words, contexts (B,), negatives (B, K): int. Of one example, with scores s = out · in,

        loss = -log σ(s of the context) - Σ log σ(-s of a negative).

    The paper maximises the negative of it, whose sum stands for the expectation over negatives.
    """
    _check(in_vectors, out_vectors, words, contexts, negatives)
    word, word_cache = embedding(words, in_vectors)  # (B, D)
    other, other_cache = embedding(np.column_stack([contexts, negatives]), out_vectors)  # (B, 1 + K, D)
    scores = np.einsum("bd,bkd->bk", word, other)
    scores[:, 0] *= -1  # now every score should be low
    y = np.logaddexp(0, scores).sum() / scores.dtype.type(len(words))  # -log σ(-s), which cannot overflow
    return y, (word, other, scores, word_cache, other_cache)


def skip_gram_backward(dy, cache):
    """dy a number, to (din_vectors, dout_vectors), each (V, D)."""
    word, other, scores, word_cache, other_cache = cache
    ds = sigmoid(scores)[0] * (dy / scores.dtype.type(len(scores)))  # (B, 1 + K): how wrong each score is
    ds[:, 0] *= -1
    dword = np.einsum("bk,bkd->bd", ds, other)
    dother = ds[..., None] * word[:, None]
    return embedding_backward(dword, word_cache), embedding_backward(dother, other_cache)


def _check(in_vectors, out_vectors, words, contexts, negatives):
    if in_vectors.ndim != 2 or in_vectors.shape != out_vectors.shape:
        raise ValueError(f"skip_gram: expected two tables (V, D), came {in_vectors.shape} and {out_vectors.shape}")
    if not len(words) or words.shape != contexts.shape or negatives.shape[:1] != words.shape or negatives.ndim != 2:
        raise ValueError(
            "skip_gram: expected words (B,), contexts (B,) and negatives (B, K) of at least one example, "
            f"came {words.shape}, {contexts.shape} and {negatives.shape}"
        )
