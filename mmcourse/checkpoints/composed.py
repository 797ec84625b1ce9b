"""A picture and a change in words to one query in the English space of `checkpoints.aligned`.

    space, compose = aligned.load("en"), composed.load()
    asked = compose(space.images(regions), ["like this , but at night"])        # (1, 128)

    python -m mmcourse.checkpoints.composed         trains, scores and writes it, in a minute on one core

Training is that of `mmcourse.studies.composed`, method "learned", seed 0.
"""

import hashlib
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.alignment.composed import Composer, Composition
from mmcourse.alignment.space import Reader
from mmcourse.captioning.words import Words
from mmcourse.checkpoints.aligned import write


def load():
    """The `Composition`, frozen. Raises ValueError if the file is damaged or of another model."""
    arrays, card = checkpoints.load("composed")
    words = Words([card["words"]])
    model = Composer(len(words))
    try:
        model.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint composed holds another model: {told} Try: {card['command']}") from mismatch
    return Composition(model.eval().requires_grad_(False), Reader(words, "en"))


def main():
    from mmcourse.studies import composed as study

    torch.set_num_threads(1)
    study.lessons()  # looked at and read before the clock starts
    started = time.process_time()
    trained = study.learned(0)
    seconds = round(time.process_time() - started, 1)
    path = Path(__file__).with_name("composed.npz")
    np.savez_compressed(path, **{n: t.numpy().astype(np.float16) for n, t in trained.model.state_dict().items()})
    card = {
        "command": "python -m mmcourse.checkpoints.composed",
        "seed": 0,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": seconds,
        "words": trained.reader.words.entries[3:],
    }
    write(path, card)
    write(path, card | {study.HELD_OUT: study.scored("learned", load()), study.FRESH: study.checked(load())})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


if __name__ == "__main__":
    main()
