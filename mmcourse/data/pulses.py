"""What a wrist sensor would say while somebody speaks: pulse and skin conductance, simulated, for each of `emotions`.

    windows = pulses.load("train")      # (N, 320, 2) float32: ten seconds, 32 samples a second, two channels
    moments = emotions.load("train")    # row i belongs to moments.records[i]

Nobody's body is in it. It follows what the moment's `felt` is, never what face, voice or words show. Joy, anger, fear
and surprise make the heart faster and the skin more conductive, sadness (without tears) slower and less, and calm
changes nothing: the directions in which most of the studies agree that Kreibig (2010, "Autonomic nervous system
activity in emotion: a review", Biological Psychology 84) reviewed. The sizes are ours. That the first four do exactly
the same is a simplification on purpose: the body tells how aroused somebody is, and nothing of whether it is joy or
fear. People differ by more than a moment changes them, and all of it moves by itself as well, so a window's own three
seconds before the moment are the best measure for what follows: `relative`.

A beat is two waves, the heart's and its echo, each a Gaussian (Rubins 2008, "Finger and ear photoplethysmogram
waveform analysis by fitting with Gaussians", Medical & Biological Engineering & Computing 46), at the places and sizes
that they have in the real `physiology.pulse`. A skin conductance response is the difference of two exponentials, the
Bateman function (Benedek & Kaernbach 2010, "A continuous measure of phasic electrodermal activity", Journal of
Neuroscience Methods 190).
"""

from typing import NamedTuple

import numpy as np

from mmcourse.data import emotions

RATE = 32  # samples a second
SECONDS = 10
MOMENT = 3.0  # when the moment comes, in seconds
CHANNELS = ("pulse", "skin conductance")  # light at the wrist, no unit; microsiemens
AROUSAL = {"joy": 1.0, "sadness": -0.5, "anger": 1.0, "fear": 1.0, "surprise": 1.0, "calm": 0.0}
FASTER = 7.0  # beats a minute, at full arousal
STEADIER, NARROWER = 0.5, 0.15  # by what factor, as a power of e, the rate sways less and the pulse gets weaker
_UNREST = {"rate": 4.0, "strength": 0.2, "level": 0.02}  # how far they move by themselves: beats a minute, and shares
_WAVES = ((0.00, 0.055, 1.0), (0.36, 0.048, 0.31))  # of a beat: place and width as shares of it, and height
_RISE, _FALL = 0.75, 3.0  # of a skin conductance response, in seconds


class Body(NamedTuple):
    """What a person brings along: heart rate at rest and how far breathing sways it (beats a minute), breaths a
    second, strength of the pulse, level of the skin conductance and size of its responses (microsiemens), and noise of
    the sensor (a share of the pulse)."""

    rate: float
    sway: float
    breaths: float
    strength: float
    level: float
    response: float
    noise: float


def load(split, count=None, seed=0):
    """The windows of the moments that `emotions.load` gives for the same arguments, row by row.

    Returns (N, 320, 2) float32 in the order of `CHANNELS`. Raises ValueError as `emotions.load` does.
    """
    records = emotions.load(split, count, seed).records
    # the third number makes it another stream than that of the moments
    rng = np.random.Generator(np.random.PCG64([seed, tuple(emotions.DEFAULT_COUNTS).index(split), 1]))
    return np.stack([draw(rng, record.felt) for record in records])


def relative(windows):
    """Windows (N, T, 2) measured by what each was before its moment, float32: the pulse in its standard deviations
    there, the skin conductance as microsiemens above its mean there.

    Raises ValueError for another shape, and for a pulse that does not move before the moment.
    """
    windows = np.asarray(windows)
    if windows.shape[1:] != (RATE * SECONDS, 2):
        raise ValueError(f"relative: expected windows (N, {RATE * SECONDS}, 2), came {windows.shape}")
    before = windows[:, : int(RATE * MOMENT)]
    spread = before[:, :, 0].std(1)
    if not (spread > 0).all():
        raise ValueError("relative: expected a pulse that moves in every window, came one that is flat or NaN")
    pulse = (windows[:, :, 0] - before[:, :, 0].mean(1)[:, None]) / spread[:, None]
    return np.stack([pulse, windows[:, :, 1] - before[:, :, 1].mean(1)[:, None]], 2).astype(np.float32)


def draw(rng, emotion):
    """One window, (320, 2) float32, of somebody new who feels an emotion, from a numpy Generator.

    The emotion is felt at 0.35 to 1 of its `AROUSAL`. Raises ValueError for an emotion that is none of `EMOTIONS`.
    """
    if emotion not in AROUSAL:
        raise ValueError(f"pulses: expected an emotion of {tuple(AROUSAL)}, came {emotion!r}")
    return window(body(rng), AROUSAL[emotion] * rng.uniform(0.35, 1.0), rng)


