"""check(): from a question's id and the learner's function to a Result that is shown and remembered."""

import inspect

import numpy as np

from . import progress
from .comparing import Fault, find_fault
from .diagnosis import diagnose
from .question import Case, Question
from .registry import find
from .result import Result, show
from .running import Outcome, OutOfTime, is_stub, run_all, text_of, where


def check(question_id: str, function, seed: int = 0) -> Result:
    """Try the learner's function on the question's cases, show what came of it and note it in the progress file.

    Raises UnknownQuestion, a LookupError, if there is no such question. Whatever the function does, a Result
    returns; its `points` are what a graded cell hands to nbgrader.
    """
    result = grade(find(question_id), function, seed)
    result.note = progress.record(result)
    show(result)
    return result


@np.errstate(all="ignore")  # the cases and the reference overflow on purpose, whatever NumPy is set to
def grade(question: Question, function, seed: int = 0) -> Result:
    """The same without showing or remembering anything."""
    cases = question.cases(seed)
    result = Result(question.id, question.title, question.points)
    refusal = _cannot_call(question, function, cases[0])
    if refusal:
        result.state, result.message = "error", refusal
        return result
    outcomes = run_all(question, function, cases)
    if is_stub(outcomes[0].error):
        result.message = f"Nothing here yet: write {question.signature}, take out the `raise` line, and run both cells."
        return result
    for i, (case, outcome) in enumerate(zip(cases, outcomes, strict=False)):
        fault = _fault(question, case, outcome)
        if fault:
            result.state = "error" if outcome.error else "wrong"
            result.case, result.arguments = case.name, describe(question, case)
            result.message, result.expected, result.got = fault.message, fault.expected, fault.got
            result.hint = diagnose(question, cases, outcomes, failed=i)
            return result
    result.state, result.points = "right", question.points
    result.message = f"Checked on {len(cases)} cases: {'; '.join(case.name for case in cases)}."
    return result


def describe(question: Question, case: Case) -> str:
    """The arguments of a case in a line: names, shapes and dtypes, and small values as they are."""
    named = zip(question.parameters, case.arguments, strict=True)
    return ", ".join(f"{name} {_describe(value)}" for name, value in named)


def _describe(value) -> str:
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(_describe, value)) + ")"
    return f"{value.shape} {value.dtype}" if hasattr(value, "dtype") else f"= {value!r}"


def _cannot_call(question: Question, function, case: Case) -> str:
    """Why the function cannot even be called, or an empty string."""
    if not callable(function):
        return (
            f"Expected your function itself, but a value of type {type(function).__name__} came. "
            f'Write check("{question.id}", {question.name}), without brackets after the name.'
        )
    try:
        signature = inspect.signature(function)
    except Exception:  # some functions written in C do not tell, and a class may throw what it likes
        return ""
    try:
        signature.bind(*case.arguments)
    except TypeError:
        name = getattr(function, "__name__", "your function")
        return f"Your function is {name}{text_of(signature)}; this question calls {question.signature}."
    return ""


def _fault(question: Question, case: Case, outcome: Outcome) -> Fault | None:
    if outcome.error is not None:
        return Fault(_error_message(question, outcome.error))
    fault = find_fault(question, question.reference(*case.arguments), outcome.value)
    if fault is None and outcome.changed:
        return Fault(
            f"The result is right, but your function changed its argument {outcome.changed}, which belongs to the "
            f"caller. Lines such as {outcome.changed} -= ... or {outcome.changed}[...] = ... write into it: "
            f"make a new array instead."
        )
    return fault


def _error_message(question: Question, error: BaseException) -> str:
    if isinstance(error, OutOfTime):
        return (
            f"Your function took more than {question.seconds:g} seconds. Is there a loop that never ends, "
            "or a bare `except:`, which catches even the signal to stop?"
        )
    text = text_of(error)
    if isinstance(error, NotImplementedError):
        text = text or "something that your function needs is not written yet."
    text = text if len(text) <= 500 else text[:500] + " …"
    place = where(error)
    return f"{type(error).__name__}: {text}" + (f"\nIt happened at {place}" if place else "")
