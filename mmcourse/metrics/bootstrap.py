"""How far a measured number may be from the true one: intervals from resampling, and over seeds.

Two sources of chance, two intervals. Which examples happened to be in the test set: `bootstrap_interval`, and
`paired_interval` for two methods on the same examples. Which seed happened to train the model: `over_seeds`.
"""

import numpy as np
from scipy.special import stdtrit


def bootstrap_interval(values, statistic=np.mean, *, rng, resamples=2000, level=0.95):
    """Where the true statistic lies, from N examples drawn again with replacement. Returns (low, high).

    values (N, ...): one row an example. For a statistic of things that are no numbers, such as captions, pass
    np.arange(N) and let the statistic look them up. statistic: rows to one number. rng: a NumPy Generator.

    The percentile interval (Efron & Tibshirani 1993, "An introduction to the bootstrap", section 13.3): the middle
    `level` of the resampled statistics. It is a little too short for few examples: at N = 10 a normal mean lies in
    about 90 % of the "95 %" intervals, at N = 50 in about 94 %.
    """
    values = _finite(values, "bootstrap_interval")
    _check_level(level, "bootstrap_interval")
    if resamples < 1:
        raise ValueError(f"bootstrap_interval: expected resamples >= 1, came {resamples}")
    N = len(values)
    replicates = [statistic(values[rng.integers(0, N, N)]) for _ in range(resamples)]
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_interval(a, b, statistic=np.mean, *, rng, resamples=2000, level=0.95):
    """Where statistic(a) - statistic(b) lies, a and b (N, ...) measured on the same N examples. Returns (low, high).

    An example is drawn for both or for neither, so that what makes it hard for both cancels. Otherwise as
    `bootstrap_interval`. An interval without 0 says that the methods differ, on examples like these.
    """
    a, b = _finite(a, "paired_interval"), _finite(b, "paired_interval")
    if a.shape != b.shape:
        raise ValueError(f"paired_interval: expected a and b for the same examples, came {a.shape} and {b.shape}")

    def difference(pairs):
        return statistic(pairs[:, 0]) - statistic(pairs[:, 1])

    return bootstrap_interval(np.stack([a, b], 1), difference, rng=rng, resamples=resamples, level=level)


def over_seeds(values, level=0.95):
    """The mean of one number a seed, and where the mean over all seeds lies. Returns (mean, low, high).

    Student's t interval (Student 1908, Biometrika 6, p. 1): exact if the numbers are normal, and right for few seeds,
    where resampling is too short. For two methods on the same seeds pass the differences.
    """
    values = _finite(values, "over_seeds")
    _check_level(level, "over_seeds")
    if values.ndim != 1:
        raise ValueError(f"over_seeds: expected one number a seed, came shape {values.shape}")
    n, mean = len(values), values.mean()
    half = stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(n)
    return float(mean), float(mean - half), float(mean + half)


def _finite(values, name):
    values = np.asarray(values)
    if values.ndim == 0 or len(values) < 2:
        raise ValueError(f"{name}: expected at least two examples or seeds, came shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: expected finite numbers, came {np.sum(~np.isfinite(values))} that are not")
    return values


def _check_level(level, name):
    if not 0 < level < 1:
        raise ValueError(f"{name}: expected 0 < level < 1, came {level}. Try: 0.95")
