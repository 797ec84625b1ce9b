"""What is owed to whom: rollout, gradients and Shapley values against what can be worked out by hand."""

import itertools

import numpy as np
import pytest

from mmcourse.attribution import scratch
from mmcourse.layers.scratch import linear, linear_backward, tanh, tanh_backward


def weights(rng, L=3, B=2, H=5, T=7):
    e = rng.exponential(size=(L, B, H, T, T))
    return e / e.sum(-1, keepdims=True)


# ---- rollout


def test_a_rollout_by_hand():
    """Two heads whose mean is [[1, 0], [1/2, 1/2]], then one layer that looks at the second token only."""
    first = [[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]]
    second = [[[0.0, 1.0], [0.0, 1.0]]] * 2
    found = scratch.attention_rollout(np.array([[first], [second]]))
    np.testing.assert_allclose(found, [[[5 / 8, 3 / 8], [1 / 4, 3 / 4]]], rtol=1e-15)
    other = scratch.attention_rollout(np.array([[second], [first]]))
    np.testing.assert_allclose(other, [[[1 / 2, 1 / 2], [1 / 8, 7 / 8]]], rtol=1e-15)


@pytest.mark.parametrize("residual", [0.0, 0.3, 1.0])
def test_where_attention_is_all_that_moves_a_token_rollout_is_what_happens(residual):
    w = weights(np.random.default_rng(0))
    found = scratch.attention_rollout(w, residual)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)
    x = np.random.default_rng(1).standard_normal((2, 7, 3))
    y = x
    for layer in w:
        y = residual * y + (1 - residual) * np.mean([layer[:, h] @ y for h in range(5)], 0)
    np.testing.assert_allclose(found @ x, y, rtol=1e-10, atol=1e-12)


def test_who_may_look_nowhere_stays_itself_and_who_is_not_looked_at_counts_nothing():
    w = weights(np.random.default_rng(0))
    w[..., 4] = 0  # token 4 is absent: nobody looks at it
    w /= w.sum(-1, keepdims=True)
    w[..., 4, :] = 0  # and it looks nowhere
    found = scratch.attention_rollout(w)
    np.testing.assert_array_equal(found[:, 4], np.eye(7)[[4, 4]])
    assert not found[:, np.arange(7) != 4, 4].any()
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)


def test_rollout_tells_what_does_not_fit():
    w = weights(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"\(L, B, H, T, T\), L at least 1, came \(2, 5, 7, 7\)"):
        scratch.attention_rollout(w[0])
    with pytest.raises(ValueError, match=r"from 0 to 1, came 1\.5"):
        scratch.attention_rollout(w, 1.5)
    with pytest.raises(ValueError, match="after the softmax"):
        scratch.attention_rollout(np.log(w))
    w[0, 0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="after the softmax"):
        scratch.attention_rollout(w)


# ---- gradients


def network(rng):
    """(score, gradient) of a small network over two modalities (B, 3) and (B, 5), the way back by hand."""
    w_in, b_in, w_out = rng.standard_normal((7, 8)), rng.standard_normal(7), rng.standard_normal((1, 7))

    def forward(a, b):
        y, c_in = linear(np.concatenate([a, b], -1), w_in, b_in)
        y, c_tanh = tanh(y)
        y, c_out = linear(y, w_out)
        return y[:, 0], (c_in, c_tanh, c_out)

    def gradient(a, b):
        c_in, c_tanh, c_out = forward(a, b)[1]
        dy, _, _ = linear_backward(np.ones((len(a), 1)), c_out)
        dab, _, _ = linear_backward(tanh_backward(dy, c_tanh), c_in)
        return dab[:, :3], dab[:, 3:]

    return (lambda a, b: forward(a, b)[0]), gradient, (w_in, b_in, w_out)


def drawn(rng, B=11):
    return (rng.standard_normal((B, 3)), rng.standard_normal((B, 5))), (rng.standard_normal(3), np.zeros((1, 5)))


