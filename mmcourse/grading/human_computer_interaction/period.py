"""10-period: how long a voice takes to repeat itself, by the normalised square difference.

McLeod & Wyvill 2005 ("A smarter way to find pitch", International Computer Music Conference): a window that shrinks as
the lag grows, and the first peak that is nearly as high as the highest. Their zero crossings are left out here.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(frames, shortest, longest, share):
    return _with()(frames, shortest, longest, share)


def _energy(x):
    return (x**2).sum(1)


def _parts(x, lag):
    """All samples that have a partner, and their partners."""
    return x[:, : x.shape[1] - lag], x[:, lag:]


def _over(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)


def _alike(x, lag, longest):
    """2 Σ x_j x_{j+lag} / Σ (x_j² + x_{j+lag}²) of each frame; 0 of silence."""
    first, later = _parts(x, lag)
    return _over(2 * (first * later).sum(1), _energy(first) + _energy(later))


def _peaks(n, lags):
    """Which lags are higher than the one before, and at least as high as the next; n has one more on either side."""
    return lags[(n[1:-1] > n[:-2]) & (n[1:-1] >= n[2:])]


def _high_enough(heights, share):
    return heights >= share * heights.max()


def _first(peaks, heights, share):
    return peaks[np.flatnonzero(_high_enough(heights, share))[0]]


def _parabola(before, here, after):
    return (before - after) / (2 * (before - 2 * here + after))


def _as_it_is(period, height):
    return period, height


def _none():
    return np.nan, 0.0


def _with(alike=_alike, find=_peaks, choose=_first, shift=_parabola, say=_as_it_is, none=_none, least=lambda s: s):
    """Periods and clarity by another likeness, another choice or another parabola."""

    def periods(frames, shortest, longest, share):
        around = range(least(shortest) - 1, longest + 2)
        likeness = np.stack([alike(frames.astype(float), lag, longest) for lag in around], 1)
        found = []
        for n in likeness:
            at = dict(zip(around, n, strict=True))
            peaks = find(n, np.array(around)[1:-1])
            heights = np.array([at[lag] for lag in peaks])
            if not len(peaks) or heights.max() <= 0:
                found.append(none())
                continue
            lag = choose(peaks, heights, share)
            with np.errstate(all="ignore"):
                by = np.nan_to_num(shift(at[lag - 1], at[lag], at[lag + 1]))
            found.append(say(lag + by, at[lag]))
        return tuple(np.array(x).astype(frames.dtype) for x in zip(*found, strict=True))

    return periods


def draw(rng):
    yield _case(rng, "5 frames of 67 samples", 5, 67, 5, 19)
    yield _case(rng, "11 frames, longer periods", 11, 131, 11, 47)
    yield _case(rng, "voices whose second tone is strong", 7, 97, 7, 37, strong=2.0)
    yield _case(rng, "voices in noise", 11, 101, 7, 41, noise=0.4)
    yield _case(rng, "a voice that dies away", 7, 97, 7, 41, fade=3.0)
    yield _case(rng, "a voice that swells", 7, 97, 7, 41, fade=-3.0)
    yield _case(rng, "silence between", 5, 67, 5, 23, silent=True)
    yield _case(rng, "sound that lies beside 0", 7, 97, 7, 41, offset=0.4)
    yield _case(rng, "periods at both ends of the range", 11, 131, 7, 29, noise=0.02, ends=True)
    yield _case(rng, "a whistle above the range", 7, 97, 7, 37, share=0.6, whistle=1.2)
    yield _case(rng, "any peak will do", 7, 97, 5, 41, share=0.3, strong=1.0)
    yield _case(rng, "only the highest peak", 7, 97, 5, 41, share=1.0, noise=0.2)
    yield _case(rng, "float32", 7, 97, 7, 37, dtype=np.float32)


def _case(
    rng, name, N, L, shortest, longest, share=0.85, strong=0.5, noise=0.1, fade=0.0, offset=0.0, silent=False,
    ends=False, whistle=0.0, dtype=np.float64,
):  # fmt: skip
    """Voices of three tones. strong: how strong the second is. fade: by how much a frame dies away, in nepers.

    ends: periods at both ends of the range. whistle: how strong a tone is whose period is shorter than the range.
    """
    period = rng.uniform(1.3 * shortest, 0.48 * longest, (N, 1))
    period[::2] = rng.uniform(0.5 * longest, 0.9 * longest, period[::2].shape)
    if ends:
        period[::2], period[1::2] = longest, shortest
    t = np.arange(L)
    x = offset + noise * rng.standard_normal((N, L))
    for tone, loud in ((1, 1.0), (2, strong), (3, 0.4)):
        x += loud * np.cos(2 * np.pi * (tone * t / period + rng.random((N, 1))))
    x += whistle * np.cos(2 * np.pi * (t / (0.6 * shortest) + rng.random((N, 1))))
    x *= np.exp(-fade * t / L)
    if silent:
        x[1] = 0
        x[3] = np.linspace(-1, 1, L)  # no peak
    return Case(name, (x.astype(dtype), shortest, longest, share))


def _not_normalised(x, lag, longest):
    first, later = _parts(x, lag)
    return _over((first * later).sum(1), _energy(x))


def _one_half(x, lag, longest):
    return _alike(x, lag, longest) / 2


def _cosine(x, lag, longest):
    first, later = _parts(x, lag)
    return _over((first * later).sum(1), np.sqrt(_energy(first) * _energy(later)))


def _by_the_first_part(x, lag, longest):
    first, later = _parts(x, lag)
    return _over((first * later).sum(1), _energy(first))


def _fixed_window(x, lag, longest):
    W = x.shape[1] - longest - 1
    first, later = x[:, :W], x[:, lag : lag + W]
    return _over(2 * (first * later).sum(1), _energy(first) + _energy(later))


def _circular(x, lag, longest):
    return _over((x * np.roll(x, -lag, 1)).sum(1), _energy(x))


def _any_lag(n, lags):
    return lags


def _highest(peaks, heights, share):
    return peaks[heights.argmax()]


def _very_first(peaks, heights, share):
    return peaks[0]


def _last(peaks, heights, share):
    return peaks[np.flatnonzero(_high_enough(heights, share))[-1]]


def _absolute(peaks, heights, share):
    high = np.flatnonzero(heights >= share)
    return peaks[high[0]] if len(high) else peaks[heights.argmax()]


def _strictly_inside(n, lags):
    """Peaks, but those at both ends of the range have no neighbours there."""
    peaks = _peaks(n, lags)
    return peaks[(peaks > lags[0]) & (peaks < lags[-1])]


WRONG = (
    WrongAnswer(
        "not normalised",
        _with(alike=_not_normalised),
        "You divide by the energy of the whole frame. With a longer lag fewer products are left, so late peaks sink: "
        "divide by the energy of the two parts that are compared.",
    ),
    WrongAnswer(
        "the 2 is missing",
        _with(alike=_one_half),
        "The periods are right. Your likeness of a sound with itself is ½; the two energies below the bar belong to a "
        "2 above it.",
    ),
    WrongAnswer(
        "a cosine",
        _with(alike=_cosine),
        "You divide by the root of the product of both energies, which makes a cosine: it does not see that a voice "
        "dies away. Their mean stands below the bar.",
    ),
    WrongAnswer(
        "the first part's energy",
        _with(alike=_by_the_first_part),
        "You divide by the energy of the first part alone. In a voice that swells that exceeds 1: take the mean of "
        "both.",
    ),
    WrongAnswer(
        "a window of one size",
        _with(alike=_fixed_window),
        "You compare equally many samples at every lag, as YIN does. Here all samples that have a partner are "
        "compared: L − τ of them.",
    ),
    WrongAnswer(
        "round the corner",
        _with(alike=_circular),
        "You compare the end of the frame with its beginning (np.roll, or an FFT without zeros behind). A sample "
        "without a partner is left out.",
    ),
    WrongAnswer(
        "the highest peak",
        _with(choose=_highest),
        "You take the highest peak. A sound also repeats itself after two periods, sometimes a little better: take "
        "the first that is high enough.",
    ),
    WrongAnswer(
        "the first peak",
        _with(choose=_very_first),
        "You take the first peak, however low. An overtone makes one on the way: it has to reach its share of the "
        "highest.",
    ),
    WrongAnswer(
        "the last peak",
        _with(choose=_last),
        "You take the last peak that is high enough. That is a multiple of the period: take the first.",
    ),
    WrongAnswer(
        "a fixed height",
        _with(choose=_absolute),
        "You compare peaks with the share itself. It is a share of the highest peak: in noise all peaks are lower.",
    ),
    WrongAnswer(
        "any lag that is high",
        _with(find=_any_lag),
        "You take the first lag that is high enough, and that is on the way up. Only peaks count: higher than the lag "
        "before, and no lower than the next.",
    ),
    WrongAnswer(
        "from lag 1",
        _with(least=lambda s: 1),
        "You look at lags shorter than the shortest period that is asked for.",
    ),
    WrongAnswer(
        "no neighbours beyond the range",
        _with(find=_strictly_inside),
        "You leave out peaks at the shortest and longest lag. Compare them with their neighbours just outside the "
        "range: those exist.",
    ),
    WrongAnswer(
        "whole samples",
        _with(shift=lambda before, here, after: 0.0),
        "The clarity is right. Your periods are whole numbers of samples; the parabola says where between them the "
        "peak lies.",
    ),
    WrongAnswer(
        "the parabola to the other side",
        _with(shift=lambda *around: -_parabola(*around)),
        "The clarity is right. Your parabola moves the peak away from its higher neighbour. The shift has the "
        "opposite sign.",
    ),
    WrongAnswer(
        "twice as far",
        _with(shift=lambda *around: 2 * _parabola(*around)),
        "The clarity is right. Your shift is twice as long: the slope is half of the difference of both neighbours.",
    ),
    WrongAnswer(
        "a frequency",
        _with(say=lambda period, height: (1 / period, height)),
        "The clarity is right. You return frequencies. Asked are the periods, in samples.",
    ),
    WrongAnswer(
        "silence with a period of 0",
        _with(none=lambda: (0.0, 0.0)),
        "All right but where nothing repeats itself: there is no period, so it is NaN, not 0.",
    ),
    WrongAnswer(
        "silence without clarity",
        _with(none=lambda: (np.nan, np.nan)),
        "All right but where nothing repeats itself: the clarity is 0 there. Mind 0 / 0 in a frame of zeros.",
    ),
)

QUESTION = Question(
    id="10-period",
    title="When a voice repeats itself",
    points=10,
    name="find_periods",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the periods", "the clarity"),
    tolerance={"float64": 1e-8, "float32": 1e-4},
)
