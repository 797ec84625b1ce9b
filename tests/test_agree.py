"""The testers tested: each rung is shown a wrong twin and must complain, by name."""

import inspect
import itertools
from pathlib import Path

import numpy as np
import pytest
from test_rooms import each_contract, halves, scratch_of

from mmcourse import agree
from mmcourse.agree import Disagreement, broken
from mmcourse.attention.contract import CONTRACTS


def bend(gradients, i, by=1 + 5e-4):
    """The i-th gradient off by 0.05 %, which no eye would see (by 0.0005 where it is zero, as that of a key's bias)."""
    parts = list(gradients) if isinstance(gradients, tuple) else [gradients]
    zero = np.max(np.abs(parts[i]), initial=0) < 1e-5
    parts[i] = parts[i] * by + zero * parts[i].dtype.type(5e-4)
    return tuple(parts) if isinstance(gradients, tuple) else parts[0]


def first(change):
    """Change the first value of a result (value, cache), whether the value is one array or several."""

    def changed(result):
        value, cache = result
        value = (change(value[0]), *value[1:]) if isinstance(value, tuple) else change(value)
        return value, cache

    return changed


def each_gradient(contract):
    return enumerate(contract.gradients)


@each_contract
def test_slope_check_sees_a_gradient_off_by_a_little(room, contract):
    scratch = scratch_of(room)
    for i, name in each_gradient(contract):
        wrong = broken(scratch, contract.function + "_backward", lambda g, i=i: bend(g, i))
        with pytest.raises(Disagreement, match=f"{contract.function}.*slope along {name}"):
            agree.slope_check(contract, wrong, np.random.default_rng(0))


@each_contract
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_twins_see_a_gradient_off_by_a_little(room, contract, dtype):
    scratch, pytorch = halves(room)
    for i, name in each_gradient(contract):
        wrong = broken(scratch, contract.function + "_backward", lambda g, i=i: bend(g, i))
        with pytest.raises(Disagreement, match=f"{contract.function}.*gradient of {name}"):
            agree.twins_agree(contract, wrong, pytorch, np.random.default_rng(0), dtype)


@each_contract
def test_twins_see_a_value_off_by_a_little(room, contract):
    scratch, pytorch = halves(room)
    wrong = broken(scratch, contract.function, first(lambda y: y * (1 + 5e-4)))
    with pytest.raises(Disagreement, match=f"{contract.function}.*value 0"):
        agree.twins_agree(contract, wrong, pytorch, np.random.default_rng(0))


@each_contract
def test_known_answers_see_a_value_off_by_a_little(room, contract):
    if not contract.known:
        pytest.skip("nothing known by hand")
    wrong = broken(scratch_of(room), contract.function, first(lambda y: y * (1 + 5e-4)))
    with pytest.raises(Disagreement, match="known answer"):
        agree.known_answers(contract, wrong)


def restless():
    """Answers off by a ramp that grows from call to call."""
    calls = itertools.count(1)

    def change(value):
        ramp = np.arange(1, np.size(value) + 1).reshape(np.shape(value)) * 1e-3
        return (value + next(calls) * ramp).astype(value.dtype)

    return first(change)


@each_contract
def test_invariants_see_a_shift(room, contract):
    if not contract.invariants:
        pytest.skip("no invariant of its own")
    wrong = broken(scratch_of(room), contract.function, restless())
    with pytest.raises(Disagreement, match="it must hold that"):
        agree.invariants(contract, wrong, np.random.default_rng(0))


@each_contract
def test_invariants_see_a_changed_dtype(room, contract):
    wrong = broken(scratch_of(room), contract.function, first(lambda y: np.asarray(y, np.float64)))
    with pytest.raises(Disagreement, match="float32: the value came as float64"):
        agree.invariants(contract, wrong, np.random.default_rng(0))


@each_contract
def test_invariants_see_an_input_written_to(room, contract):
    scratch = scratch_of(room)
    name = contract.gradients[0]

    def vandal(**arguments):
        result = getattr(scratch, contract.function)(**arguments)
        arguments[name] *= 0.5
        return result

    wrong = broken(scratch, contract.function, None)
    setattr(wrong, contract.function, vandal)
    with pytest.raises(Disagreement, match=f"the input {name} was written to"):
        agree.invariants(contract, wrong, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0, 3.0], "shape"),
        ([1.0, np.nan], [1.0, 2.0], "differs by nan"),
        ([1.0, 2.0], [1.0, np.nan], "differs by nan"),
        ([0.0, 1e-7], [0.0, 0.0], "differs"),
        ([1e6 + 2e-2, 0.0], [1e6, 0.0], "differs"),
    ],
)
def test_compare_complains(ours, theirs, message):
    with pytest.raises(Disagreement, match=message):
        agree.compare(ours, theirs, 1e-8, "here")


def test_compare_is_relative_to_the_scale():
    agree.compare([1e6 + 5e-3, 0.0], [1e6, 0.0], 1e-8, "here")  # raises nothing: 5e-3 of 1e6
    with pytest.raises(Disagreement):
        agree.compare([1e6 + 5e-3, 0.0], [1e6, 0.0], 1e-9, "here")


def planted_faults(room):
    """The faults of tests/faults/<room>.txt: a name after '#', the text to break after '-', the broken after '+'."""
    for block in (Path(__file__).parent / "faults" / f"{room}.txt").read_text(encoding="utf8").split("\n\n"):
        lines = block.strip().split("\n")
        old, new = ("\n".join(line[2:] for line in lines if line.startswith(sign)) for sign in "-+")
        yield pytest.param(old, new, id=lines[0].removeprefix("# "))


@pytest.mark.parametrize(("old", "new"), list(planted_faults("attention")))
def test_the_ladder_catches_planted_faults(old, new):
    """Change one line of the room's source; some rung must complain."""
    scratch, pytorch = halves("mmcourse.attention")
    source = inspect.getsource(scratch)
    assert old in source, f"the line to break is gone: {old}"
    wrong = type(scratch)("wrong")
    exec(compile(source.replace(old, new), "wrong", "exec"), wrong.__dict__)

    def climb():
        with np.errstate(all="ignore"):
            for contract in CONTRACTS:
                agree.known_answers(contract, wrong)
                agree.slope_check(contract, wrong, np.random.default_rng(0))
                agree.twins_agree(contract, wrong, pytorch, np.random.default_rng(1))
                agree.invariants(contract, wrong, np.random.default_rng(2))

    with pytest.raises((Disagreement, FloatingPointError, ValueError, IndexError)):
        climb()
