"""The ear of the voice assistant: recognisers of spoken requests, English and Mandarin, and how sure they are.

    heard = request_recogniser.hear(sound, 8000, "en")        # Heard("how many apples are there", −0.04)
    recogniser = request_recogniser.load("en")                # a `mmcourse.recognition.Recogniser`
    recogniser.transcribe(sound, 8000, decode=request_recogniser.search("en"))

    python -m mmcourse.checkpoints.request_recogniser         trains, scores, writes both checkpoints, in ten minutes
    python -m mmcourse.checkpoints.request_recogniser zh      that of one language

Each is the recogniser of captions (`mmcourse.checkpoints.recogniser`) trained onward, with characters of its own, a
fifth of its recordings in noise. Training needs the speech engine once; loading and the language model do not.
"""

import functools
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.checkpoints import recogniser as captions
from mmcourse.checkpoints.recogniser import STRENGTH, STRIDES, UNIT, errors
from mmcourse.data import make_spoken_requests, requests, spoken_requests
from mmcourse.data.captions import LANGUAGES
from mmcourse.metrics import bootstrap_interval, rate_of_counts
from mmcourse.recognition import Alphabet, Network, Recogniser, augment, fitting
from mmcourse.speech import front_end
from mmcourse.speech.decoding import NGram, prefix_beam_search

STEPS = {"en": 2600, "zh": 2600}
RATE = 3e-3  # of learning, at most
CLIPS = 3500
NOISY_ONE_IN, RATIOS = 5, (8, 30)  # of the training recordings; decibels of speech above the noise
SENTENCES = 20000  # that the language model reads
ORDER, WIDTH = {"en": 8, "zh": 6}, 32  # a narrower beam loses words before the language model can save them
WEIGHT, BONUS = {"en": 0.5, "zh": 0.5}, {"en": 2.0, "zh": 3.0}  # chosen on validation recordings, as is ORDER
SURE = {"en": -1.2, "zh": -2.2}  # confidence of 19 in 20 right transcripts of validation is above it, of noise below


class Heard(NamedTuple):
    """text: what was understood, perhaps "".   confidence: up to 0, the higher the surer; −inf for ""."""

    text: str
    confidence: float


def load(language):
    """The `Recogniser` of a language, in evaluation mode.

    Raises ValueError for another language, or if the file is damaged, holds another model or does not fit its card.
    """
    return loaded(_name(language), STRIDES[language])


def loaded(name, strides):
    """The `Recogniser` of a checkpoint: its network's weights, and a card that names its characters."""
    arrays, card = checkpoints.load(name)
    alphabet = Alphabet(card["characters"])
    network = Network(alphabet.classes, strides)
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {name} holds another model: {told} Try: {card['command']}") from mismatch
    return Recogniser(network.requires_grad_(False), alphabet)


@functools.cache
def language_model(language):
    """An `NGram` of the characters of `sentences`, as numbers of the recogniser's alphabet."""
    alphabet = Alphabet(checkpoints.load(_name(language))[1]["characters"])
    return NGram(map(alphabet.encode, sentences(language)), ORDER[language], range(1, alphabet.classes))


@functools.cache
def sentences(language):
    """The texts that the language model learns from: all phrasings of training, about any things.

    From training requests alone it learns which things are never asked for there, and then hears none of them.
    """
    return tuple(request.text for request in requests.load_phrasings(language, SENTENCES))


def beam(language, log_probs):
    """The likeliest `Labelling`s of log-probabilities (T, C), best first: beam search with the `language_model`."""
    model = language_model(language)
    return prefix_beam_search(log_probs, WIDTH, language_model=model, weight=WEIGHT[language], bonus=BONUS[language])


def search(language):
    """A `decode` for `Recogniser.transcribe`: the best of the `beam`."""
    return lambda log_probs: beam(language, log_probs)[0].labels


def hear(sound, rate, language):
    """What is said in a sound (T,), and how sure that is: `Heard`.

    Raises ValueError, each time with what to try, for a sound that is no recording: see `front_end.checked`.
    """
    return hear_all([sound], rate, language)[0]


def hear_all(sounds, rate, language):
    """`hear` for several sounds: a list."""
    listener = _listener(_checked(language))
    found = []
    for log_probs in listener.read([front_end.checked(sound, rate) for sound in sounds]):
        best = beam(language, log_probs)[0]
        found.append(Heard(listener.alphabet.decode(best.labels), confidence(best, BONUS[language])))
    return found


