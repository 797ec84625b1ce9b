"""Mel-cepstral distortion: how differently two clips of speech are coloured, in decibels, whatever their tempo.

Letters: N, K frames of the two clips, M mel bands, C coefficients, P pairs of frames.
"""

import numpy as np
from scipy import fft

DECIBEL = 10 / np.log(10)  # decibels of a natural logarithm of power


def mel_cepstra(log_mel, coefficients=13):
    """The shape of each frame's spectrum as cosines across the bands, coarse ones first.   y (..., N, C) float64.

    log_mel (..., N, M): natural logarithm of mel *power*, time first, as `mmcourse.speech.front_end.log_mel` gives it.
    The scale is that of the logarithm of *magnitude*, half of it: ½ log_mel[j] = Σ_m c[m] cos(π m (j + ½) / M). So c[0]
    is the level. (Davis & Mermelstein 1980, Proc. IEEE 28, eq. 1, up to the scale.)
    """
    log_mel = _finite("mel_cepstra", "log_mel", log_mel)
    M = log_mel.shape[-1]
    if not 1 <= coefficients <= M:
        raise ValueError(f"mel_cepstra: {M} bands have 1 to {M} coefficients, {coefficients} were asked for")
    cepstra = fft.dct(log_mel, type=2, axis=-1)[..., :coefficients] / (2 * M)
    cepstra[..., 0] /= 2
    return cepstra


def mel_cepstral_distortion(reference, hypothesis):
    """Mean over the aligned frames of 10 / ln 10 · sqrt(2 Σ_{m ≥ 1} (c[m] - c'[m])²), in dB; 0 for a clip and itself.

    reference (N, C), hypothesis (K, C): from `mel_cepstra`, with the same C of at least 2. Loudness, c[0], stays out.
    The frames are aligned by `dynamic_time_warping`, so a clip said slower is not punished for it. With C = M and no
    warping this is the root mean square difference of the two spectra in dB, each around its own mean.
    (Kubichek 1993, "Mel-cepstral distance measure for objective speech quality assessment", PACRIM.)
    Numbers depend on bands, hop and C: compare only what shares them.
    """
    reference = _cepstra("reference", reference)
    hypothesis = _cepstra("hypothesis", hypothesis)
    if reference.shape[1] != hypothesis.shape[1]:
        raise ValueError(
            "mel_cepstral_distortion: expected as many coefficients in both, came reference "
            f"{reference.shape} and hypothesis {hypothesis.shape}"
        )
    gaps = reference[:, None, 1:] - hypothesis[None, :, 1:]  # (N, K, C - 1)
    distances = DECIBEL * np.sqrt(2 * np.sum(gaps**2, -1))
    path = dynamic_time_warping(distances)
    return float(distances[path[:, 0], path[:, 1]].mean())


def dynamic_time_warping(distances):
    """The cheapest way through both clips: pairs (P, 2) from (0, 0) to (N - 1, K - 1), none going back in time.

    distances (N, K): what it costs to pair two frames. Each step goes on by one frame in one clip or in both, and the
    sum along the way is the least there is. Where two ways cost the same, the one that goes on in both is taken.
    (Sakoe & Chiba 1978, IEEE Trans. ASSP 26, without slope constraint or weights.)
    """
    distances = _finite("dynamic_time_warping", "distances", distances)
    if distances.ndim != 2 or not distances.size:
        raise ValueError(f"dynamic_time_warping: expected distances (N, K), one frame or more, came {distances.shape}")
    N, K = distances.shape
    total = np.full((N + 1, K + 1), np.inf)  # of the cheapest way to each pair, with a border before the first
    total[0, 0] = 0
    for both in range(2, N + K + 1):  # pairs on one anti-diagonal do not depend on each other
        n = np.arange(max(1, both - K), min(N, both - 1) + 1)
        k = both - n
        before = np.minimum.reduce([total[n - 1, k - 1], total[n - 1, k], total[n, k - 1]])
        total[n, k] = distances[n - 1, k - 1] + before
    path = [(N, K)]
    while path[-1] != (1, 1):
        n, k = path[-1]
        path.append(min((n - 1, k - 1), (n - 1, k), (n, k - 1), key=lambda pair: total[pair]))
    return np.array(path[::-1]) - 1


def _cepstra(name, cepstra):
    cepstra = _finite("mel_cepstral_distortion", name, cepstra)
    if cepstra.ndim != 2 or not len(cepstra) or cepstra.shape[1] < 2:
        raise ValueError(
            f"mel_cepstral_distortion: expected {name} (N, C) with a frame or more and 2 coefficients or more, "
            f"came {cepstra.shape}"
        )
    return cepstra


def _finite(function, name, x):
    x = np.asarray(x, float)
    if wrong := int(np.sum(~np.isfinite(x))):
        raise ValueError(f"{function}: expected finite numbers, {name} has {wrong} that are not")
    return x
