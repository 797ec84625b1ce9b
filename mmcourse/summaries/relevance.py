"""How likely it is that something happens around a frame: a logistic regression on a moment's movement and sound.

    model = fit([observe(frames, film.sound()) ...], [truth ...])       # (T,) bool each: the middles of the events
    p = model(observe(frames, sound))                                   # (T,), 0 to 1

T frames   F columns
"""

from typing import NamedTuple

import numpy as np

from mmcourse.summaries.signals import around, smooth

WINDOW = 12  # frames, a second and a half
MODALITIES = ("motion", "sound", "motion and sound")


class Relevance(NamedTuple):
    """modality: of `MODALITIES`.   mean, scale, weights (F,) and bias (): of the standardised columns."""

    modality: str
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    bias: float

    def __call__(self, signals):
        """The probability of each frame, (T,) float64."""
        logits = (columns(signals, self.modality) - self.mean) / self.scale @ self.weights + self.bias
        return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))


def columns(signals, modality=MODALITIES[-1]):
    """What the regression reads of `Signals`, (T, F): a signal around a frame, and its root, which tells faint ones."""
    if modality not in MODALITIES:
        raise ValueError(f"relevance: expected a modality of {MODALITIES}, came {modality!r}")
    read = []
    if "motion" in modality:
        read += [around(signals.change, WINDOW), around(signals.speed, WINDOW)]
    if "sound" in modality:
        bands = smooth(signals.pitches, WINDOW)
        read += [around(signals.loudness, WINDOW), bands, bands.max(1, keepdims=True)]
    x = np.concatenate(read, 1)
    return np.concatenate([x, np.sqrt(np.maximum(x, 0))], 1)


def fit(films, truths, modality=MODALITIES[-1], strength=1.0):
    """A `Relevance` from N films' `Signals` and as many truths (T,), bool: True where something happens.

    strength: of the ridge on the weights, as C of scikit-learn's LogisticRegression: less is more ridge.
    """
    from sklearn.linear_model import LogisticRegression

    x, y = np.concatenate([columns(film, modality) for film in films]), np.concatenate(list(truths))
    if len(x) != len(y) or len(np.unique(y)) != 2:
        raise ValueError(f"relevance: expected a truth for each frame, some of both, came {len(x)} frames and {len(y)}")
    mean, scale = x.mean(0), np.maximum(x.std(0), 1e-9)
    model = LogisticRegression(C=strength, max_iter=2000).fit((x - mean) / scale, y)
    return Relevance(modality, mean, scale, model.coef_[0], float(model.intercept_[0]))
