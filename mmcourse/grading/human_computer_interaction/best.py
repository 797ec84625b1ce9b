"""10-best: the best reading of a sentence through every tag of every word, and how far the second is behind.

The recursion of Viterbi (Rabiner 1989, section III.B) from both ends. That an I continues its own kind is written into
the steps.
"""

import numpy as np

from ..attention.drawing import normal
from ..question import Case, Question, WrongAnswer
from .drawing import log_sum


def reference(emissions, steps):
    return _with()(emissions, steps)


def _rules(K):
    """Which tag may follow which (K, K), and which may begin (K,): an I only after a B or an I of its own kind."""
    tags = np.arange(K)
    inside, kind = (tags > 0) & (tags % 2 == 0), (tags + 1) // 2
    return ~inside | (kind[:, None] == kind), ~inside


def _forbidden(scores, may):
    return np.where(may, scores, -np.inf)


def _largest(scores, axis):
    return scores.max(axis)


def _ahead(emissions, steps, begin, reduce=_largest):
    """The best beginning that ends in each tag at each word."""
    ahead = [emissions[0] + begin]
    for e in emissions[1:]:
        ahead.append(e + reduce(ahead[-1][:, None] + steps, 0))
    return np.array(ahead)


def _behind(emissions, steps, reduce=_largest):
    """The best rest of the sentence behind each tag of each word."""
    behind = [np.zeros_like(emissions[0])]
    for e in emissions[:0:-1]:
        behind.append(reduce(steps + e + behind[-1], 1))
    return np.array(behind[::-1])


def _both_ways(emissions, steps, begin):
    return _ahead(emissions, steps, begin) + _behind(emissions, steps)


def _of_the_best(best, emissions, steps, begin):
    return best.argmax(1)


def _to_the_second(best, emissions, tags):
    ordered = np.sort(best, 1)
    return ordered[:, -1] - ordered[:, -2]


def _with(rules=_rules, forbid=_forbidden, through=_both_ways, decode=_of_the_best, margin=_to_the_second):
    """Scores, tags and margins with other rules or another recursion."""

    def read(emissions, steps):
        may, first = rules(len(steps))
        with np.errstate(all="ignore"):
            begin, allowed = forbid(np.zeros(len(steps)), first), forbid(steps, may)
            best = through(emissions, allowed, begin)
            tags = decode(best, emissions, allowed, begin).astype(np.int64)
            return best.astype(emissions.dtype), tags, margin(best, emissions, tags).astype(emissions.dtype)

    return read


def draw(rng):
    yield _case(rng, "7 words, 2 kinds of slots", 7, 2)
    yield _case(rng, "3 kinds", 11, 3)
    yield _case(rng, "one kind", 13, 1)
    yield _case(rng, "one word", 1, 2)
    yield _case(rng, "two words", 2, 3)
    yield _case(rng, "words that would like to continue nothing", 11, 2, lean=3.0)
    yield _case(rng, "steps that say more than words", 11, 3, steps=4.0)
    yield _case(rng, "scores beyond 10 000", 11, 2, scale=1e4)
    yield _case(rng, "float32", 7, 3, dtype=np.float32)


def _case(rng, name, T, kinds, lean=1.0, steps=1.5, scale=1.0, dtype=np.float64):
    """lean: by how much continuations are preferred, so that the rules have something to forbid."""
    K = 2 * kinds + 1
    emissions, follow = normal(rng, (T, K), (K, K))
    emissions[:, 2::2] += lean
    return Case(name, ((scale * 1.5 * emissions).astype(dtype), (scale * steps * follow).astype(dtype)))


def _nothing_forbidden(K):
    return np.ones((K, K), bool), np.ones(K, bool)


def _anything_begins(K):
    return _rules(K)[0], np.ones(K, bool)


def _only_o_stops(K):
    """An I after anything but O."""
    may, first = _rules(K)
    return may | (np.arange(K) > 0)[:, None], first


def _only_after_b(K):
    may, first = _rules(K)
    tags = np.arange(K)
    inside = (tags > 0) & (tags % 2 == 0)
    return may & ~(inside[:, None] & inside), first


def _word_by_word(emissions, steps, begin):
    return emissions + begin * (np.arange(len(emissions)) == 0)[:, None]


def _summed(emissions, steps, begin):
    return _ahead(emissions, steps, begin, log_sum) + _behind(emissions, steps, log_sum)


def _one_after_another(best, emissions, steps, begin):
    """The best tag after the one that was taken."""
    tags = [int((emissions[0] + begin).argmax())]
    for e in emissions[1:]:
        tags.append(int((e + steps[tags[-1]]).argmax()))
    return np.array(tags)


def _forward_alone(best, emissions, steps, begin):
    return _ahead(emissions, steps, begin).argmax(1)


def repaired_afterwards(emissions, steps):
    """The best tags without any rule, and each I that continues nothing made a B."""
    best, tags, margins = _with(rules=_nothing_forbidden)(emissions, steps)
    may, first = _rules(len(steps))
    for t, tag in enumerate(tags):
        if not (may[tags[t - 1], tag] if t else first[tag]):
            tags[t] = tag - 1
    return best, tags, margins


