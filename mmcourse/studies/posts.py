"""Pictures of things with the words that came along: when to trust which?

    python -m mmcourse.studies.posts            runs what is missing, then prints the tables; safe to stop and repeat
    python -m mmcourse.studies.posts --again    runs everything anew, and says how many lines came out the same

    model = fit("gated", posts.load("train"), told=True)        # in seconds
    log_probabilities(model, posts.load("test", texts="misleading"))    # (N, V)

Every method learns from the same pictures and is tried on the same test pictures three times: with right texts, with
silent ones and with misleading ones. In training one text in five misleads, except where a title says otherwise. One
run is one line of results/posts.jsonl: method, seed, and what came out right by kind of text and quality of picture.
"""

import functools
import time
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from mmcourse.data import posts
from mmcourse.data.posts import KINDS, QUALITIES, THINGS
from mmcourse.fusion.models import FusionModel
from mmcourse.generation.words import Words
from mmcourse.metrics import wilson_interval
from mmcourse.saliency.scratch import rank_correlation
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.train import train

RESULTS = DIGITS.with_name("posts.jsonl")
NAMES = ("method", "seed")  # which tell one line from the others
SEEDS = range(3)
D, EPOCHS, RATE, BATCH = 48, 6, 4e-3, 100


class Method(NamedTuple):
    """joint: a name of `fusion.models.METHODS`. told: whether the model is also told the picture's quality.

    texts: of `posts.load`, to learn from.
    """

    joint: str
    told: bool = False
    texts: str | None = None


EXPERTS = "product of experts"  # of "image alone" and "text alone": nothing more is learned
METHODS = {
    "image alone": Method("image alone"),
    "text alone": Method("sound alone"),
    "concatenation, texts always right": Method("concatenation", texts="right"),
    "concatenation": Method("concatenation"),
    "concatenation, told the quality": Method("concatenation", told=True),
    "gated": Method("gated"),
    "gated, told the quality": Method("gated", told=True),
    "mixture of experts": Method("mixture of experts"),
    EXPERTS: None,
}
RUNS = [(method, seed) for method in METHODS for seed in SEEDS]


class See(nn.Module):
    """A small CNN: pictures (B, 3, 32, 32), −0.5 to 0.5, to features (B, D)."""

    def __init__(self, D):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1), nn.BatchNorm2d(48), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * 16, D),
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)


@functools.cache
def words():
    """All words that a post can hold."""
    names = [posts.CONCEPTS[thing].singular for thing in THINGS] + [w for _, both in posts.SORTS.values() for w in both]
    return Words.of([*names, *posts.SILENT, *(s.format("") for s in posts.SAYING)])


def tensors(data, told=False):
    """Pictures (N, 3, 32, 32), texts (N, W), present (N, 2), labels (N,): what `FusionModel` takes, and the truth.

    Texts are bags of words; with told the picture's quality stands beside them, one-hot.
    """
    texts = words().encode(data.texts)
    if told:
        texts = np.concatenate([texts, np.eye(QUALITIES, dtype=np.float32)[data.quality]], 1)
    images = torch.from_numpy(data.images).permute(0, 3, 1, 2) / 255 - 0.5
    return images, torch.from_numpy(texts), torch.ones(len(data), 2, dtype=torch.bool), torch.from_numpy(data.labels)


def fit(joint, data, seed=0, *, told=False, epochs=EPOCHS, rate=RATE, progress=False):
    """Train a `FusionModel` on posts; returns it in evaluation mode.

    joint: a name of `fusion.models.METHODS`, where texts stand in for the sound. rate: the highest of one cycle.
    """
    given = tensors(data, told)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        read = nn.Sequential(nn.Linear(given[1].shape[1], D), nn.ReLU(), nn.Linear(D, D))
        model = FusionModel(joint, See(D), read, len(THINGS), D=D)
    model.told = told
    optimiser = torch.optim.AdamW(model.parameters(), rate, weight_decay=0.05)
    steps = epochs * (len(data) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1)

    def loss(model, images, texts, present, labels):
        return nn.functional.nll_loss(model(images, texts, present), labels)

    train(model, given, loss, optimiser=optimiser, schedule=schedule, epochs=epochs, batch=BATCH, seed=seed,
          progress=progress)  # fmt: skip
    return model


@torch.inference_mode()
def log_probabilities(model, data):
    """What a model makes of posts: (N, V) float32, by the numbers of `THINGS`."""
    *given, _ = tensors(data, model.told)
    return model(*given).numpy()


def product_of_experts(see, read, prior=None):
    """Two verdicts multiplied: log probabilities (N, V) of the picture and of the text to those of both.

    Where, given the thing, the text does not depend on the picture, p(thing | both) is proportional to
    p(thing | picture) p(thing | text) / p(thing): nothing need be learned, if both verdicts are honest about how sure
    they are. prior (V,): log p(thing); all alike unless told otherwise.
    """
    both = see + read - (0 if prior is None else prior)
    top = both.max(1, keepdims=True)
    return both - top - np.log(np.exp(both - top).sum(1, keepdims=True))


