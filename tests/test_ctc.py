"""CTC against the sum over all paths, against torch, and against itself broken on purpose."""

import inspect
import itertools
import warnings

import numpy as np
import pytest
from test_agree import planted_faults

from mmcourse import agree
from mmcourse.speech import ctc, scratch
from mmcourse.speech.contract_ctc import CTC
from mmcourse.speech.ctc import forced_alignment, posteriors, with_blanks


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def written(path, blank):
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def all_paths(log_probs, blank=0):
    """{text: {path: its probability}}, for (T, C) small enough to write them all down."""
    T, C = log_probs.shape
    texts = {}
    for path in itertools.product(range(C), repeat=T):
        texts.setdefault(written(path, blank), {})[path] = np.exp(log_probs[range(T), path].sum())
    return texts


def one(module, log_probs, target, blank=0):
    """The loss of one example."""
    return module.ctc_loss(log_probs[:, None], np.array([target], int), [len(log_probs)], [len(target)], blank)[0][0]


def check_against_all_paths(module, seed, blank):
    """Every text of five frames has the probability of its paths; every state that of the paths through it."""
    log_probs = log_softmax(2 * np.random.default_rng(seed).standard_normal((5, 3)))
    texts = all_paths(log_probs, blank)
    assert len(texts) == 25  # of up to five labels, none of them twice without a frame between
    for text, paths in texts.items():
        np.testing.assert_allclose(one(module, log_probs, text, blank), -np.log(sum(paths.values())), rtol=1e-12)
        gamma = module.posteriors(log_probs, text, blank)
        for c in range(3):
            share = [sum(p for path, p in paths.items() if path[t] == c) / sum(paths.values()) for t in range(5)]
            np.testing.assert_allclose(gamma[:, with_blanks(text, blank) == c].sum(1), share, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(gamma.sum(1), 1, rtol=1e-12)
        states, log_prob = module.forced_alignment(log_probs, text, blank)
        best = tuple(with_blanks(text, blank)[states])
        assert best == max(paths, key=paths.get)
        assert log_prob == pytest.approx(np.log(paths[best]), rel=1e-12)


def drawn(rng):
    """A batch of any kind, small: repeats, a blank anywhere, empty and impossible targets, one frame."""
    T, B, C, S = rng.integers(1, 14), rng.integers(1, 6), rng.integers(2, 6), rng.integers(0, 7)
    blank = int(rng.integers(C))
    targets = rng.choice([c for c in range(C) if c != blank], (B, S))
    lengths = rng.integers(1, T + 1, B), rng.integers(0, S + 1, B)
    logits = rng.choice([0.0, 1.0, 5.0]) * rng.standard_normal((T, B, C))  # 0: all classes tie
    return logits, targets, *lengths, blank


def check_against_torch(module, seed, draws=40):
    """Loss and slope, at log_probs and at the logits, whatever is drawn; torch calls what is impossible 0 or NaN."""
    torch = pytest.importorskip("torch")
    rng, impossible = np.random.default_rng(seed), 0
    for _ in range(draws):
        logits, *rest, blank = drawn(rng)
        leaf = torch.tensor(logits, requires_grad=True)
        log_probs = leaf.log_softmax(-1)
        log_probs.retain_grad()
        arguments = log_probs, *map(torch.tensor, rest), blank
        dloss = rng.standard_normal(logits.shape[1])
        theirs = torch.nn.functional.ctc_loss(*arguments, reduction="none").detach().numpy()
        finite = torch.nn.functional.ctc_loss(*arguments, reduction="none", zero_infinity=True)
        finite.backward(torch.tensor(dloss))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ours, cache = module.ctc_loss(log_probs.detach().numpy(), *rest, blank)
            slope = module.ctc_loss_backward(dloss, cache)
        impossible += np.isinf(ours).sum()
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(slope, log_probs.grad, atol=1e-10)
        np.testing.assert_allclose(slope, leaf.grad, atol=1e-10)
    assert impossible > 5


def check_extremes(module):
    """A sure network that is wrong everywhere: the paths of the target are e^1000 times less likely than others."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    leaf = torch.tensor(400 * rng.standard_normal((50, 3, 7)), requires_grad=True)
    log_probs, targets = leaf.log_softmax(-1), rng.integers(1, 7, (3, 11))
    lengths = np.array([50, 47, 31]), np.array([11, 5, 7])
    arguments = log_probs, *map(torch.tensor, (targets, *lengths))
    theirs = torch.nn.functional.ctc_loss(*arguments, reduction="none")
    theirs.sum().backward()
    loss, cache = module.ctc_loss(log_probs.detach().numpy(), targets, *lengths)
    assert loss.min() > 3000
    np.testing.assert_allclose(loss, theirs.detach(), rtol=1e-12)
    np.testing.assert_allclose(module.ctc_loss_backward(np.ones(3), cache), leaf.grad, atol=1e-9)


def check_ties(module):
    """All classes alike: of the best paths the one that dwells longest where it comes to rest, seen from the end."""
    flat = np.log(np.full((5, 3), 1 / 3))
    assert module.forced_alignment(flat, [1, 2])[0].tolist() == [1, 3, 4, 4, 4]
    assert module.forced_alignment(flat, [1, 1])[0].tolist() == [1, 2, 3, 4, 4]
    assert module.forced_alignment(flat, [])[0].tolist() == [0] * 5


@pytest.mark.parametrize(("seed", "blank"), [(0, 0), (1, 1), (2, 2)])
def test_the_sum_over_all_paths(seed, blank):
    check_against_all_paths(ctc, seed, blank)


def test_all_texts_together_are_certain():
    log_probs = log_softmax(np.random.default_rng(0).standard_normal((5, 3)))
    assert sum(np.exp(-one(ctc, log_probs, text)) for text in all_paths(log_probs)) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_torch_agrees(seed):
    check_against_torch(ctc, seed)


def test_unlikely_paths_are_not_lost():
    check_extremes(ctc)


def test_of_equal_alignments_the_slowest_counts():
    check_ties(ctc)


def climb(module):
    """Every rung that the function has to stand on."""
    from mmcourse.speech import pytorch

    agree.known_answers(CTC, module)
    agree.slope_check(CTC, module, np.random.default_rng(0))
    agree.twins_agree(CTC, module, pytorch, np.random.default_rng(1))
    agree.invariants(CTC, module, np.random.default_rng(2))
    check_against_all_paths(module, 0, 1)
    check_against_torch(module, 0)
    check_extremes(module)
    check_ties(module)


def test_nothing_is_wrong_without_a_fault():
    climb(ctc)


@pytest.mark.parametrize(("old", "new"), list(planted_faults("ctc")))
def test_planted_faults_are_caught(old, new):
    source = inspect.getsource(ctc)
    assert source.count(old) == 1, f"the line to break is gone, or not alone: {old}"
    wrong = type(ctc)("wrong")
    exec(compile(source.replace(old, new), "wrong", "exec"), wrong.__dict__)
    with np.errstate(all="ignore"), pytest.raises((AssertionError, RuntimeWarning, ValueError, IndexError)):
        climb(wrong)


def test_the_means_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    log_probs, targets = log_softmax(rng.standard_normal((11, 3, 5))), rng.integers(1, 5, (3, 4))
    lengths = np.array([11, 7, 9]), np.array([4, 0, 2])
    loss, _ = scratch.ctc_loss(log_probs, targets, *lengths)
    arguments = list(map(torch.tensor, (log_probs, targets, *lengths)))
    assert torch.nn.functional.ctc_loss(*arguments).item() == pytest.approx(np.mean(loss / np.maximum(lengths[1], 1)))
    assert torch.nn.functional.ctc_loss(*arguments, reduction="sum").item() == pytest.approx(loss.sum())


def test_the_twin_tells_impossible_from_certain():
    torch = pytest.importorskip("torch")
    from mmcourse.speech import pytorch

    sure = torch.tensor([0.0, -300.0]).expand(2, 3, 2).clone().requires_grad_()
    lengths = torch.tensor([2, 2, 2]), torch.tensor([0, 2, 1])  # certain; too long, with its repeat; a surprise
    loss = pytorch.ctc_loss(sure, torch.ones(3, 2, dtype=int), *lengths)
    dloss = np.array([0.7, -0.4, 1.3], np.float32)
    loss.backward(torch.tensor(dloss))
    ours, cache = scratch.ctc_loss(sure.detach().numpy(), np.ones((3, 2), int), *(n.numpy() for n in lengths))
    assert loss.tolist() == ours.tolist() == [0, np.inf, pytest.approx(300 - np.log(2))]
    slope = scratch.ctc_loss_backward(dloss, cache)
    np.testing.assert_allclose(slope, sure.grad, atol=1e-6)
    np.testing.assert_array_equal(slope[:, :2], 0)
    assert np.abs(slope[:, 2]).min() > 0.1


def test_a_class_that_never_sounds_makes_no_nan():
    """-inf among the log-probabilities: the target does without that class, or is impossible."""
    log_probs = log_softmax(np.where(np.arange(4) == 3, -np.inf, np.random.default_rng(0).standard_normal((5, 2, 4))))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss, cache = scratch.ctc_loss(log_probs, [[1, 2], [1, 3]], [5, 5], [2, 2])
        slope = scratch.ctc_loss_backward(np.array([0.7, -0.4]), cache)
    assert np.isinf(loss).tolist() == [False, True]
    without = scratch.ctc_loss(log_probs[:, :1, :3], [[1, 2]], [5], [2])
    np.testing.assert_allclose(loss[0], without[0][0])
    np.testing.assert_allclose(slope[:, 0, :3], scratch.ctc_loss_backward(np.array([0.7]), without[1])[:, 0])
    np.testing.assert_array_equal(slope[:, 1], 0)
    np.testing.assert_array_equal(slope[:, 0, 3], 0)


def test_nothing_behind_the_frames_reaches_the_slope():
    rng = np.random.default_rng(0)
    log_probs = log_softmax(rng.standard_normal((7, 2, 3)))
    spoilt = log_probs.copy()
    spoilt[4:, 0], spoilt[6:, 1] = np.nan, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope, clean = (
            scratch.ctc_loss_backward(np.array([0.7, -0.4]), scratch.ctc_loss(x, [1, 2, 1], [4, 6], [2, 1])[1])
            for x in (spoilt, log_probs)
        )
    np.testing.assert_array_equal(slope, clean)
    np.testing.assert_array_equal(slope[4:, 0], 0)
    np.testing.assert_allclose(slope.sum(-1), 0, atol=1e-15)


@pytest.mark.parametrize("long", [40, 600])
def test_float32_stays_float32_and_near(long):
    log_probs, target = log_softmax(np.random.default_rng(0).standard_normal((long, 11))), [3, 3, 1, 7, 10]
    wide, narrow = posteriors(log_probs, target), posteriors(log_probs.astype(np.float32), target)
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, atol=2e-6 * long)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"log_probs": np.zeros((5, 2, 3), int)}, TypeError, "expected log_probs in float32 or float64, came int64"),
        ({"log_probs": np.zeros((5, 3))}, ValueError, r"came \(5, 3\)\. Try: log_probs\[:, None\]"),
        ({"log_probs": np.zeros((0, 2, 3))}, ValueError, r"came \(0, 2, 3\)"),
        ({"log_probs": np.ones((5, 2, 3))}, ValueError, r"expected log-probabilities, <= 0, came 1\. Try: log_softmax"),
        ({"log_probs": np.full((5, 2, 3), np.nan)}, ValueError, "log_probs hold NaN"),
        ({"input_lengths": [6, 5]}, ValueError, r"2 whole input_lengths from 1 to 5, came array\(\[6, 5\]"),
        ({"input_lengths": [0, 5]}, ValueError, "2 whole input_lengths from 1 to 5"),
        ({"input_lengths": [5]}, ValueError, "2 whole input_lengths"),
        ({"input_lengths": [5.0, 4.0]}, ValueError, "2 whole input_lengths"),
        ({"target_lengths": [2, -1]}, ValueError, "2 whole target_lengths from 0 to inf"),
        ({"target_lengths": [3, 1]}, ValueError, r"targets, \(2, 3\) or \(4,\), came int64 \(2, 2\)"),
        ({"targets": [1, 2]}, ValueError, r"targets, \(2, 2\) or \(3,\), came int64 \(2,\)"),
        ({"targets": [[1.5, 2.0], [1.0, 1.0]]}, ValueError, "whole numbers as targets, .* came float64"),
        ({"targets": [[1, 3], [1, 1]]}, ValueError, r"labels from 0 to 2, .* came blank 0 and labels \[1 3\]"),
        ({"targets": [[1, 0], [1, 1]]}, ValueError, r"no label that is the blank, came blank 0 and labels \[0 1\]"),
        ({"blank": 3}, ValueError, "came blank 3"),
    ],
)
def test_what_does_not_fit_is_named(change, error, message):
    right = {"log_probs": np.log(np.full((5, 2, 3), 1 / 3)), "targets": [[1, 2], [1, -1]]}
    right |= {"input_lengths": [5, 4], "target_lengths": [2, 1]}
    assert np.isfinite(ctc.ctc_loss(**right)[0]).all()  # -1 stands behind the end
    with pytest.raises(error, match=f"^ctc_loss: .*{message}"):
        ctc.ctc_loss(**right | change)


@pytest.mark.parametrize("of", [posteriors, forced_alignment])
def test_no_alignment_of_what_cannot_be_said(of):
    flat = np.log(np.full((3, 4), 1 / 4))
    with pytest.raises(ValueError, match=r"^no path of 3 frames writes this target of 3 labels\. Try: more frames"):
        of(flat, [1, 1, 2])
    with pytest.raises(ValueError, match=r"expected log_probs \(T, C\) of one example, came \(3, 1, 4\)"):
        of(flat[:, None], [1])
