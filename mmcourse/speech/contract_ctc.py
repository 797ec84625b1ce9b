"""What both halves of `ctc_loss` must do. Impossible targets, which cost infinity, stand in tests/test_ctc.py."""

import numpy as np

from mmcourse.agree import Contract


def _log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def _padded(rng, T, C, targets, frames=None, blank=0):
    """Log-probabilities and targets (B, S), labels that do not count behind each."""
    B, lengths = len(targets), np.array([len(target) for target in targets])
    padding = rng.choice([c for c in range(C) if c != blank], (B, lengths.max() + 2))
    for row, target in zip(padding, targets, strict=True):
        row[: len(target)] = target
    return {
        "log_probs": _log_softmax(2 * rng.standard_normal((T, B, C))),
        "targets": padding,
        "input_lengths": np.array(frames or [T] * B),
        "target_lengths": lengths,
        "blank": blank,
    }


def _concatenated(rng, T, C, targets, frames=None, blank=0):
    together = np.array([label for target in targets for label in target], int)
    return _padded(rng, T, C, targets, frames, blank) | {"targets": together}


def _by_hand(probabilities, target, blank=0):
    """One example, probabilities (T, C)."""
    return {
        "log_probs": np.log(np.array(probabilities))[:, None],
        "targets": np.array([target], int).reshape(1, -1),
        "input_lengths": np.array([len(probabilities)]),
        "target_lengths": np.array([len(target)]),
        "blank": blank,
    }


def _along_the_simplex(log_probs, rng):
    """A direction in which probabilities still sum to one: the slope is that of normalised log_probs."""
    u = rng.standard_normal(log_probs.shape)
    return u - (np.exp(log_probs) * u).sum(-1, keepdims=True)


def _reordered(f, a, rng):
    order = rng.permutation(a["log_probs"].shape[2])  # class c moves to place order[c]
    moved = np.empty_like(a["log_probs"])
    moved[..., order] = a["log_probs"]
    return np.allclose(
        f(**a | {"log_probs": moved, "targets": order[a["targets"]], "blank": order[a["blank"]]}), f(**a)
    )


def _behind_the_end(f, a, rng):
    noise = a["log_probs"].copy()
    for b, frames in enumerate(a["input_lengths"]):
        noise[frames:, b] = np.nan
    return np.array_equal(f(**a | {"log_probs": noise}), f(**a))


def _backwards(f, a, rng):
    """Read from the end, frames and labels alike."""
    log_probs, lengths = a["log_probs"].copy(), a["target_lengths"]
    for b, frames in enumerate(a["input_lengths"]):
        log_probs[:frames, b] = log_probs[:frames, b][::-1]
    rows = a["targets"] if a["targets"].ndim == 2 else np.split(a["targets"], np.cumsum(lengths)[:-1])
    targets = np.concatenate([row[:n][::-1] for row, n in zip(rows, lengths, strict=True)])
    return np.allclose(f(**a | {"log_probs": log_probs, "targets": targets}), f(**a))


def _half_as_likely(f, a, rng):
    halved = f(**a | {"log_probs": a["log_probs"] - np.log(2)})
    return np.allclose(halved, f(**a) + a["input_lengths"] * np.log(2))


TARGETS = [[2, 1, 3], [1, 1], [], [3, 3, 3, 1, 2]]
CTC = Contract(
    "ctc_loss",
    cases={
        "padded": lambda rng: _padded(rng, 11, 5, TARGETS),
        "behind each other, the blank in the middle": lambda rng: _concatenated(
            rng, 11, 7, [[6, 0, 6], [5, 5]], blank=3
        ),
        "clips of different length, the blank last": lambda rng: _padded(rng, 13, 5, TARGETS, [7, 3, 5, 13], blank=4),
        "as many frames as the target needs": lambda rng: _concatenated(rng, 7, 5, TARGETS, [3, 3, 1, 7]),
        "one frame": lambda rng: _padded(rng, 1, 3, [[2], [], [1]]),
        "nothing is said": lambda rng: _padded(rng, 5, 3, [[], []], [5, 2]),
    },
    gradients=("log_probs",),
    known={
        # aaa, aa_, _aa, a__, _a_, __a write "a"; ___ and a_a do not
        "six of eight paths": (_by_hand([[0.5, 0.5]] * 3, [1]), [-np.log(6 / 8)]),
        "equal neighbours need a blank between": (
            _by_hand([[0.2, 0.8], [0.3, 0.7], [0.9, 0.1]], [1, 1]),
            [-np.log(0.024)],
        ),
        "others do not": (_by_hand([[0.5, 0.2, 0.3], [0.1, 0.5, 0.4]], [1, 2]), [-np.log(0.08)]),
        "only blanks write nothing": (_by_hand([[0.5, 0.5], [0.2, 0.8]], []), [-np.log(0.1)]),
        "the blank may be another": (_by_hand([[0.5, 0.5], [0.2, 0.8]], [], blank=1), [-np.log(0.4)]),
        "a great surprise": (_by_hand([[1.0 - 1e-300, 1e-300]], [1]), [300 * np.log(10)]),
    },
    invariants={
        "the order of the classes is a matter of names": _reordered,
        "what stands behind the last frame is not heard": _behind_the_end,
        "reading frames and labels backwards changes nothing": _backwards,
        "half the probability at every frame is log 2 a frame": _half_as_likely,
    },
    directions={"log_probs": _along_the_simplex},
)
