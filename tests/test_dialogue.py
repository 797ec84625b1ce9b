"""The conditional random field against every way of tagging, against pytorch-crf, and against itself broken."""

import inspect
import itertools
import warnings

import numpy as np
import pytest
from test_agree import planted_faults

from mmcourse import agree
from mmcourse.dialogue import scratch
from mmcourse.dialogue.contract import CRF_LOSS

PARAMETERS = ("transitions", "start", "end")


def drawn(seed, T=5, K=3, lengths=(5, 3, 1, 0), scale=2.0):
    rng = np.random.default_rng(seed)
    parameters = {name: scale * rng.standard_normal((K,) * n) for name, n in zip(PARAMETERS, (2, 1, 1), strict=True)}
    emissions = scale * rng.standard_normal((len(lengths), T, K))
    return {"emissions": emissions, **parameters}, rng.integers(0, K, (len(lengths), T)), np.array(lengths)


def score(field, b, y):
    total = field["start"][y[0]] + field["end"][y[-1]] + sum(field["emissions"][b, t, k] for t, k in enumerate(y))
    return total + sum(field["transitions"][i, j] for i, j in itertools.pairwise(y))


def all_ways(field, b, length):
    """{tags: their score} of one sequence."""
    K = field["emissions"].shape[2]
    return {y: score(field, b, y) for y in itertools.product(range(K), repeat=length)}


# ---- against all ways, written down


@pytest.mark.parametrize("seed", range(5))
def test_every_way_of_tagging_has_its_share(seed):
    field, tags, lengths = drawn(seed)
    loss, cache = scratch.crf_loss(**field, tags=tags, lengths=lengths)
    demissions, dtransitions, dstart, dend = scratch.crf_loss_backward(np.ones(len(lengths)), cache)
    expected = {name: np.zeros_like(field[name]) for name in field}
    for b, length in enumerate(lengths[:3]):
        ways = all_ways(field, b, length)
        z = sum(np.exp(s) for s in ways.values())
        true = tuple(tags[b, :length])
        np.testing.assert_allclose(loss[b], np.log(z) - ways[true], rtol=1e-12)
        for y, weight in [(y, np.exp(s) / z) for y, s in ways.items()] + [(true, -1)]:
            expected["start"][y[0]] += weight
            expected["end"][y[-1]] += weight
            for t, k in enumerate(y):
                expected["emissions"][b, t, k] += weight
            for i, j in itertools.pairwise(y):
                expected["transitions"][i, j] += weight
    assert loss[3] == 0
    found = {"emissions": demissions, "transitions": dtransitions, "start": dstart, "end": dend}
    for name in field:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-12, err_msg=name)


@pytest.mark.parametrize("seed", range(5))
def test_viterbi_finds_the_best_of_all_ways(seed):
    field, _, lengths = drawn(seed)
    tags, scores = scratch.viterbi(**field, lengths=lengths)
    for b, length in enumerate(lengths[:3]):
        ways = all_ways(field, b, length)
        best = max(ways, key=ways.get)
        assert tuple(tags[b]) == best + (-1,) * (5 - length)
        assert scores[b] == pytest.approx(ways[best], rel=1e-12)
    assert (tags[3] == -1).all()
    assert scores[3] == 0


def test_the_most_probable_tags_need_not_be_probable_tag_by_tag():
    """Of 00, 10 and 11 with 0.4, 0.3 and 0.3 the first is the best way; yet the first tag is probably 1."""
    field = {
        "emissions": np.zeros((1, 2, 2)),
        "transitions": np.log([[0.4, 1e-300], [0.3, 0.3]]),
        "start": np.zeros(2),
        "end": np.zeros(2),
    }
    tags, scores = scratch.viterbi(**field, lengths=[2])
    assert tags.tolist() == [[0, 0]]
    assert np.exp(scores) == pytest.approx([0.4])
    loss, cache = scratch.crf_loss(**field, tags=tags, lengths=[2])
    assert np.exp(-loss) == pytest.approx([0.4])
    marginals = scratch.crf_loss_backward(np.ones(1), cache)[0][0] + np.eye(2)[tags[0]]
    np.testing.assert_allclose(marginals, [[0.4, 0.6], [0.7, 0.3]])


def test_equals_are_won_by_the_lower_number():
    field = {
        "emissions": np.zeros((1, 3, 4)),
        "transitions": np.zeros((4, 4)),
        "start": np.zeros(4),
        "end": np.zeros(4),
    }
    assert scratch.viterbi(**field, lengths=[3])[0].tolist() == [[0, 0, 0]]


def test_viterbi_takes_what_is_forbidden_for_forbidden():
    field, _, _ = drawn(0, lengths=(5,))
    field["transitions"][:] = -np.inf
    field["transitions"][[0, 1, 2], [1, 2, 0]] = 0  # round in a circle
    tags, scores = scratch.viterbi(**field, lengths=[5])
    assert ((tags[0, :-1] + 1) % 3 == tags[0, 1:]).all()
    assert scores[0] == pytest.approx(score(field, 0, tags[0]))