def confidence(best, bonus):
    """How likely a text is to the network and to the language model: the score of a character, without its bonus.

    best: a `Labelling`; −inf where it holds nothing. A sum over all characters would make long requests look unsure.
    """
    return best.score / len(best.labels) - bonus if best.labels else -np.inf


def in_noise(sound, decibels, rng):
    """A sound (T,) over white noise so many decibels weaker, scaled to stay within ±0.9; float32."""
    noise = rng.standard_normal(len(sound), np.float32)
    noise *= np.sqrt(np.mean(sound**2)) * 10 ** (-decibels / 20)
    mixed = sound + noise
    return (mixed * (0.9 / np.abs(mixed).max())).astype(np.float32)


_listener = functools.cache(load)


def scores(language):
    """Error rates on the shipped spoken requests, greedy and searched, with 95 % intervals over clips."""
    clips = spoken_requests.load()
    sounds, texts = clips.recordings(language)
    voices = [clips.table[i]["voice"].partition("+")[2] for i in clips.of(language)]
    intents = [request.intent for request in clips.requests(language)]
    found = {}
    for name, decode in (("greedy", None), ("searched", search(language))):
        heard = load(language).transcribe_all(sounds, decode=decode)
        counts = errors(language, texts, heard)
        found[name] = {
            "error rate": rate_of_counts(counts),
            "95 % interval": bootstrap_interval(counts, rate_of_counts, rng=np.random.default_rng(0)),
            "exact": float(np.mean([h == t for h, t in zip(heard, texts, strict=True)])),
            "timbres": {v: rate_of_counts(counts[[w == v for w in voices]]) for v in sorted(set(voices))},
            "intents": {v: rate_of_counts(counts[[w == v for w in intents]]) for v in requests.INTENTS},
        }
    return found


def untrained(language, seed=0):
    """A `Recogniser` with all characters of the training requests and what the recogniser of captions knows."""
    alphabet = Alphabet.of(sentences(language))
    known = captions.load(language)
    network = fitting.untrained(alphabet.classes, seed, strides=STRIDES[language])
    state = {n: t.clone() for n, t in known.network.state_dict().items() if not n.startswith("head")}
    network.load_state_dict(state, strict=False)
    pairs = [(alphabet.encode(c)[0], known.alphabet.encode(c)[0]) for c in alphabet.characters if c in
             known.alphabet.characters]  # fmt: skip
    new, old = map(list, zip((0, 0), *pairs, strict=True))  # 0, the blank, is known, too
    with torch.no_grad():
        network.head.weight[new] = known.network.head.weight[old]
        network.head.bias[new] = known.network.head.bias[old]
    return Recogniser(network, alphabet)


def train(language, seed=0, progress=True):
    """A `Recogniser` trained on freshly spoken requests, some of them in noise."""
    sounds, texts = make_spoken_requests.training(language, CLIPS, progress=progress)
    begun = untrained(language, seed)

    def change(sound, rng):
        changed = augment.augmented(sound, rng, STRENGTH[language])
        return in_noise(changed, rng.uniform(*RATIOS), rng) if rng.integers(NOISY_ONE_IN) == 0 else changed

    return fitting.tuned(begun, sounds, texts, STEPS[language], rate=RATE, augment=change, seed=seed, progress=progress)


def main(languages=LANGUAGES, seed=0):
    torch.set_num_threads(1)
    for language in languages:
        started = time.process_time()
        trained = train(language, seed)
        path = Path(__file__).with_name(f"{_name(language)}.npz")
        state = trained.network.state_dict()
        np.savez_compressed(path, **{n: t.numpy().astype(np.float16) for n, t in state.items()})
        card = {
            "command": "python -m mmcourse.checkpoints.request_recogniser",
            "seed": seed,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "CPU-seconds": round(time.process_time() - started),
            "parameters": sum(t.numel() for t in state.values()),
            "characters": trained.alphabet.characters,
            "errors in": UNIT[language],
        }
        _write(path, card)  # for `load`
        card["scores"] = scores(language)
        _write(path, card)
        print(language, json.dumps(card["scores"], indent=1))


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


def _name(language):
    return f"request_recogniser_{_checked(language)}"


def _checked(language):
    if language not in LANGUAGES:
        raise ValueError(f"request_recogniser: expected one of the languages {LANGUAGES}, came {language!r}")
    return language


if __name__ == "__main__":
    main(sys.argv[1:] or LANGUAGES)
