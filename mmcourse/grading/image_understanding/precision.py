"""08-precision: which boxes are right by the rules of PASCAL VOC, and the precision at eleven recalls.

Everingham et al. 2010 (IJCV 88, p. 303, section 4.2) and the evaluation code of that challenge: a box belongs to the
thing that it overlaps with most, even if another box has claimed it; things marked as difficult count for nobody.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer

RECALLS = np.linspace(0, 1, 11)


def reference(scores, overlaps, difficult, threshold):
    return _with()(scores, overlaps, difficult, threshold)


def _surest_first(scores):
    return np.argsort(-scores, kind="stable")


def _most_overlapping(overlaps, claimed, difficult, threshold):
    """The index of the thing that a box belongs to."""
    return int(overlaps.argmax())


def _enough(overlap, threshold):
    return overlap >= threshold


def _not_counted(difficult):
    return ~difficult


def _left_out(right):
    """right (D,), NaN for what counts for nobody: the others alone."""
    return right[~np.isnan(right)]


def _best_from_here_on(precision, recall):
    return np.array([precision[recall >= r].max(initial=0) for r in RECALLS])


def _of_boxes_and_things(right, total):
    hits = right.cumsum()
    return hits / np.arange(1, len(right) + 1), hits / total


def _with(
    order=_surest_first, belongs=_most_overlapping, enough=_enough, again=0.0, hard=np.nan,
    counted=_not_counted, listed=_left_out, read=_best_from_here_on, measure=_of_boxes_and_things,
    told=lambda verdicts, order: verdicts,
):  # fmt: skip
    """Verdicts and precisions by other rules. again: the verdict of a second box on one thing.

    hard: that of a box on a difficult thing; None: as on any other.
    """

    def eleven(scores, overlaps, difficult, threshold):
        verdicts, claimed = np.zeros(len(scores)), np.zeros(len(difficult), bool)
        for d in order(scores):
            thing = belongs(overlaps[d], claimed, difficult, threshold)
            if enough(overlaps[d, thing], threshold):
                if difficult[thing] and hard is not None:
                    verdicts[d] = hard
                else:
                    verdicts[d] = again if claimed[thing] else 1
                claimed[thing] = True
        right = listed(verdicts[order(scores)])
        precisions = read(*measure(right, counted(difficult).sum()))
        return told(verdicts, order(scores)).astype(scores.dtype), precisions.astype(scores.dtype)

    return eleven


def draw(rng):
    yield _case(rng, "17 boxes, 7 things", 17, 7, 2)
    yield _case(rng, "no difficult things", 13, 3, 0)
    yield _case(rng, "one thing, many boxes", 11, 1, 0)
    yield _case(rng, "as many boxes as things", 11, 7, 4)
    yield _case(rng, "equal scores", 23, 7, 3, decimals=1)
    yield _case(rng, "overlaps that equal the threshold", 17, 7, 2, exact=True)
    yield _case(rng, "a high threshold", 29, 11, 3, threshold=0.75, beside=True)
    yield _case(rng, "nothing found", 7, 3, 1, threshold=1.0)
    yield _case(rng, "no box", 0, 3, 2)
    yield _case(rng, "all found before the first mistake", 7, 3, 1, perfect=True)
    yield _case(rng, "a hundred boxes", 101, 13, 4, decimals=2)
    yield _case(rng, "float32", 29, 7, 2, dtype=np.float32)


def _case(
    rng, name, D, easy, hard, threshold=0.5, decimals=9, exact=False, perfect=False, beside=False, dtype=np.float64
):  # fmt: skip
    """easy and hard: things that count and those that are difficult. No easy count makes a recall of 0.1, 0.2, ..."""
    G = easy + hard
    overlaps = rng.uniform(0, 0.3, (D, G)) * (rng.random((D, G)) < 0.5)
    for d in range(D):
        first, second = rng.integers(0, G, 2)
        overlaps[d, second] = rng.uniform(0.3, 0.95)
        overlaps[d, first] = max(rng.uniform(0.2, 0.99), overlaps[d, first])
    scores, difficult = rng.random(D) + 0.3 * (overlaps.max(1, initial=0) > 0.5), rng.permutation(G) >= easy
    if decimals == 1:  # two of one score on one thing, the surest of all
        overlaps[:2] = 0.9 * (np.arange(G) == np.flatnonzero(~difficult)[0])
        scores[:2] = 1.5
    if exact:
        scores[0] = 2
        overlaps[::3, 0] = threshold
        overlaps[::3, 1:] = np.minimum(overlaps[::3, 1:], 0.4)
        difficult[0], difficult[1:] = False, rng.permutation(G - 1) >= easy - 1
    if beside:  # the surest box lies on a difficult thing, and nearly as well on another
        overlaps[0] = 0.9 * (np.arange(G) == difficult.argmax()) + 0.8 * (np.arange(G) == difficult.argmin())
        scores[0] = 2
    if perfect:
        overlaps[:easy] = 0.9 * np.eye(G)[np.flatnonzero(~difficult)]
        scores[:easy] += 2
    arrays = np.round(scores, decimals).astype(dtype), np.round(overlaps, 9).astype(dtype)
    return Case(name, (*arrays, difficult, threshold))


def _most_overlapping_of_the_free(overlaps, claimed, difficult, threshold):
    return int(np.where(claimed & ~difficult, -1, overlaps).argmax())


def _first_that_overlaps_enough(overlaps, claimed, difficult, threshold):
    return int((overlaps >= threshold).argmax())


def _easy_ones_first(overlaps, claimed, difficult, threshold):
    """A difficult thing only where no other overlaps enough."""
    easy = np.where(difficult, -1, overlaps)
    return int(easy.argmax() if easy.max() >= threshold else overlaps.argmax())


def without_the_difficult(scores, overlaps, difficult, threshold):
    return reference(scores, overlaps[:, ~difficult], difficult[~difficult], threshold)


def things_choose(scores, overlaps, difficult, threshold):
    """Each thing takes the box that overlaps with it most."""
    belongs = overlaps.argmax(1) if len(overlaps) else np.zeros(0, int)
    verdicts = np.zeros(len(scores))
    for g in range(len(difficult)):
        mine = np.flatnonzero((belongs == g) & (overlaps[:, g] >= threshold))
        verdicts[mine] = np.nan if difficult[g] else 0
        if len(mine) and not difficult[g]:
            verdicts[mine[overlaps[mine, g].argmax()]] = 1
    right = _left_out(verdicts[_surest_first(scores)])
    precisions = _best_from_here_on(*_of_boxes_and_things(right, (~difficult).sum()))
    return verdicts.astype(scores.dtype), precisions.astype(scores.dtype)


def _first_that_reaches(precision, recall):
    return np.array([precision[recall >= r][:1].sum() for r in RECALLS])


def _best_so_far(precision, recall):
    return np.array([precision[: np.argmax(recall >= r) + 1].max() if (recall >= r).any() else 0 for r in RECALLS])


def _at_last(precision, recall):
    last = precision[-1] if len(precision) else 0
    return np.array([precision[recall >= r].max() if (recall >= r).any() else last for r in RECALLS])


def _of_what_was_found(right, total):
    hits = right.cumsum()
    return hits / np.arange(1, len(right) + 1), hits / max(right.sum(), 1)


def _certain_at_first(precision, recall):
    return np.concatenate([[1.0], _best_from_here_on(precision, recall)[1:]])


WRONG = (
    WrongAnswer(
        "the next thing if the best is taken",
        _with(belongs=_most_overlapping_of_the_free),
        "If another box has claimed a thing you look for a free one, as COCO does. By these rules a box belongs to "
        "the thing that it overlaps with most, and comes too late.",
    ),
    WrongAnswer(
        "any thing that overlaps enough",
        _with(belongs=_first_that_overlaps_enough),
        "You take the first thing that overlaps enough. The box belongs to the one that it overlaps with most.",
    ),
    WrongAnswer(
        "things choose",
        things_choose,
        "You let each thing take the box that fits it best. The surest box has the first claim, even if a later one "
        "fits better.",
    ),
    WrongAnswer(
        "claimed again and again",
        _with(again=1.0),
        "You count every box on a thing as right. One is; the others find nothing new.",
    ),
    WrongAnswer(
        "a second box forgiven",
        _with(again=np.nan),
        "You leave out further boxes on a thing that is claimed. They are wrong: finding one thing twice is a mistake.",
    ),
    WrongAnswer(
        "difficult ones count as mistakes",
        _with(hard=0.0),
        "A box on a difficult thing is wrong for you. It counts for nobody: its verdict is NaN, and precision passes "
        "over it.",
    ),
    WrongAnswer(
        "difficult ones like the others",
        _with(hard=None, counted=np.ones_like),
        "You treat difficult things like all others. They are not asked for: a box on one is neither right nor wrong.",
    ),
    WrongAnswer(
        "difficult ones asked for",
        _with(counted=np.ones_like),
        "You count the difficult things among those to be found. Recall is the share of the others.",
    ),
    WrongAnswer(
        "difficult ones crossed out",
        without_the_difficult,
        "You cross out the difficult things beforehand. The boxes on them then look wrong, or go to a neighbour.",
    ),
    WrongAnswer(
        "difficult ones last",
        _with(belongs=_easy_ones_first),
        "You prefer a thing that counts to a difficult one with a larger overlap. The largest overlap decides, and "
        "only then you ask what it is.",
    ),
    WrongAnswer(
        "more than the threshold",
        _with(enough=lambda overlap, threshold: overlap > threshold),
        "An overlap that equals the threshold is enough. You ask for more.",
    ),
    WrongAnswer(
        "the least sure first",
        _with(order=lambda scores: np.argsort(scores, kind="stable")),
        "You begin with the lowest score. The surest box has the first claim.",
    ),
    WrongAnswer(
        "the last of equals first",
        _with(order=lambda scores: np.argsort(scores, kind="stable")[::-1]),
        "You turn a rising order round, and among equal scores the last comes first. Sort the negative scores, and "
        "keep equals in their order.",
    ),
    WrongAnswer(
        "verdicts in the order of the scores",
        _with(told=lambda verdicts, order: verdicts[order]),
        "The precisions are right. You return the verdicts in the order of the scores; asked are those of the boxes "
        "as they came.",
    ),
    WrongAnswer(
        "precision as it is",
        _with(read=_first_that_reaches),
        "The verdicts are right. You read off the precision where a recall is first reached. Take the best at this "
        "recall or a higher one.",
    ),
    WrongAnswer(
        "the best so far",
        _with(read=_best_so_far),
        "The verdicts are right. You take the best precision up to a recall. Look the other way: from this recall on.",
    ),
    WrongAnswer(
        "what was never reached",
        _with(read=_at_last),
        "The verdicts are right. For recalls that are never reached you go on with the last precision. It is 0 there.",
    ),
    WrongAnswer(
        "certain at first",
        _with(read=_certain_at_first),
        "The verdicts are right. Your precision at recall 0 is 1 without a look. It is the best of all, which need "
        "not be 1.",
    ),
    WrongAnswer(
        "recall of what was found",
        _with(measure=_of_what_was_found),
        "The verdicts are right. Your recall is the share of the right boxes, so it always ends at 1. Divide by the "
        "things that there are to be found.",
    ),
    WrongAnswer(
        "what counts for nobody counted",
        _with(listed=np.nan_to_num),
        "The verdicts are right. Boxes with NaN still fill a place in your list, and precision falls at them. Take "
        "them out first.",
    ),
)

QUESTION = Question(
    id="08-precision",
    title="Eleven precisions, and things too difficult to count",
    points=10,
    name="eleven_precisions",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the verdicts", "the precisions"),
)
