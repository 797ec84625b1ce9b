"""Mel-cepstral distortion against what it stands for, and time warping against every way there is."""

import numpy as np
import pytest

from mmcourse.metrics import dynamic_time_warping, mel_cepstra, mel_cepstral_distortion


def every_path(N, K, at=(0, 0)):
    """All ways from a pair of frames to the last one."""
    if at == (N - 1, K - 1):
        yield [at]
    for step in ((1, 1), (1, 0), (0, 1)):
        to = at[0] + step[0], at[1] + step[1]
        if to[0] < N and to[1] < K:
            yield from ([at, *rest] for rest in every_path(N, K, to))


@pytest.mark.parametrize(("N", "K"), [(1, 1), (1, 4), (3, 1), (4, 5), (6, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_no_path_is_cheaper(N, K, seed):
    distances = np.random.default_rng(seed).exponential(size=(N, K))
    path = dynamic_time_warping(distances)
    costs = {tuple(p): sum(distances[pair] for pair in p) for p in every_path(N, K)}
    assert tuple(map(tuple, path)) == min(costs, key=costs.get)


def test_a_tie_goes_on_in_both():
    assert dynamic_time_warping(np.zeros((3, 5))).tolist() == [[0, 0], [0, 1], [0, 2], [1, 3], [2, 4]]


def test_cepstra_are_a_sum_of_cosines_of_log_magnitude():
    M = 7
    c = np.array([[3.0, -2.0, 0.0, 0.5, 0.0, 0.0, 1.0]])
    across = np.cos(np.pi * np.arange(M) * (np.arange(M)[:, None] + 0.5) / M)  # (M, C)
    log_power = 2 * (across @ c[0])
    np.testing.assert_allclose(mel_cepstra(log_power[None], M), c, atol=1e-12)
    np.testing.assert_allclose(mel_cepstra(log_power[None], 2), c[:, :2], atol=1e-12)


def test_scipy_gives_the_same_cosines():
    fft = pytest.importorskip("scipy.fft")
    log_mel = np.random.default_rng(0).standard_normal((5, 11))
    theirs = fft.dct(log_mel / 2, norm="ortho") * np.sqrt(2 / 11)  # SciPy's orthonormal scale, back to amplitudes
    np.testing.assert_allclose(mel_cepstra(log_mel, 9)[:, 1:], theirs[:, 1:9], atol=1e-12)


def test_all_coefficients_are_the_difference_in_decibels():
    """With every coefficient and no warping: the root mean square gap of two spectra in dB, around their means."""
    rng = np.random.default_rng(1)
    one, other = rng.uniform(1, 100, (2, 1, 11))  # powers of one frame each
    gap = 10 * np.log10(one / other)
    expected = np.sqrt(np.mean((gap - gap.mean()) ** 2))
    both = (mel_cepstra(np.log(p), 11) for p in (one, other))
    assert mel_cepstral_distortion(*both) == pytest.approx(expected)


def test_by_hand():
    """One coefficient apart by 1: 10 √2 / ln 10 = 6.1418 dB; the first, the level, counts nothing."""
    reference = np.array([[9.0, 1.0], [9.0, 4.0]])
    assert mel_cepstral_distortion(reference, reference + np.array([5, 0])) == 0
    assert mel_cepstral_distortion(reference, reference + np.array([0, 1])) == pytest.approx(6.14185, abs=1e-5)
    # frame 1 meets frame 1, frame 4 meets frames 4 and 5: distances of 0, 0 and 1
    slower = np.array([[0.0, 1.0], [0.0, 4.0], [0.0, 5.0]])
    assert mel_cepstral_distortion(reference, slower) == pytest.approx(6.14185 / 3, abs=1e-5)


def test_tempo_loudness_and_order():
    rng = np.random.default_rng(2)
    log_mel = rng.standard_normal((13, 11)).cumsum(0)
    cepstra = mel_cepstra(log_mel, 7)
    slower = mel_cepstra(np.repeat(log_mel, 3, axis=0) + np.log(4), 7)
    assert mel_cepstral_distortion(cepstra, slower) == pytest.approx(0, abs=1e-9)
    other = mel_cepstra(rng.standard_normal((17, 11)), 7)
    assert mel_cepstral_distortion(cepstra, other) == pytest.approx(mel_cepstral_distortion(other, cepstra))
    assert mel_cepstral_distortion(cepstra, cepstra[::-1]) > 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mel_cepstra(np.ones((3, 5))), "5 bands have 1 to 5 coefficients, 13 were asked for"),
        (lambda: mel_cepstra(np.ones((3, 5)), 0), "0 were asked for"),
        (lambda: mel_cepstra(np.array([[1.0, np.nan]]), 1), "log_mel has 1 that are not"),
        (lambda: mel_cepstra(np.full((1, 2), -np.inf), 1), "has 2 that are not"),
        (lambda: mel_cepstral_distortion(np.ones((3, 5)), np.ones((3, 4))), r"\(3, 5\) and hypothesis \(3, 4\)"),
        (lambda: mel_cepstral_distortion(np.ones((3, 5)), np.ones((0, 5))), r"hypothesis.*came \(0, 5\)"),
        (lambda: mel_cepstral_distortion(np.ones(5), np.ones((3, 5))), r"reference.*came \(5,\)"),
        (lambda: mel_cepstral_distortion(np.ones((3, 1)), np.ones((3, 1))), "2 coefficients or more"),
        (lambda: mel_cepstral_distortion(np.full((3, 5), np.nan), np.ones((3, 5))), "reference has 15"),
        (lambda: dynamic_time_warping(np.ones((0, 4))), r"came \(0, 4\)"),
        (lambda: dynamic_time_warping(np.ones(4)), r"came \(4,\)"),
        (lambda: dynamic_time_warping(np.full((2, 2), np.inf)), "has 4 that are not"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()
