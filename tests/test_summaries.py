"""The choices of the room: against brute force, by hand, alike in both halves; and what it reads of a film."""

import itertools

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.summaries import baselines, pytorch, relevance, scratch, signals


def kernel(seed, T=8, D=3):
    x = np.random.default_rng(seed).standard_normal((T, D))
    return scratch.rbf(x, 1.5)[0]


def frames_of(colours, side=8):
    """A film of plain frames."""
    return np.tile(np.array(colours, np.uint8)[:, None, None], (1, side, side, 1))


# ---- shots


def test_histograms_by_hand():
    frames = frames_of([(0, 0, 0), (255, 255, 255)], 2)
    frames[1, 0] = (0, 200, 0)
    h = scratch.histograms(frames, 2)
    np.testing.assert_array_equal(h, [[1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0.5, 0, 0, 0, 0, 0.5]])


def test_cuts_are_found_and_flashes_and_dissolves_are_not():
    red, blue, bright = (200, 40, 40), (40, 40, 200), (255, 120, 120)
    cut = [red] * 9 + [blue] * 11 + [red] * 7
    assert signals.cuts(frames_of(cut)).tolist() == [9, 20]
    flash = [red] * 9 + [bright] * 2 + [red] * 9
    assert signals.cuts(frames_of(flash)).tolist() == []
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, 24, 24, 3))
    steps = np.clip((np.arange(60) - 20) / 20, 0, 1)[:, None, None, None]
    dissolve = (noise[0] * (1 - steps) + noise[1] * steps).astype(np.uint8)
    assert signals.cuts(dissolve).tolist() == []
    jump = np.concatenate([dissolve[:21], dissolve[40:]])
    assert signals.cuts(jump).tolist() == [21]


def test_one_frame_has_no_cut():
    assert signals.cuts(frames_of([(9, 9, 9)])).tolist() == []


# ---- choices


def value_of(K, w, chosen):
    return float(scratch.facility_location(K, w, np.array(chosen, int))[0])


@pytest.mark.parametrize("seed", range(10))
def test_greedy_facility_location_keeps_its_promise(seed):
    K, w = kernel(seed), np.random.default_rng(seed + 99).random(8)
    greedy = value_of(K, w, scratch.greedy_facility_location(K, w, 3))
    best = max(value_of(K, w, some) for some in itertools.combinations(range(8), 3))
    assert (1 - 1 / np.e) * best <= greedy <= best + 1e-12
    assert greedy > 0.95 * best, "far better than promised, on random films"


def test_greedy_can_miss_the_best():
    """The middle serves most alone, and then stands in the way of the two best together."""
    K = np.eye(5)
    K[[0, 1], 2] = K[[2, 3], 4] = 0  # 0 and 1 are served by one, 2 and 3 by another
    K[:4, 4] = 0.6
    K[1, 0] = K[3, 2] = 1.0
    w = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    greedy = scratch.greedy_facility_location(K, w, 2)
    assert greedy[0] == 4
    assert value_of(K, w, greedy) < value_of(K, w, [0, 2]) == 4


@pytest.mark.parametrize("seed", range(5))
def test_the_first_of_greedy_facility_location_is_the_best_single_frame_and_gains_fall(seed):
    K, w = kernel(seed), np.random.default_rng(seed).random(8)
    chosen = scratch.greedy_facility_location(K, w, 8, least=-1.0)
    assert sorted(chosen) == list(range(8))
    values = [value_of(K, w, chosen[:k]) for k in range(9)]
    assert values[1] == max(value_of(K, w, [t]) for t in range(8))
    gains = np.diff(values)
    assert (np.diff(gains) <= 1e-12).all()
    few = scratch.greedy_facility_location(K, w, 8, least=gains[3] + 1e-9)
    assert few.tolist() == chosen[:3].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_greedy_dpp_takes_the_frame_that_makes_the_set_most_probable(seed):
    L = kernel(seed) * np.random.default_rng(seed).random(8)[:, None]
    L = L @ L.T + 0.01 * np.eye(8)
    chosen = scratch.greedy_dpp(L, 5)
    for k in range(5):
        left = [t for t in range(8) if t not in chosen[:k]]
        value = {t: scratch.log_probability(L, np.r_[chosen[:k], t].astype(int))[0] for t in left}
        assert chosen[k] == max(value, key=value.get)


def test_greedy_dpp_never_takes_twins_and_stops_where_the_determinant_falls():
    L = np.array([[4.0, 4.0, 0.0], [4.0, 4.0, 0.0], [0.0, 0.0, 0.5]])
    assert scratch.greedy_dpp(L, 3).tolist() == [0, 2]
    assert scratch.greedy_dpp(L, 3, least=1.0).tolist() == [0]
    assert scratch.log_probability(L, np.array([0, 1]))[0] == -np.inf
    assert pytorch.log_probability(torch.tensor(L), torch.tensor([0, 1])) == -torch.inf


