"""A run that is killed goes on as if nothing had happened, and no checkpoint is taken for what it is not."""

import errno
import io
import multiprocessing
import os
import resource
import signal
import time
import warnings
import zipfile

import numpy as np
import pytest
import torch
import training
from torch import nn
from training import EVERY, STEPS, Counting, assert_same, cross_entropy, problem, run, weights

from mmcourse.train import train


@pytest.fixture(scope="module")
def server():
    """Processes that start in milliseconds: torch is loaded once, in the process they are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mmcourse.train", "torch._dynamo"])  # the latter is loaded by the first step
    return context


@pytest.fixture(scope="module")
def uninterrupted():
    return run()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "run.pt"


def killed(server, target, *arguments):
    """Run target in another process; True if it was killed, False if it ended well."""
    process = server.Process(target=target, args=arguments)
    process.start()
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


# Killed and gone on


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_killed_at_any_step_it_ends_with_the_same_weights(server, file, uninterrupted, step):
    assert killed(server, training.die_at_step, file, step)
    loss = Counting()
    assert_same(run(loss, checkpoint=file), uninterrupted)
    assert loss.calls == STEPS - (step - 1) // EVERY * EVERY  # no more than since the last checkpoint was done again


@pytest.mark.parametrize("number", range(15))
def test_killed_anywhere_in_the_writing_of_a_checkpoint(server, file, uninterrupted, number):
    """Four checkpoints: the first takes a write, an fsync and a rename, each later one two renames."""
    assert killed(server, training.die_at_file_operation, file, number)
    loss = Counting()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_same(run(loss, checkpoint=file), uninterrupted)
    done = [0, 5, 5, *[5, 5, 5, 10], *[10, 10, 10, 15], *[15, 15, 15, 17]]  # what is whole and not in its place counts
    assert loss.calls == STEPS - done[number]


def test_four_checkpoints_have_fifteen_operations(server, file):
    assert not killed(server, training.die_at_file_operation, file, 15)


def test_killed_from_outside_again_and_again(server, file, uninterrupted):
    rng = np.random.default_rng(0)
    kills = 0
    for _ in range(4):
        process = server.Process(target=training.run_slowly, args=(file,))
        process.start()
        time.sleep(rng.uniform(0.1, 0.4))
        process.kill()
        process.join(30)
        kills += process.exitcode == -signal.SIGKILL
    assert kills
    model, history = run(checkpoint=file, every=2)
    assert_same((model, history), run(every=2))
    assert history.losses == uninterrupted[1].losses


def test_a_finished_run_returns_at_once_and_can_be_given_more_steps(file):
    constant = {"schedule": None}
    run(checkpoint=file, steps=10, **constant)
    loss = Counting()
    assert_same(run(loss, checkpoint=file, steps=10, **constant), run(steps=10, **constant))
    assert loss.calls == 0
    assert_same(run(checkpoint=file, steps=15, **constant), run(steps=15, **constant))
    with pytest.raises(ValueError, match=r"run.pt is at step 15, beyond the 10 asked for"):
        run(checkpoint=file, steps=10, **constant)


def test_numbers_may_be_those_of_numpy(file):
    def go(steps):
        model, data = problem()
        optimiser = torch.optim.SGD(model.parameters(), lr=np.float64(0.1))
        options = {"steps": steps, "batch": 13, "seed": np.int64(2), "validate": lambda m: np.float64(1.5)}
        return train(model, data, cross_entropy, optimiser=optimiser, checkpoint=file, progress=False, **options)

    assert go(2).losses == go(3).losses[:2]


# Checkpoints that are damaged, or another's


def cut(data):
    return data[: len(data) // 2]


def flip_a_bit_of_a_weight(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        at = data.index(archive.read("archive/data/0")) + 5
    return data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :]


def empty(data):
    return b""


def other_text(data):
    return b"accuracy, 0.93\n"


damages = pytest.mark.parametrize("damage", [cut, flip_a_bit_of_a_weight, empty, other_text])


@damages
def test_a_damaged_checkpoint_is_noticed_and_the_one_before_it_taken(file, uninterrupted, damage):
    run(checkpoint=file)
    file.write_bytes(damage(file.read_bytes()))
    loss = Counting()
    with pytest.warns(UserWarning, match=r"run.pt cannot be read .*going on from run.pt.previous"):
        assert_same(run(loss, checkpoint=file), uninterrupted)
    assert loss.calls == STEPS - 15


@damages
def test_a_damaged_checkpoint_alone_is_an_error_and_stays_as_it_is(file, damage):
    run(checkpoint=file, steps=5)
    file.write_bytes(damage(file.read_bytes()))
    before = file.read_bytes()
    with pytest.raises(ValueError, match=r"expected a whole checkpoint: .*run.pt cannot be read .*Try: move it away"):
        run(checkpoint=file)
    assert file.read_bytes() == before


def test_every_single_flipped_bit_is_harmless_or_noticed(file, uninterrupted):
    run(checkpoint=file)
    file.with_name("run.pt.previous").unlink()
    whole = file.read_bytes()
    noticed = 0
    for at in np.random.default_rng(0).integers(0, len(whole), 60):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        try:
            assert_same(run(checkpoint=file), uninterrupted)
        except ValueError as problem:
            assert "cannot be read" in str(problem)  # noqa: PT017  either ending is right
            noticed += 1
    assert noticed > 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": 4}, "seed was 0, is 4"),
        ({"batch": 7}, "batch was 13, is 7"),
        ({"every": 3}, "every was 5, is 3"),
        ({"precision": "bfloat16"}, "precision was float32, is bfloat16"),
        ({"schedule": None}, "schedule was OneCycleLR, is NoneType"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(file, options, message):
    run(checkpoint=file, steps=5)
    with pytest.raises(ValueError, match=f"belongs to another run: {message}.*Try: "):
        run(checkpoint=file, **options)


def test_a_checkpoint_of_another_model_is_refused_and_the_model_stays(file):
    run(checkpoint=file, steps=5)
    model = nn.Sequential(nn.Linear(7, 5), nn.Linear(5, 3))
    before = weights(model)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    with pytest.raises(ValueError, match=r"the shape of 0.weight was \(11, 7\), is \(5, 7\)"):
        train(model, problem()[1], cross_entropy, optimiser=optimiser, steps=5, batch=13, every=5, checkpoint=file)
    assert torch.equal(weights(model), before)


def test_another_learning_rate_is_refused_and_not_silently_replaced_by_the_old_one(file):
    def go(lr):
        model, data = problem()
        optimiser = torch.optim.SGD(model.parameters(), lr=lr)
        train(model, data, cross_entropy, optimiser=optimiser, steps=1, batch=13, checkpoint=file, progress=False)

    go(0.1)
    with pytest.raises(ValueError, match=r"optimiser was SGD \{'lr': 0.1.* is SGD \{'lr': 0.2"):
        go(0.2)


def test_a_file_of_weights_is_no_checkpoint(file):
    torch.save(problem()[0].state_dict(), file)
    with pytest.raises(ValueError, match=r"expected a checkpoint of train in .*run.pt, came another file"):
        run(checkpoint=file)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_a_checkpoint_runs_no_code(file, tmp_path):
    torch.save({"settings": Evil(str(tmp_path / "struck"))}, file)
    with pytest.raises(ValueError, match=r"cannot be read .*not safe to load"):
        run(checkpoint=file)
    assert not (tmp_path / "struck").exists()


@pytest.fixture(params=["says it is full", "takes only a part"])
def full_disk(request, monkeypatch):
    """Call it to fill the disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if request.param == "says it is full":
        yield lambda: monkeypatch.setattr(os, "fsync", no_space)
        monkeypatch.undo()
    else:
        yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_costs_one_warning_and_not_the_last_checkpoint(file, full_disk, uninterrupted):
    run(checkpoint=file, steps=5)
    before = file.read_bytes()
    full_disk()
    with pytest.warns(UserWarning, match=r"cannot write the checkpoint .*training goes on") as caught:
        ours = run(checkpoint=file)
    assert len(caught) == 1
    assert_same(ours, uninterrupted)
    assert file.read_bytes() == before
    assert [p.name for p in file.parent.iterdir()] == ["run.pt"]


def no_space(descriptor):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_once_there_is_space_again_checkpoints_are_written_again(file, monkeypatch):
    calls = iter([no_space, os.fsync, no_space, os.fsync])
    monkeypatch.setattr(os, "fsync", lambda descriptor: next(calls)(descriptor))
    with pytest.warns(UserWarning, match="cannot write the checkpoint") as caught:
        run(checkpoint=file)
    assert len(caught) == 1
    loss = Counting()
    run(loss, checkpoint=file)
    assert loss.calls == 0
