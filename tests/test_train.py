"""The training loop: what a seed decides, when it stops, what it says when something does not fit, how it runs."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import training
from torch import nn
from training import assert_same, cross_entropy, problem, run, weights

from mmcourse.train import train


@pytest.fixture(scope="module")
def uninterrupted():
    return run()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run.pt"


# What the seed decides


def test_the_same_seed_gives_the_same_weights(uninterrupted):
    assert_same(run(), uninterrupted)


def chances(**options):
    """What the loss draws from torch in each step, with the order of the examples."""
    drawn = []

    def loss(model, x, y):
        drawn.append((torch.rand(()).item(), *y.tolist()))
        return cross_entropy(model, x, y)

    run(loss, **{"steps": 6, "schedule": None} | options)
    return [numbers[0] for numbers in drawn], [numbers[1:] for numbers in drawn]


def test_every_step_and_every_seed_have_chances_and_an_order_of_their_own():
    (first, order), (second, other_order) = chances(seed=1), chances(seed=2)
    assert len({*first, *second}) == 12
    assert not set(order) & set(other_order)
    assert chances(seed=1) == (first, order)


def test_validation_does_not_change_the_chances_of_training():
    def validate(model):
        return torch.rand(3).sum().item()

    assert chances(validate=validate, every=1) == chances(validate=None)


def test_another_seed_gives_other_weights(uninterrupted):
    assert (weights(run(seed=1)[0]) - weights(uninterrupted[0])).abs().max() > 1e-3


def test_the_caller_keeps_their_random_numbers():
    before = torch.get_rng_state()
    run()
    assert torch.equal(torch.get_rng_state(), before)


def seen_ids(**options):
    seen = []
    model = nn.Linear(1, 1)

    def loss(model, ids):
        seen.append(ids.tolist())
        return model(ids[:, None].float()).mean()

    optimiser = torch.optim.SGD(model.parameters(), lr=1e-6)
    train(model, loss=loss, optimiser=optimiser, batch=4, progress=False, **options)
    return seen


def test_an_epoch_shows_every_example_once_in_an_order_of_its_own():
    first, second = np.array(seen_ids(data=np.arange(20), epochs=2)).reshape(2, 20)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first.tolist() != second.tolist()


def test_the_incomplete_last_batch_is_left_out():
    assert [len(ids) for ids in seen_ids(data=np.arange(11), epochs=3)] == [4] * 6


def test_data_may_be_a_function_of_a_generator_made_for_the_step():
    seen = seen_ids(data=lambda rng: torch.from_numpy(rng.integers(0, 1000, 5)), steps=3)
    assert seen == seen_ids(data=lambda rng: torch.from_numpy(rng.integers(0, 1000, 5)), steps=3)
    assert len({tuple(ids) for ids in seen}) == 3


# Validation and early stop


def slope(**options):
    """A weight that starts at 0 and rises by 1 a step, or what the options say. Returns (weight, history)."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    optimiser = torch.optim.SGD(model.parameters(), lr=1.0)
    settings = {"steps": 20, "batch": 2, "every": 1, "progress": False} | options
    history = train(model, torch.ones(4, 1), lambda m, x: -m(x).mean(), optimiser=optimiser, **settings)
    return model.weight.item(), history


def near(target):
    return lambda model: -abs(model.weight.item() - target)


def test_early_stop_keeps_the_best_weights():
    weight, history = slope(validate=near(6), patience=3)
    assert weight == 6
    assert history.best == (6, 0.0)
    assert [step for step, _ in history.scores] == list(range(1, 10))  # the best after 6, then three worse


def test_patience_counts_validations_and_not_steps():
    weight, history = slope(validate=near(6), patience=2, every=4)
    assert history.scores == [(4, -2.0), (8, -2.0), (12, -6.0)]  # the first of equals is the best
    assert weight == 4


def test_without_patience_all_steps_run_and_the_best_weights_come_back():
    weight, history = slope(validate=near(6))
    assert weight == 6
    assert len(history.losses) == 20


def test_without_validation_the_last_weights_come_back():
    assert slope(every=7) == (20, slope()[1])


def test_the_last_step_is_validated_too():
    assert [step for step, _ in slope(validate=near(99), every=8)[1].scores] == [8, 16, 20]


def test_a_stopped_run_stays_stopped(file):
    alone = slope(validate=near(6), patience=3)
    assert slope(validate=near(6), patience=3, checkpoint=file) == alone
    assert slope(validate=near(6), patience=3, checkpoint=file) == alone


def test_validation_sees_eval_mode_and_training_train_mode():
    modes = []

    def loss(model, x, y):
        modes.append(("loss", model.training, torch.is_grad_enabled()))
        return cross_entropy(model, x, y)

    def validate(model):
        modes.append(("validate", model.training, torch.is_grad_enabled()))
        return 0

    run(loss, validate=validate, steps=2, every=1)
    assert modes == [("loss", True, True), ("validate", False, False)] * 2


@pytest.mark.parametrize("validate", [None, lambda model: 0])
def test_the_model_comes_back_in_eval_mode(validate):
    assert not run(validate=validate)[0].training


# What it says


