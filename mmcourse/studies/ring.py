"""How many of eight Gaussians a GAN finds, with and without what keeps it from collapsing, ten seeds each.

    python -m mmcourse.studies.ring             runs what is missing, then prints the table; safe to stop and repeat
    python -m mmcourse.studies.ring --again     runs everything anew, and says how many lines came out the same

One run is one line of results/ring.jsonl: setting, seed, how many samples lie within 3 σ of each centre. Everything is
a function of the seed: on one machine a second run writes the same lines.
"""

from pathlib import Path

import numpy as np

from mmcourse.adversarial import mixture
from mmcourse.studies import kept

RESULTS = Path(__file__).parent / "results" / "ring.jsonl"
NAMES = ("setting", "seed")  # which tell one line from the others
SEEDS = range(10)
SAMPLES = 4096
SETTINGS = {  # name: what differs from the defaults of `mixture.train`
    "as it stands": {},
    "without instance noise": {"instance_noise": 0.0},
    "minimax loss": {"loss": "minimax"},
    "batches of 16": {"batch": 16},
    "all three: collapse": mixture.COLLAPSING,
}


def run(setting, seed, **options):
    """Train and draw: one line of the results. options: of `mixture.train`, over those of the setting."""
    last = mixture.train(seed, **SETTINGS[setting] | options)[-1]
    samples = mixture.generate(last.params, SAMPLES, np.random.default_rng([seed, 1]))
    return {
        "setting": setting,
        "seed": seed,
        "modes": mixture.modes_covered(samples),
        "share": round(mixture.share_within_3_sigma(samples), 4),
        "hits": mixture.hits(samples).tolist(),
    }


def results():
    """The lines kept so far, by (setting, seed)."""
    return kept.read(RESULTS, *NAMES)


def all_runs():
    return [(setting, seed) for setting in SETTINGS for seed in SEEDS]


def as_text():
    """The table: modes found and the share within 3 σ, over the seeds."""
    rows = [f"{'':24s} modes of 8 (fewest, mean)   share within 3 σ (lowest, mean)"]
    for setting in SETTINGS:
        lines = [line for key, line in results().items() if key[0] == setting]
        modes, shares = (np.array([line[n] for line in lines]) for n in ("modes", "share"))
        rows.append(f"{setting:24s} {modes.min():10d} {modes.mean():6.1f} {shares.min():24.1%} {shares.mean():8.1%}")
    return "\n".join(rows)


def main():
    kept.complete(RESULTS, NAMES, all_runs(), run, "GANs on the ring")
    print(as_text())


if __name__ == "__main__":
    main()
