"""What Transformers cost: told beforehand against worked out by hand, counted and measured."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from mmcourse.studies import costs as study
from mmcourse.transformer import costs

SIZES = {"width": 20, "layers": 3, "heads": 5, "mlp": 3, "batch": 7}


# ---- told


def test_one_block_by_hand():
    """Width 2, one head, three tokens, an MLP of the same width."""
    told = costs.costs("joint", (3,), 2, 1, 1, 1)
    assert told.parameters == 4 * (4 + 2) + 2 * (4 + 2) + 2 * 4  # four maps, two maps, two norms
    there = 2 * 3 * 6 * 4 + 2 * 2 * 3 * 3 * 2  # six maps of three tokens, then scores and sums
    assert told.flops == 3 * there
    assert costs.costs("joint", (3,), 2, 1, 1, 1, training=False).flops == there
    # x, norm, q, k, v, answer, x, norm, hidden, hidden: of three tokens; two statistics of two norms; one sum a row
    assert told.activations == 4 * (10 * 3 * 2 + 2 * 2 * 3 + 3)
    plain = costs.costs("joint", (3,), 2, 1, 1, 1, fused=False)
    assert plain.activations - told.activations == 4 * (9 - 3), "nine weights in place of three sums"


def test_what_grows_with_what():
    def told(fusion, tokens, **how):
        return costs.costs(fusion, tokens, **SIZES, **how)

    one, two = told("joint", (31,)), told("separate", (31, 31))
    assert two == costs.Costs(*(2 * n for n in one))
    assert told("joint", (13, 18)) == one, "joined tokens are tokens"
    assert told("joint", (31,), itemsize=2).activations * 2 == one.activations
    huge = [told("joint", (n * 10**6,)).flops for n in (1, 2)]
    assert huge[1] / huge[0] == pytest.approx(4, rel=1e-3)
    assert told("bottleneck", (31, 17), bottleneck=0) == told("separate", (31, 17))
    assert told("bottleneck", (31, 17)).parameters == told("separate", (31, 17)).parameters + 4 * 20
    cross = told("cross", (31, 17))
    assert cross.parameters - told("separate", (31, 17)).parameters == 3 * 2 * (4 * 20 * 20 + 6 * 20)


def test_costs_tell_what_does_not_fit():
    with pytest.raises(ValueError, match=r"one of \('joint', .*\), came 'early'"):
        costs.costs("early", (3,), 4, 1, 1)
    for fusion, tokens in (("joint", ()), ("separate", (3, 0)), ("cross", (3,)), ("bottleneck", (5,))):
        with pytest.raises(ValueError, match=f"{fusion} expects"):
            costs.costs(fusion, tokens, 4, 1, 1)
    with pytest.raises(ValueError, match="3 heads can share, came 4"):
        costs.costs("joint", (3,), 4, 1, 3)


# ---- measured


@pytest.mark.parametrize("tokens", [7, 29])
def test_an_encoder_of_pytorch_costs_what_was_told(tokens):
    layer = nn.TransformerEncoderLayer(20, 5, 60, 0.0, "gelu", batch_first=True, norm_first=True)
    model = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    x = torch.randn(7, tokens, 20, requires_grad=True)
    told, there = (costs.costs("joint", (tokens,), **SIZES, training=training) for training in (True, False))
    assert sum(p.numel() for p in model.parameters()) == told.parameters
    assert study.counted_flops(lambda: model(x)) == there.flops
    assert study.counted_flops(lambda: model(x).sum().backward()) == told.flops
    assert study.kept_bytes(model, [x]) == told.activations
    assert study.held_bytes(model, [x]) == pytest.approx(there.activations, rel=0.1)


@pytest.mark.parametrize("fusion", costs.FUSIONS)
@pytest.mark.parametrize("blocks", study.BLOCKS)
def test_a_kept_count_comes_out_again_and_is_what_was_told(blocks, fusion):
    line, told = study.count(blocks, fusion, "97 61 17"), study.told(fusion, "97 61 17")
    kept = study.counts()[blocks, fusion, "97 61 17"]
    for name in ("parameters", "flops", "kept"):
        assert line[name] == kept[name]
    assert line["parameters"] == told["parameters"]
    assert line["flops"] == told["flops"]
    assert line["kept"][0] == told["kept"][0]
    for i in (0, 1):
        assert line["held"][i] == pytest.approx(told["held"][i], rel=0.1)
    # PyTorch's layers map queries, keys and values at once, so that what they scale stays there unscaled, too
    scaled = sum(2 * part.tokens + part.memory for part in costs.stacks(fusion, (97, 61, 17)))
    twice = 4 * study.BATCH * study.LAYERS * study.WIDTH * scaled if blocks == study.BLOCKS[0] else 0
    assert line["kept"][1] == told["kept"][1] + twice


def test_all_is_kept():
    assert len(study.counts()) == len(study.BLOCKS) * len(study.COUNTED)
    for fusion, what in study.CURVES:
        numbers, seconds = study.seconds(fusion, what)
        assert len(numbers) == len(study.FITTED[what] + study.BEYOND[what])
        assert (seconds > study.seconds(fusion, what, "there")[1]).all()


def test_the_counter_does_not_know_the_fused_kernel():
    """Why counts are of the plain one: should this fail, PyTorch has learned it, and the docstring is out of date."""
    from torch.utils.flop_counter import FlopCounterMode

    q = torch.randn(2, 3, 7, 5)
    with sdpa_kernel(SDPBackend.FLASH_ATTENTION), FlopCounterMode(display=False) as counter:
        nn.functional.scaled_dot_product_attention(q, q, q)
    assert counter.get_total_flops() == 0
    assert study.counted_flops(lambda: nn.functional.scaled_dot_product_attention(q, q, q)) == 4 * 6 * 7 * 7 * 5


@pytest.mark.parametrize("blocks", study.BLOCKS)
def test_who_hears_of_whom(blocks):
    """Change the first modality: in which fusions does the second one's answer change?"""
    for fusion in costs.FUSIONS:
        model, (a, b) = study.made(fusion, (7, 5), blocks)
        before, after = (model(x, b)[1] for x in (a, a + torch.randn(7, 64)))
        assert [y.shape for y in model(a, b)] == [(2, 7, 64), (2, 5, 64)]
        assert torch.allclose(before, after, atol=1e-6) == (fusion == "separate"), fusion


