"""The questions on human–computer interaction: right answers in other styles pass, and calls of the rooms do not."""

import numpy as np
import pytest
import torch

from mmcourse.calibration.scratch import temperature_loss, temperature_loss_backward
from mmcourse.dialogue import scratch as field
from mmcourse.dialogue.frames import pieces
from mmcourse.grading import grade, questions
from mmcourse.metrics.calibration import risk_coverage
from mmcourse.speech.pitch import cumulative_mean_normalised, difference

BY_ID = {question.id: question for question in questions("10")}
SEEDS = range(5)


def frames_by_the_pieces_of_the_room(told, true, lengths, intents, weights):
    """The room cuts; places come along as if they were words."""
    names = ["O"] + [f"{letter}-{k}" for k in range(len(weights)) for letter in "BI"]
    counts, f, frames = np.zeros((len(weights), 3), int), np.ones(len(told)), np.zeros(len(told), int)
    for b, n in enumerate(lengths):
        ours, theirs = (set(pieces(range(n), [names[tag] for tag in row[b, :n]])) for row in (told, true))
        sums = []
        for column, slots in enumerate((ours & theirs, ours, theirs)):
            here = np.bincount([int(kind) for kind, _ in slots], minlength=len(weights))
            counts[:, column] += here
            sums.append(here @ weights)
        if ours | theirs:
            f[b] = sums[0] / ((sums[1] + sums[2]) / 2)
        frames[b] = ours == theirs and intents[b, 0] == intents[b, 1]
    return counts, f.astype(weights.dtype), frames


def best_with_one_word_pinned(emissions, steps):
    """Viterbi once for every tag of every word, all other tags of that word forbidden."""
    T, K = emissions.shape
    kinds = (np.arange(K) + 1) // 2
    inside = (np.arange(K) > 0) & (np.arange(K) % 2 == 0)
    A = np.where(~inside | (kinds[:, None] == kinds), steps, -np.inf)
    begin, end, lengths = np.where(inside, -np.inf, 0), np.zeros(K), np.array([T])
    m = np.empty((T, K))
    for t in range(T):
        for k in range(K):
            pinned = emissions.astype(float)
            pinned[t, np.arange(K) != k] = -np.inf
            m[t, k] = field.viterbi(pinned[None], A, begin, end, lengths)[1][0]
    tags = field.viterbi(emissions[None].astype(float), A, begin, end, lengths)[0][0]
    others = np.where(np.arange(K) == tags[:, None], -np.inf, m)
    return m.astype(emissions.dtype), tags, (m.max(1) - others.max(1)).astype(emissions.dtype)


def allowed_by_autograd(emissions, steps, allowed, lengths):
    e, a = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (emissions, steps))
    losses = []
    for b, n in enumerate(lengths):
        totals = []
        for mask in (np.ones_like(allowed[:, b]), allowed[:, b]):
            scores = e[:, b].masked_fill(~torch.from_numpy(mask), -1e12)
            alpha = scores[0]
            for t in range(1, n):
                alpha = scores[t] + (alpha + a).logsumexp(1)
            totals.append(alpha.logsumexp(0))
        losses.append((totals[0] - totals[1]) * bool(n))
    (sum(losses) + 0 * e.sum() + 0 * a.sum()).backward()
    results = torch.stack(losses).detach(), e.grad, a.grad
    return tuple(x.numpy().astype(emissions.dtype) for x in results)


def scaling_ticket_by_ticket(logits, labels, log_scale, bias, strength):
    losses, da, db = np.zeros(len(labels)), np.zeros(len(bias)), np.zeros(len(bias))
    seen = [n for n in range(len(labels)) if labels[n] != -1]
    for n in seen:
        w = np.exp(log_scale.astype(float)) * logits[n]
        z = w + bias
        p = np.exp(z - np.logaddexp.reduce(z))
        losses[n] = np.logaddexp.reduce(z) - z[labels[n]]
        for k in range(len(bias)):
            there = p[k] - (labels[n] == k)
            da[k], db[k] = da[k] + there * w[k] / len(seen), db[k] + there / len(seen)
    da += 2 * strength * (log_scale - sum(log_scale.tolist()) / len(bias))
    db += 2 * strength * bias
    return tuple(x.astype(logits.dtype) for x in (losses, da, db))


def curves_group_by_group(confidence, losses):
    N, M = losses.shape
    risks, areas, excess = np.zeros((N, M)), np.zeros(M), np.zeros(M)
    for m in range(M):
        n, lost = 0, 0.0
        for c in sorted(set(confidence[:, m].tolist()), reverse=True):
            group = losses[confidence[:, m].astype(float) == c, m].astype(float)
            for j in range(1, len(group) + 1):
                risks[n + j - 1, m] = (lost + j * group.sum() / len(group)) / (n + j)
            n, lost = n + len(group), lost + group.sum()
        areas[m] = risks[:, m].sum() / N
        ordered = np.sort(losses[:, m].astype(float))
        excess[m] = areas[m] - sum(ordered[:n].mean() for n in range(1, N + 1)) / N
    return tuple(x.astype(confidence.dtype) for x in (risks, areas, excess))


def questions_stage_by_stage(sure, after, price, wrong, stop):
    """A tree: ask about the first stage or not, and go on with what has been paid and how likely all is right."""

    def best(p, s, paid, chance):
        if s == len(p):
            return paid + wrong * (1 - chance), ()
        go_on, plan = best(p, s + 1, paid, chance * p[s])
        ask, other = best(p, s + 1, paid + price[s], chance * after[s])
        return (ask, (1, *other)) if ask < go_on else (go_on, (0, *plan))

    found = [best(p, 0, 0.0, 1.0) for p in sure.astype(float)]
    asked = [plan if cost <= stop else (-1,) * len(price) for cost, plan in found]
    return np.array(asked), np.array([min(cost, stop) for cost, _ in found], sure.dtype)


