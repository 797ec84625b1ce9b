"""A painter of every concept on every background: a conditional VAE, trained longer than a notebook can wait.

    images = painter.load().draw(["a rocket at night"], np.random.default_rng(0))       # (1, 32, 32, 3) uint8

    python -m mmcourse.checkpoints.painter      trains, scores and writes the checkpoint, in some ten minutes
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints, generation
from mmcourse.checkpoints import judge
from mmcourse.data import portraits
from mmcourse.generation.vae import VAE
from mmcourse.generation.words import Words

KIND, STEPS, PICTURES = "vae", 6000, 12800
EACH = 10  # drawn pictures of each pair, for the card


def words():
    """The words of all captions: of every concept and background."""
    return Words.of(portraits.caption(*pair) for pair in portraits.pairs(portraits.FULL))


def load():
    """The `generation.Painter` that ships with the course.

    Raises ValueError if the file is damaged, or was trained for other words or another network than the course has now.
    """
    arrays, card = checkpoints.load("painter")
    return _painter(arrays, card)


def _painter(arrays, card):
    known, advice = words(), f"Make it anew with: {card['command']}"
    if known.words != tuple(card["words"]):
        differ = sorted(set(known.words) ^ set(card["words"])) or "their order"
        raise ValueError(f"checkpoint painter was trained for other words; these differ: {differ}. {advice}")
    network = VAE(len(known))
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint painter holds another network: {told} {advice}") from mismatch
    return generation.Painter(KIND, known, network.to(memory_format=torch.channels_last), (), card["CPU-seconds"])


def score(painter, held_out, seed=0):
    """How many drawn pictures the judge names as asked, `EACH` of every pair of one split; for a card."""
    asked = portraits.pairs(portraits.FULL, held_out) * EACH
    drawn = painter.draw([portraits.caption(*pair) for pair in asked], np.random.default_rng([seed, int(held_out)]))
    return judge.score(judge.load().name(drawn), asked)


def main(seed=0):
    torch.set_num_threads(1)
    fitted = generation.fit(KIND, portraits.load("train", portraits.FULL, PICTURES), STEPS, seed)
    path = Path(__file__).with_name("painter.npz")
    np.savez_compressed(path, **{n: a.numpy().astype(np.float16) for n, a in fitted.network.state_dict().items()})
    card = {
        "command": "python -m mmcourse.checkpoints.painter",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": round(fitted.seconds),
        "parameters": fitted.parameters,
        "words": fitted.words.words,
    }
    path.with_suffix(".json").write_text(json.dumps(card) + "\n", encoding="utf8")  # for `load`
    for split, held_out in (("pairs seen in training", False), ("held-out pairs", True)):
        card[split] = score(load(), held_out, seed)
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf8")
    print(json.dumps({n: v for n, v in card.items() if n != "words"}, indent=1))


if __name__ == "__main__":
    main()
