"""07-reading: does a model see order, number and relation? From its scores of right captions and of swapped ones.

Whether an image prefers its caption to one with swapped words, as in Yuksekgonul et al. 2023 (arXiv:2210.01936) and
Thrush et al. 2022 (Winoground, arXiv:2204.03162); the interval is Wilson's (1927, JASA 22, p. 209). The verdicts are
this question's own.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(right, swapped, kind, z):
    return _with()(right, swapped, kind, z)


def _beats_all(right, others):
    """(N,) of right (N,) and others (N, J), in which NaN stands for a caption that does not exist."""
    return ~(others >= right[:, None]).any(1)


def _asked(others):
    return ~np.isnan(others).all(1)


def _share(won, others):
    """The share of images that win, and of how many."""
    asked = _asked(others)
    return won[asked].mean(), asked.sum()


def _wilson(share, n, z):
    weight = z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * np.sqrt(share * (1 - share) / n + weight / (4 * n))
    return middle - half, middle + half


def _chance(others):
    return (1 / (1 + _count(others))).mean()


def _count(others):
    """How many swapped captions each image has, of those that have any."""
    return (~np.isnan(others)).sum(1)[_asked(others)]


def _verdict(share, low, high, chance):
    return int(low > chance) - int(high < chance)


def _with(won=_beats_all, share=_share, interval=_wilson, chance=_chance, verdict=_verdict):
    """The table with one of its columns made another way."""

    def read(right, swapped, kind, z):
        table = []
        for k in range(kind.max() + 1):
            others = swapped[:, kind == k]
            s, n = share(won(right, others), others)
            numbers = s, *interval(s, n, z), chance(others)
            table.append([*numbers, verdict(*numbers)])
        return np.array(table, right.dtype)

    return read


def draw(rng):
    yield _case(rng, "43 images, 3 kinds of swaps", 43, (0, 1, 1, 2, 2, 2), (0.9, 0.0, -0.8))
    yield _case(rng, "kinds in any order", 59, (2, 0, 3, 1, 0, 2, 2), (0.0, 0.8, -0.7, 0.4))
    yield _case(rng, "one swap of each kind", 31, (0, 1, 2, 3, 4), (0.5, -0.5, 0.0, 1.0, 0.2))
    yield _case(rng, "captions that do not exist", 61, (0, 0, 1, 1, 1, 2), (0.7, 0.0, -0.7), missing=0.4)
    yield _case(rng, "many ties", 53, (0, 1, 1, 2), (0.5, 0.1, -0.5), decimals=0, missing=0.2)
    yield _case(rng, "a model that gives every caption the same score", 23, (0, 1, 1), (0.0, 0.0), decimals=-9)
    yield _case(rng, "few images", 5, (0, 0, 1), (3.0, -3.0))
    yield _case(rng, "always right, always wrong", 37, (0, 1), (30.0, -30.0))
    yield _case(rng, "one kind, a narrow interval", 997, (0, 0), (0.2,), z=1.0, missing=0.1)
    yield _case(rng, "float32", 47, (0, 1, 1, 0), (0.6, -0.4), missing=0.3, dtype=np.float32)


def _case(rng, name, N, kind, ahead, missing=0.0, decimals=9, z=1.96, dtype=np.float64):
    """ahead: by how much right captions lie above swapped ones, for each kind. missing: the share of NaN."""
    kind, ahead = np.array(kind), np.array(ahead)
    right = np.round(rng.standard_normal(N), decimals)
    swapped = np.round(0.5 * right[:, None] + rng.standard_normal((N, len(kind))) - ahead[kind], decimals)
    gone = rng.random(swapped.shape) < missing
    gone[0] = False  # some image has every kind
    swapped[gone] = np.nan
    return Case(name, (right.astype(dtype), swapped.astype(dtype), kind, z))


def _ties_won(right, others):
    return ~(others > right[:, None]).any(1)


def _ties_halved(right, others):
    return (_beats_all(right, others) + 1.0 * _ties_won(right, others)) / 2


def _beats_one(right, others):
    return (others < right[:, None]).any(1)


def _beats_the_mean(right, others):
    return right > np.nansum(others, 1) / np.maximum((~np.isnan(others)).sum(1), 1)


def _missing_lost(right, others):
    return (others < right[:, None]).all(1)


def _captions_beaten(won, others, right):
    there = ~np.isnan(others)
    return (others < right[:, None])[there].mean(), there.sum()


def captions_counted(right, swapped, kind, z):
    """Every swapped caption is a trial of its own."""
    return _with(share=lambda won, others: _captions_beaten(won, others, right))(right, swapped, kind, z)


def captions_in_the_interval(right, swapped, kind, z):
    """The share of images, with an interval as if each caption were a trial."""

    def share(won, others):
        return _share(won, others)[0], (~np.isnan(others)).sum()

    return _with(share=share)(right, swapped, kind, z)


def against_all_kinds(right, swapped, kind, z):
    won = _beats_all(right, swapped)
    return _with(won=lambda right, others: won)(right, swapped, kind, z)


def columns_exchanged(right, swapped, kind, z):
    return reference(right, swapped, kind, z)[:, [0, 2, 1, 3, 4]]


def _wald(share, n, z):
    half = z * np.sqrt(share * (1 - share) / n)
    return share - half, share + half


def _around_the_share(share, n, z):
    low, high = _wilson(share, n, z)
    return share - (high - low) / 2, share + (high - low) / 2


def _half(others):
    return 0.5


def _by_columns(others):
    return 1 / (1 + others.shape[1])


def _by_the_mean(others):
    return 1 / (1 + _count(others).mean())


WRONG = (
    WrongAnswer(
        "ties won",
        _with(won=_ties_won),
        "You count a tie as won. A model that gives every caption the same score sees nothing, and would win every "
        "time: the right caption has to lie strictly above.",
    ),
    WrongAnswer(
        "ties halved",
        _with(won=_ties_halved),
        "You count a tie as half a win. Here a tie is lost: the right caption has to lie strictly above.",
    ),
    WrongAnswer(
        "one beaten is enough",
        _with(won=_beats_one),
        "An image wins for you as soon as its caption beats one swapped caption of the kind. It has to beat them all.",
    ),
    WrongAnswer(
        "their mean beaten",
        _with(won=_beats_the_mean),
        "You compare with the mean of the swapped captions. In a search the best of them would be shown: the right one "
        "has to beat them all.",
    ),
    WrongAnswer(
        "captions counted",
        captions_counted,
        "You count swapped captions that are beaten. Those of one image are not independent trials: the image is one "
        "trial, won or lost.",
    ),
    WrongAnswer(
        "captions in the interval",
        captions_in_the_interval,
        "Your interval takes every swapped caption for a trial, and is too narrow. An image is one trial, however many "
        "captions it has.",
    ),
    WrongAnswer(
        "all kinds together",
        against_all_kinds,
        "You let the right caption beat the swapped ones of all kinds at once. Each row is about one kind.",
    ),
    WrongAnswer(
        "what is missing is lost",
        _with(won=_missing_lost),
        "You count an image as lost where one of its captions does not exist: a comparison with NaN is always False. "
        "It has to beat those that exist.",
    ),
    WrongAnswer(
        "nothing asked, and won",
        _with(share=lambda won, others: (won.mean(), len(won))),
        "You count all images in each row. One without a single swapped caption of this kind was asked nothing, and is "
        "left out.",
    ),
    WrongAnswer(
        "nothing asked, and lost",
        _with(share=lambda won, others: (won[_asked(others)].sum() / len(won), len(won))),
        "You divide by the number of all images. One without a single swapped caption of this kind was asked nothing, "
        "and is left out.",
    ),
    WrongAnswer(
        "the simple interval",
        _with(interval=_wald),
        "Your interval is share ± z √(share (1 − share) / n). It has no width at all where every image is won: use the "
        "one given, Wilson's.",
    ),
    WrongAnswer(
        "around the share",
        _with(interval=_around_the_share),
        "Your interval is as wide as it should be, and lies around the share. Wilson's middle is drawn towards ½, the "
        "more the fewer images there are.",
    ),
    WrongAnswer(
        "chance is one half",
        _with(chance=_half),
        "You take ½ for chance. Whoever guesses among J swapped captions and the right one is right once in J + 1 "
        "times.",
    ),
    WrongAnswer(
        "chance by the columns",
        _with(chance=_by_columns),
        "Your chance counts columns of the kind. An image has only those that exist, and guesses among fewer.",
    ),
    WrongAnswer(
        "chance of the mean number",
        _with(chance=_by_the_mean),
        "You average the numbers of captions first and take chance from that. Each image has a chance of its own; "
        "average those.",
    ),
    WrongAnswer(
        "verdict by the share alone",
        _with(verdict=lambda share, low, high, chance: int(share > chance) - int(share < chance)),
        "The numbers are right. Your verdict compares the share with chance, and luck decides: the whole interval has "
        "to lie on one side.",
    ),
    WrongAnswer(
        "verdict against one half",
        _with(verdict=lambda share, low, high, chance: int(low > 0.5) - int(high < 0.5)),
        "The numbers are right. Your verdict compares the interval with ½. Compare it with the chance of its row.",
    ),
    WrongAnswer(
        "below chance not told",
        _with(verdict=lambda share, low, high, chance: int(low > chance)),
        "The numbers are right. You say 0 where the interval lies below chance. To be wrong so reliably takes "
        "knowledge too: that is a −1.",
    ),
    WrongAnswer(
        "the ends exchanged",
        columns_exchanged,
        "The ends of your intervals have changed places: first the lower one.",
    ),
)

QUESTION = Question(
    id="07-reading",
    title="Does it read the order of the words?",
    points=15,
    name="read_swaps",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the table",),
)
