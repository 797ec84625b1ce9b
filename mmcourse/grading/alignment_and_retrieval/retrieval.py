"""07-retrieval: from texts to images, with several right images and ties that count against the model.

Average precision as in Manning, Raghavan & Schütze 2008, Introduction to Information Retrieval, section 8.4. That wrong
images stand before right ones of the same score is this course's rule.
"""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(scores, right, ks):
    return _with()(scores, right, ks)


def _wrong_ones_first(scores, right):
    """For each text the images from best to worst: whether each is right, (N, K)."""
    order = np.lexsort((right, -scores), axis=0)
    return np.take_along_axis(right, order, 0)


def _any_of_the_first(found, k):
    return found[:k].any(0)


def _average_precision(found):
    places = np.arange(1, len(found) + 1)[:, None]
    return (found * found.cumsum(0) / places).sum(0) / np.maximum(found.sum(0), 1)


def _left_out(recalled, precision, asked):
    return recalled[:, asked].mean(1), np.where(asked, precision, np.nan)


def _counted_as_misses(recalled, precision, asked):
    return recalled.mean(1), np.where(asked, precision, 0)


def _with(
    order=_wrong_ones_first, recall=_any_of_the_first, precision=_average_precision, unasked=_left_out,
    choose=lambda right: right,
):  # fmt: skip
    """Recall and precision with another order, other measures, or another rule for texts without an answer."""

    def search(scores, right, ks):
        right = choose(right)
        found = order(scores, right)
        recalled = np.stack([recall(found, k) for k in ks])  # (M, K)
        return tuple(x.astype(scores.dtype) for x in unasked(recalled, precision(found), right.any(0)))

    return search


def draw(rng):
    yield _case(rng, "11 images, 7 texts", 11, 7, (1, 3, 5))
    yield _case(rng, "many ties", 13, 17, (1, 2, 5), decimals=0)
    yield _case(rng, "as many images as texts", 7, 7, (2, 1, 5))
    yield _case(rng, "one right image for each text", 11, 13, (1, 5), count=1)
    yield _case(rng, "all images score the same", 7, 5, (1, 3, 7), decimals=-9)
    yield _case(rng, "texts without a right image", 7, 11, (1, 2, 3), decimals=0, empty=True)
    yield _case(rng, "every image is right", 5, 3, (1, 2), decimals=0, count=5)
    yield _case(rng, "one image", 1, 3, (1,), count=1)
    yield _case(rng, "more asked for than there are images", 5, 7, (1, 4, 10))
    yield _case(rng, "a hundred images", 101, 23, (1, 5, 10, 50), decimals=1)
    yield _case(rng, "float32", 11, 17, (1, 3, 5), decimals=1, dtype=np.float32)


def _case(rng, name, N, K, ks, decimals=9, count=None, empty=False, dtype=np.float64):
    """decimals: of the scores; few of them make ties. count: right images of each text; None: one to four."""
    counts = np.full(K, count) if count else rng.integers(1, min(5, N), K)
    right = rng.permuted(np.arange(N)[:, None] < counts, axis=0)
    scores = np.round(rng.standard_normal((N, K)) + 0.8 * right, decimals)
    if empty:
        right[:, 1::3] = False
    return Case(name, (scores.astype(dtype), right, np.array(ks)))


def images_ask(scores, right, ks):
    return reference(scores.T, right.T, ks)


def _right_ones_first(scores, right):
    return _wrong_ones_first(scores, ~right) ^ True


def _as_they_come(scores, right):
    return np.take_along_axis(right, np.argsort(-scores, 0, kind="stable"), 0)


def _worst_first(scores, right):
    return np.take_along_axis(right, np.lexsort((right, scores), axis=0), 0)


def ties_halved(scores, right, ks):
    """A rank in the middle of those that a tie allows; a right image stands behind half of its equals."""
    recalled, precision = np.zeros((len(ks), right.shape[1])), np.zeros(right.shape[1])
    for t, (s, good) in enumerate(zip(scores.T, right.T, strict=True)):
        own = s[good]
        ranks = 1 + (s > own[:, None]).sum(1) + ((s == own[:, None]).sum(1) - 1) / 2
        better = (own > own[:, None]).sum(1) + ((own == own[:, None]).sum(1) - 1) / 2
        if len(own):
            recalled[:, t] = ranks.min() <= ks
            precision[t] = ((1 + better) / ranks).mean()
    return tuple(x.astype(scores.dtype) for x in _left_out(recalled, precision, right.any(0)))


def _diagonal(right):
    return np.eye(*right.shape, dtype=bool)


def _first_right(right):
    return right & (right.cumsum(0) == 1)


def _right_ones_skipped(found):
    """1 / (1 + the wrong images before it), for each right image."""
    return (found / (1 + (~found).cumsum(0))).sum(0) / np.maximum(found.sum(0), 1)


def _mean_reciprocal(found):
    return (found / np.arange(1, len(found) + 1)[:, None]).sum(0) / np.maximum(found.sum(0), 1)


def _at_the_last(found):
    """Precision where all are found."""
    last = len(found) - found[::-1].argmax(0)
    return found.sum(0) / last


