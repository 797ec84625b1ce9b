"""A caption as numbers: as a bag of words, or as the vector that a pretrained encoder gives the whole sentence."""

import difflib

import numpy as np


class Words:
    """The words that a painter knows; row by row, a caption says which of them it holds.

    A sum over words is all that a network makes of it, so what it learns of a word serves every caption with that word:
    this is what a pair of words never seen together rests on.
    """

    def __init__(self, words):
        self.words = tuple(words)
        self._column = {word: i for i, word in enumerate(self.words)}

    @classmethod
    def of(cls, captions):
        """All words of the captions, sorted."""
        return cls(sorted({word for caption in captions for word in caption.split()}))

    def __len__(self):
        return len(self.words)

    def encode(self, captions):
        """N captions to (N, V) float32, 1 where a word occurs. Raises ValueError naming words that are not known."""
        if isinstance(captions, str):
            raise ValueError(f"expected a list of captions, got one string. Try: [{captions!r}]")
        bags = np.zeros((len(captions), len(self)), np.float32)
        for bag, caption in zip(bags, captions, strict=True):
            bag[[self._index(word, caption) for word in caption.lower().split()]] = 1
        return bags

    def _index(self, word, caption):
        if word in self._column:
            return self._column[word]
        near = difflib.get_close_matches(word, self.words, 3, 0.5)
        hint = f"near it: {', '.join(near)}" if near else f"it knows {', '.join(self.words)}"
        raise ValueError(f"this painter has not learned the word {word!r} of {caption!r}; {hint}")


class Sentences:
    """The vectors of a sentence encoder as condition, in place of `Words`; it takes words that training never saw.

    encoder: N texts to (N, V) float32, such as `mmcourse.pretrained.sentence_encoder.encode`. captions: those of the
    training, to standardise by. Vectors of length 1 differ little from caption to caption, 1 / √V in each number; with
    standardise each number has mean 0 and standard deviation 1 over these captions, and the differences count.
    """

    def __init__(self, encoder, captions, standardise=True):
        self.encoder, self.mean, self.scale = encoder, np.float32(0), np.float32(1)
        vectors = self._encode(sorted(set(captions)))
        self.width = vectors.shape[1]
        if standardise:
            self.mean, self.scale = vectors.mean(0), vectors.std(0) + np.float32(1e-4)

    def __len__(self):
        return self.width

    def encode(self, captions):
        """N captions to (N, V) float32."""
        return (self._encode(captions) - self.mean) / self.scale

    def _encode(self, captions):
        once, where = np.unique(captions, return_inverse=True)
        return self.encoder(once.tolist())[where]
