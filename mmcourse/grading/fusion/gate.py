"""02-gate: gated fusion of three modalities; for every entry a softmax over the modalities.

The bimodal unit of Arevalo et al. 2017 (arXiv:1702.01992, section 3) has one gate z and its rest 1 − z; a softmax
is the same thing for any number of modalities.
"""

import numpy as np

from ..attention.drawing import normal, weights_of
from ..question import Case, Question, WrongAnswer


def reference(features, weights, w_gate):
    return (weights_of(_scores(features, w_gate), -2) * _candidates(features, weights)).sum(-2)


def _projections(features, weights):
    """w_m f_m of every modality: (..., 3, O)."""
    return np.stack([f @ w.T for f, w in zip(features, weights, strict=True)], -2)


def _candidates(features, weights):
    return np.tanh(_projections(features, weights))


def _scores(features, w_gate):
    """(..., 3, O) of w_gate (3, O, A + B + C)."""
    return np.einsum("moi,...i->...mo", w_gate, np.concatenate(features, -1))


def draw(rng):
    yield _case(rng, "11 examples", (11,), (5, 3, 2), 7)
    yield _case(rng, "two leading axes", (2, 5), (3, 5, 7), 11)
    yield _case(rng, "one example", (), (5, 7, 2), 3)
    yield _case(rng, "three equally wide modalities, three entries", (3,), (3, 3, 3), 3)
    yield _case(rng, "one entry", (7,), (2, 5, 3), 1)
    yield _case(rng, "no examples", (0,), (2, 5, 3), 7)
    yield _case(rng, "a modality that is silent", (7,), (5, 3, 2), 11, silent=1)
    yield _case(rng, "gates of about 10 000", (5,), (5, 3, 2), 7, gate_scale=1e4)
    yield _case(rng, "float32", (2, 3), (5, 3, 2), 7, dtype=np.float32)


def _case(rng, name, lead, widths, O, silent=None, gate_scale=1.0, dtype=np.float64):
    features = normal(rng, *((*lead, width) for width in widths), dtype=dtype)
    weights = tuple(w * w.shape[1] ** -0.5 for w in normal(rng, *((O, width) for width in widths), dtype=dtype))
    (w_gate,) = normal(rng, (3, O, sum(widths)), dtype=dtype)
    if silent is not None:
        features[silent][...] = 0
    return Case(name, (features, weights, w_gate * gate_scale * sum(widths) ** -0.5))


def _gated_by(gates, candidates=_candidates):
    """Fusion with other gates: gates(scores) (..., 3, O), or other candidates."""
    return lambda features, weights, w_gate: (gates(_scores(features, w_gate)) * candidates(features, weights)).sum(-2)


def _over_modalities(scores):
    return weights_of(scores, -2)


def _sigmoid(scores):
    return (1 + np.tanh(scores / 2)) / 2


def _sigmoids_shared(scores):
    return _sigmoid(scores) / _sigmoid(scores).sum(-2, keepdims=True)


def _over_everything(scores):
    e = np.exp(scores - scores.max((-2, -1), keepdims=True))
    return e / e.sum((-2, -1), keepdims=True)


def _hard(scores):
    return (scores == scores.max(-2, keepdims=True)).astype(scores.dtype)


def _one_for_all_entries(scores):
    return weights_of(np.broadcast_to(scores.mean(-1, keepdims=True), scores.shape), -2)


def _unstable(scores):
    return np.exp(scores) / np.exp(scores).sum(-2, keepdims=True)


def _one_maximum(scores):
    e = np.exp(scores - scores.max(initial=-np.inf))
    return e / e.sum(-2, keepdims=True)


def tanh_last(features, weights, w_gate):
    return np.tanh(_gated_by(_over_modalities, _projections)(features, weights, w_gate))


