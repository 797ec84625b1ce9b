"""The tables of the study of digits, with intervals: `python -m mmcourse.studies.digits` prints them.

Two kinds of chance, two kinds of interval: over seeds (Student's t) for the share of each method, and over test
examples (paired bootstrap, each example with its mean over the seeds) for differences between methods.
"""

import base64

import numpy as np

from mmcourse.metrics import over_seeds, paired_interval
from mmcourse.studies.digits import CONDITIONS, TASKS, TUNED, results

ALONE = ("image alone", "sound alone")


def shares(method, task, condition=None):
    """The share of test examples that came out right, one number a seed."""
    lines = _lines(method, task)
    return np.array([(line["conditions"][condition] if condition else line["right"]) / line["of"] for line in lines])


def examples(method, task):
    """Which test examples came out right: bool (seeds, N)."""
    lines = _lines(method, task)
    packed = np.array([np.frombuffer(base64.b64decode(line["examples"]), np.uint8) for line in lines])
    return np.unpackbits(packed, axis=1, count=lines[0]["of"]).astype(bool)


def methods(task):
    """The methods that have results for a task, in the order in which they ran."""
    return list(dict.fromkeys(method for method, t, _ in results() if t == task))


def best_alone(task):
    """The single modality that does better on a task."""
    return max(ALONE, key=lambda method: shares(method, task).mean())


def gain(method, task, over=None, resamples=2000):
    """(difference, low, high): the method minus another, the better single modality unless told, over examples."""
    ours, theirs = (examples(m, task).mean(0) for m in (method, over or best_alone(task)))
    low, high = paired_interval(ours, theirs, rng=np.random.default_rng(0), resamples=resamples)
    return float((ours - theirs).mean()), low, high


def gain_over_seeds(method, task, over=None):
    """(difference, low, high): as `gain`, over seeds; both methods meet the same training pairs with the same seed."""
    return over_seeds(shares(method, task) - shares(over or best_alone(task), task))


def verdict(method, task, over):
    """ "better", "worse", or "not told apart": a difference must survive other examples and other seeds."""
    both = gain(method, task, over, resamples=500), gain_over_seeds(method, task, over)
    if all(low > 0 for _, low, _ in both):
        return "better"
    return "worse" if all(high < 0 for _, _, high in both) else "not told apart"


def settings(task):
    """The settings that the search for the tuned concatenation chose."""
    return _lines(TUNED, task)[0]["settings"]


def rows(task):
    """(method, parameters, (mean, low, high) over seeds, gain over the better single modality) of every method."""
    found = methods(task)
    return [(m, _lines(m, task)[0]["parameters"], over_seeds(shares(m, task)), gain(m, task)) for m in found]


def as_text():
    """All tables, as text."""
    lines = []
    for task in TASKS:
        lines += ["", f"{task:36s} parameters     right (95 % over seeds)     minus best alone (95 % over examples)"]
        for method, count, (mean, low, high), (difference, least, most) in rows(task):
            right = f"{mean:.3f} ({low:.3f} to {high:.3f})"
            more = f"{difference:+.3f} ({least:+.3f} to {most:+.3f})"
            lines.append(f"  {method:34s} {count:10,d}     {right:24s}    {more}")
    lines += ["", "same digit, mean share right when"]
    for name in CONDITIONS:
        lines.append(f"  {name}")
        lines += [f"    {m:40s} {shares(m, 'same digit', name).mean():.3f}" for m in methods("same digit")]
    return "\n".join(lines)


def _lines(method, task):
    found = [line for (m, t, _), line in results().items() if (m, t) == (method, task)]
    if not found:
        raise ValueError(f"expected a method and a task with results, came {method!r}, {task!r}. Try: {methods(task)}")
    return found
