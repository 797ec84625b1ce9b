"""Time two functions against each other, so that a busy moment of the machine strikes both."""

import time

import numpy as np


def paired(functions, rounds=10, warm_up=2):
    """Run the functions in turn, `rounds` times; returns {name: seconds (rounds,)}.

    functions: {name: function without arguments}. Quote the median of the ratio of two rows, not a single time.
    """
    seconds = {name: np.empty(rounds) for name in functions}
    for i in range(-warm_up, rounds):
        for name, f in functions.items():
            start = time.perf_counter()
            f()
            if i >= 0:
                seconds[name][i] = time.perf_counter() - start
    return seconds


def median_ratio(seconds, ours, theirs):
    """Median over the rounds of ours / theirs."""
    return float(np.median(seconds[ours] / seconds[theirs]))
