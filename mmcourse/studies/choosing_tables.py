"""The tables of the study of choosing, with intervals: `python -m mmcourse.studies.choosing` prints them.

    share("speech + text", "gated")                     # (5,): the share that is right, a number a seed
    gain("speech + text", "gated", "late")              # (difference, its interval over examples, that over seeds)
    verdicts()                                          # {(task, method): Verdict} of all against concatenation

Two kinds of chance, and a difference must survive both: other examples and other seeds. Both intervals are Student's t
of paired differences; where test examples come in groups, as windows of one recording, the groups are the examples. Of
a family of m comparisons each p-value is corrected for the others (Holm 1979, "A simple sequentially rejective multiple
test procedure", Scandinavian Journal of Statistics 6): then the chance of even one false difference is 5 %.
"""

import base64
import functools
from typing import NamedTuple

import numpy as np
from scipy import stats

from mmcourse.metrics import over_seeds
from mmcourse.studies import choosing, choosing_tasks
from mmcourse.studies.choosing import ARTICLE
from mmcourse.studies.choosing_models import METHODS
from mmcourse.studies.choosing_tasks import MODALITIES

PLAIN = "concatenation"  # what all others are compared with
LEVEL = 0.05


class Verdict(NamedTuple):
    """A minus B: the difference, its p-value after Holm's correction, and "better", "worse" or "not told apart"."""

    difference: float
    p: float
    says: str


def line(task, method):
    """The kept line of a task and a method. Raises ValueError if there is none."""
    path = choosing.RESULTS
    found = _lines(path, path.stat().st_mtime_ns if path.exists() else 0)
    if (task, method) not in found:
        raise ValueError(
            f"choosing: expected a task and a method with results, came {task!r}, {method!r}. Try: one of the tasks "
            f"{tuple(MODALITIES)}, and of the methods {tuple(m for t, m in found if t == task) or METHODS}"
        )
    return found[task, method]


@functools.lru_cache(1)
def _lines(path, when):
    """The kept lines, read again when the file changes."""
    return choosing.results()


def right(task, method):
    """Which test examples come out right: bool (S, N)."""
    return np.array([unpacked(one["right"], choosing_tasks.TESTS[task]) for one in line(task, method)["seeds"]])


@functools.lru_cache(2048)
def unpacked(text, N):
    """Which of N examples come out right, bool (N,), from a line's text. Raises ValueError if it holds another N."""
    row = np.frombuffer(base64.b64decode(text), np.uint8)
    if len(row) != -(-N // 8):
        raise ValueError(f"choosing: expected the bits of {N} test examples, came {len(row)} bytes")
    return np.unpackbits(row, count=N).astype(bool)


def cases(task):
    """The names of the tests beside "test": "without image", "noisy image" ..."""
    return tuple(c for c in line(task, PLAIN)["seeds"][0] if c not in ("right", "loss", "CPU-seconds"))


def share(task, method, case="test"):
    """The share of test examples that comes out right, a number a seed; case: "test" or one of `cases`."""
    if case == "test":
        return right(task, method).mean(1)
    return np.array([one[case] for one in line(task, method)["seeds"]]) / choosing_tasks.TESTS[task]


def away(task, method, how="without"):
    """The share with one modality away ("without") or "noisy", a number a seed: the mean over the modalities."""
    return np.mean([share(task, method, f"{how} {m}") for m in MODALITIES[task]], 0)


def differences(task, a, b):
    """By how much more a is right than b: of each group of test examples (G,), mean over seeds; of each seed (S,)."""
    more = right(task, a).astype(float) - right(task, b)
    groups = choosing_tasks.groups_of_test(task)
    G = groups.max() + 1
    return np.bincount(groups, more.mean(0)) * G / len(groups), more.mean(1)


def gain(task, a, b):
    """(difference, (low, high) over examples, (low, high) over seeds): both paired, Student's t, of 95 %."""
    examples, seeds = differences(task, a, b)
    return float(seeds.mean()), over_seeds(examples)[1:], over_seeds(seeds)[1:]


def p_value(task, a, b):
    """How likely so large a difference is by chance alone: the larger of that over examples and that over seeds."""
    return max(_chance(d) for d in differences(task, a, b))


def _chance(d):
    """The two-sided p-value of Student's t for paired differences (N,); 1 where all are 0."""
    with np.errstate(divide="ignore"):
        t = abs(d.mean()) / (d.std(ddof=1) / len(d) ** 0.5) if d.any() else 0.0
    return float(2 * stats.t.sf(t, len(d) - 1))


def holm(p):
    """Holm's corrected p-values of a family: the smallest times m, the next times m - 1 ..., none below one before."""
    p = np.asarray(p, float)
    order, m = np.argsort(p, kind="stable"), len(p)
    corrected = np.empty(m)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(m, 0, -1)), 1)
    return corrected


