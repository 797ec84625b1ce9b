"""Every room's contracts, on every rung. A new room is tested because it exists."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import mmcourse
from mmcourse import agree

ROOMS = sorted(
    m.name.removesuffix(".contract")
    for m in pkgutil.walk_packages(mmcourse.__path__, "mmcourse.")
    if m.name.endswith(".contract")
)
CASES = [(r, c) for r in ROOMS for c in importlib.import_module(r + ".contract").CONTRACTS]
each_contract = pytest.mark.parametrize(
    ("room", "contract"), CASES, ids=[f"{r.rpartition('.')[2]}.{c.function}" for r, c in CASES]
)


def scratch_of(room):
    return importlib.import_module(room + ".scratch")


def halves(room):
    """The NumPy half and its twin; the test is skipped where there is no torch."""
    pytest.importorskip("torch")
    return scratch_of(room), importlib.import_module(room + ".pytorch")


@each_contract
def test_known_answers(room, contract):
    agree.known_answers(contract, scratch_of(room))


@each_contract
@pytest.mark.parametrize("seed", [0, 1])
def test_slope(room, contract, seed):
    agree.slope_check(contract, scratch_of(room), np.random.default_rng(seed))


@each_contract
def test_invariants(room, contract):
    agree.invariants(contract, scratch_of(room), np.random.default_rng(2))


@each_contract
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_twins(room, contract, dtype, device):
    torch = pytest.importorskip("torch")
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    agree.twins_agree(contract, *halves(room), np.random.default_rng(3), dtype, device)


def both_ways(name):
    there = name.removesuffix("_backward")
    return {there, there + "_backward"}


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_left_out(room):
    """Every function with a way back has a contract, and every function of one half stands in the other."""
    scratch = scratch_of(room)
    functions = {n: f.__module__ for n, f in inspect.getmembers(scratch, inspect.isfunction) if not n.startswith("_")}
    own = {n for n, module in functions.items() if module == scratch.__name__}
    # with a way back, and written in another file of the room
    own |= {n for n, module in functions.items() if module.startswith(room + ".") and both_ways(n) <= set(functions)}
    with_way_back = {n.removesuffix("_backward") for n in own if n.endswith("_backward")}
    assert with_way_back == {c.function for r, c in CASES if r == room}
    _, pytorch = halves(room)
    assert {n for n in own if not n.endswith("_backward")} - set(dir(pytorch)) == set()


@pytest.mark.parametrize("room", ROOMS)
def test_scratch_does_without_torch(room, run_python):
    run_python(f"import {room}.scratch, sys; assert 'torch' not in sys.modules")
