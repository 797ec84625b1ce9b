"""Retrieval: where does the right answer stand among all, the most similar first?

    found = ranks(similarity, right)    # 1 is best
    recall_at_k(found, 5)               # the share of queries with a right answer among the first five
    recall_interval(found, 5)           # and where it lies for other queries
    median_rank(found)

Q queries   G answers to choose from
"""

import numpy as np

from mmcourse.metrics.intervals import wilson_interval


def ranks(similarity, right):
    """The rank of the best right answer of each query, (Q,) int: 1, and 1 more for each wrong one at least as similar.

    similarity (Q, G): the higher, the more similar. right (Q, G): bool, True for every answer that would be right, of
    which a query may have several (images with one and the same caption, say); those do not stand in each other's way.
    A tie counts against the model: one that finds everything equally similar has found nothing.
    Raises ValueError for shapes that do not agree, numbers that are not finite, and a query without a right answer.
    """
    similarity, right = np.asarray(similarity), np.asarray(right)
    if similarity.ndim != 2 or similarity.shape != right.shape or not similarity.size or right.dtype != bool:
        raise ValueError("ranks: expected similarity (Q, G) and right (Q, G) bool, came "
                         f"{similarity.shape} and {right.shape} {right.dtype}")  # fmt: skip
    if wrong := np.sum(~np.isfinite(similarity)):
        raise ValueError(f"ranks: expected finite similarities, came {wrong} that are not")
    if not right.any(1).all():
        raise ValueError(f"ranks: expected a right answer for each query, query {(~right.any(1)).argmax()} "
                         "has none")  # fmt: skip
    best = similarity.max(1, where=right, initial=-np.inf)
    return 1 + (~right & (similarity >= best[:, None])).sum(1)


def recall_at_k(found, k):
    """The share of queries with a right answer among the first k.   found (Q,) int from 1, as `ranks` gives it."""
    return float(_within(found, k).mean())


def recall_interval(found, k):
    """Where the share lies for other queries of the kind: 95 %, Wilson. Returns (low, high).

    The answers to choose from stay the same: among more of them recall is lower.
    """
    within = _within(found, k)
    return wilson_interval(int(within.sum()), len(within))


def median_rank(found):
    """Half of the queries have their right answer at this rank or before: 1 is best."""
    return float(np.median(_checked(found)))


def _within(found, k):
    if k < 1:
        raise ValueError(f"recall: expected k at least 1, came {k}")
    return _checked(found) <= k


def _checked(found):
    found = np.asarray(found)
    if found.ndim != 1 or not len(found) or found.min() < 1:
        raise ValueError(f"retrieval: expected ranks (Q,) from 1, came {found.shape} from {found.min(initial=0)}. "
                         "Try: ranks(similarity, right)")  # fmt: skip
    return found
