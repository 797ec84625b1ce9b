"""The references of 10_human_computer_interaction against answers by hand, by trying all, PyTorch and the rooms."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mmcourse.calibration.scratch import fit_temperature
from mmcourse.dialogue import scratch as field
from mmcourse.dialogue.frames import pieces
from mmcourse.grading import questions
from mmcourse.metrics.calibration import risk_coverage
from mmcourse.speech.pitch import difference

BY_ID = {question.id: question for question in questions("10")}


def reference(name):
    return BY_ID[name].reference


def case(question, name, seed=1):
    return next(c.arguments for c in BY_ID[question].cases(seed) if name in c.name)


# ---- 10-slots


def test_frames_that_one_can_count():
    """Kinds 0 and 1. Told B0 I0 O I1 against B0 I0 O B1: the same slots. Told I0 I1 against B0 O: one slot too many.

    Nothing told of nothing, with a wrong intent. Nothing told of B0.
    """
    told = np.array([[1, 2, 0, 4], [2, 4, 9, 9], [0, 0, 0, 0], [0, 0, 1, 0]])
    true = np.array([[1, 2, 0, 3], [1, 0, 9, 9], [0, 0, 0, 3], [1, 0, 0, 0]])
    lengths, intents = np.array([4, 2, 3, 2]), np.array([[1, 1], [0, 0], [2, 1], [2, 2]])
    counts, f, frames = reference("10-slots")(told, true, lengths, intents, np.array([1.0, 3.0]))
    assert counts.tolist() == [[2, 2, 3], [1, 2, 1]]
    np.testing.assert_allclose(f, [1, 2 / 5, 1, 0])
    assert frames.tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("name", ["11 sentences", "slots that touch", "beginnings told"])
def test_slots_are_cut_as_the_room_cuts_them(name):
    told, true, lengths, intents, weights = case("10-slots", name)
    words = ["O"] + [f"{'IB'[tag % 2]}-{(tag - 1) // 2}" for tag in range(1, 2 * len(weights) + 1)]
    found = [pieces(tuple(range(n)), [words[tag] for tag in row[:n]]) for row, n in zip(told, lengths, strict=True)]
    expected = [sum(slot == str(k) for run in found for slot, _ in run) for k in range(len(weights))]
    counts, *_ = reference("10-slots")(told, true, lengths, intents, weights)
    assert counts[:, 1].tolist() == expected


# ---- 10-best


@pytest.mark.parametrize("name", ["7 words", "one word", "two words", "continue nothing"])
def test_the_best_readings_are_those_of_trying_all(name):
    emissions, steps = (x[:6] if i == 0 else x for i, x in enumerate(case("10-best", name)))
    T, K = emissions.shape
    best = np.full((T, K), -np.inf)
    for tags in product(range(K), repeat=T):
        legal = all(t % 2 or not t or b in (t - 1, t) for b, t in zip((0, *tags), tags, strict=False))
        if legal:
            s = emissions[np.arange(T), tags].sum() + sum(steps[i, j] for i, j in pairwise(tags))
            best[np.arange(T), tags] = np.maximum(best[np.arange(T), tags], s)
    got, tags, margins = reference("10-best")(emissions, steps)
    np.testing.assert_allclose(got, best, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(tags, best.argmax(1))
    np.testing.assert_allclose(margins, [a[-1] - a[-2] for a in np.sort(best, 1)], rtol=1e-9)


@pytest.mark.parametrize("name", ["7 words", "3 kinds", "10 000"])
def test_the_best_of_all_is_the_rooms(name):
    emissions, steps = case("10-best", name)
    K = len(steps)
    inside = np.arange(K) % 2 == 0
    inside[0] = False
    may = ~inside | (np.arange(K)[:, None] == np.arange(K)) | (np.arange(K)[:, None] + 1 == np.arange(K))
    begin = np.where(inside, -np.inf, 0)
    lengths = np.array([len(emissions)])
    expected, score = field.viterbi(emissions[None], np.where(may, steps, -np.inf), begin, np.zeros(K), lengths)
    best, tags, _ = reference("10-best")(emissions, steps)
    np.testing.assert_array_equal(tags, expected[0])
    np.testing.assert_allclose(best.max(1), score[0])


# ---- 10-allowed


def test_a_chance_that_one_can_count():
    """One word, three tags alike, two of them allowed: log 3/2."""
    losses, demissions, dsteps = reference("10-allowed")(
        np.zeros((1, 1, 3)), np.zeros((3, 3)), np.array([[[True, True, False]]]), np.array([1])
    )
    np.testing.assert_allclose([losses[0], *demissions[0, 0]], [np.log(1.5), -1 / 6, -1 / 6, 1 / 3])
    assert not dsteps.any()


def _scores_of_all(e, steps):
    T, K = e.shape
    for tags in product(range(K), repeat=T):
        yield tags, e[range(T), list(tags)].sum() + sum(steps[j, i] for i, j in pairwise(tags))


@pytest.mark.parametrize("name", ["5 words", "unlike lengths", "one word", "without a word", "2000 behind"])
def test_the_loss_of_what_is_allowed_is_that_of_trying_all_and_its_slopes_are_autograds(name):
    emissions, steps, allowed, lengths = case("10-allowed", name)
    e, a = (torch.from_numpy(x).requires_grad_() for x in (emissions, steps))
    losses = []
    for b, n in enumerate(lengths):
        n = min(n, 5)
        everything = list(_scores_of_all(e[:n, b], a)) if n else [((), torch.zeros(()))]
        good = [s for tags, s in everything if all(allowed[t, b, k] for t, k in enumerate(tags))]
        losses.append(torch.stack([s for _, s in everything]).logsumexp(0) - torch.stack(good).logsumexp(0))
    losses = torch.stack(losses)
    (losses.sum() + 0 * e.sum() + 0 * a.sum()).backward()
    got = reference("10-allowed")(emissions, steps, allowed, np.minimum(lengths, 5))
    for g, want in zip(got, (losses.detach(), e.grad, a.grad), strict=True):
        np.testing.assert_allclose(g, want.numpy(), rtol=1e-9, atol=1e-9)


def test_with_one_tag_allowed_it_is_the_loss_of_the_room():
    emissions, steps, allowed, lengths = case("10-allowed", "one tag allowed")
    nothing = np.zeros(len(steps))
    tags = allowed.argmax(-1).T
    loss, cache = field.crf_loss(emissions.transpose(1, 0, 2), steps.T, nothing, nothing, tags, lengths)
    demissions, dsteps, *_ = field.crf_loss_backward(np.ones(len(lengths)), cache)
    got = reference("10-allowed")(emissions, steps, allowed, lengths)
    for g, want in zip(got, (loss, demissions.transpose(1, 0, 2), dsteps.T), strict=True):
        np.testing.assert_allclose(g, want, rtol=1e-9, atol=1e-12)


def test_if_everything_is_allowed_nothing_is_learned():
    assert not np.concatenate([x.ravel() for x in reference("10-allowed")(*case("10-allowed", "everything"))]).any()


# ---- 10-scaling


@pytest.mark.parametrize("name", ["11 tickets", "5 desks", "no ticket", "one ticket", "near 1000"])
def test_the_scaled_loss_is_that_of_pytorch(name):
    logits, labels, log_scale, bias, strength = case("10-scaling", name)
    z, y = torch.from_numpy(logits), torch.from_numpy(labels)
    a, b = (torch.from_numpy(x).requires_grad_() for x in (log_scale, bias))
    losses = F.cross_entropy(a.exp() * z + b, y, ignore_index=-1, reduction="none")
    pull = strength * (len(a) * a.var(correction=0) + (b**2).sum())
    (losses.sum() / max(1, (labels >= 0).sum()) + pull).backward()
    got = reference("10-scaling")(logits, labels, log_scale, bias, strength)
    for g, want in zip(got, (losses.detach(), a.grad, b.grad), strict=True):
        np.testing.assert_allclose(g, want.numpy(), rtol=1e-9, atol=1e-9)


def test_at_the_best_temperature_the_scales_pull_in_balance():
    rng = np.random.default_rng(4)
    logits, labels = 3 * rng.standard_normal((300, 5)), rng.integers(0, 5, 300)
    labels[::2] = logits[::2].argmax(1)
    a = np.full(5, -np.log(fit_temperature(logits, labels)))
    _, slope, _ = reference("10-scaling")(logits, labels, a, np.zeros(5), 0.7)
    assert slope.sum() == pytest.approx(0, abs=1e-6)
    assert np.abs(slope).max() > 1e-3


# ---- 10-curve


def test_a_curve_of_ties_is_the_mean_over_all_orders():
    confidence, losses = np.array([0.9, 0.5, 0.5, 0.5, 0.1]), np.array([0.0, 1, 0, 2.5, 1])
    curves = []
    for order in permutations(range(5)):
        if (np.diff(confidence[list(order)]) <= 0).all():
            curves.append(np.cumsum(losses[list(order)]) / np.arange(1, 6))
    risks, areas, excess = reference("10-curve")(confidence[:, None], losses[:, None])
    expected = np.mean(curves, 0)
    np.testing.assert_allclose(risks[:, 0], expected)
    best = min((np.cumsum(order) / np.arange(1, 6)).mean() for order in permutations(losses))
    np.testing.assert_allclose([areas[0], excess[0]], [expected.mean(), expected.mean() - best])


def test_without_ties_the_risks_are_those_of_the_course():
    confidence, losses = case("10-curve", "11 answers")
    for m, risks in enumerate(reference("10-curve")(confidence, losses)[0].T):
        np.testing.assert_allclose(risks, risk_coverage(confidence[:, m], losses[:, m] == 0)[1])


# ---- 10-asking


def test_two_questions_pay_where_one_does_not():
    sure, price = np.array([[0.5, 0.5], [0.5, 0.99], [0.9, 0.9], [0.1, 0.1]]), np.array([0.3, 0.3])
    asked, costs = reference("10-asking")(sure, np.ones(2), price, 1.0, 0.59)
    assert asked.tolist() == [[-1, -1], [1, 0], [0, 0], [-1, -1]]
    np.testing.assert_allclose(costs, [0.59, 0.31, 0.19, 0.59])
    asked, costs = reference("10-asking")(sure, np.ones(2), price, 1.0, 9.0)
    assert asked.tolist() == [[1, 1], [1, 0], [0, 0], [1, 1]]
    np.testing.assert_allclose(costs, [0.6, 0.31, 0.19, 0.6])


def test_no_plan_is_cheaper_in_simulation():
    """What a plan costs on average, drawn: within four standard errors of what was expected."""
    rng = np.random.default_rng(8)
    sure, after, price = rng.uniform(0.4, 1, (7, 3)), np.array([0.9, 0.95, 0.99]), np.array([0.1, 0.15, 0.2])
    asked, costs = reference("10-asking")(sure, after, price, 1.5, 9.0)
    for p, plan, cost in zip(sure, asked, costs, strict=True):
        fine = (rng.random((20000, 3)) < np.where(plan == 1, after, p)).all(1)
        paid = plan @ price + 1.5 * ~fine
        assert abs(paid.mean() - cost) < 4 * paid.std() / len(paid) ** 0.5 + 1e-9


# ---- 10-period


@pytest.mark.parametrize("period", [9.3, 14.0, 21.6])
def test_a_pure_tone_has_its_period(period):
    x = np.cos(2 * np.pi * np.arange(300) / period + 0.7)
    periods, clarity = reference("10-period")(np.stack([x, 3 * x]), 7, 40, 0.9)
    np.testing.assert_allclose(periods, period, rtol=3e-3)
    assert (clarity > 0.95).all()


def test_an_overtone_is_taken_only_where_a_low_peak_will_do():
    t = 2 * np.pi * np.arange(120) / 32.5
    voice = 0.6 * np.cos(t + 1) + np.cos(2 * t) + 0.3 * np.cos(3 * t + 2)
    periods = [reference("10-period")(voice[None], 8, 60, share)[0][0] for share in (0.3, 0.8)]
    np.testing.assert_allclose(periods, [32.5 / 2, 32.5], rtol=1e-2)


def test_likeness_is_one_minus_the_share_of_the_difference():
    """YIN's difference over the same window, at the lag that was taken: n = 1 − d / m."""
    frames, shortest, longest, share = case("10-period", "5 frames")
    periods, clarity = reference("10-period")(frames, shortest, longest, share)
    near = np.rint(periods).astype(int)
    for x, lag, height in zip(frames, near, clarity, strict=True):
        likeness = []
        for at in (lag - 1, lag, lag + 1):
            W = len(x) - at
            d = difference(x[None], W)[0, at]
            likeness.append(1 - d / ((x[:W] ** 2).sum() + (x[at:] ** 2).sum()))
        assert min(abs(height - n) for n in likeness) < 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_hangs_on_rounding(seed):
    """A peak that just reached its share, or a plan as dear as giving up, would differ from computer to computer."""
    for c in BY_ID["10-period"].cases(seed):
        frames, shortest, longest, share = c.arguments
        if share == 1:
            continue  # the highest is the highest
        for nudge in (1e-7, -1e-7):
            near = reference("10-period")(frames, shortest, longest, share * (1 + nudge))
            np.testing.assert_array_equal(near[0], reference("10-period")(*c.arguments)[0], err_msg=c.name)
    for c in BY_ID["10-asking"].cases(seed):
        *rest, stop = c.arguments
        for nudge in (1e-7, -1e-7):
            near, _ = reference("10-asking")(*rest, stop * (1 + nudge))
            np.testing.assert_array_equal(near, reference("10-asking")(*c.arguments)[0], err_msg=c.name)


