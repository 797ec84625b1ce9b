"""The fusions for any number of modalities: what they are for two is the room's, and what is absent is not read."""

import pytest

pytest.importorskip("torch")

import torch

from mmcourse.fusion import pytorch as fusion
from mmcourse.studies.choosing_models import FOLDED, LATE, METHODS, Fused, Tower

TWO, THREE = ((7, 5), (3, 11)), ((7, 5), (3, 11), (2, 13))


def drawn(sizes, B=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(B, *s, generator=generator) for s in sizes]


def model(method, sizes, **settings):
    torch.manual_seed(0)
    return Fused(method, sizes, 6, D=19, **settings).eval()


@pytest.mark.parametrize("sizes", [TWO, THREE])
@pytest.mark.parametrize("method", [0, 1, *METHODS])
def test_chances_sum_to_one_and_what_is_absent_is_not_read(method, sizes):
    fused, tokens, present = model(method, sizes), drawn(sizes), torch.ones(4, len(sizes), dtype=torch.bool)
    whole = fused(*tokens, present)
    torch.testing.assert_close(whole.exp().sum(1), torch.ones(4))
    present[:, 1] = False
    without = fused(*tokens, present)
    tokens[1] = 3 * tokens[1]
    torch.testing.assert_close(fused(*tokens, present), without)
    assert torch.allclose(whole, without) == (method == 0)


@pytest.mark.parametrize("method", [*METHODS, 0])
def test_rows_of_zeros_are_no_tokens(method):
    fused, (a, b), present = model(method, TWO), drawn(TWO), torch.ones(4, 2, dtype=torch.bool)
    a[:, 5:] = 0
    longer = Fused(method, ((5, 5), (3, 11)), 6, D=19).eval()
    weights = fused.state_dict()
    weights["towers.0.place"] = weights["towers.0.place"][:5]
    longer.load_state_dict(weights)
    torch.testing.assert_close(longer(a[:, :5], b, present), fused(a, b, present))


@pytest.mark.parametrize("method", FOLDED)
def test_two_are_joined_by_the_room_and_the_third_with_what_came_out(method):
    join = FOLDED[method][0]
    fused, tokens, present = model(method, THREE), drawn(THREE), torch.ones(4, 3, dtype=torch.bool)
    _, _, (a, b, c) = fused.features(*tokens, present)
    first, second = ({name: w[i] for name, w in fused.joint.items()} for i in (0, 1))
    torch.testing.assert_close(fused.joined(*tokens, present), join(join(a, b, **first), c, **second))


def test_attention_is_the_rooms():
    fused, tokens, present = model("attention", THREE), drawn(THREE), torch.tensor([[1, 1, 0]] * 4).bool()
    features = torch.stack(fused.features(*tokens, present)[2], 1)
    expected = fusion.attention_fusion(features, fused.joint["w"], fused.joint["u"], present)
    torch.testing.assert_close(fused.joined(*tokens, present), expected)


@pytest.mark.parametrize("method", LATE)
def test_a_single_stream_that_is_present_speaks_alone(method):
    fused, tokens = model(method, THREE), drawn(THREE)
    present = torch.tensor([[False, True, False]] * 4)
    verdicts, _ = fused.verdicts(*tokens, present)
    torch.testing.assert_close(fused(*tokens, present).exp(), verdicts[:, 1])


def test_two_streams_average_and_learn_by_themselves():
    fused, tokens, present = model("two streams", TWO), drawn(TWO), torch.ones(4, 2, dtype=torch.bool)
    verdicts, _ = fused.verdicts(*tokens, present)
    torch.testing.assert_close(fused(*tokens, present).exp(), verdicts.mean(1))
    labels = torch.tensor([0, 3, 5, 1])
    slopes = []
    for scale in (1, 2):  # another second modality must not change what the first learns
        fused.zero_grad()
        fused.loss(tokens[0], scale * tokens[1], present, labels).backward()
        slopes.append(fused.towers[0].into.weight.grad.clone())
    assert slopes[0].abs().max() > 0
    torch.testing.assert_close(slopes[0], slopes[1])


def test_late_streams_learn_together():
    fused, tokens, present = model("late", TWO), drawn(TWO), torch.ones(4, 2, dtype=torch.bool)
    slopes = []
    for scale in (1, 2):
        fused.zero_grad()
        fused.loss(tokens[0], scale * tokens[1], present, torch.tensor([0, 3, 5, 1])).backward()
        slopes.append(fused.towers[0].into.weight.grad.clone())
    assert not torch.allclose(slopes[0], slopes[1])


def test_tokens_that_look_at_each_other_find_them_in_any_order():
    fused, (a, b), present = model("cross-attention", TWO), drawn(TWO), torch.ones(4, 2, dtype=torch.bool)
    with torch.no_grad():
        for tower in fused.towers:
            tower.place.zero_()
    whole = fused(a, b, present)
    torch.testing.assert_close(fused(a.flip(1), b.roll(1, 1), present), whole)
    assert not torch.allclose(fused(a, b.flip(0), present), whole)


def test_a_tower_by_hand():
    """One feature, D = 1, all weights 1, no place: relu twice, then the mean and the highest of what is there."""
    tower = Tower(3, 1, 1, 0.0)
    with torch.no_grad():
        for name, p in tower.named_parameters():
            p.fill_(0.0 if name == "place" or name.endswith("bias") else 1.0)
    x = torch.tensor([[[2.0], [6.0], [-4.0]]])
    hidden, features = tower(x, torch.tensor([[True, True, True]]))
    assert hidden[0, :, 0].tolist() == [2, 6, 0]
    assert features.item() == pytest.approx(8 / 3 + 6)
    assert tower(x, torch.tensor([[True, False, True]]))[1].item() == pytest.approx(1 + 2)
    assert tower(x, torch.zeros(1, 3, dtype=torch.bool))[1].item() == 0


@pytest.mark.parametrize(("method", "usual"), [("concatenation", 2), ("gated", 2), (0, 2), ("late", 1)])
def test_heads_are_linear_in_late_fusion_and_deep_elsewhere_unless_told(method, usual):
    def layers(**how):
        parts = model(method, TWO, **how)
        heads = parts.heads if method in LATE else [parts.head]
        return {sum(isinstance(m, torch.nn.Linear) for m in head) for head in heads}

    assert (layers(), layers(deep=True), layers(deep=False)) == ({usual}, {2}, {1})


def test_an_unknown_method_is_named():
    for wrong in ("gate", 2):
        with pytest.raises(ValueError, match=f"a modality's number below 2, came {wrong!r}"):
            Fused(wrong, TWO, 6)
