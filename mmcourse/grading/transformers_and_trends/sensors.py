"""12-sensors: one quantity followed by sensors of unlike noise and rate, some of which fail.

The prediction and the update are those of a Kalman filter (Kalman 1960, "A new approach to linear filtering and
prediction problems", J. of Basic Engineering 82) for a random walk. That a reading too far away is not believed is this
question's own choice of a rule.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(readings, noise, start, drift, limit):
    return _with()(readings, noise, start, drift, limit)


def _grown(variance, drift, t, arrived):
    return variance + drift if t else variance


def _near(z, mean, variance, noise, limit):
    return np.abs(z - mean) <= limit * np.sqrt(variance + noise)


def _joined(z, mean, variance, noise, use):
    """The prior and all readings that are used, each by its precision."""
    precision = 1 / variance + (use / noise).sum()
    return (mean / variance + (np.where(use, z, 0) / noise).sum()) / precision, 1 / precision


def _with(
    grow=_grown, believe=_near, join=_joined, prepare=lambda readings: readings, spread=lambda noise: noise,
    count=lambda used, arrived: used, after=lambda variance, drift: variance,
):  # fmt: skip
    """Means, variances and what was used, with another prediction, update or rule."""

    def follow(readings, noise, start, drift, limit):
        z, r = prepare(readings.astype(float)), spread(noise.astype(float))
        mean, variance = (float(x) for x in start)
        means, variances, used = [], [], []
        for t, row in enumerate(z):
            arrived = ~np.isnan(row)
            variance = grow(variance, float(drift), t, arrived)
            with np.errstate(all="ignore"):
                use = arrived & believe(row, mean, variance, r, limit)
                mean, variance = join(row, mean, variance, r, use)
            means.append(mean)
            variances.append(after(variance, float(drift)))
            used.append(count(use, arrived))
        return *(np.array(x, readings.dtype) for x in (means, variances)), np.array(used, np.int64)

    return follow


def draw(rng):
    yield _case(rng, "7 moments, 3 sensors", 7, 3, faults=1)
    yield _case(rng, "readings are missing", 11, 3, missing=0.3, faults=2)
    yield _case(rng, "sensors of unlike rates", 13, 3, rates=(1, 2, 5))
    yield _case(rng, "one sensor", 11, 1, missing=0.3)
    yield _case(rng, "every reading is there and believed", 5, 3, limit=np.inf)
    yield _case(rng, "moments without any reading", 11, 2, missing=0.6)
    yield _case(rng, "many faults", 17, 3, faults=13)
    yield _case(rng, "nothing moves", 7, 2, drift=0.0, limit=np.inf)
    yield _case(rng, "a start that is nearly sure", 11, 3, sure=0.01, faults=3)
    yield _case(rng, "two sensors that disagree", 7, 3, torn=1.5)
    yield _case(rng, "nothing ever arrives", 5, 2, missing=1.0)
    yield _case(rng, "float32", 13, 5, missing=0.3, faults=3, dtype=np.float32)


def _case(
    rng, name, T, S, missing=0.0, faults=0, rates=None, drift=0.3, limit=2.0, sure=1.0, torn=0.0, dtype=np.float64
):
    noise = rng.permutation(np.geomspace(0.2, 3.0, S)) if S > 1 else np.array([0.5])
    path = 1.0 + np.cumsum(drift**0.5 * rng.standard_normal(T))
    (apart,) = normal(rng, (T, S))
    readings = path[:, None] + noise**0.5 * apart
    where = rng.permutation(T * S)[:faults]
    readings.ravel()[where] += rng.choice([-1, 1], faults) * rng.uniform(6, 9, faults)
    gone = rng.random((T, S)) < missing
    if rates:
        gone |= np.arange(T)[:, None] % np.array(rates) > 0
    if 0 < missing < 1:
        gone[1], gone[2] = True, False
    readings[gone] = np.nan
    start = np.array([rng.uniform(0, 2), sure])
    if torn:  # so many standard deviations above and below the start: each is near enough, but not to the other
        readings[0, :2] = start[0] + torn * np.array([1, -1]) * np.sqrt(start[1] + noise[:2])
    return Case(name, (readings.astype(dtype), noise.astype(dtype), start.astype(dtype), drift, limit))


def _held(readings):
    """The last reading of each sensor stays until a new one comes."""
    held = readings.copy()
    for t in range(1, len(held)):
        held[t] = np.where(np.isnan(held[t]), held[t - 1], held[t])
    return held


def _averaged(z, mean, variance, noise, use):
    """The mean of what is used, whatever its noise, against the prior."""
    n = use.sum()
    if not n:
        return mean, variance
    z = z[use].mean()
    r = noise[use].sum() / n**2
    gain = variance / (variance + r)
    return mean + gain * (z - mean), variance * (1 - gain)


def _sensors_alone(z, mean, variance, noise, use):
    if not use.any():
        return mean, variance
    precision = (use / noise).sum()
    return (np.where(use, z, 0) / noise).sum() / precision, 1 / precision


def _prior_with_each(z, mean, variance, noise, use):
    """Each sensor joined with the prior by itself, and the results joined."""
    if not use.any():
        return mean, variance
    precision = (1 / variance + 1 / noise)[use]
    means = (mean / variance + z / noise)[use] / precision
    return (precision * means).sum() / precision.sum(), 1 / precision.sum()


def _mean_alone(z, mean, variance, noise, use):
    return _joined(z, mean, variance, noise, use)[0], variance


def _by_variance(z, mean, variance, noise, use):
    weight = np.where(use, noise, 0)
    total = variance + weight.sum()
    return (mean * variance + (weight * np.where(use, z, 0)).sum()) / total, _joined(z, mean, variance, noise, use)[1]


def _as_if_all(z, mean, variance, noise, use):
    return _joined(z, mean, variance, noise, use)[0], _joined(z, mean, variance, noise, np.ones_like(use))[1]


def _gone_is_zero(readings):
    return np.nan_to_num(readings)


def one_sensor_after_another(readings, noise, start, drift, limit):
    """Each reading is judged by what the ones beside it have made of the mean."""
    mean, variance = (float(x) for x in start)
    means, variances, used = [], [], np.zeros(readings.shape, np.int64)
    for t, row in enumerate(readings.astype(float)):
        variance = _grown(variance, drift, t, None)
        for s, (z, r) in enumerate(zip(row, noise.astype(float), strict=True)):
            if _near(z, mean, variance, r, limit):
                used[t, s] = 1
                mean, variance = _joined(z, mean, variance, r, np.True_)
        means.append(mean)
        variances.append(variance)
    return np.array(means, readings.dtype), np.array(variances, readings.dtype), used


def smoothed(readings, noise, start, drift, limit):
    """The filter once more from the end: it knows the future."""
    means, variances, used = reference(readings, noise, start, drift, limit)
    m, v = means.astype(float), variances.astype(float)
    for t in range(len(m) - 2, -1, -1):
        gain = v[t] / (v[t] + drift)
        m[t], v[t] = m[t] + gain * (m[t + 1] - m[t]), v[t] + gain**2 * (v[t + 1] - v[t] - drift)
    return m.astype(readings.dtype), v.astype(readings.dtype), used


WRONG = (
    WrongAnswer(
        "all sensors alike",
        _with(join=_averaged),
        "You average the readings and forget that sensors differ in their noise. Each weighs by its precision, one "
        "over its variance.",
    ),
    WrongAnswer(
        "noise taken for a deviation",
        _with(spread=lambda noise: noise**2),
        "You square `noise`. It is a variance already.",
    ),
    WrongAnswer(
        "the noisiest counts most",
        _with(join=_by_variance),
        "You weigh by variances. The larger the noise, the less a reading counts: one over it.",
    ),
    WrongAnswer(
        "what was known is dropped",
        _with(join=_sensors_alone),
        "You join the readings of this moment and drop what was known before. It counts as well, by its own precision.",
    ),
    WrongAnswer(
        "what was known counts several times",
        _with(join=_prior_with_each),
        "You join every sensor with what was known, and then the results. What was known then counts once for each "
        "sensor: it counts once.",
    ),
    WrongAnswer(
        "never surer",
        _with(join=_mean_alone),
        "Your variance never falls. Each reading that is used adds its precision.",
    ),
    WrongAnswer(
        "surer than it should be",
        _with(join=_as_if_all),
        "Your variance falls as if every sensor had been used. A reading that is missing, or not believed, adds no "
        "precision.",
    ),
    WrongAnswer(
        "missing read as zero",
        _with(prepare=_gone_is_zero),
        "You read a missing value as 0. Nothing has arrived, which is not the same as a 0.",
    ),
    WrongAnswer(
        "the last reading held",
        _with(prepare=_held),
        "You keep the last reading of a sensor until a new one comes, and count it again and again. It was counted "
        "when it arrived; since then things may have moved.",
    ),
    WrongAnswer(
        "nothing drifts",
        _with(grow=lambda variance, drift, t, arrived: variance),
        "You forget that things move. From one moment to the next the variance grows by `drift`.",
    ),
    WrongAnswer(
        "drift before the first moment",
        _with(grow=lambda variance, drift, t, arrived: variance + drift),
        "You let the variance grow before the first moment, too. `start` holds what is known of it.",
    ),
    WrongAnswer(
        "drift only with readings",
        _with(grow=lambda variance, drift, t, arrived: variance + drift if t and arrived.any() else variance),
        "You let the variance grow only when something arrives. Time goes on without readings: that is when one "
        "becomes unsure.",
    ),
    WrongAnswer(
        "deviations added",
        _with(grow=lambda variance, drift, t, arrived: (variance**0.5 + drift**0.5) ** 2 if t else variance),
        "You add standard deviations. Of independent steps the variances add up.",
    ),
    WrongAnswer(
        "everything believed",
        _with(believe=lambda z, mean, variance, noise, limit: ~np.isnan(z)),
        "You believe every reading. One that is more than `limit` deviations away from what was expected is not used.",
    ),
    WrongAnswer(
        "its own noise left out",
        _with(believe=lambda z, mean, variance, noise, limit: np.abs(z - mean) <= limit * np.sqrt(variance)),
        "Your rule measures by how unsure you are. The reading has noise of its own: the variance of their distance is "
        "the sum of both.",
    ),
    WrongAnswer(
        "one's own doubt left out",
        _with(believe=lambda z, mean, variance, noise, limit: np.abs(z - mean) <= limit * np.sqrt(noise)),
        "Your rule measures by the noise of the sensor. You are unsure yourself: the variance of their distance is the "
        "sum of both.",
    ),
    WrongAnswer(
        "one sensor after another",
        one_sensor_after_another,
        "You judge each reading by what the ones beside it have made of the mean, so the order of the sensors matters. "
        "All readings of a moment are compared with what was expected before any of them.",
    ),
    WrongAnswer(
        "the future known",
        smoothed,
        "Your means know what comes later. Who follows a quantity has the past and the present only.",
    ),
    WrongAnswer(
        "variances of tomorrow",
        _with(after=lambda variance, drift: variance + drift),
        "The means are right. Your variances already contain the drift to the next moment. Asked is how unsure you are "
        "with the readings of this one.",
    ),
    WrongAnswer(
        "what arrived",
        _with(count=lambda used, arrived: arrived),
        "The rest is right. You mark the readings that arrived. Asked are those that were used.",
    ),
)

QUESTION = Question(
    id="12-sensors",
    title="Sensors that do not agree",
    points=10,
    name="follow_sensors",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the means", "the variances", "what was used"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
