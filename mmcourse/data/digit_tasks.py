"""Tasks over a seen digit a and a heard digit b, each with a known kind of information about its label y.

| task                | labels | a and b          | y                     | information        |
|---------------------|--------|------------------|-----------------------|--------------------|
| same digit          | 10     | the same         | the digit             | redundant          |
| unique image        | 10     | independent      | a                     | unique to images   |
| unique audio        | 10     | independent      | b                     | unique to sounds   |
| sum                 | 10     | independent      | (a + b) mod 10        | synergy            |
| same half           | 2      | of the same half | whether a ≥ 5         | redundant          |
| unique image half   | 2      | independent      | whether a ≥ 5         | unique to images   |
| unique audio half   | 2      | independent      | whether b ≥ 5         | unique to sounds   |
| xor                 | 2      | independent      | (a ≥ 5) xor (b ≥ 5)   | synergy            |
| parity              | 2      | independent      | (a + b) mod 2         | synergy            |

A task's outcomes (a, b, y) are all equally likely. A mixture, {"same half": 3, "xor": 1}, draws three quarters of its
examples from one task and a quarter from the other, and does not tell which.
"""

from itertools import product
from numbers import Real

import numpy as np

_ALL = tuple(product(range(10), repeat=2))
_SAME_HALF = tuple((a, b) for a, b in _ALL if (a >= 5) == (b >= 5))

TASKS = {
    name: np.array([(a, b, label(a, b)) for a, b in pairs])
    for name, pairs, label in (
        ("same digit", tuple((d, d) for d in range(10)), lambda a, b: a),
        ("unique image", _ALL, lambda a, b: a),
        ("unique audio", _ALL, lambda a, b: b),
        ("sum", _ALL, lambda a, b: (a + b) % 10),
        ("same half", _SAME_HALF, lambda a, b: a >= 5),
        ("unique image half", _ALL, lambda a, b: a >= 5),
        ("unique audio half", _ALL, lambda a, b: b >= 5),
        ("xor", _ALL, lambda a, b: (a >= 5) != (b >= 5)),
        ("parity", _ALL, lambda a, b: (a + b) % 2),
    )
}


def labels(task):
    """The number of labels of a task or a mixture."""
    return _classes(next(iter(mixture(task))))


def table(task):
    """The probabilities p(a, b, y) of a task or a mixture, (10, 10, labels); see `mmcourse.data.information`."""
    p = np.zeros((10, 10, labels(task)))
    for name, weight in mixture(task).items():
        outcomes = TASKS[name]
        np.add.at(p, tuple(outcomes.T), weight / len(outcomes))
    return p


def outcomes(task, choices, draws):
    """The outcomes (a, b, y) that random numbers choose, (N, 3): which task of a mixture, and which of its outcomes.

    choices, draws (N,): whole numbers from 0 to 2³² − 1, each equally likely.
    """
    weights = mixture(task)
    bounds = [round(bound * 2**32) for bound in np.cumsum(list(weights.values()))]
    chosen = np.minimum(np.searchsorted(bounds, choices, "right"), len(weights) - 1)
    result = np.empty((len(choices), 3), np.int64)
    for number, name in enumerate(weights):
        mine = chosen == number
        result[mine] = TASKS[name][below(len(TASKS[name]), draws[mine])]
    return result


def below(limits, draws):
    """Whole numbers below the limits from equally likely ones below 2³²: in integers, so the same everywhere."""
    return (np.asarray(draws, np.uint64) * np.asarray(limits, np.uint64) >> np.uint64(32)).astype(np.int64)


def mixture(task):
    """The weights of a task or a mixture by name, adding up to 1. Raises ValueError for what is neither."""
    weights = {task: 1} if isinstance(task, str) else dict(task)
    if unknown := [name for name in weights if name not in TASKS]:
        raise ValueError(f"expected one of the tasks {tuple(TASKS)}, got {unknown[0]!r}")
    if not weights or any(not isinstance(w, Real) or not 0 < w < float("inf") for w in weights.values()):
        raise ValueError(f"expected a mixture to give each of its tasks a weight above 0, got {task}")
    classes = _classes(next(iter(weights)))
    if any(_classes(name) != classes for name in weights):
        same = tuple(name for name in TASKS if _classes(name) == classes)
        raise ValueError(f"expected tasks with {classes} labels each in a mixture, got {tuple(weights)}. Try: {same}")
    total = sum(weights.values())
    return {name: weights[name] / total for name in TASKS if name in weights}


def _classes(name):
    return int(TASKS[name][:, 2].max()) + 1
