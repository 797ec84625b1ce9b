"""The references of 04_gan against answers by hand, PyTorch, SciPy and the room; right answers in other styles pass."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from torch.nn import functional as F

from mmcourse.adversarial import densities, mixture, scratch
from mmcourse.grading import grade, questions

BY_ID = {question.id: question for question in questions("04")}
SEEDS = range(5)


def reference(name):
    return BY_ID[name].reference


def plain_case(name, seed=1):
    return BY_ID[name].cases(seed)[0].arguments


def test_a_judge_that_one_can_compute():
    """Densities 3 to 1 and shares 1 to 3 leave one half; where nobody is, the share remains."""
    log_p = np.array([np.log(0.6), -np.inf, 0.0, -np.inf])
    log_q = np.array([np.log(0.2), 0.0, -np.inf, -np.inf])
    np.testing.assert_allclose(reference("04-judge")(log_p, log_q, 0.25), [0.5, 0, 1, 0.25])


def test_with_equal_shares_it_is_the_judge_of_the_room():
    log_p, log_q, _ = plain_case("04-judge")
    expected = densities.optimal_discriminator(np.exp(log_p), np.exp(log_q))
    np.testing.assert_allclose(reference("04-judge")(log_p, log_q, 0.5), expected, rtol=1e-12)


def test_with_equal_shares_the_game_is_half_of_that_of_the_room():
    d, p, q, _ = plain_case("04-worth")
    value, best, divergence = reference("04-worth")(d, p, q, 0.5)
    np.testing.assert_allclose(value, densities.game_value(d, p, q) / 2, rtol=1e-12)
    np.testing.assert_allclose(divergence, densities.jensen_shannon_divergence(p, q), rtol=1e-9)
    np.testing.assert_allclose(best, divergence - np.log(2), rtol=1e-12)


def test_a_game_that_one_can_compute():
    """A third is real and p and q are apart: the best judge loses nothing, and gains the entropy of the share."""
    p, q = np.array([[1.0, 0, 0]]), np.array([[0, 0.5, 0.5]])
    value, best, divergence = reference("04-worth")(np.array([[0.5, 0.5, 0]]), p, q, 1 / 3)
    np.testing.assert_allclose(value, -np.log(2) * 2 / 3)
    np.testing.assert_allclose(best, 0, atol=1e-15)
    np.testing.assert_allclose(divergence, np.log(3) / 3 + np.log(1.5) * 2 / 3)


def test_the_best_judge_is_worth_the_best_value_and_its_neighbours_are_worth_less():
    rng = np.random.default_rng(2)
    d, p, q, share = plain_case("04-worth")
    best_judge = reference("04-judge")(np.log(p), np.log(q), share)
    value, best, _ = reference("04-worth")(best_judge, p, q, share)
    np.testing.assert_allclose(value, best, rtol=1e-12)
    nearby = reference("04-worth")(np.clip(best_judge + 0.01 * rng.standard_normal(d.shape), 0, 1), p, q, share)[0]
    assert (nearby < best).all()


@pytest.mark.parametrize("target", [0.9, 1.0])
def test_the_smoothed_loss_is_that_of_pytorch(target):
    real, fake, _ = plain_case("04-smooth")
    r, f = (torch.from_numpy(x).requires_grad_() for x in (real, fake))
    losses = [
        F.binary_cross_entropy_with_logits(a, torch.full_like(a, target))
        + F.binary_cross_entropy_with_logits(b, torch.zeros_like(b))
        for a, b in zip(r, f, strict=True)
    ]
    sum(losses).backward()
    expected = torch.stack(losses).detach(), r.grad, f.grad
    for got, want in zip(reference("04-smooth")(real, fake, target), expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-10)


def test_the_best_judge_of_smoothed_labels_says_less_than_the_target():
    """At one place with densities p and q the smoothed loss rests where D = α p / (p + q)."""
    p, q, target = 3, 2, 0.9
    d = target * p / (p + q)
    logit = np.log(d / (1 - d))
    _, dreal, dfake = reference("04-smooth")(np.full((1, p), logit), np.full((1, q), logit), target)
    assert p * dreal.sum() + q * dfake.sum() == pytest.approx(0, abs=1e-12)


def test_the_pull_is_that_of_pytorch():
    z, generator, discriminator, leak = plain_case("04-pull")
    (w, b), (w1, b1, w2, b2) = ([torch.from_numpy(x).requires_grad_() for x in p] for p in (generator, discriminator))
    x = F.linear(torch.from_numpy(z), w, b)
    x.retain_grad()
    logits = F.linear(F.leaky_relu(F.linear(x, w1, b1), leak), w2[None], b2)[:, 0]
    losses = F.softplus(-logits)
    losses.mean().backward()
    expected = losses.detach(), x.grad, w.grad, b.grad
    for got, want in zip(reference("04-pull")(z, generator, discriminator, leak), expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-9)


def test_a_pull_that_one_can_compute():
    """One unit on its leaking side: logit = 3 · ½ · (−2) + 3 = 0, so the loss is log 2 and its slope −½."""
    one = np.array([[1.0]])
    discriminator = (one, np.zeros(1), np.array([3.0]), np.array([3.0]))
    losses, dx, dw, db = reference("04-pull")(np.array([[2.0]]), (-one, np.zeros(1)), discriminator, 0.5)
    np.testing.assert_allclose([losses[0], dx[0, 0], dw[0, 0], db[0]], [np.log(2), -0.75, -1.5, -0.75])


def test_the_penalty_is_that_of_autograd_twice():
    x, w, b, v, gamma = plain_case("04-penalty")
    x, w, b, v = (torch.from_numpy(a).requires_grad_() for a in (x, w, b, v))
    (g,) = torch.autograd.grad((F.softplus(F.linear(x, w, b)) @ v).sum(), x, create_graph=True)
    penalties = gamma / 2 * g.square().sum(-1)
    penalties.mean().backward()
    arguments = [a.detach().numpy() for a in (x, w, b, v)]
    expected = penalties.detach(), w.grad, b.grad, v.grad
    for got, want in zip(reference("04-penalty")(*arguments, gamma), expected, strict=True):
        np.testing.assert_allclose(got, want.numpy(), rtol=1e-9)


def test_a_penalty_that_one_can_compute():
    """At a = 0 softplus has the slope ½ and the bend ¼: with w = 2, v = 3 the judge's slope is 3."""
    arguments = np.array([[1.0]]), np.array([[2.0]]), np.array([-2.0]), np.array([3.0])
    penalties, dw, db, dv = reference("04-penalty")(*arguments, 2.0)
    np.testing.assert_allclose([penalties[0], dw[0, 0], db[0], dv[0]], [9, 6 * (1.5 + 1.5), 6 * 1.5, 6 * 1])