def test_integrated_gradients_share_out_the_difference():
    rng = np.random.default_rng(0)
    (score, gradient, _), (inputs, baselines) = network(rng), drawn(rng)
    whole = score(*inputs) - score(np.broadcast_to(baselines[0], (11, 3)), np.broadcast_to(baselines[1], (11, 5)))

    def missed(steps):
        parts = scratch.integrated_gradients(gradient, inputs, baselines, steps)
        assert [p.shape for p in parts] == [(11, 3), (11, 5)]
        return np.abs(sum(p.sum(1) for p in parts) - whole).max()

    assert missed(200) < 2e-3
    assert missed(1) > 0.1, "one slope in the middle is not enough"
    assert missed(100) / missed(200) == pytest.approx(4, rel=0.1), "twice the steps, a quarter of the error"
    products = scratch.gradient_times_input(gradient, inputs)
    assert np.abs(sum(p.sum(1) for p in products) - whole).max() > 0.5, "gradient × input shares out nothing"


def test_attributions_by_hand():
    """A product is shared equally, a cube comes out a quarter of 1/steps² short, and what is not read gets nothing."""
    found = scratch.integrated_gradients(lambda x, y, z: (y, x, 0 * z), (3.0, 5.0, 7.0), (0.0, 0.0, 0.0), 1)
    assert found == (7.5, 7.5, 0)
    (cube,) = scratch.integrated_gradients(lambda x: (3 * x * x,), (np.array([2.0]),), (0.0,), 5)
    np.testing.assert_allclose(cube, 8 * (1 - 1 / (4 * 5**2)))
    assert scratch.gradient_times_input(lambda x, y: (y, x), (3.0, 5.0)) == (15, 15)


def test_a_score_that_has_had_enough_has_no_slope_but_still_owes():
    """1 - relu(1 - x) from 0 to 2, the example of Sundararajan et al. 2017, section 2.1."""
    inputs, slope = (np.array([2.0]),), lambda x: ((x < 1).astype(float),)
    assert scratch.gradient_times_input(slope, inputs)[0] == 0
    assert scratch.integrated_gradients(slope, inputs, (np.zeros(1),))[0] == 1


def test_gradients_tell_what_does_not_fit():
    x = np.ones((2, 3))
    with pytest.raises(ValueError, match="at least one step and a baseline for each of 1 inputs, came 0 steps"):
        scratch.integrated_gradients(lambda x: (x,), (x,), (0.0,), 0)
    with pytest.raises(ValueError, match="came 32 steps and 2 baselines"):
        scratch.integrated_gradients(lambda x: (x,), (x,), (0.0, 0.0))
    with pytest.raises(ValueError, match=r"shapes \[\(2, 3\)\], came \[\(3,\)\]"):
        scratch.gradient_times_input(lambda x: (x[0],), (x,))
    with pytest.raises(ValueError, match="came ndarray"):
        scratch.gradient_times_input(lambda x: x, (x,))


# ---- Shapley


def test_shapley_values_are_means_over_all_orders_of_coming():
    """The definition, spelled out: 24 orders of four modalities."""
    values = np.random.default_rng(0).standard_normal((16, 3))
    added = np.zeros((4, 3))
    orders = list(itertools.permutations(range(4)))
    for order in orders:
        s = 0
        for m in order:
            added[m] += values[s | 1 << m] - values[s]
            s |= 1 << m
    np.testing.assert_allclose(scratch.shapley_values(values)[0], added / len(orders), rtol=1e-12, atol=1e-14)


def test_an_interaction_is_what_is_left_when_two_come_as_one():
    """Grabisch & Roubens 1999: the value of the pair as one player, less each one's value where the other is not."""
    values = np.random.default_rng(0).standard_normal(8)
    there = scratch.coalitions(3)

    def value(rows, player):
        return scratch.shapley_values(values[rows])[0][player]

    as_one = value([0, 3, 4, 7], 0)  # 0 and 1 together, or neither; and 2
    alone = value(~there[:, 1], 0) + value(~there[:, 0], 0)
    assert scratch.shapley_interactions(values)[0][0, 1] == pytest.approx(as_one - alone)


