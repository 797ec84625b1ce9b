"""Twenty years of two American share indexes, day by day: the S&P 500 and the NASDAQ Composite, 1999 to 2018.

    days = markets.load()
    days.dates, days.close               # (5031,) datetime64[D], and (5031, 2): a column for each of INDEXES
    days.returns()                       # (5030, 2) log returns, from the close before to the close of dates[1:]
    days.ranges()                        # (5031, 2) log(high / low): how far a day went

    markets.headlines(returns, rng)      # a simulated headline a day, written after the close about that day

The prices are real and come with the package `arch`, of which two files are read and nothing is imported. Where the
package is not to be had, `fetch()` brings the same files from their public homes. **The headlines are invented**: they
tell the day's move, as evening papers do, and so must never be used for the day that they tell of.
"""

import csv
import gzip
import io
from dataclasses import dataclass

import numpy as np

from mmcourse.data import packaged

INDEXES = ("S&P 500", "NASDAQ")
_HOME = "https://raw.githubusercontent.com/bashtage/arch/{}/"
SP500 = packaged.Part(
    "arch==8.0.0",
    "arch",
    "data/sp500/sp500.csv.gz",
    "1e028cbb9c400cc018c816ccc439b33c919387e726c3ed5ca2c05c82746059de",
    _HOME.format("8ec3620a7e322dcbb3bdbfe5f5ebeda30965c818") + "arch/data/sp500/sp500.csv.gz",
)
NASDAQ = packaged.Part(
    "arch==8.0.0",
    "arch",
    "data/nasdaq/nasdaq.csv.gz",
    "b2009535343ebb14e0aa11ed086788d2997a416ffe4f9450eed9a561ae30ac59",
    _HOME.format("f78f7cef0a6ea5f62ac9f6bd0dc187dc5a3ba676") + "arch/data/nasdaq/nasdaq.csv.gz",
)
HEADLINES = {  # from the worst day to the best, told apart by _LIMITS
    "plunge": ("shares plunge as fear spreads", "heavy selling sends stocks sharply lower"),
    "fall": ("stocks slip in quiet trading", "shares end the day lower"),
    "flat": ("markets wait for the central bank", "investors look to earnings"),
    "rise": ("stocks edge up", "shares end the day higher"),
    "jump": ("shares soar on hopes of growth", "strong buying lifts stocks sharply"),
}
_LIMITS = (-0.015, -0.001, 0.001, 0.015)  # of the log return
_OFF_TOPIC = 0.2  # the share of days whose headline is a flat one whatever happened


class MarketsError(RuntimeError):
    """The prices are missing, or are not the ones that the course is pinned to."""


@dataclass(frozen=True)
class Days:
    """N trading days: dates (N,) datetime64[D], rising; open, high, low, close (N, 2) float64 in index points and
    volume (N, 2) in shares, a column for each of `INDEXES`."""

    dates: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray

    def __len__(self):
        return len(self.dates)

    def returns(self):
        """log(close / close of the day before): (N − 1, 2); row i is known at the close of dates[i + 1]."""
        return np.diff(np.log(self.close), axis=0)

    def ranges(self):
        """log(high / low), (N, 2): a day's width, from which its volatility can be told (Parkinson 1980, "The extreme
        value method for estimating the variance of the rate of return", Journal of Business 53)."""
        return np.log(self.high / self.low)


def load():
    """All days, as `Days`. Raises MarketsError if a file is missing or changed."""
    tables = [_rows(packaged.read(part, MarketsError, "markets.fetch()")) for part in (SP500, NASDAQ)]
    dates = [np.array([_day(row["Date"]) for row in rows], "datetime64[D]") for rows in tables]
    if not np.array_equal(*dates):
        raise MarketsError("expected both indexes on the same days, came others. Try: markets.fetch()")
    columns = [
        np.stack([[float(row[name]) for row in rows] for rows in tables], 1)
        for name in ("Open", "High", "Low", "Close", "Volume")
    ]
    return Days(dates[0], *columns)


def headlines(returns, rng):
    """A headline for each day, a tuple of N strings: written after its close, from its own log return (N,).

    One day in five gets a headline that tells nothing, whatever happened; a numpy Generator draws which, and the words.
    Raises ValueError if returns is not one finite number a day.
    """
    returns = np.asarray(returns)
    if returns.ndim != 1 or not np.isfinite(returns).all():
        raise ValueError(f"headlines: expected finite returns (N,) of one index, came shape {returns.shape}")
    kinds = np.searchsorted(_LIMITS, returns)
    kinds = np.where(rng.random(len(returns)) < _OFF_TOPIC, tuple(HEADLINES).index("flat"), kinds)
    texts = tuple(HEADLINES.values())
    return tuple(texts[kind][pick] for kind, pick in zip(kinds, rng.integers(2, size=len(kinds)), strict=True))


def fetch():
    """Bring both files from their public homes (0.2 MB), for `load` to find without the package.

    Raises mmcourse.data.download.DownloadError.
    """
    for part in (SP500, NASDAQ):
        packaged.fetch(part)


def _rows(content):
    with gzip.open(io.BytesIO(content), "rt", encoding="ascii") as file:
        return list(csv.DictReader(file))


def _day(text):
    """ "1/4/1999", month first, as "1999-01-04"."""
    month, day, year = map(int, text.split("/"))
    return f"{year:04d}-{month:02d}-{day:02d}"
