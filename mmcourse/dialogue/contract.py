"""What both halves of the field must do. Brute force and pytorch-crf stand in tests/test_dialogue.py."""

import numpy as np

from mmcourse.agree import Contract

LOG2, LOG3 = np.log(2.0), np.log(3.0)


def _drawn(rng, T, K, lengths, scale=1.0):
    """Tags behind a sequence's end are no tags at all, so that whoever reads them is found out."""
    B = len(lengths)
    tags = rng.integers(0, K, (B, T))
    tags[np.arange(T) >= np.array(lengths)[:, None]] = -7
    return {
        "emissions": scale * rng.standard_normal((B, T, K)),
        "transitions": scale * rng.standard_normal((K, K)),
        "start": scale * rng.standard_normal(K),
        "end": scale * rng.standard_normal(K),
        "tags": tags,
        "lengths": np.array(lengths),
    }


def _forbidden(rng):
    a = _drawn(rng, 5, 3, [5, 2])
    a["transitions"][1, 2] = -1e4
    a["tags"][0] = [1, 1, 0, 2, 1]
    a["tags"][1, :2] = [2, 0]
    return a


def _by_hand(emissions, transitions, tags, start=None, end=None):
    """One sequence."""
    emissions, transitions = np.array(emissions, float), np.array(transitions, float)
    nothing = np.zeros(len(transitions))
    return {
        "emissions": emissions[None],
        "transitions": transitions,
        "start": nothing if start is None else np.array(start),
        "end": nothing if end is None else np.array(end),
        "tags": np.array(tags, int)[None],
        "lengths": np.array([len(tags)]),
    }


def _behind_the_end(f, a, rng):
    noise = a["emissions"].copy()
    for row, length in zip(noise, a["lengths"], strict=True):
        row[length:] = 1e3
    return np.array_equal(f(**a | {"emissions": noise}), f(**a))


def _constants_do_not_matter(f, a, rng):
    moved = {"emissions": a["emissions"] + rng.standard_normal((*a["emissions"].shape[:2], 1))}
    moved |= {name: a[name] + rng.standard_normal() for name in ("transitions", "start", "end")}
    return np.allclose(f(**a | moved), f(**a))


def _names_of_tags_do_not_matter(f, a, rng):
    K = len(a["start"])
    order = rng.permutation(K)
    place = np.argsort(order)
    moved = {name: a[name][..., order] for name in ("emissions", "start", "end")}
    tags = np.where(a["tags"] >= 0, place[a["tags"].clip(0)], a["tags"])
    return np.allclose(f(**a | moved | {"transitions": a["transitions"][np.ix_(order, order)], "tags": tags}), f(**a))


def _backwards(f, a, rng):
    """Read from the end: transitions the other way round, start and end exchanged."""
    emissions, tags = a["emissions"].copy(), a["tags"].copy()
    for x in (emissions, tags):
        for row, length in zip(x, a["lengths"], strict=True):
            row[:length] = row[:length][::-1]
    turned = {"transitions": a["transitions"].T, "start": a["end"], "end": a["start"]}
    return np.allclose(f(**a | turned | {"emissions": emissions, "tags": tags}), f(**a))


def _alone(f, a, rng):
    """Each sequence by itself, cut at its length, costs what it costs in the batch."""
    for b, length in enumerate(a["lengths"]):
        one = {"emissions": a["emissions"][b : b + 1, :length], "tags": a["tags"][b : b + 1, :length]}
        if not np.allclose(f(**a | one | {"lengths": a["lengths"][b : b + 1]}), f(**a)[b]):
            return False
    return True


CRF_LOSS = Contract(
    "crf_loss",
    cases={
        "a batch of like lengths": lambda rng: _drawn(rng, 5, 3, [5, 5]),
        "unlike lengths, one word, no word": lambda rng: _drawn(rng, 7, 5, [7, 1, 0, 4, 2]),
        "one step": lambda rng: _drawn(rng, 1, 3, [1, 0]),
        "no step at all": lambda rng: _drawn(rng, 0, 3, [0, 0]),
        "one tag": lambda rng: _drawn(rng, 5, 1, [5, 3]),
        "large scores": lambda rng: _drawn(rng, 5, 3, [5, 4], scale=30.0),
        "a forbidden transition": _forbidden,
    },
    gradients=("emissions", "transitions", "start", "end"),
    known={
        "no idea: one of nine ways": (_by_hand(np.zeros((2, 3)), np.zeros((3, 3)), [0, 2]), [2 * LOG3]),
        "one word is a softmax": (_by_hand([[LOG2, 0.0]], np.zeros((2, 2)), [0]), [LOG3 - LOG2]),
        "one word with start and end": (
            # weights 1·2·3 and 5·1·1, of tags 0 and 1
            _by_hand([[0.0, np.log(5)]], np.full((2, 2), 9.0), [1], [LOG2, 0.0], [LOG3, 0.0]),
            [np.log(11 / 5)],
        ),
        # 00, 01, 10 weigh 1 each, 11 weighs 2: transitions alone tell neighbours to be 1 together
        "a transition counts": (_by_hand(np.zeros((2, 2)), [[0, 0], [0, LOG2]], [1, 1]), [np.log(5 / 2)]),
        # from 0 to 1 weighs 2, from 1 to 0 weighs 1
        "its direction counts": (_by_hand(np.zeros((2, 2)), [[0, LOG2], [0, 0]], [1, 0]), [np.log(5)]),
        # of eight ways 000 001 010 100 ... those with 11 inside are forbidden: five are left
        "what is forbidden has no share": (
            _by_hand(np.zeros((3, 2)), [[0, 0], [0, -1e4]], [0, 1, 0]), [np.log(5)]
        ),
        "a great surprise": (_by_hand([[1e4, 0.0]], np.zeros((2, 2)), [1]), [1e4]),
        "nothing to tag": (_by_hand(np.zeros((0, 3)), np.ones((3, 3)), []), [0.0]),
    },
    invariants={
        "what stands behind the end does not count": _behind_the_end,
        "a constant for all tags of a step changes nothing": _constants_do_not_matter,
        "the order of the tags is a matter of names": _names_of_tags_do_not_matter,
        "reading backwards, with everything turned round, changes nothing": _backwards,
        "a sequence costs alone what it costs in company": _alone,
        "no way of tagging is more than certain": lambda f, a, rng: bool((f(**a) >= -1e-9).all()),
    },
)  # fmt: skip

CONTRACTS = (CRF_LOSS,)