def test_coalitions_are_counted_in_bits():
    assert scratch.coalitions(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert scratch.coalitions(5)[0b01101].tolist() == [True, False, True, True, False]


def test_right_and_wrong_are_values_too():
    right = np.array([[False, False], [True, False], [False, True], [True, True]])
    np.testing.assert_allclose(scratch.shapley_values(right)[0], [[1, 0], [0, 1]])
    assert scratch.shapley_interactions(np.array([0, 0, 0, 1]))[0][0, 1] == 1


def test_shapley_tells_what_does_not_fit():
    for f in (scratch.shapley_values, scratch.shapley_interactions):
        for values in (np.zeros((3, 2)), np.zeros(1), np.zeros((0, 2)), np.array(1.0)):
            with pytest.raises(ValueError, match=r"the 2\^M coalitions"):
                f(values)
        with pytest.raises(ValueError, match="came 1 that are not"):
            f(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="1 to 16 modalities, came 17"):
        scratch.coalitions(17)


# ---- twins


def test_the_twins_of_what_has_no_way_back():
    torch = pytest.importorskip("torch")
    from mmcourse.attribution import pytorch

    rng = np.random.default_rng(0)
    w = weights(rng)
    w[1, 0, :, 3] = 0
    for residual in (0.5, 0.0, 0.2):
        ours, theirs = scratch.attention_rollout(w, residual), pytorch.attention_rollout(torch.from_numpy(w), residual)
        np.testing.assert_allclose(theirs, ours, rtol=1e-12, atol=1e-15)
    assert pytorch.attention_rollout(torch.from_numpy(w).float()).dtype == torch.float32
    (_, gradient, parameters), (inputs, baselines) = network(rng), drawn(rng)
    w_in, b_in, w_out = map(torch.from_numpy, parameters)

    def score(a, b):
        return ((torch.cat([a, b], -1) @ w_in.T + b_in).tanh() @ w_out.T)[:, 0]

    slope = pytorch.gradient_of(score)
    tensors, nothing = (tuple(map(torch.from_numpy, arrays)) for arrays in (inputs, baselines))
    for ours, theirs in zip(
        scratch.gradient_times_input(gradient, inputs) + scratch.integrated_gradients(gradient, inputs, baselines, 7),
        pytorch.gradient_times_input(slope, tensors) + pytorch.integrated_gradients(slope, tensors, nothing, 7),
        strict=True,
    ):
        np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12)


def test_a_gradient_asks_the_model_and_leaves_it_alone():
    torch = pytest.importorskip("torch")
    from mmcourse.attribution import pytorch

    model, (x, unread) = torch.nn.Linear(3, 1), (torch.randn(5, 3), torch.randn(5, 2))
    with torch.no_grad():
        slope, nothing = pytorch.gradient_of(lambda x, unread: model(x)[:, 0])(x, unread)
    torch.testing.assert_close(slope, model.weight.detach().expand(5, 3))
    assert not nothing.any()
    assert nothing.shape == (5, 2)
    assert model.weight.grad is None
    assert not x.requires_grad


def test_layers_forget_one_after_another_from_the_top():
    torch = pytest.importorskip("torch")
    from mmcourse.attribution import pytorch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 11), torch.nn.Linear(11, 3))
    before = [p.clone() for p in model.parameters()]
    steps = list(pytorch.forgotten_from_the_top(model, ["3", "2", "0"], seed=5))
    assert [name for name, _ in steps] == ["3", "2", "0"]
    changed = [[not torch.equal(m[i].weight, model[i].weight) for i in (0, 2, 3)] for _, m in steps]
    assert changed == [[False, False, True], [False, True, True], [True, True, True]]
    assert torch.equal(steps[0][1][3].weight, steps[2][1][3].weight), "what has forgotten does not change again"
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))