@pytest.mark.parametrize("case", range(12))
def test_along_each_direction_it_is_the_distance_of_scipy(case):
    x, y, directions = (a.astype(float) for a in BY_ID["04-slices"].cases(3)[case].arguments)
    units = directions / np.linalg.norm(directions, axis=1)[:, None]
    expected = [scipy.stats.wasserstein_distance(x @ unit, y @ unit) for unit in units]
    np.testing.assert_allclose(reference("04-slices")(x, y, directions), expected, atol=1e-12)


def test_a_distance_that_one_can_compute():
    """0 and 3 onto 1, 1 and 4: half of each sample's 3/6 goes where a third of 2/6 waits."""
    x, y = np.array([[0.0, 7], [3, 7]]), np.array([[1.0, 0], [1, 0], [4, 0]])
    distances = reference("04-slices")(x, y, np.array([[0.5, 0], [0, -3.0]]))
    np.testing.assert_allclose(distances, [(3 * 1 + 1 * 2 + 2 * 1) / 6, 7])


def test_runs_that_one_can_read():
    near, far = [[0.0, 0]] * 4, [[9.0, 0]]
    runs = np.array([near + [[2.0, 0]] * 4, near * 2, near + far * 4, far * 8])
    table = reference("04-reading")(runs, np.array([[0.0, 0], [2, 0], [4, 0]]), np.array([0.5, 0.25, 0.25]), 1.5)
    np.testing.assert_allclose(table, [[1, 2, 2, 0], [1, 1, 1, 1], [0.5, 1, 1, 1], [0, 0, 0, 2]])


