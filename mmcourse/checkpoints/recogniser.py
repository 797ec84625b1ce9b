"""Recognisers of spoken scene captions, English and Mandarin, trained here on synthetic voices.

    recogniser = recogniser.load("en")                        # a `mmcourse.recognition.Recogniser`
    recogniser.transcribe(sound, 8000)                        # each frame by itself: what was heard
    recogniser.transcribe(sound, 8000, decode=recogniser.search("en"))      # beam search with a language model

    python -m mmcourse.checkpoints.recogniser         trains, scores and writes both checkpoints, in some ten minutes
    python -m mmcourse.checkpoints.recogniser zh      that of one language

Training needs the speech engine once; loading and the language model do not. `make_phrases.training` makes its clips.
"""

import functools
import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.data import make_phrases, phrases
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, error_counts, rate_of_counts
from mmcourse.recognition import Alphabet, Network, Recogniser, augment, fitting
from mmcourse.speech.decoding import NGram, prefix_beam_search

STRIDES = {"en": (2, 1), "zh": (2, 2)}  # letters come faster than syllables
STEPS = {"en": 2500, "zh": 4000}
CLIPS = 3000
STRENGTH = {"en": 1.0, "zh": 0.5}  # of the augmentation
UNIT = {"en": "words", "zh": "characters"}  # that errors are counted in
ORDER, WIDTH, WEIGHT, BONUS = 6, 8, 0.6, 1.0  # of the search; tried on other recordings than the shipped ones


def load(language):
    """The `Recogniser` of a language, in evaluation mode.

    Raises ValueError for another language, or if the file is damaged, holds another model or does not fit its card.
    """
    name = _name(language)
    arrays, card = checkpoints.load(name)
    alphabet = Alphabet(card["characters"])
    network = Network(alphabet.classes, STRIDES[language])
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {name} holds another model: {told} Try: {card['command']}") from mismatch
    return Recogniser(network.requires_grad_(False), alphabet)


@functools.cache
def language_model(language):
    """An `NGram` of the characters of the training captions, as numbers of the recogniser's alphabet."""
    alphabet = Alphabet(checkpoints.load(_name(language))[1]["characters"])
    texts = [take["text"] for take in make_phrases.training_takes(language, CLIPS)]
    return NGram(map(alphabet.encode, texts), ORDER, range(1, alphabet.classes))


def search(language):
    """A `decode` for `Recogniser.transcribe`: beam search with the `language_model`."""
    model = language_model(language)
    return lambda y: prefix_beam_search(y, WIDTH, language_model=model, weight=WEIGHT, bonus=BONUS)[0].labels


def errors(language, texts, heard):
    """`error_counts` (N, 4) in the unit of a language: words of English, characters of Chinese."""
    return error_counts(texts, heard, UNIT[_checked(language)])


def scores(recogniser, language, split):
    """Error rates on a split of the shipped phrases, greedy and searched, with 95 % intervals over clips."""
    clips = phrases.load()
    sounds, texts = clips.recordings(language, split)
    voices = [clips.table[i]["voice"].partition("+")[2] for i in clips.of(language, split)]
    found = {}
    for name, decode in (("greedy", None), ("searched", search(language))):
        heard = recogniser.transcribe_all(sounds, decode=decode)
        counts = errors(language, texts, heard)
        found[name] = {
            "error rate": rate_of_counts(counts),
            "95 % interval": bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0)),
            "exact": float(np.mean([h == t for h, t in zip(heard, texts, strict=True)])),
            "timbres": {v: rate_of_counts(counts[[w == v for w in voices]]) for v in sorted(set(voices))},
        }
    return found


def train(language, seed=0, progress=True):
    """A `Recogniser` trained on freshly spoken phrases."""
    sounds, texts = make_phrases.training(language, CLIPS, progress=progress)
    alphabet = Alphabet.of(texts)
    network = fitting.untrained(alphabet.classes, seed, strides=STRIDES[language])
    change = functools.partial(augment.augmented, strength=STRENGTH[language])
    fitting.fit(network, alphabet, sounds, texts, STEPS[language], augment=change, seed=seed, progress=progress)
    return Recogniser(network, alphabet)


def main(languages=LANGUAGES, seed=0):
    torch.set_num_threads(1)
    for language in languages:
        started = time.process_time()
        trained = train(language, seed)
        path = Path(__file__).with_name(f"{_name(language)}.npz")
        state = trained.network.state_dict()
        np.savez_compressed(path, **{n: t.numpy().astype(np.float16) for n, t in state.items()})
        card = {
            "command": "python -m mmcourse.checkpoints.recogniser",
            "seed": seed,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "CPU-seconds": round(time.process_time() - started),
            "parameters": sum(t.numel() for t in state.values()),
            "characters": trained.alphabet.characters,
            "errors in": UNIT[language],
        }
        _write(path, card)  # for `load`
        heard = [split for split in phrases.SPLITS if split != "fine_tune"]
        card["scores"] = {split: scores(load(language), language, split) for split in heard}
        _write(path, card)
        print(language, json.dumps(card["scores"], indent=1))


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


def _name(language):
    return f"recogniser_{_checked(language)}"


def _checked(language):
    if language not in LANGUAGES:
        raise ValueError(f"recogniser: expected one of the languages {LANGUAGES}, came {language!r}")
    return language


if __name__ == "__main__":
    main(sys.argv[1:] or LANGUAGES)
