"""From spectra back to sound: exact where it can be, nearest where it cannot, and the libraries' own answers."""

import numpy as np
import pytest
from scipy import signal

from mmcourse.agree import compare
from mmcourse.speech import inversion, scratch

RATE = 8000
HANN = scratch.hann_window(40)
HOP = 13


def spectrum_of(x, window=HANN, hop=HOP):
    return np.array(scratch.stft(x, window, hop)[0])


def sound_of(spectrum, window=HANN, hop=HOP, **more):
    return scratch.istft(spectrum, window, hop, **more)[0]


def whole_norm(spectrum, length):
    """Over all L frequencies, mirror images written out, so that nobody has to know how often each counts."""
    full = np.fft.fft(np.fft.irfft(spectrum[0] + 1j * spectrum[1], length, axis=-2), axis=-2)
    return np.sqrt(np.sum(np.abs(full) ** 2))


@pytest.fixture
def sound():
    """A gliding tone in noise: its phases are not those of noise alone."""
    t = np.arange(40 + 29 * HOP) / RATE
    return np.sin(2 * np.pi * (300 * t + 9000 * t**2)) + 0.1 * np.random.default_rng(0).standard_normal(len(t))


@pytest.fixture
def magnitude(sound):
    return np.hypot(*spectrum_of(sound))


@pytest.mark.parametrize(("length", "hop"), [(200, 80), (201, 67), (64, 64), (16, 1)])
def test_there_and_back(length, hop):
    x = np.random.default_rng(1).standard_normal((2, length + 5 * hop))
    window = scratch.hann_window(length)
    back = sound_of(scratch.stft(x, window, hop)[0], window, hop)
    covered = np.convolve(np.arange(x.shape[1]) % hop == 0, window > 0)[: x.shape[1]] > 0
    assert covered.sum() >= x.shape[1] - 6  # all but the places where the window is 0
    np.testing.assert_allclose(back, x * covered, atol=1e-10)


def test_scipy_gives_the_same_way_back(sound):
    """Of a spectrum of no sound, in the middle: SciPy has frames that reach beyond both ends, where ours are silent."""
    transform = signal.ShortTimeFFT(HANN, HOP, RATE, phase_shift=None)
    first, last = transform.p_min, transform.p_max(len(sound))
    spectrum = np.random.default_rng(12).standard_normal((2, 21, last - first))
    theirs = transform.istft(spectrum[0] + 1j * spectrum[1], k1=len(sound))
    start = transform.m_num_mid - first * HOP  # where our frames begin, the first of theirs is centred on first · HOP
    ours = sound_of(spectrum)[start : start + len(sound)]
    np.testing.assert_allclose(ours[40:-40], theirs[40:-40], atol=1e-6)


@pytest.mark.parametrize("consistent", [True, False])
def test_torch_gives_the_same_way_back(sound, consistent):
    torch = pytest.importorskip("torch")
    window = np.hamming(40) + 0.1
    spectrum = spectrum_of(sound, window)
    if not consistent:
        spectrum = spectrum + np.random.default_rng(2).standard_normal(spectrum.shape)
    theirs = torch.istft(
        torch.from_numpy(spectrum[0] + 1j * spectrum[1]), 40, HOP, window=torch.from_numpy(window), center=False
    )
    np.testing.assert_allclose(sound_of(spectrum, window), theirs.numpy(), atol=1e-6)


def test_torch_with_its_frames_centred(sound):
    torch = pytest.importorskip("torch")
    spectrum = np.random.default_rng(3).standard_normal((2, 21, 30))
    theirs = torch.istft(torch.from_numpy(spectrum[0] + 1j * spectrum[1]), 40, HOP, window=torch.tensor(HANN))
    np.testing.assert_allclose(sound_of(spectrum)[20:-20], theirs.numpy(), atol=1e-6)


def test_no_other_sound_is_nearer():
    """Griffin & Lim 1984, eq. 5: any change of the sound moves its spectrum away."""
    rng = np.random.default_rng(4)
    spectrum = rng.standard_normal((2, 21, 7))
    x = sound_of(spectrum)
    near = whole_norm(spectrum_of(x) - spectrum, 40)
    for size in (1e-3, 1e-1):
        for _ in range(20):
            other = x + size * rng.standard_normal(x.shape)
            assert whole_norm(spectrum_of(other) - spectrum, 40) > near


