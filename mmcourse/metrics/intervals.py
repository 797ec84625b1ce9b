"""Intervals for measured shares."""

import math


def wilson_interval(hits, n, z=1.96):
    """Where the true share lies, given hits of n independent trials; 95 % for z = 1.96. Returns (low, high).

    Stays inside [0, 1], and is honest for shares near 0 and 1.   (Wilson 1927, JASA 22, p. 209.)
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"wilson_interval: expected 0 <= hits <= n and n > 0, came hits {hits}, n {n}")
    share, weight = hits / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)
