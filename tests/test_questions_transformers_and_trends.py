"""The references of 12_transformers_and_trends against answers by hand, by trying all, PyTorch and linear algebra."""

from math import factorial

import numpy as np
import pytest
import torch

from mmcourse.grading import questions
from mmcourse.metrics import wilson_interval

BY_ID = {question.id: question for question in questions("12")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


# ---- 12-patches


def test_a_picture_that_one_can_redraw():
    """The example of the text; then a stride of 3, with two columns that belong to no patch."""
    image = np.array([[1.0, 2, 3], [4, 5, 6]])[..., None]
    guesses = np.array([[2.0] * 4, [4.0] * 4])
    for hidden, rows, guessed in (
        ([True, True], [[2, 3, 4], [2, 3, 4]], [[1, 2, 1], [1, 2, 1]]),
        ([False, True], [[1, 2, 4], [4, 5, 4]], [[0, 0, 1], [0, 0, 1]]),
    ):
        tokens, picture, counts = reference("12-patches")(image, guesses, np.array(hidden), 2, 1)
        assert tokens.tolist() == [[1, 2, 4, 5], [2, 3, 5, 6]]
        assert picture[..., 0].tolist() == rows
        assert counts.tolist() == guessed
    wider = np.pad(image, ((0, 0), (0, 1), (0, 0)))
    _, picture, counts = reference("12-patches")(wider, guesses[:1], np.array([True]), 2, 3)
    np.testing.assert_array_equal(picture[..., 0], [[2, 2, np.nan, np.nan]] * 2)
    assert counts.tolist() == [[1, 1, 0, 0]] * 2


@pytest.mark.parametrize("name", ["7 × 9", "11 × 7", "a step of one", "longer than a patch", "left over"])
def test_tokens_are_windows(name):
    image, guesses, hidden, patch, stride = case("12-patches", name)
    windows = np.lib.stride_tricks.sliding_window_view(image, (patch, patch), (0, 1))[::stride, ::stride]
    expected = windows.transpose(0, 1, 3, 4, 2).reshape(len(hidden), -1)
    np.testing.assert_array_equal(reference("12-patches")(image, guesses, hidden, patch, stride)[0], expected)


def test_who_guesses_the_truth_gets_the_picture_back():
    image, _, hidden, patch, stride = case("12-patches", "everything is hidden")
    tokens, picture, counts = reference("12-patches")(
        image, np.zeros((len(hidden), patch**2 * 2)), hidden, patch, stride
    )
    assert not picture.any()
    np.testing.assert_allclose(reference("12-patches")(image, tokens, hidden, patch, stride)[1], image, rtol=1e-12)
    assert counts.sum() == len(hidden) * patch**2


# ---- 12-bottleneck


def test_a_round_that_one_can_compute():
    """Tokens of 0 score 0; the shared token scores log 3 with itself: it weighs 3 where a token weighs 1."""
    a = (2**0.5 * np.log(3)) ** 0.5
    modality, present = np.array([0, 1, 1, 2]), np.array([True, True, True, False])
    tokens, shared, pairs = reference("12-bottleneck")(np.zeros((4, 2)), np.array([[0, a]]), modality, present)
    np.testing.assert_allclose(tokens, [[0, a / 2], [0, a / 3], [0, a / 3], [0, 0]], atol=1e-15)
    np.testing.assert_allclose(shared, [[0, a + (3 / 4 + 3 / 5) / 2 * a]])
    assert pairs.tolist() == [2**2 + 3**2, 4**2]


def test_what_one_modality_says_reaches_the_other_in_the_second_round_only():
    tokens, bottleneck, modality, present = case("12-bottleneck", "2 modalities")
    first, changed = reference("12-bottleneck"), tokens + 0.1 * (modality == 0)[:, None]
    (x, b, _), (other, b_other, _) = (first(t, bottleneck, modality, present) for t in (tokens, changed))
    sound = modality == 1
    np.testing.assert_array_equal(x[sound], other[sound])
    assert not np.allclose(first(x, b, modality, present)[0][sound], first(other, b_other, modality, present)[0][sound])


def test_the_order_of_the_tokens_does_not_matter():
    tokens, bottleneck, modality, present = case("12-bottleneck", "tokens are absent")
    order = np.random.default_rng(3).permutation(len(tokens))
    x, b, pairs = reference("12-bottleneck")(tokens, bottleneck, modality, present)
    moved = reference("12-bottleneck")(tokens[order], bottleneck, modality[order], present[order])
    for got, want in zip(moved, (x[order], b, pairs), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


# ---- 12-gated


def test_a_token_of_width_one():
    """The example of the text, and a second token, which is absent."""
    one, x = np.ones((1, 1)), np.array([[[1.0], [np.nan]]])
    got = reference("12-gated")(x, np.zeros(1), one, one, one, np.array([[True, False]]), np.full((1, 2, 1), 2.0))
    s = 1 / (1 + np.exp(-1))
    expected = ([1 + s, 0], [2, 0], [2 * (s + s * (1 - s) + s)], [[2 * (s + s * (1 - s))]], [[2 * s]], [[2 * s]])
    for value, want in zip(got, expected, strict=True):
        np.testing.assert_allclose(value.ravel(), np.ravel(want), atol=2e-5)


def test_the_way_back_follows_a_small_step():
    x, gain, gate, up, down, present, dy = case("12-gated", "tokens are absent")
    rng, weights = np.random.default_rng(2), [x, gain, gate, up, down]
    steps = [rng.standard_normal(w.shape) for w in weights]

    def loss(h):
        moved = [w + h * step for w, step in zip(weights, steps, strict=True)]
        return (reference("12-gated")(*moved, present, dy)[0] * dy).sum()

    slopes = reference("12-gated")(*weights, present, dy)[1:]
    along = sum((d * step).sum() for d, step in zip(slopes, steps, strict=True))
    assert along == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-7)


def test_the_loss_does_not_care_how_long_a_large_token_is():
    """A step along x changes y by that step alone."""
    x, gain, gate, up, down, present, dy = case("12-gated", "5 sentences")
    dx = reference("12-gated")(1e4 * x, gain, gate, up, down, present, dy)[1]
    np.testing.assert_allclose(((dx - dy) * x).sum(-1), 0, atol=1e-9)


# ---- 12-masked


def test_a_loss_that_one_can_compute():
    """Targets ±1 (but for millionths); of five tokens two are hidden, of one that one."""
    tokens = np.array([[1.0, 3], [9, 5], [0, 2], [7, 7.5], [4, 0], [3, 1]])
    modality, noise = np.array([0, 0, 0, 0, 0, 1]), np.array([0.5, 0.1, 0.9, 0.7, 0.3, 0.8])
    guesses = np.zeros((6, 2))
    guesses[1], guesses[4], guesses[5] = (2, -1), (1, 1), (1, 1)
    hidden, losses, slope = reference("12-masked")(guesses, tokens, modality, noise, 0.5)
    assert hidden.tolist() == [0, 1, 0, 0, 1, 1]
    np.testing.assert_allclose(losses, [(1 + 0 + 0 + 4) / 4, (0 + 4) / 2], atol=1e-5)
    np.testing.assert_allclose(slope[[1, 4, 5]], [[2 / 8, 0], [0, 4 / 8], [0, 4 / 4]], atol=1e-5)
    assert not slope[hidden == 0].any()


@pytest.mark.parametrize("name", ["8 + 5", "3 modalities", "mixed", "one token", "bright"])
def test_the_slope_is_that_of_the_mean_loss(name):
    guesses, tokens, modality, noise, share = case("12-masked", name)
    step = np.random.default_rng(4).standard_normal(guesses.shape)
    ends = [reference("12-masked")(guesses + h * step, tokens, modality, noise, share)[1].mean() for h in (1e-4, -1e-4)]
    slope = reference("12-masked")(guesses, tokens, modality, noise, share)[2]
    assert (slope * step).sum() == pytest.approx((ends[0] - ends[1]) / 2e-4, rel=1e-7)


def test_brightness_and_contrast_of_the_tokens_do_not_matter():
    guesses, tokens, modality, noise, share = case("12-masked", "3 modalities")
    other = 50 * tokens * (1 + np.arange(len(tokens))[:, None]) - 7
    _, losses, slope = reference("12-masked")(guesses, tokens, modality, noise, share)
    _, same, same_slope = reference("12-masked")(guesses, other, modality, noise, share)
    np.testing.assert_allclose(losses, same, rtol=1e-4)
    np.testing.assert_allclose(slope, same_slope, atol=1e-4)


# ---- 12-shapley


def test_one_left_glove_and_two_right_ones():
    """A pair is worth 1. The left glove gets 2/3 (it is in vain only if it comes first), each right one 1/6.

    If the second right one cannot come before the left one, three orders are left: 0 1 2, 0 2 1 and 1 0 2.
    """
    pair = np.array([[0.0, 0, 0, 1, 0, 1, 0, 1]])  # bit 0: left, bits 1 and 2: right
    shares, ends, orders = reference("12-shapley")(pair, np.zeros((3, 3), bool))
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 6, 1 / 6]])
    assert ends.tolist() == [[[0, 1]] * 3]
    assert orders.tolist() == [6]
    needs = np.zeros((3, 3), bool)
    needs[2, 0] = True
    shares, ends, orders = reference("12-shapley")(pair, needs)
    np.testing.assert_allclose(shares, [[1 / 3, 1 / 3, 1 / 3]])
    assert orders.tolist() == [3]