def test_a_faint_end_is_silent_rather_than_a_click():
    spectrum = np.random.default_rng(5).standard_normal((2, 21, 9))
    loud = sound_of(spectrum)
    kept = sound_of(spectrum, least_cover=0.05)
    assert np.abs(loud).max() > 10 * np.abs(kept).max()
    silent = kept == 0
    assert silent[0]
    assert silent[-1]
    assert silent.sum() <= HOP
    assert np.array_equal(kept[~silent], loud[~silent])


def test_without_momentum_the_inconsistency_never_rises(magnitude):
    steps = list(inversion.griffin_lim_steps(magnitude, HANN, HOP, 40, 0, rng=np.random.default_rng(6)))
    inconsistency = np.array([i for _, i in steps])
    assert np.all(np.diff(inconsistency) <= 1e-12)
    assert inconsistency[-1] < 0.5 * inconsistency[0]
    ours = np.hypot(*spectrum_of(steps[-1][0]))
    gap = whole_norm(np.stack([ours - magnitude, 0 * ours]), 40)
    assert inconsistency[-1] == pytest.approx(gap / whole_norm(np.stack([magnitude, 0 * ours]), 40))


def test_momentum_gets_further_and_the_true_phases_stay(sound, magnitude):
    ends = {}
    for momentum in (0, 0.99):
        steps = inversion.griffin_lim_steps(magnitude, HANN, HOP, 60, momentum, rng=np.random.default_rng(7))
        *_, (_, ends[momentum]) = steps
    assert ends[0.99] < 0.8 * ends[0]
    sound[:HOP] = sound[-HOP:] = 0
    real, imaginary = spectrum_of(sound)
    x = inversion.griffin_lim(np.hypot(real, imaginary), HANN, HOP, 5, phase=np.arctan2(imaginary, real))
    np.testing.assert_allclose(x, sound, atol=1e-9)


def test_by_the_books_own_formula(magnitude):
    """Perraudin et al. 2013, algorithm 2, with complex numbers: project, put the magnitudes back, push on."""
    phase = np.random.default_rng(8).uniform(-np.pi, np.pi, magnitude.shape)
    before, c = None, magnitude * np.exp(1j * phase)
    for _ in range(7):
        c = magnitude * np.exp(1j * np.angle(c))
        x = sound_of(np.stack([c.real, c.imag]), least_cover=inversion.LEAST_COVER)
        t = spectrum_of(x)[0] + 1j * spectrum_of(x)[1]
        c, before = t + 0.6 * (t - (t if before is None else before)), t
    np.testing.assert_allclose(inversion.griffin_lim(magnitude, HANN, HOP, 7, 0.6, phase), x, atol=1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-3)])
def test_the_twins_make_the_same_sounds(magnitude, dtype, tolerance):
    torch = pytest.importorskip("torch")
    from mmcourse.speech import pytorch

    magnitude, window = magnitude.astype(dtype), HANN.astype(dtype)
    tensors = torch.from_numpy(magnitude), torch.from_numpy(window)
    for start in ({"phase": np.full_like(magnitude, 0.3)}, {"rng": 9}):
        first = {n: np.random.default_rng(a) if n == "rng" else a for n, a in start.items()}
        second = {n: np.random.default_rng(a) if n == "rng" else torch.from_numpy(a) for n, a in start.items()}
        ours = inversion.griffin_lim(magnitude, window, HOP, 3, **first)
        theirs = pytorch.griffin_lim(*tensors, HOP, 3, **second)
        assert ours.dtype == dtype == str(theirs.dtype).removeprefix("torch.")
        compare(ours, theirs.numpy(), tolerance, dtype)
    bank = scratch.mel_filter_bank(RATE, 40, 9).astype(dtype)
    mel = bank @ magnitude**2
    theirs = pytorch.mel_to_power(torch.from_numpy(mel), torch.from_numpy(bank), 7)
    compare(inversion.mel_to_power(mel, bank, 7), theirs.numpy(), tolerance, dtype)


def test_powers_from_bands(magnitude):
    bank = scratch.mel_filter_bank(RATE, 40, 9)
    mel = bank @ magnitude**2
    mel[:, 4] = 0
    divergence = []
    for iterations in range(0, 60, 3):
        power = inversion.mel_to_power(mel, bank, iterations)
        blurred = bank @ power
        assert np.all(power >= 0)
        assert np.all(power[:, 4] == 0)
        heard = mel > 0
        divergence.append(np.sum(mel[heard] * np.log(mel[heard] / blurred[heard])) - np.sum(mel - blurred))
    assert np.all(np.diff(divergence) <= 1e-9 * divergence[0])
    assert divergence[-1] < 1e-3 * divergence[0]
    np.testing.assert_allclose(blurred, mel, rtol=0.05)
    assert np.all(power[bank.sum(0) == 0] == 0)


