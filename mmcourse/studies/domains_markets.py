"""Finance, prices and headlines: what can be told of tomorrow, and three ways of fooling oneself.

From `mmcourse.data.markets`: two real indexes, 1999 to 2018, and invented headlines. Models learn from the days to the
end of 2010 and are asked about those from 2011 on. Measured: the direction of the next day, with headlines that were
there the evening before, and with those of the day itself, which a stamp by date alone lets through (look-ahead); the
direction of the next twenty days, split by time and at random (neighbouring days share nineteen of the twenty); what
a strategy earns before and after costs; and how far the next day goes, which can be told. The index's level came in
when returns alone were found to fool little at random; both stand in the table.
"""

import functools
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmcourse.data import markets
from mmcourse.metrics import over_seeds, paired_interval
from mmcourse.text import tokens

FIRST_ASKED = np.datetime64("2011-01-01")
BACK, AHEAD = 22, 20  # trading days: a month that models look back, and what is asked ahead
COST = 5e-4  # of the value, for getting in and for getting out: an assumption
LOOK_AHEAD = "both, headline of the day itself"
DIRECTIONS = ("prices", "headline of the day before", "both", LOOK_AHEAD)
SPLITS = ("time", "random")
SEEN = ("returns", "returns and level")
RANGES = ("the mean of before", "as today", "S&P 500", "both indexes", "both and headline", "both and returns")
_YEAR = 252  # trading days
_FOLDS = 10


class History(NamedTuple):
    """N days, what is known at the close of each, and what comes after it.

    dates (N,).   prices (N, 12): returns of both indexes today, yesterday, the day before, and their means over 5 and
    `BACK` days; and their mean range.   level (N, 2): the logarithm of both indexes.   ranges (N, 6): log ranges of
    both, of today and averaged over 5 and BACK days, the S&P 500's first (Corsi 2009, "A simple approximate long-memory
    model of realized volatility", Journal of Financial Econometrics 7).   The S&P 500's log return tomorrow and over
    the next `AHEAD` days (NaN at the end), and its log range tomorrow: (N,) each.   numbers (N,): each day's number in
    `markets.load().returns()`.
    """

    dates: np.ndarray
    prices: np.ndarray
    level: np.ndarray
    ranges: np.ndarray
    tomorrow: np.ndarray
    month: np.ndarray
    range_tomorrow: np.ndarray
    numbers: np.ndarray

    @property
    def asked(self):
        return self.dates >= FIRST_ASKED


@functools.cache
def history():
    """All days with a month behind them and a day before them."""
    days = markets.load()
    returns, ranges, close = days.returns(), np.log(days.ranges()[1:]), np.log(days.close[1:, 0])
    now = np.arange(BACK, len(returns) - 1)

    def mean(series, length):
        return np.mean([series[now - lag] for lag in range(length)], 0)

    prices = [returns[now - lag] for lag in range(3)] + [mean(returns, 5), mean(returns, BACK), mean(ranges, BACK)]
    by_index = np.stack([ranges[now], mean(ranges, 5), mean(ranges, BACK)], 2)  # (N, index, 3)
    month = np.append(close[AHEAD:] - close[:-AHEAD], np.full(AHEAD, np.nan))[now]
    return History(
        days.dates[1:][now], np.concatenate(prices, 1), np.log(days.close[1:])[now], by_index.reshape(len(now), -1),
        returns[now + 1, 0], month, ranges[now + 1, 0], now,
    )  # fmt: skip


def headline_words(seed):
    """The words of the headline about each day of `history`, and about the day after: (N, W) of 0 and 1, each."""
    texts = markets.headlines(markets.load().returns()[:, 0], np.random.default_rng(seed))
    words = sorted({word for said in markets.HEADLINES.values() for text in said for word in tokens.words(text)})
    there = np.array([[word in tokens.words(text) for word in words] for text in texts], float)
    return there[history().numbers], there[history().numbers + 1]


def run(seed):
    """What each model said of the days from 2011 on ("1" is up), and squared errors on log ranges, a mean a year."""
    h, (today, tomorrow) = history(), headline_words(seed)
    seen = {"prices": [h.prices], "headline of the day before": [today], "both": [h.prices, today],
            LOOK_AHEAD: [h.prices, tomorrow]}  # fmt: skip
    known = {"S&P 500": [h.ranges[:, :3]], "both indexes": [h.ranges], "both and headline": [h.ranges, today],
             "both and returns": [h.ranges, h.prices[:, :2], np.abs(h.prices[:, :2])]}  # fmt: skip
    direction = {name: _direction(np.concatenate(x, 1)) for name, x in seen.items()}
    return {
        "rose": {kind: _said(later > 0) for kind, later in _later().items()},
        "held": round(float(h.tomorrow[h.asked].mean() * _YEAR), 5),
        "earned": {name: _earned(held) for name, held in direction.items()},
        "direction": {name: _said(up) for name, up in direction.items()},
        "month": {f"{split}, {seen}": _said(_month(split, seen, seed)) for split in SPLITS for seen in SEEN},
        "range": {name: _by_year(_range(name, known)) for name in RANGES},
    }


