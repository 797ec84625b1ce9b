"""09-fusion: streams that all know the habit, joined so that it counts once.

Bayes' rule for streams that are independent given the action: a product of experts (Hinton 1999, "Products of
experts", ICANN) over the prior, once less than there are streams.
"""

import numpy as np

from ..image_understanding.drawing import softmax
from ..question import Case, Question, WrongAnswer


def reference(scores, present, habit):
    return _with()(scores, present, habit)


def _log_softmax(scores, axis=-1):
    s = scores - scores.max(axis, keepdims=True)
    return s - np.log(np.exp(s).sum(axis, keepdims=True))


def _silent(log_p, present):
    return np.where(present[..., None], log_p, 0)


def _added(log_p, present):
    return log_p.sum(1)


def _once_less(present):
    return present.sum(1, keepdims=True) - 1


def _log(habit):
    return np.log(habit)


def _with(
    say=_log_softmax, silence=_silent, join=_added, times=_once_less, prior=_log, alone=None, finish=softmax,
    choose=lambda present: present,
):  # fmt: skip
    """The chances with other verdicts, joined another way, or with the habit counted otherwise."""

    def together(scores, present, habit):
        present = choose(present)
        joined = join(silence(say(scores), present), present)
        p = finish(joined - times(present) * prior(habit))
        if alone is not None:
            p = np.where(present.any(1, keepdims=True), p, alone(habit))
        return p.astype(scores.dtype)

    return together


def draw(rng):
    yield _case(rng, "7 clips, 2 streams, 5 actions", 7, 2, 5)
    yield _case(rng, "3 clips, 5 streams, 11 actions", 3, 5, 11)
    yield _case(rng, "streams abstain", 11, 3, 5, silent=0.4)
    yield _case(rng, "one stream", 5, 1, 7)
    yield _case(rng, "all habits alike", 7, 3, 5, silent=0.3, alike=True)
    yield _case(rng, "no stream says anything", 3, 2, 5, silent=1.0)
    yield _case(rng, "who abstains may hold anything", 7, 3, 5, silent=0.4, hold=np.nan)
    yield _case(rng, "as many clips as streams as actions", 5, 5, 5, silent=0.2)
    yield _case(rng, "scores near 2000", 5, 3, 7, height=2000.0)
    yield _case(rng, "scores near -2000", 5, 3, 7, silent=0.3, height=-2000.0)
    yield _case(rng, "float32", 7, 3, 5, silent=0.3, dtype=np.float32)


def _case(rng, name, B, M, V, silent=0.0, alike=False, hold=None, height=0.0, dtype=np.float64):
    habit = rng.uniform(0.05, 1, V)
    if alike:
        habit[:] = 1
    habit /= habit.sum()
    scores = 1.2 * rng.standard_normal((B, M, V)) + np.log(habit) + height
    present = rng.random((B, M)) >= silent
    if 0 < silent < 1:
        present[:2] = [True] * M, [False] * M
        present[2] = np.arange(M) == 0
    if hold is not None:
        scores[~present] = hold
    return Case(name, (scores.astype(dtype), present, habit.astype(dtype)))


def _mean(log_p, present):
    return log_p.sum(1) / np.maximum(present.sum(1, keepdims=True), 1)


def _chances_averaged(scores, present):
    p = np.where(present[..., None], softmax(scores), 0)
    return p.sum(1) / np.maximum(present.sum(1, keepdims=True), 1)


def average(scores, present, habit):
    p = _chances_averaged(scores, present)
    return np.where(present.any(1, keepdims=True), p, habit).astype(scores.dtype)


def average_without_habit(scores, present, habit):
    p = _chances_averaged(scores, present) / habit
    p = p / np.where(present.any(1, keepdims=True), p.sum(1, keepdims=True), 1)
    return np.where(present.any(1, keepdims=True), p, habit).astype(scores.dtype)


def vote(scores, present, habit):
    best = np.where(present[..., None], scores, -np.inf).argmax(-1)
    votes = ((best[..., None] == np.arange(scores.shape[2])) & present[..., None]).sum(1)
    p = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    return np.where(present.any(1, keepdims=True), p, habit).astype(scores.dtype)


def surest(scores, present, habit):
    """The chances of the one stream that is most sure of something."""
    p = np.where(present[..., None], softmax(scores), 0)
    best = p.max(-1).argmax(1)
    return np.where(present.any(1, keepdims=True), p[np.arange(len(p)), best], habit).astype(scores.dtype)


def multiplied_with_zeros(scores, present, habit):
    """An abstaining stream's logarithms times 0."""
    return _with(silence=lambda log_p, present: log_p * present[..., None])(scores, present, habit)


def _unstable(x):
    e = np.exp(x)
    return e / e.sum(-1, keepdims=True)


def _unstable_logs(scores):
    return np.log(_unstable(scores))