def test_maximal_marginal_relevance_by_hand():
    relevance = np.array([0.9, 0.8, 0.5])
    alike = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.1], [0.1, 0.1, 1.0]])
    mmr = scratch.maximal_marginal_relevance
    assert mmr(relevance, alike, 2).tolist() == [0, 2]  # 0.4 - 0.45 against 0.25 - 0.05
    assert mmr(relevance, alike, 3, trade_off=1.0).tolist() == [0, 1, 2]
    assert mmr(relevance, alike, 3, least=0.0).tolist() == [0, 2]
    assert mmr(relevance, alike, 0).tolist() == []
    assert mmr(relevance, alike, 9, 1.0).tolist() == [0, 1, 2]
    np.testing.assert_array_equal(relevance, [0.9, 0.8, 0.5])


def test_peaks_keep_apart():
    r = np.array([0.1, 0.9, 0.8, 0.2, 0.3, 0.7, 0.1])
    assert scratch.peaks(r, 1).tolist() == [1, 5, 3]
    assert scratch.peaks(r, 2).tolist() == [1, 5]
    assert scratch.peaks(r, 0, budget=2).tolist() == [1, 2]
    assert scratch.peaks(r, 1, least=0.5).tolist() == [1, 5]


def test_farthest_first_by_hand():
    x = np.array([[0.0], [1.0], [10.0], [11.0], [4.0]])
    assert scratch.farthest_first(x, 3).tolist() == [4, 3, 0]  # the mean is 5.2; then 11 is 7 away, then 0
    assert scratch.farthest_first(x, 0).tolist() == []
    assert len(scratch.farthest_first(x, 99)) == 5


@pytest.mark.parametrize("seed", range(4))
def test_both_halves_choose_the_same(seed):
    rng = np.random.default_rng(seed)
    x, r, K = rng.standard_normal((13, 3)), rng.random(13), kernel(seed, 13)
    frames = rng.integers(0, 256, (13, 5, 7, 3), np.uint8)
    h = scratch.histograms(frames, 3)
    for name, given in {
        "maximal_marginal_relevance": (r, K, 7, 0.4, 0.05),
        "greedy_facility_location": (K, r, 7, 0.2),
        "greedy_dpp": (K * r[:, None] * r, 7, 1e-3),
        "farthest_first": (x, 7),
        "peaks": (r, 2, None, 0.3),
        "histograms": (frames, 3),
        "shot_boundaries": (np.repeat(h[:4], 6, 0), 5, 1.0, 0.01, 2),
    }.items():
        ours = getattr(scratch, name)(*given)
        theirs = getattr(pytorch, name)(*[torch.tensor(a) if isinstance(a, np.ndarray) else a for a in given])
        np.testing.assert_array_equal(ours, theirs.numpy(), err_msg=name)
        assert len(ours) > 1


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: scratch.histograms(np.zeros((2, 3, 3, 3))),
            r"frames \(T, H, W, 3\) uint8, came \(2, 3, 3, 3\) float64",
        ),
        (lambda: scratch.histograms(frames_of([(0, 0, 0)]), 1), "2 to 256 bins, came 1"),
        (lambda: scratch.rbf(np.zeros((3, 2)), 0), "bandwidth above 0, came 0"),
        (lambda: scratch.greedy_dpp(np.zeros((3, 2)), 1), r"a kernel \(T, T\), came \(3, 2\)"),
        (lambda: scratch.greedy_facility_location(np.eye(3), np.ones(2), 1), r"came \(3, 3\) and \(2,\)"),
        (lambda: scratch.maximal_marginal_relevance(np.ones(3), np.eye(3), 1.5), "whole number from 0, came 1.5"),
        (lambda: scratch.farthest_first(np.zeros((0, 2)), 1), r"at least one, came \(0, 2\)"),
        (lambda: scratch.peaks(np.ones((2, 2)), 1), r"relevance \(T,\), came \(2, 2\)"),
        (lambda: relevance.columns(None, "smell"), "modality of .* came 'smell'"),
        (lambda: signals.change(np.zeros((2, 3, 3), np.uint8)), r"frames \(T, H, W, 3\) uint8, came \(2, 3, 3\)"),
    ],
)
def test_what_cannot_be_done_is_named(call, said):
    with pytest.raises(ValueError, match="expected .*" + said):
        call()


# ---- baselines


def test_baselines_by_hand():
    assert baselines.uniform(10, 2).tolist() == [2, 7]
    assert baselines.uniform(3, 9).tolist() == [0, 1, 2]
    assert baselines.uniform(3, 0).tolist() == []
    assert baselines.shot_middles([4, 10], 20).tolist() == [2, 7, 15]
    assert baselines.shot_middles([4, 10], 20, 2).tolist() == [7, 15]
    some = baselines.anywhere(20, 7, np.random.default_rng(0))
    assert len(set(some)) == 7
    assert (np.diff(some) > 0).all()


