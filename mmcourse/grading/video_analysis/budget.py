"""09-budget: a summary of so many seconds, from shots that cost what they last.

Gain over cost, and the best single element beside it: Lin & Bilmes 2010 (NAACL, "Multi-document summarization via
budgeted maximization of submodular functions"). Coverage that saturates: Lin & Bilmes 2011 (ACL, "A class of submodular
functions for document summarization"). One cap for all moments is this question's own.
"""

import numpy as np

from ..question import TOLERANCE, Case, Question, WrongAnswer

LEAST = 1e-3  # what a shot has to add: above rounding


def reference(shows, worth, seconds, cap, budget):
    return _with()(shows, worth, seconds, cap, budget)


def _saturated(total, worth, cap):
    """Of covers (T, ...): what they are worth."""
    return np.tensordot(worth, np.minimum(total, cap), 1)


def _sum(cover, shows):
    return cover + shows


def _per_second(gain, seconds):
    return gain / seconds


def _fits(seconds, spent, budget):
    return spent + seconds <= budget


def _greedy(shows, worth, seconds, cap, budget, value, add, rate, fits, least, stop=False, renew=True):
    """[(shot, value so far), …]. stop: at the first that does not fit. renew: the gains, after each choice."""
    cover, spent, now, chosen = np.zeros_like(worth), 0.0, 0.0, []
    free = np.ones(len(seconds), bool)
    first = value(add(cover[:, None], shows), worth, cap)
    while free.any():
        gain = value(add(cover[:, None], shows), worth, cap) - now if renew else first
        good = free & (gain > least)
        can = good if stop else good & fits(seconds, spent, budget)
        if not can.any():
            break
        best = int(np.where(can, rate(gain, seconds), -np.inf).argmax())
        if stop and not fits(seconds[best], spent, budget):
            break
        cover, spent = add(cover, shows[:, best]), spent + seconds[best]
        now, free[best] = value(cover, worth, cap), False
        chosen.append((best, now))
    return chosen


def _the_best_alone(values, seconds, budget, fits):
    """The best shot that fits, and what it is worth by itself; None where nothing fits."""
    can = fits(seconds, 0.0, budget)
    best = int(np.where(can, values, -np.inf).argmax())
    return (best, values[best]) if can.any() else None


def _better(chosen, alone):
    return [alone] if alone and alone[1] > (chosen[-1][1] if chosen else 0) else chosen


def _with(
    value=_saturated, add=_sum, rate=_per_second, fits=_fits, least=LEAST, alone=_the_best_alone, better=_better,
    told=lambda chosen: chosen, **how,
):  # fmt: skip
    """The summary with another worth, another bargain, or another end."""

    def choose(shows, worth, seconds, cap, budget):
        chosen = _greedy(shows, worth, seconds, cap, budget, value, add, rate, fits, least, **how)
        single = alone(value(add(np.zeros_like(shows), shows), worth, cap), seconds, budget, fits)
        chosen = told(better(chosen, single))
        return np.array([c[0] for c in chosen], np.int64), np.array([c[1] for c in chosen], worth.dtype)

    return choose


def draw(rng):
    yield _case(rng, "7 shots, 11 moments", 11, 7, 12)
    yield _case(rng, "13 shots, 5 moments", 5, 13, 30)
    yield _case(rng, "the best bargain does not fit any more", 17, 7, 8, kind="gap")
    yield _case(rng, "one long shot against a short one", 11, 7, 10.5, kind="trap")
    yield _case(rng, "just enough for all", 11, 5, None, cap=50.0)
    yield _case(rng, "time for everything, and soon nothing is new", 3, 11, 99, cap=0.5)
    yield _case(rng, "a cap that nobody reaches", 11, 7, 13, cap=50.0)
    yield _case(rng, "no time at all", 5, 7, 0)
    yield _case(rng, "one shot, one moment", 1, 1, 9)
    yield _case(rng, "as many shots as moments", 11, 11, 25)
    yield _case(rng, "float32", 13, 11, 25, dtype=np.float32)


def _case(rng, name, T, S, budget, cap=0.8, kind="", dtype=np.float64):
    """Seconds are whole, so that sums of them are exact, and differ where moments may be full, so that nothing ties."""
    shows, worth = rng.uniform(0.2, 1, (T, S)) ** 2, rng.uniform(0.2, 1, T)
    seconds = 1.0 + rng.permutation(S)
    shows *= (seconds / 4) ** 0.5
    if kind:
        shows *= 0.05
    if kind == "trap":  # the short one is the better bargain, and leaves no time for what is worth far more
        seconds[:], seconds[3], seconds[5] = 8, 1, 10
        shows[:, 3], shows[:, 5] = rng.uniform(0.25, 0.35, T), rng.uniform(0.7, 0.8, T)
    if kind == "gap":  # 5 s are chosen, 6 s would come next, and only 2 s fit
        seconds[:], seconds[1], seconds[4] = 2, 5, 6
        shows[:, 1], shows[:, 4] = rng.uniform(0.55, 0.65, T), rng.uniform(0.45, 0.55, T)
    budget = float(seconds.sum() if budget is None else budget)
    return Case(name, (shows.astype(dtype), worth.astype(dtype), seconds.astype(dtype), cap, budget))


def _no_cap(total, worth, cap):
    return np.tensordot(worth, total, 1)