def _said(up):
    return "".join("01"[int(u)] for u in up)


def _direction(x):
    h, learn = history(), ~history().asked
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(x[learn], h.tomorrow[learn] > 0)
    return model.predict(x[h.asked])


def _month(split, seen, seed):
    """Up or down over the next 20 days, for the days asked. By time, training ends where its 20 days would reach into
    them; at random, each day is asked of a model that saw nine tenths of all other days. seen: of the prices."""
    h, over = history(), np.isfinite(history().month)
    asked, up = h.asked & over, h.month > 0
    x = h.prices if seen == "returns" else np.concatenate([h.prices, h.level], 1)

    def fit(learn):
        return ExtraTreesClassifier(100, min_samples_leaf=2, random_state=seed).fit(x[learn], up[learn])

    if split == "time":
        learn = np.flatnonzero(~h.asked)[:-AHEAD]
        return fit(learn).predict(x[asked])
    fold, said = np.random.default_rng(seed).integers(_FOLDS, size=len(up)), np.zeros(len(up), bool)
    for f in range(_FOLDS):
        said[fold == f] = fit((fold != f) & over).predict(x[fold == f])
    return said[asked]


def _range(name, known):
    """Squared errors of the log range of the day after each that is asked."""
    h, learn = history(), ~history().asked
    if name in known:
        x = np.concatenate(known[name], 1)
        said = Ridge(1.0).fit(x[learn], h.range_tomorrow[learn]).predict(x[h.asked])
    else:
        said = h.ranges[h.asked, 0] if name == "as today" else h.range_tomorrow[learn].mean()
    return (said - h.range_tomorrow[h.asked]) ** 2


def _by_year(errors):
    years = history().dates[history().asked].astype("datetime64[Y]")
    return [round(float(errors[years == year].mean()), 5) for year in np.unique(years)]


def _later():
    """What followed each day asked: the return of the next day, and of the next 20 days where there are so many."""
    h = history()
    return {"direction": h.tomorrow[h.asked], "month": h.month[h.asked & np.isfinite(h.month)]}


def right(lines, kind, name):
    """The share of seeds in which a model is right about each day asked: (N,). kind: "direction" or "month"."""
    return np.mean([np.array(list(line[kind][name])) == list(line["rose"][kind]) for line in lines], 0)


def always_up(lines, kind):
    """Whether each day asked was followed by a rise, (N,) float: what one is right about who always says so."""
    return np.array(list(lines[0]["rose"][kind]), float)


def gain(lines, kind, name):
    """By how much a model is right more often than who always says "up": (mean, low, high), paired, 95 %.

    Over blocks of `AHEAD` days, since neighbours are alike; `right` and `always_up` are cut to whole blocks.
    """
    both = [blocks(v) for v in (right(lines, kind, name), always_up(lines, kind))]
    return float(np.subtract(*both).mean()), *paired_interval(*both, rng=np.random.default_rng(0))


def blocks(values):
    """Means over blocks of `AHEAD` days, (N // AHEAD,)."""
    return values[: len(values) // AHEAD * AHEAD].reshape(-1, AHEAD).mean(1)


def _earned(held):
    """Log returns a year of holding the index on the days `held`: [before costs, after them, switches a year]."""
    switches = np.abs(np.diff(held.astype(int), prepend=0)).mean() * _YEAR
    gross = (held * history().tomorrow[history().asked]).mean() * _YEAR
    return [round(float(v), 5) for v in (gross, gross - switches * COST, switches)]


def explained(lines, name):
    """The share of the variation of log ranges that is explained, over the mean of before, a year each: (8,)."""
    errors, plain = (np.mean([line["range"][n] for line in lines], 0) for n in (name, RANGES[0]))
    return 1 - errors / plain


def as_text(lines):
    """Directions, their illusions, and what a strategy earns."""
    rows = [f"{'markets':34s}{'right':>8s}   more than 'always up'     a year: gross     net   switches"]
    for kind, names in (("direction", DIRECTIONS), ("month", list(lines[0]["month"]))):
        for name in names:
            cells = "{:+.3f} [{:+.3f}, {:+.3f}]".format(*gain(lines, kind, name))
            row = f"{name if kind == 'direction' else f'20 days, {name}':34s}"
            row += f"{right(lines, kind, name).mean():8.3f}   {cells}"
            if kind == "direction":
                row += "{:+16.3f}{:+8.3f}{:11.1f}".format(*np.mean([line["earned"][name] for line in lines], 0))
            rows.append(row)
    up, month = (always_up(lines, kind).mean() for kind in ("direction", "month"))
    rows.append(f"always up: {up:.3f} a day, {month:.3f} for 20 days; {lines[0]['held']:+.3f} a year")
    return "\n".join(rows)


def ranges_as_text(lines):
    """How far tomorrow goes: the share explained, mean over years, and its interval over the eight years."""
    rows = [f"{'tomorrow’s range':24s}{'explained':>10s}"]
    for name in RANGES[1:]:
        rows.append("{:24s}{:10.3f} [{:+.3f}, {:+.3f}]".format(name, *over_seeds(explained(lines, name))))
    return "\n".join(rows)
