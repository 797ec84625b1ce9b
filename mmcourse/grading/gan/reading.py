"""04-reading: from the samples of several runs, which of them collapsed, and which went astray.

A sample counts for the mode that is nearest, and only within a radius of it, as in Srivastava et al. 2017 (VEEGAN,
arXiv:1705.07761, section 4.1), who take three standard deviations. What is due to a mode, and the two thresholds of
one half, are this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer

FINE, COLLAPSED, ASTRAY = 0, 1, 2


def reference(samples, centres, due, radius):
    return _with()(samples, centres, due, radius)


def _distances(samples, centres):
    """(R, N, K)."""
    return np.sqrt(((samples[:, :, None] - centres) ** 2).sum(-1))


def _hits(samples, centres, radius, distances=_distances):
    """How many samples of each run count for each mode, (R, K)."""
    far = distances(samples, centres)
    nearest = far.argmin(-1)[..., None] == np.arange(len(centres))
    return (nearest & (far <= radius)).sum(1)


def _share(hits, n):
    return hits.sum(-1) / n


def _covered(hits, n, due):
    return hits >= n * due / 2


def _effective(hits):
    """exp of the entropy of the hits, 0 where there are none."""
    total = hits.sum(-1, keepdims=True)
    p = hits / np.maximum(total, 1)
    return np.where(total[:, 0] > 0, np.exp(-_plogp(p).sum(-1)), 0)


def _plogp(p):
    return p * np.log(np.where(p > 0, p, 1))


def _verdict(share, covered, effective, modes):
    return np.where(share < 0.5, ASTRAY, np.where(2 * covered < modes, COLLAPSED, FINE))


def _with(hits=_hits, share=_share, covered=_covered, effective=_effective, verdict=_verdict):
    """The reading with one of its steps in another way."""

    def read(samples, centres, due, radius):
        counts, n = hits(samples, centres, radius), samples.shape[1]
        columns = share(counts, n), covered(counts, n, due).sum(-1), effective(counts)
        return np.stack([*columns, verdict(*columns, len(centres))], -1).astype(samples.dtype)

    return read


def draw(rng):
    yield _case(rng, "6 runs on 5 modes", 5, 43, RUNS)
    yield _case(rng, "7 modes, three features", 7, 59, RUNS[::-1], I=3)
    yield _case(rng, "modes so near that their circles overlap", 5, 43, RUNS, apart=1.2)
    yield _case(rng, "modes of equal share", 5, 61, RUNS, even=True)
    yield _case(rng, "one run", 3, 23, RUNS[1:2])
    yield _case(rng, "one mode", 1, 11, ((1, 0.0), (1, 0.7), (1, 1.0)))
    yield _case(rng, "one sample", 3, 1, ((1, 0.0), (1, 1.0)))
    yield _exactly_half(rng)
    yield _case(rng, "float32", 5, 43, RUNS, dtype=np.float32)


# of each run: how many modes it draws from, and the share of its samples that are moved out of the circles
RUNS = (99, 0.1), (1, 0.0), (2, 0.2), (99, 0.7), (1, 0.8), (99, 1.0)
RADIUS = 0.5


def _case(rng, name, K, N, runs, I=2, apart=4.0, even=False, dtype=np.float64):
    """Modes along a line in random order, `apart` radii from one to the next."""
    centres = rng.uniform(-0.2, 0.2, (K, I))
    centres[:, 0] += apart * rng.permutation(K)
    squares = np.arange(2, K + 2) ** 2
    due = np.full(K, 1 / K) if even else rng.permutation(squares / squares.sum())
    samples = np.stack([_run(rng, centres, due, N, *run) for run in runs])
    arrays = (RADIUS * samples, RADIUS * centres, due)
    return Case(name, (*(x.astype(dtype) for x in arrays), RADIUS))


def _run(rng, centres, due, N, modes, astray):
    """N samples around centres, in radii: at most 0.9 away, or astray: far away, or just outside, in a corner."""
    chosen = rng.permutation(len(centres))[:modes]
    which = rng.choice(chosen, N, p=due[chosen] / due[chosen].sum())
    away = rng.standard_normal((N, centres.shape[1]))
    corner = 0.8 * np.sign(away)
    away *= rng.uniform(0.05, 0.9, (N, 1)) / np.linalg.norm(away, axis=-1, keepdims=True)
    lost = rng.permutation(N)
    far, near = lost < round(astray * N / 2), (lost >= round(astray * N / 2)) & (lost < round(astray * N))
    away[far, 1], away[near] = 2 + away[far, 1], corner[near]
    return centres[which] + away


def _exactly_half(rng):
    """Of 16 samples, 2, 2, 3 and 1 are half of what is due to four modes. The runs lie on the borders."""
    counts = np.array([[2, 2, 3, 1], [2, 14, 0, 0], [1, 13, 2, 0], [2, 2, 2, 1]])
    centres = np.array([[-4.0, 1], [0, -1], [4, 0], [8, 1]])
    runs = [np.repeat([*centres, [50.0, 50.0]], [*row, 16 - row.sum()], 0) for row in counts]
    samples = np.stack([rng.permutation(run + rng.uniform(-0.3, 0.3, run.shape)) for run in runs])
    return Case("exactly half", (samples, centres, np.array([0.25, 0.25, 0.375, 0.125]), RADIUS))


def _all_to_the_nearest(samples, centres, radius):
    return _hits(samples, centres, np.inf)


def _all_in_reach(samples, centres, radius):
    return (_distances(samples, centres) <= radius).sum(1)


def _squared(samples, centres):
    return _distances(samples, centres) ** 2


def _sides(samples, centres):
    return np.abs(samples[:, :, None] - centres).max(-1)


def _of_hits(hits, n, due):
    return (hits >= hits.sum(-1, keepdims=True) * due / 2) & (hits > 0)


def _entropy(hits):
    p = hits / np.maximum(hits.sum(-1, keepdims=True), 1)
    return -_plogp(p).sum(-1)


def _nan_at_zero(hits):
    with np.errstate(all="ignore"):
        p = hits / np.maximum(hits.sum(-1, keepdims=True), 1)
        return np.where(hits.any(-1), np.exp(-(p * np.log(p)).sum(-1)), 0)


def _simpson(hits):
    squares = (hits.astype(float) ** 2).sum(-1)
    return hits.sum(-1) ** 2 / np.maximum(squares, 1)


def _not_among_the_hits(samples, centres, due, radius):
    """The entropy of shares of all samples, which do not sum to one."""
    p = _hits(samples, centres, radius) / samples.shape[1]
    spread = np.where(p.any(-1), np.exp(-_plogp(p).sum(-1)), 0)
    return _with(effective=lambda hits: spread)(samples, centres, due, radius)


def _collapse_first(share, covered, effective, modes):
    return np.where(2 * covered < modes, COLLAPSED, np.where(share < 0.5, ASTRAY, FINE))


def _by_effective_number(share, covered, effective, modes):
    return np.where(share < 0.5, ASTRAY, np.where(2 * effective < modes, COLLAPSED, FINE))


def _borders_below(share, covered, effective, modes):
    return np.where(share <= 0.5, ASTRAY, np.where(2 * covered <= modes, COLLAPSED, FINE))


def _names_swapped(share, covered, effective, modes):
    return np.array([FINE, ASTRAY, COLLAPSED])[_verdict(share, covered, effective, modes)]


WRONG = (
    WrongAnswer(
        "everything belongs somewhere",
        _with(hits=_all_to_the_nearest),
        "You count every sample for its nearest mode, however far away it lies. A sample between the modes is no "
        "sample of any.",
    ),
    WrongAnswer(
        "everything in reach",
        _with(hits=_all_in_reach),
        "Where circles overlap you count a sample several times. It belongs to the nearest mode, and to that one only.",
    ),
    WrongAnswer(
        "squared distance",
        _with(hits=lambda *a: _hits(*a, distances=_squared)),
        "You compare the square of the distance with the radius. One of them lacks a root, or the other a square.",
    ),
    WrongAnswer(
        "squares instead of circles",
        _with(hits=lambda *a: _hits(*a, distances=_sides)),
        "You compare coordinate by coordinate, and your regions have corners. The distance is Euclid's.",
    ),
    WrongAnswer(
        "the same due to all",
        _with(covered=lambda hits, n, due: _covered(hits, n, 1 / hits.shape[1])),
        "You expect equally many samples of every mode. `due` says how common each one is among the reals.",
    ),
    WrongAnswer(
        "a single hit is enough",
        _with(covered=lambda hits, n, due: hits > 0),
        "A single sample makes a mode covered in your count. It needs half of what is due to it.",
    ),
    WrongAnswer(
        "half of the hits",
        _with(covered=_of_hits),
        "You measure what is due by the hits. A run that throws most of its samples away would still look complete: "
        "measure by all N samples.",
    ),
    WrongAnswer(
        "more than half",
        _with(covered=lambda hits, n, due: hits > n * due / 2),
        "Exactly half of what is due already covers a mode.",
    ),
    WrongAnswer(
        "all that is due",
        _with(covered=lambda hits, n, due: hits >= n * due),
        "You ask for all that is due. Even true samples fall short of that for about every second mode, by chance; "
        "half is enough here.",
    ),
    WrongAnswer(
        "number of hits",
        _with(share=lambda hits, n: hits.sum(-1), verdict=lambda s, *a: _verdict(np.where(s > 0, 1, 0), *a)),
        "Your first column counts the hits. Their share of the samples is asked, and the verdict needs it too.",
    ),
    WrongAnswer(
        "entropy itself",
        _with(effective=_entropy),
        "Your third column is the entropy. It becomes a number of modes when you undo the logarithm.",
    ),
    WrongAnswer(
        "entropy in bits",
        _with(effective=lambda hits: np.where(hits.any(-1), np.exp(_entropy(hits) / np.log(2)), 0)),
        "Your entropy is in bits, and exp undoes the natural logarithm. K modes hit equally often must give K.",
    ),
    WrongAnswer(
        "0 log 0",
        _with(effective=_nan_at_zero),
        "A mode without a hit gives 0 · log 0, which is NaN. It contributes nothing.",
    ),
    WrongAnswer(
        "0 / 0",
        _with(effective=lambda hits: np.where(hits.any(-1), _effective(hits), np.nan)),
        "A run without a single hit divides 0 by 0. Its effective number of modes is 0.",
    ),
    WrongAnswer(
        "one mode where there is none",
        _with(effective=lambda hits: np.exp(_entropy(hits))),
        "A run without a single hit gets an effective number of 1, because exp 0 is 1. It has found no mode at all.",
    ),
    WrongAnswer(
        "shares that do not sum to one",
        _not_among_the_hits,
        "For the entropy you divide by all N samples, so the shares do not sum to one. It asks how the hits are spread "
        "among themselves.",
    ),
    WrongAnswer(
        "one over the sum of squares",
        _with(effective=_simpson),
        "Yours is another effective number, one over the sum of the squared shares. It is a good one; asked is the one "
        "that comes of the entropy.",
    ),
    WrongAnswer(
        "collapse asked first",
        _with(verdict=_collapse_first),
        "You ask about collapse first. A run that misses everything covers no mode either: ask first whether it draws "
        "things that exist.",
    ),
    WrongAnswer(
        "verdict by the effective number",
        _with(verdict=_by_effective_number),
        "You call a run collapsed by its effective number, which is low already where the modes are of unequal share. "
        "Count the covered ones.",
    ),
    WrongAnswer(
        "borders on the other side",
        _with(verdict=_borders_below),
        "Exactly half is still enough, for the share of hits and for the number of modes: below half is a verdict.",
    ),
    WrongAnswer(
        "verdicts exchanged",
        _with(verdict=_names_swapped),
        "Collapsed and astray have changed places: 1 is a run with too few modes, 2 one with too few hits.",
    ),
)

QUESTION = Question(
    id="04-reading",
    title="Which run collapsed?",
    points=15,
    name="read_runs",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
