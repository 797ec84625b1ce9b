"""The twins of `scratch`: same names, same parameters, the value without a cache; autograd walks back.

The searches take step functions over tensors and keep the sentences of all images on the device together.
"""

import torch
from torch.nn import functional as F

from mmcourse.captioning.decoding import Hypothesis, check_log_probs, check_sampling, check_search, hypotheses
from mmcourse.recurrent.pytorch import lstm


def masked_cross_entropy(logits, targets, pad=0):
    total = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=pad, reduction="sum")
    return total / (targets != pad).sum().clamp_min(1)


def lstm_decoder(features, words, w_h, b_h, w_c, b_c, table, w_ih, w_hh, b_ih, b_hh, w_out, b_out):
    start = F.linear(features, w_h, b_h), F.linear(features, w_c, b_c)
    y, _, _ = lstm(F.embedding(words, table), *start, w_ih, w_hh, b_ih, b_hh)
    return F.linear(y, w_out, b_out)


def lstm_captioner(features, captions, *, pad=0, **parameters):
    logits = lstm_decoder(features, captions[:, :-1].T, **parameters)
    return masked_cross_entropy(logits, captions[:, 1:].T, pad)


def additive_attention(values, keys, query, v):
    weights = ((keys + query[:, None]).tanh() @ v).softmax(-1)
    return (weights[:, None] @ values)[:, 0], weights


def attention_decoder(
    regions, words, w_h, b_h, w_c, b_c, w_region, w_query, b_query, v,
    table, w_ih, w_hh, b_ih, b_hh, w_state, w_context, w_out, b_out,
):  # fmt: skip
    mean, keys, x = regions.mean(1), F.linear(regions, w_region), F.embedding(words, table)
    h, c = F.linear(mean, w_h, b_h), F.linear(mean, w_c, b_c)
    states, contexts, weights = [], [], []
    for word in x:
        z, p = additive_attention(regions, keys, F.linear(h, w_query, b_query), v)
        h, c = torch.lstm_cell(torch.cat([word, z], -1), (h, c), w_ih, w_hh, b_ih, b_hh)
        states.append(h)
        contexts.append(z)
        weights.append(p)
    deep = x + F.linear(torch.stack(states), w_state) + F.linear(torch.stack(contexts), w_context)
    return F.linear(deep, w_out, b_out), torch.stack(weights)


def doubly_stochastic_penalty(weights, mask):
    return (1 - torch.einsum("tbp,tb->bp", weights, mask.to(weights))).square().sum(-1).mean()


def attention_captioner(regions, captions, *, pad=0, penalty=0.0, **parameters):
    targets = captions[:, 1:].T
    logits, weights = attention_decoder(regions, captions[:, :-1].T, **parameters)
    uneven = doubly_stochastic_penalty(weights, targets != pad)
    return masked_cross_entropy(logits, targets, pad) + penalty * uneven


def lstm_stepper(features, *, w_h, b_h, w_c, b_c, table, w_ih, w_hh, b_ih, b_hh, w_out, b_out):
    def step(state, words):
        h, c = torch.lstm_cell(F.embedding(words, table), state, w_ih, w_hh, b_ih, b_hh)
        return F.linear(h, w_out, b_out).log_softmax(-1), (h, c)

    return step, (F.linear(features, w_h, b_h), F.linear(features, w_c, b_c))


def attention_stepper(
    regions, *, w_h, b_h, w_c, b_c, w_region, w_query, b_query, v,
    table, w_ih, w_hh, b_ih, b_hh, w_state, w_context, w_out, b_out,
):  # fmt: skip
    def step(state, words):
        values, keys, h, c = state
        z, _ = additive_attention(values, keys, F.linear(h, w_query, b_query), v)
        word = F.embedding(words, table)
        h, c = torch.lstm_cell(torch.cat([word, z], -1), (h, c), w_ih, w_hh, b_ih, b_hh)
        deep = word + F.linear(h, w_state) + F.linear(z, w_context)
        return F.linear(deep, w_out, b_out).log_softmax(-1), (values, keys, h, c)

    mean = regions.mean(1)
    return step, (regions, F.linear(regions, w_region), F.linear(mean, w_h, b_h), F.linear(mean, w_c, b_c))


