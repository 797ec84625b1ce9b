"""What the contract of the speech room does not say: SciPy's and PyTorch's own answers, the mel scale, messages."""

import numpy as np
import pytest

from mmcourse.speech import scratch

RATE = 8000


def tone(hz, samples=4000):
    return np.sin(2 * np.pi * hz / RATE * np.arange(samples))


@pytest.fixture
def sound():
    return np.random.default_rng(0).standard_normal(1009)


@pytest.mark.parametrize(("length", "hop"), [(200, 80), (201, 67)])
def test_scipy_gives_the_same_transform(sound, length, hop):
    signal = pytest.importorskip("scipy.signal")
    window = scratch.hann_window(length)
    np.testing.assert_allclose(window, signal.get_window("hann", length), atol=1e-15)
    real, imaginary = scratch.stft(sound, window, hop)[0]
    ours, frames = real + 1j * imaginary, real.shape[-1]

    transform = signal.ShortTimeFFT(window, hop, RATE, phase_shift=None)
    half = transform.m_num_mid  # SciPy centres frame 0 on sample 0; ours begins there
    theirs = transform.stft(sound, p0=0, p1=frames, k_offset=half)
    np.testing.assert_allclose(ours, theirs, atol=1e-12)

    *_, older = signal.stft(sound, RATE, window, length, length - hop, boundary=None, padded=False)
    np.testing.assert_allclose(ours, older * window.sum(), atol=1e-12)  # SciPy divides by the window's sum


def test_torch_gives_the_same_frames_once_the_ends_are_reflected(sound):
    torch = pytest.importorskip("torch")
    window = scratch.hann_window(64)
    theirs = torch.stft(torch.from_numpy(sound), 64, 16, window=torch.from_numpy(window), return_complex=True)
    real, imaginary = scratch.stft(np.pad(sound, 32, mode="reflect"), window, 16)[0]
    np.testing.assert_allclose(real + 1j * imaginary, theirs.numpy(), atol=1e-12)


def test_the_fast_transform_is_the_sum_that_defines_it(sound):
    L, hop = 15, 4
    window = np.random.default_rng(1).uniform(0.2, 1, L)
    waves = np.exp(-2j * np.pi * np.outer(np.arange(L // 2 + 1), np.arange(L)) / L)  # (F, L)
    expected = waves @ (scratch.frame(sound, L, hop)[0] * window).T
    real, imaginary = scratch.stft(sound, window, hop)[0]
    np.testing.assert_allclose(real + 1j * imaginary, expected, atol=1e-12)


def test_the_twin_builds_the_same_window_and_bank():
    pytest.importorskip("torch")
    from mmcourse.speech import pytorch

    np.testing.assert_allclose(pytorch.hann_window(37), scratch.hann_window(37), atol=1e-15)
    assert np.array_equal(pytorch.mel_filter_bank(RATE, 256, 20), scratch.mel_filter_bank(RATE, 256, 20))


def test_the_mel_scale():
    assert scratch.hz_to_mel(0) == 0
    assert scratch.hz_to_mel(6300) == pytest.approx(2595)  # 1 + 6300 / 700 = 10
    assert scratch.hz_to_mel(1000) == pytest.approx(1000, abs=0.1)
    hz = np.array([20.0, 440.0, 3999.0])
    np.testing.assert_allclose(scratch.mel_to_hz(scratch.hz_to_mel(hz)), hz)


def test_neighbouring_triangles_meet_at_each_others_peaks():
    bank = scratch.mel_filter_bank(RATE, 4096, 9)
    peaks = bank.argmax(1)
    inner = bank[:, peaks[0] : peaks[-1] + 1]
    np.testing.assert_allclose(inner.sum(0), 1, atol=0.02)  # between first and last peak the bands share all power
    np.testing.assert_allclose(np.diff(scratch.hz_to_mel(peaks * RATE / 4096)), 2146.06 / 10, rtol=0.01)
    assert np.all(bank[:, 0] == 0)


@pytest.mark.parametrize("hz", [300, 1000, 2500])
def test_a_tone_lights_up_its_band(hz):
    bank = scratch.mel_filter_bank(RATE, 256, 20, low=50)
    y, _ = scratch.log_mel_spectrogram(tone(hz), scratch.hann_window(256), 128, bank)
    expected = scratch.hz_to_mel(hz) - scratch.hz_to_mel(50)
    band = expected / ((scratch.hz_to_mel(RATE / 2) - scratch.hz_to_mel(50)) / 21) - 1
    assert np.all(np.abs(y.argmax(0) - band) < 0.8)


def test_a_frame_without_overlap_gives_back_the_sound_and_one_with_it_adds_up():
    x = np.arange(12.0)
    y, cache = scratch.frame(x, 4, 4)
    assert np.array_equal(scratch.frame_backward(y, cache), x)
    y, cache = scratch.frame(x, 4, 2)
    assert np.array_equal(scratch.frame_backward(y, cache), x * [1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: scratch.frame(np.ones(5), 6, 2), ValueError, r"\(5,\) is shorter than one frame of 6"),
        (lambda: scratch.frame(np.ones(5), 3, 0), ValueError, "at least 1 sample, came 3 and 0"),
        (lambda: scratch.frame(np.ones(5, np.int16), 3, 1), TypeError, "float32 or float64 samples, came int16"),
        (
            lambda: scratch.mel_spectrogram(np.ones(9), np.ones(8), 2, np.ones((3, 4))),
            ValueError,
            r"window of 8 needs a bank \(M, 5\), came \(3, 4\)",
        ),
        (lambda: scratch.mel_filter_bank(RATE, 64, 60), ValueError, "of 60 bands lie between.*125 Hz"),
        (lambda: scratch.mel_filter_bank(RATE, 64, 5, high=4001), ValueError, "≤ 4000 Hz, came 0 and 4001"),
    ],
)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call()
