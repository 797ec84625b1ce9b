"""How many shots of the generated films are described right, and where it goes wrong.

    python -m mmcourse.studies.described_shots             runs what is missing, then prints the table; safe to stop
    python -m mmcourse.studies.described_shots --again     runs everything anew, and says how many lines are the same

A run is one line of results/described_shots.jsonl: with or without sound, shots found or given, a seed of the films.
Those are the test films of `mmcourse.studies.summaries`.
"""

import time

import torch

from mmcourse.data import episodes
from mmcourse.metrics import wilson_interval
from mmcourse.studies import kept, summaries
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.summaries.describing import describe

RESULTS = DIGITS.with_name("described_shots.jsonl")
NAMES = ("sound", "boundaries", "seed")
PARTS = ("found", "thing", "happens", "action", "place", "all")
RUNS = [(sound, boundaries, seed) for seed in summaries.SEEDS for sound in (True, False)
        for boundaries in ("found", "given")]  # fmt: skip
OVERLAP = 0.5


def overlap(a, b):
    """Of two shots: the frames that both have, of those that either has."""
    both = min(a.stop, b.stop) - max(a.start, b.start)
    return max(0, both) / (a.stop - a.start + b.stop - b.start - max(0, both))


def verdict(true, told):
    """Which of `PARTS` a description gets right, of the told shot that overlaps most with the true one.

    "happens": whether anything does. "action" as well what. All are wrong unless the shot is found: by an overlap of
    more than half.
    """
    best = max(told, key=lambda shot: overlap(true, shot))
    right = {
        "found": True,
        "thing": best.concept == true.concept,
        "happens": (best.action is None) == (true.action is None),
        "action": best.action == true.action,
        "place": best.background == true.background,
    }
    right["all"] = all(right.values())
    found = overlap(true, best) > OVERLAP
    return {part: found and right[part] for part in PARTS}


def run(sound, boundaries, seed, watch=None):
    started = time.process_time()
    data, verdicts = episodes.load("test", summaries.COUNTS["test"], seed), []
    for frames, film in data:
        told = describe(frames, film.sound() if sound else None, watch=watch,
                        boundaries=film.boundaries if boundaries == "given" else None)  # fmt: skip
        verdicts += [verdict(shot, told) for shot in film.shots]
    return {
        **dict(zip(NAMES, (sound, boundaries, seed), strict=True)),
        "shots": len(verdicts),
        **{part: sum(v[part] for v in verdicts) for part in PARTS},
        "CPU-seconds": round(time.process_time() - started, 1),
    }


def share(part, sound=True, boundaries="found"):
    """(share of the shots of all seeds that are right in a part, (low, high)): 95 %, Wilson."""
    found = kept.read(RESULTS, *NAMES)
    lines = [found[sound, boundaries, seed] for seed in summaries.SEEDS if (sound, boundaries, seed) in found]
    hits, n = sum(line[part] for line in lines), sum(line["shots"] for line in lines)
    return hits / n, wilson_interval(hits, n)


def as_text():
    """The table: shares over all seeds."""
    rows = [f"{'sound':10s}{'shots':10s}" + "".join(f"{part:>10s}" for part in PARTS)]
    for sound, boundaries in dict.fromkeys(key[:2] for key in RUNS):
        cells = "".join(f"{share(part, sound, boundaries)[0]:10.3f}" for part in PARTS)
        rows.append(f"{'with' if sound else 'without':10s}{boundaries:10s}{cells}")
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "films", summaries.same)
    print(as_text())


if __name__ == "__main__":
    main()
