"""Make the spoken digits that ship with the course.

    python -m mmcourse.data.make_spoken_digits         speaks, writes spoken_digits.npz and .json, in half a minute

Voices, rates, pitches and vocal tracts come from the seed. The sounds come from the engine, which never says a thing
twice in quite the same way: run again with an empty cache, this makes clips as good as the shipped ones, not the same.
"""

import hashlib
import json
from importlib import metadata

import numpy as np
from scipy.signal import resample_poly
from tqdm.auto import tqdm

from mmcourse.data import speech
from mmcourse.data.spoken_digits import CARD, FILE, LENGTH, LOUDNESS, RATE, mu_law_codes

SEED = 0
TAKES = 2  # times that each speaker says each digit
WORDS = {
    "en": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "zh": ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九"),
}
SPEAKERS_PER_TIMBRE = {"en": 2, "zh": 1}
TIMBRES = {  # "" is an accent's own timbre
    "train": ("", "m1", "m2", "m4", "m6", "m8", "f2", "f4", "f5", "aunty", "grandpa", "croak"),
    "validation": ("m5", "f1", "klatt3", "announcer"),
    "test": ("m3", "m7", "f3", "grandma"),
}
_TRACTS = (144, 176)  # of 160: a vocal tract up to a tenth shorter or longer lowers or lifts all frequencies
_RATES, _PITCHES = (155, 215), (35, 66)


def speakers(rng):
    """The table of speakers, one dict each."""
    return [
        {
            "language": language,
            "split": split,
            "voice": speech.ACCENTS[language][int(rng.integers(len(speech.ACCENTS[language])))] + timbre,
            "tract": int(rng.integers(_TRACTS[0], _TRACTS[1] + 1)) / 160,
        }
        for language, count in SPEAKERS_PER_TIMBRE.items()
        for split, timbres in TIMBRES.items()
        for timbre in (f"+{name}" if name else "" for name in timbres)
        for _ in range(count)
    ]


def word(text, language, voice, rate, pitch, tract):
    """One word at 8 kHz as int16, without the silence round it, at LOUDNESS; and the rate that made it short enough."""
    while True:
        samples = recorded(text, language, voice, rate, pitch, tract)
        if len(samples) <= LENGTH:
            return samples, rate
        rate += 5


def recorded(text, language, voice, rate, pitch, tract, threshold=1e-3):
    """What `speech.say` says, at 8 kHz as int16's whole numbers, `trimmed`, at LOUDNESS."""
    samples, _ = speech.say(text, language, voice, rate, pitch)
    # 160 / 441 takes the engine's 22,050 samples a second to RATE
    samples = trimmed(resample_poly(samples.astype(np.float64), round(160 * tract), 441), threshold=threshold)
    samples *= LOUDNESS / np.sqrt(np.mean(samples**2))
    return np.clip(np.rint(samples), -32768, 32767)


def trimmed(samples, window=80, threshold=1e-3):
    """Samples from the first to the last whose power over a window exceeds a share of the largest such power."""
    power = np.convolve(samples**2, np.ones(window) / window, "same")
    loud = np.flatnonzero(power > threshold * power.max())
    return samples[loud[0] : loud[-1] + 1]


def main():
    rng = np.random.default_rng(SEED)
    table = speakers(rng)
    codes, rows = [], []
    for number, speaker in enumerate(tqdm(table)):
        language = speaker["language"]
        for _ in range(TAKES):
            rate, pitch = int(rng.integers(*_RATES)), int(rng.integers(*_PITCHES))
            for digit, text in enumerate(WORDS[language]):
                samples, used = word(text, language, speaker["voice"], rate, pitch, speaker["tract"])
                codes.append(mu_law_codes(samples))
                rows.append((digit, number, used, pitch))
    digits, numbers, rates, pitches = np.array(rows, np.uint16).T
    np.savez_compressed(
        FILE,
        codes=np.concatenate(codes),
        starts=np.cumsum([0, *map(len, codes)], dtype=np.int32),
        digits=digits.astype(np.uint8),
        speakers=numbers.astype(np.uint8),
        rates=rates,
        pitches=pitches,
    )
    card = {
        "command": "python -m mmcourse.data.make_spoken_digits",
        "seed": SEED,
        "engine": f"eSpeak NG 1.52.0, from {speech.PACKAGE} {metadata.version(speech.PACKAGE)}",
        "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
        "samples a second": RATE,
        "clips": len(rows),
        "speakers": table,
    }
    CARD.write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    print(f"{len(rows)} clips by {len(table)} speakers, {FILE.stat().st_size:,} bytes in {FILE}")


if __name__ == "__main__":
    main()
