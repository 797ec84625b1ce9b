"""Two readers of requests, English and Chinese, that were trained here on `mmcourse.data.requests`.

reader = understanding.load("en")
reader.read("how many cats are there")          # an `Understood`: intent "count", slots {"concept": "cat"}

python -m mmcourse.checkpoints.understanding        trains, scores and writes both, in a minute on one core
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.alignment.space import LANGUAGES
from mmcourse.data import requests
from mmcourse.dialogue import fitting, rules
from mmcourse.dialogue.frames import Lexicon, by_character, pieces
from mmcourse.dialogue.understanding import Understanding, Vocabulary, shapes
from mmcourse.metrics import paired_interval, wilson_interval

COMMAND = "python -m mmcourse.checkpoints.understanding"
EXAMPLES = 8000
TEST = 2000


def load(language):
    """The `Understanding` of a language. Raises ValueError for another language, a damaged file or another model."""
    if language not in LANGUAGES:
        raise ValueError(f"understanding: expected a language of {LANGUAGES}, came {language!r}")
    name = f"understanding_{language}"
    arrays, card = checkpoints.load(name)
    vocabulary = Vocabulary(card["words"])
    expected = shapes(len(vocabulary), len(card["tags"]), len(card["intents"]))
    if (came := {n: a.shape for n, a in arrays.items()}) != expected:
        raise ValueError(f"checkpoint {name} holds another model: expected {expected}, came {came}. "
                         f"Try: {card['command']}")  # fmt: skip
    return Understanding(arrays, vocabulary, card["intents"], card["tags"], Lexicon(card["meanings"], language),
                         card["takes"])  # fmt: skip


def lexicon(asked, language):
    """A `Lexicon` of what requests' words mean, collected from some requests with their slots."""
    meanings = {slot: {} for slot in requests.SLOTS}
    gap = " " if language == "en" else ""
    for request in asked:
        for slot, words in pieces(request.words, request.tags):
            meanings[slot][gap.join(words)] = request.slots[slot]
    nouns = meanings["concept"] | meanings["second"]
    return Lexicon(meanings | {"concept": nouns, "second": nouns}, language)


def takes(asked):
    """{intent: the slots that some requests have with it}."""
    return {i: sorted({slot for r in asked if r.intent == i for slot in r.slots}) for i in requests.INTENTS}


def example(request):
    """One `Request` as a `fitting.Example`: by words, or in Chinese by characters."""
    words, tags = request.words, request.tags
    if request.language == "zh":
        words, tags = by_character(words, tags)
    return fitting.Example(words, tags, request.intent)


def trained(language, seed=0, *, count=EXAMPLES, **options):
    """An `Understanding` trained on `count` requests of the training split."""
    asked = requests.load("train", language, count)
    chosen = [example(request) for request in asked]
    vocabulary = Vocabulary(word for e in chosen for word in e.words)
    network, _ = fitting.fit(chosen, vocabulary, requests.INTENTS, requests.TAGS, seed=seed, **options)
    return Understanding(network.eval().arrays(), vocabulary, requests.INTENTS, requests.TAGS,
                         lexicon(asked, language), takes(asked))  # fmt: skip


def exact(read, asked):
    """(N,) bool: which requests are understood, intent and all slots."""
    return np.array([read(request.text).frame == (request.intent, request.slots) for request in asked])


def scores(reader, language):
    """What the card says: exact frames on test requests, against the keyword rules, with 95 % intervals."""
    asked = requests.load("test", language, TEST)
    ours, theirs = exact(reader.read, asked), exact(rules.Rules.of(language, reader.lexicon).read, asked)
    found = {name: _share(hits) for name, hits in (("network", ours), ("keyword rules", theirs))}
    found["network minus rules, 95 % interval"] = paired_interval(ours, theirs, rng=np.random.default_rng(0))
    found["by intent"] = {
        intent: _share(hits)
        for intent in requests.INTENTS
        if len(hits := ours[[request.intent == intent for request in asked]])
    }
    return {"requests": len(asked), "different texts": len({r.text for r in asked})} | found


def _share(hits):
    return {"exact frames": round(float(hits.mean()), 4),
            "95 % interval": [round(x, 4) for x in wilson_interval(int(hits.sum()), len(hits))]}  # fmt: skip


def main(languages=LANGUAGES, seed=0):
    torch.set_num_threads(1)
    for language in languages:
        started = time.process_time()
        reader = trained(language, seed)
        seconds = round(time.process_time() - started, 1)
        path = Path(__file__).with_name(f"understanding_{language}.npz")
        np.savez_compressed(path, **{n: a.astype(np.float16) for n, a in reader.parameters.items()})
        card = {
            "command": f"{COMMAND} {language}",
            "seed": seed,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "CPU-seconds": seconds,
            "parameters": sum(a.size for a in reader.parameters.values()),
            "words": reader.vocabulary.entries[2:],
            "intents": reader.intents,
            "tags": reader.tags,
            "takes": reader.takes,
            "meanings": {slot: dict(sorted(texts.items())) for slot, texts in reader.lexicon.meanings.items()},
        }
        _write(path, card)
        _write(path, card | {"scores on test requests": scores(load(language), language)})


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(sys.argv[1:] or LANGUAGES)