def transposed(emissions, steps):
    return reference(emissions, steps.T)


def _at_the_word(best, emissions, tags):
    ordered = np.sort(emissions, 1)
    return ordered[:, -1] - ordered[:, -2]


def _the_whole(best, emissions, tags):
    return np.sort(best, 1)[:, -2]


def _to_the_last(best, emissions, tags):
    return best.max(1) - np.where(np.isfinite(best), best, np.inf).min(1)


def _other_way_round(best, emissions, tags):
    return -_to_the_second(best, emissions, tags)


WRONG = (
    WrongAnswer(
        "no rules",
        _with(rules=_nothing_forbidden),
        "You let every tag follow every other. I-x comes only after B-x or I-x, and never first.",
    ),
    WrongAnswer(
        "an I may begin",
        _with(rules=_anything_begins),
        "All steps obey the rules, but your sentences may begin with an I. It would continue nothing.",
    ),
    WrongAnswer(
        "an I after another kind",
        _with(rules=_only_o_stops),
        "You forbid an I after O, and let it follow another kind. I-x continues x, and nothing else.",
    ),
    WrongAnswer(
        "slots of two words at most",
        _with(rules=_only_after_b),
        "You let an I follow only its B. It may also follow an I of its own kind: a slot can have three words.",
    ),
    WrongAnswer(
        "forbidden steps at 0",
        _with(forbid=lambda scores, may: scores * may),
        "You multiply the steps by the mask, so a forbidden one gets the score 0, which may be better than an allowed "
        "one. Its score is −∞.",
    ),
    WrongAnswer(
        "forbidden steps 1000 lower",
        _with(forbid=lambda scores, may: np.where(may, scores, scores - 1000)),
        "You lower forbidden steps by 1000. Where scores are larger than that they are taken all the same, and what "
        "is impossible seems only bad: take −∞.",
    ),
    WrongAnswer(
        "0 times infinity",
        _with(forbid=lambda scores, may: scores + ~may * -np.inf),
        "You multiply −∞ by False, and 0 · ∞ is NaN. np.where(may, steps, -np.inf) does not multiply.",
    ),
    WrongAnswer(
        "steps transposed",
        transposed,
        "You read the steps the wrong way round. A row is the tag that is left, a column the one that is reached.",
    ),
    WrongAnswer(
        "the words behind left out",
        _with(through=lambda emissions, steps, begin: _ahead(emissions, steps, begin)),
        "You score the best beginning that ends in each tag. The words behind it belong to the reading, too: come "
        "from the other end as well.",
    ),
    WrongAnswer(
        "the words ahead left out",
        _with(through=lambda emissions, steps, begin: begin * 1.0 + emissions + _behind(emissions, steps)),
        "You score the best rest of the sentence from each tag on. The words ahead of it belong to the reading, too.",
    ),
    WrongAnswer(
        "its own word counted twice",
        _with(through=lambda emissions, steps, begin: _both_ways(emissions, steps, begin) + emissions),
        "You add both recursions, and both contain the score of the word itself: it counts twice. One of them leaves "
        "it out.",
    ),
    WrongAnswer(
        "its own word left out",
        _with(through=lambda emissions, steps, begin: _both_ways(emissions, steps, begin) - emissions),
        "Neither of your two recursions contains the score of the word itself. One of them must.",
    ),
    WrongAnswer(
        "word by word",
        _with(through=_word_by_word),
        "You look at each word by itself. The reading is a whole sequence, with its steps.",
    ),
    WrongAnswer(
        "a sum for the maximum",
        _with(through=_summed),
        "You add up all readings through a tag (log-sum-exp). Asked is the score of the best of them: a maximum.",
    ),
    WrongAnswer(
        "one tag after another",
        _with(decode=_one_after_another),
        "The scores are right. You choose the tags from left to right, each the best after the one before. What comes "
        "later may make you regret it: take the tag of the best whole reading.",
    ),
    WrongAnswer(
        "tags of the way there",
        _with(decode=_forward_alone),
        "The scores are right. Your tags are the best ends of beginnings, and know nothing of the words behind.",
    ),
    WrongAnswer(
        "repaired afterwards",
        repaired_afterwards,
        "You look for the best reading without rules and repair it. A reading that obeys them from the beginning may "
        "be quite another.",
    ),
    WrongAnswer(
        "margin of the word",
        _with(margin=_at_the_word),
        "The rest is right. Your margin compares scores of the word by itself. Compare the best readings through its "
        "tags.",
    ),
    WrongAnswer(
        "the second for the margin",
        _with(margin=_the_whole),
        "The rest is right. You return the score of the second best tag; asked is how far it lies behind the best.",
    ),
    WrongAnswer(
        "margin to the worst",
        _with(margin=_to_the_last),
        "The rest is right. Your margin reaches to the worst possible tag. The second best is what one would confuse "
        "it with.",
    ),
    WrongAnswer(
        "margin below zero",
        _with(margin=_other_way_round),
        "The rest is right. Your margins are negative: best minus second best.",
    ),
)

QUESTION = Question(
    id="10-best",
    title="If this word were something else",
    points=15,
    name="best_through",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the best scores", "the tags", "the margins"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