def compared(pairs):
    """{(task, a, b): Verdict} of a family of comparisons, corrected for their number."""
    pairs = list(pairs)
    corrected = holm([p_value(*pair) for pair in pairs])
    found = {}
    for pair, p in zip(pairs, corrected, strict=True):
        difference = float(differences(*pair)[1].mean())
        says = "not told apart" if p > LEVEL else "better" if difference > 0 else "worse"
        found[pair] = Verdict(difference, float(p), says)
    return found


def verdicts():
    """{(task, method): Verdict} of every method and every modality alone against concatenation, as one family."""
    pairs = [(task, method, PLAIN) for task, method in choosing.RUNS if method != PLAIN]
    return {pair[:2]: verdict for pair, verdict in compared(pairs).items()}


def best_alone(task):
    """The modality that does best alone, by validation."""
    return by_validation(task, [f"{m} alone" for m in MODALITIES[task]])


def by_validation(task, methods=METHODS):
    """Of some methods the one that is best on validation: by the share that is right, then by the loss."""

    def score(method):
        found = line(task, method)
        share, loss = found["validation"][found["chosen"]]
        return share, -loss

    return max(methods, key=score)


class Tested(NamedTuple):
    """What came of a hypothesis: who stood for it and who against it, each best by validation, and gain's answer."""

    says: str
    task: str
    method: str
    rival: str
    difference: float
    examples: tuple[float, float]
    seeds: tuple[float, float]
    p: float
    verdict: str


def hypotheses():
    """The article's hypotheses as they come out, a list of `Tested`; p is corrected for their number."""
    pairs = []
    for h in ARTICLE:
        rival = by_validation(h.task, [m for m in METHODS if m not in h.methods])
        pairs.append((h.task, by_validation(h.task, h.methods), rival))
    said = {"better": "held", "worse": "the opposite", "not told apart": "not told apart"}
    return [
        Tested(h.says, *pair, *gain(*pair), verdict.p, said[verdict.says])
        for h, (pair, verdict) in zip(ARTICLE, compared(pairs).items(), strict=True)
    ]


class Ranks(NamedTuple):
    """mean: {method: average rank over tasks, 1 the best}.   critical: what two must differ by.   p: Friedman's."""

    mean: dict
    critical: float
    p: float


def ranks():
    """Average ranks over the tasks, and the critical difference of Nemenyi's test at 5 %.

    (Demšar 2006, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, section 3.2.2.)
    """
    shares = np.array([[share(task, method).mean() for method in METHODS] for task in MODALITIES])
    found = stats.rankdata(-shares, axis=1)
    k, n = len(METHODS), len(shares)
    q = stats.studentized_range.ppf(1 - LEVEL, k, np.inf) / np.sqrt(2)
    mean = dict(zip(METHODS, found.mean(0).tolist(), strict=True))
    return Ranks(mean, float(q * np.sqrt(k * (k + 1) / (6 * n))), float(stats.friedmanchisquare(*found.T).pvalue))


def costs():
    """{method: (parameters, FLOPs, CPU-seconds of training)} as ratios to concatenation: geometric means over tasks."""

    def of(task, method):
        found = line(task, method)
        return found["parameters"], found["FLOPs"], np.mean([one["CPU-seconds"] for one in found["seeds"]])

    ratios = {m: [np.divide(of(task, m), of(task, PLAIN)) for task in MODALITIES] for m in METHODS}
    return {method: np.exp(np.log(r).mean(0)) for method, r in ratios.items()}