def body(rng):
    """A `Body` drawn from a numpy Generator: resting hearts differ by 10 beats a minute, levels by a factor of 1.6."""
    rate = np.clip(rng.normal(72, 10), 50, 100)
    sway, strength, level, response = np.exp(rng.normal(np.log((3, 1, 5, 0.15)), (0.4, 0.3, 0.5, 0.8)))
    breaths, noise = rng.uniform((0.18, 0.02), (0.33, 0.12))
    return Body(*map(float, (rate, sway, breaths, strength, level, response, noise)))


def window(body, arousal, rng):
    """Ten seconds of a body, (320, 2) float32, with `arousal` (−1 to 1) from second 3 on.

    Takes as many numbers from the numpy Generator whatever the arousal is. Raises ValueError if arousal is no finite
    number from −1 to 1.
    """
    if not -1 <= arousal <= 1:
        raise ValueError(f"pulses: expected an arousal from −1 to 1, came {arousal!r}")
    phase, fading = _phase(body, arousal, rng), np.exp(_UNREST["strength"] * _slow_wave(rng))
    pulse = pulse_strength(body, arousal) * fading * beat(phase)
    pulse += body.strength * body.noise * rng.standard_normal(len(pulse))
    return np.stack([pulse, _conductance(body, arousal, rng)], 1).astype(np.float32)


def times():
    """The second of each sample, from the window's start: (320,) float64."""
    return np.arange(RATE * SECONDS) / RATE


def heart_rate(body, arousal, breath=0.0):
    """Beats a minute in each sample, (320,): the moment's change comes within seconds, and breathing sways it.

    breath: where in a breath the window begins, as a share of one.
    """
    t, onset = times(), _onset()
    sway = body.sway * np.exp(-STEADIER * arousal * onset)
    return body.rate + FASTER * arousal * onset + sway * np.sin(2 * np.pi * (body.breaths * t + breath))


def pulse_strength(body, arousal):
    """Height of the pulse in each sample, (320,): vessels narrow with arousal."""
    return body.strength * np.exp(-NARROWER * arousal * _onset())


def beat(phase):
    """The pulse's shape at a phase in beats, any shape: its mean is 0 and its top, at whole phases, about 0.8."""
    mean = sum(height * width for _, width, height in _WAVES) * np.sqrt(2 * np.pi)
    away = [(np.asarray(phase) - place + 0.5) % 1 - 0.5 for place, _, _ in _WAVES]
    return sum(h * np.exp(-0.5 * (a / w) ** 2) for a, (_, w, h) in zip(away, _WAVES, strict=True)) - mean


def skin_response(t):
    """A skin conductance response, t seconds after its start: 0 before, 1 at its top.   t: any shape."""
    top = np.log(_FALL / _RISE) / (1 / _RISE - 1 / _FALL)
    t, (rise, fall) = np.maximum(t, 0), (np.exp(-np.array(top) / tau) for tau in (_RISE, _FALL))
    return (np.exp(-t / _FALL) - np.exp(-t / _RISE)) / (fall - rise)


def _onset():
    """How much of the moment's change is there in each sample, from 0 to nearly 1."""
    return 1 - np.exp(-np.maximum(times() - MOMENT, 0) / 2)


def _slow_wave(rng):
    """What moves by itself, (320,) from −1 to 1, within 8 to 25 seconds."""
    seconds, start = rng.uniform((8, 0), (25, 1))
    return np.sin(2 * np.pi * (times() / seconds + start))


def _phase(body, arousal, rng):
    """In beats."""
    start, breath = rng.uniform(size=2)
    rate = heart_rate(body, arousal, breath) + _UNREST["rate"] * _slow_wave(rng)
    return start + np.cumsum(rate) / 60 / RATE


def _conductance(body, arousal, rng):
    """The level, two responses that may come by themselves, and the moment's own, 1 to 2.5 seconds late."""
    t = times()
    by_chance, starts = (rng.random(2) < 0.3) * rng.lognormal(-0.7, 0.5, 2), rng.uniform(-4, SECONDS, 2)
    latency, own = rng.uniform(1.0, 2.5), rng.lognormal(-0.2, 0.5)
    level = body.level * (1 + _UNREST["level"] * _slow_wave(rng) + 0.02 * arousal * _onset())
    responses = own * max(arousal, 0) * skin_response(t - MOMENT - latency)
    responses = responses + sum(size * skin_response(t - start) for size, start in zip(by_chance, starts, strict=True))
    return level + body.response * responses + 0.005 * rng.standard_normal(len(t))
