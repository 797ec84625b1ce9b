"""Two indexes: the pinned days, what history says of them, headlines that tell the day, and one clear error."""

import importlib.util

import numpy as np
import pytest

from mmcourse.data import markets
from mmcourse.data.markets import HEADLINES, MarketsError

needs_package = pytest.mark.skipif(
    importlib.util.find_spec("arch") is None, reason="not installed: pip install --no-deps arch==8.0.0"
)


@pytest.fixture(autouse=True)
def nothing_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("MMCOURSE_CACHE", str(tmp_path / "cache"))


@needs_package
def test_the_days_are_twenty_years_in_order():
    days = markets.load()
    assert len(days) == 5031
    assert (str(days.dates[0]), str(days.dates[-1])) == ("1999-01-04", "2018-12-31")
    assert (np.diff(days.dates) > np.timedelta64(0)).all()
    assert (np.bincount(days.dates.astype("datetime64[Y]").astype(int) - 29) > 245).all()
    for column in (days.open, days.high, days.low, days.close, days.volume):
        assert column.shape == (5031, 2)
        assert np.isfinite(column).all()
    assert (days.low <= days.close).all()
    assert (days.close <= days.high).all()


@needs_package
def test_returns_belong_to_their_days():
    """The largest fall of these years was on 15 October 2008, the largest rise two days before: both are well known."""
    days, returns = markets.load(), markets.load().returns()
    assert returns.shape == (5030, 2)
    assert str(days.dates[1:][returns[:, 0].argmin()]) == "2008-10-15"
    assert str(days.dates[1:][returns[:, 0].argmax()]) == "2008-10-13"
    at = int(np.flatnonzero(days.dates == np.datetime64("2008-10-15"))[0])
    assert returns[at - 1, 0] == pytest.approx(np.log(days.close[at, 0] / days.close[at - 1, 0]))
    assert days.ranges()[at, 1] == pytest.approx(np.log(days.high[at, 1] / days.low[at, 1]))


@needs_package
def test_nothing_of_the_package_is_imported(run_python):
    run_python(
        "import sys; from mmcourse.data import markets; markets.load();"
        "assert not {'torch', 'matplotlib', 'arch', 'pandas', 'statsmodels'} & set(sys.modules)"
    )


def test_a_headline_tells_its_day_four_times_in_five():
    returns = np.repeat([-0.03, -0.005, 0.0, 0.005, 0.03], 400)
    said = markets.headlines(returns, np.random.default_rng(2))
    kind = {text: kind for kind, texts in HEADLINES.items() for text in texts}
    found = np.array([kind[text] for text in said]).reshape(5, 400)
    for row, own in zip(found, HEADLINES, strict=True):
        assert set(row) <= {own, "flat"}
        assert abs((row == own).mean() - (1 if own == "flat" else 0.8)) < 0.06
    assert set(said) == set(kind)
    assert said == markets.headlines(returns, np.random.default_rng(2))
    assert said != markets.headlines(returns, np.random.default_rng(3))


@pytest.mark.parametrize("wrong", [np.zeros((5, 2)), np.array([0.1, np.nan])])
def test_returns_that_cannot_be_are_told(wrong):
    with pytest.raises(ValueError, match=r"expected finite returns \(N,\) of one index, came shape"):
        markets.headlines(wrong, np.random.default_rng(0))


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MarketsError, match=r"arch==8\.0\.0: it is not installed here.*or markets\.fetch\(\)"):
        markets.load()
