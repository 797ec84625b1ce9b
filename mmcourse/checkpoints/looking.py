"""An attention-LSTM that was trained here to write English captions, and whose attention can be looked at.

    model, words, standard = looking.load()
    regions = placed(features.extract(images).regions, standard)
    (logits, weights), _ = scratch.attention_decoder(regions, read, **model.arrays())

    python -m mmcourse.checkpoints.looking      trains, scores and writes the checkpoint, in some minutes on one core

It looks at EfficientNet-Lite0's regions; training is that of `mmcourse.studies.captions`, twice as long.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.captioning.models import Captioner
from mmcourse.captioning.words import Standard, Words
from mmcourse.metrics import wilson_interval

STEPS = 800
SIZES = {"I": 128, "H": 256, "A": 64}


def load():
    """(Captioner in evaluation mode, its `Words`, the `Standard` of its regions).

    Raises ValueError if the file is damaged, holds another model, or does not fit the vocabulary on its card.
    """
    arrays, card = checkpoints.load("looking")
    words = Words([card["words"]])
    standard = Standard(arrays.pop("mean"), arrays.pop("std"))
    if len(arrays["table"]) != len(words):
        raise ValueError(
            f"checkpoint looking: expected a row for each of {len(words)} entries, came {len(arrays['table'])}. "
            f"Try: {card['command']}"
        )
    model = Captioner("attention", np.random.default_rng(0), V=len(words), D=arrays["w_h"].shape[1], **SIZES)
    try:
        model.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint looking holds another model: {told} Try: {card['command']}") from mismatch
    return model.eval().requires_grad_(False), words, standard


def main(seed=0):
    from mmcourse.studies import captions as study

    torch.set_num_threads(1)
    task = study.task("en")
    model, _ = study.fit("attention", task, seed, steps=STEPS)
    scale = study.scale()
    arrays = {n: a.astype(np.float16) for n, a in model.arrays().items()} | {"mean": scale.mean, "std": scale.std}
    path = Path(__file__).with_name("looking.npz")
    np.savez_compressed(path, **arrays)
    card = {
        "command": "python -m mmcourse.checkpoints.looking",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "words": list(task.words.entries[3:]),
    }
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")
    written = study.write(load()[0], "attention", task.regions["test"], task.words)
    right = sum(w == t for w, t in zip(written, task.captions["test"], strict=True))
    card["scores on held-out scenes"] = study.scores(written, task.captions["test"])
    card["exact, 95 % interval"] = wilson_interval(right, len(written))
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")
    print(card["scores on held-out scenes"])


if __name__ == "__main__":
    main()
