"""Does the attention read the text as a voice must: from left to right, from the first character to the last? NumPy.

weights (S, T): one row a step, over the characters; each step stands at the character with the largest weight.
"""

import numpy as np

BACK = 1  # characters that a step may stand before the furthest so far: neighbours share a sound
SKIP = 4  # characters that a step may go on by at once: silent letters, and a blank
EDGE = 2  # characters that may be missed at either end
SYLLABLES = {"skip": 2, "edge": 1}  # the same for Chinese, where only a comma is silent


def path(weights):
    """(S,) the character at which each step stands."""
    weights = np.asarray(weights)
    if weights.ndim != 2 or not weights.size or not np.all(np.isfinite(weights)):
        raise ValueError(f"path: expected finite weights (steps, characters), came {weights.shape}")
    return weights.argmax(1)


def faults(weights, back=BACK, skip=SKIP, edge=EDGE):
    """What is wrong with the reading, by name: a set out of 'start', 'end', 'back' and 'skip'; empty if it is monotone.

    start, end: the first step stands more than `edge` characters from the first, or the furthest that is reached more
    than `edge` from the last.   back: a step stands more than `back` before the furthest so far.   skip: a step goes
    more than `skip` characters beyond the furthest so far.
    """
    at = path(weights)
    furthest = np.maximum.accumulate(at)
    wrong = {
        "start": at[0] > edge,
        "end": furthest[-1] < np.shape(weights)[1] - 1 - edge,
        "back": np.any(furthest - at > back),
        "skip": np.any(np.diff(furthest) > skip),
    }
    return {name for name, found in wrong.items() if found}


def is_monotone(weights, **limits):
    """Whether the reading has no `faults`."""
    return not faults(weights, **limits)


def focus(weights):
    """The mean of the largest weight of each step: 1 if each looks at one character, 1 / T if at all alike."""
    return float(np.asarray(weights).max(1).mean())
