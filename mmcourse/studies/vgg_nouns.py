"""A narrow VGG-16 learns to name what sticker scenes show.

    python -m mmcourse.studies.vgg_nouns        trains for some four minutes on one core, and keeps the scores

An eighth of the paper's channels, with batch normalisation and without dropout, on the task of
`mmcourse.checkpoints.nouns`. The scores are kept in results/vgg_nouns.json; the weights in the cache, where `trained()`
finds them.
"""

import inspect
import json

import torch

from mmcourse.checkpoints import nouns
from mmcourse.data import cache, scenes
from mmcourse.data.concepts import CONCEPTS
from mmcourse.studies.digits import RESULTS
from mmcourse.vision import vgg

SCORES = RESULTS.with_name("vgg_nouns.json")
WIDTH, EPOCHS, RATE = 1 / 8, 10, 4e-3


def untrained(seed=0):
    """The network before it learns; the seed draws its weights."""
    generator = torch.Generator().manual_seed(seed)
    model = vgg.vgg16(WIDTH, len(CONCEPTS), batch_norm=True, dropout=0.0, generator=generator)
    torch.nn.init.constant_(model.classifier[-1].bias, -4.0)  # a noun is rare: the first steps need not learn that
    return model


def train(data, epochs=EPOCHS, seed=0, progress=True):
    """Train it on scenes; returns (model, history, CPU-seconds)."""
    model = untrained(seed)
    return model, *nouns.fit(model, vgg.pixels, data, epochs, RATE, seed, progress)


def trained(seed=0):
    """The trained network, from the cache or trained now; (model in evaluation mode, CPU-seconds of its training)."""
    data, model = scenes.load("train"), untrained(seed)
    shapes = {n: tuple(t.shape) for n, t in model.state_dict().items()}

    def make():
        fitted, _, seconds = train(data, seed=seed)
        return {n: t.contiguous().numpy() for n, t in fitted.state_dict().items()}, round(seconds)

    def check(arrays, seconds):
        if {n: a.shape for n, a in arrays.items()} != shapes:
            raise ValueError("it holds another network")

    sources = (inspect.getsource(part) for part in (nouns.fit, vgg))
    stamp = cache.fingerprint(data.images.tobytes(), repr((WIDTH, EPOCHS, RATE)), *sources)
    arrays, seconds = cache.cached(f"vgg-nouns-{seed}", stamp, make, check)
    model.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    return model.eval().requires_grad_(False), seconds


def main():
    torch.set_num_threads(1)
    model, seconds = trained()
    scores = {
        "command": "python -m mmcourse.studies.vgg_nouns",
        "seed": 0,
        "parameters": sum(p.numel() for p in model.parameters()),
        "CPU-seconds": seconds,
        "all nouns right on held-out scenes": nouns.score(model, vgg.pixels, scenes.load("test")),
    }
    SCORES.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf8")
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
