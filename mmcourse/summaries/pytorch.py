"""The twins of `scratch`: same names; autograd walks back through the values, and the choices are the same indices."""

import torch


def histograms(frames, bins=16):
    r, g, b = (frames.long() * bins // 256).unbind(-1)
    colour = ((r * bins + g) * bins + b).flatten(1)
    counts = torch.zeros(len(frames), bins**3, dtype=torch.float64, device=frames.device)
    return counts.scatter_add_(1, colour, torch.ones_like(colour, dtype=counts.dtype)) / colour.shape[1]


def shot_boundaries(h, window=6, ratio=4.0, least=0.05, flash=3):
    T = len(h)
    leap = torch.zeros(T, dtype=h.dtype, device=h.device)
    leap[1:] = h.diff(dim=0).abs().sum(1) / 2
    found = []
    for t in range(1, T):
        near = torch.cat([leap[max(1, t - window) : t], leap[t + 1 : t + 1 + window]])
        threshold = least + ratio * (near.mean() if len(near) else 0)
        lasts = (h[min(t + flash, T - 1)] - h[max(0, t - flash) : t]).abs().sum(1).min() / 2
        greatest = leap[t] >= leap[max(1, t - flash) : t + flash + 1].max()
        if min(leap[t], lasts) > threshold and greatest and not (found and t - found[-1] <= flash):
            found.append(t)
    return _indices(found, h)


def rbf(x, bandwidth):
    wide = x.float() if x.dtype.itemsize < 4 else x  # a distance is a difference of large numbers
    squares = wide.square().sum(1)
    distance = (squares[:, None] + squares - 2 * (wide @ wide.T)).clamp(min=0)
    return torch.exp(distance / (-2 * bandwidth**2)).to(x.dtype)


def facility_location(similarity, weights, chosen):
    if not len(chosen):
        return (weights * 0).sum() + (similarity * 0).sum()
    return weights @ similarity[:, chosen].max(1).values


def log_probability(kernel, chosen):
    wide = kernel.double()  # no determinant in half precision
    part = wide[chosen[:, None], chosen]
    value = torch.linalg.slogdet(part)
    # of 0 x 0 numbers the determinant is 1
    log = torch.where(value.sign > 0, value.logabsdet, -torch.inf) if len(chosen) else 0.0
    return (log - torch.linalg.slogdet(wide + torch.eye(len(wide)).to(wide)).logabsdet).to(kernel.dtype)


def maximal_marginal_relevance(relevance, similarity, budget, trade_off=0.5, least=-torch.inf):
    chosen, nearest = [], torch.zeros_like(relevance)
    while len(chosen) < min(budget, len(relevance)):
        value = trade_off * relevance - (1 - trade_off) * nearest
        value[chosen] = -torch.inf
        best = int(value.argmax())
        if value[best] <= least:
            break
        nearest = torch.maximum(nearest, similarity[best]) if chosen else similarity[best]
        chosen.append(best)
    return _indices(chosen, relevance)


def greedy_facility_location(similarity, weights, budget, least=0.0):
    chosen, served = [], torch.zeros_like(weights)
    while len(chosen) < min(budget, len(weights)):
        gain = weights @ (similarity - served[:, None]).clamp(min=0)
        gain[chosen] = -torch.inf
        best = int(gain.argmax())
        if gain[best] <= least:
            break
        served = torch.maximum(served, similarity[:, best])
        chosen.append(best)
    return _indices(chosen, weights)


def greedy_dpp(kernel, budget, least=0.0):
    T, chosen = len(kernel), []
    rows, left = kernel.new_zeros(min(budget, T), T), kernel.diagonal().clone()
    tiny = T * torch.finfo(kernel.dtype).eps * max(float(left.max()), 0)
    while len(chosen) < min(budget, T):
        best = int(left.argmax())
        if left[best] <= max(least, tiny):
            break
        k = len(chosen)
        rows[k] = (kernel[best] - rows[:k, best] @ rows[:k]) / left[best].sqrt()
        left = left - rows[k] ** 2
        chosen.append(best)
        left[chosen] = -torch.inf
    return _indices(chosen, kernel)


def peaks(relevance, apart, budget=None, least=-torch.inf):
    left, chosen = relevance.clone(), []
    while len(chosen) < (len(left) if budget is None else budget) and (left > least).any():
        best = int(left.argmax())
        chosen.append(best)
        left[max(0, best - apart) : best + apart + 1] = -torch.inf
    return _indices(chosen, relevance)


def farthest_first(x, budget):
    chosen = [int((x - x.mean(0)).square().sum(1).argmin())]
    away = (x - x[chosen[0]]).square().sum(1)
    while len(chosen) < min(budget, len(x)):
        chosen.append(int(away.argmax()))
        away = torch.minimum(away, (x - x[chosen[-1]]).square().sum(1))
    return _indices(chosen[:budget], x)


def _indices(chosen, like):
    return torch.tensor(chosen, dtype=torch.int64, device=like.device)
