"""Medicine, education and finance: what two modalities buy there, and the caveat of each, measured.

    python -m mmcourse.studies.domains            runs what is missing, then prints the tables; safe to stop and repeat
    python -m mmcourse.studies.domains --again    runs everything anew, and says how many lines came out the same

    exercises   a watch at physiotherapy: unseen people against random windows, and a shortcut by the arm
    tumours     cells under a microscope: what a positive answer means where few are ill
    answers     a number written and said: whose right answers are marked wrong
    markets     prices and headlines: look-ahead, overlapping days, costs, and what can be told

Each is a module of its own, `domains_…`. Models are scikit-learn's, fusion is by concatenation and by late sum.
Settings are the first that were tried; the rows of markets with the level, and with returns, came after the others had
been seen.
"""

import functools

from mmcourse.studies import domains_answers, domains_exercises, domains_markets, domains_tumours, kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("domains.jsonl")
NAMES = ("domain", "seed")
DOMAINS = {
    "exercises": domains_exercises,
    "tumours": domains_tumours,
    "answers": domains_answers,
    "markets": domains_markets,
}
SEEDS = dict.fromkeys(DOMAINS, range(3)) | {"answers": range(5)}  # the others' intervals are over people, lumps, days
RUNS = [(domain, seed) for domain in DOMAINS for seed in SEEDS[domain]]


def run(domain, seed):
    """One line of results: what the domain's `run` measures with a seed."""
    return {"domain": domain, "seed": seed, **DOMAINS[domain].run(seed)}


@functools.cache
def lines(domain):
    """The kept lines of a domain, one a seed: what the functions of its module ask for.

    Raises ValueError for an unknown domain, and where a line is missing.
    """
    if domain not in DOMAINS:
        raise ValueError(f"domains: expected one of {tuple(DOMAINS)}, came {domain!r}")
    done = kept.read(RESULTS, *NAMES)
    if missing := [seed for seed in SEEDS[domain] if (domain, seed) not in done]:
        raise ValueError(f"domains: no line of {domain} for seeds {missing}. Try: python -m mmcourse.studies.domains")
    return [done[domain, seed] for seed in SEEDS[domain]]


def main():
    kept.complete(RESULTS, NAMES, RUNS, run, "domains")
    tables = [module.as_text(lines(domain)) for domain, module in DOMAINS.items()]
    tables.insert(1, domains_exercises.arms_as_text(lines("exercises")))
    print(*tables, domains_markets.ranges_as_text(lines("markets")), sep="\n\n")


if __name__ == "__main__":
    main()