def each_its_own_gate(features, weights, w_gate):
    """The gate of a modality reads that modality alone."""
    ends = np.cumsum([f.shape[-1] for f in features])[:-1]
    own = [columns[m] for m, columns in enumerate(np.split(w_gate, ends, -1))]
    scores = _projections(features, own)
    return (_over_modalities(scores) * _candidates(features, weights)).sum(-2)


def joined_backwards(features, weights, w_gate):
    scores = _scores(features[::-1], w_gate)
    return (_over_modalities(scores) * _candidates(features, weights)).sum(-2)


WRONG = (
    WrongAnswer(
        "a sigmoid for each modality",
        _gated_by(_sigmoid),
        "Each of your gates opens and closes by itself. The three compete: for every entry they are positive and sum "
        "to one.",
    ),
    WrongAnswer(
        "sigmoids divided by their sum",
        _gated_by(_sigmoids_shared),
        "Your gates sum to one, but they are sigmoids divided by their sum. The formula has exponentials, which keep "
        "the difference between a high score and a very high one.",
    ),
    WrongAnswer(
        "softmax over the entries",
        _gated_by(lambda scores: weights_of(scores, -1)),
        "Your gates sum to one over the O entries, so the entries compete. The modalities should: along which axis of "
        "the scores do they lie?",
    ),
    WrongAnswer(
        "softmax over modalities and entries together",
        _gated_by(_over_everything),
        "All gates of an example together sum to one. Every entry has one unit of its own to give to the three "
        "modalities.",
    ),
    WrongAnswer(
        "one gate for a whole modality",
        _gated_by(_one_for_all_entries),
        "You give each modality a single gate for all of its entries. Here every entry decides by itself whom it "
        "believes: there are 3 × O gates for every example.",
    ),
    WrongAnswer(
        "hard gates",
        _gated_by(_hard),
        "Each of your entries comes from the modality with the highest score alone. Softmax is soft: all three take "
        "part, and all three can learn.",
    ),
    WrongAnswer(
        "tanh of the scores",
        _gated_by(lambda scores: _over_modalities(np.tanh(scores))),
        "You send the gate's scores through tanh before softmax. The tanh belongs to the candidates h only; squeezed "
        "scores can never close a gate.",
    ),
    WrongAnswer(
        "not stable",
        _gated_by(_unstable),
        "The formula is right, and exp overflows where scores are large. A softmax does not change when the three "
        "scores of an entry move by the same amount: which one makes exp safe?",
    ),
    WrongAnswer(
        "one maximum for everything",
        _gated_by(_one_maximum),
        "You subtract the largest score of the whole array. Where all three scores are far below it, exp gives 0 three "
        "times, and 0 / 0 is NaN: each entry of each example needs a maximum of its own.",
    ),
    WrongAnswer(
        "no tanh",
        _gated_by(_over_modalities, _projections),
        "The gates are right. The candidates go through tanh before they are mixed.",
    ),
    WrongAnswer(
        "tanh last",
        tanh_last,
        "You mix first and take tanh afterwards. Each modality's candidate goes through tanh by itself, before the "
        "gates weigh it.",
    ),
    WrongAnswer(
        "mean instead of sum",
        _gated_by(lambda scores: _over_modalities(scores) / 3),
        "The gates already sum to one, so the weighted sum is an average. You divide by 3 on top.",
    ),
    WrongAnswer(
        "gates in reverse",
        _gated_by(lambda scores: _over_modalities(scores)[..., ::-1, :]),
        "Your gates come in reverse order: the third modality's gate weighs the first.",
    ),
    WrongAnswer(
        "each gate reads its own modality",
        each_its_own_gate,
        "The gate of each modality looks at that modality alone. It reads all three side by side, so that one can "
        "speak for or against another.",
    ),
    WrongAnswer(
        "modalities joined backwards",
        joined_backwards,
        "You put the three side by side as c, b, a before the gates read them. The columns of `w_gate` expect a, b, c.",
    ),
)

QUESTION = Question(
    id="02-gate",
    title="Whom does each entry believe?",
    points=15,
    name="gate_three",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("y",),
)
