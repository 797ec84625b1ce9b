"""12-reading: a test for an illness, read where it shall be used, and for each group of people.

The chance of being ill after a "yes" is Bayes' rule. The interval of a share is Wilson's (1927, JASA 22, p. 209), that
of a difference of two shares is made of two of them (Newcombe 1998, Statistics in Medicine 17, "Interval estimation for
the difference between independent proportions", method 10). The verdicts are this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(prevalence, said, ill, group, z):
    return _with()(prevalence, said, ill, group, z)


def _found(said, ill):
    """Of the ill, who was told so; and of how many."""
    return said[ill == 1].mean(), (ill == 1).sum()


def _cleared(said, ill):
    return 1 - said[ill == 0].mean()


def _bayes(sensitivity, specificity, p):
    yes = sensitivity * p + (1 - specificity) * (1 - p)
    return sensitivity * p / yes


def _wilson(share, n, z):
    weight = z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(share * (1 - share) / n + weight / (4 * n))
    return middle - half, middle + half


def _newcombe(a, b, interval, z):
    """Where a - b may lie; a and b are (share, n)."""
    (la, ua), (lb, ub), gap = interval(*a, z), interval(*b, z), a[0] - b[0]
    return gap - np.hypot(a[0] - la, ub - b[0]), gap + np.hypot(ua - a[0], b[0] - lb)


def _excludes_zero(gap, low, high):
    return int(low > 0) - int(high < 0)


def _with(
    found=_found, cleared=_cleared, after_yes=_bayes, common=lambda prevalence, g, ill, group: prevalence[g],
    gap=lambda a, b: a - b, between=_newcombe, interval=_wilson, verdict=_excludes_zero,
    swap=lambda sensitivity, specificity: (sensitivity, specificity), beside=0,
):  # fmt: skip
    """The table with another share, another chance, interval or verdict."""

    def read(prevalence, said, ill, group, z):
        table = []
        people = [(said[group == g], ill[group == g]) for g in range(len(prevalence))]
        first = found(*people[beside])
        for g, (s, i) in enumerate(people):
            share, n = found(s, i)
            shown = swap(share, cleared(s, i))
            with np.errstate(all="ignore"):
                chance = after_yes(*shown, float(common(prevalence, g, i, group)))
            if g == beside:
                low = high = 0.0
            else:
                low, high = between((share, n), first, interval, z)
            apart = gap(share, first[0])
            table.append([*shown, chance, apart, low, high, verdict(apart, low, high)])
        return np.array(table, prevalence.dtype)

    return read


def draw(rng):
    yield _case(rng, "61 people, 3 groups", 61, 3)
    yield _case(rng, "151 people, 2 groups", 151, 2)
    yield _case(rng, "many people, groups that differ", 1009, 5, apart=0.35)
    yield _case(rng, "rare where it shall be used", 307, 3, rare=0.01)
    yield _case(rng, "one group", 43, 1)
    yield _case(rng, "few people", 11, 2)
    yield _case(rng, "a test that never says yes", 53, 2, always=0)
    yield _case(rng, "a test that always says yes", 53, 2, always=1)
    yield _case(rng, "a narrower interval", 211, 3, z=1.0)
    yield _case(rng, "float32", 83, 3, dtype=np.float32)


def _case(rng, name, N, G, apart=0.1, rare=None, always=None, z=1.96, dtype=np.float64):
    """Every group has ill and healthy people."""
    group = np.concatenate([np.tile(np.arange(G), 2), rng.integers(0, G, N - 2 * G)])
    ill = np.concatenate([np.zeros(G), np.ones(G), rng.random(N - 2 * G) < 0.45]).astype(np.int64)
    finds = 0.8 - apart * np.append(0.2, rng.permutation(np.linspace(-0.5, 1, G - 1)))
    said = (rng.random(N) < np.where(ill == 1, finds[group], 0.2)).astype(np.int64)
    if always is not None:
        said[:] = always
    order = rng.permutation(N)
    prevalence = rng.uniform(0.02, 0.3, G) if rare is None else rare * rng.uniform(0.5, 2, G)
    return Case(name, (prevalence.astype(dtype), said[order], ill[order], group[order], z))


def _told_yes(said, ill):
    """Of those told so, who is ill."""
    yes = said == 1
    return (ill[yes].mean() if yes.any() else np.nan), yes.sum()


def _right(said, ill):
    return (said == ill).mean(), len(ill)


def _wald(share, n, z):
    half = z * np.sqrt(share * (1 - share) / n)
    return share - half, share + half


def _ends_subtracted(a, b, interval, z):
    (la, ua), (lb, ub) = interval(*a, z), interval(*b, z)
    return la - ub, ua - lb


def _own_interval(a, b, interval, z):
    low, high = interval(*a, z)
    return low - b[0], high - b[0]


def _same_ends(a, b, interval, z):
    (la, ua), (lb, ub), gap = interval(*a, z), interval(*b, z), a[0] - b[0]
    return gap - np.hypot(a[0] - la, b[0] - lb), gap + np.hypot(ua - a[0], ub - b[0])


def _pooled(said, ill):
    return said[ill == 1].mean(), len(ill)


def only_the_first_prevalence(prevalence, said, ill, group, z):
    return reference(np.full_like(prevalence, prevalence[0]), said, ill, group, z)


def everyone_in_one_group(prevalence, said, ill, group, z):
    """The chance after a yes from everybody's sensitivity and specificity."""
    table = reference(prevalence, said, ill, group, z)
    with np.errstate(all="ignore"):
        table[:, 2] = _bayes(_found(said, ill)[0], _cleared(said, ill), prevalence.astype(float))
    return table


def gap_after_yes(prevalence, said, ill, group, z):
    table = reference(prevalence, said, ill, group, z)
    table[:, 3] = table[:, 2] - table[0, 2]
    return table


