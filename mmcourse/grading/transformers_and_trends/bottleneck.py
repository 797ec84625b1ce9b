"""12-bottleneck: modalities that meet only in a few shared tokens.

Attention bottlenecks: Nagrani et al. 2021 (arXiv:2107.00135), where each modality renews its own copy of the shared
tokens and the copies are averaged. No weights here, and absent tokens are this question's own.
"""

import numpy as np

from ..attention.drawing import normal
from ..human_computer_interaction.drawing import softmax
from ..question import TOLERANCE, Case, Question, WrongAnswer


def reference(tokens, bottleneck, modality, present):
    return _with()(tokens, bottleneck, modality, present)


def _scaled(q, k):
    return q @ k.T / q.shape[-1] ** 0.5


def _look(z, score, weigh, may):
    """Attention of z (n, D) over itself, where may (n, n) is True."""
    return weigh(np.where(may, score(z, z), -np.inf)) @ z


def _all(own, shared):
    return np.ones((own + shared,) * 2, bool)


def _mean(copies, before, sizes, M):
    return np.mean(copies, 0) if copies else before


def _add(z, seen, own):
    return z + seen


def _pairs(sizes, K):
    return sum((n + K) ** 2 for n in sizes), (sum(sizes) + K) ** 2 if sizes else 0


def _with(
    score=_scaled, weigh=softmax, may=_all, join=_mean, add=_add, pairs=_pairs,
    clean=lambda tokens, present: tokens, absent=lambda tokens: np.zeros_like(tokens), pass_on=False, twice=False,
):  # fmt: skip
    """One round with other scores, another mask, or the copies joined otherwise."""

    def meet(tokens, bottleneck, modality, present):
        x, shared = clean(tokens, present).astype(float), bottleneck.astype(float)
        M, K = modality.max() + 1, len(shared)
        y, copies, sizes = absent(tokens).astype(float), [], []
        for m in range(M):
            mine = (modality == m) & present
            own = mine.sum()
            if not own:
                continue
            z = np.concatenate([x[mine], copies[-1] if pass_on and copies else shared])
            new = add(z, _look(z, score, weigh, may(own, K)), own)
            if twice:  # the tokens look once the shared ones are renewed
                z = np.concatenate([x[mine], new[own:]])
                new = np.concatenate([add(z, _look(z, score, weigh, may(own, K)), own)[:own], new[own:]])
            y[mine] = new[:own]
            copies.append(new[own:])
            sizes.append(int(own))
        renewed = join(copies, shared, sizes, M)
        return y.astype(tokens.dtype), renewed.astype(tokens.dtype), np.array(pairs(sizes, K), np.int64)

    return meet


def draw(rng):
    yield _case(rng, "2 modalities, 2 shared tokens", (5, 3), 2, 7)
    yield _case(rng, "3 modalities", (3, 7, 2), 3, 5)
    yield _case(rng, "tokens are absent", (5, 7, 3), 2, 5, missing=0.4)
    yield _case(rng, "a whole modality is absent", (5, 3, 7), 3, 5, gone=(1,))
    yield _case(rng, "what is absent may be anything", (7, 5), 2, 3, missing=0.4, hold=np.nan)
    yield _case(rng, "nothing is there", (3, 5), 2, 7, gone=(0, 1))
    yield _case(rng, "one modality, one shared token", (7,), 1, 5)
    yield _case(rng, "all mixed up", (5, 7, 3), 2, 3, missing=0.2, mixed=True)
    yield _case(rng, "scores near 1500", (5, 3), 2, 3, height=50.0)
    yield _case(rng, "float32", (5, 2, 7), 3, 5, missing=0.3, dtype=np.float32)


def _case(rng, name, sizes, K, D, missing=0.0, gone=(), hold=None, mixed=False, height=0.0, dtype=np.float64):
    N = sum(sizes)
    modality = np.repeat(np.arange(len(sizes)), sizes)
    if mixed:
        modality = rng.permutation(modality)
    tokens, bottleneck = normal(rng, (N, D), (K, D))
    if height:  # of all scores alike, so that the weights stay soft
        tokens[:, 0] = bottleneck[:, 0] = height
    present = rng.random(N) >= missing
    for m in range(len(sizes)):
        first, *_, last = np.flatnonzero(modality == m)
        present[first], present[last] = True, missing == 0
    present &= ~np.isin(modality, gone)
    if hold is not None:
        tokens[~present] = hold
    return Case(name, (tokens.astype(dtype), bottleneck.astype(dtype), modality, present))


def everyone_sees_everyone(tokens, bottleneck, modality, present):
    if not present.any():
        return reference(tokens, bottleneck, modality, present)
    y, renewed, _ = reference(tokens, bottleneck, 0 * modality, present)
    return y, renewed, reference(tokens, bottleneck, modality, present)[2]


def collected_at_once(tokens, bottleneck, modality, present):
    """The shared tokens look at all modalities in one softmax; the tokens as they should."""
    y, _, pairs = reference(tokens, bottleneck, modality, present)
    return y, everyone_sees_everyone(tokens, bottleneck, modality, present)[1], pairs


def absent_as_zeros(tokens, bottleneck, modality, present):
    emptied = np.where(present[:, None], tokens, 0)
    there = np.isin(modality, modality[present])
    y, renewed, _ = reference(emptied, bottleneck, modality, there)
    return np.where(present[:, None], y, 0), renewed, reference(tokens, bottleneck, modality, present)[2]


def _not_itself(own, shared):
    return ~np.eye(own + shared, dtype=bool)


