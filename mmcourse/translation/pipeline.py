"""The one interface of all translations: four functions in a row."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple


class Steps(NamedTuple):
    """What each stage gave, for looking at; `generate` is the translation."""

    preprocess: Any
    extract: Any
    convert: Any
    generate: Any


STAGES = Steps._fields


class StageError(ValueError):
    """A stage could not go on. stage: its name; given: what it got; the error itself is the `__cause__`."""

    def __init__(self, stage, given, problem):
        super().__init__(f"{stage}: {problem} (this stage was given {describe(given)})")
        self.stage, self.given = stage, given


@dataclass(frozen=True)
class Translator:
    """Four functions of one argument; each takes what the one before it gave."""

    preprocess: Callable
    extract: Callable
    convert: Callable
    generate: Callable

    def __post_init__(self):
        for field in fields(self):
            if not callable(stage := getattr(self, field.name)):
                raise TypeError(f"Translator: expected a function as {field.name}, came {describe(stage)}")

    def __call__(self, x):
        """The translation of x. Raises `StageError`, which is a ValueError and names the stage."""
        return self.steps(x).generate

    def steps(self, x):
        """All that comes up on the way, as `Steps`. Raises `StageError`."""
        found = []
        for stage in STAGES:
            try:
                found.append(getattr(self, stage)(x))
            except Exception as problem:
                raise StageError(stage, x, problem) from problem
            x = found[-1]
        return Steps(*found)

    def replace(self, **stages):
        """A translator with other functions for some stages; this one stays as it is."""
        if unknown := sorted(set(stages) - set(STAGES)):
            raise TypeError(f"replace: expected stages of {STAGES}, came {', '.join(unknown)}")
        return replace(self, **stages)


def describe(x):
    """A value in a few words: an array by its shape, a text by its beginning."""
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"{type(x).__name__} {tuple(x.shape)} {x.dtype}"
    if isinstance(x, tuple | list) and len(x) <= 3:
        return f"({', '.join(map(describe, x))})"
    if isinstance(x, str | int | float) or x is None:
        text = repr(x)
        return text if len(text) <= 60 else f"{text[:57]}…"
    return f"a {type(x).__name__}"