def greedy_search(step, start_state, begin, end, max_length):
    return _write(step, start_state, begin, end, max_length, lambda log_probs: log_probs.argmax(-1))


def sample(step, start_state, begin, end, max_length, rng, temperature=1.0, top_k=None):
    """Draws from the NumPy Generator what the NumPy twin draws, so the two agree."""
    check_sampling(temperature, top_k)

    def choose(log_probs):
        scores = log_probs.double() / temperature
        if top_k and top_k < scores.shape[1]:
            order = scores.argsort(dim=1, descending=True, stable=True)
            scores = scores.scatter(1, order[:, top_k:], -torch.inf)
        cumulative = scores.softmax(1).cumsum(1)
        draws = torch.from_numpy(rng.random(len(scores))).to(scores)
        return (cumulative <= draws[:, None] * cumulative[:, -1:]).sum(1)

    return _write(step, start_state, begin, end, max_length, choose)


@torch.inference_mode()
def beam_search(step, start_state, begin, end, width, max_length, length_penalty=0.0):
    """All images at once: B · width rows go through every step; a row whose total is -inf is an empty place."""
    check_search(width, max_length)
    B, device = len(start_state[0]), start_state[0].device
    state = tuple(s.repeat_interleave(width, 0) for s in start_state)
    last = torch.full((B * width,), begin, device=device)
    words = torch.empty(B, width, 0, dtype=torch.long, device=device)
    totals = torch.full((B, width), -torch.inf, device=device, dtype=torch.float64)
    totals[:, 0] = 0  # one sentence an image, and as yet no other
    room = torch.full((B, 1), width, device=device)
    first_row = torch.arange(B, device=device)[:, None] * width
    finished = [[] for _ in range(B)]
    for length in range(1, max_length + 1):
        log_probs, state = step(state, last)
        check_log_probs(log_probs.max().item(), log_probs.isnan().any().item())
        V = log_probs.shape[-1]
        every = (totals[..., None] + log_probs.view(B, width, V)).flatten(1)
        totals, best = (ranked[:, :width] for ranked in every.sort(dim=1, descending=True, stable=True))
        parents, last = best // V, best % V
        totals = totals.masked_fill(torch.arange(width, device=device) >= room, -torch.inf)
        words = torch.cat([words.gather(1, parents[..., None].expand(-1, -1, words.shape[2])), last[..., None]], 2)
        done = (last == end) & totals.isfinite()
        _keep(finished, done, words, totals, length, length_penalty, True)
        room = room - done.sum(1, keepdim=True)
        going = totals.isfinite() & ~done
        if not going.any():
            break
        if length == max_length:
            cut = going & torch.tensor([not f for f in finished], device=device)[:, None]
            _keep(finished, cut, words, totals, length, length_penalty, False)
        totals = totals.masked_fill(done, -torch.inf)
        rows = (first_row + parents).flatten()
        state, last = tuple(s[rows] for s in state), last.flatten()
    return [sorted(f, key=lambda h: -h.score) for f in finished]


def _keep(found, which, words, totals, length, length_penalty, ended):
    """Append the chosen places (B, width) to the lists of their images."""
    images = which.nonzero()[:, 0].tolist()
    for b, w, total in zip(images, words[which].tolist(), totals[which].tolist(), strict=True):
        found[b].append(Hypothesis(tuple(w[: length - ended]), total, total / length**length_penalty, ended))


@torch.inference_mode()
def _write(step, state, begin, end, max_length, choose):
    check_search(1, max_length)
    N, device = len(state[0]), state[0].device
    words, totals = torch.full((N, max_length), end, device=device), torch.zeros(N, device=device, dtype=torch.float64)
    length, going = torch.full((N,), max_length, device=device), torch.ones(N, dtype=torch.bool, device=device)
    last = torch.full((N,), begin, device=device)
    for t in range(max_length):
        log_probs, state = step(state, last)
        check_log_probs(log_probs.max().item(), log_probs.isnan().any().item())
        last = torch.where(going, choose(log_probs), end)
        totals += torch.where(going, log_probs.gather(1, last[:, None])[:, 0], 0)
        words[:, t] = last
        length[going & (last == end)] = t
        going &= last != end
        if not going.any():
            break
    return hypotheses(words.tolist(), totals.tolist(), length.tolist(), (~going).tolist())