def _not_the_shared(own, shared):
    may = _all(own, shared)
    may[:own, own:] = False
    return may


def _shared_see_tokens_only(own, shared):
    may = _all(own, shared)
    may[own:, own:] = False
    return may


def _by_tokens(copies, before, sizes, M):
    return np.average(copies, 0, weights=sizes) if copies else before


def _absent_unchanged(copies, before, sizes, M):
    return (sum(copies) + (M - len(copies)) * before) / M


def _absent_zero(copies, before, sizes, M):
    return sum(copies) / M if copies else before


def _unstable(scores):
    e = np.exp(scores)
    return e / e.sum(-1, keepdims=True)


def _nothing_there(copies, before, sizes, M):
    return np.mean(copies, 0) if copies else np.zeros_like(before)


WRONG = (
    WrongAnswer(
        "everyone sees everyone",
        everyone_sees_everyone,
        "Your modalities see each other's tokens. They meet in the shared tokens only.",
    ),
    WrongAnswer(
        "collected at once",
        collected_at_once,
        "The tokens are right. Your shared tokens look at all modalities in one softmax, and long sequences drown "
        "short ones. Each modality renews a copy of them by itself; then the copies are averaged.",
    ),
    WrongAnswer(
        "one after another",
        _with(pass_on=True),
        "You pass the shared tokens on from one modality to the next. All modalities start from the same ones, so that "
        "their order does not matter.",
    ),
    WrongAnswer(
        "the renewed ones are read",
        _with(twice=True),
        "Your tokens look at shared tokens that are renewed already. All of them look at the same time, at what was "
        "there before.",
    ),
    WrongAnswer(
        "copies weighed by their tokens",
        _with(join=_by_tokens),
        "You weigh the copies by the number of tokens. A modality counts once, however many tokens it has.",
    ),
    WrongAnswer(
        "absent modalities count as unchanged",
        _with(join=_absent_unchanged),
        "A modality that is absent counts in your mean with the old shared tokens. It has no copy: average over those "
        "that are there.",
    ),
    WrongAnswer(
        "absent modalities count as zero",
        _with(join=_absent_zero),
        "You divide by the number of all modalities. Absent ones have no copy, and do not count.",
    ),
    WrongAnswer(
        "copies added up",
        _with(join=lambda copies, before, sizes, M: sum(copies) if copies else before),
        "You add up the copies. With more modalities the shared tokens would grow and grow: take the mean.",
    ),
    WrongAnswer(
        "nothing there, shared tokens gone",
        _with(join=_nothing_there),
        "Right, but where nothing is there: the shared tokens become 0. Nobody renews them, so they stay as they are.",
    ),
    WrongAnswer(
        "nothing there gives NaN",
        _with(join=lambda copies, before, sizes, M: sum(copies) / np.float64(len(copies)) + 0 * before),
        "Right, but where nothing is there: a mean of no copy is 0 / 0. The shared tokens stay as they are.",
    ),
    WrongAnswer(
        "blind to the shared tokens",
        _with(may=_not_the_shared),
        "Your tokens do not see the shared ones, so that nothing ever comes back from the bottleneck.",
    ),
    WrongAnswer(
        "blind to oneself",
        _with(may=_not_itself),
        "Your tokens do not see themselves. In self-attention each token is one of its own keys.",
    ),
    WrongAnswer(
        "shared tokens see the modality only",
        _with(may=_shared_see_tokens_only),
        "Your shared tokens do not see each other. They are keys for every query of a modality's round, and for "
        "themselves.",
    ),
    WrongAnswer(
        "no residual",
        _with(add=lambda z, seen, own: seen),
        "You return what was seen. It is added to what was there.",
    ),
    WrongAnswer(
        "no residual in the bottleneck",
        _with(add=lambda z, seen, own: np.concatenate([z[:own] + seen[:own], seen[own:]])),
        "The tokens are right. To the shared tokens, too, what they see is added.",
    ),
    WrongAnswer(
        "no scaling",
        _with(score=lambda q, k: q @ k.T),
        "You do not divide the scores by √D.",
    ),
    WrongAnswer(
        "scaled by the number of keys",
        _with(score=lambda q, k: q @ k.T / len(k) ** 0.5),
        "You divide the scores by the root of the number of keys. It is √D, the root of the width.",
    ),
    WrongAnswer(
        "softmax over the queries",
        _with(weigh=lambda scores: softmax(scores, 0)),
        "Your softmax runs over the queries. The weights of each query sum to one over its keys.",
    ),
    WrongAnswer(
        "not stable",
        _with(weigh=_unstable),
        "The formula is right, and exp overflows where scores are large. Subtract the largest of each row first.",
    ),
    WrongAnswer(
        "absent tokens as zeros",
        absent_as_zeros,
        "You set absent tokens to 0 and let them be keys. A score of 0 is not none: they still get a weight.",
    ),
    WrongAnswer(
        "absent tokens kept",
        _with(absent=lambda tokens: tokens),
        "Right, but for absent tokens: you return what stood in their place, and that means nothing. They are 0.",
    ),
    WrongAnswer(
        "shared tokens counted once",
        _with(pairs=lambda sizes, K: (sum(n**2 + 2 * n * K for n in sizes) + K**2 * bool(sizes), _pairs(sizes, K)[1])),
        "The rest is right. You count the pairs of shared tokens once. Every modality renews a copy of its own.",
    ),
)


QUESTION = Question(
    id="12-bottleneck",
    title="Through the eye of a needle",
    points=15,
    name="through_bottleneck",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the tokens", "the shared tokens", "the pairs"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
