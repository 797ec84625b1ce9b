"""Like this, but at night: scenes that were never seen, found by a picture and a change in words.

    python -m mmcourse.studies.composed             runs what is missing, then prints the table; safe to stop and repeat
    python -m mmcourse.studies.composed --again     runs everything anew, and says how many lines came out the same

    compose = learned(seed=0)                       # trains in half a minute; the one that ships: checkpoints.composed
    compose(space().images(regions), ["but at night"])

All searches are in the English space that ships (`checkpoints.aligned`), among the gallery of `data.changes`, without
the picture that the query starts from. One run is one line of results/composed.jsonl: method, seed, rank by query.
Only "learned" depends on its seed.

The composer's steps, batch and lessons were chosen with these queries in sight. So the one that ships, and arithmetic,
were asked once more, when all was done, about other scenes: `fresh_as_text`, from the card of the checkpoint.
"""

import functools
import time

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.alignment import composed as composing
from mmcourse.alignment.scratch import normalise
from mmcourse.alignment.space import Reader
from mmcourse.alignment.towers import WIDTH
from mmcourse.checkpoints import aligned
from mmcourse.data import changes
from mmcourse.data.captions import caption
from mmcourse.metrics import ranks, wilson_interval
from mmcourse.studies import kept, retrieval
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.vision import features

RESULTS = DIGITS.with_name("composed.jsonl")
NAMES = ("method", "seed")  # which tell one line from the others
METHODS = ("image alone", "text alone", "sum", "arithmetic, words", "arithmetic, sentences", "learned")
SEEDS = range(3)
RUNS = [(method, seed) for method in METHODS for seed in (SEEDS if method == "learned" else range(1))]
HELD_OUT, FRESH = "scores on changes of held-out scenes", "scores on fresh changes"  # entries of the card
CHECKED = ("arithmetic, words", "arithmetic, sentences", "learned")
EACH, ROUNDS = 3, 3  # changes of every training scene, of different kinds, and how often they are drawn


@functools.cache
def space():
    return aligned.load("en")


@functools.cache
def asked(seed=0):
    """The `Changes` of a seed, and the gallery's vectors (G, D)."""
    found = changes.load(seed=seed)
    return found, space().images(features.extract(found.images, progress=False).regions)


@functools.cache
def reader():
    """Reads the texts of changes: English with the words of `changes.vocabulary`."""
    return Reader.of(changes.vocabulary(), "en")


@functools.cache
def lessons(seed=0):
    """What to learn from, all of it from training scenes and compositions: as `pool` of `drawing`.

    (vectors of the scenes (N, D), scene of each change (M,), words (M, T), number of the sentence that would describe
    what comes out (M,), of the scene itself (M,), all such sentences as vectors (S, D)).
    """
    records = retrieval.records("train")
    rng = np.random.Generator(np.random.PCG64([seed, 11]))
    before = [changes.composition(record) for record in records]
    pairs = [(i, c) for i, b in [*enumerate(before)] * ROUNDS for c in changes.few(b, rng, EACH, held_out=False)]
    texts = [caption(c.after, "en").text for _, c in pairs] + [caption(before[i], "en").text for i, _ in pairs]
    number = {text: n for n, text in enumerate(dict.fromkeys(texts))}
    told = np.array([number[text] for text in texts]).reshape(2, -1)
    images = space().images(retrieval.regions("train"))
    return images, np.array([i for i, _ in pairs]), reader().encode([c.text for _, c in pairs]), *told, \
        space().texts(list(number))  # fmt: skip


def drawing(pool, batch=composing.BATCH):
    """draw(rng) for `alignment.composed.fit`: changes with what they ask for; the scenes as they were are negatives.

    Targets are vectors of sentences, not of images: so every change of every scene has one, and in an aligned space
    what lies near a sentence lies near its images.
    """
    images, scene, words, after, was, sentences = map(torch.from_numpy, pool)

    def draw(rng):
        i = torch.from_numpy(rng.choice(len(scene), batch, replace=False))
        targets = torch.cat([after[i], was[i]])
        return images[scene[i]], words[i], sentences[targets], after[i][:, None] == targets

    return draw


@functools.lru_cache(1)
def learned(seed=0, steps=composing.STEPS, progress=False):
    """A trained `Composition`: compose(images (N, D), texts) -> (N, D)."""
    return composing.fit(drawing(lessons()), reader(), steps=steps, seed=seed, progress=progress)[0]


def known(text):
    """The words of a text that the space has learned: it knows captions, not "instead" nor "other way round"."""
    return " ".join(word for word in text.split() if word in space().reader.words.number)


def encoded(texts):
    """Texts to vectors (N, D); a text without a known word gets zeros, and so adds nothing."""
    told = [known(text) for text in texts]
    vectors = np.zeros((len(told), WIDTH), np.float32)
    some = [i for i, text in enumerate(told) if text]
    vectors[some] = space().texts([told[i] for i in some])
    return vectors


