"""06-round-trip: how many bits of a message survive one translation, and two.

Shannon 1948, “A mathematical theory of communication”, section 12: the rate of transmission H(x) − H_y(x).
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(prior, there, back):
    return _with()(prior, there, back)


def _bits(p):
    """−Σ p log2 p over the last axis; what never happens adds nothing."""
    return -(p * np.log2(np.where(p > 0, p, 1))).sum(-1)


def _kept(prior, channel, bits):
    """I(X; Y) = H(Y) − H(Y | X)."""
    return bits(prior @ channel) - prior @ bits(channel)


def _chained(prior, there, back, kept, bits):
    return kept(prior, there @ back, bits)


def _with(bits=_bits, kept=_kept, second=_chained, believed=lambda prior: prior, sharp=lambda channel: channel,
          finish=lambda numbers: numbers):  # fmt: skip
    """[H(A), I(A; B), I(A; C)] with another logarithm, another measure, or another way to chain the two."""

    def surviving(prior, there, back):
        p, there, back = believed(prior), sharp(there), sharp(back)
        numbers = bits(p), kept(p, there, bits), second(p, there, back, kept, bits)
        return finish(np.array(numbers, np.float64)).astype(prior.dtype)

    return surviving


def draw(rng):
    yield _case(rng, "5 messages, 7 signals, 5 answers", 5, 7, 5)
    yield _case(rng, "3 messages, 2 signals, 7 answers", 3, 2, 7)
    yield _case(rng, "messages that are far from equally likely", 7, 5, 7, skew=3.0)
    yield _case(rng, "a channel that never fails", 5, 5, 5, clean=True)
    yield _case(rng, "everything is confused, and always in the same way", 5, 5, 5, clean=True, turn=1)
    yield _case(rng, "a signal that says nothing", 5, 1, 3)
    yield _case(rng, "one message", 1, 5, 3)
    yield _case(rng, "things that never happen", 7, 5, 5, zeros=True)
    yield _case(rng, "float32", 5, 7, 3, dtype=np.float32)


def _case(rng, name, A, B, C, skew=1.0, clean=False, turn=0, zeros=False, dtype=np.float64):
    prior = rng.dirichlet(np.ones(A) * 2) ** skew
    there, back = rng.dirichlet(np.ones(B) / 3, A), rng.dirichlet(np.ones(C) / 3, B)
    there, back = there + 0.01, back + 0.01
    if clean:
        there, back = np.roll(np.eye(A), turn, 1), np.roll(np.eye(A), turn, 1)
    if zeros:
        there[rng.random(there.shape) < 0.4] = 0
        back[rng.random(back.shape) < 0.4] = 0
        there[:, 0], back[:, 1] = rng.random(A) / 9 + 0.1, rng.random(B) / 9 + 0.1
        there[:, 2], back[0], prior[1] = 0, np.eye(C)[2], 0
    arrays = (prior / prior.sum(), *(x / x.sum(1, keepdims=True) for x in (there, back)))
    return Case(name, tuple(x.astype(dtype) for x in arrays))


def _natural(p):
    return _bits(p) * np.log(2)


def _with_nan(p):
    return -(p * np.log2(p)).sum(-1)


def _right(prior, channel, bits):
    """The bits of the messages that came back as they were."""
    right = np.diagonal(channel)
    return bits(prior) * (prior[: len(right)] @ right)


def _from_signal(prior, there, back, kept, bits):
    return kept(prior @ there, back, bits)


def _smaller(prior, there, back, kept, bits):
    return min(kept(prior, there, bits), kept(prior @ there, back, bits))


def _product(prior, there, back, kept, bits):
    whole = max(bits(prior), 1e-300), max(bits(prior @ there), 1e-300)
    return whole[0] * (kept(prior, there, bits) / whole[0]) * (kept(prior @ there, back, bits) / whole[1])


def _losses_added(prior, there, back, kept, bits):
    return kept(prior, there, bits) - (bits(prior @ there) - kept(prior @ there, back, bits))


def _decided(channel):
    return np.eye(channel.shape[1])[channel.argmax(1)]


def _posteriors_averaged(prior, channel, bits):
    """H(X) − H(X | Y), every answer weighing the same."""
    joint = prior[:, None] * channel
    seen = joint.sum(0) > 0
    return bits(prior) - bits((joint[:, seen] / joint.sum(0)[seen]).T).mean()


WRONG = (
    WrongAnswer(
        "natural logarithms",
        _with(bits=_natural),
        "You count in nats. A bit is a logarithm to the base of 2.",
    ),
    WrongAnswer(
        "all messages equally likely",
        _with(believed=lambda prior: np.full_like(prior, 1 / len(prior))),
        "You take all messages for equally likely. `prior` says how often each is sent.",
    ),
    WrongAnswer(
        "what comes back right",
        _with(kept=_right),
        "You count what comes back as it was. A channel that always turns 1 into 2 and 2 into 3 gets nothing right and "
        "loses nothing: whoever knows it can turn it back. Information does not care for names.",
    ),
    WrongAnswer(
        "entropies of the answers",
        _with(kept=lambda prior, channel, bits: bits(prior @ channel)),
        "You give the entropy of what arrives. Noise has entropy too: subtract what the message does not explain.",
    ),
    WrongAnswer(
        "the noise",
        _with(kept=lambda prior, channel, bits: prior @ bits(channel)),
        "You give H(B | A), what the channel adds of its own. Asked is what it keeps, H(B) − H(B | A).",
    ),
    WrongAnswer(
        "what is lost",
        _with(kept=lambda prior, channel, bits: bits(prior) - _kept(prior, channel, bits)),
        "You give what is lost, H(A | B). Asked is what is left of H(A).",
    ),
    WrongAnswer(
        "shares",
        _with(finish=lambda x: x / max(x[0], 1e-300)),
        "You divide by the entropy of the message. Asked are bits.",
    ),
    WrongAnswer(
        "the second leg alone",
        _with(second=_from_signal),
        "Your third number is what the way back keeps of the signal. Asked is what it tells of the first message: the "
        "noise of the way there comes back faithfully too, and says nothing.",
    ),
    WrongAnswer(
        "the narrower leg",
        _with(second=_smaller),
        "Your third number is the smaller of two. No leg lets more through than that, but the two together may keep "
        "less: chain the two tables first.",
    ),
    WrongAnswer(
        "shares multiplied",
        _with(second=_product),
        "You multiply the shares that the two legs keep. Whether the second loses what mattered or what was noise, the "
        "shares do not tell: chain the two tables first.",
    ),
    WrongAnswer(
        "losses added",
        _with(second=_losses_added),
        "You add up what the legs lose. The second leg also loses noise of the first, which is no loss: chain the two "
        "tables first.",
    ),
    WrongAnswer(
        "decided at once",
        _with(sharp=_decided),
        "You follow the likeliest answer only, and a channel that is right in 51 of 100 cases seems perfect. Use the "
        "whole table.",
    ),
    WrongAnswer(
        "rows weigh the same",
        _with(kept=lambda prior, channel, bits: bits(prior @ channel) - bits(channel).mean()),
        "In H(B | A) your rows all weigh the same. A message that is rarely sent rarely makes noise: weight them by "
        "`prior`.",
    ),
    WrongAnswer(
        "marginal without the prior",
        _with(kept=lambda prior, channel, bits: bits(channel.mean(0)) - prior @ bits(channel)),
        "What arrives comes out as the plain mean of the rows. How often each answer arrives depends on how often each "
        "message is sent: prior @ there.",
    ),
    WrongAnswer(
        "answers weigh the same",
        _with(kept=_posteriors_averaged),
        "In H(A | B) all signals weigh the same with you. They arrive with different probabilities, prior @ there.",
    ),
    WrongAnswer(
        "what never happens gives NaN",
        _with(bits=_with_nan),
        "Right, but where something never happens: 0 · log 0 is NaN for a computer, and 0 in this sum.",
    ),
    WrongAnswer(
        "with the wrong sign",
        _with(finish=np.negative),
        "Your numbers are negative. Logarithms of probabilities are, so an entropy has a minus in front.",
    ),
)

QUESTION = Question(
    id="06-round-trip",
    title="What survives the round trip",
    points=10,
    name="surviving_bits",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the bits",),
)
