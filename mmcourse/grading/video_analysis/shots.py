"""09-shots: cuts and dissolves by two thresholds.

Twin comparison: Zhang, Kankanhalli & Smoliar 1993 ("Automatic partitioning of full-motion video", Multimedia Systems
1). They add up the leaps of a run; here its two ends are compared, so that a shaky camera adds up to nothing.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(h, low, high):
    return _with()(h, low, high)


def _difference(a, b):
    return np.abs(a - b).sum(-1) / 2


def _small(leap, low, high):
    return (leap >= low) & (leap < high)


def _cut(leap, low, high):
    return leap >= high


def _runs(small):
    """(first, last) of each stretch of True, in the numbers of frames; small[0] belongs to frame 1."""
    edges = np.diff(np.concatenate([[0], small.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1) + 1, np.flatnonzero(edges == -1), strict=True))


def _ends_compared(h, leap, first, last, difference):
    return difference(h[first - 1], h[last])


def _row(first, last, change, leaps):
    return first, last, change


def _with(
    difference=_difference, small=_small, cut=_cut, runs=_runs, change=_ends_compared,
    enough=lambda c, low, high: c >= high, row=_row, cut_row=lambda t, leap: (t, t, leap), order=sorted,
):  # fmt: skip
    """The table with other leaps, other runs, or another test of them."""

    def find(h, low, high):
        leap = difference(h[:-1], h[1:])  # leap[0] leads to frame 1
        rows = [cut_row(t + 1, leap[t]) for t in np.flatnonzero(cut(leap, low, high))]
        for first, last in runs(small(leap, low, high)):
            c = change(h, leap, first, last, difference)
            if enough(c, low, high):
                rows.append(row(first, last, c, leap[first - 1 : last]))
        return np.array(order(rows), h.dtype).reshape(-1, 3)

    return find


def draw(rng):
    yield _case(rng, "a cut and a dissolve", "s c s d s")
    yield _case(rng, "a camera that shakes", "s w s c s p s d s w s")
    yield _case(rng, "a dissolve with a cut behind it", "s d c s c d s")
    yield _case(rng, "a film that ends in a dissolve", "s c s d")
    yield _case(rng, "a film that begins with one", "d s d s c s")
    yield _case(rng, "cuts without a rest", "s c c c s")
    yield _case(rng, "one shot", "s s")
    yield _case(rng, "a change too slow to be seen", "s l s c s")
    yield _case(rng, "one frame", "")
    yield _case(rng, "two frames", "c")
    yield _case(rng, "float32", "s d s p c s w s d", dtype=np.float32)


def _case(rng, name, script, C=7, dtype=np.float64):
    """s a rest, c a cut, d a dissolve, p a smaller change, w wobbles to and fro, l tiny steps."""
    low, high = rng.uniform(0.05, 0.06), rng.uniform(0.3, 0.4)
    rows = [_look(rng, C)]
    for act in script.split():
        if act == "s":
            rows += [rows[-1]] * rng.integers(2, 5)
        if act == "w":
            other = 0.8 * rows[-1] + 0.2 * _other(rng, rows[-1])
            rows += [other, rows[-1]] * 3
        if act in "cdpl":
            way = (_other(rng, rows[-1]) - rows[-1]) * (0.3 if act == "p" else 1)
            steps = {"c": 1, "d": rng.integers(4, 7), "p": 2, "l": 29}[act]
            rows += list(rows[-1] + np.arange(1, steps + 1)[:, None] / steps * way)
    noise = rng.dirichlet(np.ones(C), len(rows))
    h = 0.98 * np.array(rows) + 0.02 * noise
    return Case(name, (h.astype(dtype), low, high))


def _look(rng, C):
    return rng.dirichlet(np.full(C, 0.4))


def _other(rng, before):
    """A look that is far from the one before: a cut to it is a leap, and a dissolve of six frames is seen."""
    while True:
        look = _look(rng, len(before))
        if 0.65 < _difference(look, before) < 0.95:
            return look


def cuts_only(h, low, high):
    return _with(enough=lambda c, low, high: False)(h, low, high)


def _added_up(h, leap, first, last, difference):
    return leap[first - 1 : last].sum()


def _from_the_first_changed(h, leap, first, last, difference):
    return difference(h[first], h[last])


def _to_the_one_before(h, leap, first, last, difference):
    return difference(h[first - 1], h[last - 1])


def _closed_runs(small):
    """A run is noticed when a frame comes that does not belong to it."""
    return [run for run in _runs(small) if run[1] < len(small)]


def _lost_at_cuts(h, low, high):
    leap = _difference(h[:-1], h[1:])
    after_a_cut = set((np.flatnonzero(leap >= high) + 1).tolist())
    return _with(runs=lambda small: [r for r in _runs(small) if r[1] + 1 not in after_a_cut])(h, low, high)


def _whole(a, b):
    return np.abs(a - b).sum(-1)


def _squared(a, b):
    return np.sqrt(((a - b) ** 2).sum(-1))


def _intersection(a, b):
    return np.minimum(a, b).sum(-1)


def with_the_beginning(h, low, high):
    return np.concatenate([np.zeros((1, 3), h.dtype), reference(h, low, high)])


WRONG = (
    WrongAnswer(
        "cuts alone",
        cuts_only,
        "You find the cuts. A dissolve is many small leaps, none of which is high: look at the runs of leaps between "
        "`low` and `high`.",
    ),
    WrongAnswer(
        "leaps added up",
        _with(change=_added_up),
        "You add up the leaps of a run. A camera that shakes leaps to and fro, and changes nothing: compare the frame "
        "before the run with its last one.",
    ),
    WrongAnswer(
        "compared with the first changed frame",
        _with(change=_from_the_first_changed),
        "You compare the last frame of a run with the first one that has changed. The first leap is lost then: begin "
        "with the frame before the run.",
    ),
    WrongAnswer(
        "compared with the frame before the last",
        _with(change=_to_the_one_before),
        "Your comparison ends one frame before the end of the run. Its last leap leads to the frame `last`.",
    ),
    WrongAnswer(
        "numbers from the frame before",
        _with(row=lambda first, last, c, leaps: (first - 1, last, c)),
        "Your dissolves begin one frame early: `first` is the first frame that has changed.",
    ),
    WrongAnswer(
        "the end excluded",
        _with(row=lambda first, last, c, leaps: (first, last + 1, c)),
        "Your dissolves end one frame late: `last` is the last frame that belongs to the run, not the one behind it.",
    ),
    WrongAnswer(
        "leaps numbered by the frame before",
        _with(row=lambda first, last, c, leaps: (first - 1, last - 1, c), cut_row=lambda t, leap: (t - 1, t - 1, leap)),
        "All of your numbers are one too small. np.diff begins with the leap from frame 0 to frame 1, and that is the "
        "leap of frame 1.",
    ),
    WrongAnswer(
        "a run of anything",
        _with(small=lambda leap, low, high: leap < high),
        "Your runs hold leaps below `low` as well, so that a whole shot is one run. Below `low` there is noise.",
    ),
    WrongAnswer(
        "cuts inside a run",
        _with(small=lambda leap, low, high: leap >= low),
        "Your runs go through cuts. A leap of `high` or more is a row by itself, and ends a run.",
    ),
    WrongAnswer(
        "every leap a cut",
        _with(cut=lambda leap, low, high: leap >= low),
        "You take every leap from `low` on for a cut. A cut takes `high`.",
    ),
    WrongAnswer(
        "every run a dissolve",
        _with(enough=lambda c, low, high: True),
        "You tell of every run. Only those that change the picture by `high` or more are dissolves.",
    ),
    WrongAnswer(
        "a low change is enough",
        _with(enough=lambda c, low, high: c >= 2 * low),
        "You are content with runs that change little. The whole change has to reach `high`, as a cut's does.",
    ),
    WrongAnswer(
        "the end of the film forgotten",
        _with(runs=_closed_runs),
        "You notice a run when a frame comes that does not belong to it. At the end of the film none comes.",
    ),
    WrongAnswer(
        "a cut forgets the run before it",
        _lost_at_cuts,
        "When a cut comes you forget the run that it ends. It may have been a dissolve, and is judged as any other.",
    ),
    WrongAnswer(
        "not halved",
        _with(difference=_whole),
        "You do not halve the sum of the absolute differences. What leaves one colour arrives in another, so each "
        "change stands there twice.",
    ),
    WrongAnswer(
        "the root of the squares",
        _with(difference=_squared),
        "You take the root of the sum of squares. The difference of two histograms is half the sum of absolute "
        "differences here: the share of pixels whose colour has changed.",
    ),
    WrongAnswer(
        "what they have in common",
        _with(difference=_intersection),
        "You measure what two histograms have in common, which is large where nothing happens. Take 1 minus that.",
    ),
    WrongAnswer(
        "dissolves behind the cuts",
        _with(order=lambda rows: rows),
        "Your cuts come first and your dissolves after them. Asked is the order of time.",
    ),
    WrongAnswer(
        "leaps added up in the table",
        _with(row=lambda first, last, c, leaps: (first, last, leaps.sum())),
        "You find the right dissolves. Their change is that between the frame before and the last one, not the sum of "
        "the leaps.",
    ),
    WrongAnswer(
        "the largest leap in the table",
        _with(row=lambda first, last, c, leaps: (first, last, leaps.max())),
        "You find the right dissolves. Their change is that of the whole run, not its largest leap.",
    ),
    WrongAnswer(
        "the beginning of the film counted",
        with_the_beginning,
        "You begin the table with frame 0. Nothing has changed there; asked are the changes.",
    ),
)

QUESTION = Question(
    id="09-shots",
    title="Cuts and dissolves",
    points=10,
    name="find_changes",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
