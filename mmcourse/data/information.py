"""How much two sources tell of a label, exactly, from the table of probabilities that the examples are drawn from.

    found = information.decompose(p)        p (A, B, Y) = p(a, b, y), for instance from `mmcourse.data.digit_tasks`
    found.a, found.b, found.both            I(Y; A), I(Y; B), I(Y; A, B), in bits
    found.redundant + found.unique_a + found.unique_b + found.synergy == found.both

A, B sizes of the two sources   Y number of labels   S of one source

Mutual information has one definition; how to divide it into what is redundant, unique and synergistic has several. This
is the partial information decomposition of Williams and Beer (2010, "Nonnegative decomposition of multivariate
information", arXiv:1004.2515), with their redundancy I_min:

    I(Y=y; A) = Σ_a p(a|y) log2 [p(y|a) / p(y)]                  the specific information of A about one label
    redundant = I_min = Σ_y p(y) min{I(Y=y; A), I(Y=y; B)}       what the poorer source tells, label by label
    unique_a  = I(Y; A) − redundant,   unique_b = I(Y; B) − redundant
    synergy   = I(Y; A, B) − unique_a − unique_b − redundant     left over: seen only by who looks at both

None of the four is ever negative. I_min compares amounts, not contents: where two sources tell different things about
one label, the smaller amount counts as redundant (alternatives: Bertschinger et al. 2014, arXiv:1311.2852). So read the
four numbers of a mixed task with that in mind; for the pure tasks all definitions agree.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import rel_entr


@dataclass(frozen=True)
class Decomposition:
    """All in bits. a, b, both: I(Y; A), I(Y; B), I(Y; A, B). The other four share out `both`."""

    a: float
    b: float
    both: float
    redundant: float
    unique_a: float
    unique_b: float
    synergy: float


def mutual_information(p):
    """I(S; Y) in bits of a table p (S, Y) of probabilities. Raises ValueError if it is not such a table."""
    p = _table(p, 2)
    return float(rel_entr(p, p.sum(1, keepdims=True) * p.sum(0)).sum() / np.log(2))


def specific_information(p):
    """I(Y=y; S) in bits for each label, (Y,), of a table p (S, Y); 0 for a label that never occurs."""
    p = _table(p, 2)
    p_y = p.sum(0)
    divergence = rel_entr(p, p.sum(1, keepdims=True) * p_y).sum(0) / np.log(2)  # p(y) · KL(p(s|y) || p(s))
    return np.divide(divergence, p_y, out=np.zeros_like(p_y), where=p_y > 0)


def decompose(p):
    """The `Decomposition` of a table p (A, B, Y) of probabilities. Raises ValueError if it is not such a table."""
    p = _table(p, 3)
    p_a, p_b, p_both = p.sum(1), p.sum(0), p.reshape(-1, p.shape[2])
    a, b, both = map(mutual_information, (p_a, p_b, p_both))
    poorer = np.minimum(specific_information(p_a), specific_information(p_b))
    redundant = float(p.sum((0, 1)) @ poorer)
    parts = (a, b, both, redundant, a - redundant, b - redundant, both - a - b + redundant)
    return Decomposition(*(round(part, 12) + 0.0 for part in parts))  # no −2e−16 and no −0.0 where 0 is meant


def best_accuracy(p):
    """The share of right guesses of the best guesser who sees S and knows the table p (S, Y).

    With one label as likely as any other and nothing to see, this is chance: 1 / Y.
    """
    return float(_table(p, 2).max(1).sum())


def _table(p, axes):
    p = np.asarray(p, np.float64)
    if p.ndim != axes or not (p >= 0).all() or abs(p.sum() - 1) > 1e-9:
        raise ValueError(
            f"expected a table of probabilities with {axes} axes that add up to 1, got shape {p.shape} with the sum "
            f"{p.sum():.6g}. Try: p / p.sum()"
        )
    return p
