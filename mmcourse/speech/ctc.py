"""Connectionist temporal classification by hand: how likely is a text, whenever each of its letters is said?

Axis letters here are those of `torch.nn.functional.ctc_loss`: T frames, B examples, C classes (one of them the blank),
S labels of the longest target; K = 2 S + 1 states, the labels with a blank before, between and behind them.

A path writes one class a frame; equal neighbours count once, then blanks fall out. The probability of a target is the
sum over all paths that leave it: Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented
sequence data with recurrent neural networks", ICML, sections 3.1 (paths), 4.1 (forward-backward) and 4.2 (gradient).
All of it in logarithms: the probability of a long path is smaller than any float.
"""

import numpy as np

_LEAST = float(np.finfo(np.float32).min)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0):
    """Minus the log-probability of each target, (B,): `torch.nn.functional.ctc_loss` with reduction="none".

    log_probs (T, B, C): log-softmax over the classes, float32 or float64.   input_lengths (B,): frames that count, from
    1 to T; whatever stands behind them is ignored.   targets: integers (B, S), whatever stands behind target_lengths
    (B,) ignored, or all targets behind each other (sum of the lengths,); no blank among them. A target may be empty.
    torch's "mean" is the mean of loss / max(target_lengths, 1), its "sum" the sum.

    A target that no path writes (too few frames: one a label, and one for the blank between equal neighbours) costs
    +inf and gets a zero gradient: as torch's zero_infinity=True on the way back, where torch would report a loss of 0.
    Raises TypeError for other dtypes and ValueError for shapes, lengths or labels that do not fit, logits and NaN.
    """
    labels, frames, lengths = _checked(log_probs, targets, input_lengths, target_lengths, blank)
    T, B, _ = log_probs.shape
    heard = np.arange(T)[:, None] < frames
    if not heard.all():
        log_probs = np.where(heard[..., None], log_probs, -np.inf)
    _check_numbers(log_probs)
    states, b = with_blanks(labels.T, blank), np.arange(B)
    emissions = log_probs[:, b, states]  # (T, K, B): long runs of memory for the steps to come
    arrivals = _arrivals(emissions, states, np.zeros(B, int), np.zeros(B, int))
    last = arrivals[frames - 1, :, b] + emissions[frames - 1, :, b]  # (B, K)
    ends = last[b, 2 * lengths], np.where(lengths, last[b, 2 * lengths - 1], -np.inf)  # the blank, or the last label
    loss = -np.logaddexp(*ends)
    return loss, (log_probs, states, emissions, arrivals, frames, lengths, loss)


def ctc_loss_backward(dloss, cache):
    """dloss (B,) to dlog_probs (T, B, C), the same as torch's: y - p, zero behind input_lengths.

    y = exp(log_probs), p the posterior probability that a class stands at a frame, given the target. Were all
    log_probs free, the derivative would be -p. But they sum to one, and log_softmax sends both -p and y - p back to the
    same slope at the logits, y - p again, since y and p each sum to one: the one slope that passes unchanged.
    """
    log_probs, states, *_, loss = cache
    slope = np.where(np.isinf(loss), 0, dloss).astype(loss.dtype)
    dlog_probs = np.exp(log_probs)
    occupancy = np.ascontiguousarray(_occupancy(cache).transpose(2, 0, 1))  # (B, T, K)
    is_class = (states.T[..., None] == np.arange(log_probs.shape[2])).astype(loss.dtype)  # (B, K, C)
    dlog_probs -= (occupancy @ is_class).transpose(1, 0, 2)  # a class that stands in several states gets their sum
    dlog_probs *= slope[:, None]
    return dlog_probs


def with_blanks(target, blank=0):
    """The states: labels (S, ...) to (2 S + 1, ...), a blank before, between and behind them."""
    target = np.asarray(target, int)
    states = np.full((2 * len(target) + 1, *target.shape[1:]), blank)
    states[1::2] = target
    return states


def posteriors(log_probs, target, blank=0):
    """How likely is each state at each frame, given the target: (T, 2 S + 1), every row sums to one.

    log_probs (T, C), target (S,). Label s is state 2 s + 1, even states are blanks. ValueError if no path writes it.
    """
    return _occupancy(_one(log_probs, target, blank))[..., 0]


def forced_alignment(log_probs, target, blank=0):
    """The likeliest path that writes the target: its states (T,), and its log-probability (Viterbi).

    log_probs (T, C), target (S,). The classes are `with_blanks(target, blank)[path]`; label s is said where path equals
    2 s + 1. Of equally likely ways into a state the slowest counts. ValueError if no path writes the target.
    """
    _, states, emissions, *_ = _one(log_probs, target, blank)
    zero = np.zeros(1, int)
    best = (_arrivals(emissions, states, zero, zero, join=_largest) + emissions)[..., 0]  # (T, K)
    T, K = best.shape
    path = np.empty(T, int)
    path[-1] = s = K - 1 - best[-1, ::-1][:2].argmax()
    for t in reversed(range(T - 1)):
        ways = [s, s - 1, s - 2][: min(s, 2) + 1]
        if len(ways) == 3 and states[s] == states[s - 2]:
            ways.pop()
        path[t] = s = ways[best[t, ways].argmax()]
    return path, float(best[-1, path[-1]])


