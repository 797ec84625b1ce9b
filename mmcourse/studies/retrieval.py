"""Retrieval of compositions that were never seen, both ways: what the towers need, and what the space can do.

    python -m mmcourse.studies.retrieval             runs what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.retrieval --again     runs everything anew, and says how many lines came out the same

Every space is trained on 4,000 scenes, and 600 test scenes and their captions look for each other. One run is one line
of results/retrieval.jsonl, a function of setting, language and seed but for its CPU-seconds.
"""

import functools
import time

import numpy as np
import torch

from mmcourse.alignment import fitting, negatives
from mmcourse.alignment.scratch import cca, modality_gap, normalise
from mmcourse.alignment.space import Reader, Space, standardised
from mmcourse.alignment.towers import Aligned, ImageTower, SentenceTower, TextTower
from mmcourse.alignment.zero_shot import class_vectors, nearest_prompt, prompts, zero_shot
from mmcourse.data import scenes
from mmcourse.data.captions import LANGUAGES, caption
from mmcourse.data.concepts import CONCEPTS
from mmcourse.generation.words import Sentences, Words
from mmcourse.metrics import median_rank, ranks, wilson_interval
from mmcourse.studies import kept
from mmcourse.studies.captions import COUNTS, regions, scale
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("retrieval.jsonl")
NAMES = ("setting", "language", "seed")  # which tell one line from the others
EXAMPLES = fitting.STEPS * fitting.BATCH  # seen in training, whatever the batch
UNSEEN = tuple(CONCEPTS)[4::5]  # twelve nouns, in no training scene of "unseen nouns"
FIXED = {"scale": 1 / 0.07, "learned": False}  # a temperature that does not learn
BEST = "hard negatives, temperature 0.07"
SETTINGS = {  # what differs from two towers that are trained with hard negatives and learn their temperature
    BEST: FIXED,
    "hard negatives": {},
    "no hard negatives": {"nearly": False},
    "batch 16": {"nearly": False, "batch": 16},
    "batch 64": {"nearly": False, "batch": 64},
    "batch 256": {"nearly": False, "batch": 256},
    "temperature 1": {"nearly": False, "scale": 1.0, "learned": False},
    "temperature 0.07": {"nearly": False, **FIXED},
    "places averaged": {"places": False},
    "sentence encoder": {"sentences": True},
    "sentence encoder, no hard negatives": {"sentences": True, "nearly": False},
    "unseen nouns": {"without": UNSEEN},
    "unseen nouns, sentence encoder": {"without": UNSEEN, "sentences": True},
}
SEEDS_OF = {BEST: range(3), "hard negatives": range(2), "no hard negatives": range(2)}  # and these in both languages
RUNS = [("CCA", "en", 0)] + [
    (setting, language, seed)
    for setting in SETTINGS
    for language in (LANGUAGES if setting in SEEDS_OF else ("en",))
    for seed in SEEDS_OF.get(setting, range(1))
]


def records(split):
    return scenes.load(split, COUNTS[split]).records


def captions(split, language):
    """The true captions of a split, as texts."""
    return [record.caption(language).text for record in records(split)]


@functools.cache
def nearly_right(split, language):
    """For each scene of a split, {kind: texts that are nearly right for it}."""
    return [negatives.texts(negatives.composition(record), language) for record in records(split)]


@functools.cache
def hard(language, without=()):
    """For each training scene, the texts that are nearly right, and four with another thing, one not in `without`."""
    rng = np.random.default_rng(0)
    shown = [negatives.composition(record) for record in records("train")]
    things = [[caption(c, language).text for c in negatives.others(s, rng, without=without)] for s in shown]
    return [[t for texts in few.values() for t in texts] + more
            for few, more in zip(nearly_right("train", language), things, strict=True)]  # fmt: skip


@functools.cache
def seen(split):
    """Standardised regions of the scenes of a split, (N, R, C) float32."""
    return standardised(regions(split), scale())


@functools.cache
def encoder():
    """{text: what the frozen sentence encoder makes of it}, standardised over the training captions, as `Sentences`."""
    from mmcourse.pretrained import sentence_encoder

    vectors = {}

    def encode(texts):
        new = sorted(set(texts) - set(vectors))
        vectors.update(zip(new, sentence_encoder.encode(new) if new else (), strict=True))
        return np.stack([vectors[t] for t in texts])

    return Sentences(encode, captions("train", "en"))


def said(language):
    """Texts that hold every word of the world: the training captions, and what can be counted."""
    return captions("train", language) + [text for concept in CONCEPTS for text in prompts(concept, language)]