def test_the_ring_of_the_room_is_read_as_the_room_reads_it():
    rng = np.random.default_rng(5)
    samples = mixture.ring(rng, 499).astype(float)
    samples[::3] += 0.04 * rng.standard_normal(samples[::3].shape)
    centres, radius = mixture.CENTRES, 3 * mixture.SIGMA
    ((share, covered, effective, verdict),) = reference("04-reading")(samples[None], centres, np.full(8, 1 / 8), radius)
    hits = mixture.hits(samples)
    assert share == pytest.approx(mixture.share_within_3_sigma(samples))
    assert covered == mixture.modes_covered(samples, least=0.5)
    assert effective == pytest.approx(np.exp(scipy.stats.entropy(hits)))
    assert verdict == 0


# ---- right answers in other styles


def judge_by_logits(log_p, log_q, share):
    with np.errstate(invalid="ignore"):
        d = scipy.special.expit(log_p - log_q + math.log(share) - math.log(1 - share))
    d[np.isnan(d)] = share
    return d.astype(log_p.dtype)


def judge_by_logaddexp(log_p, log_q, share):
    real, fake = log_p + np.log(share), log_q + np.log(1 - share)
    with np.errstate(invalid="ignore"):
        d = np.exp(real - np.logaddexp(real, fake))
    return np.where(np.isnan(d), share, d).astype(log_p.dtype)


def worth_by_xlogy(d, p, q, share):
    xlogy = scipy.special.xlogy
    value = share * xlogy(p, d).sum(1) + (1 - share) * xlogy(q, 1 - d).sum(1)
    m = share * p + (1 - share) * q
    divergence = share * scipy.special.rel_entr(p, m).sum(1) + (1 - share) * scipy.special.rel_entr(q, m).sum(1)
    entropy = scipy.stats.entropy([share, 1 - share])
    return tuple(x.astype(d.dtype) for x in (value, divergence - entropy, divergence))


def worth_one_by_one(d, p, q, share):
    table = np.zeros((3, len(d)), d.dtype)
    for s in range(len(d)):
        for chance, a, b in zip(d[s].tolist(), (share * p[s]).tolist(), ((1 - share) * q[s]).tolist(), strict=True):
            for mass, said in ((a, chance), (b, 1 - chance)):
                table[0, s] += mass * math.log(said) if mass and said else -math.inf if mass else 0
                table[1, s] += mass * math.log(mass / (a + b)) if mass else 0
        table[2, s] = table[1, s] - share * math.log(share) - (1 - share) * math.log(1 - share)
    return tuple(table)


def smooth_by_two_terms(real, fake, target):
    def softplus(x):
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    loss = (target * softplus(-real) + (1 - target) * softplus(real)).mean(1) + softplus(fake).mean(1)
    expit = scipy.special.expit
    dreal = (1 - target) * expit(real) - target * expit(-real)
    return loss, dreal / real.shape[1], expit(fake) / fake.shape[1]


def pull_by_einsum(z, generator, discriminator, leak):
    (w, b), (w1, b1, w2, b2) = generator, discriminator
    a = np.einsum("hi,bi->bh", w1, np.einsum("iz,bz->bi", w, z) + b) + b1
    logits = np.einsum("h,bh->b", w2, np.maximum(a, leak * a)) + b2
    slope = np.where(a < 0, leak, 1)
    dlogits = (scipy.special.expit(logits) - 1) / len(z)
    dx = np.einsum("b,h,bh,hi->bi", dlogits, w2, slope, w1).astype(z.dtype)
    return -scipy.special.log_expit(logits), dx, np.einsum("bi,bz->iz", dx, z), dx.sum(0)


def pull_one_by_one(z, generator, discriminator, leak):
    (w, b), (w1, b1, w2, b2) = generator, discriminator
    losses, dx, dw, db = np.zeros(len(z)), np.zeros((len(z), len(b))), np.zeros(w.shape), np.zeros(b.shape)
    for i, noise in enumerate(z.astype(float)):
        a = w1 @ (w @ noise + b) + b1
        logit = w2 @ np.where(a > 0, a, leak * a) + b2[0]
        losses[i] = np.logaddexp(0, -logit)
        dx[i] = -scipy.special.expit(-logit) / len(z) * (w1.T @ (w2 * np.where(a > 0, 1, leak)))
        dw += np.outer(dx[i], noise)
        db += dx[i]
    return tuple(result.astype(z.dtype) for result in (losses, dx, dw, db))


