"""10-reading: which of its modalities does a reader of emotions listen to, and in which moments?

Shuffle one input among the examples and see what it costs: permutation importance (Breiman 2001, "Random forests",
Machine Learning 45, section 10). The fusion is a mixture of verdicts, weighed by attention over what is there.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .drawing import softmax


def reference(verdicts, trust, present, labels, kind, orders):
    return _with()(verdicts, trust, present, labels, kind, orders)


def _attention(trust, present):
    """Weights (M, N) that sum to one over what is there; zeros where nothing is."""
    return softmax(np.where(present, trust, -np.inf), 0)


def _mixture(weights, verdicts, present):
    return (weights[..., None] * softmax(verdicts)).sum(0)


def _largest(chances, present):
    """(answers (N,), how sure (N,))."""
    some = present.any(0)
    return np.where(some, chances.argmax(1), -1), np.where(some, chances.max(1), 0)


def _from_another_moment(inputs, m, order):
    """Verdict, trust and presence of modality m taken from other moments."""
    moved = [x.copy() for x in inputs]
    for x, before in zip(moved, inputs, strict=True):
        x[m] = before[m][order]
    return moved


def _by_kind(right, kind, g, order=None):
    return right[kind == g].mean()


def _with(
    weigh=_attention, mix=_mixture, answer=_largest, shuffle=_from_another_moment,
    drop=lambda whole, shuffled: whole - np.mean(shuffled), among=_by_kind,
    take=lambda orders: orders,
):  # fmt: skip
    """Answers and the table with another fusion, another shuffle or another count."""

    def listened(verdicts, trust, present, labels, kind, orders):
        def fused(v, t, there):
            return answer(mix(weigh(t, there), v, there), there)

        inputs = verdicts.astype(float), trust.astype(float), present
        with np.errstate(all="ignore"):
            answers, sure = fused(*inputs)
            hits = np.array(
                [
                    [fused(*shuffle(inputs, m, order))[0] == labels for order in take(orders)]
                    for m in range(len(verdicts))
                ]
            )
            table = []
            for g in range(kind.max() + 1):
                whole = among(answers == labels, kind, g)
                shares = [
                    [among(right, kind, g, order) for right, order in zip(rows, take(orders), strict=True)]
                    for rows in hits
                ]
                table.append([whole, *(drop(whole, s) for s in shares)])
        return answers.astype(np.int64), sure.astype(verdicts.dtype), np.array(table, verdicts.dtype)

    return listened


def draw(rng):
    yield _case(rng, "19 moments, 3 modalities, 5 emotions", 3, 19, 5, 3)
    yield _case(rng, "2 modalities", 2, 43, 3, 2)
    yield _case(rng, "everything is there", 3, 53, 5, 2, missing=0.0)
    yield _case(rng, "much is missing", 3, 67, 4, 3, missing=0.5)
    yield _case(rng, "one shuffle", 3, 59, 5, 3, R=1)
    yield _case(rng, "one modality", 1, 47, 3, 2)
    yield _case(rng, "one kind", 4, 43, 5, 1)
    yield _case(rng, "one modality that is trusted most", 3, 71, 5, 3, lead=3.0)
    yield _case(rng, "trust near 1000", 3, 53, 5, 2, lift=1000.0)
    yield _case(rng, "verdicts near 1000", 3, 53, 5, 2, certain=1000.0)
    yield _case(rng, "float32", 3, 61, 5, 3, dtype=np.float32)


def _case(rng, name, M, N, K, G, R=3, missing=0.2, lead=0.0, lift=0.0, certain=0.0, dtype=np.float64):
    verdicts, trust = normal(rng, (M, N, K), (M, N))
    labels = rng.integers(0, K, N)
    kind = rng.permutation(np.concatenate([np.arange(G), rng.integers(0, G, N - G)]))
    tells = rng.uniform(0.3, 2.5, (M, G))[:, kind]  # how much a modality says in each kind of moment
    verdicts = 1.5 * verdicts + tells[..., None] * (labels[:, None] == np.arange(K)) + certain
    trust[0] += lead
    present = rng.random((M, N)) >= missing
    if missing:
        present[:, :2] = False
    trust = 1.5 * trust + lift
    orders = np.array([rng.permutation(N) for _ in range(R)])
    return Case(name, (verdicts.astype(dtype), trust.astype(dtype), present, labels, kind, orders))


def _evenly(trust, present):
    return present / np.maximum(present.sum(0), 1)


def _most_trusted(trust, present):
    t = np.where(present, trust, -np.inf)
    return (t == t.max(0)) & present


def _absent_weighed(trust, present):
    return softmax(trust, 0)


def _absent_take_their_part(trust, present):
    return softmax(trust, 0) * present


def _absent_at_zero(trust, present):
    return softmax(trust * present, 0)


def _over_the_moments(trust, present):
    return softmax(np.where(present, trust, -np.inf), 1)


def _overflowing(trust, present):
    e = np.exp(trust) * present
    return e / np.where(present.any(0), e.sum(0), 1)


def _logits_mixed(weights, verdicts, present):
    return softmax((weights[..., None] * verdicts).sum(0))


def _verdicts_overflow(weights, verdicts, present):
    e = np.exp(verdicts)
    return (weights[..., None] * (e / e.sum(-1, keepdims=True))).sum(0)


def _first_emotion(chances, present):
    return chances.argmax(1), chances.max(1)


def _verdict_alone(inputs, m, order):
    moved = _from_another_moment(inputs, m, order)
    return [moved[0], *inputs[1:]]


def _presence_stays(inputs, m, order):
    return [*_from_another_moment(inputs, m, order)[:2], inputs[2]]


def _all_of_them(inputs, m, order):
    return [x[:, order] for x in inputs]


def _taken_away(inputs, m, order):
    present = inputs[2].copy()
    present[m] = False
    return [*inputs[:2], present]


def _wrong_way_round(inputs, m, order):
    return _from_another_moment(inputs, m, np.argsort(order))


def _kind_moved(right, kind, g, order=None):
    return right[(kind if order is None else kind[order]) == g].mean()


def _share_of_all(right, kind, g, order=None):
    return (right & (kind == g)).mean()


WRONG = (
    WrongAnswer(
        "all weigh alike",
        _with(weigh=_evenly),
        "You average what is there with equal weights. The trust says how much each modality weighs: a softmax.",
    ),
    WrongAnswer(
        "the most trusted alone",
        _with(weigh=_most_trusted),
        "You hear only the modality that is trusted most. The others weigh less, but they weigh something.",
    ),
    WrongAnswer(
        "what is missing has a say",
        _with(weigh=_absent_weighed),
        "You mix verdicts of modalities that are not there. What stands in their place means nothing.",
    ),
    WrongAnswer(
        "the missing keep their weight",
        _with(weigh=_absent_take_their_part),
        "The answers and the table are right. Your weights do not sum to one where something is missing: the softmax "
        "runs over what is there.",
    ),
    WrongAnswer(
        "a missing trust of 0",
        _with(weigh=_absent_at_zero),
        "You multiply the trust by the mask. A trust of 0 is not none: e⁰ = 1. Take −∞.",
    ),
    WrongAnswer(
        "softmax over the moments",
        _with(weigh=_over_the_moments),
        "Your softmax runs over the moments. The modalities of one moment share a weight of one.",
    ),
    WrongAnswer(
        "exp of a large trust",
        _with(weigh=_overflowing),
        "The formula is right, and exp overflows for a trust near 1000. Subtract the largest of each moment first.",
    ),
    WrongAnswer(
        "exp of large verdicts",
        _with(mix=_verdicts_overflow),
        "The formula is right, and exp overflows for verdicts near 1000. Subtract the largest of each verdict first.",
    ),
    WrongAnswer(
        "logits mixed",
        _with(mix=_logits_mixed),
        "You average the logits and take the softmax afterwards. Here chances are averaged: each verdict gets its "
        "softmax first.",
    ),
    WrongAnswer(
        "nothing seen, the first emotion",
        _with(answer=_first_emotion),
        "Where no modality is there you answer with emotion 0, and are sometimes right by luck. The answer is −1.",
    ),
    WrongAnswer(
        "its verdict alone is shuffled",
        _with(shuffle=_verdict_alone),
        "You shuffle the verdicts of a modality and leave its trust where it was. All that comes from this modality "
        "moves together: its verdict, its trust, and whether it is there.",
    ),
    WrongAnswer(
        "its presence stays",
        _with(shuffle=_presence_stays),
        "You shuffle verdict and trust, and leave `present` where it was. A verdict that did not exist is used then: "
        "presence moves along.",
    ),
    WrongAnswer(
        "all modalities shuffled",
        _with(shuffle=_all_of_them),
        "You shuffle all modalities at once. One of them at a time, so that the drop is its own.",
    ),
    WrongAnswer(
        "taken away",
        _with(shuffle=_taken_away),
        "You take the modality away. That asks how well the reader does without it; shuffled, it still speaks, and "
        "says something that belongs elsewhere.",
    ),
    WrongAnswer(
        "the shuffle the wrong way round",
        _with(shuffle=_wrong_way_round),
        "You use the shuffle the wrong way round. Moment n gets what belongs to moment orders[r, n].",
    ),
    WrongAnswer(
        "one shuffle",
        _with(take=lambda orders: orders[:1]),
        "You use the first shuffle only. The drop is a mean over all of them.",
    ),
    WrongAnswer(
        "kinds move along",
        _with(among=_kind_moved),
        "You let the kinds of the moments move with the shuffle. The moment stays what it is, and so do its label and "
        "its kind; one modality is exchanged.",
    ),
    WrongAnswer(
        "shares of all moments",
        _with(among=_share_of_all),
        "You divide by the number of all moments. A share is one of the moments of its kind.",
    ),
    WrongAnswer(
        "what is left",
        _with(drop=lambda whole, shuffled: np.mean(shuffled)),
        "You return the share that is still right after the shuffle. Asked is how much is lost by it.",
    ),
    WrongAnswer(
        "losses below zero",
        _with(drop=lambda whole, shuffled: np.mean(shuffled) - whole),
        "Your drops have the opposite sign: what was right before, minus what is right after the shuffle.",
    ),
)

QUESTION = Question(
    id="10-reading",
    title="To whom does it listen?",
    points=15,
    name="listened_to",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the answers", "the chances", "the table"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
