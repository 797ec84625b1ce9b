"""A detector of the things in sticker scenes, trained from nothing: boxes and names, without anchors.

detector = detector.load()                      # a `mmcourse.detection.detector.Detector`
found = detector(images)                        # one Detections an image: boxes, scores, labels

python -m mmcourse.checkpoints.detector         trains, scores and writes it, in two minutes on one core
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.data import scenes
from mmcourse.data.concepts import BACKGROUNDS
from mmcourse.detection import fitting
from mmcourse.detection.detector import LEAST, SHOWN, Detector
from mmcourse.detection.network import Network
from mmcourse.metrics import bootstrap_interval
from mmcourse.metrics.detection import average_precision_of_matches, detection_matches

STEPS = 500
HELD_OUT = "scores on held-out scenes"  # a card's two entries: steps and rates were chosen with these in sight,
FRESH = "scores on fresh scenes"  # and these, of another seed, were looked at once, when all was done


def load():
    """The `Detector`, frozen. Raises ValueError if the file is damaged or holds another model."""
    arrays, card = checkpoints.load("detector")
    network = Network(len(card["classes"]))
    try:
        network.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint detector holds another model: {told} Try: {card['command']}") from mismatch
    return Detector(network.requires_grad_(False), card["classes"])


def empty(count, seed=0):
    """Pictures of nothing: (count, 64, 64, 3) uint8, backgrounds of the world, each a little brighter or darker."""
    rng = np.random.default_rng(seed)
    colours = np.array([background.colour for background in BACKGROUNDS.values()])
    shown = colours[np.arange(count) % len(colours)] + rng.integers(-8, 9, (count, 1))
    return np.tile(shown[:, None, None].astype(np.uint8), (1, scenes.SIDE, scenes.SIDE, 1))


def scores(detector, seed=0, resamples=200):
    """Of a detector on 600 held-out scenes, with 95 % intervals over scenes; and on 100 pictures of nothing.

    seed: of `scenes.load` and of the pictures.
    """
    test = scenes.load("test", seed=seed)
    truths = detector.truths(test.records)
    matches = detection_matches(detector(test.images, LEAST), truths)
    found, shown = average_precision_of_matches(matches), detector(test.images)
    card = {}
    for name in ("ap", "ap50"):
        ends = bootstrap_interval(
            np.arange(len(truths)),
            lambda drawn, name=name: getattr(average_precision_of_matches(matches, drawn), name),
            rng=np.random.default_rng(0),
            resamples=resamples,
        )
        card[name] = {"value": round(getattr(found, name), 4), "95 % interval": [round(end, 4) for end in ends]}
    return card | {
        "things": sum(len(t.labels) for t in truths),
        f"found at {SHOWN}": sum(len(d.labels) for d in shown),
        "found in 100 pictures of nothing": sum(len(d.labels) for d in detector(empty(100, seed), LEAST)),
    }


def main(seed=0, steps=None):
    torch.set_num_threads(1)
    started, train = time.process_time(), scenes.load("train")
    detector = fitting.fit(train.images, train.records, steps or STEPS, seed=seed)
    seconds = round(time.process_time() - started)
    state = detector.network.state_dict()
    path = Path(__file__).with_name("detector.npz")
    np.savez_compressed(path, **{n: t.contiguous().numpy().astype(np.float16) for n, t in state.items()})
    card = {
        "command": "python -m mmcourse.checkpoints.detector",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": seconds,
        "parameters": sum(p.numel() for p in detector.network.parameters()),
        "classes": detector.classes,
    }
    _write(path, card)  # for `load`
    _write(path, card | {HELD_OUT: scores(load()), FRESH: scores(load(), seed=1)})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def _write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
