"""How two implementations of one function are held together.

A `Contract` says what a function of a room must do, whoever implements it: inputs to draw, answers known by hand,
invariants, tolerances. The rungs below each take a contract and the module that holds the NumPy half (and, for
`twins_agree`, the one that holds the PyTorch half), return nothing when all is well, and otherwise raise
`Disagreement` naming function, case and argument. `broken` makes a wrong implementation on purpose, so that every
rung can be shown to complain.

    known_answers   against values that a person can compute
    slope_check     the hand-written gradient against central differences, under a random slope
    twins_agree     value and every gradient against PyTorch, by dtype and device
    invariants      what must hold for any input; inputs are never written to; dtype is kept
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "bfloat16": 2e-2}  # of the largest number compared


class Disagreement(AssertionError):
    """Two things that must be one function are not."""


@dataclass(frozen=True)
class Contract:
    """What `function` must do in both halves of a room.

    cases: name -> draw(rng) -> dict of arguments in the order of the signature; float arrays in float64.
    gradients: names of the arguments that get one, in the order in which `_backward` returns them.
    known: name -> (arguments, value): answers known without the code.
    invariants: name -> holds(f, arguments, rng) -> bool, where f(**arguments) is the value without a cache.
    settings: what each call needs afresh, for arguments that cannot be drawn once (a random generator, say).
    directions: argument -> direction(x, rng), where one may not move in every direction (log-probabilities, say).
    """

    function: str
    cases: dict[str, Callable[[np.random.Generator], dict]]
    gradients: tuple[str, ...]
    known: dict[str, tuple[dict, Any]] = field(default_factory=dict)
    invariants: dict[str, Callable[..., bool]] = field(default_factory=dict)
    tolerance: dict[str, float] = field(default_factory=lambda: TOLERANCE)
    settings: Callable[[], dict] = dict
    directions: dict[str, Callable[..., np.ndarray]] = field(default_factory=dict)

    def draw(self, rng, dtype="float64"):
        """Yield (case name, arguments), float arrays as dtype."""
        for name, case in self.cases.items():
            yield name, {n: _cast(a, dtype) for n, a in case(rng).items()}


def known_answers(contract, scratch, rng=None):
    f = value_of(contract, scratch)
    for name, (arguments, value) in contract.known.items():
        for i, (got, expected) in enumerate(zip(_tuple(f(**arguments)), _tuple(value), strict=True)):
            compare(got, expected, 1e-12, f"{contract.function}, known answer '{name}', value {i}")


def slope_check(contract, scratch, rng, tolerance=1e-7):
    """Along a random direction u of each argument, dL/dx · u must equal (L(x + hu) - L(x - hu)) / 2h, L = y · dy."""
    f = value_of(contract, scratch)
    for case, arguments in contract.draw(rng):
        dy, gradients = _scratch_gradients(contract, scratch, arguments, rng)
        for name, gradient in gradients.items():
            x = arguments[name]
            u = contract.directions.get(name, _anywhere)(x, rng)
            h = 1e-5
            ends = [_dot(f(**arguments | {name: x + step * u}), dy) for step in (h, -h)]
            compare(
                np.sum(gradient * u),
                (ends[0] - ends[1]) / (2 * h),
                tolerance,
                f"{contract.function}, case '{case}': slope along {name}",
                scale=1 + np.sqrt(np.sum(np.square(gradient)) * np.sum(np.square(u))),
            )


def twins_agree(contract, scratch, pytorch, rng, dtype="float64", device="cpu"):
    """The same arguments by name, the same slope: value and every gradient agree, relative to their scale.

    bfloat16, which NumPy lacks, is compared with the NumPy half in float32 on the rounded inputs.
    """
    import torch

    width = getattr(torch, dtype)
    for case, arguments in contract.draw(rng, "float32" if dtype == "bfloat16" else dtype):
        tensors = {n: _tensor(a, width, device) for n, a in arguments.items()}
        if dtype == "bfloat16":
            arguments = {n: _rounded(a, tensors[n]) for n, a in arguments.items()}
        dy, ours = _scratch_gradients(contract, scratch, arguments, rng)
        leaves = {n: tensors[n].requires_grad_() for n in contract.gradients if tensors[n] is not None}
        value = _tuple(getattr(pytorch, contract.function)(**tensors, **contract.settings()))
        slopes = [torch.as_tensor(d).to(v) for v, d in zip(value, _tuple(dy), strict=True)]
        theirs = torch.autograd.grad(value, list(leaves.values()), slopes)
        where = f"{contract.function}, case '{case}', {dtype} on {device}"
        tolerance = contract.tolerance[dtype]
        mine = _tuple(value_of(contract, scratch)(**arguments))
        for i, (a, b) in enumerate(zip(mine, value, strict=True)):
            compare(a, _array(b), tolerance, f"{where}: value {i}")
        for name, gradient in zip(leaves, theirs, strict=True):
            compare(ours[name], _array(gradient), tolerance, f"{where}: gradient of {name}")


def invariants(contract, scratch, rng):
    f = value_of(contract, scratch)
    for dtype in ("float64", "float32"):
        for case, arguments in contract.draw(rng, dtype):
            where = f"{contract.function}, case '{case}', {dtype}"
            before = {n: np.copy(a) for n, a in arguments.items() if isinstance(a, np.ndarray)}
            value = f(**arguments)
            _, gradients = _scratch_gradients(contract, scratch, arguments, rng)
            for name, a in before.items():
                if not np.array_equal(a, arguments[name], equal_nan=a.dtype.kind == "f"):
                    raise Disagreement(f"{where}: the input {name} was written to")
            for name, a in [("the value", v) for v in _tuple(value)] + list(gradients.items()):
                if np.asarray(a).dtype != dtype:
                    raise Disagreement(f"{where}: {name} came as {np.asarray(a).dtype}")
    for case, arguments in contract.draw(rng):
        for name, holds in contract.invariants.items():
            if not holds(f, arguments, rng):
                raise Disagreement(f"{contract.function}, case '{case}': it must hold that {name}")


def compare(ours, theirs, tolerance, where, scale=None):
    """Raise unless shapes agree and no entry differs by more than tolerance · scale (largest of theirs, at least 1)."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    if ours.shape != theirs.shape:
        raise Disagreement(f"{where}: shape {ours.shape} against {theirs.shape}")
    if not ours.size:
        return
    gap = np.max(np.abs(ours - theirs))
    allowed = tolerance * (max(1, np.max(np.abs(theirs))) if scale is None else scale)
    if not gap <= allowed:  # written so that NaN complains
        raise Disagreement(f"{where}: differs by {gap:.2e}, allowed {allowed:.2e}")