def penalty_by_einsum(x, w, b, v, gamma):
    s = scipy.special.expit(np.einsum("bi,hi->bh", x, w) + b)
    bend = s * scipy.special.expit(-(np.einsum("bi,hi->bh", x, w) + b))
    g = np.einsum("bh,h,hi->bi", s, v, w)
    slopes = np.einsum("bi,hi->bh", g, w) * (gamma / len(x))
    dw = np.einsum("bh,h,bi->hi", s, v, g) * (gamma / len(x)) + np.einsum("bh,h,bh,bi->hi", slopes, v, bend, x)
    penalties = np.einsum("bi,bi->b", g, g) * (gamma / 2)
    return penalties, dw, np.einsum("bh,h,bh->h", slopes, v, bend), np.einsum("bh,bh->h", slopes, s)


def slices_by_quantiles(x, y, directions):
    distances = []
    for direction in directions.astype(float):
        unit = direction / math.hypot(*direction)
        a, b = sorted((x @ unit).tolist()), sorted((y @ unit).tolist())
        levels = sorted({i * len(b) for i in range(len(a) + 1)} | {j * len(a) for j in range(len(b) + 1)})
        steps = pairwise(levels)
        distance = sum((end - start) * abs(a[start // len(b)] - b[start // len(a)]) for start, end in steps)
        distances.append(distance / (len(a) * len(b)))
    return np.array(distances, x.dtype)


def slices_by_scipy(x, y, directions):
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return np.array([scipy.stats.wasserstein_distance(x @ u, y @ u) for u in units]).astype(x.dtype)


def runs_one_by_one(samples, centres, due, radius):
    table = np.zeros((len(samples), 4), samples.dtype)
    for r, run in enumerate(samples):
        hits = [0] * len(centres)
        for sample in run:
            distances = [math.dist(sample, centre) for centre in centres]
            if min(distances) <= radius:
                hits[distances.index(min(distances))] += 1
        share = sum(hits) / len(run)
        covered = sum(h / len(run) >= part / 2 for h, part in zip(hits, due.tolist(), strict=True))
        effective = 2 ** scipy.stats.entropy(hits, base=2) if sum(hits) else 0
        table[r] = share, covered, effective, 2 if share < 0.5 else int(covered < len(centres) / 2)
    return table


RIGHT = (
    ("04-judge", judge_by_logits),
    ("04-judge", judge_by_logaddexp),
    ("04-worth", worth_by_xlogy),
    ("04-worth", worth_one_by_one),
    ("04-smooth", smooth_by_two_terms),
    ("04-pull", pull_by_einsum),
    ("04-pull", pull_one_by_one),
    ("04-penalty", penalty_by_einsum),
    ("04-slices", slices_by_quantiles),
    ("04-slices", slices_by_scipy),
    ("04-reading", runs_one_by_one),
)


@pytest.mark.parametrize(("question_id", "answer"), RIGHT)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_answer_in_another_style_passes(question_id, answer, seed):
    result = grade(BY_ID[question_id], answer, seed)
    assert result, str(result)


# ---- calling the room does not answer a question


def smooth_by_the_room(real, fake, target):
    loss, dreal, dfake = np.zeros(len(real)), np.zeros_like(real), np.zeros_like(fake)
    for s in range(len(real)):
        loss[s], cache = scratch.discriminator_loss(real[s], fake[s])
        dreal[s], dfake[s] = scratch.discriminator_loss_backward(1.0, cache)
    return loss, dreal, dfake


def penalty_by_the_room(x, w, b, v, gamma):
    _, cache = scratch.gradient_penalty(x, w, b, v[None])
    _, dw, db, dv = scratch.gradient_penalty_backward(gamma / 2, cache)
    steep = np.linalg.norm(scratch.critic_backward(np.ones(len(x)), scratch.critic(x, w, b, v[None], 0)[1])[0], axis=-1)
    return gamma / 2 * (steep - 1) ** 2, dw, db, dv[0]


@pytest.mark.parametrize(
    ("question_id", "answer"), [("04-smooth", smooth_by_the_room), ("04-penalty", penalty_by_the_room)]
)
def test_the_functions_of_the_room_do_not_answer_a_question(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)


def test_the_loss_of_the_room_gets_the_hint_that_says_so():
    assert "the loss of the chapter" in grade(BY_ID["04-smooth"], smooth_by_the_room).hint
