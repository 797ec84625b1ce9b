"""Finders of things in sticker scenes that are told in words what to look for, in English or in Chinese.

    finder = finder.load("en")
    finder.find(images[:1], ["the thing to the left of the dog"])       # [Finding(box=(4,), score=0.98)]

    python -m mmcourse.checkpoints.finder en        trains, scores and writes it, in two minutes on one core; also zh

It sees what the shipped detector sees, `mmcourse.checkpoints.detector`, so only the reading and the looking are here.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.alignment.space import LANGUAGES, Reader
from mmcourse.captioning.words import Words
from mmcourse.checkpoints import detector
from mmcourse.checkpoints.detector import FRESH, HELD_OUT
from mmcourse.data import prompts, scenes
from mmcourse.detection import prompted_fitting as fitting
from mmcourse.detection.prompted import Finder, FinderNetwork
from mmcourse.metrics import wilson_interval

SCENES = 4000  # of the training ones


def load(language):
    """The `Finder` of "en" or "zh", frozen. Raises ValueError if the file is damaged or of another model."""
    if language not in LANGUAGES:
        raise ValueError(f"finder: expected a language of {LANGUAGES}, came {language!r}")
    name = f"finder_{language}"
    arrays, card = checkpoints.load(name)
    seer, words = detector.load(), Words([card["words"]])
    network = FinderNetwork(len(words), seer.network.what.in_features)
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {name} holds another model: {told} Try: {card['command']}") from mismatch
    return Finder(seer, network.requires_grad_(False), Reader(words, language), card["threshold"])


def scores(finder, seed=0):
    """Of a finder on questions about 600 held-out scenes: {kind: [right, asked]}, and how it errs.

    "right" of a true prompt is a box with an IoU of at least 0.5; missed: a true prompt that was answered with none.
    False alarms: prompts that nothing answers and that got a box, by what was changed in a true one.
    seed: of `scenes.load` and of the questions.
    """
    test = scenes.load("test", seed=seed)
    asked = prompts.ask(test.records, np.random.default_rng(seed))
    found = finder.find(test.images[[q.scene for q in asked]], fitting.texts(asked, finder))
    right = fitting.correct(found, asked, test.records)
    there = np.array([q.answer is not None for q in asked])
    boxed = np.array([box is not None for box, _ in found])
    kinds, changes = (np.array([value or "" for value in values])
                      for values in ([q.prompt.kind for q in asked], [q.change for q in asked]))  # fmt: skip

    def share(hits, among):
        return [int((hits & among).sum()), int(among.sum())]

    return {
        "boxes": share(right, there),
        "95 % interval": [round(end, 4) for end in wilson_interval(*share(right, there))],
        "by kind": {kind: share(right, there & (kinds == kind)) for kind in prompts.KINDS},
        "missed": share(~boxed, there),
        "false alarms": share(boxed, ~there),
        "false alarms by change": {change: share(boxed, changes == change) for change in prompts.CHANGES},
    }


def main(language, seed=0):
    torch.set_num_threads(1)
    started, train = time.process_time(), scenes.load("train")
    finder = fitting.fit(detector.load(), train.images[:SCENES], train.records[:SCENES], language, seed=seed)
    seconds = round(time.process_time() - started)
    path = Path(__file__).with_name(f"finder_{language}.npz")
    np.savez_compressed(path, **{n: t.numpy().astype(np.float16) for n, t in finder.network.state_dict().items()})
    card = {
        "command": f"python -m mmcourse.checkpoints.finder {language}",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": seconds,
        "parameters": sum(p.numel() for p in finder.network.parameters()),
        "threshold": finder.threshold,
        "words": finder.reader.words.entries[3:],
    }
    _write(path, card)  # for `load`
    _write(path, card | {HELD_OUT: scores(load(language)), FRESH: scores(load(language), seed=1)})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(*sys.argv[1:])
