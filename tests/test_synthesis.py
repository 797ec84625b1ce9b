"""The network that speaks, and its losses, against what they should be by hand."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.captioning.scratch import additive_attention
from mmcourse.synthesis import fitting
from mmcourse.synthesis.network import Attention, Network

V, M, R = 11, 7, 3
SIZES = {"E": 5, "H": 3, "P": 13, "S": 6, "A": 4}
TEXTS = [np.array([2, 5, 3, 7, 1]), np.array([4, 2, 1]), np.array([9, 8, 10, 6, 3, 2, 1])]


@pytest.fixture
def network():
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        made = Network(V, M, R, **SIZES)
        for p in made.parameters():
            torch.nn.init.normal_(p, std=0.5)
        made.encoder.table.weight.data[0] = 0  # padding, as `nn.Embedding` begins it and keeps it
    return made.eval()


@pytest.fixture
def padded():
    """(text (3, 7), lengths) of TEXTS."""
    text = torch.zeros(3, 7, dtype=torch.long)
    for row, numbers in zip(text, TEXTS, strict=True):
        row[: len(numbers)] = torch.from_numpy(numbers)
    return text, torch.tensor([5, 3, 7])


def heard(steps, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((3, steps * R, M), np.float32))


def test_attention_is_additive_attention_and_a_convolution_over_where_it_was():
    rng = np.random.default_rng(0)
    B, T, S, D, A, reach = 2, 5, 6, 3, 4, 2
    attention = Attention(S, D, A, reach)
    shapes = (B, S), (B, T, D), (B, 2, T)
    state, memory, before = (torch.from_numpy(rng.standard_normal(shape, np.float32)) for shape in shapes)
    absent = torch.zeros(B, T, dtype=torch.bool)
    found = attention(attention.query(state), attention.keys(memory), absent, before)
    filters = attention.where.weight.detach().numpy().reshape(A, 2, 2 * reach + 1)
    wide = np.pad(before.numpy(), ((0, 0), (0, 0), (reach, reach)))
    location = np.array([[[np.sum(filters[a] * wide[b, :, t : t + 2 * reach + 1]) for a in range(A)]
                          for t in range(T)] for b in range(B)])  # fmt: skip
    keys = attention.keys(memory).detach().numpy() + location
    query, v = attention.query(state).detach().numpy(), attention.v.weight[0].detach().numpy()
    (_, expected), _ = additive_attention(memory.numpy(), keys, query, v)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)


@torch.no_grad()
def test_a_longer_neighbour_in_the_batch_changes_nothing(network, padded):
    text, lengths = padded
    x, steps = heard(4), torch.tensor([4, 2, 3])
    together = network(text, lengths, x, steps)
    for b, (T, n) in enumerate(zip(lengths.tolist(), steps.tolist(), strict=True)):
        alone = network(text[b : b + 1, :T], lengths[b : b + 1], x[b : b + 1, : n * R], steps[b : b + 1])
        for all_rows, row in zip(together, alone, strict=True):
            part = tuple(slice(size) for size in row[0].shape)
            np.testing.assert_allclose(all_rows[b][part], row[0], atol=1e-5)
        assert torch.all(together[3][b, :, T:] == 0), "nobody looks at padding"


@torch.no_grad()
def test_speaking_is_teacher_forcing_with_its_own_frames(network, padded):
    said, weights, *_ = network.speak(*padded, torch.tensor([4, 4, 4]))
    network.smooth[1].weight.zero_(), network.smooth[1].bias.zero_()
    drafts, *_ = network.speak(*padded, torch.tensor([4, 4, 4]))
    again, same, _, taught = network(*padded, drafts, torch.tensor([4, 4, 4]))
    np.testing.assert_allclose(again, drafts, atol=1e-5)
    np.testing.assert_allclose(same, drafts, atol=1e-5)
    np.testing.assert_allclose(taught, weights, atol=1e-5)
    assert not torch.allclose(said, drafts, atol=1e-2), "the convolutions have their say"


@torch.no_grad()
def test_the_attention_is_told_where_it_was(network, padded):
    told, start = [], torch.eye(7)[0].expand(3, 7)  # before the first step at the first character
    network.attention.register_forward_pre_hook(lambda _, given: told.append(given[3]))
    weights = network(*padded, heard(4), torch.tensor([4, 4, 4]))[3]
    assert len(told) == 4
    for step, before in enumerate(told):
        last = weights[:, step - 1] if step else start
        expected = torch.stack([last, start + weights[:, :step].sum(1)], 1)
        np.testing.assert_allclose(before, expected, atol=1e-6)


@torch.no_grad()
def test_a_step_hears_the_last_frame_of_the_step_before_and_no_later_one(network, padded):
    x, changed = heard(4), heard(4)
    changed[:, R] += 3  # the first frame of step 1: heard by none
    steps = torch.tensor([4, 4, 4])
    np.testing.assert_array_equal(network(*padded, x, steps)[0], network(*padded, changed, steps)[0])
    changed[:, 2 * R - 1] += 3  # its last: heard by step 2
    a, b = (network(*padded, y, steps)[0] for y in (x, changed))
    np.testing.assert_array_equal(a[:, : 2 * R], b[:, : 2 * R])
    assert not torch.isclose(a[:, 2 * R :], b[:, 2 * R :]).all(2).any()


@torch.no_grad()
def test_it_stops_where_each_row_says_so_and_at_the_longest(network, padded):
    longest = torch.tensor([5, 2, 4])
    network.stop.bias.fill_(-1e4)
    said, weights, steps, stopped = network.speak(*padded, longest)
    assert said.shape == (3, 5 * R, M)
    assert weights.shape == (3, 5, 7)
    assert steps.tolist() == [5, 2, 4]
    assert stopped.tolist() == [False] * 3
    network.stop.bias.fill_(1e4)
    said, _, steps, stopped = network.speak(*padded, longest)
    assert said.shape == (3, R, M)
    assert steps.tolist() == [1, 1, 1]
    assert stopped.tolist() == [True] * 3
    calls = []
    late = network.stop.register_forward_hook(
        lambda _, given, logits: calls.append(1) or torch.full_like(logits, 1 if len(calls) >= 3 else -1)
    )
    _, _, steps, stopped = network.speak(*padded, longest)
    assert steps.tolist() == [3, 2, 3], "a row that was cut cannot stop later"
    assert stopped.tolist() == [True, False, True]
    late.remove()
    network.stop.weight.fill_(0)
    network.stop.bias.fill_(0)  # no more than even odds do not stop it
    assert not network.speak(*padded, longest)[3].any()


def test_guided_attention_is_its_formula():
    rng = np.random.default_rng(0)
    weights, lengths, steps = rng.dirichlet(np.ones(7), (3, 5)).astype(np.float32), [5, 3, 7], [4, 5, 2]
    costs = [sum(weights[b, s, t] * (1 - np.exp(-((t / T - s / S) ** 2) / (2 * 0.3**2))) for t in range(7))
             for b, (T, S) in enumerate(zip(lengths, steps, strict=True)) for s in range(S)]  # fmt: skip
    found = fitting.guided_attention_loss(torch.from_numpy(weights), torch.tensor(lengths), torch.tensor(steps), 0.3)
    assert found.item() == pytest.approx(np.mean(costs), rel=1e-5)


def test_guided_attention_prefers_the_diagonal():
    n = torch.tensor([6])
    along, against = torch.eye(6)[None], torch.eye(6).flip(1)[None]
    assert fitting.guided_attention_loss(along, n, n) == 0
    assert fitting.guided_attention_loss(against, n, n) > 0.5


def test_batches_are_padded_and_drawn_from_like_lengths():
    rng = np.random.default_rng(0)
    sizes = np.arange(2, 62)
    spoken = [rng.standard_normal((n, M), dtype=np.float32) for n in sizes]
    texts = [np.arange(1, 2 + n % 5) for n in sizes]
    draw = fitting.batches(texts, spoken, 5, R)
    text, lengths, x, steps = draw(np.random.default_rng(3))
    for a, b in zip(draw(np.random.default_rng(3)), (text, lengths, x, steps), strict=True):
        np.testing.assert_array_equal(a, b)
    assert x.shape == (5, steps.max() * R, M)
    rows = [next(i for i, f in enumerate(spoken) if np.array_equal(f, row[: len(f)])) for row in x]
    assert len(set(rows)) == 5
    assert max(rows) - min(rows) < 20
    for b, i in enumerate(rows):
        assert steps[b] == -(-len(spoken[i]) // R)
        np.testing.assert_array_equal(
            x[b, len(spoken[i]) :], np.broadcast_to(spoken[i][-1], x[b, len(spoken[i]) :].shape)
        )
        assert text[b].tolist() == [*texts[i], *[0] * (text.shape[1] - len(texts[i]))]
        assert lengths[b] == len(texts[i])
    assert min(draw(np.random.default_rng(s))[3].min() for s in range(40)) == 1, "the shortest are drawn too"
    assert max(draw(np.random.default_rng(s))[3].max() for s in range(40)) == 21, "and the longest"


def test_the_loss_looks_at_nothing_behind_the_end(network, padded):
    x, steps = heard(4), torch.tensor([4, 2, 3])
    behind = x.clone()
    behind[1, 2 * R :] = 9
    a, b = (fitting.loss(network, *padded, y, steps, noise=0).item() for y in (x, behind))
    assert a == pytest.approx(b, rel=1e-6)
    x[1, 2 * R - 1] = 9
    assert abs(fitting.loss(network, *padded, x, steps, noise=0).item() - a) > 0.01


def test_the_loss_wants_a_stop_at_the_last_step_alone(padded):
    steps, weights = torch.tensor([4, 2, 3]), torch.zeros(3, 4, 7)
    right = torch.full((3, 4), -9.0)
    right[[0, 1, 2], steps - 1] = 9
    late = right.roll(1, 1)

    def said(stops):
        def made(text, lengths, x, steps):
            return x, x, stops, weights

        made.R = R
        return fitting.loss(made, *padded, heard(4), steps, noise=0).item()

    assert said(right) < 0.01 < 1 < said(late)
