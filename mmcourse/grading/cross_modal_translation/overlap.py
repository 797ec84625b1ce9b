"""06-overlap: frames put back together at any place, under one window for taking apart and one for putting together.

Griffin & Lim 1984, eq. 6, is the case of two equal windows and equal hops.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(frames, starts, analysis, synthesis, length):
    return _with()(frames, starts, analysis, synthesis, length)


def _place(x, start, piece):
    """Add a piece to x where it lies within."""
    t = start + np.arange(len(piece))
    inside = (t >= 0) & (t < len(x))
    x[t[inside]] += piece[inside]


def _weighted(frame, w, v):
    return v * frame


def _product(w, v):
    return w * v


def _divided(total, cover):
    return np.divide(total, cover, out=np.zeros_like(total), where=cover > 0)


def _with(place=_place, piece=_weighted, share=_product, divide=_divided, where=lambda starts, L, T: starts):
    """Overlap-add with another way to place frames, other weights, another divisor or other places."""

    def overlap_add(frames, starts, analysis, synthesis, length):
        total, cover = np.zeros(length, frames.dtype), np.zeros(length, frames.dtype)
        for frame, start in zip(frames, where(starts, len(analysis), length), strict=True):
            place(total, start, piece(frame, analysis, synthesis))
            place(cover, start, share(analysis, synthesis))
        return divide(total, cover).astype(frames.dtype)

    return overlap_add


def draw(rng):
    yield _case(rng, "5 frames at equal hops", 5, 7, np.arange(5) * 3, 19)
    yield _case(rng, "frames at unequal hops", 7, 11, rng.integers(2, 8, 7).cumsum() - 2, 60)
    yield _case(rng, "frames in any order, two at one place", 5, 7, np.array([13, 2, 2, 17, 8]), 24)
    yield _case(rng, "frames that stick out at both ends", 7, 13, np.arange(7) * 7 - 5, 43)
    yield _case(rng, "gaps between the frames", 3, 5, np.array([2, 11, 23]), 31)
    yield _case(rng, "windows that begin and end with 0", 5, 9, np.arange(5) * 9 + 1, 47, zeros=True)
    yield _case(rng, "windows that fade in very faintly", 5, 9, np.arange(5) * 8, 41, faint=True)
    yield _case(rng, "one frame longer than the sound", 1, 23, np.array([-7]), 11)
    yield _case(rng, "no frames", 0, 5, np.arange(0), 7)
    yield _case(rng, "float32", 7, 11, np.arange(7) * 5 - 2, 37, dtype=np.float32)


def _case(rng, name, N, L, starts, T, zeros=False, faint=False, dtype=np.float64):
    (frames,) = normal(rng, (N, L))
    analysis, synthesis = rng.uniform(0.6, 1.7, (2, L))
    if zeros:
        analysis[[0, -1]] = synthesis[0] = 0
    if faint:
        analysis[:2] *= 1e-12
        synthesis[:2] *= 1e-12
    frames, analysis, synthesis = (x.astype(dtype) for x in (frames * analysis, analysis, synthesis))
    return Case(name, (frames, starts, analysis, synthesis, T))


def _last_wins(x, start, piece):
    t = start + np.arange(len(piece))
    inside = (t >= 0) & (t < len(x))
    x[t[inside]] = piece[inside]


def _python_slices(x, start, piece):
    """x[start:] for a negative start counts from the end."""
    t = start + np.arange(len(piece))
    t = np.where(t < 0, t + len(x), t)
    inside = (t >= 0) & (t < len(x))
    np.add.at(x, t[inside], piece[inside])


def _only_whole(x, start, piece):
    if start >= 0 and start + len(piece) <= len(x):
        x[start : start + len(piece)] += piece


def _from_its_first_sample(x, start, piece):
    """A frame that sticks out in front is put down at 0 with its first sample."""
    _place(x, max(start, 0), piece)


def _by_hop(starts, L, T):
    hop = starts[1] - starts[0] if len(starts) > 1 else 0
    return starts[:1].sum() + hop * np.arange(len(starts))


def _by_the_largest(total, cover):
    return total / max(cover.max(initial=0), 1e-9)


WRONG = (
    WrongAnswer(
        "not divided",
        _with(divide=lambda total, cover: total),
        "You add the frames up and stop. Where three of them overlap, the sound is three times as loud: divide by what "
        "the windows have made of a 1 at that place.",
    ),
    WrongAnswer(
        "synthesis window forgotten",
        _with(piece=lambda frame, w, v: frame),
        "Your divisor is right, but the frames go in without the synthesis window.",
    ),
    WrongAnswer(
        "no synthesis window at all",
        _with(piece=lambda frame, w, v: frame, share=lambda w, v: w),
        "You add the frames as they are and divide by the analysis windows. That gives an unchanged sound back, too, "
        "but it is not asked: each frame is weighted by `synthesis` once more, so that its ends count less.",
    ),
    WrongAnswer(
        "windowed once more for the analysis",
        _with(piece=lambda frame, w, v: frame * w * v),
        "You multiply the frames by the analysis window as well. They come with it already.",
    ),
    WrongAnswer(
        "analysis window for both",
        _with(piece=lambda frame, w, v: frame * w, share=lambda w, v: w * w),
        "You use the analysis window for both. That is Griffin and Lim's case; here `synthesis` is another one.",
    ),
    WrongAnswer(
        "divided by the synthesis windows' squares",
        _with(share=lambda w, v: v * v),
        "You divide by Σ synthesis². The frames carry one of each window, so the divisor is Σ analysis · synthesis.",
    ),
    WrongAnswer(
        "divided by the analysis windows' squares",
        _with(share=lambda w, v: w * w),
        "You divide by Σ analysis². The frames carry one of each window, so the divisor is Σ analysis · synthesis.",
    ),
    WrongAnswer(
        "divided by the synthesis windows",
        _with(share=lambda w, v: v),
        "You divide by Σ synthesis, as if the frames had come without a window. They carry `analysis` too.",
    ),
    WrongAnswer(
        "divided by the number of frames",
        _with(share=lambda w, v: np.ones_like(w)),
        "You divide by how many frames cover a sample. They count as much as their windows say.",
    ),
    WrongAnswer(
        "one divisor for all",
        _with(divide=_by_the_largest),
        "You divide everything by one number. Each sample is covered in its own way, above all near the ends and "
        "where the hops are unequal.",
    ),
    WrongAnswer(
        "the last frame wins",
        _with(place=_last_wins),
        "Where frames overlap only the last of them is left. Add them; and mind that x[index] += … adds once to a "
        "place that stands in the index several times: use a loop over the frames, or np.add.at.",
    ),
    WrongAnswer(
        "negative starts count from the end",
        _with(place=_python_slices),
        "A frame with a negative start appears at the end of your sound: NumPy counts negative places from the back. "
        "What lies before the sound is cut off.",
    ),
    WrongAnswer(
        "frames that stick out are dropped",
        _with(place=_only_whole),
        "You leave out frames that stick out of the sound. Their inner part counts.",
    ),
    WrongAnswer(
        "frames pushed in",
        _with(place=_from_its_first_sample),
        "A frame that begins before the sound is pushed in as a whole. It stays where it is, and its first samples "
        "are cut off.",
    ),
    WrongAnswer(
        "equal hops",
        _with(where=_by_hop),
        "You take the distance of the first two starts for all. Here every frame has a start of its own.",
    ),
    WrongAnswer(
        "NaN where nothing is",
        _with(divide=lambda total, cover: total / cover),
        "Where no frame covers a sample you divide 0 by 0. There is silence: 0.",
    ),
    WrongAnswer(
        "a little added to the divisor",
        _with(divide=lambda total, cover: total / (cover + 1e-8)),
        "You add a little to the divisor, against 0 / 0, or call little nothing. Where windows fade in, their product "
        "is little too, and the sound gets quieter than it was. Divide wherever the divisor is not 0.",
    ),
    WrongAnswer(
        "synthesis window reversed",
        _with(piece=lambda frame, w, v: frame * v[::-1], share=lambda w, v: w * v[::-1]),
        "Your synthesis window is the wrong way round: its sample l belongs to sample l of the frame.",
    ),
)

QUESTION = Question(
    id="06-overlap",
    title="A sound from its frames",
    points=15,
    name="overlap_add",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the sound",),
    tolerance={"float64": 1e-6, "float32": 1e-5},  # 1e-8 in the divisor is to fail where it matters, and be named there
)
