"""Key frames of generated films: what finds the events, how not to show one twice, and what sound adds to movement.

    python -m mmcourse.studies.summaries             runs what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.summaries --again     runs everything anew, and says how many lines came out the same

A run is one line of results/summaries.jsonl: a method, what tells it what is relevant, a budget, a seed, which is that
of the films. Whatever a method leaves open is chosen on 30 training films and tried on 40 test films, in which held-out
things are at work. Seed 0 is not among the seeds: its films were looked at when the study was made.
"""

import functools
import itertools
import math
import time
from typing import NamedTuple

import numpy as np
import torch

from mmcourse.data import episodes
from mmcourse.metrics import bootstrap_interval, boundary_scores, paired_interval, summary_scores
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.summaries import baselines, relevance, scratch, signals

RESULTS = DIGITS.with_name("summaries.jsonl")
NAMES = ("method", "relevance", "budget", "seed")  # which tell one line from the others
SEEDS = (1, 2, 3)
COUNTS = {"train": 30, "test": 40}
BUDGETS = {"events": 1.0, "half more": 1.5, "unknown": None}  # frames a distinct event
APART = relevance.WINDOW  # frames between candidates, as many as an event has
ENERGIES = {"motion energy": ("change",), "sound energy": ("loudness",), "both energies": ("change", "loudness")}
BEST = ("MMR", "motion and sound")

BLIND = ("uniform", "random", "k-means", "shots", "diversity")
GRIDS = {  # what each method leaves open; `least` with an unknown budget only
    "most relevant": {},
    "peaks": {},
    "MMR": {"bandwidth": (0.2, 0.4, 0.8), "trade_off": (0.3, 0.5, 0.7)},
    "facility location": {"bandwidth": (0.2, 0.4, 0.8), "power": (1, 2, 4)},
    "DPP": {"bandwidth": (0.2, 0.4, 0.8), "power": (0.5, 1, 2)},
    "MMR, all frames": {"bandwidth": (0.2, 0.4, 0.8), "trade_off": (0.3, 0.5, 0.7)},
    "facility location, all frames": {"bandwidth": (0.4, 0.8), "power": (1, 4)},
}
LEAST = {"MMR": (0.0, 0.1, 0.2, 0.3, 0.4)}
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
RUNS = [
    (method, told, budget, seed)
    for seed in SEEDS
    for budget in BUDGETS
    for method, told in (
        *itertools.product(BLIND, ("nothing",)),
        *itertools.product(("most relevant", "peaks", "MMR", "facility location", "DPP"), relevance.MODALITIES),
        *itertools.product(("most relevant", "peaks", "MMR"), ENERGIES),
    )
] + [(method, "motion and sound", "events", seed) for seed in SEEDS for method in tuple(GRIDS)[-2:]]


class Seen(NamedTuple):
    """A film, its `Signals`, and moments (T, D): how it looks, averaged over as long as an event lasts."""

    film: episodes.Film
    signals: signals.Signals
    moments: np.ndarray


@functools.cache
def films(split, seed):
    return episodes.load(split, COUNTS[split], seed).records


@functools.cache
def seen(split, seed):
    """What is seen and heard in the films of a split, N times `Seen`."""
    data = episodes.load(split, COUNTS[split], seed)
    observed = [signals.observe(frames, film.sound()) for frames, film in data]
    return [Seen(f, s, signals.smooth(s.looks, APART)) for f, s in zip(data.records, observed, strict=True)]


def middles(film):
    """Where a summary should look, (T,) bool: the middle half of every event."""
    truth = np.zeros(len(film), bool)
    for start, stop, _ in film.events:
        truth[start + 3 : stop - 3] = True
    return truth


@functools.cache
def relevances(split, seed, told):
    """How relevant each frame is, N times (T,): a probability, or an energy, of which the training films' 99 % is 1."""
    if told in ENERGIES:
        names = ENERGIES[told]
        energy = {s: [[signals.smooth(getattr(x.signals, n), APART) for n in names] for x in seen(s, seed)]
                  for s in {"train", split}}  # fmt: skip
        scale = [np.quantile(np.concatenate(e), 0.99) for e in zip(*energy["train"], strict=True)]
        return [np.mean([e / s for e, s in zip(film, scale, strict=True)], 0).clip(0, 1) for film in energy[split]]
    model = fitted(seed, told)
    return [model(x.signals) for x in seen(split, seed)]


@functools.cache
def fitted(seed, modality="motion and sound"):
    """The `Relevance` that the training films teach."""
    train = seen("train", seed)
    return relevance.fit([x.signals for x in train], [middles(x.film) for x in train], modality)


@functools.cache
def candidates(split, seed, told, everywhere=False):
    """Of each film: frames, their relevance, and their moments. Peaks of relevance, or every frame."""
    found = []
    for x, p in zip(seen(split, seed), relevances(split, seed, told), strict=True):
        c = np.arange(len(p)) if everywhere else np.sort(scratch.peaks(p, APART))
        found.append((c, p[c], x.moments[c]))
    return found


def select(method, frames, p, x, budget, least=None, bandwidth=None, trade_off=None, power=None):
    """Which of some frames (M,) a method takes, given their relevance p (M,) and moments x (M, D)."""
    stop = {} if least is None else {"least": least}
    if method == "most relevant":
        best = np.argsort(-p, kind="stable")[:budget]
        return frames[best[p[best] > (-np.inf if least is None else least)]]
    if method == "peaks":
        return frames[scratch.peaks(p, 0, budget, **stop)]
    alike = scratch.rbf(x, bandwidth)[0]
    if method.startswith("MMR"):
        return frames[scratch.maximal_marginal_relevance(p, alike, budget, trade_off, **stop)]
    worth = p**power
    if method.startswith("facility location"):
        return frames[scratch.greedy_facility_location(alike, worth, budget, **stop)]
    return frames[scratch.greedy_dpp(alike * worth[:, None] * worth, budget, **stop)]