def test_clusters_have_their_middles():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(place, 0.1, (9, 2)) for place in ((0, 0), (5, 0), (0, 5))])
    chosen = baselines.cluster_centres(x, 3, rng)
    assert [c // 9 for c in chosen] == [0, 1, 2]
    assert baselines.cluster_centres(np.ones((4, 2)), 3, rng).tolist() == [0], "only one kind of frame"


# ---- signals


def test_a_light_that_goes_on_is_no_movement_and_a_thing_that_moves_is():
    frames = frames_of([(60, 60, 60)] * 5, 16)
    frames[2:] += 90
    assert signals.change(frames).max() < 1e-6
    frames[3:, 4:8, 4:8] = 0
    moved = signals.change(frames)
    assert moved.argmax() == 3
    assert moved[3] == pytest.approx(16 / 256 * 150 / 255, rel=1e-5)
    assert signals.change(frames, cuts=[3]).max() < 1e-6


def test_flow_goes_where_the_thing_goes_and_not_over_cuts():
    t = np.arange(6)
    y, x = np.mgrid[:24, :24]
    blob = 200 * np.exp(-((x - 9 - 0.8 * t[:, None, None]) ** 2 + (y - 12) ** 2) / 18)
    frames = np.repeat(blob[..., None], 3, -1).astype(np.uint8)
    field = signals.flow(frames, cuts=[4])
    assert field.shape == (6, 24, 24, 2)
    assert field[2, 12, 11, 0] == pytest.approx(0.8, abs=0.15)
    assert abs(field[2, 12, 11, 1]) < 0.1
    speed = signals.speed(field)
    assert speed[0] == speed[4] == 0
    assert (speed[[1, 2, 3, 5]] > 0.05).all()
    assert signals.flow(frames[:1]).shape == (1, 24, 24, 2)


def test_loudness_and_pitch_of_each_frame():
    t = np.arange(800) / 8000
    wave = np.concatenate([np.zeros(800), 0.5 * np.sin(2 * np.pi * 100 * t), 0.5 * np.sin(2 * np.pi * 2000 * t)])
    np.testing.assert_allclose(signals.loudness(wave, 3), [0, 0.5 / 2**0.5, 0.5 / 2**0.5], atol=1e-3)
    bands = signals.pitches(wave, 3)
    assert bands.shape == (3, signals.BANDS)
    assert not bands[0].any()
    assert bands[1].argmax() < bands[2].argmax()
    assert not signals.loudness(None, 4).any()
    assert not signals.pitches(None, 4).any()
    assert signals.loudness(np.ones(2), 5).shape == (5,), "a sound shorter than the film has frames"


def test_smooth_and_around_by_hand():
    x = np.array([0.0, 3.0, 6.0, 0.0, 0.0])
    np.testing.assert_allclose(signals.smooth(x, 3), [1.5, 3, 3, 2, 0])
    np.testing.assert_allclose(signals.smooth(np.stack([x, 2 * x], 1), 3)[:, 1], [3, 6, 6, 4, 0])
    mean, least, most, before, after = signals.around(np.arange(40.0), 12)[20]
    assert (mean, least, most) == (20.5, 15, 26)
    assert (before, after) == (11.5, 29.5)


def test_looks_tell_a_brighter_light_from_another_thing():
    frames = frames_of([(100, 100, 100)] * 3, 12)
    frames[1] += 30
    frames[2, 3:6, 3:6] = 0
    x = signals.looks(frames)
    assert x.shape == (3, 3 * 36 + 3)
    np.testing.assert_allclose(x[1, :-3], x[0, :-3])
    assert np.abs(x[2, :-3] - x[0, :-3]).max() > 0.2


def test_relevance_is_learned_from_what_moves_or_sounds():
    rng = np.random.default_rng(0)

    def film(when):
        frames = np.full((60, 12, 12, 3), 90, np.uint8)
        sound = 0.01 * rng.standard_normal(60 * 100)
        for t in range(when, when + 12):
            frames[t, 4:7, (t - when) % 8 : (t - when) % 8 + 3] = 255
        sound[when * 100 : (when + 12) * 100] += np.sin(np.arange(1200) / 3)
        truth = np.zeros(60, bool)
        truth[when + 3 : when + 9] = True
        return signals.observe(frames, sound), truth

    films, truths = zip(*[film(when) for when in (10, 30, 22)], strict=True)
    unseen, truth = film(40)
    for modality in relevance.MODALITIES:
        p = relevance.fit(films, truths, modality)(unseen)
        assert p[truth].min() > p[np.r_[:34, 58:60]].max()
        assert ((p >= 0) & (p <= 1)).all()
    with pytest.raises(ValueError, match="a truth for each frame, some of both"):
        relevance.fit(films, [np.zeros(60, bool)] * 3)
