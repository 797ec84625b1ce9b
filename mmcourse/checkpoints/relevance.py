"""How likely it is that something happens around a frame of a film: two logistic regressions, with and without sound.

    model = relevance.load("motion and sound")          # or "motion", for films without sound
    p = model(signals.observe(frames, sound))           # (T,), 0 to 1

    python -m mmcourse.checkpoints.relevance            trains, scores and writes it, in half a minute on one core

Training is that of `mmcourse.studies.summaries`, on the films of a seed that is none of the study's.
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.summaries.relevance import MODALITIES, Relevance

_PARTS = ("mean", "scale", "weights", "bias")


def load(modality="motion and sound"):
    """A `mmcourse.summaries.relevance.Relevance`. Raises ValueError if the file is damaged or the modality unknown."""
    if modality not in MODALITIES:
        raise ValueError(f"relevance: expected a modality of {MODALITIES}, came {modality!r}")
    arrays, _ = checkpoints.load("relevance")
    *parts, bias = (arrays[f"{modality}/{part}"].astype(float) for part in _PARTS)
    return Relevance(modality, *parts, float(bias))


def main(seed=4):
    from mmcourse.studies import summaries as study

    torch.set_num_threads(1)
    started = time.process_time()
    models = {modality: study.fitted(seed, modality) for modality in MODALITIES}
    seconds = round(time.process_time() - started, 1)
    path = Path(__file__).with_name("relevance.npz")
    np.savez_compressed(path, **{
        f"{modality}/{part}": np.asarray(getattr(model, part), np.float32)
        for modality, model in models.items() for part in _PARTS
    })  # fmt: skip
    card = {
        "command": "python -m mmcourse.checkpoints.relevance",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": seconds,
        "right and wrong on test films": {modality: scored(models[modality], seed) for modality in MODALITIES},
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf8")
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def scored(model, seed):
    """Of the shots of the test films: with and without an event, and in how many the probability exceeds one half."""
    from mmcourse.studies import summaries as study

    counts = {kind: {"shots": 0, "told as an event": 0} for kind in ("event", "still", "empty")}
    for x in study.seen("test", seed):
        p = model(x.signals)
        for shot in x.film.shots:
            counts[shot.kind]["shots"] += 1
            counts[shot.kind]["told as an event"] += bool(p[shot.start + 2 : shot.stop - 2].max() > 0.5)
    return counts


if __name__ == "__main__":
    main()
