"""A question is data: what the learner writes, how inputs are drawn, the reference, and its known wrong answers."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

TOLERANCE = MappingProxyType({"float64": 1e-9, "float32": 1e-5})


@dataclass(frozen=True)
class Case:
    """One call of the learner's function: a name that the learner reads, and the arguments."""

    name: str
    arguments: tuple


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake that people make, as a function with the question's signature, and the hint that names it."""

    name: str
    function: Callable
    hint: str


@dataclass(frozen=True)
class Question:
    """A graded question.

    draw(rng) gives the cases, the plainest first, because the first failing one is shown. The reference takes a
    case's arguments, under the names that the learner uses, and returns one array, or a tuple of arrays when
    `outputs` names several. `tolerance` maps a dtype's name to the largest error, relative to the largest expected
    value (or to 1, if that is larger). `seconds` limits the learner's function over all cases together.
    """

    id: str
    title: str
    points: int
    name: str
    draw: Callable[[np.random.Generator], Iterable[Case]]
    reference: Callable
    wrong_answers: tuple[WrongAnswer, ...]
    outputs: tuple[str, ...] = ("the result",)
    tolerance: Mapping[str, float] = field(default_factory=lambda: TOLERANCE)
    seconds: float = 20.0

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments, in order."""
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def signature(self) -> str:
        """What the learner writes, for example `attention(q, k, v)`."""
        return f"{self.name}({', '.join(self.parameters)})"

    def cases(self, seed=0) -> list[Case]:
        """The cases of one seed, always the same ones."""
        return list(self.draw(np.random.default_rng(seed)))

    def tolerance_for(self, expected: np.ndarray) -> float:
        """The largest error allowed in any entry, given the array that is expected."""
        size = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
        return self.tolerance[expected.dtype.name] * float(size)


def as_outputs(value) -> tuple:
    """What a function returned, as a tuple of its outputs."""
    return tuple(value) if isinstance(value, tuple | list) else (value,)
