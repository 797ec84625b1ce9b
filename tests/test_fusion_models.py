"""Networks around the fusions: what is missing has no say, chances are seeded, and parameters are those that learn."""

import pytest

pytest.importorskip("torch")
import torch
from torch import nn

from mmcourse.fusion.models import JOINTS, LATE, METHODS, FusionModel, modality_dropout

D, CLASSES, N = 5, 3, 11


def model(method, seed=0):
    torch.manual_seed(seed)
    return FusionModel(method, nn.Linear(7, D), nn.Linear(2, D), CLASSES, D=D).eval()


@pytest.fixture
def inputs():
    torch.manual_seed(1)
    return torch.randn(N, 7), torch.randn(N, 2)


@pytest.mark.parametrize("method", METHODS)
def test_it_gives_distributions_and_every_parameter_learns(method, inputs):
    net = model(method)
    log_p = net(*inputs, torch.ones(N, 2, dtype=torch.bool))
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(N))
    (log_p * torch.randn(N, CLASSES)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("lost", [0, 1])
def test_what_is_missing_has_no_say(method, lost, inputs):
    present = torch.ones(N, 2, dtype=torch.bool)
    present[:4, lost] = False
    other = [x.clone() for x in inputs]
    other[lost] += 3
    net = model(method)
    before, after = net(*inputs, present), net(*other, present)
    torch.testing.assert_close(after[:4], before[:4])
    used = {"image alone": 0, "sound alone": 1}.get(method, lost)
    assert torch.equal(after[4:], before[4:]) == (used != lost)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("image alone", "sound alone")])
def test_both_missing_gives_numbers(method, inputs):
    assert model(method)(*inputs, torch.zeros(N, 2, dtype=torch.bool)).isfinite().all()


def test_late_fusion_is_the_mean_of_two_verdicts_at_first(inputs):
    net = model("late")
    a, b = (h(x).softmax(-1) for h, x in zip(net.verdicts, (net.see(inputs[0]), net.hear(inputs[1])), strict=True))
    torch.testing.assert_close(net(*inputs, torch.ones(N, 2, dtype=torch.bool)).exp(), (a + b) / 2)


def test_joined_has_the_width_that_the_head_expects(inputs):
    present = torch.ones(N, 2, dtype=torch.bool)
    widths = {m: model(m).joined(*inputs, present).shape[1] for m in JOINTS}
    assert widths == {m: {"concatenation": 10, "tensor": 36}.get(m, D) for m in JOINTS}
    assert set(LATE) == set(METHODS) - set(JOINTS)


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match=r"expected one of the methods .*'gated'.*, came 'gate'"):
        model("gate")


def test_modality_dropout_takes_one_of_two_and_never_the_last():
    torch.manual_seed(2)
    present = torch.tensor([[True, True]] * 6000 + [[True, False], [False, True], [False, False]] * 500)
    left = modality_dropout(present, 0.4)
    assert torch.equal(left[6000:], present[6000:])
    kept = left[:6000]
    assert kept.any(1).all()
    assert (~kept).float().mean(0).tolist() == pytest.approx([0.2, 0.2], abs=0.02)
    assert torch.equal(modality_dropout(present, 0.0), present)
    assert not modality_dropout(present, 1.0)[:6000].all(1).any()