def test_the_example_of_the_text():
    same, needs = np.array([[0, 0.6, 0.6, 0.6]]), np.array([[False, False], [True, False]])
    for need, shares, ends in ((~needs & needs, [0.3, 0.3], [[0, 0.6]] * 2), (needs, [0.6, 0], [[0.6, 0.6], [0, 0]])):
        got = reference("12-shapley")(same, need)
        np.testing.assert_allclose(got[0], [shares])
        np.testing.assert_allclose(got[1], [ends])


@pytest.mark.parametrize("name", ["3 modalities", "two others need", "needs two", "a chain", "worth 10", "one mod"])
def test_shares_add_up_and_lie_between_least_and_most(name):
    values, needs = case("12-shapley", name)
    shares, ends, _ = reference("12-shapley")(values, needs)
    np.testing.assert_allclose(shares.sum(1), values[:, -1] - values[:, 0], atol=1e-12)
    assert ((ends[..., 0] <= shares + 1e-12) & (shares <= ends[..., 1] + 1e-12)).all()


def test_where_everything_is_possible_it_is_the_value_of_shapley():
    values, needs = case("12-shapley", "nobody needs anybody")
    M = len(needs)
    for m in range(M):
        expected = 0
        for c in (c for c in range(2**M) if not c >> m & 1):
            weight = factorial(c.bit_count()) * factorial(M - 1 - c.bit_count()) / factorial(M)
            expected = expected + weight * (values[:, c + 2**m] - values[:, c])
        np.testing.assert_allclose(reference("12-shapley")(values, needs)[0][:, m], expected, atol=1e-12)


