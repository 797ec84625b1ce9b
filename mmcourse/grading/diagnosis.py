"""Find the known mistake behind a wrong answer: the one whose results equal the learner's."""

import numpy as np

from .comparing import differences
from .question import Case, Question, as_outputs
from .running import Outcome, run


def diagnose(question: Question, cases: list[Case], outcomes: list[Outcome], failed: int) -> str:
    """The hint of the known wrong answer that gives the learner's results, or an empty string.

    First a wrong answer is sought that agrees in every case; then one that agrees wherever the learner's numbers
    are finite, for people who also forgot, say, to subtract the largest score.
    """
    case = cases[failed]
    if _agree(question, case, outcomes[failed], run(question, question.reference, case)):
        return ""  # the numbers are right; what is wrong is their dtype, or that an input was changed
    for every_case in (True, False):
        for wrong in question.wrong_answers:
            if _same_mistake(question, wrong.function, cases, outcomes, failed, every_case):
                return wrong.hint
    return ""


def _same_mistake(question, function, cases, outcomes, failed, every_case) -> bool:
    compared = set()
    for i, (case, outcome) in enumerate(zip(cases, outcomes, strict=False)):
        if not every_case and not _finite(outcome):
            continue
        if not _agree(question, case, outcome, run(question, function, case)):
            return False
        if outcome.error is None:
            compared.add(i)
    # An error says little about its cause, so at least one result must be shared, and the failing case must be seen.
    return bool(compared) and (failed in compared or every_case)


def _agree(question: Question, case: Case, a: Outcome, b: Outcome) -> bool:
    """Both raise, or both return the same numbers, whatever their dtype."""
    if a.error or b.error:
        return bool(a.error and b.error)
    a, b = as_outputs(a.value), as_outputs(b.value)
    return len(a) == len(b) and all(map(_close, a, b, [_loosest(question, case)] * len(a)))


def _close(a, b, tolerance) -> bool:
    if not (_is_numbers(a) and _is_numbers(b)) or a.shape != b.shape:
        return False
    size = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=1.0)))
    return bool((differences(b, a) <= tolerance * size).all())


def _loosest(question: Question, case: Case) -> float:
    """Ten times the tolerance of the coarsest output: two ways to make one mistake may round differently."""
    expected = as_outputs(question.reference(*case.arguments))
    return 10 * max(question.tolerance[array.dtype.name] for array in expected)


def _finite(outcome: Outcome) -> bool:
    return outcome.error is None and all(_is_numbers(x) and np.isfinite(x).all() for x in as_outputs(outcome.value))


def _is_numbers(x) -> bool:
    return type(x) is np.ndarray and x.dtype.kind in "fiub"