def test_a_band_alone_gives_all_it_has_to_its_frequency():
    bank = np.array([[0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0]])
    power = inversion.mel_to_power(np.array([[3.0, 0.0], [8.0, 1.0]]), bank)
    np.testing.assert_allclose(power, [[0, 0], [6, 0], [0, 0], [4, 0.5]])


def test_from_log_mel_to_sound_and_back(sound):
    bank = scratch.mel_filter_bank(RATE, 40, 9)
    quiet = sound * np.where(np.arange(len(sound)) < 200, 1, 0)  # silent in its second half
    asked, _ = scratch.log_mel_spectrogram(quiet, HANN, HOP, bank, 1e-3)
    x = inversion.log_mel_to_sound(asked, HANN, HOP, bank, 1e-3, rng=np.random.default_rng(10))
    assert len(x) == len(sound)
    assert np.all(x[-HOP * 5 :] == 0)
    came, _ = scratch.log_mel_spectrogram(x, HANN, HOP, bank, 1e-3)
    inner = (slice(None), slice(1, 12))
    assert np.abs(came - asked)[inner].mean() < 0.3
    assert np.ptp(asked[inner]) > 5


BANK = scratch.mel_filter_bank(RATE, 40, 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sound_of(np.ones((2, 20, 3))), r"window of 40 needs.*\(\.\.\., 21, N\).*came \(20, 3\)"),
        (lambda: sound_of((np.ones((21, 3)), np.ones((21, 4)))), r"came \(21, 3\) and \(21, 4\)"),
        (lambda: sound_of(np.ones((2, 21, 0))), "N at least 1"),
        (lambda: sound_of(np.ones((2, 21, 3)), hop=0), "came a hop of 0"),
        (lambda: sound_of(np.ones((2, 21, 3)), np.zeros(40)), "not all 0"),
        (lambda: sound_of(np.ones((2, 21, 3)), length=-1), "at least 1 sample, came -1"),
        (lambda: inversion.griffin_lim(-np.ones((21, 3)), HANN, HOP, rng=1), r"with 63 negative.*not a logarithm"),
        (lambda: inversion.griffin_lim(np.full((21, 3), np.nan), HANN, HOP, rng=1), "with 63 negative or NaN"),
        (lambda: inversion.griffin_lim(np.full((21, 3), np.inf), HANN, HOP, rng=1), "finite"),
        (lambda: inversion.griffin_lim(np.ones((21, 3)), HANN, HOP), r"Try: rng=np\.random\.default_rng\(0\)"),
        (lambda: inversion.griffin_lim(np.ones((21, 3)), HANN, HOP, phase=np.ones(3)), r"phase \(3,\)"),
        (lambda: inversion.griffin_lim(np.ones((21, 3)), HANN, HOP, 0, phase=np.ones((21, 3))), "came 0 and 0.99"),
        (lambda: inversion.griffin_lim(np.ones((21, 3)), HANN, HOP, 9, 2, np.ones((21, 3))), "came 9 and 2"),
        (lambda: inversion.mel_to_power(np.ones((5, 9)), BANK), r"came \(5, 9\)\. Try: \.mT"),
        (lambda: inversion.mel_to_power(-np.ones((9, 5)), BANK), "not negative"),
        (lambda: inversion.mel_to_power(np.full((9, 5), np.nan), BANK), "finite"),
        (lambda: inversion.mel_to_power(np.ones((9, 5)), BANK, -1), "came -1"),
        (lambda: inversion.log_mel_to_sound(np.full((9, 5), 999.0), HANN, HOP, BANK, rng=1), "came one of 999"),
        (lambda: inversion.log_mel_to_sound(np.full((9, 5), np.nan), HANN, HOP, BANK, rng=1), "came one of nan"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_silence_stays_silence():
    for rng in (np.random.default_rng(11),):
        assert not inversion.griffin_lim(np.zeros((21, 5)), HANN, HOP, rng=rng).any()
        assert not inversion.log_mel_to_sound(np.full((9, 5), np.log(1e-6)), HANN, HOP, BANK, rng=rng).any()
    *_, (_, inconsistency) = inversion.griffin_lim_steps(np.zeros((21, 5)), HANN, HOP, rng=rng)
    assert inconsistency == 0
