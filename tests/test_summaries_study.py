"""The study of summaries: its parts by hand, and that a run is a function of its seed."""

import numpy as np
import pytest

pytest.importorskip("torch")

from mmcourse.studies import summaries
from mmcourse.studies.summaries import select

X = np.array([[0.0], [0.0], [5.0], [9.0]])  # the first two look alike
P = np.array([0.9, 0.8, 0.7, 0.1])
FRAMES = np.array([10, 30, 50, 70])


@pytest.mark.parametrize(
    ("method", "more", "chosen"),
    [
        ("most relevant", {}, [10, 30, 50]),
        ("peaks", {}, [10, 30, 50]),
        ("MMR", {"bandwidth": 1.0, "trade_off": 0.5}, [10, 50, 70]),
        ("facility location", {"bandwidth": 1.0, "power": 1}, [10, 50, 70]),
        ("DPP", {"bandwidth": 1.0, "power": 1}, [10, 50, 70]),
    ],
)
def test_methods_by_hand(method, more, chosen):
    assert select(method, FRAMES, P, X, 3, **more).tolist() == chosen
    assert sorted(select(method, FRAMES, P, X, 4, least=0.2, **more).tolist()) == [t for t in chosen if t < 70]


@pytest.fixture
def few(monkeypatch):
    """Two films to learn from and two to try it on, once."""
    monkeypatch.setattr(summaries, "COUNTS", {"train": 3, "test": 2})
    caches = [f for f in vars(summaries).values() if hasattr(f, "cache_clear")]
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_a_run_is_a_function_of_its_seed_and_knows_no_test_film(few):
    line = summaries.run("MMR", "motion and sound", "unknown", 1)
    assert summaries.same(line, summaries.run("MMR", "motion and sound", "unknown", 1))
    assert not summaries.same(line, summaries.run("MMR", "motion and sound", "unknown", 2))
    options = summaries.grid("MMR", "unknown")
    best = line["chosen on training films"]
    assert best in options
    scores = [summaries.mean(summaries.scored("MMR", "motion and sound", "unknown", "train", 1, **o)) for o in options]
    assert scores[options.index(best)] == max(scores)
    assert len(line["F1"]) == 2


def test_budgets(few):
    films = summaries.films("test", 1)
    for i, film in enumerate(films):
        n = len({event.name for event in film.events})
        assert summaries.budget_of(film, "events") == n
        assert summaries.budget_of(film, "half more") == -(-3 * n // 2)
        assert summaries.budget_of(film, "unknown") is None
        for method in summaries.BLIND:
            assert len(summaries.blind(method, "test", 1, i, n)) <= n
        assert len(summaries.blind("uniform", "test", 1, i, n)) == n
        guess = round(len(film) / summaries.frames_an_event(1))
        assert len(summaries.blind("uniform", "test", 1, i, None)) == guess


def test_energies_have_one_scale(few):
    for told in summaries.ENERGIES:
        for p, film in zip(summaries.relevances("test", 1, told), summaries.films("test", 1), strict=True):
            assert p.shape == (len(film),)
            assert 0 <= p.min() < p.max() <= 1


def test_a_blind_line_comes_out_the_same():
    (kept,) = [line for line in summaries.lines("uniform") if line["seed"] == 1]
    assert summaries.same(kept, summaries.run("uniform", "nothing", "events", 1))


@pytest.mark.slow
def test_a_line_comes_out_the_same():
    (kept,) = [line for line in summaries.lines("MMR", "motion and sound") if line["seed"] == 1]
    assert summaries.same(kept, summaries.run("MMR", "motion and sound", "events", 1))


def test_every_run_is_kept():
    assert set(summaries.kept.read(summaries.RESULTS, *summaries.NAMES)) == set(summaries.RUNS)


def test_the_goal_is_reached():
    value, (low, _) = summaries.f1(*summaries.BEST)
    assert value > low > 0.9
    assert summaries.gain(summaries.BEST)[1][0] > 0.6
    for alone in ("motion", "sound"):
        assert summaries.gain(summaries.BEST, ("MMR", alone))[1][0] > 0, "sound and movement help each other"
    assert summaries.gain(summaries.BEST, ("peaks", "motion and sound"))[1][0] > 0.1, "replays cost"
