"""06-prefix: how sure is a CTC recogniser, after each frame, that the sentence begins with these symbols?

The probability of a prefix, as in Graves 2012 (“Supervised sequence labelling with recurrent neural networks”, section
7.5), which sums over everything that may follow.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(log_probs, prefix, blank):
    return _with()(log_probs, prefix, blank)


def _unless_equal(in_blank, in_symbol, equal):
    """Ways to be ready for the next symbol: from a blank, or from a symbol that differs from it."""
    return in_blank if equal else np.logaddexp(in_blank, in_symbol)


def _gone_on(in_symbol, new, emission):
    """Ways to be in a symbol: it began now, or was there and is said again."""
    return np.logaddexp(new, in_symbol + emission)


def _rest(in_blank, in_symbol, emission):
    return np.logaddexp(in_blank, in_symbol) + emission


def _summed(new, in_blank, in_symbol):
    return np.logaddexp.accumulate(new[:, -1])


def _with(ready=_unless_equal, symbol=_gone_on, pause=_rest, answer=_summed, first_blank=True, first_ready=0.0):
    """The recursion over (in_blank, in_symbol), after u = 0 … U symbols, with other steps or another answer.

    new[t, u]: ways in which symbol u begins exactly in frame t. first_blank: whether a path may begin with blanks.
    """

    def log_probability(log_probs, prefix, blank):
        N, U = len(log_probs), len(prefix)
        in_blank, in_symbol = np.full(U + 1, -np.inf), np.full(U + 1, -np.inf)
        in_blank[0] = 0  # before the first frame, nothing is said
        new, blanks, symbols = (np.full((N, U + 1), -np.inf) for _ in range(3))
        new[:1, 0] = 0
        for t, row in enumerate(log_probs.astype(np.float64)):
            for u in range(1, U + 1):
                equal = u > 1 and prefix[u - 1] == prefix[u - 2]
                free = first_ready if u == 1 and t == 0 else 0.0
                new[t, u] = ready(in_blank[u - 1], in_symbol[u - 1], equal) + row[prefix[u - 1]] + free
            begun = [symbol(in_symbol[u], new[t, u], row[prefix[u - 1]]) for u in range(1, U + 1)]
            in_blank = pause(in_blank, in_symbol, row[blank])
            in_blank[0] = in_blank[0] if first_blank else -np.inf
            in_symbol = np.array([-np.inf, *begun])
            blanks[t], symbols[t] = in_blank, in_symbol
        return answer(new, blanks, symbols).astype(log_probs.dtype)

    return log_probability


def draw(rng):
    yield _case(rng, "17 frames, a prefix of 3", 17, 5, (0, 1, 2))
    yield _case(rng, "two equal neighbours", 13, 4, (1, 0, 0))
    yield _case(rng, "equal neighbours, the blank first", 11, 5, (2, 2, 1, 1), blank=0)
    yield _case(rng, "two symbols and the blank", 7, 3, (0, 1, 0))
    yield _case(rng, "one symbol", 5, 4, (1,))
    yield _case(rng, "the empty prefix", 5, 4, ())
    yield _case(rng, "one frame", 1, 5, (3,))
    yield _case(rng, "more symbols than frames", 3, 5, (0, 1, 2, 3))
    yield _case(rng, "307 frames", 307, 7, (0, 3, 3, 1, 0), shy=200.0)
    yield _case(rng, "symbols that cannot be said", 11, 5, (0, 1, 2), impossible=True)
    yield _case(rng, "float32", 13, 7, (0, 3, 1), dtype=np.float32)


def _case(rng, name, N, C, prefix, blank=None, shy=0.0, impossible=False, dtype=np.float64):
    """prefix: numbers of symbols among those that are not the blank."""
    blank = int(rng.integers(1, C)) if blank is None else blank
    others = rng.permutation(np.delete(np.arange(C), blank))
    x = rng.standard_normal((N, C))
    x[:, others[list(prefix)]] -= shy
    if impossible:
        x[: N // 2, others[prefix[-1]]] = -np.inf
        x[1, others[prefix[0]]] = -np.inf
    log_probs = x - np.log(np.exp(x).sum(-1, keepdims=True))
    return Case(name, (log_probs.astype(dtype), others[list(prefix)].astype(np.int64), blank))


def _everything_said(new, in_blank, in_symbol):
    return np.logaddexp(in_blank[:, -1], in_symbol[:, -1])


def _from(answer):
    """The answer from the forward probabilities; the empty prefix is certain."""
    return lambda new, in_blank, in_symbol: answer(new, in_blank, in_symbol) if new.shape[1] > 1 else new[:, 0] * 0


def _frame_late(new, in_blank, in_symbol):
    summed = _summed(new, in_blank, in_symbol)
    return summed if new.shape[1] == 1 else np.concatenate([[-np.inf], summed[:-1]])


def _max(a, b):
    return np.maximum(a, b)


def as_products(log_probs, prefix, blank):
    """With probabilities, and the logarithm at the end."""
    p = np.exp(log_probs)
    in_blank, in_symbol = np.eye(1, len(prefix) + 1)[0].astype(p.dtype), np.zeros(len(prefix) + 1, p.dtype)
    total, answers = p.dtype.type(len(prefix) == 0), []
    for row in p:
        new = np.zeros_like(in_blank)
        for u in range(1, len(prefix) + 1):
            equal = u > 1 and prefix[u - 1] == prefix[u - 2]
            new[u] = (in_blank[u - 1] + (0 if equal else in_symbol[u - 1])) * row[prefix[u - 1]]
        in_blank = (in_blank + in_symbol) * row[blank]
        in_symbol = new + np.concatenate([[0], in_symbol[1:] * row[prefix]]).astype(p.dtype)
        total = total + new[-1] * (len(prefix) > 0)
        answers.append(total)
    return np.log(np.array(answers, p.dtype))


def probabilities(log_probs, prefix, blank):
    return np.exp(reference(log_probs, prefix, blank))


WRONG = (
    WrongAnswer(
        "exactly the prefix",
        _with(answer=_from(_everything_said)),
        "You give the probability that nothing but the prefix has been said so far. Asked is that the sentence begins "
        "with it: once its last symbol has begun, anything may follow, and what has happened stays so.",
    ),
    WrongAnswer(
        "in its last symbol now",
        _with(answer=_from(lambda new, in_blank, in_symbol: in_symbol[:, -1])),
        "You give the probability of being in the prefix's last symbol in this frame. The sentence begins with the "
        "prefix in all later frames too.",
    ),
    WrongAnswer(
        "complete in this frame",
        _with(answer=_from(lambda new, in_blank, in_symbol: new[:, -1])),
        "You give the probability that the last symbol begins exactly in this frame. It may have begun in an earlier "
        "one: add them up.",
    ),
    WrongAnswer(
        "lasting symbols counted again",
        _with(answer=_from(lambda new, in_blank, in_symbol: np.logaddexp.accumulate(in_symbol[:, -1]))),
        "You add up the frames in which the path is in its last symbol, so a symbol that lasts three frames counts "
        "three times, and probabilities get above 1. Add up the frames in which it begins.",
    ),
    WrongAnswer(
        "equal neighbours without a blank",
        _with(ready=lambda in_blank, in_symbol, equal: np.logaddexp(in_blank, in_symbol)),
        "You let a symbol follow its equal directly. Such a path collapses to one symbol: between equal neighbours "
        "stands a blank.",
    ),
    WrongAnswer(
        "a blank before every symbol",
        _with(ready=lambda in_blank, in_symbol, equal: in_blank),
        "You ask for a blank before every symbol. Only equal neighbours need one.",
    ),
    WrongAnswer(
        "never a blank between",
        _with(ready=lambda in_blank, in_symbol, equal: in_symbol if np.isfinite(in_symbol) else in_blank),
        "As soon as a symbol has been said you go on from it alone. There may be a blank between any two symbols.",
    ),
    WrongAnswer(
        "symbols of one frame",
        _with(symbol=lambda in_symbol, new, emission: new),
        "Each of your symbols lasts a single frame. A path may say a symbol again and again, and it is still one.",
    ),
    WrongAnswer(
        "blanks of one frame",
        _with(pause=lambda in_blank, in_symbol, emission: np.where(in_blank == 0, 0, in_symbol) + emission),
        "No blank follows a blank with you. A pause may be as long as it likes.",
    ),
    WrongAnswer(
        "no pause within the prefix's symbols",
        _with(pause=lambda in_blank, in_symbol, emission: in_blank + emission),
        "You never enter a blank after a symbol. A path may pause behind each of them.",
    ),
    WrongAnswer(
        "no blank at the beginning",
        _with(first_blank=False),
        "Your paths begin with the first symbol. They may begin with blanks as well: most recordings begin with "
        "silence.",
    ),
    WrongAnswer(
        "a blank at the beginning",
        _with(first_ready=-np.inf),
        "Your paths have to begin with a blank. The first symbol may be said in the very first frame.",
    ),
    WrongAnswer(
        "the likeliest path",
        _with(
            ready=lambda in_blank, in_symbol, equal: in_blank if equal else _max(in_blank, in_symbol),
            symbol=lambda in_symbol, new, emission: _max(new, in_symbol + emission),
            pause=lambda in_blank, in_symbol, emission: _max(in_blank, in_symbol) + emission,
            answer=lambda new, in_blank, in_symbol: np.maximum.accumulate(new[:, -1]),
        ),
        "You follow the likeliest path alone. The probability is a sum over all paths.",
    ),
    WrongAnswer(
        "one frame late",
        _with(answer=_frame_late),
        "Your values are one frame late: entry t speaks of the paths up to and including frame t.",
    ),
    WrongAnswer(
        "blank 0 taken for granted",
        lambda log_probs, prefix, blank: reference(log_probs, prefix, 0),
        "You take 0 for the blank; here `blank` says which number it has.",
    ),
    WrongAnswer(
        "the empty prefix is impossible",
        _with(answer=lambda new, *forward: _summed(new, *forward) + (-np.inf if new.shape[1] == 1 else 0.0)),
        "Right, but for the empty prefix. Every sentence begins with it: its probability is 1.",
    ),
    WrongAnswer(
        "probabilities multiplied",
        as_products,
        "Right as long as there are few frames. A product of many small numbers is 0 for a computer: stay with "
        "logarithms, and add with np.logaddexp.",
    ),
    WrongAnswer(
        "probabilities returned",
        probabilities,
        "The numbers are right, but they are probabilities. Asked are their logarithms.",
    ),
)

QUESTION = Question(
    id="06-prefix",
    title="It begins with",
    points=15,
    name="log_prefix_probability",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the log-probabilities",),
)
