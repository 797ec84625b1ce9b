"""Does an attention find the diagonal by itself? A voice trained with and without guided attention, three seeds each.

    python -m mmcourse.studies.guided_attention           runs what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.guided_attention --again   runs everything anew; how many lines came out the same

One run is one line of results/guided_attention.jsonl. Every EVERY steps the network speaks phrases of compositions that
training never shows, hearing only itself; we count how many it reads from left to right, and how sharply it looks.
"""

import functools
import time
from typing import NamedTuple

import numpy as np
import torch

from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.make_phrases import REFERENCE_RATE, compositions_of, spoken
from mmcourse.data.speech import ACCENTS
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.synthesis import alignment, synthesiser

RESULTS = DIGITS.with_name("guided_attention.jsonl")
NAMES = ("setting", "seed")  # which tell one line from the others
SETTINGS = {"guided": 2.0, "not guided": 0.0}  # weight of the guided attention's loss
SEEDS = range(3)
STEPS, EVERY, BATCH = 300, 25, 16
COUNTS = {"train": 2000, "validation": 30, "test": 100}
_SEED = {"train": 0, "validation": 1, "test": 2}  # of what is said


class Task(NamedTuple):
    """N phrases of one voice: the texts, and their sounds, float32 (samples,) at 8,000 a second."""

    texts: list
    sounds: list


@functools.cache
def task(language, split):
    """What the engine's default voice says of the compositions of a split; "train" shows none of the others."""
    rng = np.random.default_rng([_SEED[split], LANGUAGES.index(language)])
    chosen = compositions_of(rng, COUNTS[split], held_out=split != "train")
    texts = [caption(c, language).text for c in chosen]
    return Task(texts, [recording(text, language) for text in texts])


def recording(text, language):
    """The one voice, as in the split "reference" of `mmcourse.data.phrases`: float32 (samples,)."""
    manner = {"voice": ACCENTS[language][0], "rate": REFERENCE_RATE, "pitch": 50, "tract": 1.0}
    return (spoken({"text": text, "language": language, **manner}) / 32768).astype(np.float32)


def run(setting, seed, steps=STEPS, every=EVERY):
    """Train, and speak on the way: one line of the results."""
    train, texts = task("en", "train"), task("en", "validation").texts
    course, started = [], time.process_time()

    def watch(voice):
        read = [attention for _, attention, _ in voice.speak(texts)]
        course.append(
            {
                "monotone": sum(alignment.is_monotone(weights) for weights in read),
                "focus": round(float(np.mean([alignment.focus(weights) for weights in read])), 3),
            }
        )
        return course[-1]["monotone"]

    _, history = synthesiser.learn(
        *train,
        **{"steps": steps, "batch": BATCH, "seed": seed, "guide": SETTINGS[setting]},
        **{"validate": watch, "every": every, "progress": False},
    )
    return {
        "setting": setting,
        "seed": seed,
        "CPU-seconds": round(time.process_time() - started, 1),
        "steps": [step for step, _ in history.scores],
        "monotone": [at["monotone"] for at in course],
        "focus": [at["focus"] for at in course],
    }


def results():
    """The lines kept so far, by (setting, seed)."""
    return kept.read(RESULTS, *NAMES)


def all_runs():
    return [(setting, seed) for seed in SEEDS for setting in SETTINGS]


def first_aligned(line, share=0.9):
    """The first step at which so many of the phrases were read from left to right; None if there is none."""
    enough = (
        step for step, n in zip(line["steps"], line["monotone"], strict=True) if n >= share * COUNTS["validation"]
    )
    return next(enough, None)


def same(old, new):
    """Whether a run came out as before, its time apart."""
    return {**old, "CPU-seconds": 0} == {**new, "CPU-seconds": 0}


def as_text():
    """The table: when the attention is found, and how many of the phrases are read from left to right at the end."""
    rows = [f"{'':12s} seed   nine in ten monotone at step   monotone at the end   focus   CPU-seconds"]
    for (setting, seed), line in sorted(results().items()):
        end = f"{line['monotone'][-1]} of {COUNTS['validation']}"
        found = first_aligned(line) or f"not in {line['steps'][-1]}"
        rows.append(
            f"{setting:12s} {seed:4d} {found:>30} {end:>21s} {line['focus'][-1]:7.2f} {line['CPU-seconds']:13.0f}"
        )
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, all_runs(), run, "voices", same)
    print(as_text())


if __name__ == "__main__":
    main()
