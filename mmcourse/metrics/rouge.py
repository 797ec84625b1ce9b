"""ROUGE-L: the longest common subsequence of a caption and its references (Lin 2004, ACL W04-1013, section 3).

As in COCO's evaluation: the best precision and the best recall over the references, which may come from two of them.
"""

import numpy as np

from mmcourse.metrics.ngrams import tokenised

BETA = 1.2  # recall counts β² times as much as precision


def rouge_l(references, hypotheses):
    """Mean over the images of F = (1 + β²) P R / (R + β² P), between 0 and 1.   Arguments as for `bleu`."""
    return float(rouge_l_scores(references, hypotheses).mean())


def rouge_l_scores(references, hypotheses):
    """F of each image, (N,), for intervals and for finding failures."""
    references, hypotheses = tokenised("rouge_l", references, hypotheses)
    return np.array([_f(r, h) for r, h in zip(references, hypotheses, strict=True)])


def _f(references, hypothesis):
    common = [longest_common_subsequence(r, hypothesis) for r in references]
    if not any(common):
        return 0.0
    precision = max(common) / len(hypothesis)
    recall = max(c / len(r) for c, r in zip(common, references, strict=True) if r)
    return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def longest_common_subsequence(a, b):
    """How many tokens the longest sequence has that both lists hold in this order, gaps allowed."""
    row = [0] * (len(b) + 1)  # row[j]: the answer for what was read of a, and the first j tokens of b
    for x in a:
        before = row
        row = [0]
        for j, y in enumerate(b):
            row.append(before[j] + 1 if x == y else max(before[j + 1], row[j]))
    return row[-1]
