"""One space for sticker scenes and their captions: an image tower and a text tower, in English or in Chinese.

    space = aligned.load("en")
    u = space.images(features.extract(images).regions)      # (N, 128), rows of length 1
    v = space.texts(["two small cats on the grass"])        # (1, 128)

    python -m mmcourse.checkpoints.aligned en       trains, scores and writes it, in two minutes on one core; also zh

Training is that of `mmcourse.studies.retrieval`, setting `BEST`.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.alignment.space import LANGUAGES, Reader, Space
from mmcourse.alignment.towers import Aligned, ImageTower, TextTower
from mmcourse.captioning.words import Standard, Words
from mmcourse.metrics import wilson_interval


def load(language):
    """The `Space` of "en" or "zh", its towers frozen. Raises ValueError if the file is damaged or of another model."""
    if language not in LANGUAGES:
        raise ValueError(f"aligned: expected a language of {LANGUAGES}, came {language!r}")
    name = f"aligned_{language}"
    arrays, card = checkpoints.load(name)
    words, standard = Words([card["words"]]), Standard(arrays.pop("mean"), arrays.pop("std"))
    model = Aligned(ImageTower(len(standard.mean)), TextTower(len(words)))
    try:
        model.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {name} holds another model: {told} Try: {card['command']}") from mismatch
    return Space(model.eval().requires_grad_(False), Reader(words, language), standard)


def main(language, seed=0):
    from mmcourse.studies import retrieval as study

    torch.set_num_threads(1)
    space, started = study.untrained(language, seed, **study.FIXED), time.process_time()
    study.train(space, language, seed)
    seconds = round(time.process_time() - started, 1)
    arrays = {n: t.numpy().astype(np.float16) for n, t in space.model.state_dict().items()}
    path = Path(__file__).with_name(f"aligned_{language}.npz")
    np.savez_compressed(path, **arrays, mean=space.standard.mean, std=space.standard.std)
    card = {
        "command": f"python -m mmcourse.checkpoints.aligned {language}",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": seconds,
        "words": space.reader.words.entries[3:],
    }
    write(path, card)
    write(path, card | {"scores on held-out scenes": scored(load(language), language)})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def scored(space, language):
    """What the study measures of a space, and intervals."""
    from mmcourse.studies import retrieval as study

    scores = study.scores(*study.embedded(space, language), language, space.texts)
    scores["95 % intervals of R@1"] = {
        way: [round(end, 4) for end in wilson_interval(scores[way]["1"], scores[way]["queries"])]
        for way in ("image to text", "text to image")
    }
    return scores


def write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main(*sys.argv[1:])