def _capped_by_worth(total, worth, cap):
    return np.minimum(worth.reshape(-1, *[1] * (total.ndim - 1)) * total, cap).sum(0)


def _all_worth_the_same(total, worth, cap):
    return np.minimum(total, cap).sum(0)


def _capped_as_a_whole(total, worth, cap):
    return np.minimum(np.tensordot(worth, total, 1), cap * worth.sum())


def _overrun(seconds, spent, budget):
    return np.broadcast_to(spent < budget, np.shape(seconds))


def _numbered(chosen):
    values = [0.0, *[c[1] for c in chosen]]
    return [(c[0], b - a) for c, a, b in zip(chosen, values[:-1], values[1:], strict=True)]


def as_many_shots_as_seconds(shows, worth, seconds, cap, budget):
    return reference(shows, worth, np.ones_like(seconds), cap, budget)


def _cheaper_bargain(chosen, alone):
    return chosen


def _none_alone(values, seconds, budget, fits):
    return None


def _alone_whether_it_fits(values, seconds, budget, fits):
    return int(values.argmax()), values.max()


def _alone_always(chosen, alone):
    return [alone] if alone else []


WRONG = (
    WrongAnswer(
        "the largest gain",
        _with(rate=lambda gain, seconds: gain),
        "You take what adds most, however long it is. Time is what you pay with: compare the gain of each second.",
    ),
    WrongAnswer(
        "long shots preferred",
        _with(rate=lambda gain, seconds: gain * seconds),
        "You multiply the gain by the seconds, and long shots win. Divide: what does a second bring?",
    ),
    WrongAnswer(
        "seconds subtracted",
        _with(rate=lambda gain, seconds: gain - seconds),
        "You subtract seconds from worth. They are measured in different things; a bargain is worth for each second.",
    ),
    WrongAnswer(
        "the shortest first",
        _with(rate=lambda gain, seconds: -seconds),
        "You take the shortest shot that adds something. What does a second of it bring?",
    ),
    WrongAnswer(
        "gains of the first round",
        _with(renew=False),
        "You judge all shots once, and take them in this order. What has been shown adds less: compute the gains "
        "anew after each choice.",
    ),
    WrongAnswer(
        "the end at the first that does not fit",
        _with(stop=True),
        "You stop when the best bargain does not fit any more. A shorter shot may: look among those that fit.",
    ),
    WrongAnswer(
        "over the budget",
        _with(fits=_overrun),
        "Your last shot goes beyond the budget. Only shots that fit into the time that is left may be chosen.",
    ),
    WrongAnswer(
        "never quite full",
        _with(fits=lambda seconds, spent, budget: spent + seconds < budget),
        "You leave out a shot that would fill the budget to the last second. It fits.",
    ),
    WrongAnswer(
        "as many shots as seconds",
        as_many_shots_as_seconds,
        "You count shots. The budget is in seconds, and each shot costs what it lasts.",
    ),
    WrongAnswer(
        "no look at single shots",
        _with(better=_cheaper_bargain),
        "You keep the bargains whatever they are. A short one may have left no time for a long one that is worth far "
        "more: compare with the best single shot that fits.",
    ),
    WrongAnswer(
        "a single shot that does not fit",
        _with(alone=_alone_whether_it_fits),
        "You compare with the best single shot, whether it fits or not. It has to fit into the budget by itself.",
    ),
    WrongAnswer(
        "the best single shot",
        _with(better=_alone_always),
        "You return the best single shot. It is taken only if it is worth more than all the bargains together.",
    ),
    WrongAnswer(
        "no cap",
        _with(value=_no_cap),
        "A moment that is shown ten times counts ten times for you. It is worth something up to the cap, and then no "
        "more.",
    ),
    WrongAnswer(
        "the best shot of a moment counts",
        _with(add=lambda cover, shows: np.maximum(cover, shows)),
        "You let the best shot of each moment count, as facility location does. Here what the shots show adds up, "
        "until the cap.",
    ),
    WrongAnswer(
        "the cap after the worth",
        _with(value=_capped_by_worth),
        "You cap the worth of a moment. The cap is on how much of it is shown; then it counts by its worth.",
    ),
    WrongAnswer(
        "one cap for the whole film",
        _with(value=_capped_as_a_whole),
        "You cap the sum over all moments. Each moment has its own cap: one that is shown twice does not make up for "
        "another that is not shown.",
    ),
    WrongAnswer(
        "all moments alike",
        _with(value=_all_worth_the_same),
        "You leave out what the moments are worth.",
    ),
    WrongAnswer(
        "filled with what adds nothing",
        _with(least=-1.0),
        "You fill the time with shots that add nothing. Stop when no shot that fits adds more than 0.001.",
    ),
    WrongAnswer(
        "in the order of the film",
        _with(told=sorted),
        "You return the shots in the order of the film. Asked is the order in which they were chosen, with what the "
        "summary was worth after each.",
    ),
    WrongAnswer(
        "gains for worths",
        _with(told=_numbered),
        "The shots are right. You return what each one added; asked is what the summary was worth after each.",
    ),
)

QUESTION = Question(
    id="09-budget",
    title="So many seconds",
    points=15,
    name="choose_shots",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the shots", "the worths"),
    tolerance={**TOLERANCE, "int64": 0.0},
)
