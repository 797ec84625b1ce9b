"""Compare what came with what was expected, and say what is wrong in words."""

from dataclasses import dataclass

import numpy as np

from .question import Question, as_outputs


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong with a value, and the two arrays, where a picture of them helps."""

    message: str
    expected: np.ndarray | None = None
    got: np.ndarray | None = None


def differences(expected: np.ndarray, got: np.ndarray) -> np.ndarray:
    """|got − expected|: 0 where both hold the same infinity or NaN, infinite where only one of them does."""
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    with np.errstate(invalid="ignore"):
        gap = np.abs(got - expected)
    gap[np.isnan(gap)] = np.inf
    gap[(expected == got) | (np.isnan(expected) & np.isnan(got))] = 0.0
    return gap


def find_fault(question: Question, expected, value) -> Fault | None:
    """What is wrong with the value that the learner's function returned, or None."""
    if value is None:
        return Fault("Your function returned None. Does it end without a `return`?")
    wanted, came = as_outputs(expected), as_outputs(value)
    if len(wanted) == 1 and (isinstance(value, list) or len(came) == 1):
        came = (value,)  # a list of numbers, or a tuple of one after a stray comma, is a type of its own
    if len(wanted) != len(came):
        names = ", ".join(question.outputs)
        return Fault(f"Your function returned {_count(len(came))}; expected {_count(len(wanted))}: {names}.")
    for name, want, got in zip(question.outputs, wanted, came, strict=True):
        fault = (
            _type_fault(name, got)
            or _shape_fault(name, want, got)
            or _dtype_fault(name, want, got)
            or _value_fault(name, want, got, question.tolerance_for(want))
        )
        if fault:
            return fault
    return None


def _count(n: int) -> str:
    return "1 value" if n == 1 else f"{n} values"


def _type_fault(name, got) -> Fault | None:
    if type(got) is np.ndarray:  # a subclass may say what it likes about being equal
        return None
    kind, tip = type(got), "wrap it in np.array(...)"
    if got is None:
        tip = "is one of the values still to be computed?"
    elif kind.__module__.startswith("torch"):
        tip = "this question is answered in NumPy; .numpy() turns a tensor into an array"
    return Fault(f"Expected a NumPy array for {name}, but a {kind.__module__}.{kind.__name__} came. Try: {tip}.")


def _shape_fault(name, expected, got) -> Fault | None:
    if got.shape == expected.shape:
        return None
    return Fault(
        f"The shape of {name} is {got.shape}; expected {expected.shape}. "
        "Write the shape of each intermediate array beside its line, and see where they part."
    )


def _dtype_fault(name, expected, got) -> Fault | None:
    if got.dtype == expected.dtype:
        return None
    message = f"The dtype of {name} is {got.dtype}; expected {expected.dtype}, the dtype that went in."
    if got.dtype == np.float64:
        message += (
            " One float64 turns everything into float64, and np.sqrt(5) or np.zeros(...) is one: "
            "try 5 ** 0.5, np.zeros_like(...), or .astype at the end."
        )
    return Fault(message)


def _value_fault(name, expected, got, tolerance) -> Fault | None:
    gap = differences(expected, got)
    off = gap > tolerance
    if not off.any():
        return None
    broken = ~np.isfinite(got) & np.isfinite(expected)
    if broken.any():
        place = _first(broken)
        message = (
            f"{broken.sum()} of {got.size} numbers in {name} are NaN or infinite where they should be finite, "
            f"the first at {_index(place)}: expected {expected[place]:.4g}, got {got[place]:.4g}. "
            "Look for a division 0 / 0, an exp of something large, or ∞ − ∞."
        )
    else:
        place = tuple(map(int, np.unravel_index(gap.argmax(), gap.shape)))
        message = (
            f"{off.sum()} of {got.size} numbers in {name} differ; the shape {got.shape} is right. "
            f"The largest difference is {gap[place]:.3g}, at {_index(place)}: "
            f"expected {expected[place]:.4g}, got {got[place]:.4g}."
        )
    return Fault(message, expected, got)


def _first(mask) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(mask.argmax(), mask.shape)))


def _index(place) -> str:
    return "[" + ", ".join(map(str, place)) + "]"
