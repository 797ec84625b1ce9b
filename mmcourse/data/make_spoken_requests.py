"""Make the spoken requests that ship with the course, and those that their recogniser is trained on.

    python -m mmcourse.data.make_spoken_requests      speaks, writes spoken_requests.npz and .json, in half a minute
    sounds, texts = make_spoken_requests.training("en")      recordings of the training split, by other timbres

As in `make_phrases`, all but the sounds themselves comes from seeds: the engine never says a thing twice alike.
"""

import dataclasses
import hashlib
import json
from importlib import metadata

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import make_phrases, requests, scenes, speech
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.compositions import pick
from mmcourse.data.spoken_digits import RATE, mu_law_codes
from mmcourse.data.spoken_requests import CARD, FILE

SEED = 0
COUNTS = {
    "find": 60,
    "count": 30,
    "where": 30,
    "what": 30,
    "describe": 14,
    "again": 6,
    "help": 6,
    "stop": 6,
    "other": 18,
}
TIMBRES = {  # the test's as in `make_phrases`; by validation's the settings of the search are chosen
    "train": make_phrases.TRAIN_TIMBRES,
    "validation": ("klatt3", "announcer"),
    "test": make_phrases.TEST_TIMBRES,
}
RATES, PITCHES, TRACTS = (160, 221), (30, 71), (146, 175)  # words a minute, eSpeak's pitch, 160ths of a vocal tract
_ABSENT_ONE_IN = 5


def takes(language, seed=SEED):
    """What is to be recorded for the test: dicts of language, text, voice, rate, pitch, tract, request, scene."""
    rng = np.random.default_rng([seed, LANGUAGES.index(language)])
    records = scenes.load("test").records
    found = {}
    for intent, count in COUNTS.items():
        while sum(take["request"]["intent"] == intent for take in found.values()) < count:
            request, scene = _about(rng, language, intent, records)
            timbre = TIMBRES["test"][len(found) % len(TIMBRES["test"])]
            take = _take(rng, language, "test", request, timbre)
            found.setdefault(request.text, take | {"request": dataclasses.asdict(request), "scene": scene})
    return list(found.values())


def _about(rng, language, intent, records):
    """A request of the test split, and the number of a scene that it is about."""
    if intent == "find":
        pair = rng.integers(2) == 1  # a pair that some scene shows is rarer than a group
        while True:
            request = requests.draw_intent(rng, language, intent, "test")
            fitting = [i for i, scene in enumerate(records) if requests.fits(request.slots, scene)]
            if fitting and ("relation" in request.slots) == pair:
                return request, int(pick(rng, fitting))
    request = requests.draw_intent(rng, language, intent, "test")
    concept = request.slots.get("concept", request.slots.get("second"))
    absent = concept is None or rng.integers(_ABSENT_ONE_IN) == 0
    numbers = range(len(records))
    showing = [i for i in numbers if any(thing.concept == concept for thing in records[i].objects)]
    if intent == "what":  # of a landmark there is something in that place in half of them
        there = [i for i in showing if requests.answer_facts(request, records[i]).concept]
        showing = there if there and rng.integers(2) else showing
    return request, int(pick(rng, numbers if absent or not showing else showing))


def _take(rng, language, split, request, timbre):
    accent = pick(rng, speech.ACCENTS[language])
    return {
        "language": language,
        "split": split,
        "text": request.text,
        "voice": f"{accent}+{timbre}" if timbre else accent,
        "rate": int(rng.integers(*RATES)),
        "pitch": int(rng.integers(*PITCHES)),
        "tract": int(rng.integers(*TRACTS)) / 160,
    }


def training_takes(language, count=3500, seed=SEED, split="train"):
    """What is to be recorded for training or validation, by the timbres of that split; needs no engine."""
    rng = np.random.default_rng([seed, LANGUAGES.index(language), requests.SPLITS.index(split)])
    asked = requests.load(split, language, count, seed + 1)
    return [_take(rng, language, split, request, pick(rng, TIMBRES[split])) for request in asked]


def training(language, count=3500, seed=SEED, split="train", progress=True):
    """Recordings of requests of a split by its timbres: (sounds, texts), as `make_phrases.training` gives them."""
    chosen = training_takes(language, count, seed, split)
    sounds = [
        (make_phrases.spoken(take) / 32768).astype(np.float32)
        for take in tqdm(chosen, desc=f"speaking {language}", disable=not progress)
    ]
    return sounds, [take["text"] for take in chosen]


def main():
    table = [take for language in LANGUAGES for take in takes(language)]
    codes = [mu_law_codes(make_phrases.spoken(take)) for take in tqdm(table)]
    np.savez_compressed(FILE, codes=np.concatenate(codes), starts=np.cumsum([0, *map(len, codes)], dtype=np.int32))
    card = {
        "command": "python -m mmcourse.data.make_spoken_requests",
        "seed": SEED,
        "engine": f"eSpeak NG 1.52.0, from {speech.PACKAGE} {metadata.version(speech.PACKAGE)}",
        "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
        "samples a second": RATE,
        "clips": table,
    }
    lines = ",\n".join(json.dumps(take, ensure_ascii=False) for take in card.pop("clips"))  # a clip is a line
    head = json.dumps(card, ensure_ascii=False, indent=1).removesuffix("\n}")
    CARD.write_text(f'{head},\n "clips": [\n{lines}\n]}}\n', "utf-8")
    print(f"{len(table)} clips, {FILE.stat().st_size:,} bytes in {FILE}")


if __name__ == "__main__":
    main()
