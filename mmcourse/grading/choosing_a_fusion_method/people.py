"""13-people: how sure a difference is, if whole people are drawn again and not their examples one by one.

The bootstrap of Efron & Tibshirani 1993 ("An introduction to the bootstrap"), with people as its units.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(a, b, people, draws, level):
    return _with()(a, b, people, draws, level)


def _both_measured(a, b, people):
    known = ~(np.isnan(a) | np.isnan(b))
    return a[known], b[known], people[known]


def _of_all_drawn(sums, counts, draws):
    return sums[draws].sum(1) / counts[draws].sum(1)


def _pairs(a, b, people, draws, gather):
    P = draws.shape[1]
    return gather(np.bincount(people, a - b, P), np.bincount(people, minlength=P), draws)


def _middle(replicates, difference, level):
    return np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])


def _times_wider(replicates, d, people):
    alone = d.std() / len(d) ** 0.5
    return replicates.std() / alone if alone > 0 else 1.0


def _difference(d, replicates):
    return d.mean()


def _with(
    measured=_both_measured, drawn=_pairs, gather=_of_all_drawn, tails=_middle, wider=_times_wider,
    centre=_difference, sign=1,
):  # fmt: skip
    """Resamples, interval and width with other units, tails or gaps."""

    def interval(a, b, people, draws, level):
        with np.errstate(all="ignore"):
            x, y, who = measured(a.astype(float), b.astype(float), people)
            replicates = sign * drawn(x, y, who, draws, gather)
            d = sign * (x - y)
            low_high = tails(replicates, d.mean(), level)
            results = replicates, [centre(d, replicates), *low_high], [wider(replicates, d, who)]
        return tuple(np.array(x, a.dtype) for x in results)

    return interval


def draw(rng):
    yield _case(rng, "17 examples of 5 people, 7 resamples", 17, 5, 7)
    yield _case(rng, "61 examples of 11 people", 61, 11, 29)
    yield _case(rng, "one person with most of the examples", 53, 7, 31, uneven=True)
    yield _case(rng, "a level of one half", 41, 7, 23, level=0.5)
    yield _case(rng, "what was not measured", 59, 7, 31, missing=0.25)
    yield _case(rng, "scores of any size", 47, 11, 37, graded=True)
    yield _case(rng, "every person an example", 13, 13, 17)
    yield _case(rng, "one person", 11, 1, 5)
    yield _case(rng, "two methods that do the same", 19, 5, 11, same=True)
    yield _case(rng, "float32", 43, 7, 31, missing=0.1, dtype=np.float32)


def _case(
    rng, name, N, P, R, level=0.9, uneven=False, missing=0.0, graded=False, same=False, dtype=np.float64
):  # fmt: skip
    """Each person has at least one example that both methods were measured on."""
    others = rng.integers(0, P, N - P) * ((rng.random(N - P) < 0.3) if uneven else 1)
    people = np.concatenate([np.arange(P), others])
    habit = rng.uniform(-0.35, 0.35, P)[people]
    a, b = (rng.random((2, N)) < np.stack([0.6 + habit, np.full(N, 0.5)])).astype(float)
    if graded:
        a, b = a + rng.standard_normal(N), 2 * b
    if same:
        b = a.copy()
    gaps = rng.random((2, N)) < missing
    gaps[:, :P] = False
    a, b = np.where(gaps[0], np.nan, a), np.where(gaps[1], np.nan, b)
    order = rng.permutation(N)
    draws = rng.integers(0, P, (R, P))
    return Case(name, (a[order].astype(dtype), b[order].astype(dtype), people[order], draws, level))


def _mean_of_means(sums, counts, draws):
    return (sums / counts)[draws].mean(1)


def _each_once(sums, counts, draws):
    return np.array([sums[np.unique(row)].sum() / counts[np.unique(row)].sum() for row in draws])


def _by_all_examples(sums, counts, draws):
    return sums[draws].sum(1) / counts.sum()


def _examples(a, b, people, draws, gather):
    return (a - b)[draws].mean(1)


def _others_for_b(a, b, people, draws, gather):
    """Other people are drawn for b: row r − 1."""
    nothing = np.zeros_like(a)
    return _pairs(a, nothing, people, draws, gather) - _pairs(b, nothing, people, np.roll(draws, 1, 0), gather)


def _each_where_measured(a, b, people, draws, gather):
    means = [_pairs(x[~np.isnan(x)], 0, people[~np.isnan(x)], draws, gather) for x in (a, b)]
    return means[0] - means[1]


def each_by_its_own_gaps(a, b, people, draws, level):
    """The mean of what a was measured on, minus the mean of what b was measured on."""
    replicates = _each_where_measured(a.astype(float), b.astype(float), people, draws, _of_all_drawn)
    _, interval, wider = reference(a, b, people, draws, level)
    interval = [np.nanmean(a) - np.nanmean(b), *_middle(replicates, 0, level)]
    return replicates.astype(a.dtype), np.array(interval, a.dtype), wider


def _as_mistakes(a, b, people):
    return np.nan_to_num(a), np.nan_to_num(b), people


def _of_the_people(a, b, people, draws, gather):
    sums, counts = np.bincount(people, a - b), np.bincount(people)
    return sums / counts


def interval_of_people(a, b, people, draws, level):
    replicates, interval, wider = reference(a, b, people, draws, level)
    x, y, who = _both_measured(a.astype(float), b.astype(float), people)
    tails = _middle(_of_the_people(x, y, who, draws, None), 0, level)
    return replicates, np.array([interval[0], *tails], a.dtype), wider


def _one_unbiased(replicates, d, people):
    alone = d.std() / len(d) ** 0.5
    return replicates.std(ddof=1) / alone if alone > 0 else 1.0


WRONG = (
    WrongAnswer(
        "examples drawn",
        _with(drawn=_examples),
        "You read `draws` as numbers of examples. They are numbers of people, and each brings all of their examples.",
    ),
    WrongAnswer(
        "the mean of people's means",
        _with(gather=_mean_of_means),
        "You average each person first, so that all people weigh alike. Here all examples of the people drawn weigh "
        "alike, and a person with many counts for more.",
    ),
    WrongAnswer(
        "each person once",
        _with(gather=_each_once),
        "You take each person once. Who was drawn twice comes with all examples twice: that is what makes it a "
        "resample.",
    ),
    WrongAnswer(
        "divided by all examples",
        _with(gather=_by_all_examples),
        "You divide by the number of all examples. People have different numbers of them: divide by how many were "
        "drawn this time.",
    ),
    WrongAnswer(
        "other people for each method",
        _with(drawn=_others_for_b),
        "You draw other people for b than for a. Some people are difficult for both methods, and that cancels only if "
        "both are measured on the same ones.",
    ),
    WrongAnswer(
        "b minus a",
        _with(sign=-1),
        "Your differences have the opposite sign. Asked is a − b: above 0 where a is better.",
    ),
    WrongAnswer(
        "one tail of that size on each side",
        _with(tails=lambda r, d, level: np.quantile(r, [1 - level, level])),
        "The resamples are right. You cut off 1 − level on each side. It is cut off on both sides together.",
    ),
    WrongAnswer(
        "the level for what is cut off",
        _with(tails=lambda r, d, level: np.quantile(r, [level / 2, 1 - level / 2])),
        "The resamples are right. You take the level for the share that is cut off. It is the share that lies inside.",
    ),
    WrongAnswer(
        "1.96 standard errors",
        _with(tails=lambda r, d, level: (d - 1.96 * r.std(), d + 1.96 * r.std())),
        "The resamples are right. You take 1.96 of their standard deviations. Asked are their own quantiles, at the "
        "level that was given.",
    ),
    WrongAnswer(
        "the interval turned round",
        _with(tails=lambda r, d, level: 2 * d - _middle(r, d, level)[::-1]),
        "The resamples are right. You turned their quantiles round about the difference. That is the basic bootstrap; "
        "here the quantiles stand as they are.",
    ),
    WrongAnswer(
        "all resamples",
        _with(tails=lambda r, d, level: (r.min(), r.max())),
        "The resamples are right. You return the smallest and the largest of them, so the interval grows with their "
        "number. Take quantiles.",
    ),
    WrongAnswer(
        "quantiles of the people",
        interval_of_people,
        "The resamples are right. Your interval says where the people lie. Asked is where the mean lies: quantiles of "
        "the resamples.",
    ),
    WrongAnswer(
        "the mean of the resamples",
        _with(centre=lambda d, r: r.mean()),
        "The interval is right. The difference in front is the one that was measured, not the mean of the resamples.",
    ),
    WrongAnswer(
        "not measured is wrong",
        _with(measured=_as_mistakes),
        "You count what was not measured as 0. It says nothing: leave the example out, for both methods.",
    ),
    WrongAnswer(
        "each method by its own gaps",
        each_by_its_own_gaps,
        "You leave out gaps for each method by itself, so the two are measured on different examples. Keep those that "
        "both were measured on.",
    ),
    WrongAnswer(
        "NaN spreads",
        _with(measured=lambda a, b, people: (a, b, people)),
        "All right until an example was not measured: a NaN in a sum makes a NaN of all. Leave such examples out.",
    ),
    WrongAnswer(
        "variances compared",
        _with(wider=lambda r, d, who: _times_wider(r, d, who) ** 2),
        "The interval is right. You compare variances. How many times wider is a ratio of standard deviations.",
    ),
    WrongAnswer(
        "the ratio upside down",
        _with(wider=lambda r, d, who: 1 / max(_times_wider(r, d, who), 1e-300)),
        "The interval is right. Your ratio stands upside down: people above, independent examples below.",
    ),
    WrongAnswer(
        "against independent people",
        _with(wider=lambda r, d, who: _times_wider(r, d, who) * (len(np.unique(who)) / len(d)) ** 0.5),
        "The interval is right. You divide by the root of the number of people. If all examples were independent, "
        "there would be as many units as examples.",
    ),
    WrongAnswer(
        "against the spread of the examples",
        _with(wider=lambda r, d, who: _times_wider(r, d, who) / len(d) ** 0.5),
        "The interval is right. You compare with the spread of single examples. A mean of n of them is √n times surer.",
    ),
    WrongAnswer(
        "one resample fewer",
        _with(wider=_one_unbiased),
        "The interval is right. You divide by R − 1 in the standard deviation of the resamples; here it is R.",
    ),
    WrongAnswer(
        "0 / 0",
        _with(wider=lambda r, d, who: r.std() / (d.std() / len(d) ** 0.5)),
        "All right but for methods that differ nowhere: 0 / 0 is NaN. Neither is wider, so the ratio is 1.",
    ),
)

QUESTION = Question(
    id="13-people",
    title="Drawn by the person",
    points=15,
    name="resample_people",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the resamples", "the interval", "the ratio"),
    tolerance={"float64": 1e-9, "float32": 3e-5},
)
