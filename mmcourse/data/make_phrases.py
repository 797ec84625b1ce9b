"""Make the spoken phrases that ship with the course, and those that the recogniser's checkpoint is trained on.

    python -m mmcourse.data.make_phrases           speaks, writes phrases.npz and .json, in half a minute
    sounds, texts = make_phrases.training("en")    recordings of compositions that no shipped clip speaks of

Phrases, voices, rates, pitches and vocal tracts come from seeds. The sounds come from the engine, which never says a
thing twice in quite the same way: made anew with an empty cache, the clips are as good as the shipped ones, not the
same.
"""

import hashlib
import json
from importlib import metadata

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import compositions, speech
from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.make_spoken_digits import recorded
from mmcourse.data.phrases import CARD, FILE
from mmcourse.data.spoken_digits import RATE, mu_law_codes

SEED = 0
TRAIN_TIMBRES = ("", "m1", "m2", "m4", "m6", "m8", "f2", "f4", "f5", "aunty", "grandpa", "croak")
TEST_TIMBRES = ("m3", "m7", "f3", "grandma", "m5", "f1")
OWN_TIMBRE = "whisper"  # of the one voice that a recogniser may be tuned to
COUNTS = {"test": 60, "fine_tune": 24, "fine_tune_test": 24, "reference": 24}  # of each language
REFERENCE_RATE = 160
RATES, PITCHES, TRACTS = (140, 211), (30, 71), (146, 175)  # tracts of 160
_SILENT = 1e-5  # of the loudest moment's power: keeps the hiss of a last s


def compositions_of(rng, count, held_out):
    """So many compositions, none twice, all held out from training or none."""
    found = {}
    while len(found) < count:
        found.setdefault(compositions.draw(rng, held_out))
    return list(found)


def takes(language, split, rng):
    """What is to be recorded for a split: dicts of text, voice, rate, pitch, tract."""
    chosen = compositions_of(rng, COUNTS[split], held_out=True)
    return [
        {"language": language, "split": split, "text": caption(c, language).text, **_manner(language, split, i, rng)}
        for i, c in enumerate(chosen)
    ]


def _manner(language, split, number, rng):
    accents = speech.ACCENTS[language]
    if split == "reference":
        return {"voice": accents[0], "rate": REFERENCE_RATE, "pitch": 50, "tract": 1.0}
    if split == "test":
        timbre = TEST_TIMBRES[number % len(TEST_TIMBRES)]
        return _drawn(language, timbre, rng)
    return {"voice": f"{accents[0]}+{OWN_TIMBRE}", "rate": 170, "pitch": 50, "tract": 1.0}


def _drawn(language, timbre, rng):
    """A voice of a timbre, and a way of speaking."""
    accent = compositions.pick(rng, speech.ACCENTS[language])
    return {
        "voice": f"{accent}+{timbre}" if timbre else accent,
        "rate": int(rng.integers(*RATES)),
        "pitch": int(rng.integers(*PITCHES)),
        "tract": int(rng.integers(*TRACTS)) / 160,
    }


def spoken(take):
    """The recording of a take: int16's whole numbers at 8,000 samples a second."""
    return recorded(take["text"], *(take[n] for n in ("language", "voice", "rate", "pitch", "tract")), _SILENT)


def training_takes(language, count=3000, seed=SEED):
    """What is to be recorded for training: compositions not held out, by the training timbres; needs no engine."""
    rng = np.random.default_rng([seed, LANGUAGES.index(language)])
    found = []
    for _ in range(count):
        text = caption(compositions.draw(rng, held_out=False), language).text
        found.append(
            {"language": language, "text": text, **_drawn(language, compositions.pick(rng, TRAIN_TIMBRES), rng)}
        )
    return found


def training(language, count=3000, seed=SEED, progress=True):
    """Recordings of phrases of the training compositions by the training timbres: (sounds, texts).

    sounds: float32 arrays (T,) in [−1, 1).   Each clip is kept in the cache, which takes some 100 kB of each, so that
    the same seed gives the same sounds on this machine.
    """
    chosen = training_takes(language, count, seed)
    sounds = [
        (spoken(take) / 32768).astype(np.float32)
        for take in tqdm(chosen, desc=f"speaking {language}", disable=not progress)
    ]
    return sounds, [take["text"] for take in chosen]


def main():
    rng = np.random.default_rng(SEED)
    table = [take for language in LANGUAGES for split in COUNTS for take in takes(language, split, rng)]
    codes = [mu_law_codes(spoken(take)) for take in tqdm(table)]
    np.savez_compressed(FILE, codes=np.concatenate(codes), starts=np.cumsum([0, *map(len, codes)], dtype=np.int32))
    card = {
        "command": "python -m mmcourse.data.make_phrases",
        "seed": SEED,
        "engine": f"eSpeak NG 1.52.0, from {speech.PACKAGE} {metadata.version(speech.PACKAGE)}",
        "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
        "samples a second": RATE,
        "clips": table,
    }
    CARD.write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{len(table)} clips, {FILE.stat().st_size:,} bytes in {FILE}")


if __name__ == "__main__":
    main()
