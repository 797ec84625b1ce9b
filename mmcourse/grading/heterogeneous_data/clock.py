"""01-clock: samples of a sensor that came when they liked, brought to the times of another clock, gaps left open."""

from itertools import pairwise

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(times, values, grid, gap):
    y = np.full((len(grid), values.shape[1]), np.nan, values.dtype)
    for i, t in enumerate(grid):
        after = np.searchsorted(times, t)  # the first sample that is not before t
        if after < len(times) and times[after] == t:
            y[i] = values[after]
        elif 0 < after < len(times) and times[after] - times[after - 1] <= gap:
            share = (t - times[after - 1]) / (times[after] - times[after - 1])
            y[i] = values[after - 1] + share * (values[after] - values[after - 1])
    return y


TICK = 1 / 64  # of a second; float32 holds times and their differences exactly


def draw(rng):
    yield _case(rng, "13 samples, one gap", [8, 12, 20, 4, 28, 96, 12, 20, 8, 28, 4, 12], 3, gap=32)
    yield _case(rng, "two axes, two gaps", [8, 44, 20, 4, 28, 72, 12], 2, gap=40)
    yield _case(rng, "a clock that starts earlier and stops later", [8, 12, 20, 28, 4], 3, gap=32, beyond=48)
    yield _case(rng, "a distance of exactly the gap", [8, 12, 32, 12, 40, 32, 4], 3, gap=32)
    yield _case(rng, "no gap", [8, 12, 20, 28, 4, 20], 2, gap=48)
    yield _case(rng, "every distance is a gap", [28, 44, 36, 20], 3, gap=12)
    yield _case(rng, "one axis", [8, 12, 48, 28], 1, gap=32)
    yield _case(rng, "two samples", [20], 3, gap=32, beyond=8)
    yield _case(rng, "one sample", [], 2, gap=32, beyond=8)
    times, values, grid, gap = _case(rng, "", [8, 12, 48, 28], 3, gap=32).arguments
    yield Case("no sample", (times[:0], values[:0], grid, gap))
    yield Case("no time asked for", (times, values, grid[:0], gap))
    yield Case("the sensor's own times", (times, values, times.copy(), gap))
    yield _case(rng, "float32", [8, 12, 20, 4, 28, 96, 12, 20], 3, gap=32, dtype=np.float32)


def _case(rng, name, distances, axes, gap, beyond=0, dtype=np.float64):
    """Distances and gap in ticks; the grid has a tick in four, so that every sample lies on it."""
    start = 4 * int(rng.integers(2, 9))
    ticks = start + np.concatenate([[0], np.cumsum(rng.permutation(distances))]).astype(int)
    grid = np.arange(ticks[0] - beyond, ticks[-1] + beyond + 1, 4)
    values = rng.standard_normal((len(ticks), axes))
    ticks, grid = ((t * TICK).astype(dtype) for t in (ticks, grid))
    return Case(name, (ticks, values.astype(dtype), grid, gap * TICK))


def _interpolated(times, values, grid):
    """np.interp on every axis: edges held, gaps bridged; NaN if there is no sample."""
    if not len(times):
        return np.full((len(grid), values.shape[1]), np.nan)
    return np.stack([np.interp(grid, times, column) for column in values.T], -1)


def _around(times, grid):
    """The numbers of the samples at or before and at or after each time of the grid, and whether both are there."""
    before, after = np.searchsorted(times, grid, "right") - 1, np.searchsorted(times, grid)
    there = (before >= 0) & (after < len(times))
    return np.maximum(before, 0), np.minimum(after, len(times) - 1), there


def _blanked(y, blank, by=np.nan):
    return np.where(blank[:, None], by, y)


def _instead(function, by=np.nan):
    """Something else between two samples: function(values before, values after, share of the way)."""

    def fill(times, values, grid, gap):
        if not len(times):
            return np.full((len(grid), values.shape[1]), by)
        before, after, there = _around(times, grid)
        span = times[after] - times[before]
        share = np.divide(grid - times[before], span, out=np.zeros_like(grid), where=span > 0)[:, None]
        return _blanked(function(values[before], values[after], share), ~there | (span > gap), by)

    return fill


def _linear(a, b, share):
    return a + share * (b - a)


def _gaps(wide):
    """The reference with another idea of a gap: wide(span, distance before, distance after, gap)."""

    def fill(times, values, grid, gap):
        y = _interpolated(times, values, grid)
        if not len(times):
            return y
        before, after, there = _around(times, grid)
        parts = times[after] - times[before], grid - times[before], times[after] - grid
        return _blanked(y, ~there | wide(*parts, gap))

    return fill


def gaps_bridged(times, values, grid, gap):
    return _gaps(lambda span, before, after, gap: span < 0)(times, values, grid, gap)


def plain_interp(times, values, grid, gap):
    return _interpolated(times, values, grid)


def edges_held(times, values, grid, gap):
    y = _interpolated(times, values, grid)
    if not len(times):
        return y
    before, after, there = _around(times, grid)
    return _blanked(y, there & (times[after] - times[before] > gap))