def _over_all_places(found):
    return (found.cumsum(0) / np.arange(1, len(found) + 1)[:, None]).mean(0)


def pooled(scores, right, ks):
    """Of all right pairs together, how many are among the first k."""
    found = _wrong_ones_first(scores, right)
    recalls = np.array([found[:k].sum() / found.sum() for k in ks], scores.dtype)
    return recalls, reference(scores, right, ks)[1]


def mean_precision(scores, right, ks):
    recalls, precision = reference(scores, right, ks)
    return recalls, np.array([np.nanmean(precision)])


WRONG = (
    WrongAnswer(
        "images ask",
        images_ask,
        "You let each image look for its texts. Here the texts ask: a column is a question, and the images of that "
        "column compete.",
    ),
    WrongAnswer(
        "ties in favour of the model",
        _with(order=_right_ones_first),
        "Where scores are equal you put the right image first. A model that gives every image the same score would be "
        "perfect: ties count against it.",
    ),
    WrongAnswer(
        "ties as they come",
        _with(order=_as_they_come),
        "You leave images of the same score in the order of their numbers. That is luck: among equals the wrong ones "
        "come first.",
    ),
    WrongAnswer(
        "ties halved",
        ties_halved,
        "You give tied images a rank in the middle. That is fair on average; here a tie counts against the model, so "
        "the wrong ones among equals come first.",
    ),
    WrongAnswer(
        "the worst first",
        _with(order=_worst_first),
        "You rank from the lowest score up. The most similar image comes first.",
    ),
    WrongAnswer(
        "the share of the right images",
        _with(recall=lambda found, k: found[:k].sum(0) / np.maximum(found.sum(0), 1)),
        "Your recall is the share of a text's right images among the first k. Asked is whether there is at least one.",
    ),
    WrongAnswer(
        "the share of the first k",
        _with(recall=lambda found, k: found[:k].sum(0) / k),
        "Your recall is how much of the first k is right, which is precision. Asked is whether there is at least one.",
    ),
    WrongAnswer(
        "all right images among the first k",
        _with(recall=lambda found, k: found[:k].sum(0) == found.sum(0)),
        "You ask for all right images among the first k. One of them is enough.",
    ),
    WrongAnswer(
        "exactly at k",
        _with(recall=lambda found, k: found[k - 1] if k <= len(found) else found[0] & False),
        "You look at place k alone. Asked are the first k places together.",
    ),
    WrongAnswer(
        "one place too many",
        _with(recall=lambda found, k: found[: k + 1].any(0)),
        "You look at k + 1 places. If your ranks begin with 0, they have to be smaller than k.",
    ),
    WrongAnswer(
        "one place too few",
        _with(recall=lambda found, k: found[: k - 1].any(0)),
        "You look at k − 1 places. If your ranks begin with 1, rank k still counts.",
    ),
    WrongAnswer(
        "right pairs pooled",
        pooled,
        "You count right pairs over all texts together, so that a text with many right images weighs more. Every text "
        "is one question, and is answered or not.",
    ),
    WrongAnswer(
        "one right image for each text",
        _with(choose=_first_right),
        "You take the first right image of each text and call the others wrong. `right` may hold several in a column.",
    ),
    WrongAnswer(
        "the diagonal",
        _with(choose=_diagonal),
        "You take the diagonal for what is right. Which images are right for a text stands in `right`.",
    ),
    WrongAnswer(
        "texts without an answer count as misses",
        _with(unasked=_counted_as_misses),
        "A text without a right image counts as a miss for you. Nobody can find what is not there: recall leaves it "
        "out, and its average precision is NaN.",
    ),
    WrongAnswer(
        "the reciprocal rank of the best",
        _with(precision=lambda found: 1 / (1 + found.argmax(0))),
        "The recalls are right. Your precision is 1 / rank of the best right image. The others count as well: average "
        "over all right images.",
    ),
    WrongAnswer(
        "reciprocal ranks averaged",
        _with(precision=_mean_reciprocal),
        "The recalls are right. You average 1 / rank over the right images. At the rank of the second right image two "
        "are found: the precision there is 2 / rank.",
    ),
    WrongAnswer(
        "the other right images skipped",
        _with(precision=_right_ones_skipped),
        "The recalls are right. You rank each right image among the wrong ones, and look at it alone. Precision at its "
        "place is the share of all places so far that are right.",
    ),
    WrongAnswer(
        "precision where all are found",
        _with(precision=_at_the_last),
        "The recalls are right. You take the precision at the last right image. Average it over the places of all "
        "right ones.",
    ),
    WrongAnswer(
        "precision averaged over all places",
        _with(precision=_over_all_places),
        "The recalls are right. You average the precision over all places. Only the places with a right image count.",
    ),
    WrongAnswer(
        "one precision for all texts",
        mean_precision,
        "The recalls are right. You average the precisions over the texts; asked is one for each text.",
    ),
)

QUESTION = Question(
    id="07-retrieval",
    title="From words to pictures, when several are right",
    points=15,
    name="text_to_image",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the recalls", "the average precisions"),
)