@pytest.mark.parametrize(("bad", "name"), [(float("nan"), "nan"), (float("inf"), "inf")])
def test_a_loss_that_is_not_finite_stops_before_the_step(bad, name):
    model, data = problem(norm=False)
    losses = iter([1, 1, bad])
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(FloatingPointError, match=f"expected a finite loss, came {name} at step 3; .*Try: "):
        train(
            model, data, lambda m, x, y: next(losses) * cross_entropy(m, x, y),
            optimiser=optimiser, steps=9, batch=13, progress=False,
        )  # fmt: skip
    two_steps, _ = problem(norm=False)
    optimiser = torch.optim.SGD(two_steps.parameters(), lr=0.1)
    train(two_steps, data, cross_entropy, optimiser=optimiser, steps=2, batch=13, progress=False)
    assert torch.equal(weights(model), weights(two_steps))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 54}, "expected 1 <= batch <= 53, the number of examples, came batch=54"),
        ({"batch": 0}, "expected 1 <= batch <= 53, .* came batch=0"),
        ({"steps": 0}, "expected at least one step, came 0"),
        ({"steps": None, "epochs": 0}, "expected at least one step, came 0"),
        ({"steps": None}, "expected steps or epochs, came steps=None, epochs=None"),
        ({"epochs": 2}, "expected steps or epochs, came steps=17, epochs=2"),
        ({"every": 0}, "expected every >= 1 steps, came 0"),
        ({"patience": 2, "validate": None}, "patience=2 expects validate"),
        ({"patience": 0}, "patience=0 expects validate, and at least 1"),
        ({"precision": "float8"}, "expected precision float32 or bfloat16, came 'float8'"),
        ({"device": "tpu"}, r"expected a device of this machine \(.*cpu\), came 'tpu'"),
        ({"distributed": True}, "distributed=True expects a start by torchrun"),
        ({"validate": lambda model: float("nan")}, "expected a number from validate, came NaN at step 5"),
        ({"loss": lambda m, x, y: m(x)}, r"expected one number from loss, .* came \(13, 3\)"),
        ({"loss": lambda m, x, y: 1.5}, "expected one number from loss, .* came float"),
    ],
)
def test_what_does_not_fit_is_named(options, message):
    with pytest.raises(ValueError, match=f"^train: {message}"):
        run(**options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"expected a device of this machine \(.*cpu\), came 'cuda:0'"):
        run(device="cuda:0")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ((torch.ones(5, 7), torch.ones(4)), {"steps": 1}, r"the same number of examples, came \[5, 4\]"),
        (lambda rng: torch.ones(2, 7), {"epochs": 1}, "a function has no epochs. Try: steps="),
        (lambda rng: torch.ones(2, 7), {"steps": 0}, "expected at least one step, came 0"),
    ],
)
def test_data_that_does_not_fit_is_named(data, options, message):
    model = nn.Linear(7, 1)
    optimiser = torch.optim.SGD(model.parameters())
    with pytest.raises(ValueError, match=message):
        train(model, data, lambda m, x: m(x).mean(), optimiser=optimiser, batch=2, **options)


def frozen():
    return nn.Linear(7, 3).requires_grad_(False)


@pytest.mark.parametrize(
    ("model", "extra", "message"),
    [
        (frozen, [], "holds no parameter of the model that can learn"),
        (nn.Identity, [nn.Parameter(torch.ones(1))], "holds no parameter of the model that can learn"),
        (lambda: nn.Linear(7, 3), [nn.Parameter(torch.ones(1))], "parameters that are not the model's"),
    ],
)
def test_an_optimiser_of_other_parameters_is_refused(model, extra, message):
    model = model()
    optimiser = torch.optim.SGD([*model.parameters(), *extra], lr=0.1)
    with pytest.raises(ValueError, match=message):
        train(model, problem()[1], cross_entropy, optimiser=optimiser, steps=1, batch=13)


@pytest.mark.parametrize("progress", [True, False])
def test_the_bar_shows_and_stays_quiet_when_told(capfd, progress):
    run(progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("17/17" in err and "loss=" in err) if progress else err == ""


# Precision, compilation, several processes


def test_bfloat16_autocast_runs_and_is_close(uninterrupted):
    widths = set()

    def loss(model, x, y):
        out = model(x)
        widths.add(out.dtype)
        return nn.functional.cross_entropy(out, y)

    model, history = run(loss, precision="bfloat16")
    assert widths == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    np.testing.assert_allclose(history.losses, uninterrupted[1].losses, rtol=0.05)
    assert history.losses != uninterrupted[1].losses


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="torch.compile needs a C++ compiler")
def test_compiled_it_gives_the_same_weights_up_to_rounding(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    ends = []
    for compile in (True, False):
        model, data = problem(dropout=0, norm=False)
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        options = {"steps": 3, "batch": 13, "progress": False, "compile": compile}
        train(model, data, cross_entropy, optimiser=optimiser, **options)
        ends.append(weights(model))
    assert any(tmp_path.rglob("*.cpp"))
    torch.testing.assert_close(*ends, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_two_processes_are_one_with_the_joint_batch(tmp_path):
    """Losses, scores, weights, and the gradients of the last step agree to 1e-12, in float64."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, Path(training.__file__), tmp_path], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "one").mkdir()
    alone = training.in_processes(tmp_path / "one")
    alone.pop("chance")
    alone["examples"] //= 2
    processes = [torch.load(tmp_path / f"process{rank}.pt") for rank in (0, 1)]
    assert processes[0].pop("chance") != processes[1].pop("chance")  # say, two masks of dropout
    for rank, together in enumerate(processes):
        assert set(together) == set(alone)
        for name, expected in alone.items():
            torch.testing.assert_close(together[name], expected, rtol=0, atol=1e-12, msg=f"{name}, process {rank}")