def untrained(language, seed=0, *, sentences=False, places=True, **temperature):
    """A `Space` of two towers as chance drew them."""
    C = seen("train").shape[2]
    reader = encoder() if sentences else Reader.of(said(language), language)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        read = SentenceTower(len(reader)) if sentences else TextTower(len(reader.words))
        return Space(Aligned(ImageTower(C, places=places), read, **temperature).eval(), reader, scale())


def train(space, language, seed=0, *, nearly=True, batch=fitting.BATCH, without=(), progress=True):
    """Train the towers of a space in place, on scenes without some concepts; returns the history."""
    use = [i for i, r in enumerate(records("train")) if not any(t.concept in without for t in r.objects)]
    true, few = captions("train", language), hard(language, without)
    pairs = fitting.pairs(seen("train")[use], [true[i] for i in use], [few[i] for i in use], space.reader.encode)
    rate = fitting.RATE * (batch / fitting.BATCH) ** 0.5  # a smaller batch has a noisier gradient
    return fitting.fit(space.model, pairs, steps=EXAMPLES // batch, batch=batch, hard=nearly, rate=rate, seed=seed,
                       progress=progress)[1]  # fmt: skip


@functools.lru_cache(3)
def trained(setting, language, seed):
    """(space, what is measured on the way)."""
    options = dict(SETTINGS[setting])
    towers = {name: options.pop(name) for name in ("sentences", "places", "scale", "learned") if name in options}
    space = untrained(language, seed, **towers)
    before = embedded(space, language)
    started = time.process_time()
    train(space, language, seed, progress=False, **options)
    notes = {
        "CPU-seconds": round(time.process_time() - started, 1),
        "parameters": sum(p.numel() for p in space.model.parameters()),
        "temperature": round(space.model.temperature, 4),
        "gap before training": round(float(modality_gap(*before)), 3),
    }
    return space, notes


def embedded(space, language, split="test"):
    """(images (N, D), texts (N, D)) of a split, row n of both from scene n."""
    return (fitting.embed(space.model.images, seen(split)), space.texts(captions(split, language)))


def run(setting, language, seed):
    line = {"setting": setting, "language": language, "seed": seed}
    if setting == "CCA":
        return line | classical()
    space, notes = trained(setting, language, seed)
    u, v = embedded(space, language)
    line |= notes | scores(u, v, language, space.texts)
    line["gap closed"] = both_ways(u - u.mean(0), v - v.mean(0), captions("test", language))
    if "unseen" in setting:
        line["unseen"] = unseen(u, v, space.texts)
    return line


def scores(u, v, language, encode):
    """Of the test images u and their texts v, (600, D) each; encode: more texts into the space."""
    nearest, averaged = named(u, language, encode)
    return {
        **both_ways(u, v, captions("test", language)),
        "swapped": swapped(u, v, language, encode),
        "zero-shot": nearest,
        "zero-shot, averaged": averaged,
        "gap": round(float(modality_gap(u, v)), 3),
    }


def both_ways(u, v, texts):
    """Recall both ways as hits of 600 queries; scenes with the same caption are right for each other."""
    texts = np.array(texts)
    right, similarity = texts[:, None] == texts, normalise(u)[0] @ normalise(v)[0].T
    return {"image to text": hits(ranks(similarity, right)), "text to image": hits(ranks(similarity.T, right.T))}


def hits(found):
    return {"queries": len(found), "median": median_rank(found)} | {str(k): int((found <= k).sum()) for k in (1, 5, 10)}


def swapped(u, v, language, encode):
    """{kind: [how often the true caption lies nearer than every one that is nearly right, of how many]}."""
    found = {}
    for kind in negatives.KINDS:
        cases = [(i, few[kind]) for i, few in enumerate(nearly_right("test", language)) if kind in few]
        others = encode([text for _, few in cases for text in few])
        of = np.repeat([i for i, _ in cases], [len(few) for _, few in cases])
        nearer = (u[of] * v[of]).sum(1) > (u[of] * others).sum(1)
        wrong = len(set(of[~nearer]))
        found[kind] = [len(cases) - wrong, len(cases)]
    return found


def counted(of=CONCEPTS, among=tuple(CONCEPTS)):
    """(rows of the test scenes that count one concept of these, the concept's place among those), both (M,) int."""
    shown = [(i, r.objects[0].concept) for i, r in enumerate(records("test")) if r.kind == "count"]
    return tuple(map(np.array, zip(*[(i, among.index(c)) for i, c in shown if c in of], strict=True)))


