"""Calibration by hand. The letters are declared in `mmcourse.calibration`."""

import numpy as np

MOST = 100.0  # the largest and, inverted, the smallest temperature that is looked for
ASK_BACK = -1


def temperature_loss(logits, labels, beta):
    """Mean cross-entropy of softmax(beta · logits), in nats.   beta: the inverse temperature, a float array ().

    logits (N, K): float.   labels (N,): whole numbers from 0 to K − 1.   Returns the loss and the cache.
    Raises ValueError for shapes that do not fit and labels beyond K.
    """
    _check(logits, labels)
    z = beta * logits
    z = z - z.max(-1, keepdims=True)
    p = np.exp(z)
    total = p.sum(-1, keepdims=True)
    n = np.arange(len(labels))
    loss = (np.log(total[:, 0]) - z[n, labels]).mean()
    return loss, (logits, labels, beta, p / total)


def temperature_loss_backward(dy, cache):
    """Carry dL/dy, a number, back to (dlogits (N, K), dbeta).

    The second is the mean of the logit that the model expects minus the one that is there.
    """
    logits, labels, beta, p = cache
    ds = p.copy()
    ds[np.arange(len(labels)), labels] -= 1  # softmax and cross-entropy: probabilities minus one-hot
    ds *= dy / len(labels)
    return beta * ds, (ds * logits).sum()


def fit_temperature(logits, labels, halvings=60):
    """The temperature 1/beta under which held-out labels are likeliest: a float from 1/MOST to MOST.

    The loss is convex in beta, so its slope rises with beta, and the place where it is zero is found by halving. Where
    every answer is right, surer is always better, until rounding ends it. Where the wrong ones are surer: MOST.
    logits (N, K): float.   labels (N,): whole numbers.   Raises ValueError as `temperature_loss`.
    """
    logits = np.asarray(logits, np.float64)
    low, high = -np.log(MOST), np.log(MOST)  # of log beta
    for _ in range(halvings):
        middle = (low + high) / 2
        _, cache = temperature_loss(logits, labels, np.exp(middle))
        if temperature_loss_backward(1.0, cache)[1] > 0:
            high = middle
        else:
            low = middle
    return float(np.exp(-(low + high) / 2))


def route(probabilities, cost):
    """The likeliest class where being wrong costs less on average than asking back, else ASK_BACK: (N,) int64.

    probabilities (N, K): rows of sum 1.   cost: of asking back, where a wrong answer costs 1 (Chow 1970).
    Raises ValueError for rows that are no probabilities and for a cost outside [0, 1].
    """
    p = np.asarray(probabilities)
    if p.ndim != 2 or not np.isfinite(p).all() or (p < 0).any() or not np.allclose(p.sum(-1), 1, atol=1e-3):
        raise ValueError(f"route: expected probabilities (N, K) with rows of sum 1, came {p.shape}. Try: a softmax")
    if not 0 <= cost <= 1:
        raise ValueError(f"route: expected a cost from 0 to 1, of which a wrong answer has 1, came {cost}")
    return np.where(1 - p.max(-1) <= cost, p.argmax(-1), ASK_BACK)


def _check(logits, labels):
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise ValueError(
            f"expected logits (N, K) and labels (N,), N at least 1, came {logits.shape} and {labels.shape}"
        )
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise ValueError(f"expected labels from 0 to {logits.shape[1] - 1}, came {labels.min()} to {labels.max()}")