@torch.inference_mode()
def gate(model, data):
    """How much a model listens to the picture, (N,), 0 to 1: of "gated" the mean over the D gates.

    Of "mixture of experts" it is the weight of the picture's verdict.
    """
    *given, _ = tensors(data, model.told)
    a, b = model.features(*given)
    both = torch.cat([a, b], -1)
    if model.method == "gated":
        return nn.functional.linear(both, model.joint["w_gate"]).sigmoid().mean(1).numpy()
    if model.method == "mixture of experts":
        return model.gates(both).softmax(-1)[:, 0].numpy()
    raise ValueError(f'gate: expected a model that is "gated" or a "mixture of experts", came {model.method!r}')


@functools.lru_cache(4)
def trained(method, seed):
    """(model, CPU-seconds)."""
    joint, told, texts = METHODS[method]
    data, started = posts.load("train", seed=seed, texts=texts), time.process_time()
    return fit(joint, data, seed, told=told), round(time.process_time() - started, 1)


@functools.cache
def tests():
    """{kind: test posts}, the same pictures for each."""
    return {kind: posts.load("test", texts=kind) for kind in KINDS}


def run(method, seed):
    line = {"method": method, "seed": seed}
    if method == EXPERTS:
        experts = [trained(name, seed)[0] for name in ("image alone", "text alone")]
        said = {k: product_of_experts(*(log_probabilities(m, data) for m in experts)) for k, data in tests().items()}
    else:
        model, line["CPU-seconds"] = trained(method, seed)
        line["parameters"] = sum(p.numel() for p in model.parameters())
        said = {k: log_probabilities(model, data) for k, data in tests().items()}
    line |= {kind: by_quality(said[kind], data) for kind, data in tests().items()}
    line["believed"] = int((said["misleading"].argmax(1) == tests()["misleading"].told).sum())
    if method in ("gated", "gated, told the quality", "mixture of experts"):
        line["gate"] = {kind: gates(model, data) for kind, data in tests().items()}
    return line


def by_quality(said, data):
    """How many come out right at each quality."""
    right = said.argmax(1) == data.labels
    return np.bincount(data.quality[right], minlength=QUALITIES).tolist()


def gates(model, data):
    """The gate's mean at each quality, and the rank correlation of gate and quality."""
    found = gate(model, data)
    means = [round(float(found[data.quality == q].mean()), 3) for q in range(QUALITIES)]
    return {"means": means, "correlation": round(rank_correlation(found, data.quality), 3)}


def results():
    """The lines kept so far, by (method, seed)."""
    return kept.read(RESULTS, *NAMES)


def lines(method):
    """The lines of one method, one a seed."""
    return [line for (name, _), line in results().items() if name == method]


def share(method, kind, quality=None):
    """Over the seeds: the share that comes out right, and its 95 % interval over posts (Wilson, of one seed's many).

    kind: of text. quality: of pictures, all unless told otherwise.
    """
    of = np.bincount(tests()[kind].quality, minlength=QUALITIES)
    which = slice(None) if quality is None else slice(quality, quality + 1)
    n = int(of[which].sum())
    mean = np.mean([sum(line[kind][which]) for line in lines(method)])
    return mean / n, wilson_interval(mean, n)


def mixed(method, mix=posts.MIX):
    """The share that comes out right where the kinds of text are mixed: {kind: parts}, as they come unless told."""
    return sum(parts * share(method, kind)[0] for kind, parts in mix.items()) / sum(mix.values())


def as_text():
    """The tables: means over the seeds."""
    head = "".join(f"{h:>11s}" for h in (*KINDS, "mixed", "believed"))
    rows = [f"{'right of the test posts, text':40s}{head}"]
    found = [method for method in METHODS if lines(method)]
    for method in found:
        believed = np.mean([line["believed"] for line in lines(method)]) / len(tests()["misleading"])
        shares = [*(share(method, kind)[0] for kind in KINDS), mixed(method), believed]
        rows.append(f"{method:40s}" + "".join(f"{s:11.3f}" for s in shares))
    for kind in KINDS:
        rows.append(f"{kind + ', by quality of the picture':40s}" + "".join(f"{q:11d}" for q in range(QUALITIES)))
        rows += [f"{m:40s}" + "".join(f"{share(m, kind, q)[0]:11.3f}" for q in range(QUALITIES)) for m in found]
    for method in found:
        for kind in KINDS if "gate" in lines(method)[0] else ():
            means = np.mean([line["gate"][kind]["means"] for line in lines(method)], 0)
            told = ", ".join(f"{line['gate'][kind]['correlation']:.2f}" for line in lines(method))
            rows.append(f"{'gate, ' + method + ', ' + kind:40s}" + "".join(f"{m:11.3f}" for m in means) + "   " + told)
    return "\n".join(rows)


def same(old, new):
    """Whether two lines agree but for the seconds."""
    return {**old, "CPU-seconds": 0} == {**new, "CPU-seconds": 0}


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "posts", same)
    print(as_text())


if __name__ == "__main__":
    main()