def _arrivals(emissions, states, first, begin, join=None):
    """(T, K, B): log-probability of all ways into state k at frame t, what frame t itself says not counted.

    An example starts at frame first (B,), in state begin (B,) or the one behind it. From there a path stays, steps on
    by one, or skips a state: a blank between unequal labels. Blanks all equal each other, so one rule does for both.
    """
    T, K, B = emissions.shape
    join = join or _log_sum
    barred = np.zeros((K, B), emissions.dtype)
    barred[2:][states[2:] == states[:-2]] = -np.inf
    k = np.arange(K)[:, None]
    start = np.where((k == begin) | (k == begin + 1), 0, -np.inf).astype(emissions.dtype)
    arrivals = np.empty_like(emissions)
    alpha = np.full((K + 2, B), -np.inf, emissions.dtype)  # two rows that nobody comes from, before the first state
    starts = set(first.tolist())
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        for t in range(T):
            arrivals[t] = join(alpha[2:], alpha[1:-1], alpha[:-2] + barred)
            if t in starts:
                np.copyto(arrivals[t], start, where=first == t)
            np.add(arrivals[t], emissions[t], out=alpha[2:])
    return arrivals


def _occupancy(cache):
    """(T, K, B): posterior probability of state k at frame t; zero where the target is impossible."""
    _, states, emissions, arrivals, frames, lengths, loss = cache
    T, K, _ = emissions.shape
    # the ways out are the ways in, read backwards; an example that ends early starts late
    departures = _arrivals(emissions[::-1, ::-1], states[::-1], T - frames, K - 1 - 2 * lengths)[::-1, ::-1]
    return np.exp(arrivals + emissions + departures + np.where(np.isinf(loss), 0, loss))


def _log_sum(a, b, c):
    """log(e^a + e^b + e^c), also of -inf. Each place has its own largest: a common one would lose unlikely states."""
    top = np.maximum(np.maximum(a, b), c)
    np.maximum(top, _LEAST, out=top)  # -inf - -inf would be NaN
    return np.log(np.exp(a - top) + np.exp(b - top) + np.exp(c - top)) + top


def _largest(a, b, c):
    return np.maximum(np.maximum(a, b), c)


def _one(log_probs, target, blank):
    """The cache of a single example."""
    if np.ndim(log_probs) != 2:
        raise ValueError(f"expected log_probs (T, C) of one example, came {np.shape(log_probs)}. Try: log_probs[:, b]")
    T, S = len(log_probs), len(target)
    loss, cache = ctc_loss(log_probs[:, None], np.asarray(target)[None], [T], [S], blank)
    if np.isinf(loss[0]):
        raise ValueError(f"no path of {T} frames writes this target of {S} labels. Try: more frames, or another target")
    return cache


def _checked(log_probs, targets, input_lengths, target_lengths, blank):
    """Labels (B, S), blank where a target has ended, and both lengths as arrays (B,)."""
    if getattr(log_probs, "dtype", None) not in (np.float32, np.float64):
        raise TypeError(f"ctc_loss: expected log_probs in float32 or float64, came {getattr(log_probs, 'dtype', None)}")
    if log_probs.ndim != 3 or 0 in log_probs.shape:
        raise ValueError(
            f"ctc_loss: expected log_probs (T frames, B examples, C classes), came {log_probs.shape}. "
            "Try: log_probs[:, None] for a single example"
        )
    T, B, C = log_probs.shape
    frames, lengths, targets = map(np.asarray, (input_lengths, target_lengths, targets))
    for name, a, low, high in (("input_lengths", frames, 1, T), ("target_lengths", lengths, 0, np.inf)):
        if a.shape != (B,) or a.dtype.kind not in "iu" or (a < low).any() or (a > high).any():
            raise ValueError(f"ctc_loss: expected {B} whole {name} from {low} to {high}, came {a!r}")
    S, total = lengths.max(), lengths.sum()
    padded = targets.ndim == 2 and len(targets) == B and targets.shape[1] >= S
    whole = targets.dtype.kind in "iu" or not targets.size
    if not whole or not (padded or targets.shape == (total,)):
        raise ValueError(
            f"ctc_loss: these target_lengths need whole numbers as targets, ({B}, {S}) or ({total},), "
            f"came {targets.dtype} {targets.shape}"
        )
    wanted = np.arange(S) < lengths[:, None]
    labels = np.full((B, S), blank)
    labels[wanted] = targets[:, :S][wanted] if padded else targets
    said = labels[wanted]
    if not 0 <= blank < C or (said == blank).any() or (said < 0).any() or (said >= C).any():
        raise ValueError(
            f"ctc_loss: expected a blank and labels from 0 to {C - 1}, and no label that is the blank, "
            f"came blank {blank} and labels {np.unique(said)}"
        )
    return labels, frames, lengths


def _check_numbers(log_probs):
    largest = log_probs.max()
    if np.isnan(largest):
        raise ValueError("ctc_loss: log_probs hold NaN. Try: the last checkpoint before the loss became NaN")
    if largest > 1e-3:  # above rounding
        raise ValueError(f"ctc_loss: expected log-probabilities, <= 0, came {largest:.3g}. Try: log_softmax")