def mean_gain(method):
    """By how much more a method is right than concatenation, mean over the tasks."""
    return float(np.mean([differences(task, method, PLAIN)[1].mean() for task in MODALITIES]))


def as_arrays():
    """For `show.method_map`: the differences from concatenation, and which are told apart, both (METHODS, tasks)."""
    found = verdicts() | {(task, PLAIN): Verdict(0.0, 1.0, "not told apart") for task in MODALITIES}
    cells = [[found[task, method] for task in MODALITIES] for method in METHODS]
    return (
        np.array([[cell.difference for cell in row] for row in cells]),
        np.array([[cell.says != "not told apart" for cell in row] for row in cells]),
    )


def front():
    """For `show.pareto`: {method: (FLOPs beside concatenation, mean gain)}, and the methods that no other beats in both
    of these, the cheapest first."""
    points = {method: (float(flops), mean_gain(method)) for method, (_, flops, _) in costs().items()}
    kept, best = [], -np.inf
    for method, (_, gained) in sorted(points.items(), key=lambda item: (item[1][0], -item[1][1])):
        if gained > best:
            kept.append(method)
            best = gained
    return points, kept


def as_text():
    """A row a method and a column a task: the share right, mean of the seeds, and + or - where it is better or worse
    than concatenation after the correction. Then what is right with a modality away, and with one noisy."""
    found, columns = verdicts(), [task[:14] for task in MODALITIES]
    marks = {"better": "+", "worse": "-", "not told apart": " "}
    rows = [f"{'':20s}" + "".join(f"{c:>16s}" for c in columns)]
    alone = [share(task, best_alone(task)).mean() for task in MODALITIES]
    rows.append(f"{'best modality alone':20s}" + "".join(f"{v:15.3f} " for v in alone))
    for method in METHODS:
        cells = [
            f"{share(task, method).mean():15.3f}" + (marks[found[task, method].says] if method != PLAIN else " ")
            for task in MODALITIES
        ]
        rows.append(f"{method:20s}" + "".join(cells))
    rows.append(f"+ -: told apart from concatenation, {len(found)} comparisons, Holm's correction")
    for how, title in (("without", "with one modality away, the mean over which"), ("noisy", "with one noisy")):
        rows += ["", title]
        for method in METHODS:
            rows.append(f"{method:20s}" + "".join(f"{away(task, method, how).mean():15.3f} " for task in MODALITIES))
    return "\n".join(rows)


def hypotheses_as_text():
    """The article's advice as it comes out."""
    rows = []
    for h in hypotheses():
        rows += [
            f"{h.says}: on {h.task}",
            f"    {h.method} minus {h.rival}: {h.difference:+.3f}   "
            f"95 % over examples {_interval(h.examples)}, over seeds {_interval(h.seeds)}",
            f"    p = {h.p:.3f} after Holm's correction for {len(ARTICLE)}: {h.verdict}",
        ]
    return "\n".join(rows)


def ranks_as_text():
    """Average ranks, the best first, and what two must differ by."""
    found = ranks()
    rows = [f"{method:20s}{rank:6.2f}" for method, rank in sorted(found.mean.items(), key=lambda item: item[1])]
    return "\n".join([*rows, f"critical difference {found.critical:.2f}, Friedman's p = {found.p:.3f}"])


def costs_as_text():
    """What each method costs beside concatenation, and by how much more it is right, means over the tasks."""
    rows = [f"{'times concatenation':20s}{'parameters':>12s}{'FLOPs':>8s}{'seconds':>9s}{'right':>10s}"]
    for method, (parameters, flops, seconds) in costs().items():
        rows.append(f"{method:20s}{parameters:12.2f}{flops:8.2f}{seconds:9.2f}{mean_gain(method):+10.3f}")
    return "\n".join(rows)


def everything():
    """All tables."""
    return "\n\n".join((as_text(), hypotheses_as_text(), ranks_as_text(), costs_as_text()))


def _interval(interval):
    return "{:+.3f} to {:+.3f}".format(*interval)