def queries(method, images, found, compose=None):
    """Vectors (Q, D) of queries by a method, from the vectors of their pictures (Q, D) and the `Query`s.

    compose: the `Composition` that method "learned" asks.
    """
    said = [q.change for q in found]
    if method == "image alone":
        return images
    if method == "text alone":
        return encoded([c.text for c in said])
    if method == "sum":
        return normalise(images + encoded([c.text for c in said]))[0]
    if method == "arithmetic, words":
        return composing.arithmetic(images, encoded([c.old for c in said]), encoded([c.new for c in said]))
    if method == "arithmetic, sentences":
        old, new = ([caption(c, "en").text for c in part] for part in zip(*[(q.before, q.change.after) for q in found],
                                                                          strict=True))  # fmt: skip
        return composing.arithmetic(images, encoded(old), encoded(new))
    return compose(images, [c.text for c in said])


def run(method, seed):
    found, gallery = asked()
    began = time.process_time()
    start = starts(found)
    asks = queries(method, gallery[start], found.queries, learned(seed) if method == "learned" else None)
    line = {"method": method, "seed": seed, "CPU-seconds": round(time.process_time() - began, 1)}
    return line | ranked(asks, gallery, start, found.right)


def starts(found):
    """The number in the gallery of the picture that each query of `Changes` starts from, (Q,) int."""
    return np.array([q.scene for q in found.queries])


def ranked(asks, gallery, start, right):
    """Where the first right scene stands for each query (Q, D), its own picture left out.

    "itself": how many queries would have found that picture first.
    """
    similarity = asks @ gallery.T
    same = similarity.argmax(1) == start
    similarity[np.arange(len(start)), start] = -2  # below every cosine: nobody asks for the picture they have
    return {"itself": int(same.sum()), "ranks": ranks(similarity, right).tolist()}


def scored(method, compose=None, seed=0):
    """Recall of a method on the changes of a seed, for a card: {kind of change: [R@1, R@10 as hits, queries]}."""
    found, gallery = asked(seed)
    start = starts(found)
    at = ranked(queries(method, gallery[start], found.queries, compose), gallery, start, found.right)["ranks"]
    return by_kind(np.array(at), kinds(seed))


def by_kind(at, kind):
    """{kind: [ranks of 1, of at most 10, all]} from the ranks (Q,) and kinds (Q,) of queries; "all" comes first."""
    of = {"all": np.ones(len(at), bool)} | {name: kind == name for name in changes.KINDS}
    return {name: [int((at[w] <= 1).sum()), int((at[w] <= 10).sum()), int(w.sum())] for name, w in of.items()}


def checked(compose):
    """{method: what `scored` says} of CHECKED, on scenes and changes that no setting was chosen by."""
    return {method: scored(method, compose, seed=1) for method in CHECKED}


def results():
    """The lines kept so far, by (method, seed)."""
    return kept.read(RESULTS, *NAMES)


def lines(method):
    """The lines of one method, one a seed."""
    return [line for (name, _), line in results().items() if name == method]


@functools.cache
def kinds(seed=0):
    """The kind of each query's change, (Q,) of str."""
    return np.array([q.change.kind for q in changes.load(seed=seed).queries])


def recall(method, k=1, kind=None):
    """Over the seeds: R@k, and its 95 % interval over queries (Wilson, of one seed's many). kind: of change, or all."""
    of = np.ones(len(kinds()), bool) if kind is None else kinds() == kind
    mean = np.mean([(np.array(line["ranks"])[of] <= k).sum() for line in lines(method)])
    return mean / of.sum(), wilson_interval(mean, int(of.sum()))


def as_text():
    """The table: means over the seeds."""
    heads = ("all", *changes.KINDS)
    rows = []
    for k in (1, 10):
        rows.append(f"{'R@' + str(k):26s}" + "".join(f"{h:>12s}" for h in heads) + "   itself first")
        for method in (m for m in METHODS if lines(m)):
            shares = [recall(method, k, None if h == "all" else h)[0] for h in heads]
            itself = np.mean([line["itself"] for line in lines(method)]) / len(kinds())
            rows.append(f"{method:26s}" + "".join(f"{s:12.3f}" for s in shares) + f"{itself:12.3f}")
    rows.append(f"{'queries':26s}{len(kinds()):12d}" + "".join(f"{(kinds() == k).sum():12d}" for k in changes.KINDS))
    return "\n".join(rows)


def fresh_as_text():
    """The table of what ships on fresh scenes and changes, which were looked at once: from the checkpoint's card."""
    card = checkpoints.load("composed")[1]
    heads, rows = ("all", *changes.KINDS), []
    for place, k in enumerate((1, 10)):
        rows.append(f"{'R@' + str(k) + ', fresh':26s}" + "".join(f"{h:>12s}" for h in heads) + "   95 % of all")
        for method, scores in card[FRESH].items():
            low, high = wilson_interval(scores["all"][place], scores["all"][-1])
            cells = "".join(f"{scores[h][place] / scores[h][-1]:12.3f}" for h in heads)
            rows.append(f"{method:26s}{cells}  [{low:.3f}, {high:.3f}]")
    rows.append(f"{'queries':26s}" + "".join(f"{card[FRESH]['learned'][h][-1]:12d}" for h in heads))
    return "\n".join(rows)


def same(old, new):
    """Whether two lines agree but for the seconds."""
    return {**old, "CPU-seconds": 0} == {**new, "CPU-seconds": 0}


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "composed", same)
    print(as_text(), fresh_as_text(), sep="\n\n")


if __name__ == "__main__":
    main()
