"""Summaries of films: does each important event have its picture, and no event two?

    events = [(9, 21, "crab left"), (40, 52, "bell grow"), (90, 102, "crab left")]    # frames start to stop - 1, a name
    scores = summary_scores([12, 47, 60], events)                                      # coverage, precision, F1

Two events of one name are one event that is shown twice: a picture of either will do, and of both is one too many.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment


def summary_hits(chosen, events, tolerance=0):
    """How many names have a picture of their own among the chosen frames: an int.

    chosen (S,): frame numbers, in any order.   events: (start, stop, name) each, stop exclusive.
    tolerance: a frame up to so many before or after an event still shows it.
    A frame stands for one name at most and a name needs one frame: of all ways to pair them the one with the most pairs
    counts. What is left of the frames are false alarms: the second picture of one event, and pictures of none.
    """
    chosen, names = _checked(chosen, events, tolerance)
    shows = np.zeros((len(chosen), len(names)), bool)
    for start, stop, name in events:
        shows[:, names.index(name)] |= (chosen >= start - tolerance) & (chosen < stop + tolerance)
    return int(shows[linear_sum_assignment(shows, maximize=True)].sum())


def summary_scores(chosen, events, tolerance=0):
    """{"coverage", "precision", "F1"} of the chosen frames, as `summary_hits` pairs them, 0 to 1.

    coverage: the share of names that have a picture; precision: the share of frames that are one; F1 = 2 · hits /
    (frames + names), their harmonic mean. Where there are no events, or no frames, that share is 1 if there are none of
    the other either, and 0 otherwise.
    """
    chosen, names = _checked(chosen, events, tolerance)
    return _scores(summary_hits(chosen, events, tolerance), len(chosen), len(names), "coverage")


def boundary_scores(found, true, tolerance=1):
    """{"recall", "precision", "F1"} of shot boundaries.   found, true: frame numbers; within tolerance they are one.

    Each is paired with one at most.
    """
    return _scores(
        summary_hits(found, [(t, t + 1, int(t)) for t in true], tolerance), len(found), len(set(true)), "recall"
    )


def _scores(hits, frames, names, recall):
    def share(n):
        return hits / n if n else float(not frames + names)

    return {recall: share(names), "precision": share(frames), "F1": share((frames + names) / 2)}


def _checked(chosen, events, tolerance):
    chosen = np.asarray(chosen)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise ValueError(f"summary: expected frame numbers (S,) int, came {chosen.shape} {chosen.dtype}")
    if len(np.unique(chosen)) != len(chosen):
        raise ValueError(f"summary: expected every frame once, came {chosen.tolist()}")
    if tolerance < 0:
        raise ValueError(f"summary: expected a tolerance of at least 0 frames, came {tolerance}")
    for event in events:
        if len(event) != 3 or not event[0] < event[1]:
            raise ValueError(f"summary: expected events (start, stop, name) with start before stop, came {event}")
    return chosen, sorted({name for _, _, name in events}, key=str)
