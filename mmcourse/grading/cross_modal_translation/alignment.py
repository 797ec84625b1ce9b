"""06-alignment: which share of all paths says a symbol in a frame: forward and backward, over any graph of states.

Baum & Petrie 1966 for Markov chains in general; with the graph of a text it is eq. 14 and 15 of Graves et al. 2006
(CTC), and the gradient of their loss is softmax minus this share.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(log_probs, labels, moves, first, last):
    return _with()(log_probs, labels, moves, first, last)


def _log(allowed):
    return np.where(allowed, 0.0, -np.inf)


def _total(x, axis):
    """log Σ exp, −∞ where nothing is there."""
    return np.logaddexp.reduce(x, axis)


def _both(a, b, e):
    return a + b


def _over_all_paths(joint):
    """Each frame's shares sum to one, or to 0 where there is no path."""
    whole = _total(joint, -1)[:, None]
    return np.exp(joint - np.where(np.isfinite(whole), whole, 0))


def _by_symbol(shares, labels, C):
    return shares @ (labels[:, None] == np.arange(C))


def _with(
    log=_log, total=_total, meet=_both, normal=_over_all_paths, gather=_by_symbol, way=lambda moves: moves,
    begin=lambda first: first, end=lambda last: last, finish=lambda gamma, log_probs: gamma,
):  # fmt: skip
    """Forward and backward with another sum, other moves, ends, or another way to put the halves together.

    meet(a, b, e): e (N, S) are the emissions; a holds them up to frame t, b those after it.
    """

    def posteriors(log_probs, labels, moves, first, last):
        e = log_probs.astype(np.float64)[:, labels]  # (N, S)
        step = log(way(moves))  # (S, S)
        a, b = np.empty_like(e), np.empty_like(e)
        a[:1], b[-1:] = log(begin(first)) + e[:1], log(end(last))
        for t in range(1, len(e)):
            a[t] = total(a[t - 1][:, None] + step, 0) + e[t]
        for t in range(len(e) - 2, -1, -1):
            b[t] = total(step + e[t + 1] + b[t + 1], 1)
        gamma = gather(normal(meet(a, b, e)), labels, log_probs.shape[1])
        return finish(gamma, log_probs).astype(log_probs.dtype)

    return posteriors


def draw(rng):
    yield _case(rng, "11 frames, the graph of a text", 11, 5, "ab")
    yield _case(rng, "a text with a doubled symbol", 13, 4, "abb")
    yield _case(rng, "a text with a word that may be left out", 13, 7, "abcab", optional=True)
    yield _case(rng, "any graph", 7, 5, None)
    yield _case(rng, "any graph, more symbols", 5, 11, None)
    yield _case(rng, "one frame", 1, 5, None)
    yield _case(rng, "too few frames for the text", 2, 5, "abab")
    yield _case(rng, "too few frames, and all near −2000", 3, 5, "abab", height=-2000.0)
    yield _case(rng, "some symbols are impossible", 11, 5, "aba", impossible=True)
    yield _case(rng, "all log-probabilities near −2000", 7, 5, "aba", height=-2000.0)
    yield _case(rng, "float32", 11, 5, "aba", dtype=np.float32)


def _case(rng, name, N, C, text, optional=False, height=0.0, impossible=False, dtype=np.float64):
    order = rng.permutation(C)
    if text is None:
        S = 6
        labels = order[rng.integers(min(C, 4), size=S)]
        moves, first, last = rng.random((S, S)) < 0.35, rng.random(S) < 0.5, rng.random(S) < 0.5
        i = rng.permutation(S)
        labels[i[:2]] = labels[i[0]]  # two states of one symbol
        moves[i, np.roll(i, 1)] = moves[i[0], i[0]] = first[i[0]] = last[i[:2]] = True
        moves[i[1], i[0]] = first[i[1]] = last[i[5]] = False
    else:
        labels, moves, first, last = _graph([order[1 + "abc".index(c)] for c in text], order[0], optional)
    x = rng.standard_normal((N, C))
    if impossible:
        x[rng.random((N, C)) < 0.1] = -np.inf
        x[0, order[2]] = -np.inf
    log_probs = x - np.log(np.exp(x).sum(-1, keepdims=True)) + height
    return Case(name, (log_probs.astype(dtype), labels, moves, first, last))


def _graph(symbols, blank, optional):
    """Blank, symbol, blank, … as CTC has it; where optional, the third symbol and its blank may be passed over."""
    S = 2 * len(symbols) + 1
    labels = np.full(S, blank)
    labels[1::2] = symbols
    i, j = np.arange(S)[:, None], np.arange(S)
    differs = (labels[:, None] != labels) & (labels != blank)
    moves = (j == i) | (j == i + 1) | ((j == i + 2) & differs)
    if optional:
        moves[3, 7] = moves[4, 7] = True
    return labels, moves, np.arange(S) < 2, np.arange(S) >= S - 2


def _last_state_wins(shares, labels, C):
    gamma = np.zeros((len(shares), C))
    gamma[:, labels] = shares
    return gamma


def _likeliest_path(joint):
    """joint: the score of the best path through each state."""
    best = joint == joint.max(-1, keepdims=True)
    return np.where(np.isfinite(joint), best, 0.0)


def _maximum(x, axis):
    return x.max(axis)


