"""Does a Grad-CAM map lie on the thing that it was asked about, and does it depend on what the network learned?

    python -m mmcourse.studies.saliency         prints both answers, in seconds

On sticker scenes the boxes are known, so a map can be wrong. The network is the course's own, `checkpoints.nouns`; each
thing of a test scene that the network names is asked about. The second question is the sanity check of Adebayo et al.
2018: where layers lose what they learned, the maps must change.
"""

from typing import NamedTuple

import numpy as np
import torch

from mmcourse.checkpoints import nouns
from mmcourse.data import photos, scenes
from mmcourse.data.concepts import CONCEPTS
from mmcourse.metrics import points_inside, share_inside, wilson_interval
from mmcourse.metrics.pointing import regions_inside
from mmcourse.pretrained import efficientnet_lite0, imagenet
from mmcourse.saliency.pytorch import grad_cam, grad_cam_of, rank_correlation, recorded, shuffled

HEADS = {"nouns": ["classifier"], "efficientnet_lite0": ["_fc"]}
DEEPER = {"nouns": ["classifier", "features.12"], "efficientnet_lite0": ["_fc", "_conv_head"]}


class Change(NamedTuple):
    """correlation: mean of the maps' rank correlations; least, largest: of the seeds' means.

    empty: the share of maps in which, after the weights were shuffled, no place speaks for the class any more. Such a
    map orders nothing, and counts with correlation 0.
    """

    correlation: float
    least: float
    largest: float
    empty: float


def asked(count=600, network=None):
    """(images, classes, boxes, whether there is another thing), one row a thing that the network names in its scene.

    images (N, 64, 64, 3) uint8, classes (N,) int in the order of CONCEPTS, boxes N lists of those of that thing.
    """
    network, data, order = nouns.load() if network is None else network, scenes.load("test", 600), tuple(CONCEPTS)
    with torch.inference_mode():
        named = (network(nouns.pixels(data.images[:count])) > 0).numpy()
    rows = [
        (i, order.index(concept), [t.box for t in record.objects if t.concept == concept])
        for i, record in enumerate(data.records[:count])
        for concept in dict.fromkeys(thing.concept for thing in record.objects)
        if named[i, order.index(concept)]
    ]
    pictures, classes, boxes = zip(*rows, strict=True)
    pair = np.array([data.records[i].kind == "pair" for i in pictures])
    return data.images[list(pictures)], np.array(classes), boxes, pair


def maps(network, images, classes, part=100):
    """Grad-CAM of `nouns` at its 8 × 8 grid: {"Grad-CAM": (N, 8, 8), "activity": (N, 8, 8)}.

    "activity" is the sum of all channels, the same for every class: what a map is that listens to no class.
    """
    found = {"Grad-CAM": [], "activity": []}
    for i in range(0, len(images), part):
        x = nouns.pixels(images[i : i + part])
        activations, gradients, _ = recorded(network, x, classes[i : i + part], network.features)
        found["Grad-CAM"].append(grad_cam(activations, gradients))
        found["activity"].append(activations.sum(1))
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}


def pointing(count=600, network=None):
    """How often the highest place of a map lies in a box of the thing asked about, by method and kind of scene.

    {(method, kind): (share, (low, high), things)}, with "chance" the share of all places that lie in such a box, and
    "share inside" how much of Grad-CAM lies there. Kinds: "count", "pair" (where another thing stands by), "all".
    network: of `nouns`, which draws the maps; what is asked about is always what the trained network names.
    """
    images, classes, boxes, pair = asked(count)
    network = nouns.load() if network is None else network
    drawn, found = maps(network, images, classes), {}
    hits = {name: np.array([points_inside(m, b) for m, b in zip(part, boxes, strict=True)])
            for name, part in drawn.items()}  # fmt: skip
    area = np.array([regions_inside((8, 8), b).mean() for b in boxes])
    inside = np.array([share_inside(m, b) if m.any() else 0.0 for m, b in zip(drawn["Grad-CAM"], boxes, strict=True)])
    for kind, of in {"all": pair | ~pair, "count": ~pair, "pair": pair}.items():
        for name, right in hits.items():
            n = int(of.sum())
            found[name, kind] = right[of].mean(), wilson_interval(int(right[of].sum()), n), n
        found["chance", kind] = area[of].mean(), None, n
        found["share inside", kind] = inside[of].mean(), None, n
    return found


def sanity(layers="head", seeds=range(3), count=100):
    """Rank correlation of Grad-CAM maps before and after weights are shuffled, {network: a `Change`}.

    layers: "head", the last layer alone, or "deeper", the one before it too. `nouns` looks at `count` sticker scenes,
    EfficientNet-Lite0 at all photographs, asked about the class that it gives them.
    """
    which = {"head": HEADS, "deeper": DEEPER}[layers]
    images, classes, _, _ = asked(count)
    own, big = nouns.load(), efficientnet_lite0.load()
    pictures = np.stack([imagenet.prepared(photos.load(name)) for name in photos.names()])
    x = efficientnet_lite0._pixels(torch.from_numpy(pictures))
    cases = {
        "nouns": (own, nouns.pixels(images), torch.from_numpy(classes), lambda network: network.features),
        "efficientnet_lite0": (big, x, big(x).argmax(1), lambda network: network._blocks[-1]),
    }
    return {name: _changed(*case, which[name], seeds) for name, case in cases.items()}


def _changed(network, x, classes, layer, names, seeds):
    before = grad_cam_of(network, x, classes, layer(network)).numpy()
    alike, empty = [], []
    for seed in seeds:
        other = shuffled(network, names, seed)
        after = grad_cam_of(other, x, classes, layer(other)).numpy()
        alike.append(np.mean([rank_correlation(a, b) for a, b in zip(before, after, strict=True)]))
        empty.append((after.max((1, 2)) == 0).mean())
    return Change(float(np.mean(alike)), float(min(alike)), float(max(alike)), float(np.mean(empty)))


def as_text():
    rows = [f"{'the highest place lies in the thing asked about':48s}{'all':>8s}{'count':>8s}{'pair':>8s}"]
    found = pointing()
    for name in dict.fromkeys(name for name, _ in found):
        rows.append(f"{name:48s}" + "".join(f"{found[name, kind][0]:8.3f}" for kind in ("all", "count", "pair")))
    rows.append("rank correlation of maps before and after weights were shuffled")
    for layers in ("head", "deeper"):
        for name, c in sanity(layers).items():
            told = f"{c.correlation:8.3f}   ({c.least:.3f} to {c.largest:.3f}), {c.empty:.0%} of the maps are empty"
            rows.append(f"{layers + ', ' + name:48s}{told}")
    return "\n".join(rows)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(as_text())