def test_impossible_sets_do_not_matter():
    values, needs = case("12-shapley", "may hold anything")
    assert np.isnan(values).any(0).sum() > 10
    for other in (0.0, 1e6):
        got = reference("12-shapley")(np.nan_to_num(values, nan=other), needs)
        for x, y in zip(got, reference("12-shapley")(values, needs), strict=True):
            np.testing.assert_array_equal(x, y)


# ---- 12-sensors


def test_a_heart_that_one_can_follow():
    """The example of the text; then nothing for a while, and two readings at once."""
    readings = np.array([[2, np.nan], [9, np.nan], [np.nan, np.nan], [4, 1.0]])
    means, variances, used = reference("12-sensors")(readings, np.array([1.0, 3]), np.array([0.0, 1]), 0.5, 3.0)
    np.testing.assert_allclose(means, [1, 1, 1, (1 / 2 + 4 + 1 / 3) / (1 / 2 + 1 + 1 / 3)])
    np.testing.assert_allclose(variances, [1 / 2, 1, 3 / 2, 1 / (1 / 2 + 1 + 1 / 3)])
    assert used.tolist() == [[1, 0], [0, 0], [0, 0], [1, 1]]


@pytest.mark.parametrize("name", ["7 moments", "are missing", "unlike rates", "many faults", "nearly sure"])
def test_the_last_mean_is_that_of_all_equations_solved_at_once(name):
    readings, noise, start, drift, limit = case("12-sensors", name)
    means, variances, used = reference("12-sensors")(readings, noise, start, drift, limit)
    T = len(readings)
    steps = np.eye(T) - np.eye(T, k=-1)
    precision = steps.T @ np.diag(np.r_[1 / start[1], np.full(T - 1, 1 / drift)]) @ steps
    precision += np.diag((used / noise).sum(1))
    right = (np.where(used, readings, 0) / noise).sum(1)
    right[0] += start[0] / start[1]
    assert means[-1] == pytest.approx(np.linalg.solve(precision, right)[-1], rel=1e-9)
    assert variances[-1] == pytest.approx(np.linalg.inv(precision)[-1, -1], rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_no_belief_hangs_on_rounding_and_faults_are_found(seed):
    for c in BY_ID["12-sensors"].cases(seed):
        readings, noise, start, drift, limit = c.arguments
        used = reference("12-sensors")(*c.arguments)[2]
        for more in (1 - 1e-6, 1 + 1e-6):
            assert np.array_equal(reference("12-sensors")(readings, noise, start, drift, limit * more)[2], used)
        arrived = ~np.isnan(readings)
        assert not (used > arrived).any()
        if limit == np.inf:
            assert used.sum() == arrived.sum()
        if c.name == "many faults":
            assert used.sum() <= arrived.sum() - 5


# ---- 12-cost


def test_a_model_that_one_can_count():
    """The example of the text, in three layers: 3 · 92 parameters, and so on; the next token sees three keys."""
    expected = [3 * 92, 3 * 384, 3 * 2 * (84 + 3 * 8), 3 * 16, 1024 // 24]
    assert reference("12-cost")(3, 4, 2, 1, 3, 2, 2, 1).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_tokens_read_one_by_one_cost_what_the_prompt_costs(seed):
    for c in BY_ID["12-cost"].cases(seed)[:-1]:
        *sizes, tokens, bytes_each, kib = c.arguments
        counts = reference("12-cost")(*c.arguments)
        assert counts[1] == sum(reference("12-cost")(*sizes, t, bytes_each, kib)[2] for t in range(tokens))
        token = reference("12-cost")(*sizes, 1, bytes_each, kib)[3]
        assert counts[3] == tokens * token
        assert counts[4] * token <= 1024 * kib < (counts[4] + 1) * token


def test_the_parameters_are_those_of_layers_that_one_can_build():
    layers, width, heads, groups, hidden, *_ = arguments = case("12-cost", "6 heads in 3 groups")
    nn, keys = torch.nn, width * groups // heads
    sizes = (width, width), (width, keys), (width, keys), (width, width), *[(width, hidden)] * 2, (hidden, width)
    layer = nn.ModuleList([nn.Linear(i, o, bias=False) for i, o in sizes] + [nn.RMSNorm(width), nn.RMSNorm(width)])
    assert reference("12-cost")(*arguments)[0] == layers * sum(p.numel() for p in layer.parameters())


# ---- 12-reading


def _study(*counts):
    """(said, ill, group) from the counts (ill found, ill, healthy told yes, healthy) of each group."""
    rows = []
    for g, (found, sick, alarms, healthy) in enumerate(counts):
        rows += [(1, 1, g)] * found + [(0, 1, g)] * (sick - found) + [(1, 0, g)] * alarms
        rows += [(0, 0, g)] * (healthy - alarms)
    return np.array(rows).T


def test_a_test_that_one_can_read():
    """Group 0 is the example of the text. Of group 1 half are found, nobody is told so wrongly."""
    study = _study((90, 100, 10, 100), (50, 100, 0, 10))
    table = reference("12-reading")(np.array([0.01, 0.3]), *study, 1.96)
    np.testing.assert_allclose(table[0], [0.9, 0.9, 9 / 108, 0, 0, 0, 0])
    np.testing.assert_allclose(table[1, [0, 1, 2, 3, 6]], [0.5, 1, 1, -0.4, -1])


def test_the_interval_of_a_gap_is_the_published_one():
    """56 of 70 and 48 of 80: 0.0524 to 0.3339 (Newcombe 1998, example (a), method 10)."""
    table = reference("12-reading")(np.full(2, 0.1), *_study((48, 80, 1, 7), (56, 70, 1, 5)), 1.959964)
    np.testing.assert_allclose(table[1, 3:], [0.2, 0.0524, 0.3339, 1], atol=5e-5)


def test_the_gap_of_a_group_to_certainty_is_its_own_interval():
    """Where group 0 is found always, by very many: the gap's lower end is that of the group's interval."""
    table = reference("12-reading")(np.full(2, 0.1), *_study((200_000, 200_000, 1, 7), (30, 50, 1, 5)), 1.96)
    np.testing.assert_allclose(table[1, 4:6] + 1, wilson_interval(30, 50), atol=1e-4)


@pytest.mark.parametrize("seed", range(20))
def test_no_verdict_hangs_on_rounding_and_all_three_occur(seed):
    verdicts = set()
    for c in BY_ID["12-reading"].cases(seed):
        *study, z = c.arguments
        table = reference("12-reading")(*c.arguments)
        verdicts |= set(table[:, -1])
        for more in (1 - 1e-7, 1 + 1e-7):
            np.testing.assert_array_equal(reference("12-reading")(*study, z * more)[:, -1], table[:, -1])
    assert verdicts == {-1.0, 0.0, 1.0}
