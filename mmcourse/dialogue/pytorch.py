"""The twins of `scratch`: same names, the values without a cache; autograd walks back.

Sums of exponentials over many steps lose too much in bfloat16: there they are widened first, and narrowed at the end.
"""

import torch


def crf_loss(emissions, transitions, start, end, tags, lengths):
    kind, tags, lengths = emissions.dtype, torch.as_tensor(tags), torch.as_tensor(lengths)
    emissions, transitions, start, end = map(_wide, (emissions, transitions, start, end))
    B, T, _ = emissions.shape
    if T == 0:
        return 0 * (emissions.sum() + transitions.sum() + start.sum() + end.sum()) + emissions.new_zeros(B, dtype=kind)
    live = torch.arange(T, device=emissions.device) < lengths.to(emissions.device)[:, None]
    alpha = start + emissions[:, 0]
    for t in range(1, T):
        reached = torch.logsumexp(alpha[:, :, None] + transitions, 1) + emissions[:, t]
        alpha = torch.where(live[:, t, None], reached, alpha)
    log_z = torch.logsumexp(alpha + end, 1)
    loss = log_z - _score(emissions, transitions, start, end, torch.where(live, tags, 0), live)
    return torch.where(live[:, 0], loss, 0).to(kind)


def viterbi(emissions, transitions, start, end, lengths):
    B, T, K = emissions.shape
    live = torch.arange(T, device=emissions.device) < torch.as_tensor(lengths, device=emissions.device)[:, None]
    best, before = emissions.new_zeros(B, K), []
    for t in range(T):
        reached, came = torch.max(best[:, :, None] + transitions, 1) if t else (start.expand(B, K), best.long())
        before.append(came)
        best = torch.where(live[:, t, None], reached + emissions[:, t], best)
    scores, tag = torch.max(best + end, 1)
    tags = torch.full((B, T), -1, device=emissions.device)
    for t in reversed(range(T)):
        tags[:, t] = torch.where(live[:, t], tag, -1)
        tag = torch.where(live[:, t], before[t].gather(1, tag[:, None])[:, 0], tag)
    return tags, torch.where(live.any(1), scores, 0)


def _score(emissions, transitions, start, end, tags, live):
    emitted = emissions.gather(2, tags[..., None])[..., 0] * live
    moved = transitions[tags[:, :-1], tags[:, 1:]] * live[:, 1:]
    last = tags.gather(1, (live.sum(1, keepdim=True) - 1).clamp(min=0))[:, 0]
    return emitted.sum(1) + moved.sum(1) + start[tags[:, 0]] + end[last]


def _wide(x):
    return x.float() if x.dtype == torch.bfloat16 else x