def periods_by_correlation(frames, shortest, longest, share):
    results = []
    for x in frames.astype(float):
        L, total = len(x), np.concatenate([[0], np.cumsum(x**2)])
        r = np.correlate(x, x, "full")[L - 1 :]
        lags = np.arange(L)
        m = total[L - lags] + total[L] - total[lags]
        n = 2 * r / np.where(m > 0, m, np.inf)
        inside = lags[shortest : longest + 1]
        peaks = inside[(n[inside] > n[inside - 1]) & (n[inside] >= n[inside + 1])]
        if not len(peaks) or n[peaks].max() <= 0:
            results.append((np.nan, 0))
            continue
        lag = peaks[(n[peaks] >= share * n[peaks].max()).argmax()]
        a, b, _ = np.polyfit([-1, 0, 1], n[lag - 1 : lag + 2], 2)
        results.append((lag - b / (2 * a), n[lag]))
    periods, clarity = np.array(results, frames.dtype).T
    return periods.copy(), clarity.copy()


def listening_moment_by_moment(verdicts, trust, present, labels, kind, orders):
    M, N, K = verdicts.shape

    def read(sources):
        """sources (M, N): the moment from which each modality comes."""
        answers, chances = np.full(N, -1), np.zeros(N)
        for n in range(N):
            there = [(m, sources[m][n]) for m in range(M) if present[m, sources[m][n]]]
            if there:
                t = np.array([trust[at] for at in there], float)
                p = np.zeros(K)
                for (m, at), w in zip(there, np.exp(t - np.logaddexp.reduce(t)), strict=True):
                    z = verdicts[m, at].astype(float)
                    p += w * np.exp(z - np.logaddexp.reduce(z))
                answers[n], chances[n] = p.argmax(), p.max()
        return answers, chances

    still = [np.arange(N)] * M
    answers, chances = read(still)
    rows = [[(answers == labels)[kind == g].mean()] for g in range(kind.max() + 1)]
    for m in range(M):
        after = [read([*still[:m], order, *still[m + 1 :]])[0] == labels for order in orders]
        for g, row in enumerate(rows):
            row.append(row[0] - np.mean([right[kind == g].mean() for right in after]))
    return answers, chances.astype(verdicts.dtype), np.array(rows, verdicts.dtype)


RIGHT = {
    "10-slots": frames_by_the_pieces_of_the_room,
    "10-best": best_with_one_word_pinned,
    "10-allowed": allowed_by_autograd,
    "10-scaling": scaling_ticket_by_ticket,
    "10-curve": curves_group_by_group,
    "10-asking": questions_stage_by_stage,
    "10-period": periods_by_correlation,
    "10-reading": listening_moment_by_moment,
}


@pytest.mark.parametrize("question_id", BY_ID)
def test_right_answers_in_other_styles_pass(question_id):
    for seed in SEEDS if question_id not in ("10-best", "10-reading") else SEEDS[:2]:  # these two take their time
        result = grade(BY_ID[question_id], RIGHT[question_id], seed)
        assert result, str(result)


# ---- calling a room does not answer a question


def best_by_the_room(emissions, steps):
    K = len(steps)
    tags, score = field.viterbi(emissions[None], steps, np.zeros(K), np.zeros(K), np.array([len(emissions)]))
    return np.full_like(emissions, score[0]), tags[0], np.zeros_like(emissions[:, 0])


def allowed_by_the_room(emissions, steps, allowed, lengths):
    """Its loss, with the first allowed tag of each word."""
    nothing = np.zeros_like(steps[0])
    tags = allowed.argmax(-1).T
    losses, cache = field.crf_loss(emissions.transpose(1, 0, 2), steps.T, nothing, nothing, tags, lengths)
    demissions, dsteps, *_ = field.crf_loss_backward(np.ones_like(losses), cache)
    return losses, demissions.transpose(1, 0, 2), dsteps.T


def scaling_by_the_room(logits, labels, log_scale, bias, strength):
    known = labels >= 0
    scaled = np.exp(log_scale) * logits + bias
    _, cache = temperature_loss(scaled[known], labels[known], np.ones(()))
    dlogits, dbeta = temperature_loss_backward(1.0, cache)
    return np.zeros_like(logits[:, 0]), np.full_like(bias, dbeta), dlogits.sum(0)


def curves_by_the_room(confidence, losses):
    risks = np.stack([risk_coverage(c, loss == 0)[1] for c, loss in zip(confidence.T, losses.T, strict=True)], 1)
    return risks.astype(losses.dtype), risks.mean(0), risks.mean(0)


def periods_by_the_room(frames, shortest, longest, share):
    """YIN: the first dip of the normalised difference, of a window of one size."""
    d = cumulative_mean_normalised(difference(frames, frames.shape[1] - longest))
    lags = shortest + d[:, shortest:].argmin(1)
    return lags.astype(frames.dtype), 1 - d[np.arange(len(d)), lags].astype(frames.dtype)


@pytest.mark.parametrize(
    ("question_id", "answer"),
    [
        ("10-best", best_by_the_room),
        ("10-allowed", allowed_by_the_room),
        ("10-scaling", scaling_by_the_room),
        ("10-curve", curves_by_the_room),
        ("10-period", periods_by_the_room),
    ],
)
def test_the_functions_of_the_rooms_do_not_answer_a_question(question_id, answer):
    result = grade(BY_ID[question_id], answer)
    assert (result.state, result.points) == ("wrong", 0)