WRONG = (
    WrongAnswer(
        "sensitivity and specificity exchanged",
        _with(swap=lambda sensitivity, specificity: (specificity, sensitivity)),
        "You exchange sensitivity and specificity. The first is about the ill, the second about the healthy.",
    ),
    WrongAnswer(
        "the wrong way round",
        _with(found=_told_yes),
        "Your sensitivity is the share of those told “yes” who are ill. It is the share of the ill who are told “yes”.",
    ),
    WrongAnswer(
        "how often it is right",
        _with(found=_right),
        "Your sensitivity counts how often the test is right about anybody. It is about the ill alone.",
    ),
    WrongAnswer(
        "false alarms for specificity",
        _with(cleared=lambda said, ill: said[ill == 0].mean()),
        "Your specificity is the share of the healthy who are told “yes”. It is the share who are told “no”.",
    ),
    WrongAnswer(
        "as common as in the study",
        _with(common=lambda prevalence, g, ill, group: ill.mean()),
        "You compute the chance after a “yes” with the share of the ill in the study. Studies look for the ill; where "
        "the test is used they are rarer, and that share is in `prevalence`.",
    ),
    WrongAnswer(
        "equally common everywhere",
        only_the_first_prevalence,
        "You use the prevalence of group 0 for all groups. Each has its own.",
    ),
    WrongAnswer(
        "sensitivity for the chance",
        _with(after_yes=lambda sensitivity, specificity, p: sensitivity),
        "You take the sensitivity for the chance to be ill after a “yes”. That is the chance of a “yes” if one is ill.",
    ),
    WrongAnswer(
        "false alarms of everyone",
        _with(after_yes=lambda a, b, p: a * p / (a * p + 1 - b)),
        "You count false alarms as if everybody were healthy. Only the share 1 − prevalence is.",
    ),
    WrongAnswer(
        "the healthy cleared for false alarms",
        _with(after_yes=lambda a, b, p: a * p / (a * p + b * (1 - p))),
        "Below the line you add the healthy who are told “no”. Those told “yes” belong there: 1 − specificity.",
    ),
    WrongAnswer(
        "odds for the chance",
        _with(after_yes=lambda a, b, p: a * p / ((1 - b) * (1 - p))),
        "You return the odds, ill against healthy. Asked is a chance: ill among all who are told “yes”.",
    ),
    WrongAnswer(
        "the chance after a no",
        _with(after_yes=lambda a, b, p: b * (1 - p) / (b * (1 - p) + (1 - a) * p)),
        "You return how likely one is healthy after a “no”. Asked is how likely one is ill after a “yes”.",
    ),
    WrongAnswer(
        "nobody told yes, no chance",
        _with(after_yes=lambda a, b, p: np.nan_to_num(_bayes(a, b, p))),
        "Right, but for a test that never says “yes”: what such a word would mean is not 0, it is not known: NaN.",
    ),
    WrongAnswer(
        "everybody's test",
        everyone_in_one_group,
        "Your chance after a “yes” uses the sensitivity and specificity of everybody. The test may find less in some "
        "groups: use those of the group.",
    ),
    WrongAnswer(
        "gap the wrong way round",
        _with(gap=lambda a, b: b - a),
        "Your gap is group 0 minus the group. It is the group minus group 0: below 0 if fewer of its ill are found.",
    ),
    WrongAnswer(
        "gap of what a yes means",
        gap_after_yes,
        "Your gap compares what a “yes” means. That depends on how common the illness is. Asked is the gap of the "
        "sensitivities: whose illness is overlooked?",
    ),
    WrongAnswer(
        "beside the last group",
        _with(beside=-1),
        "You compare with the last group. It is group 0.",
    ),
    WrongAnswer(
        "counted with the healthy",
        _with(found=_pooled),
        "Your intervals count everyone in the group. Sensitivity was measured on the ill alone, and they are fewer.",
    ),
    WrongAnswer(
        "the interval of a normal distribution",
        _with(interval=_wald),
        "The intervals of the two shares are share ± z √(s (1 − s) / n). Near 0 and 1 that is far too narrow; take "
        "Wilson's.",
    ),
    WrongAnswer(
        "half an interval of each",
        _with(between=_ends_subtracted),
        "You subtract the ends of two intervals from each other, as if both shares were wrong as far as possible, each "
        "to its own side. Add the squares of the distances and take the root.",
    ),
    WrongAnswer(
        "group 0 taken as certain",
        _with(between=_own_interval),
        "You take the share of group 0 as certain. It has been measured, too, and its uncertainty adds to the gap's.",
    ),
    WrongAnswer(
        "ends of the same side",
        _with(between=_same_ends),
        "You join lower distances with lower ones. The gap is smallest if the group is lower and group 0 higher: lower "
        "with upper.",
    ),
    WrongAnswer(
        "a larger gap is a verdict",
        _with(verdict=lambda gap, low, high: int(gap > 0) - int(gap < 0)),
        "Your verdict is the sign of the gap. A gap may be chance: the whole interval has to lie on one side of 0.",
    ),
    WrongAnswer(
        "verdict the wrong way round",
        _with(verdict=lambda gap, low, high: int(high < 0) - int(low > 0)),
        "Your verdicts have the opposite sign: 1 if more of the group's ill are found, −1 if fewer are.",
    ),
    WrongAnswer(
        "a verdict where it is not sure",
        _with(verdict=lambda gap, low, high: int(low <= 0 <= high)),
        "Your verdict is 1 where 0 lies inside the interval. That is where nothing can be said: 0.",
    ),
)

QUESTION = Question(
    id="12-reading",
    title="A test where it shall be used",
    points=15,
    name="read_screening",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