def named(u, language, encode, **choice):
    """(by the nearest prompt, by averaged prompts): [how often zero-shot names the concept, of how many scenes].

    choice: `of` and `among` of `counted`, whose scenes are asked about, and which concepts there are to choose from.
    """
    rows, true = counted(**choice)
    asked = [prompts(concept, language) for concept in choice.get("among", CONCEPTS)]
    told = nearest_prompt(u[rows], asked, encode), zero_shot(u[rows], class_vectors(asked, encode))
    return tuple([int((names == true).sum()), len(rows)] for names in told)


def unseen(u, v, encode):
    """Retrieval among all 600 for the queries that show an unseen noun and for the others; zero-shot of such nouns."""
    texts = np.array(captions("test", "en"))
    new = np.array([any(t.concept in UNSEEN for t in r.objects) for r in records("test")])
    right, similarity = texts[:, None] == texts, u @ v.T
    return {
        "image to text, unseen": hits(ranks(similarity[new], right[new])),
        "text to image, unseen": hits(ranks(similarity.T[new], right[new])),
        "image to text, others": hits(ranks(similarity[~new], right[~new])),
        "text to image, others": hits(ranks(similarity.T[~new], right[~new])),
        "zero-shot among all": named(u, "en", encode, of=UNSEEN)[0],
        "zero-shot among the unseen": named(u, "en", encode, of=UNSEEN, among=UNSEEN)[0],
    }


def classical(components=64, regularisation=0.1):
    """CCA of image features, `grid`, and bags of words: no network is trained."""
    started = time.process_time()
    words = Words.of([text.lower() for text in captions("train", "en")])
    views = {split: (grid(seen(split)), words.encode(captions(split, "en"))) for split in COUNTS}
    x, y = (view.astype(float) for view in views["train"])
    found = cca(x, y, components, regularisation)
    u = normalise((views["test"][0] - found.mean_x) @ found.w_x * found.correlations)[0]

    def encode(texts):
        return normalise((words.encode(texts) - found.mean_y) @ found.w_y * found.correlations)[0]

    v = encode(captions("test", "en"))
    return {"CPU-seconds": round(time.process_time() - started, 1), **scores(u, v, "en", encode)}


def grid(regions):
    """Regions (N, R, C) averaged over squares of four, one beside the other: (N, R · C / 4)."""
    N, R, C = regions.shape
    side = round(R**0.5) // 2
    return regions.reshape(N, side, 2, side, 2, C).mean((2, 4)).reshape(N, -1)


def results():
    """The lines kept so far, by (setting, language, seed)."""
    return kept.read(RESULTS, *NAMES)


def lines(setting, language="en"):
    """The lines of one setting, one a seed."""
    return [line for key, line in results().items() if key[:2] == (setting, language)]


def share(setting, get, language="en"):
    """Over all seeds: the share of hits, and its 95 % interval over the queries (Wilson, of one seed's many).

    get: a line to (hits, queries). Seeds answer the same queries, so three of them are no three times as many.
    """
    pairs = [get(line) for line in lines(setting, language)]
    n = pairs[0][1]
    mean = sum(h for h, _ in pairs) / len(pairs)
    return mean / n, wilson_interval(mean, n)


def recall(way, k=1):
    """A `get` for `share`: recall at k, way being "image to text" or "text to image"."""
    return lambda line: (line[way][str(k)], line[way]["queries"])


def as_text():
    """The table: the mean over the seeds."""
    head = ("i→t R@1", "t→i R@1", *negatives.KINDS, "zero-shot", "gap", "seconds")
    rows = [f"{'mean of the seeds':44s}" + "".join(f"{h:>10s}" for h in head)]
    for setting, language in dict.fromkeys(key[:2] for key in RUNS):
        found = lines(setting, language)
        if not found:
            continue
        gets = [recall("image to text"), recall("text to image")]
        gets += [lambda line, kind=kind: line["swapped"][kind] for kind in negatives.KINDS]
        cells = [share(setting, get, language)[0] for get in (*gets, lambda line: line["zero-shot"])]
        cells += [np.mean([line[name] for line in found]) for name in ("gap", "CPU-seconds")]
        numbers = "".join(f"{cell:10.3f}" for cell in cells)
        rows.append(f"{setting + ', ' + language:44s}{numbers}")
    return "\n".join(rows)


def same(old, new):
    return all(value == new[name] for name, value in old.items() if name != "CPU-seconds")


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "spaces", same)
    print(as_text())


if __name__ == "__main__":
    main()