def edges_of_a_gap_lost(times, values, grid, gap):
    """Blanks a gap with both its ends."""
    y = reference(times, values, grid, gap)
    for start, stop in pairwise(times):
        if stop - start > gap:
            y[(grid >= start) & (grid <= stop)] = np.nan
    return y


def last_time_lost(times, values, grid, gap):
    y = reference(times, values, grid, gap)
    y[grid >= times[-1:].sum()] = np.nan  # the sum of one number or of none
    return y


def by_number(times, values, grid, gap):
    """As if the samples were evenly spaced."""
    even = np.linspace(times[0], times[-1], len(times)) if len(times) else times
    return _gaps(lambda span, before, after, gap: span > gap)(even, values, grid, gap)


def first_axis_for_all(times, values, grid, gap):
    return reference(times, np.repeat(values[:, :1], values.shape[1], axis=1), grid, gap)


WRONG = (
    WrongAnswer(
        "gaps and edges bridged",
        plain_interp,
        "You interpolate everywhere: across gaps, and before the first and after the last sample, where `np.interp` "
        "holds the last value it knows. Where the sensor said nothing nearby, say so with NaN.",
    ),
    WrongAnswer(
        "gaps bridged",
        gaps_bridged,
        "You draw a straight line across gaps as well. Where two neighbouring samples are farther apart than `gap`, "
        "nobody knows what happened between them.",
    ),
    WrongAnswer(
        "edges held",
        edges_held,
        "The gaps are right. Before its first and after its last sample the sensor has said nothing, and you hold on "
        "to the value at the edge: `np.interp` does so by itself.",
    ),
    WrongAnswer(
        "the gap itself is too wide",
        _gaps(lambda span, before, after, gap: (span >= gap) & (span > 0)),
        "You leave a distance of exactly `gap` open. It is a gap only when it is longer than that.",
    ),
    WrongAnswer(
        "gap measured from the nearest sample",
        _gaps(lambda span, before, after, gap: np.minimum(before, after) > gap),
        "You ask how far the nearest sample is. A gap is a distance between two samples, and a point in the middle is "
        "only half as far from either.",
    ),
    WrongAnswer(
        "half the gap from the nearest sample",
        _gaps(lambda span, before, after, gap: np.minimum(before, after) > gap / 2),
        "You leave only the middle of a gap open, where both samples are far away. A gap is open from one end to the "
        "other: near its ends a straight line still leans on the far side.",
    ),
    WrongAnswer(
        "gap measured from the sample before",
        _gaps(lambda span, before, after, gap: before > gap),
        "You ask how old the last sample is, so the first part of a gap is filled with a line towards a sample that is "
        "too far away. A gap is a distance between two neighbouring samples.",
    ),
    WrongAnswer(
        "ends of a gap lost",
        edges_of_a_gap_lost,
        "You open a gap together with its two ends. The sensor did speak at these two moments: a time at which there "
        "is a sample has that sample's value.",
    ),
    WrongAnswer(
        "last sample lost",
        last_time_lost,
        "At the time of the very last sample you have NaN. There is no sample after it, and none is needed: the value "
        "is there.",
    ),
    WrongAnswer(
        "gaps filled with zeros",
        _instead(_linear, by=0.0),
        "You put zeros where nothing is known. Zero is a value that a sensor may well report; NaN says that there is "
        "none.",
    ),
    WrongAnswer(
        "nearest sample",
        _instead(lambda a, b, share: np.where(share <= 0.5, a, b)),
        "You take the value of the nearest sample, which makes steps. Between two samples go along the straight line "
        "from one to the other.",
    ),
    WrongAnswer(
        "last value held",
        _instead(lambda a, b, share: np.where(share < 1, a, b)),
        "You hold each value until the next one comes, which delays everything. Between two samples go along the "
        "straight line from one to the other.",
    ),
    WrongAnswer(
        "mean of both neighbours",
        _instead(lambda a, b, share: (a + b) / 2),
        "You take the mean of the two neighbours wherever the time lies between them. The nearer one should count for "
        "more.",
    ),
    WrongAnswer(
        "weights exchanged",
        _instead(lambda a, b, share: np.where((share > 0) & (share < 1), _linear(b, a, share), a)),
        "The farther sample counts for more in your answer: the two weights have changed places. Try a time just after "
        "a sample.",
    ),
    WrongAnswer(
        "samples thought even",
        by_number,
        "You place the samples evenly between the first and the last, as if they had come like clockwork. `times` says "
        "when each one came.",
    ),
    WrongAnswer(
        "one axis for all",
        first_axis_for_all,
        "Every axis of your result holds the first axis of the sensor. `np.interp` takes one column at a time: who "
        "takes care of the others?",
    ),
)

QUESTION = Question(
    id="01-clock",
    title="Two clocks, and gaps that stay open",
    points=15,
    name="on_grid",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the values",),
)