def test_viterbi_and_its_twin_agree():
    torch = pytest.importorskip("torch")
    from mmcourse.dialogue import pytorch

    for seed in range(20):
        field, _, lengths = drawn(seed, T=7, K=5, lengths=(7, 1, 0, 4))
        tags, scores = scratch.viterbi(**field, lengths=lengths)
        theirs = pytorch.viterbi(
            **{n: torch.from_numpy(a) for n, a in field.items()}, lengths=torch.from_numpy(lengths)
        )
        assert np.array_equal(theirs[0].numpy(), tags)
        np.testing.assert_allclose(theirs[1].numpy(), scores, rtol=1e-12)


# ---- against pytorch-crf


def theirs(field, torch, torchcrf):
    """pytorch-crf with our parameters, and the emissions as a leaf."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        crf = torchcrf.CRF(field["emissions"].shape[2], batch_first=True).to(torch.from_numpy(field["emissions"]).dtype)
    with torch.no_grad():
        for name, parameter in zip(
            PARAMETERS, (crf.transitions, crf.start_transitions, crf.end_transitions), strict=True
        ):
            parameter.copy_(torch.from_numpy(field[name]))
    return crf, torch.from_numpy(field["emissions"]).requires_grad_()


@pytest.mark.parametrize("seed", range(10))
def test_pytorch_crf_says_the_same(seed):
    torch, torchcrf = pytest.importorskip("torch"), pytest.importorskip("torchcrf")
    field, tags, lengths = drawn(seed, T=11, K=7, lengths=(11, 5, 1, 8, 2))  # theirs knows no empty sequence
    crf, emissions = theirs(field, torch, torchcrf)
    mask = torch.arange(11) < torch.from_numpy(lengths)[:, None]
    loss = -crf(emissions, torch.from_numpy(tags), mask, reduction="none")
    dy = np.random.default_rng(seed).standard_normal(5)
    loss.backward(torch.from_numpy(dy))
    ours, cache = scratch.crf_loss(**field, tags=tags, lengths=lengths)
    np.testing.assert_allclose(ours, loss.detach().numpy(), rtol=1e-9)
    expected = [p.grad.numpy() for p in (emissions, crf.transitions, crf.start_transitions, crf.end_transitions)]
    for a, b in zip(scratch.crf_loss_backward(dy, cache), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9 * np.abs(b).max())
    decoded = crf.decode(emissions, mask)
    found, _ = scratch.viterbi(**field, lengths=lengths)
    assert [row[:n].tolist() for row, n in zip(found, lengths, strict=True)] == decoded


# ---- broken on purpose, and used in the wrong way


@pytest.mark.parametrize(("old", "new"), list(planted_faults("dialogue")))
def test_planted_faults_are_found(old, new):
    pytorch = pytest.importorskip("mmcourse.dialogue.pytorch")
    source = inspect.getsource(scratch)
    assert old in source, f"the line to break is gone: {old}"
    wrong = type(scratch)("wrong")
    exec(compile(source.replace(old, new), "wrong", "exec"), wrong.__dict__)

    def climb():
        agree.known_answers(CRF_LOSS, wrong)
        agree.slope_check(CRF_LOSS, wrong, np.random.default_rng(0))
        agree.twins_agree(CRF_LOSS, wrong, pytorch, np.random.default_rng(1))
        agree.invariants(CRF_LOSS, wrong, np.random.default_rng(2))

    with np.errstate(all="ignore"), pytest.raises((agree.Disagreement, ValueError, IndexError)):
        climb()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"emissions": np.zeros((5, 3))},
            r"\(B sequences, T steps, K tags\), came \(5, 3\).*emissions\[None\]",
        ),
        ({"transitions": np.zeros((3, 2))}, r"transitions must be \(3, 3\), came \(3, 2\)"),
        ({"start": np.zeros(4)}, r"start must be \(3,\), came \(4,\)"),
        ({"lengths": [5, 3, 1]}, "4 whole lengths from 0 to 5"),
        ({"lengths": [6, 3, 1, 0]}, "4 whole lengths from 0 to 5"),
        ({"tags": np.full((4, 5), 3)}, "tags from 0 to 2, came 0 to 3"),
        ({"tags": np.zeros((4, 4), int)}, r"whole tags \(4, 5\), came int64 \(4, 4\)"),
        ({"transitions": np.full((3, 3), -np.inf)}, "finite transitions.*-1e4"),
        ({"emissions": np.full((4, 5, 3), np.nan)}, "NaN"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    field, tags, lengths = drawn(0)
    with pytest.raises(ValueError, match=message):
        scratch.crf_loss(**{**field, "tags": tags, "lengths": lengths} | change)