def blind(method, split, seed, i, budget):
    """What a method that knows nothing of events takes of the i-th film; if the budget is unknown, as many as usual."""
    film, rng = films(split, seed)[i], np.random.default_rng((seed, i))
    T, unknown = len(film), budget is None
    if unknown:
        budget = round(T * frames_an_event(seed) ** -1)
    if method == "uniform":
        return baselines.uniform(T, budget)
    if method == "random":
        return baselines.anywhere(T, budget, rng)
    x = seen(split, seed)[i]
    if method == "shots":
        return baselines.shot_middles(x.signals.cuts, T, None if unknown else budget)
    if method == "k-means":
        return baselines.cluster_centres(x.moments, budget, rng)
    return scratch.farthest_first(x.moments, budget)


@functools.cache
def frames_an_event(seed):
    train = films("train", seed)
    return sum(map(len, train)) / sum(map(distinct, train))


def distinct(film):
    return len({event.name for event in film.events})


def budget_of(film, budget):
    """How many frames; None if that is unknown."""
    factor = BUDGETS[budget]
    return None if factor is None else math.ceil(factor * distinct(film))


def scored(method, told, budget, split, seed, **parameters):
    """The scores of each film of a split."""
    allowed = [budget_of(film, budget) for film in films(split, seed)]
    if method in BLIND:
        chosen = [blind(method, split, seed, i, n) for i, n in enumerate(allowed)]
    else:
        given = candidates(split, seed, told, method == "most relevant" or "all frames" in method)
        chosen = [
            select(method, *film, len(film[0]) if n is None else n, **parameters)
            for film, n in zip(given, allowed, strict=True)
        ]
    return [summary_scores(c, film.events) for c, film in zip(chosen, films(split, seed), strict=True)]


def grid(method, budget):
    """All that the parameters of a method can be: a list of dicts."""
    open_ = dict(GRIDS.get(method, {}))
    if budget == "unknown" and method not in BLIND:
        open_["least"] = LEAST.get(method, THRESHOLDS)
    return [dict(zip(open_, values, strict=True)) for values in itertools.product(*open_.values())]


def mean(scores, name="F1"):
    return float(np.mean([score[name] for score in scores]))


def run(method, told, budget, seed):
    started = time.process_time()
    options = grid(method, budget)
    trained = [mean(scored(method, told, budget, "train", seed, **option)) if len(options) > 1 else 0.0
               for option in options]  # fmt: skip
    best = options[int(np.argmax(trained))]  # of equals the first
    test = scored(method, told, budget, "test", seed, **best)
    return {
        **dict(zip(NAMES, (method, told, budget, seed), strict=True)),
        "chosen on training films": best,
        "coverage": round(mean(test, "coverage"), 4),
        "precision": round(mean(test, "precision"), 4),
        "F1": [round(score["F1"], 4) for score in test],
        "CPU-seconds": round(time.process_time() - started, 2),
    }


def lines(method, told="nothing", budget="events"):
    """The kept lines of a setting, a seed each."""
    found = kept.read(RESULTS, *NAMES)
    return [found[method, told, budget, seed] for seed in SEEDS if (method, told, budget, seed) in found]


def f1(method, told="nothing", budget="events"):
    """(mean, (low, high)) over all test films of all seeds: bootstrap, 95 %."""
    values = np.concatenate([line["F1"] for line in lines(method, told, budget)])
    return float(values.mean()), bootstrap_interval(values, rng=np.random.default_rng(0))


def gain(one, other=("uniform", "nothing"), budget="events"):
    """By how much the F1 of one (method, relevance) is above that of another on the same films: (mean, (low, high))."""
    a, b = (np.concatenate([line["F1"] for line in lines(*which, budget)]) for which in (one, other))
    return float((a - b).mean()), paired_interval(a, b, rng=np.random.default_rng(0))


def boundaries(seed, split="test"):
    """How well shots are found in the films: {"cuts", "dissolves"}: the share found; {"precision", "F1"}."""
    found = [x.signals.cuts for x in seen(split, seed)]
    scores = [boundary_scores(c, f.boundaries) for c, f in zip(found, films(split, seed), strict=True)]
    hits = {False: [], True: []}
    for c, film in zip(found, films(split, seed), strict=True):
        for shot in film.shots[1:]:
            hits[shot.fades].append(bool((abs(c - shot.start) <= 1).any()))
    return {"cuts": float(np.mean(hits[False])), "dissolves": float(np.mean(hits[True])),
            "precision": mean(scores, "precision"), "F1": mean(scores)}  # fmt: skip


def as_text():
    """The table: F1 over all test films, and how far above that of the uniform choice."""
    rows = [f"{'method':32s}{'relevance':18s}{'budget':12s}{'F1':>7s}{'95 %':>16s}{'above uniform':>24s}"]
    for method, told, budget in dict.fromkeys(key[:3] for key in RUNS):
        if len(lines(method, told, budget)) == len(SEEDS):
            value, (low, high) = f1(method, told, budget)
            more, (least, most) = gain((method, told), budget=budget)
            rows.append(f"{method:32s}{told:18s}{budget:12s}{value:7.3f}{low:8.3f}–{high:.3f}"
                        f"{more:10.3f} ({least:.3f} to {most:.3f})")  # fmt: skip
    return "\n".join(rows)


def same(old, new):
    return all(value == new[name] for name, value in old.items() if name != "CPU-seconds")


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "summaries", same)
    print(as_text())


if __name__ == "__main__":
    main()
