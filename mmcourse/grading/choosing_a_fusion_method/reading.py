"""13-reading: what an experiment says about advice, if "no difference was found" is not the same as "no difference".

Two bounds of an interval against a margin, as in tests of equivalence (Schuirmann 1987, "A comparison of the two
one-sided tests procedure and the power approach", Journal of Pharmacokinetics and Biopharmaceutics 15).
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(scores, advised, margin, t):
    return _with()(scores, advised, margin, t)


def _from_the_advised(x, advised):
    """(S, T, M): the advised method minus each."""
    return x[:, np.arange(x.shape[1]), advised][..., None] - x


def _over_the_seeds(x, gaps, advised, t):
    return t * gaps.std(0, ddof=1) / len(gaps) ** 0.5


def _judge(gap, half, margin):
    """2 open, 1 better, −1 worse, 0 the same for practical purposes."""
    low, high = gap - half, gap + half
    same = (low >= -margin) & (high <= margin)
    return np.where(same, 0, np.where(low > 0, 1, np.where(high < 0, -1, 2)))


def _advice(verdicts, gap):
    """Of one task, the verdicts against the others."""
    if (verdicts == -1).any():
        return -1
    if (verdicts == 2).any():
        return 2
    return int((verdicts == 1).any())


def _without_itself(verdicts, advised):
    return np.array([np.delete(row, a) for row, a in zip(verdicts, advised, strict=True)])


def _with(differ=_from_the_advised, error=_over_the_seeds, judge=_judge, held=_advice):
    """Verdicts from other differences, other intervals, or by another rule."""

    def concluded(scores, advised, margin, t):
        x = scores.astype(float)
        gaps = differ(x, advised)
        gap, half = gaps.mean(0), error(x, gaps, advised, t)
        verdicts = judge(gap, half, margin)
        advice = [held(v, g) for v, g in zip(*(_without_itself(x, advised) for x in (verdicts, gap)), strict=True)]
        whole = (np.array(part, np.int64) for part in (verdicts, advice))
        return gap.astype(scores.dtype), half.astype(scores.dtype), *whole

    return concluded


def draw(rng):
    yield _case(rng, "5 seeds, 7 tasks, 3 methods", 5, 7, 3)
    yield _case(rng, "11 seeds, 5 tasks, 7 methods", 11, 5, 7)
    yield _case(rng, "seeds that move all methods alike", 7, 11, 3, common=0.5)
    yield _case(rng, "two methods", 5, 13, 2)
    yield _case(rng, "a wide margin", 7, 11, 3, margin=0.09)
    yield _case(rng, "no margin at all", 5, 11, 3, margin=0.0)
    yield _case(rng, "few seeds, wide intervals", 3, 11, 5)
    yield _case(rng, "methods that do the same", 5, 7, 3, twins=True)
    yield _case(rng, "one task", 7, 1, 5)
    yield _case(rng, "many tasks", 11, 61, 5)
    yield _case(rng, "float32", 7, 7, 5, dtype=np.float32)


def _case(rng, name, S, T, M, common=0.1, margin=0.03, twins=False, dtype=np.float64):
    """Among the tasks are such where all is said, such where nothing is, and such where it does not matter."""
    t = {3: 4.303, 5: 2.776, 7: 2.447, 11: 2.228}[S]
    advised = rng.integers(0, M, T)
    lead = rng.choice([-0.1, 0.0, 0.015, 0.02, 0.1, 0.2], T)
    noise = rng.choice([0.002, 0.01, 0.05], (T, M))
    skill = 0.6 + 0.02 * rng.standard_normal((T, M)) * rng.choice([0.1, 1, 4], (T, 1))
    skill[np.arange(T), advised] += lead
    scores = skill + common * rng.standard_normal((S, T, 1)) + noise * rng.standard_normal((S, T, M))
    if twins:
        scores[:, :, 1:] = scores[:, :, :1]
    return Case(name, (scores.astype(dtype), advised, margin, t))


def _own_errors(x):
    return x.std(0, ddof=1) / len(x) ** 0.5


def _as_if_independent(x, gaps, advised, t):
    own = _own_errors(x)
    rows = np.arange(len(own))
    both = np.hypot(own, own[rows, advised][:, None])
    both[rows, advised] = 0
    return t * both


def _of_the_others(x, gaps, advised, t):
    return t * _own_errors(x)


def _scaled(factor):
    return lambda x, gaps, advised, t: _over_the_seeds(x, gaps, advised, t) * factor(len(x), t)


def _same_method_everywhere(x, advised):
    return x[:, :, advised[0], None] - x


def _no_margin(gap, half, margin):
    return np.where(gap - half > 0, 1, np.where(gap + half < 0, -1, 2))


def _nothing_found_is_the_same(gap, half, margin):
    return np.where(gap - half > 0, 1, np.where(gap + half < 0, -1, 0))


def _found_comes_first(gap, half, margin):
    found = _no_margin(gap, half, margin)
    return np.where(found == 2, _judge(gap, half, margin), found)


def _by_the_gap(gap, half, margin):
    return np.where(np.abs(gap) <= margin, 0, np.sign(gap).astype(int))


def _gap_within(gap, half, margin):
    return np.where(np.abs(gap) <= margin, 0, _no_margin(gap, half, margin))


def _by_the_margin(gap, half, margin):
    low, high = gap - half, gap + half
    verdict = _judge(gap, half, margin)
    return np.where((verdict == 1) & (low <= margin), 2, np.where((verdict == -1) & (high >= -margin), 2, verdict))


def _touching(gap, half, margin):
    low, high = gap - half, gap + half
    same = (low <= margin) & (high >= -margin)
    return np.where(same, 0, _judge(gap, half, margin))


def _any_is_enough(verdicts, gap):
    return 1 if (verdicts == 1).any() else _advice(verdicts, gap)


def _open_first(verdicts, gap):
    return 2 if (verdicts == 2).any() else _advice(verdicts, gap)


def _no_harm(verdicts, gap):
    return _advice(verdicts, gap) or 1


def _open_is_fine(verdicts, gap):
    return _advice(verdicts[verdicts != 2], gap)


def _on_average(verdicts, gap):
    return int(np.sign(gap.mean()))


def _all_of_them(verdicts, gap):
    verdict = _advice(verdicts, gap)
    return verdict if verdict != 1 or (verdicts == 1).all() else 0


WRONG = (
    WrongAnswer(
        "rival minus advised",
        _with(differ=lambda x, advised: -_from_the_advised(x, advised)),
        "Your gaps have the opposite sign: the advised method minus the other, so that above 0 speaks for the advice.",
    ),
    WrongAnswer(
        "one method for all tasks",
        _with(differ=_same_method_everywhere),
        "You take the method that is advised for the first task, on all of them. Each task has its own advice.",
    ),
    WrongAnswer(
        "as if the seeds were different",
        _with(error=_as_if_independent),
        "You add the squares of two errors, as if each method had seeds of its own. They share them: take the "
        "difference seed by seed first, and then its error.",
    ),
    WrongAnswer(
        "the error of the other method",
        _with(error=_of_the_others),
        "Your half-width comes from the scores of the other method. It is the error of the difference that counts.",
    ),
    WrongAnswer(
        "the spread of one seed",
        _with(error=_scaled(lambda S, t: S**0.5)),
        "Your half-width is that of a single seed. A mean over S of them is √S times surer.",
    ),
    WrongAnswer(
        "divided by S",
        _with(error=_scaled(lambda S, t: (1 - 1 / S) ** 0.5)),
        "Your intervals are a little too narrow: divide the squares by S − 1 (`ddof=1`), since the mean is their own.",
    ),
    WrongAnswer(
        "1.96 for every number of seeds",
        _with(error=_scaled(lambda S, t: 1.96 / t)),
        "You take 1.96 standard errors, which is right for many seeds. With few of them it is wider: use `t`.",
    ),
    WrongAnswer(
        "the whole width",
        _with(error=_scaled(lambda S, t: 2)),
        "You return the whole width. Asked is the half of it: the gap minus and plus that.",
    ),
    WrongAnswer(
        "no difference found, so none is there",
        _with(judge=_nothing_found_is_the_same),
        "The intervals are right. Where an interval holds 0 you say “the same”. That nothing was found may be for want "
        "of seeds: the same means that the whole interval lies within the margin.",
    ),
    WrongAnswer(
        "never the same",
        _with(judge=_no_margin),
        "The intervals are right. You never say “the same”. Where the whole interval lies within the margin, it has "
        "been shown that the choice does not matter.",
    ),
    WrongAnswer(
        "better before the same",
        _with(judge=_found_comes_first),
        "The intervals are right. A difference that is surely above 0 and surely within the margin is too small to "
        "matter: “the same” comes first.",
    ),
    WrongAnswer(
        "by the gap alone",
        _with(judge=_by_the_gap),
        "The intervals are right, and your verdicts do not use them. A gap says nothing without what it may be off by.",
    ),
    WrongAnswer(
        "the gap within the margin",
        _with(judge=_gap_within),
        "The intervals are right. You ask whether the gap lies within the margin. The whole interval must.",
    ),
    WrongAnswer(
        "better by more than the margin",
        _with(judge=_by_the_margin),
        "The intervals are right. You ask that the whole interval lies beyond the margin. To be better it is enough "
        "that it lies above 0 and is not “the same”.",
    ),
    WrongAnswer(
        "touching the margin",
        _with(judge=_touching),
        "The intervals are right. You say “the same” as soon as the interval touches the margin. It must lie within it "
        "on both sides.",
    ),
    WrongAnswer(
        "one win is enough",
        _with(held=_any_is_enough),
        "The verdicts are right. You let advice hold that wins against one other method. If another is better, it is "
        "refuted; if one is open, so is the advice.",
    ),
    WrongAnswer(
        "open before refuted",
        _with(held=_open_first),
        "The verdicts are right. Advice that is worse than one other method is refuted, whatever is open beside that.",
    ),
    WrongAnswer(
        "no harm is support",
        _with(held=_no_harm),
        "The verdicts are right. Where all methods are the same, you say that the advice holds. There it is 0.",
    ),
    WrongAnswer(
        "what is open is left out",
        _with(held=_open_is_fine),
        "The verdicts are right. You leave out what is open. One open comparison leaves the whole advice open.",
    ),
    WrongAnswer(
        "on average",
        _with(held=_on_average),
        "The verdicts are right, and your advice does not use them. It goes by the mean gap, in which weak rivals make "
        "up for strong ones.",
    ),
    WrongAnswer(
        "better than all",
        _with(held=_all_of_them),
        "The verdicts are right. You let advice hold only if it is better than all others. Some may be the same, if it "
        "is better than one.",
    ),
)

QUESTION = Question(
    id="13-reading",
    title="What may be concluded?",
    points=15,
    name="conclude",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the gaps", "the half-widths", "the verdicts", "the advice"),
    tolerance={"float64": 1e-9, "float32": 1e-5, "int64": 0.0},
)
