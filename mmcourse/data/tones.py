"""Tones of voice: a hum of three syllables whose pitch, loudness, speed and brightness say how somebody feels.

    sound = tones.sound(tones.tone("anger", 0.8), tones.voice(rng))     # float32 (6400,) in [-1, 1], 8 kHz

No word is heard, so nothing but the tone can tell. Which emotion does what to a voice follows the directions that
Banse & Scherer (1996, table 6) measured on actors: anger and joy loud, high and bright, sadness low, soft and slow,
fear high and trembling. The sizes are ours, and nobody's voice is in it.
"""

from typing import NamedTuple

import numpy as np

RATE = 8000
SECONDS = 0.8
_FORMANTS = ((700, 130), (1220, 160), (2600, 220))  # of an open vowel: middle and width, in Hz


class Tone(NamedTuple):
    """pitch: semitones above the speaker's own.   range: of the melody, in semitones.   slope: of the melody over the
    whole, in semitones.   loudness: in dB.   speed: of the syllables, as a factor.   tilt: how much darker, in dB an
    octave.   tremor: of the pitch, in semitones."""

    pitch: float
    range: float
    slope: float
    loudness: float
    speed: float
    tilt: float
    tremor: float


class Voice(NamedTuple):
    """hertz: the speaker's own pitch.   tract: how much longer than usual, a factor.   noise: of the room, in dB below
    full loudness.   phase: where the first syllable starts, as a share of one."""

    hertz: float
    tract: float
    noise: float
    phase: float


TONES = {
    "joy": Tone(4.0, 4.0, 1.0, 4.0, 1.2, -1.5, 0.0),
    "sadness": Tone(-2.0, 0.5, -2.0, -6.0, 0.7, 3.0, 0.2),
    "anger": Tone(3.0, 2.0, -3.0, 7.0, 1.3, -3.0, 0.0),
    "fear": Tone(6.0, 1.0, 1.0, -1.0, 1.5, 1.0, 1.0),
    "surprise": Tone(3.0, 2.0, 8.0, 2.0, 0.9, -1.0, 0.0),
    "calm": Tone(0.0, 1.5, -1.0, 0.0, 1.0, 0.0, 0.0),
}


def tone(emotion, intensity, rng=None, looseness=0.0):
    """The `Tone` of an emotion, from calm (intensity 0) to full (1); a numpy Generator loosens each number.

    looseness: 1 moves each by as much as emotions differ on average.
    """
    if emotion not in TONES:
        raise ValueError(f"tones: expected an emotion of {tuple(TONES)}, came {emotion!r}")
    calm, full = np.array(TONES["calm"]), np.array(TONES[emotion])
    drawn = rng.standard_normal(len(calm)) * looseness if rng is not None else np.zeros(len(calm))
    spread = np.std(list(TONES.values()), 0)
    return Tone(*(calm + intensity * (full - calm) + drawn * spread))


def voice(rng):
    """A `Voice` drawn from a numpy Generator."""
    return Voice(float(np.exp(rng.uniform(np.log(95), np.log(230)))), *rng.uniform((0.9, 24, 0), (1.1, 40, 1)))


def pitch(tone, voice):
    """The pitch in every sample: (6400,) in Hz."""
    t, u = _time()
    syllables = 3 * max(tone.speed, 0.3) * u + voice.phase
    semitones = tone.pitch + tone.range / 2 * np.sin(2 * np.pi * syllables) + tone.slope * (u - 0.5)
    semitones = semitones + tone.tremor * np.sin(2 * np.pi * 9 * t)
    return voice.hertz * 2 ** (semitones / 12)


def sound(tone, voice, rng=None):
    """The hum, (6400,) float32 in [−1, 1]; with a numpy Generator, in the noise of the voice's room."""
    hertz = pitch(tone, voice)
    phase = np.cumsum(hertz) * (2 * np.pi / RATE)
    syllables = 3 * max(tone.speed, 0.3) * _time()[1] + voice.phase
    envelope = 0.15 + 0.85 * np.abs(np.sin(np.pi * syllables)) ** 0.7
    wave = envelope * _harmonics(phase, hertz, tone, voice)
    wave *= 0.05 * 10 ** (tone.loudness / 20) / np.sqrt((wave**2).mean())
    if rng is not None:
        wave += rng.standard_normal(len(wave)) * 10 ** (-voice.noise / 20) * 0.3
    return np.clip(wave, -1, 1).astype(np.float32)


def _time():
    t = np.arange(int(RATE * SECONDS)) / RATE
    return t, t / SECONDS


def _harmonics(phase, hertz, tone, voice):
    """Σ a_k cos(kφ) by cos(kφ) = 2 cos φ cos((k−1)φ) − cos((k−2)φ): one product a harmonic, and no cosine."""
    middle = hertz.mean()
    count = int(min(40, (RATE / 2 - 200) // hertz.max()))
    before, now, twice, wave = np.ones_like(phase), np.cos(phase), 2 * np.cos(phase), np.zeros_like(phase)
    for k in range(1, count + 1):
        f = k * middle * voice.tract
        gain = sum(1 / (1 + ((f - f0) / width) ** 2) for f0, width in _FORMANTS) + 0.05
        wave += gain * 10 ** (-(6 + tone.tilt) * np.log2(k) / 20) * now
        before, now = now, twice * now - before
    return wave
