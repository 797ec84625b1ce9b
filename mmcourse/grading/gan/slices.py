"""04-slices: how far two sets of samples lie apart, seen along several directions: sliced Wasserstein distances.

In one dimension the Wasserstein distance is the area between the two distribution functions, or between the two
quantile functions; sets of equal size are simply sorted and compared. (Bonneel et al. 2015, "Sliced and Radon
Wasserstein barycenters of measures", Journal of Mathematical Imaging and Vision 51; for generators Deshpande et al.
2018, arXiv:1803.11188.)
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer


def reference(x, y, directions):
    return _each(_area)(x, y, directions)


def _unit(directions):
    return directions / np.sqrt((directions * directions).sum(-1, keepdims=True))


def _area(a, b):
    """Between the distribution functions of two sorted sets of numbers."""
    places = np.sort(np.concatenate([a, b]))
    below_a, below_b = (np.searchsorted(s, places[:-1], "right") / len(s) for s in (a, b))
    return (np.abs(below_a - below_b) * np.diff(places)).sum()


def _each(distance, unit=_unit, order=np.sort):
    """distance(a, b) of what each direction sees, sorted."""

    def sliced(x, y, directions):
        seen = zip((x @ unit(directions).T).T, (y @ unit(directions).T).T, strict=True)
        return np.array([distance(order(a), order(b)) for a, b in seen], x.dtype)

    return sliced


def draw(rng):
    yield _case(rng, "7 samples against 11, 5 directions", 7, 11, 3, 5)
    yield _case(rng, "13 samples against 5, 2 directions", 13, 5, 7, 2)
    yield _case(rng, "equally many samples", 7, 7, 2, 3)
    yield _case(rng, "one sample against 5", 1, 5, 3, 2)
    yield _case(rng, "one sample against one", 1, 1, 2, 3)
    yield _case(rng, "one feature", 11, 7, 1, 3)
    yield _case(rng, "twice as many samples", 5, 10, 3, 7)
    yield _case(rng, "many that are alike", 13, 7, 2, 5, rounded=True)
    yield _case(rng, "the same set twice", 7, 7, 3, 5, same=True)
    yield _case(rng, "sets far apart", 5, 7, 3, 2, gap=100.0)
    x, y, directions = _case(rng, "", 11, 5, 3, 7).arguments
    yield Case("samples that lie column by column", tuple(np.asfortranarray(a) for a in (x, y, directions)))
    yield _case(rng, "float32", 7, 5, 3, 2, dtype=np.float32)


def _case(rng, name, N, M, I, S, rounded=False, same=False, gap=1.0, dtype=np.float64):
    """Two clouds of different width, `gap` apart; directions of lengths from ½ to 3."""
    x, y, directions = normal(rng, (N, I), (M, I), (S, I))
    y = 1.7 * y + gap * np.array([1, *[-0.5] * (I - 1)])
    if rounded:
        x, y = np.round(x), np.round(y)
    if same:
        y = rng.permutation(x)
    directions = _unit(directions) * rng.uniform(0.5, 3, (S, 1))
    return Case(name, (x.astype(dtype), y.astype(dtype), directions.astype(dtype)))


def _quantiles(a, b, power=1):
    """The mean of |difference of quantiles|^power, exact, over the steps of both."""
    steps = np.union1d(np.arange(1, len(a) + 1) * len(b), np.arange(1, len(b) + 1) * len(a))
    widths = np.diff(steps, prepend=0) / (len(a) * len(b))
    of_a, of_b = a[(steps - 1) // len(b)], b[(steps - 1) // len(a)]
    return (np.abs(of_a - of_b) ** power * widths).sum()


def _cut(a, b):
    n = min(len(a), len(b))
    return np.abs(a[:n] - b[:n]).mean()


def _interpolated(a, b):
    """As many quantiles as the larger set has samples, by straight lines between the samples."""
    levels = np.linspace(0, 1, max(len(a), len(b)))
    return np.abs(np.quantile(a, levels) - np.quantile(b, levels)).mean()


def _largest_gap(a, b):
    places = np.concatenate([a, b])
    below = (np.searchsorted(s, np.sort(places), "right") / len(s) for s in (a, b))
    return np.abs(np.subtract(*below)).max()


def _without_widths(a, b):
    places = np.sort(np.concatenate([a, b]))
    below = (np.searchsorted(s, places, "right") / len(s) for s in (a, b))
    return np.abs(np.subtract(*below)).mean()


def _counts_not_shares(a, b):
    places = np.sort(np.concatenate([a, b]))
    below_a, below_b = (np.searchsorted(s, places[:-1], "right") for s in (a, b))
    return (np.abs(below_a - below_b) * np.diff(places)).sum()


def _signed_area(a, b):
    return np.abs(a.mean() - b.mean())


def _all_pairs(a, b):
    return np.abs(a[:, None] - b).mean()


def _nearest(a, b):
    return np.abs(a[:, None] - b).min(1).mean()


def one_for_all_directions(x, y, directions):
    distances = reference(x, y, directions)
    return np.full_like(distances, distances.mean())


def largest_for_all_directions(x, y, directions):
    distances = reference(x, y, directions)
    return np.full_like(distances, distances.max())


def means_and_spreads(a, b):
    """Fréchet distance of two Gaussians, in one dimension."""
    return (a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2


WRONG = (
    WrongAnswer(
        "directions not of length one",
        _each(_area, unit=lambda directions: directions),
        "You project onto the directions as they come, and a long one makes everything look far apart. Only where it "
        "points should count.",
    ),
    WrongAnswer(
        "one length for all directions",
        _each(_area, unit=lambda directions: directions / np.linalg.norm(directions)),
        "You divide by the length of the whole array. Each direction has a length of its own.",
    ),
    WrongAnswer(
        "directions divided twice by their length",
        _each(_area, unit=lambda directions: directions / (directions * directions).sum(-1, keepdims=True)),
        "You divide each direction by the square of its length. It is to have length one.",
    ),
    WrongAnswer(
        "the larger set cut",
        _each(_cut),
        "You compare the smallest samples of both sets until one is used up, and forget the rest. The larger set "
        "spreads its weight over more samples: each weighs less.",
    ),
    WrongAnswer(
        "cut without sorting",
        _each(_cut, order=np.array),
        "You pair the samples as they happen to stand. Nobody said that the first of one set belongs to the first of "
        "the other: what is the cheapest way to move one set onto the other, along a line?",
    ),
    WrongAnswer(
        "quantiles by straight lines",
        _each(_interpolated),
        "You read quantiles from straight lines between the samples, as `np.quantile` does. These sets are heaps at "
        "their samples, with nothing in between: their quantiles are steps.",
    ),
    WrongAnswer(
        "difference of the means",
        _each(_signed_area),
        "You compare the means alone. Two sets with one mean may be spread quite differently, and then something has "
        "to be moved in both directions.",
    ),
    WrongAnswer(
        "squares, and a root",
        _each(lambda a, b: np.sqrt(_quantiles(a, b, power=2))),
        "You square what is moved, and take a root at the end: that is the distance W₂. Asked is W₁, weight times way.",
    ),
    WrongAnswer(
        "squares",
        _each(lambda a, b: _quantiles(a, b, power=2)),
        "You square the ways. Asked is weight times way, as it is.",
    ),
    WrongAnswer(
        "largest gap between the distribution functions",
        _each(_largest_gap),
        "You take the largest gap between the two distribution functions (the distance of Kolmogorov and Smirnov). It "
        "never exceeds 1, however far the sets are apart: wanted is the area between them.",
    ),
    WrongAnswer(
        "gaps without their widths",
        _each(_without_widths),
        "You average the gaps between the distribution functions over the samples. An area also needs to know how far "
        "it is from one sample to the next.",
    ),
    WrongAnswer(
        "counts instead of shares",
        _each(_counts_not_shares),
        "Your distribution functions end at the number of samples, not at 1, so the larger set weighs more. Both "
        "sets weigh 1 in all.",
    ),
    WrongAnswer(
        "all pairs",
        _each(_all_pairs),
        "You average over all pairs. A set then has a distance from itself; the cheapest way of moving has none.",
    ),
    WrongAnswer(
        "nearest neighbour",
        _each(_nearest),
        "For each sample of x you look for the nearest one of y, and many may choose the same. Moving has to use up "
        "all of y, and equally.",
    ),
    WrongAnswer(
        "Fréchet",
        _each(means_and_spreads),
        "You compare means and spreads, as the Fréchet distance of two Gaussians does. Here every sample counts where "
        "it lies.",
    ),
    WrongAnswer(
        "mean over the directions",
        one_for_all_directions,
        "You have averaged over the directions. What each of them sees is asked.",
    ),
    WrongAnswer(
        "largest over the directions",
        largest_for_all_directions,
        "You have taken the largest over the directions. What each of them sees is asked.",
    ),
)

QUESTION = Question(
    id="04-slices",
    title="How far to carry the fakes",
    points=10,
    name="sliced_distances",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the distances",),
)
