"""10-allowed: a conditional random field that is taught by what each word may be, with its way back.

The sum over all sequences that agree with incomplete labels stands inside the logarithm, as in Tsuboi et al. 2008
("Training conditional random fields using incomplete annotations", COLING). Forward and backward as in Rabiner 1989.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .drawing import log_sum


def reference(emissions, steps, allowed, lengths):
    return _with()(emissions, steps, allowed, lengths)


def _only(emissions, allowed):
    return np.where(allowed, emissions, -np.inf)


def _live(lengths, T):
    return np.arange(T)[:, None, None] < lengths[:, None]  # (T, B, 1)


def _from_both_ends(e, steps, lengths, reduce=log_sum):
    """ahead and behind (T, B, K), and log Z (B,). steps (K, K): row = the tag that is reached."""
    T = len(e)
    ahead, behind = np.zeros_like(e), np.zeros_like(e)
    for t in range(T):
        ahead[t] = e[t] + (reduce(ahead[t - 1][:, None] + steps, -1) if t else 0)
    for t in range(T - 2, -1, -1):
        rest = reduce((e[t + 1] + behind[t + 1])[:, :, None] + steps, 1)
        behind[t] = np.where((lengths > t + 1)[:, None], rest, 0)
    return ahead, behind, reduce(ahead[lengths - 1, np.arange(e.shape[1])], -1)


def _expected(e, steps, lengths, reduce=log_sum):
    """(log Z (B,), how likely each tag is at each word (T, B, K), how often each step is expected (K, K))."""
    live = _live(lengths, len(e))
    e = np.where(live, e, 0)
    ahead, behind, total = _from_both_ends(e, steps, lengths, reduce)
    tags = np.exp(np.where(live, ahead + behind - total[:, None], -np.inf))
    rest = (e[1:] + behind[1:] - total[:, None])[..., None]  # (T - 1, B, K, 1)
    pairs = np.exp(np.where(live[1:, ..., None], ahead[:-1, :, None] + rest + steps, -np.inf))
    return total, tags, pairs.sum((0, 1))


def _with(
    only=_only, choose=lambda allowed: allowed, everything=_expected, good=_expected,
    way_back=lambda ours, theirs: ours - theirs, pairs=lambda x: x, hear=lambda lengths, T: lengths,
):  # fmt: skip
    """The loss and its slopes with another sum, mask or way back."""

    def partial(emissions, steps, allowed, lengths):
        n = hear(lengths, len(emissions))
        with np.errstate(all="ignore"):
            z, p, often = everything(emissions, steps, n)
            a, q, wanted = good(only(emissions, choose(allowed)), steps, n)
            results = z - a, way_back(p, q), pairs(way_back(often, wanted))
        return tuple(x.astype(emissions.dtype) for x in results)

    return partial


def draw(rng):
    yield _case(rng, "5 words, 3 sentences, 4 tags", 5, 3, 4)
    yield _case(rng, "7 words, 2 sentences, 3 tags", 7, 2, 3)
    yield _case(rng, "sentences of unlike lengths", 7, 5, 3, lengths=(7, 2, 5, 1, 4))
    yield _case(rng, "one tag allowed at each word", 5, 3, 4, share=0.0)
    yield _case(rng, "everything is allowed", 5, 2, 3, share=1.0)
    yield _case(rng, "one word", 1, 3, 5)
    yield _case(rng, "a sentence without a word", 5, 3, 4, lengths=(5, 0, 3))
    yield _case(rng, "what is allowed lies 2000 behind", 5, 3, 4, behind=2000.0)
    yield _case(rng, "scores near 1000", 5, 2, 3, lift=1000.0)
    yield _case(rng, "float32", 5, 3, 4, dtype=np.float32)


def _case(rng, name, T, B, K, lengths=None, share=0.4, behind=0.0, lift=0.0, dtype=np.float64):
    """share: of the other tags that are allowed as well. behind: how far what is not allowed lies ahead."""
    emissions, steps = normal(rng, (T, B, K), (K, K))
    allowed = np.eye(K, dtype=bool)[rng.integers(0, K, (T, B))]
    allowed |= rng.random((T, B, K)) < share
    lengths = np.full(B, T) if lengths is None else np.array(lengths)
    if behind:
        allowed[:, :, 0] = False
        allowed[:, :, 1] = True
        emissions[2, :, ~allowed[2].any(0)] += behind
        emissions[2, :, 0] += behind
    emissions = np.where(_live(lengths, T), emissions + lift, 3 * emissions)
    return Case(name, (emissions.astype(dtype), steps.astype(dtype), allowed, lengths))


def _best_alone(e, steps, lengths):
    """The maximum for the sum."""
    total, tags, _ = _expected(e, steps, lengths, lambda x, axis: x.max(axis))
    reach = (tags >= 1 - 1e-9).astype(e.dtype)
    return total, reach, np.einsum("tbk,tbj->kj", reach[1:], reach[:-1])


def _ahead_alone(e, steps, lengths):
    """Chances at each word that know nothing of the words behind it."""
    total, _, pairs = _expected(e, steps, lengths)
    live = _live(lengths, len(e))
    ahead, _, _ = _from_both_ends(np.where(live, e, 0), steps, lengths)
    return total, np.exp(np.where(live, ahead - log_sum(ahead)[..., None], -np.inf)), pairs


def _independent_pairs(e, steps, lengths):
    total, tags, _ = _expected(e, steps, lengths)
    return total, tags, np.einsum("tbk,tbj->kj", tags[1:], tags[:-1])


def _without_steps(e, steps, lengths):
    total, tags, pairs = _expected(e, 0 * steps, lengths)
    return total, tags, 0 * pairs


def _steps_transposed(e, steps, lengths):
    total, tags, pairs = _expected(e, steps.T, lengths)
    return total, tags, pairs.T


def _unstable(e, steps, lengths):
    return _expected(e, steps, lengths, lambda x, axis: np.log(np.exp(x).sum(axis)))


def _bare(e, steps, lengths):
    """No denominator at all."""
    total, tags, pairs = _expected(e, steps, lengths)
    return 0 * total, 0 * tags, 0 * pairs


def _as_long_as_all(lengths, T):
    return np.full_like(lengths, T)


def _last_for_none(lengths, T):
    return np.where(lengths == 0, T, lengths)


def _loss_alone(rule):
    """The right slopes beside another loss."""

    def answer(emissions, steps, allowed, lengths):
        losses, *slopes = reference(emissions, steps, allowed, lengths)
        with np.errstate(all="ignore"):
            return rule(losses, emissions, steps, allowed, lengths).astype(losses.dtype), *slopes

    return answer


def _each_word_by_itself(losses, emissions, steps, allowed, lengths):
    _, tags, _ = _expected(emissions, steps, lengths)
    chance = np.where(_live(lengths, len(tags))[..., 0], (tags * allowed).sum(-1), 1)
    return -np.log(chance).sum(0)


def _averaged(losses, emissions, steps, allowed, lengths):
    count = np.where(_live(lengths, len(allowed))[..., 0], allowed.sum(-1), 1)
    return losses + np.log(count).sum(0)


def behind_the_end(emissions, steps, allowed, lengths):
    """The loss and the steps are right, and padding gets a slope of its own."""
    losses, tags, pairs = reference(emissions, steps, allowed, lengths)
    e = emissions.astype(float)
    rest = np.exp(e - e.max(-1, keepdims=True))
    rest /= rest.sum(-1, keepdims=True)
    return losses, np.where(_live(lengths, len(e)), tags, rest).astype(tags.dtype), pairs


WRONG = (
    WrongAnswer(
        "steps transposed",
        _with(everything=_steps_transposed, good=_steps_transposed),
        "You read the steps from row to column. Here they stand the other way round: the row is the tag that is "
        "reached, the column the one that is left.",
    ),
    WrongAnswer(
        "without steps",
        _with(everything=_without_steps, good=_without_steps),
        "You judge each word by itself. The score of a sequence also has a step for each pair of neighbours.",
    ),
    WrongAnswer(
        "each word's chance by itself",
        _loss_alone(_each_word_by_itself),
        "The slopes are right. Your loss multiplies the chances of the words, as if their tags were independent. Add "
        "up whole sequences that are allowed at every word.",
    ),
    WrongAnswer(
        "the best allowed sequence",
        _with(good=_best_alone),
        "You take the best of the allowed sequences for the true one. All of them are right: their e to the score "
        "adds up.",
    ),
    WrongAnswer(
        "the first allowed tags",
        _with(choose=lambda allowed: allowed & (allowed.cumsum(-1) == 1)),
        "You take the first allowed tag of each word for the true one. Any allowed one will do.",
    ),
    WrongAnswer(
        "averaged over the allowed ones",
        _loss_alone(_averaged),
        "The slopes are right. You divide the sum by the number of allowed sequences. It is the chance that any of "
        "them is drawn: where everything is allowed, the loss is 0.",
    ),
    WrongAnswer(
        "nothing to be divided by",
        _with(everything=_bare),
        "You leave out the sum over all sequences, so the loss falls without end as scores rise. A chance is a share "
        "of the whole.",
    ),
    WrongAnswer(
        "what is not allowed scores 0",
        _with(only=lambda emissions, allowed: emissions * allowed),
        "You multiply the scores by the mask: what is not allowed gets the score 0 and is counted, as e⁰ = 1. Its "
        "score is −∞.",
    ),
    WrongAnswer(
        "what is not allowed is 1000 lower",
        _with(only=lambda emissions, allowed: np.where(allowed, emissions, emissions - 1000)),
        "You lower what is not allowed by 1000. Where it lies further ahead than that it is still counted: take −∞.",
    ),
    WrongAnswer(
        "mask inverted",
        _with(choose=lambda allowed: ~allowed),
        "Your mask is inverted: True = this tag is allowed here.",
    ),
    WrongAnswer(
        "behind the end",
        _with(hear=_as_long_as_all),
        "You read all T words of every sentence. Behind its length nothing counts.",
    ),
    WrongAnswer(
        "no word, and still a loss",
        _with(hear=_last_for_none),
        "All right but for a sentence without a word: lengths − 1 is −1 there, which is the last word in NumPy. It "
        "costs 0, and nothing comes back.",
    ),
    WrongAnswer(
        "slopes of padding",
        behind_the_end,
        "All right but for the slopes behind the length of a sentence. Those scores were not used, so nothing comes "
        "back to them.",
    ),
    WrongAnswer(
        "the slopes point up",
        _with(way_back=lambda ours, theirs: theirs - ours),
        "The losses are right, the slopes have the opposite sign: what is expected of all sequences, minus what is "
        "expected of the allowed ones.",
    ),
    WrongAnswer(
        "the slope of the whole alone",
        _with(way_back=lambda ours, theirs: ours),
        "The losses are right. Your slope is what is expected of all sequences. What is expected of the allowed ones "
        "is taken away from it.",
    ),
    WrongAnswer(
        "chances without the words behind",
        _with(everything=_ahead_alone, good=_ahead_alone),
        "The losses and the slope of the steps are right. Your chances of tags come from the recursion from the left "
        "alone; words behind a word say something about it as well.",
    ),
    WrongAnswer(
        "pairs as if independent",
        _with(everything=_independent_pairs, good=_independent_pairs),
        "All right but the slope of the steps: you multiply the chances of two neighbouring tags. They are not "
        "independent; a pair has a chance of its own.",
    ),
    WrongAnswer(
        "slope of the steps transposed",
        _with(pairs=lambda x: x.T),
        "All right, but the slope of the steps is transposed. It has the axes of the steps: reached, left.",
    ),
    WrongAnswer(
        "exp overflows",
        _with(everything=_unstable, good=_unstable),
        "The formula is right, and exp overflows, or gives nothing but zeros, where scores are large. Take the "
        "largest out of each sum first.",
    ),
)

QUESTION = Question(
    id="10-allowed",
    title="Taught by what a word may be",
    points=20,
    name="partial_crf_loss",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("losses", "demissions", "dsteps"),
    tolerance={"float64": 1e-9, "float32": 3e-5},
)
