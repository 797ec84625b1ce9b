"""The study of medicine, education and finance: nothing looks ahead, sums by hand, and the tables say what is said."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from mmcourse.data import markets as data
from mmcourse.studies import domains, domains_answers, domains_exercises, domains_markets, domains_tumours, kept
from mmcourse.studies.domains_markets import AHEAD, FIRST_ASKED, LOOK_AHEAD

needs_prices = pytest.mark.skipif(
    importlib.util.find_spec("arch") is None, reason="not installed: pip install --no-deps arch==8.0.0"
)


def test_all_runs_are_kept_and_others_are_told():
    assert set(kept.read(domains.RESULTS, *domains.NAMES)) == set(domains.RUNS)
    with pytest.raises(ValueError, match=r"expected one of .* came 'law'"):
        domains.lines("law")


def test_a_missing_line_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(domains, "RESULTS", tmp_path / "none.jsonl")
    with pytest.raises(ValueError, match=r"no line of tumours for seeds \[0, 1, 2\]\. Try: python -m"):
        domains.lines.__wrapped__("tumours")


def test_a_kept_line_comes_out_again():
    """Nearly: another processor may round otherwise."""
    old, new = domains.lines("tumours")[2], domains.run("tumours", 2)
    assert set(old) == set(new)
    for method in domains_tumours.METHODS:
        np.testing.assert_allclose(old[method], new[method], atol=2e-3)
    assert not np.allclose(old["size"], domains_tumours.run(1)["size"])


# ---- exercises


def test_people_are_in_one_fold_and_windows_in_any():
    person = domains_exercises.windows()[2]
    by_people, by_windows = (domains_exercises.folds(split, 3) for split in domains_exercises.SPLITS)
    assert {len(set(by_people[person == p])) for p in range(10)} == {1}
    assert {len(set(person[by_people == f])) for f in range(5)} == {2}
    assert {len(set(by_windows[person == p])) for p in range(10)} == {5}
    assert np.ptp(np.bincount(by_windows)) <= 1
    assert not np.array_equal(by_people, domains_exercises.folds("people", 4))


def test_nobody_is_asked_about_what_was_learned(monkeypatch):
    """And where arm and exercise go together in training, no other arm is learned from."""
    _, exercise, person, left = domains_exercises.windows()
    asked = []

    def answers(labels, train, test, seed):
        assert not (train & test).any()
        asked.append((labels, train, test))
        return dict.fromkeys(domains_exercises.VIEWS, labels[test])

    monkeypatch.setattr(domains_exercises, "answers", answers)
    line = domains_exercises.run(0)
    assert set(np.ravel(list(line.values()))) == {1.0}
    assert len(asked) == 5 * 5
    for labels, train, test in asked[:5] + asked[15:]:
        assert labels is exercise
        assert not set(person[train]) & set(person[test])
    confounded = asked[-1][1]
    assert set(exercise[confounded & left]) == {0, 1, 2, 3}
    assert set(exercise[confounded & ~left]) == {4, 5, 6}
    mixed = asked[-6][1]
    for arm in (left, ~left):
        assert len(set(exercise[mixed & arm])) > 4
    assert {len(set(left[mixed & (person == p) & (exercise == e)])) for p in range(10) for e in range(7)} == {0, 1}


def test_accuracy_is_over_people(monkeypatch):
    lines = [{"a": [0.2] * 5 + [0.4] * 5, "b": [0.1] * 10}, {"a": [0.4] * 5 + [0.6] * 5, "b": [0.2] * 10}]
    assert domains_exercises.accuracy(lines, "a")[0] == pytest.approx(0.4)
    mean, low, high = domains_exercises.difference(lines, "a", "b")
    half = 2.2622 * np.std([0.3, 0.5] * 5, ddof=1) / 10**0.5  # Student's t of 9 degrees of freedom; 0.1 less for both
    assert (mean, low, high) == pytest.approx((0.25, 0.25 - half, 0.25 + half), abs=1e-4)


def test_random_windows_flatter_and_an_arm_is_learned_instead_of_an_exercise():
    lines = domains.lines("exercises")
    for view in domains_exercises.VIEWS:
        assert domains_exercises.difference(lines, f"{view}, windows", f"{view}, people")[1] > 0.05
    for view in ("accelerometer", "concatenation"):
        lost = domains_exercises.difference(lines, f"{view}, mixed, other", f"{view}, confounded, other")
        assert lost[1] > 0.1
    assert domains_exercises.accuracy(lines, "concatenation, who")[1] > 0.8
    text = domains_exercises.as_text(lines).splitlines()
    assert [row[:16].strip() for row in text[1:5]] == list(domains_exercises.VIEWS)
    shown = float(text[1][16:25])
    assert shown == pytest.approx(domains_exercises.accuracy(lines, "accelerometer, people")[0], abs=6e-4)
    assert "confounded, other arm" in domains_exercises.arms_as_text(lines)


# ---- tumours


def test_a_predictive_value_by_hand():
    """Of 1,000 people 10 are ill: 9 are found, and 99 of the other 990 as well."""
    assert domains_tumours.predictive_value(0.9, 0.9, 0.01) == pytest.approx(9 / 108)
    assert np.isnan(domains_tumours.predictive_value(0.0, 1.0, 0.01))
    ill = np.array([True, True, True, False, False])
    assert domains_tumours.rates(np.array([1, 1, 0, 1, 0.0]), ill) == pytest.approx((2 / 3, 1 / 2))


def test_probabilities_move_with_the_prevalence():
    here = domains_tumours.cells().ill.mean()
    p = np.array([here, 0.5, 0.9])
    np.testing.assert_allclose(domains_tumours.at_prevalence(p, here), p)
    moved = domains_tumours.at_prevalence(p, 0.01)
    assert moved[0] == pytest.approx(0.01)
    ratio = (0.01 / 0.99) / (here / (1 - here))
    assert moved[2] == pytest.approx(9 * ratio / (1 + 9 * ratio))


def test_a_late_sum_takes_the_prior_away_once():
    train, test = np.arange(0, 569, 2), np.arange(1, 569, 2)
    found = [domains_tumours.log_odds(method, train, test) for method in ("size", "shape", "late sum")]
    prior = domains_tumours.cells().ill[train].mean()
    np.testing.assert_allclose(found[2], found[0] + found[1] - np.log(prior / (1 - prior)))
    assert domains_tumours.log_odds("concatenation", train, test).shape == (284,)


def test_a_positive_answer_means_less_where_few_are_ill():
    lines = domains.lines("tumours")
    for method in domains_tumours.METHODS:
        found = domains_tumours.summary(lines, method)
        assert found["value here"] > 0.9 > 0.6 > found["value screened"]
        assert found["mean p screened"] > 4 * domains_tumours.SCREENING > 2 * found["mean p corrected"]
        low, high = domains_tumours.value_interval(lines, method)
        assert low < found["value screened"] < high
    head, *rows = domains_tumours.as_text(lines).splitlines()
    assert len(rows) == len(domains_tumours.METHODS)
    assert float(rows[-1][64:80]) == pytest.approx(found["value screened"], abs=6e-4)
    assert head[64:80].strip() == "value screened"


# ---- answers


def test_groups_are_told_by_the_timbre():
    voices = ["en-us+m3 × 1.0", "en-gb-x-rp+f4 × 0.9", "en-us+grandma × 1.1", "en-029+grandpa × 1", "en-us × 1",
              "en-us+croak × 1"]  # fmt: skip
    assert domains_answers.groups(voices).tolist() == ["male", "female", "female", "male", "", ""]


@pytest.mark.parametrize("share", domains_answers.SHARES)
def test_training_has_the_share_that_it_says(share):
    chosen = domains_answers.training(share, 0)
    assert len(set(chosen)) == len(chosen) == domains_answers.TRAIN
    assert (domains_answers.pairs("train", 0)[2][chosen] == "female").mean() == share


def test_a_late_sum_adds_and_a_view_sees_nothing_else():
    rng = np.random.default_rng(0)
    labels = np.arange(50) % 10
    features = {"writing": rng.standard_normal((50, 7)) + labels[:, None], "voice": rng.standard_normal((50, 11))}
    said = {method: domains_answers.fit(features, labels, method) for method in domains_answers.METHODS}
    z = {method: say(features) for method, say in said.items()}
    np.testing.assert_allclose(z["late sum"], z["writing"] + z["voice"])
    other = {**features, "voice": rng.standard_normal((50, 11))}
    np.testing.assert_array_equal(said["writing"](other), z["writing"])
    for method in ("voice", "concatenation", "late sum"):
        assert not np.allclose(said[method](other), z[method])


def test_marked_wrong_by_hand():
    lines = [{"voice, 0.1": {"male": 0.1, "female": 0.3}}, {"voice, 0.1": {"male": 0.2, "female": 0.3}}]
    assert domains_answers.marked_wrong(lines, "voice", 0.1, "male")[0] == pytest.approx(0.15)
    np.testing.assert_allclose(domains_answers.gaps(lines, "voice", 0.1), [0.2, 0.1])


def test_who_was_not_in_training_is_marked_wrong_more_often():
    lines = domains.lines("answers")
    gap = {(m, share): domains_answers.gaps(lines, m, share).mean() for m in domains_answers.METHODS
           for share in domains_answers.SHARES}  # fmt: skip
    for method in ("voice", "concatenation", "late sum"):
        assert gap[method, 0.0] > gap[method, 0.5]
        assert domains_answers.gaps(lines, method, 0.0).min() > 0
    for group in domains_answers.GROUPS:
        wrong = [domains_answers.marked_wrong(lines, m, 0.0, group)[0] for m in ("late sum", "voice", "writing")]
        assert wrong[0] < min(wrong[1:])
    assert len(domains_answers.as_text(lines).splitlines()) == 1 + len(gap)


# ---- markets


@needs_prices
def test_nothing_that_is_known_comes_from_later(monkeypatch):
    """With every price after a day changed, what was known at its close stays, and what comes after it changes."""
    days, before = data.load(), domains_markets.history()
    cut = 3000
    later = np.arange(len(days))[:, None] > before.numbers[cut] + 1
    wild = {name: np.where(later, getattr(days, name) * 1.7, getattr(days, name)) for name in ("high", "low", "close")}
    wild["high"] = wild["high"] * np.where(later, 1.1, 1)
    changed = data.Days(days.dates, days.open, volume=days.volume, **wild)
    monkeypatch.setattr(data, "load", lambda: changed)
    after = domains_markets.history.__wrapped__()
    for name in ("prices", "level", "ranges"):
        np.testing.assert_array_equal(getattr(after, name)[: cut + 1], getattr(before, name)[: cut + 1])
        assert not np.allclose(getattr(after, name)[cut + 1], getattr(before, name)[cut + 1])
    for name in ("tomorrow", "month", "range_tomorrow"):
        assert getattr(after, name)[cut] != pytest.approx(getattr(before, name)[cut])


@needs_prices
def test_what_comes_after_is_counted_from_the_close():
    days, h = data.load(), domains_markets.history()
    at = int(np.flatnonzero(h.dates == np.datetime64("2016-06-23"))[0])  # the next day the index fell by 3.6 %
    day = int(np.flatnonzero(days.dates == np.datetime64("2016-06-23"))[0])
    assert np.exp(h.tomorrow[at]) - 1 == pytest.approx(-0.036, abs=5e-4)
    assert h.month[at] == pytest.approx(np.log(days.close[day + AHEAD, 0] / days.close[day, 0]))
    assert h.range_tomorrow[at] == pytest.approx(np.log(days.ranges()[day + 1, 0]))
    assert h.prices[at, 1] == pytest.approx(np.log(days.close[day, 1] / days.close[day - 1, 1]))
    assert np.isnan(h.month).sum() == AHEAD - 1
    today, tomorrow = domains_markets.headline_words(0)
    np.testing.assert_array_equal(tomorrow[:-1], today[1:])


@needs_prices
def test_training_by_time_ends_before_its_month_reaches_what_is_asked(monkeypatch):
    h, learned = domains_markets.history(), []

    def fit(x, up):
        learned.append(x)
        return SimpleNamespace(predict=lambda x: np.zeros(len(x), bool))

    monkeypatch.setattr(domains_markets, "ExtraTreesClassifier", lambda *_, **__: SimpleNamespace(fit=fit))
    said = domains_markets._month("time", "returns", 0)
    assert len(said) == (h.asked & np.isfinite(h.month)).sum()
    end = len(learned[0]) + AHEAD  # the day at whose close the last label of training is known
    np.testing.assert_array_equal(learned[0], h.prices[: len(learned[0])])
    assert h.dates[end - 1] < FIRST_ASKED <= h.dates[end]


def test_earned_by_hand(monkeypatch):
    """Held on days 1, 2 and 4 of four: in, out, in are three switches."""
    h = SimpleNamespace(asked=np.ones(4, bool), tomorrow=np.array([0.01, 0.02, -0.05, 0.03]))
    monkeypatch.setattr(domains_markets, "history", lambda: h)
    gross, net, switches = domains_markets._earned(np.array([True, True, False, True]))
    assert gross == pytest.approx(0.06 / 4 * 252)
    assert switches == pytest.approx(3 / 4 * 252)
    assert net == pytest.approx(gross - switches * 5e-4)


def test_blocks_by_hand():
    np.testing.assert_allclose(domains_markets.blocks(np.arange(47.0)), [9.5, 29.5])


def test_tomorrow_is_not_told_its_range_is_and_look_ahead_looks_like_wisdom():
    lines = domains.lines("markets")
    for name in ("prices", "headline of the day before", "both"):
        assert domains_markets.gain(lines, "direction", name)[1] < 0
    assert domains_markets.gain(lines, "direction", LOOK_AHEAD)[1] > 0.2
    assert domains_markets.gain(lines, "month", "time, returns and level")[2] < 0
    assert domains_markets.gain(lines, "month", "random, returns and level")[1] > 0.05
    assert domains_markets.explained(lines, "S&P 500").min() > 0
    text = domains_markets.as_text(lines).splitlines()
    assert len(text) == 1 + 4 + 4 + 1
    assert float(text[1][34:42]) == pytest.approx(domains_markets.right(lines, "direction", "prices").mean(), abs=6e-4)
    assert len(domains_markets.ranges_as_text(lines).splitlines()) == len(domains_markets.RANGES)


@needs_prices
def test_what_is_kept_of_the_prices_is_what_happened():
    h, line = domains_markets.history(), domains.lines("markets")[1]
    assert line["rose"]["direction"] == "".join(str(int(up)) for up in h.tomorrow[h.asked] > 0)
    assert line["rose"]["month"].count("1") == (h.month[h.asked] > 0).sum()
    assert line["held"] == pytest.approx(h.tomorrow[h.asked].mean() * 252, abs=1e-5)
    held = np.array(list(line["direction"]["prices"])) == "1"
    assert line["earned"]["prices"] == pytest.approx(domains_markets._earned(held))
    assert domains_markets.always_up([line], "direction").mean() == pytest.approx((h.tomorrow[h.asked] > 0).mean())