# ---- 10-reading


def test_a_shuffle_that_one_can_follow():
    """Modality 0 knows; modality 1 is hardly trusted. Exchanging two moments of unlike labels spoils both."""
    verdicts = np.array([[[5.0, 0], [0, 5], [0, 5]], [[1.0, 0], [1, 0], [1, 0]]])
    trust = np.array([[0.0] * 3, [-9.0] * 3])
    present = np.array([[True, True, True], [True, True, True]])
    labels, kind = np.array([0, 1, 1]), np.array([0, 0, 1])
    answers, chances, table = reference("10-reading")(verdicts, trust, present, labels, kind, np.array([[1, 0, 2]]))
    assert answers.tolist() == [0, 1, 1]
    w = 1 / (1 + np.exp(9))
    first = (1 - w) / (1 + np.exp(-5)) + w / (1 + np.exp(-1))
    assert chances[0] == pytest.approx(first)
    np.testing.assert_allclose(table, [[1, 1, 0], [1, 0, 0]])


def test_a_shuffle_that_moves_nothing_costs_nothing():
    *rest, orders = case("10-reading", "19 moments")
    still = np.broadcast_to(np.arange(orders.shape[1]), orders.shape)
    np.testing.assert_allclose(reference("10-reading")(*rest, still)[2][:, 1:], 0, atol=1e-12)


@pytest.mark.parametrize("name", ["19 moments", "much is missing", "trust near 1000"])
def test_the_mixture_is_that_of_pytorch(name):
    verdicts, trust, present, *rest = case("10-reading", name)
    weights = torch.from_numpy(trust).masked_fill(~torch.from_numpy(present), -torch.inf).softmax(0).nan_to_num()
    p = (weights[..., None] * torch.from_numpy(verdicts).softmax(-1)).sum(0)
    answers, chances, _ = reference("10-reading")(verdicts, trust, present, *rest)
    np.testing.assert_allclose(chances, p.max(1).values.numpy(), rtol=1e-12)
    np.testing.assert_array_equal(answers, np.where(present.any(0), p.argmax(1).numpy(), -1))
