"""13-noise: until when a fusion pays, as one of its modalities gets worse."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(levels, scores, chance):
    return _with()(levels, scores, chance)


def _trapezoids(levels, y):
    return ((y[1:] + y[:-1]) / 2 * np.diff(levels)).sum()


def _of_the_clean_lead(area, levels, y, chance):
    return area / ((levels[-1] - levels[0]) * y[0])


def _above_chance(y, chance):
    return y - chance


def _useless(y):
    return y[0] <= 0


def _line_meets_zero(levels, lead, i):
    """Between i, where the lead is above 0, and i + 1, where it is not; or the other way round."""
    return levels[i] + (levels[i + 1] - levels[i]) * lead[i] / (lead[i] - lead[i + 1])


def _first_end(levels, lead, where=_line_meets_zero):
    if lead[0] <= 0:
        return levels[0]
    behind = np.flatnonzero(lead <= 0)
    return where(levels, lead, behind[0] - 1) if len(behind) else np.inf


def _time_ahead(levels, lead):
    """The share of the range over which the straight lines run above 0."""
    top, bottom = np.maximum(lead[1:], lead[:-1]), np.minimum(lead[1:], lead[:-1])
    part = np.where(bottom >= 0, top > 0, top / np.where(top > bottom, top - bottom, 1))
    return (np.where(top > 0, part, 0) * np.diff(levels)).sum() / (levels[-1] - levels[0])


def _rival(scores):
    return scores[:, :1]


def _with(
    area=_trapezoids, share=_of_the_clean_lead, above=_above_chance, useless=_useless, end=_first_end,
    ahead=_time_ahead, rival=_rival, axis=lambda levels: levels,
):  # fmt: skip
    """What is kept, where the lead ends, and for how long there is one, by another rule."""

    def last(levels, scores, chance):
        x, s = axis(levels.astype(float)), scores.astype(float)
        leads = s - rival(s)
        with np.errstate(all="ignore"):
            kept = []
            for y in above(s, chance).T:
                kept.append(0.0 if useless(y) else share(area(x, y), x, y, chance))
            ends = [end(x, lead) for lead in leads.T]
            time = [ahead(x, lead) for lead in leads.T]
        return tuple(np.array(part, scores.dtype) for part in (kept, ends, time))

    return last


def draw(rng):
    yield _case(rng, "7 levels, 5 methods", 7, 5)
    yield _case(rng, "13 levels, 3 methods", 13, 3)
    yield _case(rng, "levels that double", 7, 5, doubling=True)
    yield _case(rng, "a lead that is lost and won again", 11, 5, waves=True)
    yield _case(rng, "never behind", 5, 3, lead=0.9)
    yield _case(rng, "never ahead", 5, 3, lead=-0.9)
    yield _case(rng, "level on a level", 7, 5, touch=True)
    yield _case(rng, "no better than chance at first", 5, 7, chance=0.55, lead=-0.2)
    yield _case(rng, "two levels", 2, 5)
    yield _case(rng, "the rival alone", 5, 1)
    yield _case(rng, "float32", 7, 5, dtype=np.float32)


def _case(rng, name, L, M, doubling=False, waves=False, lead=0.15, touch=False, chance=0.1, dtype=np.float64):
    """Method 0 does without the modality that gets worse, so it falls slowly."""
    levels = 0.5 * 2.0 ** np.arange(L) if doubling else 0.25 + np.cumsum(rng.uniform(0.2, 1.5, L))
    x = (levels - levels[0]) / (levels[-1] - levels[0])
    fall = np.concatenate([[0.05], rng.uniform(0.2, 0.5, M - 1)])
    start = 0.6 + np.concatenate([[0.0], rng.uniform(0.5, 1.0, M - 1) * lead])
    scores = start - fall * x[:, None] ** rng.uniform(0.7, 1.6, M) + 0.01 * rng.standard_normal((L, M))
    if waves:
        scores[:, 1:] += 0.25 * np.sin(9 * x[:, None] + rng.uniform(1, 2, M - 1))
        scores[:3, -1] = scores[:3, 0] + (-0.1, 0.02, 0.1)  # behind at first
        scores[-1, 1] = chance - 0.1
    if lead > 0.5 or lead < -0.5:
        scores[:, 1:] = scores[:, :1] + lead * rng.uniform(0.2, 0.3, (L, M - 1))
    if touch:  # exactly level at one point, ahead again behind it; and a twin of the rival
        scores[3, 1:] = scores[3, :1]
        scores[4, 1:] = scores[4, :1] + 0.1
        scores[:3, 1] = scores[:3, 0] + 0.1
        scores[:, 2] = scores[:, 0]
    return Case(name, (levels.astype(dtype), scores.astype(dtype), chance))


def _all_levels_alike(levels, y):
    return y.mean() * (levels[-1] - levels[0])


def _unit(area, levels, y, chance):
    return area / ((levels[-1] - levels[0]) * (1 - chance))


def _from_zero(area, levels, y, chance):
    return area / (levels[-1] * y[0])


def _last_ahead(levels, lead, i):
    return levels[i]


def _first_behind(levels, lead, i):
    return levels[i + 1]


def _last_end(levels, lead):
    if lead[0] <= 0:
        return levels[0]
    lost = np.flatnonzero((lead[:-1] > 0) & (lead[1:] <= 0))
    return _line_meets_zero(levels, lead, lost[-1]) if len(lost) else np.inf


def _strictly_behind(levels, lead):
    """Drawing level is not yet an end."""
    if lead[0] < 0 or not lead.any():
        return levels[0]
    behind = np.flatnonzero(lead < 0)
    return _line_meets_zero(levels, lead, behind[0] - 1) if len(behind) else np.inf


def _last_level_for_never(levels, lead):
    return min(_first_end(levels, lead), levels[-1])


def _never_began(levels, lead):
    return _first_end(levels, lead) if lead[0] > 0 else np.inf


def _any_crossing(levels, lead):
    if lead[0] > 0:
        return _first_end(levels, lead)
    won = np.flatnonzero((lead[:-1] <= 0) & (lead[1:] > 0))
    return _line_meets_zero(levels, lead, won[0]) if len(won) else levels[0]


def _levels_ahead(levels, lead):
    return (lead > 0).mean()


def _until_the_end(levels, lead):
    return (min(_first_end(levels, lead), levels[-1]) - levels[0]) / (levels[-1] - levels[0])


def _steps_begun(levels, lead):
    return np.diff(levels)[lead[:-1] > 0].sum() / (levels[-1] - levels[0])


def _ahead_or_level(levels, lead):
    still = (lead[1:] == 0) & (lead[:-1] == 0)
    return _time_ahead(levels, lead) + np.diff(levels)[still].sum() / (levels[-1] - levels[0])


def _length_ahead(levels, lead):
    return _time_ahead(levels, lead) * (levels[-1] - levels[0])


def _best_other(scores):
    others = [np.delete(scores, m, 1).max(1) if scores.shape[1] > 1 else scores[:, m] for m in range(scores.shape[1])]
    return np.stack(others, 1)


WRONG = (
    WrongAnswer(
        "all levels alike",
        _with(area=_all_levels_alike),
        "You take the mean over the levels. They do not lie equally far apart: a wide step counts for more, so take "
        "the area under the lines.",
    ),
    WrongAnswer(
        "chance counts as something",
        _with(above=lambda s, chance: s),
        "You take the area from 0 up. What guessing gets is no merit: only what lies above chance counts.",
    ),
    WrongAnswer(
        "cut off at chance",
        _with(above=lambda s, chance: np.maximum(s - chance, 0)),
        "You cut off what falls below chance. A method that does worse than guessing loses by that.",
    ),
    WrongAnswer(
        "against a perfect score",
        _with(share=_unit),
        "You divide by what a perfect method would keep. Each method is compared with itself at the first level.",
    ),
    WrongAnswer(
        "the range from 0",
        _with(share=_from_zero),
        "You divide by the last level. The range begins at the first one, which need not be 0.",
    ),
    WrongAnswer(
        "an area for a share",
        _with(share=lambda a, x, y, chance: a / y[0]),
        "You do not divide by the range of the levels, so more levels keep more. 1 means that nothing was lost.",
    ),
    WrongAnswer(
        "an area that is not compared",
        _with(share=lambda a, x, y, chance: a / (x[-1] - x[0])),
        "You return the mean above chance. Asked is which share of the clean score above chance that is.",
    ),
    WrongAnswer(
        "nothing to be kept",
        _with(useless=lambda y: False),
        "All right but for methods that are no better than chance at first: they have nothing to keep, and get 0.",
    ),
    WrongAnswer(
        "the last level ahead",
        _with(end=lambda x, lead: _first_end(x, lead, _last_ahead)),
        "Your ends are the last levels at which the method was ahead. The lines cross somewhere behind that.",
    ),
    WrongAnswer(
        "the first level behind",
        _with(end=lambda x, lead: _first_end(x, lead, _first_behind)),
        "Your ends are the first levels at which the method is not ahead any more. The lines crossed before that.",
    ),
    WrongAnswer(
        "the last end",
        _with(end=_last_end),
        "You take the last crossing. A lead that was lost and won again is not to be relied on: the first one counts.",
    ),
    WrongAnswer(
        "drawing level is no end",
        _with(end=_strictly_behind),
        "You wait until the method falls behind. A lead ends where it is 0, also if it comes back.",
    ),
    WrongAnswer(
        "never is at the last level",
        _with(end=_last_level_for_never),
        "A lead that is never lost ends at the last level for you. Nobody has seen an end: say ∞.",
    ),
    WrongAnswer(
        "no lead that could end",
        _with(end=_never_began),
        "You say ∞ where a method was not ahead at the first level. There was no lead: it ends at the first level.",
    ),
    WrongAnswer(
        "where it wins",
        _with(end=_any_crossing),
        "You take the first crossing, also where the method gets ahead. Asked is the end of a lead that was there at "
        "the first level.",
    ),
    WrongAnswer(
        "levels ahead",
        _with(ahead=_levels_ahead),
        "You count the levels at which the method is ahead. They do not lie equally far apart: measure lengths.",
    ),
    WrongAnswer(
        "ahead until the first end",
        _with(ahead=_until_the_end),
        "Your share stops at the first end. A lead that is won later counts here as well.",
    ),
    WrongAnswer(
        "ahead or level",
        _with(ahead=_ahead_or_level),
        "You count where the method only draws level. A twin of the rival is never ahead.",
    ),
    WrongAnswer(
        "against the best of the others",
        _with(rival=_best_other),
        "You compare with the best of all others. The rival is method 0, which does without the noisy modality.",
    ),
)

QUESTION = Question(
    id="13-noise",
    title="Good until when?",
    points=10,
    name="where_it_ends",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("what is kept", "the ends", "the time ahead"),
    tolerance={"float64": 1e-9, "float32": 1e-4},
)