# ---- seconds


def test_a_fit_finds_what_was_put_in():
    T = np.array([16, 32, 64, 128, 256])
    np.testing.assert_allclose(costs.fit_seconds(T, 3 + 0.5 * T + 0.01 * T**2), [3, 0.5, 0.01], rtol=1e-6)
    np.testing.assert_allclose(costs.seconds_of([10, 1000], [3, 0.5, 0.01]), [9, 10503])
    assert costs.fit_seconds(T, T**0.5)[2] == 0, "the best parabola bends down, and no computer does"


def test_a_fit_counts_short_runs_as_much_as_long_ones():
    """b and c can pass through both long runs whatever a is, and (a / 1 - 1)² + (a / 3 - 1)² is least at 1.2."""
    assert costs.fit_seconds([0, 0, 1000, 2000], [1, 3, 2000, 6000])[0] == pytest.approx(1.2)


def test_a_fit_tells_what_does_not_fit():
    for T, seconds in (([1, 2], [1, 2]), ([1, 1, 2], [1, 1, 2]), ([1, 2, 3], [1, 2]), ([1, 2, 3], [0, 1, 2]),
                       ([1, 2, 3], [np.nan, 1, 2])):  # fmt: skip
        with pytest.raises(ValueError, match="at least three numbers of tokens"):
            costs.fit_seconds(T, seconds)


def test_curves_and_ratios_are_of_the_kept_lines():
    numbers, milliseconds, fitted, line, says = study.curve("cross", "modalities", "there")
    assert numbers[fitted].tolist() == list(study.FITTED["modalities"])
    assert (line[0], line[-1]) == (2, 8)
    fit, ratios = study.extrapolated("cross", "modalities", "there")
    np.testing.assert_allclose(fit, costs.fit_seconds(numbers[fitted], milliseconds[fitted] / 1000))
    assert ratios == {8: pytest.approx(says[-1] / milliseconds[-1])}
    flops, seconds = study.beside_joint(8, "there")["cross"]
    told = [costs.costs(f, (study.EACH,) * 8, study.WIDTH, 1, study.HEADS).flops for f in ("cross", "joint")]
    assert flops == pytest.approx(told[0] / told[1])
    assert seconds == pytest.approx(milliseconds[-1] / study.curve("joint", "modalities", "there")[1][-1])
    assert study.beside_joint(3)["joint"] == (1, 1)
    assert len(study.counts_as_text().splitlines()) == 1 + len(study.counts())
    assert len(study.seconds_as_text().splitlines()) == 1 + len(study.CURVES)