def _not_renormalised(x):
    return np.exp(x)


def _winner(x):
    return (np.arange(x.shape[-1]) == x.argmax(-1)[..., None]).astype(x.dtype)


WRONG = (
    WrongAnswer(
        "chances averaged",
        average,
        "You average the chances. The streams are witnesses: if two say the same independently of each other, one may "
        "be surer than either of them. Multiply.",
    ),
    WrongAnswer(
        "logarithms averaged",
        _with(join=_mean, times=lambda present: np.where(present.any(1, keepdims=True), 0, -1)),
        "You average the logarithms, as the chapter does. That is as sure as one stream alone; here each stream counts "
        "whole, and the habit is taken off.",
    ),
    WrongAnswer(
        "averaged before the habit is taken off",
        _with(join=_mean),
        "You average the logarithms and take off the habit n − 1 times. A product is a sum of logarithms, not their "
        "mean.",
    ),
    WrongAnswer(
        "the habit counted by everyone",
        _with(times=lambda present: np.where(present.any(1, keepdims=True), 0, -1)),
        "You multiply what the streams say. All of them know what usually happens, and so the habit counts n times: "
        "divide by it n − 1 times.",
    ),
    WrongAnswer(
        "the habit counted by nobody",
        _with(times=lambda present: present.sum(1, keepdims=True)),
        "You divide by the habit n times, so that what usually happens is not believed at all. Once it may count: "
        "n − 1 times.",
    ),
    WrongAnswer(
        "the silent ones counted",
        _with(times=lambda present: present.shape[1] - 1),
        "You divide by the habit M − 1 times. A stream that abstains has brought no habit with it: n is the number of "
        "those that speak.",
    ),
    WrongAnswer(
        "the habit once more",
        _with(times=lambda present: -1),
        "You multiply by the habit once more. The streams know it already, each of them: divide by it n − 1 times.",
    ),
    WrongAnswer(
        "the habit taken off once",
        _with(times=lambda present: np.where(present.any(1, keepdims=True), 1, -1)),
        "You divide by the habit once, however many streams speak. With one stream there is nothing to take off, with "
        "three it is twice.",
    ),
    WrongAnswer(
        "the habit without its logarithm",
        _with(prior=lambda habit: habit),
        "You subtract the habit's chances from logarithms. What is divided as a chance is subtracted as a logarithm.",
    ),
    WrongAnswer(
        "chances averaged, the habit taken off",
        average_without_habit,
        "You average the chances and divide by the habit. Multiply the chances of those that speak, and divide by the "
        "habit n − 1 times.",
    ),
    WrongAnswer(
        "nobody speaks: all alike",
        _with(alone=lambda habit: np.full_like(habit, 1 / len(habit))),
        "Right, but where no stream speaks: you say that all actions are as likely. One knows the habit still.",
    ),
    WrongAnswer(
        "nobody speaks: nothing",
        _with(alone=lambda habit: np.zeros_like(habit)),
        "Right, but where no stream speaks: you return zeros, which are no chances. One knows the habit still.",
    ),
    WrongAnswer(
        "0 times NaN",
        multiplied_with_zeros,
        "Right, but for a stream that abstains and holds NaN: 0 times NaN is NaN. Put it out before you multiply.",
    ),
    WrongAnswer(
        "silence inverted",
        _with(choose=lambda present: ~present),
        "You listen to those that abstain. True in `present` says that a stream speaks.",
    ),
    WrongAnswer(
        "softmax over the streams",
        _with(say=lambda scores: _log_softmax(scores, 1)),
        "Your softmax lets the streams compete for an action. In each stream the actions compete: the last axis.",
    ),
    WrongAnswer(
        "not stable",
        _with(say=_unstable_logs),
        "The formula is right, and exp overflows, or gives nothing but zeros, where scores are large. A softmax does "
        "not change when all scores of a stream move by the same amount.",
    ),
    WrongAnswer(
        "not renormalised",
        _with(finish=_not_renormalised),
        "Your rows do not sum to one. A product of chances has to be brought to the sum 1 again.",
    ),
    WrongAnswer(
        "logarithms returned",
        _with(finish=_log_softmax),
        "You return logarithms. Asked are chances.",
    ),
    WrongAnswer(
        "the winner takes all",
        _with(finish=_winner),
        "You return 1 for the likeliest action. Asked is how likely each one is.",
    ),
    WrongAnswer(
        "a vote",
        vote,
        "You let the streams vote for their best action. A stream that hesitates says so in its chances: use them.",
    ),
    WrongAnswer(
        "the surest stream alone",
        surest,
        "You listen to the stream that is surest. The others know something, too.",
    ),
)

QUESTION = Question(
    id="09-fusion",
    title="A habit counts once",
    points=10,
    name="join_streams",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the chances",),
)