def as_products(log_probs, labels, moves, first, last):
    """Probabilities all the way, in the input's precision."""
    e = np.exp(log_probs)[:, labels]
    a, b = np.zeros_like(e), np.zeros_like(e)
    a[0], b[-1] = first * e[0], last
    for t in range(1, len(e)):
        a[t] = (a[t - 1] @ moves) * e[t]
    for t in range(len(e) - 2, -1, -1):
        b[t] = moves @ (e[t + 1] * b[t + 1])
    joint = a * b
    whole = joint.sum(1, keepdims=True)
    return _by_symbol(joint / np.where(whole > 0, whole, 1), labels, log_probs.shape[1]).astype(log_probs.dtype)


def _over_all_paths_or_nan(joint):
    return np.exp(joint - _total(joint, -1)[:, None])


def _over_the_frames(joint):
    whole = _total(joint, 0)
    return np.exp(joint - np.where(np.isfinite(whole), whole, 0))


WRONG = (
    WrongAnswer(
        "only the way there",
        _with(meet=lambda a, b, e: a),
        "You look at the frames up to t and share those out. What comes later tells as well: which of the states "
        "reach a last one? Run the recursion from the end too.",
    ),
    WrongAnswer(
        "only the way back",
        _with(meet=lambda a, b, e: b + e),
        "You look at the frames from t on. How the path got there counts as well: multiply by the forward half.",
    ),
    WrongAnswer(
        "frame t counted twice",
        _with(meet=lambda a, b, e: a + b + e),
        "Frame t stands in both of your halves, so its probability is squared. One of them has to leave it out.",
    ),
    WrongAnswer(
        "frame t left out",
        _with(meet=lambda a, b, e: a + b - np.where(np.isfinite(e), e, 0)),
        "Frame t stands in neither of your halves. One of them has to take it in.",
    ),
    WrongAnswer(
        "moves transposed",
        _with(way=lambda moves: moves.T),
        "You walk the graph backwards: moves[i, j] is True where a path in state i may be in state j one frame later.",
    ),
    WrongAnswer(
        "staying always allowed",
        _with(way=lambda moves: moves | np.eye(len(moves), dtype=bool)),
        "You let a path stay in any state. It may stay in i only where moves[i, i] is True.",
    ),
    WrongAnswer(
        "staying forbidden",
        _with(way=lambda moves: moves & ~np.eye(len(moves), dtype=bool)),
        "None of your paths stays in a state. It may, where moves[i, i] is True.",
    ),
    WrongAnswer(
        "any beginning",
        _with(begin=np.ones_like),
        "Your paths begin in any state. They begin where `first` is True.",
    ),
    WrongAnswer(
        "any end",
        _with(end=np.ones_like),
        "Your paths end in any state. They end where `last` is True: most of those you count never finish the text.",
    ),
    WrongAnswer(
        "the last state of a symbol wins",
        _with(gather=_last_state_wins),
        "Several states may say one symbol, and gamma[:, labels] = … keeps only the last of them. Add them up.",
    ),
    WrongAnswer(
        "states instead of symbols",
        _with(gather=lambda shares, labels, C: shares),
        "You return a column for each state. Asked is one for each symbol.",
    ),
    WrongAnswer(
        "the likeliest path",
        _with(total=_maximum, normal=_likeliest_path),
        "You give each frame wholly to the likeliest path. That is an alignment too, but the question asks for the "
        "share of all paths.",
    ),
    WrongAnswer(
        "maximum for sum",
        _with(total=_maximum),
        "You follow the best predecessor instead of adding all of them up: where logarithms are maximised, "
        "probabilities are not summed.",
    ),
    WrongAnswer(
        "not divided",
        _with(normal=np.exp),
        "You give the probability of all paths through a state. Asked is its share of all paths: divide by the "
        "probability of the text.",
    ),
    WrongAnswer(
        "shares over the frames",
        _with(normal=_over_the_frames),
        "Your columns sum to one over the frames. In every frame the shares of the symbols do.",
    ),
    WrongAnswer(
        "no path gives NaN",
        _with(normal=_over_all_paths_or_nan),
        "Right, but where no path exists you compute −∞ − (−∞). Then nothing is said in any frame: zeros.",
    ),
    WrongAnswer(
        "forbidden moves lowered by 1000",
        _with(log=lambda allowed: np.where(allowed, 0.0, -1000.0)),
        "You lower what is forbidden by 1000. Where no path exists, the forbidden ones share everything out among "
        "themselves. What is never allowed has a logarithm of −∞.",
    ),
    WrongAnswer(
        "probabilities multiplied",
        as_products,
        "Right as long as the product of all frames is not too small. For long or improbable sounds it is 0: stay with "
        "logarithms, and take out the largest before you add with exp, or use np.logaddexp.",
    ),
    WrongAnswer(
        "logarithms returned",
        _with(finish=lambda gamma, log_probs: np.log(gamma)),
        "The numbers are right, but they are logarithms. Asked are the shares.",
    ),
    WrongAnswer(
        "the gradient",
        _with(finish=lambda gamma, log_probs: np.exp(log_probs) - gamma),
        "You return probabilities minus shares, CTC's gradient before the softmax. Asked are the shares themselves.",
    ),
)

QUESTION = Question(
    id="06-alignment",
    title="Who said what, when?",
    points=20,
    name="shares_of_paths",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the shares",),
)
