"""Greedy search that knows nothing of the framework: NumPy arrays go in and come out."""

import numpy as np

from mmcourse.captioning.words import BEGIN, END


def greedy(decode, memory, longest):
    """Captions of N images, each word the likeliest after those before it: N tuples of word numbers, without the end.

    decode(memory, words): logits (N, T, V) of the word after each of words (N, T) int64, as an array.
    memory (N, …): what the decoder looks at. longest: the most words written, `END` counted.
    """
    words = np.full((len(memory), 1), BEGIN)
    while words.shape[1] <= longest and not (words == END).any(1).all():
        words = np.concatenate([words, decode(memory, words)[:, -1:].argmax(-1)], 1)
    return cut(words[:, 1:])


def cut(rows):
    """Rows of word numbers (N, T) as N tuples, each up to its first `END`; what stands behind one means nothing."""
    rows = np.asarray(rows).tolist()
    return [tuple(row[: row.index(END)] if END in row else row) for row in rows]