def value_of(contract, scratch):
    """The NumPy half as a function that returns the value without its cache."""
    return lambda **arguments: getattr(scratch, contract.function)(**arguments, **contract.settings())[0]


def broken(scratch, function, change):
    """A copy of a module in which `function` answers change(answer): a wrong twin on purpose."""
    right = getattr(scratch, function)
    return SimpleNamespace(**{**vars(scratch), function: lambda *a, **k: change(right(*a, **k))})


def _scratch_gradients(contract, scratch, arguments, rng):
    """A random slope dy, and the hand-written gradients under it by name (without the absent ones)."""
    value, cache = getattr(scratch, contract.function)(**arguments, **contract.settings())
    dy = [np.asarray(rng.standard_normal(np.shape(v)), np.asarray(v).dtype) for v in _tuple(value)]
    dy = tuple(dy) if isinstance(value, tuple) else dy[0]
    gradients = _tuple(getattr(scratch, contract.function + "_backward")(dy, cache))
    return dy, {n: g for n, g in zip(contract.gradients, gradients, strict=True) if arguments[n] is not None}


def _anywhere(x, rng):
    return rng.standard_normal(x.shape)


def _dot(y, dy):
    return sum(np.sum(a * b) for a, b in zip(_tuple(y), _tuple(dy), strict=True))


def _tuple(y):
    return y if isinstance(y, tuple) else (y,)


def _cast(a, dtype):
    return a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a


def _tensor(a, width, device):
    import torch

    if not isinstance(a, np.ndarray):
        return a
    return torch.as_tensor(np.copy(a), device=device, dtype=width if a.dtype.kind == "f" else None)


def _rounded(a, tensor):
    """The float array as the narrow tensor holds it, in float32."""
    return _array(tensor).astype(np.float32) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a


def _array(t):
    return t.detach().double().cpu().numpy()
