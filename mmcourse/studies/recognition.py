"""Recognisers that are trained while you wait: digits from nothing, and a trained one tuned to a new voice.

    recogniser, found = digits("en", seed=0)       # error rate on the digit strings of unseen voices
    tuned, found = new_voice("en", seed=0)         # error rates on a whispering voice before and after 24 phrases

    python -m mmcourse.studies.recognition             runs what is missing, then prints the table
    python -m mmcourse.studies.recognition --again     runs everything anew, and says how many lines came out the same

All sounds ship with the course, so the same seed gives the same errors on one machine. One run is one line of
results/recognition.jsonl.
"""

import functools
import time

import numpy as np
import torch

from mmcourse.checkpoints import recogniser as checkpoint
from mmcourse.data import digit_strings, phrases
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, error_counts, over_seeds, rate_of_counts
from mmcourse.recognition import Alphabet, Recogniser, augment, fitting
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("recognition.jsonl")
NAMES = ("task", "language", "seed")
SEEDS = range(3)
STRINGS = {"train": 1000, "test": 200}
STEPS = {"digits": 600, "new voice": 150}
STRENGTH = 0.5  # of the augmentation, for the new voice


def digits(language, seed=0, steps=STEPS["digits"], progress=True):
    """A recogniser of digit strings from nothing, and its error rate on strings by timbres that it never heard.

    Returns (Recogniser, {"CPU-seconds", "error rate", "95 % interval", "exact"}); the test strings are always the same.
    """
    started = time.process_time()
    sounds, texts = digit_strings.draw(language, "train", STRINGS["train"], np.random.default_rng([seed, 1]))
    alphabet = Alphabet("0123456789")
    network = fitting.untrained(alphabet.classes, seed, strides=(2, 2))
    fitting.fit(network, alphabet, sounds, texts, steps, seed=seed, progress=progress)
    recogniser = Recogniser(network, alphabet)
    seconds = time.process_time() - started
    heard, said = digit_strings.draw(language, "test", STRINGS["test"], np.random.default_rng(0))
    counts = error_counts(said, recogniser.transcribe_all(heard), "characters")
    return recogniser, {"CPU-seconds": round(seconds, 1)} | _scores(counts)


def new_voice(language, seed=0, steps=STEPS["new voice"], progress=True):
    """The recogniser that ships, tuned to 24 phrases of a voice it does not know; tried on 24 others of that voice.

    Returns (Recogniser, {"CPU-seconds", "before", "after"}), the last two with the error rate and its interval.
    """
    clips, first = phrases.load(), checkpoint.load(language)
    heard, said = clips.recordings(language, "fine_tune_test")
    started = time.process_time()
    tuned = fitting.tuned(
        first, *clips.recordings(language, "fine_tune"), steps, augment=_change, seed=seed, progress=progress
    )
    found = {"CPU-seconds": round(time.process_time() - started, 1)}
    for name, recogniser in (("before", first), ("after", tuned)):
        found[name] = _scores(checkpoint.errors(language, said, recogniser.transcribe_all(heard)))
    return tuned, found


_change = functools.partial(augment.augmented, strength=STRENGTH)


def _scores(counts):
    interval = bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0))
    exact = float(np.mean(counts[:, :3].sum(1) == 0))
    return {"error rate": rate_of_counts(counts), "95 % interval": interval, "exact": exact}


def run(task, language, seed):
    _, found = {"digits": digits, "new voice": new_voice}[task](language, seed, progress=False)
    return {"task": task, "language": language, "seed": seed} | found


def results():
    """The lines kept so far, by (task, language, seed)."""
    return kept.read(RESULTS, *NAMES)


def as_text():
    """A row a task and language: mean error rates over the seeds with their interval, and CPU-seconds."""
    found, rows = results(), []
    for task in STEPS:
        for language in LANGUAGES:
            lines = [found[key] for key in found if key[:2] == (task, language)]
            seconds = f"{np.mean([line['CPU-seconds'] for line in lines]):5.0f} CPU-s"
            for name in ("error rate",) if task == "digits" else ("before", "after"):
                rates = [line[name] if task == "digits" else line[name]["error rate"] for line in lines]
                mean, low, high = over_seeds(rates)
                rows.append(f"{task:12s}{language:4s}{name:12s}{mean:6.3f} [{low:6.3f}, {high:6.3f}]{seconds:>14s}")
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    keys = [(task, language, seed) for task in STEPS for language in LANGUAGES for seed in SEEDS]
    kept.complete(RESULTS, NAMES, keys, run, "recognisers", lambda old, new: _errors(old) == _errors(new))
    print(as_text())


def _errors(line):
    return {name: value for name, value in line.items() if name != "CPU-seconds"}


if __name__ == "__main__":
    main()
